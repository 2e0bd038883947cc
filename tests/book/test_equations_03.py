"""Chapter 03, equation by equation: recomputed with numpy, scipy and loops."""

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import torch
from scipy.special import expit, logit
from scipy.stats import norm

from formula import Operator

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
def test_a_neuron_is_a_weighted_sum_and_a_squeeze(printed):
    """By a loop, against torch's linear layer with a sigmoid; one half exactly on the line."""
    w, b, x = rng(0).normal(size=3), 0.4, rng(1).normal(size=3)
    there = torch.sigmoid(
        torch.nn.functional.linear(
            torch.tensor(x), torch.tensor(w)[None], torch.tensor([b], dtype=torch.float64)
        )
    )
    s = math.log(there.item() / (1 - there.item()))
    names = {"w": w, "x": x, "b": b, "j": range(1, 4), r"\sigma": expit}
    assert printed("eq-neuron").holds({**names, "s": s, "y": there.item()})
    on_the_line = x - w * s / (w @ w)
    assert expit(w @ on_the_line + b) == pytest.approx(0.5, abs=1e-14)
    assert expit(-3) == pytest.approx(0.047, abs=5e-4)  # the number in the text


@pytest.mark.equation("eq-sigmoid", tex="f1b36166")
def test_the_four_facts_about_the_sigmoid(printed):
    """Mirror, slope by differences, and log-odds, with scipy's own sigmoid."""
    for s in np.linspace(-8, 8, 33):
        names = {"s": s, r"\sigma": expit, r"\sigma'(s)": slope(expit, s)}
        assert printed("eq-sigmoid").holds(names, abs=1e-9)


@pytest.mark.equation("eq-layer", tex="af8283be")
def test_a_layer_is_its_neurons(printed):
    """Row by row, with two nested loops."""
    W, b, x = rng(2).normal(size=(4, 3)), rng(3).normal(size=4), rng(4).normal(size=3)
    whole = torch.sigmoid(
        torch.nn.functional.linear(torch.tensor(x), torch.tensor(W), torch.tensor(b))
    ).numpy()
    names = {"W": W, "x": x, "b": b, r"\sigma": expit, "y": whole, "j": range(1, 4)}
    for i in range(1, 5):
        assert printed("eq-layer").holds({**names, "i": i})


@pytest.mark.equation("eq-mlp", tex="392c56e6")
def test_an_mlp_is_layers_of_layers(printed):
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
        names = {r"W^{(l)}": layer.weight.detach().numpy(), r"b^{(l)}": layer.bias.detach().numpy()}
        y = printed("eq-mlp").side({**names, "y^{(l-1)}": y, r"\sigma_l": bend})
    np.testing.assert_allclose(y, net(torch.tensor(x)).detach().numpy(), atol=1e-14)


@pytest.mark.equation("eq-affine-collapse", tex="57dd7b51")
def test_layers_without_activation_are_one_layer(printed):
    """Random maps of random sizes; and with a bend in between it is no longer true."""
    for seed in range(5):
        r = rng(seed)
        V, c, U, d = (r.normal(size=shape) for shape in ((4, 3), 4, (2, 4), 2))
        x = r.normal(size=3)
        names = {"W^{(1)}": V, "b^{(1)}": c, "W^{(2)}": U, "b^{(2)}": d, "x": x}
        names[r"\underbrace{W^{(2)}W^{(1)}}_{W}"] = U @ V
        names[r"\underbrace{W^{(2)}b^{(1)}+b^{(2)}}_{b}"] = U @ c + d
        assert printed("eq-affine-collapse").holds(names)
        bent = lambda x, U=U, V=V, c=c, d=d: U @ np.tanh(V @ x + c) + d
        assert abs(bent(x) + bent(-x) - 2 * bent(0 * x)).max() > 1e-3  # an affine map gives 0


