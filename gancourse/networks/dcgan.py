r"""The convolutional pair of Radford et al. (2016), for images of 16 to 128 pixels a side.

All sizes follow from one formula. A transposed convolution with kernel 4, stride 2 and padding 1
doubles the side, $S(W-1)+F-2P=2(W-1)+4-2=2W$, and the convolution with the same numbers halves it.
The generator opens with a 4 by 4 map and doubles until it has the size asked for.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from gancourse.errors import GanCourseError, demand_whole

SIZES = (16, 32, 64, 128)


def generator(size: int, channels: int, latent_dim: int, width: int = 32) -> nn.Sequential:
    """Noise ``(batch, latent_dim)`` to images ``(batch, channels, size, size)`` in [-1, 1].

    ``width`` is the number of maps before the last layer; it doubles with each layer towards the
    noise. Batch norm and ReLU after every layer but the last, which has a tanh.
    """
    _check(size, channels, latent_dim=latent_dim, width=width)
    maps = _maps(size, width)[::-1]
    layers: list[nn.Module] = [
        nn.Unflatten(-1, (latent_dim, 1, 1)),
        *_up(latent_dim, maps[0], stride=1, padding=0),
    ]
    for wide, narrow in pairwise(maps):
        layers += _up(wide, narrow)
    layers += [nn.ConvTranspose2d(maps[-1], channels, 4, 2, 1), nn.Tanh()]
    return nn.Sequential(*layers).apply(initialise)


def discriminator(
    size: int, channels: int, width: int = 32, norm: str | None = "batch"
) -> nn.Sequential:
    """Images ``(batch, channels, size, size)`` to raw scores ``(batch,)``.

    ``width`` is the number of maps after the first layer; it doubles while the side halves, down
    to 4 by 4. LeakyReLU(0.2) after every layer but the last. ``norm`` is ``"batch"`` (as in the
    paper: not after the first layer), ``"spectral"``, or ``None`` (for gradient penalties).
    """
    _check(size, channels, width=width)
    if norm not in ("batch", "spectral", None):
        raise GanCourseError(
            f"norm must be 'batch', 'spectral' or None, not {norm!r}", where="dcgan.discriminator"
        )
    maps = _maps(size, width)
    layers: list[nn.Module] = [nn.Conv2d(channels, maps[0], 4, 2, 1), _leaky()]
    for narrow, wide in pairwise(maps):
        layers += [
            nn.Conv2d(narrow, wide, 4, 2, 1, bias=norm != "batch"),
            *([nn.BatchNorm2d(wide)] if norm == "batch" else []),
            _leaky(),
        ]
    layers += [nn.Conv2d(maps[-1], 1, 4, 1, 0), nn.Flatten(0)]
    net = nn.Sequential(*layers).apply(initialise)
    if norm == "spectral":
        for layer in net:
            if isinstance(layer, nn.Conv2d):
                nn.utils.parametrizations.spectral_norm(layer)
    return net


def initialise(layer: nn.Module) -> None:
    """Convolutions ~ N(0, 0.02), batch-norm scales ~ N(1, 0.02), every shift 0."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


@torch.no_grad()
def sizes(net: nn.Sequential, x: Tensor) -> list[tuple[str, tuple[int, ...]]]:
    """Name and output shape (without the batch) of every convolution that ``x`` goes through."""
    rows = [("input", tuple(x.shape[1:]))]
    for layer in net.eval():
        x = layer(x)
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            rows.append((type(layer).__name__, tuple(x.shape[1:])))
    net.train()
    return rows


def _maps(size: int, width: int) -> list[int]:
    """Maps at sides size/2, size/4, ..., 4."""
    return [width * 2**i for i in range(int(math.log2(size)) - 2)]


def _up(inputs: int, outputs: int, stride: int = 2, padding: int = 1) -> list[nn.Module]:
    # Batch norm subtracts the mean, so a bias before it would do nothing.
    return [
        nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


def _leaky() -> nn.Module:
    return nn.LeakyReLU(0.2, inplace=True)  # no layer needs its output once this has it


def _check(size: int, channels: int, **counts: int) -> None:
    if not isinstance(size, int | float) or size not in SIZES:
        raise GanCourseError(
            f"size must be one of {', '.join(map(str, SIZES))}, not {size!r}",
            where="dcgan",
            fix="resize the images, e.g. images(..., size=64)",
        )
    if type(channels) is not int or channels not in (1, 3):
        raise GanCourseError(
            f"channels must be 1 (grey) or 3 (RGB), not {channels!r}",
            where="dcgan",
            fix="convert the images to grey or RGB",
        )
    for name, value in counts.items():
        demand_whole(name, value, least=1, where="dcgan")
