"""Images: one resident ``uint8`` tensor, and endless batches drawn from it.

Small image sets fit into memory whole. Indexing one tensor is much faster than a ``DataLoader``
that opens, decodes and collates single images, and it needs no worker processes.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gancourse.data import colours
from gancourse.data.dataset import Batches, sha256
from gancourse.devices import usable
from gancourse.errors import GanCourseError, demand_seed, demand_whole

#: What a source of pictures returns, in plain tensors: pixels, labels by name, and the names of
#: the labels' values. Only :func:`images` makes :class:`Images` of them, at the very end.
Source = tuple[Tensor, dict[str, Tensor], dict[str, list[str]]]
NAMES = ("faces", "digits", "mnist", "fashion", "cifar10", "celeba")


class Images:
    """``pixels``: uint8, ``(n, size, size, channels)``; ``labels``: name to ``(n,)`` integers.

    ``categories`` names the values of a label where they have names.
    """

    def __init__(
        self,
        name: str,
        pixels: Tensor,
        labels: dict[str, Tensor] | None = None,
        categories: dict[str, list[str]] | None = None,
    ):
        _demand_pixels(pixels, name)
        self.name, self.pixels = name, pixels
        self.labels, self.categories = labels or {}, categories or {}
        for label, values in self.labels.items():
            if not isinstance(values, Tensor):
                raise GanCourseError(
                    f"labels {label!r} must be a tensor, not {type(values).__name__}", where=name
                )
            if len(values) != len(pixels):
                raise GanCourseError(
                    f"{len(values)} labels {label!r} for {len(pixels)} images", where=name
                )

    @property
    def size(self) -> int:
        """Side in pixels."""
        return self.pixels.shape[1]

    @property
    def channels(self) -> int:
        """1 for grey, 3 for RGB."""
        return self.pixels.shape[3]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one image as a network sees it: ``(channels, size, size)``."""
        return self.channels, self.size, self.size

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index) -> Tensor:
        """Images as a network sees them: float, ``(n, channels, size, size)``, in [-1, 1]."""
        # A permuted view: already in the channels_last layout that convolutions prefer.
        return self.pixels[index].permute(0, 3, 1, 2).float().div_(127.5).sub_(1)

    def sample(self, n: int, seed: int | None = None) -> Tensor:
        """``n`` images, ``(n, *shape)``; with a ``seed``, the same ones each time.

        In an order drawn at random, on the CPU, so that every device gets the same: none comes
        twice before all have come once.
        """
        demand_whole("n", n, least=1, where=self.name)
        if seed is not None:
            demand_seed(seed, where=self.name)
        if not len(self):
            raise GanCourseError("there are no images", where=self.name)
        rng = None if seed is None else torch.Generator().manual_seed(seed)
        rounds = [torch.randperm(len(self), generator=rng) for _ in range(-(-n // len(self)))]
        return self[torch.cat(rounds)[:n].to(self.pixels.device)]

    def batches(self, size: int, label: str | None = None) -> Iterator[tuple[Tensor, ...]]:
        """Endless batches ``(x,)``, or ``(x, label)``, drawn independently and with replacement."""
        demand_whole("batch size", size, least=1, where=self.name)
        if label is not None and label not in self.labels:
            raise GanCourseError(
                f"there is no label {label!r}",
                where=self.name,
                fix=f"use one of {', '.join(self.labels)}" if self.labels else "leave it out",
            )
        if size > len(self):
            raise GanCourseError(
                f"a batch of {size} is larger than the data ({len(self)} images)",
                where=self.name,
                fix=f"use a batch size of at most {len(self)}",
            )
        labels = None if label is None else self.labels[label]

        def draw() -> tuple[Tensor, ...]:
            index = torch.randint(len(self), (size,), device=self.pixels.device)
            return (self[index],) if labels is None else (self[index], labels[index])

        drawn = f"batches of {size}" + (f" with {label}" if label is not None else "")
        return Batches(draw, lambda: f"{self.fingerprint}, {drawn}")

    @cached_property
    def fingerprint(self) -> str:
        """How many, how large, and a sha256 of pixels and labels; names of files say nothing."""
        contents = sha256([self.pixels, *(self.labels[name] for name in sorted(self.labels))])
        labels = f" with {', '.join(sorted(self.labels))}" if self.labels else ""
        return f"{len(self)} images, {tuple(self.pixels.shape[1:])}{labels}, sha256 {contents}"

    def to(self, device: torch.device | str) -> "Images":
        """The same images, resident on ``device``."""
        device = usable(device)
        labels = {name: values.to(device) for name, values in self.labels.items()}
        return Images(self.name, self.pixels.to(device), labels, self.categories)


def images(
    name_or_folder: str | Path,
    size: int | None = None,
    *,
    channels: int | None = None,
    root: str | Path = "data",
    download: bool = False,
) -> Images:
    """A named set of images, or the pictures below a folder, ``size`` pixels a side.

    ===========  =====================================================================
    ``faces``    10,000 pixel-art faces, 16 x 16 RGB, with their attributes; shipped
    ``digits``   1,797 handwritten digits of scikit-learn, 8 x 8 grey, enlarged to 16
    ``mnist``    60,000 handwritten digits, 28 x 28 grey
    ``fashion``  60,000 pieces of clothing, 28 x 28 grey
    ``cifar10``  50,000 things and animals, 32 x 32 RGB
    ``celeba``   162,770 faces of celebrities, RGB, cropped to their middle square
    a folder     every picture below it, cropped to its middle square
    ===========  =====================================================================

    The last four names go through torchvision, from the folder ``root``; nothing is downloaded
    unless ``download`` says so. Without a ``size`` a set keeps its own; ``celeba`` and folders,
    which have none, get 64. ``channels`` converts to grey (1) or RGB (3).
    """
    if not isinstance(name_or_folder, str | Path):
        raise GanCourseError(
            f"the data must be a name or a folder, not {name_or_folder!r}",
            where="images",
            fix=f"use one of {', '.join(NAMES)} or a path",
        )
    if size is not None:
        demand_whole("size", size, least=1, where="images")
    if channels is not None and (type(channels) is not int or channels not in (1, 3)):
        raise GanCourseError(
            f"channels must be 1 (grey) or 3 (RGB), not {channels!r}", where="images"
        )
    name, (pixels, labels, categories) = _source(name_or_folder, size, channels, root, download)
    _demand_pixels(pixels, name)  # resizing would make bytes of anything
    pixels = _as_channels(_resized(pixels, size or pixels.shape[1]), channels)
    return Images(name, pixels, labels, categories)


def _source(name_or_folder, size, channels, root, download) -> tuple[str, Source]:
    """The name of a set, and what its source returns; opened only when it is asked for."""
    if name_or_folder == "faces":
        from gancourse.data import faces

        return "faces", faces.load()
    if name_or_folder == "digits":
        return "digits", _digits()
    if name_or_folder in NAMES:
        from gancourse.data import torchvision_sets

        return name_or_folder, torchvision_sets.load(name_or_folder, size or 64, root, download)
    if name_or_folder and _is_folder(name_or_folder):
        from gancourse.data import folders

        return Path(name_or_folder).name, folders.load(name_or_folder, size or 64, channels or 3)
    raise GanCourseError(
        f"{str(name_or_folder)!r} is neither a known data set nor a folder",
        where="images",
        fix=f"use one of {', '.join(NAMES)} or an existing path",
    )


def _demand_pixels(pixels: Tensor, name: str) -> None:
    if not isinstance(pixels, Tensor) or pixels.dtype != torch.uint8:
        kind = pixels.dtype if isinstance(pixels, Tensor) else type(pixels).__name__
        raise GanCourseError(
            f"pixels must be a uint8 tensor, not {kind}",
            where=name,
            fix="values in [-1, 1]: ((x + 1) * 127.5).round().to(torch.uint8)",
        )
    if pixels.ndim != 4 or pixels.shape[1] != pixels.shape[2] or pixels.shape[3] not in (1, 3):
        raise GanCourseError(
            f"pixels must have shape (n, size, size, 1 or 3), not {tuple(pixels.shape)}", where=name
        )


def _is_folder(path: str | Path) -> bool:
    try:
        return Path(path).is_dir()
    except OSError:  # a name too long, a place that may not be looked at
        return False


def _digits() -> Source:
    from sklearn.datasets import load_digits

    found = load_digits()
    pixels = torch.from_numpy(found.images / 16 * 255).round().to(torch.uint8)[..., None]
    # At 8 x 8 the strokes are too coarse for a convolution; 16 is the smallest size of a DCGAN.
    return _resized(pixels, 16), {"digit": torch.from_numpy(found.target.astype(np.int64))}, {}


def _resized(pixels: Tensor, size: int) -> Tensor:
    if pixels.shape[1] == size:
        return pixels
    pictures = pixels.permute(0, 3, 1, 2).float()
    whole = size % pixels.shape[1] == 0 and pixels.shape[3] == 3  # pixel art keeps its edges
    pictures = (
        F.interpolate(pictures, size=size, mode="nearest")
        if whole
        else F.interpolate(pictures, size=size, mode="bilinear", antialias=True)
    )
    return pictures.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _as_channels(pixels: Tensor, channels: int | None) -> Tensor:
    if channels in (None, pixels.shape[3]):
        return pixels
    if channels == 3:
        return pixels.expand(-1, -1, -1, 3).contiguous()
    return colours.brightness(pixels).round().to(torch.uint8)[..., None]
