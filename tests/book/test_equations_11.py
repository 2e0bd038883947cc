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

from formula import Operator

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


def best_heights(p, q, c):
    """h with the largest sum h (p - q) over h(x) - h(y) <= c(x, y), by a linear programme."""
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
    return found.x


def best_lipschitz(p, q, c):
    """The largest gain, at those heights."""
    return best_heights(p, q, c) @ (p - q)


def ot_prices(f, c):
    """The highest prices of the columns, by a linear programme: g_j <= c_ij - f_i."""
    n, m = c.shape
    rows, right = np.tile(np.eye(m), (n, 1)), (c - f[:, None]).ravel()
    return linprog(-np.ones(m), A_ub=rows, b_ub=right, bounds=(None, None)).x


def matched(x, y, r=1):
    cost = apart(x, y) ** r
    return cost[linear_sum_assignment(cost)].mean()


SEEDS, GRID = range(5), np.linspace(-20, 20, 400_001)
W1, WC = "W_1(p,q)", "W_c(p,q)"


def problem_names(p, q, c, **more):
    """Masses, costs and the ranges of their indices."""
    return {"p": p, "q": q, "c": c, "i": range(1, len(p) + 1), "j": range(1, len(q) + 1), **more}


# ------------------------------------------------------------------------ plans and prices


@pytest.mark.equation("eq-plan", tex="8d9d17cd")
@pytest.mark.equation("eq-primal", tex="5dbdf592")
def test_the_cheapest_plan(printed):
    """Sums of the plan, no plan of many random ones is cheaper, and POT finds the same cost."""
    for seed in SEEDS:
        p, q, c = heaps(seed)
        cost = primal(p, q, c)[0]
        plan = ot.emd(p, q, c)  # by another solver
        names = problem_names(
            p, q, c, **{r"\pi": plan, r"\min_\pi": Operator(lambda v: v), WC: cost}
        )
        for i, j in np.ndindex(c.shape):
            assert printed("eq-plan").holds({**names, "i": i + 1, "j": j + 1}, only=[0])
        for i in range(1, len(p) + 1):
            assert printed("eq-plan").holds({**names, "i": i}, only=[1])
        for j in range(1, len(q) + 1):
            assert printed("eq-plan").holds({**names, "j": j}, only=[2])
        assert printed("eq-primal").holds(names)
        for k in range(50):
            other = ot.sinkhorn(p, q, rng(k).random(c.shape), 0.3, stopThr=1e-12)
            assert cost < printed("eq-primal").side({**names, r"\pi": other})


@pytest.mark.equation("eq-w1", tex="8c9b4cf5")
@pytest.mark.equation("eq-wr", tex="161b46a6")
def test_wasserstein_distances_as_couplings(printed):
    """The best of all 120 pairings of five points is the linear programme's, for r = 1, 2, 3."""
    for seed, r in itertools.product(SEEDS, (1, 2, 3)):
        x, y = rng(seed).normal(size=(2, 5, 2))
        c = apart(x, y) ** r
        # every pairing of five points is a coupling; the best is the linear programme's
        best = math.inf
        for s in itertools.permutations(range(5)):
            names = {"r": r, "x": x, "y": y[list(s)], r"\mathbb E_{\pi}": Operator(np.mean)}
            names |= {r"\inf_{\pi}": 1, r"\mathbb E_{(x,y)\sim\pi}": Operator(np.mean)}
            best = min(best, printed("eq-wr").side(names))
            if r == 1:
                length = np.linalg.norm(x - y[list(s)], axis=1).sum() / 5
                assert printed("eq-w1").side(names) == pytest.approx(length)
        assert best == pytest.approx(ot.emd2([], [], c) ** (1 / r))
        assert best**r == pytest.approx(primal(np.full(5, 0.2), np.full(5, 0.2), c)[0])
        stretched = primal(np.full(5, 0.2), np.full(5, 0.2), apart(3 * x, 3 * y) ** r)[0]
        assert 3 * best == pytest.approx(stretched ** (1 / r))  # the root makes it a length


