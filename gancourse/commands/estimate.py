"""How long a run will take on this machine, said before it begins, and what would shorten it.

A step is timed on a run that is thrown away: same networks, same batch, a picture of noise in place
of the data. The run itself knows nothing of it; its bits are the same.
"""

import itertools
import time
from dataclasses import dataclass, replace

import torch

from gancourse.commands.plan import POINTS, Plan
from gancourse.networks.dcgan import SIZES
from gancourse.training import Training

#: A run that is shorter (in seconds) is not timed further than its first step.
SHORT = 10.0
#: Of a longer one ways to shorten it are named.
LONG = 600.0
#: Where one step takes longer (in seconds), it is said that timing takes a while.
SLOW = 2.0
#: Seconds that the timing of one kind of step may go on, once it has seen a whole step.
ENOUGH = 0.5


@dataclass(frozen=True)
class Machine:
    """Where and how the run computes: ``device``, and whether in bfloat16 (``amp``)."""

    device: str
    amp: bool = False

    def seconds_a_step(self, plan: Plan, first: bool = False) -> float:
        """Of a run by ``plan``: the mean of some steps, or more than that: of the very ``first``.

        The first step prepares much that the others find done, so it does not count in the mean.
        """
        batch = plan.batch or plan.recipe.batch
        shape = (2,) if plan.data in POINTS else (plan.shape[1], plan.shape[0], plan.shape[0])
        run = Training(
            plan.gan(),
            itertools.repeat((torch.rand(batch, *shape) * 2 - 1,)),
            **plan.recipe.settings(1),
            amp=self.amp,
            device=self.device,
        )
        opening = self._step(run)
        if first:
            return opening
        took = [self._step(run)]
        while sum(took) < ENOUGH:
            took.append(self._step(run))
        return sum(took) / len(took)

    def _step(self, run: Training) -> float:
        began = time.perf_counter()
        run.advance(1)
        for loss in run.history:  # what a GPU has only been asked for is not done yet
            loss[-1].item()
        return time.perf_counter() - began


def told(plan: Plan, steps: int, machine: Machine, begun: bool = False) -> str:
    """What is to be expected of ``steps`` steps, with ways to shorten them where they are long.

    A run that was ``begun`` is what it is: for it there are none.
    """
    what = f"{steps:,} step" + ("s" if steps != 1 else "")
    opening = machine.seconds_a_step(plan, first=True)
    if steps * opening <= SHORT:
        return f"{what}: a few seconds"
    if opening > SLOW:
        print(f"a step takes seconds here; some more are timed, so wait about {8 * opening:.0f} s")
    total = steps * machine.seconds_a_step(plan)
    line = f"{what}: about {duration(total)} here"
    if total <= LONG or begun:
        return line
    ways = [
        f"{option} about {duration(steps * machine.seconds_a_step(other))}"
        for option, other in shorter(plan)
    ]
    fewer = max(1, round(steps / 4))
    ways.append(f"--steps {fewer} about {duration(total * fewer / steps)}")
    return f"{line}\nshorter: {', '.join(ways)} (Ctrl-C saves, --resume auto goes on)"


def shorter(plan: Plan) -> list[tuple[str, Plan]]:
    """Options that make a step of pictures cheaper, each with the plan that it makes."""
    if plan.data in POINTS or plan.start is not None:  # the networks are given
        return []
    size, _ = plan.shape
    ways = [(f"--size {s}", replace(plan, size=s)) for s in SIZES if s < size][-1:]
    if plan.width > 16:
        ways.append(("--width 16", replace(plan, width=16)))
    if plan.game in ("relativistic", "wgan-gp", "wgan-clip", "ns-r1"):  # penalties, more D steps
        ways.append(("--game hinge-sn", replace(plan, game="hinge-sn")))
    return ways


def duration(seconds: float) -> str:
    """In the unit that people would say it in."""
    for size, unit in ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= 1.5 * size:
            number = seconds / size
            return f"{number:.1f} {unit}s" if number < 3 else f"{number:.0f} {unit}s"
    return f"{max(1, round(seconds)):d} seconds" if seconds >= 1.5 else "1 second"
