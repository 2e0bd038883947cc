"""Chapter 01, equation by equation: recomputed with numpy and scipy, never with gancourse
(except for the last one, which is about the package's own loss)."""

import itertools
import math

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.special
import torch
from scipy.stats import bernoulli, beta, expon, multinomial, norm, uniform

from formula import Operator

FLIPS = np.array([1, 0, 1, 1, 0, 1, 1, 1, 0, 1])
WAITS = np.array([3.0, 7, 5, 9, 2])
X = np.array([0.5, 1.0, 2.0, 2.5, 4.0])


def rng(seed=0):
    return np.random.default_rng(seed)


def slope(f, at, h=1e-6):
    return (f(at + h) - f(at - h)) / (2 * h)


def gaussian_height(mu, sigma, x=X):
    """Average log-density, by scipy."""
    return norm.logpdf(x, mu, sigma).mean()


# ---- likelihood and its logarithm -------------------------------------------------------------


@pytest.mark.equation("eq-likelihood", tex="15d175c1")
@pytest.mark.parametrize("theta", [0.1, 0.5, 0.7])
def test_likelihood_is_the_probability_of_the_list(theta, printed):
    """Over all lists of six flips the products are probabilities: they sum to one, and each is the
    frequency with which simulated flips give that list."""
    lists = np.array(list(itertools.product([0, 1], repeat=6)))
    coin = {r"p_\theta": lambda x: theta if x == 1 else 1 - theta, "n": 6}
    product = printed("eq-likelihood")
    likelihoods = np.array([product.side({**coin, "x": x}) for x in lists])
    assert likelihoods.sum() == pytest.approx(1)
    thrown = rng().random((200_000, 6)) < theta
    codes = np.bincount(thrown @ (2 ** np.arange(5, -1, -1)), minlength=64) / 200_000
    assert np.abs(codes - likelihoods).max() < 5e-3


@pytest.mark.equation("eq-mle", tex="c6299f43")
def test_argmax_of_the_likelihood():
    """The three coins of the text, and the best of a fine grid: 0.7."""

    def L(theta):
        return bernoulli.pmf(FLIPS, theta).prod()

    assert [round(L(t), 6) for t in (0.5, 0.7, 0.9)] == [0.000977, 0.002224, 0.000478]
    grid = np.arange(1, 1000) / 1000
    assert grid[np.argmax([L(t) for t in grid])] == pytest.approx(0.7)


@pytest.mark.equation("eq-likelihood-area", tex="61001857")
@pytest.mark.parametrize("n, h", [(1, 0), (3, 3), (10, 7), (6, 2)])
def test_area_under_the_likelihood(n, h, printed):
    """By quadrature; for the list of the text 1/1320."""
    area, _ = scipy.integrate.quad(lambda t: t**h * (1 - t) ** (n - h), 0, 1)
    formula = printed("eq-likelihood-area")
    assert formula.holds({"n": n, "h": h})
    assert formula.side({"n": n, "h": h}) == pytest.approx(area)
    if (n, h) == (10, 7):
        assert 1 / formula.side({"n": n, "h": h}) == pytest.approx(1320)
    assert norm.pdf(0, 0, 0.1) == pytest.approx(3.99, abs=5e-3)  # a density above one


@pytest.mark.equation("eq-log-likelihood", tex="131bf331")
def test_log_of_the_product_is_the_sum_of_the_logs(printed):
    """Equal where the product can be stored; where it underflows only the sum survives."""
    factors = bernoulli.pmf(FLIPS, 0.7)
    names = {"x": FLIPS, "n": 10, r"p_\theta": lambda x: bernoulli.pmf(x, 0.7)}
    heights = {r"L(\theta)": factors.prod(), r"\ell(\theta)": bernoulli.logpmf(FLIPS, 0.7).sum()}
    assert printed("eq-log-likelihood").holds(names | heights)
    many = np.tile(factors, 200)
    assert many.prod() == 0.0
    assert np.log(many).sum() == pytest.approx(1400 * math.log(0.7) + 600 * math.log(0.3))
    assert np.log(many).sum() / math.log(10) == pytest.approx(-531, abs=1)


@pytest.mark.equation("eq-argmax", tex="21190b78")
@pytest.mark.parametrize("seed", range(20))
def test_increasing_maps_keep_the_argmax_and_a_negative_factor_does_not(seed):
    """On random likelihoods; with a < 0 the highest point becomes the lowest."""
    L = rng(seed).random(50) + 1e-3
    a, b = rng(seed + 100).random() + 0.01, rng(seed).normal()
    best = L.argmax()
    assert np.log(L).argmax() == best == (a * np.log(L) + b).argmax() == np.sqrt(L).argmax()
    assert (-a * np.log(L) + b).argmax() == L.argmin() != best


