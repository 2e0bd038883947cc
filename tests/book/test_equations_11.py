"""Chapter 11, equation by equation: recomputed with numpy, scipy and POT, never with gancourse."""

import itertools
import math

import numpy as np
import ot
import pytest
import scipy.linalg
from scipy.optimize import linear_sum_assignment, linprog
from scipy.special import logsumexp, rel_entr
from scipy.stats import entropy, norm, wasserstein_distance

rng = np.random.default_rng


def heaps(seed, n=5, m=6):
    """Two random heaps and random costs, none of them special."""
    g = rng(seed)
    return g.dirichlet(np.ones(n)), g.dirichlet(np.ones(m)), g.normal(size=(n, m))


def sums(n, m):
    """The matrix that takes a flat plan to its row sums and its column sums."""
    return np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])


def primal(p, q, c):
    found = linprog(c.ravel(), A_eq=sums(*c.shape), b_eq=np.r_[p, q])
    return found.fun, found.x.reshape(c.shape)


def dual(p, q, c):
    """The prices by a linear programme of their own, with one row for each promise."""
    n, m = c.shape
    found = linprog(
        -np.r_[p, q],
        A_ub=sums(n, m).T,
        b_ub=c.ravel(),
        bounds=[(0, 0)] + [(None, None)] * (n + m - 1),
    )
    return -found.fun, found.x[:n], found.x[n:]


def apart(x, y):
    x, y = (np.atleast_2d(np.asarray(v, float).T).T for v in (x, y))
    return np.linalg.norm(x[:, None] - y, axis=-1)


def best_lipschitz(p, q, c):
    """max of sum h (p - q) over h(x) - h(y) <= c(x, y), by a linear programme."""
    pairs = list(itertools.permutations(range(len(p)), 2))
    rows = np.zeros((len(pairs), len(p)))
    for k, (i, j) in enumerate(pairs):
        rows[k, i], rows[k, j] = 1, -1
    found = linprog(
        q - p,
        A_ub=rows,
        b_ub=[c[i, j] for i, j in pairs],
        bounds=[(0, 0)] + [(None, None)] * (len(p) - 1),
    )
    return -found.fun


def matched(x, y, r=1):
    cost = apart(x, y) ** r
    return cost[linear_sum_assignment(cost)].mean()


SEEDS = range(5)


# ------------------------------------------------------------------------ plans and prices


@pytest.mark.equation("eq-plan", tex="8d9d17cd")
@pytest.mark.equation("eq-primal", tex="5dbdf592")
def test_the_cheapest_plan():
    """Sums of the plan, no plan of many random ones is cheaper, and POT finds the same cost."""
    for seed in SEEDS:
        p, q, c = heaps(seed)
        cost, plan = primal(p, q, c)
        assert plan.min() >= -1e-12
        assert np.allclose(plan.sum(1), p) and np.allclose(plan.sum(0), q)
        assert cost == pytest.approx(ot.emd2(p, q, c))
        for k in range(50):
            other = ot.sinkhorn(p, q, rng(k).random(c.shape), 0.3, stopThr=1e-12)
            assert cost < (c * other).sum()


@pytest.mark.equation("eq-w1", tex="8c9b4cf5")
@pytest.mark.equation("eq-wr", tex="161b46a6")
def test_wasserstein_distances_as_couplings():
    """The best of all 120 pairings of five points is the linear programme's, for r = 1, 2, 3."""
    for seed, r in itertools.product(SEEDS, (1, 2, 3)):
        x, y = rng(seed).normal(size=(2, 5, 2))
        c = apart(x, y) ** r
        best = min(c[range(5), s].mean() for s in itertools.permutations(range(5)))
        assert primal(np.full(5, 0.2), np.full(5, 0.2), c)[0] == pytest.approx(best)
        assert ot.emd2([], [], c) ** (1 / r) == pytest.approx(best ** (1 / r))


@pytest.mark.equation("eq-fair-prices", tex="3cacd840")
@pytest.mark.equation("eq-dual", tex="65908cdf")
@pytest.mark.equation("eq-strong-duality", tex="4fdd86c7")
def test_the_best_prices_earn_what_the_best_plan_costs():
    """Two separate linear programmes with one value; all prices keep the promise."""
    for seed in range(20):
        p, q, c = heaps(seed)
        income, f, g = dual(p, q, c)
        assert (f[:, None] + g <= c + 1e-9).all()
        assert income == pytest.approx(primal(p, q, c)[0], abs=1e-9)


