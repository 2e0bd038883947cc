"""theory.transport and entropic transport: certificates, closed forms, POT, gradients, axioms."""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from gancourse.errors import GanCourseError
from gancourse.theory import information as info
from gancourse.theory.transport import (
    c_transform,
    distances,
    earth_mover,
    entropic_cost,
    gaussian_w2_squared,
    lipschitz_constant,
    monotone_plan,
    optimal_plan,
    problem,
    sinkhorn,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ot

LOG2 = math.log(2)


def problems(n=100):
    """Random heaps of all shapes, every third with zeros, costs from thousandths to thousands."""
    g = np.random.default_rng(0)
    for k in range(n):
        rows, columns = g.integers(1, 12, 2)
        p, q = g.gamma(0.5, size=rows), g.gamma(0.5, size=columns)
        if k % 3 == 0:
            p[1:] *= g.random(rows - 1) > 0.4
        cost = g.normal(size=(rows, columns)) * 10.0 ** g.integers(-3, 4)
        yield p / p.sum(), q / q.sum(), cost


# ---------------------------------------------------------------- the linear programme


def test_duality_gap_slackness_and_marginals():
    for p, q, cost in problems():
        found, unit = optimal_plan(p, q, cost), np.abs(cost).max()
        assert abs(found.value - found.dual) <= 1e-9 * unit
        assert (found.plan * found.slack).abs().max() <= 1e-9 * unit
        assert found.slack.min() >= -1e-9 * unit and found.plan.min() >= 0
        assert np.allclose(found.plan.sum(1), p, rtol=0, atol=1e-12)
        assert np.allclose(found.plan.sum(0), q, rtol=0, atol=1e-12)


def bells(n):
    """The chapter's two bell curves on n points; at 100 and more, masses below 1e-12."""
    x = torch.linspace(0, 1, n).double()
    p, q = info.gaussian(x, 0.3, 0.07), info.gaussian(x, 0.6, 0.12)
    return p / p.sum(), q / q.sum(), x


@pytest.mark.parametrize("n", [100, 120, 200, 1000])
@pytest.mark.parametrize("power", [1, 2])
def test_a_finer_grid_is_no_harder(n, power):
    p, q, x = bells(n)
    cost = distances(x, x, power=power)
    found = optimal_plan(p, q, cost)
    assert abs(found.value - found.dual) < 1e-12
    assert found.slack.min() > -1e-12
    assert found.value.item() == pytest.approx((cost * monotone_plan(p, q)).sum().item(), rel=1e-9)
    if power == 1:
        assert found.value.item() == pytest.approx(info.wasserstein_1d(p, q, x).item(), rel=1e-9)


@pytest.mark.parametrize("even", [True, False])
def test_clouds_in_the_plane_and_pot(even):
    n, g = 150, torch.Generator().manual_seed(0)
    x, y = torch.randn(n, 2, generator=g), torch.randn(n, 2, generator=g) + 1
    p = torch.full((n,), 1 / n).double() if even else torch.rand(n, generator=g).double().softmax(0)
    cost = distances(x, y)
    found = optimal_plan(p, p.flip(0), cost)
    exact = ot.emd2(p.numpy(), p.flip(0).numpy().copy(), cost.numpy())
    assert found.value.item() == pytest.approx(exact, rel=1e-12)
    assert abs(found.value - found.dual) < 1e-12 and found.slack.min() > -1e-12
    assert (found.plan * found.slack).abs().max() < 1e-14
    assert torch.allclose(found.plan.sum(1), p, atol=1e-14)
    if even:
        assert ((found.plan > 0).sum(0) == 1).all() and ((found.plan > 0).sum(1) == 1).all()


def test_pot_finds_the_same_cost():
    for p, q, cost in problems():
        if p.min() > 0:
            assert float(optimal_plan(p, q, cost).value) == pytest.approx(
                ot.emd2(p, q, cost), abs=1e-9 * np.abs(cost).max()
            )


def test_tiny_masses_are_not_lost():
    found = optimal_plan([1 - 1e-8, 1e-8], [0.5, 0.5], [[0.0, 0.0], [1.0, 2.0]])
    assert found.value.item() == pytest.approx(1e-8, rel=1e-3)
    assert found.plan[1].sum().item() == pytest.approx(1e-8, rel=1e-3)


def test_masses_need_not_sum_to_one():
    assert optimal_plan([2, 3], [1, 4], [[0, 1], [1, 0]]).value.item() == pytest.approx(1)


def test_the_c_transform_makes_one_function():
    """On common points two transforms of the solver's prices are opposite, and still optimal."""
    g = torch.Generator().manual_seed(0)
    for _ in range(20):
        x = torch.randn(6, 2, generator=g, dtype=torch.float64)
        p, q = torch.rand(2, 6, generator=g, dtype=torch.float64).softmax(-1)
        cost = distances(x, x)
        found = optimal_plan(p, q, cost)
        h = c_transform(c_transform(found.f, cost), cost.mT)
        assert torch.allclose(c_transform(found.f, cost), -h, atol=1e-12)
        assert (h @ (p - q)).item() == pytest.approx(found.value.item(), abs=1e-9)
        assert lipschitz_constant(h, x) <= 1 + 1e-9


# ---------------------------------------------------------------- named examples


def test_the_example_of_understanding_deep_learning():
    """Notebook 15.2: ten bins, distance |i - j| / 9. Three ways to the printed number."""
    p = torch.tensor([5, 3, 2, 1, 8, 7, 5, 9, 2, 1]).double() / 43
    q = torch.tensor([4, 10, 1, 1, 4, 6, 3, 2, 0, 1]).double() / 32
    bins = torch.arange(10).double() / 9
    cost = distances(bins, bins)
    for W in (
        optimal_plan(p, q, cost).value,
        info.wasserstein_1d(p, q, bins),
        (cost * monotone_plan(p, q)).sum(),
    ):
        assert W.item() == pytest.approx(0.15148578811369506, abs=1e-14)


@pytest.mark.parametrize("a", [0, 0.25, -0.5, 1, 2, -3])
def test_shifted_uniforms(a):
    """U[0, 1] and U[a, a + 1]: JSD = min(|a|, 1) log 2, and W1 = |a| three ways."""
    width = 1 / 64
    grid = torch.arange(-4, 5, width, dtype=torch.float64) + width / 2
    p, q = [((grid > s) & (grid < s + 1)).double() for s in (0, a)]
    assert info.jsd(p, q, width).item() == pytest.approx(min(abs(a), 1) * LOG2, abs=1e-12)
    assert info.wasserstein_1d(p, q, grid, width).item() == pytest.approx(abs(a), abs=1e-12)
    x = grid[p > 0]
    assert earth_mover(x, x + a).item() == pytest.approx(abs(a), abs=1e-12)
    assert optimal_plan(
        torch.ones(64), torch.ones(64), distances(x, x + a)
    ).value.item() / 64 == pytest.approx(abs(a), abs=1e-9)


@pytest.mark.parametrize("theta", [-2, 0.01, 0.5, 3])
def test_parallel_lines(theta):
    """W1 = |theta| by the programme and by pairing; JSD log 2, KL infinite, TV 1."""
    heights = torch.linspace(0, 1, 20).double()
    lines = [torch.stack([torch.full_like(heights, s), heights], 1) for s in (0, theta)]
    even, zero = torch.full((20,), 0.05).double(), torch.zeros(20).double()
    assert optimal_plan(even, even, distances(*lines)).value.item() == pytest.approx(abs(theta))
    assert earth_mover(*lines).item() == pytest.approx(abs(theta))
    p, q = torch.cat([even, zero]), torch.cat([zero, even])
    assert info.jsd(p, q).item() == pytest.approx(LOG2)
    assert info.kl(p, q) == math.inf and info.tv(p, q).item() == pytest.approx(1)


# ---------------------------------------------------------------- a line, samples, Gaussians


def test_a_line_by_its_closed_form():
    g = np.random.default_rng(0)
    for _ in range(50):
        x, (p, q) = np.sort(g.normal(size=9)), g.dirichlet(np.full(9, 0.3), 2)
        W = info.wasserstein_1d(p, q, x).item()
        assert W == pytest.approx(optimal_plan(p, q, distances(x, x)).value.item(), abs=1e-9)
        assert W == pytest.approx((distances(x, x) * monotone_plan(p, q)).sum().item(), abs=1e-12)


@pytest.mark.parametrize("power", [1, 2])
def test_samples_against_the_programme(power):
    g = torch.Generator().manual_seed(0)
    for d in (1, 2, 3):
        x, y = torch.randn(2, 12, d, generator=g, dtype=torch.float64)
        even = torch.ones(12).double() / 12
        W = optimal_plan(even, even, distances(x, y, power)).value.item() ** (1 / power)
        assert earth_mover(x, y, power).item() == pytest.approx(W, abs=1e-9)
    x, y = torch.randn(2, 30, generator=g, dtype=torch.float64)
    assert earth_mover(x, y).item() == pytest.approx(wasserstein_distance(x, y))


def test_gaussians_against_pot():
    g = np.random.default_rng(0)
    for d in (1, 2, 5):
        A, B = g.normal(size=(2, d, d + 1))
        S, T, (m, n) = A @ A.T, B @ B.T, g.normal(size=(2, d))
        expected = ot.gaussian.bures_wasserstein_distance(m, n, S, T) ** 2
        assert gaussian_w2_squared(m, S, n, T).item() == pytest.approx(expected, abs=1e-6)
    assert gaussian_w2_squared(1, 4, -1, 0.25).item() == pytest.approx(4 + 1.5**2)
    assert gaussian_w2_squared([0, 0], np.ones((2, 2)), [0, 0], np.ones((2, 2))).abs() < 1e-12


def test_lipschitz_constants_of_known_functions():
    x = torch.linspace(-1, 1, 201).double()
    assert lipschitz_constant(x.abs(), x) == pytest.approx(1)
    assert lipschitz_constant(3 * x, x) == pytest.approx(3)
    right = x[100:] - x[100]
    assert lipschitz_constant(right.sqrt(), right) == pytest.approx(10)
    plane = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    assert lipschitz_constant(plane @ torch.tensor([3.0, 4.0]), plane) <= 5 + 1e-6


# ---------------------------------------------------------------- metric axioms

WEIGHTS = st.lists(st.integers(0, 20), min_size=5, max_size=5).filter(any)
PLACES = torch.tensor([[0.0, 0], [1, 0], [0, 2], [3, 1], [-1, 1]], dtype=torch.float64)


@settings(max_examples=40, deadline=None)
@given(WEIGHTS, WEIGHTS, WEIGHTS)
def test_w1_is_a_metric(a, b, s):
    a, b, s = (torch.tensor(w).double() / sum(w) for w in (a, b, s))
    W = lambda p, q: optimal_plan(p, q, distances(PLACES, PLACES)).value.item()
    assert W(a, a) == pytest.approx(0, abs=1e-9)
    assert W(a, b) == pytest.approx(W(b, a), abs=1e-9)
    assert (W(a, b) > 1e-9) == (not torch.allclose(a, b))
    assert W(a, s) <= W(a, b) + W(b, s) + 1e-9


# ---------------------------------------------------------------- Sinkhorn


def test_sinkhorn_against_pot_and_its_sums():
    for p, q, cost in problems(30):
        if p.min() < 1e-6:
            continue
        cost = cost / np.abs(cost).max()
        found = sinkhorn(p, q, cost, 0.1)
        assert np.allclose(found.plan.sum(0), q, atol=1e-12)
        assert np.abs(found.plan.sum(1).numpy() - p).sum() <= 1e-9
        plan = ot.sinkhorn(p, q, cost, 0.1, method="sinkhorn_log", stopThr=1e-12, numItermax=10_000)
        assert np.allclose(found.plan, plan, atol=1e-7)


def test_sinkhorn_tends_to_the_programme():
    """With falling blur the cost falls to the exact one, at most blur times log n above it."""
    x = torch.linspace(0, 1, 8).double()
    p, q = info.gaussian(x, 0.3, 0.2), info.gaussian(x, 0.8, 0.1)
    p, q, cost = p / p.sum(), q / q.sum(), distances(x, x, 2)
    exact = optimal_plan(p, q, cost).value
    bias = [(sinkhorn(p, q, cost, blur).value - exact).item() for blur in (1, 0.1, 0.01, 0.003)]
    assert bias == sorted(bias, reverse=True) and -1e-9 <= bias[-1] < 1e-3 < bias[0]


def test_sinkhorn_accepts_empty_bins_and_a_small_blur():
    p, q, cost = [0.6, 0.4, 0], [0, 0.3, 0.7], distances([0.0, 1, 2], [0.0, 1, 2], 2)
    found = sinkhorn(p, q, cost, 0.02)
    assert found.plan.isfinite().all() and found.plan[2].sum() == 0 and found.plan[0, 0] == 0
    assert found.value.item() == pytest.approx(optimal_plan(p, q, cost).value.item(), abs=1e-6)


def test_gradients_of_the_entropic_cost():
    """Autograd against finite differences: in the cost, and along the simplex in p and q."""
    g = torch.Generator().manual_seed(0)
    p, q = torch.rand(2, 5, generator=g, dtype=torch.float64).softmax(-1)
    cost = torch.rand(5, 5, generator=g, dtype=torch.float64)
    leaves = [t.clone().requires_grad_() for t in (p, q, cost)]
    grads = torch.autograd.grad(entropic_cost(*leaves, 0.1), leaves)
    for k, flat in enumerate((True, True, False)):
        way = torch.randn(leaves[k].shape, generator=g, dtype=torch.float64)
        way = way - way.mean() if flat else way
        moved = [
            [t + s * 1e-5 * way if i == k else t for i, t in enumerate((p, q, cost))]
            for s in (1, -1)
        ]
        slope = (entropic_cost(*moved[0], 0.1) - entropic_cost(*moved[1], 0.1)) / 2e-5
        assert (grads[k] * way).sum().item() == pytest.approx(slope.item(), abs=1e-6)


def test_gradient_of_the_earth_mover():
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 10, 2, generator=g, dtype=torch.float64)
    assert torch.autograd.gradcheck(earth_mover, (x.requires_grad_(), y.requires_grad_()))


