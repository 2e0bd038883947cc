"""The chessboard before training (chapter 8): against torch and the theory, and in a browser."""

from functools import partial

import pytest
import torch
from torch.nn import functional as F

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.checkerboard import checkerboard
from gancourse.theory import convolution as theory
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

under_node = partial(harness.under_node, "checkerboard")
PAIRS = [(3, 2), (4, 2), (5, 3), (6, 3), (2, 4), (1, 1), (8, 4)]


def field(n, k, seed=0):
    rng = torch.Generator().manual_seed(seed)
    numbers = lambda side: torch.randn(side, side, generator=rng, dtype=torch.float64)
    return numbers(n), numbers(k)


@needs_node
@pytest.mark.parametrize("k, S", PAIRS)
def test_painting_is_torchs_transposed_layer(k, S):
    x, w = field(5, k)
    given = {"x": x.flatten().tolist(), "w": w.flatten().tolist(), "F": k, "S": S}
    y = torch.tensor(under_node("return N.paint(g.x, 5, g.w, g.F, g.S);", **given)).view(5 * S, -1)
    painted = F.conv_transpose2d(x[None, None], w[None, None], None, S)[0, 0]
    cut = (k - S) // 2
    painted = F.pad(painted, (-cut, S, -cut, S))[: 5 * S, : 5 * S]
    torch.testing.assert_close(y.double(), painted)


@needs_node
@pytest.mark.parametrize("k, S", PAIRS)
def test_repeating_is_torchs_upsampling(k, S):
    x, w = field(5, k)
    given = {"x": x.flatten().tolist(), "w": w.flatten().tolist(), "F": k, "S": S}
    y = torch.tensor(under_node("return N.repaint(g.x, 5, g.w, g.F, g.S);", **given))
    large = x.repeat_interleave(S, 0).repeat_interleave(S, 1)
    before = (k - 1) // 2
    large = F.pad(large, (before, k - 1 - before) * 2)
    expected = F.conv2d(large[None, None], w[None, None])[0, 0]
    torch.testing.assert_close(y.view(5 * S, -1).double(), expected)


@needs_node
@pytest.mark.parametrize("k, S", [(3, 2), (4, 2), (5, 3), (6, 3)])
def test_numbers_are_the_theorys(k, S):
    w = field(2, k)[1]
    body = """return {
      squares: N.byPlace(g.w, g.F, g.S, (t) => t * t), sums: N.byPlace(g.w, g.F, g.S, (t) => t),
      share: N.patternShare(g.w, g.F, g.S), predicted: N.predictedRatio(g.F, g.S),
      measured: N.measuredRatio(g.F, g.S, random(3), 20000) };"""
    found = under_node(body, w=w.flatten().tolist(), F=k, S=S)
    squares, sums = theory.place_variances(w, S), theory.place_means(w, S)
    assert found["squares"] == pytest.approx(squares.flatten().tolist())
    assert found["sums"] == pytest.approx(sums.flatten().tolist())
    assert found["share"] == pytest.approx(theory.pattern_share(w, S))
    assert found["predicted"] == pytest.approx(theory.variance_ratio(k, S))
    assert found["measured"] == pytest.approx(found["predicted"], rel=0.04)


@needs_browser
def test_sliders_menus_and_buttons(open_page):
    page = open_page(checkerboard())
    assert number(page, "ratio") == 4
    page.locator("input[type=range]").nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert number(page, "ratio") == 1
    page.locator("select").nth(0).select_option("flat")
    share = page.inner_text("[data-number=share]")
    assert share != "0 %"
    page.get_by_role("button", name="other filters").click()
    assert page.inner_text("[data-number=share]") != share
    page.get_by_role("button", name="filters of ones").click()
    assert page.inner_text("[data-number=share]") == "0 %"
    assert "equal" in page.inner_text(".says")
    page.locator("select").nth(1).select_option("repaint")
    assert "stays flat" in page.inner_text(".says")
    page.locator("select").nth(1).select_option("paint")
    page.locator("input[type=range]").nth(0).fill("1")
    assert page.inner_text("[data-number=ratio]") == "∞"


@needs_browser
def test_the_narrow_page_by_touch(open_page):
    page = open_page(checkerboard(), width=390, touch=True)
    page.get_by_role("button", name="other filters").tap()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@needs_browser
def test_a_sentence_without_scripts(open_page):
    assert_speaks_without_scripts(open_page, checkerboard())


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(checkerboard)


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"F": 0}, "F is 0"),
        ({"S": 5}, "S is 5"),
        ({"field": "grass"}, "field is 'grass'"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_settings_are_named(bad, message):
    with pytest.raises(GanCourseError, match=message):
        checkerboard(**bad)
