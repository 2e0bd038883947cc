"""A folder of the reader's own pictures, whatever they are, as square images of one size."""

import os
import re
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

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

#: A folder with one of these is what a run has left, or `sample`: its pictures are no data.
OUTPUT = re.compile(r"step-\d{8}\.pt|best\.pt|metrics\.jsonl|walk\.png")

#: So many unreadable files are named one by one; the others are counted.
NAMED = 20

#: Bytes that a picture may unpack to, or so many times its file: a photograph stays far below.
UNPACKED, TIMES = 1 << 26, 200


def load(folder: str | Path, size: int, channels: int) -> tuple[torch.Tensor, dict, dict]:
    """Every picture below ``folder``: turned upright, cropped to its central square, resized.

    Grey, RGB, RGBA (on white), CMYK, palette and 16-bit pictures all become ``channels`` channels;
    of an animation the first picture is taken. Links to pictures are followed, links to folders are
    not; folders that a run has left are passed over, so that no output becomes data, and so are
    pictures of other formats and hidden ones: a warning says how many, which and why. (What begins
    with ``._`` or lies in a hidden folder is the system's own, and is not mentioned.)
    All files are read before anything is returned, and one error names those that cannot be.

    White is 255; in 16 bits, or more, 65535; of floating-point numbers 1, or 255 if there is a
    larger one. Where whole numbers reach less than a sixteenth of it, a warning says that they will
    look black: cameras put 12 bits into 16.
    """
    folder = Path(folder)
    paths = _pictures(folder)
    pixels, unreadable = [], []
    dark: list[Path] = []
    for path in paths:
        try:
            pixels.append(read(path, size, channels, dark))
        except Exception as problem:  # a decoder of damaged files raises a dozen kinds
            unreadable.append(f"{path.relative_to(folder)} ({_reason(problem, path)})")
    if unreadable:
        raise GanCourseError(
            f"{len(unreadable)} of {len(paths)} pictures cannot be read: {_named(unreadable)}",
            where=str(folder),
            fix="repair them, or move them out of this folder, and run the same again",
        )
    if dark:
        _warn(
            f"{len(dark)} of 16 bits or more reach less than a sixteenth of white, 65535, and "
            "will look black",
            [os.path.relpath(path, folder) for path in dark],
        )
    return torch.from_numpy(np.stack(pixels)), {}, {}


def _reason(problem: Exception, path: Path) -> str:
    """Why a picture cannot be read, in one line without the names of Python's objects."""
    if isinstance(problem, UnidentifiedImageError):
        return "empty" if path.stat().st_size == 0 else "no picture inside"
    reason = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
    return reason.splitlines()[0].replace(str(path), "file")


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


def _warn(what: str, names: list[str]) -> None:
    """Names come from somebody's files: no line break or escape code of theirs is told."""
    warnings.warn(f"{what}: {ascii(_named(names))[1:-1]}", stacklevel=4)


def _pictures(folder: Path) -> list[Path]:
    """The pictures below the folder, in order; those that are left out are named in a warning."""
    try:
        names = os.listdir(folder)
        found, left = _walked(folder)
    except OSError as problem:
        raise GanCourseError(
            f"the folder cannot be read ({os.strerror(problem.errno or 0).lower()})",
            where=str(problem.filename or folder),
            fix="check the path and its permissions",
        ) from None
    if any(map(OUTPUT.fullmatch, names)):
        raise GanCourseError(
            "it is what a run has left, and output does not become data",
            where=str(folder),
            fix="name the folder of the pictures; to use these samples, copy them elsewhere",
        )
    paths = sorted(path for path in found if path.suffix.lower() in SUFFIXES)
    if not paths:
        reasons = list(left.values())
        others = f", only {n} other files" if (n := len(found)) else ""
        others += f", and links to {n} folders" if (n := reasons.count(LINK)) else ""
        others += f", and {n} folders of runs" if (n := reasons.count(RUN)) else ""
        raise GanCourseError(
            f"there are no pictures in this folder{others}",
            where=str(folder),
            fix=f"put some in (or below) it: {' '.join(SUFFIXES)}",
        )
    left |= {path: FORMAT for path in found if path.suffix.lower() in OTHERS}
    if left:
        told = [f"{os.path.relpath(path, folder)} ({reason})" for path, reason in left.items()]
        _warn(f"{len(left)} {'is' if len(left) == 1 else 'are'} left out", told)
    return paths


#: Why something is left out.
LINK, RUN = "a link to a folder", "what a run has left"
FORMAT, HIDDEN = "of a format that is not read", "hidden"


def _walked(folder: Path) -> tuple[list[Path], dict[Path, str]]:
    """The files below a folder; and what is left out, with the reason."""

    def stop(problem):  # what may not be looked into is not left out in silence
        raise problem

    found: list[Path] = []
    left: dict[Path, str] = {}
    for parent, folders, names in os.walk(folder, onerror=stop):
        here = Path(parent)
        if here != folder and any(map(OUTPUT.fullmatch, names)):
            left[here] = RUN
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        left |= {path: LINK for name in folders if (path := here / name).is_symlink()}
        found += [here / name for name in names if not name.startswith(".")]
        left |= {path: HIDDEN for path in map(here.joinpath, sorted(names)) if _is_hidden(path)}
    return found, left


def _is_hidden(path: Path) -> bool:
    """Whether it is a picture that somebody has hidden, and none of a system's own files."""
    hidden = path.name.startswith(".") and not path.name.startswith("._")
    return hidden and path.suffix.lower() in SUFFIXES


def read(path: Path, size: int, channels: int, dark: list[Path] | None = None) -> np.ndarray:
    """One picture as uint8, ``(size, size, channels)``; what looks black is added to ``dark``.

    Only regular files are opened, and only by the decoders of ``DECODERS``, all of which run in
    this process.
    """
    with warnings.catch_warnings(), files.opened(path, follow=True) as content:
        warnings.simplefilter("ignore")  # odd metadata; what cannot be decoded is an error
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(content, formats=DECODERS) as file:
            _demand_bounded(file, os.fstat(content.fileno()).st_size)
            picture = ImageOps.exif_transpose(file)
            if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
                picture = picture.convert("RGBA")
                paper = Image.new("RGBA", picture.size, "white")
                picture = Image.alpha_composite(paper, picture)
            elif picture.mode.startswith("I") or picture.mode == "F":  # 16 bits and more
                picture, looks_black = _to_eight_bits(picture)
                if looks_black and dark is not None:
                    dark.append(path)
            picture = picture.convert("L" if channels == 1 else "RGB")
            picture = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
    return np.asarray(picture).reshape(size, size, channels)


def _demand_bounded(picture: Image.Image, size: int) -> None:
    """Raise for a small file that says it is a huge picture, before any of it is unpacked."""
    unpacked = 4 * picture.width * picture.height
    if unpacked > max(UNPACKED, TIMES * size):
        raise ValueError(
            f"{picture.width} x {picture.height} pixels in {size} bytes: more than is unpacked"
        )


def _to_eight_bits(picture: Image.Image) -> tuple[Image.Image, bool]:
    """The picture, and whether its values are so low that it looks black."""
    values = np.asarray(picture, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("it holds NaN or infinity")
    low, high = float(values.min()), float(values.max())
    whole = picture.mode.startswith("I")
    white = 65535.0 if whole else 1.0 if high <= 1 else 255.0
    if low < 0 or high > white:
        raise ValueError(f"its values go from {low:g} to {high:g}, not from 0 to {white:g}")
    eight = Image.fromarray((values / white * 255).round().astype(np.uint8))
    return eight, whole and 0 < high < white / 16
