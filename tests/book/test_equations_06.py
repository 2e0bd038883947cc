"""Chapter 06, equation by equation: recomputed with numpy and scipy, never with gancourse."""

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.spatial.distance
import scipy.special
from scipy.stats import norm, wasserstein_distance

from formula import Operator

X = np.linspace(-25, 25, 25_001)
JSD, KL_G, KL = r"\mathrm{JSD}(p\|p_g)", r"\mathrm{KL}(p_g\|p)", r"\mathrm{KL}"
LOG2 = math.log(2)
rng = np.random.default_rng


def integral(values):
    return float(scipy.integrate.trapezoid(values, X))


def kl(p, q):
    """On the grid, with 0 log 0 = 0."""
    return integral(scipy.special.rel_entr(p, q))


def jsd(p, q):
    m = (p + q) / 2
    return kl(p, m) / 2 + kl(q, m) / 2


def kl_discrete(p, q):
    return float(scipy.special.rel_entr(p, q).sum())


def jsd_discrete(p, q):
    m = (p + q) / 2
    return kl_discrete(p, m) / 2 + kl_discrete(q, m) / 2


def value_discrete(D, p, pg):
    return float(scipy.special.xlogy(p, D).sum() + scipy.special.xlog1py(pg, -D).sum())


def value(D, p, pg):
    return integral(scipy.special.xlogy(p, D) + scipy.special.xlog1py(pg, -D))


def random_pair(seed, n=6):
    return rng(seed).dirichlet(np.ones(n), size=2)


def slope(f, at, h=1e-5):
    return (f(at + h) - f(at - h)) / (2 * h)


P = norm.pdf(X)
PG = norm.pdf(X, 1.5, 0.8)
SETTINGS = [(1.5, 0.8), (-2.0, 1.3), (0.3, 1.0)]


def d_star(p, pg):
    return p / np.maximum(p + pg, 1e-300)


def partials(f, mu, sigma):
    """Numerical derivatives of f(mu, sigma) in both arguments."""
    return np.array([slope(lambda m: f(m, sigma), mu), slope(lambda s: f(mu, s), sigma)])


def mean_under(weights):
    """The expectation of a list of values under probabilities on the same points."""
    return Operator(lambda v: float((weights * v).sum()))


# ------------------------------------------------------------------------ the discriminator


@pytest.mark.equation("eq-value-integral", tex="5e943e10")
def test_the_value_is_an_integral_over_x(printed):
    """Averages over samples G(z) and x, as evenly spaced quantiles, against the integral."""
    quantiles = (np.arange(200_000) + 0.5) / 200_000
    x, fake = norm.ppf(quantiles), 1.5 + 0.8 * norm.ppf(quantiles)
    for seed in range(3):
        a, b, c = rng(seed).normal(size=3)
        D = lambda t, a=a, b=b, c=c: scipy.special.expit(a + b * np.sin(t) + c * t)
        average = np.log(D(x)).mean() + np.log(1 - D(fake)).mean()
        names = {"p": P, "p_g": PG, "D": D(X), "x": X}
        assert printed("eq-value-integral").side(names) == pytest.approx(average, abs=1e-4)


@pytest.mark.equation("eq-d-star", tex="c204cbc0")
def test_no_discriminator_beats_the_ratio(printed):
    """Exhaustive search over D at every point of a discrete space, zeros included."""
    ys = np.linspace(0, 1, 10_001)
    for p, pg in [random_pair(1), random_pair(2), np.array([[0.5, 0.5, 0, 0], [0, 0.25, 0.75, 0]])]:
        with np.errstate(divide="ignore", invalid="ignore"):
            D = printed("eq-d-star").side({"p(x)": p, "p_g(x)": pg})
            D = np.where(p + pg > 0, D, 0.5)
            reward = scipy.special.xlogy(p[:, None], ys) + scipy.special.xlog1py(pg[:, None], -ys)
        best = ys[reward.argmax(1)]
        lives = p + pg > 0
        assert np.abs(best - D)[lives].max() <= 1e-4
        assert value_discrete(D, p, pg) >= reward.max(1).sum() - 1e-12
        assert np.ptp(reward[~lives]) == 0 if (~lives).any() else True
        assert value_discrete(D, p, pg) >= -math.log(4) - 1e-12


