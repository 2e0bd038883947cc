"""The sheet: what a diagram is drawn on."""

import re
import xml.etree.ElementTree as ET

import pytest

from gancourse.drawings import machine, network
from gancourse.drawings.drawing import COLOURS, HEAD, WIDTH, Drawing, number

TELEPHONE = 350  # pixels that a page leaves on a telephone of 390
SVG = "{http://www.w3.org/2000/svg}"
ALL = [machine.gan_machine, network.neuron, network.layers, network.backward_pass]

each_drawing = pytest.mark.parametrize("draw", ALL, ids=lambda draw: draw.__name__)


def luminance(colour):
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@each_drawing
def test_letters_are_large_enough_on_a_telephone(draw):
    sheet = draw()
    assert sheet.letters and min(sheet.letters) * TELEPHONE / WIDTH >= 10


@each_drawing
def test_it_is_a_picture_that_says_what_it_shows_and_asks_for_nothing(draw):
    text = draw()._repr_svg_()
    root = ET.fromstring(text)
    assert root.find(f"{SVG}title").text == draw().says and len(draw().says) > 80
    assert text == draw()._repr_svg_()
    assert not re.search("script|href|url\\(|http", text.replace(SVG[1:-1], ""))


@each_drawing
def test_nothing_lies_outside_the_sheet(draw):
    root = ET.fromstring(draw()._repr_svg_())
    height = draw().height
    for node in root.iter():
        if node.tag == f"{SVG}text":
            wide = 7.2 * len("".join(node.itertext()))  # of a broad font
            left = {"start": 0, "middle": wide / 2, "end": wide}[node.get("text-anchor")]
            x = float(node.get("x")) - left
            assert x > 0 and x + wide < WIDTH, "".join(node.itertext())
            assert 12 < float(node.get("y")) < height - 4
        if node.tag == f"{SVG}circle":
            x, y, r = (float(node.get(name)) for name in ("cx", "cy", "r"))
            assert r < x < WIDTH - r and r < y < height - r


@pytest.mark.parametrize("k", [0, 1], ids=["light", "dark"])
def test_every_colour_can_be_read(k):
    """Words on the ground, and what stands on a filled box, as WCAG AA asks of text."""
    ground = COLOURS["wash"][k]
    for name in ("ink", "soft", "real", "fake", "third"):
        assert contrast(COLOURS[name][k], ground) >= 4.5, name
    for name in ("real", "fake"):
        assert contrast(COLOURS["moved"][k], COLOURS[name][k]) >= 4.5, name


def test_words_are_escaped_and_letters_of_a_formula_slanted():
    sheet = Drawing(40, "a < b")
    sheet.words(200, 20, "*x* < *y* & more")
    root = ET.fromstring(sheet._repr_svg_())
    (text,) = root.iter(f"{SVG}text")
    assert "".join(text.itertext()) == "x < y & more"
    assert [span.text for span in text if span.get("class") == "formula"] == ["x", "y"]


def test_an_arrow_ends_where_it_should():
    """Its tip lies on the last point and its shaft stops at the head."""
    sheet = Drawing(40, "an arrow")
    sheet.line([(10, 20), (110, 20)], arrow=True)
    head, shaft = sheet.parts
    assert 'd="M110.0 20.0L' in head and f"L{110 - HEAD:.1f} 20.0" in shaft


@pytest.mark.parametrize(
    ("value", "text"), [(-2.0, "\u22122"), (0.5, "0.5"), (-0.0, "0"), (0.731, "0.73"), (100, "100")]
)
def test_numbers(value, text):
    assert number(value) == text
