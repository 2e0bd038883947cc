"""Chapter 03, equation by equation: recomputed with numpy, scipy and loops."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import torch
from scipy.special import expit
from scipy.stats import norm

rng = np.random.default_rng


def slope(f, at, h=1e-6):
    return (f(at + h) - f(at - h)) / (2 * h)


def gradient(f, at, h=1e-6):
    """Numerical gradient of a function of one array, of the array's shape."""
    result = np.zeros_like(at)
    for i in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[i] += h
        down[i] -= h
        result[i] = (f(up) - f(down)) / (2 * h)
    return result


# ---------------------------------------------------------------------------- neuron to network


@pytest.mark.equation("eq-neuron", tex="58ef1a5b")
def test_a_neuron_is_a_weighted_sum_and_a_squeeze():
    """By a loop, against torch's linear layer with a sigmoid; one half exactly on the line."""
    w, b, x = rng(0).normal(size=3), 0.4, rng(1).normal(size=3)
    s = b
    for j in range(3):
        s += w[j] * x[j]
    there = torch.sigmoid(
        torch.nn.functional.linear(
            torch.tensor(x), torch.tensor(w)[None], torch.tensor([b], dtype=torch.float64)
        )
    )
    assert 1 / (1 + math.exp(-s)) == pytest.approx(there.item(), abs=1e-14)
    on_the_line = x - w * s / (w @ w)
    assert expit(w @ on_the_line + b) == pytest.approx(0.5, abs=1e-14)
    assert expit(-3) == pytest.approx(0.047, abs=5e-4)  # the number in the text


@pytest.mark.equation("eq-sigmoid", tex="f1b36166")
def test_the_four_facts_about_the_sigmoid():
    """Mirror, slope by differences, and log-odds, with scipy's own sigmoid."""
    for s in np.linspace(-8, 8, 33):
        y = 1 / (1 + math.exp(-s))
        assert y == pytest.approx(expit(s), abs=1e-15)
        assert 1 - y == pytest.approx(expit(-s), abs=1e-15)
        assert slope(expit, s) == pytest.approx(y * (1 - y), abs=1e-9)
        assert math.log(y / (1 - y)) == pytest.approx(s, abs=1e-9)


@pytest.mark.equation("eq-layer", tex="af8283be")
def test_a_layer_is_its_neurons():
    """Row by row, with two nested loops."""
    W, b, x = rng(2).normal(size=(4, 3)), rng(3).normal(size=4), rng(4).normal(size=3)
    whole = expit(W @ x + b)
    for i in range(4):
        s = b[i] + sum(W[i, j] * x[j] for j in range(3))
        assert whole[i] == pytest.approx(1 / (1 + math.exp(-s)), abs=1e-14)


@pytest.mark.equation("eq-mlp", tex="392c56e6")
def test_an_mlp_is_layers_of_layers():
    """The recursion in numpy, against a torch.nn.Sequential with the same weights."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(3, 5),
        torch.nn.Tanh(),
        torch.nn.Linear(5, 4),
        torch.nn.ReLU(),
        torch.nn.Linear(4, 2),
    ).double()
    x = rng(0).normal(size=3)
    y = x
    for layer, bend in zip(
        net[::2], (np.tanh, lambda s: np.maximum(s, 0), lambda s: s), strict=True
    ):
        y = bend(layer.weight.detach().numpy() @ y + layer.bias.detach().numpy())
    np.testing.assert_allclose(y, net(torch.tensor(x)).detach().numpy(), atol=1e-14)


@pytest.mark.equation("eq-affine-collapse", tex="57dd7b51")
def test_layers_without_activation_are_one_layer():
    """Random maps of random sizes; and with a bend in between it is no longer true."""
    for seed in range(5):
        r = rng(seed)
        V, c, U, d = (r.normal(size=shape) for shape in ((4, 3), 4, (2, 4), 2))
        x = r.normal(size=3)
        np.testing.assert_allclose(U @ (V @ x + c) + d, (U @ V) @ x + (U @ c + d), atol=1e-13)
        bent = lambda x, U=U, V=V, c=c, d=d: U @ np.tanh(V @ x + c) + d
        assert abs(bent(x) + bent(-x) - 2 * bent(0 * x)).max() > 1e-3  # an affine map gives 0


@pytest.mark.equation("eq-xor", tex="f85327e8")
def test_exclusive_or_needs_two_hidden_units_and_no_single_neuron_does_it():
    """All four corners; and an infeasible linear programme for a single line."""
    corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
    for a, b in corners:
        assert max(a + b, 0) - 2 * max(a + b - 1, 0) == (a != b)
    rows = [[(-1) ** (a != b) * v for v in (a, b, 1)] for a, b in corners]
    found = scipy.optimize.linprog(np.zeros(3), A_ub=rows, b_ub=-np.ones(4), bounds=(None, None))
    assert found.status == 2  # no line has all four on its side


@pytest.mark.equation("eq-dense-weights", tex="34664dcb")
@pytest.mark.parametrize("into, out", [(1, 1), (3, 7), (784, 100)])
def test_weights_of_a_dense_layer(into, out):
    """Counted in torch's layer."""
    counted = sum(p.numel() for p in torch.nn.Linear(into, out).parameters())
    assert out * (into + 1) == counted


