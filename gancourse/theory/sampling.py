r"""Sampling: importance weights, Markov chains, and the Metropolis-Hastings rule.

A chain moves from $x$ to a proposal $y\sim g(\cdot\mid x)$ with probability

$$\alpha(x\to y)=\min\Big\{1,\frac{p(y)\,g(x\mid y)}{p(x)\,g(y\mid x)}\Big\}$$

and stays where it is otherwise, which counts as a step. Of the target $p$ only ratios are needed.
With proposals from a generator $q$, whatever $x$ is, the ratio is $r(y)/r(x)$ with $r=p/q$, and a
discriminator's score is an estimate of $\log r$.

Sources: Metropolis et al. (1953), Hastings (1970); Sokal (1997) for the autocorrelation time;
Neklyudov et al. (2018) and Turner et al. (2019) for proposals from a generator.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from gancourse.errors import GanCourseError, demand_number, demand_whole
from gancourse.theory.tensors import Numbers, floats

#: From states to proposals, and $\log g(x\mid y)-\log g(y\mid x)$ of each.
Propose = Callable[[Tensor, torch.Generator | None], tuple[Tensor, Tensor | float]]


class Chain(NamedTuple):
    """``states`` after each step, ``(steps, *start.shape)``; ``accepted``: ``(steps, chains)``."""

    states: Tensor
    accepted: Tensor


def metropolis_hastings(
    log_target: Callable[[Tensor], Tensor],
    propose: Propose,
    start: Tensor,
    steps: int,
    rng: torch.Generator | None = None,
) -> Chain:
    """Many chains side by side, one for each entry (or row) of ``start``.

    ``log_target`` gives the logarithm of the target up to a constant, one number for each chain.
    A rejected proposal is a step as well: the state before it is recorded once more.
    """
    demand_whole("steps", steps, least=1, where="metropolis_hastings")
    x, height = start, log_target(start)
    states, accepted = [], []
    for _ in range(steps):
        y, back = propose(x, rng)
        there = log_target(y)
        draw = torch.rand(height.shape, generator=rng, dtype=height.dtype)
        yes = draw.log() < there - height + back
        x = torch.where(yes.view(yes.shape + (1,) * (x.ndim - yes.ndim)), y, x)
        height = torch.where(yes, there, height)
        states.append(x)
        accepted.append(yes)
    return Chain(torch.stack(states), torch.stack(accepted))


def walk(step: float) -> Propose:
    """Proposals from a normal law around the state, with standard deviation ``step``."""
    demand_number("step", step, where="walk")

    def propose(x, rng):
        return x + step * torch.randn(x.shape, generator=rng, dtype=x.dtype), 0.0

    return propose


def autocorrelation_time(x: Tensor, window: float = 5.0) -> float:
    r"""$\tau=1+2\sum_{k\ge1}\rho_k$: how many steps are worth one independent draw.

    ``x`` of shape ``(steps,)`` or ``(steps, chains)``. The sum ends at the first $k$ beyond
    ``window`` times the time found so far, since what follows is noise. Source: Sokal (1997).
    """
    x = floats(x)
    x = x[:, None] if x.ndim == 1 else x
    steps = len(x)
    centred = x - x.mean()
    spectrum = torch.fft.rfft(centred, 2 * steps, dim=0)
    covariance = torch.fft.irfft(spectrum.abs() ** 2, 2 * steps, dim=0)[:steps].mean(1)
    if not covariance[0] > 0:
        raise GanCourseError("the chain has not moved", where="autocorrelation_time")
    times = 2 * (covariance / covariance[0]).cumsum(0) - 1
    ends = torch.arange(steps) >= window * times
    return float(times[int(ends.int().argmax()) if ends.any() else -1])


# ---- a random walk on the standard normal law: everything is known -----------------------------


def gaussian_acceptance(step: float) -> float:
    r"""$\frac2\pi\arctan\frac2s$: the share of accepted steps of a walk on $\mathcal N(0,1)$."""
    demand_number("step", step, where="gaussian_acceptance")
    return 2 / math.pi * math.atan2(2, step)


def gaussian_acceptance_at(x: Numbers, step: float) -> Tensor:
    r"""$a(x)$: the same, of a walk that stands at ``x``.

    Inwards, where $|y|\le|x|$, every proposal is accepted; outwards the product of proposal and
    ratio is a normal density in $y$ again, with mean $x/(1+s^2)$ and variance $s^2/(1+s^2)$.
    """
    x = floats(x).abs()
    inwards = 0.5 - _cdf(-2 * x / step)
    mean, deviation = x / (1 + step**2), step / math.sqrt(1 + step**2)
    outwards = _cdf((-x - mean) / deviation) + _cdf((mean - x) / deviation)
    weight = torch.exp(x**2 * step**2 / (2 * (1 + step**2))) / math.sqrt(1 + step**2)
    return inwards + weight * outwards


def forgetful_variance(step: float) -> float:
    r"""The variance of a walk on $\mathcal N(0,1)$ whose rejected steps are not recorded.

    Accepted states follow $p(x)\,a(x)/A$: whoever leaves a state less often is seen there as often.
    """
    x = torch.linspace(-9, 9, 20001, dtype=torch.float64)
    density = torch.exp(-(x**2) / 2) * gaussian_acceptance_at(x, step)
    return float((x**2 * density).sum() / density.sum())


def _cdf(x: Tensor) -> Tensor:
    return torch.special.ndtr(x)


# ---- chains on a few states: matrices ----------------------------------------------------------


def transition(p: Numbers, proposals: Numbers) -> Tensor:
    """The matrix of the Metropolis-Hastings chain for ``p`` ``(n,)`` and ``proposals`` ``(n, n)``.

    Row i of ``proposals`` is the law of what is proposed at i, and of the result that of the next
    state.
    """
    p, g = floats(p), floats(proposals)
    if g.shape != (len(p), len(p)):
        raise GanCourseError(
            f"proposals of shape {tuple(g.shape)} for {len(p)} states", where="transition"
        )
    there = p[:, None] * g
    moves = torch.where(there > 0, g * (there.T / there).clamp(max=1), torch.zeros_like(g))
    moves.fill_diagonal_(0)
    return moves + torch.diag(1 - moves.sum(1))


# ---- a generator's samples, judged by a discriminator ------------------------------------------


def pair_acceptance(p: Numbers, q: Numbers) -> float:
    r"""$\sum_{x,y}\min\{p(x)q(y),\,p(y)q(x)\}$ of two laws on the same states, ``(n,)`` each.

    The share of accepted proposals of a chain in equilibrium at $p$ that proposes from $q$, and
    $1-\mathrm{TV}(p\otimes q,q\otimes p)$.
    """
    p, q = floats(p), floats(q)
    pairs = p[:, None] * q
    return float(torch.minimum(pairs, pairs.T).sum())


def auc(real: Numbers, fake: Numbers, p: Numbers | None = None, q: Numbers | None = None) -> float:
    r"""$P(s(x)>s(y))+\frac12P(s(x)=s(y))$ for a real $x$ and a fake $y$: area under the ROC curve.

    ``real`` and ``fake`` are scores, each ``(n,)``; ``p`` and ``q`` weigh them, equally if absent.
    """
    real, fake = floats(real), floats(fake)
    p = torch.full_like(real, 1 / len(real)) if p is None else floats(p)
    q = torch.full_like(fake, 1 / len(fake)) if q is None else floats(q)
    order = fake.argsort()
    mass = torch.cat([q.new_zeros(1), q[order].cumsum(0)])
    below = mass[torch.searchsorted(fake[order].contiguous(), real.contiguous())]
    upto = mass[torch.searchsorted(fake[order].contiguous(), real.contiguous(), right=True)]
    return float((p * (below + upto)).sum() / 2)


class Repaired(NamedTuple):
    """``chosen``: which proposal each chain ends on, -1 if it still stands at its start."""

    chosen: Tensor
    acceptance: float


def repair(start: Tensor, proposals: Tensor, rng: torch.Generator | None = None) -> Repaired:
    r"""Metropolis-Hastings over a generator's samples, from their scores alone.

    ``start``, ``(n,)``: the scores $\log r$ of where ``n`` chains begin (real samples);
    ``proposals``, ``(k, n)``: those of ``k`` generated samples offered to each, one after the
    other. ``acceptance`` is the share of accepted ones. Source: Turner et al. (2019).
    """
    if proposals.ndim != 2 or start.shape != proposals.shape[1:]:
        raise GanCourseError(
            f"{tuple(proposals.shape)} proposals for {tuple(start.shape)} chains",
            where="repair",
            fix="give scores of shape (k, n) and (n,)",
        )
    height, chosen = start.clone(), torch.full(start.shape, -1)
    accepted = 0.0
    for k, offer in enumerate(proposals):
        draw = torch.rand(start.shape, generator=rng, dtype=start.dtype)
        yes = draw.log() < offer - height
        height, chosen = torch.where(yes, offer, height), torch.where(yes, k, chosen)
        accepted += float(yes.double().mean())
    return Repaired(chosen, accepted / len(proposals))
