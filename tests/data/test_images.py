import numpy as np
import pytest
import torch
from PIL import Image

from gancourse.data import faces as faces_module
from gancourse.data.images import NAMES, Images, images
from gancourse.errors import GanCourseError


def test_digits_are_scikit_learns_own():
    from sklearn.datasets import load_digits

    digits, source = images("digits"), load_digits()
    assert (len(digits), digits.size, digits.channels) == (1797, 16, 1)
    assert digits.labels["digit"].tolist() == source.target.tolist()
    small = digits.pixels[..., 0].float().view(-1, 8, 2, 8, 2).mean((2, 4)) / 255 * 16
    assert np.corrcoef(small.flatten(), source.images.flatten())[0, 1] > 0.97


def test_a_network_sees_floats_from_minus_one_to_one_with_channels_first():
    faces = images("faces")
    x = faces[:4]
    assert x.shape == (4, 3, 16, 16) and x.dtype == torch.float32
    pixels = ((x + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)
    assert torch.equal(pixels, faces.pixels[:4])
    assert x.is_contiguous(memory_format=torch.channels_last)


def test_batches_are_real_images_with_their_labels():
    faces = images("faces")
    x, skin = next(faces.batches(8, label="skin"))
    for picture, label in zip(x, skin, strict=True):
        matches = (faces[torch.arange(len(faces))] == picture).flatten(1).all(1).nonzero()
        assert faces.labels["skin"][matches].flatten().tolist() == [label]
    assert len(next(faces.batches(8))) == 1


def test_batches_follow_the_global_random_state():
    faces = images("faces")
    torch.manual_seed(1)
    first = next(faces.batches(8))[0]
    torch.manual_seed(1)
    assert torch.equal(first, next(faces.batches(8))[0])


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_sizes_and_channels_convert(size):
    assert images("faces", size, channels=1).pixels.shape == (10_000, size, size, 1)
    assert images("digits", size, channels=3).pixels.shape == (1797, size, size, 3)


def test_enlarged_pixel_art_keeps_its_colours():
    faces, big = images("faces"), images("faces", 64)
    assert torch.equal(big.pixels[:, ::4, ::4], faces.pixels)


def save(path, mode, size=(20, 14), colour=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour or 0).save(path)


def test_a_folder_of_mixed_pictures(tmp_path):
    save(tmp_path / "a.png", "L", colour=255)
    save(tmp_path / "deep" / "b.jpg", "RGB", colour=(255, 0, 0))
    save(tmp_path / "c.png", "RGBA", colour=(0, 0, 255, 0))  # fully transparent: white paper
    save(tmp_path / "d.tif", "CMYK", colour=(0, 0, 0, 0))
    save(tmp_path / "e.gif", "P")
    save(tmp_path / "f.png", "LA", colour=(0, 255))
    Image.fromarray(np.full((9, 9), 65535, np.uint16)).save(tmp_path / "g.png")
    save(tmp_path / ".hidden.png", "L")
    (tmp_path / "._a.png").write_bytes(b"resource fork")
    (tmp_path / "notes.txt").write_text("not a picture")
    with pytest.warns(UserWarning, match="hidden") as told:
        found = images(tmp_path, 8)
    assert len(told) == 1
    assert found.pixels.shape == (7, 8, 8, 3)
    means = found.pixels.float().mean((1, 2)).round().int().tolist()
    names = ["a.png", "c.png", "d.tif", "deep/b.jpg", "e.gif", "f.png", "g.png"]
    by_name = dict(zip(names, means, strict=True))
    assert by_name["a.png"] == by_name["c.png"] == by_name["g.png"] == [255, 255, 255]
    assert by_name["f.png"] == [0, 0, 0]
    assert by_name["deep/b.jpg"][0] > 250 and by_name["deep/b.jpg"][1] < 5


def test_pictures_are_turned_upright(tmp_path):
    picture = Image.new("L", (16, 16), 0)
    picture.paste(255, (0, 0, 16, 8))  # bright top
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    picture.save(tmp_path / "a.png", exif=exif)
    pixels = images(tmp_path, 16, channels=1).pixels[0, :, :, 0]
    assert pixels[2].float().mean() < 10 and pixels[13].float().mean() > 245


def test_every_unreadable_picture_is_named_at_once(tmp_path):
    save(tmp_path / "good.png", "RGB")
    (tmp_path / "empty.png").touch()
    (tmp_path / "quota.jpg").write_text("<html>quota exceeded</html>")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GanCourseError) as error:
        images(tmp_path, 8)
    assert "3 of 4" in str(error.value)
    assert all(name in str(error.value) for name in ("empty.png", "quota.jpg", "half.png"))


