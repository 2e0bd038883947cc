"""What users really give, and what they are told: one test or more for each of the 23 known cases.

Each case stands in public issues of other projects (there: a traceback hours into the run, a
hundred lines of sizes, a loss of 0.0). Here each is either made right or is one
:class:`GanCourseError` of at most three lines that names the thing and the fix, before step 1.
``@row(n)`` says which case a test belongs to; the last test counts that none is left out.
"""

import contextlib
import io
import math
import os
import random
import re
import string
import time
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import DataLoader, TensorDataset

from gancourse import devices, games, penalties
from gancourse.data import toys
from gancourse.data.images import Images, images
from gancourse.errors import GanCourseError
from gancourse.gans import GAN
from gancourse.live.boundary import boundary
from gancourse.live.critic import critic
from gancourse.live.divergence import divergence
from gancourse.live.explorer import latent_explorer
from gancourse.live.face_explorer import face_explorer
from gancourse.live.normalization import normalization
from gancourse.live.scrubber import Recorder
from gancourse.metrics import classifier
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.saving.keeper import Keeper
from gancourse.theory.normalization import group_norm
from gancourse.training import Training, adam, decay, train

ROWS = """\
image size that is no power of two
U-Net size not a multiple of 256, rectangular
resizing a picture that is not square
grey mixed into RGB
one channel asked for, three given
RGBA, LA, CMYK, palette
empty or wrong folder
images not in a subfolder
truncated or corrupt JPEG
.DS_Store, ._x.png, Thumbs.db, hidden
huge image
fewer images than a batch
a last batch, or a bottleneck, of one with batch norm
constant image, NaN array, 0..255 instead of [-1, 1]
unpaired counts, a pix2pix image that is no pair
no CUDA, a checkpoint of a GPU on a CPU, cuda:1
worker processes without a main guard, notebooks
/dev/shm too small
resuming with another configuration, size or z
more epochs done than asked for
truncated checkpoint
fp16, tiny batch, R1
mimicry: no threads in public""".splitlines()

#: Cases that cannot occur, with the reason.
NOT_APPLICABLE = {
    2: "there is no U-Net yet",
    15: "there is no pix2pix or CycleGAN yet",
    23: "the list itself says that nothing is known",
}
COVERED = set()


def row(*numbers):
    COVERED.update(numbers)
    return lambda test: test


def refuses(act, match):
    with pytest.raises(GanCourseError, match=match) as error:
        act()
    assert len(str(error.value).splitlines()) <= 3 and len(str(error.value)) < 2000
    return str(error.value)


def picture_gan(size=16, channels=3, norm="batch", z=4):
    return GAN(
        games.Hinge(),
        generator=dcgan.generator(size, channels, z, 4),
        latent_dim=z,
        discriminator=dcgan.discriminator(size, channels, 4, norm=norm),
    )


def toy_gan(z=2, width=8):
    return GAN(
        games.NonSaturating(),
        generator=mlp(z, 2, width=width),
        discriminator=mlp(2, 1, width=width),
        latent_dim=z,
    )


def save(path, mode="RGB", size=(20, 14), colour=0, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


def noise(path, size=(24, 24), mode="RGB", **options):
    values = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    Image.fromarray(values).convert(mode).save(path, **options)
    return path


# images ----------------------------------------------------------------------------------------


@row(1)
@pytest.mark.parametrize("size", [0, 7, 15, 17, 28, 48, 100, 256, -16, 16.5, "16", None, True])
def test_a_size_that_is_no_power_of_two(size):
    for make in (dcgan.generator, dcgan.discriminator):
        refuses(lambda make=make: make(size, 3, 8), "size must be one of 16, 32, 64, 128")


@row(1, 5)
@pytest.mark.parametrize("size, channels", [(32, 3), (16, 1)])
def test_data_of_another_size_or_number_of_channels_than_the_networks(size, channels):
    faces = images("faces", size, channels=channels)
    text = refuses(lambda: train(picture_gan(), faces.batches(4), 1), "the data have shape")
    assert str((4, channels, size, size)) in text and str((4, 3, 16, 16)) in text


@row(3)
def test_a_picture_that_is_not_square_keeps_its_middle(tmp_path):
    picture = Image.new("L", (60, 20), 0)
    picture.paste(255, (20, 0, 40, 20))  # the middle third is white
    picture.save(tmp_path / "wide.png")
    picture.rotate(90, expand=True).save(tmp_path / "high.png")
    assert images(tmp_path, 16, channels=1).pixels.float().mean() > 250


@row(4, 6)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "mode, suffix",
    [
        ("1", "png"),
        ("L", "png"),
        ("L", "jpg"),
        ("LA", "png"),
        ("P", "png"),
        ("P", "gif"),
        ("RGB", "jpg"),
        ("RGB", "bmp"),
        ("RGB", "webp"),
        ("RGBA", "png"),
        ("RGBA", "webp"),
        ("CMYK", "jpg"),
        ("CMYK", "tif"),
        ("YCbCr", "jpg"),
        ("I;16", "png"),
        ("I", "tif"),
        ("F", "tif"),
        ("RGB", "ppm"),
        ("L", "pgm"),
    ],
)
def test_every_kind_of_picture_mixes_with_rgb(mode, suffix, channels, tmp_path):
    white = {
        "1": 1,
        "LA": (255, 255),
        "RGB": (255,) * 3,
        "RGBA": (255,) * 4,
        "CMYK": (0,) * 4,
        "YCbCr": (255, 128, 128),
        "I;16": 65535,
        "I": 65535,
        "F": 1.0,
    }.get(mode, 255)
    odd = Image.new(mode, (20, 14), white)
    if mode == "P":
        odd.putpalette([255] * 768)
    odd.save(tmp_path / f"odd.{suffix}")
    save(tmp_path / "plain.png", "RGB", colour=(255,) * 3)
    found = images(tmp_path, 8, channels=channels)
    assert found.pixels.shape == (2, 8, 8, channels) and found.pixels.min() > 250


