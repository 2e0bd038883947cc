"""One protocol, and every data set that the package knows keeps it."""

import importlib
import inspect
import pkgutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from gancourse import data
from gancourse.data import torchvision_sets, toys
from gancourse.data.dataset import DataSet
from gancourse.data.images import NAMES, Images, images
from gancourse.data.sequences import Texts, colour_names, words
from gancourse.errors import GanCourseError

MODULES = [
    importlib.import_module(f"gancourse.data.{found.name}")
    for found in pkgutil.iter_modules(data.__path__)
]
#: Every class of the room that yields batches, and every function that makes a toy.
CLASSES = {
    thing
    for module in MODULES
    for _, thing in inspect.getmembers(module, inspect.isclass)
    if thing.__module__ == module.__name__ and hasattr(thing, "batches") and thing is not DataSet
}
TOYS = {
    name: make
    for name, make in inspect.getmembers(toys, inspect.isfunction)
    if make.__module__ == toys.__name__ and not name.startswith("_")
}


class Stored:
    """Stands for one of torchvision's data sets on disk: 12 random pictures with labels."""

    CELEBA = ["Smiling", "Young", ""]  # the last name in the real file is empty as well

    def __init__(self, root, shape, *, train=None, split=None, target_type=None, download=False):
        assert (train is True or split == "train") and not download
        rng = np.random.default_rng(0)
        if split is None:
            self.data = rng.integers(0, 256, (12, *shape), dtype=np.uint8)
            self.targets, self.classes = [i % 10 for i in range(12)], [*"abcdefghij"]
            return
        self.root, self.base_folder = root, "celeba"
        self.filename = [f"{i:06}.jpg" for i in range(12)]
        self.attr_names, self.attr = self.CELEBA, torch.randint(2, (12, 2))
        for name in self.filename:
            path = root / "celeba" / "img_align_celeba" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (*shape, 3), dtype=np.uint8)).save(path)


@pytest.fixture
def stored(monkeypatch):
    """As if torchvision found all its sets, each in the shape of the real one."""

    def kind(*shape):
        return lambda root, **options: Stored(root, shape, **options)

    found = SimpleNamespace(
        MNIST=kind(28, 28),
        FashionMNIST=kind(28, 28),
        CIFAR10=kind(32, 32, 3),
        CelebA=kind(218, 178),
    )
    monkeypatch.setattr(torchvision_sets, "library", lambda: found)


@pytest.fixture(params=[*TOYS, *NAMES, "a folder", "colour names", "words"])
def dataset(request, stored, tmp_path):
    if request.param == "colour names":
        return colour_names()
    if request.param == "words":
        return words([*"abcdefghijkl", "mine"], torch.arange(26.0).view(13, 2))
    if request.param in TOYS:
        return TOYS[request.param]()
    if request.param in NAMES:
        return images(request.param, root=tmp_path)
    for i in range(12):
        Image.new("RGB", (40 + i, 30), (i, 9 * i, 255 - i)).save(tmp_path / f"{i}.png")
    return images(tmp_path)


def test_it_keeps_the_protocol(dataset):
    assert isinstance(dataset, DataSet) and type(dataset) in CLASSES
    assert isinstance(dataset.name, str) and dataset.name
    assert all(type(n) is int and n > 0 for n in dataset.shape)
    x = dataset.sample(5)
    assert x.shape == (5, *dataset.shape) and x.is_floating_point() and x.isfinite().all()
    batches = dataset.batches(3)
    first, second = next(batches), next(batches)
    assert isinstance(first, tuple) and first[0].shape == (3, *dataset.shape)
    assert first[0].dtype == x.dtype and not torch.equal(first[0], second[0])


def test_a_seed_repeats_the_sample_and_leaves_the_random_state_alone(dataset):
    state = torch.get_rng_state()
    x = dataset.sample(9, seed=4)
    assert torch.equal(x, dataset.sample(9, seed=4))
    assert not torch.equal(x, dataset.sample(9, seed=5))
    assert torch.equal(torch.get_rng_state(), state)


