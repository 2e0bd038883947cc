"""Chapter 02, equation by equation: recomputed with numpy, scipy and fractions, never with
gancourse.theory.information, whose functions the chapter uses."""

import itertools
import math

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.special
from scipy.spatial.distance import jensenshannon
from scipy.special import entr, rel_entr
from scipy.stats import norm

from formula import Operator, split

LOG2 = math.log(2)
WEATHER = np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8])
FLIPS = np.array([1, 0, 1, 1, 0, 1, 1, 1, 0, 1])


def rng(seed=0):
    return np.random.default_rng(seed)


def distributions(n, outcomes=4, seed=0, zeros=True):
    """Random distributions, a third of their entries exactly zero; shape (n, outcomes)."""
    weights = rng(seed).gamma(0.5, size=(n, outcomes)) + 1e-9
    if zeros:
        weights *= rng(seed + 1).random((n, outcomes)) > 1 / 3
        weights[weights.sum(1) == 0, 0] = 1
    return weights / weights.sum(1, keepdims=True)


def entropy(p):
    return entr(p).sum(-1)  # scipy's -p log p


def kl(p, q):
    return rel_entr(p, q).sum(-1)  # scipy's p log(p/q)


def cross(p, q):
    """H(p, q) by a loop, term by term."""
    return sum(a * (math.inf if b == 0 else -math.log(b)) for a, b in zip(p, q, strict=True) if a)


def finite(n, p, **more):
    """Names of a distribution on n points: `p(x)` with x over them, and sums over x."""
    at = lambda values: lambda x: np.asarray(values)[x]
    names = {"p": at(p), **{name: at(values) for name, values in more.items()}}
    mean = Operator(lambda v: (np.asarray(p) * v).sum())
    return {**names, r"\mathbb E_{x\sim p}": mean, r"\mathbb E_p": mean, "x": list(range(n))}


def holds_both_ways(formula, names):
    """A sum over the values of x, and a mean over all of them at once."""
    sums = [k for k, said in enumerate(_sides(formula)) if r"\sum" in said]
    values = [
        formula.side({**names, "x": names["x"] if k in sums else np.array(names["x"])}, side=k)
        for k in range(len(_sides(formula)))
    ]
    return values == pytest.approx([values[0]] * len(values))


def _sides(formula):
    return split(formula.said[0], {"="})[0]


def slope(f, at, h=1e-5):
    return (f(at + h) - f(at - h)) / (2 * h)


# ---- surprise and entropy ---------------------------------------------------------------------


@pytest.mark.equation("eq-surprise", tex="0a1b64f2")
def test_surprise_meets_the_three_wishes(printed):
    """Zero for certainty, larger for rarer, additive; and powers of p show that only logs are."""
    p = rng().random(1000)
    formula = printed("eq-surprise")
    surprise = lambda p: formula.side({"p(x)": p}, side=1)
    s = surprise(p)
    assert formula.holds({"p(x)": p, "s(x)": s}) and surprise(1.0) == 0 and (s > 0).all()
    assert (np.diff(surprise(np.sort(p))) <= 0).all()
    assert surprise(1 / math.e) == pytest.approx(1)
    for k in range(1, 6):  # k independent copies surprise k times
        assert surprise(p**k) == pytest.approx(k * s)
    assert 1 / p[0] ** 2 - 1 != pytest.approx(2 * (1 / p[0] - 1))


@pytest.mark.equation("eq-surprise-adds", tex="391a95fb")
def test_surprises_of_independent_events_add(printed):
    """On all pairs of two weathers, with the joint probability by counting."""
    joint = np.outer(WEATHER, WEATHER)
    assert joint.sum() == pytest.approx(1)
    s = -np.log2(WEATHER)
    assert s.tolist() == [1, 2, 3, 3]
    assert -np.log2(joint) == pytest.approx(s[:, None] + s)
    names = {"p(x)": WEATHER, "p(y)": 0.3, "s(x)": s * LOG2, "s(y)": math.log(10 / 3)}
    assert printed("eq-surprise-adds").holds(names)


@pytest.mark.equation("eq-bits", tex="09df7e93")
def test_bits_and_nats(printed):
    """Base 2 against the natural logarithm."""
    p = rng().random(1000)
    bit = scipy.integrate.quad(lambda t: 1 / t, 1, 2)[0]  # the area that log 2 is
    assert printed("eq-bits").holds({"p(x)": p, "bit": bit, "nats": 1}, abs=2e-4)
    assert printed("eq-bits").side({"p(x)": 1 / 8}) == pytest.approx(3)


@pytest.mark.equation("eq-entropy", tex="a0d4a46b")
def test_entropy_is_the_number_of_good_questions(printed):
    """1.75 bits for the weather: by the formula, and by asking 200,000 times."""
    assert holds_both_ways(printed("eq-entropy"), {**finite(4, WEATHER), "H(p)": 1.75 * LOG2})
    questions = np.array([1, 2, 3, 3])[rng().choice(4, 200_000, p=WEATHER)]
    assert questions.mean() == pytest.approx(1.75, abs=0.01)
    best = min(
        WEATHER @ lengths
        for lengths in itertools.product(range(1, 5), repeat=4)
        if sum(2.0**-k for k in lengths) <= 1
    )  # Kraft: what yes/no questions can do
    assert best == pytest.approx(1.75)


