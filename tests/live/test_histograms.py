"""The two histograms: their numbers against gancourse.theory, their bars in a browser."""

import json
import math

import numpy as np
import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.histograms import histograms
from gancourse.theory import information as info
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

START = {"p": [0.12, 0.55, 0.25, 0.06, 0.02], "q": [0.05, 0.15, 0.3, 0.4, 0.1]}


def pairs(n=300):
    """Random pairs of five bars, many of them exactly zero; and the figure's first picture."""
    rng = np.random.default_rng(0)
    weights = rng.gamma(0.5, size=(n, 2, 5)) * (rng.random((n, 2, 5)) > 0.3)
    weights[weights.sum(-1) == 0, 0] = 1
    weights /= weights.sum(-1, keepdims=True)
    return [START, *({"p": p.tolist(), "q": q.tolist()} for p, q in weights)]


def under_node(expression):
    return harness.under_node("histograms", f"return {expression};")


def theory(p, q):
    p, q = torch.tensor(p, dtype=torch.float64), torch.tensor(q, dtype=torch.float64)
    jsd = float(info.jsd(p, q))
    return {
        "entropyP": float(info.entropy(p)),
        "entropyQ": float(info.entropy(q)),
        "crossEntropy": float(info.cross_entropy(p, q)),
        "klForward": float(info.kl(p, q)),
        "klReverse": float(info.kl(q, p)),
        "jsd": jsd,
        "root": math.sqrt(max(jsd, 0)),
        "tv": float(info.tv(p, q)),
        "w1": float(info.wasserstein_1d(p, q, torch.arange(1.0, len(p) + 1))),
    }


# ---------------------------------------------------------------- the arithmetic, under node


@needs_node
def test_numbers_agree_with_the_theory():
    all_pairs = pairs()
    shown = under_node(f"{json.dumps(all_pairs)}.map(N.at)")
    infinite = 0
    for pair, numbers in zip(all_pairs, shown, strict=True):
        for name, expected in theory(**pair).items():
            accuracy = 1e-7 if name == "root" else 1e-12
            assert float(numbers[name]) == pytest.approx(expected, abs=accuracy), (name, pair)
        infinite += numbers["klForward"] == "inf"
    assert 10 < infinite < len(all_pairs) - 10


@needs_node
def test_what_the_bars_pay_adds_up_to_the_divergence():
    all_pairs = pairs()
    terms = under_node(
        f"{json.dumps(all_pairs)}.map(({{p, q}}) => Object.values(N.terms).map((f) => f(p, q)))"
    )
    for pair, rows in zip(all_pairs, terms, strict=True):
        expected = theory(**pair)
        for name, row in zip(("klForward", "klReverse", "jsd", "tv"), rows, strict=True):
            assert sum(map(float, row)) == pytest.approx(expected[name], abs=1e-12)


@needs_node
@pytest.mark.parametrize("height", [0.0, 0.3, 1.0, 1.7, -0.2])
def test_setting_a_bar_keeps_the_sum_and_the_other_proportions(height):
    for p in ([0.12, 0.55, 0.25, 0.06, 0.02], [0.5, 0.0, 0.5], [0.0, 1.0, 0.0]):
        new = under_node(f"N.setBar({p}, 1, {height})")
        assert new[1] == min(1, max(0, height)) and min(new) >= 0
        assert math.fsum(new) == pytest.approx(1, abs=1e-12)
        if p[0] > 0:
            assert new[0] * p[2] == pytest.approx(new[2] * p[0], abs=1e-15)
        else:
            assert new[0] == new[2]


