"""gancourse.theory.dirac: against the package's games, sampled noise, and closed forms."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gancourse.errors import GanCourseError
from gancourse.games import Minimax, NonSaturating, Wasserstein
from gancourse.penalties import gradient_penalty, r1
from gancourse.theory.dirac import (
    MINIMAX,
    NON_SATURATING,
    WASSERSTEIN,
    DiracGAN,
    margin,
)

GAMES = [(MINIMAX, Minimax), (NON_SATURATING, NonSaturating), (WASSERSTEIN, Wasserstein)]
POINTS = [(1.0, 1.0), (-0.3, 2.0), (0.7, -0.4)]


class Line(torch.nn.Module):
    """D(x) = phi x, for the package's penalties."""

    def __init__(self, phi):
        super().__init__()
        self.phi = torch.nn.Parameter(phi)

    def forward(self, x):
        return self.phi * x


def pull_of(game, theta, phi):
    """Minus the slopes of the package's losses, by autograd, with the penalty if there is one."""
    theta = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    D = Line(torch.tensor(phi, dtype=torch.float64))
    real, fake = D(torch.zeros(1, dtype=torch.float64)), D(theta[None])
    d_loss = game.d_loss(real, fake)
    if game.penalty is not None:
        x = torch.zeros(4, 1, dtype=torch.float64)
        d_loss = d_loss + game.penalty(D, x, theta.detach().expand(4, 1))
    v_phi = -torch.autograd.grad(d_loss, D.phi, retain_graph=True)[0]
    return -torch.autograd.grad(game.g_loss(None, fake), theta)[0].item(), v_phi.item()


def pulled(gan, theta, phi):
    here = (torch.tensor(v, dtype=torch.float64) for v in (theta, phi))
    return [part.item() for part in gan.pull(*here)]


@pytest.mark.parametrize("theta, phi", POINTS)
@pytest.mark.parametrize("slopes, game", GAMES)
def test_the_pull_is_that_of_the_packages_games(slopes, game, theta, phi):
    assert pulled(DiracGAN(slopes), theta, phi) == pytest.approx(pull_of(game(), theta, phi))


@pytest.mark.parametrize("theta, phi", POINTS)
def test_penalties_are_the_packages(theta, phi):
    expected = pull_of(NonSaturating(penalty=r1(0.3)), theta, phi)
    assert pulled(DiracGAN(r1=0.3), theta, phi) == pytest.approx(expected)
    expected = pull_of(Wasserstein(penalty=gradient_penalty(0.7)), theta, phi)
    assert pulled(DiracGAN(WASSERSTEIN, gp=0.7), theta, phi) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("theta, phi", POINTS)
def test_noise_is_the_average_over_noisy_points(theta, phi):
    rng = torch.Generator().manual_seed(0)
    real, fake = 0.8 * torch.randn(2, 400_000, generator=rng, dtype=torch.float64)
    s = torch.sigmoid
    v_phi = s(-phi * real) * real - s(phi * (theta + fake)) * (theta + fake)
    v_theta = phi * s(-phi * (theta + fake))
    found = pulled(DiracGAN(noise=0.8), theta, phi)
    for value, draws in zip(found, (v_theta, v_phi), strict=True):
        assert value == pytest.approx(draws.mean().item(), abs=5 * draws.std().item() / 632)


@pytest.mark.parametrize("slopes", [MINIMAX, NON_SATURATING])
@pytest.mark.parametrize("c", [0.3, 1.0])
def test_consensus_by_finite_differences(slopes, c):
    free, step = DiracGAN(slopes), 1e-5
    energy = lambda t, p: sum(part**2 for part in pulled(free, t, p)) / 2
    for t, p in POINTS:
        slope = [
            (energy(t + step, p) - energy(t - step, p)) / (2 * step),
            (energy(t, p + step) - energy(t, p - step)) / (2 * step),
        ]
        expected = [v - c * g for v, g in zip(pulled(free, t, p), slope, strict=True)]
        assert pulled(DiracGAN(slopes, consensus=c), t, p) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 5.0])
