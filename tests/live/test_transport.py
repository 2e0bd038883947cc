"""The live figure of chapter 11: its numbers against gancourse.theory, its bars in a browser."""

import json

import numpy as np
import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.transport import transport
from gancourse.theory import information as info
from gancourse.theory.transport import distances, lipschitz_constant, monotone_plan, optimal_plan
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

START = ([0.1, 0.3, 0.4, 0.2, 0, 0, 0, 0, 0], [0, 0, 0, 0.1, 0, 0.2, 0.3, 0.4, 0])
PLACES = torch.arange(9.0, dtype=torch.float64)


def pairs(n=300):
    """Random pairs of nine bars, many of them exactly zero."""
    rng = np.random.default_rng(0)
    weights = rng.gamma(0.5, size=(n, 2, 9)) * (rng.random((n, 2, 9)) > 0.4)
    weights[weights.sum(-1) == 0, 0] = 1
    weights /= weights.sum(-1, keepdims=True)
    return [START, *((p.tolist(), q.tolist()) for p, q in weights)]


def under_node(expression):
    return harness.under_node("transport", f"return {expression};")


# ---------------------------------------------------------------- the arithmetic, under node


@needs_node
def test_numbers_agree_with_the_theory():
    """W1, JSD, TV, the plan, and prices that are admissible and earn what the plan costs."""
    every = pairs()
    shown = under_node(f"{json.dumps(every)}.map(([p, q]) => N.at({{p, q}}))")
    for (p, q), numbers in zip(every, shown, strict=True):
        p, q = torch.tensor(p, dtype=torch.float64), torch.tensor(q, dtype=torch.float64)
        w1 = float(info.wasserstein_1d(p, q, PLACES))
        assert numbers["w1"] == pytest.approx(w1, abs=1e-9)
        assert numbers["dual"] == pytest.approx(w1, abs=1e-9)
        assert numbers["jsd"] == pytest.approx(float(info.jsd(p, q)), abs=1e-9)
        assert numbers["tv"] == pytest.approx(float(info.tv(p, q)), abs=1e-9)
        assert lipschitz_constant(numbers["f"], PLACES) <= 1
        plan = torch.tensor(numbers["plan"], dtype=torch.float64)
        assert torch.allclose(plan, monotone_plan(p, q), rtol=0, atol=1e-9)


@needs_node
def test_the_plan_is_optimal():
    """It costs what the linear programme finds, without being told."""
    every = pairs(40)
    shown = under_node(f"{json.dumps(every)}.map(([p, q]) => N.at({{p, q}}).w1)")
    for (p, q), w1 in zip(every, shown, strict=True):
        assert w1 == pytest.approx(
            float(optimal_plan(p, q, distances(PLACES, PLACES)).value), abs=1e-9
        )


@needs_node
@pytest.mark.parametrize(
    "name, w1, tv",
    [
        ("identical", 0, 0),
        ("overlapping", 1, 1 / 3),
        ("just apart", 2, 1),
        ("far apart", 7, 1),
        ("split", 4, 1),
    ],
)
def test_presets_show_what_their_names_say(name, w1, tv):
    numbers = under_node(f"(([p, q]) => N.at({{p, q}}))(N.presets[{name!r}](9))")
    assert numbers["w1"] == pytest.approx(w1) and numbers["tv"] == pytest.approx(tv)


@needs_node
def test_shifting_and_setting_keep_the_mass():
    p = START[1]
    assert under_node(f"N.shift({p}, 1)") == [0, *p[:-1]]
    assert under_node(f"N.shift({[0, *p[:-1]]}, 1)") is None
    for height in (0.0, 0.5, 1.0, 1.4, -1):
        new = under_node(f"N.setBar({p}, 5, {height})")
        assert sum(new) == pytest.approx(1) and new[5] == min(1, max(0, height))
        assert new[6] * p[7] == pytest.approx(new[7] * p[6])


# ---------------------------------------------------------------- the figure, in a browser


def bars(page, figure=0):
    handles = page.locator("figure.live-figure").nth(figure).locator("[role=slider]").all()
    values = [float(h.get_attribute("aria-valuenow")) for h in handles]
    return values[:9], values[9:]