@pytest.mark.equation("eq-pointwise-optimum", tex="614cfaae")
@pytest.mark.parametrize("a, b", [(4, 1), (1, 1), (0.03, 2.0), (1, 0), (0, 1)])
def test_the_best_bet_at_one_point(a, b, printed):
    """A numerical maximiser, first and second differences, and the two edges."""
    f = lambda y: float(scipy.special.xlogy(a, y) + scipy.special.xlog1py(b, -y))
    best = scipy.optimize.minimize_scalar(
        lambda y: -f(y), bounds=(0, 1), method="bounded", options={"xatol": 1e-10}
    ).x
    y = printed("eq-pointwise-optimum").side({"a": a, "b": b})
    assert best == pytest.approx(y, abs=1e-5)
    for t in (0.2, 0.5, 0.9):  # the two displayed derivatives
        assert slope(f, t, 1e-6) == pytest.approx((a - (a + b) * t) / (t * (1 - t)), abs=1e-7)
        second = (f(t + 1e-4) - 2 * f(t) + f(t - 1e-4)) / 1e-8
        assert second == pytest.approx(-a / t**2 - b / (1 - t) ** 2, rel=1e-5)
    if a and b:
        h = 1e-4 * min(y, 1 - y)
        second = (f(y + h) - 2 * f(y) + f(y - h)) / h**2
        names = {"a": a, "b": b, "y^*": best, "f''(y^*)": second}
        assert printed("eq-pointwise-optimum").holds(names, rel=1e-4, abs=1e-5)


@pytest.mark.equation("eq-value-gap", tex="812f7fb5")
def test_what_a_worse_discriminator_loses(printed):
    """The difference of two values against the averaged divergence of coin flips."""
    D_star, m = d_star(P, PG), (P + PG) / 2
    middle = (X > -6) & (X < 7)  # beyond, the densities are below 1e-8
    for seed in range(4):
        a, b = rng(seed).normal(size=2)
        D = scipy.special.expit(a + b * X / 2)
        with np.errstate(divide="ignore"):
            flips = scipy.special.rel_entr(D_star, D) + scipy.special.rel_entr(1 - D_star, 1 - D)
        score = np.log(P[middle]) - np.log(PG[middle])
        log_D, log_not = -np.logaddexp(0, -score), -np.logaddexp(0, score)
        best = np.zeros_like(X)
        best[middle] = P[middle] * log_D + PG[middle] * log_not
        names = {"V(D^*,G)": integral(best), "V(D,G)": value(D, P, PG)}
        names[r"\mathbb E_{m}"] = Operator(lambda v: integral(m * v))
        names[r"\mathrm{kl}(D^*\|D)"] = flips
        assert printed("eq-value-gap").holds(names, abs=1e-6)
        assert integral(best) > value(D, P, PG)


@pytest.mark.equation("eq-d-star-measure", tex="f4e05d9a")
def test_distributions_with_atoms(printed):
    """P and P_g mix an atom and a uniform density; D may take one value on each part."""
    for P_parts, Pg_parts in [((0.5, 0.5), (0.75, 0.25)), ((0.0, 1.0), (1.0, 0.0))]:

        def negative_value(D, P_parts=P_parts, Pg_parts=Pg_parts):
            return -value_discrete(np.asarray(D), np.array(P_parts), np.array(Pg_parts))

        found = scipy.optimize.minimize(negative_value, [0.4, 0.6], bounds=[(1e-9, 1 - 1e-9)] * 2)
        for D, mass, mass_g in zip(found.x, P_parts, Pg_parts, strict=True):
            dP_dM = mass / ((mass + mass_g) / 2)
            dPg_dM = mass_g / ((mass + mass_g) / 2)
            assert dP_dM + dPg_dM == pytest.approx(2)
            names = {"D^*": D, r"\frac{dP}{dM}": dP_dM}
            assert printed("eq-d-star-measure").holds(names, abs=1e-5)


def smooth_discriminator(seed):
    a, b, c = rng(seed).normal(size=3)
    D = 0.1 + 0.8 * scipy.special.expit(a + b * np.sin(X) + c * np.cos(2 * X))
    return D, 0.05 * np.sin(b + a * X)  # a discriminator in [0.1, 0.9] and a bounded direction


@pytest.mark.equation("eq-first-variation", tex="530c569b")
@pytest.mark.parametrize("seed", range(3))
def test_first_variation(seed, printed):
    """The derivative of V along a direction, by central differences."""
    D, eta = smooth_discriminator(seed)
    along = slope(lambda e: value(D + e * eta, P, PG), 0.0)
    names = {"p": P, "p_g": PG, "D": D, r"\eta": eta, "x": X, r"\delta V[\eta]": along}
    names[r"\frac{d}{d\varepsilon}V(D+\varepsilon\eta)|_{\varepsilon=0}"] = along
    assert printed("eq-first-variation").holds(names, abs=1e-8)
    bracket = P / D - PG / (1 - D)  # the fundamental lemma's direction: where it is positive
    climb = slope(lambda e: value(D + e * (bracket > 0), P, PG), 0.0)
    assert climb == pytest.approx(integral(bracket * (bracket > 0)), rel=1e-6) and climb > 0


