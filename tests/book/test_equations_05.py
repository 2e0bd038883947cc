"""Every displayed equation of chapter 05, recomputed without the package wherever possible."""

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest
import torch

from formula import Operator
from gancourse import games
from gancourse.penalties import r1_r2
from gancourse.theory import dynamics
from gancourse.training import adam

F64 = dict(dtype=torch.float64)


def sigma(s):
    return 1 / (1 + math.exp(-s))


def slope(f, s, h=1e-6):
    return (f(s + h) - f(s - h)) / (2 * h)


def random_distributions(n=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n)), rng


def value(D, p, pg):
    """V for probabilities on finitely many points, by plain sums."""
    points = zip(D, p, pg, strict=True)
    return math.fsum(a * math.log(d) + b * math.log(1 - d) for d, a, b in points)


# ---- sampling without a density ---------------------------------------------------------------


@pytest.mark.equation("eq-push-forward", tex="85e733cf")
def test_push_forward_counts_preimages(printed):
    """On a finite noise space, sets and averages agree exactly for a map that is not one-to-one."""
    noise = {-2: 0.1, -1: 0.2, 0: 0.3, 1: 0.25, 2: 0.15}
    G = lambda z: z**2
    pushed = {}
    for z, probability in noise.items():
        pushed[G(z)] = pushed.get(G(z), 0) + probability
    draws = np.random.default_rng(0).choice(list(noise), 200_000, p=list(noise.values()))
    for A in ({0}, {1}, {1, 4}, {3}, {0, 1, 4}):
        names = {r"\Pr[x\in A]": np.isin(G(draws), list(A)).mean()}
        names[r"\Pr[z\in G^{-1}(A)]"] = sum(noise[z] for z in noise if G(z) in A)
        assert printed("eq-push-forward").holds(names, only=[0], abs=4e-3)
    z, x = np.array(list(noise)), np.array(list(pushed))
    names = {r"\mathbb E_{x\sim p_g}": Operator(lambda v: np.array(list(pushed.values())) @ v)}
    names[r"\mathbb E_{z\sim p_z}"] = Operator(lambda v: np.array(list(noise.values())) @ v)
    for test in (np.cos, lambda t: t**3):
        names |= {"f": test, "G": G, "x": x, "z": z}
        assert printed("eq-push-forward").holds(names, only=[1])
        assert test(G(draws)).mean() == pytest.approx(
            printed("eq-push-forward").side(names, 1), rel=0.02, abs=0.02
        )


def test_density_of_the_square():
    """Adding both preimages of z^2 gives the text's density: its integral is the normal law."""
    edges = np.linspace(0.1, 3, 30)
    for a, b in pairwise(edges):
        x = np.linspace(a, b, 20_001)
        area = np.trapezoid(np.exp(-x / 2) / np.sqrt(2 * math.pi * x), x)
        normal = math.erf(math.sqrt(b / 2)) - math.erf(math.sqrt(a / 2))
        assert area == pytest.approx(normal, abs=1e-9)


@pytest.mark.equation("eq-change-of-variables", tex="029cc637")
def test_change_of_variables_in_the_plane(printed):
    """For a nonlinear map that turns the plane over, the formula integrates to the noise's mass."""
    G = lambda z: np.stack([z[..., 0] + 0.3 * np.sin(z[..., 1]), -2 * z[..., 1]], -1)
    inverse = lambda x: np.stack([x[..., 0] + 0.3 * np.sin(x[..., 1] / 2), -x[..., 1] / 2], -1)

    def density(x):  # Jacobian of the inverse by finite differences
        h = 1e-5
        columns = [(inverse(x + h * e) - inverse(x - h * e)) / (2 * h) for e in np.eye(2)]
        J = np.stack(columns, -1)
        z = inverse(x)
        names = {"p_z": lambda z: (np.exp(-(z**2).sum(-1) / 2) / (2 * math.pi)).ravel()}
        names[r"\det\frac{\partial G^{-1}(x)}{\partial x}"] = np.linalg.det(J).ravel()
        found = printed("eq-change-of-variables").side({**names, "G^{-1}(x)": z})
        return found.reshape(x.shape[:-1])

    axis = np.linspace(-14, 14, 561)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1)
    weight, f = density(grid) * 0.05**2, lambda x: np.cos(x[..., 0]) * x[..., 1] ** 2
    z = np.stack(np.meshgrid(*[np.linspace(-8, 8, 641)] * 2, indexing="ij"), -1)
    noise = np.exp(-(z**2).sum(-1) / 2) / (2 * math.pi) * 0.025**2
    assert weight.sum() == pytest.approx(1, abs=1e-8)
    assert (weight * f(grid)).sum() == pytest.approx((noise * f(G(z))).sum(), abs=1e-8)


