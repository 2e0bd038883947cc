"""What of a training goes into a checkpoint, and how it comes back: functions over a training.

The random state is not among it: it is a function of the seed and the step (see
:mod:`gancourse.training`).
"""

import copy
import math
from collections.abc import Callable
from pathlib import Path

import torch

from gancourse import __version__
from gancourse.errors import GanCourseError, demand_whole
from gancourse.loop.history import Record

#: Steps at which two schedules are compared.
PROBES = (0, *(2**k for k in range(21)))


def state_of(training) -> dict:
    """Everything that determines the rest of the run: tensors and primitives only."""
    for name, value in training.gan.state_dict().items():
        if not value.isfinite().all():
            raise GanCourseError(
                f"{name} is not finite",
                where=f"step {training.step}",
                fix="an earlier checkpoint is still good; resume from that",
            )
    return {
        "step": training.step,
        "settings": _settings(training),
        "notes": training.notes,
        "versions": {
            "gancourse": __version__,
            "torch": str(torch.__version__),
            "device": training.device.type,
            "threads": torch.get_num_threads(),
        },
        "gan": training.gan.state_dict(),
        "average": {} if training.average is None else training.average.state_dict(),
        "history": training.history._asdict(),
    } | {
        f"{name}_optimizer": player.optimizer.state_dict()
        for name, player in training.players.items()
    }


def restore(training, state: dict, where: str | Path = "checkpoint") -> None:
    """Take over a saved :func:`state_of`; ``where`` it came from is named in errors."""
    try:
        _restore(training, state)
    except (LookupError, RuntimeError, ValueError, TypeError, AttributeError) as problem:
        reason = (str(problem).strip() or "empty").splitlines()[-1].strip()
        raise GanCourseError(
            f"the checkpoint is of another gan or of other settings ({reason})",
            where=str(where),
            fix="build the gan as it was saved",
        ) from None


def _restore(training, state: dict) -> None:
    for name, mine in _settings(training).items():
        if (theirs := state["settings"][name]) != mine:
            if name == "schedule":
                pairs = zip(PROBES, mine, theirs, strict=True)
                step, mine, theirs = next(found for found in pairs if found[1] != found[2])
                name = f"the schedule at step {step}"
            raise ValueError(f"{name} is {mine!r}, was {theirs!r}")
    training.gan.load_state_dict(state["gan"])
    if training.average is not None:
        training.average.load_state_dict(state["average"])
    for name, player in training.players.items():
        _restore_optimizer(player.optimizer, state[f"{name}_optimizer"])
    demand_whole("step", state["step"])
    history = type(training.history)(**state["history"])
    if {len(losses) for losses in history} != {state["step"]}:
        raise ValueError("the history has another length than the run")
    training.step, training.record = state["step"], Record(history)
    training.begin_stream()


def _settings(training) -> dict:
    """What a run must have in common with the one that it goes on with.

    A game is compared by its ``repr``: its name, its penalty, its projection.
    """
    return {
        "gan": type(training.gan).__name__,
        "game": repr(getattr(training.gan, "game", None)),
        "rates": [rate for player in training.players.values() for rate in player.rates],
        "d_steps": training.d_steps,
        "ema": training.ema,
        "amp": training.amp,
        "seed": training.seed,
        "schedule": [_scale(training.schedule, step) for step in PROBES],
    }


def _scale(schedule: Callable | None, step: int) -> float | None:
    """What ``schedule`` says of ``step``; ``None`` where it says nothing, as after its end."""
    try:
        value = 1.0 if schedule is None else float(schedule(step))
    except (ArithmeticError, LookupError, ValueError, TypeError):  # a table's end, a complex root
        return None
    return None if math.isnan(value) else value


def _restore_optimizer(optimizer: torch.optim.Optimizer, saved: dict) -> None:
    """Torch takes over almost anything here, shares its tensors, and fails or differs later."""
    theirs, mine = (
        [
            {  # a schedule changes the rate
                name: type(value) if name == "lr" else value for name, value in group.items()
            }
            for group in groups
        ]
        for groups in (saved["param_groups"], optimizer.state_dict()["param_groups"])
    )
    if theirs != mine:
        raise ValueError("an optimizer has other settings")
    optimizer.load_state_dict(copy.deepcopy(saved))
    if len({tuple(sorted(entry)) for entry in saved["state"].values()}) > 1:
        raise ValueError("an optimizer's state is incomplete")
    for weight, entry in optimizer.state.items():
        for name, value in entry.items():
            if isinstance(value, torch.Tensor) and value.shape not in ((), weight.shape):
                raise ValueError(f"an optimizer's {name} has another shape than its weight")