@pytest.mark.equation("eq-zero-log-zero", tex="da10d9c2")
def test_t_log_t_vanishes(printed):
    """|t log t| = u exp(-u) with t = exp(-u), down to the smallest double."""
    u = np.array([1, 10, 100, 700])
    t = np.exp(-u.astype(float))
    formula = printed("eq-zero-log-zero")
    assert formula.side({"t": t}, side=0) == pytest.approx(-u * np.exp(-u.astype(float)))
    assert formula.holds({"t": t[-1]}, only=[0], abs=1e-300)
    assert (np.diff(np.abs(t * np.log(t))) < 0).all() and abs(t[-1] * math.log(t[-1])) < 1e-300


@pytest.mark.equation("eq-entropy-bounds", tex="7bd6edac")
@pytest.mark.parametrize("C", [2, 3, 6])
def test_bounds_of_the_entropy(C, printed):
    """10,000 random distributions; both equality cases; and the step of the proof."""
    p = distributions(10_000, C)
    assert printed("eq-entropy-bounds").holds({"H(p)": entropy(p), "C": C})
    assert entropy(np.eye(C)).tolist() == [0] * C
    even = entropy(np.full(C, 1 / C))
    assert printed("eq-entropy-bounds").side({"C": C}) == pytest.approx(even)
    some = entropy(p) > math.log(C) - 1e-4
    assert np.abs(p[some] - 1 / C).max(initial=0) < 0.02
    step = np.where(p > 0, 1 / C - p, 0).sum(1)  # sum of p (1/(C p) - 1)
    assert (entropy(p) - math.log(C) <= step + 1e-12).all()
    assert step == pytest.approx((p > 0).sum(1) / C - 1)


@pytest.mark.equation("eq-gaussian-entropy", tex="68ffea46")
@pytest.mark.parametrize("sigma", [0.1, 0.242, 1.0, 30.0])
def test_differential_entropy_of_a_gaussian(sigma, printed):
    """By quadrature; negative below 0.242; millimetres for metres add log 1000."""
    value, _ = scipy.integrate.quad(
        lambda x: -norm.pdf(x, 2, sigma) * norm.logpdf(x, 2, sigma),
        2 - 12 * sigma,
        2 + 12 * sigma,
        points=[2],
    )
    names = {r"H(\mathcal N(\mu,\sigma^2))": value, r"\sigma": sigma}
    assert printed("eq-gaussian-entropy").holds(names, abs=1e-8)
    formula = printed("eq-gaussian-entropy").side(names)
    assert (formula < 0) == (sigma < 1 / math.sqrt(2 * math.pi * math.e))
    assert norm.entropy(2, 1000 * sigma) - formula == pytest.approx(math.log(1000))


# ---- cross-entropy, Gibbs, KL -----------------------------------------------------------------


@pytest.mark.equation("eq-cross-entropy", tex="40469c45")
def test_cross_entropy_is_a_believers_mean_surprise(printed):
    """Simulated days; the table of the text; infinite where the believer excludes snow."""
    optimist = np.array([3 / 4, 1 / 8, 1 / 16, 1 / 16])
    felt = -np.log2(optimist)[rng().choice(4, 400_000, p=WEATHER)]
    assert felt.mean() == pytest.approx(cross(WEATHER, optimist) / LOG2, abs=0.01)
    table = [WEATHER, [1 / 4] * 4, optimist, [1 / 8, 1 / 8, 1 / 2, 1 / 4], [1 / 2, 1 / 4, 1 / 4, 0]]
    values = [cross(WEATHER, q) / LOG2 for q in table]
    assert values == pytest.approx([1.75, 2, 1.9575, 2.625, math.inf], abs=1e-4)
    assert cross(WEATHER, WEATHER) == pytest.approx(entropy(WEATHER))
    names = {**finite(4, WEATHER, q=optimist), "H(p,q)": cross(WEATHER, optimist)}
    assert holds_both_ways(printed("eq-cross-entropy"), names)


@pytest.mark.equation("eq-gibbs", tex="9ebf4341")
def test_gibbs_inequality(printed):
    """10,000 random pairs with exact zeros; equality only for q = p; the line of the proof."""
    p, q, formula = distributions(2000, seed=1), distributions(2000, seed=5), printed("eq-gibbs")
    for a, b in zip(p, q, strict=True):
        for q in (b, a):
            names = {"H(p,q)": cross(a, q), "H(p)": entropy(a)}
            assert formula.holds({**names, "q": 0, "p": 0 if (q == a).all() else 1})
    finite = np.isfinite(kl(p, q))
    assert finite.sum() > 50
    bound = np.where(p > 0, q - p, 0).sum(1)  # sum of p (q/p - 1)
    assert (-kl(p, q)[finite] <= bound[finite] + 1e-12).all() and (bound <= 1e-12).all()
    close = kl(p, q) < 1e-6
    assert np.abs(p - q)[close].max(initial=0) < 1e-2
    x = np.linspace(-30, 30, 60_001)
    own = norm.entropy(0, 1)
    for mu, sigma in [(0, 1), (0.1, 1), (0, 1.1), (-2, 3)]:
        value = -(norm.pdf(x) * norm.logpdf(x, mu, sigma)).sum() * 1e-3
        assert value > own + 1e-4 or (value == pytest.approx(own) and (mu, sigma) == (0, 1))