@pytest.mark.equation("eq-xor", tex="f85327e8")
def test_exclusive_or_needs_two_hidden_units_and_no_single_neuron_does_it(printed):
    """All four corners; and an infeasible linear programme for a single line."""
    corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
    for a, b in corners:
        names = {"x_1": a, "x_2": b, r"x_1\operatorname{xor}x_2": int(a != b)}
        h_1, h_2 = (printed("eq-xor").side(names, k) for k in (0, 1))
        assert printed("eq-xor").holds({**names, "h_1": h_1, "h_2": h_2})
        assert (h_1, h_2) == (a + b, a * b)
    rows = [[(-1) ** (a != b) * v for v in (a, b, 1)] for a, b in corners]
    found = scipy.optimize.linprog(np.zeros(3), A_ub=rows, b_ub=-np.ones(4), bounds=(None, None))
    assert found.status == 2  # no line has all four on its side


@pytest.mark.equation("eq-dense-weights", tex="34664dcb")
@pytest.mark.parametrize("into, out", [(1, 1), (3, 7), (784, 100)])
def test_weights_of_a_dense_layer(into, out, printed):
    """Counted in torch's layer."""
    counted = sum(p.numel() for p in torch.nn.Linear(into, out).parameters())
    names = {r"\#\text{dense}": counted, r"n_{\text{in}}": into, r"n_{\text{out}}": out}
    assert printed("eq-dense-weights").holds(names)


@pytest.mark.equation("eq-conv-weights", tex="aee662ca")
@pytest.mark.parametrize(
    "into, out, kernel, expected", [(3, 3, (3, 3), 84), (1, 16, (2, 2), 80), (5, 4, (3, 1), 64)]
)
def test_weights_of_a_convolution(into, out, kernel, expected, printed):
    """Counted in torch's layer, with the numbers of the text."""
    counted = sum(p.numel() for p in torch.nn.Conv2d(into, out, kernel).parameters())
    names = {r"\#\text{conv}": counted, r"C_{\text{in}}": into, r"C_{\text{out}}": out}
    assert printed("eq-conv-weights").holds({**names, "k_h": kernel[0], "k_w": kernel[1]})
    assert counted == expected


# -------------------------------------------------------------------------------------- losses


@pytest.mark.equation("eq-mse", tex="1283d794")
def test_mean_squared_error_has_the_factor_one_over_n(printed):
    """By a loop, against torch; repeating the data changes the sum and its slope, not the mean."""
    f, y = rng(0).normal(size=6), rng(1).normal(size=6)
    names = {"N": 6, "x": range(6), "y": y, r"f_\theta": lambda i: f[i]}
    mean = printed("eq-mse").side(names)
    assert mean == pytest.approx(
        torch.nn.functional.mse_loss(torch.tensor(f), torch.tensor(y)).item(), abs=1e-14
    )
    twice = (np.tile(f, 2) - np.tile(y, 2)) ** 2
    assert twice.mean() == pytest.approx(mean) and twice.sum() == pytest.approx(12 * mean)


@pytest.mark.equation("eq-mse-mean", tex="e71dbbf0")
def test_the_squared_error_learns_the_mean(printed):
    """A numerical search for the best constant, for three random discrete distributions."""
    for seed in range(3):
        values, p = rng(seed).normal(size=7), rng(seed + 9).dirichlet(np.ones(7))
        risk = lambda c, values=values, p=p: (p * (c - values) ** 2).sum()
        mean = (p * values).sum()
        best = scipy.optimize.minimize_scalar(risk, bracket=(-3, 3)).x
        assert best == pytest.approx(mean, abs=1e-6)
        variance = (p * values**2).sum() - mean**2
        names = {r"\mathbb E": Operator(lambda v, p=p: (p * v).sum()), "y": values}
        names |= {r"\operatorname{Var}(y)": variance}
        for c in (-1.0, 0.3, 2.0):
            formula = printed("eq-mse-mean")
            assert formula.holds({**names, "c": c}, only=[0])
            assert formula.side({**names, "c": c}, 0, 0) == pytest.approx(risk(c))
        assert formula.side(names, 1) == pytest.approx(best, abs=1e-6)


LOGISTIC = rng(5).normal(size=(9, 2)), (rng(6).random(9) < 0.5) * 1.0


