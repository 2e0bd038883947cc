import io

import numpy as np
import pytest
import torch
from PIL import Image

from gancourse import plots
from gancourse.data.sheets import image, png, sheet_of
from gancourse.data.toys import ring
from gancourse.networks.mlp import mlp
from gancourse.training import History

HISTORY = History(torch.rand(50, 3), torch.rand(50, 3))


def make(kind):
    if kind == "image_grid":
        return plots.image_grid(torch.rand(20, 3, 16, 16) * 2 - 1, columns=8, title="faces")
    if kind == "image_grids":
        return plots.image_grids([torch.zeros(8, 1, 16, 16)] * 4, list("abcd"), columns=4)
    if kind == "losses":
        return plots.losses(HISTORY, {"log 4": 1.386}, smooth=5)
    if kind == "point_panels":
        return plots.point_panels(ring().sample(50), [ring().sample(50)] * 5, list("abcde"))
    picture, axes = plots.panels(1, 2)
    plots.verdict(axes[0, 0], mlp(2, 1))
    return picture


@pytest.mark.parametrize("kind", ["image_grid", "image_grids", "losses", "point_panels", "verdict"])
def test_every_figure_is_a_transparent_png_and_the_same_bytes_each_time(kind):
    torch.manual_seed(0)
    first = make(kind)._repr_png_()
    torch.manual_seed(0)
    assert make(kind)._repr_png_() == first
    picture = Image.open(io.BytesIO(first)).convert("RGBA")
    assert picture.width > 600
    assert picture.getpixel((0, 0))[3] == 0


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


def test_no_window_is_ever_opened():
    import sys

    make("losses")
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
