import pytest
import torch
from PIL import Image

from gancourse.data import colours


def test_names_are_read_as_pillow_reads_them():
    from PIL import ImageColor

    names = ["#000000", "#ffffff", "#123456", "#fF8001"]
    assert colours.of_names(names).tolist() == [list(ImageColor.getrgb(name)) for name in names]
    assert colours.of_names(names).dtype == torch.float32


def test_brightness_is_pillows_grey():
    """At every colour of a coarse cube, but for the rounding to bytes."""
    levels = torch.arange(0, 256, 15)
    cube = torch.cartesian_prod(levels, levels, levels)
    picture = Image.new("RGB", (len(cube), 1))
    picture.putdata([tuple(colour) for colour in cube.tolist()])
    grey = torch.tensor(list(picture.convert("L").tobytes()))
    assert (colours.brightness(cube) - grey).abs().max() <= 0.51


def test_white_is_white_and_a_picture_loses_its_last_axis():
    assert colours.brightness(torch.tensor([255, 255, 255])).item() == pytest.approx(255)
    assert colours.brightness(torch.zeros(2, 5, 5, 3, dtype=torch.uint8)).shape == (2, 5, 5)