# ---------------------------------------------------------------- mistakes

NAN = float("nan")


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: optimal_plan([0.5, -0.5, 1], [1], np.zeros((3, 1))), "p is no heap"),
        (lambda: optimal_plan([1], [0.5, NAN], np.zeros((1, 2))), "q is no heap"),
        (lambda: optimal_plan([0, 0], [1], np.zeros((2, 1))), "p is no heap"),
        (lambda: optimal_plan([1], [0.5, 0.4], np.zeros((1, 2))), "p has the total 1, q 0.9"),
        (lambda: optimal_plan([1], [0.5, 0.5], np.zeros((2, 1))), r"shape \(2, 1\) for 1 and 2"),
        (lambda: optimal_plan([1], [1], [[NAN]]), "not finite"),
        (lambda: monotone_plan([1], [2]), "total"),
        (lambda: sinkhorn([1], [1], [[0]], 0), "blur is 0"),
        (
            lambda: sinkhorn([0.6, 0.4], [0.3, 0.7], [[0, 1], [1, 0]], 1e-3, steps=2),
            "after 2 steps",
        ),
        (lambda: earth_mover([1.0, 2], [1.0]), "as many points"),
        (lambda: earth_mover([NAN], [1.0]), "finite points"),
        *(
            (
                lambda power=power, call=call: call([0.0, 1.0], [2.0, 5.0], power),
                "the power of the distance",
            )
            for power in (0, -1, NAN, math.inf, 1e200)
            for call in (earth_mover, distances)
        ),
        (lambda: distances([1e200], [0.0], 2), "too large for float64"),
        (lambda: distances([[1.0, 2]], [1.0]), "dimension 2 and 1"),
        (lambda: lipschitz_constant([1.0, 2], [1.0, 1]), "one point twice"),
        (lambda: lipschitz_constant([1.0, 2, 3], [1.0, 2]), "3 values for 2 points"),
        (lambda: gaussian_w2_squared([0, 0], [[1, 2], [2, 1]], [0, 0], np.eye(2)), "no covariance"),
    ],
)
def test_mistakes_are_named(call, said):
    with pytest.raises(GanCourseError, match=said):
        call()


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_totals_are_compared_relative_to_their_size(size):
    """Half a millionth of the mass is rounding, three millionths are not, at any size."""
    p, q = size * np.array([0.5, 0.5]), size * np.array([0.25, 0.75])
    _, scaled, _ = problem(p, q * (1 + 5e-7), np.zeros((2, 2)))
    assert float(scaled.sum()) == pytest.approx(size, rel=1e-12)
    with pytest.raises(GanCourseError, match="has the total"):
        problem(p, q * (1 + 3e-6), np.zeros((2, 2)))


