"""Slopes through a choice: the exact one by autograd, each estimate by its mean and variance."""

import pytest
import torch

from gancourse.errors import GanCourseError
from gancourse.theory import discrete as theory

SCORES = torch.tensor([0.5, -0.3, 1.2, 0.0]).double()
C = torch.tensor([1.0, -2.0, 0.5, 3.0]).double()
linear = lambda y: y @ C
curved = lambda y: (y @ C).square()


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def deviations(estimates, D):
    """How many standard errors each entry of the mean lies from the truth."""
    error = estimates.std(0) / len(estimates) ** 0.5
    return (estimates.mean(0) - theory.gradient(SCORES, D)) / error


@pytest.mark.parametrize("D", [linear, curved])
def test_the_true_slope_is_autograds(D):
    scores = SCORES.clone().requires_grad_()
    expected = scores.softmax(0) @ D(torch.eye(4).double())
    (slope,) = torch.autograd.grad(expected, scores)
    torch.testing.assert_close(theory.gradient(SCORES, D), slope)
    assert theory.gradient(SCORES, D).sum().abs() < 1e-12


@pytest.mark.parametrize("baseline", [0.0, 1.0, -5.0])
def test_the_score_function_is_unbiased_with_any_baseline(baseline):
    estimates = theory.score_function(SCORES, curved, 100_000, baseline)
    assert deviations(estimates, curved).abs().max() < 4


def test_a_good_baseline_lowers_the_variance_and_a_bad_one_raises_it():
    mean = float(SCORES.softmax(0) @ linear(torch.eye(4).double()))
    spread = {
        b: theory.score_function(SCORES, linear, 50_000, b).var(0).sum() for b in (0.0, mean, 20.0)
    }
    assert spread[mean] < spread[0.0] < spread[20.0]


@pytest.mark.parametrize("hard", [False, True])
def test_a_relaxed_choice_is_biased_and_less_so_when_it_is_cold(hard):
    """Also for a linear D: a soft choice is no mixture of hard ones with the same weights."""
    off = {
        tau: (theory.relaxed(SCORES, linear, 200_000, tau, hard).mean(0)
              - theory.gradient(SCORES, linear)).norm()
        for tau in (2.0, 0.3)
    }  # fmt: skip
    assert deviations(theory.relaxed(SCORES, linear, 200_000, 2.0, hard), linear).abs().max() > 10
    assert off[0.3] < off[2.0] / 3


def test_cold_estimates_scatter_more():
    spread = [theory.relaxed(SCORES, linear, 50_000, t).var(0).sum() for t in (2.0, 0.5, 0.1)]
    assert spread[0] < spread[1] < spread[2]


def test_straight_through_shows_d_nothing_but_one_hot_vectors():
    seen = []
    theory.relaxed(SCORES, lambda y: (seen.append(y.detach()), y @ C)[1], 50, 0.7, hard=True)
    torch.testing.assert_close(seen[0].max(-1).values, torch.ones(50).double())
    torch.testing.assert_close(seen[0].sum(-1), torch.ones(50).double())


def test_a_plain_draw_has_no_slope():
    """Why all this is needed: torch refuses to differentiate through a drawn token."""
    p = SCORES.clone().requires_grad_().softmax(0)
    assert not p.multinomial(1).requires_grad and not p.argmax().requires_grad


@pytest.mark.parametrize(
    "act, message",
    [
        (lambda: theory.gradient(torch.zeros(2, 2), linear), r"scores of shape \(2, 2\)"),
        (lambda: theory.gradient(torch.zeros(1), linear), "at least two"),
        (lambda: theory.score_function(SCORES, linear, 0), "n must be"),
        (lambda: theory.relaxed(SCORES, linear, 5, 0.0), "temperature must be"),
    ],
)
def test_mistakes_are_named(act, message):
    with pytest.raises(GanCourseError, match=message):
        act()
