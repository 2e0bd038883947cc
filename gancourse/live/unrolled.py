"""Unroll a cell, move its gates, and see what each input still does to the end (appendix A)."""

from gancourse.errors import GanCourseError
from gancourse.page.figure import LiveFigure, demand_within

CELLS = ("rnn", "lstm", "gru")


def unrolled(cell: str = "rnn", steps: int = 20, weight: float = 0.6) -> LiveFigure:
    """Unroll a cell, move its gates, and see what each input still does to the end (appendix A).

    A cell of one unit, whose gates stand where their biases put them. ``cell``: "rnn", "lstm" or
    "gru"; ``steps``: 4 to 40; ``weight``, of the state, from -2 to 2: what it starts with.
    """
    if cell not in CELLS:
        raise GanCourseError(
            f"there is no cell {cell!r}", where="live.unrolled", fix=f"use one of {CELLS}"
        )
    demand_within("unrolled", 4, 40, steps=steps)
    demand_within("unrolled", -2, 2, weight=weight)
    return LiveFigure(
        __file__,
        {"cell": cell, "steps": steps, "weight": weight},
        title="A cell, unrolled, and what each input still does to the end",
        fallback="a cell that you unroll over as many steps as you like, with its gates on "
        "sliders, its state after each step, and the slope of the last state by each input.",
    )