def test_a_curve_has_no_volume():
    z = torch.tensor([0.3], **F64, requires_grad=True)
    curve = torch.cat([torch.sin(z), torch.sin(2 * z)])
    J = torch.stack([torch.autograd.grad(x, z, retain_graph=True)[0] for x in curve])
    assert J.shape == (2, 1)
    assert torch.linalg.det(J @ J.T).item() == pytest.approx(0, abs=1e-15)


# ---- costs ------------------------------------------------------------------------------------


@pytest.mark.equation("eq-class-priors", tex="351c04de")
def test_cross_entropy_needs_the_class_frequencies(printed):
    """The cross-entropy of a labelled table of outcomes is the average weighted by the priors."""
    p, pg, rng = random_distributions()
    D = rng.uniform(0.05, 0.95, 6)
    names = {r"\mathbb E_{x\sim p}": Operator(lambda v: p @ v), "D(x)": D}
    names[r"\mathbb E_{x\sim p_g}"] = Operator(lambda v: pg @ v)
    for share in (0.5, 0.25, 0.9):
        labels = rng.random(400_000) < share  # a labelled draw, as a classifier meets it
        x = np.where(labels, rng.choice(6, 400_000, p=p), rng.choice(6, 400_000, p=pg))
        met = -np.log(np.where(labels, D[x], 1 - D[x])).mean()
        risk = printed("eq-class-priors").side({**names, r"\pi": share})
        assert met == pytest.approx(risk, abs=6e-3)
    assert -math.log(0.75) == pytest.approx(0.2877, abs=5e-5)
    assert -2 * math.log(0.75) == pytest.approx(0.5754, abs=5e-5)


@pytest.mark.equation("eq-game-value", tex="588fc228")
def test_value_and_the_table_of_conventions(printed):
    """V by noise equals V by density; at D = 1/2 the conventions give -log 4, log 4, log 2."""
    p, pg, rng = random_distributions()
    D = rng.uniform(0.05, 0.95, 6)
    noise = rng.dirichlet(np.ones(12))  # twelve noise values ...
    G = np.arange(12) % 6  # ... two for each outcome
    pushed = np.bincount(G, noise)
    names = {r"\mathbb E_{x\sim p}": Operator(lambda v: p @ v), "x": np.arange(6)}
    names[r"\mathbb E_{z\sim p_z}"] = Operator(lambda v: noise @ v)
    names |= {"D": lambda x: D[x], "G": lambda z: G[z], "z": np.arange(12)}
    by_noise = printed("eq-game-value").side(names)
    assert by_noise == pytest.approx(value(D, p, pushed), rel=1e-13)
    V = value([0.5] * 6, p, pg)
    assert (V, -V, -V / 2) == pytest.approx((-math.log(4), math.log(4), math.log(2)), rel=1e-13)


@pytest.mark.equation("eq-losses-in-scores", tex="84c86a2f")
def test_losses_in_scores(printed):
    """The three losses by plain math from probabilities, against the package's games."""
    real, fake = [0.3, -1.2, 2.5], [0.9, -0.4, -3.1]
    names = {r"\mathbb E": Operator(np.mean), r"\sigma": lambda s: 1 / (1 + np.exp(-s))}
    names |= {"s": np.array(real), r"\tilde s": np.array(fake)}
    real, fake = torch.tensor(real, **F64), torch.tensor(fake, **F64)
    names["L^{(D)}"] = games.Minimax().d_loss(real, fake).item()
    names[r"L^{(G)}_{\text{minimax}}"] = games.Minimax().g_loss(None, fake).item()
    names[r"L^{(G)}_{\text{non-sat.}}"] = games.NonSaturating().g_loss(None, fake).item()
    assert printed("eq-losses-in-scores").holds(names)
    assert games.NonSaturating().d_loss(real, fake).item() == names["L^{(D)}"]


