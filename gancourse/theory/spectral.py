r"""Largest singular values by power iteration, of matrices and of convolutions.

Start from any vector $v$ and repeat $u\leftarrow Wv/\lVert Wv\rVert$,
$v\leftarrow W^\top u/\lVert W^\top u\rVert$. Each round multiplies the part of $v$ along the $i$-th
singular vector by $\sigma_i^2$, so the largest wins: with $r=\sigma_2/\sigma_1$ and $\theta_0$ the
angle at the start, after $k$ rounds

$$\tan\theta_k\le r^{2k}\tan\theta_0,\qquad
0\le1-\Big(\frac{\sigma^{(k)}}{\sigma_1}\Big)^2\le r^{4k-2}\tan^2\theta_0,
\qquad\sigma^{(k)}=u^\top Wv .$$

Source: Golub and Van Loan, Matrix Computations, section 8.2 (for $W^\top W$); Miyato et al. (2018),
algorithm 1.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from gancourse.errors import GanCourseError


def power_iteration(W: Tensor, rounds: int, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r"""The estimates $\sigma^{(1)},\dots,\sigma^{(k)}$, and the last $u$ and $v$.

    ``W`` has shape ``(rows, columns)``, the start ``v`` ``(columns,)``.
    """
    if W.ndim != 2 or v.shape != W.shape[1:]:
        raise GanCourseError(
            f"W has shape {tuple(W.shape)}, v {tuple(v.shape)}",
            where="power_iteration",
            fix="give a matrix and one number per column",
        )
    return _iterate(lambda x: W @ x, lambda y: W.T @ y, rounds, v)


def convolution_norm(
    weight: Tensor, size: int, stride: int = 1, padding: int = 0, rounds: int = 200
) -> Tensor:
    r"""The largest singular value of a convolution as a linear map of whole images.

    ``weight`` has shape ``(out, in, F, F)``; images are ``(in, size, size)``. The transpose of the
    map is the transposed convolution, so no matrix is ever formed.
    """
    cut = (size + 2 * padding - weight.shape[-1]) % stride  # what no filter reaches at the far end
    start = torch.randn(
        1,
        weight.shape[1],
        size,
        size,
        dtype=weight.dtype,
        generator=torch.Generator().manual_seed(0),
    )
    estimates, _, _ = _iterate(
        lambda x: conv2d(x, weight, stride=stride, padding=padding),
        lambda y: conv_transpose2d(y, weight, stride=stride, padding=padding, output_padding=cut),
        rounds,
        start,
    )
    return estimates[-1]


def convolution_bounds(weight: Tensor, stride: int = 1) -> tuple[float, float]:
    r"""$\sigma(R)$ and $\lceil F/S\rceil\,\sigma(R)$, between which the convolution's norm lies.

    $R$ is the weight as a matrix, one row per output map. The lower bound needs a position of the
    filter that lies wholly inside the picture. See chapter 13.
    """
    sigma = torch.linalg.matrix_norm(weight.flatten(1).double(), 2).item()
    return sigma, math.ceil(weight.shape[-1] / stride) * sigma


def _iterate(
    forward: Callable, transpose: Callable, rounds: int, v: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    if rounds < 1:
        raise GanCourseError(
            f"rounds is {rounds}", where="power iteration", fix="take at least one round"
        )
    estimates = []
    for _ in range(rounds):
        u = forward(v)
        u = u / torch.linalg.vector_norm(u).clamp_min(1e-12)
        v = transpose(u)
        estimates.append(torch.linalg.vector_norm(v))
        v = torch.where(estimates[-1] > 0, v / estimates[-1], v)  # of W = 0: 0, and not NaN
    return torch.stack(estimates), u, v
