"""What a run leaves besides its checkpoints: ``metrics.jsonl`` and sheets of samples."""

import io
import json
import time
from pathlib import Path

from torch import Tensor

from gancourse import files
from gancourse.data import sheets
from gancourse.errors import GanCourseError
from gancourse.loop.history import History, LoneHistory
from gancourse.training import Training

#: Bytes of an old log that are looked at; a line has about a hundred.
LARGEST = 10**8


class Log:
    """A ``watch``: a line of ``metrics.jsonl`` and a sheet of samples at each call.

    The losses of all steps are in the run itself. From them the file is made anew when a run is
    begun or gone on with (and at its end), whatever a crash has left there; in between a call adds
    a whole line or none.
    """

    def __init__(self, folder: Path, batch: int, every: int, sheets: int):
        self.file, self.folder = folder / "metrics.jsonl", folder / "samples"
        self.batch, self.every, self.sheets = batch, every, sheets
        self._before: tuple[float, int] | None = None
        if self.folder.is_symlink():
            raise GanCourseError(
                "it is a symbolic link, and sheets of samples are not written through one",
                where=str(self.folder),
                fix="remove it, or choose another folder",
            )

    def __call__(self, training: Training) -> None:
        now, step, history = time.perf_counter(), training.step, training.history
        line = line_of(step, history)
        if self._before is None:
            self.rebuild(training)  # with the line of this step
        else:
            seconds, steps = now - self._before[0], step - self._before[1]
            if seconds > 0:
                line["images_per_second"] = round(steps * self.batch / seconds, 1)
            files.append(self.file, _written([line]))
        self._before = now, step
        training.bar.set_postfix(
            {
                "D": f"{line['d_loss']:.3f}",
                "G": f"{line['g_loss']:.3f}",
                "images/s": line.get("images_per_second", ""),
            },
            refresh=False,
        )
        if step % self.sheets == 0:
            picture(training.sample(64), self.folder / f"step-{step:08d}.png")

    def rebuild(self, training: Training) -> None:
        """Write the whole file: a line for every ``every``-th step so far, and what it had said.

        Losses are those of the run. Of the old file remain which steps it had and how fast they
        were; what is no line, or of a later step, does not.
        """
        history, speeds = training.history, self._speeds()
        steps = {step for step in speeds if 1 <= step <= training.step}
        lines = [
            line_of(step, history) | speeds.get(step, {})
            for step in sorted(steps.union(range(self.every, training.step + 1, self.every)))
        ]
        files.write(self.file, _written(lines))

    def _speeds(self) -> dict[int, dict]:
        """The steps of the old file, each with what only that file knows."""
        try:
            with files.opened(self.file) as file:
                lines = file.read(LARGEST).decode("utf-8", "replace").splitlines()
        except OSError:  # none, or a link or a pipe, which will be replaced
            return {}
        return dict(found for line in lines if (found := _speed(line)) is not None)


def line_of(step: int, history: History | LoneHistory) -> dict[str, float]:
    """What the log says of a step, as the run's history has it."""
    losses = {name: losses[step - 1].item() for name, losses in history._asdict().items()}
    return {"step": step, **losses}


def _speed(line: str) -> tuple[int, dict] | None:
    try:
        found = json.loads(line)
        step, speed = found["step"], found.get("images_per_second")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # half a line
        return None
    if type(step) is not int:
        return None
    return step, {"images_per_second": speed} if type(speed) is float else {}


def _written(lines: list[dict]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def picture(samples: Tensor, path: Path, columns: int = 8) -> Path:
    """Write a PNG: images as a sheet of ``columns``, enlarged; points as a scatter plot."""
    if samples.ndim == 2:
        from gancourse.plots import point_panels

        figure = point_panels(samples[:0], [samples], [path.stem], across=1)
        content = io.BytesIO()
        figure.savefig(content)
        return files.write(path, content.getvalue())
    return files.write(path, sheets.png(samples, columns, scale=max(1, 64 // samples.shape[-1])))
