"""Chapter 09, equation by equation: recomputed without the code that the chapter shows."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from formula import Operator
from gancourse.games import NonSaturating
from gancourse.networks import dcgan

SIZES = [16, 32, 64, 128]
rng = np.random.default_rng


def positions(width, filter_, stride, padding):
    """Where a filter can stand on a padded line, found by trying every place."""
    return [
        start
        for start in range(0, width + 2 * padding, stride)
        if start + filter_ <= width + 2 * padding
    ]


@pytest.mark.equation("eq-dcgan-conv", tex="80d0f326")
def test_conv_size(printed):
    """Counts the places where a filter fits, and runs torch's layer."""
    formula = printed("eq-dcgan-conv")
    for W in range(1, 20):
        for F in range(1, 6):
            for S in range(1, 4):
                for P in range(0, 3):
                    if W + 2 * P < F:
                        continue
                    O = nn.Conv1d(1, 1, F, S, P)(torch.zeros(1, 1, W)).shape[-1]
                    assert O == len(positions(W, F, S, P))
                    assert formula.holds({"W": W, "P": P, "F": F, "S": S, "O": O})
    assert (6 - 3) / 2 + 1 == 2.5 and len(positions(6, 3, 2, 0)) == 2  # without the floor: 2.5


@pytest.mark.equation("eq-dcgan-transposed", tex="4311eb07")
def test_transposed_size(printed):
    """Counts the pixels that the patches paint, and runs torch's layer."""
    formula = printed("eq-dcgan-transposed")
    for W in range(1, 12):
        for F in range(1, 7):
            for S in range(1, 5):
                for P in range(0, 3):
                    painted = {S * i + j for i in range(W) for j in range(F)}
                    O = max(painted) + 1 - 2 * P
                    assert formula.holds({"W": W, "P": P, "F": F, "S": S, "O": O})
                    if O > 0:
                        layer = nn.ConvTranspose1d(1, 1, F, S, P)
                        assert layer(torch.zeros(1, 1, W)).shape[-1] == O


@pytest.mark.equation("eq-dcgan-double", tex="6cdb2c9d")
def test_doubling_and_halving(printed):
    """Filter 4, stride 2, padding 1 halves and doubles; filter 3 paints unevenly."""
    for W in range(2, 130, 2):
        assert printed("eq-dcgan-double").holds({"W": W})
        assert len(positions(W, 4, 2, 1)) == printed("eq-dcgan-double").side({"W": W})
        assert printed("eq-dcgan-double").side({"W": W}, 1) == 2 * W
        assert nn.ConvTranspose1d(1, 1, 4, 2, 1)(torch.zeros(1, 1, W)).shape[-1] == 2 * W
    # Every pixel away from the edges is painted 2 x 2 times by F = 4, unevenly by F = 3.
    for F, counts in [(4, {4.0}), (3, {1.0, 2.0, 4.0})]:
        layer = nn.ConvTranspose2d(1, 1, F, 2, 1, bias=False)
        nn.init.ones_(layer.weight)
        assert set(layer(torch.ones(1, 1, 9, 9))[..., 3:-3, 3:-3].unique().tolist()) == counts


@pytest.mark.equation("eq-dcgan-depth", tex="70b556e3")
@pytest.mark.parametrize("size", SIZES)
def test_depth(size, printed):
    """Counts the doubling layers of the real modules."""
    k = size.bit_length() - 3
    for other in (k - 1, k, k + 1):
        assert printed("eq-dcgan-depth").holds({"s": size, "k": other})
    G, D = dcgan.generator(size, 3, 8, 2), dcgan.discriminator(size, 3, 2)
    assert sum(isinstance(x, nn.ConvTranspose2d) and x.stride == (2, 2) for x in G) == k
    assert sum(isinstance(x, nn.Conv2d) and x.stride == (2, 2) for x in D) == k
    assert printed("eq-dcgan-depth").holds({"s": size, "k": k}) and 2 ** (k + 2) == size
    sides = [shape[-1] for _, shape in dcgan.sizes(G, torch.zeros(2, 8))[1:]]
    assert sides == [4 * 2**i for i in range(int(k) + 1)]


