"""The real MNIST and Fashion-MNIST, where they lie on this machine.

They are looked for in the folder that the environment variable GANCOURSE_DATA names, else in
``data/`` beside the repository. Only these tests read the variable. Nothing is downloaded.

What would be fetched for a named set comes over https, with a known sha256, or not at all.
"""

import os
import re
from pathlib import Path

import pytest
import torch

from checkout import ROOT
from gancourse.data import torchvision_sets
from gancourse.data.images import images
from gancourse.errors import GanCourseError
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


@pytest.fixture
def net(monkeypatch):
    """A net of one file, and the addresses that were asked for."""
    datasets, asked = torchvision_sets.library(), []

    def download_url(address, folder, file):
        asked.append(address)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"not what it should be")

    monkeypatch.setattr(datasets.utils, "download_url", download_url)
    return asked


@pytest.mark.parametrize("name", ["fashion", "celeba"])
def test_a_set_without_https_or_sha256_is_refused(name, tmp_path, net):
    with pytest.raises(GanCourseError, match="without https"):
        images(name, root=tmp_path, download=True)
    assert not net and not os.listdir(tmp_path)


@pytest.mark.parametrize("name", torchvision_sets.FETCHED)
def test_another_file_is_removed_before_anything_reads_it(name, tmp_path, net):
    with pytest.raises(GanCourseError, match="another file than the known one"):
        images(name, root=tmp_path, download=True)
    assert net and all(address.startswith("https://") for address in net)
    assert not [file for _, _, found in os.walk(tmp_path) for file in found]


def test_every_sha256_has_sixty_four_digits():
    for address, _, known in torchvision_sets.FETCHED.values():
        assert address.startswith("https://")
        for sha256 in known.values():
            assert re.fullmatch("[0-9a-f]{64}", sha256)
