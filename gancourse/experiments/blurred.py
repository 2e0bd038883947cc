"""Times Sinkhorn's algorithm against exact solvers, blur by blur (chapter 11).

    python -m gancourse.experiments.blurred            everything (half a CPU minute)

(More options in ``recording``.) Two bell curves on a line, squared distance, as in the chapter,
with more points. Every part is one number of points; in it every blur has the error of its plan's
cost, relative to the exact cost, and the CPU seconds of one thread, the median of a few runs. The
exact solvers are the linear programme of ``theory.transport`` and the network simplex of POT.
"""

import functools
import statistics

import torch

from gancourse.experiments.recording import Clock, Experiment, Parts, significant
from gancourse.theory.information import gaussian
from gancourse.theory.transport import distances, optimal_plan, sinkhorn

POINTS = (100, 400)
BLURS = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
RUNS = 3
TOLERANCE = 1e-6


def bells(points: int):
    """The two heaps and their squared distances."""
    x = torch.linspace(0, 1, points).double()
    p, q = gaussian(x, 0.3, 0.07), gaussian(x, 0.6, 0.12)
    return p / p.sum(), q / q.sum(), distances(x, x, power=2)


def timed(work, runs: int = RUNS):
    """What ``work()`` returns, and the median of its CPU seconds."""
    seconds = []
    for _ in range(runs):
        clock = Clock()
        found = work()
        seconds.append(clock())
    return found, statistics.median(seconds)


def compare(points: int, blurs=BLURS, runs: int = RUNS) -> dict:
    """The exact solvers' seconds; for each blur its seconds and the error of its cost."""
    import ot  # of the tests, not of the package

    p, q, cost = problem = bells(points)
    exact, programme = timed(lambda: optimal_plan(p, q, cost).value, runs)
    arrays = [t.numpy() for t in problem]
    least, simplex = timed(lambda: ot.emd2(*arrays), runs)
    found: dict = {
        "exact": {
            "cost": significant(float(exact)),
            "programme": significant(programme, 3),
            "simplex": significant(simplex, 3),
            "apart": float(f"{abs(least - float(exact)) / float(exact):.1e}"),
        },
        "sinkhorn": {},
    }
    for blur in blurs:
        work = functools.partial(sinkhorn, p, q, cost, blur, tolerance=TOLERANCE)
        plan, seconds = timed(lambda work=work: work().value, runs)
        found["sinkhorn"][str(blur)] = {
            "error": significant(float(plan / exact - 1), 3),
            "seconds": significant(seconds, 3),
        }
    return found


def parts(quick: bool) -> Parts:
    """One for every number of points."""
    work = functools.partial(compare, blurs=BLURS[:2], runs=1) if quick else compare
    return {
        f"line-{points}": functools.partial(work, min(points, 40) if quick else points)
        for points in POINTS
    }


def about() -> dict:
    """What the numbers mean."""
    return {
        "seeds": "none: nothing is drawn",
        "settings": {
            "heaps": "N(0.3, 0.07²) and N(0.6, 0.12²) on evenly spaced points of [0, 1]",
            "cost": "squared distance",
            "error": "the plan's cost over the exact one, minus 1",
            "seconds": f"CPU seconds of one thread, median of {RUNS} runs",
            "tolerance": TOLERANCE,
        },
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