@pytest.mark.equation("eq-dcgan-parameters", tex="298dab5d")
@pytest.mark.parametrize("size", SIZES)
def test_parameters(size, printed):
    """The closed form against a sum over layers and against the module's own weights."""
    for c, d, w in [(1, 7, 3), (3, 32, 32), (3, 100, 8)]:
        k = int(math.log2(size)) - 2
        maps = [2**i * w for i in reversed(range(k))]
        by_layer = 16 * d * maps[0] + sum(16 * a * b for a, b in pairwise(maps))
        by_layer += 2 * sum(maps) + 16 * maps[-1] * c + c
        counted = sum(p.numel() for p in dcgan.generator(size, c, d, w).parameters())
        names = {"N_G": counted, "d": d, "w": w, "k": k, "c": c}
        assert printed("eq-dcgan-parameters").holds(names) and counted == by_layer
        assert sum(2 ** (2 * i - 1) for i in range(1, k)) * 3 == 2 * (4 ** (k - 1) - 1)
        assert sum(2**i for i in range(k)) == 2**k - 1


@pytest.mark.equation("eq-dcgan-batch-norm", tex="4328dfec")
def test_batch_norm(printed):
    """torch's layer against numpy; the scale is the standard deviation."""
    torch.manual_seed(0)
    layer = nn.BatchNorm2d(3, eps=0.1).double()  # large enough to be seen
    nn.init.normal_(layer.weight, 1, 0.5)
    nn.init.normal_(layer.bias)
    x = torch.randn(8, 3, 5, 5).double() * 4 + 7
    y = layer(x).detach().numpy()
    for c in range(3):
        values = x[:, c].numpy()
        gamma, beta = layer.weight[c].item(), layer.bias[c].item()
        names = {
            "x": values.ravel(),
            r"\mu_{\mathcal B}": values.mean(),
            r"\gamma": gamma,
            r"\beta": beta,
        }
        names |= {r"\sigma_{\mathcal B}": values.std(), r"\varepsilon": layer.eps}
        assert printed("eq-dcgan-batch-norm").holds({**names, "y": y[:, c].ravel()})
        assert y[:, c].mean() == pytest.approx(beta, abs=1e-9)
        assert y[:, c].std() == pytest.approx(abs(gamma), rel=5e-3)  # the std, not the variance


@pytest.mark.equation("eq-dcgan-bn-blind", tex="d6ccbc65")
def test_batch_norm_at_the_input_is_blind(printed):
    """Another contrast and brightness give the same score, but not without the layer."""
    torch.manual_seed(0)
    D = nn.Sequential(nn.BatchNorm2d(3, eps=1e-12), *dcgan.discriminator(16, 3, 8)).double()
    x = torch.rand(16, 3, 16, 16).double() * 2 - 1
    a, b = torch.tensor([0.5, 2.0, 0.1]).view(3, 1, 1), torch.tensor([-0.3, 0.0, 5.0]).view(3, 1, 1)
    flat = lambda layer: lambda t: layer(t).detach().flatten().numpy()
    names = {"BN": flat(D[0]), "D": flat(D), "x": x, "ax+b": a * x + b}
    assert printed("eq-dcgan-bn-blind").holds(names, abs=1e-6)
    names = {r"\mathrm{BN}(ax+b)": flat(D[0])(a * x + b), r"\mathrm{BN}(x)": flat(D[0])(x)}
    assert printed("eq-dcgan-bn-blind").holds(names, only=[0], abs=1e-8)
    plain = D[1:]  # the same network without it does see
    assert (plain(a * x + b) - plain(x)).abs().max() > 1e-3
    assert (D[0].eval()(a * x + b) - D[0](x)).abs().max() > 0.1  # and so does evaluation mode


@pytest.mark.equation("eq-leaky-relu", tex="92dd2ddb")
def test_leaky_relu(printed):
    """Values and slopes; the discriminator does not end in one."""
    x = torch.linspace(-3, 3, 61, dtype=torch.float64)[torch.arange(61) != 30].requires_grad_()
    y = nn.LeakyReLU(0.2)(x)
    y.sum().backward()
    for value, out, slope in zip(x.tolist(), y.tolist(), x.grad.tolist(), strict=True):
        assert printed("eq-leaky-relu").holds({"x": value, "a(x)": out})
        assert slope == pytest.approx(1.0 if value > 0 else 0.2)
    D = dcgan.discriminator(32, 3, 4)
    assert all(layer.negative_slope == 0.2 for layer in D if isinstance(layer, nn.LeakyReLU))
    assert not any(isinstance(layer, nn.LeakyReLU) for layer in D[-2:])  # not at the output


