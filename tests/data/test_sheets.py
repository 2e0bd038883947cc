"""A sheet of pictures holds the very pixels."""

import io

import numpy as np
import torch
from PIL import Image

from gancourse.data.sheets import image, png, sheet_of


def test_a_sheet_holds_the_very_pixels():
    pictures = torch.rand(6, 3, 4, 4) * 2 - 1
    sheet = sheet_of(pictures, columns=3)
    assert sheet.shape == (9, 14, 4)
    assert torch.allclose(
        torch.from_numpy(sheet[5:9, 10:14, :3]).permute(2, 0, 1), (pictures[5] + 1) / 2
    )
    assert sheet[4].sum() == 0, "the gutter is transparent"


def test_a_sheet_without_a_gutter_is_the_pictures_and_nothing_else():
    pictures = torch.arange(4 * 12.0).view(4, 3, 2, 2) / 127.5 - 1
    sheet = torch.from_numpy(np.array(image(pictures, columns=2, gutter=0)))
    assert sheet.shape == (4, 4, 4) and (sheet[..., 3] == 255).all()
    pixels = torch.arange(4 * 12).view(4, 3, 2, 2).permute(0, 2, 3, 1)
    for i, corner in enumerate([(0, 0), (0, 2), (2, 0), (2, 2)]):
        y, x = corner
        assert torch.equal(sheet[y : y + 2, x : x + 2, :3].long(), pixels[i])


def test_a_png_holds_every_shade_exactly():
    shades = torch.arange(256.0).view(1, 1, 16, 16)
    with Image.open(io.BytesIO(png(shades / 127.5 - 1, columns=1))) as picture:
        assert list(picture.convert("L").tobytes()) == list(range(256))
