r"""Bounds on a likelihood, and a model in which all of them can be compared with the truth.

With $z\sim q$ and the weight $w=p(x,z)/q(z)$ the mean of $w$ is $p(x)$. So the mean of $\log w$,
the *evidence lower bound*, is at most $\log p(x)$, and

$$L_k=\mathbb E\log\frac1k\sum_{i=1}^kw_i$$

rises from it ($k=1$) towards $\log p(x)$. All in nats.

Sources: Kingma and Welling (2014); Burda, Grosse and Salakhutdinov (2016) for $L_k$.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gancourse.errors import GanCourseError, demand_number, demand_whole
from gancourse.theory.likelihood import log_gaussian
from gancourse.theory.tensors import Numbers, floats


def gaussian_kl(mean: Numbers, log_variance: Numbers) -> Tensor:
    r"""$\frac12\sum_j(\mu_j^2+\sigma_j^2-1-\log\sigma_j^2)$: KL to $\mathcal N(0,I)$.

    Summed over the last axis.
    """
    mean, log_variance = floats(mean), floats(log_variance)
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(-1)


def importance_bound(log_weights: Tensor) -> Tensor:
    r"""$\log\frac1k\sum_iw_i$ of ``log_weights`` ``(k, ...)``; its mean over draws is $L_k$."""
    return log_weights.logsumexp(0) - math.log(len(log_weights))


def effective_size(log_weights: Tensor) -> Tensor:
    r"""$(\sum_iw_i)^2/\sum_iw_i^2$: how many equal weights ``(k, ...)`` would be worth as much."""
    return (2 * log_weights.logsumexp(0) - (2 * log_weights).logsumexp(0)).exp()


@dataclass(frozen=True)
class LinearGaussian:
    r"""$z\sim\mathcal N(0,1)$, $x\mid z\sim\mathcal N(wz,s^2)$, where everything is known.

    $w$ is the ``slope``, $s$ the ``noise``. An encoder is given by its mean and *variance*.
    """

    slope: float
    noise: float = 1.0

    def __post_init__(self):
        demand_number("noise", self.noise, where="LinearGaussian")

    def log_evidence(self, x: Numbers) -> Tensor:
        r"""$\log p(x)=\log\mathcal N(x;0,w^2+s^2)$."""
        return log_gaussian(x, 0.0, math.hypot(self.slope, self.noise))

    def posterior(self, x: float) -> tuple[float, float]:
        r"""Mean and variance of $p(z\mid x)$: $wx/(w^2+s^2)$ and $s^2/(w^2+s^2)$."""
        whole = self.slope**2 + self.noise**2
        return self.slope * x / whole, self.noise**2 / whole

    def elbo(self, x: Numbers, mean: Numbers, variance: Numbers) -> Tensor:
        """The evidence lower bound of an encoder, exactly."""
        x, mean, variance = floats(x), floats(mean), floats(variance)
        error = (x - self.slope * mean) ** 2 + self.slope**2 * variance
        fit = -0.5 * (math.log(2 * math.pi * self.noise**2) + error / self.noise**2)
        return fit - gaussian_kl(mean[..., None], variance.log()[..., None])

    def log_weights(self, x: Numbers, mean: Numbers, variance: Numbers, eps: Tensor) -> Tensor:
        r"""$\log p(x,z)-\log q(z)$ at $z=\mu+\sigma\varepsilon$, shaped like the noise ``eps``."""
        deviation = floats(variance).sqrt()
        z = floats(mean) + deviation * eps
        joint = log_gaussian(z, 0.0, 1.0) + log_gaussian(x, self.slope * z, self.noise)
        return joint - log_gaussian(z, mean, deviation)


def decoder_sigma(weight: float, pixels: int) -> float:
    r"""$\sigma=\sqrt{dw/2}$: the decoder's noise that a weighted loss stands for.

    The loss is the *mean* squared error over ``pixels`` $d$ plus ``weight`` $w$ times the KL.
    """
    demand_number("weight", weight, where="decoder_sigma")
    demand_whole("pixels", pixels, least=1, where="decoder_sigma")
    return math.sqrt(pixels * weight / 2)


def largest_variance(x: Tensor) -> float:
    """Of data ``(n, d)`` the variance in the direction in which it is largest (divided by n)."""
    return float(torch.linalg.eigvalsh(torch.cov(x.double().T, correction=0))[-1])


def tilt(x: Tensor, direction: Tensor, sigma: float) -> Tensor:
    r"""$\frac1n\sum_i\exp\big(\frac{v^\top(x_i-\bar x)-\frac12\lVert v\rVert^2}{\sigma^2}\big)$.

    For data ``(n, d)`` and directions $v$ ``(..., d)``. If it is at most 1 for every $v$, then of
    all decoders with the noise $\sigma$ the one that always answers $\bar x$ is the best.
    """
    if sigma <= 0:
        raise GanCourseError(f"sigma is {sigma}", where="tilt", fix="choose a positive number")
    centred = x - x.mean(0)
    exponent = direction @ centred.T - direction.square().sum(-1, keepdim=True) / 2
    return ((exponent / sigma**2).logsumexp(-1) - math.log(len(x))).exp()
