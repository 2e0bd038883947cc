"""``train``: a run by the recipe of its game, from the options to the last sheet of samples."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from gancourse import devices, training
from gancourse.commands import memory
from gancourse.commands.arguments import whole
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
        ("--seed", 0, 0, "seed of weights, noise and batches (default: 0)"),
        ("--every", 1, 100, "steps between lines of metrics.jsonl (default: 100)"),
        ("--save-every", 1, 500, "steps between checkpoints (default: 500)"),
    ]:
        add(name, type=whole(least), default=default, help=text)
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
    plan, data = planned(chosen)
    keeper, out = Keeper(chosen.out), Path(chosen.out)
    begun = begun_at(keeper, plan, chosen.resume)
    gan, recipe = plan.gan(), plan.recipe
    steps, batch = plan.steps or recipe.steps, plan.batch or recipe.batch
    memory.demand(batch * plan.numbers)
    out.mkdir(parents=True, exist_ok=True)
    log = Log(out, batch, sheets=chosen.every * 5)
    log.forget_after(begun)
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
    sheet = picture(run.sample(64), out / "samples.png")
    last = keeper.paths()[0]
    print(f"step {run.step}: {last}\nsha256: {checkpoints.sha256_of(last)}")
    print(f"samples: {sheet}\nlosses: {log.file}")


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


def begun_at(keeper: Keeper, plan: Plan, resume: str) -> int:
    """The step that an earlier run in the folder has reached, if going on with it is right."""
    folder = str(keeper.folder)
    found = keeper.newest() if keeper.folder.is_dir() else None
    if found is None:
        if resume == "auto":
            print(f"nothing in {folder} yet: starting at 0")
        return 0
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
    return step


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