def logistic_loss(w, b, X=LOGISTIC[0], y=LOGISTIC[1]):
    """By the product of the coins, then its logarithm."""
    likelihood = 1.0
    for row, label in zip(X, y, strict=True):
        p = expit(row @ w + b)
        likelihood *= p if label == 1 else 1 - p
    return -math.log(likelihood) / len(y)


@pytest.mark.equation("eq-logistic-likelihood", tex="4b48d5a6")
def test_the_labels_are_coins(printed):
    """The product formula is the probability of the labels: it sums to 1 over all 2^N lists."""
    X, w, b, total = LOGISTIC[0][:6], np.array([0.7, -1.1]), 0.3, 0.0
    p = expit(X @ w + b)
    for code in range(2**6):
        y = np.array([code >> i & 1 for i in range(6)])
        product = printed("eq-logistic-likelihood").side({"N": 6, "p": p, "y": y})
        assert -math.log(product) / 6 == pytest.approx(logistic_loss(w, b, X, y), abs=1e-12)
        total += product
    assert total == pytest.approx(1, abs=1e-12)


@pytest.mark.equation("eq-logistic-loss", tex="eeb3fcab")
def test_log_loss_in_probabilities_and_in_scores(printed):
    """Both lines against the product of coins, and against torch's loss with logits."""
    X, y = LOGISTIC
    for w, b in [(np.array([0.7, -1.1]), 0.3), (np.array([-2.0, 0.5]), -1.0)]:
        s = X @ w + b
        p = expit(s)
        there = torch.nn.functional.binary_cross_entropy_with_logits(
            torch.tensor(s), torch.tensor(y)
        ).item()
        names = {"C(w,b)": there, "N": 9, "y": y, "p": p, "s": s, "i": range(1, 10)}
        assert printed("eq-logistic-loss").holds(names)
        assert logistic_loss(w, b) == pytest.approx(there, abs=1e-12)


@pytest.mark.equation("eq-logistic-gradient", tex="38dd6791")
def test_gradient_of_logistic_regression(printed):
    """By differences of the product of coins."""
    X, y = LOGISTIC
    w, b = np.array([0.7, -1.1]), 0.3
    names = {"N": 9, "p": expit(X @ w + b), "y": y, "x": X, "i": range(1, 10)}
    names[r"\frac{\partial C}{\partial w}"] = gradient(lambda w: logistic_loss(w, b), w)
    names[r"\frac{\partial C}{\partial b}"] = slope(lambda b: logistic_loss(w, b), b)
    assert printed("eq-logistic-gradient").holds(names, abs=1e-8)


@pytest.mark.equation("eq-logistic-convex", tex="6b28576e")
def test_the_log_loss_is_convex(printed):
    """The second derivative along random directions, by differences; never negative."""
    X, _ = LOGISTIC
    for seed in range(20):
        w, b, u, a = rng(seed).normal(size=2), 0.2, rng(seed + 50).normal(size=2), 0.7
        h = 1e-4
        at = lambda t, w=w, b=b, u=u, a=a: logistic_loss(w + t * u, b + t * a)
        second = (at(h) - 2 * at(0) + at(-h)) / h**2
        p = expit(X @ w + b)
        names = {"N": 9, "i": range(1, 10), "p": p, "u": u, "x": X, "a": a}
        assert printed("eq-logistic-convex").holds(names)
        formula = printed("eq-logistic-convex").side(names, side=0)
        assert second == pytest.approx(formula, abs=1e-5)