@pytest.mark.equation("eq-weak-duality", tex="544e47d1")
def test_no_admissible_prices_beat_any_plan():
    """Random plans, random prices lowered until they keep the promise; the gap step by step."""
    for seed in range(50):
        p, q, c = heaps(seed)
        f = rng(seed + 1).normal(size=5)
        g = (c - f[:, None]).min(0) - rng(seed + 2).random(6)
        plan = np.outer(p, q)
        gap = (c * plan).sum() - f @ p - g @ q
        assert gap == pytest.approx((plan * (c - f[:, None] - g)).sum()) and gap > 0


@pytest.mark.equation("eq-slackness", tex="24f902c8")
def test_earth_moves_only_at_full_price():
    """At the optimum no slack where the plan moves; one wrong way opens a gap."""
    for seed in SEEDS:
        p, q, c = heaps(seed)
        cost, plan = primal(p, q, c)
        income, f, g = dual(p, q, c)
        slack = c - f[:, None] - g
        assert np.abs(slack[plan > 1e-9]).max() < 1e-9 and (slack > 1e-6).any()
        assert (c * np.outer(p, q)).sum() - income > 1e-3


@pytest.mark.equation("eq-shadow-price", tex="7d5deed2")
def test_prices_are_slopes():
    """The cost stays above the line with slope g_j - g_k, and touches it for a small change."""
    p, q, c = heaps(3)
    cost, f, g = dual(p, q, c)
    for j, k in itertools.permutations(range(6), 2):
        for step in (1e-7, 0.3 * q[k], 0.9 * q[k]):
            moved = q.copy()
            moved[j] += step
            moved[k] -= step
            rise = dual(p, moved, c)[0] - cost
            assert rise >= step * (g[j] - g[k]) - 1e-12
            if step == 1e-7:
                assert rise / step == pytest.approx(g[j] - g[k], abs=1e-5)


# ------------------------------------------------------------------------ one function


@pytest.mark.equation("eq-c-transform", tex="3602b0c6")
def test_the_highest_admissible_prices():
    """The transform keeps the promise; any price a little higher breaks it; thrice is once."""
    transform = lambda f, c: np.min(c - f[:, None], axis=0)
    for seed in SEEDS:
        _, _, c = heaps(seed)
        f = rng(seed).normal(size=5)
        g = transform(f, c)
        assert (f[:, None] + g <= c + 1e-12).all()
        assert ((f[:, None] + g + 1e-6 > c).any(0)).all()
        back = transform(g, c.T)
        assert (back >= f - 1e-12).all() and np.allclose(transform(back, c), g)


@pytest.mark.equation("eq-kr-finite", tex="2d203e62")
def test_one_function_is_enough_for_a_metric():
    """The programme over 1-Lipschitz functions equals the transport cost on common points."""
    for seed in SEEDS:
        points = rng(seed).normal(size=(6, 2))
        p, q = rng(seed).dirichlet(np.ones(6), 2)
        c = apart(points, points)
        assert best_lipschitz(p, q, c) == pytest.approx(ot.emd2(p, q, c))


@pytest.mark.equation("eq-lipschitz-transform", tex="6c5e7554")
def test_the_transform_of_a_lipschitz_function():
    """It is minus the function; every transform is 1-Lipschitz; a steep function is not minus."""
    for seed in SEEDS:
        points = rng(seed).normal(size=(7, 2))
        c = apart(points, points)
        f = 5 * rng(seed).normal(size=7)
        h = (c - f[:, None]).min(0)
        assert (h[:, None] - h <= c + 1e-12).all()
        assert np.allclose((c - h[:, None]).min(0), -h)
        assert not np.allclose(h, -f)


@pytest.mark.equation("eq-squared-cost", tex="10565f9e")
def test_a_squared_cost_needs_two_functions():
    """Points 0, 1, 2: the transport costs 4, one function earns 2."""
    points = np.arange(3.0)
    c = (points[:, None] - points) ** 2
    p, q = np.eye(3)[0], np.eye(3)[2]
    assert primal(p, q, c)[0] == pytest.approx(4)
    assert best_lipschitz(p, q, c) == pytest.approx(2)
    for n in (2, 5, 9):  # exercise 7: 1/n against 1
        grid = np.linspace(0, 1, n + 1)
        c = (grid[:, None] - grid) ** 2
        assert best_lipschitz(np.eye(n + 1)[0], np.eye(n + 1)[-1], c) == pytest.approx(1 / n)