@pytest.mark.equation("eq-conv-weights", tex="aee662ca")
@pytest.mark.parametrize(
    "into, out, kernel, expected", [(3, 3, (3, 3), 84), (1, 16, (2, 2), 80), (5, 4, (3, 1), 64)]
)
def test_weights_of_a_convolution(into, out, kernel, expected):
    """Counted in torch's layer, with the numbers of the text."""
    counted = sum(p.numel() for p in torch.nn.Conv2d(into, out, kernel).parameters())
    assert out * (kernel[0] * kernel[1] * into + 1) == counted == expected


# -------------------------------------------------------------------------------------- losses


@pytest.mark.equation("eq-mse", tex="1283d794")
def test_mean_squared_error_has_the_factor_one_over_n():
    """By a loop, against torch; repeating the data changes the sum and its slope, not the mean."""
    f, y = rng(0).normal(size=6), rng(1).normal(size=6)
    mean = sum((a - b) ** 2 for a, b in zip(f, y, strict=True)) / 6
    assert mean == pytest.approx(
        torch.nn.functional.mse_loss(torch.tensor(f), torch.tensor(y)).item(), abs=1e-14
    )
    twice = (np.tile(f, 2) - np.tile(y, 2)) ** 2
    assert twice.mean() == pytest.approx(mean) and twice.sum() == pytest.approx(12 * mean)


@pytest.mark.equation("eq-mse-mean", tex="e71dbbf0")
def test_the_squared_error_learns_the_mean():
    """A numerical search for the best constant, for three random discrete distributions."""
    for seed in range(3):
        values, p = rng(seed).normal(size=7), rng(seed + 9).dirichlet(np.ones(7))
        risk = lambda c, values=values, p=p: (p * (c - values) ** 2).sum()
        mean = (p * values).sum()
        best = scipy.optimize.minimize_scalar(risk, bracket=(-3, 3)).x
        assert best == pytest.approx(mean, abs=1e-6)
        variance = (p * values**2).sum() - mean**2
        for c in (-1.0, 0.3, 2.0):
            assert risk(c) == pytest.approx(variance + (c - mean) ** 2, abs=1e-12)


LOGISTIC = rng(5).normal(size=(9, 2)), (rng(6).random(9) < 0.5) * 1.0


def logistic_loss(w, b, X=LOGISTIC[0], y=LOGISTIC[1]):
    """By the product of the coins, then its logarithm."""
    likelihood = 1.0
    for row, label in zip(X, y, strict=True):
        p = expit(row @ w + b)
        likelihood *= p if label == 1 else 1 - p
    return -math.log(likelihood) / len(y)


