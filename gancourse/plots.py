"""Every still figure of the book. The one module that imports matplotlib.

Each function returns a :class:`Picture`, which a notebook shows when it is a cell's last value.
The background is transparent and the ink a middle grey, so that one picture serves light and dark
pages. Real is always teal and generated always orange.
"""

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from gancourse.data.sheets import sheet_of

REAL, FAKE, INK, ACCENT = "#0d9488", "#ea580c", "#7b8494", "#6366f1"
#: From "surely fake" over "cannot tell" to "surely real".
VERDICT = LinearSegmentedColormap.from_list("verdict", ["#f59e6b", "#f1f5f9", "#5fb8ae"])
DPI = 130
STYLE: dict[Any, Any] = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.labelcolor": INK,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "font.size": 9.5,
    "axes.labelsize": 9.5,
    "lines.linewidth": 1.8,
    "axes.grid": False,
    "legend.fontsize": 9,
    "mathtext.fontset": "cm",
    "figure.constrained_layout.use": True,
}


class Picture(Figure):
    """A figure without a window: it shows itself in a notebook, the same bytes each time."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with rc_context(STYLE):
            self.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        if any(ax.images for ax in self.axes):
            return buffer.getvalue()
        small = io.BytesIO()  # line art fits into 256 colours, at a quarter of the size
        palette = Image.open(buffer).quantize(256, Image.Quantize.FASTOCTREE)
        palette.save(small, "png", optimize=True)
        return small.getvalue()

    def __repr__(self):
        return f"Picture with {len(self.axes)} panels"


def panels(
    rows: int = 1, columns: int = 1, width: float = 7.2, height: float = 2.6, **options
) -> tuple[Picture, np.ndarray]:
    """An empty picture and its axes as an array ``(rows, columns)``, for a figure of one's own."""
    with rc_context(STYLE):
        picture = Picture(figsize=(width, height * rows))
        return picture, picture.subplots(rows, columns, squeeze=False, **options)


def image_grid(pictures: Tensor, columns: int = 16, title: str = "") -> Picture:
    """Images ``(n, channels, height, width)`` in [-1, 1] as one sheet, pixels kept sharp."""
    sheet = sheet_of(pictures, columns)
    height = 7.2 * sheet.shape[0] / sheet.shape[1]
    picture, axes = panels(width=7.2, height=height + 0.3 * bool(title))
    _show(axes[0, 0], sheet, title)
    return picture


def image_grids(
    sheets: Sequence[Tensor], titles: Sequence[str], columns: int = 8, across: int = 3
) -> Picture:
    """Several sheets beside each other, such as the same noise at several steps of a training."""
    rows = math.ceil(len(sheets) / across)
    shape = sheet_of(sheets[0], columns).shape
    picture, axes = panels(rows, across, height=7.2 / across * shape[0] / shape[1] + 0.25)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, sheet, title in zip(axes.flat, sheets, titles, strict=False):
        _show(ax, sheet_of(sheet, columns), title)
    return picture


#: What the losses of a history are called.
LOSSES = {"d_loss": "loss of the discriminator", "g_loss": "loss of the generator", "loss": "loss"}


def losses(history, references: dict[str, float] | None = None, smooth: int = 1) -> Picture:
    """Each player's loss against the step; faint single members, their median in full colour.

    ``references`` draws named levels, such as ``{"log 4": 1.386}``; ``smooth`` averages over that
    many steps.
    """
    picture, axes = panels(1, len(history), height=2.4)
    colours = (REAL, FAKE) if len(history) == 2 else (INK,)
    for ax, name, colour in zip(axes[0], history._fields, colours, strict=True):
        values = getattr(history, name).reshape(len(history[0]), -1).numpy()
        kernel = np.ones(smooth) / smooth
        values = np.stack([np.convolve(column, kernel, "valid") for column in values.T], 1)
        steps = np.arange(len(values)) + smooth / 2
        if values.shape[1] > 1:
            ax.plot(steps, values, color=colour, alpha=0.2, lw=0.8)
        ax.plot(steps, np.median(values, 1), color=colour, lw=1.4)
        ax.set(title=LOSSES[name], xlabel="step")
        for label, level in (references or {}).items():
            ax.axhline(level, color=INK, ls=":", lw=1)
            ax.annotate(
                label,
                (1, level),
                xycoords=("axes fraction", "data"),
                fontsize=8.5,
                xytext=(-2, 2),
                textcoords="offset points",
                ha="right",
                color=INK,
            )
    return picture


def scatter(ax: Axes, real: Tensor | None, fake: Tensor | None, reach: float = 1.4) -> None:
    """Real and generated points of the plane in one square panel."""
    for points, colour, label in ((real, REAL, "real"), (fake, FAKE, "generated")):
        if points is not None:
            x, y = points.detach().cpu().numpy().T
            ax.scatter(x, y, s=4, color=colour, alpha=0.55, lw=0, label=label)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])


