"""Bounds of Lipschitz constants: against numpy, brute force, and networks that attain them."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from gancourse.errors import GanCourseError
from gancourse.games import Wasserstein
from gancourse.networks.lipschitz import (
    clipped_bound,
    layer_gradients,
    slope_norms,
    spectral_bound,
)
from gancourse.networks.mlp import mlp
from gancourse.penalties import clip_weights


def all_c(sizes, c):
    """The steepest clipped network: every weight c, every bias 0."""
    net = mlp(sizes[0], sizes[-1], width=sizes[1], depth=len(sizes) - 2)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.fill_(c if name.endswith("weight") else 0)
    return net


@pytest.mark.parametrize("seed", range(3))
def test_bounds_stand_in_order(seed):
    torch.manual_seed(seed)
    net = mlp(2, 1, width=16, depth=3)
    clip_weights(0.1)(net)
    steepest = slope_norms(lambda x: net(x)[:, 0], 3 * torch.randn(5000, 2)).max().item()
    upper = spectral_bound(net).item()
    assert 0 < steepest <= upper <= clipped_bound([2, 16, 16, 16, 1], 0.1) * (1 + 1e-6)


def test_spectral_bound_is_the_product_of_numpys_norms():
    torch.manual_seed(0)
    net = mlp(3, 2, width=7, depth=2, activation=nn.Tanh)
    expected = math.prod(
        np.linalg.norm(p.detach().double().numpy(), 2) for p in net.parameters() if p.ndim == 2
    )
    assert spectral_bound(net).item() == pytest.approx(expected, rel=1e-10)


def test_spectral_bound_of_an_ensemble_is_that_of_its_members():
    torch.manual_seed(0)
    many = mlp(2, 1, width=8, depth=2, members=3)
    for member, bound in enumerate(spectral_bound(many)):
        one = mlp(2, 1, width=8, depth=2)
        with torch.no_grad():
            for mine, theirs in zip(one, many, strict=True):
                if isinstance(mine, nn.Linear):
                    mine.weight.copy_(theirs.weight[member].T)
        assert bound.item() == pytest.approx(spectral_bound(one).item(), rel=1e-6)


def test_a_linear_network_has_its_bound():
    net = nn.Sequential(nn.Linear(4, 1))
    steepness = slope_norms(lambda x: net(x)[:, 0], torch.randn(6, 4))
    assert torch.allclose(steepness.double(), spectral_bound(net).expand(6), rtol=1e-6)


def test_sigmoids_count_a_quarter():
    net = nn.Sequential(nn.Linear(1, 1), nn.Sigmoid(), nn.Linear(1, 1))
    with torch.no_grad():
        for parameter, value in zip(net.parameters(), (3.0, 0.0, 2.0, 0.0), strict=True):
            parameter.fill_(value)
    at_zero = slope_norms(lambda x: net(x)[:, 0], torch.zeros(1, 1)).item()
    assert at_zero == pytest.approx(3 * 2 / 4) and spectral_bound(net).item() == at_zero


@pytest.mark.parametrize("sizes, c", [([2, 8, 8, 1], 0.1), ([1, 5, 1], 0.01), ([3, 4, 4, 4, 1], 1)])
def test_clipped_bound_is_attained_and_by_hand(sizes, c):
    by_hand = c ** (len(sizes) - 1) * math.sqrt(sizes[0] * sizes[-1]) * math.prod(sizes[1:-1])
    assert clipped_bound(sizes, c) == pytest.approx(by_hand, rel=1e-12)
    net = all_c(sizes, c)
    slope = slope_norms(lambda x: net(x)[:, 0], torch.ones(1, sizes[0])).item()
    assert slope == pytest.approx(by_hand, rel=1e-5)


def test_slope_norms_is_the_numerical_slope_also_of_an_ensemble():
    torch.manual_seed(0)
    net = mlp(2, 1, width=8, depth=2, members=3, activation=nn.Tanh).double()
    f, x, h = lambda x: net(x)[..., 0], torch.randn(3, 5, 2, dtype=torch.float64), 1e-6
    differences = torch.stack(
        [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in torch.eye(2, dtype=torch.float64)], -1
    )
    assert torch.allclose(slope_norms(f, x), differences.norm(dim=-1), atol=1e-8)
    assert not x.requires_grad


def test_layer_gradients_by_hand():
    """f(x) = 0.5 (3 x): each real score has the slope -1/8, each fake one +1/2."""
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    with torch.no_grad():
        net[0].weight.fill_(3.0)
        net[1].weight.fill_(0.5)
    real, fake = torch.randn(8, 1), torch.randn(2, 1)
    at_scores = math.sqrt(8 * (1 / 8) ** 2 + 2 * (1 / 2) ** 2)
    norms = layer_gradients(net, Wasserstein(), real, fake)
    assert norms.tolist() == pytest.approx([0.5 * at_scores, at_scores], rel=1e-6)
    assert all(p.grad is None for p in net.parameters()) and not net[0]._forward_hooks


def test_a_layer_multiplies_the_gradient_by_its_norm_at_most():
    torch.manual_seed(0)
    net = mlp(2, 1, width=16, depth=5)
    norms = layer_gradients(net, Wasserstein(), torch.randn(50, 2), torch.randn(50, 2))
    matrices = [p.detach() for p in net.parameters() if p.ndim == 2]
    for below, above, W in zip(norms[:-1], norms[1:], matrices[1:], strict=True):
        assert below <= above * torch.linalg.matrix_norm(W, 2) * (1 + 1e-5)


def test_what_has_no_bound_is_refused():
    with pytest.raises(GanCourseError, match="Conv2d"):
        spectral_bound(nn.Sequential(nn.Conv2d(1, 1, 3)))
    with pytest.raises(GanCourseError, match="LeakyReLU"):
        spectral_bound(nn.Sequential(nn.Linear(1, 1), nn.LeakyReLU(1.5)))
    with pytest.raises(GanCourseError, match="clipped"):
        clipped_bound([3], 0.1)
    with pytest.raises(GanCourseError, match="clipped"):
        clipped_bound([3, 1], 0.0)
