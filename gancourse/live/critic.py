"""Slide two Gaussians apart; see a discriminator saturate and a critic not (chapter 12)."""

from statistics import NormalDist

from gancourse.page.engine import ENGINE
from gancourse.page.figure import LiveFigure, demand_one_of, demand_seed, demand_within

CLIPS = (0.01, 0.03, 0.1, 0.3)


def critic(
    p: float = 3.0, pg: float = -3.0, c: float = 0.1, steps: int = 300, seed: int = 0
) -> LiveFigure:
    """Slide two Gaussians apart; see a discriminator saturate and a critic not (chapter 12).

    The data are N(``p``, 1), the fakes N(``pg``, 1), both centres in [-6, 6]. The critic, a network
    with weights in [-``c``, ``c``], ``c`` one of ``CLIPS``, is trained in the page for ``steps``
    (0 to 400) on 64 evenly spaced quantiles of each, from the same ``seed`` in the same way.
    """
    demand_within("critic", -6, 6, p=p, pg=pg)
    demand_within("critic", 0, 400, steps=steps)
    demand_one_of("critic", CLIPS, c=c)
    demand_seed("critic", seed)
    quantiles = [round(NormalDist().inv_cdf((i + 0.5) / 64), 4) for i in range(64)]
    return LiveFigure(
        __file__,
        {"p": p, "pg": pg, "c": c, "steps": steps, "seed": seed, "quantiles": quantiles},
        title="A discriminator saturates, a critic does not",
        fallback="two bell curves, data and fakes, which you slide apart, with the best "
        "discriminator, a clipped critic that is trained in the page, the pull of both "
        "on a fake, and W1 beside the critic's estimate.",
        needs=[ENGINE],
    )