def point_panels(
    real: Tensor | None, fakes: Sequence[Tensor], titles: Sequence[str], across: int = 4
) -> Picture:
    """Generated points over the same real ones, one panel per moment or member."""
    rows = math.ceil(len(fakes) / across)
    picture, axes = panels(rows, across, height=7.2 / across + 0.15 + 0.25 / rows)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, fake, title in zip(axes.flat, fakes, titles, strict=False):
        ax.set_axis_on()
        scatter(ax, real, fake)
        ax.set_title(title)
    with rc_context(STYLE):
        picture.legend(
            *axes[0, 0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=2,
            markerscale=3,
            handletextpad=0.1,
            borderpad=0,
        )
    return picture


@torch.no_grad()
def verdict(ax: Axes, D, reach: float = 1.4, cells: int = 80) -> None:
    """The probability that a discriminator on the plane gives to "real", as a heat map."""
    axis = torch.linspace(-reach, reach, cells)
    points = torch.cartesian_prod(axis, axis)
    scores = D(points).reshape(cells, cells).T
    ax.imshow(
        torch.sigmoid(scores).numpy(),
        origin="lower",
        extent=(-reach, reach) * 2,
        cmap=VERDICT,
        vmin=0,
        vmax=1,
        alpha=0.9,
        zorder=0,
    )


def _show(ax: Axes, sheet: np.ndarray, title: str) -> None:
    # 22 levels of each colour look the same (at most 6 of 255 off), and take a third less space.
    ax.imshow(np.round(sheet * 21) / 21, interpolation="nearest")
    ax.set_axis_off()
    if title:
        ax.set_title(title)


def curves(
    ax: Axes,
    x: Tensor,
    ys: dict[str, Tensor],
    colours: Sequence[str] = (REAL, FAKE, ACCENT, INK),
    **axis,
) -> None:
    """Named curves ``{label: y}`` over ``x`` in one panel; ``axis`` goes to ``ax.set``."""
    with rc_context(STYLE):
        for (label, y), colour in zip(ys.items(), colours, strict=False):
            ax.plot(x.numpy(), y.detach().numpy(), color=colour, label=label)
        ax.set(**axis)
        ax.legend()


def legend(ax: Axes, **options) -> None:
    """The legend of a panel that was filled by hand, in the book's style."""
    with rc_context(STYLE):
        ax.legend(**options)


def feature_maps(rows: Sequence[tuple[str, tuple[int, ...]]]) -> Picture:
    """The shapes that a picture goes through, as boxes: ``rows`` of ``dcgan.sizes``.

    Height and depth grow with the square root of the side, width with that of the number of maps.
    """
    picture, axes = panels(height=2.5)
    ax, left = axes[0, 0], 0.0
    for i, (_, shape) in enumerate(rows):
        maps, side = shape[0], shape[-1] if len(shape) == 3 else 1
        wide, tall = 0.035 * maps**0.5, 0.25 * side**0.5
        deep, ends = 0.3 * tall, i in (0, len(rows) - 1)
        x = np.array([left, left + wide, left + wide + deep, left + deep])
        y = np.array([tall / 2, tall / 2, tall / 2 + deep, tall / 2 + deep])
        faces = [
            (x, y),
            ([x[0], x[1], x[1], x[0]], [-tall / 2, -tall / 2, tall / 2, tall / 2]),
            ([x[1], x[2], x[2], x[1]], [-tall / 2, deep - tall / 2, y[2], tall / 2]),
        ]
        for (xs, ys), alpha in zip(faces, (0.25, 0.6, 0.42), strict=True):
            ax.fill(xs, ys, color=ACCENT if ends else INK, alpha=alpha, lw=0)
        label = f"{maps}" if side == 1 else f"{maps}\n{side} × {side}"
        ax.text(left + wide / 2, -tall / 2 - 0.12, label, ha="center", va="top", color=INK)
        left += wide + deep + 0.75
    ax.set(xlim=(-0.3, left - 0.4), ylim=(-1.7, 1.7), aspect="equal")
    ax.set_axis_off()
    return picture


def dots(ax: Axes, rows: dict[str, Sequence[float]], highlight: str | None = None, **axis) -> None:
    """One line of dots per named group, one dot per run, and a tick at their mean.

    The mean of the group ``highlight`` is drawn through all lines, to compare with.
    """
    for y, (name, values) in enumerate(rows.items()):
        colour = ACCENT if name == highlight else FAKE
        ax.plot(values, [-y] * len(values), "o", color=colour, ms=4.5, alpha=0.55, mew=0)
        ax.plot([np.mean(values)], [-y], "|", color=colour, ms=11, mew=1.8)
    if highlight:
        ax.axvline(float(np.mean(rows[highlight])), color=ACCENT, lw=0.9, ls=":", zorder=0)
    ax.set_yticks([-y for y in range(len(rows))], list(rows))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    with rc_context(STYLE):
        ax.set(ylim=(0.6 - len(rows), 0.6), **axis)


def hill(
    ax: Axes,
    x: Tensor,
    y: Tensor,
    height: Tensor,
    drops: Sequence[float] = (0.02, 0.1, 0.25, 0.5, 1, 2),
    **axis,
) -> None:
    """Level lines of ``height`` of shape ``(len(y), len(x))``, each a drop below its summit."""
    top = float(height.max())
    shades = LinearSegmentedColormap.from_list("hill", ["#6366f118", "#6366f1b0"])
    with rc_context(STYLE):
        ax.contourf(
            x.numpy(),
            y.numpy(),
            height.numpy(),
            cmap=shades,
            levels=[*(top - drop for drop in sorted(drops, reverse=True)), top + 1e-9],
        )
        ax.set(**axis)


def label(ax: Axes, **axis) -> None:
    """Title, axis names and limits of a panel that was filled by hand, in the book's style."""
    with rc_context(STYLE):
        ax.set(**axis)
