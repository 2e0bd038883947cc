"""Penalties on critics whose slopes are known by hand."""

import pytest
import torch
from torch import nn

from gancourse.errors import GanCourseError
from gancourse.penalties import (
    clip_weights,
    gradient_penalty,
    judged,
    r1,
    r1_r2,
    r2,
    score,
    slope,
)

SHAPES = [(1, 3), (5, 3), (4, 2, 6, 6), (1, 1, 4, 4)]


def linear(shape, seed=0):
    """D(x) = <w, x>, and the length of w, which is the slope everywhere."""
    w = torch.randn(shape[1:], generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (lambda x: (x * w).flatten(1).sum(1)), w.norm().item()


def data(shape):
    return torch.randn(2, *shape, dtype=torch.float64).unbind(0)


@pytest.mark.parametrize("shape", SHAPES)
def test_exact_for_a_linear_critic(shape):
    D, length = linear(shape)
    x, fake = data(shape)
    assert gradient_penalty(10)(D, x, fake).item() == pytest.approx(10 * (length - 1) ** 2)
    assert r1(3)(D, x, fake).item() == pytest.approx(3 / 2 * length**2)
    assert r2(3)(D, x, fake).item() == pytest.approx(3 / 2 * length**2)
    assert r1_r2(3)(D, x, fake).item() == pytest.approx(3 * length**2)


@pytest.mark.parametrize("members", [1, 2, 7])
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("rest", [(3,), (2, 4, 4)])
@pytest.mark.parametrize("penalty", [gradient_penalty(10), r1(1), r2(1), r1_r2(1)])
def test_exact_for_an_ensemble_of_linear_critics(members, batch, rest, penalty):
    w = torch.randn(members, 1, *rest, dtype=torch.float64)
    x, fake = data((members, batch, *rest))
    value = penalty(lambda x: (x * w).flatten(2).sum(2), x, fake)
    lengths = w.flatten(1).norm(dim=1)
    expected = {
        "gradient_penalty": 10 * (lengths - 1) ** 2,
        "r1": lengths**2 / 2,
        "r2": lengths**2 / 2,
        "r1_r2": lengths**2,
    }[repr(penalty).partition("(")[0]]
    assert value.shape == (members,)
    assert torch.allclose(value, expected, rtol=1e-12)


def test_r1_looks_at_real_and_r2_at_fake():
    D = lambda x: (x**2).sum(1) / 2
    x, fake = data((6, 3))
    assert r1(2)(D, x, fake).item() == pytest.approx((x**2).sum(1).mean().item())
    assert r2(2)(D, x, fake).item() == pytest.approx((fake**2).sum(1).mean().item())


def test_gradient_penalty_is_taken_between_with_one_epsilon_per_sample():
    D = lambda x: (x**2).flatten(1).sum(1) / 2
    seen = []
    x, fake = torch.ones(1000, 3, 4, 4), torch.zeros(1000, 3, 4, 4)
    gradient_penalty()(lambda x: seen.append(x) or D(x), x, fake)
    epsilon = seen[-1].flatten(1)  # before, D was asked how many axes count samples
    assert (epsilon == epsilon[:, :1]).all(), "one epsilon for the whole sample"
    assert 0 <= epsilon.min() and epsilon.max() <= 1
    assert epsilon[:, 0].mean().item() == pytest.approx(0.5, abs=0.05)
    assert epsilon[:, 0].std().item() == pytest.approx(12**-0.5, abs=0.03)


@pytest.mark.parametrize("penalty", [gradient_penalty(10), r1_r2(1)])
def test_finite_gradients_for_a_flat_critic(penalty):
    D = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    for weight in D.parameters():
        nn.init.zeros_(weight)
    penalty(D, torch.randn(5, 3), torch.randn(5, 3)).backward()
    assert all(w.grad is None or w.grad.isfinite().all() for w in D.parameters())


def test_slope_agrees_with_finite_differences():
    D = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    x = torch.randn(4, 3, dtype=torch.float64)
    steps = 1e-6 * torch.eye(3, dtype=torch.float64)
    numeric = torch.stack([(D(x + h) - D(x - h)).squeeze(1) / 2e-6 for h in steps], 1)
    assert torch.allclose(slope(*judged(D, x)), numeric, atol=1e-8)


def test_clip_weights_clamps_every_parameter_and_nothing_else():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    before = [w.clone() for w in net.parameters()]
    clip_weights(0.1)(net)
    for old, new in zip(before, net.parameters(), strict=True):
        assert torch.equal(new, old.clamp(-0.1, 0.1))
    with pytest.raises(GanCourseError, match="positive"):
        clip_weights(0)


def test_score_drops_trailing_axes_of_length_one():
    assert score(nn.Linear(3, 1), torch.randn(5, 3)).shape == (5,)
    ensemble = nn.Linear(3, 1)
    ensemble.members = 2
    assert score(ensemble, torch.randn(2, 5, 3)).shape == (2, 5)
    with pytest.raises(GanCourseError, match="one score per sample"):
        score(nn.Linear(3, 1), torch.randn(2, 5, 3))  # sequences; each of its five was scored
    assert score(nn.Conv2d(3, 1, 4), torch.randn(5, 3, 4, 4)).shape == (5,)
    assert score(nn.Linear(3, 1), torch.randn(1, 3)).shape == (1,)


def test_score_of_the_wrong_shape_is_one_clear_error():
    with pytest.raises(GanCourseError, match="one score per sample"):
        score(nn.Linear(3, 2), torch.randn(5, 3))


def test_grey_pictures_are_no_ensemble():
    """A column of scores for pictures of one channel: the channel is no axis of samples."""
    D, x, fake = nn.Sequential(nn.Flatten(), nn.Linear(16, 1)), *torch.rand(2, 5, 1, 4, 4)
    assert score(D, x).shape == (5,)
    assert all(f(1)(D, x, fake).shape == () for f in (gradient_penalty, r1, r2, r1_r2))


def test_a_batch_of_sequences_is_no_ensemble():
    """One score for a whole sequence of five pairs; the slope is that of all ten numbers."""
    D, x, fake = nn.Sequential(nn.Flatten(), nn.Linear(10, 1)), *torch.rand(2, 4, 5, 2)
    length = D[1].weight.norm().item()
    assert r1(2)(D, x, fake).item() == pytest.approx(length**2)
    assert gradient_penalty(1)(D, x, fake).item() == pytest.approx((length - 1) ** 2)


def test_penalties_are_equal_when_they_say_the_same():
    assert r1_r2(2) == r1_r2(2.0) != r1(2) and repr(r1(0.5)) == "r1(0.5)"
    assert repr(gradient_penalty()) == "gradient_penalty(10.0)" and repr(r2(1)) == "r2(1)"
    with pytest.raises(AttributeError):
        r1(1).gamma = 2


@pytest.mark.parametrize("penalty", [r1(1.0), r2(1.0), r1_r2(1.0)])
def test_scores_that_are_known_already_change_nothing(penalty):
    D = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    x, fake = data((6, 3))
    assert torch.equal(penalty.of(judged(D, x), judged(D, fake)), penalty(D, x, fake))


@pytest.mark.parametrize("penalty", [gradient_penalty(), r1(), r2(), r1_r2()])
@pytest.mark.parametrize(
    "D", [lambda x: torch.ones(len(x)), lambda x: torch.ones(len(x), requires_grad=True) * 2]
)
def test_a_discriminator_that_ignores_its_samples_is_named(penalty, D):
    with pytest.raises(GanCourseError, match="do not depend on its samples"):
        penalty(D, torch.rand(3, 2), torch.rand(3, 2))
