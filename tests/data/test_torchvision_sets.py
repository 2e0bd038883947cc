"""The real MNIST and Fashion-MNIST, where they lie on this machine.

They are looked for in the folder that the environment variable GANCOURSE_DATA names, else in
``data/`` beside the repository. Only these tests read the variable. Nothing is downloaded.
"""

import os
from pathlib import Path

import pytest
import torch

from checkout import ROOT
from gancourse.data.images import images
from gancourse.games import Hinge
from gancourse.gans import GAN
from gancourse.networks import dcgan
from gancourse.training import train

DATA = Path(os.environ.get("GANCOURSE_DATA", ROOT.parent / "data"))
FOLDERS = {"mnist": "MNIST", "fashion": "FashionMNIST"}


@pytest.fixture(params=FOLDERS)
def name(request):
    if not (DATA / FOLDERS[request.param] / "raw").is_dir():
        pytest.skip(
            f"SKIPPED: the real {request.param!r} is not in {DATA}. Fetch it once with "
            f"images({request.param!r}, root='somewhere', download=True) and set "
            "GANCOURSE_DATA=somewhere"
        )
    return request.param


def test_sixty_thousand_labelled_images(name):
    found = images(name, root=DATA)
    assert (len(found), found.size, found.channels) == (60_000, 28, 1)
    assert found.labels["class"].unique().tolist() == list(range(10))
    assert len(found.categories["class"]) == 10
    known = {"mnist": (33.318, [5923, 6742]), "fashion": (72.940, [6000, 6000])}[name]
    assert found.pixels.float().mean().item() == pytest.approx(known[0], abs=0.01)
    assert found.labels["class"].bincount()[:2].tolist() == known[1]


def test_resized_they_are_what_a_dcgan_takes_and_it_trains(name):
    found = images(name, 32, channels=1, root=DATA)
    assert found.pixels.shape == (60_000, 32, 32, 1)
    small, own = found.pixels.float().mean(), images(name, root=DATA).pixels.float().mean()
    assert small == pytest.approx(own.item(), rel=0.02), "resizing keeps the brightness"
    torch.manual_seed(0)
    gan = GAN(
        Hinge(),
        generator=dcgan.generator(32, 1, 16, 8),
        latent_dim=16,
        discriminator=dcgan.discriminator(32, 1, 8),
    )
    training = train(gan, found.batches(32), 20)
    assert training.history.d_loss.isfinite().all()
    assert training.history.d_loss[-5:].mean() < training.history.d_loss[:5].mean()