@pytest.mark.equation("eq-empirical-mean", tex="dfcb45fc")
def test_average_is_an_expectation_over_the_empirical_distribution(printed):
    """With repeated values weighted by their frequency; and it tends to E_p[log p_theta]."""
    theta = 0.6
    values, counts = np.unique(FLIPS, return_counts=True)
    share = Operator(lambda v: (counts / counts.sum() * v).sum())
    names = {"n": 10, "x": FLIPS, r"p_\theta": lambda x: bernoulli.pmf(x, theta)}
    formula = printed("eq-empirical-mean")
    height = {r"\ell(\theta)": bernoulli.logpmf(FLIPS, theta).sum()}
    expectation = formula.side({**names, r"\mathbb E_{x\sim\hat p}": share, "x": values})
    assert formula.side({**names, **height}, side=0) == pytest.approx(expectation)
    assert formula.side(names, side=1) == pytest.approx(expectation)
    assert expectation == pytest.approx(0.7 * math.log(theta) + 0.3 * math.log(1 - theta))
    large = rng().random(1_000_000) < 0.25
    limit = 0.25 * math.log(theta) + 0.75 * math.log(1 - theta)
    assert bernoulli.logpmf(large, theta).mean() == pytest.approx(limit, abs=2e-3)


# ---- the top, model by model ------------------------------------------------------------------


@pytest.mark.equation("eq-concave", tex="00370f1a")
@pytest.mark.parametrize("a, b", [(3.0, 2.0), (0.5, 7.0), (1.0, 1.0)])
def test_zero_slope_and_negative_curvature_give_the_one_maximum(a, b):
    """On l(t) = a log t - b t; and a counterexample without the curvature condition."""
    f = lambda t: a * np.log(t) - b * t
    top = a / b
    assert slope(f, top) == pytest.approx(0, abs=1e-6)
    t = np.linspace(top / 50, 50 * top, 20_001)
    assert (np.diff(f(t), 2) < 0).all() and (f(t) <= f(top)).all()
    two = lambda t: -(t**4) + 2 * t**2 + t / 2  # zero slope near -0.93 is the lower summit
    low = scipy.optimize.brentq(lambda t: slope(two, t), -1.2, -0.7)
    assert slope(two, low) == pytest.approx(0, abs=1e-8) and two(low) < two(1.0)


@pytest.mark.equation("eq-bernoulli-mle", tex="9515fb3e")
@pytest.mark.parametrize("h, n", [(7, 10), (0, 4), (4, 4), (1, 30)])
def test_coin(h, n, printed):
    """The fraction of heads beats a fine grid, edges included; both derivatives of the text."""
    f = lambda t: scipy.special.xlogy(h, t) + scipy.special.xlogy(n - h, 1 - t)
    grid = np.linspace(0, 1, 3001)
    assert (f(grid) <= f(h / n) + 1e-12).all()
    flips = {"x": np.repeat([1, 0], [h, n - h]), "n": n, "h": h}
    best = grid[f(grid).argmax()]
    assert printed("eq-bernoulli-mle").holds({**flips, r"\hat\theta": best}, abs=2e-4)
    for t in (0.2, 0.55, 0.9):
        assert slope(f, t) == pytest.approx((h - n * t) / (t * (1 - t)), abs=1e-5)
        second = (f(t + 1e-4) - 2 * f(t) + f(t - 1e-4)) / 1e-8
        assert second == pytest.approx(-h / t**2 - (n - h) / (1 - t) ** 2, rel=1e-4)


@pytest.mark.equation("eq-exponential-mle", tex="c2c275fa")
def test_exponential(printed):
    """The inverse mean, by scipy's numerical minimiser; all zeros have no maximum."""
    found = scipy.optimize.minimize_scalar(
        lambda rate: -expon.logpdf(X, scale=1 / rate).sum(),
        bounds=(1e-3, 50),
        method="bounded",
        options={"xatol": 1e-10},
    )
    names = {"n": 5, "x": X, "i": range(1, 6), r"\bar x": X.mean(), r"\hat\lambda": found.x}
    assert printed("eq-exponential-mle").holds(names, abs=1e-6)
    nothing = [expon.logpdf(np.zeros(3), scale=1 / rate).sum() for rate in (1, 10, 100, 1e6)]
    assert nothing == sorted(nothing) and nothing[-1] == pytest.approx(3 * math.log(1e6))


