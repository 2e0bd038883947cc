"""What every data set of the course can do, be it points, pictures or what a chapter adds."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
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


class Batches(Iterator[tuple[Tensor, ...]]):
    """Endless batches, each drawn by ``draw()`` when it is asked for.

    ``fingerprint`` says what they are drawn from, so that a run is not gone on with on other data
    unawares. It is worked out when somebody asks.
    """

    def __init__(self, draw: Callable[[], tuple[Tensor, ...]], told: Callable[[], str | None]):
        self._draw, self._told = draw, told

    def __next__(self) -> tuple[Tensor, ...]:
        return self._draw()

    @property
    def fingerprint(self) -> str | None:
        """Words and a sha256; ``None`` if the data do not say."""
        return self._told()


def sha256(tensors: Iterable[Tensor]) -> str:
    """The first 16 digits for the contents of tensors, in their order, with type and shape."""
    digest = hashlib.sha256()
    for tensor in tensors:
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{plain.dtype}{tuple(plain.shape)}".encode())
        digest.update(plain.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]