def test_the_entropic_cost_is_what_its_plan_costs():
    """Transport plus blur times information, summed entry by entry."""
    p, q, cost = np.array([0.2, 0.8]), np.array([0.5, 0.3, 0.2]), np.array([[0.0, 1, 3], [2, 0, 1]])
    for size in (1.0, 5.0):
        plan = sinkhorn(size * p, size * q, cost, 0.5).plan.numpy()
        information = (plan * np.log(plan / np.outer(size * p, size * q))).sum()
        expected = (cost * plan).sum() + 0.5 * information
        assert float(entropic_cost(size * p, size * q, cost, 0.5)) == pytest.approx(expected)


@pytest.mark.parametrize("total", [1e-300, 1e-11, 1.0, 1e11, 1e300])
def test_the_unit_of_mass_does_not_matter(total):
    """Masses below the tolerance vanished, and row sums were right before the first turn."""
    p, q, cost = np.array([0.7, 0.3]), np.array([0.1, 0.9]), np.array([[0.0, 1.0], [2.0, 0.0]])
    exact = optimal_plan(total * p, total * q, cost)
    np.testing.assert_allclose(exact.plan / total, [[0.1, 0.6], [0.0, 0.3]], atol=1e-9)
    single = optimal_plan([total, 0], [0, total], cost)
    assert single.plan[0, 1] == total and single.plan.sum() == total
    blurred = sinkhorn(total * p, total * q, cost, 0.5)
    np.testing.assert_allclose(blurred.plan.sum(1) / total, p, atol=1e-8)
    np.testing.assert_allclose(blurred.plan / total, sinkhorn(p, q, cost, 0.5).plan, atol=1e-8)


