"""What every data set of the course can do, be it points, pictures or what a chapter adds."""

from collections.abc import Iterator
from typing import Protocol, Self, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class DataSet(Protocol):
    """A distribution to learn from. One sample has ``shape``, ``n`` of them ``(n, *shape)``.

    A class needs no base for it, only these names; it may have more (labels, members).
    """

    name: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample, as a network sees it: ``(2,)``, or ``(channels, height, width)``."""
        ...

    def sample(self, n: int, seed: int | None = None) -> Tensor:
        """``n`` samples. With a ``seed`` the same each time, and the random state left alone."""
        ...

    def batches(self, size: int) -> Iterator[tuple[Tensor, ...]]:
        """Endless batches: tuples of tensors with ``size`` rows each, samples first.

        Each is drawn when it is asked for, by the global random state of that moment.
        """
        ...

    def to(self, device: torch.device | str) -> Self:
        """The same data, whose samples and batches come on ``device``; this one stays."""
        ...
