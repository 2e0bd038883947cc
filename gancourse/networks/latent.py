r"""The space of the noise: great circles in it, and telling directions of a trained generator.

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


def slerp(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    r"""The way from ``a`` to ``b`` on a great circle, at ``t`` of it, from 0 to 1.

    The direction turns at constant speed, by $t\,\Omega$ of the angle $\Omega$ between the two, and
    the length goes from one to the other at constant speed. For ends of one length this is the
    formula of Shoemake (1985, "Animating rotation with quaternion curves"); for others it is that
    formula on the unit sphere, which stays bounded when the ends are nearly opposite.

    ``a``, ``b``: ``(..., dim)``; ``t``: a number, or a tensor that broadcasts against ``(..., 1)``.
    At 0 and 1 the ends come back to the bit. Between opposite vectors all great circles are
    equally short, and one of them is taken; a zero vector has no direction and takes the other's.
    """
    t = torch.as_tensor(t, dtype=a.dtype, device=a.device)
    length_a, length_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    # For a zero a there is b's direction; to a zero b the angle below is atan2(0, 0) = 0.
    here, there = _unit(torch.where(length_a == 0, b, a)), _unit(b)
    cosine = (here * there).sum(-1, keepdim=True)
    across = there - cosine * here
    sine = across.norm(dim=-1, keepdim=True)
    across = torch.where(sine > 1e-6, across, _any_across(here))
    across = _unit(across - (across * here).sum(-1, keepdim=True) * here)
    angle = t * torch.atan2(sine, cosine)  # acos loses half of the digits near 0 and pi
    way = torch.lerp(length_a, length_b, t) * (angle.cos() * here + angle.sin() * across)
    return torch.where(t == 0, a, torch.where(t == 1, b, way))


def _unit(x: Tensor) -> Tensor:
    """``x`` at length 1; zero stays zero."""
    length = x.norm(dim=-1, keepdim=True)
    return x / torch.where(length == 0, 1, length)


def _any_across(u: Tensor) -> Tensor:
    """A vector at a right angle to each of the unit vectors ``u``; none (zero) in one dimension."""
    axis = F.one_hot(u.abs().argmin(-1), u.shape[-1]).to(u)
    return axis - (axis * u).sum(-1, keepdim=True) * u


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
    convolutions = [part for part in parts if isinstance(part, nn.ConvTranspose2d)]
    return [
        _folded(convolution, after, (1, 0) if i == 0 else (2, 1))
        for i, (convolution, after) in enumerate(zip(convolutions, parts[2::3], strict=True))
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
    weight = c.weight.cpu().double()
    bias = torch.zeros(c.out_channels).double() if c.bias is None else c.bias.cpu().double()
    if isinstance(after, nn.BatchNorm2d):
        if after.running_mean is None or after.running_var is None:
            raise GanCourseError(
                f"{after} keeps no running mean and variance",
                where="generator",
                fix="use batch norm with track_running_stats=True",
            )
        gamma, beta, mean, var = (
            part.cpu().double()
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
