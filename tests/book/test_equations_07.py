"""Chapter 7, equation by equation: played steps and autograd against the printed formula."""

import math

import numpy as np
import pytest
import torch

from gancourse.games import Minimax, NonSaturating
from gancourse.penalties import r1

GAMMAS = [0.0, 0.3, 1.0, 2.5]


class Line(torch.nn.Module):
    def __init__(self, phi):
        super().__init__()
        self.phi = torch.nn.Parameter(torch.as_tensor(phi, dtype=torch.float64))

    def forward(self, x):
        return self.phi * x


def pull(game, theta, phi):
    """Minus the slopes of the package's losses by autograd."""
    theta, D = torch.tensor(theta, dtype=torch.float64, requires_grad=True), Line(phi)
    fake, x = D(theta[None]), torch.zeros(1, 1, dtype=torch.float64)
    d_loss = game.d_loss(D(x[0]), fake)
    if game.penalty is not None:
        d_loss = d_loss + game.penalty(D, x, theta.detach()[None, None])
    (v_phi,) = torch.autograd.grad(d_loss, D.phi, retain_graph=True)
    return -torch.autograd.grad(game.g_loss(None, fake), theta)[0].item(), -v_phi.item()


def slopes(game, step=1e-5):
    """The matrix at the goal by central differences of that."""
    columns = [
        (np.array(pull(game, *(step * e))) - np.array(pull(game, *(-step * e)))) / (2 * step)
        for e in np.eye(2)
    ]
    return np.stack(columns, 1)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


@pytest.mark.equation("eq-dirac-pull", tex="e14525b9")
@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("theta, phi", [(1.0, 1.0), (-0.3, 2.0), (0.7, -0.4)])
def test_what_pulls(theta, phi, gamma, printed):
    """The package's non-saturating game, with its R1, by autograd."""
    v = pull(NonSaturating(penalty=r1(gamma) if gamma else None), theta, phi)
    names = {r"\theta": theta, r"\varphi": phi, r"\gamma": gamma, r"\sigma": sigmoid}
    names |= {r"v_\theta": v[0], r"v_\varphi": v[1]}
    assert printed("eq-dirac-pull").holds(names)


@pytest.mark.equation("eq-dirac-lambda", tex="09e244f8")
@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.5])
def test_eigenvalues(gamma, printed):
    """NumPy's eigenvalues of the slopes of the package's pulls."""
    M = slopes(NonSaturating(penalty=r1(gamma)))
    assert printed("eq-dirac-lambda").holds({"M": M, r"\gamma": gamma}, only=[0], abs=1e-8)
    values = np.linalg.eigvals(M)
    root = np.emath.sqrt(gamma**2 / 4 - 1 / 4)
    assert sorted(values, key=lambda x: (x.real, x.imag)) == pytest.approx(
        sorted([-gamma / 2 - root, -gamma / 2 + root], key=lambda x: (x.real, x.imag)), abs=1e-3
    )
    if gamma >= 1:
        for sign, value in zip((-1, 1), sorted(values.real), strict=True):
            names = {r"\gamma": gamma, r"\lambda_\pm": value, r"\pm": sign}
            assert printed("eq-dirac-lambda").holds({**names, "M": M}, only=[1], abs=1e-3)


def rounds(h, r, in_turn):
    """One round near the goal, as a matrix: both players stepped from unit vectors."""
    columns = []
    for theta, phi in np.eye(2) * 1e-6:
        d = pull(NonSaturating(), theta, phi)[1]
        new = phi + r * h * d
        g = pull(NonSaturating(), theta, new if in_turn else phi)[0]
        columns.append(np.array([theta + h * g, new]) / 1e-6)
    return np.stack(columns, 1)


@pytest.mark.equation("eq-dirac-rounds", tex="af7b3e68")
@pytest.mark.parametrize("h", [0.1, 0.2, 0.9])
@pytest.mark.parametrize("r", [1, 4, 10])
def test_moduli_of_a_round(h, r, printed):
    """Played rounds of the package's game; beyond r h^2 = 16 players in turn fly apart, too."""
    together, in_turn = (
        np.abs(np.linalg.eigvals(rounds(h, r, order))).max() for order in (False, True)
    )
    names = {"h": h, "r": r, r"|\lambda_{\text{together}}|": together}
    names[r"|\lambda_{\text{in turn}}|"] = in_turn
    assert printed("eq-dirac-rounds").holds(names, abs=1e-4)
    assert np.abs(np.linalg.eigvals(rounds(4.2, 1, True))).max() > 1.1


