"""gancourse.theory.information against plain `math`, scipy, and the properties that define it."""

import math

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.special
import scipy.stats
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gancourse.errors import GanCourseError
from gancourse.theory import information as info

LOG2 = math.log(2)
F_DIVERGENCES = [info.kl, info.jsd, info.tv, info.chi2]
settings.register_profile("no deadline on a shared machine", deadline=None)
settings.load_profile("no deadline on a shared machine")


@st.composite
def distributions(draw, how_many=2):
    """Distributions on the same few points: exact zeros and very small weights included."""
    n = draw(st.integers(2, 8))
    weight = st.one_of(st.just(0.0), st.floats(1e-30, 1e-6), st.floats(0.01, 1.0))
    weights = [draw(st.lists(weight, min_size=n, max_size=n)) for _ in range(how_many)]
    assume(all(sum(w) > 1e-6 for w in weights))
    return [torch.tensor(w, dtype=torch.float64) / math.fsum(w) for w in weights]


def plain_kl(p, q):
    terms = [
        math.inf if b == 0 else a * (math.log(a) - math.log(b))
        for a, b in zip(p.tolist(), q.tolist(), strict=True)
        if a > 0
    ]
    return math.fsum(terms) if math.inf not in terms else math.inf


def plain_jsd(p, q):
    m = (p + q) / 2
    return (plain_kl(p, m) + plain_kl(q, m)) / 2


@given(distributions())
def test_against_plain_math(pair):
    p, q = pair
    plain_h = -math.fsum(a * math.log(a) for a in p.tolist() if a > 0)
    assert float(info.entropy(p)) == pytest.approx(plain_h, abs=1e-13)
    assert float(info.kl(p, q)) == pytest.approx(plain_kl(p, q), rel=1e-12, abs=1e-13)
    assert float(info.cross_entropy(p, q)) == pytest.approx(
        plain_h + plain_kl(p, q), rel=1e-12, abs=1e-13
    )
    assert float(info.jsd(p, q)) == pytest.approx(plain_jsd(p, q), abs=1e-13)
    assert float(info.tv(p, q)) == pytest.approx(
        max(float((p - q)[mask].sum()) for mask in [p > q]), abs=1e-13
    )  # sup over events


@given(distributions())
def test_against_scipy(pair):
    p, q = (t.numpy() for t in pair)
    assert float(info.kl(p, q)) == pytest.approx(
        float(scipy.special.rel_entr(p, q).sum()), rel=1e-12, abs=1e-13
    )
    with np.errstate(invalid="ignore"):  # scipy takes the root of a rounded zero
        root = np.nan_to_num(scipy.spatial.distance.jensenshannon(p, q))
    assert float(info.jsd(p, q)) == pytest.approx(root**2, abs=1e-13)
    points = np.cumsum(np.arange(1.0, len(p) + 1))  # uneven spacing
    assert float(info.wasserstein_1d(p, q, points)) == pytest.approx(
        scipy.stats.wasserstein_distance(points, points, p, q), abs=1e-10
    )


@given(distributions())
def test_gibbs_and_the_bounds(pair):
    p, q = pair
    assert float(info.kl(p, q)) >= -1e-14
    assert math.isinf(float(info.kl(p, q))) == bool(((p > 0) & (q == 0)).any())
    assert -1e-14 <= float(info.jsd(p, q)) <= LOG2 + 1e-14
    assert 0 <= float(info.tv(p, q)) <= 1 + 1e-14
    assert float(info.jsd(p, q)) <= LOG2 * float(info.tv(p, q)) + 1e-13  # Lin 1991
    assert 2 * float(info.tv(p, q)) ** 2 <= float(info.kl(p, q)) + 1e-13  # Pinsker
    for divergence in F_DIVERGENCES:
        assert float(divergence(p, p)) == 0
    for symmetric in (info.jsd, info.tv):
        assert float(symmetric(p, q)) == pytest.approx(float(symmetric(q, p)), abs=1e-14)


