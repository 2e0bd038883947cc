"""The live figure of chapter 01: its arithmetic against gancourse.theory, its controls by hand."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.likelihood import likelihood
from gancourse.theory import likelihood as mle
from live import harness
from live.harness import assert_self_contained, number

POINTS = [-1.6, -0.4, 0.1, 0.7, 1.2, 1.9, 3.0]
CASES = [
    {"points": points, "mean": mean, "std": std}
    for points in (POINTS, [0.0, 1.0], [4.9, 5.0, -5.0, 2.2])
    for mean in (-5, 0.3, 5)
    for std in (0.1, 1.0, 4.0)
]


def under_node(expression):
    return harness.under_node("likelihood", f"return {expression};")


def theory(points, mean, std):
    """Average log-likelihood here and at the summit, and the slopes, by torch."""
    x = torch.tensor(points, dtype=torch.float64)
    top_mean, top_std = mle.fit_gaussian(x)
    knobs = torch.tensor([mean, math.log(std)], dtype=torch.float64, requires_grad=True)
    here = mle.log_gaussian(x, knobs[0], knobs[1].exp()).mean()
    slopes = torch.autograd.grad(here, knobs)[0].tolist()
    return {
        "mean": top_mean.item(),
        "std": top_std.item(),
        "here": here.item(),
        "best": mle.log_gaussian(x, top_mean, top_std).mean().item(),
        "slopeMean": slopes[0],
        "slopeLogStd": slopes[1],
    }


@needs_node
def test_numbers_agree_with_the_theory():
    for case, shown in zip(CASES, under_node(f"{json.dumps(CASES)}.map(N.at)"), strict=True):
        assert shown == pytest.approx(theory(**case), rel=1e-9, abs=1e-9)


@needs_node
@pytest.mark.parametrize("drop", [0.05, 0.2, 0.5, 1, 2])
def test_level_lines_lie_at_their_height(drop):
    """Every point of the line, put back on the data, is exactly `drop` below the summit."""
    x = torch.tensor(POINTS, dtype=torch.float64)
    mean, std = mle.fit_gaussian(x)
    line = np.array(under_node(f"N.level({drop})"))
    heights = mle.log_gaussian(
        x[:, None], mean + std * torch.tensor(line[:, 0]), std * torch.tensor(line[:, 1])
    ).mean(0)
    best = mle.log_gaussian(x, mean, std).mean()
    np.testing.assert_allclose(heights.numpy(), float(best) - drop, atol=1e-6)
    assert line[:, 0].max() == pytest.approx(math.sqrt(math.exp(2 * drop) - 1), abs=2e-3 * drop)


@needs_node
def test_gradient_ascent_arrives_and_never_falls():
    for case in CASES:
        path = under_node(f"N.climb({json.dumps(case)})")
        heights = [theory(case["points"], **place)["here"] for place in path[::20]]
        assert all(b > a - 1e-9 for a, b in pairwise(heights))
        top = theory(**case)
        assert path[-1] == pytest.approx({"mean": top["mean"], "std": top["std"]}, abs=2e-2)


@needs_node
@pytest.mark.parametrize(
    "log, text",
    [
        (math.log(3.21e-7), "3.2 · 10⁻⁷"),
        (math.log(0.5), "0.50"),
        (math.log(7.4e-32), "7.4 · 10⁻³²"),
    ],
)
def test_small_products_are_readable(log, text):
    assert under_node(f"N.tiny({log})") == text


# ---- in a browser -----------------------------------------------------------------------------

PANELS = ".panel svg[role=img]"


def place(page, panel, x, y, low, high):
    """Page coordinates of a point of a panel."""
    box = page.locator(PANELS).nth(panel).bounding_box()
    return (
        box["x"] + 38 + (x + 5) / 10 * (box["width"] - 50),
        box["y"] + 8 + (high - y) / (high - low) * (box["height"] - 28),
    )


def sliders(page):
    return [float(v.input_value()) for v in page.locator("input[type=range]").all()]


def points_of(page, figure=0):
    circles = page.locator("figure.live-figure").nth(figure).locator("circle[role=slider]").all()
    return [float(c.get_attribute("aria-valuenow")) for c in circles]


def assert_shows(page, figure=0):
    """The readout is what the theory says of the points and sliders that the page shows."""
    mean, std = sliders(page)[2 * figure : 2 * figure + 2]
    expected = theory(points_of(page, figure), mean, std)
    for name in ("here", "best", "mean", "std"):
        shown = number(page, name, figure)
        assert shown == pytest.approx(expected[name], abs=2e-3 + 1e-3 * abs(expected[name])), name


@needs_browser
def test_first_picture_and_two_figures_on_a_page(open_page):
    page = open_page(likelihood(), likelihood(points=[0, 1], mean=1, std=2))
    assert points_of(page) == POINTS and points_of(page, 1) == [0, 1]
    assert_shows(page), assert_shows(page, 1)
    assert page.locator("[id]").count() == 0


@needs_browser
def test_dot_points_and_curve_are_dragged_by_mouse(open_page):
    page = open_page(likelihood())
    page.mouse.move(*place(page, 1, -2.5, 0.8, 0, 4))
    page.mouse.down()
    page.mouse.move(*place(page, 1, 2, 3, 0, 4), steps=4)
    page.mouse.up()
    assert sliders(page) == pytest.approx([2, 3], abs=0.1)
    circle = page.locator("circle[role=slider]").last.bounding_box()
    page.mouse.move(circle["x"] + circle["width"] / 2, circle["y"] + circle["height"] / 2)
    page.mouse.down()
    page.mouse.move(place(page, 0, 4.5, 0, 0, 1)[0], circle["y"] - 40, steps=4)
    page.mouse.up()
    assert points_of(page)[:6] == POINTS[:6] and points_of(page)[6] == pytest.approx(4.5, abs=0.1)
    assert sliders(page) == pytest.approx([2, 3], abs=0.1)  # the model stayed
    assert_shows(page)
    page.mouse.click(*place(page, 0, -3, 0.5, 0, 1))
    assert sliders(page)[0] == pytest.approx(-3, abs=0.1)
    assert_shows(page)


@needs_browser
def test_keyboard_moves_model_and_points(open_page):
    page = open_page(likelihood())
    page.locator("input[type=range]").first.focus()
    page.keyboard.press("End")
    assert sliders(page)[0] == 5
    page.locator("circle[role=slider]").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # the focus stays on the point
    assert points_of(page)[0] == pytest.approx(-1.4)
    page.keyboard.press("PageDown")
    assert points_of(page)[0] == pytest.approx(-2.4)
    assert_shows(page)


@needs_browser
def test_both_buttons_reach_the_summit(open_page):
    page = open_page(likelihood())
    page.get_by_role("button", name="Jump").click()
    assert number(page, "gap") == 0
    assert "This is the summit" in page.locator("[aria-live=polite]").inner_text()
    page.mouse.click(*place(page, 1, -3, 3, 0, 4))
    page.get_by_role("button", name="Climb").click()
    page.wait_for_function("document.querySelector('[data-number=gap]').textContent == '0.000'")
    assert_shows(page)


@needs_browser
def test_menu_of_data_changes_the_points(open_page):
    page = open_page(likelihood())
    for name in ("outlier", "clumps", "equal", "start"):
        page.locator("select").select_option(name)
        assert len(set(points_of(page))) == 7 and max(map(abs, points_of(page))) <= 5
        assert_shows(page)
    assert points_of(page) == POINTS


@needs_browser
def test_touch_on_a_phone(open_page):
    page = open_page(likelihood(), width=390, touch=True)
    page.touchscreen.tap(*place(page, 1, 1, 2, 0, 4))
    assert sliders(page) == pytest.approx([1, 2], abs=0.15)
    assert_shows(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


# ---- the HTML itself --------------------------------------------------------------------------


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(likelihood, 30_000)


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"mean": 6}, "mean is 6"),
        ({"std": 0}, "std is 0"),
        ({"points": [1]}, "of points is 1"),
        ({"points": [0, 9]}, "a point is 9"),
        ({"points": [2, 2, 2]}, "all points are equal"),
        ({"mean": math.nan}, "mean is nan"),
    ],
)
def test_bad_settings_are_named(bad, message):
    with pytest.raises(GanCourseError, match=message + ".*\n.*Fix: "):
        likelihood(**bad)
