"""Chapter 13, equation by equation: recomputed without the code that the chapter shows."""

import itertools
import math
import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment, linprog, minimize, minimize_scalar
from torch.nn.functional import conv2d
from torch.nn.utils.parametrizations import spectral_norm

from checkout import ROOT
from formula import Operator
from gancourse.games import Hinge, NonSaturating, Relativistic, Wasserstein
from gancourse.penalties import gradient_penalty, r1, r2
from gancourse.theory import dynamics

rng = np.random.default_rng


def solved(seed, n=9):
    """Points, the best pairing by brute assignment, and the prices of the columns by descent."""
    x, y = rng(seed).normal(size=(2, n, 2))
    cost = np.linalg.norm(x[:, None] - y, axis=-1)
    _, partner = linear_sum_assignment(cost)
    # Bellman-Ford on the exchange graph: D(y_j) as the shortest way of changing partners.
    matched = cost[:, partner]
    height = np.zeros(n)  # of the fake that travels to x_i
    for _ in range(n):
        # D(x_i) = height_i + own way <= height_k + distance to k's fake
        height = np.minimum(height, (height[None] + matched - np.diag(matched)[:, None]).min(1))
    return x, y[partner], height, matched


def cones(x, y, height, matched):
    """The highest and the lowest optimal critic."""
    top = height + np.diag(matched)  # D at the real points
    return (
        lambda a: (height + np.linalg.norm(a[:, None] - y, axis=-1)).min(1),
        lambda a: (top - np.linalg.norm(a[:, None] - x, axis=-1)).max(1),
    )


def middle(high, low):
    """Half way between two optimal critics, which is another one."""
    return lambda a: (high(a) + low(a)) / 2


@pytest.mark.equation("eq-cone-critics", tex="c46a7bce")
@pytest.mark.parametrize("seed", range(4))
def test_cone_critics(seed, printed):
    """Both are 1-Lipschitz, reach W1, and enclose every optimal critic with the same prices."""
    x, y, height, matched = solved(seed)
    w1 = np.diag(matched).mean()
    points = rng(seed).normal(size=(200, 2)) * 2
    apart = np.linalg.norm(points[:, None] - points, axis=-1)
    high, low = cones(x, y, height, matched)
    top = height + np.diag(matched)
    names = {"i": range(1, 10), "j": range(1, 10), "f": top, "g": -height, "y": y}
    for at in points[:9]:  # x is the place, x_i a real point
        here = {"x": at, r"D_{\text{high}}(x)": high(at[None])[0]}
        assert printed("eq-cone-critics").holds({**names, **here}, only=[0])
        lows = [
            printed("eq-cone-critics").side(
                {**names, "x": at, "x_i": x[i], "f_i": top[i], "i": [0]}, 1
            )
            for i in range(9)
        ]
        assert max(lows) == pytest.approx(low(at[None])[0])
    # a linear programme pushes a critic with these prices up and down at one place: no higher than
    # the one, no lower than the other, and as far as that
    pairs = list(itertools.permutations(range(19), 2))
    rows = [np.eye(19)[i] - np.eye(19)[j] for i, j in pairs]
    prices = [(v, v) for v in (*top, *height)]
    for at in points[:4]:
        places = np.vstack([x, y, at])
        right = [np.linalg.norm(places[i] - places[j]) + 1e-9 for i, j in pairs]
        push = lambda sign, right=right: linprog(
            sign * np.eye(19)[18], A_ub=rows, b_ub=right, bounds=[*prices, (None, None)]
        ).x[18]
        ends = [low(at[None])[0], high(at[None])[0]]
        assert [push(1), push(-1)] == pytest.approx(ends, abs=1e-7)
    for D in (high, low, middle(high, low)):
        assert D(x).mean() - D(y).mean() == pytest.approx(w1, abs=1e-12)
        assert (np.abs(D(points)[:, None] - D(points)) <= apart + 1e-12).all()
    assert (low(points) <= high(points) + 1e-12).all()


