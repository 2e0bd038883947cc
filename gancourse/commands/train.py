"""``train``: a run by the recipe of its game, from the options to the last sheet of samples."""

import argparse
import contextlib
import shlex
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from gancourse import devices, training
from gancourse.commands import estimate, memory, proposal
from gancourse.commands.arguments import SHA256, program, seed, whole
from gancourse.commands.log import EARLY, Log, picture
from gancourse.commands.plan import POINTS, Plan
from gancourse.commands.start import Start
from gancourse.data import toys
from gancourse.data.images import NAMES, Images
from gancourse.errors import GanCourseError, demand_whole
from gancourse.recipes import PICTURES
from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper

#: What the command line may leave unsaid.
SETTINGS = tuple(asdict(proposal.Proposal()))


def games() -> str:
    """Every game that has a recipe, for help."""
    every = dict.fromkeys(
        [*PICTURES, *(game for _, recipes in POINTS.values() for game in recipes)]
    )
    return ", ".join(game if game in PICTURES else f"{game} (of points only)" for game in every)


def options(add: Callable) -> None:
    """What to train, for how long, and where it goes."""
    add("--data", required=True, help=f"{', '.join([*POINTS, *NAMES])}, or a folder of pictures")
    add("--out", required=True, help="folder for checkpoints, samples and metrics.jsonl")
    add("--game", help=f"{games()} (default: relativistic; hinge-sn for a folder)")
    early = f"besides {', '.join(map(str, EARLY))}"
    for name, least, default, text in [
        ("--size", 1, None, "side in pixels: 16, 32, 64, 128 (default: the data's; a folder: 32)"),
        ("--steps", 1, None, "total steps (default: the recipe's; a folder: 1000)"),
        ("--batch", 2, None, "samples in a batch (default: the recipe's)"),
        ("--latent", 1, None, "dimensions of the noise (default: 64; 2 for points)"),
        ("--width", 1, None, "maps in the widest-image layer (default: 32)"),
        ("--every", 1, 100, "steps between lines of metrics.jsonl (default: 100)"),
        ("--sheets", 1, None, f"steps between sheets of samples, {early} (default: 5 x --every)"),
        ("--save-every", 1, 500, "steps between checkpoints (default: 500)"),
    ]:
        add(name, type=whole(least), default=default, help=text)
    add("--seed", type=seed, help="seed of weights, noise and batches (default: 0)")
    add(
        "--resume",
        choices=["auto", "never"],
        default="never",
        help="go on with a run in --out (default: never)",
    )
    add(
        "--from",
        dest="start",
        metavar="RUN",
        help="begin a new run with the networks of this one (a folder or a checkpoint): its "
        "weights, but new optimizers, steps and learning rates",
    )
    add("--sha256", help=f"of --from {SHA256}")
    add("--device", help="cpu, cuda, mps (default: the fastest here)")
    add("--amp", action="store_true", help="compute in bfloat16 where that is safe")
    add("--root", default="data", help="where torchvision's data sets lie (default: %(default)s)")
    add("--download", action="store_true", help="let torchvision download a named set")


def act(chosen: argparse.Namespace) -> None:
    """Train by the recipe of the game; everything lands in the folder ``--out``."""
    demand_apart(chosen.data, chosen.out)
    keeper = Keeper(chosen.out)
    # A folder that is there is ours from here on; one that is not is made when all is planned.
    with keeper.lock.held() if keeper.folder.is_dir() else contextlib.nullcontext():
        before, done = earlier(keeper, chosen)
        start = Start.of(chosen.start, chosen.sha256) if chosen.start and not before else None
        plan, data = planned(chosen, before, start)
        if before is not None:
            demand_same(before, plan, chosen.out)
        memory.demand(batch_of(plan) * plan.numbers)
        batches = data.batches(batch_of(plan))  # refuses what the data cannot give
        machine = estimate.Machine(chosen.device or str(devices.fastest()), chosen.amp)
        left = max(steps_of(plan) - done, 0)
        if left:
            # At once: whoever cannot be told does not wait for a run.
            print(estimate.told(plan, left, machine, begun=before is not None), flush=True)
        else:
            print(f"all {done:,} steps are done; --from {shlex.quote(chosen.out)} trains on")
        go(chosen, plan, batches, keeper, start, machine)


def go(
    chosen: argparse.Namespace,
    plan: Plan,
    batches: Iterator,
    keeper: Keeper,
    start: Start | None,
    machine: estimate.Machine,
) -> None:
    """The run itself, and what it leaves."""
    out, steps = Path(chosen.out), steps_of(plan)
    gan = plan.gan() if start is None else start.gan(plan)
    with keeper.lock.held():
        log = Log(out, batch_of(plan), chosen.every, sheets=chosen.sheets or chosen.every * 5)
        try:
            run = training.train(
                gan,
                batches,
                steps,
                **plan.recipe.settings(steps),
                seed=plan.seed,
                amp=machine.amp,
                device=machine.device,
                notes=plan.notes(),
                watch=log,
                every=1,  # the log itself knows which steps it writes
                folder=keeper,
                save_every=chosen.save_every,
                resume=chosen.resume == "auto",
            )
        except KeyboardInterrupt:
            kept = keeper.paths()
            saved = f"{kept[0]} is saved, " if kept else ""
            raise KeyboardInterrupt(f"{saved}the same command with --resume auto goes on") from None
        log.rebuild(run)
        sheet = picture(run.sample(64), out / "samples.png")
        last = keeper.paths()[0]
        digest = checkpoints.sha256_of(last)
    print(f"step {run.step}: {last}\nsha256: {digest}")
    print(f"samples: {sheet}\nlosses: {log.file}")
    folder = "" if chosen.data in (*POINTS, *NAMES) else f" --data {shlex.quote(chosen.data)}"
    run_folder = shlex.quote(str(out))
    print(f"more samples: {program()} sample {run_folder}")
    print(f"measures: {program()} evaluate {run_folder}{folder}")