@pytest.mark.equation("eq-fair-prices", tex="3cacd840")
@pytest.mark.equation("eq-dual", tex="65908cdf")
@pytest.mark.equation("eq-strong-duality", tex="4fdd86c7")
def test_the_best_prices_earn_what_the_best_plan_costs(printed):
    """Two separate linear programmes with one value; all prices keep the promise."""
    for seed in range(20):
        p, q, c = heaps(seed)
        income, f, g = dual(p, q, c)
        names = problem_names(p, q, c, f=f, g=g, **{r"\max_{f,g}": Operator(lambda v: v)})
        names |= {"D_c(p,q)": income, WC: ot.emd2(p, q, c)}
        for i, j in np.ndindex(c.shape):
            assert printed("eq-fair-prices").holds({**names, "i": i + 1, "j": j + 1}, abs=1e-9)
        assert printed("eq-dual").holds(names) and printed("eq-strong-duality").holds(names)
        # a price a little higher breaks the promise somewhere: it is needed, and it binds
        for i in range(len(p)):
            raised = {**names, "f": f + 1e-6 * np.eye(len(p))[i]}
            kept = [
                bool(printed("eq-fair-prices").holds({**raised, "i": i + 1, "j": j}))
                for j in range(1, len(q) + 1)
            ]
            assert not all(kept)


@pytest.mark.equation("eq-weak-duality", tex="544e47d1")
def test_no_admissible_prices_beat_any_plan(printed):
    """Random plans, random prices lowered until they keep the promise; the gap step by step."""
    for seed in range(50):
        p, q, c = heaps(seed)
        f = rng(seed + 1).normal(size=5)
        g = (c - f[:, None]).min(0) - rng(seed + 2).random(6)
        plan = np.outer(p, q)
        names = problem_names(p, q, c, f=f, g=g, **{r"\pi": plan})
        formula = printed("eq-weak-duality")
        gap = formula.side(names) - formula.side(names, side=0)
        assert formula.holds(names)
        assert gap == pytest.approx((plan * (c - f[:, None] - g)).sum()) and gap > 0
        tight = {**names, "c": f[:, None] + g}  # no slack anywhere: equality
        assert formula.side(tight) == pytest.approx(formula.side(tight, side=0))


@pytest.mark.equation("eq-slackness", tex="24f902c8")
def test_earth_moves_only_at_full_price(printed):
    """At the optimum no slack where the plan moves; one wrong way opens a gap."""
    for seed in SEEDS:
        p, q, c = heaps(seed)
        cost, plan = primal(p, q, c)
        income, f, g = dual(p, q, c)
        slack = c - f[:, None] - g
        assert (slack > 1e-6).any() and (plan > 1e-6).sum() >= 5
        moved = np.where(plan > 1e-9, plan, 0)
        names = problem_names(p, q, c, f=f, g=g, **{r"\pi": moved})
        for i, j in np.ndindex(c.shape):
            here = {**names, "i": i + 1, "j": j + 1}
            assert printed("eq-slackness").holds(here, abs=1e-9)
        assert (c * np.outer(p, q)).sum() - income > 1e-3


@pytest.mark.equation("eq-shadow-price", tex="7d5deed2")
def test_prices_are_slopes(printed):
    """The cost stays above the line with slope g_j - g_k, and touches it for a small change."""
    p, q, c = heaps(3)
    cost, f, g = dual(p, q, c)
    for j, k in itertools.permutations(range(6), 2):
        for step in (1e-7, 0.3 * q[k], 0.9 * q[k]):
            moved = q.copy()
            moved[j] += step
            moved[k] -= step
            rise = dual(p, moved, c)[0] - cost
            names = {"W_c(p,q')": cost + rise, WC: cost, "g": g, "j": j + 1, "k": k + 1}
            assert printed("eq-shadow-price").holds({**names, r"\varepsilon": step})
            if step == 1e-7:
                assert rise / step == pytest.approx(g[j] - g[k], abs=1e-5)


