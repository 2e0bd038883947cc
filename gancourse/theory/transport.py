r"""Optimal transport: what it costs to move one heap of earth onto another.

$p$ lies on $n$ points, $q$ on $m$ points, and $c_{ij}$ is the price of carrying one unit from
point $i$ of $p$ to point $j$ of $q$. A *plan* $\pi\ge0$ has row sums $p$ and column sums $q$:

$$\min_\pi\sum_{ij}c_{ij}\pi_{ij}\;=\;\max_{f,g}\Big\{\sum_if_ip_i+\sum_jg_jq_j\Big\},\qquad
f_i+g_j\le c_{ij}.$$

Entropic transport adds $\varepsilon\,\mathrm{KL}(\pi\,\|\,p\otimes q)$ to the price: a blurred
plan, fast and differentiable; the blur $\varepsilon>0$ has the unit of the cost.

All results are float64. For two histograms on the same points of a line,
``information.wasserstein_1d`` is the shorter way. Bad input (negative or NaN mass, different total
mass, shapes that do not fit) raises ``GanCourseError``.

Sources: chapter 11; Peyré and Cuturi, Computational Optimal Transport (2019), §2 to 4; Cuturi,
Sinkhorn Distances (2013).
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from scipy.optimize import linear_sum_assignment, linprog
from torch import Tensor

from gancourse.errors import GanCourseError

#: The strictest that HiGHS allows; with its defaults it overlooks masses below 1e-7. Its presolve
#: calls problems with masses below 1e-12 infeasible.
EXACT = {
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
    "presolve": False,
}


#: Beyond it, distances below one half vanish in float64 when they are added up.
LARGEST_POWER = 50


@dataclass(frozen=True)
class Transport:
    r"""A plan $\pi$ with a price $f_i$ for each row, $g_j$ for each column, and the problem."""

    p: Tensor
    q: Tensor
    cost: Tensor
    plan: Tensor
    f: Tensor
    g: Tensor

    @property
    def value(self) -> Tensor:
        r"""$\sum_{ij}c_{ij}\pi_{ij}$, what the plan costs."""
        return (self.cost * self.plan).sum()

    @property
    def dual(self) -> Tensor:
        r"""$\sum_if_ip_i+\sum_jg_jq_j$, what the prices bring in."""
        return self.f @ self.p + self.g @ self.q

    @property
    def slack(self) -> Tensor:
        r"""$c_{ij}-f_i-g_j$: never negative for admissible prices, zero where the plan moves."""
        return self.cost - self.f[:, None] - self.g


def distances(x, y, power: float = 1) -> Tensor:
    r"""$c_{ij}=\lVert x_i-y_j\rVert^r$ with $r$ = ``power``; points ``(n,)`` or ``(n, d)``."""
    x, y = _points(x), _points(y)
    if x.shape[1] != y.shape[1]:
        raise GanCourseError(
            f"points of dimension {x.shape[1]} and {y.shape[1]}",
            where="distances",
            fix="give both the same number of coordinates",
        )
    found = torch.linalg.vector_norm(x[:, None] - y, dim=-1) ** _power(power)
    if not bool(found.isfinite().all()):
        raise GanCourseError(
            f"the distances to the power {power:g} are too large for float64",
            where="distances",
            fix="choose a larger unit of length, or a smaller power",
        )
    return found


def optimal_plan(p, q, cost) -> Transport:
    """The cheapest plan and the best prices, for up to about 1,000 points on each side.

    As many points as holes, all of one mass: a pairing (``earth_mover``'s). Otherwise a linear
    programme (HiGHS) over the few ways that can pay; its prices prove that no other way would.
    CPU seconds at 1,000 points: 0.3 on a line, 1 for a pairing in the plane, 18 for uneven
    masses in the plane. POT's network simplex, ``ot.emd``, takes 0.04 to 0.15 for each.
    """
    p, q, cost = problem(p, q, cost)
    a, b, c = (t.detach().numpy() for t in (p, q, cost))
    unit = np.abs(c).max() or 1.0  # the solver's tolerances are absolute
    even = len(a) == len(b) and np.ptp(a) == np.ptp(b) == 0
    mass = _scale(p)
    plan, f, g = (_pairing if even else _programme)(a / mass, b / mass, c / unit)
    found = (torch.from_numpy(t) for t in (plan * mass, f * unit, g * unit))
    return Transport(p, q, cost, *found)


def _pairing(p, q, c):
    """Plan and prices of equal masses; the prices fall until no pair is dearer than the cart."""
    rows, partner = linear_sum_assignment(c)
    plan, own, g = np.zeros_like(c), c[rows, partner], np.zeros_like(q)
    plan[rows, partner] = p
    for _ in rows:  # a chain of prices that pull each other down is no longer than this
        lower = np.minimum(g, (c - (own - g[partner])[:, None]).min(0))
        if np.array_equal(lower, g):
            break
        g = lower
    return plan, own - g[partner], g


def _programme(p, q, c, near=4):
    """Plan and prices by linear programmes over a growing set of ways (column generation)."""
    n, m = c.shape
    keep = monotone_plan(p, q).numpy() > 0  # some plan is always there
    start = sinkhorn(p, q, c, blur=0.02, tolerance=0.05 * p.sum())
    slack = start.slack.numpy()
    for count, axis in ((m, 1), (n, 0)):
        k = min(near, count) - 1
        keep |= slack <= np.partition(slack, k, axis).take([k], axis)
    while True:
        rows, columns = keep.nonzero()
        ways = np.arange(len(rows))
        sums = (np.ones(2 * len(rows)), (np.r_[rows, n + columns], np.r_[ways, ways]))
        found = linprog(
            c[rows, columns],
            A_eq=sparse.csc_array(sums, shape=(n + m, len(rows))),
            b_eq=np.r_[p, q],
            method="highs-ds",
            options=EXACT,
        )
        if found.x is None:
            raise GanCourseError(
                f"the solver gave up: {found.message}",
                where="optimal_plan",
                fix="check the scale of the masses and costs",
            )
        f, g = np.split(found.eqlin.marginals, [n])
        slack = c - f[:, None] - g
        dear = (slack < -1e-13) & ~keep
        if not dear.any():
            plan = np.zeros_like(c)
            plan[rows, columns] = found.x.clip(min=0)
            return plan, f, g
        worst = (slack == slack.min(1, keepdims=True)) | (slack == slack.min(0))
        keep |= dear & worst


def c_transform(f, cost) -> Tensor:
    r"""$f^c_j=\min_i(c_{ij}-f_i)$: the highest prices of the columns that ``f`` admits."""
    return (_float(cost) - _float(f)[:, None]).amin(0)


def lipschitz_constant(f, x) -> float:
    r"""$\max_{i\ne j}|f_i-f_j|\,/\,\lVert x_i-x_j\rVert$ over points $x$ that are all different."""
    f, apart = _float(f), distances(x, x)
    apart.fill_diagonal_(torch.inf)
    if f.shape != apart.shape[:1] or not bool((apart > 0).all()):
        raise GanCourseError(
            f"{len(f)} values for {len(apart)} points, or one point twice",
            where="lipschitz_constant",
            fix="give one value for each point",
        )
    return float(((f[:, None] - f).abs() / apart).max())


def monotone_plan(p, q) -> Tensor:
    r"""The plan that keeps the order, optimal on a line: with the sums $P_i=p_1+\dots+p_i$,

    $\pi_{ij}=\max\big(0,\;\min(P_i,Q_j)-\max(P_{i-1},Q_{j-1})\big)$ ("north-west corner").
    """
    p, q, _ = problem(p, q, torch.zeros(len(p), len(q)))
    P, Q = p.cumsum(0)[:, None], q.cumsum(0)
    return (torch.minimum(P, Q) - torch.maximum(P - p[:, None], Q - q)).clamp(min=0)


def earth_mover(x, y, power: float = 1) -> Tensor:
    r"""$W_r=\min_\sigma(\frac1n\sum_i\lVert x_i-y_{\sigma(i)}\rVert^r)^{1/r}$, equal sizes.

    Exact, about $n^3$ operations; the gradient in both samples is that of the best pairing.
    """
    x, y = _points(x), _points(y)
    if x.shape != y.shape:
        raise GanCourseError(
            f"samples of shapes {tuple(x.shape)} and {tuple(y.shape)}",
            where="earth_mover",
            fix="give as many points of the same dimension",
        )
    _, partner = linear_sum_assignment(distances(x.detach(), y.detach(), power).numpy())
    lengths = torch.linalg.vector_norm(x - y[torch.from_numpy(partner)], dim=-1)
    if not bool((lengths > 0).any()):
        return lengths.sum()  # 0, and so is its gradient; that of a root at 0 is NaN
    apart = lengths > 0
    powers = torch.where(apart, torch.where(apart, lengths, 1.0) ** power, 0.0)
    return powers.mean() ** (1 / power)


def sinkhorn(p, q, cost, blur: float, steps: int = 100_000, tolerance: float = 1e-9) -> Transport:
    r"""The plan of least $\sum c\,\pi+\varepsilon\,\mathrm{KL}(\pi\|p\otimes q)$ and its prices.

    ``blur`` is $\varepsilon$, and $\pi_{ij}=p_iq_je^{(f_i+g_j-c_{ij})/\varepsilon}$. The prices
    take turns, in logarithms, until the row sums are right up to ``tolerance`` of the total, in
    all; the column sums always are.
    """
    p, q, cost = (t.detach() for t in problem(p, q, cost))
    if not blur > 0:
        raise GanCourseError(f"blur is {blur}", where="sinkhorn", fix="choose a positive number")
    mass, whole, other = _scale(p), p, q
    p, q = p / mass, q / mass  # their products stay within float64
    f, log_p, log_q = torch.zeros_like(p), p.log(), q.log()
    for _ in range(steps):
        g = -blur * (log_p[:, None] + (f[:, None] - cost) / blur).logsumexp(0)
        new = -blur * (log_q + (g - cost) / blur).logsumexp(1)
        if (p * torch.expm1((f - new) / blur)).abs().sum() <= tolerance:
            plan = p[:, None] * q * torch.exp((f[:, None] + g - cost) / blur)
            return Transport(whole, other, cost, mass * plan, f, g - blur * math.log(mass))
        f = new
    raise GanCourseError(
        f"the row sums were not right after {steps} steps",
        where="sinkhorn",
        fix="choose a larger blur, or allow more steps",
    )


def entropic_cost(p, q, cost, blur: float, **options) -> Tensor:
    r"""The least $\sum c\,\pi+\varepsilon\,\mathrm{KL}(\pi\|p\otimes q)$, differentiable.

    It is the dual value, whose gradient is $(f,g,\pi)$: the best prices may be held fixed.
    """
    p, q, cost = problem(p, q, cost)
    found = sinkhorn(p, q, cost, blur, **options)
    f, g = found.f, found.g
    size = _scale(p)  # two masses of 1e-300 have no product in float64
    prices = f[:, None] + g + blur * math.log(size)
    mass = (p[:, None] * (q / size) * torch.exp((prices - cost) / blur)).sum()
    return f @ p + g @ q - blur * (mass - p.detach().sum())


def gaussian_w2_squared(mean_p, cov_p, mean_q, cov_q) -> Tensor:
    r"""$W_2^2=\lVert\mu_p-\mu_q\rVert^2+\mathrm{tr}\big(S_p+S_q-2(S_p^{1/2}S_qS_p^{1/2})^{1/2}\big)$.

    $S$ are *covariances*; in one dimension $\sigma^2$, and $(\mu_p-\mu_q)^2+(\sigma_p-\sigma_q)^2$.
    """
    gap = torch.atleast_1d(_float(mean_p) - _float(mean_q))
    S_p, S_q = (torch.atleast_2d(_float(S)) for S in (cov_p, cov_q))
    for S in (S_p, S_q):
        if (
            S.shape != (len(gap),) * 2
            or not torch.allclose(S, S.mT)
            or torch.linalg.eigvalsh(S).min() < -1e-9 * S.abs().max()
        ):
            raise GanCourseError(
                f"{S.tolist()} is no covariance",
                where="gaussian_w2_squared",
                fix="give a symmetric, non-negative matrix as wide as the mean",
            )
    cross = torch.linalg.svdvals(_root(S_p) @ _root(S_q)).sum()
    return gap @ gap + S_p.trace() + S_q.trace() - 2 * cross


def _scale(p: Tensor) -> float:
    """The power of two next to the total, by which dividing is exact; of masses around 1, 1."""
    return 2.0 ** round(math.log2(float(p.detach().sum())))


def _power(power: float) -> float:
    if not 0 < power <= LARGEST_POWER:
        raise GanCourseError(
            f"the power of the distance is {power}",
            where="theory.transport",
            fix=f"choose one above 0, and up to {LARGEST_POWER}, for instance 1 or 2",
        )
    return power


def _float(values) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float64)


def _points(x) -> Tensor:
    x = _float(x)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or not x.numel() or not bool(x.isfinite().all()):
        raise GanCourseError(
            f"points of shape {tuple(x.shape)}, empty or not finite",
            where="theory.transport",
            fix="give finite points, (n,) or (n, d)",
        )
    return x


def _root(S) -> Tensor:
    values, vectors = torch.linalg.eigh(S)
    return vectors * values.clamp(min=0).sqrt() @ vectors.mT


def problem(p, q, cost) -> tuple[Tensor, Tensor, Tensor]:
    """Two heaps and their cost, checked, as float64; ``q`` scaled to exactly the total of ``p``."""
    p, q, cost = _float(p), _float(q), _float(cost)
    for name, heap in (("p", p), ("q", q)):
        if heap.ndim != 1 or not bool((heap >= 0).all() and 0 < heap.sum() < torch.inf):
            raise GanCourseError(
                f"{name} is no heap: {heap.tolist()}",
                where="theory.transport",
                fix="give masses of at least 0 that are not all 0",
            )
    if cost.shape != (len(p), len(q)) or not bool(cost.isfinite().all()):
        raise GanCourseError(
            f"cost of shape {tuple(cost.shape)} for {len(p)} and {len(q)} points, or not finite",
            where="theory.transport",
            fix="one row per point of p, one column per point of q",
        )
    if (p.sum() - q.sum()).abs() > 1e-6 * p.sum():
        raise GanCourseError(
            f"p has the total {float(p.sum()):.6g}, q {float(q.sum()):.6g}",
            where="theory.transport",
            fix="earth is neither made nor lost: divide both by their sums",
        )
    return p, q * (p.sum() / q.sum()).detach(), cost