@pytest.mark.equation("eq-kantorovich-rubinstein", tex="da0d7e6d")
@pytest.mark.equation("eq-kr-easy", tex="288dccac")
def test_critics_of_two_densities_on_a_line():
    """Many 1-Lipschitz functions stay below W1 of two normals; the one with slope ±1 attains it."""
    u = (np.arange(100_000) + 0.5) / 100_000
    x, y = norm.ppf(u), norm.ppf(u, 1, 2)
    w1 = np.abs(x - y).mean()
    critics = [
        np.sin,
        np.tanh,
        np.abs,
        lambda t: -t,
        lambda t: np.minimum(t, 1),
        lambda t: np.sqrt(1 + t * t),
    ]
    for h in critics:
        assert h(x).mean() - h(y).mean() <= np.abs(h(x) - h(y)).mean() + 1e-12
        assert abs(h(x).mean() - h(y).mean()) <= w1 + 1e-12
    best = lambda t: -np.abs(t + 1)  # F and G cross at -1
    assert best(x).mean() - best(y).mean() == pytest.approx(w1, abs=1e-4)


@pytest.mark.equation("eq-triangle", tex="91bda41f")
def test_wasserstein_is_a_metric():
    """Triangle inequality, symmetry, zero for equal heaps only; on points of the plane."""
    for seed in SEEDS:
        points = rng(seed).normal(size=(5, 2))
        c = apart(points, points)
        p, q, s = rng(seed).dirichlet(np.ones(5), 3)
        W = lambda a, b, c=c: primal(a, b, c)[0]
        assert W(p, s) <= W(p, q) + W(q, s) + 1e-12
        assert W(p, q) == pytest.approx(W(q, p)) and W(p, q) > 1e-3
        assert W(p, p) == pytest.approx(0, abs=1e-12)


# ------------------------------------------------------------------------ Lipschitz


@pytest.mark.equation("eq-lipschitz", tex="707fa894")
@pytest.mark.equation("eq-absolute-value", tex="20d1fc70")
def test_the_absolute_value_is_1_lipschitz():
    """Chords between random points, up to slope 1 and not less."""
    x, y = rng(0).normal(size=(2, 10_000))
    slopes = np.abs(np.abs(x) - np.abs(y)) / np.abs(x - y)
    assert slopes.max() <= 1 + 1e-9 and slopes.max() > 1 - 1e-9


@pytest.mark.equation("eq-square-root", tex="1dc12b3e")
def test_the_square_root_has_no_steepest_chord():
    """The chord from 0 to t has slope 1/sqrt(t), which passes every bound."""
    t = 10.0 ** -np.arange(1, 12)
    slopes = (np.sqrt(t) - 0) / (t - 0)
    assert np.allclose(slopes, 1 / np.sqrt(t)) and (np.diff(slopes) > 0).all()
    assert slopes[-1] > 1e5


@pytest.mark.equation("eq-steepest-slope", tex="e4791f6e")
def test_the_steepest_slope_bounds_all_chords():
    """For sin(x1) + 2 cos(x2): no chord above sup of the gradient, and nearly as steep ones."""
    h = lambda x: np.sin(x[..., 0]) + 2 * np.cos(x[..., 1])
    x = rng(0).uniform(-4, 4, (200_000, 2))
    steepest = np.hypot(np.cos(x[:, 0]), 2 * np.sin(x[:, 1])).max()
    y = x + 1e-3 * rng(1).normal(size=x.shape)
    far = rng(2).uniform(-4, 4, x.shape)
    for other in (y, far):
        slopes = np.abs(h(x) - h(other)) / np.linalg.norm(x - other, axis=1)
        assert slopes.max() <= math.sqrt(5) + 1e-9
    assert steepest == pytest.approx(math.sqrt(5), abs=1e-3)
    assert (np.abs(h(x) - h(y)) / np.linalg.norm(x - y, axis=1)).max() > math.sqrt(5) - 0.02