def demand_apart(data: str, out: str) -> None:
    """Raise if the run would write among the pictures that it learns from."""
    if not out or data in POINTS or data in NAMES or not Path(data).is_dir():
        return
    pictures, run = Path(data).resolve(), Path(out).resolve()
    sheets = run / "samples"
    if run.is_relative_to(pictures) or pictures.is_relative_to(sheets):
        raise GanCourseError(
            "the run's sheets of samples would become data of the next",
            where=f"--out {out}",
            fix=f"choose a folder outside {data}",
        )


def earlier(keeper: Keeper, chosen: argparse.Namespace) -> tuple[Plan | None, int]:
    """The plan of the run that ``--out`` holds and its steps so far; raise if it is another one.

    What the options say is compared before anything is loaded.
    """
    folder = str(keeper.folder)
    found = keeper.newest() if keeper.folder.is_dir() else None
    if found is None:
        if chosen.resume == "auto":
            print(f"nothing in {folder} yet: starting at 0")
        return None, 0
    path, state = found
    step: Any = state.get("step")
    demand_whole("step", step, where=str(path))
    if chosen.resume == "never":
        raise GanCourseError(
            f"there is a run already (step {step})",
            where=folder,
            fix="add --resume auto to go on with it, or choose another folder",
        )
    before = Plan.of(state, path)
    if chosen.start is not None and before.start is None:
        raise GanCourseError(
            "the run in this folder was not begun from another",
            where=folder,
            fix="leave --from out to go on with it, or choose another folder",
        )
    demand_same(before, replace(before, data=chosen.data, **given(chosen)), folder)
    print(f"going on from {path}")
    return before, step


def steps_of(plan: Plan) -> int:
    """How many steps the run has: a plan that is complete says so."""
    return plan.steps or plan.recipe.steps


def batch_of(plan: Plan) -> int:
    """How many samples a batch has."""
    return plan.batch or plan.recipe.batch


def given(chosen: argparse.Namespace) -> dict:
    """The settings that the command line has said."""
    options = {name: getattr(chosen, name) for name in SETTINGS}
    return {name: value for name, value in options.items() if value is not None}


def planned(
    chosen: argparse.Namespace, before: Plan | None = None, start: Start | None = None
) -> tuple[Plan, toys.Toy | Images]:
    """The plan, and its data.

    A setting is what the options say; else what the run had with which this one goes on, or begins;
    else what suits the data. What was chosen for a folder is said.
    """
    folder, shapes = chosen.data not in (*POINTS, *NAMES) and Path(chosen.data).is_dir(), ""
    usual = proposal.OF_POINTS if chosen.data in POINTS else proposal.OF_NAMED_SETS
    if folder and before is None:
        usual, shapes = proposal.for_folder(chosen.data)
    base = before or (start and start.plan_for(chosen.data, given(chosen)))
    unsaid = {name: getattr(base or usual, name) for name in SETTINGS}
    plan = Plan(
        data=chosen.data,
        channels=base.channels if base else None,
        start=base.start if base else None,
        root=chosen.root,
        download=chosen.download,
        **unsaid | given(chosen),
    )
    plan = replace(plan, steps=steps_of(plan), batch=batch_of(plan))
    data = plan.load()
    if not isinstance(data, Images):
        return plan, data
    if folder and base is None:
        data = proposal.in_their_colours(data, chosen.data)
    plan = replace(plan, size=data.size, channels=data.channels, pictures=len(data))
    if folder and before is None:
        print(proposal.told(shapes, data, plan, given(chosen).keys() if base is None else SETTINGS))
    return plan, data


def demand_same(before: Plan, now: Plan, folder: str) -> None:
    """Raise if a run was begun with other settings; its pictures themselves may have moved."""
    if before.steps not in (None, now.steps):  # it would be another run from the first step on
        raise GanCourseError(
            f"the run was planned for {before.steps} steps, and its learning rate "
            f"falls accordingly; it cannot become one of {now.steps}",
            where=folder,
            fix=f"use --steps {before.steps} to end it as planned; to train on, begin a new run "
            f"from it: --from {shlex.quote(folder)} --steps {now.steps} --out another folder",
        )
    if difference := now.differs_from(before):
        name, then, asked = difference
        raise GanCourseError(
            f"the run was begun with {name} {then}, not {asked}",
            where=folder,
            fix="go on with what it was begun with, or use another folder",
        )
