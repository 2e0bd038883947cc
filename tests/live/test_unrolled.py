"""The unrolled cell (appendix A): its slopes against torch, and the figure in a browser."""

from functools import partial

import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.unrolled import unrolled
from gancourse.theory import recurrent as theory
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts

under_node = partial(harness.under_node, "unrolled")
XS = [1.0, 0.0, -1.0, 0.5, 0.0, 2.0]
BIASES = {"rnn": {}, "lstm": {"f": 1.0, "i": -0.5, "o": 2.0}, "gru": {"z": 0.7, "r": -1.0}}


def matrix(*rows):
    return torch.tensor(rows, dtype=torch.float64)[:, None]


def by_torch(cell, weight, biases):
    """States, and slopes by autograd: the theory's cells with gates that listen to nothing."""
    xs = torch.tensor(XS, dtype=torch.float64, requires_grad=True)
    h = c = torch.zeros(1).double()
    states = []
    for x in xs:
        if cell == "rnn":
            h = theory.rnn(x[None], h, matrix(1.0), matrix(weight), torch.zeros(1).double())
        elif cell == "lstm":
            b = matrix(biases["i"], biases["f"], 0.0, biases["o"])[:, 0]
            W, U = matrix(0, 0, 1, 0), matrix(0.0, 0, weight, 0)
            h, c = theory.lstm(x[None], h, c, W, U, b)
        else:
            b = matrix(biases["r"], biases["z"], 0.0)[:, 0]
            h = theory.gru(x[None], h, matrix(0.0, 0, 1), matrix(0.0, 0, weight), b, 0 * b)
        states.append(h.item())
    return states, torch.autograd.grad(h.sum(), xs)[0].tolist(), c


@needs_node
@pytest.mark.parametrize("cell", BIASES)
@pytest.mark.parametrize("weight", [-1.3, 0.0, 0.6])
def test_states_and_slopes_are_torchs(cell, weight):
    body = "return N.run(g.cell, g.weight, g.biases, g.xs);"
    found = under_node(body, cell=cell, weight=weight, biases=BIASES[cell], xs=XS)
    states, slopes, content = by_torch(cell, weight, BIASES[cell])
    assert found["h"] == pytest.approx(states, abs=1e-12)
    assert found["slopes"] == pytest.approx(slopes, abs=1e-12)
    assert found["c"][-1] == pytest.approx(content.item(), abs=1e-12)


def told(page, name):
    return page.inner_text(f"[data-number={name}]")


@needs_browser
def test_a_forget_gate_keeps_the_beginning(open_page):
    page = open_page(unrolled())
    assert "forgotten" in page.inner_text(".says")
    page.locator("select").select_option("lstm")
    assert "forgotten" in page.inner_text(".says")
    forget = page.locator("input[type=range]").nth(2)
    assert page.locator("input[type=range]").count() == 5
    forget.focus()
    for _ in range(24):
        page.keyboard.press("ArrowRight")
    assert forget.input_value() == "6" and "still heard" in page.inner_text(".says")
    page.locator("select").select_option("gru")
    assert page.locator("input[type=range]").count() == 4


@needs_browser
def test_choosing_a_step_and_its_input(open_page):
    page = open_page(unrolled(steps=6))
    assert told(page, "x") == "1" and "Step 1 of 6" in page.inner_text(".says")
    page.get_by_role("button", name="step ›").click()
    assert told(page, "x") == "0"
    page.get_by_role("button", name="its input").click()
    assert told(page, "x") == "1"
    page.get_by_role("button", name="its input").click()
    assert told(page, "x") == "\N{MINUS SIGN}1"
    page.get_by_role("button", name="only the first").click()
    assert told(page, "x") == "0"
    page.get_by_role("button", name="‹ step").click()
    page.get_by_role("button", name="‹ step").click()
    assert "Step 6 of 6" in page.inner_text(".says")
    box = page.locator("svg").nth(1).bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 60)
    assert "Step 1 of 6" in page.inner_text(".says")


@needs_browser
def test_the_narrow_page_by_touch(open_page):
    page = open_page(unrolled("lstm"), width=390, touch=True)
    page.get_by_role("button", name="step ›").tap()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@needs_browser
def test_a_sentence_without_scripts(open_page):
    assert_speaks_without_scripts(open_page, unrolled())


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(unrolled, at_most=60_000)


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"cell": "lstn"}, "there is no cell 'lstn'"),
        ({"steps": 3}, "steps is 3"),
        ({"weight": 2.5}, "weight is 2.5"),
    ],
)
def test_bad_settings_are_named(bad, message):
    with pytest.raises(GanCourseError, match=message):
        unrolled(**bad)