def test_the_naive_formula_is_infinite_from_about_17():
    naive = lambda s: -torch.log(1 - torch.sigmoid(torch.tensor(s)))
    assert math.isfinite(naive(16.0)) and math.isinf(naive(17.5))
    assert games.Minimax().d_loss(torch.tensor([0.0]), torch.tensor([17.5])).isfinite()


# ---- equilibria -------------------------------------------------------------------------------


@pytest.mark.equation("eq-nash", tex="713fa0dd")
@pytest.mark.equation("eq-equilibrium", tex="ec708bdd")
def test_the_perfect_generator_and_the_coin_are_an_equilibrium(printed):
    """No other D gains against p_g = p, no other p_g against D = 1/2; elsewhere somebody gains."""
    p, pg, rng = random_distributions()
    half = np.full(6, 0.5)
    bound, mean = printed("eq-equilibrium"), Operator(lambda v: (p * v).sum())
    names = {r"\mathbb E_{x\sim p}": mean, r"V(\tfrac12,G)": value(half, p, pg)}
    for _ in range(300):
        other = rng.dirichlet(np.ones(6))
        D = rng.uniform(1e-3, 1 - 1e-3, 6)
        names |= {r"V(\tfrac12,G)": value(half, p, other), "V(D,G^*)": value(D, p, p), "D(x)": D}
        assert bound.holds(names)
        costs = {  # of G and of D, at the equilibrium and where one of the two has moved
            r"J^{(G)}(\theta^*,\varphi^*)": value(half, p, p),
            r"J^{(G)}(\theta,\varphi^*)": value(half, p, other),
            r"J^{(D)}(\theta^*,\varphi^*)": -value(half, p, p),
            r"J^{(D)}(\theta^*,\varphi)": -value(D, p, p),
        }
        assert printed("eq-nash").holds(costs)
    near = {"V(D,G^*)": value(half + 1e-5, p, p), "D(x)": half + 1e-5}  # the bound is attained
    assert bound.side(near, 1) == pytest.approx(near["V(D,G^*)"], abs=1e-8)
    assert value(p / (p + pg), p, pg) > value(half, p, pg) + 1e-3  # p_g != p: D would move
    tilted = half + 0.1 * (np.arange(6) == 2)
    best = np.eye(6)[2]  # D != 1/2: G would move
    assert value(tilted, p, best) < value(tilted, p, p) - 1e-3


@pytest.mark.equation("eq-differential-nash", tex="ec1b4b69")
def test_differential_nash_on_the_three_small_games():
    """Slopes and curvatures by finite differences; local and global claims by brute force."""
    hills = lambda t, p: t**4 / 4 + t**3 / 3 - t**2
    chase = lambda t, p: (p - t) ** 2
    h = 1e-4
    found = {}
    for point in (1.0, -2.0, 0.0):
        own = [lambda t, q=point: hills(t, q), lambda q, t=point: chase(t, q)]
        slopes = [slope(f, point, h) for f in own]
        curvatures = [(f(point + h) - 2 * f(point) + f(point - h)) / h**2 for f in own]
        found[point] = curvatures
        assert slopes == pytest.approx([0, 0], abs=1e-6)
        at = torch.tensor([point], **F64)
        conditions = dynamics.nash_conditions(
            lambda t, p: hills(t, p).sum(), lambda t, p: chase(t, p).sum(), at, at
        )
        assert conditions[1:] == pytest.approx(curvatures, abs=1e-5)
        assert conditions.differential() == (min(curvatures) > 1e-3)
    assert found[1.0] == pytest.approx([3, 2], abs=1e-5) and found[0.0][0] < 0
    near, far = np.linspace(0.5, 1.5, 1001), np.linspace(-3, 3, 6001)
    assert hills(near, 1).min() >= hills(1.0, 1) - 1e-12  # local equilibrium ...
    assert hills(far, 1).min() == pytest.approx(hills(-2.0, 1))  # ... but not a global one
    assert hills(-2.0, 1) < hills(1.0, 1) - 2


