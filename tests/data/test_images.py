import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from gancourse.data.images import images
from gancourse.errors import GanCourseError


def test_faces_ship_with_their_attributes():
    faces = images("faces")
    assert (len(faces), faces.size, faces.channels) == (10_000, 16, 3)
    assert len(faces.pixels.flatten(1).unique(dim=0)) == 10_000, "all differ"
    assert {
        name: int(v.max()) + 1
        for name, v in faces.labels.items()
        if name in ("background", "skin", "hair")
    } == {"background": 5, "skin": 8, "hair": 45}
    assert len(faces.categories["skin"]) == 8


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
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = images(tmp_path, 8)
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


@pytest.mark.parametrize(
    "ask, match",
    [
        (lambda p: images("mnizt"), "neither a known data set nor a folder"),
        (lambda p: images(p / "nowhere"), "neither a known data set nor a folder"),
        (lambda p: images(p), "no pictures"),
        (lambda p: images("faces", 0), "size"),
        (lambda p: images("faces", 1.5), "size"),
        (lambda p: images("faces", channels=2), "channels"),
        (lambda p: images("digits").batches(1798), "larger than the data"),
        (lambda p: images("digits").batches(0), "at least 1"),
        (lambda p: images("mnist", root=p), "download=True"),
    ],
)
def test_bad_requests_get_one_clear_error(ask, match, tmp_path):
    with pytest.raises(GanCourseError, match=match) as error:
        ask(tmp_path)
    assert len(str(error.value).splitlines()) <= 2
