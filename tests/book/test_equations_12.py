"""Chapter 12, equation by equation: recomputed with numpy and scipy, never with gancourse."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from scipy.special import expit
from scipy.stats import norm, spearmanr, wasserstein_distance

from formula import Operator

rng = np.random.default_rng


SAME = Operator(lambda value: value)


def under(weights):
    """The expectation under probabilities on the same points as the values."""
    return Operator(lambda values: (weights * values).sum())


def best_potential(x, p, q, steepest=1.0):
    """The best heights f(x_i) of the dual on points of a line, by a linear program."""
    n = len(x)
    rows, right = [], []
    for i in range(n):
        for j in range(n):
            if i != j:
                row = np.zeros(n)
                row[i], row[j] = 1, -1
                rows.append(row)
                right.append(steepest * abs(x[i] - x[j]))
    found = linprog(
        -(p - q), A_ub=np.array(rows), b_ub=right, bounds=[(0, 0)] + [(None, None)] * (n - 1)
    )
    return found.x


def random_problem(seed, n=7):
    r = rng(seed)
    return np.sort(r.normal(size=n)), *r.dirichlet(np.ones(n), size=2)


def relu_net(x, weights, biases):
    """Columns are samples; linear at the end."""
    h = x
    for k, (W, b) in enumerate(zip(weights, biases, strict=True)):
        h = W @ h + b[:, None]
        if k + 1 < len(weights):
            h = np.maximum(h, 0)
    return h


def slope(f, at, h=1e-6):
    return (f(at + h) - f(at - h)) / (2 * h)


@pytest.mark.equation("eq-wgan-dual", tex="8ac155c5")
@pytest.mark.parametrize("seed", range(4))
def test_the_steepest_hill_measures_the_distance(seed, printed):
    """The linear program over 1-Lipschitz heights against scipy's distance on the line."""
    x, p, q = random_problem(seed)
    names = {r"\mathbb E_{x\sim p}": under(p), r"\mathbb E_{x\sim p_g}": under(q)}
    names |= {"f(x)": best_potential(x, p, q), r"\sup_{\lVert f\rVert_L\le1}": SAME}
    names["W_1(p,p_g)"] = wasserstein_distance(x, x, p, q)
    assert printed("eq-wgan-dual").holds(names)


@pytest.mark.equation("eq-wgan-losses", tex="317e771e")
def test_losses_of_the_critic_and_the_generator(printed):
    """Both losses of the package against plain sums."""
    from gancourse.games import Wasserstein

    real, fake = rng(0).normal(size=(2, 50))
    tensors = torch.tensor(real), torch.tensor(fake)
    names = {"D(G(z))": fake, "D(x)": real, r"\mathbb E": Operator(lambda v: v.sum() / 50)}
    names |= {"L_D": float(Wasserstein().d_loss(*tensors))}
    assert printed("eq-wgan-losses").holds({**names, "L_G": float(Wasserstein().g_loss(*tensors))})


@pytest.mark.equation("eq-wgan-unbounded", tex="546f4a1e")
def test_without_a_bound_the_gain_grows_with_the_slope(printed):
    """E f under p and q for f(x) = ax, up to a = 1e6."""
    x, p, q = random_problem(0)
    names, gains = {r"\mathbb E_p": under(p), r"\mathbb E_{p_g}": under(q), "x": x}, []
    for a in (1, 10, 1e6, -3):
        drawn = sum(
            a * height * (mass - other) for height, mass, other in zip(x, p, q, strict=True)
        )
        formula = printed("eq-wgan-unbounded")
        assert formula.holds({**names, "a": a, "f": a * x})
        assert formula.side({**names, "a": a}) == pytest.approx(drawn)
        gains.append(drawn)
    assert abs(gains[2]) > 1e4 * wasserstein_distance(x, x, p, q)
    shifted = wasserstein_distance(x, x - 2)  # for a shift the slope a gains a times the distance
    ends = {r"\mathbb E_p": Operator(np.mean), r"\mathbb E_{p_g}": Operator(lambda v: v.mean() - 2)}
    assert printed("eq-wgan-unbounded").side({**ends, "x": x, "a": 7}) == pytest.approx(7 * shifted)