# ------------------------------------------------------------------------ one function


@pytest.mark.equation("eq-c-transform", tex="3602b0c6")
def test_the_highest_admissible_prices(printed):
    """The transform keeps the promise; any price a little higher breaks it; thrice is once."""
    transform = lambda f, c: np.min(c - f[:, None], axis=0)
    for seed in SEEDS:
        _, _, c = heaps(seed)
        f = rng(seed).normal(size=5)
        g = transform(f, c)
        for j in range(1, 7):
            names = {"c": c, "f": f, "i": range(1, 6), "j": j, "f^c_j": ot_prices(f, c)[j - 1]}
            assert printed("eq-c-transform").holds(names, abs=1e-9)
        assert (f[:, None] + g <= c + 1e-12).all()
        assert ((f[:, None] + g + 1e-6 > c).any(0)).all()
        back = transform(g, c.T)
        assert (back >= f - 1e-12).all() and np.allclose(transform(back, c), g)


@pytest.mark.equation("eq-kr-finite", tex="2d203e62")
def test_one_function_is_enough_for_a_metric(printed):
    """The programme over 1-Lipschitz functions equals the transport cost on common points."""
    for seed in SEEDS:
        points = rng(seed).normal(size=(6, 2))
        p, q = rng(seed).dirichlet(np.ones(6), 2)
        c = apart(points, points)
        earned, h = best_lipschitz(p, q, c), best_heights(p, q, c)
        at = lambda values: lambda x: values[x]
        names = {"h": at(h), "p": at(p), "q": at(q), "x": list(range(6)), W1: ot.emd2(p, q, c)}
        names[r"\max_{h\in\mathrm{Lip}_1}"] = Operator(lambda v: v)
        assert printed("eq-kr-finite").holds(names) and earned == pytest.approx(names[W1])


@pytest.mark.equation("eq-lipschitz-transform", tex="6c5e7554")
def test_the_transform_of_a_lipschitz_function(printed):
    """It is minus the function; every transform is 1-Lipschitz; a steep function is not minus."""
    for seed in SEEDS:
        points = rng(seed).normal(size=(7, 2))
        c = apart(points, points)
        f = 5 * rng(seed).normal(size=7)
        h = (c - f[:, None]).min(0)
        assert (h[:, None] - h <= c + 1e-12).all()
        for j in range(7):
            names = {"h^c": (c - h[:, None]).min(0)[j], "h": h[j]}
            assert printed("eq-lipschitz-transform").holds(names)
        assert not np.allclose(h, -f)


@pytest.mark.equation("eq-squared-cost", tex="10565f9e")
def test_a_squared_cost_needs_two_functions(printed):
    """Points 0, 1, 2: the transport costs 4, one function earns 2."""
    points = np.arange(3.0)
    c = (points[:, None] - points) ** 2
    p, q = np.eye(3)[0], np.eye(3)[2]
    h = best_heights(p, q, c)
    names = {"W_c": primal(p, q, c)[0], "h": lambda x: h[x], r"\max_h": Operator(lambda v: v)}
    assert printed("eq-squared-cost").holds(names)
    for n in (2, 5, 9):  # exercise 7: 1/n against 1
        grid = np.linspace(0, 1, n + 1)
        c = (grid[:, None] - grid) ** 2
        assert best_lipschitz(np.eye(n + 1)[0], np.eye(n + 1)[-1], c) == pytest.approx(1 / n)