@pytest.mark.equation("eq-dcgan-start", tex="a28c5dac")
@pytest.mark.parametrize("C, tau", [(32, 0.02), (8, 0.2), (100, 0.05)])
def test_spread_at_the_start(C, tau, printed):
    """Four weights of each of C maps reach a pixel, each on half of a unit's mean square.

    The weights that reach a pixel are counted by painting ones with ones; the mean square behind a
    ReLU is the half of a symmetric distribution's; then the variance of the sum is exact.
    """
    ones = nn.ConvTranspose2d(C, 1, 4, 2, 1, bias=False, dtype=torch.float64)
    nn.init.ones_(ones.weight)
    terms = ones(torch.ones(1, C, 8, 8, dtype=torch.float64))[..., 2:-2, 2:-2].unique().item()
    assert terms == 4 * C
    x = np.linspace(-12, 12, 240_001)
    half = np.trapezoid(np.maximum(0, x) ** 2 * np.exp(-(x**2) / 2), x) / math.sqrt(2 * math.pi)
    names = {r"\mathrm{Var}(\text{pixel before tanh})": terms * half * tau**2}
    assert printed("eq-dcgan-start").holds({**names, "C": C, r"\tau": tau}, rel=1e-6)


def test_spread_at_the_start_of_the_real_generator(printed):
    """Half is the mean over the whole map; its middle has more, and so have the pixels there."""
    torch.manual_seed(0)
    halves, pixels, expected = [], [], []
    with torch.no_grad():
        for _ in range(40):
            G = dcgan.generator(16, 3, 32, 32)
            h = G[:-2](torch.randn(256, 32))  # behind the last ReLU
            halves.append(h.square().mean().item())
            pixels.append(G[-2](h)[..., 2:-2, 2:-2].square().mean().item())
            formula = printed("eq-dcgan-start").side({"C": 32, r"\tau": 0.02})
            expected.append(formula * h[..., 1:-1, 1:-1].square().mean().item() / 0.5)
    assert np.mean(halves) == pytest.approx(0.5, abs=0.004)
    error = np.std(pixels) / math.sqrt(40)
    assert np.mean(pixels) == pytest.approx(np.mean(expected), abs=3 * error)
    assert error < 0.03 * np.mean(expected)


@pytest.mark.equation("eq-adam-memory", tex="722d181b")
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.99])
def test_memory_of_the_first_moment(beta, printed):
    """The series, and the weights that torch's Adam gives to one impulse."""
    formula, names = printed("eq-adam-memory"), {r"\beta_1": beta}
    assert formula.holds(names)
    # Adam's own average of an impulse, read from torch, decays with these very weights.
    w = torch.zeros(1, requires_grad=True)
    adam = torch.optim.Adam([w], betas=(beta, 0.99))
    for i in range(6):
        w.grad = torch.tensor([1.0 if i == 0 else 0.0])
        adam.step()
        assert adam.state[w]["exp_avg"].item() == pytest.approx((1 - beta) * beta**i, abs=1e-7)


@pytest.mark.equation("eq-loss-as-probability", tex="8404d7cd")
def test_loss_as_typical_probability(printed):
    """The losses of the package are logarithms of geometric means of probabilities."""
    torch.manual_seed(0)
    real, fake = torch.randn(2, 500, dtype=torch.float64) * 2
    D_real, D_fake = 1 / (1 + np.exp(-real.numpy())), 1 / (1 + np.exp(-fake.numpy()))
    names = {"D(x)": D_real, "D(G(z))": D_fake, "L_G": NonSaturating().g_loss(None, fake).item()}
    names |= {"L_D": NonSaturating().d_loss(real, fake).item()}
    names["gm"] = Operator(lambda v: np.prod(v ** (1 / 500)))
    assert printed("eq-loss-as-probability").holds(names)
    guess = torch.zeros(5)
    assert math.exp(-NonSaturating().d_loss(guess, guess) / 2) == pytest.approx(0.5)