@pytest.mark.equation("eq-hide-and-seek", tex="5e3a052f")
def test_hide_and_seek_has_no_equilibrium(printed):
    """Both sides by brute force on a grid, and every pair of the grid has a player who moves."""
    axis = np.linspace(-1, 1, 201)
    cost = (axis[:, None] - axis[None, :]) ** 2  # rows: x of G, columns: y of D
    names = {  # brute force beside what is printed on the right
        r"\min_{-1\le x\le1}\max_{-1\le y\le1}(x-y)^2": cost.max(1).min(),
        r"\max_{-1\le y\le1}\min_{-1\le x\le1}(x-y)^2": cost.min(0).max(),
    }
    assert printed("eq-hide-and-seek").holds(names)
    assert axis[cost.max(1).argmin()] == pytest.approx(0)
    stays = (cost <= cost.min(0)[None, :] + 1e-12) & (cost >= cost.max(1)[:, None] - 1e-12)
    assert not stays.any()
    mixed = cost[:, [0, -1]].mean(1)  # exercise 2 (d): a coin between the ends
    assert mixed.min() == pytest.approx(1) and axis[mixed.argmin()] == pytest.approx(0)


# ---- whose turn -------------------------------------------------------------------------------


@pytest.mark.equation("eq-simultaneous", tex="48046fcd")
@pytest.mark.parametrize("h", [0.01, 0.1, 0.5, 1.0, 3.0])
def test_simultaneous_steps_spiral_out(h, printed):
    """Playing the game xy step by step multiplies the distance by sqrt(1 + h^2), every time."""
    x, y = 0.6, -0.8
    for _ in range(20):
        new = x - h * y, y + h * x
        grown = math.hypot(*new) / math.hypot(x, y)
        names = {r"\lambda": grown, "h": h}
        assert printed("eq-simultaneous").holds(names, only=[2], rel=1e-12)
        x, y = new
    for sign in (1, -1):
        names |= {
            "i": 1j,
            r"\lambda": printed("eq-simultaneous").side({"i": 1j, "h": h, r"\pm": sign}, 1),
        }
        names[r"U_{\text{sim}}"] = np.array([[1, -h], [h, 1]])
        assert printed("eq-simultaneous").holds({**names, r"\pm": sign}, only=[0, 1, 2])
        assert np.linalg.det(names[r"U_{\text{sim}}"] - names[r"\lambda"] * np.eye(2)) == (
            pytest.approx(0, abs=1e-12)
        )
    values = np.linalg.eigvals(np.array([[1, -h], [h, 1]]))
    assert sorted(values.imag) == pytest.approx([-h, h]) and values.real == pytest.approx([1, 1])
    update = dynamics.simultaneous(dynamics.bilinear(), h)
    assert dynamics.moduli(update)[0].item() == pytest.approx(math.sqrt(1 + h * h))


@pytest.mark.equation("eq-alternating", tex="cd55153e")
@pytest.mark.equation("eq-invariant-ellipse", tex="26cd6343")
@pytest.mark.parametrize("h", [0.1, 0.2, 0.5, 1.0, 1.9])
def test_alternating_steps_circle(h, printed):
    """Played step by step, D first: x^2 + hxy + y^2 never changes; the matrix is as shown."""
    x, y = 0.6, -0.8
    ellipse = lambda x, y: printed("eq-invariant-ellipse").side({"x": x, "y": y, "h": h})
    start = ellipse(x, y)
    U = printed("eq-alternating").side({"h": h})
    for _ in range(1000):
        shown = U @ [x, y]
        y = y + h * x
        x = x - h * y
        assert [x, y] == pytest.approx(shown, abs=1e-12)
    assert ellipse(x, y) == pytest.approx(start, rel=1e-9)
    names = {r"\det U_{\text{alt}}": np.linalg.det(U), r"\lambda": np.linalg.eigvals(U)}
    assert printed("eq-alternating").holds(names, only=[1, 2])
    assert np.roots([1, -(2 - h * h), 1]) == pytest.approx(np.linalg.eigvals(U), abs=1e-9)


