"""Look back at a training: a recorder for ``train(..., watch=...)``, and a slider through time.

In the built book eight moments beside each other stand in its place (:mod:`gancourse.page.widget`).
"""

import torch
from torch import Tensor

from gancourse import plots
from gancourse.errors import GanCourseError, demand_seed, demand_whole
from gancourse.page.widget import Widget


class Recorder:
    """Keeps ``n`` samples and the mean losses, each time ``train(..., watch=recorder)`` calls it.

    The noise is the same each time. Of an ensemble it keeps one ``member``.
    """

    def __init__(self, n: int = 36, seed: int = 0, member: int = 0):
        demand_whole("n", n, least=1, where="Recorder")
        demand_seed(seed, where="Recorder")
        demand_whole("member", member, where="Recorder")
        self.n, self.seed, self.member = n, seed, member
        self.steps: list[int] = []
        self.frames: list[Tensor] = []
        self.losses: list[list[float]] = []

    @torch.no_grad()
    def __call__(self, training) -> None:
        if len(training.history) != 2:
            raise GanCourseError(
                "only the training of two players can be recorded",
                where="Recorder",
                fix="watch a model with one player by plots.losses(training.history)",
            )
        member = slice(None) if getattr(training.gan.G, "members", None) is None else self.member
        since = self.steps[-1] if self.steps else 0
        self.losses.append(
            [
                loss[since:].reshape(training.step - since, -1)[:, member].mean().item()
                for loss in training.history[:2]
            ]
        )
        self.frames.append(training.sample(self.n, self.seed)[member].cpu())
        self.steps.append(training.step)


class TrainingScrubber(Widget):
    """What :func:`training_scrubber` returns: the frames of a recorder, and what is real."""

    def __init__(self, recorder: Recorder, real: Tensor | None):
        self.recorder, self.real = recorder, real

    def picture(self, which: list[int], across: int = 4) -> plots.Picture:
        """Some of the frames beside each other, each with its step."""
        frames = [self.recorder.frames[i] for i in which]
        titles = [f"step {self.recorder.steps[i]}" for i in which]
        if frames[0].dim() == 2:
            return plots.point_panels(self.real, frames, titles, across=across)
        return plots.image_grids(
            frames, titles, columns=round(len(frames[0]) ** 0.5), across=across
        )

    def still(self) -> plots.Picture:
        """Up to eight moments, the early ones closer together."""
        last = len(self.recorder.frames) - 1
        return self.picture(sorted({round(last * (k / 7) ** 1.5) for k in range(8)}))

    def controls(self):
        """An ipywidgets box: Play, a slider over the recorded moments, the samples, the losses."""
        import ipywidgets

        last = len(self.recorder.frames) - 1
        self.play = ipywidgets.Play(value=0, min=0, max=last, interval=250)
        self.slider = ipywidgets.IntSlider(
            last, min=0, max=last, readout=False, description="training"
        )
        self.text, self.image = ipywidgets.Label(), ipywidgets.Image(format="png", width=440)
        ipywidgets.jslink((self.play, "value"), (self.slider, "value"))
        self.slider.observe(self._show, "value")
        self._show()
        return ipywidgets.VBox([ipywidgets.HBox([self.play, self.slider, self.text]), self.image])

    def _show(self, _=None) -> None:
        i = self.slider.value
        d, g = self.recorder.losses[i]
        self.text.value = f"step {self.recorder.steps[i]}: loss of D {d:.3f}, of G {g:.3f}"
        self.image.value = self.picture([i], across=1)._repr_png_()


def training_scrubber(recorder: Recorder, real: Tensor | None = None) -> TrainingScrubber:
    """A slider through the moments that ``recorder`` kept; for points, over the ``real`` ones."""
    if not isinstance(recorder, Recorder) or not recorder.frames:
        raise GanCourseError(
            "there is nothing recorded",
            where="training_scrubber",
            fix="recorder = Recorder(); train(..., watch=recorder, every=100)",
        )
    if recorder.frames[0].dim() not in (2, 4) or (
        recorder.frames[0].dim() == 2 and recorder.frames[0].shape[1] != 2
    ):
        raise GanCourseError(
            f"samples of shape {tuple(recorder.frames[0].shape[1:])} are neither "
            "pictures nor points of the plane",
            where="training_scrubber",
        )
    return TrainingScrubber(recorder, real)