@pytest.mark.equation("eq-gaussian", tex="1bc39273")
def test_gaussian_density(printed):
    """Against scipy; it integrates to one and has the stated mean and variance."""
    mu, sigma = 0.7, 1.3
    formula, knobs = printed("eq-gaussian"), {r"\mu": mu, r"\sigma": sigma}
    p = lambda x: formula.side({**knobs, "x": x})
    density = {r"p_{\mu,\sigma}": lambda x: norm.pdf(x, mu, sigma)}
    assert formula.holds({**knobs, **density, "x": np.linspace(-4, 5, 19)})
    moments = [
        scipy.integrate.quad(lambda x, k=k: p(x) * (x - mu) ** k, -12, 14)[0] for k in range(3)
    ]
    assert moments == pytest.approx([1, 0, sigma**2], abs=1e-8)


@pytest.mark.equation("eq-sum-of-squares", tex="2a461237")
@pytest.mark.parametrize("seed", range(5))
def test_identity_of_squares(seed, printed):
    """For random data and centres; the mixed terms vanish."""
    x, mu = rng(seed).normal(3, 2, 9), rng(seed).normal()
    s2 = ((x - x.mean()) ** 2).mean()
    names = {"n": 9, "x": x, r"\mu": mu, "s": math.sqrt(s2), r"\bar x": x.mean()}
    assert printed("eq-sum-of-squares").holds(names)
    assert ((x - x.mean()) * (x.mean() - mu)).sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.equation("eq-gaussian-surface", tex="e0dc4289")
@pytest.mark.parametrize("mu, sigma", [(0.0, 1.0), (2.0, 1.5), (-3.0, 0.4), (5.0, 8.0)])
def test_hill_of_the_gaussian(mu, sigma, printed):
    """The formula in mean and s against scipy's densities; the same for data with the same two."""
    m, s = X.mean(), X.std()
    hill, knobs = printed("eq-gaussian-surface"), {r"\mu": mu, r"\sigma": sigma}
    for data in (X, np.array([m - s, m + s])):  # other data, same mean and s
        height = {r"\ell(\mu,\sigma)": len(data) * gaussian_height(mu, sigma, data), "n": len(data)}
        assert hill.holds({**knobs, **height, "s": s, r"\bar x": m})


@pytest.mark.equation("eq-gaussian-mle", tex="250e10f8")
def test_gaussian(printed):
    """scipy's minimiser from far away finds mean and s; the profile's slope is (s²-σ²)/σ³."""
    found = scipy.optimize.minimize(
        lambda k: -gaussian_height(k[0], math.exp(k[1])),
        [-3, 1.5],
        method="BFGS",
        options={"gtol": 1e-9},
    )
    best = {r"\hat\mu": found.x[0], r"\hat\sigma": math.exp(found.x[1])}
    names = {"n": 5, "x": X, r"\bar x": X.sum() / 5, "s": math.sqrt(1.5)}
    assert printed("eq-gaussian-mle").holds(names | best, abs=1e-4)
    s = X.std()
    for sigma in (0.5, 1.0, s, 3.0):
        profile = lambda v: -math.log(v) - s**2 / (2 * v**2)
        assert slope(profile, sigma) == pytest.approx((s**2 - sigma**2) / sigma**3, abs=1e-6)
    equal = [gaussian_height(1.0, sigma, np.ones(4)) for sigma in (1, 1e-3, 1e-9)]
    assert equal == sorted(equal) and equal[-1] > 19  # equal data: no maximum


@pytest.mark.equation("eq-log-tangent", tex="6e756118")
def test_tangent_of_the_logarithm(printed):
    """log t <= t - 1 on a wide range, with equality at 1 only."""
    t = np.concatenate([np.logspace(-12, 6, 4001), [1.0]])
    formula = printed("eq-log-tangent")
    assert formula.holds({"t": t})
    gap = formula.side({"t": t}) - np.log(t)
    assert gap[-1] == 0 and (gap[np.abs(t - 1) > 1e-6] > 0).all()


@pytest.mark.equation("eq-categorical-mle", tex="3c94cb4b")
@pytest.mark.parametrize("counts", [(3, 7), (5, 0, 2), (1, 1, 1, 9)])
def test_categorical(counts, printed):
    """Frequencies against 5000 random points of the simplex, and the chain of the proof."""
    counts = np.array(counts)
    n, formula = counts.sum(), printed("eq-categorical-mle")
    best = np.array([formula.side({"N_c": count, "N": n}) for count in counts])
    others = rng().dirichlet(np.ones(len(counts)), 5000)
    log_l = lambda theta: scipy.special.xlogy(counts, theta).sum(-1)
    assert (log_l(others) < log_l(best)).all()
    seen = counts > 0
    chain = (counts[seen] * (n * others[:, seen] / counts[seen] - 1)).sum(-1)
    assert (log_l(others) - log_l(best) <= chain + 1e-9).all() and (chain <= 1e-9).all()
    assert multinomial.logpmf(counts, n, best) >= multinomial.logpmf(counts, n, others).max()


