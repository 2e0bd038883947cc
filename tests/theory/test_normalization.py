"""Normalisation by hand against torch: forward, backward, memory; what depends on the batch."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gancourse.errors import GanCourseError
from gancourse.theory import normalization as theory

SHAPES = [(8, 3), (2, 4), (5, 4, 7), (6, 2, 3, 5), (1, 3, 4, 4)]
LAYERS = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}
close = lambda a, b: torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


def activations(shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(shape, generator=rng, dtype=torch.float64) + 2


def pair(shape):
    """Our layer and torch's, with the same odd parameters."""
    torch.manual_seed(1)
    ours, torchs = theory.BatchNorm(shape[1]), LAYERS[len(shape)](shape[1]).double()
    nn.init.normal_(torchs.weight)
    nn.init.normal_(torchs.bias)
    ours.gamma, ours.beta = torchs.weight.detach().clone(), torchs.bias.detach().clone()
    return ours, torchs


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_is_torchs(shape, training):
    ours, torchs = pair(shape)
    for seed in range(5):  # the memory of several batches
        close(ours(activations(shape, seed)), torchs(activations(shape, seed)).detach())
    ours.training = torchs.training = training
    x = activations(shape, 9).requires_grad_()
    dy = activations(shape, 10)
    y = torchs(x)
    close(ours(x.detach()), y.detach())
    expected = torch.autograd.grad(y, [x, torchs.weight, torchs.bias], dy)
    for mine, theirs in zip(ours.backward(dy), expected, strict=True):
        close(mine, theirs)
    close(ours.running_mean, torchs.running_mean)
    close(ours.running_var, torchs.running_var)


@pytest.mark.parametrize("momentum, eps", [(0.5, 1e-3), (1.0, 1e-5)])
def test_batch_norm_with_other_settings(momentum, eps):
    ours = theory.BatchNorm(3, eps, momentum)
    torchs = nn.BatchNorm1d(3, eps, momentum).double()
    for seed in range(3):
        close(ours(activations((8, 3), seed)), torchs(activations((8, 3), seed)).detach())
    close(ours.running_var, torchs.running_var)


@pytest.mark.parametrize("shape", [(4, 6), (3, 6, 5), (2, 6, 3, 4)])
def test_four_normalisations_are_torchs(shape):
    x = activations(shape)
    close(theory.batch_norm(x), F.batch_norm(x, None, None, training=True))
    close(theory.layer_norm(x), F.layer_norm(x, shape[1:]))
    close(theory.group_norm(x, 1), theory.layer_norm(x))
    for groups in (1, 2, 3):
        close(theory.group_norm(x, groups), F.group_norm(x, groups))
    if len(shape) > 2:
        close(theory.instance_norm(x), F.instance_norm(x))
        close(theory.group_norm(x, 6), theory.instance_norm(x))


def test_only_batch_norm_depends_on_the_other_samples():
    """Exactly: not one bit of sample 0 moves under layer, instance and group norm."""
    x = activations((5, 4, 3, 3))
    other = x.clone()
    other[1:] = activations((4, 4, 3, 3), 7) * 5
    for norm in (theory.layer_norm, theory.instance_norm, lambda v: theory.group_norm(v, 2)):
        assert torch.equal(norm(x)[0], norm(other)[0])
    assert (theory.batch_norm(x)[0] - theory.batch_norm(other)[0]).abs().max() > 0.5


def test_influence_is_diagonal_without_batch_norm():
    x, w = activations((4, 6)), torch.linspace(-1, 1, 6, dtype=torch.float64)
    score = lambda norm: lambda x: (norm(x).relu() * w).sum(1)
    between = ~torch.eye(4, dtype=torch.bool)
    layer = theory.influence(score(theory.layer_norm), x)
    batch = theory.influence(score(theory.batch_norm), x)
    assert layer.shape == (4, 4, 6) and not layer[between].any() and layer.any()
    assert batch[between].abs().max() > 1e-2
    i, j, k, h = 1, 2, 3, 1e-6  # by a difference quotient
    moved = x.clone()
    moved[j, k] += h
    slope = (score(theory.batch_norm)(moved) - score(theory.batch_norm)(x))[i] / h
    assert batch[i, j, k].item() == pytest.approx(slope.item(), abs=1e-6)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: theory.normalize(torch.zeros(2, 3), (2,)), r"axes \(2,\)"),
        (lambda: theory.normalize(torch.zeros(2, 3), (1, -1)), r"axes \(1, -1\)"),
        (lambda: theory.normalize(torch.zeros(2, 3), ()), r"axes \(\)"),
        (lambda: theory.instance_norm(torch.zeros(2, 3)), r"axes \(\)"),
        (lambda: theory.group_norm(torch.zeros(2, 3), 2), "3 channels do not split into 2"),
        (lambda: theory.group_norm(torch.zeros(2, 3), 0), "groups must be(.|\n)*choose a divisor"),
        (lambda: theory.BatchNorm(3)(torch.zeros(1, 3).double()), "one value per channel"),
        (lambda: theory.BatchNorm(3)(torch.zeros(4, 2).double()), "have not 3 channels"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(GanCourseError, match=message):
        call()
