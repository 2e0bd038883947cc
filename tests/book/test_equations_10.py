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
def test_size_through_a_linear_relu_layer(variance, printed):
    """Mean square behind one layer, over many random layers."""
    torch.manual_seed(0)
    n, ratios = 100, []
    for _ in range(400):
        h = torch.rand(8, n).double() * 3  # any input, not centred at all
        s = h @ (torch.randn(n, n).double() * variance**0.5)
        ratios.append(s.relu().square().mean() / h.square().mean())
    names = {"n": n, r"\tau": variance**0.5, "h": h[0].numpy(), "j": range(1, n + 1)}
    expected = printed("eq-norm-depth").side(names)
    kept = expected / h[0].square().mean().item()
    assert torch.stack(ratios).mean().item() == pytest.approx(kept, rel=0.02)


@pytest.mark.equation("eq-norm-standardise", tex="fa22815b")
def test_standardising(printed):
    """The chapter's four numbers, and torch's layer."""
    x = np.array([-1.0, 1, 1, 7])
    assert (x.mean(), x.var()) == (2, 9)
    assert np.allclose((x - 2) / 3, [-1, -1 / 3, -1 / 3, 5 / 3])
    layer = nn.BatchNorm1d(1, eps=1e-12).double()
    y = layer(torch.tensor(x)[:, None]).detach()[:, 0]
    assert np.allclose(y, [-1, -1 / 3, -1 / 3, 5 / 3])
    layer = nn.BatchNorm1d(1, eps=0.7).double()
    nn.init.constant_(layer.weight, -1.6)
    nn.init.constant_(layer.bias, 0.4)
    y = layer(torch.tensor(x)[:, None]).detach()[:, 0].numpy()
    names = {"n": 4, "x": x, r"\mu": 2, r"\sigma": 3, r"\varepsilon": 0.7, r"\gamma": -1.6}
    for i in range(1, 5):
        hat = (y[i - 1] - 0.4) / -1.6
        numbers = {"i": i, r"\hat x": np.full(4, hat), "y": y, r"\beta": 0.4}
        assert printed("eq-norm-standardise").holds({**names, **numbers}, only=[2, 3])
    assert printed("eq-norm-standardise").holds({**names, "i": range(1, 5)}, only=[0, 1])


@pytest.mark.equation("eq-norm-moments", tex="22f069ed")
@pytest.mark.parametrize("eps", [1e-12, 1e-5, 0.5])
def test_gamma_is_the_standard_deviation(eps, printed):
    """Mean and spread of torch's output."""
    layer = nn.BatchNorm1d(3, eps).double()
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    x = batch()
    y = layer(torch.tensor(x)).detach().numpy()
    gamma, beta = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    names = {r"\operatorname{mean}(y)": y.mean(0), r"\beta": beta, r"\gamma": gamma}
    names |= {r"\operatorname{std}(y)": y.std(0), r"\sigma": x.std(0), r"\varepsilon": eps}
    assert printed("eq-norm-moments").holds(names)


@pytest.mark.equation("eq-norm-running", tex="86281c1d")
@pytest.mark.parametrize("m", [0.1, 0.5])
def test_running_statistics(m, printed):
    """The recursion and its solution against torch's buffers."""
    layer = nn.BatchNorm1d(3, momentum=m).double()
    batches, formula = [batch(seed=s) for s in range(12)], printed("eq-norm-running")
    mean, variance = np.zeros(3), np.ones(3)
    for x in batches:
        layer(torch.tensor(x))
        names = {"m": m, "n": 16, "r_{t-1}": mean, "v_{t-1}": variance, r"\mu_t": x.mean(0)}
        mean = formula.side(names, side=1)
        variance = formula.side({**names, r"\sigma_t": x.std(0)}, 1)
    assert np.allclose(layer.running_mean.numpy(), mean)
    assert np.allclose(layer.running_var.numpy(), variance)
    for start in (0.0, 5.0):  # the solution, from another start as well
        now = start
        for x in batches:
            now = now + m * (x.mean() - now)
        names = {"m": m, "t": 12, "r_0": start, r"\mu": [x.mean() for x in batches]}
        assert formula.side(names) == pytest.approx(now)