def test_samples_without_a_seed_and_batches_follow_the_random_state(dataset):
    def drawn(seed):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return torch.cat([dataset.sample(6), next(dataset.batches(6))[0]])

    assert torch.equal(drawn(1), drawn(1)) and not torch.equal(drawn(1), drawn(2))


def test_moved_it_is_the_same_and_the_first_one_stays(dataset, monkeypatch):
    same = dataset.to("cpu")
    assert isinstance(same, DataSet) and (same.name, same.shape) == (dataset.name, dataset.shape)
    assert torch.equal(same.sample(9, seed=4), dataset.sample(9, seed=4))
    for module in ("toys", "images", "sequences"):  # usable() would say that "meta" cannot compute
        monkeypatch.setattr(f"gancourse.data.{module}.usable", torch.device)
    elsewhere = dataset.to("meta")  # a device without memory: only shapes and places are known
    assert elsewhere is not dataset and type(elsewhere) is type(dataset)
    assert elsewhere.sample(2).device.type == next(elsewhere.batches(2))[0].device.type == "meta"
    assert dataset.sample(2).device.type == next(dataset.batches(2))[0].device.type == "cpu"


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "4", None, True])
def test_what_is_no_count_is_refused(dataset, wrong):
    for ask in (lambda: dataset.sample(wrong), lambda: dataset.batches(wrong)):
        with pytest.raises(GanCourseError, match="must be a whole number of at least 1"):
            ask()  # at once, not when the first batch is asked for


@pytest.mark.parametrize("wrong", [-1, 1.5, "4", True])
def test_what_is_no_seed_is_refused(dataset, wrong):
    with pytest.raises(GanCourseError, match="seed must be a whole number"):
        dataset.sample(3, seed=wrong)


def test_where_it_cannot_go_is_one_error(dataset):
    with pytest.raises(GanCourseError, match="device 'abacus' cannot be used"):
        dataset.to("abacus")


def test_no_class_of_the_room_is_left_out():
    assert {type(make()) for make in TOYS.values()} | {Images, Texts} == CLASSES


@pytest.mark.skipif(not torch.cuda.is_available(), reason="SKIPPED: needs a CUDA GPU")
def test_on_a_gpu_the_samples_of_a_seed_are_those_of_the_cpu(dataset):
    there = dataset.to("cuda").sample(9, seed=4)
    assert there.is_cuda and torch.allclose(there.cpu(), dataset.sample(9, seed=4), atol=1e-6)


def test_batches_say_what_they_are_drawn_from():
    """Another content, label or batch is another fingerprint; another name, or device, is not."""
    pixels = torch.randint(256, (5, 16, 16, 3), dtype=torch.uint8)
    other = pixels.clone()
    other[4, 15, 15, 2] ^= 1
    labels = {"a": torch.arange(5), "b": torch.zeros(5)}
    make = lambda x=pixels, labels=None, name="x": Images(name, x, labels)
    different = [
        make().batches(2),
        make().batches(3),
        make(other).batches(2),
        make(pixels.flip(0)).batches(2),
        make(labels=labels).batches(2),
        make(labels=labels).batches(2, "a"),
        make(labels=labels | {"b": torch.ones(5)}).batches(2),
        toys.ring().batches(4),
        toys.ring().batches(5),
        toys.ring().batches(4, members=2),
        toys.ring(7).batches(4),
        toys.ring(std=0.02).batches(4),
        toys.grid().batches(4),
        toys.spiral().batches(4),
        toys.spiral(turns=1).batches(4),
        toys.spiral(std=0.03).batches(4),
        toys.swiss_roll().batches(4),
        toys.swiss_roll(0.03).batches(4),
    ]
    found = [batches.fingerprint for batches in different]
    assert None not in found and len(set(found)) == len(found)
    same = make(pixels.clone(), name="moved").to("cpu").batches(2)
    assert same.fingerprint == found[0] and toys.ring().batches(4).fingerprint == found[7]
    assert toys.Toy("mine", torch.zeros).batches(3).fingerprint is None
