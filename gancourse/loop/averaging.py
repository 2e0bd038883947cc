"""The average of a generator's weights over training, which samples better than the last ones."""

import copy

import torch
from torch import Tensor, nn

from gancourse.loop import fused


class Average:
    r"""$\bar\theta\leftarrow\beta_t\bar\theta+(1-\beta_t)\theta$ with
    $\beta_t=\min\!\left(\beta,\frac{1+t}{10+t}\right)$.

    The warm-up matters: with a fixed $\beta$ the random weights of the start would linger for
    thousands of steps. Buffers (batch norm's statistics) are copied as they are.
    Source: Yazıcı et al. (2019); the warm-up as in TensorFlow's ``ExponentialMovingAverage``.
    """

    def __init__(self, network: nn.Module, beta: float):
        self.network, self.beta = copy.deepcopy(network).requires_grad_(False), beta
        self._weights: tuple[list[Tensor], list[Tensor]]
        self._weights = list(self.network.parameters()), list(network.parameters())
        self._buffers = list(self.network.buffers()), list(network.buffers())

    @torch.no_grad()
    def update(self, t: int) -> None:
        """Take in the weights after step ``t`` (the first step is 1)."""
        beta = min(self.beta, (1 + t) / (10 + t))
        fused.lerp_(*self._weights, 1 - beta)
        for mine, theirs in zip(*self._buffers, strict=True):
            mine.copy_(theirs)
