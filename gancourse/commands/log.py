"""What a run leaves besides its checkpoints: ``metrics.jsonl`` and sheets of samples."""

import io
import json
import os
import time
from pathlib import Path

from torch import Tensor

from gancourse import files
from gancourse.data import sheets
from gancourse.errors import GanCourseError
from gancourse.training import Training


class Log:
    """A ``watch``: a line of ``metrics.jsonl`` and a sheet of samples at each call."""

    def __init__(self, folder: Path, batch: int, sheets: int):
        self.file, self.folder = folder / "metrics.jsonl", folder / "samples"
        self.batch, self.sheets = batch, sheets
        self._before: tuple[float, int] | None = None
        if self.folder.is_symlink():
            raise GanCourseError(
                "it is a symbolic link, and sheets of samples are not written through one",
                where=str(self.folder),
                fix="remove it, or choose another folder",
            )

    def __call__(self, training: Training) -> None:
        now, step, history = time.perf_counter(), training.step, training.history
        line: dict[str, float] = {"step": step}
        line |= {name: losses[-1].item() for name, losses in history._asdict().items()}
        if self._before is not None and now > self._before[0]:
            line["images_per_second"] = round(
                (step - self._before[1]) * self.batch / (now - self._before[0]), 1
            )
        self._before = now, step
        training.bar.set_postfix(
            {
                "D": f"{line['d_loss']:.3f}",
                "G": f"{line['g_loss']:.3f}",
                "images/s": line.get("images_per_second", ""),
            },
            refresh=False,
        )
        files.append(self.file, (json.dumps(line) + "\n").encode())
        if step % self.sheets == 0:
            picture(training.sample(64), self.folder / f"step-{step:08d}.png")

    def forget_after(self, step: int) -> None:
        """Drop the lines of steps that a resumed run will take again."""
        if os.path.lexists(self.file):
            with files.opened(self.file) as file:
                text = file.read().decode("utf-8", "replace")
            lines = [x for x in text.splitlines() if _is_until(step, x)]
            files.write(self.file, "".join(x + "\n" for x in lines).encode())


def _is_until(step: int, line: str) -> bool:
    try:
        return json.loads(line)["step"] <= step
    except (ValueError, LookupError, TypeError):  # half a line of a run that was killed
        return False


def picture(samples: Tensor, path: Path, columns: int = 8) -> Path:
    """Write a PNG: images as a sheet of ``columns``, enlarged; points as a scatter plot."""
    if samples.ndim == 2:
        from gancourse.plots import point_panels

        figure = point_panels(samples[:0], [samples], [path.stem], across=1)
        content = io.BytesIO()
        figure.savefig(content)
        return files.write(path, content.getvalue())
    return files.write(path, sheets.png(samples, columns, scale=max(1, 64 // samples.shape[-1])))
