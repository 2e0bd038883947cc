"""A model: the module that is trained, and what the loop may ask of it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gancourse.errors import GanCourseError, brief
from gancourse.loop.history import History, LoneHistory

TWO = ("G", "D", "d_loss", "g_loss")


class Model:
    """A module with two players, or one that is its own and only player.

    What it can do is asked here, once. With ``G``, ``D``, ``d_loss(*batch)`` and
    ``g_loss(*batch)`` it has two players; with ``loss(*batch)`` one. ``project()`` is called after
    each move of ``D`` or of the only player, and ``sample(n, seed)`` draws samples, of two players
    ``sample(n, seed, generator)``: a module that has neither can do without
    (:class:`gancourse.gans.TwoPlayers` has both). Anything else is a :class:`GanCourseError`.
    ``with_d`` says that settings of a discriminator were given: then it must have one.
    """

    def __init__(self, module: nn.Module, with_d: bool = False):
        _demand_module(module)
        self.two_players = all(hasattr(module, part) for part in TWO)
        if not self.two_players:
            _demand_one_player(module, with_d)
        self.module: Any = module
        self.project: Callable | None = getattr(module, "project", None)
        for part in (self.module.G, self.module.D) if self.two_players else (module,):
            _demand_weights(part)

    @property
    def game(self) -> str:
        """What is played, in words that a checkpoint compares."""
        return repr(getattr(self.module, "game", None))

    def to(self, device: torch.device) -> Any:
        """The module on a device; convolutions are faster with a pixel's channels side by side."""
        convolutional = any(isinstance(part, nn.Conv2d) for part in self.module.modules())
        layout = torch.channels_last if convolutional else torch.preserve_format
        return self.module.to(device, memory_format=layout)

    @property
    def home(self) -> torch.device:
        """Where the weights lie."""
        return next(self.module.parameters()).device

    @property
    def history(self) -> History | LoneHistory:
        """The losses before the first step."""
        return (
            History(torch.empty(0), torch.empty(0))
            if self.two_players
            else LoneHistory(torch.empty(0))
        )

    def sample(self, n: int, seed: int | None, average: nn.Module | None) -> Tensor:
        """``n`` samples, from the ``average`` of the generator, or of the only player, if given."""
        if not hasattr(self.module, "sample"):
            raise GanCourseError(
                f"{type(self.module).__name__} has no method sample",
                where="sample",
                fix="call gan.G on noise, or write sample(n, seed, generator)",
            )
        if self.two_players:
            return self.module.sample(n, seed, generator=average)
        model: Any = average or self.module
        return model.sample(n, seed)


def _demand_module(module: object) -> None:
    if isinstance(module, nn.Module):
        return
    if isinstance(module, type):
        fix = f"make one first: {module.__name__}(...)"
    else:
        fix = "build one with gancourse.gans.GAN; the order is train(gan, batches, steps)"
    raise GanCourseError(
        f"gan must be a torch module with G, D, d_loss and g_loss, not {brief(module)}",
        where="training",
        fix=fix,
    )


def _demand_one_player(module: nn.Module, with_d: bool) -> None:
    if not hasattr(module, "loss"):
        missing = [part for part in TWO if not hasattr(module, part)]
        lacks = f" (it has no {', '.join(missing)})" if len(missing) < len(TWO) else ""
        raise GanCourseError(
            "gan must be a torch module with G, D, d_loss and g_loss, not a "
            f"{type(module).__name__}{lacks}",
            where="training",
            fix="build one with gancourse.gans.GAN, or give a model with one player a loss(*batch)",
        )
    if with_d:
        raise GanCourseError(
            "d_steps and d_optimizer are a discriminator's, and this model has none",
            where="training",
            fix="leave them out",
        )


def _demand_weights(player: Any) -> None:
    if next(player.parameters(), None) is None:
        raise GanCourseError(
            f"{type(player).__name__} has no weights to train",
            where="training",
            fix="give it parameters: nn.Parameter, or modules of torch.nn",
        )