@pytest.mark.equation("eq-norm-scale", tex="8d53a6ca")
@pytest.mark.parametrize("a", [0.1, 1.0, 7.0])
def test_scale_and_bias_before_batch_norm_do_nothing(a, printed):
    """The outputs agree; a negative scale flips the sign."""
    hat = layer_and_slope()[0]
    names = {r"\mathrm{BN}(aw^\top x+b)": layer_and_slope(a, bias=5.0)[0].numpy()}
    names[r"\mathrm{BN}(w^\top x)"] = hat.numpy()
    assert printed("eq-norm-scale").holds(names, abs=1e-10)
    assert torch.allclose(layer_and_slope(-a)[0], -hat, atol=1e-10)


@pytest.mark.equation("eq-norm-gradient", tex="48ba206d")
@pytest.mark.parametrize("a", [0.1, 1.0, 7.0])
def test_gradient_of_weights_before_batch_norm(a, printed):
    """Inverse to the scale, orthogonal to the weights of each unit, zero for the bias."""
    *_, slope, _ = layer_and_slope()
    _, w, scaled, bias = layer_and_slope(a)
    assert slope.abs().max() > 0.1
    for unit in range(3):  # a column is a unit's weights
        names = {"a": a, r"\nabla L(w)": slope[:, unit].numpy(), "w": w[:, unit].numpy()}
        names |= {r"\nabla L(aw)": scaled[:, unit].numpy()}
        names[r"\frac{\partial L}{\partial b}"] = bias[unit].item()
        assert printed("eq-norm-gradient").holds(names, abs=1e-10)


@pytest.mark.equation("eq-norm-growth", tex="bdff85cf")
def test_weights_can_only_grow(printed):
    """Pythagoras, for one step of gradient descent."""
    _, w, slope, _ = layer_and_slope()
    for eta in (0.01, 0.1, 1.0):
        after = (w - eta * slope).square().sum(0)
        for unit in range(3):
            names = {"w": w[:, unit].numpy(), r"\eta": eta, r"\nabla L": slope[:, unit].numpy()}
            assert printed("eq-norm-growth").holds(names)
            assert printed("eq-norm-growth").side(names) == pytest.approx(after[unit].item())
        assert (after > w.square().sum(0)).all()


@pytest.mark.equation("eq-norm-backward", tex="ff7af758")
def test_backward(printed):
    """By difference quotients, with an epsilon that matters."""
    eps, gamma, h = 0.3, 1.7, 1e-6
    x, g = batch(8, 1)[:, 0], rng(1).normal(size=8)
    forward = lambda x: gamma * (x - x.mean()) / np.sqrt(x.var() + eps) - 0.4
    sigma = np.sqrt(x.var() + eps)
    hat = (x - x.mean()) / sigma
    names = {r"\gamma": gamma, r"\sigma": sigma, "g": g, r"\hat x": hat}
    names |= {r"\overline g": g.sum() / 8, r"\overline{g\hat x}": g @ hat / 8}
    slope = lambda y: ((y(h) - y(-h)) @ g) / (2 * h)
    by_gamma = slope(lambda t: (gamma + t) * hat - 0.4)
    by_beta = slope(lambda t: gamma * hat - 0.4 + t)
    over = {r"\frac{\partial L}{\partial\gamma}": by_gamma, "i": range(1, 9)}
    over[r"\frac{\partial L}{\partial\beta}"] = by_beta
    assert printed("eq-norm-backward").holds({**names, **over}, only=[1, 2], abs=1e-7)
    for i in range(8):
        numeric = slope(lambda t, i=i: forward(x + t * np.eye(8)[i]))
        here = {"i": i + 1, r"\frac{\partial L}{\partial x_i}": numeric}
        assert printed("eq-norm-backward").holds({**names, **here}, only=[0], abs=1e-7)