@pytest.mark.equation("eq-logistic-likelihood", tex="4b48d5a6")
def test_the_labels_are_coins():
    """The product formula is the probability of the labels: it sums to 1 over all 2^N lists."""
    X, w, b, total = LOGISTIC[0][:6], np.array([0.7, -1.1]), 0.3, 0.0
    p = expit(X @ w + b)
    for code in range(2**6):
        y = np.array([code >> i & 1 for i in range(6)])
        product = np.prod(p**y * (1 - p) ** (1 - y))
        assert -math.log(product) / 6 == pytest.approx(logistic_loss(w, b, X, y), abs=1e-12)
        total += product
    assert total == pytest.approx(1, abs=1e-12)


@pytest.mark.equation("eq-logistic-loss", tex="eeb3fcab")
def test_log_loss_in_probabilities_and_in_scores():
    """Both lines against the product of coins, and against torch's loss with logits."""
    X, y = LOGISTIC
    for w, b in [(np.array([0.7, -1.1]), 0.3), (np.array([-2.0, 0.5]), -1.0)]:
        s = X @ w + b
        p = expit(s)
        first = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        second = np.mean(np.logaddexp(0, s) - y * s)
        there = torch.nn.functional.binary_cross_entropy_with_logits(
            torch.tensor(s), torch.tensor(y)
        ).item()
        assert first == pytest.approx(second, abs=1e-13)
        assert first == pytest.approx(logistic_loss(w, b), abs=1e-12)
        assert first == pytest.approx(there, abs=1e-12)


@pytest.mark.equation("eq-logistic-gradient", tex="38dd6791")
def test_gradient_of_logistic_regression():
    """By differences of the product of coins."""
    X, y = LOGISTIC
    w, b = np.array([0.7, -1.1]), 0.3
    residual = expit(X @ w + b) - y
    np.testing.assert_allclose(
        residual @ X / 9, gradient(lambda w: logistic_loss(w, b), w), atol=1e-8
    )
    assert residual.mean() == pytest.approx(slope(lambda b: logistic_loss(w, b), b), abs=1e-8)


@pytest.mark.equation("eq-logistic-convex", tex="6b28576e")
def test_the_log_loss_is_convex():
    """The second derivative along random directions, by differences; never negative."""
    X, _ = LOGISTIC
    for seed in range(20):
        w, b, u, a = rng(seed).normal(size=2), 0.2, rng(seed + 50).normal(size=2), 0.7
        h = 1e-4
        at = lambda t, w=w, b=b, u=u, a=a: logistic_loss(w + t * u, b + t * a)
        second = (at(h) - 2 * at(0) + at(-h)) / h**2
        p = expit(X @ w + b)
        formula = np.mean(p * (1 - p) * (X @ u + a) ** 2)
        assert formula >= 0 and second == pytest.approx(formula, abs=1e-5)


@pytest.mark.equation("eq-loss-slopes", tex="4cd31236")
def test_the_squared_error_saturates_and_the_log_loss_does_not():
    """Both slopes by differences; and the limits where the neuron is sure and wrong."""
    for y in (0, 1):
        for s in (-6.0, -1.0, 0.5, 4.0):
            p = expit(s)
            bce = lambda s, y=y: np.logaddexp(0, s) - y * s
            assert slope(bce, s) == pytest.approx(p - y, abs=1e-8)
            assert slope(lambda s, y=y: (expit(s) - y) ** 2, s) == pytest.approx(
                2 * (p - y) * p * (1 - p), abs=1e-8
            )
    assert abs(slope(lambda s: np.logaddexp(0, s) - s, -12.0)) > 0.999
    assert abs(slope(lambda s: (expit(s) - 1) ** 2, -12.0)) < 2e-5


# ------------------------------------------------------------------------------------- descent


def minimise(curvature, eta, gamma=0.0, steps=200, start=1.0):
    theta, v, path = start, 0.0, []
    for _ in range(steps):
        v = gamma * v + eta * curvature * theta
        theta -= v
        path.append(theta)
    return np.array(path)


@pytest.mark.equation("eq-gradient-descent", tex="62a41b01")
def test_a_step_of_gradient_descent():
    """Two steps on a function of two variables, against torch.optim.SGD."""
    f = lambda t: t[0] ** 2 * t[1] + torch.sin(t[1])
    theta = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    sgd, by_hand = torch.optim.SGD([theta], lr=0.1), np.array([1.0, 2.0])
    for _ in range(2):
        by_hand = by_hand - 0.1 * np.array(
            [2 * by_hand[0] * by_hand[1], by_hand[0] ** 2 + math.cos(by_hand[1])]
        )
        sgd.zero_grad()
        f(theta).backward()
        sgd.step()
    np.testing.assert_allclose(by_hand, theta.detach().numpy(), atol=1e-13)


