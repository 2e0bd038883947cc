"""gancourse.theory.likelihood against scipy, brute force, torch optimisation and definitions."""

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gancourse.errors import GanCourseError
from gancourse.theory import likelihood as mle

settings.register_profile("no deadline on a shared machine", deadline=None)
settings.load_profile("no deadline on a shared machine")

few = st.lists(st.floats(-20, 20), min_size=2, max_size=12).filter(lambda x: np.std(x) > 1e-3)
flips = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=20)


def normal(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, generator=generator, dtype=torch.float64)


# ---- log-densities ----------------------------------------------------------------------------

X = np.linspace(-3, 6, 37)


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (mle.log_gaussian(X, 1.5, 0.7), scipy.stats.norm.logpdf(X, 1.5, 0.7)),
        (mle.log_exponential(X, 2.5), scipy.stats.expon.logpdf(X, scale=1 / 2.5)),
        (mle.log_uniform(X, 4.0), scipy.stats.uniform.logpdf(X, 0, 4)),
        (mle.log_bernoulli([0, 1, 1], 0.3), scipy.stats.bernoulli.logpmf([0, 1, 1], 0.3)),
        (mle.log_categorical([2, 0, 1, 2], [0.2, 0.5, 0.3]), np.log([0.3, 0.2, 0.5, 0.3])),
        (mle.log_beta([0.1, 0.5, 0.9], 3.0, 1.5), scipy.stats.beta.logpdf([0.1, 0.5, 0.9], 3, 1.5)),
    ],
)
def test_log_densities_against_scipy(ours, theirs):
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-12)
    assert ours.dtype == torch.float64


def test_impossible_outcomes_have_log_density_minus_infinity_and_certain_ones_zero():
    assert mle.log_bernoulli([1, 0], 1.0).tolist() == [0.0, -math.inf]
    assert mle.log_exponential([-1e-9], 1.0).item() == -math.inf
    assert mle.log_uniform([2.0], 2.0).item() == -math.log(2)
    assert mle.log_uniform([2.0 + 1e-12], 2.0).item() == -math.inf


def test_outside_the_classes_the_log_density_is_minus_infinity():
    """Minus one is no way to count from the end, and 0.7 is no class."""
    p = [0.2, 0.5, 0.3]
    found = mle.log_categorical([-1, 0, 0.7, 2, 3, math.nan], p).tolist()
    assert found == [-math.inf, math.log(0.2), -math.inf, math.log(0.3), -math.inf, -math.inf]
    assert mle.log_bernoulli([-1, 0.5, 2, 1], 0.25).tolist() == [-math.inf] * 3 + [math.log(0.25)]


def test_squares_that_overflow_leave_the_estimate():
    mean, std = mle.fit_gaussian([1e200, -1e200])
    assert (mean, std) == (0, 1e200)
    mean, std = mle.fit_gaussian([1.5e308, 1.5e308, 1.5e308])
    assert (mean, std) == (1.5e308, 0)


@pytest.mark.parametrize("wrong", [-1.0, 0.0, math.nan, math.inf])
@pytest.mark.parametrize(
    "log_density",
    [
        lambda wrong: mle.log_gaussian([1.0], 0.0, wrong),
        lambda wrong: mle.log_exponential([1.0], wrong),
        lambda wrong: mle.log_uniform([1.0], wrong),
        lambda wrong: mle.log_mixture([1.0], [0.5, 0.5], [0.0, 1.0], [1.0, wrong]),
    ],
)
def test_a_parameter_that_is_none_is_named(log_density, wrong):
    with pytest.raises(GanCourseError, match="choose one above 0"):
        log_density(wrong)


@pytest.mark.parametrize("wrong", [-0.1, 2.0, math.nan])
def test_a_probability_that_is_none_is_named(wrong):
    for call in (
        lambda: mle.log_bernoulli([1], wrong),
        lambda: mle.log_categorical([0], [0.5, wrong]),
    ):
        with pytest.raises(GanCourseError, match="from 0 to 1"):
            call()


def test_log_densities_carry_gradients():
    mean = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    std = torch.tensor(1.7, dtype=torch.float64, requires_grad=True)
    x = normal(5)
    mle.log_gaussian(x, mean, std).sum().backward()
    assert mean.grad.item() == pytest.approx(float((x - 0.3).sum() / 1.7**2))
    assert std.grad.item() == pytest.approx(float((-1 / 1.7 + (x - 0.3) ** 2 / 1.7**3).sum()))


# ---- closed forms: no other parameter does better ----------------------------------------------


@given(flips)
def test_bernoulli_is_the_best_of_all(x):
    grid = torch.linspace(0, 1, 1001, dtype=torch.float64)
    best = mle.log_bernoulli(x, mle.fit_bernoulli(x)).sum()
    assert all(best >= mle.log_bernoulli(x, theta).sum() - 1e-12 for theta in grid)