@pytest.mark.equation("eq-neighbours", tex="72a1c20a")
def test_on_a_line_neighbours_suffice():
    """The steepest of all chords is the steepest of the short ones."""
    for seed in SEEDS:
        x = np.sort(rng(seed).normal(size=12))
        h = rng(seed).normal(size=12)
        chords = [
            abs(h[i] - h[j]) / abs(x[i] - x[j]) for i, j in itertools.combinations(range(12), 2)
        ]
        assert max(chords) == pytest.approx((np.abs(np.diff(h)) / np.diff(x)).max())


# ------------------------------------------------------------------------ on a line


@pytest.mark.equation("eq-line", tex="31f2b500")
def test_the_area_between_the_distribution_functions():
    """Vertical and horizontal slices for two normals, and scipy on weighted points."""
    t, u = np.linspace(-15, 15, 300_001), (np.arange(200_000) + 0.5) / 200_000
    for m, s in ((1, 1), (0.5, 2), (-2, 0.3)):
        vertical = np.trapezoid(np.abs(norm.cdf(t) - norm.cdf(t, m, s)), t)
        horizontal = np.abs(norm.ppf(u) - norm.ppf(u, m, s)).mean()
        assert vertical == pytest.approx(horizontal, abs=2e-4)
    for seed in SEEDS:
        x = np.sort(rng(seed).normal(size=8))
        p, q = rng(seed).dirichlet(np.ones(8), 2)
        area = (np.abs(np.cumsum(p - q))[:-1] * np.diff(x)).sum()
        assert area == pytest.approx(wasserstein_distance(x, x, p, q))
        assert area == pytest.approx(primal(p, q, apart(x, x))[0])


@pytest.mark.equation("eq-line-potential", tex="03b11afd")
def test_the_price_with_slope_one():
    """h with h' = sign(G - F) earns the area, step by step of the proof, for two normals."""
    t = np.linspace(-20, 20, 400_001)
    F, G = norm.cdf(t), norm.cdf(t, 1, 2)
    slope = np.sign(G - F)
    h = np.concatenate([[0], np.cumsum((slope[1:] + slope[:-1]) / 2 * np.diff(t))])
    earned = np.trapezoid(h * (norm.pdf(t) - norm.pdf(t, 1, 2)), t)
    assert earned == pytest.approx(np.trapezoid(slope * (G - F), t), abs=1e-4)
    assert earned == pytest.approx(np.trapezoid(np.abs(F - G), t), abs=1e-4)


@pytest.mark.equation("eq-sorted", tex="b15a7bca")
def test_samples_are_sorted():
    """Sorted pairing equals the best of all pairings."""
    for seed in SEEDS:
        x, y = rng(seed).normal(size=(2, 40))
        assert np.abs(np.sort(x) - np.sort(y)).mean() == pytest.approx(matched(x, y))


@pytest.mark.equation("eq-monotone-plan", tex="64186e03")
def test_the_plan_that_shares_levels():
    """It is a plan, and as cheap as POT's for |x - y| and (x - y)^2."""
    for seed in SEEDS:
        p, q = rng(seed).dirichlet(np.ones(7), 2)
        P, Q = np.cumsum(p), np.cumsum(q)
        plan = np.array(
            [
                [max(0, min(P[i], Q[j]) - max(P[i] - p[i], Q[j] - q[j])) for j in range(7)]
                for i in range(7)
            ]
        )
        assert np.allclose(plan.sum(1), p) and np.allclose(plan.sum(0), q)
        x = np.sort(rng(seed).normal(size=7))
        for r in (1, 2):
            c = apart(x, x) ** r
            assert (c * plan).sum() == pytest.approx(ot.emd2(p, q, c))


# ------------------------------------------------------------------------ formulas


@pytest.mark.equation("eq-w2-gaussians", tex="4f3659e8")
def test_w2_of_two_normals_by_quantiles():
    """The mean squared distance of quantiles; the sigmas, not the variances."""
    u = (np.arange(400_000) + 0.5) / 400_000
    for m1, s1, m2, s2 in ((0, 1, 0, 4), (1, 2, -1, 0.5)):
        squared = ((norm.ppf(u, m1, s1) - norm.ppf(u, m2, s2)) ** 2).mean()
        assert squared == pytest.approx((m1 - m2) ** 2 + (s1 - s2) ** 2, rel=1e-3)