@pytest.mark.equation("eq-tight-on-roads", tex="990d0ad9")
@pytest.mark.parametrize("seed", range(4))
def test_tight_on_roads(seed, printed):
    """On every road of the plan an optimal critic gains exactly the length gone."""
    x, y, height, matched = solved(seed)
    for D in cones(x, y, height, matched):
        for t in np.linspace(0, 1, 11):
            names = {"D^*(x_t)": D(t * x + (1 - t) * y), "D^*(y)": D(y), "t": t, "x": x, "y": y}
            assert printed("eq-tight-on-roads").holds(names)


@pytest.mark.equation("eq-slope-one", tex="7c8980eb")
@pytest.mark.parametrize("seed", range(4))
def test_slope_one(seed, printed):
    """By differences: the gradient on a road is the unit vector along it."""
    x, y, height, matched = solved(seed)
    mean = middle(*cones(x, y, height, matched))
    h, e = 1e-6, np.eye(2)
    for t in (0.3, 0.5, 0.8):
        at = t * x + (1 - t) * y
        slope = np.stack([(mean(at + h * v) - mean(at - h * v)) / (2 * h) for v in e], 1)
        for one, real, fake in zip(slope, x, y, strict=True):
            names = {r"\nabla D^*(x_t)": one, "x": real, "y": fake}
            assert printed("eq-slope-one").holds(names, abs=1e-4)
    off = rng(9).normal(size=(500, 2))
    slope = np.stack([(mean(off + h * v) - mean(off - h * v)) / (2 * h) for v in e], 1)
    steep = np.linalg.norm(slope, axis=1)  # nothing of the kind elsewhere
    assert steep.min() < 0.9 and steep.max() == pytest.approx(1, abs=1e-3)


@pytest.mark.equation("eq-gradient-penalty", tex="95fd3fa9")
def test_gradient_penalty(printed):
    """For D(x) = |x|^2/2, whose slope has the length |x|, against an integral over epsilon."""
    x, y = torch.tensor([[3.0, 1.0]]).double(), torch.tensor([[-1.0, 2.0]]).double()
    epsilon = torch.linspace(0.5e-4, 1 - 0.5e-4, 10_000).double()[:, None]
    names = {r"\epsilon": epsilon.numpy(), "x": x.numpy(), "G(z)": y.numpy()}
    between = printed("eq-gradient-penalty").side(names, 1)
    names = {r"\mathbb E_{p_g}[D]": 0, r"\mathbb E_p[D]": 0, r"\lambda": 7}
    names |= {r"\mathbb E_{\hat x}": Operator(np.mean), r"\nabla D(\hat x)": between}
    exact = printed("eq-gradient-penalty").side(names)
    torch.manual_seed(0)
    n = 200_000
    D = lambda a: a.square().sum(-1) / 2
    found = gradient_penalty(7)(D, x.expand(n, 2), y.expand(n, 2))
    assert found.item() == pytest.approx(exact, rel=0.01)
    # the game's loss, with the penalty as it was drawn
    game, n = Wasserstein(penalty=gradient_penalty(7)), 20_000
    loss = game.d_loss(D(x), D(y)) + game.penalty(D, x.expand(n, 2), y.expand(n, 2))
    names |= {
        r"\mathbb E_{p_g}[D]": D(y).item(),
        r"\mathbb E_p[D]": D(x).item(),
        "L_D": loss.item(),
    }
    assert printed("eq-gradient-penalty").holds(names, only=[0], rel=0.03)


@pytest.mark.equation("eq-penalty-slope", tex="4406f600")
def test_penalty_slope(printed):
    """By differences away from 0; exactly 0 in torch at 0, where the plain root gives NaN."""
    g = np.array([0.3, -1.2, 0.7])
    charge = lambda v: (np.linalg.norm(v) - 1) ** 2
    slope = [(charge(g + e) - charge(g - e)) / 2e-6 for e in np.eye(3) * 1e-6]
    names = {r"\frac{\partial}{\partial g}(\|g\|-1)^2": np.array(slope), "g": g}
    assert printed("eq-penalty-slope").holds(names, abs=1e-8)
    zero = torch.zeros(3, requires_grad=True)
    (right,) = torch.autograd.grad(torch.linalg.vector_norm(zero), zero)
    (wrong,) = torch.autograd.grad(zero.square().sum().sqrt(), zero)
    assert right.abs().max() == 0 and wrong.isnan().all()


