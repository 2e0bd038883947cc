"""Many images on one sheet, as an array and as a PNG file. Needs no matplotlib."""

import io
import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def sheet_of(pictures: Tensor, columns: int) -> np.ndarray:
    """Images ``(n, channels, height, width)`` in [-1, 1] as one array, ``columns`` in a row.

    Its shape is ``(height, width, 4)``: red, green, blue and opacity in [0, 1]. Between the images
    runs a transparent gutter of one pixel.
    """
    pictures = ((pictures.detach().float().cpu() + 1) / 2).clamp(0, 1)
    n, channels, height, width = pictures.shape
    columns = min(columns, n)
    rows = math.ceil(n / columns)
    sheet = torch.zeros(4, rows * (height + 1) - 1, columns * (width + 1) - 1)
    for i, one in enumerate(pictures.expand(n, 3, height, width) if channels == 1 else pictures):
        y, x = (i // columns) * (height + 1), (i % columns) * (width + 1)
        sheet[:3, y : y + height, x : x + width] = one
        sheet[3, y : y + height, x : x + width] = 1
    return sheet.permute(1, 2, 0).numpy()


def png(pictures: Tensor, columns: int, scale: int = 1, colours: int | None = None) -> bytes:
    """The sheet as a PNG, each pixel a square of ``scale`` by ``scale``; exact, or small with a
    palette of at most 256 ``colours``."""
    sheet = Image.fromarray(np.round(sheet_of(pictures, columns) * 255).astype(np.uint8))
    if colours is not None:
        sheet = sheet.quantize(colours, Image.Quantize.FASTOCTREE)
    large = sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    large.save(buffer, "png", optimize=True)
    return buffer.getvalue()
