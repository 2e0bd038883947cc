r"""Entropy, divergences and the optimal discriminator, in nats (natural logarithms).

Every function takes the probabilities of a discrete distribution, or the values of a density
on an even grid together with the grid spacing ``dx``, along the **last** axis; leading axes are
kept, so ``(members, n)`` gives one number per member. Tensors of floats keep their dtype and
their gradients; all else becomes float64. The convention $0\log 0 = 0$ holds exactly.

Conventions of the book: $p$ is the data, $p_g$ the generator, $m=\tfrac12(p+p_g)$;
JSD has the factor ½ on each KL and its maximum is $\log 2$.

Bad input (negative or NaN values, different lengths, total mass not 1) raises ``GanCourseError``.
Probabilities must add up to 1 within a hundred-thousandth, rounding in single precision. A density
may lack a thousandth, its tails beyond the grid; a divergence of two that lack different parts can
lie that much below its bound.
"""

import math
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid as log_sigmoid

from gancourse.errors import GanCourseError
from gancourse.theory.tensors import Numbers, floats

Amount = TypeVar("Amount", Tensor, float)


def _distribution(p: Numbers, dx: float, name: str) -> Tensor:
    """``p`` as a tensor, after checking that it is a distribution: non-negative, total mass 1."""
    p = floats(p)
    if not bool((p >= 0).all()):
        raise GanCourseError(
            f"{name} has a negative or NaN value",
            where="gancourse.theory",
            fix="pass probabilities or density values",
        )
    mass = p.detach().sum(-1) * dx
    if not bool(((mass - 1).abs() < (1e-5 if dx == 1 else 1e-3)).all()):
        raise GanCourseError(
            f"{name} has total mass {float(mass.flatten()[0]):.6g}, not 1",
            where="gancourse.theory",
            fix="normalise it; for a density pass dx=grid spacing "
            "and a grid wide enough for its tails",
        )
    return p


def _densities(*given: Numbers) -> list[Tensor]:
    """Values of densities, of any mass, after checking that they are none of something else."""
    found = [floats(p) for p in given]
    if not all(bool(((p >= 0) & p.isfinite()).all()) for p in found):
        raise GanCourseError(
            "a density has a negative, infinite or NaN value",
            where="gancourse.theory",
            fix="pass probabilities or density values",
        )
    return found


def _pair(p: Numbers, q: Numbers, dx: float) -> tuple[Tensor, Tensor]:
    p, q = _distribution(p, dx, "the first distribution"), _distribution(q, dx, "the second one")
    if p.shape[-1] != q.shape[-1]:
        raise GanCourseError(
            f"distributions of different lengths {p.shape[-1]}, {q.shape[-1]}",
            where="gancourse.theory",
            fix="give both on the same points",
        )
    return p, q


def _plog(p: Tensor, q: Tensor) -> Tensor:
    r"""$p\log q$ with $0\log 0=0$; where $p=0$ the value and both gradients are 0."""
    return p * torch.log(torch.where(p > 0, q, torch.ones_like(q)))