@pytest.mark.equation("eq-gp-overshoot", tex="ec50a1bc")
@pytest.mark.parametrize("weight", [0.1, 0.5, 1, 10])
def test_gp_overshoot(weight, printed):
    """The minimum is found by a search."""
    found = minimize_scalar(
        lambda a: -a + weight * (abs(a) - 1) ** 2,
        bounds=(0, 20),
        method="bounded",
        options={"xatol": 1e-9},
    )
    names = {"a": found.x, "L_D": found.fun, r"\lambda": weight}
    assert printed("eq-gp-overshoot").holds(names, rel=1e-5)


@pytest.mark.equation("eq-one-sided", tex="3d359bc1")
@pytest.mark.parametrize("seed", range(3))
def test_one_sided(seed, printed):
    """At optimal critics the one-sided charge is 0; the two-sided is 0 for cones only."""
    high, low = cones(*solved(seed))
    points, h = rng(seed).normal(size=(2000, 2)), 1e-5
    charges = []
    for D in (high, middle(high, low)):
        slope = np.stack([(D(points + h * v) - D(points - h * v)) / (2 * h) for v in np.eye(2)])
        norm = np.linalg.norm(slope, axis=0)
        names = {r"\mathbb E_{\hat x}": Operator(np.mean), r"\nabla D^*(\hat x)": slope.T}
        assert printed("eq-one-sided").holds(names)
        assert norm.max() == pytest.approx(1, abs=1e-6)
        steep = {r"\mathbb E_{\hat x}": Operator(np.mean), r"\nabla D^*(\hat x)": 3 * slope.T}
        charge = printed("eq-one-sided").side(steep, side=1)
        over = 3 * norm[3 * norm > 1] - 1  # only what is steeper than 1 is charged
        assert charge == pytest.approx((over**2).sum() / 2000) and charge > 0.1
        typical = {**names, r"\mathbb E_{\hat x}": Operator(np.median)}
        charges.append(printed("eq-one-sided").side(typical, side=2))
    assert charges[0] < 1e-9 < 1e-4 < charges[1]


@pytest.mark.equation("eq-r1-r2", tex="c4237034")
def test_r1_r2(printed):
    """For D(x) = |x|^2/2 they are moments of the samples; for a constant D they vanish."""
    torch.manual_seed(0)
    x, y = torch.randn(2, 50, 3).double()
    D = lambda a: a.square().sum(-1) / 2
    for k, (penalty, p, samples) in enumerate([(r1, "p", x), (r2, "p_g", y)]):
        names = {rf"\mathbb E_{{x\sim {p}}}": Operator(np.mean), r"\gamma": 0.4}
        names |= {r"\nabla D(x)": samples.numpy(), f"R_{k + 1}": penalty(0.4)(D, x, y).item()}
        assert printed("eq-r1-r2").holds(names, only=[k])
    assert r1(1.0)(lambda a: torch.zeros_like(a).mul(a).sum(-1), x, y) == 0


def dirac(gamma):
    D_cost = lambda t, p: (
        math.log(2) - torch.log(1 / (1 + torch.exp(p * t))) + gamma / 2 * p**2
    ).sum()
    G_cost = lambda t, p: -torch.log(1 / (1 + torch.exp(-p * t))).sum()
    return G_cost, D_cost


@pytest.mark.equation("eq-dirac-gan", tex="57dff794")
def test_dirac_gan(printed):
    """The package's losses and R1 on the two points 0 and theta."""
    for theta, phi, gamma in itertools.product((-0.7, 1.3), (0.4, -2.0), (0.0, 0.6)):
        G_cost, D_cost = dirac(gamma)
        real, fake = torch.tensor([[0.0], [phi * theta]], dtype=torch.float64)
        penalty = r1(gamma)(lambda a, phi=phi: phi * a[:, 0], torch.zeros(1, 1).double(), None)
        names = {r"\theta": theta, r"\varphi": phi, r"\gamma": gamma}
        names |= {r"\sigma": lambda s: 1 / (1 + math.exp(-s))}
        names["J^{(D)}"] = (NonSaturating().d_loss(real, fake) + penalty).item()
        names["J^{(G)}"] = NonSaturating().g_loss(real, fake).item()
        assert printed("eq-dirac-gan").holds(names)
        players = torch.tensor([[theta], [phi]], dtype=torch.float64)
        costs = [cost(*players).item() for cost in (D_cost, G_cost)]
        assert costs == pytest.approx([names["J^{(D)}"], names["J^{(G)}"]])