def test_beyond_two_alternating_steps_diverge_and_the_mean_of_a_circle_is_its_centre():
    M = dynamics.bilinear()
    assert dynamics.moduli(dynamics.alternating(M, 2.1))[0] > 1.3
    mean = dynamics.orbit(dynamics.alternating(M, 0.2), [1.0, 0.0], 63).mean(0)
    assert mean.norm().item() < 0.03
    found = [dynamics.moduli(dynamics.alternating(M, 0.5, k))[0].item() for k in (1, 5, 15, 17)]
    assert found == pytest.approx([1, 1, 1, 1.640], abs=1e-3)


@pytest.mark.equation("eq-own-curvature", tex="fdb669a4")
def test_a_curvature_of_ds_own_winds_the_spiral_inwards(printed):
    """Finite differences of both pulls, by quadrature, give the matrix; the steps arrive.

    Neither the package's games nor its `jacobian` is used. Both losses of the generator agree.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    logistic = lambda s: 1 / (1 + np.exp(-s))

    def pull(mu, b, saturating=False):
        real, fake = b * nodes, b * (nodes + mu)
        d_slope = weights @ (-logistic(-real) * nodes + logistic(fake) * (nodes + mu))
        g_slope = weights @ (-(logistic(fake) if saturating else logistic(-fake)) * b)
        return np.array([-g_slope, -d_slope])

    e = 1e-5
    for saturating in (False, True):
        across = [
            (pull(*(e * step), saturating) - pull(*(-e * step), saturating)) / (2 * e)
            for step in np.eye(2)
        ]
        M = np.array(across).T
        assert printed("eq-own-curvature").holds({"M": M}, only=[0], abs=1e-8)
    for sign in (1, -1):
        root = printed("eq-own-curvature").side({"i": 1j, r"\pm": sign}, 1)
        assert min(abs(np.linalg.eigvals(M) - root)) < 1e-8
    for h in (0.1, 0.5, 1.9, 2.1):
        modulus = max(abs(1 + h * np.linalg.eigvals(M)))
        assert modulus == pytest.approx(math.sqrt(1 - h / 2 + h * h / 4), abs=1e-6)
        assert (modulus < 1) == (h < 2)
    w = np.array([1.0, 0.0])
    for _ in range(200):
        w = w + 0.2 * pull(*w)
    assert abs(w).max() < 1e-4


# ---- two losses -------------------------------------------------------------------------------


@pytest.mark.equation("eq-slopes", tex="cee7629f")
@pytest.mark.parametrize("probability", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_slopes_of_both_losses(probability, printed):
    """Finite differences of plain formulas: -sigma and -(1 - sigma); at 0.01, -0.01 and -0.99."""
    s = math.log(probability / (1 - probability))
    names = {r"\sigma(s)": probability}
    names[r"\frac{d}{ds}\log(1-\sigma(s))"] = slope(lambda s: math.log(1 - sigma(s)), s)
    names[r"\frac{d}{ds}[-\log\sigma(s)]"] = slope(lambda s: -math.log(sigma(s)), s)
    assert printed("eq-slopes").holds(names, abs=1e-8)


@pytest.mark.equation("eq-sample-weights", tex="8291d08b")
def test_sample_weights(printed):
    """Autograd of both losses equals the weighted mean of the scores' gradients."""
    torch.manual_seed(0)
    D = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
    theta, z = torch.tensor([0.7, 1.3], **F64, requires_grad=True), torch.randn(20, 1, **F64)
    scores = D(theta[0] * z + theta[1])[:, 0]
    each = torch.stack([torch.autograd.grad(s, theta, retain_graph=True)[0] for s in scores])
    names = {r"\sigma(s)": torch.sigmoid(scores).detach().numpy()[:, None]}
    names[r"\nabla_\theta s"] = each.numpy()
    names[r"\mathbb E_z"] = Operator(lambda v: v.mean(0))
    for game, minimax in ((games.Minimax(), True), (games.NonSaturating(), False)):
        (gradient,) = torch.autograd.grad(game.g_loss(None, scores), theta, retain_graph=True)
        names |= {"minimax": minimax, r"\text{non-saturating}": not minimax}
        names |= {"w": printed("eq-sample-weights").side(names, 1)[:, 0]}
        weighted = names["w"][:, None] * each.numpy()
        names |= {r"w\nabla_\theta s": weighted, r"\nabla_\theta L^{(G)}": gradient.numpy()}
        assert printed("eq-sample-weights").holds(names, only=[0])


