"""Slide a cloud along a plan to its targets, paired at least cost or by chance (chapter 11)."""

import torch

from gancourse.data.toys import ring
from gancourse.errors import demand_whole
from gancourse.page.figure import LiveFigure, demand_seed, demand_within
from gancourse.theory.transport import distances, optimal_plan


def interpolation(n: int = 80, seed: int = 0) -> LiveFigure:
    """Slide a cloud along a plan to its targets, paired at least cost or by chance (chapter 11).

    ``n`` points (2 to 200) start as a cloud; each ends on one of ``n`` points of a ring of eight.
    The cheapest pairing is that of the distance, by ``theory.transport``.
    """
    demand_whole("n", n, least=2, where="live.interpolation")
    demand_within("interpolation", 2, 200, n=n)
    demand_seed("interpolation", seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        start, chance = 0.3 * torch.randn(n, 2), torch.randperm(n)
    target = ring().sample(n, seed)
    even = torch.full((n,), 1 / n)
    best = optimal_plan(even, even, distances(start, target)).plan.argmax(1)
    return LiveFigure(
        __file__,
        {
            "start": _flat(start),
            "target": _flat(target),
            "pairs": {"best": best.tolist(), "chance": chance.tolist()},
        },
        title="Slide a cloud of points along a transport plan",
        fallback="a cloud of points that a slider moves along straight ways onto a ring of eight, "
        "each point to a target of its own, paired at the least cost or by chance.",
    )


def _flat(points) -> list[float]:
    return [round(v, 4) for v in points.flatten().tolist()]