@pytest.mark.equation("eq-wgan-scaling", tex="8176c02c")
@pytest.mark.parametrize("K", [0.01, 3.0])
def test_slope_K_gives_K_times_the_distance(K, printed):
    """The linear program with slopes of at most K."""
    x, p, q = random_problem(1)
    names = {r"\mathbb E_p": under(p), r"\mathbb E_{p_g}": under(q), "K": K}
    names |= {"f": best_potential(x, p, q, K), r"\sup_{\lVert f\rVert_L\le K}": SAME}
    assert printed("eq-wgan-scaling").holds(
        {**names, "W_1(p,p_g)": wasserstein_distance(x, x, p, q)}
    )


@pytest.mark.equation("eq-wgan-rmsprop", tex="077d7e6a")
def test_rmsprop_is_the_one_of_torch(printed):
    """Twenty steps by the formula against torch.optim.RMSprop."""
    gradients = rng(0).normal(size=(20, 3))
    w, v, alpha = np.ones(3), np.zeros(3), 5e-3
    parameter = torch.ones(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.RMSprop([parameter], lr=alpha, alpha=0.9, eps=0.1)
    formula = printed("eq-wgan-rmsprop")
    for g in gradients:
        names = {"v": v, r"\rho": 0.9, "g": g, "w": w, r"\alpha": alpha, r"\varepsilon": 0.1}
        v = formula.side(names)
        w = formula.side({**names, "v": v}, 1)
        parameter.grad = torch.tensor(g)
        optimizer.step()
    assert parameter.detach().numpy() == pytest.approx(w, abs=1e-12)


def test_the_first_step_of_rmsprop_is_ten_times_alpha():
    """A number in the solution of an exercise."""
    parameter = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.RMSprop([parameter], lr=5e-5)
    parameter.grad = torch.full((1,), 1e-3)
    optimizer.step()
    assert parameter.item() == pytest.approx(-5e-4, rel=1e-3)


@pytest.mark.equation("eq-wgan-clip", tex="b0b6e2f5")
def test_clipping_is_a_projection_on_the_box(printed):
    """Case by case, on a layer's weights and biases."""
    from gancourse.penalties import clip_weights

    layer = torch.nn.Linear(5, 4)
    before = [p.detach().numpy().copy() for p in layer.parameters()]
    clip_weights(0.1)(layer)
    for w, now in zip(before, layer.parameters(), strict=True):
        expected = np.where(w > 0.1, 0.1, np.where(w < -0.1, -0.1, w))
        assert now.detach().numpy() == pytest.approx(expected)
        box = {"w": w.ravel(), "c": 0.1, "clip": lambda w, low, high: np.clip(w, low, high)}
        assert printed("eq-wgan-clip").holds(box)
        assert printed("eq-wgan-clip").side(box) == pytest.approx(expected.ravel())


@pytest.mark.equation("eq-clipped-lipschitz", tex="4d713f9b")
@pytest.mark.parametrize("sizes, c", [([2, 6, 6, 1], 0.3), ([3, 5, 4, 2], 0.1), ([1, 8, 1], 1.0)])
def test_no_clipped_network_is_steeper_than_K_and_one_is_as_steep(sizes, c, printed):
    """Random clipped networks between random points; and the one of the proof."""
    L = len(sizes) - 1
    names = {"c": c, "L": L, "n": dict(enumerate(sizes)), "n_L": sizes[-1], "n_0": sizes[0]}
    K = printed("eq-clipped-lipschitz").side(names, side=1)
    names[r"n_1n_2\cdots n_{L-1}"] = math.prod(sizes[1:-1])
    assert printed("eq-clipped-lipschitz").holds({**names, "K": K})
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    for seed in range(20):
        r = rng(seed)
        weights = [
            r.uniform(-c, c, shape) if seed % 2 else r.choice([-c, c], shape) for shape in shapes
        ]
        biases = [r.normal(size=n) for n in sizes[1:]]
        x, y = r.normal(size=(2, sizes[0], 200))
        rise = np.linalg.norm(relu_net(x, weights, biases) - relu_net(y, weights, biases), axis=0)
        assert (rise <= K * np.linalg.norm(x - y, axis=0) + 1e-9).all()
    full, none = [np.full(shape, c) for shape in shapes], [np.zeros(n) for n in sizes[1:]]
    x = np.ones((sizes[0], 1))
    rise = np.linalg.norm(relu_net(2 * x, full, none) - relu_net(x, full, none))
    assert rise / np.linalg.norm(x) == pytest.approx(K)


@pytest.mark.equation("eq-clipped-gap", tex="3c014188")
@pytest.mark.parametrize("a", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("hidden", [[5], [4, 4], [3, 4, 3]])
def test_the_best_clipped_estimate_of_two_points(a, hidden, printed):
    """Corners of the box never exceed it, the network of the proof attains it."""
    c, sizes = 0.5, [1, *hidden, 1]
    K = math.prod(c * math.sqrt(m * n) for m, n in pairwise(sizes))
    best, points = printed("eq-clipped-gap").side({"K": K, "a": a}), np.array([[a, -a]])
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))

    def gain(weights, biases):
        high, low = relu_net(points, weights, biases)[0]
        return high - low

    attained = gain(
        [np.full(s, c) for s in shapes], [np.full(sizes[1], c), *(np.zeros(n) for n in sizes[2:])]
    )
    assert attained == pytest.approx(best)
    for seed in range(200):  # corners of the box
        r = rng(seed)
        most = (0.7, 0.3) if seed % 2 else (0.3, 0.7)
        weights = [r.choice([-c, c], s, p=most) for s in shapes]
        biases = [r.uniform(-c, c, n) for n in sizes[1:]]
        assert gain(weights, biases) <= best + 1e-9
    units = [
        max(0, w * a + b) - max(0, -w * a + b)
        for w in np.linspace(-c, c, 41)
        for b in np.linspace(-c, c, 41)
    ]  # the step of the proof: one unit
    assert max(map(abs, units)) == pytest.approx(c * min(2 * a, a + 1))


