"""What a run leaves besides its checkpoints: ``metrics.jsonl`` and sheets of samples."""

import json
import time
from pathlib import Path

from torch import Tensor

from gancourse.data import sheets
from gancourse.training import Training


class Log:
    """A ``watch``: a line of ``metrics.jsonl`` and a sheet of samples at each call."""

    def __init__(self, folder: Path, batch: int, sheets: int):
        self.file, self.folder = folder / "metrics.jsonl", folder / "samples"
        self.batch, self.sheets = batch, sheets
        self._before: tuple[float, int] | None = None

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
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        if step % self.sheets == 0:
            picture(training.sample(64), self.folder / f"step-{step:08d}.png")

    def forget_after(self, step: int) -> None:
        """Drop the lines of steps that a resumed run will take again."""
        if self.file.exists():
            lines = [
                x
                for x in self.file.read_text("utf-8", "replace").splitlines()
                if _is_until(step, x)
            ]
            self.file.write_text("".join(x + "\n" for x in lines), "utf-8")


def _is_until(step: int, line: str) -> bool:
    try:
        return json.loads(line)["step"] <= step
    except (ValueError, LookupError, TypeError):  # half a line of a run that was killed
        return False


def picture(samples: Tensor, path: Path, columns: int = 8) -> Path:
    """Write a PNG: images as a sheet of ``columns``, enlarged; points as a scatter plot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if samples.ndim == 2:
        from gancourse.plots import point_panels

        figure = point_panels(samples[:0], [samples], [path.stem], across=1)
        figure.savefig(path)
        return path
    path.write_bytes(sheets.png(samples, columns, scale=max(1, 64 // samples.shape[-1])))
    return path
