"""The sliders of the latent explorer drive the real model (and test_widget: where they show)."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from gancourse.errors import GanCourseError
from gancourse.live.explorer import latent_explorer
from gancourse.live.scrubber import Recorder, training_scrubber
from gancourse.training import Training
from live.harness import lively, pictures, points


def pixels(png, scale=1):
    """Values in [-1, 1] of shape (3, height, width) of a PNG whose pixels are squares."""
    with Image.open(io.BytesIO(png)) as image:
        small = (
            image.convert("RGBA")
            .convert("RGB")
            .resize((image.width // scale, image.height // scale), Image.Resampling.NEAREST)
        )
        return torch.tensor(np.asarray(small)).permute(2, 0, 1).float() / 127.5 - 1


def assert_draws(png, G, z):
    """The PNG of one face is G(z), to the nearest of 256 levels."""
    with torch.no_grad():
        drawn = G.eval()(z[None])[0].expand(3, -1, -1)
    with Image.open(io.BytesIO(png)) as image:
        scale = image.width // 16
        assert image.size == (16 * scale, 16 * scale) and scale > 8
    assert (pixels(png, scale) - drawn).abs().max() * 127.5 < 0.51


# ---------------------------------------------------------------- the latent explorer


def test_sliders_and_buttons_change_the_picture_as_the_model_says():
    pytest.importorskip("ipywidgets", reason="SKIPPED: ipywidgets is not installed")
    gan = lively(pictures())
    explorer = latent_explorer(gan)
    explorer.controls()
    A, B, d = explorer.A, explorer.B, explorer.directions
    assert torch.allclose(d @ d.T, torch.eye(2), atol=1e-6)
    assert_draws(explorer.image.value, gan.G, A)
    explorer.sliders[1].value = 2.5
    assert_draws(explorer.image.value, gan.G, A + 2.5 * d[1])
    explorer.t.value = 1
    explorer.sliders[0].value = -1
    assert_draws(explorer.image.value, gan.G, B - d[0] + 2.5 * d[1])
    explorer.reset.click()
    assert_draws(explorer.image.value, gan.G, B)
    before = explorer.image.value
    explorer.new.click()
    assert torch.equal(explorer.A, B) and not torch.equal(explorer.B, B)
    assert explorer.image.value != before
    assert_draws(explorer.image.value, gan.G, explorer.B)


def test_half_way_lies_on_the_arc_and_keeps_the_length():
    explorer = latent_explorer(pictures())
    middle, rest = explorer.z(0.5, [0, 0]), torch.zeros(2)
    A, B = explorer.A, explorer.B
    bisector = A / A.norm() + B / B.norm()
    assert middle.norm().item() == pytest.approx((A.norm() + B.norm()).item() / 2, rel=1e-6)
    assert torch.allclose(middle / middle.norm(), bisector / bisector.norm(), atol=1e-6)
    assert torch.equal(explorer.z(0, rest), A) and torch.equal(explorer.z(1, rest), B)


def test_a_training_lends_its_average_and_nothing_of_it_changes():
    gan = lively(pictures(1, channels=1))
    training = Training(gan, [(torch.zeros(4, 1, 16, 16),)], ema=0.9)
    training.advance(2)
    state = {k: v.clone() for k, v in training.gan.state_dict().items()}
    rng = torch.get_rng_state()
    explorer = latent_explorer(training, torch.eye(8)[:3], seed=4)
    drawn = explorer.draw(explorer.z(0, [0, 1, 0])[None])
    assert training.gan.G.training and torch.equal(rng, torch.get_rng_state())
    assert all(torch.equal(v, state[k]) for k, v in training.gan.state_dict().items())
    with torch.no_grad():
        expected = training.average.eval()((explorer.A + torch.eye(8)[1])[None])
    assert torch.allclose(drawn, expected, atol=1e-6)


@pytest.mark.parametrize(
    "bad, says",
    [
        (lambda: latent_explorer(torch.nn.Linear(2, 2)), "no generator"),
        (lambda: latent_explorer(pictures(), torch.eye(5)), "directions have shape"),
        (lambda: latent_explorer(points()), "single pictures"),
        (lambda: latent_explorer(points(members=2)), "single pictures"),
        (lambda: training_scrubber(Recorder()), "nothing recorded"),
        (lambda: training_scrubber([1, 2]), "nothing recorded"),
        (lambda: Recorder(n=0), "n must be a whole number of at least 1, not 0"),
    ],
)
def test_what_cannot_be_shown_is_named(bad, says):
    with pytest.raises(GanCourseError, match=says):
        bad()


# ---------------------------------------------------------------- the scrubber


# ---------------------------------------------------------------- what a notebook stores
