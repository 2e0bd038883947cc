"""Step a filter over a line of numbers and back; see the matrix and its transpose (chapter 8)."""

from collections.abc import Sequence

from gancourse.errors import GanCourseError
from gancourse.page.figure import LiveFigure, demand_within

LINE = (2, 1, 3, 0, 1, 2, 4, 1, 3)
FILTER = (1, 2, -1, 3, 1)


def convolution(
    W: int = 6,
    F: int = 3,
    S: int = 2,
    P: int = 1,
    line: Sequence[int] = LINE,
    weights: Sequence[int] = FILTER,
) -> LiveFigure:
    """Step a filter over a line of numbers and back; see the matrix and its transpose (chapter 8).

    Starts with ``W`` inputs (2 to 9), ``F`` taps (1 to 5), stride ``S`` (1 to 4) and padding ``P``
    (0 to 4). ``line`` holds nine whole numbers from -9 to 9, of which the first ``W`` are used;
    ``weights`` five, of which the first ``F`` are used.
    """
    for name, value, low, high in [("W", W, 2, 9), ("F", F, 1, 5), ("S", S, 1, 4), ("P", P, 0, 4)]:
        demand_within("convolution", low, high, **{name: value})
    for name, numbers, length in [("line", line, 9), ("weights", weights, 5)]:
        if len(numbers) != length or not all(isinstance(v, int) and -9 <= v <= 9 for v in numbers):
            raise GanCourseError(
                f"{name} is {list(numbers)}",
                where="live.convolution",
                fix=f"give {length} whole numbers from -9 to 9",
            )
    return LiveFigure(
        __file__,
        {"W": W, "F": F, "S": S, "P": P, "line": list(line), "weights": list(weights)},
        title="Step a filter over a line of numbers, and run the same wiring backwards",
        fallback="a filter that you step over a line of numbers, forwards and backwards, with "
        "sliders for size, stride, padding and dilation, and beside it the matrix, one row lit.",
    )