@pytest.mark.equation("eq-uniform-mle", tex="9e75bf00")
def test_uniform(printed):
    """Scipy's likelihood is zero below the longest wait, highest at it, and has slope -n/theta."""
    L = lambda theta: uniform.pdf(WAITS, 0, theta).prod()
    grid = np.arange(1, 4001) / 100
    assert grid[np.argmax([L(t) for t in grid])] == WAITS.max() == 9
    waits, formula = {"x": WAITS, "i": range(1, 6), "n": 5}, printed("eq-uniform-mle")
    for theta in (8.99, 9, 9.5, 20, 300):
        names = {r"\theta": theta, r"L(\theta)": L(theta)}
        assert formula.holds({**waits, **names}, only=[0], abs=1e-30)
    assert formula.holds({**waits, r"\hat\theta": grid[np.argmax([L(t) for t in grid])]}, only=[1])
    for theta in (9.5, 20, 300):
        assert slope(lambda t: math.log(L(t)), theta) == pytest.approx(-5 / theta, rel=1e-5)


@pytest.mark.equation("eq-gaussian-gradient", tex="068eb887")
@pytest.mark.parametrize("mu, log_sigma", [(-2.0, 1.0), (2.0, 0.2), (4.0, -0.7)])
def test_gradient_of_the_hill(mu, log_sigma, printed):
    """Finite differences of scipy's log-density."""
    sigma = math.exp(log_sigma)
    slopes = {
        r"\frac{\partial\ell}{\partial\mu}": slope(lambda m: 5 * gaussian_height(m, sigma), mu),
        r"\frac{\partial\ell}{\partial\log\sigma}": slope(
            lambda a: 5 * gaussian_height(mu, math.exp(a)), log_sigma
        ),
    }
    names = {"n": 5, r"\bar x": X.mean(), "s": X.std(), r"\mu": mu, r"\sigma": sigma}
    assert printed("eq-gaussian-gradient").holds(names | slopes, rel=1e-5, abs=1e-6)


# ---- how good is an estimate? -----------------------------------------------------------------


@pytest.mark.equation("eq-bias-variance", tex="b2ea8980")
def test_error_is_bias_squared_plus_variance(printed):
    """Exactly, for 0.8 times the mean of three fair coins: all eight outcomes listed."""
    theta, rule = 0.5, lambda x: 0.8 * np.mean(x)
    estimates = np.array([rule(x) for x in itertools.product([0, 1], repeat=3)])
    names = {r"\mathbb E": Operator(np.mean), r"\hat\theta_n": estimates, r"\theta": theta}
    exact = {"bias": -0.1, "Var": 0.64 * 0.25 / 3}
    assert printed("eq-bias-variance").holds(names | exact)


@pytest.mark.equation("eq-variance-bias", tex="5a1e9fb0")
@pytest.mark.parametrize("n", [2, 3, 4])
def test_bias_of_the_variance(n, printed):
    """Exactly, for n throws of a die, all outcomes listed: no Gaussian needed."""
    faces = np.arange(1, 7)
    estimates = [np.var(x) for x in itertools.product(faces, repeat=n)]
    names = {"n": n, r"\sigma": faces.std(), r"\mathbb E[\hat\sigma^2]": np.mean(estimates)}
    assert printed("eq-variance-bias").holds(names)
    means = [np.mean(x) for x in itertools.product(faces, repeat=n)]
    assert np.var(means) == pytest.approx(faces.var() / n)  # the step of the derivation


@pytest.mark.equation("eq-variance-mse", tex="e0080e06")
@pytest.mark.parametrize("n", [2, 5, 20])
def test_error_of_both_variances(n, printed):
    """From scipy's chi-squared law of n s²/σ² for Gaussian data; the biased one is smaller."""
    sigma2 = 2.5
    law = scipy.stats.chi2(n - 1)
    errors = {
        d: (sigma2 / d * law.mean() - sigma2) ** 2 + (sigma2 / d) ** 2 * law.var()
        for d in (n, n - 1)
    }
    names = {
        **{"n": n, r"\sigma": math.sqrt(sigma2)},
        r"\mathbb E[(\hat\sigma^2-\sigma^2)^2]": errors[n],
        r"\mathbb E[(\tilde\sigma^2-\sigma^2)^2]": errors[n - 1],
    }
    assert printed("eq-variance-mse").holds(names)
    assert errors[n] < errors[n - 1]
    simulated = rng().normal(0, math.sqrt(sigma2), (400_000, n)).var(1)
    assert ((simulated - sigma2) ** 2).mean() == pytest.approx(errors[n], rel=0.02)