@pytest.mark.equation("eq-loss-slopes", tex="4cd31236")
def test_the_squared_error_saturates_and_the_log_loss_does_not(printed):
    """Both slopes by differences; and the limits where the neuron is sure and wrong."""
    for y in (0, 1):
        for s in (-6.0, -1.0, 0.5, 4.0):
            p = expit(s)
            bce = lambda s, y=y: np.logaddexp(0, s) - y * s
            square = slope(lambda s, y=y: (expit(s) - y) ** 2, s)
            names = {"p": p, "y": y, r"\frac{d}{ds}\mathrm{BCE}": slope(bce, s)}
            names[r"\frac{d}{ds}(p-y)^2"] = square
            assert printed("eq-loss-slopes").holds(names, abs=1e-8)
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
def test_a_step_of_gradient_descent(printed):
    """Two steps on a function of two variables, against torch.optim.SGD."""
    f = lambda t: t[0] ** 2 * t[1] + torch.sin(t[1])
    theta = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    sgd, by_hand = torch.optim.SGD([theta], lr=0.1), np.array([1.0, 2.0])
    for _ in range(2):
        slopes = [2 * by_hand[0] * by_hand[1], by_hand[0] ** 2 + math.cos(by_hand[1])]
        names = {r"\theta_t": by_hand, r"\eta": 0.1, r"\nabla C(\theta_t)": np.array(slopes)}
        by_hand = printed("eq-gradient-descent").side(names)
        sgd.zero_grad()
        f(theta).backward()
        sgd.step()
    np.testing.assert_allclose(by_hand, theta.detach().numpy(), atol=1e-13)


@pytest.mark.equation("eq-descent-stable", tex="948917eb")
@pytest.mark.parametrize("curvature", [0.5, 1, 25])
def test_the_largest_learning_rate(curvature, printed):
    """Just below 2/λ it converges, just above it flies off; and the closed form holds."""
    for factor in (0.1, 1.0, 1.95):
        path = minimise(curvature, factor / curvature)
        names = {r"\eta": factor / curvature, r"\lambda": curvature, r"\theta_0": 1.0}
        for t in (1, 2, 3, 50):
            names |= {"t": t, r"\theta_t": path[t - 1]}
            assert printed("eq-descent-stable").holds(names, only=[0], rel=1e-8)
        assert abs(path[-1]) < 1e-4
    for factor in (-0.1, 0.05, 1.95, 2.05):
        end = minimise(curvature, factor / curvature, steps=2000)[-1]
        names = {r"\eta": factor / curvature, r"\lambda": curvature, r"\theta_t": end}
        assert printed("eq-descent-stable").holds(names, only=[1], abs=1e-4)
    assert abs(minimise(curvature, 2.05 / curvature)[-1]) > 1e3
    assert abs(minimise(curvature, -0.1 / curvature)[-1]) > 1e3
    assert abs(minimise(curvature, 2 / curvature)[-1]) == pytest.approx(1)


@pytest.mark.equation("eq-momentum", tex="d974b0b5")
def test_momentum_is_that_of_torch(printed):
    """The same path for a constant learning rate, although torch scales its velocity otherwise."""
    theta = torch.tensor([-4.0, 1.0], dtype=torch.float64, requires_grad=True)
    sgd = torch.optim.SGD([theta], lr=0.03, momentum=0.8)
    for _ in range(30):
        sgd.zero_grad()
        ((theta[0] ** 2 + 25 * theta[1] ** 2) / 2).backward()
        sgd.step()
    ends = []
    for curvature, at in ((1, -4.0), (25, 1.0)):
        v = 0.0
        for _ in range(30):
            names = {r"\gamma": 0.8, r"\eta": 0.03, "v_t": v, r"\theta_t": at}
            names[r"\nabla C(\theta_t)"] = curvature * at
            v = printed("eq-momentum").side(names, 0)
            at = printed("eq-momentum").side({**names, "v_{t+1}": v}, 1)
        ends.append(at)
    np.testing.assert_allclose(theta.detach().numpy(), ends, atol=1e-12)


@pytest.mark.equation("eq-momentum-speed", tex="e1259af7")
def test_the_terminal_speed(printed):
    """A constant slope, step by step, against the geometric sum and its limit."""
    eta, g = 0.1, 3.0
    for gamma in (0.0, 0.5, 0.9):
        v = 0.0
        for t in range(1, 400):
            v = gamma * v + eta * g
            names = {"v_t": v, r"\eta": eta, "g": g, r"\gamma": gamma, "t": t}
            if t < 20:
                closed = printed("eq-momentum-speed").side(names, side=1)
                assert v == pytest.approx(closed, abs=1e-12)
        assert printed("eq-momentum-speed").holds(names)


