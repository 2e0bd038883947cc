"""How long a run will take: said before it, and without a trace in it."""

from dataclasses import replace

import pytest
import torch

from commands.harness import QUICK, run, same
from gancourse.commands import estimate
from gancourse.commands.estimate import Machine, duration, shorter, told
from gancourse.commands.plan import Plan

PLAN = Plan(
    data="pics", seed=0, game="relativistic", latent=8, width=32, size=64, channels=3, batch=64
)


class Clock(Machine):
    """A machine that needs ``device`` seconds a step of 64 pixels, and less for less."""

    def seconds_a_step(self, plan, first=False):
        cheaper = (2 if plan.game == "hinge-sn" else 1) * (32 / plan.width)
        return float(self.device) * (plan.size / 64) ** 2 / cheaper


def test_a_long_run_says_what_would_shorten_it():
    first, second = told(PLAN, 1500, Clock("2.08")).splitlines()
    assert first == "1,500 steps: about 52 minutes here"
    assert second == (
        "shorter: --size 32 about 13 minutes, --width 16 about 26 minutes, "
        "--game hinge-sn about 26 minutes, --steps 375 about 13 minutes "
        "(Ctrl-C saves, --resume auto goes on)"
    )


def test_who_must_wait_for_the_timing_is_told_so(capsys):
    told(PLAN, 1500, Clock("2.08"))
    assert capsys.readouterr().out == (
        "a step takes seconds here; some more are timed, so wait about 17 s\n"
    )
    told(PLAN, 1500, Clock("1.9"))
    assert not capsys.readouterr().out


def test_what_is_begun_or_given_is_not_to_be_changed():
    assert told(PLAN, 1500, Clock("2.08"), begun=True) == "1,500 steps: about 52 minutes here"
    from_another = told(replace(PLAN, start="sha"), 1500, Clock("2.08"))
    assert "--steps 375" in from_another and "--size" not in from_another


def test_a_short_run_is_told_shortly():
    assert told(PLAN, 1500, Clock("0.1")) == "1,500 steps: about 2.5 minutes here"
    assert told(PLAN, 1, Clock("2")) == "1 step: a few seconds"


def test_only_what_makes_a_step_cheaper_is_named():
    small = replace(PLAN, size=16, width=16, game="hinge-sn")
    assert shorter(small) == [] and shorter(replace(PLAN, data="ring")) == []
    assert [option for option, _ in shorter(replace(small, size=128))] == ["--size 64"]


@pytest.mark.parametrize(
    "seconds, words",
    [
        (0.2, "1 second"),
        (50, "50 seconds"),
        (100, "1.7 minutes"),
        (420, "7 minutes"),
        (5400, "1.5 hours"),
        (200_000, "2.3 days"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize("data", ["ring", "digits"])
def test_a_step_is_timed_on_the_networks_of_the_plan(data):
    shape = {} if data == "ring" else dict(size=16, channels=1)
    plan = Plan(data=data, seed=0, game="hinge-sn", latent=2, width=4, batch=8, **shape)
    one = Machine("cpu").seconds_a_step(plan)
    assert 0 < one < 5 and 0 < Machine("cpu").seconds_a_step(plan, first=True) < 60
    if shape:
        wide = replace(plan, size=64, width=16, batch=32)
        assert Machine("cpu").seconds_a_step(wide) > one, "more to do takes longer"


def test_the_estimate_leaves_no_trace_in_the_run(tmp_path, monkeypatch, capsys):
    line = ["train", "--data", "digits", "--game", "minimax", "--steps", 5, *QUICK, "--out"]
    monkeypatch.setattr(estimate, "SHORT", 0.0)  # so that it is timed to the end
    assert run(*line, tmp_path / "told") == 0 and "5 steps: about" in capsys.readouterr().out
    monkeypatch.setattr(estimate, "told", lambda *_, **__: "")
    torch.rand(7)  # nor does it matter where the random state was
    assert run(*line, tmp_path / "untold") == 0
    assert same(tmp_path / "told/step-00000005.pt", tmp_path / "untold/step-00000005.pt")
