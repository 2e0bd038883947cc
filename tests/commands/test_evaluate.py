"""What is said of a checkpoint's samples, by the kind of data."""

import json

import pytest
import torch
from PIL import Image

from commands.harness import QUICK, run
from gancourse.commands.evaluate import coverage, measure, own
from gancourse.commands.plan import Plan
from gancourse.data.faces import FaceModes
from gancourse.data.images import images
from gancourse.networks.features import Classifier


@pytest.mark.parametrize(
    "data, keys",
    [("ring", {"modes", "high_quality", "earth_mover"}), ("swiss-roll", {"earth_mover"})],
)
def test_points(tmp_path, data, keys):
    assert run("train", "--data", data, "--steps", 4, "--out", tmp_path, "--every", 2) == 0
    path = tmp_path / "step-00000004.pt"
    assert run("sample", path, "--out", tmp_path) == 0 and (tmp_path / "samples.png").exists()
    assert run("evaluate", tmp_path, "--n", 600) == 0  # the folder stands for its newest
    assert keys <= set(json.loads(path.with_suffix(".json").read_text()))


def test_a_folder_of_pictures(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    for i in range(60):
        Image.new("RGB", (20, 20), (4 * i, 90, 255 - 4 * i)).save(tmp_path / "mine" / f"{i}.png")
    assert (
        run(
            "train",
            "--data",
            tmp_path / "mine",
            "--size",
            16,
            "--steps",
            2,
            "--out",
            tmp_path / "run",
            *QUICK,
        )
        == 0
    )
    path = tmp_path / "run" / "step-00000002.pt"
    assert run("evaluate", path, "--n", 100) == 2, "no folder is opened at a file's word"
    assert f"--data {tmp_path / 'mine'}" in capsys.readouterr().err
    assert run("evaluate", path, "--n", 100, "--data", "digits") == 2
    assert "not of digits" in capsys.readouterr().err
    assert run("evaluate", path, "--n", 100, "--data", tmp_path / "mine") == 0
    found = json.loads(path.with_suffix(".json").read_text())
    assert "thumbnails" in found["features"] and found["frechet"] > 0
    assert "by heart" in capsys.readouterr().out


def test_own_pictures_are_told_from_what_was_learnt_by_heart():
    torch.manual_seed(0)
    real = torch.rand(200, 3, 16, 16) * 2 - 1
    copied, new = own(real[:100], real), own(torch.rand(100, 3, 16, 16) * 2 - 1, real)
    assert copied["nearest"] < 1e-3 < 0.9 * new["nearest_real"] < new["nearest"]
    assert copied["nearest_real"] == new["nearest_real"]
    assert new["halves"] < 2 * new["frechet"] + 1
    grey = own(real[:, :1], real[:, :1])
    assert grey["nearest"] < 1e-3 and grey["frechet"] < grey["halves"]


ALLOWED = [(98, {"frechet", "halves"}), (97, {"frechet"}), (48, set()), (1, set())]


@pytest.mark.parametrize("n, measures", ALLOWED)
def test_few_pictures_are_measured_as_far_as_they_allow(n, measures):
    real = torch.rand(n, 3, 16, 16)
    found = own(torch.rand(100, 3, 16, 16), real)
    assert found.keys() & {"frechet", "halves"} == measures
    assert ("nearest_real" in found) == (n > 1)
    assert measures or "more than 48 pictures" in found["features"]


def test_the_table_and_the_file_say_the_same(tmp_path, capsys):
    assert run("train", "--data", "ring", "--steps", 1, "--out", tmp_path) == 0
    capsys.readouterr()
    assert run("evaluate", tmp_path, "--n", 200, "--seed", 5) == 0
    lines = capsys.readouterr().out.splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith("as JSON"))
    *rows, last = (line.split(maxsplit=1) for line in lines[: end + 1])
    path = tmp_path / "step-00000001.json"
    assert last[-1].split()[-1] == str(path)
    found = json.loads(path.read_text())
    assert [name for name, _ in rows] == list(found)
    assert found["samples"] == 200 and found["seed"] == 5 and found["of"] == 8
    told = [line.partition(": ")[0] for line in lines[end + 1 :]]
    assert told == ["earth_mover", "modes", "high_quality", "reverse_kl"], "what each measure means"
    for name, value in rows:
        assert value == (
            f"{found[name]:.4g}" if isinstance(found[name], float) else str(found[name])
        )


def test_real_faces_cover_the_forty_modes_of_the_faces():
    faces = images("faces")
    found = coverage(faces[:2000], FaceModes(faces))
    assert found["modes"] == found["of"] == 40 and found["high_quality"] > 0.9


def test_faces_are_measured_by_their_modes_and_other_sizes_are_not(monkeypatch):
    untrained = Classifier(3, 16, {"skin": 8})
    monkeypatch.setattr("gancourse.commands.evaluate.classifier", lambda data: untrained)
    plan = dict(data="faces", seed=0, game="minimax", latent=8, width=4, channels=3)
    small, large = Plan(**plan, size=16), Plan(**plan, size=64)
    found = measure(small.gan(), small, 100, 0)
    assert found["of"] == 40 and found["modes"] <= 40 and "classifier" in found["features"]
    assert set(measure(large.gan(), large, 100, 0)) == {"frechet", "features"}
