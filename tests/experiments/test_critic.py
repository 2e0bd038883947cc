"""A critic alone: the discriminator's loss of its game, on the fakes that it is given."""

import pytest
import torch

from gancourse.experiments.critic import Critic
from gancourse.games import NonSaturating, Wasserstein
from gancourse.networks.mlp import mlp
from gancourse.penalties import clip_weights, r1
from gancourse.training import train


@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("game", [Wasserstein(), NonSaturating(penalty=r1(2.0))])
def test_the_loss_is_the_games_plus_its_penalty(members, game):
    torch.manual_seed(0)
    D = mlp(2, 1, width=8, members=members)
    real, fake = torch.randn(2, *([] if members is None else [members]), 16, 2)
    expected = game.d_loss(D(real)[..., 0], D(fake)[..., 0])
    if game.penalty is not None:
        expected = expected + game.penalty(D, real, fake)
    torch.testing.assert_close(Critic(game, D).loss(real, fake), expected)


def test_training_it_projects_after_each_step():
    torch.manual_seed(0)
    critic = Critic(Wasserstein(projection=clip_weights(0.05)), mlp(2, 1, width=8))
    batch = torch.randn(16, 2), torch.randn(16, 2)
    outside = []

    def watch(training):
        outside.append(max(p.abs().max().item() for p in critic.parameters()))

    train(critic, [batch], 3, watch=watch, every=1)
    assert outside == pytest.approx([0.05] * 3)