@pytest.mark.equation("eq-not-zero-sum", tex="64f8b687")
@pytest.mark.parametrize("s", [-4.0, -1.0, 0.0, 0.5, 3.0])
def test_only_minimax_is_zero_sum(s, printed):
    """The two costs of one fake, by plain formulas: their slopes cancel, or leave 2 sigma - 1."""
    d_cost = lambda s: -math.log(1 - sigma(s))
    both = r"\frac{d}{d\tilde s}(L^{(D)}+L^{(G)}_{\text{%s}})"
    names = {r"\sigma": sigma, r"\tilde s": s}
    names[both % "minimax"] = slope(lambda s: d_cost(s) + math.log(1 - sigma(s)), s)
    names[both % "non-sat."] = slope(lambda s: d_cost(s) - math.log(sigma(s)), s)
    assert printed("eq-not-zero-sum").holds(names, abs=1e-8)


@pytest.mark.equation("eq-adam", tex="2f5195aa")
def test_adam_is_torchs_adam(printed):
    """The displayed recursion, in plain floats, against the optimizer that trains our GANs."""
    gradients = [0.3, -2.0, 0.01, 5.0, -0.7, 0.0]
    eta, beta1, beta2, epsilon = 0.005, 0.5, 0.999, 1e-8
    weight = torch.nn.Parameter(torch.tensor([1.0], **F64))
    optimizer = adam(eta, (beta1, beta2))([weight])
    theta, m, v = 1.0, 0.0, 0.0
    for t, g in enumerate(gradients, 1):
        weight.grad = torch.tensor([g], **F64)
        optimizer.step()
        names = {r"\beta_1": beta1, r"\beta_2": beta2, r"\eta": eta, r"\varepsilon": epsilon}
        names |= {"t": t, "m_{t-1}": m, "v_{t-1}": v, r"\theta_{t-1}": theta, "g_t": g}
        m, v = (printed("eq-adam").side(names, k) for k in (0, 1))
        theta = printed("eq-adam").side({**names, "m_t": m, "v_t": v}, 2)
        assert weight.item() == pytest.approx(theta, rel=1e-12)
        if t == 1:
            assert weight.item() == pytest.approx(1 - eta, rel=1e-9)


def test_adam_does_not_see_the_size_of_gradients():
    ends = []
    for factor in (1, 100):
        weight = torch.nn.Parameter(torch.tensor([1.0], **F64))
        optimizer = adam(0.005)([weight])
        for g in (0.3, -2.0, 0.5):
            weight.grad = torch.tensor([factor * g], **F64)
            optimizer.step()
        ends.append(weight.item())
    assert ends[0] == pytest.approx(ends[1], abs=1e-9)


# ---- rings and readings -----------------------------------------------------------------------


