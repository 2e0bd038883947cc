"""Live figures: the arithmetic against gancourse.theory under node, the controls in a browser."""

import json
import math

import numpy as np
import pytest
import scipy.stats
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.divergence import divergence
from gancourse.theory import information as info
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

SETTINGS = [
    {"mean": mean, "std": std, "bumps": bumps}
    for mean in (-8, -3, -0.7, 0, 2, 4.05, 8)
    for std in (0.3, 0.8, 1, 3)
    for bumps in (1, 2)
]


# ---------------------------------------------------------------- the arithmetic, under node


def under_node(expression):
    return harness.under_node("divergence", f"return {expression};")


@pytest.fixture(scope="module")
def figures_numbers():
    return under_node(f"{json.dumps(SETTINGS)}.map(N.at)")


X = torch.linspace(-26, 26, 5201, dtype=torch.float64)  # twice as fine as the figure's grid
DX = 0.01


def data_density(bumps):
    if bumps == 1:
        return info.gaussian(X)
    return (info.gaussian(X, -3, 0.8) + info.gaussian(X, 3, 0.8)) / 2


def slopes(mean, std, p):
    """Derivatives in the mean of 2 JSD, of KL(p_g‖p) − 2 JSD and of W1, by autograd."""
    at = torch.tensor(float(mean), dtype=torch.float64, requires_grad=True)
    pg = info.gaussian(X, at, std)
    jsd2 = 2 * info.jsd(p, pg, DX)
    both = (info.kl(pg, p, DX) - jsd2, jsd2, info.wasserstein_1d(p, pg, X, DX))
    return [float(torch.autograd.grad(f, at, retain_graph=True)[0]) for f in both]


@needs_node
@pytest.mark.parametrize("i", range(len(SETTINGS)), ids=lambda i: str(list(SETTINGS[i].values())))
def test_numbers_agree_with_the_theory(figures_numbers, i):
    shown, (mean, std, bumps) = figures_numbers[i], SETTINGS[i].values()
    p, pg = data_density(bumps), info.gaussian(X, mean, std)
    centre = torch.tensor(float(mean), dtype=torch.float64)
    p_centre = (
        info.gaussian(centre)
        if bumps == 1
        else (info.gaussian(centre, -3, 0.8) + info.gaussian(centre, 3, 0.8)) / 2
    )
    expected = {
        "D": info.optimal_discriminator(p_centre, info.gaussian(centre, mean, std)),
        "V": info.value(info.optimal_score(p, pg), p, pg, DX),
        "jsd": info.jsd(p, pg, DX),
        "w1": info.wasserstein_1d(p, pg, X, DX),
    }
    for name, value in expected.items():
        # W1 sums a function with kinks: the grid's error is of second order in its spacing
        assert shown[name] == pytest.approx(float(value), abs=2e-4 if name == "w1" else 1e-9), name


@needs_node
@pytest.mark.parametrize("i", range(len(SETTINGS)), ids=lambda i: str(list(SETTINGS[i].values())))
def test_kl_agrees_with_log_densities_from_scipy(figures_numbers, i):
    shown, (mean, std, bumps) = figures_numbers[i], SETTINGS[i].values()
    x = X.numpy()
    log_p = (
        scipy.stats.norm.logpdf(x)
        if bumps == 1
        else np.logaddexp(scipy.stats.norm.logpdf(x, -3, 0.8), scipy.stats.norm.logpdf(x, 3, 0.8))
        - math.log(2)
    )
    log_pg = scipy.stats.norm.logpdf(x, mean, std)
    forward = (np.exp(log_p) * (log_p - log_pg)).sum() * DX
    reverse = (np.exp(log_pg) * (log_pg - log_p)).sum() * DX
    assert shown["klForward"] == pytest.approx(forward, abs=1e-8, rel=1e-9)
    assert shown["klReverse"] == pytest.approx(reverse, abs=1e-8, rel=1e-9)


@needs_node
@pytest.mark.parametrize(
    "i",
    [i for i, s in enumerate(SETTINGS) if s["std"] < 3],
    ids=lambda i: str(list(SETTINGS[i].values())),
)
def test_slopes_agree_with_autograd(figures_numbers, i):
    shown, (mean, std, bumps) = figures_numbers[i], SETTINGS[i].values()
    nonsaturating, saturating, w1 = slopes(mean, std, data_density(bumps))
    assert shown["slopeSaturating"] == pytest.approx(saturating, abs=1e-8)
    assert shown["slopeNonSaturating"] == pytest.approx(nonsaturating, abs=1e-7)
    assert shown["slopeW1"] == pytest.approx(w1, abs=2e-2)  # a sign function on a grid


# ---------------------------------------------------------------- the figure, in a browser


