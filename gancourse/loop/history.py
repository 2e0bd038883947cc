"""The losses of a run."""

from typing import NamedTuple

import torch
from torch import Tensor


class History(NamedTuple):
    """The losses of every step so far, shape ``(steps,)`` or ``(steps, members)``."""

    d_loss: Tensor
    g_loss: Tensor

    def __repr__(self):
        return _summary(self)


class LoneHistory(NamedTuple):
    """The same of a model with one player."""

    loss: Tensor

    def __repr__(self):
        return _summary(self)


def _summary(history: History | LoneHistory) -> str:
    """How long it is and how it ends, not thousands of numbers."""
    steps, *members = history[0].shape
    words = [f"{steps} steps"]
    if steps:
        last = zip(history._fields, history, strict=True)
        means = ", ".join(f"{name} {losses[-1].mean():.4g}" for name, losses in last)
        words.append(f"the last with {means}")
    words += [f"means of {n} members" for n in members]
    return f"{type(history).__name__}({'; '.join(words)})"


class Record:
    """Losses as they come. They are moved off the device once in a hundred steps, not in each."""

    def __init__(self, history: History | LoneHistory):
        self._before = history
        self._recent: list[tuple[Tensor, ...]] = []
        self.names = history._fields

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