# ----------------------------------------------------------------------------- backpropagation


@pytest.mark.equation("eq-chain-rule", tex="9ed7ff50")
def test_the_chain_of_three(printed):
    """The product of three numerical slopes is the numerical slope of the composition."""
    for w in (-1.3, 0.4, 2.0):
        g3 = w**2 + 1
        g2 = math.sin(g3)
        names = {
            r"\frac{df}{dw}": slope(lambda w: math.sin(w**2 + 1) ** 2, w),
            r"\frac{dg_1}{dg_2}": slope(lambda u: u**2, g2),
            r"\frac{dg_2}{dg_3}": slope(math.sin, g3),
            r"\frac{dg_3}{dw}": slope(lambda u: u**2 + 1, w),
        }
        assert printed("eq-chain-rule").holds(names, abs=1e-7)


@pytest.mark.equation("eq-chain-example", tex="d1a78d09")
def test_the_worked_example_and_its_misprint(printed):
    """By differences: 8 sin 5 cos 5; without the square the composition has another slope."""
    right = slope(lambda w: math.sin(w**2 + 1) ** 2, 2.0)
    assert printed("eq-chain-example").holds({"f'(2)": right}, rel=0, abs=5e-6)
    assert printed("eq-chain-example").side({}, side=1) == pytest.approx(right, abs=1e-8)
    assert printed("eq-chain-example").side({}, side=2) == pytest.approx(right, abs=1e-8)
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


@pytest.mark.equation("eq-two-layers", tex="1abbecb0")
def test_the_network_with_one_hidden_layer(printed):
    """The loops against matrix products in torch."""
    net = TwoLayers(0)
    alpha, a, beta, b, x, t = (
        torch.tensor(v) for v in (net.alpha, net.a, net.beta, net.b, net.x, net.t)
    )
    z = torch.sigmoid(beta @ torch.tanh(alpha @ x + a) + b)
    hidden = torch.tanh(alpha @ x + a)
    cost = ((z - t) ** 2).sum().item()
    assert net.run()[4] == pytest.approx(cost, abs=1e-13)
    names = {r"\alpha": net.alpha, "a": net.a, r"\beta": net.beta, "b": net.b, "x": net.x}
    names |= {"t": net.t, "C": cost, r"\sigma_y": np.tanh, r"\sigma_z": expit, "p": range(1, 4)}
    names |= {"r": (alpha @ x + a).numpy(), "y": hidden.numpy(), "z": z.numpy()}
    names |= {"s": (beta @ hidden + b).numpy()}
    for m, k in [(1, 1), (4, 2)]:  # one hidden, one output unit; the sums run over all of them
        assert printed("eq-two-layers").holds({**names, "m": m, "k": k}, only=[0, 1, 3])
        assert printed("eq-two-layers").holds({**names, "m": range(1, 5), "k": k}, only=[2])
    assert printed("eq-two-layers").holds({**names, "k": range(1, 3)}, only=[4])


@pytest.mark.equation("eq-delta", tex="f77e7e9f")
@pytest.mark.parametrize("seed", range(4))
def test_the_last_layers_sensitivity(seed, printed):
    """δ is the slope of C by the sums; with y it gives those by β and b. All by differences."""
    net = TwoLayers(seed)
    _, y, s, z, _ = net.run()
    cost = lambda **changed: net.run(**changed)[4]
    delta = gradient(lambda d: cost(ds=d), np.zeros(2))
    by_beta, by_b = gradient(lambda v: cost(beta=v), net.beta), gradient(lambda v: cost(b=v), net.b)
    for k, m in np.ndindex(2, 4):
        names = {"k": k + 1, "m": m + 1, "z": z, "t": net.t, "y": y, r"\delta": delta}
        names[r"\sigma_z'(s_k)"] = slope(expit, s[k])
        names[r"\frac{\partial C}{\partial\beta_{km}}"] = by_beta[k, m]
        names[r"\frac{\partial C}{\partial b_k}"] = by_b[k]
        assert printed("eq-delta").holds(names, abs=1e-8)
    np.testing.assert_allclose(delta, net.delta(), atol=1e-8)


