"""The whole way through the commands, and how a mistake is told: its lines and the exit status."""

import io
import json
import re
import subprocess
import sys
import tomllib

import pytest
import torch
from PIL import Image

from checkout import ROOT
from commands.harness import QUICK, run
from gancourse import __version__
from gancourse.saving import checkpoints


@pytest.mark.parametrize("game", ["minimax", "hinge-sn", "wgan-clip", "wgan-gp", "relativistic"])
def test_pictures_from_training_to_evaluation(tmp_path, capsys, game):
    assert (
        run(
            "train",
            "--data",
            "digits",
            "--size",
            16,
            "--game",
            game,
            "--steps",
            5,
            "--out",
            tmp_path / "run",
            *QUICK,
        )
        == 0
    )
    lines = [json.loads(x) for x in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [x["step"] for x in lines] == [2, 4]
    assert lines[1]["images_per_second"] > 0 and isinstance(lines[0]["d_loss"], float)
    path = tmp_path / "run" / "step-00000005.pt"
    assert run("sample", path, "--out", tmp_path / "s", "--n", 10, "--walks", 2) == 0
    with Image.open(tmp_path / "s" / "samples.png") as picture:
        assert picture.size == (4 * (8 * 17 - 1), 4 * (2 * 17 - 1))
    if game != "hinge-sn":  # one is enough: a classifier has to be trained
        return
    assert run("evaluate", path, "--n", 100) == 0
    found = json.loads(path.with_suffix(".json").read_text())
    assert found["frechet"] > 0 and found["game"] == game
    assert re.search(r"frechet +\d", capsys.readouterr().out)


MISTAKES = [
    ("train --data nowhere --out {}", "neither a known data set nor a folder"),
    ("train --data faces --size 48 --out {}", "size must be one of 16, 32, 64, 128"),
    ("train --data faces --game chess --out {}", "there is no game 'chess'"),
    ("train --data faces --steps many --out {}", "'many' is no whole number"),
    ("train --data faces --steps 0 --out {}", "whole number of at least 1"),
    ("train --data faces --batch 20000 --out {}", "larger than the data"),
    ("train --data faces --device cuda:9 --out {}", "device 'cuda:9' cannot be used"),
    ("train --data faces --device abacus --out {}", "device 'abacus' cannot be used"),
    ("train --data faces --out {}/file", "file exists"),
    ("train --data faces --stepps 3 --out {}", "unrecognized arguments: --stepps"),
    ("train --out {}", "required: --data"),
    ("", "required: command"),
    ("sample {}/nothing.pt --out {}", "no such checkpoint"),
    ("sample {}/file --out {}", "damaged or no checkpoint"),
    ("sample {} --out {}", "the folder holds no checkpoint"),
    ("evaluate {}/plain.pt", "does not say how its networks were built"),
    ("sample {}/foreign.pt --out {}", "does not say how its networks were built (no 'notes')"),
    ("sample {}/partial.pt --out {}", "does not say how its networks were built (no 'seed')"),
    ("train --data ring --seed 99999999999999999999 --out {}", "too large"),
    ("train --data ring --seed 4294967296 --out {}", "less than 4294967296"),
    ("sample {}/plain.pt --seed 4294967296 --out {}", "less than 4294967296"),
    ("evaluate {}/plain.pt --seed 4294967296", "less than 4294967296"),
    ("benchmark --quick --device abacus --out {}/b.json", "device 'abacus' cannot be used"),
]


@pytest.mark.parametrize("line, message", MISTAKES)
def test_a_mistake_is_told_in_three_lines_with_status_2(tmp_path, capsys, line, message):
    (tmp_path / "file").write_text("this is no checkpoint")
    checkpoints.save(tmp_path / "plain.pt", {"step": 1, "notes": {}})
    checkpoints.save(tmp_path / "foreign.pt", {"a": 1})
    checkpoints.save(tmp_path / "partial.pt", {"notes": {"data": "ring"}})
    try:
        status = run(*line.replace("{}", str(tmp_path)).split())
    except SystemExit as leaving:
        status = leaving.code
    errors = capsys.readouterr().err
    assert status == 2 and message in errors
    assert len(errors.strip().splitlines()) <= 3


def test_too_little_memory_is_told_and_no_other_error_is_hidden(tmp_path, capsys, monkeypatch):
    assert run("train", "--data", "ring", "--steps", 1, "--out", tmp_path) == 0
    assert run("sample", tmp_path, "--n", 10**15, "--out", tmp_path) == 2
    assert "the memory does not suffice" in capsys.readouterr().err
    monkeypatch.setattr(
        "gancourse.commands.sample.trained", lambda *_: torch.ones(2) @ torch.ones(3)
    )
    with pytest.raises(RuntimeError, match="size"):
        run("sample", tmp_path, "--out", tmp_path)


@pytest.mark.parametrize(
    "problem",
    [lambda *_: torch.empty(10**15), lambda *_: [0] * 10**15],
    ids=["torch's allocator", "Python's"],
)
def test_memory_that_runs_out_on_the_way_is_told(tmp_path, capsys, monkeypatch, problem):
    monkeypatch.setattr("gancourse.commands.sample.trained", problem)
    assert run("sample", tmp_path / "step-00000001.pt", "--out", tmp_path) == 2
    assert "the memory does not suffice" in capsys.readouterr().err


def test_the_version_is_told_and_torch_is_not_needed_for_it():
    code = """
import sys
from gancourse.commands.main import main
try:
    main(sys.argv[1:])
finally:
    assert "torch" not in sys.modules
"""
    for argument in ("--version", "--help"):
        done = subprocess.run(
            [sys.executable, "-c", code, argument], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        if argument == "--version":
            assert done.stdout == f"gancourse {__version__}\n"


def test_the_command_of_an_installation_is_this_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"gancourse": "gancourse.commands.main:main"}


def test_a_name_that_cannot_be_printed_loses_no_work(tmp_path, monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii", errors="strict"))
    arguments = ["train", "--data", "ring", "--steps", 1, "--batch", 8, "--out"]
    assert run(*arguments, tmp_path / "größe") == 0
    sys.stdout.flush()
    assert b"step 1: " in written.getvalue() and b"gr\\xf6\\xdfe" in written.getvalue()


@pytest.mark.parametrize("device", ["meta", "hpu", "privateuseone"])
def test_a_device_that_cannot_compute_is_a_mistake_like_any_other(tmp_path, capsys, device):
    arguments = ["train", "--data", "ring", "--steps", 1, "--device", device, "--out", tmp_path]
    assert run(*arguments) == 2 and "cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize("size", [10**7, 2**62])
def test_a_size_that_can_never_fit_is_refused(tmp_path, capsys, size):
    arguments = ["train", "--data", "digits", "--steps", 1, "--size", size, "--out", tmp_path]
    assert run(*arguments) == 2 and "memory does not suffice" in capsys.readouterr().err