@pytest.mark.equation("eq-kantorovich-rubinstein", tex="da0d7e6d")
@pytest.mark.equation("eq-kr-easy", tex="288dccac")
def test_critics_of_two_densities_on_a_line(printed):
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
    best = lambda t: -np.abs(t + 1)  # F and G cross at -1
    pairs = {r"\mathbb E_\pi": Operator(np.mean), "x": x[:, None], "y": y[:, None]}
    for h in (*critics, best):
        gain = {r"\mathbb E_p[h]": h(x).mean(), r"\mathbb E_q[h]": h(y).mean(), "h": h}
        assert printed("eq-kr-easy").holds({**pairs, **gain})
        assert abs(h(x).mean() - h(y).mean()) <= w1 + 1e-12
        assert printed("eq-kr-easy").side(pairs) == pytest.approx(w1)  # monotone: the best coupling
    steeper = {"h": lambda t: 1.01 * best(t)}  # the bound needs the slope 1
    steeper |= {r"\mathbb E_p[h]": 1.01 * best(x).mean(), r"\mathbb E_q[h]": 1.01 * best(y).mean()}
    assert not printed("eq-kr-easy").holds({**pairs, **steeper})
    area = np.trapezoid(np.abs(norm.cdf(GRID) - norm.cdf(GRID, 1, 2)), GRID)
    names = {W1: area, r"\sup_{\lVert h\rVert_L\le1}": Operator(lambda v: v)}
    names |= {r"\mathbb E_p[h]": best(x).mean(), r"\mathbb E_q[h]": best(y).mean()}
    assert printed("eq-kantorovich-rubinstein").holds(names, abs=1e-4)


@pytest.mark.equation("eq-triangle", tex="91bda41f")
def test_wasserstein_is_a_metric(printed):
    """Triangle inequality, symmetry, zero for equal heaps only; on points of the plane."""
    for seed in SEEDS:
        points = rng(seed).normal(size=(5, 2))
        c = apart(points, points)
        p, q, s = rng(seed).dirichlet(np.ones(5), 3)
        W = lambda a, b, c=c: primal(a, b, c)[0]
        assert printed("eq-triangle").holds({"W_1": W, "p": p, "q": q, "s": s})
        middle = (p + s) / 2  # on the way from p to s: equality
        assert W(p, s) == pytest.approx(
            printed("eq-triangle").side({"W_1": W, "p": p, "q": middle, "s": s})
        )
        assert W(p, q) == pytest.approx(W(q, p)) and W(p, q) > 1e-3
        assert W(p, p) == pytest.approx(0, abs=1e-12)


# ------------------------------------------------------------------------ Lipschitz


@pytest.mark.equation("eq-lipschitz", tex="707fa894")
@pytest.mark.equation("eq-absolute-value", tex="20d1fc70")
def test_the_absolute_value_is_1_lipschitz(printed):
    """Chords between random points, up to slope 1 and not less."""
    x, y = rng(0).normal(size=(2, 10_000))
    names = {"x": x[:, None], "y": y[:, None], "h": lambda t: np.abs(t[:, 0])}
    assert printed("eq-absolute-value").holds({"x": x, "y": y})
    assert printed("eq-lipschitz").holds({**names, "K": 1})
    for formula, found in (
        (printed("eq-absolute-value"), {"x": x, "y": y}),
        (printed("eq-lipschitz"), {**names, "K": 1}),
    ):  # on one side of 0 the bound is attained, and a smaller one is false
        ratio = formula.side(found, side=0) / formula.side(found)
        assert ratio.max() == pytest.approx(1) and (np.abs(ratio[x * y > 0] - 1) < 1e-6).all()
    assert not printed("eq-lipschitz").holds({**names, "K": 0.99})


