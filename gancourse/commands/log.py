"""What a run leaves besides its checkpoints: ``metrics.jsonl`` and sheets of samples."""

import io
import json
import sys
import time
from pathlib import Path

from torch import Tensor
from tqdm.auto import tqdm

from gancourse import files
from gancourse.data import sheets
from gancourse.errors import GanCourseError
from gancourse.loop.history import History, LoneHistory
from gancourse.training import Training

#: Steps after which there is a sheet whatever was asked for: one wants to see early what comes.
EARLY = (1, 50, 100, 200)

#: Bytes of an old log that are looked at; a line has about a hundred.
LARGEST = 10**8


class Log:
    """A ``watch``, called after each step: some leave a line, some a sheet of samples.

    ``metrics.jsonl`` has a line for every ``every``-th step. Sheets come at the steps ``EARLY`` and
    at every ``sheets``-th.

    The losses of all steps are in the run itself. From them the file is made anew when a run is
    begun or gone on with (and at its end), whatever a crash has left there; in between a call adds
    a whole line or none.
    """

    def __init__(self, folder: Path, batch: int, every: int, sheets: int):
        self.file, self.folder = folder / "metrics.jsonl", folder / "samples"
        self.batch, self.every, self.sheets = batch, every, sheets
        self._before: tuple[float, int] | None = None
        demand_no_link(self.folder)

    def __call__(self, training: Training) -> None:
        now, step = time.perf_counter(), training.step
        if self._before is None:
            self.rebuild(training)  # with the line of this step, if it has one
            self._before = now, step
        elif step % self.every == 0:
            seconds, steps = now - self._before[0], step - self._before[1]
            self._add_line(training, steps * self.batch / seconds if seconds > 0 else None)
            self._before = now, step
        if step in EARLY or step % self.sheets == 0:
            sheet = picture(training.sample(64), self.folder / f"step-{step:08d}.png")
            line = line_of(step, training.history)
            tqdm.write(
                f"step {step:,}: losses D {line['d_loss']:.3f}, G {line['g_loss']:.3f}; {sheet}",
                file=sys.stdout,
            )

    def _add_line(self, training: Training, speed: float | None) -> None:
        line = line_of(training.step, training.history)
        shown: dict[str, object] = {"D": f"{line['d_loss']:.3f}", "G": f"{line['g_loss']:.3f}"}
        if speed is not None:
            line["images_per_second"] = shown["images/s"] = round(speed, 1)
        files.append(self.file, _written([line]))
        training.bar.set_postfix(shown, refresh=False)

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


def demand_no_link(folder: Path) -> None:
    """Raise if the folder is a link, which somebody else may have put there."""
    if folder.is_symlink():
        raise GanCourseError(
            "it is a symbolic link, and sheets of samples are not written through one",
            where=str(folder),
            fix="remove it, or choose another folder",
        )


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
