"""Chapter 10, equation by equation: recomputed without the code that the chapter shows."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

rng = np.random.default_rng


def batch(n=16, c=3, seed=0):
    return rng(seed).normal(2, 3, (n, c))


def standardised(x):
    return (x - x.mean(0)) / x.std(0)


def loss_through_bn(w, x, target):
    """Some smooth loss behind batch norm (epsilon 0) of a linear layer w."""
    h = x @ w
    hat = (h - h.mean(0)) / h.var(0, unbiased=False).sqrt()
    return ((hat.tanh() - target) ** 2).sum()


def layer_and_slope(scale=1.0, bias=0.0, seed=0):
    torch.manual_seed(seed)
    x, w = torch.randn(20, 5).double(), torch.randn(5, 3).double()
    target = torch.randn(20, 3).double()
    w = (scale * w).requires_grad_()
    b = torch.full((3,), bias, dtype=torch.float64, requires_grad=True)
    h = x @ w + b
    hat = (h - h.mean(0)) / h.var(0, unbiased=False).sqrt()
    loss = ((hat.tanh() - target) ** 2).sum()
    return hat.detach(), w.detach(), *torch.autograd.grad(loss, [w, b])


@pytest.mark.equation("eq-norm-depth", tex="98d73797")
@pytest.mark.parametrize("variance", [0.01, 0.02, 0.04])
def test_size_through_a_linear_relu_layer(variance):
    """Mean square behind one layer, over many random layers."""
    torch.manual_seed(0)
    n, ratios = 100, []
    for _ in range(400):
        h = torch.rand(8, n).double() * 3  # any input, not centred at all
        s = h @ (torch.randn(n, n).double() * variance**0.5)
        ratios.append(s.relu().square().mean() / h.square().mean())
    assert torch.stack(ratios).mean().item() == pytest.approx(n * variance / 2, rel=0.02)


@pytest.mark.equation("eq-norm-standardise", tex="fa22815b")
def test_standardising():
    """The chapter's four numbers, and torch's layer."""
    x = np.array([-1.0, 1, 1, 7])
    assert (x.mean(), x.var()) == (2, 9)
    assert np.allclose((x - 2) / 3, [-1, -1 / 3, -1 / 3, 5 / 3])
    layer = nn.BatchNorm1d(1, eps=1e-12).double()
    y = layer(torch.tensor(x)[:, None]).detach()[:, 0]
    assert np.allclose(y, [-1, -1 / 3, -1 / 3, 5 / 3])


@pytest.mark.equation("eq-norm-moments", tex="22f069ed")
@pytest.mark.parametrize("eps", [1e-12, 1e-5, 0.5])
def test_gamma_is_the_standard_deviation(eps):
    """Mean and spread of torch's output."""
    layer = nn.BatchNorm1d(3, eps).double()
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    x = batch()
    y = layer(torch.tensor(x)).detach().numpy()
    gamma, beta = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    assert np.allclose(y.mean(0), beta)
    assert np.allclose(y.std(0), abs(gamma) * x.std(0) / np.sqrt(x.var(0) + eps))


@pytest.mark.equation("eq-norm-running", tex="86281c1d")
@pytest.mark.parametrize("m", [0.1, 0.5])
def test_running_statistics(m):
    """The recursion and its solution against torch's buffers."""
    layer = nn.BatchNorm1d(3, momentum=m).double()
    batches = [batch(seed=s) for s in range(12)]
    mean, variance = np.zeros(3), np.ones(3)
    for x in batches:
        layer(torch.tensor(x))
        mean = (1 - m) * mean + m * x.mean(0)
        variance = (1 - m) * variance + m * x.var(0, ddof=1)
    assert np.allclose(layer.running_mean.numpy(), mean)
    assert np.allclose(layer.running_var.numpy(), variance)
    ages = (1 - m) ** np.arange(12)[::-1] * m
    assert np.allclose(mean, ages @ np.array([x.mean(0) for x in batches]))


@pytest.mark.equation("eq-norm-scale", tex="8d53a6ca")
@pytest.mark.parametrize("a", [0.1, 1.0, 7.0])
def test_scale_and_bias_before_batch_norm_do_nothing(a):
    """The outputs agree; a negative scale flips the sign."""
    hat = layer_and_slope()[0]
    assert torch.allclose(layer_and_slope(a, bias=5.0)[0], hat, atol=1e-10)
    assert torch.allclose(layer_and_slope(-a)[0], -hat, atol=1e-10)


@pytest.mark.equation("eq-norm-gradient", tex="48ba206d")
@pytest.mark.parametrize("a", [0.1, 1.0, 7.0])
def test_gradient_of_weights_before_batch_norm(a):
    """Inverse to the scale, orthogonal to the weights of each unit, zero for the bias."""
    *_, slope, _ = layer_and_slope()
    _, w, scaled, bias = layer_and_slope(a)
    assert torch.allclose(scaled, slope / a, atol=1e-12)
    assert slope.abs().max() > 0.1
    assert (w * scaled).sum(0).abs().max() < 1e-10  # a column is a unit's weights
    assert bias.abs().max() < 1e-10