@pytest.mark.equation("eq-uniform-bias", tex="837c6f5f")
@pytest.mark.parametrize("n", [1, 4, 10])
def test_expectation_of_the_maximum(n, printed):
    """By quadrature of 1 - P(max <= t), and by simulation."""
    theta = 9.0
    tail, _ = scipy.integrate.quad(lambda t: 1 - (t / theta) ** n, 0, theta)
    names = {"n": n, r"\theta": theta, r"\mathbb E[\max_ix_i]": tail}
    assert printed("eq-uniform-bias").holds(names)
    simulated = rng().uniform(0, theta, (200_000, n)).max(1)
    assert simulated.mean() == pytest.approx(tail, abs=0.02)
    # the mean squared errors that the exercise states
    assert ((simulated - theta) ** 2).mean() == pytest.approx(
        2 * theta**2 / ((n + 1) * (n + 2)), rel=0.02
    )
    assert (((n + 1) / n * simulated - theta) ** 2).mean() == pytest.approx(
        theta**2 / (n * (n + 2)), rel=0.02
    )


@pytest.mark.equation("eq-consistency", tex="9cf50780")
def test_consistent_and_not():
    """Exact probabilities of being off by more than ½ for the four rules of the table."""

    def off(mean, std):
        return norm.cdf(-0.5, mean, std) + norm.sf(0.5, mean, std)

    sizes = np.array([1, 3, 10, 100, 1000, 10_000])
    for shift in (0, 1 / sizes):  # the mean, and mean + 1/n: consistent
        assert off(shift, 1 / np.sqrt(sizes))[-1] < 1e-12
    assert off(0, 1.0) == pytest.approx(0.617, abs=1e-3)  # the first value, for every n
    assert off(1, 1 / np.sqrt(sizes))[-1] == pytest.approx(1)
    thrown = rng().normal(size=(50_000, 10))
    assert (np.abs(thrown[:, 0]) > 0.5).mean() == pytest.approx(off(0, 1.0), abs=0.01)
    assert (np.abs(thrown.mean(1) + 0.1) > 0.5).mean() == pytest.approx(
        off(0.1, 0.1**0.5), abs=0.01
    )
    # the maximum of U(0, theta) is biased and consistent
    assert [(1 - 0.01) ** n for n in (10, 1000, 100_000)][-1] < 1e-12


@pytest.mark.equation("eq-chebyshev", tex="1cd80f6c")
@pytest.mark.parametrize("bias, std", [(0.0, 1.0), (0.3, 0.5), (-1.0, 0.1), (0.0, 0.1)])
def test_chebyshev(bias, std, printed):
    """Holds for exact Gaussian tails; an estimator off by 0 or epsilon attains it."""
    formula, odds = printed("eq-chebyshev"), r"\Pr[|\hat\theta_n-\theta|>\varepsilon]"
    for epsilon in (0.2, 0.7, 1.5, 4.0):
        exact = norm.cdf(-epsilon, bias, std) + norm.sf(epsilon, bias, std)
        names = {"bias": bias, "Var": std**2, r"\varepsilon": epsilon}
        assert formula.holds({**names, odds: exact})
        # off by just more than epsilon, or not at all: 0.9 of the bound would be false
        off = 1.0001 * epsilon * np.array([-1, 0, 0, 0, 0, 0, 0, 0, 0, 1])
        names = {"bias": off.mean(), "Var": off.var(), r"\varepsilon": epsilon}
        share = (np.abs(off) > epsilon).mean()
        assert formula.holds({**names, odds: share}) and share > 0.9 * formula.side(names)


