"""The walking chain (chapter 4): its promises against the theory, its histogram, a browser."""

from functools import partial

import pytest
import torch
from scipy.stats import norm

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.sampler import sampler
from gancourse.theory import sampling as theory
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

under_node = partial(harness.under_node, "sampler")
RIGHT = {"target": "normal", "record": "all", "ratio": "right", "shift": 1.0, "step": 1.0}


@needs_node
@pytest.mark.parametrize("step", [0.5, 1.0, 2.4, 6.0])
def test_the_promise_of_a_walk(step):
    found = under_node("return N.predicted(g.s);", s={**RIGHT, "proposals": "walk", "step": step})
    assert found == pytest.approx(theory.gaussian_acceptance(step), abs=1e-3)


@needs_node
@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5])
def test_the_promise_of_a_judged_generator(shift):
    settings = {**RIGHT, "proposals": "generator", "shift": shift}
    found = under_node("return N.predicted(g.s);", s=settings)
    grid = torch.linspace(-8, 8, 1601, dtype=torch.float64)
    p, q = (torch.from_numpy(norm.pdf(grid, *law)) * 0.01 for law in ((0, 1), (shift, 1.25)))
    assert found == pytest.approx(theory.pair_acceptance(p, q), abs=1e-3)
    score = (p / q).log()
    assert found == pytest.approx(2 * (1 - theory.auc(score, score, p, q)), abs=1e-3)


RUN = """const c = N.advance(N.begin(g.s.target), g.s, 40000, random(4));
  return { share: c.taken / c.tried, ...N.moments(c.states), n: c.states.length,
    time: N.autocorrelationTime(c.states.slice(0, 8000)) };"""


@needs_node
@pytest.mark.parametrize("proposals", ["walk", "generator"])
@pytest.mark.parametrize("target, mean, variance", [("normal", 0, 1), ("exponential", 1, 1)])
def test_the_chain_has_the_law_and_the_promised_acceptance(proposals, target, mean, variance):
    settings = {**RIGHT, "target": target, "proposals": proposals, "step": 2.0}
    found = under_node(RUN, s=settings)
    assert found["mean"] == pytest.approx(mean, abs=0.06)
    assert found["variance"] == pytest.approx(variance, abs=0.08)
    promised = under_node("return N.predicted(g.s);", s=settings)
    assert found["share"] == pytest.approx(promised, abs=0.02)


@needs_node
def test_the_mistakes_give_the_wrong_law_that_is_predicted():
    forgetful = under_node(RUN, s={**RIGHT, "proposals": "walk", "record": "accepted", "step": 5.0})
    assert forgetful["variance"] == pytest.approx(theory.forgetful_variance(5.0), abs=0.06)
    assert forgetful["n"] == round(forgetful["share"] * 40000)
    # upside down, judged: q^2/p, here the normal law with this mean and variance
    settings = {**RIGHT, "proposals": "generator", "ratio": "upside", "shift": 0.3}
    found, v = under_node(RUN, s=settings), 1 / (2 / 1.25**2 - 1)
    assert found["variance"] == pytest.approx(v, rel=0.15)
    assert found["mean"] == pytest.approx(v * 2 * 0.3 / 1.25**2, abs=0.3)
    away = under_node(RUN, s={**RIGHT, "proposals": "walk", "ratio": "upside"})
    assert abs(away["mean"]) > 5  # it stands at the wall


@needs_node
def test_time_and_histogram():
    body = """const rng = random(2), xs = [rng.normal()];
      for (let k = 1; k < 20000; k++) xs.push(0.8 * xs[k - 1] + 0.6 * rng.normal());
      return { time: N.autocorrelationTime(xs), bars: N.histogram(xs), xs: xs.slice(0, 3000),
        short: N.autocorrelationTime(xs.slice(0, 3000)) };"""
    found = under_node(body)
    assert found["time"] == pytest.approx(9, rel=0.15)
    same = theory.autocorrelation_time(torch.tensor(found["xs"]).double())
    assert found["short"] == pytest.approx(same, rel=0.02)
    assert sum(found["bars"]) * 0.2 == pytest.approx(1)


@needs_browser
def test_menus_sliders_and_buttons(open_page):
    page = open_page(sampler())
    assert page.inner_text("[data-number=predicted]") == "70.5 %"
    assert number(page, "steps") == 2000
    page.get_by_role("button", name="One step").click()
    assert number(page, "steps") == 2001
    page.get_by_role("button", name="2,000 steps").click()
    assert page.inner_text("[data-number=steps]") == "4001"
    page.locator("select").nth(2).select_option("accepted")
    assert "standing still" in page.inner_text(".says")
    page.locator("select").nth(2).select_option("all")
    page.locator("select").nth(1).select_option("generator")
    assert "2(1 − AUC)" in page.inner_text(".says")
    before = page.inner_text("[data-number=predicted]")
    page.locator("input[type=range]").nth(1).focus()
    page.keyboard.press("ArrowRight")
    assert page.inner_text("[data-number=predicted]") < before
    page.locator("select").nth(3).select_option("upside")
    assert "fake" in page.inner_text(".says")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "document.querySelector('[data-number=steps]').textContent.length > 3"
        " && +document.querySelector('[data-number=steps]').textContent > 2200"
    )
    page.get_by_role("button", name="Pause").click()


@needs_browser
def test_the_narrow_page_by_touch(open_page):
    page = open_page(sampler(), width=390, touch=True)
    page.get_by_role("button", name="New start").tap()
    assert number(page, "steps") == 2000
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@needs_browser
def test_a_sentence_without_scripts(open_page):
    assert_speaks_without_scripts(open_page, sampler())


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(sampler)


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"target": "valley"}, "target is 'valley'"),
        ({"proposals": "dice"}, "proposals is 'dice'"),
        ({"step": 0.0}, "step is 0"),
        ({"shift": 9}, "shift is 9"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_settings_are_named(bad, message):
    with pytest.raises(GanCourseError, match=message):
        sampler(**bad)