@row(6)
def test_palette_with_transparency_and_sixteen_bits_keep_their_content(tmp_path):
    palette = Image.new("P", (16, 16), 1)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.info["transparency"] = 1
    palette.save(tmp_path / "a.gif", transparency=1)
    palette.save(tmp_path / "b.png", transparency=bytes([255, 0]))
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / "c.png")
    pixels = images(tmp_path, 16).pixels
    assert (pixels[:2] == 255).all(), "what is transparent is white paper"
    assert (pixels[2, :, :, 0].flatten() - torch.arange(256)).abs().max() <= 1


@row(6)
@pytest.mark.parametrize(
    "orientation, corner",
    [
        (1, (0, 0)),
        (2, (0, -1)),
        (3, (-1, -1)),
        (4, (-1, 0)),
        (5, (0, 0)),
        (6, (0, -1)),
        (7, (-1, -1)),
        (8, (-1, 0)),
    ],
)
def test_all_eight_orientations_of_a_camera(orientation, corner, tmp_path):
    """A white mark is in the top left corner of what the sensor saw."""
    picture = Image.new("L", (16, 16), 0)
    picture.paste(255, (0, 0, 4, 4))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    pixels = images(tmp_path, 16, channels=1).pixels[0, :, :, 0]
    assert pixels[corner] > 200 and pixels.float().mean() < 20


@row(7)
def test_an_empty_or_wrong_folder(tmp_path):
    refuses(lambda: images(tmp_path, 8), "no pictures in this folder")
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.csv").write_text("x")
    refuses(lambda: images(tmp_path, 8), "only 2 other files")
    refuses(lambda: images(tmp_path / "a.txt", 8), "neither a known data set nor a folder")
    refuses(lambda: images(tmp_path / "nowhere", 8), "neither a known data set nor a folder")
    refuses(lambda: images("", 8), "neither|no pictures")
    for wrong in (None, 3, b"x", [tmp_path]):
        refuses(lambda wrong=wrong: images(wrong, 8), "must be a name or a folder")


@row(8)
def test_pictures_may_lie_anywhere_below_the_folder(tmp_path):
    for name in ("a.png", "x/b.png", "x/y/z/c.PNG", "with space/ä.Jpeg"):
        save(tmp_path / name)
    (tmp_path / "looks like.png").mkdir()
    assert len(images(tmp_path, 8)) == 4


def corruptions(whole, rng):
    for _ in range(12):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 30)):
            damaged[rng.randrange(len(whole))] = rng.randrange(256)
        yield bytes(damaged)
    yield from (whole[:n] for n in (0, 1, 10, len(whole) // 3, len(whole) - 30))
    yield whole[:20] + bytes(len(whole) - 20)


@row(9)
@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "tif", "bmp", "webp", "ppm"])
def test_no_damaged_picture_is_a_raw_traceback(suffix, tmp_path):
    """It is either read (a JPEG may lose a few pixels) or named in one error."""
    whole = noise(tmp_path / f"a.{suffix}").read_bytes()
    for content in corruptions(whole, random.Random(suffix)):
        (tmp_path / f"a.{suffix}").write_bytes(content)
        try:
            assert images(tmp_path, 8).pixels.shape == (1, 8, 8, 3)
        except GanCourseError as problem:
            assert f"a.{suffix}" in str(problem) and len(str(problem).splitlines()) <= 3


