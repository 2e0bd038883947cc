"""The Dirac-GAN's figure (chapter 7): against gancourse.theory.dirac, and in a browser."""

from functools import partial

import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.live.dirac import dirac
from gancourse.theory import dynamics
from gancourse.theory.dirac import MINIMAX, NON_SATURATING, WASSERSTEIN, DiracGAN
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

under_node = partial(harness.under_node, "dirac")
LOSSES = {"non-saturating": NON_SATURATING, "minimax": MINIMAX, "Wasserstein": WASSERSTEIN}
NAMES = {"R1": "r1", "noise": "noise", "consensus": "consensus", "GP": "gp", "clip": "clip"}
GAMES = [
    ("non-saturating", "none", 0.0, 1.0, 1),
    ("minimax", "none", 0.0, 4.0, 1),
    ("Wasserstein", "none", 0.0, 1.0, 1),
    ("Wasserstein", "clip", 1.0, 1.0, 1),
    ("Wasserstein", "GP", 0.5, 1.0, 1),
    ("Wasserstein", "noise", 0.7, 1.0, 1),
    ("non-saturating", "R1", 0.3, 2.0, 1),
    ("non-saturating", "R1", 1.0, 1.0, 4),
    ("minimax", "consensus", 0.8, 1.0, 1),
    ("non-saturating", "noise", 0.7, 1.0, 1),
    ("minimax", "noise", 1.4, 1.0, 1),
]


def both(loss, remedy, strength, ratio, lazy):
    """The same game for the page and for Python."""
    settings = dirac().settings
    page = dict(loss=loss, remedy=remedy, strength=strength, ratio=ratio, lazy=lazy)
    page |= {name: settings[name] for name in ("nodes", "weights")}
    extra = {NAMES[remedy]: strength} if remedy in NAMES else {}
    return page, DiracGAN(LOSSES[loss], ratio=ratio, lazy=lazy, **extra)


@needs_node
@pytest.mark.parametrize("game", GAMES)
def test_orbits_and_eigenvalues_are_the_theorys(game):
    page, gan = both(*game)
    turns = (0, 1, 5) if gan.lazy == 1 else (0, 1)
    found = under_node(
        "return g.turns.map((t) => ({ path: N.play(g.game, 0.2, t, [1, 1], 60),"
        " modulus: (U => U && N.modulus(U))(N.update(g.game, 0.2, t)) }));",
        game=page,
        turns=turns,
    )
    for d_steps, one in zip(turns, found, strict=True):
        path = torch.tensor(one["path"], dtype=torch.float64)
        torch.testing.assert_close(path, gan.play(0.2, 60, d_steps), atol=1e-6, rtol=1e-6)
        if gan.gp:
            assert one["modulus"] is None
            continue
        largest = dynamics.moduli(gan.update(0.2, d_steps))[0].item()
        assert one["modulus"] == pytest.approx(largest, abs=1e-9)


@needs_browser
def test_menus_sliders_buttons_and_keys(open_page):
    page = open_page(dirac())
    assert number(page, "modulus") == pytest.approx(1.0050, abs=1e-4)
    assert "stretches" in page.inner_text(".says")
    page.locator("select").nth(1).select_option("R1")
    assert number(page, "modulus") == pytest.approx(0.9747, abs=1e-4)
    assert "it arrives" in page.inner_text(".says")
    twin = page.get_by_role("button", name="beside")
    assert twin.is_disabled()
    page.locator("select").nth(1).select_option("noise")
    twin.click()
    assert twin.get_attribute("aria-pressed") == "true"
    assert "dashed" in page.inner_text(".note")
    page.locator("select").nth(1).select_option("R1")
    page.locator("select").nth(2).select_option("in turn")
    page.locator("input[type=range]").nth(0).fill("1")
    page.locator("input[type=range]").nth(3).fill("10")
    assert number(page, "modulus") == pytest.approx(1.0042, abs=1e-4)
    assert "2.00" in page.inner_text(".says")
    page.locator("input[type=range]").nth(3).fill("1")
    before = page.inner_text("[data-number=end]")
    page.locator("canvas").nth(0).focus()
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("[data-number=end]") != before
    page.locator("select").nth(0).select_option("Wasserstein")
    page.locator("select").nth(1).select_option("GP")
    assert "kink" in page.inner_text(".says")
    page.get_by_role("button", name="Play from the start").click()


@needs_browser
def test_the_narrow_page_by_touch(open_page):
    page = open_page(dirac(remedy="noise", strength=0.7), width=390, touch=True)
    before = page.inner_text("[data-number=end]")
    page.locator("canvas").nth(0).tap()
    assert page.inner_text("[data-number=end]") != before
    page.get_by_role("button", name="beside").tap()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@needs_browser
def test_a_sentence_without_scripts(open_page):
    assert_speaks_without_scripts(open_page, dirac())


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(dirac)


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"loss": "hinge"}, "loss is 'hinge'"),
        ({"remedy": "hope"}, "remedy is 'hope'"),
        ({"order": "never"}, "order is 'never'"),
        ({"strength": 3}, "strength is 3"),
        ({"h": 0}, "h is 0"),
    ],
)
def test_bad_settings_are_named(bad, message):
    with pytest.raises(GanCourseError, match=message):
        dirac(**bad)
