"""Walk through a density by Metropolis-Hastings, rightly and wrongly (chapter 4)."""

from gancourse.page.figure import LiveFigure, demand_one_of, demand_seed, demand_within

TARGETS = ("normal", "hills", "exponential")
PROPOSALS = ("walk", "generator")


def sampler(
    target: str = "normal",
    step: float = 1.0,
    proposals: str = "walk",
    shift: float = 1.0,
    seed: int = 0,
) -> LiveFigure:
    """Walk through a density by Metropolis-Hastings, rightly and wrongly (chapter 4).

    ``target`` is "normal", "hills" or "exponential". ``proposals`` come from a "walk" whose
    ``step`` has that standard deviation (0.2 to 8), or from a "generator", a normal law that lies
    ``shift`` to the right of 0 (0 to 3), and are judged by the exact ratio of the two densities.
    """
    demand_one_of("sampler", TARGETS, target=target)
    demand_one_of("sampler", PROPOSALS, proposals=proposals)
    demand_within("sampler", 0.2, 8, step=step)
    demand_within("sampler", 0, 3, shift=shift)
    demand_seed("sampler", seed)
    return LiveFigure(
        __file__,
        {"target": target, "step": step, "proposals": proposals, "shift": shift, "seed": seed},
        title="A chain that walks through a density",
        fallback="a Metropolis-Hastings chain, its histogram beside the density that it should "
        "have, and two mistakes that can be switched on.",
    )
