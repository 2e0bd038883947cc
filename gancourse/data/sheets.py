"""Many images on one sheet, as an array and as a PNG file. Needs no matplotlib."""

import io
import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def sheet_of(pictures: Tensor, columns: int, gutter: int = 1) -> np.ndarray:
    """Images ``(n, channels, height, width)`` in [-1, 1] as one array, ``columns`` in a row.

    Its shape is ``(height, width, 4)``: red, green, blue and opacity in [0, 1]. Between the images
    runs a transparent gutter of one pixel, or of ``gutter`` pixels.
    """
    pictures = ((pictures.detach().float().cpu() + 1) / 2).clamp(0, 1)
    n, channels, height, width = pictures.shape
    columns = min(columns, n)
    rows, down, right = math.ceil(n / columns), height + gutter, width + gutter
    sheet = torch.zeros(4, rows * down - gutter, columns * right - gutter)
    for i, one in enumerate(pictures.expand(n, 3, height, width) if channels == 1 else pictures):
        y, x = (i // columns) * down, (i % columns) * right
        sheet[:3, y : y + height, x : x + width] = one
        sheet[3, y : y + height, x : x + width] = 1
    return sheet.permute(1, 2, 0).numpy()


def image(pictures: Tensor, columns: int, gutter: int = 1) -> Image.Image:
    """The sheet in eight bits a channel, pixel for pixel."""
    return Image.fromarray(np.round(sheet_of(pictures, columns, gutter) * 255).astype(np.uint8))


def png(pictures: Tensor, columns: int, scale: int = 1, colours: int | None = None) -> bytes:
    """The sheet as a PNG, each pixel a square of ``scale`` by ``scale``; exact, or small with a
    palette of at most 256 ``colours``."""
    sheet = image(pictures, columns)
    if colours is not None:
        sheet = sheet.quantize(colours, Image.Quantize.FASTOCTREE)
    large = sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    large.save(buffer, "png", optimize=True)
    return buffer.getvalue()
