r"""A variational autoencoder: an encoder, a decoder, and the bound that they share.

The decoder is any network that turns noise into data, such as the generator of a GAN. A picture is
modelled as $x=G(z)+\sigma\varepsilon$ with $z,\varepsilon$ standard normal, and the encoder names a
normal law $q(z\mid x)$ with a variance for each coordinate. It is its own and only player:
``train(VAE(...), data.batches(64), 900)``. Source: Kingma and Welling (2014).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gancourse.errors import GanCourseError, brief, demand_number, demand_seed, demand_whole


class Bound(NamedTuple):
    """For each sample, in nats, ``(batch,)``: the bound is ``fit`` minus ``kl``."""

    fit: Tensor
    kl: Tensor


class VAE(nn.Module):
    r"""``encoder`` ``(batch, ...)`` to ``(batch, 2 latent_dim)``, ``decoder`` back from codes.

    The first half of what the encoder says is the mean of $q(z\mid x)$, the second half the
    *logarithm* of its variance, so that no output is forbidden. ``sigma`` is the decoder's noise;
    without it, it is learnt. ``weight`` multiplies the KL: 1 is the bound, 0 an autoencoder that
    has no noise in its codes either.
    """

    log_sigma: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        latent_dim: int,
        sigma: float | None = None,
        weight: float = 1.0,
    ):
        super().__init__()
        demand_whole("latent_dim", latent_dim, least=1, where="VAE")
        demand_number("weight", weight, where="VAE")
        if sigma is not None and (isinstance(sigma, bool) or not sigma > 0):
            raise GanCourseError(
                f"sigma must be a positive number, not {brief(sigma)}",
                where="VAE",
                fix="leave it out, and it is learnt",
            )
        self.encoder, self.G = encoder, decoder
        self.latent_dim, self.weight = latent_dim, weight
        start = torch.tensor(-1.0 if sigma is None else math.log(sigma))
        if sigma is None:
            self.log_sigma = nn.Parameter(start)
        else:
            self.register_buffer("log_sigma", start)

    @property
    def sigma(self) -> float:
        """The decoder's noise, as it stands."""
        return float(self.log_sigma.detach().exp())

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""Mean and log-variance of $q(z\mid x)$, ``(batch, latent_dim)`` each."""
        found = self.encoder(x)
        if found.shape[1:] != (2 * self.latent_dim,):
            raise GanCourseError(
                f"the encoder gives {tuple(found.shape[1:])} numbers for a picture",
                where="VAE",
                fix=f"it must be {2 * self.latent_dim}: means and log-variances",
            )
        mean, log_variance = found.chunk(2, 1)
        return mean, log_variance

    def code(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        r"""$z=\mu+\sigma\varepsilon$: the draw goes through the network, not the network's law."""
        if not self.weight:
            return mean
        return mean + (log_variance / 2).exp() * torch.randn_like(mean)

    def fit(self, x: Tensor, decoded: Tensor) -> Tensor:
        r"""$\log\mathcal N(x;G(z),\sigma^2I)$ of each sample, summed over its pixels."""
        if decoded.shape != x.shape:
            raise GanCourseError(
                f"the decoder makes samples of shape {tuple(decoded.shape)}, "
                f"the data have shape {tuple(x.shape)}",
                where="VAE",
                fix="give the decoder the size and channels of the data",
            )
        errors = F.mse_loss(decoded, x, reduction="none").flatten(1)
        constant = errors.shape[1] * (self.log_sigma + 0.5 * math.log(2 * math.pi))
        return -0.5 * errors.sum(1) * (-2 * self.log_sigma).exp() - constant

    def bound(self, x: Tensor) -> Bound:
        """Both halves of the evidence lower bound, from one draw for each sample."""
        mean, log_variance = self.encode(x)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
        return Bound(self.fit(x, self.G(self.code(mean, log_variance))), kl)

    def loss(self, x: Tensor) -> Tensor:
        """Minus the bound, a mean over the batch: in nats a sample, if ``weight`` is 1."""
        fit, kl = self.bound(x)
        return (self.weight * kl - fit).mean()

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        r"""$\log p(x,z)-\log q(z\mid x)$ of ``k`` draws for each sample, ``(k, batch)``."""
        demand_whole("k", k, least=1, where="VAE")
        mean, log_variance = self.encode(x)
        found = []
        for _ in range(k):
            z = self.code(mean, log_variance)
            across = (z - mean).square() * (-log_variance).exp() + log_variance
            found.append(self.fit(x, self.G(z)) + 0.5 * (across - z.square()).sum(1))
        return torch.stack(found)

    @torch.no_grad()
    def sample(self, n: int, seed: int | None = None, noise: bool = False) -> Tensor:
        r"""``n`` decoded draws of $z$ from the prior; with a ``seed`` the same each time.

        In evaluation mode. They are means of pictures; ``noise`` adds the $\sigma\varepsilon$ that
        belongs to a picture of this model, and that nobody wants to see.
        """
        demand_whole("n", n, least=1, where="sample")
        rng = None
        if seed is not None:
            demand_seed(seed, where="sample")
            rng = torch.Generator().manual_seed(seed)
        like = next(self.G.parameters())
        z = torch.randn(n, self.latent_dim, generator=rng).to(like)
        was_training = self.training
        try:
            x = self.eval().G(z)
        finally:
            self.train(was_training)
        if noise:
            x = x + self.sigma * torch.randn(x.shape, generator=rng).to(x)
        return x


def encoder(size: int, channels: int, latent_dim: int, width: int = 32) -> nn.Sequential:
    """Images ``(batch, channels, size, size)`` to ``(batch, 2 latent_dim)``, for :class:`VAE`.

    ``width`` maps after the first layer; each layer halves the side and doubles the maps, down to
    4 by 4, like the discriminator of :mod:`gancourse.networks.dcgan`. No batch norm.
    """
    if size not in (8, 16, 32, 64, 128):
        raise GanCourseError(f"size must be a power of two from 8 to 128, not {size}", "encoder")
    for name, value in dict(channels=channels, latent_dim=latent_dim, width=width).items():
        demand_whole(name, value, least=1, where="encoder")
    layers: list[nn.Module] = []
    while size > 4:
        layers += [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        channels, width, size = width, 2 * width, size // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * channels, 2 * latent_dim))