def gaussian(x: Tensor, mean: Tensor | float = 0.0, std: Tensor | float = 1.0) -> Tensor:
    r"""Density $\mathcal N(x;\mu,\sigma^2)$; differentiable in all three arguments."""
    return torch.exp(-0.5 * ((x - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))


def entropy(p: Numbers, dx: float = 1.0) -> Tensor:
    r"""$H(p) = -\int p\log p$ (differential entropy for a density)."""
    p = _distribution(p, dx, "the distribution")
    return -_plog(p, p).sum(-1) * dx


def cross_entropy(p: Numbers, q: Numbers, dx: float = 1.0) -> Tensor:
    r"""$H(p,q) = -\int p\log q$; infinite where $p>0=q$."""
    p, q = _pair(p, q, dx)
    return -_plog(p, q).sum(-1) * dx


def kl(p: Numbers, q: Numbers, dx: float = 1.0) -> Tensor:
    r"""$\mathrm{KL}(p\|q) = \int p\log(p/q)$; infinite if and only if somewhere $p>0=q$."""
    p, q = _pair(p, q, dx)
    return (_plog(p, p) - _plog(p, q)).sum(-1) * dx


def jsd(p: Numbers, q: Numbers, dx: float = 1.0) -> Tensor:
    r"""$\mathrm{JSD}(p\|q) = \tfrac12\mathrm{KL}(p\|m) + \tfrac12\mathrm{KL}(q\|m)$,
    $m=\tfrac12(p+q)$; between 0 and $\log 2$."""
    p, q = _pair(p, q, dx)
    m = (p + q) / 2
    return kl(p, m, dx) / 2 + kl(q, m, dx) / 2


def tv(p: Numbers, q: Numbers, dx: float = 1.0) -> Tensor:
    r"""Total variation $\tfrac12\int|p-q|$; between 0 and 1."""
    p, q = _pair(p, q, dx)
    return (p - q).abs().sum(-1) * dx / 2


def chi2(p: Numbers, q: Numbers, dx: float = 1.0) -> Tensor:
    r"""Pearson's $\chi^2(p\|q) = \int (p-q)^2/q$; infinite where $p>0=q$."""
    p, q = _pair(p, q, dx)
    difference = p - q
    nonzero = difference != 0
    return (
        torch.where(
            nonzero,
            difference**2 / torch.where(nonzero, q, torch.ones_like(q)),
            torch.zeros_like(q),
        ).sum(-1)
        * dx
    )


def wasserstein_1d(p: Numbers, q: Numbers, x: Numbers, dx: float = 1.0) -> Tensor:
    r"""$W_1(p,q) = \int |F_p - F_q|\,dx$ for masses ``p*dx``, ``q*dx`` at increasing ``x``."""
    p, q = _pair(p, q, dx)
    x = floats(x)
    if x.shape[-1] != p.shape[-1] or not bool((x.diff() > 0).all()):
        raise GanCourseError(
            "the points x must increase and be as many as the probabilities",
            where="wasserstein_1d",
            fix="sort x, and p and q with it",
        )
    F_p, F_q = p.cumsum(-1) * dx, q.cumsum(-1) * dx
    return ((F_p - F_q).abs()[..., :-1] * x.diff()).sum(-1)


def optimal_discriminator(p: Numbers, pg: Numbers) -> Tensor:
    r"""$D^*(x) = \dfrac{p(x)}{p(x)+p_g(x)}$, a probability.

    Off both supports every value is optimal; the function returns ½ there (its score is 0).
    """
    p, pg = _densities(p, pg)
    if bool((p + pg).isinf().any()):  # the sum is too large, though the two are not
        p, pg = p / 2, pg / 2
    anywhere = p + pg > 0
    one = torch.ones_like(p + pg)
    return torch.where(anywhere, p / torch.where(anywhere, p + pg, one), one / 2)


def optimal_score(p: Numbers, pg: Numbers) -> Tensor:
    r"""The raw score $\log p(x)-\log p_g(x)$ with $D^*=\sigma(\text{score})$.

    $+\infty$ where only ``p`` lives, $-\infty$ where only ``pg`` does, 0 off both supports.
    The score keeps what the probability loses: $1-D^*$ rounds to 0 once $p>10^{16}p_g$.
    """
    p, pg = _densities(p, pg)
    nowhere = p + pg == 0
    one = torch.ones_like(p + pg)
    return torch.log(torch.where(nowhere, one, p)) - torch.log(torch.where(nowhere, one, pg))


def value(score: Numbers, p: Numbers, pg: Numbers, dx: float = 1.0) -> Tensor:
    r"""$V(D,G) = \mathbb E_p[\log D] + \mathbb E_{p_g}[\log(1-D)]$ for $D=\sigma(\text{score})$.

    ``score`` holds the raw scores on the points of ``p`` and ``pg``; ±∞ is allowed.
    """
    p, pg = _pair(p, pg, dx)
    score = floats(score)
    if bool(score.isnan().any()):
        raise GanCourseError(
            "a score is NaN", where="value", fix="pass raw scores; they may be infinite"
        )
    zero = torch.zeros_like(score)
    log_D = log_sigmoid(torch.where(p > 0, score, zero))
    log_not_D = log_sigmoid(-torch.where(pg > 0, score, zero))
    return (p * log_D + pg * log_not_D).sum(-1) * dx


def bits(nats: Amount) -> Amount:
    r"""The same information in bits: 1 bit is $\log 2$ nats, so divide by $\log 2$."""
    return nats / math.log(2)


def softmax(scores: Numbers, temperature: float = 1.0) -> Tensor:
    r"""$q_c = e^{s_c/T}\big/\sum_j e^{s_j/T}$ over the last axis, for a temperature $T>0$."""
    if not temperature > 0:
        raise GanCourseError(
            f"the temperature is {temperature}",
            where="softmax",
            fix="choose a positive number; for the limit 0 take the argmax",
        )
    return torch.softmax(floats(scores) / temperature, -1)
