"""The classic image sets, through torchvision. Nothing is downloaded unless it is asked for.

torchvision knows where the files come from, how to unpack them and what their labels mean; of its
data sets only the arrays are used. It is imported when the first set is asked for.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gancourse.data.folders import read
from gancourse.errors import GanCourseError

#: Where a set is fetched from, where torchvision looks for it, and the sha256 of each file.
FETCHED = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "MNIST/raw",
        {
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f"
            "203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730"
            "e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5"
            "a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb25992"
            "4204aec6",
        },
    ),
    "cifar10": (
        "https://www.cs.toronto.edu/~kriz/",
        "",
        {
            "cifar-10-python.tar.gz": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c"
            "001ce",
        },
    ),
}


def load(name: str, size: int, root: str | Path, download: bool) -> tuple[Tensor, dict, dict]:
    """The training part of ``mnist``, ``fashion``, ``cifar10`` or ``celeba``, from ``root``.

    Pixels, labels and the names of the labels' values, as every source of
    :mod:`gancourse.data.images` returns them. The first three come in their own size with the label
    ``class``; only ``celeba``, whose pictures are 178 x 218, is cropped and resized to ``size``,
    and has forty labels of 0 and 1. :class:`GanCourseError` if the files are not there.
    """
    datasets = library()
    if download:
        _fetch(name, root, datasets)
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


def _fetch(name: str, root: str | Path, datasets) -> None:
    """Fetch a set's files over https, and let torchvision see them only with the right sha256.

    torchvision itself compares md5 and falls back to plain http; and CIFAR-10 is a pickle. What
    is offered in no other way is refused.
    """
    if name not in FETCHED:
        raise GanCourseError(
            f"{name!r} is offered without https, or without a sha256 that is known here",
            where="images",
            fix="fetch it yourself from a place that you trust, and say where it lies with root",
        )
    address, below, known = FETCHED[name]
    folder = Path(root) / below
    for file, sha256 in known.items():
        try:
            if not (folder / file).exists():
                datasets.utils.download_url(address + file, folder, file)
            with open(folder / file, "rb") as content:
                found = hashlib.file_digest(content, "sha256").hexdigest()
        except Exception as problem:  # a dozen kinds of a net that fails
            raise GanCourseError(
                f"{file} could not be fetched ({str(problem).splitlines()[0][:200]})",
                where="images",
                fix="try again, or fetch it yourself and say where it lies with root",
            ) from None
        if found != sha256:
            (folder / file).unlink()
            raise GanCourseError(
                f"{file} is another file than the known one (its sha256 is {found})",
                where="images",
                fix="try again; if it stays so, somebody has changed it",
            )


def _celeba(found, size: int) -> tuple[Tensor, dict, dict]:
    """Its pictures are files, read one by one like a reader's own."""
    folder = Path(found.root) / found.base_folder / "img_align_celeba"
    pixels = np.stack([read(folder / name, size, 3) for name in found.filename])
    labels = {name: found.attr[:, i] for i, name in enumerate(found.attr_names) if name}
    return torch.from_numpy(pixels), labels, {}


def library():
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