def assert_shows(page, figure=0):
    p, q = (torch.tensor(v, dtype=torch.float64) for v in bars(page, figure))
    p, q = p / p.sum(), q / q.sum()
    assert number(page, "w1", figure) == pytest.approx(
        float(info.wasserstein_1d(p, q, PLACES)), abs=4e-3
    )
    assert number(page, "jsd", figure) == pytest.approx(float(info.jsd(p, q)), abs=2e-3)


def centre(handle):
    box = handle.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@needs_browser
def test_mouse_drags_a_heap_and_leaves_the_other_figure_alone(open_page):
    page = open_page(transport(), transport())
    assert bars(page) == START
    x, y = centre(page.locator("[role=slider]").nth(2))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y - 42, steps=4)  # half of 84 px: 50 percent more
    page.mouse.up()
    assert bars(page)[0][2] == pytest.approx(0.9, abs=0.01)
    assert sum(bars(page)[0]) == pytest.approx(1, abs=5e-4)
    assert_shows(page)
    assert bars(page, 1) == START
    x, y = centre(page.locator("[role=slider]").nth(9 + 5))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 25.2, steps=4)  # a hole grows downwards
    page.mouse.up()
    assert bars(page)[1][5] == pytest.approx(0.5, abs=0.01)
    assert_shows(page)


@needs_browser
def test_shifting_moves_w1_and_not_jsd(open_page):
    page = open_page(transport())
    page.get_by_role("button", name="just apart").click()
    seen = []
    while page.get_by_role("button", name="shift the holes →").is_enabled():
        seen.append((number(page, "w1"), number(page, "jsd"), number(page, "dual")))
        page.get_by_role("button", name="shift the holes →").click()
    assert [w1 for w1, _, _ in seen] == [2, 3, 4, 5, 6]
    assert {jsd for _, jsd, _ in seen} == {0.693}
    assert all(w1 == dual for w1, _, dual in seen)
    assert "ceiling" in page.locator("[aria-live=polite]").inner_text()
    page.get_by_role("button", name="start again").click()
    assert bars(page) == START


@needs_browser
def test_keyboard_moves_bars(open_page):
    page = open_page(transport())
    handles = page.locator("[role=slider]")
    handles.nth(0).focus()
    page.keyboard.press("ArrowUp")
    assert bars(page)[0][0] == 0.12
    page.keyboard.press("End")
    assert bars(page)[0] == [1, 0, 0, 0, 0, 0, 0, 0, 0]
    page.keyboard.press("Home")
    assert bars(page)[0] == [0, *[0.125] * 8]
    handles.nth(17).focus()
    page.keyboard.press("ArrowUp")  # up is more, also where the bar hangs down
    assert bars(page)[1][8] == 0.02
    assert handles.nth(17).get_attribute("aria-label") == "hole at 8"
    assert_shows(page)


@needs_browser
def test_touch_and_the_narrow_page(open_page):
    page = open_page(transport(), width=390, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    drag = page.context.new_cdp_session(page)
    x, y = centre(page.locator("[role=slider]").nth(1))
    for kind, dy in (("touchStart", 0), ("touchMove", -20), ("touchMove", -42), ("touchEnd", None)):
        points = [] if dy is None else [{"x": x, "y": y + dy}]
        drag.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.evaluate("new Promise(requestAnimationFrame)")
    assert bars(page)[0][1] == pytest.approx(0.8, abs=0.02)
    assert_shows(page)


@needs_browser
def test_dark_mode_and_no_scripts(open_page):
    page = open_page(transport())
    colour = "getComputedStyle(document.querySelector('.top.real')).fill"
    light = page.evaluate(colour)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate(colour) != light
    assert_speaks_without_scripts(open_page, transport(), "histogram of earth")


# ---------------------------------------------------------------- the HTML itself


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(transport)


@pytest.mark.parametrize(
    "bad",
    [
        {"p": [0.5, 0.5]},
        {"q": [1.5, -0.5, *[0] * 7]},
        {"q": [float("nan"), *[0.125] * 8]},
        {"q": [0.25] * 4},
    ],
)
def test_bad_heaps_are_named(bad):
    with pytest.raises(GanCourseError, match=r"choose 4 to 10"):
        transport(**bad)
