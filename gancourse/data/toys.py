r"""Two-dimensional toys: known distributions, drawn afresh for every batch.

All of them live in the square $[-1,1]^2$ or near it. The mixtures know their modes, so that
coverage can be counted (:func:`gancourse.metrics.mode_coverage`).
"""

import copy
import math
from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor

from gancourse.data.dataset import Batches, sha256
from gancourse.devices import usable
from gancourse.errors import demand_number, demand_seed, demand_whole


class Toy:
    """A distribution on the plane, given by how ``n`` points of it are drawn.

    They are drawn on the CPU, so that every device gets the same. ``parameters`` are words for all
    that, with the name, makes it what it is; without them nobody can tell it from another.
    """

    shape: tuple[int, ...] = (2,)
    device = torch.device("cpu")

    def __init__(self, name: str, draw: Callable[[int], Tensor], parameters: str | None = None):
        self.name, self._draw, self.parameters = name, draw, parameters

    def sample(self, n: int, seed: int | None = None) -> Tensor:
        """``n`` points, shape ``(n, 2)``; with a ``seed``, the same ones each time."""
        demand_whole("n", n, least=1, where="toys")
        with torch.random.fork_rng(devices=[], enabled=seed is not None):
            if seed is not None:
                demand_seed(seed, where="toys")
                torch.manual_seed(seed)
            return self._draw(n).to(self.device)

    def batches(self, size: int, members: int | None = None) -> Batches:
        """Endless fresh batches ``(x,)``: ``(size, 2)``, or ``(members, size, 2)``."""
        demand_whole("batch size", size, least=1, where="toys")
        if members is not None:
            demand_whole("members", members, least=1, where="toys")
        shape = (size, 2) if members is None else (members, size, 2)
        n = math.prod(shape[:-1])
        return Batches(
            lambda: (self._draw(n).view(shape).to(self.device),),
            lambda: self.parameters and f"{self.name}, {self.parameters}, batches of {shape}",
        )

    def to(self, device: torch.device | str) -> Self:
        """The same toy, whose points come on ``device``."""
        moved = copy.copy(self)
        moved.device = usable(device)
        return moved

    def __repr__(self):
        return self.name


class Mixture(Toy):
    """Equal round Gaussians at ``means``, shape ``(modes, 2)``, with standard deviation ``std``."""

    def __init__(self, name: str, means: Tensor, std: float):
        self.means, self.std, self.modes = means, std, len(means)
        super().__init__(
            name,
            lambda n: means[torch.randint(len(means), (n,))] + std * torch.randn(n, 2),
            f"std {std}, sha256 {sha256([means])}",
        )

    def assign(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest mode of each sample, and whether it lies within 3 standard deviations.

        ``(..., 2)`` to two tensors of shape ``(...)``. Of a perfect generator's samples
        $1-e^{-9/2}=98.9\\,\\%$ lie within.
        """
        distance, mode = torch.cdist(samples, self.means.to(samples)).min(-1)
        return mode, distance < 3 * self.std

    def density(self, x: Tensor) -> Tensor:
        """The density at ``x`` of shape ``(..., 2)``."""
        squared = torch.cdist(x, self.means.to(x)).square()
        return (-squared / (2 * self.std**2)).exp().mean(-1) / (2 * math.pi * self.std**2)


def ring(modes: int = 8, std: float = 0.01) -> Mixture:
    """Gaussians on the unit circle; the 8-mode ring of the mode-collapse literature.

    Source: Metz et al. (2017); Srivastava et al. (2017). Radius and ``std`` are ours.
    """
    demand_whole("modes", modes, least=1, where="toys")
    demand_number("std", std, where="toys")
    angle = torch.arange(modes) * (2 * math.pi / modes)
    return Mixture(f"ring-{modes}", torch.stack([angle.cos(), angle.sin()], -1), std)


def grid(side: int = 5, std: float = 0.0125) -> Mixture:
    """``side * side`` Gaussians on a square lattice over $[-1,1]^2$ (25: spacing is 40 std).

    Source: Srivastava et al. (2017); Lin et al. (2018), whose spacing is 40 std, too.
    """
    demand_whole("side", side, least=1, where="toys")
    demand_number("std", std, where="toys")
    axis = torch.linspace(-1, 1, side) if side > 1 else torch.zeros(1)
    return Mixture(f"grid-{side * side}", torch.cartesian_prod(axis, axis).view(-1, 2), std)


def spiral(turns: float = 1.5, std: float = 0.02) -> Toy:
    """Two intertwined arms that wind outwards from the centre to radius 1."""
    demand_number("turns", turns, where="toys")
    demand_number("std", std, where="toys")

    def draw(n: int) -> Tensor:
        radius = torch.rand(n).sqrt()
        angle = 2 * math.pi * turns * radius + math.pi * torch.randint(2, (n,))
        arm = radius[:, None] * torch.stack([angle.cos(), angle.sin()], -1)
        return arm + std * torch.randn(n, 2)

    return Toy("spiral", draw, f"turns {turns}, std {std}")


def swiss_roll(std: float = 0.02) -> Toy:
    """One rolled-up arm: radius proportional to the angle, over 1.5 turns.

    Source: the toy data of Gulrajani et al. (2017), scaled to the unit square.
    """
    demand_number("std", std, where="toys")

    def draw(n: int) -> Tensor:
        angle = 1.5 * math.pi * (1 + 2 * torch.rand(n))
        arm = torch.stack([angle * angle.cos(), angle * angle.sin()], -1) / (4.5 * math.pi)
        return arm + std * torch.randn(n, 2)

    return Toy("swiss roll", draw, f"std {std}")
