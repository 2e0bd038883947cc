"""Move an encoder, and see the bounds on the likelihood rise and fall (chapter 4)."""

from gancourse.page.figure import LiveFigure, demand_seed, demand_within


def bounds(
    mean: float = 0.0, deviation: float = 1.0, slope: float = 2.0, x: float = 3.0, seed: int = 0
) -> LiveFigure:
    """Move an encoder, and see the bounds on the likelihood rise and fall (chapter 4).

    The model is z ~ N(0, 1), x given z ~ N(slope z, 1), with ``slope`` from 0.2 to 3, and ``x``
    (-4 to 4) is what was seen. The encoder starts with this ``mean`` (-2 to 3) and ``deviation``
    (0.1 to 2); ``seed`` chooses the draws of the bounds with 5 and 50 of them.
    """
    demand_within("bounds", -2, 3, mean=mean)
    demand_within("bounds", 0.1, 2, deviation=deviation)
    demand_within("bounds", 0.2, 3, slope=slope)
    demand_within("bounds", -4, 4, x=x)
    demand_seed("bounds", seed)
    return LiveFigure(
        __file__,
        {"mean": mean, "deviation": deviation, "slope": slope, "x": x, "seed": seed},
        title="Bounds on a likelihood",
        fallback="an encoder that you move over the posterior, and the evidence lower bound, its "
        "relatives with 5 and 50 draws, and the true log-likelihood above them.",
    )