@pytest.mark.equation("eq-square-root", tex="1dc12b3e")
def test_the_square_root_has_no_steepest_chord(printed):
    """The chord from 0 to t has slope 1/sqrt(t), which passes every bound."""
    t = 10.0 ** -np.arange(1, 12)
    formula = printed("eq-square-root")
    slopes = (np.sqrt(t) - 0) / (t - 0)
    assert formula.side({"t": t}, side=0) == pytest.approx(slopes)
    assert formula.side({"t": t}, side=1) == pytest.approx(slopes)
    assert (np.diff(slopes) > 0).all()
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
def test_on_a_line_neighbours_suffice(printed):
    """The steepest of all chords is the steepest of the short ones."""
    for seed in SEEDS:
        x = np.sort(rng(seed).normal(size=12))
        h = rng(seed).normal(size=12)
        names, formula = {"h": h, "x": x, "j": range(1, 13)}, printed("eq-neighbours")
        everywhere = formula.side({**names, "i": range(1, 13)}, side=0)
        chords = np.abs(h[:, None] - h) / (np.abs(x[:, None] - x) + np.diag(np.full(12, np.inf)))
        assert everywhere == pytest.approx(chords.max())
        assert formula.side({**names, "i": range(1, 12)}) == pytest.approx(everywhere)


# ------------------------------------------------------------------------ on a line


@pytest.mark.equation("eq-line", tex="31f2b500")
def test_the_area_between_the_distribution_functions(printed):
    """Vertical and horizontal slices for two normals, and scipy on weighted points."""
    t, u = np.linspace(-15, 15, 300_001), (np.arange(200_000) + 0.5) / 200_000
    for m, s in ((1, 1), (0.5, 2), (-2, 0.3)):
        one, other = norm(), norm(m, s)
        names = {"F": one.cdf, "G": other.cdf, "F^{-1}": one.ppf, "G^{-1}": other.ppf}
        vertical = np.trapezoid(np.abs(one.cdf(t) - other.cdf(t)), t)
        slices = [printed("eq-line").side(names, side=k) for k in (1, 2)]
        assert slices == pytest.approx([vertical] * 2, abs=1e-3)
        drawn = wasserstein_distance(one.ppf(u[::20]), other.ppf(u[::20]))
        assert vertical == pytest.approx(drawn, abs=3e-3)
    for seed in SEEDS:
        x = np.sort(rng(seed).normal(size=8))
        p, q = rng(seed).dirichlet(np.ones(8), 2)
        area = (np.abs(np.cumsum(p - q))[:-1] * np.diff(x)).sum()
        assert area == pytest.approx(wasserstein_distance(x, x, p, q))
        assert area == pytest.approx(primal(p, q, apart(x, x))[0])


@pytest.mark.equation("eq-line-potential", tex="03b11afd")
def test_the_price_with_slope_one(printed):
    """h with h' = sign(G - F) earns the area, step by step of the proof, for two normals."""
    t = np.linspace(-20, 20, 400_001)
    F, G = norm.cdf(t), norm.cdf(t, 1, 2)
    slope = printed("eq-line-potential").side({"F(x)": F, "G(x)": G})
    h = np.concatenate([[0], np.cumsum((slope[1:] + slope[:-1]) / 2 * np.diff(t))])
    earned = np.trapezoid(h * (norm.pdf(t) - norm.pdf(t, 1, 2)), t)
    assert earned == pytest.approx(np.trapezoid(slope * (G - F), t), abs=1e-4)
    assert earned == pytest.approx(np.trapezoid(np.abs(F - G), t), abs=1e-4)


@pytest.mark.equation("eq-sorted", tex="b15a7bca")
def test_samples_are_sorted(printed):
    """Sorted pairing equals the best of all pairings."""
    for seed in SEEDS:
        x, y = rng(seed).normal(size=(2, 40))
        assert printed("eq-sorted").holds({"n": 40, "x": x, "y": y, "W_1": matched(x, y)})


@pytest.mark.equation("eq-monotone-plan", tex="64186e03")
def test_the_plan_that_shares_levels(printed):
    """It is a plan, and as cheap as POT's for |x - y| and (x - y)^2."""
    for seed in SEEDS:
        p, q = rng(seed).dirichlet(np.ones(7), 2)
        sums = {"P": dict(enumerate([0, *np.cumsum(p)])), "Q": dict(enumerate([0, *np.cumsum(q)]))}
        formula, plan = printed("eq-monotone-plan"), np.zeros((7, 7))
        for i, j in np.ndindex(7, 7):
            names = {**sums, "i": i + 1, "j": j + 1}
            b, a = formula.side(names, 1), formula.side(names, 2)
            plan[i, j] = formula.side({"a": a, "b": b})
        assert np.allclose(plan.sum(1), p) and np.allclose(plan.sum(0), q)
        x = np.sort(rng(seed).normal(size=7))
        for r in (1, 2):
            c = apart(x, x) ** r
            assert (c * plan).sum() == pytest.approx(ot.emd2(p, q, c))


