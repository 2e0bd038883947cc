"""The average of a generator's weights."""

import torch
from torch import nn

from gancourse.data.images import images
from gancourse.data.toys import ring
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.loop.averaging import Average
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.training import Training, train


def points():
    torch.manual_seed(0)
    return GAN(NonSaturating(), generator=mlp(2, 2), discriminator=mlp(2, 1), latent_dim=2)


def pictures():
    torch.manual_seed(0)
    return GAN(
        NonSaturating(),
        generator=dcgan.generator(16, 3, 8, 4),
        discriminator=dcgan.discriminator(16, 3, 4),
        latent_dim=8,
    )


def test_average_is_the_warmed_up_mean_of_the_weights():
    seen, training = [], Training(points(), ring().batches(8), ema=0.9)
    expected = [w.detach().clone() for w in training.gan.G.parameters()]
    for t in range(1, 30):
        training.advance(1)
        keep = min(0.9, (1 + t) / (10 + t))
        expected = [
            keep * e + (1 - keep) * w.detach()
            for e, w in zip(expected, training.gan.G.parameters(), strict=True)
        ]
        seen.append(keep)
    for e, w in zip(expected, training.average.parameters(), strict=True):
        assert torch.allclose(e, w, atol=1e-6)
    assert seen[0] < 0.2 < seen[-1]


def test_batch_norm_statistics_are_averaged_over_too():
    training = train(pictures(), images("faces").batches(4), 3, ema=0.9)
    for (name, mine), theirs in zip(
        training.average.named_buffers(), training.gan.G.buffers(), strict=True
    ):
        assert torch.equal(mine, theirs), name


def test_the_average_is_its_own_and_takes_no_gradient():
    """By hand: after the first step the average keeps 2/11 of the weights before it."""
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 3.0)
    average = Average(network, beta=0.9)
    nn.init.constant_(network.weight, 14.0)
    average.update(1)
    assert average.network.weight.item() == 14 - 11 * 2 / 11
    assert network.weight.item() == 14 and not average.network.weight.requires_grad
