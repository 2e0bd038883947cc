"""The command line, as a person uses it: a process, its files, its messages, its exit status."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from PIL import Image

from checkout import ROOT
from gancourse.commands.main import main, parser
from gancourse.commands.plan import build, latent_walk, trained
from gancourse.saving import checkpoints

QUICK = ["--width", "4", "--batch", "8", "--every", "2", "--save-every", "4"]


def run(*arguments):
    return main([str(a) for a in arguments])


def process(*arguments):
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(torch.get_num_threads()),
        "TQDM_DISABLE": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "gancourse", *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def same(one, other):
    one, other = checkpoints.load(one), checkpoints.load(other)
    return all(
        torch.equal(one[part][k], other[part][k]) for part in ("gan", "average") for k in one[part]
    )


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


def test_a_folder_of_pictures(tmp_path):
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
    assert run("evaluate", path, "--n", 100) == 0
    assert "thumbnails" in path.with_suffix(".json").read_text()


def test_resume_auto_is_the_uninterrupted_run_and_its_log_has_each_step_once(tmp_path, capsys):
    whole = ["train", "--data", "faces", "--game", "hinge-sn", "--steps", 12, *QUICK, "--out"]
    assert run(*whole, tmp_path / "whole") == 0
    cut = [*whole, tmp_path / "cut", "--resume", "auto"]
    assert run(*cut) == 0 and "starting at 0" in capsys.readouterr().out
    for path in (tmp_path / "cut").glob("*.pt"):  # as if killed after step 8, logged up to 12
        if "12" in path.name:
            path.unlink()
    assert run(*cut) == 0 and "going on from" in capsys.readouterr().out
    assert same(tmp_path / "whole/step-00000012.pt", tmp_path / "cut/step-00000012.pt")
    steps = [
        json.loads(x)["step"] for x in (tmp_path / "cut/metrics.jsonl").read_text().splitlines()
    ]
    assert steps == [2, 4, 6, 8, 10, 12]


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_the_resumed_run_is_the_same(tmp_path, number, status):
    arguments = ["train", "--data", "ring", "--steps", 400, "--seed", 3, "--save-every", 50]
    child = process(*arguments, "--out", tmp_path / "cut")
    until = time.monotonic() + 60
    while not list((tmp_path / "cut").glob("step-*.pt")) and time.monotonic() < until:
        time.sleep(0.05)
    child.send_signal(number)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == status and "Traceback" not in errors
    assert run(*arguments, "--resume", "auto", "--out", tmp_path / "cut") == 0
    assert run(*arguments, "--out", tmp_path / "whole") == 0
    assert same(tmp_path / "whole/step-00000400.pt", tmp_path / "cut/step-00000400.pt")


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


def test_what_is_sampled_and_evaluated_is_the_average(tmp_path):
    run("train", "--data", "ring", "--steps", 4, "--out", tmp_path, *QUICK)
    state = checkpoints.load(tmp_path / "step-00000004.pt")
    gan, _ = trained(tmp_path / "step-00000004.pt")
    for name, weight in gan.G.state_dict().items():
        assert torch.equal(weight, state["average"][name]), name
    assert any(
        not torch.equal(state["average"][name], state["gan"][f"G.{name}"])
        for name in state["average"]
    )
    assert not gan.training


def test_an_existing_run_is_not_overwritten(tmp_path, capsys):
    arguments = ["train", "--data", "ring", "--steps", 2, "--out", tmp_path]
    assert run(*arguments) == 0
    assert run(*arguments) == 2 and "there is a run already (step 2)" in capsys.readouterr().err


def test_a_run_keeps_the_length_it_was_planned_for(tmp_path, capsys):
    arguments = ["train", "--data", "ring", "--out", tmp_path, "--resume", "auto", "--steps"]
    assert run(*arguments, 3) == 0
    assert run(*arguments, 5) == 2
    errors = capsys.readouterr().err
    assert "planned for 3 steps" in errors and "--steps 3" in errors
    assert len(errors.strip().splitlines()) <= 3
    assert run(*arguments, 3) == 0


@pytest.mark.parametrize(
    "change, told",
    [
        (["--data", "spiral"], "data grid, not spiral"),
        (["--batch", 9], "batch 8, not 9"),
        (["--latent", 3], "latent 2, not 3"),
        (["--seed", 3], "seed 0, not 3"),
    ],
)
def test_a_run_goes_on_with_what_it_was_begun_with(tmp_path, capsys, change, told):
    arguments = [
        "train",
        "--data",
        "grid",
        "--out",
        tmp_path,
        "--steps",
        2,
        "--batch",
        8,
        "--resume",
        "auto",
    ]
    assert run(*arguments) == 0
    assert run(*arguments, *change) == 2
    assert f"the run was begun with {told}" in capsys.readouterr().err


def test_pictures_may_move_but_not_go_missing(tmp_path, capsys):
    (tmp_path / "a/pics").mkdir(parents=True)
    for name in "123":
        Image.new("L", (16, 16), int(name)).save(tmp_path / f"a/pics/{name}.png")
    arguments = [
        "train",
        "--size",
        16,
        "--steps",
        1,
        "--width",
        4,
        "--batch",
        2,
        "--resume",
        "auto",
        "--out",
        tmp_path / "run",
        "--data",
    ]
    assert run(*arguments, tmp_path / "a/pics") == 0
    (tmp_path / "a").rename(tmp_path / "b")
    assert run(*arguments, tmp_path / "b/pics") == 0
    (tmp_path / "b/pics/1.png").unlink()
    assert run(*arguments, tmp_path / "b/pics") == 2
    assert "begun with pictures 3, not 2" in capsys.readouterr().err


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


def test_too_little_memory_is_told_and_no_other_error_is_hidden(tmp_path, capsys, monkeypatch):
    assert run("train", "--data", "ring", "--steps", 1, "--out", tmp_path) == 0
    assert run("sample", tmp_path, "--n", 10**15, "--out", tmp_path) == 2
    assert "the memory does not suffice" in capsys.readouterr().err
    monkeypatch.setattr(
        "gancourse.commands.plan.trained", lambda path: torch.ones(2) @ torch.ones(3)
    )
    with pytest.raises(RuntimeError, match="size"):
        run("sample", tmp_path, "--out", tmp_path)


def test_every_option_is_explained():
    assert all(
        action.help
        for sub in parser()._subparsers._group_actions[0].choices.values()
        for action in sub._actions
    )


def test_a_latent_walk_keeps_the_length_of_the_noise(tmp_path):
    assert run("train", "--data", "ring", "--steps", 1, "--out", tmp_path) == 0
    gan, notes = trained(tmp_path / "step-00000001.pt")
    seen = []
    gan.G.register_forward_hook(lambda _, inputs, out: seen.append(inputs[0]))
    assert latent_walk(gan, steps=5, stops=3, seed=0).shape == (15, 2)
    z = seen[0].view(3, 5, 2)
    assert torch.allclose(z[1, 0], z[0, -1], atol=1e-6), "one walk ends where the next begins"
    assert type(build(notes)) is type(gan)
