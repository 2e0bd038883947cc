"""What a run of the command line is: asked for in options, noted in its checkpoints, built again.

The notes are plain values, enough to build the run's gan with no other file at hand.
"""

from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from gancourse.commands import memory
from gancourse.commands.arguments import program
from gancourse.data import toys
from gancourse.data.images import NAMES, Images, images
from gancourse.errors import GanCourseError
from gancourse.gans import GAN
from gancourse.recipes import GRID, PICTURES, RING, Recipe
from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper

#: Data of points: how they are made, and the recipes that fit them.
POINTS: dict[str, tuple[Callable[[], toys.Toy], dict[str, Recipe]]] = {
    "ring": (toys.ring, RING),
    "grid": (toys.grid, GRID),
    "spiral": (toys.spiral, GRID),
    "swiss-roll": (toys.swiss_roll, GRID),
}


@dataclass(frozen=True)
class Plan:
    """A run: its ``data`` and its networks, its length, and the seed of all that is random.

    ``data`` is a name in ``POINTS`` or ``NAMES``, or a folder of pictures. ``size`` (the side in
    pixels), ``channels`` and ``pictures`` (how many there are) are those of the data, once they
    were seen; points have none. ``latent`` is the dimension of the noise, ``width`` the number of
    maps next to the picture. ``root`` and ``download`` say where torchvision's sets come from.
    """

    data: str
    seed: int
    game: str
    latent: int
    width: int
    root: str = "data"
    download: bool = False
    size: int | None = None
    channels: int | None = None
    pictures: int | None = None
    steps: int | None = None
    batch: int | None = None

    @classmethod
    def of(cls, state: dict, where: str | Path) -> "Plan":
        """The plan that a checkpoint's ``state`` notes; ``where`` it lies is named in the error."""
        notes = _said(state, "notes", (dict,), where)
        plan = cls(
            **{
                field.name: _said(notes, field.name, get_args(field.type) or (field.type,), where)
                for field in fields(cls)
                if field.name in notes or field.default is MISSING
            }
        )
        for name in ("size", "channels") if plan.data not in POINTS else ():
            _said(notes, name, (int,), where)
        return plan

    def notes(self) -> dict:
        """The plan as plain values, for a checkpoint."""
        return asdict(self)

    @property
    def recipe(self) -> Recipe:
        """The recipe of the game, for this kind of data."""
        recipes = POINTS[self.data][1] if self.data in POINTS else PICTURES
        if self.game not in recipes:
            raise GanCourseError(
                f"there is no game {self.game!r} for {self.data}",
                where="--game",
                fix=f"choose one of {', '.join(recipes)}",
            )
        return recipes[self.game]

    def load(self) -> toys.Toy | Images:
        """The data: a toy, or the images."""
        if self.data in POINTS:
            return POINTS[self.data][0]()
        if self.data not in NAMES and not Path(self.data).is_dir():
            raise GanCourseError(
                f"{self.data!r} is neither a known data set nor a folder",
                where="--data",
                fix=f"use one of {', '.join([*POINTS, *NAMES])}, or a folder of pictures",
            )
        return images(self.data, self.size, root=self.root, download=self.download)

    def gan(self) -> GAN:
        """The gan, with weights from the seed; of pictures, once their size is known."""
        torch.manual_seed(self.seed)
        if self.data in POINTS:
            memory.demand(64 * self.latent)
            return self.recipe.points(latent_dim=self.latent)
        # The generator's layers after the noise and before the picture: most of its weights.
        memory.demand(16 * self.width * (self.latent + 2 * self.width))
        return self.recipe.pictures(*self.shape, self.latent, self.width)

    @property
    def numbers(self) -> int:
        """How many numbers a sample and its noise are, to tell what a batch of them needs."""
        if self.data in POINTS:
            return self.latent + 2
        size, channels = self.shape
        return self.latent + channels * size**2

    @property
    def shape(self) -> tuple[int, int]:
        """Side and channels of the pictures, once they were seen."""
        if self.size is None or self.channels is None:
            raise GanCourseError("the size of the pictures is not known yet", where=self.data)
        return self.size, self.channels

    def differs_from(self, earlier: "Plan") -> tuple[str, object, object] | None:
        """The first setting, by name, that ``earlier`` had otherwise: its name, then, and now.

        A folder of pictures may have moved, and what an earlier version did not note is not held
        against a run.
        """
        then, now = earlier._compared(), self._compared()
        return next(
            (
                (name, then[name], now[name])
                for name in sorted(now)
                if then[name] is not None and then[name] != now[name]
            ),
            None,
        )

    def _compared(self) -> dict:
        settings = self.notes() | {"data": Path(self.data).resolve().name}
        return {name: settings[name] for name in settings.keys() - {"root", "download"}}


def checkpoint_at(path: str | Path) -> Path:
    """The checkpoint itself, or the newest one of a run's folder."""
    path = Path(path)
    if not path.is_dir():
        return path
    if (found := Keeper(path).newest()) is None:
        raise GanCourseError(
            "the folder holds no checkpoint",
            where=str(path),
            fix=f"give the folder that `{program()} train --out` has filled",
        )
    return found[0]


def trained(path: str | Path) -> tuple[GAN, Plan]:
    """The gan in a checkpoint, its generator being the averaged one, and its plan."""
    state = checkpoints.load(path)
    plan = Plan.of(state, path)
    gan, weights = plan.gan(), _said(state, "gan", (dict,), path)
    average = _said(state, "average", (dict,), path)  # empty where the run kept none
    try:
        gan.load_state_dict(_named(weights))
        gan.G.load_state_dict(_named(average) or gan.G.state_dict())
    except RuntimeError:
        raise GanCourseError(
            "the weights do not fit the networks that the notes describe", where=str(path)
        ) from None
    return gan.eval(), plan


def _named(weights: dict) -> dict[str, Tensor]:
    """The tensors with a name; torch fails in several ways on keys of another kind."""
    return {name: value for name, value in weights.items() if isinstance(name, str)}


def _said(found: dict, name: str, kinds: tuple[type, ...], where: str | Path):
    """What ``found`` has under ``name``, if it is of one of the ``kinds``."""
    value = found.get(name)
    if name not in found:
        doubt = f"no {name!r}"
    elif not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        doubt = f"{name!r} is of type {type(value).__name__}"
    elif type(value) is int and not 0 <= value < 2**63:
        doubt = f"{name!r} is out of range"
    else:
        return value
    raise GanCourseError(
        f"the checkpoint does not say how its networks were built ({doubt})",
        where=str(where),
        fix=f"give one that `{program()} train` has written",
    )