def theory(mean, std=1.0):
    p, pg = info.gaussian(X), info.gaussian(X, mean, std)
    return {
        "jsd": float(info.jsd(p, pg, DX)),
        "w1": float(info.wasserstein_1d(p, pg, X, DX)),
        "V": float(info.value(info.optimal_score(p, pg), p, pg, DX)),
    }


def assert_shows(page, mean, std=1.0, figure=0):
    for name, expected in theory(mean, std).items():
        assert number(page, name, figure) == pytest.approx(expected, abs=6e-4), name


def place_in_densities(page, x):
    """Page coordinates of the point x on the axis of the first panel."""
    box = page.locator("figure.live-figure svg").first.bounding_box()
    inner = box["width"] - 38 - 12
    return box["x"] + 38 + (x + 8) / 16 * inner, box["y"] + box["height"] / 2


@needs_browser
def test_the_first_picture_shows_its_settings(open_page):
    page = open_page(divergence(mean=2.0), divergence(mean=-1.0, std=0.5))
    assert_shows(page, 2.0)
    assert_shows(page, -1.0, 0.5, figure=1)
    assert page.locator(".live-fallback").count() == 0
    assert page.locator("[id]").count() == 0  # nothing that could clash


@needs_browser
def test_mouse_drag_moves_the_generator_and_only_this_figure(open_page):
    page = open_page(divergence(mean=2.0), divergence(mean=2.0))
    page.mouse.move(*place_in_densities(page, 2.0))
    page.mouse.down()
    page.mouse.move(*place_in_densities(page, 0.0), steps=5)
    page.mouse.move(*place_in_densities(page, -4.0), steps=5)
    page.mouse.up()
    mean = float(page.locator("input[type=range]").first.input_value())
    assert mean == pytest.approx(-4.0, abs=0.11)
    assert_shows(page, mean)
    assert_shows(page, 2.0, figure=1)
    page.mouse.move(*place_in_densities(page, 5.0))  # the button is up: nothing moves
    assert_shows(page, mean)


@needs_browser
def test_keyboard_moves_position_width_and_data(open_page):
    page = open_page(divergence(mean=2.0, std=1.0))
    position, width = page.locator("input[type=range]").all()
    position.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("ArrowRight")
    assert_shows(page, 2.05)
    page.keyboard.press("End")
    assert_shows(page, 8.0)
    assert number(page, "jsd") == pytest.approx(math.log(2), abs=6e-4)
    assert "ceiling" in page.locator("[aria-live=polite]").inner_text()
    width.focus()
    page.keyboard.press("Home")
    assert_shows(page, 8.0, 0.3)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.locator("select").input_value() == "2"
    assert number(page, "w1") > 7.9


@needs_browser
def test_touch_tap_moves_and_the_phone_page_does_not_scroll_sideways(open_page):
    page = open_page(divergence(mean=2.0), width=390, touch=True)
    page.touchscreen.tap(*place_in_densities(page, -3.0))
    mean = float(page.locator("input[type=range]").first.input_value())
    assert mean == pytest.approx(-3.0, abs=0.11)
    assert_shows(page, mean)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@needs_browser
def test_the_fill_ends_on_the_axis_where_the_panel_cuts_the_curve(open_page):
    page = open_page(divergence(mean=8.0))
    ends = page.evaluate("""() => {
        const points = [...document.querySelector('polygon.fake').points];
        return points.slice(-2).concat(points[0]).map((point) => point.y)}""")
    assert max(ends) - min(ends) < 0.2  # the density is 0 at the left edge, too
    tangents = page.locator("line.tangent").all()
    assert len(tangents) == 2
    assert all(
        float(t.get_attribute("x2")) <= t.evaluate("t => t.ownerSVGElement.clientWidth") - 46
        for t in tangents
    )


@needs_browser
def test_dark_mode_changes_the_colours_of_the_curves(open_page):
    page = open_page(divergence())
    colour = "getComputedStyle(document.querySelector('.curve.real')).stroke"
    assert page.evaluate(colour) == "rgb(15, 118, 110)"
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate(colour) == "rgb(94, 234, 212)"


@needs_browser
def test_without_scripts_a_text_stands_in_its_place(open_page):
    assert_speaks_without_scripts(open_page, divergence())


# ---------------------------------------------------------------- the HTML itself


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(divergence, 25_000)


@pytest.mark.parametrize("bad", [{"mean": 9}, {"std": 0.1}, {"bumps": 3}, {"mean": math.nan}])
def test_settings_out_of_range_are_named(bad):
    with pytest.raises(GanCourseError, match=f"{next(iter(bad))} is .*\n.*choose"):
        divergence(**bad)