@row(9)
def test_every_bad_file_is_named_before_the_first_step(tmp_path):
    bad = [f"bad{i:02d}.jpg" for i in range(15)]
    for name in bad:
        whole = noise(tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    for i in range(5):
        noise(tmp_path / f"good{i}.png")
    text = refuses(lambda: images(tmp_path, 8), "15 of 20 pictures cannot be read")
    assert all(name in text for name in bad) and "good" not in text and "more" not in text
    for i in range(20):
        (tmp_path / f"none{i:02d}.png").touch()
    assert "35 of 40" in refuses(lambda: images(tmp_path, 8), "and 15 more")


@row(9)
def test_an_unreadable_folder_or_file_is_named(tmp_path, monkeypatch):
    save(tmp_path / "a.png")
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere.png")
    assert "lost.png" in refuses(lambda: images(tmp_path, 8), "1 of 2 pictures")

    def forbidden(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", forbidden)
    refuses(lambda: images(tmp_path, 8), "cannot be read \\(permission denied\\)")


@row(10)
def test_what_systems_leave_in_folders_is_passed_over(tmp_path):
    save(tmp_path / "a.png")
    for name in (
        ".DS_Store",
        "._a.png",
        "Thumbs.db",
        "desktop.ini",
        ".hidden/b.png",
        "notes.md",
        "__MACOSX/._a.png",
        ".ipynb_checkpoints/a.png",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\5\x16\7 not a picture")
    assert len(images(tmp_path, 8)) == 1


@row(11)
def test_a_huge_picture_is_named_and_not_decoded(tmp_path):
    save(tmp_path / "ok.png")
    save(tmp_path / "huge.png", "1", (20_000, 20_000))  # 400 million pixels in 50 kB
    text = refuses(lambda: images(tmp_path, 8), "1 of 2 pictures cannot be read")
    assert "huge.png" in text and "decompression bomb" in text


@row(11)
def test_of_an_animation_the_first_picture_is_taken(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert images(tmp_path, 8).pixels[0, 0, 0].tolist() == [255, 0, 0]


@row(12)
def test_fewer_images_than_a_batch(tmp_path):
    for i in range(3):
        noise(tmp_path / f"{i}.png")
    found = images(tmp_path, 16)
    refuses(lambda: found.batches(4), r"a batch of 4 is larger than the data \(3 images\)")
    assert train(picture_gan(), found.batches(3), 2).step == 2
    for wrong in (0, -1, 1.5, "4", None, True):
        refuses(lambda wrong=wrong: found.batches(wrong), "batch size")
    refuses(lambda: train(toy_gan(), [], 3), "ran out")


@row(13)
@pytest.mark.parametrize("batch", [1, 2])
def test_a_batch_of_one_with_batch_norm(batch):
    """No layer is 1 x 1 under batch norm: the smallest map that is normalised is 4 x 4."""
    training = train(picture_gan(), images("faces").batches(batch), 2)
    assert training.step == 2 and training.history.g_loss.isfinite().all()


@row(13)
def test_a_shorter_last_batch_is_no_trouble():
    x = images("faces")[:10]
    assert train(picture_gan(), [(x[:4],), (x[4:8],), (x[8:9],)], 6).step == 6


@row(14)
def test_constant_pictures(tmp_path):
    for i in range(4):
        save(tmp_path / f"{i}.png", colour=(7, 7, 7))
    found = images(tmp_path, 16)
    assert found[:].isfinite().all() and (found[:] + 1).abs().max() < 0.06
    assert train(picture_gan(), found.batches(4), 3).history.d_loss.isfinite().all()


@row(14)
def test_nan_in_the_data():
    x = images("faces")[:4].clone()
    x[2, 0, 5, 5] = math.nan
    refuses(lambda: train(picture_gan(), [(x,)], 3), "step 0: the batch holds NaN")


@row(14)
@pytest.mark.parametrize("scale", [lambda x: (x + 1) * 127.5, lambda x: (x * 100).byte()])
def test_values_from_0_to_255(scale):
    x = images("faces")[:4]
    refuses(lambda: train(picture_gan(), [(scale(x),)], 3), r"networks here expect \[-1, 1\]")


@row(14)
def test_a_tiff_with_nan(tmp_path):
    Image.fromarray(np.full((9, 9), np.nan, np.float32)).save(tmp_path / "a.tif")
    assert "a.tif" in refuses(lambda: images(tmp_path, 8), "NaN")


@row(14)
@pytest.mark.parametrize(
    "pixels, match",
    [
        (np.zeros((2, 8, 8, 3), np.uint8), "uint8 tensor, not ndarray"),
        (torch.zeros(2, 8, 8, 3), "not torch.float32"),
        (None, "NoneType"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), "shape"),
        (torch.zeros(2, 8, 9, 3, dtype=torch.uint8), "shape"),
        (torch.zeros(8, 8, 3, dtype=torch.uint8), "shape"),
    ],
)
def test_images_of_ones_own_must_be_bytes(pixels, match):
    refuses(lambda: Images("mine", pixels), match)


def test_labels():
    pixels = torch.zeros(4, 16, 16, 3, dtype=torch.uint8)
    refuses(lambda: Images("mine", pixels, {"kind": torch.zeros(3)}), "3 labels 'kind' for 4")
    refuses(lambda: images("faces").batches(4, label="digit"), "no label 'digit'(.|\n)*skin")
    refuses(lambda: Images("mine", pixels).batches(2, label="x"), "no label")


@row(16)
@pytest.mark.skipif(devices.fastest().type != "cpu", reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps", "tpu", "cuda:x", 3.5])
def test_a_device_that_is_not_there(device):
    for ask in (
        lambda: Training(toy_gan(), toys.ring().batches(4), device=device),
        lambda: images("faces").to(device),
        lambda: toys.ring().to(device),
        lambda: devices.usable(device),
    ):
        refuses(ask, f"device {str(device)!r} cannot be used(.|\n)*Fix: use device='cpu'")


@row(16)
def test_a_checkpoint_of_a_gpu_is_read_on_a_cpu(tmp_path, monkeypatch):
    """Storages marked "cuda:1", as a GPU writes them; everything is mapped onto the CPU."""
    gan, where = toy_gan(), torch.serialization.location_tag
    training = train(gan, toys.ring().batches(4), 3)
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:1")
    path = training.save(tmp_path / "gpu.pt")
    monkeypatch.setattr(torch.serialization, "location_tag", where)
    assert b"cuda:1" in path.read_bytes()
    other = Training.load(path, toy_gan(), toys.ring().batches(4)).advance(2)
    assert torch.equal(other.gan.G[0].weight, training.advance(2).gan.G[0].weight)


@row(17, 18)
def test_there_are_no_worker_processes_and_no_shared_memory():
    """Images are one resident tensor: nothing is forked, spawned, or put into /dev/shm."""
    import psutil

    segments = set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()
    seen = []

    def look(training):
        seen.append(len(psutil.Process().children(recursive=True)))

    before = len(psutil.Process().children(recursive=True))
    train(picture_gan(), images("faces").batches(4), 3, watch=look, every=1)
    assert seen == [before] * 3
    if segments:
        assert not {x for x in set(os.listdir("/dev/shm")) - segments if x.startswith("torch_")}


# whole numbers ---------------------------------------------------------------------------------

#: Every argument of the package that counts something: a call, its name, and the least it may be.
COUNTS = {
    "mlp inputs": (lambda n: mlp(n, 1), "inputs", 1),
    "mlp outputs": (lambda n: mlp(2, n), "outputs", 1),
    "mlp width": (lambda n: mlp(2, 1, width=n), "width", 1),
    "mlp depth": (lambda n: mlp(2, 1, depth=n), "depth", 1),
    "mlp members": (lambda n: mlp(2, 1, members=n), "members", 1),
    "dcgan latent_dim": (lambda n: dcgan.generator(16, 3, n), "latent_dim", 1),
    "dcgan width": (lambda n: dcgan.discriminator(16, 3, n), "width", 1),
    "ring": (lambda n: toys.ring(n), "modes", 1),
    "grid": (lambda n: toys.grid(n), "side", 1),
    "toy sample": (lambda n: toys.ring().sample(n), "n", 1),
    "toy seed": (lambda n: toys.ring().sample(3, seed=n), "seed", 0),
    "toy batches": (lambda n: toys.ring().batches(n), "batch size", 1),
    "toy members": (lambda n: toys.ring().batches(3, members=n), "members", 1),
    "images size": (lambda n: images("digits", n), "size", 1),
    "images sample": (lambda n: images("digits").sample(n), "n", 1),
    "images seed": (lambda n: images("digits").sample(3, seed=n), "seed", 0),
    "images batches": (lambda n: images("digits").batches(n), "batch size", 1),
    "groups": (lambda n: group_norm(torch.zeros(2, 6), n), "groups", 1),
    "figure groups": (lambda n: normalization(groups=n), "groups", 1),
    "figure seed": (lambda n: boundary(seed=n), "seed", 0),
    "faces seed": (lambda n: face_explorer(None, seed=n), "seed", 0),
    "Recorder": (lambda n: Recorder(n), "n", 1),
    "Recorder seed": (lambda n: Recorder(seed=n), "seed", 0),
    "Recorder member": (lambda n: Recorder(member=n), "member", 0),
    "train": (lambda n: train(toy_gan(), toys.ring().batches(4), n), "steps", 0),
    "d_steps": (lambda n: Training(toy_gan(), toys.ring().batches(4), d_steps=n), "d_steps", 1),
    "seed": (lambda n: Training(toy_gan(), toys.ring().batches(4), seed=n), "seed", 0),
    "gan sample": (lambda n: toy_gan().sample(3, seed=n), "seed", 0),
    "explorer seed": (lambda n: latent_explorer(picture_gan(), seed=n), "seed", 0),
    "classifier seed": (lambda n: classifier(images("digits"), 1, seed=n), "seed", 0),
    "keep": (lambda n: Keeper("nowhere", keep=n), "keep", 1),
}
#: A missing number of members, of a size, of a seed is no mistake.
MAY_BE_NONE = {"mlp members", "toy members", "images size", "toy seed", "images seed"}
MAY_BE_NONE |= {"gan sample"}


@pytest.mark.parametrize(
    "where, wrong",
    [
        (where, wrong)
        for where in COUNTS
        for wrong in (True, False, 1.0, math.nan, "4", None, [1], -1)
        if wrong is not None or where not in MAY_BE_NONE
    ],
)
def test_what_is_no_whole_number_is_refused_everywhere(where, wrong):
    call, name, least = COUNTS[where]
    refuses(lambda: call(wrong), rf"\b{name} must be a whole number of at least {least}, not ")


@pytest.mark.parametrize("where", [where for where in COUNTS if where != "faces seed"])
def test_the_least_whole_number_is_taken(where):
    call, _, least = COUNTS[where]
    call(16 if where == "images size" else least)


@pytest.mark.parametrize("where", [where for where in COUNTS if COUNTS[where][1] == "seed"])
def test_a_seed_of_which_torch_would_drop_a_part_is_refused_everywhere(where):
    """2**32 would be the same as 0, without a word; what lies below is taken."""
    call, _, _ = COUNTS[where]
    refuses(lambda: call(2**32), r"seed must be less than 2\*\*32 .*\n?Fix: choose a smaller one")
    if where != "faces seed":
        call(2**32 - 1)


def test_a_fix_that_stood_there_still_stands():
    refuses(lambda: group_norm(torch.zeros(2, 6), True), "Fix: choose a divisor of the channels")
    refuses(lambda: normalization(groups=True), "Fix: choose a divisor of the 4 channels")


@pytest.mark.parametrize(
    "ask",
    [
        lambda: images("faces", channels=True),
        lambda: dcgan.generator(16, True, 4),
        lambda: divergence(bumps=True),
        lambda: divergence(mean=True),
        lambda: critic(steps=True),
    ],
)
def test_true_is_no_choice_of_numbers_either(ask):
    refuses(ask, "True")


# checkpoints and runs --------------------------------------------------------------------------


@row(19)
@pytest.mark.parametrize(
    "other",
    [
        lambda: picture_gan(z=5),
        lambda: picture_gan(size=32),
        lambda: picture_gan(channels=1),
        lambda: picture_gan(norm=None),
        toy_gan,
    ],
)
def test_resuming_with_another_gan(other, tmp_path):
    batches = images("faces").batches(4)
    train(picture_gan(), batches, 2, folder=tmp_path)
    text = refuses(
        lambda: train(other(), batches, 4, folder=tmp_path, resume=True),
        "of another gan or of other settings",
    )
    assert "step-00000002.pt" in text


@row(19)
@pytest.mark.parametrize(
    "wrong",
    [
        dict(ema=0.5),
        dict(d_steps=2),
        dict(seed=1),
        dict(amp=True),
        dict(optimizer=adam(1e-3)),
        dict(schedule=decay(9)),
        dict(optimizer=adam(betas=(0.0, 0.9))),
    ],
)
def test_resuming_with_other_settings(wrong, tmp_path):
    train(toy_gan(), toys.ring().batches(4), 2, folder=tmp_path)
    refuses(
        lambda: train(toy_gan(), toys.ring().batches(4), 4, folder=tmp_path, resume=True, **wrong),
        "of another gan or of other settings",
    )


@row(20)
def test_a_run_that_is_already_longer_than_asked_for_says_so(tmp_path):
    train(toy_gan(), toys.ring().batches(4), 5, folder=tmp_path)
    again = train(toy_gan(), toys.ring().batches(4), 5, folder=tmp_path, resume=True)
    assert again.step == 5  # done is done: asking again is no mistake
    refuses(lambda: train(toy_gan(), toys.ring().batches(4), 3, folder=tmp_path, resume=True), "5")


@row(20)
@pytest.mark.parametrize("steps", [-1, 1.5, "10", None, True, math.nan])
def test_steps_that_are_no_count(steps):
    refuses(lambda: train(toy_gan(), toys.ring().batches(4), steps), "steps must be a whole number")


@row(21)
def test_a_truncated_checkpoint(tmp_path):
    train(toy_gan(), toys.ring().batches(4), 2, folder=tmp_path)
    path = tmp_path / "step-00000002.pt"
    path.write_bytes(path.read_bytes()[:-200])
    text = refuses(
        lambda: train(toy_gan(), toys.ring().batches(4), 4, folder=tmp_path, resume=True), "damaged"
    )
    assert "step-00000002.pt" in text  # and the run did not start again at zero
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@row(22)
@pytest.mark.parametrize("batch", [1, 2, 4])
@pytest.mark.parametrize(
    "penalty", [penalties.r1(10.0), penalties.r1_r2(1.0), penalties.gradient_penalty(10)]
)
def test_half_precision_with_a_tiny_batch_and_a_penalty(batch, penalty):
    gan = picture_gan(norm=None)
    gan.game = games.Relativistic(penalty=penalty)
    training = train(gan, images("faces").batches(batch), 12, amp=True)
    assert training.history.d_loss.isfinite().all()


def test_the_pre_scan_is_fast(tmp_path):
    """At least 500 small pictures a second of CPU time (measured: some thousands)."""
    content = noise(tmp_path / "0.png", (32, 32)).read_bytes()
    for i in range(1, 300):
        (tmp_path / f"{i}.png").write_bytes(content)
    begin = time.process_time()
    images(tmp_path, 32)
    assert 300 / (time.process_time() - begin) > 500


# any configuration at all ----------------------------------------------------------------------

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 40),
    st.floats(),
    st.just(math.nan),
    st.text(string.ascii_letters, max_size=4),
    st.just(()),
    st.just([1]),
    st.just(io.BytesIO()),
    st.just(torch.ones(2)),
)


def mostly(good):
    """A valid value as often as any odd one."""
    return st.one_of(good, good, good, ODD)


CONFIGURATION = st.fixed_dictionaries(
    {},
    optional={
        "steps": mostly(st.integers(0, 3)),
        "d_steps": mostly(st.integers(1, 2)),
        "ema": mostly(st.floats(0, 0.99)),
        "seed": mostly(st.integers(0, 2**40)),
        "amp": ODD,
        "every": mostly(st.integers(1, 5)),
        "save_every": mostly(st.integers(1, 5)),
        "lr": mostly(st.floats(1e-5, 1e-2)),
        "betas": mostly(st.just((0.5, 0.9))),
        "schedule": mostly(st.just(decay(10))),
        "watch": mostly(st.none()),
        "device": mostly(st.just("cpu")),
        "notes": mostly(st.just({"a": 1})),
        "resume": mostly(st.booleans()),
        "width": mostly(st.integers(1, 9)),
        "depth": mostly(st.integers(1, 3)),
        "latent_dim": mostly(st.integers(1, 4)),
        "inputs": mostly(st.just(2)),
        "members": mostly(st.none()),
        "batch": mostly(st.integers(1, 8)),
        "batches": mostly(st.just("ring")),
        "modes": mostly(st.integers(1, 9)),
        "std": mostly(st.floats(0.01, 0.1)),
        "folder": mostly(st.just("run")),
        "keep": mostly(st.integers(1, 3)),
        "game": mostly(
            st.sampled_from(
                ["Minimax", "NonSaturating", "LeastSquares", "Hinge", "Wasserstein", "Relativistic"]
            )
        ),
        "penalty": st.sampled_from(["gradient_penalty", "r1", "r2", "r1_r2"]),
        "weight": mostly(st.floats(0, 10)),
        "c": mostly(st.floats(0.01, 1)),
        "size": mostly(st.just(16)),
        "channels": mostly(st.just(3)),
        "norm": mostly(st.just("batch")),
        "pictures": st.booleans(),
    },
)


def given_only(c, *names):
    return {name: c[name] for name in names if name in c}


def run(c, folder):
    """Build and train what the configuration says, the way a user would type it."""
    z = c.get("latent_dim", 2)
    penalty = getattr(penalties, c["penalty"])(c.get("weight", 1.0)) if "penalty" in c else None
    projection = penalties.clip_weights(c["c"]) if "c" in c else None
    name = c.get("game", "Hinge")
    game = (
        getattr(games, name)(penalty, projection)
        if isinstance(name, str) and hasattr(games, name)
        else name
    )
    if c["pictures"]:
        net = given_only(c, "width")
        G = dcgan.generator(c.get("size", 16), c.get("channels", 3), z, **net)
        D = dcgan.discriminator(
            c.get("size", 16), c.get("channels", 3), **net, **given_only(c, "norm")
        )
        batches = images("faces").batches(c.get("batch", 4))
    else:
        net = given_only(c, "width", "depth", "members")
        G, D = mlp(z, 2, **net), mlp(c.get("inputs", 2), 1, **net)
        data = toys.ring(**given_only(c, "modes", "std"))
        batches = data.batches(c.get("batch", 4), **given_only(c, "members"))
    batches = batches if c.get("batches", "ring") == "ring" else c["batches"]
    gan = GAN(game, generator=G, discriminator=D, latent_dim=z)
    optimizer = {"optimizer": adam(**given_only(c, "lr", "betas"))}
    place = {"folder": c["folder"] if c["folder"] != "run" else folder} if "folder" in c else {}
    return train(
        gan,
        batches,
        c.get("steps", 2),
        **optimizer,
        **place,
        **given_only(
            c,
            "d_steps",
            "ema",
            "seed",
            "amp",
            "every",
            "save_every",
            "schedule",
            "watch",
            "device",
            "notes",
            "resume",
        ),
    )


@settings(
    max_examples=200, deadline=20_000, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(CONFIGURATION.map(lambda c: {"pictures": False, **c}))
def test_any_configuration_is_a_run_or_one_clear_error(tmp_path_factory, configuration):
    folder = tmp_path_factory.mktemp("fuzz")
    try:
        with contextlib.chdir(folder):  # a folder may be called anything
            training = run(configuration, folder / "run")
    except GanCourseError as problem:
        assert len(str(problem).splitlines()) <= 3
    else:
        assert training.step == configuration.get("steps", 2)
        assert all(w.isfinite().all() for w in training.gan.parameters())


@pytest.mark.parametrize(
    "call",
    [
        lambda: train(toy_gan(), toys.ring().batches(4), 2, leraning_rate=1e-3),
        lambda: train(toy_gan(), toys.ring().batches(4), 2, d_step=2),
    ],
)
def test_a_misspelt_setting_is_pythons_own_error_that_names_it(call):
    """As for every Python function: the message names the word, and nothing has run."""
    with pytest.raises(TypeError, match="leraning_rate|d_step"):
        call()


# two lines of Python ------------------------------------------------------------------------------

POINTS = torch.zeros(64, 2)


class Named(torch.utils.data.Dataset):
    """Rows that are dictionaries, as of many libraries."""

    def __len__(self):
        return 8

    def __getitem__(self, i):
        return {"image": POINTS[i], "label": i}


def loader(*tensors, **how):
    return DataLoader(TensorDataset(*tensors), 4, **how)


def trained(batches=None, gan=None, steps=2, **how):
    return train(
        toy_gan() if gan is None else gan, [POINTS] if batches is None else batches, steps, **how
    )


def made(**parts):
    usual = dict(game=games.Hinge(), generator=mlp(2, 2), discriminator=mlp(2, 1), latent_dim=2)
    return GAN(**(usual | parts))


MISTAKES = {
    # batches
    "a tensor": (lambda: trained(POINTS), "not a Tensor of shape", "[(x,)]"),
    "an array": (lambda: trained(POINTS.numpy()), "not a ndarray of shape", "[(x,)]"),
    "a name": (lambda: trained("faces"), "not 'faces'", "images('faces').batches(64)"),
    "a dictionary": (lambda: trained({"x": POINTS}), "yields batches, not", "images("),
    "points": (lambda: trained(toys.ring()), "not ring-8", ".batches(64)"),
    "pictures": (lambda: trained(images("faces")), "not an Images", ".batches(64)"),
    "a method": (lambda: trained(toys.ring().batches), "the function batches", "call it"),
    "torch's data set": (lambda: trained(TensorDataset(POINTS)), "TensorDataset", "DataLoader("),
    "a number": (lambda: trained(64), "yields batches, not 64", "images("),
    "nothing": (lambda: trained([]), "the batches ran out", "started again"),
    "empty batches": (lambda: trained([()]), "a batch must be a tensor", "yield (x,)"),
    "numbers": (lambda: trained([1.0, 2.0]), "a batch must be a tensor", "yield (x,)"),
    "batches of arrays": (lambda: trained([POINTS.numpy()]), "ndarray", "torch.from_numpy"),
    "arrays in a tuple": (lambda: trained([(POINTS, POINTS.numpy())]), "each part", "from_numpy"),
    "dictionaries": (lambda: trained(DataLoader(Named(), 4)), "not a", "batch['image']"),
    "labels too": (lambda: trained(loader(POINTS, POINTS[:, 0])), "cannot take a batch", "losses"),
    "other features": (lambda: trained([POINTS[:, :1]]), "shape (64, 1)", "size"),
    "doubles": (lambda: trained([POINTS.double()]), "cannot take a batch of", "x.float()"),
    # the gan
    "the order": (lambda: train([POINTS], toy_gan(), 2), "not a list", "the order is"),
    "a class": (lambda: trained(gan=GAN), "not the class GAN", "make one first: GAN(...)"),
    "a function": (lambda: trained(gan=toy_gan.__call__), "gan must be", "the order is"),
    "one network": (lambda: trained(gan=mlp(2, 1)), "gan must be a torch module with G", "GAN"),
    "a game's class": (lambda: made(game=games.Hinge), "not the class Hinge", "call it"),
    "a game's name": (lambda: made(game="hinge"), "not 'hinge'", "NonSaturating()"),
    "a network's class": (lambda: made(generator=torch.nn.Linear), "the class Linear", "make it"),
    "a network's maker": (lambda: made(discriminator=mlp), "the function mlp", "make it"),
    "exchanged": (
        lambda: trained(gan=made(generator=mlp(2, 1), discriminator=mlp(2, 2))),
        "samples of shape (64, 1), the data have shape (64, 2)",
        "size",
    ),
    "two scores": (
        lambda: trained(gan=made(discriminator=mlp(2, 2))),
        "one score per sample",
        "one output",
    ),
    "other noise": (lambda: trained(gan=made(latent_dim=5)), "cannot be multiplied", "networks"),
    # the settings
    "an optimizer": (
        lambda: trained(optimizer=torch.optim.SGD(mlp(2, 1).parameters(), lr=0.1)),
        "optimizer must be callable, not a SGD",
        "adam(1e-3)",
    ),
    "its name": (lambda: trained(optimizer="adam"), "callable, not 'adam'", "adam(1e-3)"),
    "its number": (lambda: trained(optimizer=1e-3), "callable, not 0.001", "adam(1e-3)"),
    "adam, not called": (
        lambda: trained(optimizer=adam),
        "the function adam makes no",
        "adam(1e-3)",
    ),
    "another of D": (lambda: trained(d_optimizer=adam), "the function adam makes no", "adam(1e-3)"),
    "a bad rate": (
        lambda: trained(optimizer=partial(torch.optim.SGD, lr=-1.0)),
        "makes no optimizer (Invalid learning rate",
        "adam(1e-3)",
    ),
    "no optimizer": (lambda: trained(optimizer=list), "make a torch optimizer", "adam(1e-3)"),
    "a closure's": (lambda: trained(optimizer=torch.optim.LBFGS), "LBFGS computes", "adam()"),
    "a number as schedule": (lambda: trained(schedule=0.5), "callable, not 0.5", "decay(steps)"),
    "a scheduler of torch": (
        lambda: trained(
            schedule=torch.optim.lr_scheduler.StepLR(torch.optim.SGD([POINTS], lr=1.0), 3)
        ),
        "schedule must be callable, not a StepLR",
        "decay(steps)",
    ),
    "no factor": (lambda: trained(schedule=lambda step: None), "not None", "return the factor"),
    "decay of nothing": (lambda: decay(0), "steps must be a whole number of at least 1", ""),
    "ema of 1": (lambda: trained(ema=1), "ema must be a number of at least 0 and less", ""),
    "amp by name": (lambda: trained(amp="bf16"), "amp must be True or False", ""),
    "a device": (lambda: trained(device="gpu"), "device 'gpu' cannot be used", "device='cpu'"),
    "steps in floats": (lambda: trained(steps=1e3), "steps must be a whole number", ""),
    "steps as a tensor": (lambda: trained(steps=POINTS), "not a Tensor of shape (64, 2)", ""),
    "a seed": (lambda: trained(seed=1.5), "seed must be a whole number", ""),
    "a picture to watch": (lambda: trained(watch=3), "watch must be callable, not 3", "lambda"),
    "notes as a list": (lambda: trained(notes=["a"]), "notes must be a dict", ""),
    "betas": (lambda: adam(1e-3, 0.5), "betas must be two numbers, not 0.5", ""),
    "a rate as text": (lambda: adam("1e-3"), "lr must be a number", ""),
    # games and penalties
    "a number as penalty": (
        lambda: games.Wasserstein(penalty=10),
        "penalty must be something to call with (D, x, fake), not 10",
        "r1_r2(1.0)",
    ),
    "a penalty, not called": (
        lambda: games.Wasserstein(penalty=penalties.gradient_penalty),
        "not the function gradient_penalty",
        "called, with a number",
    ),
    "a number as projection": (
        lambda: games.Wasserstein(projection=0.01),
        "projection must be something to call with (D), not 0.01",
        "clip_weights(0.01)",
    ),
    "a projection, not called": (
        lambda: trained(gan=made(game=games.Wasserstein(projection=penalties.clip_weights))),
        "c must be positive, not a MLP",
        "",
    ),
    "a weight as text": (lambda: penalties.gradient_penalty("10"), "weight must be a number", ""),
    "a negative gamma": (lambda: penalties.r1(-1), "gamma must be a number of at least 0", ""),
    # what comes after
    "no sample": (lambda: toy_gan().sample(0), "n must be a whole number of at least 1", ""),
    "samples in floats": (lambda: trained().sample(2.5), "n must be a whole number", ""),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_plausible_mistake_in_python_is_one_error_with_its_fix(mistake):
    act, told, fix = MISTAKES[mistake]
    text = refuses(act, re.escape(told))
    assert len(text) < 400 and fix in text.partition("Fix: ")[2]


def test_no_mistake_is_left_to_torch():
    assert len(MISTAKES) >= 50


def test_every_known_case_is_accounted_for():
    assert len(ROWS) == 23
    assert COVERED | set(NOT_APPLICABLE) == set(range(1, 24))
    assert not COVERED & set(NOT_APPLICABLE)