@pytest.mark.equation("eq-wgan-pulls", tex="4dec44f0")
def test_score_and_pulls_of_two_gaussians(printed):
    """The score from the densities, the pulls by numerical derivatives."""
    for mu, mu_g in ((3.0, -3.0), (-1.0, 0.5)):
        delta = mu - mu_g
        score = lambda x, a=mu, b=mu_g: norm.logpdf(x, a) - norm.logpdf(x, b)
        for x in (-2.0, -0.3, 1.7):
            d = r"\frac{d}{dx}(-%s)"
            names = {
                "s^*(x)": score(x),
                "s^*": score(x),
                r"\Delta": delta,
                "x": x,
                r"\sigma": expit,
            }
            names |= {r"\mu": mu, r"\mu_g": mu_g, "f'(x)": np.cos(x)}
            minimax = lambda t, score=score: np.log1p(-expit(score(t)))
            names[r"\frac{d}{dx}\log(1-\sigma(s^*))"] = slope(minimax, x)
            usual = lambda t, score=score: -np.log(expit(score(t)))
            names[d % r"\log\sigma(s^*)"] = slope(usual, x)
            names[d % "f(x)"] = slope(lambda t: -np.sin(t), x)
            assert printed("eq-wgan-pulls").holds(names, rel=1e-5, abs=1e-7)


QUANTILES = norm.ppf((np.arange(100_000) + 0.5) / 100_000)


@pytest.mark.equation("eq-wgan-envelope", tex="744c7212")
@pytest.mark.parametrize("seed", range(3))
def test_a_frozen_best_potential_touches_the_distance_from_below(seed):
    """The proof: points that move with θ, and the potential that is best at θ = 0."""
    r = rng(seed)
    real, start, way = r.normal(size=(3, 6))
    mass, none = np.full(6, 1 / 6), np.zeros(6)
    w1 = lambda t: wasserstein_distance(real, start + t * way)
    points = np.concatenate([real, start])
    p, q = np.concatenate([mass, none]), np.concatenate([none, mass])
    line = np.linspace(points.min() - 1, points.max() + 1, 20_001)
    F = (real[:, None] <= line).mean(0) - (start[:, None] <= line).mean(0)
    rise = -np.sign(F)  # (f*)' = sign(F_g − F): climbs to the data
    heights = np.concatenate([[0], np.cumsum(rise[:-1] * np.diff(line))])
    f = lambda x: np.interp(x, line, heights)
    assert p @ f(points) - q @ f(points) == pytest.approx(w1(0), abs=2e-3)  # it is optimal
    shifted = [
        w1(t) - (p @ f(points) - f(start + t * way).mean()) for t in (-0.3, -0.1, 0, 0.1, 0.3)
    ]
    assert min(shifted) == pytest.approx(0, abs=2e-3)  # h(ϑ) ≥ 0 = h(θ), the step of the proof


