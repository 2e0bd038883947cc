r"""Normalisation by hand: which numbers share a mean, and what that does to the gradient.

Activations have shape ``(N, C)``, ``(N, C, L)`` or ``(N, C, H, W)``: samples, channels, positions.
All four normalisations compute $\hat x=(x-\mu)/\sqrt{\sigma^2+\varepsilon}$; they differ only in
the axes over which $\mu$ and $\sigma^2$ are taken. The variance divides by $n$, the number of
values.

Sources: Ioffe and Szegedy (2015), Ba et al. (2016), Ulyanov et al. (2016), Wu and He (2018).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from gancourse.errors import GanCourseError, demand_whole

EPS = 1e-5


def normalize(x: Tensor, axes: tuple[int, ...], eps: float = EPS) -> Tensor:
    r"""$(x-\mu)/\sqrt{\sigma^2+\varepsilon}$ with moments over ``axes``; shape of ``x``."""
    if len({axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}) != len(axes) or not axes:
        raise GanCourseError(
            f"axes {tuple(axes)} of activations of shape {tuple(x.shape)}",
            where="normalize",
            fix=f"choose different axes below {x.ndim}",
        )
    mean = x.mean(axes, keepdim=True)
    variance = (x - mean).square().mean(axes, keepdim=True)
    return (x - mean) / (variance + eps).sqrt()


def batch_norm(x: Tensor, eps: float = EPS) -> Tensor:
    """Each channel by itself, over all samples and positions."""
    return normalize(x, _channel_axes(x), eps)


def layer_norm(x: Tensor, eps: float = EPS) -> Tensor:
    """Each sample by itself, over all channels and positions."""
    return normalize(x, tuple(range(1, x.ndim)), eps)


def instance_norm(x: Tensor, eps: float = EPS) -> Tensor:
    """Each channel of each sample, over the positions; ``x`` must have some."""
    return normalize(x, tuple(range(2, x.ndim)), eps)


def group_norm(x: Tensor, groups: int, eps: float = EPS) -> Tensor:
    """Each sample by itself, ``groups`` lots of neighbouring channels apart: layer norm in lots."""
    fix = "choose a divisor of the channels"
    demand_whole("groups", groups, least=1, where="group_norm", fix=fix)
    if x.shape[1] % groups:
        raise GanCourseError(
            f"{x.shape[1]} channels do not split into {groups} groups", where="group_norm", fix=fix
        )
    lots = x.unflatten(1, (groups, -1))
    return normalize(lots, tuple(range(2, lots.ndim)), eps).flatten(1, 2)


class BatchNorm:
    r"""Batch norm with its backward pass and its memory, everything written out.

    $y=\gamma\hat x+\beta$, with one $\gamma$ (the standard deviation of $y$) and one $\beta$ (its
    mean) per channel. In training $\hat x$ uses the batch's own statistics and the running ones
    follow; with ``training = False`` the running ones are used and nothing follows.
    """

    def __init__(
        self,
        channels: int,
        eps: float = EPS,
        momentum: float = 0.1,
        dtype: torch.dtype = torch.float64,
    ):
        self.gamma = torch.ones(channels, dtype=dtype)
        self.beta = torch.zeros(channels, dtype=dtype)
        self.running_mean, self.running_var = self.beta.clone(), self.gamma.clone()
        self.eps, self.momentum, self.training = eps, momentum, True

    def __call__(self, x: Tensor) -> Tensor:
        r"""$\gamma\hat x+\beta$; what the backward pass needs is kept."""
        if x.ndim < 2 or x.shape[1] != len(self.gamma):
            raise GanCourseError(
                f"activations of shape {tuple(x.shape)} have not {len(self.gamma)} channels",
                where="BatchNorm",
            )
        self.axes = _channel_axes(x)
        if self.training:
            mean = x.mean(self.axes)
            variance = (x - self._wide(mean)).square().mean(self.axes)
            self._follow(mean, variance, n=x.numel() // x.shape[1])
        else:
            mean, variance = self.running_mean, self.running_var
        self.std = (variance + self.eps).sqrt()
        self.x_hat = (x - self._wide(mean)) / self._wide(self.std)
        return self._wide(self.gamma) * self.x_hat + self._wide(self.beta)

    def backward(self, dy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        r"""From $\partial L/\partial y$ the slopes of $L$ by $x$, $\gamma$ and $\beta$.

        $\frac{\partial L}{\partial x}=\frac\gamma\sigma\big(g-\overline g-\hat x\,
        \overline{g\hat x}\big)$ with $g=\partial L/\partial y$ and bars for means over a channel;
        at evaluation the statistics are constants, and only $\gamma g/\sigma$ is left.
        """
        scale = self._wide(self.gamma / self.std)
        dgamma, dbeta = (dy * self.x_hat).sum(self.axes), dy.sum(self.axes)
        if not self.training:
            return scale * dy, dgamma, dbeta
        n = dy.numel() // dy.shape[1]
        lost = self._wide(dbeta / n) + self.x_hat * self._wide(dgamma / n)
        return scale * (dy - lost), dgamma, dbeta

    def _follow(self, mean: Tensor, variance: Tensor, n: int) -> None:
        if n < 2:
            raise GanCourseError(
                "one value per channel has no spread",
                where="BatchNorm",
                fix="use a larger batch, or set training = False",
            )
        unbiased = variance * n / (n - 1)  # the running variance is an estimate for the data
        self.running_mean = self.running_mean + self.momentum * (mean - self.running_mean)
        self.running_var = self.running_var + self.momentum * (unbiased - self.running_var)

    def _wide(self, per_channel: Tensor) -> Tensor:
        return per_channel.reshape(-1, *[1] * (len(self.axes) - 1))


def influence(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    r"""$\partial f_i/\partial x_j$ for scores ``f(x)`` of shape ``(N,)``: shape
    ``(N, N, *x.shape[1:])``.

    Zero for $i\ne j$ if and only if no score depends on another sample (as far as slopes can tell).
    """
    return torch.autograd.functional.jacobian(f, x)


def _channel_axes(x: Tensor) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))
