"""``python -m gancourse train | sample | evaluate | benchmark``, the course without a notebook."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from gancourse.errors import GanCourseError

CHECKPOINT = "a file written by train, or its folder for the newest one"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a user's mistake is told in at most three lines, with status 2."""
    chosen = parser().parse_args(arguments)
    try:
        chosen.command(chosen)
    except GanCourseError as problem:
        print("\n".join(f"error: {problem}".splitlines()[:3]), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what a checkpoint holds is safe", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as problem:
        reason = problem.strerror or str(problem)
        print(f"error: {problem.filename or 'a file'}: {reason.lower()}\n"
              "Fix: check the path, its permissions and the free space", file=sys.stderr)
        return 2
    except (MemoryError, RuntimeError) as problem:
        if isinstance(problem, RuntimeError) and "memory" not in str(problem):
            raise
        print("error: the memory does not suffice\nFix: ask for fewer samples at once, a smaller "
              "batch, size or width", file=sys.stderr)
        return 2
    return 0


def train(chosen: argparse.Namespace) -> None:
    """Train by the recipe of the game; everything lands in the folder ``--out``."""
    from gancourse import notebook, runs
    from gancourse import training as loop
    from gancourse.data.images import Images
    from gancourse.keeper import Keeper

    notes = {"data": chosen.data, "size": chosen.size, "game": chosen.game, "seed": chosen.seed,
             "latent": chosen.latent or (2 if chosen.data in runs.POINTS else 64),
             "width": chosen.width, "root": chosen.root,
             "download": chosen.download}
    recipe, data = runs.recipe(notes), runs.load_data(notes)
    if isinstance(data, Images):
        notes |= {"size": data.size, "channels": data.channels, "pictures": len(data)}
    batch, steps = chosen.batch or recipe.batch, chosen.steps or recipe.steps
    notes |= {"steps": steps, "batch": batch}
    device = chosen.device or str(notebook.device())
    keeper, out = Keeper(chosen.out), Path(chosen.out)
    begun = begun_at(keeper, chosen, notes)
    gan = runs.build(notes)
    out.mkdir(parents=True, exist_ok=True)
    log = runs.Log(out, batch, sheets=chosen.every * 5)
    log.forget_after(begun)
    training = loop.train(
        gan, data.batches(batch), steps, **recipe.settings(steps), seed=chosen.seed, amp=chosen.amp,
        device=device, notes=notes, watch=log, every=chosen.every, folder=keeper,
        save_every=chosen.save_every, resume=chosen.resume == "auto")
    sheet = runs.picture(training.sample(64), out / "samples.png")
    print(f"step {training.step}: {keeper.paths()[0]}\nsamples: {sheet}\nlosses: {log.file}")


def begun_at(keeper, chosen: argparse.Namespace, notes: dict) -> int:
    """The step that an earlier run in ``--out`` has reached, if going on with it is right."""
    found = keeper.newest() if keeper.folder.is_dir() else None
    if found is None:
        if chosen.resume == "auto":
            print(f"nothing in {chosen.out} yet: starting at 0")
        return 0
    path, state = found
    if chosen.resume == "never":
        raise GanCourseError(f"there is a run already (step {state['step']})", where=chosen.out,
                             fix="add --resume auto to go on with it, or choose another folder")
    before, steps = state.get("notes", {}), notes["steps"]
    planned = before.get("steps", steps)
    if planned != steps:  # another number would be another run from the first step on
        raise GanCourseError(f"the run was planned for {planned} steps, and its learning rate "
                             f"falls accordingly; it cannot become one of {steps}",
                             where=chosen.out, fix=f"use --steps {planned}, or another folder")
    demand_same(before, notes, chosen.out)
    print(f"going on from {path}")
    return state.get("step", 0)


def demand_same(before: dict, now: dict, where: str) -> None:
    """Raise if a run was begun with other settings; its pictures themselves may have moved."""
    for name in sorted(before.keys() & now.keys() - {"root", "download"}):
        old, new = before[name], now[name]
        if name == "data":
            old, new = Path(old).resolve().name, Path(new).resolve().name
        if old != new:
            raise GanCourseError(f"the run was begun with {name} {old}, not {new}", where=where,
                                 fix="go on with what it was begun with, or use another folder")


def sample(chosen: argparse.Namespace) -> None:
    """Write a sheet of samples and a latent walk of a checkpoint."""
    from gancourse import runs

    gan, _ = runs.trained(runs.checkpoint_at(chosen.checkpoint))
    out = Path(chosen.out)
    print(runs.picture(gan.sample(chosen.n, chosen.seed), out / "samples.png"))
    walk = runs.latent_walk(gan, steps=8, stops=chosen.walks, seed=chosen.seed)
    print(runs.picture(walk, out / "walk.png"))


def evaluate(chosen: argparse.Namespace) -> None:
    """Print a table and write it as JSON beside the checkpoint."""
    from gancourse import runs

    checkpoint = runs.checkpoint_at(chosen.checkpoint)
    gan, notes = runs.trained(checkpoint)
    found = runs.measure(gan, notes, chosen.n, chosen.seed)
    result = {"checkpoint": str(checkpoint), "data": notes["data"], "game": notes["game"],
              "samples": chosen.n, "seed": chosen.seed, **found}
    path = checkpoint.with_suffix(".json")
    path.write_text(json.dumps(result, indent=1) + "\n")
    for name, value in result.items():
        print(f"{name:14} {value:.4g}" if isinstance(value, float) else f"{name:14} {value}")
    print(f"as JSON        {path}")


def benchmark(chosen: argparse.Namespace) -> None:
    """Compare the package's loop with one written as tutorials write it."""
    from gancourse import benchmark as comparison
    from gancourse.guards import usable

    device = chosen.device and usable(chosen.device)
    result = comparison.run(Path(chosen.out), quick=chosen.quick, device=device)
    print(comparison.table(result))


def whole(least: int):
    """An argument that is a whole number of at least ``least``, and no larger than torch takes."""
    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least {least}")
        if value >= 2**63:
            raise argparse.ArgumentTypeError(f"{text} is too large")
        return value
    return number


class Parser(argparse.ArgumentParser):
    """One line for a mistake, not the whole usage."""

    def error(self, message: str):
        self.exit(2, f"error: {message}\nFix: see `{self.prog} --help`\n")


def parser() -> argparse.ArgumentParser:
    """The arguments of all four commands."""
    outer = Parser(prog="python -m gancourse", description=__doc__)
    commands = outer.add_subparsers(required=True, metavar="command")
    for function, arguments in [(train, train_arguments), (sample, sample_arguments),
                                (evaluate, evaluate_arguments), (benchmark, benchmark_arguments)]:
        sub = commands.add_parser(function.__name__, help=function.__doc__,
                                  description=function.__doc__)
        sub.set_defaults(command=function)
        arguments(sub.add_argument)
    return outer


def train_arguments(add: Callable) -> None:
    """What to train, for how long, and where it goes."""
    add("--data", required=True, help="faces, digits, ring, grid, spiral, swiss-roll, mnist, "
        "fashion, cifar10, celeba, or a folder of pictures")
    add("--out", required=True, help="folder for checkpoints, samples and metrics.jsonl")
    add("--game", default="relativistic", help="minimax, non-saturating, least-squares, hinge-sn, "
        "wgan-clip, wgan-gp, ns-r1, relativistic (default: %(default)s)")
    for name, least, default, text in [
            ("--size", 1, None, "side in pixels: 16, 32, 64 or 128 (default: the data's own)"),
            ("--steps", 1, None, "total steps (default: the recipe's)"),
            ("--batch", 2, None, "samples in a batch (default: the recipe's)"),
            ("--latent", 1, None, "dimensions of the noise (default: 64; 2 for points)"),
            ("--width", 1, 32, "maps in the widest-image layer (default: 32)"),
            ("--seed", 0, 0, "seed of weights, noise and batches (default: 0)"),
            ("--every", 1, 100, "steps between lines of metrics.jsonl (default: 100)"),
            ("--save-every", 1, 500, "steps between checkpoints (default: 500)")]:
        add(name, type=whole(least), default=default, help=text)
    add("--resume", choices=["auto", "never"], default="never",
        help="go on with a run in --out (default: never)")
    add("--device", help="cpu, cuda, mps (default: the fastest here)")
    add("--amp", action="store_true", help="compute in bfloat16 where that is safe")
    add("--root", default="data", help="where torchvision's data sets lie (default: %(default)s)")
    add("--download", action="store_true", help="let torchvision download a named set")


def sample_arguments(add: Callable) -> None:
    """Which checkpoint, and how many pictures."""
    add("checkpoint", help=CHECKPOINT)
    add("--out", required=True, help="folder for samples.png and walk.png")
    add("--n", type=whole(1), default=64, help="how many samples (default: 64)")
    add("--walks", type=whole(1), default=8, help="how many walks from noise to noise (default: 8)")
    add("--seed", type=whole(0), default=0, help="seed of the noise (default: 0)")


def evaluate_arguments(add: Callable) -> None:
    """Which checkpoint, on how many samples."""
    add("checkpoint", help=CHECKPOINT)
    add("--n", type=whole(100), default=2500, help="how many samples (default: 2500)")
    add("--seed", type=whole(0), default=0, help="seed of the noise (default: 0)")


def benchmark_arguments(add: Callable) -> None:
    """Where the result goes."""
    add("--out", default="benchmark.json", help="file to write (default: %(default)s)")
    add("--quick", action="store_true", help="a few steps only, to see that it works")
    add("--device", help="cpu or cuda (default: the fastest here)")