@pytest.mark.equation("eq-kl", tex="51023a20")
def test_kl_is_a_mean_log_ratio(printed):
    """Loop, scipy and sampling agree; for two Gaussians the integral agrees with its formula."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
    by_hand = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    assert kl(p, q) == pytest.approx(by_hand) == pytest.approx(0.3601, abs=1e-4)
    names = {**finite(3, p, q=q), r"\mathrm{KL}(p\|q)": by_hand}
    assert holds_both_ways(printed("eq-kl"), names)
    assert kl(q, p) == pytest.approx(0.3948, abs=1e-4)
    drawn = rng().choice(3, 400_000, p=p)
    assert np.log(p / q)[drawn].mean() == pytest.approx(by_hand, abs=5e-3)
    value, _ = scipy.integrate.quad(
        lambda x: norm.pdf(x, 1, 0.5) * (norm.logpdf(x, 1, 0.5) - norm.logpdf(x, 0, 2)), -5, 7
    )
    assert value == pytest.approx(math.log(4) + (0.25 + 1) / 8 - 0.5)


@pytest.mark.equation("eq-ce-kl", tex="7af4ab19")
def test_cross_entropy_splits(printed):
    """Entropy plus KL, on 2,000 random pairs, infinities included."""
    for a, b in zip(distributions(2000, seed=2), distributions(2000, seed=7), strict=True):
        names = {"H(p,q)": cross(a, b), "H(p)": entropy(a), r"\mathrm{KL}(p\|q)": kl(a, b)}
        assert printed("eq-ce-kl").holds(names)


@pytest.mark.equation("eq-kl-positive", tex="4db5c7f6")
def test_kl_is_positive_but_no_distance(printed):
    """Not negative on 100,000 pairs, zero on equal ones; no symmetry, no triangle inequality."""
    p, q = distributions(100_000, seed=3), distributions(100_000, seed=9)
    formula, name = printed("eq-kl-positive"), r"\mathrm{KL}(p\|q)"
    assert formula.holds({name: kl(p, q)}, only=[0])
    for a, b in zip(p[:300], q[:300], strict=True):
        assert formula.holds({name: kl(a, b), "p": 0, "q": np.abs(a - b).max()})
        assert formula.holds({name: kl(a, a), "p": 0, "q": 0})
    half, quarter, little = np.array([0.5, 0.5]), np.array([0.25, 0.75]), np.array([0.05, 0.95])
    assert kl(half, quarter) != pytest.approx(kl(quarter, half))
    assert kl(half, quarter) + kl(quarter, little) < kl(half, little)


@pytest.mark.equation("eq-kl-infinite", tex="cfa00589")
def test_kl_is_infinite_exactly_off_the_support(printed):
    """Random pairs with zeros, and the four pairs of the text."""
    p, q = distributions(20_000, seed=4), distributions(20_000, seed=11)
    assert (np.isinf(kl(p, q)) == ((p > 0) & (q == 0)).any(1)).all()
    formula, name = printed("eq-kl-infinite"), r"\mathrm{KL}(p\|q)"
    for a, b in zip(p[:500, 0], q[:500, 0], strict=True):
        both = kl(np.array([a, 1 - a]), np.array([b, 1 - b]))
        if 0 < a < 1:  # then only the first point can be off the support
            assert formula.holds({name: both if b < 1 else 1.0, "p(x)": a, "q(x)": b})
    assert 0 < np.isinf(kl(p, q)).mean() < 1
    a, b = np.array([0.5, 0.3, 0.2]), np.array([0.5, 0.5, 0.0])
    assert kl(a, b) == math.inf and kl(b, a) == pytest.approx(0.2554, abs=1e-4)
    tiny = np.array([0.5, 0.5 - 1e-300, 1e-300])
    assert kl(a, tiny) < 140  # infinity is far away


# ---- two directions ---------------------------------------------------------------------------

GRID = np.linspace(-20, 20, 8001)
STEP = GRID[1] - GRID[0]


def two_modes(a, std=0.6):
    return (norm.pdf(GRID, -a, std) + norm.pdf(GRID, a, std)) / 2


def log_two_modes(a, std=0.6):
    return np.logaddexp(norm.logpdf(GRID, -a, std), norm.logpdf(GRID, a, std)) - LOG2


def forward(knobs, a):
    log_q = norm.logpdf(GRID, knobs[0], math.exp(knobs[1]))
    return (two_modes(a) * (log_two_modes(a) - log_q)).sum() * STEP


def reverse(knobs, a):
    log_q = norm.logpdf(GRID, knobs[0], math.exp(knobs[1]))
    return (np.exp(log_q) * (log_q - log_two_modes(a))).sum() * STEP


@pytest.mark.equation("eq-kl-to-gaussian", tex="f09a3926")
@pytest.mark.parametrize("mu, sigma", [(0, 1), (0.7, 2.0), (-3, 0.8)])
def test_kl_to_a_gaussian_knows_two_moments(mu, sigma, printed):
    """The sum over the grid against the formula with m = 0 and s² = a² + 0.6²."""
    a = 2.0
    H = -(two_modes(a) * log_two_modes(a)).sum() * STEP
    names = {"H(p)": H, "m": 0, "s": math.sqrt(a**2 + 0.36), r"\mu": mu, r"\sigma": sigma}
    names[r"\mathrm{KL}(p\|\mathcal N(\mu,\sigma^2))"] = forward((mu, math.log(sigma)), a)
    assert printed("eq-kl-to-gaussian").holds(names)
    moved = forward((mu + 0.7, math.log(sigma)), a)  # the mixture about -0.7 instead of 0
    names |= {"m": -0.7, r"\mathrm{KL}(p\|\mathcal N(\mu,\sigma^2))": moved}
    assert printed("eq-kl-to-gaussian").holds(names)


@pytest.mark.equation("eq-moment-matching", tex="e34e20db")
def test_forward_fit_matches_the_moments_and_reverse_takes_one_mode(printed):
    """scipy's optimiser finds the four fits of the text; near modes are covered in reverse, too."""

    def best(f, start, a):
        found = scipy.optimize.minimize(
            f,
            (start, 0.0),
            args=(a,),
            method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-10},
        )
        return found.x[0], math.exp(found.x[1]), found.fun

    for start in (-1.0, 1.0):
        mu, sigma, value = best(forward, start, 2.0)
        names = {r"\mathbb E_p": Operator(lambda v: (two_modes(2.0) * v).sum() * STEP), "x": GRID}
        names |= {r"\mathrm{Var}_p[x]": 4.36, r"\mu": mu, r"\sigma": sigma}
        assert printed("eq-moment-matching").holds(names, abs=5e-4)
        assert value == pytest.approx(0.555, abs=1e-3)
        assert reverse((mu, math.log(sigma)), 2.0) == pytest.approx(1.273, abs=1e-3)
        mu, sigma, value = best(reverse, start, 2.0)
        assert (mu, sigma, value) == pytest.approx((2 * start, 0.605, 0.692), abs=3e-3)
        assert forward((mu, math.log(sigma)), 2.0) == pytest.approx(10.226, abs=5e-3)
    assert best(reverse, 1.0, 1.0)[0] == pytest.approx(0, abs=1e-3)