@pytest.mark.equation("eq-euler-lagrange", tex="6ab9d353")
def test_the_stationary_function_of_two_variables(printed):
    """The stationary function by bisection, in every cell of a grid over the plane."""
    axis = np.linspace(-2, 3, 40)
    x, y = np.meshgrid(axis, axis)
    p, pg = norm.pdf(x) * norm.pdf(y), norm.pdf(x, 1, 0.7) * norm.pdf(y, 0.5, 1.2)
    bracket = lambda D: p / D - pg / (1 - D)
    low, high = np.zeros_like(p), np.ones_like(p)
    for _ in range(60):
        D = (low + high) / 2
        low, high = np.where(bracket(D) > 0, D, low), np.where(bracket(D) > 0, high, D)
    names = {"p": p.ravel(), "p_g": pg.ravel(), r"\frac{\partial\mathcal L}{\partial D}": 0}
    names["D"] = D.ravel()
    for wrong in (0, 0.01):  # all three are true at the stationary function, and false beside it
        names["D"] = np.clip(D.ravel() + wrong, 0, 1 - 1e-9)
        names[r"\frac{\partial\mathcal L}{\partial D}"] = bracket(
            names["D"].reshape(D.shape)
        ).ravel()
        assert printed("eq-euler-lagrange").holds(names, abs=1e-7)


@pytest.mark.equation("eq-second-variation", tex="0c79188a")
@pytest.mark.parametrize("seed", range(3))
def test_second_variation_is_negative_everywhere(seed, printed):
    """Second differences of V along a direction, at discriminators that are not optimal."""
    D, eta = smooth_discriminator(seed)
    second_difference = lambda h: (
        (value(D + h * eta, P, PG) - 2 * value(D, P, PG) + value(D - h * eta, P, PG)) / h**2
    )
    second = (4 * second_difference(0.02) - second_difference(0.04)) / 3  # Richardson
    names = {"p": P, "p_g": PG, "D": D, r"\eta": eta, "x": X, r"\delta^2V[\eta]": second}
    names[r"\frac{d^2}{d\varepsilon^2}V(D+\varepsilon\eta)|_{\varepsilon=0}"] = second
    assert printed("eq-second-variation").holds(names, rel=1e-6)


@pytest.mark.equation("eq-density-ratio", tex="f94ef864")
def test_odds_and_score_are_the_density_ratio(printed):
    """log-densities from scipy against the log-odds of the ratio; nine to one at 0.9."""
    near = np.abs(X) < 4
    D = d_star(P, PG)[near]
    score = norm.logpdf(X[near]) - norm.logpdf(X[near], 1.5, 0.8)
    names = {"D^*": scipy.special.expit(score), "p": P[near], "p_g": PG[near], "s^*": score}
    assert printed("eq-density-ratio").holds(names, rel=1e-6)
    assert np.allclose(scipy.special.expit(score), D, atol=1e-14)
    assert 0.9 / (1 - 0.9) == pytest.approx(9)


# ------------------------------------------------------------------------ the value of the game


@pytest.mark.equation("eq-jsd", tex="b4e6c543")
@pytest.mark.parametrize("seed", range(5))
def test_jsd_has_two_halves_and_a_ceiling(seed, printed):
    """scipy's own Jensen-Shannon distance, squared; disjoint supports reach log 2."""
    p, q = random_pair(seed)
    reference = scipy.spatial.distance.jensenshannon(p, q) ** 2
    names = {JSD: reference, "KL": kl_discrete, "p": p, "p_g": q, "m": (p + q) / 2}
    assert printed("eq-jsd").holds(names)
    assert 0 < jsd_discrete(p, q) < LOG2
    apart = np.concatenate([p, 0 * p]), np.concatenate([0 * q, q])
    assert jsd_discrete(*apart) == pytest.approx(LOG2, abs=1e-15)


