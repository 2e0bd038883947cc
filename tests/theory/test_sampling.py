"""Chains against what is known of them, and repaired samples against enumeration."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from gancourse.errors import GanCourseError
from gancourse.theory import sampling as theory

P, Q = [0.35, 0.25, 0.20, 0.12, 0.08], [0.02, 0.05, 0.13, 0.30, 0.50]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def chains(step, n=400, steps=3000, seed=0):
    start = torch.randn(n, generator=rng(seed), dtype=torch.float64)
    return theory.metropolis_hastings(
        lambda x: -(x**2) / 2, theory.walk(step), start, steps, rng(seed + 1)
    )


@pytest.mark.parametrize("step", [0.5, 1.0, 2.38, 5.0])
def test_a_walk_on_the_normal_law(step):
    """The share accepted, the law of all states, and the law of the accepted ones."""
    chain = chains(step)
    share = chain.accepted.double()
    assert share.mean() == pytest.approx(theory.gaussian_acceptance(step), abs=0.003)
    assert chain.states.var() == pytest.approx(1, abs=0.03)
    forgetful = chain.states[chain.accepted].var()
    assert forgetful == pytest.approx(theory.forgetful_variance(step), abs=0.03)


@pytest.mark.parametrize("step", [0.3, 1.0, 4.0])
def test_acceptance_by_quadrature(step):
    """At a state, over the proposals; and over both."""

    def at(x):
        f = lambda y: norm.pdf(y, x, step) * min(1, math.exp((x**2 - y**2) / 2))
        return integrate.quad(f, -40, 40, points=sorted({-abs(x), abs(x), x}), limit=200)[0]

    for x in (-1.3, 0.0, 0.7, 3.0):
        assert float(theory.gaussian_acceptance_at(x, step)) == pytest.approx(at(x), abs=1e-7)
    grid = np.linspace(-9, 9, 4001)
    weighed = norm.pdf(grid) * theory.gaussian_acceptance_at(grid, step).numpy()
    assert integrate.trapezoid(weighed, grid) == pytest.approx(theory.gaussian_acceptance(step))


def test_rejected_steps_are_recorded():
    """Where the walk is rejected its state stands still; where it is accepted it moves."""
    states, accepted = chains(3.0, n=5, steps=200)
    moved = states[1:] != states[:-1]
    assert torch.equal(moved, accepted[1:])
    assert 0 < accepted.double().mean() < 1


def test_chains_in_the_plane_and_a_proposal_that_is_not_symmetric():
    """A gamma law by multiplying: without the correction for the proposal it is another law."""

    def scaled(corrected):
        def propose(x, rng):
            factor = torch.randn(x.shape, generator=rng, dtype=x.dtype)
            return x * factor.exp(), factor if corrected else 0.0

        return propose

    target = lambda x: 2 * x.log() - x  # the gamma law with mean 3
    start = torch.full((500,), 3.0, dtype=torch.float64)
    means = [
        theory.metropolis_hastings(target, scaled(c), start, 1500, rng(2)).states[200:].mean()
        for c in (True, False)
    ]
    assert means[0] == pytest.approx(3, abs=0.05) and means[1] == pytest.approx(2, abs=0.05)
    plane = theory.metropolis_hastings(
        lambda x: -(x**2).sum(-1) / 2, theory.walk(1.0), torch.zeros(300, 2).double(), 800, rng(3)
    )
    assert plane.states.shape == (800, 300, 2) and plane.accepted.shape == (800, 300)
    assert torch.cov(plane.states[100:].flatten(0, 1).T).diag().tolist() == pytest.approx(
        [1, 1], abs=0.05
    )


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_autocorrelation_time_of_an_autoregression(rho):
    """Known: (1 + rho) / (1 - rho)."""
    noise = torch.randn(4000, 200, generator=rng(), dtype=torch.float64)
    x = [noise[0]]
    for e in noise[1:]:
        x.append(rho * x[-1] + math.sqrt(1 - rho**2) * e)
    found = theory.autocorrelation_time(torch.stack(x))
    assert found == pytest.approx((1 + rho) / (1 - rho), rel=0.06)
    one = theory.autocorrelation_time(torch.stack(x)[:, 0])
    assert one == pytest.approx((1 + rho) / (1 - rho), rel=0.35)


def test_transition_has_the_target_as_its_law():
    p = torch.tensor(P).double()
    g = torch.rand(5, 5, generator=rng(), dtype=torch.float64)
    g /= g.sum(1, keepdim=True)
    T = theory.transition(p, g)
    assert T.sum(1).tolist() == pytest.approx([1] * 5) and (T >= 0).all()
    assert (p @ T).tolist() == pytest.approx(P)
    flow = p[:, None] * T
    torch.testing.assert_close(flow, flow.T)
    for i in range(5):
        for j in range(5):
            alpha = min(1, float(p[j] * g[j, i] / (p[i] * g[i, j])))
            assert i == j or T[i, j] == pytest.approx(float(g[i, j]) * alpha)


def test_independence_chain_has_the_known_rate():
    """The second eigenvalue is 1 - 1 / max p/q."""
    T = theory.transition(P, torch.tensor(Q).double().expand(5, 5))
    values = torch.linalg.eigvals(T).real.sort(descending=True).values
    assert values[0] == pytest.approx(1) and values[1] == pytest.approx(1 - 1 / 17.5)


def test_acceptance_of_pairs_is_twice_one_minus_auc():
    p, q = torch.tensor(P).double(), torch.tensor(Q).double()
    score = (p / q).log()
    assert theory.pair_acceptance(P, Q) == pytest.approx(0.2875)
    assert 2 * (1 - theory.auc(score, score, p, q)) == pytest.approx(0.2875)
    assert theory.pair_acceptance(P, P) == pytest.approx(1)
    assert theory.pair_acceptance([1, 0.0], [0.0, 1]) == 0
    grid = torch.linspace(-8, 10, 1801, dtype=torch.float64)
    for shift, known in ((1.0, 0.4795), (2.0, 0.1573)):
        a, b = (torch.from_numpy(norm.pdf(grid, m)) * 0.01 for m in (0, shift))
        assert theory.pair_acceptance(a, b) == pytest.approx(known, abs=1e-4)
        assert known == pytest.approx(2 * norm.cdf(-shift / math.sqrt(2)), abs=1e-4)


def test_auc_is_scikit_learns_with_ties():
    real = torch.randint(0, 6, (300,), generator=rng()).double() + 1
    fake = torch.randint(0, 6, (500,), generator=rng(1)).double()
    labels = [1] * 300 + [0] * 500
    expected = roc_auc_score(labels, torch.cat([real, fake]))
    assert theory.auc(real, fake) == pytest.approx(expected)


def test_repaired_samples_follow_the_data():
    """Atoms: after many proposals the chains have the law p, and accept as predicted."""
    p, q = torch.tensor(P).double(), torch.tensor(Q).double()
    score, n, k = (p / q).log(), 20000, 60
    start = torch.multinomial(p, n, True, generator=rng())
    offered = torch.multinomial(q, n * k, True, generator=rng(1)).view(k, n)
    found = theory.repair(score[start], score[offered], rng(2))
    assert found.acceptance == pytest.approx(0.2875, abs=0.004)
    last = offered.gather(0, found.chosen.clamp(min=0)[None])[0]
    ends = torch.where(found.chosen < 0, start, last)
    shares = torch.bincount(ends, minlength=5).double() / n
    assert shares.tolist() == pytest.approx(P, abs=0.02)
    worse = theory.repair(-score[start], -score[offered], rng(2))  # the ratio upside down
    others = offered.gather(0, worse.chosen.clamp(min=0)[None])[0][worse.chosen >= 0]
    upside_down = q.square() / p
    assert (others == 4).double().mean() == pytest.approx(
        float(upside_down[4] / upside_down.sum()), abs=0.02
    )


def test_the_first_state_is_reported():
    found = theory.repair(torch.full((50,), 99.0), torch.zeros(3, 50), rng())
    assert (found.chosen == -1).all() and found.acceptance == 0
    found = theory.repair(torch.zeros(50), torch.zeros(3, 50), rng())
    assert (found.chosen == 2).all() and found.acceptance == 1


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: theory.walk(-1.0), "step must be"),
        (lambda: theory.gaussian_acceptance(-1.0), "step must be"),
        (
            lambda: theory.metropolis_hastings(torch.zeros_like, theory.walk(1), torch.zeros(2), 0),
            "steps must be",
        ),
        (lambda: theory.autocorrelation_time(torch.ones(50)), "has not moved"),
        (lambda: theory.transition(P, [[0.5, 0.5], [1, 0.0]]), "proposals of shape"),
        (lambda: theory.repair(torch.zeros(3), torch.zeros(3)), "shape"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(GanCourseError, match=message):
        call()
