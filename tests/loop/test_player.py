"""A player moves its own network by one step of its optimizer, and holds it when told to."""

import pytest
import torch
from torch import nn

from gancourse.errors import GanCourseError
from gancourse.loop.guards import FiniteGuard
from gancourse.loop.player import Player


def player(**options):
    torch.manual_seed(0)
    net = nn.Linear(3, 1)
    guard = FiniteGuard(net, torch.device("cpu"))
    return Player(net, lambda p: torch.optim.SGD(p, lr=0.1), guard, **options)


def squared(net):
    return lambda x: net(x).square().mean()


def test_a_move_is_one_step_against_the_gradient():
    mover, x = player(), torch.randn(8, 3)
    expected = nn.Linear(3, 1)
    expected.load_state_dict(mover.network.state_dict())
    for _ in range(3):
        loss = squared(expected)(x)
        grads = torch.autograd.grad(loss, list(expected.parameters()))
        with torch.no_grad():
            for weight, grad in zip(expected.parameters(), grads, strict=True):
                weight -= 0.1 * grad
        told = mover.move(squared(mover.network), (x,))
        assert told.item() == pytest.approx(loss.item(), rel=1e-6) and not told.requires_grad
    for mine, weight in zip(mover.weights, expected.parameters(), strict=True):
        torch.testing.assert_close(mine, weight)


def test_one_loss_per_member_is_differentiated_as_their_sum():
    mover, x = player(), torch.randn(4, 3)
    before = mover.network.weight.detach().clone()
    losses = mover.move(lambda x: torch.stack([mover.network(x).mean()] * 3), (x,))
    assert losses.shape == (3,)
    step = before - mover.network.weight.detach()
    torch.testing.assert_close(step[0], 0.1 * 3 * x.mean(0))


def test_while_held_the_weights_ask_for_no_gradient_and_frozen_ones_stay_frozen():
    mover = player()
    mover.network.bias.requires_grad_(False)
    with pytest.raises(ZeroDivisionError), mover.held():
        assert not any(weight.requires_grad for weight in mover.weights)
        raise ZeroDivisionError
    assert [weight.requires_grad for weight in mover.weights] == [True, False]


def test_rates_scale_from_their_base():
    mover = player()
    mover.scale(0.5), mover.scale(0.1)
    assert mover.optimizer.param_groups[0]["lr"] == pytest.approx(0.01) and mover.rates == [0.1]


def test_what_comes_afterwards_is_called_after_the_step():
    seen = []
    mover = player(afterwards=lambda: seen.append(mover.network.weight.detach().clone()))
    mover.move(squared(mover.network), (torch.ones(2, 3),))
    assert len(seen) == 1 and torch.equal(seen[0], mover.network.weight)


def test_a_loss_that_is_not_finite_moves_nothing():
    mover = player()
    before = mover.network.weight.detach().clone()
    with pytest.raises(GanCourseError, match="a loss is not finite"):
        mover.move(lambda x: mover.network(x).sum() * float("inf"), (torch.ones(2, 3),))
    assert torch.equal(before, mover.network.weight)


class OwnError(RuntimeError):
    """What a reader's own loss may raise."""


def test_the_first_batch_that_does_not_fit_is_told_and_later_errors_are_left_alone():
    mover = player()
    with pytest.raises(GanCourseError, match=r"cannot take a batch of shape \(2, 4\)") as told:
        mover.move(squared(mover.network), (torch.ones(2, 4),))
    assert isinstance(told.value.__cause__, RuntimeError)
    mover.move(squared(mover.network), (torch.ones(2, 3),))

    def broken(x):
        raise OwnError("expected input to be positive")

    with pytest.raises(OwnError):
        mover.move(broken, (torch.ones(2, 3),))


@pytest.mark.parametrize("problem", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_running_out_of_memory_is_told_as_it_is(problem):
    def full(x):
        raise problem

    with pytest.raises(type(problem)):
        player().move(full, (torch.ones(2, 3),))