@pytest.mark.equation("eq-wgan-envelope", tex="744c7212")
@pytest.mark.parametrize("mu, sigma", [(1.0, 2.0), (-0.5, 0.5), (3.0, 1.5)])
def test_the_frozen_gradient_of_gaussians(mu, sigma, printed):
    """Numerical slopes of W1 by quantiles against those of the frozen best critic."""
    w1 = lambda m, s: np.abs(m + s * QUANTILES - QUANTILES).mean()
    kink = mu / (1 - sigma)
    side = np.sign(1 - sigma)
    f = lambda x: side * np.abs(x - kink)
    kept = lambda m, s: f(m + s * QUANTILES).mean()
    for at in (
        lambda g: slope(lambda m: g(m, sigma), mu, 1e-4),
        lambda g: slope(lambda s: g(mu, s), sigma, 1e-4),
    ):
        names = {r"\nabla_\theta W_1(p,p_\theta)": at(w1)}
        names[r"\nabla_\theta\mathbb E_z[f^*(G_\theta(z))]"] = at(kept)
        assert printed("eq-wgan-envelope").holds(names, abs=1e-3)


@pytest.mark.equation("eq-wgan-gaussian", tex="f1bbb320")
@pytest.mark.parametrize("mu, sigma", [(1.0, 2.0), (-0.5, 0.5), (3.0, 1.5), (0.0, 3.0)])
def test_distance_of_two_gaussians_and_its_slopes(mu, sigma, printed):
    """The closed form against quantiles, its slopes against differences."""

    formula = printed("eq-wgan-gaussian")
    names = lambda m, s: {r"\mu": m, r"\sigma": s, "s": abs(s - 1), r"\Phi": norm.cdf}
    w1 = lambda m, s: formula.side(names(m, s))
    assert w1(mu, sigma) == pytest.approx(
        wasserstein_distance(QUANTILES, mu + sigma * QUANTILES), abs=1e-3
    )
    slopes = {r"\frac{\partial W_1}{\partial\mu}": slope(lambda m: w1(m, sigma), mu)}
    slopes[r"\frac{\partial W_1}{\partial\sigma}"] = slope(lambda s: w1(mu, s), sigma)
    assert formula.holds({**names(mu, sigma), **slopes}, only=[1, 2], abs=1e-6)


@pytest.mark.equation("eq-wgan-layer-gain", tex="f6b6d393")
def test_a_clipped_layer_passes_on_at_most_c_n(printed):
    """Random clipped layers and random active units; all weights c attain it."""
    n, c, formula = 12, 0.2, printed("eq-wgan-layer-gain")
    for seed in range(100):
        r = rng(seed)
        W = r.uniform(-c, c, (n, n))
        above, active = r.normal(size=n), r.choice([0, 1, 1], n)
        below = active * np.dot(above, W)
        names = {r"\frac{\partial L}{\partial h_l}": below, "c": c, "n": n}
        names[r"\frac{\partial L}{\partial h_{l+1}}"] = above
        assert formula.holds(names)
    ones, steepest = np.ones(n), np.full((n, n), c)
    names[r"\frac{\partial L}{\partial h_{l+1}}"] = ones
    assert formula.side(names) == pytest.approx(np.linalg.norm(steepest.T @ ones))


@pytest.mark.equation("eq-wgan-random-gain", tex="396b26a4")
def test_tossed_signs_pass_on_the_root_of_half(printed):
    """The mean over 2000 layers of tossed signs with half of the units off."""
    n, c, r = 64, 0.01, rng(0)
    above = r.normal(size=n)
    squares = []
    for _ in range(2000):
        W, active = r.choice([-c, c], (n, n)), r.choice([0, 1], n)
        squares.append(np.sum((active * np.dot(above, W)) ** 2))
    names = {"c": c, "n": n, r"\frac{\partial L}{\partial h_{l+1}}": above}
    expected = printed("eq-wgan-random-gain").side(names)
    assert np.mean(squares) == pytest.approx(expected, rel=0.03)


@pytest.mark.equation("eq-spearman", tex="5168e9b8")
@pytest.mark.parametrize("seed", range(4))
def test_spearman_is_that_of_scipy(seed, printed):
    """The formula on random sequences against scipy.stats."""
    a, b = rng(seed).normal(size=(2, 30))
    d = a.argsort().argsort() - b.argsort().argsort()
    assert printed("eq-spearman").holds({r"\rho": spearmanr(a, b)[0], "n": 30, "d": d})