@given(few, st.floats(-3, 3), st.floats(-2, 2))
def test_gaussian_is_better_than_its_neighbours(x, shift, stretch):
    mean, std = mle.fit_gaussian(x)
    best = mle.log_gaussian(x, mean, std).sum()
    other = mle.log_gaussian(x, mean + shift * std, std * math.exp(stretch)).sum()
    assert best >= other - 1e-9 * abs(other)


def test_gaussian_and_exponential_agree_with_scipys_numerical_fit():
    x = (2 + 3 * normal(200)).numpy()
    np.testing.assert_allclose(mle.fit_gaussian(torch.tensor(x)), scipy.stats.norm.fit(x))
    y = np.abs(x)
    _, scale = scipy.stats.expon.fit(y, floc=0)
    assert mle.fit_exponential(torch.tensor(y)).item() == pytest.approx(1 / scale)


@pytest.mark.parametrize(
    "log_density, start, expected",
    [
        (
            lambda x, a: mle.log_gaussian(x, a[0], a[1].exp()),
            [0.0, 0.0],
            lambda x: [mle.fit_gaussian(x)[0], mle.fit_gaussian(x)[1].log()],
        ),
        (
            lambda x, a: mle.log_exponential(x, a[0].exp()),
            [0.0],
            lambda x: [mle.fit_exponential(x).log()],
        ),
        (
            lambda x, a: mle.log_bernoulli((x > 2).double(), torch.sigmoid(a[0])),
            [0.0],
            lambda x: [torch.logit(mle.fit_bernoulli((x > 2).double()))],
        ),
        (
            lambda x, a: mle.log_categorical(x.clamp(0, 2.9).floor(), a.softmax(0)),
            [0.0, 0.0, 0.0],
            lambda x: mle.fit_categorical(x.clamp(0, 2.9).floor(), 3).log(),
        ),
    ],
)
def test_torch_optimisation_finds_the_closed_form(log_density, start, expected):
    x = (1.5 + normal(300)).abs()
    a = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [a],
        max_iter=200,
        tolerance_grad=1e-12,
        tolerance_change=1e-16,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        loss = -log_density(x, a).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    found, right = a.detach(), torch.stack(list(expected(x)))
    if len(start) == 3:  # softmax: equal up to a constant
        found, right = found - found.mean(), right - right.mean()
    torch.testing.assert_close(found, right, rtol=0, atol=1e-6)


def test_categorical_counts():
    assert mle.fit_categorical([0, 2, 2, 1, 2], 4).tolist() == [0.2, 0.2, 0.6, 0.0]


@given(st.lists(st.floats(0.01, 50), min_size=1, max_size=10))
def test_uniform_maximum_is_the_largest_value_and_no_derivative_vanishes(x):
    theta = mle.fit_uniform(x)
    assert theta == max(x)
    best = mle.log_uniform(x, theta).sum()
    for factor in (0.5, 0.999, 1.001, 2.0):
        assert best > mle.log_uniform(x, factor * theta).sum()
    at = (1.5 * theta).clone().requires_grad_()
    mle.log_uniform(x, at).sum().backward()
    assert at.grad.item() == pytest.approx(-len(x) / (1.5 * float(theta)))


# ---- mixtures ---------------------------------------------------------------------------------

WEIGHTS, MEANS, STDS = (
    torch.tensor(v, dtype=torch.float64) for v in ([0.3, 0.7], [-2.0, 1.0], [0.5, 1.5])
)


def test_mixture_against_a_plain_sum():
    x = normal(50)
    plain = [
        math.log(
            sum(
                w * scipy.stats.norm.pdf(v, m, s)
                for w, m, s in zip(WEIGHTS.tolist(), MEANS.tolist(), STDS.tolist(), strict=True)
            )
        )
        for v in x.tolist()
    ]
    np.testing.assert_allclose(mle.log_mixture(x, WEIGHTS, MEANS, STDS), plain, rtol=1e-12)


def test_mixture_is_finite_far_from_every_component():
    far = mle.log_mixture([1e4], WEIGHTS, MEANS, STDS).item()
    assert math.isfinite(far) and far < -1e7


def test_responsibilities_against_bayes_rule():
    x = normal(20)
    joint = torch.stack(
        [w * mle.log_gaussian(x, m, s).exp() for w, m, s in zip(WEIGHTS, MEANS, STDS, strict=True)],
        1,
    )
    torch.testing.assert_close(
        mle.responsibilities(x, WEIGHTS, MEANS, STDS), joint / joint.sum(1, keepdim=True)
    )


@pytest.mark.parametrize("seed", range(6))
def test_em_never_lowers_the_likelihood_and_stops_at_a_stationary_point(seed):
    x = torch.cat([normal(60, seed) - 2, 0.5 * normal(40, seed + 100) + 1.5])
    state = (
        torch.tensor([0.5, 0.5], dtype=torch.float64),
        normal(2, seed + 200),
        torch.ones(2, dtype=torch.float64),
    )
    values = []
    for _ in range(1500):
        values.append(float(mle.log_mixture(x, *state).sum()))
        state = mle.em_step(x, *state)
    assert all(b >= a - 1e-9 for a, b in pairwise(values))
    weights, means, stds = (v.clone().requires_grad_() for v in state)
    mle.log_mixture(x, weights, means, stds).sum().backward()
    assert float(means.grad.abs().max()) < 1e-5 and float(stds.grad.abs().max()) < 1e-5
    # on the simplex the gradient in the weights is constant (here: n)
    assert float((weights.grad - len(x)).abs().max()) < 1e-5