@pytest.mark.equation("eq-truth-wins", tex="03f54964")
@pytest.mark.parametrize("seed", range(20))
def test_the_truth_beats_every_rival(seed, printed):
    """Random distributions on five outcomes; and the share of data sets it wins tends to one."""
    generator = rng(seed)
    p, q = generator.dirichlet(np.ones(5), 2)
    q[0] = 0 if seed % 4 == 0 else q[0]
    q /= q.sum()
    log_ratio = np.log(q, where=q > 0, out=np.full(5, -math.inf)) - np.log(p)
    expectation = (p * log_ratio).sum()
    with np.errstate(divide="ignore"):
        names = {r"p_\theta": lambda x: q, "p": lambda x: p, "x": 0}
        names[r"\mathbb E_{x\sim p}"] = Operator(lambda v: (p * v).sum())
        assert printed("eq-truth-wins").holds(names)
        assert printed("eq-truth-wins").side(names, side=0) == pytest.approx(expectation)
    bound = (p * (q / p - 1)).sum()
    assert expectation < 0 and expectation <= bound + 1e-12 and bound == pytest.approx(0, abs=1e-12)
    n = math.ceil(100 / min(-expectation, 1))
    wins = [log_ratio[generator.choice(5, n, p=p)].sum() < 0 for _ in range(200)]
    assert np.mean(wins) > 0.9


# ---- mixtures ---------------------------------------------------------------------------------

PI, MU, SIGMA = np.array([0.3, 0.7]), np.array([-2.0, 1.0]), np.array([0.5, 1.5])
POINTS = np.concatenate([rng(1).normal(-2, 0.7, 40), rng(2).normal(1.5, 1, 60)])


def joint(x, pi, mu, sigma):
    return pi * norm.pdf(x[:, None], mu, sigma)


def log_l(x, pi, mu, sigma):
    return np.log(joint(x, pi, mu, sigma).sum(1)).sum()


def em(x, pi, mu, sigma):
    r = joint(x, pi, mu, sigma)
    r = r / r.sum(1, keepdims=True)
    n_k = r.sum(0)
    new = (r * x[:, None]).sum(0) / n_k
    return n_k / len(x), new, np.sqrt((r * (x[:, None] - new) ** 2).sum(0) / n_k)


@pytest.mark.equation("eq-mixture", tex="e46c67fa")
def test_mixture_is_what_the_recipe_makes(printed):
    """Its integral between two points is how often die and component give a number there."""
    names = {"K": 2, r"\pi": PI, r"\mu": MU, r"\sigma": SIGMA}
    names[r"\mathcal N"] = lambda x, mu, square: norm.pdf(x, mu, math.sqrt(square))
    x = np.linspace(-12, 12, 4801)
    density = printed("eq-mixture").side({**names, "x": x})
    k = (rng().random(400_000) < PI[1]).astype(int)
    drawn = rng(5).normal(MU[k], SIGMA[k])
    for low, high in ((-12, 12), (-12, -2), (-2.5, -1.5), (-2, 0), (0, 1), (0, 3)):
        inside = (x >= low) & (x <= high)
        area = scipy.integrate.trapezoid(density[inside], x[inside])
        assert ((drawn > low) & (drawn < high)).mean() == pytest.approx(area, abs=4e-3)


@pytest.mark.equation("eq-responsibilities", tex="fd577d7a")
def test_responsibilities_are_frequencies_of_the_hidden_component(printed):
    """Among drawn points near x, the share made by each component."""
    k = (rng().random(2_000_000) < PI[1]).astype(int)
    drawn = rng(5).normal(MU[k], SIGMA[k])
    for x in (-2.0, -1.0, 0.0):
        near = np.abs(drawn - x) < 0.02
        names = {
            r"\pi": PI,
            r"\mu": MU,
            r"\sigma": SIGMA,
            "x": [x],
            "i": 1,
            "j": range(1, 3),
            "k": 2,
        }
        names[r"\mathcal N"] = lambda x, mu, square: norm.pdf(x, mu, math.sqrt(square))
        share = printed("eq-responsibilities").side(names)
        assert k[near].mean() == pytest.approx(share, abs=0.015)


@pytest.mark.equation("eq-em-step", tex="95291953")
def test_em_step_maximises_the_weighted_log_likelihood(printed):
    """scipy's minimiser of -Q, with free logits, means and log widths, lands on the closed form."""
    r = joint(POINTS, PI, MU, SIGMA)
    r = r / r.sum(1, keepdims=True)

    def minus_q(k):
        pi = scipy.special.softmax([0, k[0]])
        return -(r * (np.log(pi) + norm.logpdf(POINTS[:, None], k[1:3], np.exp(k[3:])))).sum()

    found = scipy.optimize.minimize(minus_q, [0, -1, 1, 0, 0], method="BFGS").x
    weights, formula = scipy.special.softmax([0, found[0]]), printed("eq-em-step")
    for k in (0, 1):
        names = {"n": len(POINTS), "i": range(1, 101), "k": k + 1, "r": r, "x": POINTS}
        names |= {r"\pi_k": weights[k], r"\mu_k": found[1 + k], r"\sigma_k": np.exp(found[3 + k])}
        assert formula.holds({**names, "n_k": r.sum(0)[k]}, abs=3e-4)
    assert em(POINTS, PI, MU, SIGMA)[1] == pytest.approx(found[1:3], abs=1e-4)


