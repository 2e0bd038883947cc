"""The live classifier of chapter 03: its arithmetic against torch, its controls in a browser."""

import math
from functools import partial

import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.boundary import CLASSES, boundary
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

under_node = partial(harness.under_node, "boundary")


class Twin(harness.Twin):
    """The figure's network, with its loss."""

    def __init__(self, theta, width):
        super().__init__(theta, width, torch.tanh)

    def loss(self, x, y):
        return torch.nn.functional.binary_cross_entropy_with_logits(self(x), y)


def close(shown, expected, within=1e-10):
    shown, expected = (torch.as_tensor(v, dtype=torch.float64) for v in (shown, expected))
    torch.testing.assert_close(shown, expected, rtol=within, atol=within)


# ---------------------------------------------------------------- the arithmetic, under node


@needs_node
@pytest.mark.parametrize("width", [1, 5, 16])
def test_loss_gradient_and_forty_steps_are_those_of_torch(width):
    shown = under_node(
        """
        const rng = random(3), points = N.draw("moons", 40, rng), net = N.network(g.width, rng);
        const before = [...net.theta], { loss, gradient } = N.slopes(net, points);
        const scores = E.forward(net, points.x, 40).at(-1), held = N.heldOutLoss(net, points);
        for (let k = 0; k < 40; k++) N.step(net, points, 0.1, 0.9);
        return { points, before, loss, gradient, scores, held, after: net.theta };""",
        width=width,
    )
    x = torch.tensor(shown["points"]["x"], dtype=torch.float64).view(40, 2)
    y = torch.tensor(shown["points"]["y"], dtype=torch.float64)
    twin = Twin(shown["before"], width)
    loss = twin.loss(x, y)
    close(shown["scores"], twin(x).detach())
    close([shown["loss"], shown["held"]], [loss.item()] * 2)
    close(
        shown["gradient"],
        torch.cat([v.flatten() for v in torch.autograd.grad(loss, twin.weights.parameters())]),
    )
    sgd = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9)
    for _ in range(40):
        sgd.zero_grad()
        twin.loss(x, y).backward()
        sgd.step()
    close(shown["after"], twin.flat(), within=1e-8)


@needs_node
def test_the_loss_stays_finite_for_huge_scores():
    assert under_node("""
        const net = N.network(1, random(0));
        net.theta.fill(0); net.theta[net.theta.length - 1] = 800;
        return N.slopes(net, { x: new Float64Array(4), y: Float64Array.of(1, 0), n: 2 }).loss;
        """) == pytest.approx(400)


@needs_node
def test_python_and_the_menu_name_the_same_data_and_both_classes_are_there():
    shown = under_node("return Object.keys(N.DATA).map((k) => [k, N.draw(k, 400, random(1))]);")
    assert [name for name, _ in shown] == list(CLASSES)
    for name, points in shown:
        x = torch.tensor(points["x"]).view(-1, 2)
        assert sum(points["y"]) == 200 and x.abs().max() < 3.2, name
        assert (x.abs() < 1.8).all(1).double().mean() > 0.97, name  # inside the picture


@needs_node
def test_data_are_what_their_names_say():
    def cloud(name):
        points = under_node("return N.draw(g.name, 2000, random(4));", name=name)
        return torch.tensor(points["x"]).view(-1, 2), torch.tensor(points["y"])

    x, y = cloud("xor")
    assert torch.equal(y == 1, x.prod(1) < 0)
    x, y = cloud("rings")
    assert x[y == 1].norm(dim=1).median() < 0.4 < 0.9 < x[y == 0].norm(dim=1).median()
    x, y = cloud("clouds")
    close(x[y == 1].mean(0), [0.6, 0.4], within=0.08)


@needs_node
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_on_moons_it_learns_and_then_overfits(seed):
    """What the chapter asks the reader to see."""
    train, held = under_node(
        """
        const rng = random(g.seed), a = N.draw("moons", 40, rng), b = N.draw("moons", 100, rng);
        const net = N.network(16, rng), losses = [[], []];
        for (let k = 0; k < 3000; k++) {
          losses[0].push(N.heldOutLoss(net, a)); losses[1].push(N.heldOutLoss(net, b));
          N.step(net, a, 0.03, 0.9);
        }
        return losses;""",
        seed=seed,
    )
    assert min(held) < 0.5 and train[-1] < 0.1
    assert held[-1] > min(held) + 0.3


@needs_node
@pytest.mark.parametrize("seed", [0, 1])
def test_exclusive_or_needs_width(seed):
    end = under_node(
        """
        return [1, 8].map((width) => {
          const rng = random(g.seed), a = N.draw("xor", 40, rng), net = N.network(width, rng);
          for (let k = 0; k < 1500; k++) N.step(net, a, 0.1, 0.9);
          return N.heldOutLoss(net, a);
        });""",
        seed=seed,
    )
    assert end[0] > 0.3 and end[1] < 0.05