@pytest.mark.equation("eq-value-jsd", tex="966f8e60")
@pytest.mark.parametrize("seed", range(5))
def test_the_value_of_the_game(seed, printed):
    """Each line of the algebra, then the minimum by a search over p_g."""
    p, pg = random_pair(seed)
    m = (p + pg) / 2
    first = (p * np.log(p / (p + pg))).sum() + (pg * np.log(pg / (p + pg))).sum()
    halved = (p * (-LOG2 + np.log(p / m))).sum() + (pg * (-LOG2 + np.log(pg / m))).sum()
    sums = -math.log(4) + kl_discrete(p, m) + kl_discrete(pg, m)
    searched = scipy.optimize.minimize(
        lambda s: -value_discrete(scipy.special.expit(s), p, pg), np.zeros(6), tol=1e-12
    )
    names = {r"\max_D V(D,G)": -searched.fun}
    names[JSD] = scipy.spatial.distance.jensenshannon(p, pg) ** 2
    assert printed("eq-value-jsd").holds(names, abs=1e-8)
    assert value_discrete(p / (p + pg), p, pg) == pytest.approx(first, abs=1e-13)
    assert first == pytest.approx(halved, abs=1e-13)
    assert first == pytest.approx(sums, abs=1e-13)
    assert first == pytest.approx(-math.log(4) + 2 * jsd_discrete(p, pg), abs=1e-13)

    def game(logits):
        q = scipy.special.softmax(logits)
        return value_discrete(p / (p + q), p, q)

    found = scipy.optimize.minimize(
        game, np.log(pg), method="L-BFGS-B", bounds=[(-20, 5)] * 6, tol=1e-14
    )
    assert found.fun == pytest.approx(-math.log(4), abs=1e-10)
    assert np.abs(scipy.special.softmax(found.x) - p).max() < 1e-4


# ------------------------------------------------------------------------ saturation


@pytest.mark.equation("eq-uniform-jsd", tex="17a37110")
@pytest.mark.parametrize(
    "a", [Fraction(0), Fraction(1, 4), Fraction(-2, 3), Fraction(1), Fraction(-3)]
)
def test_two_uniform_densities(a, printed):
    """The two densities on a grid whose cells they fill or leave; W1 from even quantiles."""
    centres = (np.arange(-48, 60) + 0.5) / 12  # a is a multiple of 1/12
    one, other = (((centres > at) & (centres < at + 1)) / 12 for at in (0, float(a)))
    u = (np.arange(1000) + 0.5) / 1000
    names = {"a": float(a), JSD: scipy.spatial.distance.jensenshannon(one, other) ** 2}
    names["W_1(p,p_g)"] = wasserstein_distance(u, u + float(a))
    assert printed("eq-uniform-jsd").holds(names)


@pytest.mark.equation("eq-w1-line", tex="27af3678")
@pytest.mark.parametrize("mu, sigma", SETTINGS)
def test_w1_is_the_area_between_the_distribution_functions(mu, sigma, printed):
    """scipy's optimal transport of evenly spaced quantiles."""
    names = {"F": norm.cdf, "F_g": lambda x: norm.cdf(x, mu, sigma), "x": X}
    area = printed("eq-w1-line").side(names)
    z = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    assert area == pytest.approx(wasserstein_distance(z, mu + sigma * z), abs=2e-4)
    if sigma == 1:
        assert area == pytest.approx(abs(mu), abs=1e-9)


@pytest.mark.equation("eq-jsd-ceiling", tex="a0eed756")
def test_the_distance_to_the_ceiling_is_at_most_the_overlap(printed):
    """Random pairs, the inequality behind it, and the Gaussian overlap in closed form."""
    bound = printed("eq-jsd-ceiling")
    t = np.concatenate([[0], np.logspace(-12, 12, 500)])
    assert (np.log1p(t) <= np.sqrt(t)).all()
    for seed in range(20):
        p, q = random_pair(seed)
        short = (p * np.log1p(q / p)).sum() / 2 + (q * np.log1p(p / q)).sum() / 2
        assert short == pytest.approx(LOG2 - jsd_discrete(p, q), abs=1e-13)
        cells = {"x": np.repeat(np.arange(7.0), 2)[1:-1]}  # densities constant on six cells
        cells |= {"p": np.repeat(p, 2), "p_g": np.repeat(q, 2), JSD: jsd_discrete(p, q)}
        assert bound.holds(cells)
    flat = np.linspace(0, 1, 3)
    for share in (0.3, 0.5, 0.9):  # equal densities: the gap is log 2, the overlap 1
        assert bound.side({"p": np.ones(3), "p_g": np.ones(3), "x": flat}) == pytest.approx(1)
        # p = 1 on [0, 1], p_g = share on [0, 1] and the rest elsewhere: the bound is root(share)
        gap = (np.log1p(share) + share * np.log1p(1 / share)) / 2
        names = {"p": np.ones(3), "p_g": np.full(3, share), "x": flat, JSD: LOG2 - gap}
        assert bound.holds(names)
        assert bound.side(names) == pytest.approx(math.sqrt(share))
    ratio = max(
        (np.log1p(t) + t * np.log1p(1 / t)) / 2 / math.sqrt(t) for t in np.logspace(-3, 3, 999)
    )
    assert ratio == pytest.approx(LOG2, abs=1e-4)  # so the factor could be log 2, not a half
    for mu in (0, 1, 3, 6):
        other = norm.pdf(X, mu)
        overlap = integral(np.sqrt(P * other))
        assert overlap == pytest.approx(math.exp(-(mu**2) / 8), abs=1e-12)
        names = {JSD: jsd(P, other), "p": P, "p_g": other, "x": X}
        assert bound.holds(names)
        assert bound.side(names) == pytest.approx(overlap)
        if mu < 2:
            assert LOG2 - jsd(P, other) > overlap / 2  # half of the bound would be false