@pytest.mark.equation("eq-paired-loss", tex="48ed4ffd")
def test_paired_loss_with_a_linear_discriminator(printed):
    """For D(x) = w.x both penalties are |w|^2; the pairing compares sample by sample."""
    w, gamma = torch.tensor([0.6, -1.1], **F64), 0.02
    real, fake = torch.randn(5, 2, **F64), torch.randn(5, 2, **F64)
    D = lambda x: x @ w
    game = games.Relativistic(penalty=r1_r2(gamma))
    loss = game.d_loss(D(real), D(fake)) + game.penalty(D, real, fake)
    names = {r"\mathbb E": Operator(np.mean), "D(x)": D(real).numpy(), "D(G(z))": D(fake).numpy()}
    names |= {r"\gamma": gamma, "L^{(D)}": loss.item()}
    names |= {r"\nabla D(x)": w.numpy(), r"\nabla D(G(z))": w.numpy()}
    assert printed("eq-paired-loss").holds(names)
    # D(x) = |x|^2 / 2 has the slope x: the penalties of real and of fake samples differ
    D = lambda x: x.square().sum(-1) / 2
    loss = game.d_loss(D(real), D(fake)) + game.penalty(D, real, fake)
    names |= {"D(x)": D(real).numpy(), "D(G(z))": D(fake).numpy(), "L^{(D)}": loss.item()}
    names |= {r"\nabla D(x)": real.numpy(), r"\nabla D(G(z))": fake.numpy()}
    assert printed("eq-paired-loss").holds(names)
    back = [
        math.log(1 + math.exp(a - b))
        for a, b in zip(D(real).tolist(), D(fake).tolist(), strict=True)
    ]
    assert game.g_loss(D(real), D(fake)).item() == pytest.approx(statistics.mean(back), rel=1e-12)


@pytest.mark.equation("eq-reference-losses", tex="abe6c2cf")
def test_reference_losses_at_equal_scores(printed):
    """log 4, -log 2, log 2 at D = 1/2; the relativistic losses are log 2 at any equal scores."""
    zero = torch.zeros(7, **F64)
    names = {
        "L^{(D)}": games.Minimax().d_loss(zero, zero).item(),
        r"L^{(G)}_{\text{minimax}}": games.Minimax().g_loss(None, zero).item(),
        r"L^{(G)}_{\text{non-sat.}}": games.NonSaturating().g_loss(None, zero).item(),
    }
    for level in (-3.0, 0.0, 5.0):
        same = zero + level
        for player in "DG":
            loss = getattr(games.Relativistic(), f"{player.lower()}_loss")(same, same).item()
            names[rf"L^{{({player})}}_{{\text{{relativistic}}}}"] = loss
        assert printed("eq-reference-losses").holds(names)


def test_mean_probability_of_the_right_answer():
    """exp(-d_loss / 2) is the geometric mean of D on reals and 1 - D on fakes."""
    real, fake = [0.9, 0.6], [0.2, 0.5]
    d_loss = -statistics.mean(map(math.log, real)) - statistics.mean(math.log(1 - q) for q in fake)
    right = real + [1 - q for q in fake]
    assert math.exp(-d_loss / 2) == pytest.approx(statistics.geometric_mean(right))
    assert [round(math.exp(-x / 2), 2) for x in (math.log(4), 0.5, 0.02)] == [0.5, 0.78, 0.99]


def test_uncleared_gradients_end_at_two_thirds():
    """Exercise 5: the three slopes in the score balance at c = 2/3, nowhere else."""
    balance = lambda c: -(1 - c) + c - (1 - c)
    assert balance(2 / 3) == pytest.approx(0, abs=1e-15) and balance(0.5) < 0 < balance(0.8)
    assert -math.log(2 / 3) - math.log(1 / 3) == pytest.approx(1.504, abs=5e-4)
    assert -math.log(2 / 3) == pytest.approx(0.405, abs=5e-4)


def test_a_straight_line_cannot_see_the_width():
    """Exercise 7: with equal means the best linear score is constant, so d_loss is log 4."""
    x = torch.linspace(-12, 16, 20_001, **F64)
    normal = lambda std: torch.exp(-(((x - 2) / std) ** 2) / 2)
    p, pg = (q / q.sum() for q in (normal(0.5), normal(1.5)))
    ab = torch.zeros(2, **F64, requires_grad=True)
    L = lambda ab: (
        p * torch.nn.functional.softplus(-(ab[0] * x + ab[1]))
        + pg * torch.nn.functional.softplus(ab[0] * x + ab[1])
    ).sum()
    loss = L(ab)
    assert loss.item() == pytest.approx(math.log(4))
    assert torch.autograd.grad(loss, ab)[0].abs().max().item() < 1e-12
    rng = torch.Generator().manual_seed(0)
    for _ in range(50):
        assert L(torch.randn(2, generator=rng, **F64)) > loss
