r"""Inside a trained DCGAN generator: batch norm folded away, and telling directions of the noise.

A direction is a unit vector $d$ in the space of $z$. Because $z\sim N(0,I)$, the coordinate
$d^\top z$ has standard deviation 1: a step of 1 along any direction is one standard deviation.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gancourse.errors import GanCourseError


class Layer(NamedTuple):
    """A transposed convolution: ``weight`` ``(inputs, outputs, 4, 4)``, ``bias`` ``(outputs)``."""

    weight: Tensor
    bias: Tensor
    stride: int
    padding: int


@torch.no_grad()
def fold_batch_norm(generator: nn.Sequential) -> list[Layer]:
    r"""The layers of a trained ``dcgan.generator``, with no batch norm left.

    In evaluation batch norm is affine, one line per map:
    $\gamma\,(Wx-\mu)/\sqrt{\sigma^2+\varepsilon}+\beta=(sW)x+(\beta-s\mu)$ with
    $s=\gamma/\sqrt{\sigma^2+\varepsilon}$. What remains is a ReLU after every layer but the
    last, and there a tanh. In double precision, on the CPU.
    """
    parts = list(generator.children()) if isinstance(generator, nn.Module) else [generator]
    kinds = [type(part).__name__ for part in parts]
    if kinds != [
        "Unflatten",
        *["ConvTranspose2d", "BatchNorm2d", "ReLU"] * (len(kinds) // 3 - 1),
        "ConvTranspose2d",
        "Tanh",
    ]:
        raise GanCourseError(
            f"these are not the layers of a dcgan.generator: {', '.join(kinds)}",
            where="generator",
            fix="pass dcgan.generator(...) after training",
        )
    return [
        _folded(*parts[i : i + 2], (1, 0) if i == 1 else (2, 1)) for i in range(1, len(parts), 3)
    ]


def _folded(convolution: nn.ConvTranspose2d, after: nn.Module, step: tuple[int, int]) -> Layer:
    c, (stride, padding) = convolution, step
    if (c.kernel_size, c.stride, c.padding, c.output_padding, c.dilation, c.groups) != (
        (4, 4),
        (stride,) * 2,
        (padding,) * 2,
        (0, 0),
        (1, 1),
        1,
    ):
        raise GanCourseError(
            f"{c} is not a layer of a dcgan.generator",
            where="generator",
            fix=f"use kernel 4, stride {stride} and padding {padding} there",
        )
    weight = c.weight.double().cpu()
    bias = torch.zeros(c.out_channels).double() if c.bias is None else c.bias.double().cpu()
    if isinstance(after, nn.BatchNorm2d):
        gamma, beta, mean, var = (
            part.double().cpu()
            for part in (after.weight, after.bias, after.running_mean, after.running_var)
        )
        s = gamma / (var + after.eps).sqrt()
        weight, bias = weight * s[:, None, None], beta + s * (bias - mean)
    return Layer(weight.contiguous(), bias, stride, padding)


def run(layers: list[Layer], z: Tensor) -> Tensor:
    """Images ``(batch, channels, size, size)`` in [-1, 1] from noise ``(batch, latent_dim)``."""
    x = z.to(layers[0].weight)[:, :, None, None]
    for layer in layers[:-1]:
        x = F.conv_transpose2d(x, *layer).relu()
    return F.conv_transpose2d(x, *layers[-1]).tanh()


def sefa(layers: list[Layer]) -> tuple[Tensor, Tensor]:
    r"""The directions that move the first layer's output most, from its weights alone.

    The first layer is $Az+b$; the right singular vectors of $A$ are the directions $d$ of largest
    $\lVert Ad\rVert$, its singular values are those lengths (Shen and Zhou, 2021, "Closed-form
    factorization of latent semantics in GANs"). Returns orthonormal rows, largest first, each
    with its largest entry positive, and the singular values.
    """
    U, S, _ = torch.linalg.svd(layers[0].weight.flatten(1), full_matrices=False)
    largest = U.gather(0, U.abs().argmax(0, keepdim=True))
    return (U * largest.sign()).T, S


def attribute_directions(
    layers: list[Layer], x: Tensor, attributes: Tensor, z: Tensor
) -> tuple[Tensor, Tensor]:
    r"""The directions that raise attributes of the picture most, on average over faces.

    A ridge regression reads each of the ``attributes`` ``(n, count)`` off the real pictures ``x``
    ``(n, channels, size, size)``; call its prediction $s$. For $z\sim N(0,I)$, Stein's identity
    gives the average gradient of $s(G(z))$ without differentiating anything:
    $E[\nabla_z s(G(z))]=E[z\,s(G(z))]$. Returns its direction, ``(count, latent_dim)``, and the
    correlation of $d^\top z$ with $s$, ``(count,)``, both over the draws ``z``.
    """
    pixels, z = x.flatten(1).double(), z.double()
    centred, targets = pixels - pixels.mean(0), attributes.double() - attributes.double().mean(0)
    ridge = 1e-3 * len(pixels) * torch.eye(pixels.shape[1], dtype=torch.float64)
    reader = torch.linalg.solve(centred.T @ centred + ridge, centred.T @ targets)
    single = [
        layer._replace(weight=layer.weight.float(), bias=layer.bias.float()) for layer in layers
    ]  # enough for pictures, and much faster
    s = run(single, z).flatten(1).double() @ reader
    d = F.normalize(((s - s.mean(0))[:, :, None] * z[:, None]).mean(0), dim=1)
    return d, torch.stack(
        [torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip((z @ d.T).T, s.T, strict=True)]
    )
