"""Train a classifier on points of the plane, in the page (chapter 03)."""

from gancourse.page.engine import ENGINE
from gancourse.page.figure import LiveFigure, demand_one_of, demand_seed

CLASSES = ("moons", "clouds", "xor", "rings", "spirals", "chance")
WIDTHS = (1, 2, 4, 8, 16, 32)


def boundary(data: str = "moons", width: int = 16, seed: int = 0) -> LiveFigure:
    """Train a classifier on points of the plane, in the page (chapter 03).

    ``data`` is one of ``CLASSES``; the network is 2 → ``width`` → ``width`` → 1 with tanh,
    ``width`` one of ``WIDTHS``. From the same ``seed`` the same steps follow.
    """
    demand_one_of("boundary", CLASSES, data=data)
    demand_one_of("boundary", WIDTHS, width=width)
    demand_seed("boundary", seed)
    return LiveFigure(
        __file__,
        {"data": data, "width": width, "seed": seed},
        title="Train a classifier in the page",
        fallback="a small network that learns, in the page, to tell two classes of points apart, "
        "with its boundary and its loss on the training points and on held-out ones.",
        needs=[ENGINE],
    )