@pytest.mark.parametrize("total", [1e-300, 1e-11, 5.0, 1e11, 1e300])
def test_the_entropic_cost_grows_with_the_mass_as_its_formula_says(total):
    r"""$T\,(C_1-\varepsilon\log T)$ for a total of $T$, and slopes that are those of the prices."""
    p, q, cost = np.array([0.7, 0.3]), np.array([0.1, 0.9]), np.array([[0.0, 1.0], [2.0, 0.0]])
    once = float(entropic_cost(p, q, cost, 0.5))
    leaves = [torch.tensor(total * heap, requires_grad=True) for heap in (p, q)]
    found = entropic_cost(*leaves, cost, 0.5)
    assert float(found.detach()) / total == pytest.approx(once - 0.5 * np.log(total), rel=1e-8)
    slopes = torch.cat(torch.autograd.grad(found, leaves))
    assert slopes.isfinite().all()
    unit = [torch.tensor(heap, requires_grad=True) for heap in (p, q)]
    ones = torch.cat(torch.autograd.grad(entropic_cost(*unit, cost, 0.5), unit))
    assert slopes[0] - slopes[1] == pytest.approx(float(ones[0] - ones[1]), abs=1e-6)
    assert slopes[2] - slopes[3] == pytest.approx(float(ones[2] - ones[3]), abs=1e-6)


@pytest.mark.parametrize("power", [0.5, 1, 2, 3])
def test_where_points_coincide_the_earth_mover_has_a_gradient(power):
    x = torch.tensor([[0.0, 0.0], [1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    cost = earth_mover(x, x.detach().clone(), power)
    (gradient,) = torch.autograd.grad(cost, x)
    assert cost == 0 and torch.equal(gradient, torch.zeros_like(x))
    half = earth_mover(x, torch.tensor([[0.0, 0.0], [1.0, 3.0]]), power)
    (gradient,) = torch.autograd.grad(half, x)
    assert gradient.isfinite().all() and gradient[1, 1] < 0
