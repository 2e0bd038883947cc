"""gancourse.theory.dynamics: against finite differences, played steps and closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gancourse.errors import GanCourseError
from gancourse.theory import dynamics

VECTOR = dict(dtype=torch.float64)


def g_cost(theta, phi):
    """A game that is neither zero-sum nor quadratic, with 2 and 3 parameters."""
    return (theta[0] ** 2 * phi[1]).sin() + (theta * phi[:2]).sum() + theta[1] ** 4


def d_cost(theta, phi):
    return (phi[0] * theta[1]).exp() + (phi**2).sum() * theta[0] - phi[2]


THETA = torch.tensor([0.3, -0.7], **VECTOR)
PHI = torch.tensor([0.5, 1.1, -0.4], **VECTOR)


def pull(w):
    """The velocity by central differences of the two costs alone."""
    step, theta, phi = 1e-5, w[:2], w[2:]
    found = []
    for i in range(5):
        e = torch.zeros(5, **VECTOR)
        e[i] = step
        cost = g_cost if i < 2 else d_cost
        found.append(
            -(cost(theta + e[:2], phi + e[2:]) - cost(theta - e[:2], phi - e[2:])) / (2 * step)
        )
    return torch.stack(found)


def test_jacobian_is_the_derivative_of_the_pull():
    w, step = torch.cat([THETA, PHI]), 1e-4
    columns = [
        (pull(w + step * e) - pull(w - step * e)) / (2 * step) for e in torch.eye(5, **VECTOR)
    ]
    M = dynamics.jacobian(g_cost, d_cost, THETA, PHI)
    torch.testing.assert_close(M, torch.stack(columns, 1), atol=1e-5, rtol=1e-5)


def test_bilinear_is_the_jacobian_of_xy():
    zero = torch.zeros(1, **VECTOR)
    M = dynamics.jacobian(lambda x, y: (x * y).sum(), lambda x, y: -(x * y).sum(), zero, zero)
    assert torch.equal(M, dynamics.bilinear())


@pytest.mark.parametrize("d_steps", [1, 2, 5])
def test_updates_are_what_gradient_steps_do(d_steps):
    """On a quadratic game the matrices must reproduce steps taken by autograd, to rounding."""
    rng = torch.Generator().manual_seed(0)
    A = torch.randn(5, 5, generator=rng, **VECTOR)
    B = torch.randn(5, 5, generator=rng, **VECTOR)
    costs = [lambda t, p, Q=Q: torch.cat([t, p]) @ Q @ torch.cat([t, p]) for Q in (A, B)]
    zero, h = torch.zeros(5, **VECTOR), 0.05
    M = dynamics.jacobian(*costs, zero[:2], zero[2:])
    w = torch.randn(5, generator=rng, **VECTOR)

    def descend(w, players):
        w = w.clone().requires_grad_()
        total = torch.zeros(5, **VECTOR)
        for player in players:
            rows = slice(0, 2) if player == 0 else slice(2, 5)
            total[rows] = torch.autograd.grad(costs[player](w[:2], w[2:]), w)[0][rows]
        return (w - h * total).detach()

    torch.testing.assert_close(dynamics.simultaneous(M, h) @ w, descend(w, [0, 1]))
    played = w
    for _ in range(d_steps):
        played = descend(played, [1])
    played = descend(played, [0])
    torch.testing.assert_close(dynamics.alternating(M, h, d_steps, thetas=2) @ w, played)


@settings(deadline=None, max_examples=60)
@given(st.floats(0.01, 1.9), st.integers(1, 6))
def test_moduli_of_the_bilinear_game(h, k):
    M = dynamics.bilinear()
    assert dynamics.moduli(dynamics.simultaneous(M, h)).tolist() == pytest.approx(
        [math.hypot(1, h)] * 2, rel=1e-12
    )
    trace = 2 - k * h * h  # of the alternating update, whose determinant is 1
    larger = 1 if abs(trace) <= 2 else (abs(trace) + math.sqrt(trace**2 - 4)) / 2
    found = dynamics.moduli(dynamics.alternating(M, h, k))
    # near a double eigenvalue the eigenvalues move like the root of the rounding error
    assert found.tolist() == pytest.approx([larger, 1 / larger], rel=1e-6)


def test_moduli_against_numpy():
    U = torch.randn(6, 6, generator=torch.Generator().manual_seed(1), **VECTOR)
    assert dynamics.moduli(U).tolist() == pytest.approx(
        sorted(np.abs(np.linalg.eigvals(U.numpy())), reverse=True), rel=1e-12
    )


def test_orbit_takes_powers():
    U = dynamics.alternating(dynamics.bilinear(), 0.3)
    points = dynamics.orbit(U, [1.0, 2.0], 7)
    assert points.shape == (8, 2) and points[0].tolist() == [1, 2]
    torch.testing.assert_close(points[7], torch.linalg.matrix_power(U, 7) @ points[0])


def test_dirac_gan_turns_in_a_circle():
    """Scores phi*x, data at 0, generator at theta: eigenvalues ±i f'(0) with f' = 1/2."""
    zero = torch.zeros(1, **VECTOR)
    softplus = torch.nn.functional.softplus
    M = dynamics.jacobian(
        lambda t, p: -softplus((p * t).sum()), lambda t, p: softplus((p * t).sum()), zero, zero
    )
    values = torch.linalg.eigvals(M)
    assert values.real.tolist() == pytest.approx([0, 0], abs=1e-12)
    assert sorted(values.imag.tolist()) == pytest.approx([-0.5, 0.5])


def test_nash_conditions_against_pencil():
    theta, phi = torch.tensor([1.0], **VECTOR), torch.tensor([1.0], **VECTOR)
    hill = lambda t, p: (t**4 / 4 + t**3 / 3 - t**2).sum()
    chase = lambda t, p: ((p - t) ** 2).sum()
    at = dynamics.nash_conditions(hill, chase, theta, phi)
    assert at == pytest.approx((0, 3, 2), abs=1e-12) and at.differential()
    assert dynamics.nash_conditions(hill, chase, 0 * theta, 0 * phi) == pytest.approx((0, -2, 2))
    away = dynamics.nash_conditions(hill, chase, theta + 1, phi)
    assert away.slope == pytest.approx(8) and not away.differential()


def test_nash_conditions_take_the_worst_direction():
    saddle = lambda t, p: t[0] ** 2 - t[1] ** 2
    bowl = lambda t, p: (p**2).sum()
    at = dynamics.nash_conditions(saddle, bowl, torch.zeros(2, **VECTOR), torch.zeros(3, **VECTOR))
    assert at == pytest.approx((0, -2, 2)) and not at.differential()


@pytest.mark.parametrize("thetas", [0, 2, 3])
def test_each_player_needs_a_parameter(thetas):
    with pytest.raises(GanCourseError, match="thetas"):
        dynamics.alternating(dynamics.bilinear(), 0.1, thetas=thetas)
