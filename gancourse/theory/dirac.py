r"""The Dirac-GAN: one number a player, and every way in which a game of two can fail to end.

The data are the point 0, the generator makes the point $\theta$, the discriminator is the line
$D(x)=\varphi x$. The players pull in the direction $v=(v_\theta,v_\varphi)$ and should meet at
$\theta=\varphi=0$. A :class:`DiracGAN` is a game with the remedies that it carries;
:mod:`gancourse.theory.dynamics` says what the eigenvalues of its updates mean.

Source: Mescheder, Geiger and Nowozin (2018), whose discriminator is $\psi x$.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import wrightomega
from torch import Tensor

from gancourse.errors import GanCourseError, demand_whole
from gancourse.theory import dynamics

#: Nodes of the Gauss-Hermite rule that averages over instance noise.
NODES = 40


class Slopes(NamedTuple):
    """How fast each player's gain grows with a score: of real and of fake points for D, for G."""

    real: Callable[[Tensor], Tensor]
    fake: Callable[[Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


MINIMAX = Slopes(lambda s: torch.sigmoid(-s), lambda s: -torch.sigmoid(s), torch.sigmoid)
NON_SATURATING = MINIMAX._replace(generator=lambda s: torch.sigmoid(-s))
WASSERSTEIN = Slopes(torch.ones_like, lambda s: -torch.ones_like(s), torch.ones_like)


@dataclass(frozen=True)
class DiracGAN:
    r"""A game with its remedies; those that are zero are not there.

    ``r1``: $\gamma$ of $\frac\gamma2\varphi^2$, charged to $D$ (of ``gamma * lazy`` in every
    ``lazy``-th of its steps). ``gp``: $\lambda$ of $\lambda(|\varphi|-1)^2$. ``clip``: $\varphi$
    stays in $[-c,c]$. ``noise``: the standard deviation of what is added to real and fake points,
    averaged exactly. ``consensus``: $c$ of $v-c\,\nabla\frac12\lVert v\rVert^2$ (Mescheder et al.,
    2017). ``ratio``: $D$'s step size over $G$'s.
    """

    slopes: Slopes = NON_SATURATING
    r1: float = 0.0
    gp: float = 0.0
    clip: float = 0.0
    noise: float = 0.0
    consensus: float = 0.0
    ratio: float = 1.0
    lazy: int = 1

    def __post_init__(self):
        for name in ("r1", "gp", "clip", "noise", "consensus"):
            if not getattr(self, name) >= 0:
                raise GanCourseError(f"{name} is {getattr(self, name)}", where="DiracGAN")
        if not self.ratio > 0:
            raise GanCourseError(f"ratio is {self.ratio}", where="DiracGAN")
        demand_whole("lazy", self.lazy, least=1, where="DiracGAN")

    def pull(self, theta: Tensor, phi: Tensor) -> tuple[Tensor, Tensor]:
        r"""$(v_\theta,v_\varphi)$, with the penalty of an ordinary step; tensors of one shape."""
        if not self.consensus:
            return self._own(theta, phi)
        graph = theta.requires_grad or phi.requires_grad  # then somebody differentiates this
        with torch.enable_grad():
            at = [x if graph else x.detach().requires_grad_() for x in (theta, phi)]
            v = self._own(*at)
            energy = sum(part.square().sum() for part in v) / 2
            slope = torch.autograd.grad(torch.as_tensor(energy), at, create_graph=graph)
        first, second = (a - self.consensus * b for a, b in zip(v, slope, strict=True))
        return (first, second) if graph else (first.detach(), second.detach())

    def _own(self, theta: Tensor, phi: Tensor) -> tuple[Tensor, Tensor]:
        """The pull without consensus."""
        real, fake, generator = self.slopes
        if self.noise:
            nodes, mass = np.polynomial.hermite_e.hermegauss(NODES)
            shift = self.noise * torch.as_tensor(nodes, dtype=phi.dtype)
            weights = torch.as_tensor(mass / mass.sum(), dtype=phi.dtype)
            line, at = phi[..., None], theta[..., None] + shift
            ascent = real(line * shift) * shift + fake(line * at) * at
            v_phi = (ascent * weights).sum(-1)
            v_theta = phi * (generator(line * at) * weights).sum(-1)
        else:
            v_phi, v_theta = theta * fake(phi * theta), phi * generator(phi * theta)
        if self.gp:
            v_phi = v_phi - 2 * self.gp * (phi - phi.sign())
        return v_theta, v_phi - self.r1 * phi

    def matrix(self) -> Tensor:
        r"""$M=\partial v/\partial(\theta,\varphi)$ at the equilibrium: shape (2, 2)."""
        if self.gp:
            raise GanCourseError(
                "at phi = 0 this penalty has a kink, so there is no matrix",
                where="DiracGAN.matrix",
                fix="play the game, and look where it goes",
            )
        zero = torch.zeros((), dtype=torch.float64)
        rows = torch.autograd.functional.jacobian(self.pull, (zero, zero))
        return torch.tensor(rows, dtype=torch.float64)

    def update(self, h: float, d_steps: int = 0) -> Tensor:
        """One round as a matrix, near the equilibrium; ``lazy`` rounds if the penalty is lazy.

        ``d_steps = 0``: both players move at once. Otherwise D moves so many times, then G.
        """
        demand_whole("d_steps", d_steps, where="DiracGAN.update")
        if self.lazy > 1 and d_steps > 1:
            raise GanCourseError("a lazy penalty is for one step of D a round", where="update")
        rates = torch.tensor([[1.0], [self.ratio]], dtype=torch.float64)

        def one(game):
            M = rates * game.matrix()
            return dynamics.alternating(M, h, d_steps) if d_steps else dynamics.simultaneous(M, h)

        if self.lazy == 1:
            return one(self)
        heavy, free = replace(self, r1=self.lazy * self.r1, lazy=1), replace(self, r1=0.0, lazy=1)
        return torch.linalg.matrix_power(one(free), self.lazy - 1) @ one(heavy)

    def modulus(self, h: float, d_steps: int = 0) -> float:
        """By what factor a round stretches, in the end: below 1 the players spiral in."""
        largest = dynamics.moduli(self.update(h, d_steps))[0].item()
        return largest ** (1 / self.lazy)

    def play(self, h: float = 0.2, rounds: int = 500, d_steps: int = 0, start=(1.0, 1.0)) -> Tensor:
        """The points of ``rounds`` rounds from ``start``: shape ``(rounds + 1, 2)``.

        ``d_steps`` as in :meth:`update`. A player who has left for good stays where it was last
        finite.
        """
        demand_whole("d_steps", d_steps, where="DiracGAN.play")
        heavy, free = replace(self, r1=self.lazy * self.r1), replace(self, r1=0.0)
        theta, phi = torch.tensor(start, dtype=torch.float64)
        path, turn = [torch.stack([theta, phi])], 0
        for _ in range(rounds):
            old = phi
            for _ in range(max(d_steps, 1)):
                game = self if self.lazy == 1 else free if turn % self.lazy else heavy
                phi, turn = phi + self.ratio * h * game.pull(theta, phi)[1], turn + 1
                if self.clip:
                    phi = phi.clamp(-self.clip, self.clip)
            theta = theta + h * self.pull(theta, phi if d_steps else old)[0]
            here = torch.stack([theta, phi])
            path.append(here if here.isfinite().all() else path[-1])
        return torch.stack(path)


def margin(t: Tensor) -> Tensor:
    r"""$m(t)$ with $m+e^m=1+t$: how far $D$ has parted two points after the time $t$.

    $D(x)=\varphi x$ starts from 0 and follows the gradient of its logistic loss, while the fake
    stays at $\theta$; then its score there is $-m(\theta^2t)$.
    """
    t = torch.as_tensor(t, dtype=torch.float64)
    return torch.as_tensor(np.log(wrightomega(1 + t.numpy())))