@pytest.mark.equation("eq-em-climbs", tex="61c65363")
@pytest.mark.parametrize("seed", range(20))
def test_em_climbs(seed, printed):
    """l(new) - l(old) >= Q(new) - Q(old) >= 0 from random starts, step after step."""
    generator = rng(seed)
    state = np.array([0.5, 0.5]), generator.normal(0, 2, 2), generator.uniform(0.5, 3, 2)
    for _ in range(15):
        r = joint(POINTS, *state)
        r = r / r.sum(1, keepdims=True)
        q = lambda s, r=r: (r * np.log(joint(POINTS, *s))).sum()
        new = em(POINTS, *state)
        values = {
            **{r"\ell(\theta')": log_l(POINTS, *new), r"\ell(\theta)": log_l(POINTS, *state)},
            **{r"Q(\theta')": q(new), r"Q(\theta)": q(state)},
        }
        assert printed("eq-em-climbs").holds(values, abs=1e-9)
        # no other step promises more: the old means with the new widths, or half of the step
        halves = [tuple((a + b) / 2 for a, b in zip(state, new, strict=True))]
        for other in (*halves, (new[0], state[1], new[2]), (state[0], new[1], new[2])):
            assert q(other) <= q(new) + 1e-9
        state = new


@pytest.mark.equation("eq-k-means-limit", tex="da8d307d")
def test_hard_limit(printed):
    """At sigma = 0.01 the softmax of -(x-mu)²/2σ² is one-hot at the nearest mean."""
    x, mu = rng(3).uniform(-5, 5, 200), np.array([-3.0, -0.2, 2.4])
    square = (x[:, None] - mu) ** 2
    hard = np.eye(3)[square.argmin(1)]
    away = np.diff(np.sort(square, 1)[:, :2])[:, 0] > 0.01  # no near-ties
    soft = {s: scipy.special.softmax(-square / (2 * s**2), 1) for s in (1.0, 0.1, 0.01)}
    for i, k in itertools.product((1, 2, 3), (1, 2, 3)):
        names = {"x": x, r"\mu": mu, r"\sigma": 1.0, "i": i, "k": k, "j": range(1, 4)}
        here = printed("eq-k-means-limit").side(names)
        assert here == pytest.approx(soft[1.0][i - 1, k - 1])
    gaps = [np.abs(soft[s] - hard)[away].max() for s in (1.0, 0.1, 0.01)]
    assert gaps[0] > gaps[1] > gaps[2] and gaps[2] < 1e-20
    weights = soft[0.01][away]
    new = (weights * x[away, None]).sum(0) / weights.sum(0)
    assert new == pytest.approx([x[away][hard[away, k] == 1].mean() for k in range(3)])


@pytest.mark.equation("eq-collapse", tex="7a70fe09")
def test_likelihood_of_a_collapsing_component_is_unbounded(printed):
    """The lower bound holds at every width and itself grows without end."""
    values, bounds = [], []
    for sigma in (1.0, 1e-2, 1e-4, 1e-8, 1e-16, 1e-100):
        state = np.array([0.5, 0.5]), np.array([POINTS[0], 0.3]), np.array([sigma, 2.0])
        values.append(log_l(POINTS, *state))
        names = {r"\pi_1": 0.5, r"\pi_2": 0.5, r"\mu_2": 0.3, r"\sigma_1": sigma, r"\sigma_2": 2.0}
        names |= {"x": POINTS, "i": range(1, 101), r"\ell": values[-1]}
        names[r"\mathcal N"] = lambda x, mu, square: norm.pdf(x, mu, math.sqrt(square))
        assert printed("eq-collapse").holds(names)
        bounds.append(printed("eq-collapse").side(names))
    # narrow, the other component adds nothing at the first point and the narrow one nowhere else
    assert values[-1] == pytest.approx(bounds[-1], abs=1e-9)
    assert bounds == sorted(bounds) and values[-1] - values[-2] == pytest.approx(84 * math.log(10))


# ---- Bayes ------------------------------------------------------------------------------------