@pytest.mark.equation("eq-descent-stable", tex="948917eb")
@pytest.mark.parametrize("curvature", [0.5, 1, 25])
def test_the_largest_learning_rate(curvature):
    """Just below 2/λ it converges, just above it flies off; and the closed form holds."""
    for factor in (0.1, 1.0, 1.95):
        path = minimise(curvature, factor / curvature)
        np.testing.assert_allclose(path, (1 - factor) ** np.arange(1, 201), atol=1e-12)
        assert abs(path[-1]) < 1e-4
    assert abs(minimise(curvature, 2.05 / curvature)[-1]) > 1e3
    assert abs(minimise(curvature, -0.1 / curvature)[-1]) > 1e3
    assert abs(minimise(curvature, 2 / curvature)[-1]) == pytest.approx(1)


@pytest.mark.equation("eq-momentum", tex="d974b0b5")
def test_momentum_is_that_of_torch():
    """The same path for a constant learning rate, although torch scales its velocity otherwise."""
    theta = torch.tensor([-4.0, 1.0], dtype=torch.float64, requires_grad=True)
    sgd = torch.optim.SGD([theta], lr=0.03, momentum=0.8)
    for _ in range(30):
        sgd.zero_grad()
        ((theta[0] ** 2 + 25 * theta[1] ** 2) / 2).backward()
        sgd.step()
    ends = [minimise(1, 0.03, 0.8, 30, -4.0)[-1], minimise(25, 0.03, 0.8, 30, 1.0)[-1]]
    np.testing.assert_allclose(theta.detach().numpy(), ends, atol=1e-12)


@pytest.mark.equation("eq-momentum-speed", tex="e1259af7")
def test_the_terminal_speed():
    """A constant slope, step by step, against the geometric sum and its limit."""
    eta, g = 0.1, 3.0
    for gamma in (0.0, 0.5, 0.9):
        v = 0.0
        for t in range(1, 400):
            v = gamma * v + eta * g
            assert v == pytest.approx(eta * g * (1 - gamma**t) / (1 - gamma), abs=1e-12)
        assert v == pytest.approx(eta * g / (1 - gamma), abs=1e-12)


# ----------------------------------------------------------------------------- backpropagation


@pytest.mark.equation("eq-chain-rule", tex="9ed7ff50")
def test_the_chain_of_three():
    """The product of three numerical slopes is the numerical slope of the composition."""
    for w in (-1.3, 0.4, 2.0):
        g3 = w**2 + 1
        g2 = math.sin(g3)
        product = slope(lambda u: u**2, g2) * slope(math.sin, g3) * slope(lambda u: u**2 + 1, w)
        assert product == pytest.approx(slope(lambda w: math.sin(w**2 + 1) ** 2, w), abs=1e-7)


@pytest.mark.equation("eq-chain-example", tex="d1a78d09")
def test_the_worked_example_and_its_misprint():
    """By differences: 8 sin 5 cos 5; without the square the composition has another slope."""
    right = slope(lambda w: math.sin(w**2 + 1) ** 2, 2.0)
    assert right == pytest.approx(8 * math.sin(5) * math.cos(5), abs=1e-8)
    assert right == pytest.approx(-2.17608, abs=5e-6)
    assert slope(lambda w: math.sin(w**2 + 1), 2.0) == pytest.approx(1.13465, abs=5e-6)