def test_eigenvalues_with_r1(gamma):
    found = torch.linalg.eigvals(DiracGAN(r1=gamma).matrix())
    for value in found:  # each is a root of the characteristic polynomial
        assert abs(value * value + gamma * value + 0.25) == pytest.approx(0, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.floats(0.05, 3))
def test_noise_is_r1_at_the_equilibrium(sigma):
    noisy, penalised = DiracGAN(noise=sigma), DiracGAN(r1=sigma**2 / 2)
    torch.testing.assert_close(noisy.matrix(), penalised.matrix())
    assert noisy.matrix()[1, 1] != pytest.approx(-(sigma**2) / 4)


def test_rounds_as_matrices_are_rounds_as_played():
    """Near the equilibrium, where the steps are linear; each row of the table."""
    for gan in (
        DiracGAN(MINIMAX),
        DiracGAN(WASSERSTEIN),
        DiracGAN(r1=0.7),
        DiracGAN(noise=0.7),
        DiracGAN(consensus=1.0),
        DiracGAN(r1=0.3, ratio=4.0),
        DiracGAN(r1=0.3, lazy=3),
    ):
        for d_steps in (0, 1, 5) if gan.lazy == 1 else (0, 1):
            start = torch.tensor([2e-5, 1e-5], dtype=torch.float64)
            path = gan.play(0.2, gan.lazy, d_steps, start.tolist())
            torch.testing.assert_close(
                path[-1], gan.update(0.2, d_steps) @ start, rtol=1e-5, atol=1e-12
            )


def test_modulus_of_both_orders():
    for h in (0.1, 0.2, 0.5):
        assert DiracGAN().modulus(h) == pytest.approx(math.sqrt(1 + h * h / 4))
        assert DiracGAN().modulus(h, 1) == pytest.approx(1)
        assert DiracGAN(ratio=9.0).modulus(h) == pytest.approx(math.sqrt(1 + 9 * h * h / 4))


@settings(deadline=None, max_examples=60)
@given(st.floats(0.05, 0.5), st.floats(0.1, 2), st.integers(1, 20))
def test_beyond_the_lazy_bound_nobody_arrives(h, gamma, k):
    """The product of the eigenvalues of k rounds in turn is 1 - h gamma k."""
    gan = DiracGAN(r1=gamma, lazy=k)
    assert torch.linalg.det(gan.update(h, 1)).item() == pytest.approx(1 - h * gamma * k, abs=1e-9)
    if h * gamma * k > 2 + 1e-6:
        assert gan.modulus(h, 1) > 1


def test_clipped_and_lost_players():
    path = DiracGAN(WASSERSTEIN, clip=0.5).play()
    assert path[1:, 1].abs().max() == 0.5
    wild = DiracGAN(WASSERSTEIN).play(1e3, 500)
    assert wild.isfinite().all() and wild[-1].abs().max() > 1e100


def test_margin_follows_the_gradient():
    theta, phi, dt = 1.5, 0.0, 1e-4
    for _ in range(40_000):
        phi -= dt * theta / (1 + math.exp(-phi * theta))
    assert margin(theta**2 * 4.0).item() == pytest.approx(-phi * theta, rel=1e-3)
    late = margin(torch.tensor([0.0, 1e6]))
    assert late[0] == pytest.approx(0) and late[1] == pytest.approx(math.log(1e6), rel=1e-4)


@pytest.mark.parametrize(
    "bad", [{"r1": -1}, {"noise": float("nan")}, {"ratio": 0}, {"lazy": 0}, {"clip": -0.1}]
)
def test_bad_settings(bad):
    with pytest.raises(GanCourseError):
        DiracGAN(**bad)


def test_what_has_no_matrix():
    with pytest.raises(GanCourseError, match="kink"):
        DiracGAN(WASSERSTEIN, gp=0.5).matrix()
    with pytest.raises(GanCourseError, match="lazy"):
        DiracGAN(r1=1, lazy=4).update(0.2, 5)