@pytest.mark.equation("eq-posterior", tex="7b146627")
def test_bayes_rule_by_counting(printed):
    """Draw theta from the prior and flips from theta; keep the cases that match the data."""
    generator = rng()
    theta = generator.beta(2, 3, 2_000_000)
    match = (generator.random((3, 2_000_000)) < theta).sum(0) == 2  # two heads of three
    grid = np.linspace(0, 1, 4001)
    names = {r"p(\text{data}|\theta)": grid**2 * (1 - grid), r"p(\theta)": beta.pdf(grid, 2, 3)}
    names |= {
        r"p(\text{data}|\vartheta)": grid**2 * (1 - grid),
        r"p(\vartheta)": beta.pdf(grid, 2, 3),
    }
    posterior = printed("eq-posterior").side({**names, r"\vartheta": grid})
    for low, high in ((0.2, 0.4), (0.5, 0.8)):
        inside = (grid >= low) & (grid <= high)
        exact = scipy.integrate.trapezoid(posterior[inside], grid[inside])
        kept = theta[match]
        assert ((kept > low) & (kept < high)).mean() == pytest.approx(exact, abs=5e-3)


@pytest.mark.equation("eq-beta-posterior", tex="f2aa976d")
@pytest.mark.parametrize("a, b, h, n", [(1, 1, 3, 3), (5, 5, 3, 3), (2.5, 0.7, 1, 4)])
def test_beta_stays_beta(a, b, h, n, printed):
    """Prior times likelihood is proportional to the new Beta density."""
    t = np.linspace(0.05, 0.95, 19)
    names = {"a": a, "b": b, "h": h, "n": n, "Beta": lambda a, b: beta.pdf(t, a, b)}
    formula = printed("eq-beta-posterior")
    ratio = t**h * (1 - t) ** (n - h) * formula.side(names, side=0) / formula.side(names)
    assert ratio == pytest.approx(np.full(19, ratio[0]))


@pytest.mark.equation("eq-predictive", tex="bd82c907")
@pytest.mark.equation("eq-beta-estimates", tex="358be1ba")
@pytest.mark.parametrize("a, b, h, n", [(1, 1, 3, 3), (5, 5, 27, 30), (2, 2, 0, 2)])
def test_prediction_and_mode(a, b, h, n, printed):
    """The integral over the posterior, a simulation, and the highest point of the density."""
    posterior = beta(a + h, b + n - h)
    integral, _ = scipy.integrate.quad(lambda t: t * posterior.pdf(t), 0, 1)
    grid = np.linspace(0, 1, 100_001)
    density = posterior.pdf(grid)
    names = {r"\hat\theta_{\text{MAP}}": grid[density.argmax()], "a": a, "b": b, "h": h, "n": n}
    names[r"\Pr[x_{n+1}=1|\text{data}]"] = integral
    assert printed("eq-beta-estimates").holds(names, abs=1e-4)
    pieces = {r"p(x_{n+1}|\theta)": grid, r"p(\theta|\text{data})": density, r"\theta": grid}
    by_integral = printed("eq-predictive").side(pieces)
    assert by_integral == pytest.approx(integral, abs=1e-6)
    generator = rng()
    theta = generator.beta(a, b, 1_000_000)
    flips = generator.binomial(n, theta) == h
    following = generator.random(1_000_000) < theta
    if flips.sum() > 5000:
        assert following[flips].mean() == pytest.approx(integral, abs=0.02)


# ---- the discriminator ------------------------------------------------------------------------


@pytest.mark.equation("eq-discriminator-likelihood", tex="fb7a1d9d")
def test_value_of_the_game_is_a_bernoulli_log_likelihood(printed):
    """Twice the mean log-likelihood of the labels is V on the batch, minus the loss."""
    from gancourse.games import Minimax

    real, fake = rng().normal(1, 2, 16), rng(1).normal(-1, 2, 16)
    D = scipy.special.expit(np.concatenate([real, fake]))
    labels = np.repeat([1, 0], 16)
    twice = 2 * bernoulli.logpmf(labels, D).mean()
    names = {"m": 16, "x": np.arange(32), "y": labels, "D": lambda i: D[i]}
    both = printed("eq-discriminator-likelihood")
    assert both.side(names, side=0) == pytest.approx(twice)
    over = {r"\sum_{\text{real}}\log D(x_i)": np.log(D[:16]).sum()}
    over[r"\sum_{\text{fake}}\log(1-D(x_i))"] = np.log(1 - D[16:]).sum()
    V = both.side({**names, **over})
    assert twice == pytest.approx(V)
    assert float(Minimax().d_loss(torch.tensor(real), torch.tensor(fake))) == pytest.approx(-V)
