"""A folder of the reader's own pictures, whatever they are, as square images of one size."""

import os
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from gancourse import files
from gancourse.errors import GanCourseError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")

#: What Pillow may take a file for, whatever its name. Left to itself it knows forty formats, and
#: one of them, PostScript, is a program that it hands to another program to be run.
DECODERS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
#: Pictures as well, to people; they are named when they are left out.
OTHERS = (".heic", ".heif", ".avif", ".jfif", ".jp2", ".jxl", ".tga", ".psd", ".svg", ".eps")

#: Where a camera notes how it was held.
ORIENTATION = 0x0112

#: So many unreadable files are named one by one; the others are counted.
NAMED = 20


def load(folder: str | Path, size: int, channels: int) -> tuple[torch.Tensor, dict, dict]:
    """Every picture below ``folder``: turned upright, cropped to its central square, resized.

    Grey, RGB, RGBA (on white), CMYK, palette and 16-bit pictures all become ``channels`` channels;
    of an animation the first picture is taken. Hidden files are passed over. Links to pictures are
    followed, links to folders are not: a warning names these, and pictures of other formats, once.
    All files are read before anything is returned, and one error names those that cannot be.
    """
    folder = Path(folder)
    paths = _pictures(folder)
    pixels, unreadable = [], []
    for path in paths:
        try:
            pixels.append(read(path, size, channels))
        except Exception as problem:  # a decoder of damaged files raises a dozen kinds
            reason = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
            reason = reason.splitlines()[0].replace(str(path), "file")
            unreadable.append(f"{path.relative_to(folder)} ({reason})")
    if unreadable:
        raise GanCourseError(
            f"{len(unreadable)} of {len(paths)} pictures cannot be read: {_named(unreadable)}",
            where=str(folder),
            fix="repair or remove them",
        )
    return torch.from_numpy(np.stack(pixels)), {}, {}


def shapes(folder: str | Path, most: int = 1000) -> tuple[int, list[tuple[int, int]]]:
    """How many pictures there are below ``folder``, and width and height of (``most`` of) them.

    From their headers alone, so it is quick; what cannot be read is left to :func:`load` to name.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is left out is named once, by load
        paths = _pictures(Path(folder))
        return len(paths), [
            shape for path in paths[:: -(-len(paths) // most)] if (shape := _shape(path))
        ]


def _shape(path: Path) -> tuple[int, int] | None:
    try:
        with (
            files.opened(path, follow=True) as content,
            Image.open(content, formats=DECODERS) as file,
        ):
            turned = file.getexif().get(ORIENTATION, 1) >= 5  # a telephone held upright
            return file.size[::-1] if turned else file.size
    except Exception:  # a decoder of damaged files raises a dozen kinds
        return None


def _named(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _pictures(folder: Path) -> list[Path]:
    """The pictures below the folder, in order; those that are left out are named in a warning."""
    try:
        os.listdir(folder)
        found, linked = _walked(folder)
    except OSError as problem:
        raise GanCourseError(
            f"the folder cannot be read ({os.strerror(problem.errno or 0).lower()})",
            where=str(problem.filename or folder),
            fix="check the path and its permissions",
        ) from None
    paths = sorted(path for path in found if path.suffix.lower() in SUFFIXES)
    if not paths:
        others = f", only {len(found)} other files" if found else ""
        others += f", and links to {len(linked)} folders" if linked else ""
        raise GanCourseError(
            f"there are no pictures in this folder{others}",
            where=str(folder),
            fix=f"put some in (or below) it: {' '.join(SUFFIXES)}",
        )
    left = [f"{path} (a link to a folder)" for path in linked]
    left += [str(path) for path in found if path.suffix.lower() in OTHERS]
    if left:
        names = ascii(_named([os.path.relpath(path, folder) for path in left]))[1:-1]
        warnings.warn(f"{len(left)} are left out: {names}", stacklevel=2)
    return paths


def _walked(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files below a folder, and the links in it to other folders; hidden ones are not seen."""

    def stop(problem):  # what may not be looked into is not left out in silence
        raise problem

    found, linked = [], []
    for parent, folders, names in os.walk(folder, onerror=stop):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in names if not name.startswith(".")]
        linked += [path for name in folders if (path := Path(parent, name)).is_symlink()]
    return found, linked


def read(path: Path, size: int, channels: int) -> np.ndarray:
    """One picture as uint8, ``(size, size, channels)``.

    Only regular files are opened, and only by the decoders of ``DECODERS``, all of which run in
    this process.
    """
    with warnings.catch_warnings(), files.opened(path, follow=True) as content:
        warnings.simplefilter("ignore")  # odd metadata; what cannot be decoded is an error
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(content, formats=DECODERS) as file:
            picture = ImageOps.exif_transpose(file)
            if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
                picture = picture.convert("RGBA")
                paper = Image.new("RGBA", picture.size, "white")
                picture = Image.alpha_composite(paper, picture)
            elif picture.mode.startswith("I") or picture.mode == "F":  # 16 bits and more
                picture = _to_eight_bits(picture)
            picture = picture.convert("L" if channels == 1 else "RGB")
            picture = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
    return np.asarray(picture).reshape(size, size, channels)


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("it holds NaN or infinity")
    top = 65535.0 if picture.mode.startswith("I") else max(float(values.max()), 1e-12)
    return Image.fromarray((values / top * 255).clip(0, 255).round().astype(np.uint8))
