"""Widgets of a running kernel: their controls drive the real model; without one a picture stands.

All of it runs with the ipywidgets that is installed, and once more with 7.7.1, the version of
Colab, where the folder named by IPYWIDGETS7 has it:
pip install --target /tmp/ipyw7 ipywidgets==7.7.1 --no-deps, likewise ipython_genutils,
widgetsnbextension~=3.6 and jupyterlab-widgets<2.
"""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from PIL import Image

from gancourse.data import toys
from gancourse.errors import GanCourseError
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.live.explorer import latent_explorer
from gancourse.live.scrubber import Recorder, training_scrubber
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.training import Training, train
from kernels import kernel_environment

NESTED = "IPYWIDGETS_NESTED" in os.environ
OLD = Path(os.environ.get("IPYWIDGETS7", "/tmp/ipyw7"))


def pictures(seed=0, channels=3):
    torch.manual_seed(seed)
    return GAN(
        NonSaturating(),
        generator=dcgan.generator(16, channels, 8, 4),
        discriminator=dcgan.discriminator(16, channels, 4),
        latent_dim=8,
    )


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


def lively(gan):
    """Weights far from the grey of the first step, so that z matters."""
    for part in gan.G:
        if isinstance(part, torch.nn.ConvTranspose2d):
            torch.nn.init.normal_(part.weight, 0, 0.3)
    return gan


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


def points(members=None):
    torch.manual_seed(0)
    return GAN(
        NonSaturating(),
        generator=mlp(2, 2, width=8, members=members),
        discriminator=mlp(2, 1, width=8, members=members),
        latent_dim=2,
    )


def recorded(members=None, steps=12, every=4):
    recorder = Recorder(n=30, seed=3, member=1 if members else 0)
    training = train(
        points(members), toys.ring(8).batches(16, members), steps, watch=recorder, every=every
    )
    return recorder, training


@pytest.mark.parametrize("members", [None, 2])
def test_a_recorder_keeps_what_the_training_would_have_shown(members):
    recorder, training = recorded(members)
    mine = 1 if members else slice(None)
    assert recorder.steps == [4, 8, 12]
    for frame, (d, g), end in zip(recorder.frames, recorder.losses, recorder.steps, strict=True):
        again = train(points(members), toys.ring(8).batches(16, members), end)
        assert torch.equal(frame, again.sample(30, 3)[mine])
        losses = [loss[end - 4 :].reshape(4, -1)[:, mine].mean() for loss in again.history[:2]]
        assert [d, g] == pytest.approx([v.item() for v in losses], rel=1e-6)


def test_watching_changes_nothing():
    _, watched = recorded()
    alone = train(points(), toys.ring(8).batches(16), 12)
    assert torch.equal(watched.sample(20), alone.sample(20))


def test_scrubbing_shows_each_moment():
    pytest.importorskip("ipywidgets", reason="SKIPPED: ipywidgets is not installed")
    recorder, _ = recorded()
    scrubber = training_scrubber(recorder, toys.ring(8).sample(50, seed=0))
    scrubber.controls()
    shown = {}
    for i in (2, 0, 1):
        scrubber.slider.value = i
        d, g = recorder.losses[i]
        assert scrubber.text.value == f"step {4 * (i + 1)}: loss of D {d:.3f}, of G {g:.3f}"
        assert scrubber.image.value == scrubber.picture([i], across=1)._repr_png_()
        shown[i] = scrubber.image.value
    assert len(set(shown.values())) == 3
    assert scrubber.slider.max == scrubber.play.max == 2


def test_pictures_are_scrubbed_as_sheets_and_the_still_picture_takes_eight_moments():
    recorder = Recorder(n=4)
    gan = lively(pictures())
    train(gan, [(torch.zeros(4, 3, 16, 16),)], 20, watch=recorder, every=1)
    still = training_scrubber(recorder).still()
    titles = [ax.get_title() for ax in still.axes]
    assert titles == [f"step {k}" for k in (1, 2, 4, 6, 9, 12, 16, 20)]


# ---------------------------------------------------------------- what a notebook stores

CELLS = """\
import torch
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.networks import dcgan
from gancourse.live.scrubber import Recorder, training_scrubber
from gancourse.training import train
from gancourse.live.explorer import latent_explorer
torch.manual_seed(0)
gan = GAN(NonSaturating(), generator=dcgan.generator(16, 3, 8, 4),
          discriminator=dcgan.discriminator(16, 3, 4), latent_dim=8)
recorder = Recorder(4)
train(gan, [(torch.zeros(4, 3, 16, 16),)], 3, watch=recorder, every=1);
----
latent_explorer(gan)
----
training_scrubber(recorder)
"""


def stored(tmp_path, *before, **environment):
    """The outputs of the two widgets in an executed notebook."""
    cells = [*before, *CELLS.split("----\n")]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        store_widget_state=False,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    if NESTED:  # ipywidgets 7 uses what the newer ipykernel here calls deprecated
        environment["PYTHONWARNINGS"] = "default"
    client.execute(env=kernel_environment("smoke") | environment)
    return [[json.loads(json.dumps(o)) for o in c.outputs] for c in notebook.cells[-2:]]


def test_a_stored_notebook_holds_small_still_pictures_and_nothing_that_needs_a_kernel(tmp_path):
    first = stored(tmp_path)
    for outputs in first:
        (data,) = (output["data"] for output in outputs)
        assert set(data) == {"image/png", "text/plain"}
        assert "http" not in data["text/plain"]
    assert len(first[0][0]["data"]["image/png"]) < 30_000
    assert stored(tmp_path) == first  # the same bytes each time


def test_with_a_kernel_there_are_widgets(tmp_path):
    pytest.importorskip("ipywidgets", reason="SKIPPED: ipywidgets is not installed")
    for outputs in stored(tmp_path, GANCOURSE_STATIC="", PYTHONWARNINGS="default"):
        assert any("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in outputs)


def test_without_ipywidgets_a_message_and_the_still_picture(tmp_path):
    hide = "import sys\nsys.modules['ipywidgets'] = None"
    for outputs in stored(tmp_path, hide, GANCOURSE_STATIC=""):
        text, picture = outputs
        assert "ipywidgets is not installed" in text["text"] and "%pip" in text["text"]
        assert "image/png" in picture["data"]


@pytest.mark.skipif(
    not (OLD / "ipywidgets").exists() or NESTED,
    reason=f"SKIPPED: no ipywidgets 7.7.1 in {OLD}; see the head of this file",
)
def test_all_of_this_with_the_ipywidgets_of_colab():
    environment = os.environ | {"PYTHONPATH": str(OLD), "IPYWIDGETS_NESTED": "1"}
    version = "import ipywidgets; assert ipywidgets.__version__ == '7.7.1'"
    subprocess.run([sys.executable, "-W", "ignore", "-c", version], env=environment, check=True)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore::DeprecationWarning",
            __file__,
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.split()[0].strip(".") == "s"  # all passed; skipped is only this one
