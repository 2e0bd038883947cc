"""What one number has seen (chapter 8): against the theory, and in a browser."""

from functools import partial

import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.receptive_field import NETWORKS, receptive_field
from gancourse.theory import convolution as theory
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

under_node = partial(harness.under_node, "receptive_field")
PICTURES = torch.rand(64, 3, 16, 16, generator=torch.Generator().manual_seed(0)).round() * 2 - 1
figure = partial(receptive_field, PICTURES)


@needs_node
@pytest.mark.parametrize("net", [*NETWORKS.values(), [(7, 4), (1, 3), (2, 1)]])
def test_fields_are_the_theorys(net):
    found = under_node("return N.fields(g.net);", net=[list(layer) for layer in net])
    assert [tuple(pair) for pair in found] == theory.receptive_field(net)


@needs_browser
def test_building_a_network(open_page):
    page = open_page(figure())
    assert (number(page, "r"), number(page, "j")) == (70, 8)
    assert page.locator("select").input_value() == "PatchGAN, sees 70"
    page.get_by_role("button", name="take one off").click()
    assert number(page, "r") == 46 and page.locator("select").input_value() == ""
    page.get_by_role("button", name="add layer").click()
    assert (number(page, "r"), number(page, "j")) == (70, 16)
    page.locator("select").select_option("six of 3, stride 1")
    assert (number(page, "r"), number(page, "j")) == (13, 1)
    for _ in range(9):
        page.get_by_role("button", name="add layer").click()
    assert page.locator("table.stack tbody tr").count() == 8
    for _ in range(9):
        page.get_by_role("button", name="take one off").click()
    assert page.locator("table.stack tbody tr").count() == 1


@needs_browser
def test_choosing_a_number_by_mouse_and_keyboard(open_page):
    page = open_page(figure())
    drawn = lambda: page.locator("canvas").evaluate("node => node.toDataURL()")
    middle = drawn()
    page.locator("canvas").click(position={"x": 30, "y": 40})
    corner = drawn()
    page.keyboard.press("ArrowRight")
    assert len({middle, corner, drawn()}) == 3
    page.keyboard.press("ArrowLeft")
    assert drawn() == corner


@needs_browser
def test_what_lies_beyond_the_rim_is_not_of_the_picture(open_page):
    page = open_page(figure())
    assert page.inner_text("[data-number=out]") == "27 %" and "rim" not in page.inner_text(".says")
    page.locator("canvas").click(position={"x": 1, "y": 1})
    assert number(page, "r") == 70
    assert page.inner_text("[data-number=out]") == "7 %" and "rim" in page.inner_text(".says")


@needs_browser
def test_the_narrow_page_by_touch(open_page):
    page = open_page(figure(), width=390, touch=True)
    page.get_by_role("button", name="add layer").tap()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@needs_browser
def test_a_sentence_without_scripts(open_page):
    assert_speaks_without_scripts(open_page, figure())


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(figure, at_most=60_000)


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"pictures": PICTURES[:3]}, r"pictures of shape \(3, 3, 16, 16\)"),
        ({"layers": []}, "number of layers is 0"),
        ({"layers": [(8, 1)]}, "filter is 8"),
        ({"layers": [(3, 0)]}, "stride is 0"),
    ],
)
def test_bad_settings_are_named(bad, message):
    with pytest.raises(GanCourseError, match=message):
        receptive_field(**{"pictures": PICTURES, **bad})
