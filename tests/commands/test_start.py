"""``train --from``: a new run that begins with the networks of another."""

import pytest
import torch

from commands.harness import QUICK, run, same
from gancourse.commands.plan import trained
from gancourse.commands.start import Start
from gancourse.saving import checkpoints

OLD = ["train", "--data", "digits", "--steps", 4, "--game", "hinge-sn", *QUICK, "--out"]


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old") / "run"
    assert run(*OLD, folder) == 0
    return folder


def begun(old, out, *more):
    return run("train", "--data", "digits", "--from", old, "--out", out, *QUICK[2:], *more)


def test_a_new_run_begins_with_these_weights_and_its_own_steps(old, tmp_path, monkeypatch):
    seen = []
    advance = "gancourse.training.Training.advance_in"
    monkeypatch.setattr(advance, lambda training, *_, **__: seen.append(training) or stop())

    def stop():
        raise KeyboardInterrupt

    assert begun(old, tmp_path / "new", "--steps", 6) == 130
    (training,) = seen
    networks, plan = trained(old / "step-00000004.pt")
    for name, weight in networks.state_dict().items():
        assert torch.equal(training.gan.state_dict()[name], weight), name
    for name, weight in networks.G.state_dict().items():
        assert torch.equal(training.average.state_dict()[name], weight), name
    assert training.step == 0 and training.notes["steps"] == 6
    assert training.notes["seed"] == plan.seed + 1, "not the same batches and noise again"
    assert not any(player.optimizer.state for player in training.players.values())


def test_it_is_a_run_like_any_other_and_resumes_to_the_bit(old, tmp_path, capsys):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert begun(old, whole, "--steps", 8) == 0 and begun(old, cut, "--steps", 8) == 0
    (cut / "step-00000008.pt").unlink()
    capsys.readouterr()
    assert begun(tmp_path / "gone", cut, "--resume", "auto") == 0, "what it began with is in it"
    assert "going on from" in capsys.readouterr().out
    assert same(whole / "step-00000008.pt", cut / "step-00000008.pt")
    assert not same(old / "step-00000004.pt", cut / "step-00000004.pt")


def test_the_new_run_may_have_other_pictures_and_another_game(old, tmp_path):
    line = ["train", "--from", old / "step-00000004.pt", "--batch", 8, "--steps", 1]
    digest = checkpoints.sha256_of(old / "step-00000004.pt")
    assert run(*line, "--data", "faces", "--out", tmp_path / "a", "--sha256", digest) == 0
    notes = checkpoints.load(tmp_path / "a/step-00000001.pt")["notes"]
    assert (notes["data"], notes["channels"], notes["start"]) == ("faces", 1, digest)
    start = Start.of(tmp_path / "a")
    assert start.plan.start == digest and start.plan_for("faces", {}).start == start.sha256


def test_games_that_share_their_networks_can_be_changed(tmp_path, capsys):
    line = ["train", "--data", "ring", "--steps", 1, "--out"]
    assert run(*line, tmp_path / "a", "--game", "non-saturating") == 0
    more = ["--from", tmp_path / "a"]
    assert run(*line, tmp_path / "b", *more, "--game", "relativistic") == 0
    assert run(*line, tmp_path / "c", *more, "--game", "hinge-sn") == 2
    errors = capsys.readouterr().err
    assert "those of non-saturating, are not built like those of hinge-sn" in errors
    assert "leave --game out" in errors and not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    "options, told",
    [
        (["--size", 32], "its networks have size 16, not 32"),
        (["--width", 8], "its networks have width 4, not 8"),
        (["--latent", 8], "its networks have latent 64, not 8"),
        (["--data", "ring"], "its networks draw pictures, and ring are points"),
        (["--sha256", "0" * 64], "sha256"),
        (["--from", "nowhere"], "no such checkpoint"),
    ],
)
def test_another_network_is_refused_in_two_lines(old, tmp_path, capsys, options, told):
    assert begun(old, tmp_path / "new", *options) == 2
    errors = capsys.readouterr().err
    assert told in errors and len(errors.splitlines()) <= 3
    assert not (tmp_path / "new").exists()


def test_a_longer_run_is_told_the_way(old, capsys):
    assert run(*OLD, old, "--resume", "auto", "--steps", 9) == 2
    errors = capsys.readouterr().err
    assert f"--from {old} --steps 9" in errors and len(errors.splitlines()) == 2


def test_a_run_that_was_not_begun_from_another_does_not_become_one(old, capsys):
    assert begun(old, old, "--resume", "auto") == 2
    assert "was not begun from another" in capsys.readouterr().err
    assert begun(old, old) == 2 and "there is a run already" in capsys.readouterr().err