class TwoLayers:
    """A network with one hidden layer of tanh and sigmoid outputs, in loops."""

    def __init__(self, seed, P=3, M=4, K=2):
        r = rng(seed)
        self.alpha, self.a = r.normal(size=(M, P)), r.normal(size=M)
        self.beta, self.b = r.normal(size=(K, M)), r.normal(size=K)
        self.x, self.t = r.normal(size=P), r.random(K)

    def run(self, **changed):
        """r, y, s, z and the cost; `changed` replaces weights, or shifts the sums r and s."""
        now = {**vars(self), "dr": 0, "ds": 0, **changed}
        (M, P), K = now["alpha"].shape, len(now["b"])
        r = (
            np.array(
                [
                    sum(now["alpha"][m, p] * now["x"][p] for p in range(P)) + now["a"][m]
                    for m in range(M)
                ]
            )
            + now["dr"]
        )
        y = np.tanh(r)
        s = (
            np.array(
                [sum(now["beta"][k, m] * y[m] for m in range(M)) + now["b"][k] for k in range(K)]
            )
            + now["ds"]
        )
        z = expit(s)
        return r, y, s, z, sum((z[k] - self.t[k]) ** 2 for k in range(K))

    def delta(self):
        z = self.run()[3]
        return 2 * (z - self.t) * z * (1 - z)

    def delta_hat(self):
        y = self.run()[1]
        return (1 - y**2) * (self.beta.T @ self.delta())


@pytest.mark.equation("eq-two-layers", tex="1abbecb0")
def test_the_network_with_one_hidden_layer():
    """The loops against matrix products in torch."""
    net = TwoLayers(0)
    alpha, a, beta, b, x, t = (
        torch.tensor(v) for v in (net.alpha, net.a, net.beta, net.b, net.x, net.t)
    )
    z = torch.sigmoid(beta @ torch.tanh(alpha @ x + a) + b)
    assert net.run()[4] == pytest.approx(((z - t) ** 2).sum().item(), abs=1e-13)


@pytest.mark.equation("eq-delta", tex="f77e7e9f")
@pytest.mark.parametrize("seed", range(4))
def test_the_last_layers_sensitivity(seed):
    """δ is the slope of C by the sums; with y it gives those by β and b. All by differences."""
    net = TwoLayers(seed)
    y, delta = net.run()[1], net.delta()
    cost = lambda **changed: net.run(**changed)[4]
    np.testing.assert_allclose(delta, gradient(lambda d: cost(ds=d), np.zeros(2)), atol=1e-8)
    np.testing.assert_allclose(
        np.outer(delta, y), gradient(lambda v: cost(beta=v), net.beta), atol=1e-8
    )
    np.testing.assert_allclose(delta, gradient(lambda v: cost(b=v), net.b), atol=1e-8)


@pytest.mark.equation("eq-delta-hat", tex="4795f404")
@pytest.mark.parametrize("seed", range(4))
def test_the_hidden_layers_sensitivity(seed):
    """The same for δ̂, α and a."""
    net = TwoLayers(seed)
    hat = net.delta_hat()
    cost = lambda **changed: net.run(**changed)[4]
    np.testing.assert_allclose(hat, gradient(lambda d: cost(dr=d), np.zeros(4)), atol=1e-8)
    np.testing.assert_allclose(
        np.outer(hat, net.x), gradient(lambda v: cost(alpha=v), net.alpha), atol=1e-8
    )
    np.testing.assert_allclose(hat, gradient(lambda v: cost(a=v), net.a), atol=1e-8)


@pytest.mark.equation("eq-delta-input", tex="fc7f036d")
@pytest.mark.parametrize("seed", range(4))
def test_the_slope_by_the_input(seed):
    """One step further back: the slope of the score of a network with one output by its input."""
    net = TwoLayers(seed, K=1)
    hat = (1 - net.run()[1] ** 2) * net.beta[0]  # ∂s/∂s = 1 travels back
    np.testing.assert_allclose(
        net.alpha.T @ hat, gradient(lambda x: net.run(x=x)[2][0], net.x), atol=1e-8
    )


