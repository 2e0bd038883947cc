"""Drag data and a Gaussian model; see the hill of the log-likelihood (chapter 01)."""

from gancourse.errors import GanCourseError
from gancourse.page.figure import LiveFigure, demand_within


def likelihood(
    points=(-1.6, -0.4, 0.1, 0.7, 1.2, 1.9, 3.0), mean: float = -2.5, std: float = 0.8
) -> LiveFigure:
    """Drag data and a Gaussian model; see the hill of the log-likelihood (chapter 01).

    ``points``: 2 to 12 different numbers in [-5, 5]; ``mean`` in [-5, 5] and ``std`` in [0.1, 4]
    are the model's at the start.
    """
    points = [float(x) for x in points]
    demand_within("likelihood", -5, 5, mean=mean)
    demand_within("likelihood", 0.1, 4, std=std)
    demand_within("likelihood", 2, 12, the_number_of_points=len(points))
    for x in points:
        demand_within("likelihood", -5, 5, a_point=x)
    if len(set(points)) == 1:
        raise GanCourseError(
            "all points are equal",
            where="live.likelihood",
            fix="give at least two different numbers: else there is no summit",
        )
    return LiveFigure(
        __file__,
        {"points": points, "mean": mean, "std": std},
        title="Drag data and a Gaussian over the hill of its log-likelihood",
        fallback="data points on a line and a bell curve over them, both of which you drag, "
        "beside the hill of the log-likelihood over the curve's centre and width, with "
        "its summit.",
    )
