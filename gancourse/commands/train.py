"""``train``: a run by the recipe of its game, from the options to the last sheet of samples."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from gancourse import devices, training
from gancourse.commands import memory
from gancourse.commands.arguments import seed, whole
from gancourse.commands.log import Log, picture
from gancourse.commands.plan import POINTS, Plan
from gancourse.data import toys
from gancourse.data.images import NAMES, Images
from gancourse.errors import GanCourseError, demand_whole
from gancourse.recipes import PICTURES
from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper


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
    add("--game", default="relativistic", help=f"{games()} (default: %(default)s)")
    for name, least, default, text in [
        ("--size", 1, None, "side in pixels: 16, 32, 64 or 128 (default: the data's own)"),
        ("--steps", 1, None, "total steps (default: the recipe's)"),
        ("--batch", 2, None, "samples in a batch (default: the recipe's)"),
        ("--latent", 1, None, "dimensions of the noise (default: 64; 2 for points)"),
        ("--width", 1, 32, "maps in the widest-image layer (default: 32)"),
        ("--every", 1, 100, "steps between lines of metrics.jsonl (default: 100)"),
        ("--save-every", 1, 500, "steps between checkpoints (default: 500)"),
    ]:
        add(name, type=whole(least), default=default, help=text)
    add("--seed", type=seed, default=0, help="seed of weights, noise and batches (default: 0)")
    add(
        "--resume",
        choices=["auto", "never"],
        default="never",
        help="go on with a run in --out (default: never)",
    )
    add("--device", help="cpu, cuda, mps (default: the fastest here)")
    add("--amp", action="store_true", help="compute in bfloat16 where that is safe")
    add("--root", default="data", help="where torchvision's data sets lie (default: %(default)s)")
    add("--download", action="store_true", help="let torchvision download a named set")


def act(chosen: argparse.Namespace) -> None:
    """Train by the recipe of the game; everything lands in the folder ``--out``."""
    demand_apart(chosen.data, chosen.out)
    plan, data = planned(chosen)
    keeper, out = Keeper(chosen.out), Path(chosen.out)
    gan, recipe = plan.gan(), plan.recipe
    steps, batch = plan.steps or recipe.steps, plan.batch or recipe.batch
    memory.demand(batch * plan.numbers)
    with keeper.lock.held():
        demand_fitting(keeper, plan, chosen.resume)
        log = Log(out, batch, chosen.every, sheets=chosen.every * 5)
        run = training.train(
            gan,
            data.batches(batch),
            steps,
            **recipe.settings(steps),
            seed=plan.seed,
            amp=chosen.amp,
            device=chosen.device or str(devices.fastest()),
            notes=plan.notes(),
            watch=log,
            every=chosen.every,
            folder=keeper,
            save_every=chosen.save_every,
            resume=chosen.resume == "auto",
        )
        log.rebuild(run)
        sheet = picture(run.sample(64), out / "samples.png")
        last = keeper.paths()[0]
        digest = checkpoints.sha256_of(last)
    print(f"step {run.step}: {last}\nsha256: {digest}")
    print(f"samples: {sheet}\nlosses: {log.file}")


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


def planned(chosen: argparse.Namespace) -> tuple[Plan, toys.Toy | Images]:
    """The plan that the options make, completed from its recipe and its data; and these."""
    plan = Plan(
        data=chosen.data,
        size=chosen.size,
        game=chosen.game,
        seed=chosen.seed,
        latent=chosen.latent or (2 if chosen.data in POINTS else 64),
        width=chosen.width,
        root=chosen.root,
        download=chosen.download,
    )
    recipe, data = plan.recipe, plan.load()
    plan = replace(plan, steps=chosen.steps or recipe.steps, batch=chosen.batch or recipe.batch)
    if isinstance(data, Images):
        plan = replace(plan, size=data.size, channels=data.channels, pictures=len(data))
    return plan, data


def demand_fitting(keeper: Keeper, plan: Plan, resume: str) -> None:
    """Raise if the folder has an earlier run with which this one cannot go on."""
    folder = str(keeper.folder)
    found = keeper.newest() if keeper.folder.is_dir() else None
    if found is None:
        if resume == "auto":
            print(f"nothing in {folder} yet: starting at 0")
        return
    path, state = found
    step: Any = state.get("step")
    demand_whole("step", step, where=str(path))
    if resume == "never":
        raise GanCourseError(
            f"there is a run already (step {step})",
            where=folder,
            fix="add --resume auto to go on with it, or choose another folder",
        )
    demand_same(Plan.of(state, path), plan, folder)
    print(f"going on from {path}")


def demand_same(before: Plan, now: Plan, folder: str) -> None:
    """Raise if a run was begun with other settings; its pictures themselves may have moved."""
    if before.steps not in (None, now.steps):  # it would be another run from the first step on
        raise GanCourseError(
            f"the run was planned for {before.steps} steps, and its learning rate "
            f"falls accordingly; it cannot become one of {now.steps}",
            where=folder,
            fix=f"use --steps {before.steps}, or another folder",
        )
    if difference := now.differs_from(before):
        name, then, asked = difference
        raise GanCourseError(
            f"the run was begun with {name} {then}, not {asked}",
            where=folder,
            fix="go on with what it was begun with, or use another folder",
        )
