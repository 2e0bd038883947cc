"""The losses of a run."""

from typing import NamedTuple

import torch
from torch import Tensor


class History(NamedTuple):
    """The losses of every step so far, shape ``(steps,)`` or ``(steps, members)``."""

    d_loss: Tensor
    g_loss: Tensor


class LoneHistory(NamedTuple):
    """The same of a model with one player."""

    loss: Tensor


class Record:
    """Losses as they come. They are moved off the device once in a hundred steps, not in each."""

    def __init__(self, history: History | LoneHistory):
        self._before = history
        self._recent: list[tuple[Tensor, ...]] = []

    def add(self, *losses: Tensor) -> bool:
        """Note one step; true if that was the hundredth since the losses were last collected."""
        self._recent.append(losses)
        return len(self._recent) >= 100

    def history(self) -> History | LoneHistory:
        """All of them."""
        if self._recent:
            recent = [
                torch.stack(losses).float().cpu() for losses in zip(*self._recent, strict=True)
            ]
            self._before = type(self._before)(
                *map(torch.cat, zip(self._before, recent, strict=True))
            )
            self._recent = []
        return self._before
