"""Train three critics in the page, under clipping, gradient penalty and R1 (chapter 13)."""

from gancourse.page.engine import ENGINE
from gancourse.page.figure import LiveFigure, demand_one_of, demand_seed

CRITIC_DATA = ("ring", "grid", "swiss roll")


def surfaces(data: str = "ring", seed: int = 0) -> LiveFigure:
    """Train three critics in the page, under clipping, gradient penalty and R1 (chapter 13).

    The generator is held fixed: it makes real points plus noise. ``data`` is one of
    ``CRITIC_DATA``; from the same ``seed`` the same steps follow.
    """
    demand_one_of("surfaces", CRITIC_DATA, data=data)
    demand_seed("surfaces", seed)
    return LiveFigure(
        __file__,
        {"data": data, "seed": seed},
        title="Train three critics against a fixed generator",
        fallback="the surfaces of three critics as they train in the page against a fixed "
        "generator, under weight clipping, a gradient penalty and R1, with the mean "
        "length of their slopes.",
        needs=[ENGINE],
    )