@needs_node
@pytest.mark.parametrize(
    "name, forward, reverse, tv",
    [
        ("equal", 0, 0, 0),
        ("disjoint", math.inf, math.inf, 1),
        ("one bin empty", math.inf, math.log(5 / 4), 0.2),
        ("almost empty", 1.158, None, None),
        ("next door", math.inf, math.inf, 1),
        ("far away", math.inf, math.inf, 1),
    ],
)
def test_presets_show_what_their_names_say(name, forward, reverse, tv):
    p, q = under_node(f"N.presets[{name!r}](5)")
    expected = theory(p, q)
    assert expected["klForward"] == pytest.approx(forward, abs=1e-3)
    assert reverse is None or expected["klReverse"] == pytest.approx(reverse)
    assert tv is None or expected["tv"] == pytest.approx(tv)
    if name in ("next door", "far away"):
        assert expected["w1"] == {"next door": 1, "far away": 4}[name]


@needs_node
@pytest.mark.parametrize(
    "p, q, said",
    [
        ([0.5, 0.5, 0], [0.5, 0.5, 0], "agree"),
        ([1, 0, 0], [0, 0.5, 0.5], "Nothing in common"),
        ([0.5, 0.25, 0.25], [0.5, 0.5, 0], "calls C impossible"),
        ([0.5, 0.5, 0], [0.5, 0.25, 0.25], "has mass at C where p has none"),
        ([0.5, 0.5, 0], [0, 0.5, 0.5], "both KLs are infinite"),
        ([0.6, 0.2, 0.2], [0.01, 0.5, 0.49], "most of all at A"),
        ([0.01, 0.5, 0.49], [0.6, 0.2, 0.2], "larger one: q often"),
        ([0.3, 0.4, 0.3], [0.2, 0.4, 0.4], "similar size"),
    ],
)
def test_comment_fits_the_numbers(p, q, said):
    pair = json.dumps({"p": p, "q": q})
    assert said in under_node(f"N.comment({pair}, N.at({pair}))")


# ---------------------------------------------------------------- the figure, in a browser


def bars(page, figure=0):
    """p and q as the handles of a figure tell them to a screen reader."""
    handles = page.locator("figure.live-figure").nth(figure).locator("[role=slider]")
    values = [float(h.get_attribute("aria-valuenow")) for h in handles.all()]
    half = len(values) // 2
    return {"p": values[:half], "q": values[half:]}


def shown_number(page, name, figure=0):
    cell = page.locator("figure.live-figure").nth(figure).locator(f"[data-number={name}]")
    return math.inf if cell.inner_text() == "∞" else number(page, name, figure)


def assert_shows(page, p, q, figure=0):
    for name, expected in theory(p, q).items():
        assert shown_number(page, name, figure) == pytest.approx(expected, abs=6e-4), name


def centre(handle):
    box = handle.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@needs_browser
def test_the_first_picture_shows_its_settings(open_page):
    other = {"p": [0.5, 0.5, 0.0], "q": [0.25, 0.25, 0.5]}
    page = open_page(histograms(), histograms(**other))
    assert bars(page) == START and bars(page, 1) == other
    assert_shows(page, **START)
    assert_shows(page, **other, figure=1)
    assert page.locator("figure [id]").count() == 0
    assert page.locator(".live-fallback").count() == 0


@needs_browser
def test_mouse_drags_a_bar_of_this_figure_only(open_page):
    page = open_page(histograms(), histograms())
    top = page.locator("[role=slider]").nth(1)
    x, y = centre(top)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 20, steps=4)
    page.mouse.move(x + 60, y + 33.2, steps=4)  # sideways makes no difference
    page.mouse.up()
    now = bars(page)
    assert now["p"][1] == pytest.approx(0.55 - 33.2 / (172 - 26 - 28), abs=0.01)
    assert sum(now["p"]) == pytest.approx(1, abs=3e-4)
    assert now["p"][0] / now["p"][2] == pytest.approx(0.12 / 0.25, abs=2e-3)
    assert_shows(page, [v / sum(now["p"]) for v in now["p"]], now["q"])
    assert_shows(page, **START, figure=1)
    page.mouse.move(x, y - 30)  # the button is up: nothing moves
    assert bars(page) == now


