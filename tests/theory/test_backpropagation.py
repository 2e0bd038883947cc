"""Backpropagation by hand against autograd, over depths, activations, shapes and batches."""

import math

import pytest
import torch

from gancourse.errors import GanCourseError
from gancourse.theory import backpropagation as backprop

ACTIVATIONS = {
    "sigmoid": (torch.sigmoid, lambda s: torch.sigmoid(s) * torch.sigmoid(-s)),
    "tanh": (torch.tanh, lambda s: 1 - torch.tanh(s) ** 2),
    "relu": (torch.relu, lambda s: (s > 0).to(s)),
    "none": (lambda s: s, torch.ones_like),
}


def network(sizes, activations, seed=0):
    torch.manual_seed(seed)
    return [
        backprop.Layer(
            torch.randn(o, i, dtype=torch.float64, requires_grad=True),
            torch.randn(o, dtype=torch.float64, requires_grad=True),
            *ACTIVATIONS[name],
        )
        for i, o, name in zip(sizes, sizes[1:], activations, strict=False)
    ]


NETWORKS = [
    ([3, 5, 2], ["sigmoid", "sigmoid"]),
    ([2, 7, 4, 1], ["relu", "tanh", "none"]),
    ([1, 1], ["sigmoid"]),
    ([4, 3, 3, 3, 3, 2], ["tanh"] * 4 + ["none"]),
]


@pytest.mark.parametrize("sizes, activations", NETWORKS)
@pytest.mark.parametrize("n", [1, 8])
def test_every_slope_is_that_of_autograd(sizes, activations, n):
    layers = network(sizes, activations)
    x, target = torch.randn(n, sizes[0]).double(), torch.rand(n, sizes[-1]).double()
    sums, activations_ = backprop.forward(layers, x)
    z = activations_[-1]
    deltas = backprop.sensitivities(layers, sums, 2 * (z - target))
    slopes = backprop.gradients(deltas, activations_)
    cost = ((z - target) ** 2).sum()
    expected = torch.autograd.grad(cost, [*sums, *(p for layer in layers for p in layer[:2])])
    for delta, right in zip(deltas, expected, strict=False):
        torch.testing.assert_close(delta, right, rtol=1e-12, atol=1e-12)
    for (W, b), W_right, b_right in zip(
        slopes, expected[len(sums) :: 2], expected[len(sums) + 1 :: 2], strict=True
    ):
        torch.testing.assert_close(W, W_right, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(b, b_right, rtol=1e-12, atol=1e-12)


def test_a_network_of_equal_hidden_units_keeps_them_equal():
    """Why one does not start at zero: equal units have equal sensitivities."""
    layers = network([2, 4, 1], ["tanh", "none"])
    with torch.no_grad():
        for tensor in (layers[0].weight, layers[0].bias, layers[1].weight):
            tensor.fill_(0.3)
    x = torch.randn(6, 2).double()
    sums, activations = backprop.forward(layers, x)
    delta_hat, _ = backprop.sensitivities(layers, sums, activations[-1] - 1)
    assert torch.equal(delta_hat, delta_hat[:, :1].expand_as(delta_hat)) and delta_hat.any()


@pytest.mark.parametrize("w", [2.0, -0.7, 0.0, 1.3])
def test_the_worked_example_step_by_step(w):
    steps = backprop.sine_squared(w)
    t = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    f = torch.sin(t**2 + 1) ** 2
    f.backward()
    assert steps[-1][1] == pytest.approx(f.item(), abs=1e-14)
    assert math.prod(slope for *_, slope in steps) == pytest.approx(t.grad.item(), abs=1e-14)


def test_layers_that_do_not_fit_are_named():
    layers = network([3, 5, 2], ["tanh", "none"])
    with pytest.raises(GanCourseError, match="3 inputs gets 4"):
        backprop.forward(layers, torch.randn(2, 4).double())


def test_the_network_of_two_two_one_that_chapter_3_goes_through_in_numbers():
    """By automatic differentiation: every number of the paragraph "Once in numbers"."""
    W, w = torch.tensor([[1.0, -1.0], [0.5, 1.0]]), torch.tensor([2.0, 1.0])
    x, W, w = torch.tensor([1.0, 2.0]), W.requires_grad_(), w.requires_grad_()
    s = W @ x
    z = w @ s.relu()
    cost = (z - 1) ** 2
    delta, hidden, into_w, into_W = torch.autograd.grad(cost, (z, s, w, W))
    assert s.tolist() == [-1, 2.5] and z == 2.5 and cost == 2.25
    assert delta == 3 and (delta * w).tolist() == [6, 3] and hidden.tolist() == [0, 3]
    assert into_w.tolist() == [0, 7.5] and into_W.tolist() == [[0, 0], [3, 6]]
