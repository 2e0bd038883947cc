"""What a run leaves in its folder besides checkpoints."""

import json
from types import SimpleNamespace

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


def test_a_line_at_every_call_and_a_sheet_at_some(tmp_path):
    shown = {}
    training = SimpleNamespace(
        step=2,
        history=History(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])),
        bar=SimpleNamespace(set_postfix=lambda values, refresh: shown.update(values)),
        sample=lambda n: torch.zeros(n, 1, 16, 16),
    )
    log = Log(tmp_path, batch=8, sheets=4)
    log(training)
    training.step = 4
    log(training)
    first, second = map(json.loads, log.file.read_text().splitlines())
    assert first == {"step": 2, "d_loss": 2.0, "g_loss": 4.0}
    assert second["step"] == 4 and second["images_per_second"] > 0
    assert shown["D"] == "2.000" and shown["G"] == "4.000" and shown["images/s"] > 0
    assert [p.name for p in (tmp_path / "samples").iterdir()] == ["step-00000004.png"]


def test_lines_after_a_step_are_forgotten(tmp_path):
    log = Log(tmp_path, batch=8, sheets=4)
    log.forget_after(3)  # nothing there yet
    log.file.write_text("".join(json.dumps({"step": step}) + "\n" for step in range(6)))
    log.forget_after(3)
    assert [json.loads(line)["step"] for line in log.file.read_text().splitlines()] == [0, 1, 2, 3]


def test_pictures_become_a_sheet_and_points_a_plot(tmp_path):
    with Image.open(picture(torch.zeros(9, 3, 16, 16), tmp_path / "new" / "a.png")) as sheet:
        assert sheet.size == (4 * (8 * 17 - 1), 4 * (2 * 17 - 1))
    with Image.open(picture(torch.zeros(9, 2), tmp_path / "b.png")) as plot:
        assert min(plot.size) > 100