@pytest.mark.equation("eq-dirac-consensus", tex="99ab394b")
@pytest.mark.parametrize("c", [0.3, 1.0, 2.0])
def test_consensus_moves_the_eigenvalues_left(c, printed):
    """The consensus pull by differences of the energy of the package's pulls."""
    energy = lambda w: sum(np.square(pull(Minimax(), *w))) / 2
    step = 1e-3

    def v(w):
        slope = [(energy(w + step * e) - energy(w - step * e)) / (2 * step) for e in np.eye(2)]
        return np.array(pull(Minimax(), *w)) - c * np.array(slope)

    M = np.stack([(v(step * e) - v(-step * e)) / (2 * step) for e in np.eye(2)], 1)
    for value in np.linalg.eigvals(M):
        assert value.real == pytest.approx(-c / 4, abs=1e-4)
        assert abs(value.imag) == pytest.approx(0.5, abs=1e-4)
    # as printed, with i a number: real and imaginary part apart
    for sign in (1, -1):
        names = {r"\lambda": -c / 4 + sign * 0.5j, "c": c, "i": 1j, r"\pm": sign}
        assert printed("eq-dirac-consensus").holds(names)


@pytest.mark.equation("eq-dirac-noise", tex="9af32fa3")
@pytest.mark.parametrize("s", [1.5, 2.0, 2.5])
def test_noise_is_r1(s, printed):
    """The curvature of D's cost by sums over the noise, with two laws of the same variance."""
    t = np.linspace(-9, 9, 20001)
    normal = np.exp(-(t**2) / 2)
    laws = [(s * t, normal / normal.sum()), (np.array([-s, s]), np.array([0.5, 0.5]))]
    softplus = lambda a: np.logaddexp(0, a)
    for noise, weights in laws:
        down, mid, up = (
            ((softplus(-phi * noise) + softplus(phi * noise)) * weights).sum()
            for phi in (-1e-3, 0.0, 1e-3)
        )
        curvature = (down - 2 * mid + up) / 1e-6
        assert printed("eq-dirac-noise").holds({r"\gamma": curvature, "s": s}, only=[0], rel=1e-4)
    M = np.array([[0, 0.5], [-0.5, -curvature]])
    for sign, value in zip((-1, 1), sorted(np.linalg.eigvals(M).real), strict=True):
        names = {r"\lambda_\pm": value, r"\pm": sign, "s": s, r"\gamma": curvature}
        assert printed("eq-dirac-noise").holds(names, only=[1], rel=1e-3)


@pytest.mark.equation("eq-dirac-lazy", tex="27137ef3")
@pytest.mark.parametrize(
    "h, gamma, k", [(0.2, 1.0, 1), (0.2, 1.0, 9), (0.1, 0.5, 30), (0.3, 2.0, 4)]
)
def test_the_lazy_bound(h, gamma, k, printed):
    """Rounds played from unit vectors; where the bound fails, nobody spirals in."""

    def cycle(weight, many):
        U = np.eye(2)
        for turn in range(many):
            g = weight if turn == 0 else 0.0
            D = np.array([[1, 0], [-h / 2, 1 - h * g]])
            U = np.array([[1, h / 2], [0, 1]]) @ D @ U
        return U

    U = cycle(k * gamma, k)
    names = {"h": h, "k": k, r"\gamma": gamma, r"\det U": np.linalg.det(U)}
    assert printed("eq-dirac-lazy").holds(names, only=[0])
    inside = h * k * gamma < 2
    assert bool(printed("eq-dirac-lazy").holds(names, only=[1])) == inside
    assert inside or np.abs(np.linalg.eigvals(U)).max() > 1
    wild = cycle(2.1 / h, 5)
    assert np.abs(np.linalg.eigvals(wild)).max() > 1


def learnt(theta, t, dt=2e-4):
    """The margin after a time of gradient descent on the package's loss, from phi = 0."""
    phi = 0.0
    for _ in range(round(t / dt)):
        phi -= dt * theta * sigmoid(phi * theta)
    assert phi * theta < 0
    return -phi * theta


