"""The plane of codes (chapter 4): the decoder in the page against torch, and in a browser."""

from functools import partial

import pytest
import torch
from torch import nn

from checkout import needs_browser, needs_node
from gancourse.data.images import images
from gancourse.errors import GanCourseError
from gancourse.live.latent_plane import latent_plane
from gancourse.networks.mlp import mlp
from gancourse.networks.vae import VAE
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

under_node = partial(harness.under_node, "latent_plane")


def model(seed=0, sigma=0.3, latent=2):
    torch.manual_seed(seed)
    encoder = nn.Sequential(nn.Flatten(), mlp(64, 2 * latent, width=8, depth=1))
    decoder = nn.Sequential(
        mlp(latent, 64, width=8, depth=2), nn.Tanh(), nn.Unflatten(-1, (1, 8, 8))
    )
    return VAE(encoder, decoder, latent, sigma=sigma)


def figure(n=20):
    flat = model(1, sigma=5.0)
    for weight in flat.encoder.parameters():
        nn.init.zeros_(weight)
    return latent_plane([model(), flat], images("digits", size=8), n)


@needs_node
def test_the_decoder_is_torchs():
    given = figure().settings["models"][0]["layers"]
    z = torch.randn(5, 2, generator=torch.Generator().manual_seed(3))
    body = "const L = g.layers.map(N.unpack); return g.z.map((z) => N.decode(L, z));"
    found = torch.tensor(under_node(body, layers=given, z=z.tolist()))
    with torch.no_grad():
        torch.testing.assert_close(found, model().G(z).flatten(1), atol=2e-4, rtol=1e-3)


def test_what_the_encoder_says_is_in_the_settings():
    told, x = figure().settings["models"], images("digits", size=8)[:20]
    with torch.no_grad():
        mean, log_variance = model().encode(x)
    codes = torch.tensor(told[0]["codes"])
    torch.testing.assert_close(
        codes, torch.cat([mean, (log_variance / 2).exp()], 1), atol=1e-3, rtol=0
    )
    assert told[1]["kl"] == [0, 0] and told[1]["sigma"] == 5
    assert sum(told[0]["kl"]) == pytest.approx(float(model().bound(x).kl.mean().detach()), abs=0.02)


@needs_browser
def test_pointer_keys_and_menus(open_page):
    page = open_page(figure())
    canvas = page.locator("canvas").first
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    assert number(page, "z1") == pytest.approx(1.6, abs=0.05)
    assert number(page, "z2") == pytest.approx(1.6, abs=0.05)
    canvas.focus()
    page.keyboard.press("ArrowDown")
    assert number(page, "z2") == pytest.approx(1.4, abs=0.05)
    page.locator("select").nth(1).select_option("pictures")
    assert "makes up" in page.inner_text(".says")
    page.locator("select").nth(0).select_option("1")
    assert page.inner_text("[data-number=units]") == "0 of 2"
    assert "collapsed" in page.inner_text(".says")


@needs_browser
def test_the_narrow_page_by_touch(open_page):
    page = open_page(figure(), width=390, touch=True)
    page.locator("canvas").first.tap(position={"x": 30, "y": 30})
    assert number(page, "z1") < -2
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@needs_browser
def test_a_sentence_without_scripts(open_page):
    assert_speaks_without_scripts(open_page, figure())


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(figure)


def test_bad_settings_are_named():
    digits = images("digits", size=8)
    with pytest.raises(GanCourseError, match="there is no model"):
        latent_plane([], digits)
    with pytest.raises(GanCourseError, match="a code of 3 numbers"):
        latent_plane([model(latent=3)], digits)
