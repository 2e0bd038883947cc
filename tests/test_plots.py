import io

import pytest
import torch
from matplotlib.text import Text
from PIL import Image

from alt_texts import SIZES
from gancourse import plots
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


SHOWN = {"wide": 672, "middling": 480, "": 358}  # how wide, on a page of 390 pixels (course.css)


def label_on_a_phone(picture):
    """Pixels of the smallest label, where a phone shows the picture."""
    width = Image.open(io.BytesIO(picture._repr_png_())).width
    texts = picture.findobj(Text)
    points = min(t.get_fontsize() for t in texts if t.get_visible() and t.get_text().strip())
    name = next((name for least, name in SIZES if width > least), "")
    return points / 72 * plots.DPI * SHOWN[name] / width


@pytest.mark.parametrize("kind", ["image_grid", "image_grids", "losses", "point_panels", "verdict"])
def test_labels_are_legible_on_a_phone(kind):
    assert label_on_a_phone(make(kind)) >= 10


@pytest.mark.parametrize("width, points", [(7.2, 8), (8.4, 9), (5.2, 8), (3.8, 8)])
def test_any_picture_of_the_book_may_have_these_labels(width, points):
    """What tests/book/test_chapters.py allows in a chapter."""
    picture, axes = plots.panels(width=width)
    axes[0, 0].set_title("title", fontsize=points)
    axes[0, 0].set(xticks=[], yticks=[])
    assert label_on_a_phone(picture) >= 10


def test_no_window_is_ever_opened():
    import sys

    make("losses")
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