@pytest.mark.equation("eq-jsd-slope-bound", tex="c2bc19c1")
@pytest.mark.parametrize("mu", [-4, 0.5, 1, 2, 4, 6, 8, 10])
def test_the_slope_of_jsd_dies(mu, printed):
    """Central differences of the JSD between two shifted Gaussians."""
    measured = slope(lambda at: 2 * jsd(P, norm.pdf(X, at)), mu, 1e-3)
    formula, names = printed("eq-jsd-slope-bound"), {r"\mu": mu}
    bound = formula.side(names, side=1)
    assert abs(measured) <= bound + 1e-10
    shifted = norm.pdf(X, mu)
    first_bound = integral(np.abs(X - mu) * np.sqrt(P * shifted))
    assert abs(measured) <= first_bound + 1e-10
    # the steps of the proof, each an equality: the overlap, and |x - mu| <= |x - mu/2| + |mu|/2
    overlap, half = integral(np.sqrt(P * shifted)), norm.pdf(X, mu / 2)
    assert np.sqrt(P * shifted) == pytest.approx(overlap * half, abs=1e-15)
    mean = integral(np.abs(X - mu / 2) * half)
    assert bound == pytest.approx(overlap * (abs(mu) / 2 + mean), rel=1e-6)
    if mu == 10:
        assert bound < 1e-4


# ------------------------------------------------------------------------ convergence


@pytest.mark.equation("eq-subgradient", tex="7a692e8f")
@pytest.mark.parametrize("seed", range(20))
def test_the_frozen_value_supports_the_criterion_from_below(seed, printed):
    """Random triples p, p_g, q; equality at q = p_g; the value is linear in p_g."""
    p, pg, q = rng(seed).dirichlet(np.ones(5), size=3)
    C = lambda r: -math.log(4) + 2 * jsd_discrete(p, r)
    D = p / (p + pg)
    edges = np.arange(6)  # densities that are constant on cells of width 1
    names = {"C(q)": C(q), "C(p_g)": C(pg), "V(D^*,q)": value_discrete(D, p, q), "D^*": D, "q": q}
    names |= {"p_g": pg, "x": edges, r"\int(q-p_g)\log(1-D^*)dx": ((q - pg) * np.log(1 - D)).sum()}
    assert printed("eq-subgradient").holds(names)
    names |= {"C(q)": C(pg), "V(D^*,q)": value_discrete(D, p, pg)}
    names[r"\int(q-p_g)\log(1-D^*)dx"] = 0
    assert printed("eq-subgradient").holds(names)
    assert names["C(q)"] == pytest.approx(names["V(D^*,q)"])  # it touches at q = p_g
    middle = (q + pg) / 2  # convexity
    assert C(middle) <= (C(q) + C(pg)) / 2 + 1e-13


@pytest.mark.equation("eq-mirror-step", tex="83e4923e")
@pytest.mark.parametrize("seed", range(5))
def test_one_mirror_step_halves_the_difference(seed, printed):
    """The exponentiated subgradient in the log domain, with its own normaliser."""
    p, pg = random_pair(seed)
    for _ in range(5):
        subgradient = np.log(pg / (p + pg))
        new = scipy.special.softmax(np.log(pg) - subgradient)
        formula, D = printed("eq-mirror-step"), scipy.special.expit(np.log(p) - np.log(pg))
        for k in range(6):
            names = {"p": p[k], "p_g": pg[k], "D^*": D[k]}
            assert formula.holds(names, only=[0])
            assert formula.side(names, 1) == pytest.approx(new[k], abs=1e-15)
        assert np.allclose(new - p, (pg - p) / 2, atol=1e-15)
        pg = new


# ------------------------------------------------------------------------ frozen discriminators


def frozen_gradient(h, mu, sigma):
    """Derivatives of E_pg[h] with the integrand h held fixed."""
    return partials(lambda m, s: integral(norm.pdf(X, m, s) * h), mu, sigma)


def log_optimal(mu, sigma):
    """log D* and log(1-D*) on the grid, from log-densities."""
    score = norm.logpdf(X) - norm.logpdf(X, mu, sigma)
    return -np.logaddexp(0, -score), -np.logaddexp(0, score)


