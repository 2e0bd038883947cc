"""Resuming: what of a training goes into a checkpoint, and how it comes back.

The random state is not among it: it is a function of the seed and the step (see
:mod:`gancourse.training`).
"""

import copy
import math
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import nn

from gancourse.errors import GanCourseError, demand_whole
from gancourse.loop.batches import endless
from gancourse.loop.history import History, Record
from gancourse.saving import checkpoints

#: Steps at which two schedules are compared.
PROBES = (0, *(2**k for k in range(21)))


class Resumable:
    """The part of a training that saves and restores it."""

    def state(self) -> dict:
        """Everything that determines the rest of the run: tensors and primitives only."""
        for name, value in self.gan.state_dict().items():
            if not value.isfinite().all():
                raise GanCourseError(
                    f"{name} is not finite",
                    where=f"step {self.step}",
                    fix="an earlier checkpoint is still good; resume from that",
                )
        return {
            "step": self.step,
            "settings": self._settings(),
            "notes": self.notes,
            "versions": {
                "torch": str(torch.__version__),
                "device": self.device.type,
                "threads": torch.get_num_threads(),
            },
            "gan": self.gan.state_dict(),
            "average": self.average.state_dict() if self.ema else {},
            "d_optimizer": self.d_optimizer.state_dict(),
            "g_optimizer": self.g_optimizer.state_dict(),
            "history": self.history._asdict(),
        }

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint, atomically (see :mod:`gancourse.saving.checkpoints`)."""
        return checkpoints.save(path, self.state())

    @classmethod
    def load(cls, path: str | Path, gan: nn.Module, batches: Iterable, **settings) -> "Resumable":
        """The training that :meth:`save` wrote, ready to ``advance``.

        ``gan``, ``batches`` and ``settings`` are built as they were for the saved run; a
        difference that the checkpoint can see is an error.
        """
        training = cls(gan, batches, **settings)
        training.restore(checkpoints.load(path), where=path)
        return training

    def restore(self, state: dict, where: str | Path = "checkpoint") -> None:
        """Take over a saved :meth:`state`; ``where`` it came from is named in errors."""
        try:
            self._restore(state)
        except (LookupError, RuntimeError, ValueError, TypeError, AttributeError) as problem:
            raise GanCourseError(
                "the checkpoint is of another gan or of other settings "
                f"({(str(problem).strip() or 'empty').splitlines()[-1].strip()})",
                where=str(where),
                fix="build the gan as it was saved",
            ) from None

    def _restore(self, state: dict) -> None:
        for name, mine in self._settings().items():
            if (theirs := state["settings"][name]) != mine:
                if name == "schedule":
                    name, mine, theirs = next(
                        (f"the schedule at step {step}", *pair)
                        for step, *pair in zip(PROBES, mine, theirs, strict=True)
                        if pair[0] != pair[1]
                    )
                raise ValueError(f"{name} is {mine!r}, was {theirs!r}")
        self.gan.load_state_dict(state["gan"])
        if self.ema:
            self.average.load_state_dict(state["average"])
        _restore_optimizer(self.d_optimizer, state["d_optimizer"])
        _restore_optimizer(self.g_optimizer, state["g_optimizer"])
        demand_whole("step", state["step"])
        history = History(**state["history"])
        if {len(losses) for losses in history} != {state["step"]}:
            raise ValueError("the history has another length than the run")
        self.step, self._record = state["step"], Record(history)
        self._stream = endless(self.batches, self.device, skip=self.step * self.d_steps)

    def _settings(self) -> dict:
        return {
            "gan": type(self.gan).__name__,
            "game": repr(getattr(self.gan, "game", None)),
            "d_steps": self.d_steps,
            "ema": self.ema,
            "amp": self.amp,
            "seed": self.seed,
            "rates": self.rates,
            "schedule": [_scale(self.schedule, step) for step in PROBES],
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
            {
                name: type(value) if name == "lr" else value  # a schedule changes the rate
                for name, value in group.items()
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