@pytest.mark.equation("eq-delta-hat", tex="4795f404")
@pytest.mark.parametrize("seed", range(4))
def test_the_hidden_layers_sensitivity(seed, printed):
    """The same for δ̂, α and a."""
    net = TwoLayers(seed)
    r, delta = net.run()[0], net.delta()
    cost = lambda **changed: net.run(**changed)[4]
    hat = gradient(lambda d: cost(dr=d), np.zeros(4))
    by_alpha, by_a = (
        gradient(lambda v: cost(alpha=v), net.alpha),
        gradient(lambda v: cost(a=v), net.a),
    )
    for m, p in np.ndindex(4, 3):
        names = {"m": m + 1, "p": p + 1, "k": range(1, 3), r"\beta": net.beta, "x": net.x}
        names |= {r"\delta": delta, r"\hat\delta": hat, r"\sigma_y'(r_m)": slope(np.tanh, r[m])}
        names[r"\frac{\partial C}{\partial\alpha_{mp}}"] = by_alpha[m, p]
        names[r"\frac{\partial C}{\partial a_m}"] = by_a[m]
        assert printed("eq-delta-hat").holds(names, abs=1e-8)


@pytest.mark.equation("eq-delta-input", tex="fc7f036d")
@pytest.mark.parametrize("seed", range(4))
def test_the_slope_by_the_input(seed, printed):
    """One step further back: the slope of the score of a network with one output by its input."""
    net = TwoLayers(seed, K=1)
    hat = (1 - net.run()[1] ** 2) * net.beta[0]  # ∂s/∂s = 1 travels back
    by_x = gradient(lambda x: net.run(x=x)[2][0], net.x)
    for p in range(3):
        names = {"m": range(1, 5), "p": p + 1, r"\alpha": net.alpha, r"\hat\delta": hat}
        names[r"\frac{\partial s}{\partial x_p}"] = by_x[p]
        assert printed("eq-delta-input").holds(names, abs=1e-8)


@pytest.mark.equation("eq-backprop-layers", tex="0e9e5ee8")
def test_sensitivities_of_many_layers(printed):
    """Four layers in numpy: every slope against differences."""
    r, sizes = rng(7), [3, 4, 5, 4, 2]
    Ws = [r.normal(size=(o, i)) / math.sqrt(i) for i, o in pairwise(sizes)]
    x, t = r.normal(size=3), r.normal(size=2)

    def run(Ws):
        ys = [x]
        for W in Ws:
            ys.append(np.tanh(W @ ys[-1] + 0.1))
        return ys, ((ys[-1] - t) ** 2).sum()

    ys, _ = run(Ws)
    delta = 2 * (ys[-1] - t) * (1 - ys[-1] ** 2)
    for l in reversed(range(4)):
        cost = lambda W, l=l: run([*Ws[:l], W, *Ws[l + 1 :]])[1]
        by_W = gradient(cost, Ws[l])
        for i, j in np.ndindex(by_W.shape):
            names = {"i": i + 1, "j": j + 1, r"\delta_i^{(l)}": delta[i], "y_j^{(l-1)}": ys[l][j]}
            names[r"\frac{\partial C}{\partial W^{(l)}_{ij}}"] = by_W[i, j]
            assert printed("eq-backprop-layers").holds(names, only=[1], abs=1e-8)
        names = {r"\sigma_l'(s^{(l)})": 1 - ys[l] ** 2, r"W^{(l+1)\top}": Ws[l].T}
        delta = printed("eq-backprop-layers").side({**names, r"\delta^{(l+1)}": delta})


@pytest.mark.equation("eq-delta-bce", tex="a7ebd202")
def test_sensitivity_of_the_log_loss(printed):
    """By differences of the printed expression, for soft and hard targets."""
    formula = printed("eq-delta-bce")
    for t in (0.0, 0.3, 1.0):
        for s in (-3.0, 0.2, 2.5):
            loss = lambda s, t=t: formula.side({"t": t, "z": expit(s)})
            names = {r"\frac{\partial\ell}{\partial s}": slope(loss, s), "t": t, "z": expit(s)}
            assert formula.holds({**names, r"\delta": expit(s) - t}, only=[1], abs=1e-8)
            there = torch.nn.functional.binary_cross_entropy_with_logits(
                torch.tensor(s).double(), torch.tensor(t).double()
            )
            assert loss(s) == pytest.approx(there.item(), abs=1e-6)