def assert_same_gradients(formula, mu, sigma, frozen, statement=0, abs=1e-7, **measures):
    """Both sides of a display between gradients, by differences in the generator's two knobs.

    The derivative is taken outside: the nabla itself leaves its argument as it is, and what is
    `frozen` does not move with the knobs.
    """

    def side(k, m, s):
        pg = norm.pdf(X, m, s)
        names = {"p": P, "p_g": pg, "m": (P + pg) / 2, "x": X, JSD: jsd(P, pg), "KL": kl}
        names[r"\nabla_\theta"] = Operator(lambda v: v)
        names[r"\mathbb E_{p_g}"] = Operator(lambda v: integral(pg * v))
        computed = {name: measure(m, s) for name, measure in measures.items()}
        return formula.side({**names, **computed, **frozen}, statement, k)

    left, right = (partials(lambda m, s, k=k: side(k, m, s), mu, sigma) for k in (0, 1))
    assert left == pytest.approx(right, abs=abs)
    return left


@pytest.mark.equation("eq-saturating-gradient", tex="15b74fc7")
@pytest.mark.parametrize("mu, sigma", SETTINGS)
def test_the_saturating_step_descends_2_jsd(mu, sigma, printed):
    """Differences of the frozen loss against differences of 2 JSD, and the zero integrals."""
    _, log_not_D = log_optimal(mu, sigma)
    formula = printed("eq-saturating-gradient")
    assert_same_gradients(formula, mu, sigma, {r"1-\bar D": np.exp(log_not_D)}, abs=1e-8)
    assert frozen_gradient(np.ones_like(X), mu, sigma) == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.equation("eq-nonsaturating-gradient", tex="dae43dbb")
@pytest.mark.parametrize("mu, sigma", SETTINGS)
def test_the_nonsaturating_step_descends_kl_minus_2_jsd(mu, sigma, printed):
    """KL between Gaussians in closed form, JSD on the grid, both by differences."""
    log_D, _ = log_optimal(mu, sigma)
    kl_gaussians = lambda m, s: -math.log(s) + (s**2 + m**2 - 1) / 2
    formula, frozen = printed("eq-nonsaturating-gradient"), {r"\log\bar D": log_D}
    assert_same_gradients(formula, mu, sigma, frozen, **{KL_G: kl_gaussians})


@pytest.mark.equation("eq-mixture-kl", tex="62e61750")
@pytest.mark.parametrize("seed", range(10))
def test_kl_minus_2_jsd_is_a_kl_of_the_mixture(seed, printed):
    """Random discrete pairs; never negative."""
    p, pg = random_pair(seed)
    m = (p + pg) / 2
    left = kl_discrete(pg, p) - 2 * jsd_discrete(p, pg)
    middle = (pg * np.log(m / p)).sum() + (p * np.log(m / p)).sum()
    assert left == pytest.approx(middle, abs=1e-13)
    names = {KL_G: kl_discrete(pg, p), JSD: jsd_discrete(p, pg)}
    names |= {"KL": kl_discrete, "m": m, "p": p, "p_g": pg, "x": np.arange(6)}
    names[r"\int(p_g+p)\log\frac mp dx"] = middle
    assert printed("eq-mixture-kl").holds(names)
    cells = np.repeat(np.arange(7.0), 2)[1:-1]  # densities that are constant on six cells
    steps = {"p": np.repeat(p, 2), "p_g": np.repeat(pg, 2), "m": np.repeat(m, 2), "x": cells}
    assert printed("eq-mixture-kl").side(steps, side=1) == pytest.approx(middle)
    assert left > 0


# ------------------------------------------------------------------------ other losses


@pytest.mark.equation("eq-f-gan", tex="871a2fff")
@pytest.mark.parametrize("name", ["gan", "forward kl", "pearson"])
def test_the_game_of_an_f_divergence(name, printed):
    """Conjugates by brute force, the supremum by a numerical optimiser."""
    f = {
        "gan": lambda u: u * np.log(u) - (1 + u) * np.log(1 + u) + math.log(4),
        "forward kl": lambda u: u * np.log(u),
        "pearson": lambda u: (u - 1) ** 2,
    }[name]
    f_prime = {
        "gan": lambda u: np.log(u / (1 + u)),
        "forward kl": lambda u: np.log(u) + 1,
        "pearson": lambda u: 2 * (u - 1),
    }[name]
    p, pg = random_pair(3, n=4)
    us = np.logspace(-4, 4, 400_001)

    def conjugate(t):
        return (us * t - f(us)).max()

    D_f = (pg * f(p / pg)).sum()
    T = f_prime(p / pg)
    formula = printed("eq-f-gan")
    names = {r"\mathbb E_{p}": mean_under(p), r"\mathbb E_{p_g}": mean_under(pg)}
    names |= {"f^*": lambda T: np.array([conjugate(t) for t in T])}
    names[r"\sup_T"] = Operator(lambda v: v)  # over T: below
    game = lambda T: formula.side({**names, "T": T})
    assert f(1.0) == pytest.approx(0, abs=1e-15)
    assert formula.holds({**names, "T": T, r"D_f(p\|p_g)": D_f}, abs=1e-6)
    for seed in range(30):  # any other T gives less
        other = T - np.abs(rng(seed).normal(size=4)) * 0.3 * np.abs(T)
        assert game(other) <= D_f + 1e-9
    if name == "gan":
        D = p / (p + pg)
        assert T == pytest.approx(np.log(D))
        assert D_f == pytest.approx(2 * jsd_discrete(p, pg), abs=1e-13)
        assert game(np.log(D)) == pytest.approx(value_discrete(D, p, pg) + math.log(4), abs=1e-6)


