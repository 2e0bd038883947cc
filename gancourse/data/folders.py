"""A folder of the reader's own pictures, whatever they are, as square images of one size."""

import os
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from gancourse.errors import GanCourseError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")


#: So many unreadable files are named one by one; the others are counted.
NAMED = 20


def load(folder: str | Path, size: int, channels: int) -> tuple[torch.Tensor, dict, dict]:
    """Every picture below ``folder``: turned upright, cropped to its central square, resized.

    Grey, RGB, RGBA (on white), CMYK, palette and 16-bit pictures all become ``channels`` channels;
    of an animation the first picture is taken. Hidden files are passed over. All files are read
    before anything is returned, and one error names those that cannot be.
    """
    folder = Path(folder)
    paths = _pictures(folder)
    pixels, unreadable = [], []
    for path in paths:
        try:
            pixels.append(read(path, size, channels))
        except Exception as problem:  # a decoder of damaged files raises a dozen kinds
            reason = (str(problem) or type(problem).__name__).splitlines()[0]
            unreadable.append(f"{path.relative_to(folder)} ({reason.replace(str(path), 'file')})")
    if unreadable:
        more = f" and {len(unreadable) - NAMED} more" if len(unreadable) > NAMED else ""
        raise GanCourseError(
            f"{len(unreadable)} of {len(paths)} pictures cannot be read: "
            f"{', '.join(unreadable[:NAMED])}{more}",
            where=str(folder),
            fix="repair or remove them",
        )
    return torch.from_numpy(np.stack(pixels)), {}, {}


def _pictures(folder: Path) -> list[Path]:
    try:
        os.listdir(folder)  # rglob passes over what it may not read
        files = [
            path
            for path in folder.rglob("*")
            if not path.is_dir()
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        ]
    except OSError as problem:
        raise GanCourseError(
            f"the folder cannot be read ({os.strerror(problem.errno or 0).lower()})",
            where=str(folder),
            fix="check the path and its permissions",
        ) from None
    paths = sorted(path for path in files if path.suffix.lower() in SUFFIXES)
    if not paths:
        others = f", only {len(files)} other files" if files else ""
        raise GanCourseError(
            f"there are no pictures in this folder{others}",
            where=str(folder),
            fix=f"put some in (or below) it: {' '.join(SUFFIXES)}",
        )
    return paths


def read(path: Path, size: int, channels: int) -> np.ndarray:
    """One picture as uint8, ``(size, size, channels)``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd metadata; what cannot be decoded is an error
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
    if not np.isfinite(values).all():
        raise ValueError("it holds NaN or infinity")
    top = 65535.0 if picture.mode.startswith("I") else max(float(values.max()), 1e-12)
    return Image.fromarray((values / top * 255).clip(0, 255).round().astype(np.uint8))
