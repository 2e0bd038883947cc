"""Checkpoints of somebody else at the command line: their notes command nothing."""

import os
import socket

import pytest
import torch

from commands.harness import QUICK, run
from gancourse.commands.main import main
from gancourse.saving import checkpoints
from strangers import ODD, altered


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    assert run("train", "--data", "ring", "--steps", 2, "--out", folder, *QUICK) == 0
    return folder / "step-00000002.pt"


def raw(path, state):
    """Written without the checks of ``checkpoints.save``."""
    torch.save(state, path)
    return path


WITH_TENSORS = [*ODD, torch.ones(2), torch.zeros(())]


@pytest.mark.parametrize("n", [40])  # many more of them: tests/torture/test_lines.py
def test_altered_notes_are_refused_or_harmless(trained, tmp_path, monkeypatch, capsys, n):
    def refuse(*arguments, **settings):
        raise AssertionError("it went out to fetch something")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.chdir(tmp_path)
    counts = {0: 0, 2: 0}
    for i, state in enumerate(altered(checkpoints.load(trained), n, WITH_TENSORS)):
        path = raw(tmp_path / "x.pt", state)
        line = ["sample", path, "--out", "out", "--n", 4] if i % 4 else ["evaluate", path]
        counts[main([*map(str, line), *(["--walks", "1"] if i % 4 else ["--n", "100"])])] += 1
        errors = capsys.readouterr().err
        assert "Traceback" not in errors and len(errors.strip().splitlines()) <= 3
        assert set(os.listdir()) <= {"x.pt", "x.json", "out"}, "a file where the notes said"
    print(counts)
    assert counts[2] > n / 2 and counts[0]


@pytest.mark.parametrize("data", ["mnist", "cifar10", "fashion", "celeba", "/", "~", "faces/.."])
def test_no_file_says_where_data_are_or_that_they_be_fetched(trained, tmp_path, monkeypatch, data):
    monkeypatch.chdir(tmp_path)
    asked = []
    monkeypatch.setattr("gancourse.commands.plan.images", lambda *a, **k: asked.append((a, k)))
    state = checkpoints.load(trained)
    state["notes"] |= {"data": data, "root": "chosen/by/the/file", "download": True}
    raw(tmp_path / "x.pt", state)
    assert run("evaluate", tmp_path / "x.pt") == 2
    assert os.listdir() == ["x.pt"] and not asked


def test_notes_of_huge_networks_cost_nothing(trained, tmp_path, capsys):
    state = checkpoints.load(trained)
    state["notes"] |= {"data": "faces", "size": 128, "channels": 3, "width": 6000}
    assert run("sample", raw(tmp_path / "x.pt", state), "--out", tmp_path) == 2
    assert "do not fit the networks" in capsys.readouterr().err


def test_the_sha256_is_told_and_demanded(tmp_path, capsys):
    assert run("train", "--data", "ring", "--steps", 1, "--out", tmp_path / "run") == 0
    told = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())["sha256"]
    path = tmp_path / "run/step-00000001.pt"
    assert told == checkpoints.sha256_of(path) and checkpoints.load(path, sha256=told.upper())
    line = ["sample", path, "--out", tmp_path, "--n", 4, "--sha256"]
    assert run(*line, told) == 0
    for wrong, says in ((told[::-1], f"its sha256 is {told}"), (told[1:], "64 hexadecimal")):
        assert run(*line, wrong) == 2 and says in capsys.readouterr().err
        assert run("evaluate", path, "--sha256", wrong) == 2
    capsys.readouterr()


def test_nothing_of_the_readers_is_overwritten(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    folder = tmp_path / "run"
    (folder / "samples").mkdir(parents=True)
    line = ["train", "--data", "ring", "--steps", 2, "--batch", 8, "--every", 1, "--out", folder]
    names = ["metrics.jsonl", "samples.png", "step-00000002.json", "samples/step-00000002.png"]
    for name in (*names, "walk.png", f".step-00000002.pt.{os.getpid()}.tmp"):
        diary = tmp_path / "mine" / name.replace("/", "-")
        diary.write_text("notes")
        (folder / name).symlink_to(diary)
    run(*line)
    run("sample", folder / "step-00000002.pt", "--n", 4, "--out", folder)
    run("evaluate", folder / "step-00000002.pt", "--n", 100)
    capsys.readouterr()
    assert {path.read_text() for path in (tmp_path / "mine").iterdir()} == {"notes"}


def test_sheets_are_not_written_into_a_folder_that_a_link_chose(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run/samples").symlink_to(tmp_path / "mine")
    assert run("train", "--data", "ring", "--steps", 2, "--out", tmp_path / "run") == 2
    assert "samples: it is a symbolic link" in capsys.readouterr().err


def test_a_checkpoint_called_json_is_not_replaced_by_its_table(trained, tmp_path):
    content = trained.read_bytes()
    (tmp_path / "x.json").write_bytes(content)
    assert run("evaluate", tmp_path / "x.json", "--n", 100) == 0
    assert (tmp_path / "x.json").read_bytes() == content
    assert (tmp_path / "x.evaluation.json").exists()
