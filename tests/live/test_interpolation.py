"""The cloud that slides along a plan (chapter 11): its numbers, and the figure in a browser."""

from functools import partial
from itertools import combinations

import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.interpolation import interpolation
from gancourse.theory.transport import earth_mover
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

under_node = partial(harness.under_node, "interpolation")


def settings(**given):
    return interpolation(**given).settings


@needs_node
def test_the_ways_end_where_the_pairs_say():
    s = settings(n=12)
    target = torch.tensor(s["target"]).view(-1, 2)
    found = under_node(
        "const end = N.arranged(g.target, g.pairs.best);"
        "return [0, 0.25, 1].map((t) => N.between(g.start, end, t));",
        **s,
    )
    start, end = torch.tensor(s["start"]).view(-1, 2), target[s["pairs"]["best"]]
    for t, points in zip((0, 0.25, 1), found, strict=True):
        torch.testing.assert_close(torch.tensor(points).view(-1, 2), torch.lerp(start, end, t))


@needs_node
def test_the_cheapest_costs_what_the_theory_says_and_chance_costs_more():
    s = settings(n=40)
    best, chance = under_node(
        "return ['best', 'chance'].map((k) => N.cost(g.start, N.arranged(g.target, g.pairs[k])));",
        **s,
    )
    exact = earth_mover(torch.tensor(s["start"]).view(-1, 2), torch.tensor(s["target"]).view(-1, 2))
    assert best == pytest.approx(exact.item(), rel=1e-4) and chance > 1.05 * best


def cross(a, b, c, d):
    """Whether two straight ways meet: the point of meeting is worked out."""
    way, other = b - a, d - c
    both = torch.stack([way, -other], 1)
    if torch.linalg.det(both).abs() < 1e-12:
        return False
    u = torch.linalg.solve(both, c - a)
    return bool(((u > 0) & (u < 1)).all())


@needs_node
@pytest.mark.parametrize("pairs", ["best", "chance"])
def test_crossings_are_counted(pairs):
    s = settings(n=30)
    found = under_node(f"return N.crossings(g.start, N.arranged(g.target, g.pairs.{pairs}));", **s)
    start = torch.tensor(s["start"], dtype=torch.float64).view(-1, 2)
    end = torch.tensor(s["target"], dtype=torch.float64).view(-1, 2)[s["pairs"][pairs]]
    ways = list(zip(start, end, strict=True))
    assert found == sum(cross(*one, *other) for one, other in combinations(ways, 2))
    assert (found == 0) == (pairs == "best")


@needs_browser
def test_menu_slider_and_play(open_page):
    page = open_page(interpolation())
    assert number(page, "crossed") == 0
    cheap = number(page, "cost")
    page.locator("select").select_option("chance")
    assert number(page, "cost") > cheap and number(page, "crossed") > 100
    slider = page.locator("input[type=range]")
    slider.focus()
    page.keyboard.press("End")
    assert slider.input_value() == "1"
    page.get_by_role("button", name="Back to the start").click()
    assert slider.input_value() == "0"
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("+document.querySelector('input[type=range]').value > 0.05")


@needs_browser
def test_narrow_dark_and_without_scripts(open_page):
    page = open_page(interpolation(), width=390, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    pixels = "document.querySelector('canvas').toDataURL()"
    light = page.evaluate(pixels)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(f"{pixels} != {light!r}")
    assert_speaks_without_scripts(open_page, interpolation(), "a cloud of points")


def test_html_is_deterministic_and_leaves_chance_alone():
    state = torch.get_rng_state()
    assert_self_contained(interpolation)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("bad", [{"n": 1}, {"n": 201}, {"n": 2.5}, {"seed": -1}])
def test_bad_settings_are_named(bad):
    with pytest.raises(GanCourseError, match=r"live\.interpolation"):
        interpolation(**bad)
