"""A folder of somebody else's pictures: what is opened, by whom, and what is left out."""

import os
import socket
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from checkout import ROOT
from gancourse.data.folders import DECODERS, SUFFIXES
from gancourse.data.images import images
from gancourse.errors import GanCourseError


def save(path):
    Image.new("RGB", (8, 8), "red").save(path)


POSTSCRIPT = [
    f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n{program}\n"
    for program in (
        "(marker) (w) file dup (x) writestring closefile showpage",
        "(marker) deletefile",
        "{} loop",
        "showpage",
        "(%pipe%touch marker) (w) file",
    )
]
OTHERS = {
    **{f"postscript {i}": program.encode() for i, program in enumerate(POSTSCRIPT)},
    "dos eps": b"\xc5\xd0\xd3\xc6" + bytes(26) + POSTSCRIPT[0].encode(),
    "pdf": b"%PDF-1.7\n",
    "psd": b"8BPS\0\1" + bytes(200),
    "fits": b"SIMPLE  =                    T" + bytes(3000),
    "svg": b"<svg xmlns='x'/>",
    "ico": b"\0\0\1\0\1\0" + bytes(60),
    "pcx": b"\x0a\x05\x01\x08" + bytes(130),
    "wmf": b"\xd7\xcd\xc6\x9a" + bytes(60),
    "fli": bytes(4) + b"\x11\xaf" + bytes(130),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_what_is_no_picture_of_the_list_is_named_and_starts_no_program(
    name, suffix, tmp_path, monkeypatch
):
    def started(*arguments, **settings):
        raise AssertionError(f"a program was started: {arguments}")

    for module, start in ((subprocess, "Popen"), (os, "system"), (os, "posix_spawn")):
        monkeypatch.setattr(module, start, started)
    save(tmp_path / "good.png")
    (tmp_path / f"bad{suffix}").write_bytes(OTHERS[name])
    with pytest.raises(GanCourseError, match=f"1 of 2 pictures cannot be read: bad{suffix}"):
        images(tmp_path, 8)


def test_the_decoders_are_those_of_the_suffixes():
    Image.init()
    assert {Image.EXTENSION[suffix] for suffix in SUFFIXES} == set(DECODERS)


def test_no_scan_waits_for_what_is_no_file(tmp_path):
    """In a process of its own, so that a hang would be seen as one."""
    save(tmp_path / "good.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "terminal.png").symlink_to("/dev/tty")
    (tmp_path / "endless.png").symlink_to("/dev/zero")
    (tmp_path / "loop.png").symlink_to("loop.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket.png"))
        code = f"from gancourse.data.images import images; images({str(tmp_path)!r}, 8)"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
        )
    assert "5 of 6 pictures cannot be read" in done.stderr
    assert done.stderr.count("it is no regular file") == 4


def test_links_to_pictures_are_followed_and_links_to_folders_are_named(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "elsewhere").mkdir()
    save(tmp_path / "elsewhere/a.png")
    (tmp_path / "mine/b.png").symlink_to("../elsewhere/a.png")
    (tmp_path / "mine/all").symlink_to("../elsewhere")
    (tmp_path / "mine/c.heic").touch()
    with pytest.warns(
        UserWarning, match=r"2 are left out: all \(a link to a folder\), c.heic \(of"
    ):
        assert len(images(tmp_path / "mine", 8)) == 1
    (tmp_path / "mine/b.png").unlink()
    with pytest.raises(GanCourseError, match="no pictures .* links to 1 folders"):
        images(tmp_path / "mine", 8)


def test_a_folder_inside_that_may_not_be_read_is_an_error(tmp_path, monkeypatch):
    save(tmp_path / "a.png")
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(GanCourseError, match="closed: the folder cannot be read .permission"):
        images(tmp_path, 8)


@pytest.mark.parametrize("name", ["a\nFix: pay.png", "\x1b[2J.png", "\udcff.png"])
def test_a_name_forges_no_line_and_sends_no_code_to_the_terminal(name, tmp_path):
    (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(GanCourseError) as error:
        images(tmp_path, 8)
    assert len(str(error.value).splitlines()) == 2
    assert all(line.isprintable() for line in str(error.value).splitlines())
    (tmp_path / name).rename(tmp_path / name.replace(".png", ".heic"))
    save(tmp_path / "a.png")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert len(images(tmp_path, 8)) == 1
    assert str(told[0].message).isprintable()


@pytest.mark.parametrize("mark", ["step-00000007.pt", "best.pt", "metrics.jsonl", "walk.png"])
def test_what_a_run_has_left_is_no_data_and_is_named(mark, tmp_path):
    save(tmp_path / "a.png")
    (tmp_path / "deep/run/samples").mkdir(parents=True)
    (tmp_path / "deep/run" / mark).touch()
    save(tmp_path / "deep/run/samples.png")
    save(tmp_path / "deep/run/samples/step-00000500.png")
    save(tmp_path / "deep/b.png")
    with pytest.warns(UserWarning, match=r"1 is left out: deep.run \(what a run has left\)"):
        assert len(images(tmp_path, 8)) == 2
    with pytest.raises(GanCourseError, match="output does not become data"):
        images(tmp_path / "deep/run", 8)
    (tmp_path / "a.png").unlink()
    (tmp_path / "deep/b.png").unlink()
    with pytest.raises(GanCourseError, match="no pictures .* 1 folders of runs"):
        images(tmp_path, 8)


def test_hidden_pictures_are_named_and_a_systems_own_files_are_not(tmp_path):
    for name in ("a.png", ".b.png", "._a.png", ".DS_Store"):
        save(tmp_path / "x.png")
        (tmp_path / "x.png").rename(tmp_path / name)
    with pytest.warns(UserWarning, match=r"1 is left out: .b.png \(hidden\)"):
        assert len(images(tmp_path, 8)) == 1


def test_twelve_bits_in_sixteen_are_told_and_a_true_picture_is_not(tmp_path):
    for name, top in (("dim", 4000), ("bright", 65535)):
        ramp = np.linspace(0, top, 64).astype(np.uint16).reshape(8, 8)
        Image.fromarray(ramp).save(tmp_path / f"{name}.png")
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "night.png")
    with pytest.warns(UserWarning, match=r"^1 of 16 bits .* will look black: dim.png$"):
        images(tmp_path, 8)


@pytest.mark.parametrize(
    "values, mean", [((0, 0.5), 64), ((0, 128), 64), ((-0.1, 1), None), ((0, 256), None)]
)
def test_floats_have_one_white_for_all_and_others_are_refused(values, mean, tmp_path):
    """Each was stretched by its own largest value; negative ones became black."""
    picture = np.full((8, 8), values[0], np.float32)
    picture[:, 4:] = values[1]
    Image.fromarray(picture).save(tmp_path / "a.tif")
    if mean is None:
        with pytest.raises(GanCourseError, match="its values go from"):
            images(tmp_path, 8)
    else:
        assert images(tmp_path, 8).pixels.float().mean() == pytest.approx(mean, abs=1)


def test_a_small_file_does_not_unpack_to_a_huge_picture(tmp_path):
    Image.new("L", (9000, 9000)).save(tmp_path / "a.png")  # 80 kB
    with pytest.raises(GanCourseError, match="9000 x 9000 pixels in .* bytes"):
        images(tmp_path, 8)