@pytest.mark.equation("eq-bures", tex="04e9d27f")
def test_w2_of_gaussians_in_space():
    """The optimal linear map carries one covariance to the other, and costs what is printed."""
    for seed in SEEDS:
        A, B = rng(seed).normal(size=(2, 3, 3))
        S1, S2 = A @ A.T + np.eye(3) / 2, B @ B.T + np.eye(3) / 2
        m1, m2 = rng(seed).normal(size=(2, 3))
        r1 = scipy.linalg.sqrtm(S1).real
        middle = scipy.linalg.sqrtm(r1 @ S2 @ r1).real
        T = np.linalg.inv(r1) @ middle @ np.linalg.inv(r1)  # gradient of a convex function
        assert np.allclose(T @ S1 @ T.T, S2) and np.linalg.eigvalsh(T).min() > 0
        move = T - np.eye(3)
        cost = ((m1 - m2) ** 2).sum() + np.trace(move @ S1 @ move.T)
        printed = ((m1 - m2) ** 2).sum() + np.trace(S1) + np.trace(S2) - 2 * np.trace(middle)
        assert printed == pytest.approx(cost)
        assert printed == pytest.approx(ot.gaussian.bures_wasserstein_distance(m1, m2, S1, S2) ** 2)


@pytest.mark.equation("eq-shift", tex="7f5d265d")
def test_a_shift_costs_its_length():
    """Random points in one to four dimensions, moved by a vector."""
    for seed, d in itertools.product(SEEDS, (1, 2, 4)):
        x, a = rng(seed).normal(size=(30, d)), rng(seed + 9).normal(size=d)
        assert matched(x, x + a) == pytest.approx(np.linalg.norm(a))
        h = lambda t, a=a: -t @ a / np.linalg.norm(a)
        assert h(x).mean() - h(x + a).mean() == pytest.approx(np.linalg.norm(a))