@pytest.mark.equation("eq-jsd-from-loss", tex="80732851")
def test_lower_bound_on_jsd(printed):
    """Random distributions and discriminators; equality for the best one."""
    for seed in range(50):
        p, pg = rng(seed).dirichlet(np.ones(6), size=2)
        m = (p + pg) / 2
        jsd = (p * np.log(p / m)).sum() / 2 + (pg * np.log(pg / m)).sum() / 2
        best = p / (p + pg)
        for D in [best, *rng(seed).uniform(0.01, 0.99, (50, 6))]:
            L_D = -(p * np.log(D)).sum() - (pg * np.log(1 - D)).sum()
            names = {r"\mathrm{JSD}(p\|p_g)": jsd, "L_D": L_D}
            assert printed("eq-jsd-from-loss").holds(names)
        L_D = -(p * np.log(best)).sum() - (pg * np.log(1 - best)).sum()
        assert jsd == pytest.approx(printed("eq-jsd-from-loss").side({"L_D": L_D}), abs=1e-12)


@pytest.mark.equation("eq-noise-norm", tex="876e201e")
@pytest.mark.parametrize("d", [1, 2, 32, 100])
def test_length_of_noise(d, printed):
    """Moments of the length by quadrature of its density."""
    # |z|^2 is a chi-squared variable: its moments by quadrature of the radial density
    r = np.linspace(0, math.sqrt(d) + 12, 400_001)
    density = np.exp(
        (d - 1) * np.log(np.maximum(r, 1e-300))
        - r**2 / 2
        - (d / 2 - 1) * math.log(2)
        - math.lgamma(d / 2)
    )
    moment = lambda n: float(np.trapezoid(r**n * density, r))
    assert moment(0) == pytest.approx(1, abs=1e-4)
    names = {r"\mathbb E\|z\|^2": moment(2), r"\mathrm{Var}\|z\|^2": moment(4) - moment(2) ** 2}
    assert printed("eq-noise-norm").holds({**names, "d": d}, rel=1e-3)
    if d >= 32:  # the chapter's "give or take about 0.7"
        assert math.sqrt(moment(2) - moment(1) ** 2) == pytest.approx(0.7, abs=0.02)


@pytest.mark.equation("eq-lerp-norm", tex="4c276808")
@pytest.mark.parametrize("t", [0.0, 0.25, 0.5, 0.9])
def test_length_on_the_line(t, printed):
    """The mean square of each of the fifty numbers, by Gaussian quadrature in the plane."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)  # exact for squares of normals
    z, w = (v.ravel() for v in np.meshgrid(nodes, nodes))
    odds = np.outer(weights, weights).ravel() / (2 * math.pi)
    names = {r"\mathbb E": Operator(lambda v: 50 * odds @ v), "z": z[:, None], "z'": w[:, None]}
    assert printed("eq-lerp-norm").holds({**names, "t": t, "d": 50})


@pytest.mark.equation("eq-slerp", tex="52ed6a66")
def test_slerp_walks_the_arc(printed):
    """The formula rotates one vector towards the other and keeps its length."""
    for seed in range(20):
        a, b = rng(seed).standard_normal((2, 7))
        z, w = 3 * a / np.linalg.norm(a), 3 * b / np.linalg.norm(b)
        omega = math.acos(z @ w / 9)
        names = {"z": z, "z'": w, r"\Omega": omega}
        at = lambda t, names=names: printed("eq-slerp").side({**names, "t": t})
        assert np.allclose(at(0), z) and np.allclose(at(1), w)
        # Rotating z towards w in their plane by t * omega is the definition of the arc.
        across = w - (w @ z) / 9 * z
        across *= 3 / np.linalg.norm(across)
        for t in np.linspace(0, 1, 11):
            assert np.linalg.norm(at(t)) == pytest.approx(3)
            assert np.allclose(at(t), math.cos(t * omega) * z + math.sin(t * omega) * across)


@pytest.mark.equation("eq-nearest", tex="0be5d288")
def test_nearest_picture(printed):
    """The fast distances against plain loops."""
    x, train = rng(0).uniform(-1, 1, (5, 12)), rng(1).uniform(-1, 1, (9, 12))
    fast = torch.cdist(torch.tensor(x), torch.tensor(train)) / 12**0.5
    for i in range(5):
        names = {"m": 12, "x": x[i], r"x^{(\cdot)}": train, "i": range(1, 10)}
        assert printed("eq-nearest").holds({**names, r"\delta(x)": fast[i].min().item()})