@pytest.mark.equation("eq-one-mode", tex="0c24cfe9")
@pytest.mark.parametrize("w", [0.5, 0.1, 0.9])
def test_price_of_forgetting_the_rest_has_a_ceiling(w, printed):
    """On random parts; equality for parts with nothing in common."""
    q, r = distributions(10_000, seed=12), distributions(10_000, seed=15)
    formula, names = printed("eq-one-mode"), {"KL": kl, "w": w}
    assert formula.holds({**names, "q": q, "r": r})
    apart = {"q": np.array([0.3, 0.7, 0, 0]), "r": np.array([0, 0, 0.6, 0.4])}
    assert formula.side({**names, **apart}, side=0) == pytest.approx(formula.side(names))


# ---- maximum likelihood -----------------------------------------------------------------------


@pytest.mark.equation("eq-mle-kl", tex="3a6c6440")
@pytest.mark.parametrize("seed", range(10))
def test_kl_from_the_data_is_a_log_likelihood(seed, printed):
    """Random categorical data and models; and the three rows of the table."""
    data = rng(seed).integers(0, 4, 30)
    model = distributions(1, 4, seed, zeros=False)[0]
    share = np.bincount(data, minlength=4) / 30
    names = {r"\mathrm{KL}(\hat p\|p_\theta)": kl(share, model), r"H(\hat p)": entropy(share)}
    names |= {r"H(\hat p,p_\theta)": cross(share, model), "n": 30, "x": data}
    assert printed("eq-mle-kl").holds({**names, r"p_\theta": lambda x: model[x]})
    table = [kl(np.array([0.3, 0.7]), np.array([1 - t, t])) for t in (0.5, 0.7, 0.9)]
    assert table == pytest.approx([0.082283, 0, 0.153664], abs=1e-6)


@pytest.mark.equation("eq-mle-is-min-kl", tex="eb7a5cbd")
def test_the_three_problems_have_one_solution():
    """On a grid of coins: smallest KL, smallest cross-entropy, largest likelihood at 0.7."""
    grid = np.arange(1, 1000) / 1000
    share = np.array([0.3, 0.7])
    divergence = [kl(share, np.array([1 - t, t])) for t in grid]
    crosses = [cross(share, [1 - t, t]) for t in grid]
    likelihood = [np.where(FLIPS == 1, t, 1 - t).prod() for t in grid]
    assert grid[np.argmin(divergence)] == grid[np.argmin(crosses)] == grid[np.argmax(likelihood)]
    assert grid[np.argmin(divergence)] == 0.7


@pytest.mark.equation("eq-binned-kl", tex="9ae01549")
def test_kl_to_a_density_grows_with_every_digit(printed):
    """Bins around -1, 0, 1 under N(0, 1) and N(1, 1), with scipy's distribution function."""
    points = np.array([-1.0, 0.0, 1.0])

    def binned(width, mean):
        mass = norm.cdf(points + width / 2, mean) - norm.cdf(points - width / 2, mean)
        return (np.log(1 / 3) - np.log(mass)).mean()

    widths = (0.1, 0.01, 0.001, 1e-4)
    values = [binned(w, 0) for w in widths]
    assert values == pytest.approx([2.456, 4.759, 7.061, 9.364], abs=1e-3)
    assert np.diff(values) == pytest.approx([math.log(10)] * 3, abs=1e-3)
    for w in widths:
        names = {r"\mathrm{KL}(\hat p_\delta\|p_{\theta,\delta})": binned(w, 0), r"\delta": w}
        names |= {"n": 3, "x": points, r"p_\theta": norm.pdf}
        assert printed("eq-binned-kl").holds(names, abs=w**2)
        assert binned(w, 1) - binned(w, 0) == pytest.approx(0.5, abs=w)
    assert -norm.logpdf(points).mean() == pytest.approx(1.2523, abs=1e-4)


