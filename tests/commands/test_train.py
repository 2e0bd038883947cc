"""Training from the command line: what is left in the folder, stopping, and going on."""

import json
import os
import re
import signal

import pytest
from PIL import Image

from commands.harness import QUICK, process, run, same
from gancourse.commands.plan import POINTS, Plan
from gancourse.commands.train import games
from gancourse.data.images import NAMES
from gancourse.recipes import GRID, PICTURES, RING
from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper


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


AT_STEP_100 = """
import sys
from gancourse.commands.log import Log
from gancourse.commands.main import main
log = Log.__call__
def and_wait(self, training):
    log(self, training)
    if training.step == 100:
        print("here", flush=True)
        sys.stdin.read()
Log.__call__ = and_wait
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_the_resumed_run_is_the_same(tmp_path, number, status):
    """It comes while the run is at step 100, whatever the machine is busy with."""
    arguments = ["train", "--data", "ring", "--steps", 400, "--seed", 3, "--save-every", 50]
    child = process(*arguments, "--out", tmp_path / "cut", code=["-c", AT_STEP_100])
    while (line := child.stdout.readline()) != "here\n":
        assert line, child.communicate()
    child.send_signal(number)
    _, errors = child.communicate()
    assert child.returncode == status and "Traceback" not in errors
    if number == signal.SIGINT:
        assert "step-00000100.pt is saved, the same command with --resume auto goes on" in errors
    assert run(*arguments, "--resume", "auto", "--out", tmp_path / "cut") == 0
    assert run(*arguments, "--out", tmp_path / "whole") == 0
    assert same(tmp_path / "whole/step-00000400.pt", tmp_path / "cut/step-00000400.pt")


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


def test_the_help_names_every_set_of_data_and_every_game(capsys):
    """The lists come from the tables; what a table gains, the help gains."""
    with pytest.raises(SystemExit) as leaving:
        run("train", "--help")
    assert leaving.value.code == 0
    told = " ".join(capsys.readouterr().out.partition("options:")[2].split())
    data, game = (told.partition(f" {name} ")[2].partition(" --")[0] for name in ("DATA", "GAME"))
    assert "packed (of points only)" in game
    for name in [*POINTS, *NAMES]:
        assert f"{name}," in data, name
    for name in {*RING, *GRID, *PICTURES}:
        assert re.search(rf"(^|, |\] ){name}[, ]", game), name


def test_every_game_of_the_help_can_be_planned():
    for name in games().replace(" (of points only)", "").split(", "):
        assert Plan(data="ring", seed=0, game=name, latent=2, width=4).recipe is RING[name]


def test_a_run_without_a_plan_is_not_gone_on_with(tmp_path, capsys):
    """As one that was begun from Python: there is nothing to compare the options with."""
    checkpoints.save(tmp_path / "step-00000001.pt", {"step": 1, "notes": {}})
    assert run("train", "--data", "ring", "--resume", "auto", "--out", tmp_path) == 2
    assert "how its networks were built (no 'data')" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--batch", "--latent"])
def test_what_can_never_fit_is_refused_before_training(tmp_path, capsys, option):
    assert run("train", "--data", "ring", option, 10**17, "--out", tmp_path / "run") == 2
    assert "the memory does not suffice" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert run("train", "--data", "digits", "--width", 10**9, "--out", tmp_path / "run") == 2
    assert "the memory does not suffice" in capsys.readouterr().err


def test_a_folder_in_use_is_refused_before_anything_is_done(tmp_path, capsys):
    arguments = ["train", "--data", "ring", "--steps", 2, "--out", tmp_path]
    with Keeper(tmp_path).lock.held():
        assert run(*arguments) == 2
        errors = capsys.readouterr().err
    assert f"in use by process {os.getpid()}" in errors and len(errors.splitlines()) == 2
    assert not list(tmp_path.iterdir()) and run(*arguments) == 0
    assert not (tmp_path / "run.lock").exists()


@pytest.mark.parametrize(
    "out", ["pics", "pics/run", "pics/a/../run", "elsewhere/../pics", "link/x"]
)
def test_output_never_becomes_data(tmp_path, capsys, out):
    (tmp_path / "pics").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "pics")
    Image.new("L", (16, 16)).save(tmp_path / "pics/1.png")
    arguments = ["train", "--data", tmp_path / "pics", "--size", 16, "--steps", 1, "--batch", 2]
    assert run(*arguments, "--out", tmp_path / out) == 2
    assert "outside" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "pics").iterdir()] == ["1.png"]
    (tmp_path / "run/samples").mkdir(parents=True)
    Image.new("L", (16, 16)).save(tmp_path / "run/samples/1.png")
    arguments[2] = tmp_path / "run/samples"
    assert run(*arguments, "--out", tmp_path / "run") == 2


def test_a_log_that_cannot_be_written_costs_no_step(tmp_path, monkeypatch, capsys):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("gancourse.files.append", full)
    arguments = ["train", "--data", "ring", "--every", 3, "--steps", 9, "--out", tmp_path]
    assert run(*arguments) == 2 and "no space" in capsys.readouterr().err
    assert [path.name for path in tmp_path.glob("*.pt")] == ["step-00000003.pt"], "the first line"


def test_pictures_of_other_contents_are_not_gone_on_with(tmp_path, capsys):
    (tmp_path / "pics").mkdir()
    for name in "123":
        Image.new("L", (16, 16), 50 * int(name)).save(tmp_path / f"pics/{name}.png")
    arguments = ["train", "--size", 16, "--steps", 1, "--width", 4, "--batch", 2, "--resume"]
    arguments += ["auto", "--out", tmp_path / "run", "--data", tmp_path / "pics"]
    assert run(*arguments) == 0
    (tmp_path / "pics/1.png").rename(tmp_path / "pics/4.png")  # another order
    assert run(*arguments) == 2
    errors = capsys.readouterr().err
    assert errors.count("sha256") == 2 and "other data" in errors
    (tmp_path / "pics/4.png").rename(tmp_path / "pics/0.png")  # only another name
    assert run(*arguments) == 0