# ---------------------------------------------------------------- the figure, in a browser


def expected(steps, data="moons", width=16, rate=0.03, momentum=0.9, seed=0):
    """Training and held-out loss after some steps, by the tested arithmetic."""
    return under_node(
        """
        const rng = random(g.seed), a = N.draw(g.data, 40, rng), b = N.draw(g.data, 100, rng);
        const net = N.network(g.width, rng);
        for (let k = 0; k < g.steps; k++) N.step(net, a, g.rate, g.momentum);
        return [N.heldOutLoss(net, a), N.heldOutLoss(net, b)];""",
        steps=steps,
        data=data,
        width=width,
        rate=rate,
        momentum=momentum,
        seed=seed,
    )


def assert_shows(page, *settings, figure=0, **more):
    losses = expected(*settings, **more)
    for name, loss in zip(("train", "held"), losses, strict=True):
        assert number(page, name, figure) == pytest.approx(loss, abs=6e-4), name


def pixels(page, figure=0):
    return page.locator("canvas").nth(figure).evaluate("c => c.toDataURL()")


@needs_browser
def test_it_starts_paused_and_goes_one_step_at_a_time(open_page):
    page = open_page(boundary(), boundary(data="clouds", width=4, seed=2))
    page.wait_for_timeout(300)
    assert number(page, "step") == 0
    assert_shows(page, 0)
    assert_shows(page, 0, "clouds", 4, figure=1, seed=2)
    assert page.locator("[id]").count() == 0
    before = pixels(page)
    for _ in range(3):
        page.get_by_role("button", name="One step").first.click()
    assert number(page, "step") == 3 and number(page, "step", 1) == 0
    assert_shows(page, 3)
    assert pixels(page) != before


@needs_browser
def test_play_pause_and_new_start(open_page):
    page = open_page(boundary())
    play = page.locator("button.play")
    play.click()
    page.wait_for_function("+document.querySelector('[data-number=step]').textContent >= 40")
    play.click()
    assert play.inner_text() == "Play"
    step = int(number(page, "step"))
    assert_shows(page, step)
    page.wait_for_timeout(150)
    assert number(page, "step") == step
    assert number(page, "best") <= number(page, "held") + 1e-9
    page.get_by_role("button", name="New start").click()
    assert number(page, "step") == 0
    assert_shows(page, 0, seed=1)


@needs_browser
def test_keyboard_chooses_data_rate_width_and_momentum(open_page):
    page = open_page(boundary())
    data, rate, width = page.locator("select").all()
    momentum = page.locator("input[type=range]")
    data.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("ArrowDown")
    assert data.input_value() == "clouds"
    assert_shows(page, 0, "clouds")
    width.focus()
    page.keyboard.press("Home")
    assert_shows(page, 0, "clouds", 1)
    momentum.focus()
    page.keyboard.press("Home")
    rate.focus()
    page.keyboard.press("ArrowDown")
    assert rate.input_value() == "0.1"
    page.get_by_role("button", name="One step").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert number(page, "step") == 2
    assert_shows(page, 2, "clouds", 1, 0.1, 0.0)


@needs_browser
def test_touch_and_a_phone_without_sideways_scroll(open_page):
    page = open_page(boundary(), width=390, touch=True)
    page.get_by_role("button", name="One step").tap()
    assert number(page, "step") == 1
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("getComputedStyle(document.querySelector('canvas')).touchAction") != "none"


@needs_browser
def test_dark_mode_redraws_the_picture(open_page):
    page = open_page(boundary())
    before = pixels(page)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(100)
    assert pixels(page) != before


@needs_browser
def test_it_says_when_it_overfits(open_page):
    page = open_page(boundary())
    says = page.locator("[aria-live=polite]")
    assert "press Play" in says.inner_text()
    page.locator("select").nth(1).select_option("0.3")
    page.locator("button.play").click()
    page.wait_for_function("document.querySelector('.says').textContent.startsWith('Overfitting')")
    page.locator("button.play").click()
    assert number(page, "held") > number(page, "best") + 0.05


@needs_browser
def test_without_scripts_a_text_stands_in_its_place(open_page):
    assert_speaks_without_scripts(open_page, boundary())


# ---------------------------------------------------------------- the HTML itself


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(boundary, 33_500)


@pytest.mark.parametrize(
    "bad",
    [
        {"data": "cats"},
        {"width": 0},
        {"width": 2.5},
        {"width": 33},
        {"seed": -1},
        {"width": math.nan},
    ],
)
def test_settings_out_of_range_are_named(bad):
    with pytest.raises(
        GanCourseError, match=f"{next(iter(bad))} (is .*\n.*choose|must be a whole number)"
    ):
        boundary(**bad)