@pytest.mark.equation("eq-margin", tex="d54730ef")
@pytest.mark.parametrize("theta, t", [(1.0, 3.0), (2.0, 1.0), (-0.5, 4.0)])
def test_the_margin_grows(theta, t, printed):
    """Small steps of gradient descent."""
    names = {"m": learnt(theta, t), r"\theta": theta, "t": t}
    assert printed("eq-margin").holds(names, rel=1e-3)
    assert pull(NonSaturating(), theta, 0.7)[1] == pytest.approx(-theta * sigmoid(0.7 * theta))


@pytest.mark.equation("eq-fading-pull", tex="4f32402c")
@pytest.mark.parametrize("theta, phi", [(1.0, -2.0), (2.0, -0.3), (-0.5, 4.0)])
def test_the_pull_that_fades(theta, phi, printed):
    """The package's two games, by autograd."""
    found = [abs(pull(game, theta, phi)[0]) for game in (Minimax(), NonSaturating())]
    names = {"m": -phi * theta, r"|\theta|": abs(theta)}
    names[r"|v_\theta|_{\text{minimax}}"], names[r"|v_\theta|_{\text{non-sat.}}"] = found
    assert printed("eq-fading-pull").holds(names)


@pytest.mark.equation("eq-kept-modes", tex="e944a617")
@pytest.mark.parametrize("n, N", [(1, 2), (1, 10), (1, 100), (3, 8), (8, 8)])
def test_kept_modes(n, N, printed):
    """The best D by gradient ascent of the package's loss, from N scores."""
    p, q = np.full(N, 1 / N), np.r_[np.full(n, 1 / n), np.zeros(N - n)]
    D = p / (p + q)
    V = sum(a * math.log(d) for a, d in zip(p, D, strict=True)) + sum(
        b * math.log(1 - d) for b, d in zip(q, D, strict=True) if b
    )
    m = (p + q) / 2
    kl = lambda a: sum(x * math.log(x / y) for x, y in zip(a, m, strict=True) if x)
    names = {"n": n, "N": N, "D^*": D[0], "L": -V, r"\mathrm{JSD}": (kl(p) + kl(q)) / 2}
    assert printed("eq-kept-modes").holds(names)
    better = D.copy()
    for change in (-1e-3, 1e-3):
        better[0] = D[0] + change
        worse = sum(a * math.log(d) for a, d in zip(p, better, strict=True)) + sum(
            b * math.log(1 - d) for b, d in zip(q, better, strict=True) if b
        )
        assert worse < V


@pytest.mark.equation("eq-best-answer", tex="deae5ddd")
def test_the_best_answer_is_one_point(printed):
    """A linear programme over all laws on nine places, against the least entry."""
    from scipy.optimize import linprog

    scores = np.random.default_rng(0).normal(size=9)
    cost = np.log(sigmoid(-scores))
    found = linprog(cost, A_eq=np.ones((1, 9)), b_eq=[1], bounds=(0, None))
    assert np.isclose(found.x.max(), 1)
    name = r"\min_{p_g}\ \mathbb E_{x\sim p_g}\big[\log\sigma(-D(x))\big]"
    least = r"\min_x\log\sigma(-D(x))"
    assert printed("eq-best-answer").holds({name: found.fun, least: cost.min()})


@pytest.mark.equation("eq-barrier", tex="a563e0eb")
def test_the_barrier(printed):
    """Both divergences from the definition."""

    def jsd(q):
        p = np.array([0.5, 0.5, 0.0])
        m = (p + np.array(q)) / 2
        kl = lambda a: sum(x * math.log(x / y) for x, y in zip(a, m, strict=True) if x)
        return (kl(p) + kl(q)) / 2

    names = {r"\mathrm{JSD}(a,a)": jsd([1, 0, 0])}
    names[r"\mathrm{JSD}(a,\text{nowhere})"] = jsd([0.5, 0, 0.5])
    assert printed("eq-barrier").holds(names)
    assert jsd([1, 0, 0]) == pytest.approx(0.216, abs=5e-4)
    assert jsd([0.5, 0, 0.5]) == pytest.approx(0.347, abs=5e-4)