@pytest.mark.equation("eq-signal-variance", tex="3a893ba8")
def test_the_size_of_a_sum(printed):
    """Fixed inputs, many draws of the weights: within four standard errors."""
    y = rng(0).normal(0.5, 1.0, size=30)
    w = rng(1).uniform(-0.4, 0.4, size=(200_000, 30))  # variance 0.16/3
    squares = (w @ y) ** 2
    names = {"n": 30, r"\operatorname{Var}(w)": 0.16 / 3, r"\mathbb E": Operator(np.mean), "y": y}
    expected = printed("eq-signal-variance").side(names)
    assert squares.mean() == pytest.approx(expected, abs=4 * squares.std() / math.sqrt(200_000))


@pytest.mark.equation("eq-he", tex="60be8484")
def test_hes_rule_keeps_the_size(printed):
    """ReLU halves the mean square of a symmetric sum, exactly; so 2/n makes up for it."""
    half = scipy.integrate.quad(lambda s: max(s, 0) ** 2 * norm.pdf(s, 0, 1.7), -20, 20)[0]
    assert half == pytest.approx(1.7**2 / 2, rel=1e-6)
    kept = []
    for seed in range(20):
        r, n = rng(seed), 400
        s = r.normal(size=(50, n))
        for _ in range(5):
            std = math.sqrt(printed("eq-he").side({"n": n}))
            s = np.maximum(s, 0) @ r.normal(0, std, size=(n, n))
        kept.append((s**2).mean())
    assert np.mean(kept) == pytest.approx(1, abs=4 * np.std(kept) / math.sqrt(20))


# ------------------------------------------------------------------------------ regularisation


@pytest.mark.equation("eq-l1-l2", tex="f5c6805b")
def test_the_price_of_large_weights(printed):
    """The minimiser in one dimension: L2 shrinks, L1 shifts and sets small weights to zero."""
    for target in (0.05, -1.4, 2.0):
        for l1, l2 in ((0.0, 0.5), (0.3, 0.0), (0.3, 0.5)):
            names = {r"\lambda_1": l1, r"\lambda_2": l2, "j": range(1, 2)}
            cost = lambda w, c=target, names=names: printed("eq-l1-l2").side(
                {**names, "C": (w - c) ** 2 / 2, "w": [w]}
            )
            best = scipy.optimize.minimize_scalar(
                cost, bounds=(-4, 4), method="bounded", options={"xatol": 1e-10}
            ).x
            closed = math.copysign(max(abs(target) - l1, 0), target) / (1 + l2)
            assert best == pytest.approx(closed, abs=1e-5)


@pytest.mark.equation("eq-weight-decay", tex="1ef34de8")
def test_l2_is_weight_decay(printed):
    """One step of torch's SGD with weight_decay, and one on the regularised cost by differences."""
    w0, eta, l2 = np.array([1.5, -2.0]), 0.1, 0.4
    cost = lambda w: math.sin(w[0]) * w[1] ** 2
    names = {r"\eta": eta, r"\lambda_2": l2, "w": w0}
    names[r"\frac{\partial C}{\partial w}"] = gradient(cost, w0)
    decayed = printed("eq-weight-decay").side(names)
    priced = w0 - eta * gradient(lambda w: cost(w) + l2 / 2 * (w**2).sum(), w0)
    np.testing.assert_allclose(decayed, priced, atol=1e-8)
    w = torch.tensor(w0, requires_grad=True)
    sgd = torch.optim.SGD([w], lr=eta, weight_decay=l2)
    (torch.sin(w[0]) * w[1] ** 2).backward()
    sgd.step()
    np.testing.assert_allclose(decayed, w.detach().numpy(), atol=1e-8)


