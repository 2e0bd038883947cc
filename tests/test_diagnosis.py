"""Each trouble in a run that really has it, and silence in one that has none."""

import math

import pytest
import torch

from gancourse.data.toys import ring
from gancourse.diagnosis import diagnose
from gancourse.errors import GanCourseError
from gancourse.games import Minimax, NonSaturating, Relativistic, Wasserstein
from gancourse.gans import GAN
from gancourse.loop.history import History
from gancourse.networks.mlp import mlp
from gancourse.penalties import r1_r2
from gancourse.training import adam, train


def run(game, steps=150, **settings):
    torch.manual_seed(0)
    gan = GAN(game, generator=mlp(2, 2, width=16), discriminator=mlp(2, 1, width=32), latent_dim=2)
    return train(gan, ring().batches(32), steps, **settings)


def names(findings):
    return [finding.name for finding in findings]


def frozen(parameters):
    return torch.optim.SGD(parameters, lr=0.0)


def test_a_healthy_run_is_not_accused():
    run_ = run(Relativistic(penalty=r1_r2(0.1)), steps=400, optimizer=adam(2e-3, (0.0, 0.99)))
    assert diagnose(run_.history, run_.sample(200), ring().sample(200, seed=1)) == []


def test_d_has_won_against_a_generator_that_cannot_move():
    won = run(NonSaturating(), optimizer=frozen, d_optimizer=adam(1e-2), d_steps=3)
    (finding, *_) = diagnose(won.history)
    assert finding.name == "D has won" and "(at equality 1.386" in finding.evidence


def test_minimax_saturates_where_the_other_loss_is_large():
    won = run(Minimax(), optimizer=frozen, d_optimizer=adam(1e-2), d_steps=3)
    assert "saturation" in names(diagnose(won.history))


def test_a_generator_that_ignores_its_noise_has_collapsed():
    gan = run(NonSaturating(), steps=60)
    with torch.no_grad():
        gan.gan.G[0].weight.zero_()
    (finding,) = [
        f
        for f in diagnose(gan.history, gan.sample(100), ring().sample(100, seed=1))
        if f.name == "collapse"
    ]
    assert "two samples lie 0 apart" in finding.evidence


def test_an_unconstrained_critic_diverges():
    wild = run(Wasserstein(), steps=200, optimizer=frozen, d_optimizer=adam(0.1, (0.0, 0.9)))
    assert names(diagnose(wild.history))[0] == "divergence"


def test_the_period_of_an_oscillation():
    t = torch.arange(1000.0)
    g = (
        1
        + 0.5 * torch.sin(2 * math.pi * t / 50)
        + 0.1 * torch.randn(1000, generator=torch.Generator().manual_seed(0))
    )
    (finding,) = diagnose(History(torch.ones(1000), g))
    assert finding.name == "oscillation" and "about 50 steps" in finding.evidence
    noise = torch.randn(1000, generator=torch.Generator().manual_seed(1))
    assert diagnose(History(torch.ones(1000), 1 + noise)) == []


def test_an_oscillation_is_found_on_a_slope_too():
    t = torch.arange(1000.0)
    g = 6 * t / 1000 + 0.5 * torch.sin(2 * math.pi * t / 50)
    (finding,) = diagnose(History(torch.ones(1000), g))
    assert finding.name == "oscillation" and "about 50 steps" in finding.evidence


def test_a_victory_counts_if_it_lasts_to_the_end():
    low, even, g = torch.full((200,), 0.02), torch.full((800,), 1.386), torch.full((1000,), 4.0)
    assert names(diagnose(History(torch.cat([even, low]), g))) == ["D has won"]
    assert diagnose(History(torch.cat([low, low, low, low, even[:200]]), g)) == []


def test_either_players_loss_may_diverge():
    calm, wild = torch.full((100,), 1.386), torch.full((100,), 1.386)
    wild[-1] = 500.0
    for history in (History(calm, wild), History(wild, calm)):
        assert "divergence" in names(diagnose(history))


def test_the_worst_trouble_comes_first():
    wild = torch.full((100,), 1.386)
    wild[-1] = 500.0
    found = diagnose(History(wild, wild), torch.zeros(60, 2), ring().sample(60))
    assert names(found)[:2] == ["divergence", "collapse"]


CALM = History(torch.full((100,), 1.386), torch.full((100,), 0.693))


def half_of_the_ring(n=400):
    """Samples of the ring's modes 0 to 3 only."""
    points = ring().sample(4 * n, seed=5)
    return points[ring().assign(points)[0] < 4][:n]


def test_modes_that_nobody_visits():
    real = ring().sample(400, seed=1)
    (finding,) = diagnose(CALM, half_of_the_ring(), real)
    assert finding.name == "dropping" and "of the real points have no sample" in finding.evidence
    deserted = float(finding.evidence.split("%")[0])
    assert deserted == pytest.approx(50, abs=8)
    assert diagnose(CALM, ring().sample(400, seed=2), real) == []
    blurred = real + 0.04 * torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    assert diagnose(CALM, blurred, real) == []  # imprecise, but everywhere


def test_in_many_dimensions_everybody_is_far_from_everybody():
    rng = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 400, 64, generator=rng)
    assert diagnose(CALM, fake, real) == []


def test_a_crowd_that_moves_about():
    real, samples = ring().sample(200, seed=1), ring().sample(200, seed=2)
    (finding,) = diagnose(CALM, samples, real, earlier=samples.flip(0))
    assert finding.name == "oscillation" and "the same noise leads" in finding.evidence
    near = samples + 0.05
    assert diagnose(CALM, samples, real, earlier=near) == []


def test_a_discriminator_that_has_learnt_its_data_by_heart():
    rng = torch.Generator().manual_seed(0)
    seen, unseen = torch.randn(40, generator=rng) + 1, torch.randn(400, generator=rng)
    (finding,) = diagnose(CALM, scores=(seen, unseen))
    above = (seen[:, None] > unseen).double().mean()
    assert finding.name == "memorising" and f"in {above:.0%} of all pairs" in finding.evidence
    assert diagnose(CALM, scores=(unseen[:40], unseen)) == []
    few = torch.randn(2, 12, generator=rng) + torch.tensor([[0.4], [0.0]])
    assert diagnose(CALM, scores=(few[0], few[1])) == []  # too few to tell


def test_a_victory_explains_a_small_crowd():
    """A generator without a slope stays where it began: that is no collapse of its own."""
    won = History(torch.full((100,), 0.02), torch.full((100,), 6.0))
    here = 0.01 * torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    assert names(diagnose(won, here, ring().sample(100)))[:2] == ["D has won", "collapse"]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda h: diagnose(History(*[x[:10] for x in h])), "10 steps are too few"),
        (lambda h: diagnose(h, samples=torch.zeros(60, 2)), "go together"),
        (lambda h: diagnose(h, torch.zeros(60, 2), torch.zeros(60, 3)), "of one shape"),
        (lambda h: diagnose(h, earlier=torch.zeros(60, 2)), "go together"),
        (
            lambda h: diagnose(
                h, torch.zeros(60, 2), torch.zeros(60, 2), earlier=torch.zeros(70, 2)
            ),
            "of one noise",
        ),
        (lambda h: diagnose(h, scores=(torch.zeros(5), torch.zeros(50))), "10 scores"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(GanCourseError, match=message):
        call(History(torch.ones(100), torch.ones(100)))