def jsd(p, q):
    m = (p + q) / 2
    return (rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2


@pytest.mark.equation("eq-parallel-lines", tex="f949b348")
def test_parallel_lines():
    """Points on two parallel lines: W1 = |theta| by the linear programme, the others stuck."""
    n = 12
    heights = np.linspace(0, 1, n)
    even = np.full(n, 1 / n)
    p, q = np.r_[even, np.zeros(n)], np.r_[np.zeros(n), even]
    for theta in (-2, -0.3, 0.001, 0.5, 3):
        here, there = np.c_[np.zeros(n), heights], np.c_[np.full(n, theta), heights]
        assert primal(even, even, apart(here, there))[0] == pytest.approx(abs(theta), abs=1e-9)
        assert jsd(p, q) == pytest.approx(math.log(2))
        assert entropy(p, q) == math.inf and np.abs(p - q).sum() / 2 == pytest.approx(1)


@pytest.mark.equation("eq-continuity", tex="fb25dcec")
def test_w1_moves_no_faster_than_the_generator():
    """A generator of five parameters, its points for two settings, and exact W1 to the data."""
    z, data = rng(0).normal(size=(60, 2)), rng(1).normal(size=(60, 2))
    G = lambda t: np.tanh(z @ t[:4].reshape(2, 2)) * t[4]
    for seed in range(20):
        t, s = rng(seed).normal(size=(2, 5))
        moved = np.linalg.norm(G(t) - G(s), axis=1).mean()
        assert abs(matched(data, G(t)) - matched(data, G(s))) <= moved + 1e-12


# ------------------------------------------------------------------------ samples


@pytest.mark.equation("eq-sample-bias", tex="762bb09d")
def test_samples_exaggerate():
    """The mean over many pairs of samples exceeds the true W1: 0, and 0.3 for a shift."""
    for shift in (0, 0.3):
        drawn = [
            wasserstein_distance(rng(k).normal(size=20), shift + rng(k + 5000).normal(size=20))
            for k in range(1000)
        ]
        standard_error = np.std(drawn) / math.sqrt(1000)
        assert np.mean(drawn) - 4 * standard_error > shift


@pytest.mark.equation("eq-sample-cost", tex="b97a0952")
def test_cost_of_a_sample_on_a_line():
    """Uniform samples: the mean of the exact area lies under pi/8/sqrt(n), and not far."""
    t = np.linspace(0, 1, 20_001)
    assert np.trapezoid(np.sqrt(t * (1 - t)), t) == pytest.approx(math.pi / 8, abs=1e-5)
    for n in (1, 10, 100):
        areas = [
            np.trapezoid(np.abs(np.searchsorted(np.sort(rng(k).random(n)), t) / n - t), t)
            for k in range(400)
        ]
        bound = math.pi / 8 / math.sqrt(n)
        assert 0.6 * bound < np.mean(areas) < bound


# ------------------------------------------------------------------------ Sinkhorn


def blurred(p, q, c, blur, turns=3000):
    """Sinkhorn by hand, with logarithms."""
    f, g = np.zeros(len(p)), np.zeros(len(q))
    for _ in range(turns):
        f = -blur * logsumexp(np.log(q) + (g - c) / blur, axis=1)
        before, g = g, -blur * logsumexp(np.log(p)[:, None] + (f[:, None] - c) / blur, axis=0)
        if np.abs(g - before).max() < 1e-13:
            break
    return f, g, np.outer(p, q) * np.exp((f[:, None] + g - c) / blur)


def blurred_cost(p, q, c, plan, blur):
    return (c * plan).sum() + blur * rel_entr(plan, np.outer(p, q)).sum()


@pytest.mark.equation("eq-entropic", tex="850c4cff")
@pytest.mark.equation("eq-gibbs-plan", tex="9ddfb39c")
@pytest.mark.equation("eq-sinkhorn", tex="1a0ec10c")
def test_sinkhorn_finds_the_best_blurred_plan():
    """Fixed point, right sums, POT's plan; and every small detour within the plans costs more."""
    for seed, blur in itertools.product(SEEDS, (0.1, 1.0)):
        p, q, c = heaps(seed)
        f, g, plan = blurred(p, q, c, blur)
        assert np.allclose(plan.sum(1), p, atol=1e-9) and np.allclose(plan.sum(0), q, atol=1e-9)
        assert np.allclose(
            plan,
            ot.sinkhorn(p, q, c, blur, method="sinkhorn_log", numItermax=20_000, stopThr=1e-12),
            atol=1e-8,
        )
        assert np.allclose(f, -blur * np.log((q * np.exp((g - c) / blur)).sum(1)), atol=1e-7)
        least = blurred_cost(p, q, c, plan, blur)
        i, k, j, m = 0, 1, 0, 1
        for step in (1e-4, -1e-4):
            detour = plan.copy()
            size = step * min(plan[i, j], plan[k, m], plan[i, m], plan[k, j])
            detour[i, j] += size
            detour[k, m] += size
            detour[i, m] -= size
            detour[k, j] -= size
            assert blurred_cost(p, q, c, detour, blur) >= least - 1e-14
        assert blurred_cost(p, q, c, primal(p, q, c)[1].clip(0), blur) > least


@pytest.mark.equation("eq-sinkhorn-bias", tex="9f93a682")
def test_the_bias_of_the_blurred_plan():
    """Between 0 and blur times the smaller entropy; and it grows with the blur."""
    for seed in SEEDS:
        p, q, c = heaps(seed)
        exact, plan = primal(p, q, c)
        information = rel_entr(plan.clip(0), np.outer(p, q)).sum()
        assert 0 <= information <= min(entropy(p), entropy(q)) + 1e-12
        excess = [(c * blurred(p, q, c, blur)[2]).sum() - exact for blur in (0.05, 0.2, 1.0)]
        assert 0 <= excess[0] < excess[1] < excess[2]
        for blur, bias in zip((0.05, 0.2, 1.0), excess, strict=True):
            assert bias <= blur * min(entropy(p), entropy(q))


@pytest.mark.equation("eq-sinkhorn-divergence", tex="908bf0c4")
def test_the_debiased_divergence():
    """Zero for equal heaps, positive else; OT(p, p) itself is not zero."""
    points = np.linspace(0, 1, 6)
    for seed, r in itertools.product((0, 1), (1, 2)):
        c = apart(points, points) ** r
        p, q = rng(seed).dirichlet(np.ones(6), 2)
        OT = lambda a, b, c=c: blurred_cost(a, b, c, blurred(a, b, c, 0.1)[2], 0.1)
        S = lambda a, b, OT=OT: OT(a, b) - OT(a, a) / 2 - OT(b, b) / 2
        assert S(p, q) > 1e-6 and abs(S(p, p)) < 1e-12 and OT(p, p) > 1e-3