@pytest.mark.equation("eq-dirac-eigenvalues", tex="09e244f8")
@pytest.mark.parametrize("gamma", [0.0, 0.3, 0.999, 1.0, 1.7, 5.0])
def test_dirac_eigenvalues(gamma, printed):
    """The Jacobian by automatic differentiation; its eigenvalues; critical at gamma = 1."""
    M = dynamics.jacobian(*dirac(gamma), *torch.zeros(2, 1).double())
    formula = printed("eq-dirac-eigenvalues")
    assert formula.holds({"M": M.numpy(), r"\gamma": gamma}, only=[0])
    found = np.sort_complex(np.linalg.eigvals(M.numpy()))
    roots = [formula.side({r"\gamma": gamma, r"\pm": sign}, 1) for sign in (1, -1)]
    assert np.allclose(found, np.sort_complex(roots), atol=1e-7)
    critical = [formula.side({r"\gamma": 1.0, r"\pm": sign}, 1).real for sign in (1, -1)]
    assert max(np.real(found)) >= max(critical) - 1e-12


@pytest.mark.equation("eq-lipschitz-product", tex="2478daa5")
def test_lipschitz_product(printed):
    """No difference quotient of a random network exceeds the product of the singular values."""
    formula = printed("eq-lipschitz-product")
    for seed in range(5):
        r = rng(seed)
        Ws = [r.normal(size=s) for s in ((7, 3), (6, 7), (1, 6))]
        names = {"L": 3, "W": Ws, r"\sigma": lambda W: np.sqrt(np.linalg.eigvalsh(W @ W.T)[-1])}
        bound = formula.side(names)
        relu = lambda h: h.clip(0)
        f = lambda a, Ws=Ws, relu=relu: (Ws[2] @ relu(Ws[1] @ relu(Ws[0] @ a.T)))[0]
        a, b = r.normal(size=(2, 5000, 3))
        h = 1e-6 * np.eye(3)
        slope = np.stack([(f(a + e) - f(a - e)) / 2e-6 for e in h], 1)
        names["Lip"] = lambda D, a=a, b=b: (
            np.abs(D(a) - D(b)) / np.linalg.norm(a - b, axis=1)
        ).max()
        steep = np.linalg.norm(slope, axis=1)
        assert names["Lip"](f) <= bound
        assert 1 < steep.max() <= bound
    # Attained where the singular vectors meet and no unit is off: rotations and stretches of
    # positive vectors. Any smaller product is false.
    stretches = [np.diag([2.0, 0.5]), np.diag([3.0, 1.0]), np.array([[0.7, 0.0]])]
    D = lambda a: (stretches[2] @ (stretches[1] @ (stretches[0] @ a.T).clip(0)).clip(0))[0]
    a, b = np.array([[1.0, 1.0]]), np.array([[2.0, 1.0]])
    names |= {"W": stretches, r"\nabla D(x)": np.array([(D(b) - D(a)).item(), 0.0])}
    names |= {r"\mathrm{Lip}(D)": abs(D(b) - D(a)).item()}
    assert formula.holds(names)
    assert formula.side(names) == pytest.approx(names[r"\mathrm{Lip}(D)"]) == pytest.approx(4.2)


@pytest.mark.equation("eq-spectral-norm", tex="60731fb1")
def test_spectral_norm(printed):
    """Against svdvals, and against torch's own parametrisation after many rounds."""
    layer = torch.nn.Linear(9, 5).double()
    W = layer.weight.detach().clone()
    spectral_norm(layer)
    for _ in range(400):
        layer.weight  # noqa: B018  (each look makes one round)
    norm = lambda W: np.sqrt(np.linalg.eigvalsh(W @ W.T)[-1])
    names = {"W": W.numpy(), r"\sigma": norm, r"\overline W": layer.weight.detach().numpy()}
    assert printed("eq-spectral-norm").holds(names, abs=1e-8)