def test_a_sample_of_all_images_holds_each_once_and_a_larger_one_none_more_than_once_more():
    pixels = torch.arange(40, dtype=torch.uint8)[:, None, None, None].expand(40, 16, 16, 1)
    forty = Images("forty", pixels)

    def which(n, **options):
        return ((forty.sample(n, **options)[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()

    assert sorted(which(40)) == sorted(which(40, seed=1)) == list(range(40))
    assert len(set(which(39, seed=2))) == 39 and which(40, seed=1) != list(range(40))
    counts = torch.bincount(torch.tensor(which(95, seed=3)), minlength=40)
    assert counts.min() == 2 and counts.max() == 3


def test_the_sample_of_a_seed_is_the_one_that_evaluations_have_always_compared_with():
    faces, rng = images("faces"), torch.Generator().manual_seed(7)
    expected = faces[torch.randperm(len(faces), generator=rng)[:100]]
    assert torch.equal(faces.sample(100, seed=7), expected)


def test_an_empty_set_cannot_be_sampled():
    with pytest.raises(GanCourseError, match="there are no images"):
        Images("none", torch.zeros(0, 16, 16, 3, dtype=torch.uint8)).sample(1)


GOOD = torch.zeros(4, 16, 16, 3, dtype=torch.uint8)


@pytest.mark.parametrize("size", [None, 16, 32])
@pytest.mark.parametrize("channels", [None, 1])
@pytest.mark.parametrize(
    "source, match",
    [
        ((GOOD.float() / 255, {}, {}), "uint8 tensor, not torch.float32"),
        ((GOOD.numpy(), {}, {}), "uint8 tensor, not ndarray"),
        ((None, {}, {}), "uint8 tensor, not NoneType"),
        ((GOOD.permute(0, 3, 1, 2), {}, {}), "shape"),
        ((GOOD[:, :9], {}, {}), "shape"),
        ((GOOD[..., :2], {}, {}), "shape"),
        ((GOOD[0], {}, {}), "shape"),
        ((GOOD, {"kind": torch.zeros(3)}, {}), "3 labels 'kind' for 4"),
        ((GOOD, {"kind": [0, 1, 2, 3]}, {}), "labels 'kind' must be a tensor, not list"),
    ],
)
def test_a_source_that_returns_nonsense_is_named(source, match, size, channels, monkeypatch):
    """Whether or not its pictures are resized or turned to grey on the way."""
    monkeypatch.setattr(faces_module, "load", lambda: source)
    with pytest.raises(GanCourseError, match=f"^faces: .*{match}"):
        images("faces", size, channels=channels)


@pytest.mark.parametrize("size, channels", [(None, None), (16, 3), (32, 1)])
def test_images_are_built_once_of_what_they_become(size, channels, monkeypatch):
    built = []

    class Counted(Images):
        def __init__(self, name, pixels, *rest):
            built.append(tuple(pixels.shape))
            super().__init__(name, pixels, *rest)

    monkeypatch.setattr("gancourse.data.images.Images", Counted)
    found = images("digits", size, channels=channels)
    assert built == [tuple(found.pixels.shape)] == [(1797, size or 16, size or 16, channels or 1)]


@pytest.mark.parametrize(
    "ask, match",
    [
        (lambda p: images("mnizt"), "neither a known data set nor a folder"),
        (lambda p: images(p / "nowhere"), "neither a known data set nor a folder"),
        (lambda p: images(p), "no pictures"),
        (lambda p: images("faces", 0), "size"),
        (lambda p: images("faces", 1.5), "size"),
        (lambda p: images("faces", channels=2), "channels"),
        (lambda p: images("faces", channels=True), "channels"),
        (lambda p: images("digits").batches(1798), "larger than the data"),
        (lambda p: images("digits").batches(0), "at least 1"),
        (lambda p: images("mnist", root=p), "download=True"),
    ],
)
def test_bad_requests_get_one_clear_error(ask, match, tmp_path):
    with pytest.raises(GanCourseError, match=match) as error:
        ask(tmp_path)
    assert len(str(error.value).splitlines()) <= 2


def test_the_help_names_every_set():
    assert all(f"``{name}``" in images.__doc__ for name in NAMES)