def test_em_step_is_the_argmax_of_the_weighted_log_likelihood():
    """Brute force: no neighbour of the new parameters has a larger expected log-likelihood."""
    x = torch.cat([normal(30) - 2, normal(30, 1) + 2])
    r = mle.responsibilities(x, WEIGHTS, MEANS, STDS)

    def expected(weights, means, stds):
        joint = torch.log(weights) + mle.log_gaussian(x[:, None], means, stds)
        return float((r * joint).sum())

    weights, means, stds = mle.em_step(x, WEIGHTS, MEANS, STDS)
    best = expected(weights, means, stds)
    for h in (-1e-2, 1e-2):
        tilt = torch.tensor([h, -h], dtype=torch.float64)
        assert best > expected(weights + tilt, means, stds)
        for one in torch.eye(2, dtype=torch.float64):
            assert best > expected(weights, means + h * one, stds)
            assert best > expected(weights, means, stds + h * one)


@pytest.mark.parametrize("seed", range(5))
def test_k_means_is_the_hard_limit_of_em(seed):
    x, means = 3 * normal(30, seed), normal(3, seed + 50)
    r = mle.responsibilities(x, [1 / 3] * 3, means, torch.full((3,), 1e-4, dtype=torch.float64))
    soft = (r * x[:, None]).sum(0) / r.sum(0).clamp(min=1e-300)
    hard = mle.k_means_step(x, means)
    has_points = r.sum(0) > 0.5
    torch.testing.assert_close(soft[has_points], hard[has_points])
    assert torch.equal(hard[~has_points], means[~has_points])
    cost = lambda m: (x[:, None] - m).pow(2).min(1).values.sum()
    assert cost(hard) <= cost(means)


def test_collapsed_component_is_named():
    x = torch.tensor([0.0, 5.0, 5.1, 5.2, 4.9], dtype=torch.float64)
    state = ([0.2, 0.8], [0.0, 5.0], [1e-160, 1.0])
    with pytest.raises(GanCourseError, match="collapsed"):
        mle.em_step(x, *(torch.tensor(v, dtype=torch.float64) for v in state))


# ---- Bayes ------------------------------------------------------------------------------------


@given(flips, st.floats(0.5, 5), st.floats(0.5, 5))
@settings(max_examples=30)
def test_posterior_and_predictive_against_numerical_integration(x, a, b):
    a_n, b_n = mle.beta_posterior(x, a, b)
    unnormalised = lambda t: math.exp(float(mle.log_bernoulli(x, t).sum() + mle.log_beta(t, a, b)))
    heads, n = sum(x), len(x)
    evidence = math.exp(scipy.special.betaln(a + heads, b + n - heads) - scipy.special.betaln(a, b))
    for t in (0.1, 0.4, 0.85):
        assert float(mle.log_beta(t, a_n, b_n).exp()) == pytest.approx(unnormalised(t) / evidence)
    mean, _ = scipy.integrate.quad(lambda t: t * math.exp(float(mle.log_beta(t, a_n, b_n))), 0, 1)
    assert mle.beta_predictive(a_n, b_n) == pytest.approx(mean, abs=1e-5)


@given(st.floats(1, 9), st.floats(1.01, 9))
def test_map_is_the_highest_point_of_the_posterior(a, b):
    grid = torch.linspace(0, 1, 2001, dtype=torch.float64)
    highest = float(grid[mle.log_beta(grid, a, b).argmax()])
    assert mle.beta_map(a, b) == pytest.approx(highest, abs=6e-4)


# ---- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mle.fit_gaussian([]), "shape"),
        (lambda: mle.fit_gaussian([1.0, math.nan]), "nan cannot come"),
        (lambda: mle.fit_gaussian([[1.0]]), "shape"),
        (lambda: mle.fit_bernoulli([0, 1, 0.5]), "0.5 cannot come"),
        (lambda: mle.fit_exponential([-1.0]), "-1.0 cannot come"),
        (lambda: mle.fit_exponential([0.0, 0.0]), "for ever"),
        (lambda: mle.fit_categorical([0, 3], 3), "3.0 cannot come"),
        (lambda: mle.fit_uniform([-0.1]), "-0.1.* cannot come"),
        (lambda: mle.beta_posterior([2], 1, 1), "2.0 cannot come"),
        (lambda: mle.beta_map(1, 1), "no single mode"),
        (lambda: mle.beta_map(0.5, 3), "no single mode"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(GanCourseError, match=message + r"(.|\n)*Fix: "):
        call()