@pytest.mark.equation("eq-frozen-f", tex="84a7f280")
@pytest.mark.parametrize(
    "h", [lambda D: (1 - D) ** 3, lambda D: np.exp(-2 * D)], ids=["cube", "exponential"]
)
def test_which_divergence_a_frozen_step_descends(h, printed):
    """F by numerical integration of h(1/(1+t)); both gradients by differences."""
    ts = np.concatenate([[0], np.logspace(-10, 14, 200_001)])
    F = scipy.integrate.cumulative_trapezoid(h(1 / (1 + ts)), ts, initial=0)
    near = np.abs(X) < 6.5  # keeps p_g/p inside the table; outside, both have mass below 1e-9
    p = P[near]

    mu, sigma = 0.6, 0.9
    D = p / (p + norm.pdf(X[near], mu, sigma))

    def side(k, m, s):
        pg = norm.pdf(X[near], m, s)
        names = {"p": p, "p_g": pg, "x": X[near], r"\bar D": D, "h": h}
        names[r"\nabla_\theta"] = Operator(lambda v: v)
        names[r"\mathbb E_{p_g}"] = Operator(lambda v: scipy.integrate.trapezoid(pg * v, X[near]))
        names["F"] = lambda t: np.interp(t, ts, F)
        return printed("eq-frozen-f").side(names, side=k)

    frozen, moved = (partials(lambda m, s, k=k: side(k, m, s), mu, sigma) for k in (0, 1))
    assert frozen == pytest.approx(moved, abs=1e-5)
    assert (np.diff(h(1 / (1 + ts))) >= -1e-15).all()  # F is convex


@pytest.mark.equation("eq-lsgan-value", tex="a1aa9c1b")
@pytest.mark.parametrize("seed", range(5))
def test_least_squares_discriminator_measures_chi_square(seed, printed):
    """The discriminator's loss minimised numerically over its values."""
    p, pg = random_pair(seed)
    m = (p + pg) / 2
    loss = lambda D: (p * (D - 1) ** 2 + pg * D**2).sum() / 2
    found = scipy.optimize.minimize(loss, np.full(6, 0.5), tol=1e-12)
    assert found.x == pytest.approx(p / (p + pg), abs=1e-5)
    assert found.fun == pytest.approx((p * pg / (p + pg)).sum() / 2, abs=1e-10)
    names = {r"\min_D\mathcal L_D": found.fun, "p_g": pg, "m": m}
    names[r"\chi^2"] = lambda a, b: ((a - b) ** 2 / b).sum()
    assert printed("eq-lsgan-value").holds(names, abs=1e-10)


def chi2_to_mixture(p, pg):
    m = np.maximum((p + pg) / 2, 1e-300)
    return integral((p - m) ** 2 / m)


@pytest.mark.equation("eq-lsgan-step", tex="af9d06b2")
@pytest.mark.parametrize("mu, sigma", SETTINGS)
def test_what_the_least_squares_generator_descends(mu, sigma, printed):
    """Frozen loss by differences; not the gradient of chi-square."""
    frozen = {r"\bar D": d_star(P, norm.pdf(X, mu, sigma))}
    measure = {r"\chi^2(p\|m)": lambda m, s: chi2_to_mixture(P, norm.pdf(X, m, s))}
    measured = assert_same_gradients(
        printed("eq-lsgan-step"), mu, sigma, frozen, abs=1e-8, **measure
    )
    chi = partials(lambda m, s: chi2_to_mixture(P, norm.pdf(X, m, s)), mu, sigma)
    assert np.abs(measured - chi).max() > 0.01