@pytest.mark.equation("eq-population-mle", tex="edb405bf")
@pytest.mark.parametrize("mu, sigma", [(0, 1), (1, 2), (-0.5, 0.7)])
def test_cross_entropy_of_densities(mu, sigma, printed):
    """Quadrature for each of the three terms, data N(0.3, 0.8²)."""
    p = norm(0.3, 0.8)
    q = norm(mu, sigma)
    quad = lambda f: scipy.integrate.quad(lambda x: p.pdf(x) * f(x), -9, 9, points=[0.3])[0]
    total, own = quad(lambda x: -q.logpdf(x)), quad(lambda x: -p.logpdf(x))
    divergence = quad(lambda x: p.logpdf(x) - q.logpdf(x))
    grid = np.linspace(-9, 9, 20_001)
    names = {r"\mathbb E_{x\sim p}": Operator(lambda v: (p.pdf(grid) * v).sum() * 9e-4), "x": grid}
    names |= {"H(p)": own, r"\mathrm{KL}(p\|p_\theta)": divergence, r"p_\theta": q.pdf}
    assert printed("eq-population-mle").holds(names, rel=1e-7)
    assert total == pytest.approx(own + divergence)
    draws = p.rvs(400_000, random_state=0)
    assert -q.logpdf(draws).mean() == pytest.approx(total, abs=0.02)


# ---- losses of classifiers --------------------------------------------------------------------


@pytest.mark.equation("eq-log-loss", tex="f93139f4")
def test_one_hot_cross_entropy_is_one_term(printed):
    """Against the full sum and scikit-learn's log_loss."""
    from sklearn.metrics import log_loss

    q = distributions(50, 3, seed=3, zeros=False)
    y = rng().integers(0, 3, 50)
    full = [cross(np.eye(3)[c], row) for c, row in zip(y, q, strict=True)]
    for row, label, loss in zip(q, y, full, strict=True):
        names = {r"H(\mathbf 1_y,q)": loss, "C": 3, "y": label + 1, "x": 7.5}
        names["q"] = lambda c, x, row=row: {7.5: row}[x][c - 1]
        assert printed("eq-log-loss").holds(names)
    assert np.mean(full) == pytest.approx(log_loss(y, q, labels=[0, 1, 2]))


@pytest.mark.equation("eq-class-frequencies", tex="b6d54045")
def test_class_frequencies(printed):
    """Each example carries 1/N; the sum over classes is one, that of 1/N_c is not."""
    labels = np.array([0] * 3 + [1] * 7)
    mass = np.zeros(2)
    np.add.at(mass, labels, 1 / len(labels))
    formula = printed("eq-class-frequencies")
    for c, count in enumerate(np.bincount(labels)):
        assert formula.holds({r"\hat q(y_c)": mass[c], "N_c": count, "N": len(labels)})
    assert sum(1 / np.bincount(labels)) == pytest.approx(0.476, abs=1e-3)  # 1/N_c is no share


@pytest.mark.equation("eq-frequency-loss", tex="01baf2e8")
@pytest.mark.parametrize("seed", range(5))
def test_loss_without_inputs(seed, printed):
    """Identity on random labels; scipy finds the frequencies as the best constant."""
    labels = rng(seed).integers(0, 3, 40)
    share = np.bincount(labels, minlength=3) / 40
    loss = lambda q: -np.log(q[labels]).mean()
    q = distributions(1, 3, seed, zeros=False)[0]
    names = {"N": 40, "y": labels, "q": lambda y: q[y], r"H(\hat q)": entropy(share)}
    names[r"\mathrm{KL}(\hat q\|q)"] = kl(share, q)
    assert printed("eq-frequency-loss").holds(names)
    found = scipy.optimize.minimize(lambda s: loss(scipy.special.softmax(s)), np.zeros(3))
    assert scipy.special.softmax(found.x) == pytest.approx(share, abs=1e-4)
    assert found.fun == pytest.approx(entropy(share))


@pytest.mark.equation("eq-bce", tex="6ef6e72d")
def test_bce_is_the_log_loss_of_two_classes(printed):
    """Against one-hot cross-entropies and scikit-learn."""
    from sklearn.metrics import log_loss

    p, y = rng().random(60), rng(1).integers(0, 2, 60)
    formula = printed("eq-bce")
    pairs = [cross([1 - label, label], [1 - a, a]) for label, a in zip(y, p, strict=True)]
    for i in range(60):
        names = {"i": i + 1, "x": range(60), "y": y, "p": lambda i: p[i], r"\ell_i": -pairs[i]}
        assert formula.holds(names, only=[1])
    names = {"N": 60, r"\ell": -np.array(pairs), "BCE": log_loss(y, p)}
    assert formula.holds(names, only=[0])