@given(distributions(how_many=3))
def test_the_root_of_jsd_is_a_metric(three):
    def root(p, q):
        return math.sqrt(max(float(info.jsd(p, q)), 0.0))

    p, q, r = three
    assert root(p, r) <= root(p, q) + root(q, r) + 1e-7


@given(distributions())
def test_value_of_the_optimal_discriminator_is_jsd(pair):
    p, pg = pair
    V = float(info.value(info.optimal_score(p, pg), p, pg))
    assert V == pytest.approx(-math.log(4) + 2 * plain_jsd(p, pg), abs=1e-12)


@settings(max_examples=50)
@given(distributions(), st.integers(0, 2**32 - 1))
def test_no_discriminator_does_better(pair, seed):
    p, pg = pair
    best = float(info.value(info.optimal_score(p, pg), p, pg))
    noise = torch.Generator().manual_seed(seed)
    for scale in (1e-3, 1.0, 10.0):
        other = torch.randn(20, len(p), generator=noise, dtype=torch.float64) * scale
        score = info.optimal_score(p, pg).clamp(-50, 50) + other
        assert float(info.value(score, p, pg).max()) <= best + 1e-12


def test_disjoint_supports_are_log_2_apart_to_the_last_digit():
    p, q = torch.tensor([0.5, 0.25, 0.25, 0, 0]), torch.tensor([0, 0, 0, 0.5, 0.5])
    p, q = p.double(), q.double()
    assert float(info.jsd(p, q)) == pytest.approx(LOG2, abs=2.3e-16)
    assert float(info.tv(p, q)) == 1
    assert float(info.kl(p, q)) == math.inf
    assert float(info.value(info.optimal_score(p, q), p, q)) == 0
    assert info.optimal_discriminator(p, q).tolist() == [1, 1, 1, 0, 0]


def test_off_both_supports_the_optimum_is_one_half_and_nothing_is_nan():
    p, pg = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.5, 0.5, 0.0])
    assert info.optimal_discriminator(p, pg).tolist() == [pytest.approx(2 / 3), 0, 0.5]
    assert info.optimal_score(p, pg).tolist() == [pytest.approx(LOG2), -math.inf, 0]


@given(distributions())
def test_probability_and_score_agree(pair):
    D, score = info.optimal_discriminator(*pair), info.optimal_score(*pair)
    torch.testing.assert_close(D, torch.sigmoid(score), atol=1e-14, rtol=1e-12)


def test_an_overconfident_mistake_costs_everything():
    half = torch.tensor([0.5, 0.5], dtype=torch.float64)
    assert float(info.value(torch.tensor([math.inf, 0.0]), half, half)) == -math.inf
    assert float(info.value([0.0, 0.0], half, half)) == pytest.approx(-math.log(4), abs=1e-15)


@given(distributions())
def test_single_precision(pair):
    p, q = pair
    for f in (info.jsd, info.tv, info.entropy):
        arguments = pair if f is not info.entropy else [p]
        single = f(*[t.float() for t in arguments])
        assert single.dtype == torch.float32
        assert float(single) == pytest.approx(float(f(*arguments)), abs=1e-6)


@pytest.mark.parametrize("mu, sigma", [(0.0, 1.0), (1.5, 1.0), (-2.0, 0.5), (3.0, 2.0)])
def test_gaussians_on_a_grid_against_closed_forms(mu, sigma):
    x = torch.linspace(-25, 25, 5001, dtype=torch.float64)
    dx = 0.01
    p, q = info.gaussian(x, mu, sigma), info.gaussian(x)
    assert float(p.sum() * dx) == pytest.approx(1, abs=1e-12)
    assert p.numpy() == pytest.approx(scipy.stats.norm.pdf(x.numpy(), mu, sigma), abs=1e-14)
    kl = -math.log(sigma) + (sigma**2 + mu**2 - 1) / 2
    assert float(info.kl(p, q, dx)) == pytest.approx(kl, abs=1e-10)
    assert float(info.entropy(p, dx)) == pytest.approx(
        scipy.stats.norm.entropy(mu, sigma), abs=1e-10
    )
    quantiles = np.linspace(0, 1, 200_001)[:-1] + 0.5 / 200_000
    w1 = np.abs(mu + (sigma - 1) * scipy.stats.norm.ppf(quantiles)).mean()
    assert float(info.wasserstein_1d(p, q, x, dx)) == pytest.approx(w1, abs=2e-4)
    if sigma == 1:
        assert float(info.chi2(p, q, dx)) == pytest.approx(math.expm1(mu**2), rel=1e-9)
        assert float(info.tv(p, q, dx)) == pytest.approx(math.erf(abs(mu) / 8**0.5), abs=1e-4)
        assert float(info.wasserstein_1d(p, q, x, dx)) == pytest.approx(abs(mu), abs=1e-10)