@pytest.mark.equation("eq-lsgan-mao", tex="be72e01c")
@pytest.mark.parametrize("seed", range(5))
def test_the_pearson_statement_of_the_least_squares_paper(seed, printed):
    """Targets -1, 1 and 0: D by a least-squares solver, then three forms of the number."""
    p, pg = random_pair(seed)
    m = (p + pg) / 2
    rows = np.vstack([np.diag(np.sqrt(p)), np.diag(np.sqrt(pg))])
    D = np.linalg.lstsq(rows, np.concatenate([np.sqrt(p), -np.sqrt(pg)]), rcond=None)[0]
    assert D == pytest.approx((p - pg) / (p + pg), abs=1e-12)
    names = {r"\mathbb E_{p}": mean_under(p), r"\mathbb E_{p_g}": mean_under(pg), "D^*": D}
    names[r"\chi^2(p_g\|m)"] = ((pg - m) ** 2 / m).sum()
    steps = {"p": np.repeat(p, 2), "p_g": np.repeat(pg, 2), "x": np.repeat(np.arange(7.0), 2)[1:-1]}
    formula = printed("eq-lsgan-mao")
    C = formula.side(names, side=0)
    assert formula.side(steps, side=1) == pytest.approx(C, abs=1e-9)
    assert formula.side(names, side=2) == pytest.approx(C, abs=1e-9)
    papers = ((2 * pg - (p + pg)) ** 2 / (p + pg)).sum()
    assert 2 * C == pytest.approx(papers, abs=1e-9)


@pytest.mark.equation("eq-hinge", tex="3adee5ca")
@pytest.mark.parametrize("mu, sigma", SETTINGS)
def test_hinge_and_total_variation(mu, sigma, printed):
    """The best score by search at every point; the step by differences; the flat slope."""
    pg = norm.pdf(X, mu, sigma)
    scores = np.linspace(-2, 2, 81)
    losses = P[:, None] * np.maximum(0, 1 - scores) + pg[:, None] * np.maximum(0, 1 + scores)
    tv = integral(np.abs(P - pg)) / 2
    names = {r"\min_D\mathcal L_D": integral(losses.min(1)), r"\mathrm{TV}(p,p_g)": tv}
    assert printed("eq-hinge").holds(names, only=[0], abs=1e-9)
    s = np.sign(P - pg)
    decided = np.abs(P - pg) > 1e-12
    assert (scores[losses.argmin(1)] == s)[decided].all()
    measure = {r"\mathrm{TV}(p,p_g)": lambda m, w: integral(np.abs(P - norm.pdf(X, m, w))) / 2}
    assert_same_gradients(
        printed("eq-hinge"), mu, sigma, {r"\bar s": s}, 1, 2e-3, **measure
    )  # jumps
    assert np.mean(np.diff(s) == 0) > 0.999


@pytest.mark.equation("eq-wasserstein-critic", tex="59bc6c04")
@pytest.mark.parametrize("mu, sigma", SETTINGS)
def test_the_best_lipschitz_critic_on_the_line(mu, sigma, printed):
    """The critic built from its slope against a linear programme on a coarse grid."""
    pg, F, Fg = norm.pdf(X, mu, sigma), norm.cdf(X), norm.cdf(X, mu, sigma)
    w1 = integral(np.abs(F - Fg))
    formula = printed("eq-wasserstein-critic")
    rise = formula.side({"F": F, "F_g": Fg}, 1)
    s = scipy.integrate.cumulative_trapezoid(rise, X, initial=0)
    names = {r"\mathbb E_p": Operator(lambda v: integral(P * v)), "s": s, "W_1(p,p_g)": w1}
    names[r"\mathbb E_{p_g}"] = Operator(lambda v: integral(pg * v))
    names[r"\max_{|s'|\le1}"] = Operator(lambda v: v)  # no other does better: the programme below
    assert formula.holds(names, only=[0], abs=1e-4)
    measure = {"W_1(p,p_g)": lambda m, w: integral(np.abs(F - norm.cdf(X, m, w)))}
    assert_same_gradients(formula, mu, sigma, {r"\bar s": s}, 2, 2e-3, **measure)

    x = np.linspace(-9, 9, 121)
    gap = x[1] - x[0]
    p, q = norm.pdf(x) / norm.pdf(x).sum(), norm.pdf(x, mu, sigma) / norm.pdf(x, mu, sigma).sum()
    difference = np.diff(np.eye(121), axis=0)
    lp = scipy.optimize.linprog(
        q - p,
        A_ub=np.vstack([difference, -difference]),
        b_ub=np.full(240, gap),
        bounds=[(-20, 20)] * 121,
    )
    assert -lp.fun == pytest.approx(wasserstein_distance(x, x, p, q), abs=1e-6)
    assert -lp.fun == pytest.approx(w1, abs=2e-2)