@needs_browser
def test_keyboard_moves_bars_to_the_very_ends(open_page):
    page = open_page(histograms(p=[0.5, 0.5], q=[0.3, 0.7]))
    handles = page.locator("[role=slider]")
    handles.nth(2).focus()
    page.keyboard.press("ArrowUp")
    assert bars(page)["q"] == [0.32, 0.68]
    assert_shows(page, [0.5, 0.5], [0.32, 0.68])
    page.keyboard.press("PageDown")
    assert bars(page)["q"] == [0.22, 0.78]
    page.keyboard.press("Home")
    assert_shows(page, [0.5, 0.5], [0.0, 1.0])
    assert shown_number(page, "klForward") == math.inf
    assert "calls A impossible" in page.locator("[aria-live=polite]").inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    assert bars(page)["q"] == [1.0, 0.0]
    assert handles.nth(3).get_attribute("aria-label") == "q(B)"


@needs_browser
def test_buttons_units_and_the_bill(open_page):
    page = open_page(histograms())
    page.get_by_role("button", name="one bin empty").click()
    assert shown_number(page, "klForward") == math.inf
    assert "∞" in page.locator("svg.bill").inner_html()
    page.get_by_role("button", name="swap p and q").click()
    assert shown_number(page, "klForward") == pytest.approx(math.log(5 / 4), abs=6e-4)
    page.get_by_role("button", name="disjoint").click()
    page.locator("select").nth(1).select_option("bits")
    assert shown_number(page, "jsd") == 1 and shown_number(page, "tv") == 1
    page.locator("select").nth(0).select_option("TV")
    heights = page.locator("svg.bill rect")
    assert heights.count() == 5 and "0.25" in page.locator("svg.bill").inner_html()
    page.get_by_role("button", name="start again").click()
    page.locator("select").nth(1).select_option("nats")
    assert_shows(page, **START)


@needs_browser
def test_touch_and_the_narrow_page(open_page):
    page = open_page(histograms(), width=390, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    before = bars(page)["p"]
    box = page.locator("svg.bars").first.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.9, box["y"] + 26 + (172 - 54) * 0.5)
    now = bars(page)
    assert now["p"][4] == pytest.approx(0.5, abs=0.01) and now["p"][1] < before[1]
    assert (
        page.locator("[role=slider]").first.evaluate("h => getComputedStyle(h).touchAction")
        == "none"
    )
    drag = page.context.new_cdp_session(page)
    x, y = centre(page.locator("[role=slider]").nth(4))
    for kind, dy in (("touchStart", 0), ("touchMove", 14), ("touchMove", 29.5), ("touchEnd", None)):
        points = [] if dy is None else [{"x": x, "y": y + dy}]
        drag.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.evaluate("new Promise(requestAnimationFrame)")  # moves are told once a frame
    assert bars(page)["p"][4] == pytest.approx(0.25, abs=0.02)


@needs_browser
def test_dark_mode_and_no_scripts(open_page):
    page = open_page(histograms())
    colour = "getComputedStyle(document.querySelector('.top.real')).fill"
    assert page.evaluate(colour) == "rgb(15, 118, 110)"
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate(colour) == "rgb(94, 234, 212)"
    assert_speaks_without_scripts(open_page, histograms(), "two histograms")


# ---------------------------------------------------------------- the HTML itself


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(histograms, 28_000)


@pytest.mark.parametrize(
    "bad, name",
    [
        ({"p": [0.5, 0.6], "q": [0.5, 0.5]}, "p"),
        ({"p": [0.5, 0.5], "q": [0.2, 0.3, 0.5]}, "q"),
        ({"p": [1.5, -0.5], "q": [0.5, 0.5]}, "p"),
        ({"p": [1.0], "q": [1.0]}, "p"),
        ({"p": [0.5, 0.5], "q": [math.nan, 1]}, "q"),
    ],
)
def test_bad_histograms_are_named(bad, name):
    with pytest.raises(GanCourseError, match=rf"{name} is \[.*\n.*choose"):
        histograms(**bad)