@pytest.mark.equation("eq-norm-growth", tex="bdff85cf")
def test_weights_can_only_grow():
    """Pythagoras, for one step of gradient descent."""
    _, w, slope, _ = layer_and_slope()
    for eta in (0.01, 0.1, 1.0):
        after = (w - eta * slope).square().sum(0)
        assert torch.allclose(after, w.square().sum(0) + eta**2 * slope.square().sum(0))
        assert (after > w.square().sum(0)).all()


@pytest.mark.equation("eq-norm-backward", tex="ff7af758")
def test_backward():
    """By difference quotients, with an epsilon that matters."""
    eps, gamma, h = 0.3, 1.7, 1e-6
    x, g = batch(8, 1)[:, 0], rng(1).normal(size=8)
    forward = lambda x: gamma * (x - x.mean()) / np.sqrt(x.var() + eps) - 0.4
    sigma = np.sqrt(x.var() + eps)
    hat = (x - x.mean()) / sigma
    formula = gamma / sigma * (g - g.mean() - hat * (g * hat).mean())
    for i in range(8):
        step = np.eye(8)[i] * h
        numeric = ((forward(x + step) - forward(x - step)) @ g) / (2 * h)
        assert formula[i] == pytest.approx(numeric, abs=1e-7)
    for change, slope in [((1, 0), (g * hat).sum()), ((0, 1), g.sum())]:  # gamma, beta
        y = lambda t: (gamma + t * change[0]) * hat - 0.4 + t * change[1]  # noqa: B023
        assert ((y(h) - y(-h)) @ g) / (2 * h) == pytest.approx(slope, abs=1e-7)


@pytest.mark.equation("eq-norm-jacobian", tex="51321ee5")
def test_jacobian_between_samples():
    """By difference quotients; rows and columns sum to zero."""
    x, h = batch(6, 1)[:, 0], 1e-6
    sigma, hat = x.std(), standardised(x)
    formula = (np.eye(6) - 1 / 6 - np.outer(hat, hat) / 6) / sigma
    for j in range(6):
        step = np.eye(6)[j] * h
        numeric = (standardised(x + step) - standardised(x - step)) / (2 * h)
        assert np.allclose(formula[:, j], numeric, atol=1e-7)
    assert np.allclose(formula.sum(0), 0) and np.allclose(formula @ hat, 0)


@pytest.mark.equation("eq-norm-axes", tex="2d6846c3")
def test_the_four_sets():
    """Each normalisation of torch equals a standardisation over exactly the stated set."""
    N, C, L, G = 3, 4, 5, 2
    x = rng(0).normal(size=(N, C, L)) * 2 + 1
    t = torch.tensor(x)
    results = {
        "batch": F.batch_norm(t, None, None, training=True, eps=1e-12),
        "layer": F.layer_norm(t, (C, L), eps=1e-12),
        "instance": F.instance_norm(t, eps=1e-12),
        "group": F.group_norm(t, G, eps=1e-12),
    }
    sets = {
        "batch": lambda n, c: x[:, c],
        "layer": lambda n, c: x[n],
        "instance": lambda n, c: x[n, c],
        "group": lambda n, c: x[n, c // 2 * 2 : c // 2 * 2 + 2],
    }
    for name, y in results.items():
        for n in range(N):
            for c in range(C):
                S = sets[name](n, c)
                assert np.allclose(y[n, c], (x[n, c] - S.mean()) / S.std(), atol=1e-7), name


@pytest.mark.equation("eq-norm-noise", tex="d12d1e6f")
@pytest.mark.parametrize("n", [128, 512])
@pytest.mark.parametrize("t", [0.0, 1.0, 2.0])
def test_noise_of_the_statistics(n, t):
    """The spread of a fixed value's output over many random batches of its companions."""
    others = rng(0).normal(size=(40_000, n))
    outputs = (t - others.mean(1)) / others.std(1)
    assert outputs.var() == pytest.approx((1 + t**2 / 2) / n, rel=0.06)


@pytest.mark.equation("eq-norm-blind", tex="fbd85d39")
def test_a_critic_that_ends_in_batch_norm_is_blind_in_the_mean():
    """Whatever the two batches are, they get the same mean score."""
    torch.manual_seed(0)
    critic = nn.Sequential(
        nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 6), nn.BatchNorm1d(6), nn.Linear(6, 1)
    ).double()
    real, fake = torch.randn(64, 5).double(), 3 + 10 * torch.rand(64, 5).double()
    apart = critic(real).mean() - critic(fake).mean()
    assert abs(apart.item()) < 1e-12
    last = critic[-1]
    mean = (last.weight @ critic[3].bias + last.bias).item()
    assert critic(real).mean().item() == pytest.approx(mean)
    both = critic(torch.cat([real, fake]))
    assert (both[:64].mean() - both[64:].mean()).abs().item() > 0.1
