"""Bounds on a likelihood (chapter 4): against the theory, and in a browser."""

import math
from functools import partial

import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.bounds import bounds
from gancourse.theory.bounds import LinearGaussian, importance_bound
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

under_node = partial(harness.under_node, "bounds")


@needs_node
@pytest.mark.parametrize(
    "slope, mean, deviation", [(2.0, 0.0, 1.0), (1.2, 1.5, 0.65), (2.0, 1.2, 0.9)]
)
def test_numbers_are_the_theorys(slope, mean, deviation):
    given = {"slope": slope, "x": 3.0, "mean": mean, "deviation": deviation}
    eps = torch.randn(500, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    body = """return { elbo: N.elbo(g.s), truth: N.evidence(g.s), posterior: N.posterior(g.s),
      ladder: N.ladder(g.s, g.eps, 20), one: N.ladder(g.s, g.eps, 1) };"""
    found = under_node(body, s=given, eps=eps.flatten().tolist())
    model = LinearGaussian(slope)
    assert found["elbo"] == pytest.approx(float(model.elbo(3.0, mean, deviation**2)))
    assert found["truth"] == pytest.approx(float(model.log_evidence(3.0)))
    assert tuple(found["posterior"].values()) == pytest.approx(model.posterior(3.0))
    weights = model.log_weights(3.0, mean, deviation**2, eps.T)
    assert found["ladder"] == pytest.approx(float(importance_bound(weights).mean()))
    assert found["one"] == pytest.approx(float(weights.mean()))


@needs_browser
def test_sliders_buttons_and_the_curve(open_page):
    page = open_page(bounds())
    assert number(page, "elbo") == pytest.approx(-7.419, abs=1e-3)
    assert number(page, "truth") == pytest.approx(-2.624, abs=1e-3)
    assert (
        number(page, "elbo") < number(page, "five") < number(page, "fifty") < number(page, "truth")
    )
    gap = number(page, "gap")
    page.locator("input[type=range]").nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert 0 < number(page, "gap") < gap
    page.get_by_role("button", name="encoder = posterior").click()
    assert number(page, "gap") < 0.003 and "all bounds meet" in page.inner_text(".says")
    page.get_by_role("button", name="good model").click()
    loose, truth = number(page, "elbo"), number(page, "truth")
    page.get_by_role("button", name="worse model").click()
    assert number(page, "elbo") > loose and number(page, "truth") < truth
    box = page.locator("svg").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 60)
    assert float(page.locator("output").first.inner_text()) == pytest.approx(0.3, abs=0.15)


@needs_browser
def test_the_narrow_page_by_touch(open_page):
    page = open_page(bounds(), width=390, touch=True)
    page.get_by_role("button", name="encoder = posterior").tap()
    assert number(page, "gap") < 0.003
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@needs_browser
def test_a_sentence_without_scripts(open_page):
    assert_speaks_without_scripts(open_page, bounds())


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(bounds)


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"mean": 5}, "mean is 5"),
        ({"deviation": 0}, "deviation is 0"),
        ({"slope": math.inf}, "slope is inf"),
        ({"x": -9}, "x is -9"),
        ({"seed": 0.5}, "seed"),
    ],
)
def test_bad_settings_are_named(bad, message):
    with pytest.raises(GanCourseError, match=message):
        bounds(**bad)
