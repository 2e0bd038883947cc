"""Which of a run's checkpoints are kept, and from which one it goes on."""

import math
import re
import warnings
from collections.abc import Callable
from pathlib import Path

from gancourse.errors import GanCourseError, demand_whole
from gancourse.saving import checkpoints
from gancourse.saving.lock import RunLock


def _measure_in(best: Path) -> float:
    """The measure in ``best``; NaN if there is none, or none that can be read."""
    try:
        return float(checkpoints.load(best).get("measure", math.nan))
    except GanCourseError:
        return math.nan


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
        self.lock = RunLock(self.folder)

    def paths(self) -> list[Path]:
        """The run's numbered checkpoints, newest first."""
        numbered = [
            path for path in self.folder.glob("step-*.pt") if re.fullmatch(r"step-\d{8}", path.stem)
        ]
        return sorted(numbered, reverse=True)

    def save(self, training) -> Path:
        """Write the present state; only then remove what is older than the last ``keep``."""
        state = training.state()
        if self.measure is not None:
            state["measure"] = float(self.measure(training))
            best = self.folder / "best.pt"
            known = _measure_in(best)
            if math.isnan(known) or state["measure"] < known:
                checkpoints.save(best, state)
        return self._write(training.step, state)

    def rescue(self, training, problem: BaseException) -> None:
        """Write the present state of a run that a ``problem`` ends, unless it is there already.

        The measure is not taken: it may be what has failed. If the state cannot be written either,
        the first problem stays the one that is told.
        """
        try:
            newest = next(iter(self.paths()), None)
            if newest is None or newest.stem != f"step-{training.step:08d}":
                self._write(training.step, training.state())
        except Exception as second:
            problem.add_note(f"The state of step {training.step} could not be saved: {second}")

    def _write(self, step: int, state: dict) -> Path:
        path = checkpoints.save(self.folder / f"step-{step:08d}.pt", state)
        for old in self.paths()[self.keep :]:
            old.unlink()
        return path

    def begin(self, training, steps: int, resume: bool | str = False) -> None:
        """Make sure that ``training`` may write here; with ``resume`` it takes over the newest.

        ``resume`` (true or ``"auto"``) begins with the newest checkpoint, if there is one; without
        it a folder that holds a run is refused.
        """
        if not isinstance(resume, bool) and resume != "auto":
            raise GanCourseError(
                f"resume must be True, False or 'auto', not {resume!r}", where="train"
            )
        if resume and (found := self.newest()):
            training.restore(found[1], where=found[0])
        elif not resume and self.paths():  # its files would outlive those of the new run
            raise GanCourseError(
                "there is a run already",
                where=str(self.folder),
                fix="pass resume=True to go on with it, or choose another folder",
            )
        checkpoints.demand_plain(training.notes, "notes", str(self.folder))
        if training.step > steps:
            raise GanCourseError(
                f"the run is at step {training.step}, past the {steps} asked for",
                where=str(self.folder),
                fix="ask for more steps in total",
            )

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
