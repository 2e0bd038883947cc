"""What a run leaves in its folder besides checkpoints."""

import io
import json
import os
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from commands.harness import run
from gancourse.commands.log import Log, picture
from gancourse.training import History


def test_lines_of_the_log_that_were_damaged_are_dropped(tmp_path):
    arguments = [
        "train",
        "--data",
        "ring",
        "--steps",
        2,
        "--every",
        1,
        "--resume",
        "auto",
        "--out",
        tmp_path,
    ]
    assert run(*arguments) == 0
    log = tmp_path / "metrics.jsonl"
    good = log.read_bytes()
    log.write_bytes(good + b'{damaged}\n{}\n[1]\n\xff\xfe\n{"step": "x"}\n{"step": 1, "d_')
    assert run(*arguments) == 0 and log.read_bytes() == good


def training_at(step, shown=None):
    shown = {} if shown is None else shown
    losses = torch.arange(1.0, step + 1)
    return SimpleNamespace(
        step=step,
        history=History(losses, 10 * losses),
        bar=SimpleNamespace(set_postfix=lambda values, refresh: shown.update(values)),
        sample=lambda n: torch.zeros(n, 1, 16, 16),
    )


def said(log):
    return [json.loads(line) for line in log.file.read_text().splitlines()]


def test_a_line_at_every_call_and_a_sheet_at_some(tmp_path):
    shown, log = {}, Log(tmp_path, batch=8, every=2, sheets=4)
    log(training_at(2))
    log(training_at(4, shown))
    first, second = said(log)
    assert first == {"step": 2, "d_loss": 2.0, "g_loss": 20.0}
    assert second["step"] == 4 and second["images_per_second"] > 0
    assert shown["D"] == "4.000" and shown["G"] == "40.000" and shown["images/s"] > 0
    assert [p.name for p in (tmp_path / "samples").iterdir()] == ["step-00000004.png"]


def test_sheets_come_early_and_the_first_losses_with_them(tmp_path, capsys):
    log = Log(tmp_path, batch=8, every=400, sheets=300)
    shown = {}
    for step in range(1, 401):
        log(training_at(step, shown))
    steps = [1, 50, 100, 200, 300]
    assert sorted(p.name for p in (tmp_path / "samples").iterdir()) == [
        f"step-{step:08d}.png" for step in steps
    ]
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told] == [f"step {step}" for step in steps]
    assert told[0] == f"step 1: losses D 1.000, G 10.000; {tmp_path}/samples/step-00000001.png"
    assert [line["step"] for line in said(log)] == [400] and all(shown.values())


def test_the_bar_has_no_empty_field(tmp_path):
    shown, log = {}, Log(tmp_path, batch=8, every=1, sheets=100)
    for step in (2, 3):
        log(training_at(step, shown))
        assert "" not in shown.values()


@pytest.mark.parametrize("first", ["call", "rebuild"])
def test_the_log_is_the_history_whatever_was_left_there(tmp_path, first):
    """Lines lost in a power cut come again, those of later steps and other losses go."""
    log = Log(tmp_path, batch=8, every=2, sheets=100)
    kept = {"step": 2, "d_loss": 99.0, "images_per_second": 7.5}
    odd = {"step": 3, "d_loss": 3.0}  # from when --every was another one
    later = {"step": 8}
    log.file.write_text("\n".join(map(json.dumps, [kept, odd, later])) + '\n{"step": 6, "d_')
    (log if first == "call" else log.rebuild)(training_at(6))
    assert said(log) == [
        {"step": 2, "d_loss": 2.0, "g_loss": 20.0, "images_per_second": 7.5},
        *({"step": step, "d_loss": float(step), "g_loss": 10.0 * step} for step in (3, 4, 6)),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="SKIPPED: there are no pipes here")
@pytest.mark.parametrize("planted", ["link", "pipe"])
def test_what_was_planted_is_replaced_and_not_opened(tmp_path, planted):
    log, diary = Log(tmp_path, batch=8, every=1, sheets=100), tmp_path / "diary"
    diary.write_text("dear")
    log.file.symlink_to(diary) if planted == "link" else os.mkfifo(log.file)
    log(training_at(1))
    log(training_at(2))
    assert diary.read_text() == "dear" and log.file.is_file() and not log.file.is_symlink()
    assert [line["step"] for line in said(log)] == [1, 2]


def test_a_full_disk_leaves_no_half_line(tmp_path, monkeypatch):
    log = Log(tmp_path, batch=8, every=1, sheets=100)
    log(training_at(1))
    before = log.file.read_bytes()

    class Full(io.FileIO):
        def write(self, content):
            return super().write(content[:20])

    monkeypatch.setattr(os, "fdopen", lambda handle, mode, buffering: Full(handle, mode))
    with pytest.raises(OSError, match="No space"):
        log(training_at(2))
    assert log.file.read_bytes() == before


def test_pictures_become_a_sheet_and_points_a_plot(tmp_path):
    with Image.open(picture(torch.zeros(9, 3, 16, 16), tmp_path / "new" / "a.png")) as sheet:
        assert sheet.size == (4 * (8 * 17 - 1), 4 * (2 * 17 - 1))
    with Image.open(picture(torch.zeros(9, 2), tmp_path / "b.png")) as plot:
        assert min(plot.size) > 100