@pytest.mark.equation("eq-spectral-gradient", tex="6f07f142")
def test_spectral_gradient(printed):
    """Against automatic differentiation through the singular value itself."""
    torch.manual_seed(1)
    W = torch.randn(5, 4).double().requires_grad_()
    A = torch.randn(5, 4).double()
    (found,) = torch.autograd.grad((A * W / torch.linalg.matrix_norm(W, 2)).sum(), W)
    U, S, Vh = torch.linalg.svd(W.detach())
    names = {"A": A.numpy(), r"\overline W": (W.detach() / S[0]).numpy(), r"\sigma": S[0].item()}
    names[r"uv^\top"] = torch.outer(U[:, 0], Vh[0]).numpy()
    names[r"\frac{\partial L}{\partial W}"] = found.numpy()
    assert printed("eq-spectral-gradient").holds(names)
    assert (found * W.detach()).sum().abs() < 1e-12  # scaling W changes nothing


def ratio_of(W):
    """sigma_2 over sigma_1."""
    first, second, *_ = np.linalg.svd(W, compute_uv=False)
    return second / first


def rounds(W, v, k):
    for _ in range(k):
        u = W @ v / np.linalg.norm(W @ v)
        v = W.T @ u / np.linalg.norm(W.T @ u)
    return u, v, u @ W @ v


@pytest.mark.equation("eq-power-iteration", tex="feb4ef6f")
def test_power_iteration(printed):
    """It ends at the first singular value and its vectors."""
    for seed in range(5):
        W, v = rng(seed).normal(size=(6, 9)), rng(seed + 50).normal(size=9)
        U, S, Vh = np.linalg.svd(W)
        formula = printed("eq-power-iteration")
        for _ in range(300):
            u = formula.side({"W": W, "v_{k-1}": v})
            v = formula.side({"W": W, "u_k": u}, 1)
            sigma = formula.side({"W": W, "u_k": u, "v_k": v}, 2)
        assert sigma == pytest.approx(S[0])
        assert abs(u @ U[:, 0]) == pytest.approx(1) and abs(v @ Vh[0]) == pytest.approx(1)


@pytest.mark.equation("eq-power-rate", tex="e83d0dea")
def test_power_rate(printed):
    """Both bounds hold in every round, and the rates are attained for two singular values."""
    for seed in range(20):
        W, v0 = rng(seed).normal(size=(6, 9)), rng(seed + 50).normal(size=9)
        _, S, Vh = np.linalg.svd(W)
        e = Vh[0]
        tangent = lambda v, e=e: np.sqrt(1 / (e @ v / np.linalg.norm(v)) ** 2 - 1)
        for k in range(1, 15):
            _, v, sigma = rounds(W, v0, k)
            names = {"r": ratio_of(W), "k": k, r"\sigma_1": S[0], r"\sigma^{(k)}": sigma}
            names |= {r"\theta_0": math.atan(tangent(v0)), r"\theta_k": math.atan(tangent(v))}
            assert printed("eq-power-rate").holds(names, abs=1e-7)
    # Two singular values: tan(theta_k) is the bound itself, and 1 - (sigma/sigma_1)^2, expanded for
    # a small angle, is (1 - r^2) r^(4k-2) tan^2: it comes as near to the bound as r is small.
    for small, seen in ((0.8, (1, 2)), (0.05, (1,))):  # later sigma's rounding is larger
        two = np.diag([1.0, small])
        for k in (1, 2):
            _, v, sigma = rounds(two, np.array([1.0, 0.01]), k)
            names = {"r": ratio_of(two), "k": k, r"\theta_0": math.atan(0.01), r"\sigma_1": 1.0}
            names |= {r"\theta_k": math.atan(v[1] / v[0]), r"\sigma^{(k)}": sigma}
            bounds = printed("eq-power-rate")
            assert bounds.holds(names, rel=1e-6, abs=0)
            assert bounds.side(names) == pytest.approx(bounds.side(names, side=0))
            short = float(1 - Fraction(sigma) ** 2)
            if k in seen:
                exact = (1 - small**2) * bounds.side(names, 1)
                assert short == pytest.approx(exact, rel=1e-3)


