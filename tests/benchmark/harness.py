"""Small cases of the benchmark: both loops on the same batches and noise."""

import torch
from torch import nn

from gancourse.benchmark import textbook
from gancourse.games import NonSaturating, Relativistic, Wasserstein
from gancourse.gans import GAN
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.penalties import gradient_penalty, r1_r2
from gancourse.training import Training, adam

STEPS = 50


def points():
    torch.manual_seed(0)
    return GAN(NonSaturating(), generator=mlp(2, 2), discriminator=mlp(2, 1), latent_dim=2)


def pictures(game, norm=None):
    """A small DCGAN whose weights are large enough that the losses move."""
    torch.manual_seed(0)
    gan = GAN(
        game,
        generator=dcgan.generator(16, 1, 16, 8),
        latent_dim=16,
        discriminator=dcgan.discriminator(16, 1, 8, norm),
    )
    for layer in gan.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight, 0.2)
    return gan


CASES = {
    "toy": (points, (64, 2), textbook.non_saturating, adam(), 1),
    "dcgan": (
        lambda: pictures(NonSaturating(), "batch"),
        (32, 1, 16, 16),
        textbook.non_saturating,
        adam(),
        1,
    ),
    "wgan-gp": (
        lambda: pictures(Wasserstein(penalty=gradient_penalty(10.0))),
        (32, 1, 16, 16),
        textbook.wasserstein_gp,
        adam(1e-4, (0.0, 0.9)),
        5,
    ),
    "r1-r2": (
        lambda: pictures(Relativistic(penalty=r1_r2(1.0))),
        (32, 1, 16, 16),
        textbook.relativistic,
        adam(1e-4, (0.0, 0.9)),
        1,
    ),
}


def losses(case, dtype, steps, optimizer=None):
    """Both loops from the same state on the same batches and noise: two (2, steps) tensors."""
    make, shape, loop, default, d_steps = CASES[case]
    torch.manual_seed(1)
    batches = [(torch.randn(shape).clamp(-1, 1).to(dtype),) for _ in range(steps * d_steps)]
    printed = loop(make().to(dtype), batches)
    mine = Training(make().to(dtype), batches, optimizer=optimizer or default, d_steps=d_steps)
    torch.set_default_dtype(dtype)  # of the noise that the textbook's loop draws
    try:
        theirs = []
        for step in range(steps):
            torch.manual_seed(step)  # where Training sets it for its seed 0
            theirs.append(next(printed))
        history = mine.advance(steps).history
    finally:
        torch.set_default_dtype(torch.float32)
    return torch.tensor(theirs, dtype=torch.float64).T, torch.stack(list(history)).double()