@pytest.mark.equation("eq-norm-jacobian", tex="51321ee5")
def test_jacobian_between_samples(printed):
    """By difference quotients; rows and columns sum to zero."""
    x, h = batch(6, 1)[:, 0], 1e-6
    sigma, hat = x.std(), standardised(x)
    names = {r"\sigma": sigma, "n": 6, r"\delta": np.eye(6), r"\hat x": hat}
    formula = np.zeros((6, 6))
    for i in range(6):
        step = np.eye(6)[i] * h
        numeric = (standardised(x + step) - standardised(x - step)) / (2 * h)
        for k in range(6):
            here = {"k": k + 1, "i": i + 1}
            here[r"\frac{\partial\hat x_k}{\partial x_i}"] = numeric[k]
            assert printed("eq-norm-jacobian").holds({**names, **here}, abs=1e-7)
            formula[k, i] = printed("eq-norm-jacobian").side({**names, **here})
    assert np.allclose(formula.sum(0), 0) and np.allclose(formula @ hat, 0)


@pytest.mark.equation("eq-norm-axes", tex="2d6846c3")
def test_the_four_sets(printed):
    """Each normalisation of torch equals a standardisation over exactly the stated set."""
    N, C, L, G = 3, 4, 5, 2
    x = rng(0).normal(size=(N, C, L)) * 2 + 1
    t = torch.tensor(x)
    results = {
        "batch": F.batch_norm(t, None, None, training=True, eps=0.3),
        "layer": F.layer_norm(t, (C, L), eps=0.3),
        "instance": F.instance_norm(t, eps=0.3),
        "group": F.group_norm(t, G, eps=0.3),
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
                names = {r"\hat x_{ncl}": y[n, c].numpy(), "x_{ncl}": x[n, c], r"\mu_S": S.mean()}
                names |= {r"\sigma_S": S.std(), r"\varepsilon": 0.3}
                assert printed("eq-norm-axes").holds(names, only=[0]), name


@pytest.mark.equation("eq-norm-noise", tex="d12d1e6f")
@pytest.mark.parametrize("n", [128, 512])
@pytest.mark.parametrize("t", [0.0, 1.0, 2.0])
def test_noise_of_the_statistics(n, t, printed):
    """The spread of a fixed value's output over many random batches of its companions."""
    others = rng(0).normal(
        7, 3, size=(40_000, n)
    )  # any mean and width: t is the standardised value
    outputs = (7 + 3 * t - others.mean(1)) / others.std(1)
    names = {r"\operatorname{Var}(\hat t)": outputs.var(), "n": n, "t": t}
    assert printed("eq-norm-noise").holds(names, rel=0.06)


@pytest.mark.equation("eq-norm-blind", tex="fbd85d39")
def test_a_critic_that_ends_in_batch_norm_is_blind_in_the_mean(printed):
    """Whatever the two batches are, they get the same mean score."""
    torch.manual_seed(0)
    critic = nn.Sequential(
        nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 6), nn.BatchNorm1d(6), nn.Linear(6, 1)
    ).double()
    real, fake = torch.randn(64, 5).double(), 3 + 10 * torch.rand(64, 5).double()
    apart = critic(real).mean() - critic(fake).mean()
    assert abs(apart.item()) < 1e-12
    last = critic[-1]
    nn.init.normal_(critic[3].bias)
    names = {
        "n": 64,
        "i": range(1, 65),
        "v": last.weight[0].detach().numpy(),
        "c": last.bias.item(),
    }
    names[r"\beta"] = critic[3].bias.detach().numpy()
    for some in (real, fake):
        names["s"] = critic(some)[:, 0].detach().numpy()
        assert printed("eq-norm-blind").holds(names)
    both = critic(torch.cat([real, fake]))
    assert (both[:64].mean() - both[64:].mean()).abs().item() > 0.1
