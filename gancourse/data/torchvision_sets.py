"""The classic image sets, through torchvision. Nothing is downloaded unless it is asked for.

torchvision knows where the files come from, how to unpack them and what their labels mean; of its
data sets only the arrays are used. It is imported when the first set is asked for.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gancourse.data.folders import read
from gancourse.errors import GanCourseError


def load(name: str, size: int, root: str | Path, download: bool) -> tuple[Tensor, dict, dict]:
    """The training part of ``mnist``, ``fashion``, ``cifar10`` or ``celeba``, from ``root``.

    Pixels, labels and the names of the labels' values, as every source of
    :mod:`gancourse.data.images` returns them. The first three come in their own size with the label
    ``class``; only ``celeba``, whose pictures are 178 x 218, is cropped and resized to ``size``,
    and has forty labels of 0 and 1. :class:`GanCourseError` if the files are not there.
    """
    datasets = _datasets()
    try:
        if name == "celeba":
            return _celeba(
                datasets.CelebA(root, split="train", target_type="attr", download=download), size
            )
        kind = {
            "mnist": datasets.MNIST,
            "fashion": datasets.FashionMNIST,
            "cifar10": datasets.CIFAR10,
        }[name]
        found = kind(root, train=True, download=download)
    except Exception as problem:
        reason = (str(problem) or type(problem).__name__).splitlines()[0]
        raise GanCourseError(
            f"{name!r} is not below {str(root)!r} ({reason})",
            where="images",
            fix=f"images({name!r}, root=..., download=True) fetches it once; "
            "or use 'faces' or 'digits', which need no download",
        ) from None
    pixels = torch.as_tensor(np.asarray(found.data))
    pixels = pixels[..., None] if pixels.ndim == 3 else pixels
    return pixels, {"class": torch.as_tensor(found.targets)}, {"class": list(found.classes)}


def _celeba(found, size: int) -> tuple[Tensor, dict, dict]:
    """Its pictures are files, read one by one like a reader's own."""
    folder = Path(found.root) / found.base_folder / "img_align_celeba"
    pixels = np.stack([read(folder / name, size, 3) for name in found.filename])
    labels = {name: found.attr[:, i] for i, name in enumerate(found.attr_names) if name}
    return torch.from_numpy(pixels), labels, {}


def _datasets():
    """``torchvision.datasets``, also where torchvision's compiled operators do not fit torch."""
    try:
        from torchvision import datasets
    except RuntimeError:  # "operator torchvision::nms does not exist": a wheel for another torch
        _library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            _library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        globals()["_library"] = _library  # the definitions live as long as this object
        from torchvision import datasets
    except ImportError:
        raise GanCourseError(
            "this data set needs torchvision", where="images", fix="pip install torchvision"
        ) from None
    return datasets
