"""``python -m gancourse train | sample | evaluate | benchmark``, the course without a notebook."""

import argparse
import json
import os
import sys
from pathlib import Path

from gancourse.commands import arguments
from gancourse.errors import GanCourseError


def main(given: list[str] | None = None) -> int:
    """Run one command; a user's mistake is told in at most three lines, with status 2."""
    chosen = parser().parse_args(given)
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
        print(
            f"error: {problem.filename or 'a file'}: {reason.lower()}\n"
            "Fix: check the path, its permissions and the free space",
            file=sys.stderr,
        )
        return 2
    except (MemoryError, RuntimeError) as problem:
        if isinstance(problem, RuntimeError) and "memory" not in str(problem):
            raise
        print(
            "error: the memory does not suffice\nFix: ask for fewer samples at once, a smaller "
            "batch, size or width",
            file=sys.stderr,
        )
        return 2
    return 0


def train(chosen: argparse.Namespace) -> None:
    """Train by the recipe of the game; everything lands in the folder ``--out``."""
    from gancourse import notebook
    from gancourse import training as loop
    from gancourse.commands import plan
    from gancourse.data.images import Images
    from gancourse.saving.keeper import Keeper

    notes = {
        "data": chosen.data,
        "size": chosen.size,
        "game": chosen.game,
        "seed": chosen.seed,
        "latent": chosen.latent or (2 if chosen.data in plan.POINTS else 64),
        "width": chosen.width,
        "root": chosen.root,
        "download": chosen.download,
    }
    recipe, data = plan.recipe(notes), plan.load_data(notes)
    if isinstance(data, Images):
        notes |= {"size": data.size, "channels": data.channels, "pictures": len(data)}
    batch, steps = chosen.batch or recipe.batch, chosen.steps or recipe.steps
    notes |= {"steps": steps, "batch": batch}
    device = chosen.device or str(notebook.device())
    keeper, out = Keeper(chosen.out), Path(chosen.out)
    begun = begun_at(keeper, chosen, notes)
    gan = plan.build(notes)
    out.mkdir(parents=True, exist_ok=True)
    log = plan.Log(out, batch, sheets=chosen.every * 5)
    log.forget_after(begun)
    training = loop.train(
        gan,
        data.batches(batch),
        steps,
        **recipe.settings(steps),
        seed=chosen.seed,
        amp=chosen.amp,
        device=device,
        notes=notes,
        watch=log,
        every=chosen.every,
        folder=keeper,
        save_every=chosen.save_every,
        resume=chosen.resume == "auto",
    )
    sheet = plan.picture(training.sample(64), out / "samples.png")
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
        raise GanCourseError(
            f"there is a run already (step {state['step']})",
            where=chosen.out,
            fix="add --resume auto to go on with it, or choose another folder",
        )
    before, steps = state.get("notes", {}), notes["steps"]
    planned = before.get("steps", steps)
    if planned != steps:  # another number would be another run from the first step on
        raise GanCourseError(
            f"the run was planned for {planned} steps, and its learning rate "
            f"falls accordingly; it cannot become one of {steps}",
            where=chosen.out,
            fix=f"use --steps {planned}, or another folder",
        )
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
            raise GanCourseError(
                f"the run was begun with {name} {old}, not {new}",
                where=where,
                fix="go on with what it was begun with, or use another folder",
            )


def sample(chosen: argparse.Namespace) -> None:
    """Write a sheet of samples and a latent walk of a checkpoint."""
    from gancourse.commands import plan

    gan, _ = plan.trained(plan.checkpoint_at(chosen.checkpoint))
    out = Path(chosen.out)
    print(plan.picture(gan.sample(chosen.n, chosen.seed), out / "samples.png"))
    walk = plan.latent_walk(gan, steps=8, stops=chosen.walks, seed=chosen.seed)
    print(plan.picture(walk, out / "walk.png"))


def evaluate(chosen: argparse.Namespace) -> None:
    """Print a table and write it as JSON beside the checkpoint."""
    from gancourse.commands import plan

    checkpoint = plan.checkpoint_at(chosen.checkpoint)
    gan, notes = plan.trained(checkpoint)
    found = plan.measure(gan, notes, chosen.n, chosen.seed)
    result = {
        "checkpoint": str(checkpoint),
        "data": notes["data"],
        "game": notes["game"],
        "samples": chosen.n,
        "seed": chosen.seed,
        **found,
    }
    path = checkpoint.with_suffix(".json")
    path.write_text(json.dumps(result, indent=1) + "\n")
    for name, value in result.items():
        print(f"{name:14} {value:.4g}" if isinstance(value, float) else f"{name:14} {value}")
    print(f"as JSON        {path}")


def benchmark(chosen: argparse.Namespace) -> None:
    """Compare the package's loop with one written as tutorials write it."""
    from gancourse.benchmark import measuring as comparison
    from gancourse.loop.guards import usable

    device = chosen.device and usable(chosen.device)
    result = comparison.run(Path(chosen.out), quick=chosen.quick, device=device)
    print(comparison.table(result))


def parser() -> argparse.ArgumentParser:
    """The arguments of all four commands."""
    outer = arguments.Parser(prog="python -m gancourse", description=__doc__)
    commands = outer.add_subparsers(required=True, metavar="command")
    for function in (train, sample, evaluate, benchmark):
        sub = commands.add_parser(
            function.__name__, help=function.__doc__, description=function.__doc__
        )
        sub.set_defaults(command=function)
        getattr(arguments, function.__name__)(sub.add_argument)
    return outer