@pytest.mark.equation("eq-conv-norm", tex="792d3afe")
@pytest.mark.parametrize("F, S", [(3, 1), (4, 2), (5, 3), (4, 4), (3, 2)])
def test_conv_norm(F, S, printed):
    """The layer as a dense matrix lies between the bounds; all-ones filters near the upper one."""
    for seed in range(3):
        w = torch.randn(3, 2, F, F, generator=torch.Generator().manual_seed(seed)).double()
        matrix = torch.func.jacrev(lambda a, w=w: conv2d(a[None], w, stride=S, padding=1)[0])(
            torch.zeros(2, 12, 12).double()
        ).reshape(-1, 288)
        norm, sigma = np.linalg.norm(matrix, 2), np.linalg.norm(w.flatten(1), 2)
        names = {r"\sigma(R)": sigma, r"\|\mathrm{conv}\|": norm, "F": F, "S": S}
        assert printed("eq-conv-norm").holds(names)
    # Filters of ones, up to the shares of the stride: with ceil(F/S) patches over every pixel the
    # upper bound is nearly attained, and F/S in its place is false where S does not divide F.
    axis = np.zeros(F)
    axis[::S] = 1  # the taps that one pixel in S feels, ceil(F/S) of them
    weight = torch.tensor(np.outer(axis, axis))[None, None]
    picture = torch.zeros(1, 1, 60 * S, 60 * S).double()
    picture[..., ::S, ::S] = 1
    ratio = (conv2d(picture, weight, stride=S).norm() / picture.norm()).item()
    sigma = weight.norm().item()
    bound = printed("eq-conv-norm").side({r"\sigma(R)": sigma, "F": F, "S": S})
    assert ratio <= bound and ratio == pytest.approx(bound, rel=0.1)
    assert (ratio > F / S * sigma) == bool(F % S)


@pytest.mark.equation("eq-hinge-inside", tex="c4c74801")
def test_hinge_inside(printed):
    """True for scores in [-1, 1], false outside."""
    torch.manual_seed(0)
    real, fake = 2 * torch.rand(2, 100).double() - 1
    names = {"s": real.numpy(), r"\tilde s": fake.numpy(), r"\mathbb E": Operator(np.mean)}
    names[r"L^{\text{hinge}}_D"] = Hinge().d_loss(real, fake).item()
    assert printed("eq-hinge-inside").holds(names)
    outside = torch.tensor([3.0, -2.0]).double()
    names |= {"s": outside.numpy(), r"L^{\text{hinge}}_D": Hinge().d_loss(outside, fake).item()}
    assert not printed("eq-hinge-inside").holds(names)


@pytest.mark.equation("eq-relativistic", tex="6dfe75d4")
def test_relativistic(printed):
    """By plain math; a constant added to D changes nothing; log 2 at equal scores."""
    real, fake = torch.tensor([0.3, -1.0]).double(), torch.tensor([0.9, 0.2]).double()
    names = {"D(x)": real.numpy(), "D(G(z))": fake.numpy(), r"\mathbb E": Operator(np.mean)}
    names[r"\Delta"] = printed("eq-relativistic").side(names, 1)
    expected = printed("eq-relativistic").side(names)
    game = Relativistic()
    assert game.d_loss(real, fake).item() == pytest.approx(expected)
    assert game.d_loss(real + 5, fake + 5).item() == pytest.approx(expected)
    assert game.d_loss(real, real).item() == pytest.approx(math.log(2))
    assert game.g_loss(real, fake).item() == pytest.approx(game.d_loss(fake, real).item())


def best(fakes, value):
    """The largest value of the game over the scores of a, b and nowhere."""
    return -minimize(
        lambda D: -value(D[[0, 1]], D[fakes]),
        np.zeros(3),
        method="Nelder-Mead",
        options={"maxiter": 4000, "xatol": 1e-9, "fatol": 1e-12},
    ).fun