@pytest.mark.parametrize("f", [*F_DIVERGENCES, info.cross_entropy])
def test_gradients_exist_where_probabilities_are_zero(f):
    logits = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64, requires_grad=True)
    p = torch.cat([torch.softmax(logits, 0), torch.zeros(1, dtype=torch.float64)])
    q = torch.tensor([0.2, 0.3, 0.4, 0.1], dtype=torch.float64)
    (gradient,) = torch.autograd.grad(f(p, q), logits)
    h = 1e-6
    for i in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[i] = h
        ends = [
            torch.cat([torch.softmax(logits.detach() + s * step, 0), p.detach()[3:]])
            for s in (1, -1)
        ]
        slope = float(f(ends[0], q) - f(ends[1], q)) / (2 * h)
        assert float(gradient[i]) == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("f", [info.kl, info.jsd, info.tv, info.cross_entropy])
def test_gradients_exist_where_both_are_zero(f):
    """Where p = 0 the term is 0 for every q, and so is its slope in q."""
    p = torch.tensor([0.6, 0.4, 0.0], dtype=torch.float64, requires_grad=True)
    q = torch.tensor([0.3, 0.7, 0.0], dtype=torch.float64, requires_grad=True)
    by_p, by_q = torch.autograd.grad(f(p, q), (p, q))
    assert by_p.isfinite().all() and by_q.isfinite().all()
    if f in (info.kl, info.cross_entropy):
        assert by_q.tolist() == pytest.approx([-0.6 / 0.3, -0.4 / 0.7, 0])


def test_leading_axes_give_one_number_each():
    p = torch.tensor([[0.5, 0.5], [1.0, 0.0]], dtype=torch.float64)
    q = torch.tensor([0.25, 0.75], dtype=torch.float64)
    for f in [*F_DIVERGENCES, info.cross_entropy]:
        rows = torch.stack([f(p[0], q), f(p[1], q)])
        torch.testing.assert_close(f(p, q), rows, atol=1e-15, rtol=0)
    assert info.wasserstein_1d(p, q, [0.0, 2.0]).tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    "bad, message",
    [
        (lambda: info.kl([0.5, 0.6], [0.5, 0.5]), "total mass 1.1"),
        (lambda: info.jsd([1.5, -0.5], [0.5, 0.5]), "negative or NaN"),
        (lambda: info.tv([math.nan, 1], [0.5, 0.5]), "negative or NaN"),
        (lambda: info.jsd([0.5, 0.5], [0.2, 0.3, 0.5]), "different lengths 2, 3"),
        (lambda: info.wasserstein_1d([0.5, 0.5], [1, 0], [1.0, 0.0]), "must increase"),
        (lambda: info.kl([0.5, 0.5], [0.5004, 0.5004]), "total mass 1.0008"),
        (lambda: info.optimal_discriminator(math.nan, 1.0), "negative, infinite or NaN"),
        (lambda: info.optimal_discriminator(-1.0, 2.0), "negative, infinite or NaN"),
        (lambda: info.optimal_score([0.5, -0.5], [0.5, 0.5]), "negative, infinite or NaN"),
        (lambda: info.optimal_score(math.inf, 1.0), "negative, infinite or NaN"),
        (lambda: info.value([0.0, math.nan], [0.5, 0.5], [0.5, 0.5]), "a score is NaN"),
        (lambda: info.entropy(info.gaussian(torch.linspace(-5, 5, 101))), "pass dx=grid spacing"),
    ],
)
def test_mistakes_are_named_with_their_fix(bad, message):
    with pytest.raises(GanCourseError, match=message):
        bad()