@pytest.mark.equation("eq-bce-best", tex="bdb3aea0")
@pytest.mark.parametrize("share", [0.0, 0.2, 0.3, 0.5, 0.8, 1.0])
def test_best_constant_is_the_share(share, printed):
    """On a grid with its edges; without the second logarithm it is share/(1 - share)."""
    p = np.linspace(0, 1, 10_001)
    with np.errstate(divide="ignore", invalid="ignore"):
        right = printed("eq-bce-best").side({"p": p, r"\alpha": share})
    right = np.where(np.isnan(right), 0, right)  # 0 log 0
    assert p[right.argmin()] == pytest.approx(share)
    inside = p[1:-1]
    loss = -scipy.special.xlogy(share, inside) - scipy.special.xlog1py(1 - share, -inside)
    assert right[1:-1] == pytest.approx(loss)
    wrong = -scipy.special.xlogy(share, p) - (1 - share) * (1 - p)
    expected = min(1, share / (1 - share)) if share < 1 else 1
    assert p[wrong.argmin()] == pytest.approx(expected, abs=1e-4)


def temperature_softmax(s, T):
    e = np.exp(np.asarray(s) / T)
    return e / e.sum()


@pytest.mark.equation("eq-softmax", tex="5e75d81f")
def test_softmax_with_temperature(printed):
    """Sums to one only with T in both places; two classes give the sigmoid."""
    s = np.array([2, 1, 0.5, -1])
    for T in (0.3, 0.5, 1, 5):
        assert temperature_softmax(s, T).sum() == pytest.approx(1)
        assert temperature_softmax(s, T) == pytest.approx(scipy.special.softmax(s / T))
        for c in (1, 4):
            names = {"s": s, "c": c, "T": T, "C": 4, "q_c": scipy.special.softmax(s / T)[c - 1]}
            assert printed("eq-softmax").holds(names)
        assert (np.exp(s) / T / np.exp(s).sum()).sum() == pytest.approx(1 / T)
    assert temperature_softmax([1.3, 0], 1)[0] == pytest.approx(scipy.special.expit(1.3))


@pytest.mark.equation("eq-softmax-limits", tex="db930310")
def test_extremes_of_the_temperature():
    """Uniform when hot, the winner alone when cold; a tie shares."""
    s = np.array([2, 1, 0.5, -1])
    assert scipy.special.softmax(s / 1e7) == pytest.approx([0.25] * 4, abs=1e-6)
    assert scipy.special.softmax(s / 1e-2) == pytest.approx([1, 0, 0, 0], abs=1e-12)
    assert scipy.special.softmax(np.array([2, 2, 0]) / 1e-2) == pytest.approx([0.5, 0.5, 0])


@pytest.mark.equation("eq-softmax-entropy", tex="c00c5fe4")
@pytest.mark.parametrize("T", [0.3, 1.0, 4.0])
def test_heating_raises_the_entropy(T, printed):
    """Finite differences against Var/T³, and the two steps of the derivation in beta."""
    s = np.array([2, 1, 0.5, -1])
    q = scipy.special.softmax(s / T)
    variance = q @ s**2 - (q @ s) ** 2
    H = lambda t: entropy(scipy.special.softmax(s / t))
    names = {r"\frac{dH(q)}{dT}": slope(H, T), r"\mathrm{Var}_q[s]": variance, "T": T}
    assert printed("eq-softmax-entropy").holds(names, rel=1e-6)
    log_Z = lambda beta: scipy.special.logsumexp(beta * s)
    mean = lambda beta: scipy.special.softmax(beta * s) @ s
    assert slope(log_Z, 1 / T) == pytest.approx(q @ s)
    assert slope(mean, 1 / T) == pytest.approx(variance)
    assert H(T) == pytest.approx(log_Z(1 / T) - q @ s / T)


