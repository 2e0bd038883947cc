"""Settings check themselves, and say what a checkpoint compares."""

import dataclasses
import inspect

import pytest
import torch

from gancourse.errors import GanCourseError
from gancourse.loop.settings import PROBES, Settings
from gancourse.training import Training, adam, decay, train


@pytest.mark.parametrize(
    "name, value",
    [
        ("d_steps", 0),
        ("d_steps", 1.0),
        ("ema", 1.0),
        ("ema", "0.9"),
        ("seed", -1),
        ("seed", 2**32),
        ("amp", 1),
        ("optimizer", "adam"),
        ("d_optimizer", torch.optim.SGD([torch.zeros(1)], lr=0.1)),
        ("schedule", 0.5),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_in_a_line(name, value):
    with pytest.raises(GanCourseError, match=f"^training: {name} must be") as caught:
        Settings(**{"optimizer": adam(), name: value})
    assert len(str(caught.value)) < 300


def test_they_cannot_be_changed_and_are_equal_by_value():
    made = adam()
    settings = Settings(made, ema=0.9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.ema = 0.5
    assert settings == Settings(made, ema=0.9) != Settings(made, ema=0.8)


@pytest.mark.parametrize(
    "returned, told",
    [(None, "return a number, not None"), ("x", "not 'x'"), (-1, "-1.0"), (1e999, "inf")],
)
def test_a_schedule_that_gives_no_factor_is_told_with_its_step(returned, told):
    with pytest.raises(GanCourseError, match="step 7: .*" + told):
        Settings(adam(), schedule=lambda step: returned).scale(7)
    assert Settings(adam()).scale(7) == 1
    assert Settings(adam(), schedule=decay(9)).scale(9) == pytest.approx(0.02)


def test_what_is_compared_is_plain_and_asks_the_schedule_once():
    asked = []
    settings = Settings(adam(), d_steps=2, schedule=lambda step: asked.append(step) or 0.5)
    for _ in range(2):
        assert settings.compared == {
            **dict(d_steps=2, ema=0.0, amp=False, seed=0),
            "schedule": [0.5] * len(PROBES),
        }
    assert asked == list(PROBES)


def test_train_and_training_name_every_setting_with_the_same_default():
    def named(function):
        return {
            name: parameter.default
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }

    own, offered = named(Training.__init__), named(train)
    assert own.items() <= offered.items()
    fields = {field.name: field.default for field in dataclasses.fields(Settings)}
    assert {**fields, "optimizer": None}.items() <= own.items()
