"""A folder of the reader's own pictures, whatever they are, as square images of one size."""

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from gancourse.data.images import Images
from gancourse.errors import GanCourseError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")


def load(folder: Path, size: int, channels: int) -> Images:
    """Every picture below ``folder``: turned upright, cropped to its central square, resized.

    Grey, RGB, RGBA (on white), CMYK and palette pictures all become ``channels`` channels.
    Hidden files are passed over. All files are read before anything is returned, and one error
    names those that cannot be.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES
                   and not any(part.startswith(".") for part in path.relative_to(folder).parts))
    if not paths:
        raise GanCourseError("there are no pictures in this folder", where=str(folder),
                             fix=f"put some in (or below) it: {' '.join(SUFFIXES)}")
    pixels, unreadable = [], []
    for path in paths:
        try:
            pixels.append(read(path, size, channels))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError,
                Image.DecompressionBombWarning) as problem:
            reason = (str(problem) or type(problem).__name__).splitlines()[0]
            unreadable.append(f"{path.relative_to(folder)} ({reason.replace(str(path), 'file')})")
    if unreadable:
        more = f" and {len(unreadable) - 5} more" if len(unreadable) > 5 else ""
        raise GanCourseError(
            f"{len(unreadable)} of {len(paths)} pictures cannot be read: "
            f"{', '.join(unreadable[:5])}{more}", where=str(folder),
            fix="repair or remove them")
    return Images(folder.name, torch.from_numpy(np.stack(pixels)))


def read(path: Path, size: int, channels: int) -> np.ndarray:
    """One picture as uint8, ``(size, size, channels)``."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path) as file:
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
    top = 65535.0 if picture.mode.startswith("I") else max(float(values.max()), 1e-12)
    return Image.fromarray((values / top * 255).clip(0, 255).round().astype(np.uint8))
