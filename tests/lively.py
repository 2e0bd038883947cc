"""A generator whose batch norms are far from the identity, and noise for it."""

import torch
from torch import nn

from gancourse.networks import dcgan


def lively(size=16, channels=3, latent_dim=8, width=4):
    """An untrained generator whose batch norms are far from the identity."""
    torch.manual_seed(1)
    net = dcgan.generator(size, channels, latent_dim, width)
    for part in net:
        if isinstance(part, nn.BatchNorm2d):
            for number in (part.weight, part.bias, part.running_mean):
                nn.init.normal_(number, 0.3, 1.0)
            nn.init.uniform_(part.running_var, 0.01, 2.0)
        elif isinstance(part, nn.ConvTranspose2d):
            nn.init.normal_(part.weight, 0, 0.3)
    return net


def noise(n, latent_dim=24):
    return torch.randn(n, latent_dim, generator=torch.Generator().manual_seed(7))
