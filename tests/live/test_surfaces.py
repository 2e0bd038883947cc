"""The three critics of chapter 13's live figure: against torch under node, and in a browser."""

from functools import partial

import pytest
import torch
from torch.nn.functional import leaky_relu, softplus

from checkout import needs_browser, needs_node
from gancourse.data.toys import grid, ring, swiss_roll
from gancourse.errors import GanCourseError
from gancourse.live.surfaces import CRITIC_DATA, surfaces
from live import harness
from live.harness import assert_self_contained, number

STRENGTH = {"clip": 0.1, "gp": 1.0, "r1": 0.1}


under_node = partial(harness.under_node, "surfaces")


class Twin(harness.Twin):
    """The figure's critic, with its slopes and its loss."""

    def __init__(self, theta):
        super().__init__(theta, 32, lambda x: leaky_relu(x, 0.2))

    def steepness(self, x):
        x = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(self(x).sum(), x, create_graph=True)
        return slope.norm(dim=1)

    def loss(self, kind, points, strength):
        real, fake, between = (points[key] for key in ("real", "fake", "between"))
        if kind == "r1":
            logistic = (softplus(-self(real)) + softplus(self(fake))).mean()
            return logistic + strength / 2 * self.steepness(real).square().mean()
        loss = self(fake).mean() - self(real).mean()
        if kind == "gp":
            loss = loss + strength * (self.steepness(between) - 1).square().mean()
        return loss


def tensors(points):
    return {key: torch.tensor(v, dtype=torch.float64).view(-1, 2) for key, v in points.items()}


def close(shown, expected, within):
    torch.testing.assert_close(
        torch.as_tensor(shown, dtype=torch.float64), expected.detach(), rtol=within, atol=within
    )


@needs_node
@pytest.mark.parametrize("kind", STRENGTH)
@pytest.mark.parametrize("data", CRITIC_DATA)
def test_loss_and_double_backpropagation_and_steps_are_those_of_torch(kind, data):
    """Gradients by all weights, penalty included, to 1e-9; thirty steps of Adam to 1e-6."""
    shown = under_node(
        """
        const rng = random(3), sets = N.points(g.data, rng), net = N.critic(rng);
        const before = [...net.theta];
        const batches = Array.from({ length: 30 }, () => N.batch(sets, rng));
        const first = N.slopes(g.kind, net, batches[0], g.strength);
        for (const points of batches) N.step(g.kind, net, points, g.strength);
        return { before, batches, first, after: net.theta };""",
        kind=kind,
        data=data,
        strength=STRENGTH[kind],
    )
    twin = Twin(shown["before"])
    loss = twin.loss(kind, tensors(shown["batches"][0]), STRENGTH[kind])
    gradient = torch.autograd.grad(loss, twin.weights.parameters())
    close(shown["first"]["loss"], loss, 1e-10)
    close(shown["first"]["gradient"], torch.cat([v.flatten() for v in gradient]), 1e-9)
    close(
        shown["first"]["steep"],
        twin.steepness(tensors(shown["batches"][0])["between"]).mean(),
        1e-10,
    )
    adam = torch.optim.Adam(twin.parameters(), lr=0.004, betas=(0.5, 0.9))
    for points in shown["batches"]:
        adam.zero_grad()
        twin.loss(kind, tensors(points), STRENGTH[kind]).backward()
        adam.step()
        if kind == "clip":
            with torch.no_grad():
                for p in twin.parameters():
                    p.clamp_(-0.1, 0.1)
    close(shown["after"], twin.flat(), 1e-6)


@needs_node
def test_a_slope_of_exactly_zero_gives_no_nan():
    shown = under_node("""
        const net = N.critic(random(0)), points = N.batch(N.points("ring", random(1)), random(2));
        net.theta.fill(0);
        return N.slopes("gp", net, points, 1);""")
    assert shown["loss"] == pytest.approx(1)
    assert all(value == 0 for value in shown["gradient"][:-1])


@needs_node
@pytest.mark.parametrize(
    "name, toy", [("ring", ring()), ("grid", grid()), ("swiss roll", swiss_roll())]
)
def test_the_data_are_the_toys_and_the_fakes_are_data_plus_unit_noise(name, toy):
    real, fake = (
        torch.cat(
            [
                torch.tensor(
                    under_node("return N.points(g.name, random(g.seed));", name=name, seed=seed)[
                        key
                    ]
                ).view(-1, 2)
                for seed in range(8)
            ]
        )
        for key in ("real", "fake")
    )
    torch.manual_seed(0)
    same = 2**0.5 * toy.sample(20_000)
    nearest = torch.cdist(real.float(), same).amin(1)
    assert nearest.median() < 0.03
    assert (real.mean(0) - same.mean(0)).abs().max() < 0.12
    assert (fake.var(0) - real.var(0)).mean() == pytest.approx(1, abs=0.15)
    assert list(under_node("return Object.keys(N.DATA);")) == list(CRITIC_DATA)