@pytest.mark.equation("eq-softmax-gradient", tex="2690198d")
@pytest.mark.parametrize("T", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("y", [0, 2])
def test_gradient_is_prediction_minus_truth(T, y, printed):
    """Finite differences in every score."""
    s = np.array([2, 1, 0.5, -1])
    loss = lambda v: -(v / T)[y] + scipy.special.logsumexp(v / T)
    gradient = [slope(lambda t, c=c: loss(s + t * np.eye(4)[c]), 0) for c in range(4)]
    left = r"\frac{\partial}{\partial s_c}(-\log q_y)"
    for c in range(4):
        names = {left: gradient[c], "q_c": scipy.special.softmax(s / T)[c], "T": T, "c": c, "y": y}
        assert printed("eq-softmax-gradient").holds(names, abs=1e-8)


# ---- Jensen-Shannon and total variation -------------------------------------------------------


@pytest.mark.equation("eq-jsd-halves", tex="dad62c1a")
def test_jsd_against_scipy(printed):
    """scipy's Jensen-Shannon distance, squared, is half of each KL to the mixture."""
    p, q = distributions(500, seed=20, zeros=False), distributions(500, seed=23, zeros=False)
    m = (p + q) / 2
    names = {r"\mathrm{JSD}(p\|q)": jensenshannon(p, q, axis=1) ** 2, "KL": kl}
    assert printed("eq-jsd-halves").holds({**names, "p": p, "q": q, "m": m})


@pytest.mark.equation("eq-jsd-entropies", tex="932bf83f")
def test_jsd_is_what_the_sample_tells_about_the_coin(printed):
    """Entropy of the mixture minus mean entropy; and the mutual information of the joint table."""
    for p, q in zip(distributions(500, seed=24), distributions(500, seed=27), strict=True):
        m = (p + q) / 2
        halves = kl(p, m) / 2 + kl(q, m) / 2
        names = {r"\mathrm{JSD}(p\|q)": halves, "H": entropy, "p": p, "q": q, "m": m}
        assert printed("eq-jsd-entropies").holds(names)
        joint = np.stack([p, q]) / 2
        product = np.outer([0.5, 0.5], m)
        assert rel_entr(joint, product).sum() == pytest.approx(halves, abs=1e-12)


@pytest.mark.equation("eq-jsd-bounds", tex="30af1174")
def test_jsd_is_symmetric_and_bounded(printed):
    """20,000 pairs with zeros; both equality cases; the last line of the proof."""
    p, q = distributions(20_000, seed=30), distributions(20_000, seed=33)
    m = (p + q) / 2
    jsd = kl(p, m) / 2 + kl(q, m) / 2
    bounds = printed("eq-jsd-bounds")
    assert bounds.holds({r"\mathrm{JSD}(p\|q)": jsd})
    assert jsd == pytest.approx(jensenshannon(q, p, axis=1) ** 2, abs=1e-9)
    disjoint = (p * q).sum(1) == 0
    assert disjoint.any() and jsd[disjoint] == pytest.approx(bounds.side({}))
    overlap = np.minimum(p, q).sum(1) > 1e-3
    assert (jsd[overlap] < LOG2 - 1e-5).all()
    safe = np.where(p > 0, p, 1)
    detail = LOG2 - (p * np.log1p(np.where(p > 0, q / safe, 0))).sum(1)
    assert kl(p, m) == pytest.approx(detail, abs=1e-12)
    assert (kl(p, p) == 0).all()


@pytest.mark.equation("eq-jsd-metric", tex="12f2cd91")
def test_root_of_jsd_obeys_the_triangle_and_jsd_does_not(printed):
    """100,000 random triples with zeros, and the three coins of the text."""
    p, q, r = (distributions(100_000, seed=seed) for seed in (40, 43, 46))

    def root(a, b):
        m = (a + b) / 2
        return np.sqrt(np.maximum(kl(a, m) / 2 + kl(b, m) / 2, 0))

    names = {"JSD": lambda a, b: root(a, b) ** 2, "p": p, "q": q, "r": r}
    assert printed("eq-jsd-metric").holds(names, abs=1e-7)
    assert printed("eq-jsd-metric").holds({**names, "q": p}, abs=1e-7)  # q = p: equality
    assert root(p, r) == pytest.approx(printed("eq-jsd-metric").side({**names, "q": p}), abs=1e-7)
    assert (root(p, r) ** 2 > root(p, q) ** 2 + root(q, r) ** 2 + 1e-6).mean() > 0.05
    heads, fair, tails = np.array([1.0, 0]), np.array([0.5, 0.5]), np.array([0, 1.0])
    assert root(heads, tails) ** 2 == pytest.approx(0.6931, abs=1e-4)
    assert 2 * root(heads, fair) ** 2 == pytest.approx(0.4315, abs=1e-4)
    assert (root(heads, tails), 2 * root(heads, fair)) == pytest.approx((0.8326, 0.929), abs=1e-4)


EVENTS = np.array(list(itertools.product([0, 1], repeat=4)), dtype=float)


@pytest.mark.equation("eq-tv", tex="1c2f17d2")
def test_total_variation_is_the_mass_to_be_moved(printed):
    """One minus the overlap; within [0, 1]; a metric on random triples."""
    p, q, r = (distributions(20_000, seed=seed) for seed in (50, 53, 56))
    tv = lambda a, b: np.abs(a - b).sum(1) / 2
    assert tv(p, q) == pytest.approx(1 - np.minimum(p, q).sum(1))
    for a, b in zip(p[:50], q[:50], strict=True):
        left = {r"\mathrm{TV}(p,q)": 1 - np.minimum(a, b).sum()}
        assert printed("eq-tv").holds({**finite(4, a, q=b), **left})
    assert (tv(p, q) <= 1 + 1e-12).all() and (tv(p, p) == 0).all()
    assert (tv(p, r) <= tv(p, q) + tv(q, r) + 1e-12).all()
    assert tv(np.array([[1.0, 0]]), np.array([[0, 1.0]]))[0] == 1


@pytest.mark.equation("eq-tv-events", tex="037e881c")
def test_total_variation_is_the_largest_disagreement(printed):
    """All sixteen events, for 5,000 pairs; the best is {p > q}."""
    p, q = distributions(5000, seed=60), distributions(5000, seed=63)
    gaps = (p - q) @ EVENTS.T
    assert gaps.max(1) == pytest.approx(np.abs(p - q).sum(1) / 2, abs=1e-12)
    for a, b in zip(p[:50], q[:50], strict=True):
        names = {"p": lambda A, a=a: a @ EVENTS[A], "q": lambda A, b=b: b @ EVENTS[A]}
        names |= {"A": range(16), r"\mathrm{TV}(p,q)": 1 - np.minimum(a, b).sum()}
        assert printed("eq-tv-events").holds(names)
    assert ((p - q) * (p > q)).sum(1) == pytest.approx(gaps.max(1), abs=1e-12)


@pytest.mark.equation("eq-tv-guess", tex="4ffc87d8")
def test_best_guesser(printed):
    """All sixteen rules for the mint and the forger; and 200,000 rounds of the best one."""
    mint, forger = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, 0.2, 0.3, 0.4])
    right = [0.5 * mint @ says + 0.5 * forger @ (1 - says) for says in EVENTS]
    value = printed("eq-tv-guess").side({r"\mathrm{TV}(p,q)": 1 - np.minimum(mint, forger).sum()})
    assert max(right) == pytest.approx(0.7) == pytest.approx(value)
    says = EVENTS[np.argmax(right)].astype(bool)
    genuine = rng().random(200_000) < 0.5
    year = np.where(genuine, rng(1).choice(4, 200_000, p=mint), rng(2).choice(4, 200_000, p=forger))
    assert (says[year] == genuine).mean() == pytest.approx(0.7, abs=5e-3)