# ------------------------------------------------------------------------ formulas


@pytest.mark.equation("eq-w2-gaussians", tex="4f3659e8")
def test_w2_of_two_normals_by_quantiles(printed):
    """The mean squared distance of quantiles; the sigmas, not the variances."""
    u = (np.arange(400_000) + 0.5) / 400_000
    for m1, s1, m2, s2 in ((0, 1, 0, 4), (1, 2, -1, 0.5)):
        squared = ((norm.ppf(u, m1, s1) - norm.ppf(u, m2, s2)) ** 2).mean()
        names = {r"\mu_1": m1, r"\mu_2": m2, r"\sigma_1": s1, r"\sigma_2": s2, "W_2^2": squared}
        assert printed("eq-w2-gaussians").holds(names, rel=1e-3)


@pytest.mark.equation("eq-bures", tex="04e9d27f")
def test_w2_of_gaussians_in_space(printed):
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
        names = {r"\mu_1": m1, r"\mu_2": m2, "tr": Operator(np.trace), "W_2^2": cost}
        names |= {"S_1": S1, "S_2": S2, "S_1^{1/2}": r1}
        names[r"(S_1^{1/2}S_2S_1^{1/2})^{1/2}"] = middle
        assert printed("eq-bures").holds(names)
        assert cost == pytest.approx(ot.gaussian.bures_wasserstein_distance(m1, m2, S1, S2) ** 2)


@pytest.mark.equation("eq-shift", tex="7f5d265d")
def test_a_shift_costs_its_length(printed):
    """Random points in one to four dimensions, moved by a vector."""
    for seed, d in itertools.product(SEEDS, (1, 2, 4)):
        x, a = rng(seed).normal(size=(30, d)), rng(seed + 9).normal(size=d)
        assert printed("eq-shift").holds({W1: matched(x, x + a), "a": a})
        h = lambda t, a=a: -t @ a / np.linalg.norm(a)
        assert h(x).mean() - h(x + a).mean() == pytest.approx(np.linalg.norm(a))


