"""What a run of the command line is: asked for in options, noted in its checkpoints, built again.

The notes are plain values, enough to build the run's gan with no other file at hand.
"""

from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import get_args

import torch

from gancourse.commands import memory
from gancourse.commands.arguments import program
from gancourse.data import toys
from gancourse.data.images import NAMES, Images, images
from gancourse.errors import SEEDS, GanCourseError, demand_seed
from gancourse.gans import GAN
from gancourse.recipes import GRID, PICTURES, RING, Recipe
from gancourse.saving import checkpoints, schema
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
    maps next to the picture. ``root`` and ``download`` say where torchvision's sets come from; they
    are noted, but never taken from a checkpoint: only who calls says what is read and fetched.
    ``start`` is the sha256 of the checkpoint with whose networks the run began, if with any.
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
    start: str | None = None

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
        if not 0 <= plan.seed < SEEDS:
            raise _unsaid("'seed' is out of range", where)
        for name in ("size", "channels") if plan.data not in POINTS else ():
            _said(notes, name, (int,), where)
        for name, least in (("latent", 1), ("width", 1), ("size", 1), ("channels", 1)):
            if (value := getattr(plan, name)) is not None and value < least:
                raise _unsaid(f"{name!r} is {value}", where)
        if not 0 < len(plan.data) <= 4096 or "\0" in plan.data:
            raise _unsaid("'data' is no name", where)
        return replace(plan, root=cls.root, download=cls.download)

    def with_data(self, data: str | None, root: str, download: bool) -> "Plan":
        """The same run with its data where the caller says they are.

        A folder that a checkpoint names is never opened for that alone: the checkpoint may be
        somebody else's, and the folder anything.
        """
        named = {*POINTS, *NAMES}
        if data is None and self.data not in named:
            raise GanCourseError(
                "the checkpoint is of pictures in a folder, which is not opened at its word",
                where="--data",
                fix=f"say where they are, for instance --data {self.data[:200]}",
            )
        if data is not None and data != self.data and {data, self.data} & named:
            raise GanCourseError(
                f"the checkpoint is of {self.data[:200]}, not of {data}",
                where="--data",
                fix="leave it out, or name the folder of pictures",
            )
        return replace(self, data=data or self.data, root=root, download=download)

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
        memory.demand((self.size or 1) ** 2)
        return images(
            self.data,
            self.size,
            channels=self.channels,
            root=self.root,
            download=self.download,
        )

    def gan(self) -> GAN:
        """The gan, with weights from the seed; of pictures, once their size is known."""
        demand_seed(self.seed, where="--seed")
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
        if (path / "samples").is_dir():
            raise GanCourseError(
                "the run has saved no checkpoint yet",
                where=str(path),
                fix=f"look into {path / 'samples'} meanwhile; Ctrl-C on the run saves, and so does "
                "a smaller --save-every",
            )
        raise GanCourseError(
            "the folder holds no checkpoint",
            where=str(path),
            fix=f"give the folder that `{program()} train --out` has filled",
        )
    return found[0]


def trained(path: str | Path, sha256: str | None = None) -> tuple[GAN, Plan]:
    """The gan in a checkpoint, its generator being the averaged one, and its plan.

    With ``sha256`` the file must be the one that has it. Networks are made only when it is known
    that the file's weights fit them: notes that speak of a huge network cost nothing.
    """
    state = checkpoints.load(path, sha256)
    plan = Plan.of(state, path)
    weights, average = _said(state, "gan", (dict,), path), _said(state, "average", (dict,), path)
    try:
        with torch.device("meta"):  # shapes without memory
            described = plan.gan()
        schema.demand_weights(weights, described.state_dict(), "gan")
        if average:  # empty where the run kept none
            schema.demand_weights(average, described.G.state_dict(), "average")
    except (schema.MismatchError, MemoryError, RuntimeError, OverflowError, TypeError) as problem:
        raise GanCourseError(
            "the weights do not fit the networks that the notes describe "
            f"({str(problem).splitlines()[0][:200]})",
            where=str(path),
        ) from None
    gan = plan.gan()
    gan.load_state_dict(weights)
    gan.G.load_state_dict(average or gan.G.state_dict())
    return gan.eval(), plan


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
    raise _unsaid(doubt, where)


def _unsaid(doubt: str, where: str | Path) -> GanCourseError:
    return GanCourseError(
        f"the checkpoint does not say how its networks were built ({doubt})",
        where=str(where),
        fix=f"give one that `{program()} train` has written",
    )