@pytest.mark.equation("eq-inequalities", tex="50cdda2b")
def test_pinsker_and_lin(printed):
    """100,000 pairs with zeros; neither bound is loose everywhere; the converse is false."""
    p, q = distributions(100_000, seed=70), distributions(100_000, seed=73)
    tv, m = np.abs(p - q).sum(1) / 2, (p + q) / 2
    jsd = kl(p, m) / 2 + kl(q, m) / 2
    formula = printed("eq-inequalities")
    divergences = lambda tv, kl, jsd: {
        **{r"\mathrm{TV}(p,q)": tv, r"\mathrm{KL}(p\|q)": kl, r"\mathrm{JSD}(p\|q)": jsd}
    }
    assert formula.holds(divergences(tv, kl(p, q), jsd))
    near = np.array([0.51, 0.49]), np.array([0.5, 0.5])  # Pinsker is tight for near coins ...
    values = divergences(0.01, kl(*near), jensenshannon(*near) ** 2)
    assert formula.side(values, 0) == pytest.approx(formula.side(values, 0, 0), rel=1e-3)
    disjoint = (p * q).sum(1) == 0  # ... and Lin for heaps apart
    values = divergences(1.0, math.inf, jsd[disjoint])
    assert formula.side(values, 1) == pytest.approx(formula.side(values, 1, 0))
    lost = np.array([0.99, 0.01]), np.array([1.0, 0.0])
    assert kl(*lost) == math.inf and np.abs(lost[0] - lost[1]).sum() / 2 == pytest.approx(0.01)


# ---- numerics ---------------------------------------------------------------------------------


@pytest.mark.equation("eq-sigmoid-limit", tex="45dbc03a")
@pytest.mark.parametrize("dtype, digits, where", [(np.float32, 24, 16.64), (np.float64, 53, 36.74)])
def test_where_the_naive_loss_becomes_infinite(dtype, digits, where, printed):
    """Bisection with numpy's arithmetic in that precision."""
    assert np.finfo(dtype).nmant + 1 == digits
    one = dtype(1)

    def infinite(s):
        with np.errstate(divide="ignore"):
            return np.isinf(-np.log(one - one / (one + np.exp(-dtype(s)))))

    low, high = 1.0, 60.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if infinite(middle) else (middle, high)
    assert printed("eq-sigmoid-limit").holds({"s": high, "t": digits}, abs=6e-3)
    assert high == pytest.approx(where, abs=6e-3)
    assert printed("eq-sigmoid-limit").side({"t": digits}, side=1) == pytest.approx(high, abs=1e-3)


@pytest.mark.equation("eq-softplus", tex="1a24c3a6")
def test_stable_form_of_the_loss(printed):
    """Equal to the definition in 80-digit arithmetic, and finite for every score."""
    from decimal import Decimal, localcontext

    for s in (-800.0, -30.0, -1.0, 0.0, 2.5, 17.0, 40.0, 800.0):
        with localcontext() as context:
            context.prec = 800
            exact = -(1 - 1 / (1 + (-Decimal(s)).exp())).ln()
        stable = max(s, 0) + math.log1p(math.exp(-abs(s)))
        assert stable == pytest.approx(float(exact), rel=1e-13, abs=1e-320)
        assert printed("eq-softplus").side({"s": s}) == pytest.approx(float(exact), rel=1e-9)
        if abs(s) < 20:
            names = {"s": s, r"\sigma": scipy.special.expit}
            assert printed("eq-softplus").holds(names, rel=1e-7)


@pytest.mark.equation("eq-log-softmax", tex="ceb0c9b6")
def test_log_softmax_does_not_overflow(printed):
    """Equal to the definition where that works, and to the limit where it does not."""

    def stable(s):
        return s - s.max() - np.log(np.exp(s - s.max()).sum())

    s = np.array([2, 1, 0.5, -1])
    assert stable(s) == pytest.approx(np.log(temperature_softmax(s, 1)))
    for c in range(1, 5):
        names = {"s": s, "c": c, "M": 2, "j": range(1, 5), "q_c": temperature_softmax(s, 1)[c - 1]}
        assert printed("eq-log-softmax").holds(names)
        assert printed("eq-log-softmax").holds({**names, "M": -1})  # any shift will do
    assert stable(s + 1000) == pytest.approx(stable(s))
    assert stable(np.array([1000.0, 0.0])).tolist() == [0, -1000]
    with np.errstate(over="ignore"):
        assert np.isinf(np.exp(1000.0))
