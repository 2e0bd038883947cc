"""What a live figure is in Python: settings that are checked, and HTML that needs nothing else.

A figure is a pair in :mod:`gancourse.live`: ``x.py`` says what it starts from, ``x.js`` beside it
moves it. The README of this folder says how to add one.
"""

import html
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from gancourse import errors
from gancourse.errors import GanCourseError

HERE = Path(__file__).parent
# A whole line, or the end of one; there without quotes, so that no string is cut.
COMMENT = re.compile(r"^\s*//.*$|\s// [^\"'`]*$")


@cache
def _source(path: Path) -> str:
    """A script or style sheet for the page: without indentation and comments."""
    lines = (COMMENT.sub("", line).strip() for line in path.read_text("utf-8").splitlines())
    return "\n".join(filter(None, lines))


class LiveFigure:
    """Self-contained HTML of one figure: styles, script, and the settings it starts from.

    ``module`` is the ``__file__`` of the figure's Python half; its script has the same name and
    lies beside it, and stands on ``page.js`` and the scripts in ``needs``. Where scripts do not
    run there stands a sentence instead, which ends in ``fallback``.
    """

    def __init__(
        self, module: str, settings: dict, title: str, fallback: str, needs: Sequence[Path] = ()
    ):
        own = Path(module).with_suffix(".js")
        self.name, self.settings, self.title = own.stem, settings, title
        self.scripts = [HERE / "page.js", *needs, own]
        self.fallback = f"Here the built book shows a live figure: {fallback}"

    def _repr_html_(self) -> str:
        settings = html.escape(json.dumps(self.settings, sort_keys=True))
        return (
            f'<figure class="live-figure" data-live="{self.name}" data-settings="{settings}" '
            f'aria-label="{html.escape(self.title)}">'
            f'<p class="live-fallback">{html.escape(self.fallback)}</p></figure>\n'
            f"<style>{_source(HERE / 'page.css')}</style>\n"
            f"<script>{''.join(map(_source, self.scripts))}"
            f'gancourse.page.mountAll("{self.name}");</script>'
        )

    def __repr__(self) -> str:
        return f"Live figure: {self.title}. It moves in the built book, in Jupyter and in Colab."


def demand_within(figure: str, low: float, high: float, **numbers: float) -> None:
    """Raise :class:`GanCourseError` for the first of ``numbers`` outside [low, high]."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not low <= number <= high:
            raise GanCourseError(
                f"{name.replace('_', ' ')} is {number}",
                where=f"live.{figure}",
                fix=f"choose a number from {low} to {high}",
            )


def demand_one_of(figure: str, choices: Sequence, **values) -> None:
    """Raise :class:`GanCourseError` for the first of ``values`` that is not a choice."""
    for name, value in values.items():
        if isinstance(value, bool) or value not in choices:
            raise GanCourseError(
                f"{name} is {value!r}",
                where=f"live.{figure}",
                fix=f"choose one of {', '.join(map(str, choices))}",
            )


def demand_seed(figure: str, seed: int) -> None:
    """Raise :class:`GanCourseError` unless ``seed`` is a whole number from 0 up to 2**32 - 1."""
    errors.demand_seed(seed, where=f"live.{figure}")


def probabilities(figure: str, least: int, **heaps: Sequence[float]) -> dict[str, list[float]]:
    """The ``heaps`` as lists, equally long, of ``least`` to 10 bars that sum to 1 each."""
    bars = {name: [float(v) for v in heap] for name, heap in heaps.items()}
    length = len(next(iter(bars.values())))
    for name, heap in bars.items():
        if not (
            least <= len(heap) <= 10
            and len(heap) == length
            and min(heap) >= 0
            and abs(sum(heap) - 1) < 1e-6
        ):
            raise GanCourseError(
                f"{name} is {heap}",
                where=f"live.{figure}",
                fix=f"choose {least} to 10 probabilities that sum to 1, "
                f"as many in {' as in '.join(bars)}",
            )
    return bars