def test_pairing_removes_the_barrier_only_for_lasting_pairs():
    """The values behind the chapter's table of two points, by another optimiser and by hand."""
    log_sigmoid = lambda s: -np.logaddexp(0, -s)
    minimax = lambda r, f: (log_sigmoid(r) + log_sigmoid(-f)).mean()
    lasting = lambda r, f: log_sigmoid(r - f).mean()
    anew = lambda r, f: log_sigmoid(r[:, None] - f).mean()
    log2, collapse, away, goal = math.log(2), [0, 0], [0, 2], [0, 1]
    jsd = 0.5 * (0.5 * math.log(2 / 3) + 0.5 * log2) + 0.5 * math.log(4 / 3)
    for value, expected in [
        (minimax, (-2 * log2 + 2 * jsd, -log2, -2 * log2)),
        (lasting, (-log2 / 2, -log2 / 2, -log2)),
        (anew, (-log2 / 2, -log2 / 4, -log2)),
    ]:
        found = [best(fakes, value) for fakes in (collapse, away, goal)]
        assert found == pytest.approx(expected, abs=1e-4)
        assert (expected[1] > expected[0] + 0.01) == (value is not lasting)


@pytest.mark.equation("eq-packing", tex="922dcd83")
@pytest.mark.parametrize("m", [1, 2, 3])
def test_packing(m, printed):
    """Sums over all packs of tenths of the unit interval, cell by cell."""
    p, q1 = np.full(10, 0.1), np.r_[[0.0] * 2, [0.125] * 8]
    q2 = np.r_[[0.06] * 5, [0.14] * 5]
    product = lambda q: np.array([math.prod(c) for c in itertools.product(q, repeat=m)])
    tv = lambda q: np.abs(product(p) - product(q)).sum() / 2
    formula, names = printed("eq-packing"), {"m": m}
    delta = {k: formula.side({"m": m, "k": k}, 2) for k in range(m + 1)}
    names |= {r"\mathrm{TV}(p^m,q_1^m)": tv(q1), r"\mathrm{TV}(p^m,q_2^m)": tv(q2)}
    assert formula.holds({**names, r"\delta": delta}, only=[0, 1])


# ---- what the prose says about the measured files ---------------------------------------------


def bound_over_steepest(places):
    """The mean product bound over the largest mean 95 % quantile, of one critic on one toy."""
    steepest = max(np.array(q)[:, 2].mean() for p, q in places.items() if p != "bound")
    return np.mean(places["bound"]) / steepest


def test_what_the_prose_says_of_the_audit():
    """Numbers of the list under figure 13.4 and of figure 13.5, from the file."""
    from gancourse.experiments.measured import measured

    lab = measured("surfaces")
    medians = {
        c: {
            d: {p: np.array(q)[:, 1].mean() for p, q in places.items() if p != "bound"}
            for d, places in found["audit"].items()
        }
        for c, found in lab["critics"].items()
    }
    for data in ("ring", "grid", "swiss roll"):
        assert medians["none"][data]["outside"] == max(medians["none"][data].values()) > 90
        assert medians["hinge-sn"][data]["outside"] < 0.65
        assert medians["r1"][data]["real"] == min(medians["r1"][data].values())
        assert all(1 <= v <= 2.5 for v in medians["r1"][data].values())
        assert all(3.5 <= v <= 10.2 for v in medians["gp"][data].values())
    ratios = {
        c: [bound_over_steepest(found) for found in data["audit"].values()]
        for c, data in lab["critics"].items()
    }
    for c, least in [("clip", 2), ("none", 8), ("gp", 8), ("r1", 8)]:
        assert min(ratios[c]) > least
    layers = {name: np.log10(np.array(v)).mean(0)[0] for name, v in lab["layers"].items()}
    assert layers["clip 0.1"] > 5 and layers["clip 0.01"] < -15 and layers["clip 0.001"] < -27
    assert layers["clip 0.1"] < 6 and layers["clip 0.01"] > -16 and layers["clip 0.001"] > -28
    gp = np.log10(np.array(lab["layers"]["gp"])).mean(0)  # the curve that the figure shows
    assert abs(gp).max() == pytest.approx(np.log10(5), abs=0.04)


def test_the_chapter_names_its_pictures_in_order():
    """Figure 13.1, 13.2, ... without a gap."""
    text = (ROOT / "chapters/13_gradient_penalties.md").read_text("utf-8")
    numbers = [int(n) for n in re.findall(r"^\*\*Figure 13\.(\d+)", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1)) and numbers