@needs_node
def test_between_lies_on_the_segment_with_one_share_per_sample():
    points = tensors(under_node("return N.batch(N.points('ring', random(0)), random(1));"))
    share = (points["between"] - points["fake"]) / (points["real"] - points["fake"])
    assert torch.allclose(share[:, 0], share[:, 1], atol=1e-9)
    assert 0 <= share.min() and share.max() <= 1 and share.std() > 0.2


@needs_node
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_the_chapter_asks_the_reader_to_see(seed):
    """After 600 steps the gradient penalty's mean slope is near 1 + 1/(2 lambda) at most."""
    steep = under_node(
        """
        const rng = random(g.seed), sets = N.points("ring", rng), first = N.critic(rng), found = {};
        for (const kind of ["clip", "gp", "r1"]) {
          const copied = { theta: first.theta.slice(), m: first.m.slice(), v: first.v.slice() };
          const net = { ...first, ...copied };
          const draws = random(7);
          for (let k = 0; k < 600; k++) N.step(kind, net, N.batch(sets, draws), g.strength[kind]);
          found[kind] = N.slopes(kind, net, N.batch(sets, draws), g.strength[kind]).steep;
        }
        return found;""",
        seed=seed,
        strength=STRENGTH,
    )
    assert 0.6 < steep["gp"] < 1.5
    assert steep["r1"] < 5 and steep["clip"] > 0


# ---------------------------------------------------------------- the figure, in a browser


@needs_browser
def test_mouse_keyboard_touch_and_two_figures(open_page):
    page = open_page(surfaces(), surfaces(data="grid", seed=2), width=390, touch=True)
    page.wait_for_timeout(200)
    assert page.locator("[id]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    shot = "c => c.toDataURL()"
    before = page.locator("canvas").first.evaluate(shot)
    page.get_by_role("button", name="One step").first.tap()
    assert number(page, "step") == 1 and number(page, "step", 1) == 0
    assert page.locator("canvas").first.evaluate(shot) != before
    page.get_by_role("button", name="One step").first.focus()
    page.keyboard.press("Enter")
    assert number(page, "step") == 2
    select = page.locator("select").first
    select.focus()
    page.keyboard.press("ArrowDown")
    assert select.input_value() == "grid" and number(page, "step") == 0
    page.locator("button.play").first.click()
    page.wait_for_function("+document.querySelector('[data-number=step]').textContent >= 30")
    page.locator("button.play").first.click()
    step = number(page, "step")
    page.wait_for_timeout(150)
    assert number(page, "step") == step
    page.get_by_role("button", name="New start").first.click()
    assert number(page, "step") == 0


@needs_browser
def test_the_numbers_shown_are_those_of_the_tested_arithmetic_and_dark_mode_redraws(open_page):
    page = open_page(surfaces())
    page.get_by_role("button", name="One step").click()
    shown = under_node(
        """
        const rng = random(0), sets = N.points("ring", rng), first = N.critic(rng);
        const points = N.batch(sets, rng);
        return Object.fromEntries(["clip", "gp", "r1"].map((kind) => [kind, N.step(kind,
          { ...first, theta: first.theta.slice(), m: first.m.slice(), v: first.v.slice() }, points,
          g.strength[kind])]));""",
        strength=STRENGTH,
    )
    for kind, numbers in shown.items():
        assert number(page, f"{kind}-slope") == pytest.approx(numbers["steep"], abs=6e-4)
        assert number(page, f"{kind}-loss") == pytest.approx(numbers["loss"], abs=6e-4)
    before = page.locator("canvas").first.evaluate("c => c.toDataURL()")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(100)
    assert page.locator("canvas").first.evaluate("c => c.toDataURL()") != before


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(surfaces)


@pytest.mark.parametrize("bad", [{"data": "cats"}, {"seed": -1}, {"seed": 0.5}])
def test_settings_out_of_range_are_named(bad):
    with pytest.raises(
        GanCourseError, match=f"{next(iter(bad))} (is .*\n.*choose|must be a whole number)"
    ):
        surfaces(**bad)
