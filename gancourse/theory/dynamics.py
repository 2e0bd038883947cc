r"""Games on parameters: what the updates of two players do near a point.

The generator moves $\theta$ to lower its cost $J^{(G)}(\theta,\varphi)$, the discriminator moves
$\varphi$ to lower $J^{(D)}(\theta,\varphi)$. Costs are functions of two vectors (1-D tensors) that
return one number. $\theta$ always stands first, so a point of the game is $w=(\theta,\varphi)$ and

$$v(w) = (-\nabla_\theta J^{(G)},\; -\nabla_\varphi J^{(D)})$$

is the direction in which the players pull. Near a point where $v=0$ an update with step $h$ is a
matrix; the moduli of its eigenvalues say whether the players spiral in (below 1), circle (1) or
fly apart (above 1).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from gancourse.errors import GanCourseError


class NashConditions(NamedTuple):
    """What :func:`nash_conditions` finds at a point."""

    slope: float
    g_curvature: float
    d_curvature: float

    def differential(self, tolerance: float = 1e-9) -> bool:
        """Is the point a differential Nash equilibrium: no slope, both curvatures positive?"""
        return self.slope <= tolerance < min(self.g_curvature, self.d_curvature)


def nash_conditions(
    g_cost: Callable, d_cost: Callable, theta: Tensor, phi: Tensor
) -> NashConditions:
    r"""First and second order: the largest $|v_i|$, and the least eigenvalue of each own Hessian.

    The own Hessians are $\nabla^2_{\theta\theta}J^{(G)}$ and $\nabla^2_{\varphi\varphi}J^{(D)}$.
    Source: Ratliff, Burden and Sastry (2013).
    """
    own = [(lambda t: g_cost(t, phi), theta), (lambda p: d_cost(theta, p), phi)]
    slopes = [torch.func.grad(cost)(at).abs().max().item() for cost, at in own]
    g_curvature, d_curvature = (
        torch.linalg.eigvalsh(torch.func.jacrev(torch.func.grad(cost))(at)).min().item()
        for cost, at in own
    )
    return NashConditions(max(slopes), g_curvature, d_curvature)


def jacobian(g_cost: Callable, d_cost: Callable, theta: Tensor, phi: Tensor) -> Tensor:
    r"""$M = \partial v/\partial w$ at $w=(\theta,\varphi)$, a square matrix."""

    def v(theta, phi):
        return torch.cat(
            [-torch.func.grad(g_cost, 0)(theta, phi), -torch.func.grad(d_cost, 1)(theta, phi)]
        )

    return torch.cat(torch.func.jacrev(v, (0, 1))(theta, phi), 1)


def bilinear() -> Tensor:
    r"""$M$ of the game $\min_x\max_y xy$: $J^{(G)}=xy$, $J^{(D)}=-xy$, so $v=(-y,x)$."""
    return torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)


def simultaneous(M: Tensor, h: float) -> Tensor:
    r"""$I+hM$: both players step from the same point."""
    return torch.eye(len(M), dtype=M.dtype) + h * M


def alternating(M: Tensor, h: float, d_steps: int = 1, thetas: int = 1) -> Tensor:
    r"""$U_GU_D^k$: $k$ = ``d_steps`` steps of $D$, then one of $G$, which sees the new $D$.

    The first ``thetas`` rows of $M$ belong to $G$; $U_D$ and $U_G$ are $I+hM$ with the rows of
    the other player replaced by those of $I$. Source: Mescheder et al. (2018), section 2.
    """
    if not 0 < thetas < len(M):
        raise GanCourseError(
            f"thetas is {thetas}, but M has {len(M)} rows",
            where="alternating",
            fix="give the number of the generator's parameters",
        )
    G, D = M.clone(), M.clone()
    G[thetas:], D[:thetas] = 0, 0
    return simultaneous(G, h) @ torch.linalg.matrix_power(simultaneous(D, h), d_steps)


def moduli(update: Tensor) -> Tensor:
    """The moduli of the eigenvalues, largest first; the first is the spectral radius."""
    return torch.linalg.eigvals(update).abs().sort(descending=True).values


def orbit(update: Tensor, start, steps: int) -> Tensor:
    """The points ``start``, ``update @ start``, …: shape ``(steps + 1, len(start))``."""
    points = [torch.as_tensor(start, dtype=update.dtype)]
    for _ in range(steps):
        points.append(update @ points[-1])
    return torch.stack(points)
