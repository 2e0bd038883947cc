"""What of a training goes into a checkpoint, and how it comes back: functions over a training.

The random state is not among it: it is a function of the seed and the step (see
:mod:`gancourse.training`).
"""

import warnings
from pathlib import Path
from typing import Any

import torch

from gancourse import __version__
from gancourse.errors import GanCourseError, demand_whole
from gancourse.loop.guards import all_finite
from gancourse.loop.history import History, LoneHistory, Record
from gancourse.loop.settings import PROBES
from gancourse.saving import schema


def state_of(training) -> dict:
    """Everything that determines the rest of the run: tensors and primitives only."""
    for name, value in training.gan.state_dict().items():
        if not all_finite(value):
            raise GanCourseError(
                f"{name} is not finite",
                where=f"step {training.step}",
                fix="an earlier checkpoint is still good; resume from that",
            )
    return {
        "step": training.step,
        "settings": _settings(training),
        "stream": dict(zip(("pass", "batch"), training.place, strict=True)),
        "data": training.fingerprint,
        "notes": training.notes,
        "versions": _versions(training),
        "gan": training.gan.state_dict(),
        "average": {} if training.average is None else training.average.state_dict(),
        "history": training.history._asdict(),
    } | {
        f"{name}_optimizer": schema.told(player.optimizer)
        for name, player in training.players.items()
    }


def snapshot(state):
    """The same values in tensors of their own, on the CPU, in the layout that they had."""
    if isinstance(state, torch.Tensor):
        return state.detach().to("cpu", copy=True)
    if isinstance(state, dict):
        return {key: snapshot(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(map(snapshot, state))
    return state


def restore(training, state: dict, where: str | Path = "checkpoint") -> None:
    """Take over a saved :func:`state_of`; ``where`` it came from is named in errors.

    All of it is looked at first, so that a state that is refused changes nothing; then its numbers
    are copied. No tensor of ``state`` becomes part of the training.
    """
    try:
        _demand_data(training, state["data"], str(where))
        step, optimizers, history = _checked(training, state)
        place = _demand_place(training, state["stream"], step)
    except (LookupError, RuntimeError, ValueError, TypeError, AttributeError) as problem:
        reason = (str(problem).strip() or "empty").splitlines()[-1].strip()
        raise GanCourseError(
            f"the checkpoint is of another gan or of other settings ({reason})",
            where=str(where),
            fix="build the gan as it was saved",
        ) from None
    _copy(training.gan.state_dict(), state["gan"])
    if training.average is not None:
        _copy(training.average.state_dict(), state["average"])
    for player, filled in zip(training.players.values(), optimizers, strict=True):
        player.optimizer.load_state_dict(filled)
    training.step, training.record = step, Record(history)
    training.begin_stream(place)
    _compare_versions(training, state.get("versions"), str(where))


def _checked(training, state: dict) -> tuple[int, list[dict], History | LoneHistory]:
    """The step, the optimizers' states and the losses, in memory of their own, all in order."""
    names = [f"{name}_optimizer" for name in training.players]
    needed = {"step", "settings", "stream", "data", "gan", "average", "history", *names}
    schema.demand_keys(state, needed, "the state", schema.WORDS)
    schema.demand_words(state)
    _demand_settings(state["settings"], _settings(training))
    step = state["step"]
    schema.demand_kind(step, int, "step")
    if not 0 <= step < 2**53:
        raise schema.MismatchError(f"step is {schema.brief(step)}")
    schema.demand_weights(state["gan"], training.gan.state_dict(), "gan")
    average = {} if training.average is None else training.average.state_dict()
    schema.demand_weights(state["average"], average, "average")
    kind = type(training.history)
    schema.demand_history(state["history"], kind._fields, step)
    optimizers = [
        schema.optimizer_state(
            player.optimizer,
            state[name],
            step * (training.settings.d_steps if name == "d_optimizer" else 1),
            name,
        )
        for name, player in zip(names, training.players.values(), strict=True)
    ]
    losses = (state["history"][name].detach().cpu().clone() for name in kind._fields)
    return step, optimizers, kind(*losses)


def _demand_settings(theirs: Any, mine: dict) -> None:
    schema.demand_keys(theirs, set(mine), "settings")
    for name, value in mine.items():
        if name == "schedule":
            schema.demand_kind(theirs[name], list, "settings.schedule")
            if len(theirs[name]) != len(PROBES):
                raise schema.MismatchError("settings.schedule has another length")
            for step, now, then in zip(PROBES, value, theirs[name], strict=True):
                schema.demand_equal(then, now, f"the schedule at step {step}")
        else:
            schema.demand_equal(theirs[name], value, name)


@torch.no_grad()
def _copy(mine: dict[str, torch.Tensor], saved: dict[str, torch.Tensor]) -> None:
    for name, value in mine.items():
        value.copy_(saved[name])


def _demand_place(training, saved: dict, step: int) -> tuple[int, int]:
    """The pass over the data, and the batch in it, with which the next step begins.

    Nobody gets further than one batch, or pass, in each turn.
    """
    schema.demand_keys(saved, {"pass", "batch"}, "stream")
    place = saved["pass"], saved["batch"]
    drawn = step * training.settings.d_steps  # 1 where there is one player
    for name, number in zip(("pass", "batch"), place, strict=True):
        demand_whole(f"the number of the {name}", number)
    if sum(place) > drawn or (place[0] == 0 and place[1] != drawn):
        raise ValueError(f"batch {place[1]} of pass {place[0]} cannot come after {step} steps")
    return place


def _demand_data(training, saved: str | None, where: str) -> None:
    """Raise if the data are known to be others; of some iterables nothing is known."""
    mine = training.fingerprint
    if None not in (saved, mine) and saved != mine:
        raise GanCourseError(
            f"the run was begun with other data ({str(saved)[:200]}), not {mine}",
            where=where,
            fix="pass what it was begun with; to train a saved gan on other data, begin a new run "
            "with its weights: gan.load_state_dict(checkpoints.load(path)['gan'])",
        )


def _versions(training) -> dict:
    """On what the bits of a run depend, besides the checkpoint."""
    return {
        "gancourse": __version__,
        "torch": str(torch.__version__),
        "device": training.device.type,
        "threads": torch.get_num_threads(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
    }


def _compare_versions(training, saved: dict | None, where: str) -> None:
    """Warn where the run goes on under other conditions, naming what was and what is."""
    saved = saved if isinstance(saved, dict) else {}
    now = _versions(training)
    if training.device.type != "cpu":  # threads and instructions only feed it
        del now["threads"], now["cpu"]
    changed = [
        f"{name} {str(saved[name])[:40]!r} then, {str(value)!r} now"
        for name, value in now.items()
        if name in saved and saved[name] != value
    ]
    if changed:
        warnings.warn(
            f"{where}: resumed under other conditions ({'; '.join(changed)}); the run need not be "
            "the uninterrupted one to the bit",
            stacklevel=5,
        )


def _settings(training) -> dict:
    """What a run must have in common with the one that it goes on with.

    A game is compared by its ``repr``: its name, its penalty, its projection.
    """
    return {
        "gan": type(training.gan).__name__,
        "game": training.model.game,
        "rates": [rate for player in training.players.values() for rate in player.rates],
        **training.settings.compared,
    }
