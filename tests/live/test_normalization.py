"""The dragged batch: its numbers against gancourse.theory, its dots in a browser."""

import math

import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.normalization import BATCH, normalization
from gancourse.theory import normalization as theory
from live import harness
from live.harness import assert_self_contained, number

START = torch.tensor(BATCH, dtype=torch.float64)
THEORY = {
    "batch": theory.batch_norm,
    "layer": theory.layer_norm,
    "instance": theory.instance_norm,
    "group": lambda x: theory.group_norm(x, 2),
}
NORMS = list(THEORY)


def under_node(expression):
    return harness.under_node("normalization", f"return {expression};")


def batches():
    torch.manual_seed(0)
    return [
        START,
        torch.zeros(2, 4, 1).double(),
        *(2 * torch.randn(n, c, n + 1).double() for n in (2, 3, 4) for c in (2, 4, 6)),
    ]


@needs_node
@pytest.mark.parametrize("kind", NORMS)
def test_numbers_agree_with_the_theory(kind):
    for x in batches():
        options = "{groups: 2, gamma: 1.7, beta: -0.4}"
        y = torch.tensor(under_node(f"N.normalize({x.tolist()}, {kind!r}, {options}).y"))
        torch.testing.assert_close(y.double(), 1.7 * THEORY[kind](x) - 0.4, rtol=1e-6, atol=1e-6)


@needs_node
def test_only_batch_norm_spills_over():
    moved = START.clone()
    moved[1] += 2
    spill = {
        kind: under_node(f"N.spill({START.tolist()}, {moved.tolist()}, {kind!r}, {{groups: 2}})")
        for kind in NORMS
    }
    change = (theory.batch_norm(moved) - theory.batch_norm(START))[[0, 2]].abs().max()
    assert spill["batch"] == pytest.approx(change.item(), abs=1e-12) and change > 0.3
    assert spill["layer"] == spill["instance"] == spill["group"] == 0
    assert (
        under_node(f"N.spill({START.tolist()}, {(START + 1).tolist()}, 'batch', {{groups: 2}})")
        is None
    )


# ---------------------------------------------------------------- the figure, in a browser


def values(page, figure=0):
    dots = page.locator("figure.live-figure").nth(figure).locator("[role=slider]").all()
    return torch.tensor(
        [float(d.get_attribute("aria-valuenow")) for d in dots], dtype=torch.float64
    ).view(3, 4, 3)


def assert_shows(page, at=(0, 0, 0), gamma=1.0, beta=0.0, figure=0):
    x = values(page, figure)
    for kind, norm in THEORY.items():
        y = gamma * norm(x)[at] + beta
        assert number(page, f"{kind}-y", figure) == pytest.approx(y.item(), abs=2e-3), kind
    assert number(page, "batch-mean", figure) == pytest.approx(x[:, at[1]].mean().item(), abs=6e-4)
    std = x[at[0]].std(unbiased=False).item()
    assert number(page, "layer-std", figure) == pytest.approx(std, abs=6e-4)
    counts = [number(page, f"{kind}-n", figure) for kind in NORMS]
    assert counts == [9, 12, 3, 6]


def dot(page, i):
    box = page.locator("[role=slider]").nth(i).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@needs_browser
def test_the_first_picture(open_page):
    page = open_page(normalization(), normalization())
    assert torch.equal(values(page), START)
    assert_shows(page)
    assert_shows(page, figure=1)
    sets = [
        len({r.get_attribute("data-set") for r in norm.locator(".tint").all()})
        for norm in page.locator("figure.live-figure").first.locator(".norms svg").all()
    ]
    assert sets == [4, 3, 12, 6]  # how many means there are
    assert page.locator("figure [id]").count() == 0


@needs_browser
def test_mouse_drags_one_number_of_one_figure(open_page):
    page = open_page(normalization(), normalization())
    x, y = dot(page, 15)  # sample B, channel 2, position 1
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 20, steps=4)
    page.mouse.up()
    now = values(page)
    assert now[1, 1, 0].item() == pytest.approx(-3 + 20 / 58 * 10.8, abs=0.1)
    assert (now != START).sum() == 1 and torch.equal(values(page, 1), START)
    assert_shows(page, at=(1, 1, 0))
    expected = (theory.batch_norm(now) - theory.batch_norm(START))[[0, 2]].abs().max().item()
    assert number(page, "batch-spill") == pytest.approx(expected, abs=2e-3)
    assert [number(page, f"{kind}-spill") for kind in NORMS[1:]] == [0, 0, 0]
    assert "other" in page.locator("[aria-live=polite]").first.inner_text()


@needs_browser
def test_keyboard_and_sliders(open_page):
    page = open_page(normalization())
    assert page.locator("[role=slider][tabindex='0']").count() == 1
    page.locator("[role=slider]").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert values(page)[0, 0].tolist() == [1.0, 2.7, 1.5]
    assert_shows(page, at=(0, 0, 1))
    page.keyboard.press("End")
    assert values(page)[0, 0, 1] == 5
    page.locator("input[type=range]").nth(0).focus()
    page.keyboard.press("Home")  # gamma = 0: only beta is left
    page.locator("input[type=range]").nth(1).fill("1.5")
    assert [number(page, f"{kind}-y") for kind in NORMS] == [1.5] * 4


@needs_browser
def test_buttons(open_page):
    page = open_page(normalization())
    page.get_by_role("button", name="sample B: + 2").click()
    assert number(page, "batch-spill") > 0.3 and number(page, "layer-spill") == 0
    page.get_by_role("button", name="start again").click()
    assert torch.equal(values(page), START)
    page.get_by_role("button", name="channel 2: + 2").click()
    assert page.locator("[data-number=batch-spill]").inner_text() == "–"
    page.get_by_role("button", name="another batch").click()
    assert values(page).abs().max() <= 5
    assert_shows(page)


@needs_browser
def test_touch_and_the_narrow_page(open_page):
    page = open_page(normalization(), width=390, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    x, y = dot(page, 0)
    finger = page.context.new_cdp_session(page)
    for kind, dy in (("touchStart", 0), ("touchMove", -8), ("touchMove", -15), ("touchEnd", None)):
        points = [] if dy is None else [{"x": x, "y": y + dy}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.evaluate("new Promise(requestAnimationFrame)")
    assert values(page)[0, 0, 0].item() == pytest.approx(1 + 15 / 58 * 10.8, abs=0.15)
    assert_shows(page)


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(normalization)


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"batch": [[[1.0]]]}, "too large, too small"),
        ({"groups": 3}, "groups is 3"),
        ({"batch": [[[1.0], [2.0]], [[3.0], [4.0, 5.0]]]}, "ragged"),
        ({"batch": [[[1.0], [9.0]], [[3.0], [4.0]]]}, "too large"),
        ({"batch": [[[1.0], [math.nan]], [[3.0], [4.0]]]}, "too large"),
        ({"groups": 0}, "groups must be a whole number of at least 1, not 0\n.*divisor of the 4"),
    ],
)
def test_bad_settings_are_named(bad, message):
    with pytest.raises(GanCourseError, match=message):
        normalization(**bad)