def jsd(p, q):
    m = (p + q) / 2
    return (rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2


@pytest.mark.equation("eq-parallel-lines", tex="f949b348")
def test_parallel_lines(printed):
    """Points on two parallel lines: W1 = |theta| by the linear programme, the others stuck."""
    n = 12
    heights = np.linspace(0, 1, n)
    even = np.full(n, 1 / n)
    p, q = np.r_[even, np.zeros(n)], np.r_[np.zeros(n), even]
    for theta in (-2, -0.3, 0.001, 0.5, 3):
        here, there = np.c_[np.zeros(n), heights], np.c_[np.full(n, theta), heights]
        names = {"W_1": primal(even, even, apart(here, there))[0], r"\theta": theta}
        names |= {"JSD": jsd(p, q), "KL": entropy(p, q), "TV": np.abs(p - q).sum() / 2}
        assert printed("eq-parallel-lines").holds(names, abs=1e-9)


@pytest.mark.equation("eq-continuity", tex="fb25dcec")
def test_w1_moves_no_faster_than_the_generator(printed):
    """A generator of five parameters, its points for two settings, and exact W1 to the data."""
    z, data = rng(0).normal(size=(60, 2)), rng(1).normal(size=(60, 2))
    G = lambda t: np.tanh(z @ t[:4].reshape(2, 2)) * t[4]
    for seed in range(20):
        t, s = rng(seed).normal(size=(2, 5))
        names = {r"W_1(p,p_\theta)": matched(data, G(t)), r"\mathbb E_z": Operator(np.mean)}
        names |= {r"W_1(p,p_{\theta'})": matched(data, G(s)), r"G_\theta(z)": G(t)}
        assert printed("eq-continuity").holds({**names, r"G_{\theta'}(z)": G(s)})
    # a generator that shifts the data by a vector, once and twice: the bound is attained
    shift = np.array([0.6, -0.8])
    names = {r"W_1(p,p_\theta)": matched(data, data + shift), r"G_\theta(z)": data + shift}
    names |= {
        r"W_1(p,p_{\theta'})": matched(data, data + 2 * shift),
        r"\mathbb E_z": Operator(np.mean),
    }
    names[r"G_{\theta'}(z)"] = data + 2 * shift
    formula = printed("eq-continuity")
    assert formula.holds(names)
    assert formula.side(names, side=0) == pytest.approx(formula.side(names)) == pytest.approx(1)


# ------------------------------------------------------------------------ samples


@pytest.mark.equation("eq-sample-bias", tex="762bb09d")
def test_samples_exaggerate(printed):
    """The mean over many pairs of samples exceeds the true W1: 0, and 0.3 for a shift."""
    for shift in (0, 0.3):
        drawn = [
            wasserstein_distance(rng(k).normal(size=20), shift + rng(k + 5000).normal(size=20))
            for k in range(1000)
        ]
        standard_error = np.std(drawn) / math.sqrt(1000)
        names = {r"\mathbb EW_1(\hat p,\hat q)": np.mean(drawn) - 4 * standard_error}
        assert printed("eq-sample-bias").holds({**names, W1: shift})
    far = [  # far apart the excess vanishes: the mean is the shift itself
        wasserstein_distance(rng(k).normal(size=20), 9 + rng(k + 5000).normal(size=20))
        for k in range(1000)
    ]
    assert np.mean(far) == pytest.approx(9, abs=4 * np.std(far) / math.sqrt(1000))


@pytest.mark.equation("eq-sample-cost", tex="b97a0952")
def test_cost_of_a_sample_on_a_line(printed):
    """Uniform samples: the mean of the exact area lies under pi/8/sqrt(n), and not far."""
    t = np.linspace(0, 1, 20_001)
    assert np.trapezoid(np.sqrt(t * (1 - t)), t) == pytest.approx(math.pi / 8, abs=1e-5)
    for n in (1, 10, 100):
        areas = [
            np.trapezoid(np.abs(np.searchsorted(np.sort(rng(k).random(n)), t) / n - t), t)
            for k in range(400)
        ]
        names = {r"\mathbb EW_1(\hat p,p)": np.mean(areas), "n": n, "F": lambda x: x, "x": t}
        assert printed("eq-sample-cost").holds(names)
        bound = printed("eq-sample-cost").side(names)
        assert bound == pytest.approx(math.pi / 8 / math.sqrt(n), rel=1e-4)
        assert 0.6 * bound < np.mean(areas) < bound
    # a fair coin and one draw: |F_n - F| is 1/2 for certain, the root's expectation; equality
    t = np.linspace(0, 1, 3)
    names = {r"\mathbb EW_1(\hat p,p)": 0.5, "n": 1, "F": lambda x: np.full(3, 0.5), "x": t}
    assert printed("eq-sample-cost").side(names) == pytest.approx(0.5)
    assert printed("eq-sample-cost").holds(names)


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
def test_sinkhorn_finds_the_best_blurred_plan(printed):
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
        names = problem_names(p, q, c, f=f, g=g, **{r"\varepsilon": blur, r"\pi": plan})
        for i, j in np.ndindex(c.shape):
            here = {**names, "i": i + 1, "j": j + 1}
            assert printed("eq-gibbs-plan").holds(here)
            assert printed("eq-sinkhorn").holds({**names, "i": i + 1}, abs=1e-7)
        least = blurred_cost(p, q, c, plan, blur)
        names |= {
            r"\min_\pi": 1,
            r"\mathrm{KL}(\pi\|p\otimes q)": rel_entr(plan, np.outer(p, q)).sum(),
        }
        names[r"\mathrm{OT}_\varepsilon(p,q)"] = f @ p + g @ q  # the dual value
        assert printed("eq-entropic").holds(names, abs=1e-8)
        assert least == pytest.approx(f @ p + g @ q, abs=1e-8)
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
def test_the_bias_of_the_blurred_plan(printed):
    """Between 0 and blur times the smaller entropy; and it grows with the blur."""
    for seed in SEEDS:
        p, q, c = heaps(seed)
        exact, plan = primal(p, q, c)
        information = rel_entr(plan.clip(0), np.outer(p, q)).sum()
        assert 0 <= information <= min(entropy(p), entropy(q)) + 1e-12
        excess = []
        for blur in (0.05, 0.2, 1.0):
            names = problem_names(p, q, c, **{r"\pi": blurred(p, q, c, blur)[2], WC: exact})
            names |= {"H(p)": entropy(p), "H(q)": entropy(q), r"\varepsilon": blur}
            assert printed("eq-sinkhorn-bias").holds(names)
            excess.append(printed("eq-sinkhorn-bias").side(names, side=1))
        assert 0 <= excess[0] < excess[1] < excess[2]
    # The step that makes the bound: the exact plan's information, here all of the entropy.
    n = 6
    p = q = np.full(n, 1 / n)
    plan = np.eye(n) / n
    names = {"H(p)": entropy(p), "H(q)": entropy(q) + 1, r"\varepsilon": 1}
    information = rel_entr(plan, np.outer(p, q)).sum()
    assert printed("eq-sinkhorn-bias").side(names) == pytest.approx(information)
    swapped = {**names, "H(p)": entropy(p) + 1, "H(q)": entropy(q)}  # the smaller of the two
    assert printed("eq-sinkhorn-bias").side(swapped) == pytest.approx(information)

    # Masses 1/m, cost 0 on the diagonal and 1 off it: the blurred plan is known by symmetry, and
    # for many points it comes near the bound; half of the bound is false.
    def leaves(m, blur):
        off = (m - 1) * math.exp(-1 / blur)
        return off / (1 + off)

    even, c = np.full(5, 0.2), 1 - np.eye(5)
    assert (c * blurred(even, even, c, 0.4)[2]).sum() == pytest.approx(leaves(5, 0.4))
    m = 10**6
    blur = 1 / (0.8 * math.log(m))
    names = {"H(p)": math.log(m), "H(q)": math.log(m), r"\varepsilon": blur}
    assert 0.7 < leaves(m, blur) / printed("eq-sinkhorn-bias").side(names) <= 1


@pytest.mark.equation("eq-sinkhorn-divergence", tex="908bf0c4")
def test_the_debiased_divergence(printed):
    """Zero for equal heaps, positive else; OT(p, p) itself is not zero."""
    points = np.linspace(0, 1, 6)
    for seed, r in itertools.product((0, 1), (1, 2)):
        c = apart(points, points) ** r
        p, q = rng(seed).dirichlet(np.ones(6), 2)
        OT = lambda a, b, c=c: blurred_cost(a, b, c, blurred(a, b, c, 0.1)[2], 0.1)
        pq, pp, qq = OT(p, q), OT(p, p), OT(q, q)
        formula, OT_of = printed("eq-sinkhorn-divergence"), r"\mathrm{OT}_\varepsilon(%s,%s)"
        value = lambda pq, pp, qq, formula=formula, name=OT_of: formula.side(
            {name % ("p", "q"): pq, name % ("p", "p"): pp, name % ("q", "q"): qq}
        )
        assert value(pq, pp, qq) > 1e-6 and abs(value(pp, pp, pp)) < 1e-12 and pp > 1e-3
        assert pq > value(pq, pp, qq) == pytest.approx(pq - (pp + qq) / 2)
