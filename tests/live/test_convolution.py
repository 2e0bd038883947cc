"""The filter that steps (chapter 8): its arithmetic against torch, and the figure in a browser."""

from functools import partial
from itertools import product

import pytest
import torch
from torch.nn import functional as F

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.convolution import FILTER, LINE, convolution
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

under_node = partial(harness.under_node, "convolution")


def layers():
    """Every setting of the sliders, thinned out."""
    for W, k, S, P, d in product((2, 5, 9), (1, 3, 5), (1, 2, 4), (0, 2, 4), (1, 3)):
        yield {"W": W, "F": k, "S": S, "P": P, "d": d}


@needs_node
def test_forward_is_torchs_layer():
    shapes = [shape | {"Q": 0} for shape in layers()]
    body = "return g.shapes.map((s) => N.apply(N.matrix('forward', s), g.w, g.x));"
    found = under_node(body, shapes=shapes, w=FILTER, x=LINE)
    fits = 0
    for shape, y in zip(shapes, found, strict=True):
        W, k, S, P, d = (shape[name] for name in "WFSPd")
        if W + 2 * P < d * (k - 1) + 1:
            assert y == []
            continue
        x, w = torch.tensor(LINE[:W]).double(), torch.tensor(FILTER[:k]).double()
        assert y == F.conv1d(x[None, None], w[None, None], None, S, P, d).flatten().tolist()
        fits += 1
    assert fits > 100


@needs_node
def test_backward_is_torchs_transposed_layer():
    shapes = [
        shape | {"Q": Q} for shape in layers() for Q in range(max(shape["S"], shape["d"])) if Q < 4
    ]
    body = "return g.shapes.map((s) => N.apply(N.matrix('backward', s), g.w, g.x));"
    found = under_node(body, shapes=shapes, w=FILTER, x=LINE)
    for shape, y in zip(shapes, found, strict=True):
        W, k, S, P, d, Q = (shape[name] for name in "WFSPdQ")
        if S * (W - 1) + d * (k - 1) + 1 - 2 * P + Q <= 0:
            assert y == []
            continue
        x, w = torch.tensor(LINE[:W]).double(), torch.tensor(FILTER[:k]).double()
        painted = F.conv_transpose1d(x[None, None], w[None, None], None, S, P, Q, 1, d)
        assert y == painted.flatten().tolist()


def title(page, k):
    return page.locator(".panel b").nth(k).inner_text().replace("\n", "")


@needs_browser
def test_stepping_and_sliders(open_page):
    page = open_page(convolution())
    assert (number(page, "inputs"), number(page, "outputs"), number(page, "back")) == (6, 3, 5)
    assert "row 1 is lit" in title(page, 1)
    page.get_by_role("button", name="step ▶").click()
    assert "row 2 is lit" in title(page, 1)
    for _ in range(2):
        page.get_by_role("button", name="◀ step back").click()
    assert "row 3 is lit" in title(page, 1)
    inputs = page.locator("input[type=range]")
    inputs.nth(0).fill("7")
    assert number(page, "outputs") == 4 and number(page, "back") == 7
    inputs.nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert number(page, "outputs") == 4 and "output padding 1 gives 8" in page.inner_text(".says")
    inputs.nth(3).fill("0")
    inputs.nth(0).fill("2")
    assert page.locator("[data-number=outputs]").inner_text() == "0"
    assert "does not fit" in page.inner_text(".says")


@needs_browser
def test_the_other_way_round(open_page):
    page = open_page(convolution())
    page.get_by_role("button", name="transposed").click()
    assert (number(page, "inputs"), number(page, "outputs"), number(page, "back")) == (6, 11, 6)
    assert "column 1 is lit" in title(page, 1)
    page.locator("input[type=range]").nth(5).fill("1")
    assert number(page, "outputs") == 12
    page.locator("svg.steps").nth(1).locator("rect[data-row='4'][data-column='3']").click()
    assert "column 4 is lit" in title(page, 1)


@needs_browser
def test_the_narrow_page_by_touch(open_page):
    page = open_page(convolution(), width=390, touch=True)
    page.get_by_role("button", name="transposed").tap()
    page.locator("input[type=range]").nth(0).fill("9")
    page.locator("input[type=range]").nth(2).fill("4")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="step ▶").tap()
    assert "column 2 is lit" in title(page, 1)


@needs_browser
def test_a_long_line_scrolls_to_what_is_lit(open_page):
    """Of 48 cells few fit: the line scrolls in its own box, and shows the patch of the step."""
    page = open_page(convolution(), width=390)
    page.get_by_role("button", name="transposed").click()
    inputs = page.locator("input[type=range]")
    for k, value in enumerate("954433"):
        inputs.nth(k).fill(value)
    page.get_by_role("button", name="◀ step back").click()
    box = page.locator(".roll").nth(0).bounding_box()
    lit = page.locator("svg.steps").nth(0).locator("rect.from.lit").bounding_box()
    assert box["x"] <= lit["x"] and lit["x"] + lit["width"] <= box["x"] + box["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@needs_browser
def test_output_padding_belongs_to_the_transposed_layer(open_page):
    page = open_page(convolution())
    assert page.get_by_text("output padding Q").is_hidden()
    page.get_by_role("button", name="transposed").click()
    assert page.get_by_text("output padding Q").is_visible()


@needs_browser
def test_a_sentence_without_scripts(open_page):
    assert_speaks_without_scripts(open_page, convolution())


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(convolution)


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"W": 1}, "W is 1"),
        ({"F": 6}, "F is 6"),
        ({"S": 0}, "S is 0"),
        ({"P": 5}, "P is 5"),
        ({"line": (1, 2)}, "line is"),
        ({"weights": (1, 2, 3, 4, 0.5)}, "weights is"),
    ],
)
def test_bad_settings_are_named(bad, message):
    with pytest.raises(GanCourseError, match=message):
        convolution(**bad)