@pytest.mark.equation("eq-backprop-layers", tex="0e9e5ee8")
def test_sensitivities_of_many_layers():
    """Four layers in numpy: every slope against differences."""
    r, sizes = rng(7), [3, 4, 5, 4, 2]
    Ws = [r.normal(size=(o, i)) / math.sqrt(i) for i, o in zip(sizes, sizes[1:], strict=False)]
    x, t = r.normal(size=3), r.normal(size=2)

    def run(Ws):
        ys = [x]
        for W in Ws:
            ys.append(np.tanh(W @ ys[-1] + 0.1))
        return ys, ((ys[-1] - t) ** 2).sum()

    ys, _ = run(Ws)
    delta = 2 * (ys[-1] - t) * (1 - ys[-1] ** 2)
    for l in reversed(range(4)):
        cost = lambda W, l=l: run(Ws[:l] + [W] + Ws[l + 1 :])[1]
        np.testing.assert_allclose(np.outer(delta, ys[l]), gradient(cost, Ws[l]), atol=1e-8)
        delta = (1 - ys[l] ** 2) * (Ws[l].T @ delta)


@pytest.mark.equation("eq-delta-bce", tex="a7ebd202")
def test_sensitivity_of_the_log_loss():
    """By differences of the printed expression, for soft and hard targets."""
    for t in (0.0, 0.3, 1.0):
        for s in (-3.0, 0.2, 2.5):
            loss = lambda s, t=t: -t * math.log(expit(s)) - (1 - t) * math.log(1 - expit(s))
            assert slope(loss, s) == pytest.approx(expit(s) - t, abs=1e-8)


@pytest.mark.equation("eq-signal-variance", tex="3a893ba8")
def test_the_size_of_a_sum():
    """Fixed inputs, many draws of the weights: within four standard errors."""
    y = rng(0).normal(0.5, 1.0, size=30)
    w = rng(1).uniform(-0.4, 0.4, size=(200_000, 30))  # variance 0.16/3
    squares = (w @ y) ** 2
    expected = 30 * 0.16 / 3 * (y**2).mean()
    assert squares.mean() == pytest.approx(expected, abs=4 * squares.std() / math.sqrt(200_000))


@pytest.mark.equation("eq-he", tex="60be8484")
def test_hes_rule_keeps_the_size():
    """ReLU halves the mean square of a symmetric sum, exactly; so 2/n makes up for it."""
    half = scipy.integrate.quad(lambda s: max(s, 0) ** 2 * norm.pdf(s, 0, 1.7), -20, 20)[0]
    assert half == pytest.approx(1.7**2 / 2, rel=1e-6)
    kept = []
    for seed in range(20):
        r, n = rng(seed), 400
        s = r.normal(size=(50, n))
        for _ in range(5):
            s = np.maximum(s, 0) @ r.normal(0, math.sqrt(2 / n), size=(n, n))
        kept.append((s**2).mean())
    assert np.mean(kept) == pytest.approx(1, abs=4 * np.std(kept) / math.sqrt(20))


# ------------------------------------------------------------------------------ regularisation


@pytest.mark.equation("eq-l1-l2", tex="f5c6805b")
def test_the_price_of_large_weights():
    """The minimiser in one dimension: L2 shrinks, L1 shifts and sets small weights to zero."""
    for target in (0.05, -1.4, 2.0):
        for l1, l2 in ((0.0, 0.5), (0.3, 0.0), (0.3, 0.5)):
            cost = lambda w, c=target, l1=l1, l2=l2: (w - c) ** 2 / 2 + l1 * abs(w) + l2 / 2 * w**2
            best = scipy.optimize.minimize_scalar(
                cost, bounds=(-4, 4), method="bounded", options={"xatol": 1e-10}
            ).x
            closed = math.copysign(max(abs(target) - l1, 0), target) / (1 + l2)
            assert best == pytest.approx(closed, abs=1e-5)


@pytest.mark.equation("eq-weight-decay", tex="1ef34de8")
def test_l2_is_weight_decay():
    """One step of torch's SGD with weight_decay, and one on the regularised cost by differences."""
    w0, eta, l2 = np.array([1.5, -2.0]), 0.1, 0.4
    cost = lambda w: math.sin(w[0]) * w[1] ** 2
    decayed = (1 - eta * l2) * w0 - eta * gradient(cost, w0)
    priced = w0 - eta * gradient(lambda w: cost(w) + l2 / 2 * (w**2).sum(), w0)
    np.testing.assert_allclose(decayed, priced, atol=1e-8)
    w = torch.tensor(w0, requires_grad=True)
    sgd = torch.optim.SGD([w], lr=eta, weight_decay=l2)
    (torch.sin(w[0]) * w[1] ** 2).backward()
    sgd.step()
    np.testing.assert_allclose(decayed, w.detach().numpy(), atol=1e-8)


