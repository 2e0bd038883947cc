"""What is chosen for a folder of pictures, and what is said about it."""

import numpy as np
import pytest
from PIL import Image

from commands.harness import run
from gancourse.commands import proposal
from gancourse.data import folders
from gancourse.saving.keeper import Keeper


def filled(folder, shapes, colour=True):
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i, (width, height) in enumerate(shapes):
        pixels = rng.integers(0, 256, (height, width, 3 if colour else 1), dtype=np.uint8)
        Image.fromarray(pixels.repeat(3 if not colour else 1, 2)).save(folder / f"{i:03d}.png")
    return folder


def noted(folder):
    return Keeper(folder).newest()[1]["notes"]


@pytest.mark.parametrize(
    "shapes, size, batch",
    [([(200, 160)] * 70, 32, 64), ([(24, 24)] * 5, 16, 4), ([(31, 400), (40, 40)], 32, 2)],
)
def test_size_and_batch_follow_from_the_pictures(tmp_path, shapes, size, batch):
    found, said = proposal.for_folder(filled(tmp_path / "pics", shapes))
    assert (found.size, found.batch, found.game) == (size, batch, "hinge-sn")
    assert said.startswith(f"{len(shapes)} pictures")


def test_shapes_are_said_and_what_a_square_leaves_of_them(tmp_path):
    def said(name, shapes):
        return proposal.for_folder(filled(tmp_path / name, shapes))[1]

    assert said("square", [(40, 40)] * 2) == "2 pictures, 40 x 40 pixels"
    assert "40 x 80 pixels; the middle square of each is taken (50% of it)" in said(
        "tall", [(40, 80)]
    )
    assert "from 40 x 40 to 60 x 60 pixels" in said("two", [(60, 60), (40, 40)])


def test_a_picture_that_a_telephone_has_turned_is_told_as_it_is_seen(tmp_path):
    exif = Image.Exif()
    exif[folders.ORIENTATION] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "a.jpg", exif=exif)
    (tmp_path / "b.png").write_bytes(b"damaged")
    assert folders.shapes(tmp_path) == (2, [(20, 40)])


@pytest.mark.parametrize("colour, channels, told", [(True, 3, "in colour"), (False, 1, "grey")])
def test_a_first_run_is_said_and_noted_and_gone_on_with(tmp_path, capsys, colour, channels, told):
    pics = filled(tmp_path / "pics", [(48, 36)] * 9, colour)
    line = ["train", "--data", pics, "--out", tmp_path / "run", "--steps", 1, "--width", 4]
    assert run(*line) == 0
    out = capsys.readouterr().out
    assert out.startswith("pics: 9 pictures, 48 x 36 pixels; the middle square of each is taken")
    assert f"(75% of it), {told}; made 32 x 32\n" in out
    chosen = next(x for x in out.splitlines() if x.startswith("chosen"))
    assert "--size 32" in chosen and "--game hinge-sn" in chosen and "--batch 8" in chosen
    assert "--steps" not in chosen and "--width" not in chosen, "these were said"
    assert "by heart" in out
    notes = noted(tmp_path / "run")
    assert (notes["size"], notes["channels"], notes["batch"]) == (32, channels, 8)
    assert run(*line, "--resume", "auto") == 0, "what was chosen then holds now"
    assert run("evaluate", tmp_path / "run", "--n", 100, "--data", pics) == 0


def test_all_can_be_said_otherwise(tmp_path, capsys):
    pics = filled(tmp_path / "pics", [(20, 20)] * 5)
    said = dict(size=16, game="minimax", batch=3, width=4, steps=1, latent=5, seed=9)
    options = [part for name, value in said.items() for part in (f"--{name}", value)]
    assert run("train", "--data", pics, "--out", tmp_path / "run", *options) == 0
    assert "chosen" not in capsys.readouterr().out
    assert noted(tmp_path / "run").items() >= said.items()


def test_what_is_not_said_of_a_run_is_what_it_was_begun_with(tmp_path, capsys):
    line = ["train", "--data", "ring", "--out", tmp_path]
    assert run(*line, "--steps", 3, "--batch", 8, "--game", "hinge-sn", "--seed", 4) == 0
    assert run(*line, "--resume", "auto") == 0
    assert run(*line, "--resume", "auto", "--game", "minimax") == 2
    assert "begun with game hinge-sn, not minimax" in capsys.readouterr().err