@pytest.mark.equation("eq-dropout", tex="c013580d")
@pytest.mark.parametrize("r", [0.1, 0.5, 0.8])
def test_dropout_is_right_on_average(r, printed):
    """Mean and variance from the two outcomes, and torch's layer has just these outcomes."""
    y = 1.7
    outcomes, chances = np.array([0, y / (1 - r)]), np.array([r, 1 - r])
    mean = (chances * outcomes).sum()
    names = {r"\mathbb E[\tilde y]": mean, "y": y, "r": r}
    names[r"\operatorname{Var}(\tilde y)"] = (chances * (outcomes - mean) ** 2).sum()
    assert printed("eq-dropout").holds(names)
    torch.manual_seed(0)
    made = torch.nn.Dropout(r)(torch.full((20_000,), y, dtype=torch.float64))
    np.testing.assert_allclose(made.unique().numpy(), outcomes, atol=1e-12)
    assert (made == 0).double().mean() == pytest.approx(r, abs=4 * math.sqrt(r * (1 - r) / 20_000))


# -------------------------------------------------------------------------------- density ratio

P, Q = norm(0, 1), norm(1, 0.7)


@pytest.mark.equation("eq-bayes-classifier", tex="dd940436")
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_the_best_classifier(share, printed):
    """At each x the numerical minimiser of the log loss of the mixture is Bayes' formula."""
    for x in (-2.0, 0.3, 1.0, 2.2):
        a, b = share * P.pdf(x), (1 - share) * Q.pdf(x)
        best = scipy.optimize.minimize_scalar(
            lambda s, a=a, b=b: a * np.logaddexp(0, -s) + b * np.logaddexp(0, s),
            bounds=(-20, 20),
            method="bounded",
            options={"xatol": 1e-9},
        ).x
        names = {r"\pi": share, "p": P.pdf, "q": Q.pdf, "x": x, "P(y=1|x)": expit(best)}
        assert printed("eq-bayes-classifier").holds({**names, "D^*(x)": expit(best)}, abs=1e-5)
    x = P.rvs(int(400_000 * share), random_state=0)  # and as frequencies in a small bin
    z = Q.rvs(int(400_000 * (1 - share)), random_state=1)
    ones, zeros = (np.sum(abs(v - 0.5) < 0.02) for v in (x, z))
    exact = printed("eq-bayes-classifier").side({r"\pi": share, "p": P.pdf, "q": Q.pdf, "x": 0.5})
    n = ones + zeros
    assert ones / n == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / n) + 1e-3)


@pytest.mark.equation("eq-classifier-ratio", tex="da35bf0c")
@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
def test_the_classifier_knows_the_ratio(share, printed):
    """Both lines, from the posterior by numbers; the constant does not depend on x."""
    x = np.linspace(-3, 4, 29)
    D = share * P.pdf(x) / (share * P.pdf(x) + (1 - share) * Q.pdf(x))
    names = {"D^*(x)": D, "p": P.pdf, "q": Q.pdf, "x": x, r"\pi": share, "s^*(x)": logit(D)}
    assert printed("eq-classifier-ratio").holds(names)


@pytest.mark.equation("eq-gaussian-score", tex="00b68829")
@pytest.mark.parametrize("mp, sp, mq, sq", [(0, 1, 1, 0.7), (2, 0.5, -1, 3), (1, 1.2, -1, 1.2)])
def test_the_log_ratio_of_two_gaussians(mp, sp, mq, sq, printed):
    """Against scipy's log-densities; a straight line if and only if the widths are equal."""
    x = np.linspace(-4, 4, 9)
    names = {r"\mu_p": mp, r"\sigma_p": sp, r"\mu_q": mq, r"\sigma_q": sq, "x": x}
    names |= {"p": lambda x: norm.pdf(x, mp, sp), "q": lambda x: norm.pdf(x, mq, sq)}
    assert printed("eq-gaussian-score").holds(names)
    formula = printed("eq-gaussian-score").side(names)
    assert (abs(np.diff(formula, 2)).max() < 1e-12) == (sp == sq)
