"""Resuming: what of a training goes into a checkpoint, how it comes back, which files are kept.

The random state is not among it: it is a function of the seed and the step (see
:mod:`gancourse.training`).
"""

import copy
import math
import re
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import nn

from gancourse import checkpoints
from gancourse.batches import endless
from gancourse.errors import GanCourseError, demand_whole
from gancourse.history import History, Record

#: Steps at which two schedules are compared.
PROBES = (0, *(2**k for k in range(21)))


class Resumable:
    """The part of a training that saves and restores it."""

    def state(self) -> dict:
        """Everything that determines the rest of the run: tensors and primitives only."""
        for name, value in self.gan.state_dict().items():
            if not value.isfinite().all():
                raise GanCourseError(f"{name} is not finite", where=f"step {self.step}",
                                     fix="an earlier checkpoint is still good; resume from that")
        return {"step": self.step, "settings": self._settings(), "notes": self.notes,
                "versions": {"torch": str(torch.__version__), "device": self.device.type,
                             "threads": torch.get_num_threads()},
                "gan": self.gan.state_dict(),
                "average": self.average.state_dict() if self.ema else {},
                "d_optimizer": self.d_optimizer.state_dict(),
                "g_optimizer": self.g_optimizer.state_dict(), "history": self.history._asdict()}

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint, atomically (see :mod:`gancourse.checkpoints`)."""
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
            raise GanCourseError("the checkpoint is of another gan or of other settings "
                                 f"({(str(problem).strip() or 'empty').splitlines()[-1].strip()})",
                                 where=str(where), fix="build the gan as it was saved") from None

    def _restore(self, state: dict) -> None:
        for name, mine in self._settings().items():
            if (theirs := state["settings"][name]) != mine:
                if name == "schedule":
                    name, mine, theirs = next(
                        (f"the schedule at step {step}", *pair) for step, *pair
                        in zip(PROBES, mine, theirs, strict=True) if pair[0] != pair[1])
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
        scale = self.schedule or (lambda step: 1.0)
        return {"gan": type(self.gan).__name__, "game": repr(getattr(self.gan, "game", None)),
                "d_steps": self.d_steps, "ema": self.ema, "amp": self.amp, "seed": self.seed,
                "rates": self.rates,
                "schedule": [float(scale(step)) for step in PROBES]}


def _restore_optimizer(optimizer: torch.optim.Optimizer, saved: dict) -> None:
    """Torch takes over almost anything here, shares its tensors, and fails or differs later."""
    theirs, mine = ([{name: type(value) if name == "lr" else value  # a schedule changes the rate
                      for name, value in group.items()} for group in groups]
                    for groups in (saved["param_groups"], optimizer.state_dict()["param_groups"]))
    if theirs != mine:
        raise ValueError("an optimizer has other settings")
    optimizer.load_state_dict(copy.deepcopy(saved))
    if len({tuple(sorted(entry)) for entry in saved["state"].values()}) > 1:
        raise ValueError("an optimizer's state is incomplete")
    for weight, entry in optimizer.state.items():
        for name, value in entry.items():
            if isinstance(value, torch.Tensor) and value.shape not in ((), weight.shape):
                raise ValueError(f"an optimizer's {name} has another shape than its weight")


class Keeper:
    """One run's checkpoints in one folder: the last ``keep``, and the best by ``measure``.

    Pass it to ``train(..., folder=Keeper(...))``. ``measure(training)`` returns a number, lower is
    better, such as a Fréchet distance; the checkpoint with the lowest one is kept as ``best.pt``.
    """

    def __init__(self, folder: str | Path, keep: int = 2, measure: Callable | None = None):
        demand_whole("keep", keep, least=1)
        if not isinstance(folder, str | Path) or not str(folder):
            raise GanCourseError(f"folder must be a path, not {folder!r}")
        self.folder, self.keep, self.measure = Path(folder), keep, measure

    def paths(self) -> list[Path]:
        """The run's numbered checkpoints, newest first."""
        numbered = [path for path in self.folder.glob("step-*.pt")
                    if re.fullmatch(r"step-\d{8}", path.stem)]
        return sorted(numbered, reverse=True)

    def save(self, training) -> Path:
        """Write the present state; only then remove what is older than the last ``keep``."""
        state = training.state()
        if self.measure is not None:
            state["measure"] = float(self.measure(training))
            best = self.folder / "best.pt"
            known = checkpoints.load(best)["measure"] if best.exists() else math.nan
            if math.isnan(known) or state["measure"] < known:
                checkpoints.save(best, state)
        path = checkpoints.save(self.folder / f"step-{training.step:08d}.pt", state)
        for old in self.paths()[self.keep:]:
            old.unlink()
        return path

    def run(self, training: Resumable, steps: int, *, watch: Callable | None, every: int,
            save_every: int, resume: bool | str) -> Resumable:
        """Advance ``training`` up to step ``steps``, saving on the way, in the end, and when a
        signal ends the run; ``resume`` (true or ``"auto"``) begins with the newest checkpoint."""
        demand_whole("every", every, least=1, where="train")
        demand_whole("save_every", save_every, least=1, where="train")
        if not isinstance(resume, bool) and not (isinstance(resume, str) and resume == "auto"):
            raise GanCourseError(f"resume must be True, False or 'auto', not {resume!r}",
                                 where="train")
        if resume and (found := self.newest()):
            training.restore(found[1], where=found[0])
        if training.step > steps:
            raise GanCourseError(f"the run is at step {training.step}, past the {steps} asked for",
                                 where=str(self.folder), fix="ask for more steps in total")
        if watch is not None and not callable(watch):
            raise GanCourseError(f"watch must be callable, not {watch!r}", where="train")

        def watch_and_save(training):
            if watch is not None and training.step % every == 0:
                watch(training)
            if training.step % save_every == 0 or training.step == steps:
                self.save(training)

        try:
            return training.advance(max(steps - training.step, 0), watch_and_save, every=1)
        except (KeyboardInterrupt, SystemExit):
            self.save(training)
            raise

    def newest(self) -> tuple[Path, dict] | None:
        """The newest checkpoint that can be read, or ``None`` in an empty folder.

        A damaged one is passed over with a warning that names both files; if none can be read,
        that is an error: a run never starts again at zero behind its owner's back.
        """
        problems = []
        for path in self.paths():
            try:
                state = checkpoints.load(path)
            except GanCourseError as problem:
                problems.append(problem)
                continue
            if problems:
                first = problems[0]
                warnings.warn(f"{first.where}: {first.what}; going back to {path}", stacklevel=2)
            return path, state
        if problems:
            raise problems[0]
        return None