@pytest.mark.equation("eq-dropout", tex="c013580d")
@pytest.mark.parametrize("r", [0.1, 0.5, 0.8])
def test_dropout_is_right_on_average(r):
    """Mean and variance from the two outcomes, and torch's layer has just these outcomes."""
    y = 1.7
    outcomes, chances = np.array([0, y / (1 - r)]), np.array([r, 1 - r])
    mean = (chances * outcomes).sum()
    assert mean == pytest.approx(y)
    assert (chances * (outcomes - mean) ** 2).sum() == pytest.approx(r / (1 - r) * y**2)
    torch.manual_seed(0)
    made = torch.nn.Dropout(r)(torch.full((20_000,), y, dtype=torch.float64))
    np.testing.assert_allclose(made.unique().numpy(), outcomes, atol=1e-12)
    assert (made == 0).double().mean() == pytest.approx(r, abs=4 * math.sqrt(r * (1 - r) / 20_000))


# -------------------------------------------------------------------------------- density ratio

P, Q = norm(0, 1), norm(1, 0.7)


@pytest.mark.equation("eq-bayes-classifier", tex="dd940436")
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_the_best_classifier(share):
    """At each x the numerical minimiser of the log loss of the mixture is Bayes' formula."""
    for x in (-2.0, 0.3, 1.0, 2.2):
        a, b = share * P.pdf(x), (1 - share) * Q.pdf(x)
        best = scipy.optimize.minimize_scalar(
            lambda s, a=a, b=b: a * np.logaddexp(0, -s) + b * np.logaddexp(0, s),
            bounds=(-20, 20),
            method="bounded",
            options={"xatol": 1e-9},
        ).x
        assert expit(best) == pytest.approx(a / (a + b), abs=1e-5)
    x = P.rvs(int(400_000 * share), random_state=0)  # and as frequencies in a small bin
    z = Q.rvs(int(400_000 * (1 - share)), random_state=1)
    ones, zeros = (np.sum(abs(v - 0.5) < 0.02) for v in (x, z))
    exact = share * P.pdf(0.5) / (share * P.pdf(0.5) + (1 - share) * Q.pdf(0.5))
    n = ones + zeros
    assert ones / n == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / n) + 1e-3)


@pytest.mark.equation("eq-classifier-ratio", tex="da35bf0c")
@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
def test_the_classifier_knows_the_ratio(share):
    """Both lines, from the posterior by numbers; the constant does not depend on x."""
    x = np.linspace(-3, 4, 29)
    D = share * P.pdf(x) / (share * P.pdf(x) + (1 - share) * Q.pdf(x))
    np.testing.assert_allclose(D / (1 - D) * (1 - share) / share, P.pdf(x) / Q.pdf(x), rtol=1e-9)
    score = np.log(D / (1 - D))
    np.testing.assert_allclose(
        score, P.logpdf(x) - Q.logpdf(x) + math.log(share / (1 - share)), atol=1e-9
    )


@pytest.mark.equation("eq-gaussian-score", tex="00b68829")
@pytest.mark.parametrize("mp, sp, mq, sq", [(0, 1, 1, 0.7), (2, 0.5, -1, 3), (1, 1.2, -1, 1.2)])
def test_the_log_ratio_of_two_gaussians(mp, sp, mq, sq):
    """Against scipy's log-densities; a straight line if and only if the widths are equal."""
    x = np.linspace(-4, 4, 9)
    formula = math.log(sq / sp) - (x - mp) ** 2 / (2 * sp**2) + (x - mq) ** 2 / (2 * sq**2)
    np.testing.assert_allclose(formula, norm.logpdf(x, mp, sp) - norm.logpdf(x, mq, sq), atol=1e-12)
    assert (abs(np.diff(formula, 2)).max() < 1e-12) == (sp == sq)