def test_bits():
    assert info.bits(3 * LOG2) == pytest.approx(3)
    assert float(info.bits(info.entropy([0.5, 0.25, 0.125, 0.125]))) == pytest.approx(1.75)


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=6), st.floats(0.05, 20))
def test_softmax_is_scipys_with_the_temperature_inside(scores, temperature):
    q = info.softmax(scores, temperature)
    assert q.numpy() == pytest.approx(scipy.special.softmax(np.array(scores) / temperature))
    assert float(q.sum()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("temperature", [0, -1.0, math.nan])
def test_softmax_names_a_bad_temperature(temperature):
    with pytest.raises(GanCourseError, match="the temperature is"):
        info.softmax([1.0, 2.0], temperature)


@st.composite
def many_pairs(draw):
    """128 pairs on one set of points; some weights are exactly 0, some supports are disjoint."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, zeros = draw(st.integers(2, 40)), draw(st.sampled_from([0.0, 0.3, 0.7]))
    weights = rng.exponential(size=(2, 128, n)) ** draw(st.sampled_from([1.0, 4.0]))
    weights[rng.random(weights.shape) < zeros] = 0
    if draw(st.booleans()):  # every fourth pair: nothing in common
        split = np.arange(n) < draw(st.integers(1, n - 1))
        weights[0, ::4, ~split] = weights[1, ::4, split] = 0
    empty = weights.sum(-1) == 0
    weights[0, empty[0], 0] = weights[1, empty[1], -1] = 1
    return torch.from_numpy(weights / weights.sum(-1, keepdims=True))


@pytest.mark.parametrize("dtype, bar", [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_more_than_ten_thousand_pairs(dtype, bar):
    """V(D*) = -log 4 + 2 JSD, bounds, symmetry, Gibbs, and KL infinite iff the support is left."""
    seen = disjoint = 0

    @settings(max_examples=80, deadline=None)
    @given(many_pairs())
    def check(pairs):
        nonlocal seen, disjoint
        p, q = pairs.to(dtype)
        jsd, m = info.jsd(p, q), (p + q) / 2
        reference = scipy.special.rel_entr(pairs.numpy(), pairs.numpy().mean(0)).sum(-1).mean(0)
        value = info.value(info.optimal_score(p, q), p, q)
        assert torch.allclose(value, 2 * jsd - math.log(4), rtol=0, atol=2 * bar)
        assert np.allclose(jsd.numpy(), reference, rtol=0, atol=bar)
        assert float(jsd.min()) >= -bar and float(jsd.max()) <= LOG2 + bar
        assert torch.allclose(jsd, info.jsd(q, p), rtol=0, atol=bar)
        assert float(info.kl(p, q).min()) >= -bar and float(info.kl(p, m).min()) >= -bar
        leaves = ((p > 0) & (q == 0)).any(-1)
        assert torch.equal(info.kl(p, q).isinf(), leaves)
        apart = ((p > 0) & (q > 0)).sum(-1) == 0
        assert torch.allclose(jsd[apart], torch.tensor(LOG2, dtype=dtype), rtol=0, atol=bar)
        seen, disjoint = seen + len(p), disjoint + int(apart.sum())

    check()
    assert seen >= 10_000 and disjoint >= 100


def test_the_largest_densities_have_an_optimum_and_rounding_is_no_mistake():
    assert info.optimal_discriminator(1e308, 1e308).item() == 0.5
    assert info.optimal_discriminator([1.5e308, 1.0], [0.5e308, 1.0]).tolist() == [0.75, 0.5]
    single = torch.softmax(torch.randn(1000, generator=torch.Generator().manual_seed(0)), 0)
    assert info.kl(single, single) == 0
