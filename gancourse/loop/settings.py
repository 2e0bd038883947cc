"""Settings: how a model is trained, checked once, and what a checkpoint compares of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from gancourse.errors import (
    GanCourseError,
    brief,
    demand_callable,
    demand_number,
    demand_seed,
    demand_whole,
)

#: Steps at which two schedules are compared.
PROBES = (0, *(2**k for k in range(21)))
MAKE_ONE = "pass what makes one: adam(1e-3), or partial(torch.optim.SGD, lr=0.05)"


@dataclass(frozen=True)
class Settings:
    """How a model is trained. Raises :class:`GanCourseError` for a setting that makes no sense.

    ``optimizer`` makes an optimizer from parameters, ``d_optimizer`` another one for the
    discriminator, which takes ``d_steps`` turns in a step. ``schedule(step)`` scales all learning
    rates. ``ema`` > 0 keeps an average of weights with that decay. ``amp`` computes losses in
    bfloat16. Everything random is a function of ``seed`` and the step.
    """

    optimizer: Callable
    d_optimizer: Callable | None = None
    d_steps: int = 1
    schedule: Callable[[int], float] | None = None
    ema: float = 0.0
    amp: bool = False
    seed: int = 0

    def __post_init__(self):
        where = "training"
        demand_whole("d_steps", self.d_steps, least=1, where=where)
        demand_seed(self.seed, where)
        demand_number("ema", self.ema, below=1, where=where)
        if not isinstance(self.amp, bool):
            raise GanCourseError(f"amp must be True or False, not {brief(self.amp)}", where)
        for name in ("optimizer", "d_optimizer"):
            demand_callable(name, getattr(self, name), where, MAKE_ONE)
        demand_callable(
            "schedule", self.schedule, where, "pass decay(steps), or lambda step: a factor"
        )

    @property
    def only_for_d(self) -> bool:
        """Whether something was set that only a discriminator has."""
        return self.d_optimizer is not None or self.d_steps > 1

    def scale(self, step: int) -> float:
        """The factor of all learning rates in a step."""
        factor = 1.0 if self.schedule is None else self.schedule(step)
        try:
            factor = float(factor)
        except (TypeError, ValueError, RuntimeError):
            raise GanCourseError(
                f"the schedule must return a number, not {brief(factor)}",
                where=f"step {step}",
                fix="return the factor of the learning rates; decay(steps) makes a schedule",
            ) from None
        if not 0 <= factor < math.inf:
            raise GanCourseError(
                f"the schedule returned {factor}; a factor is 0 or more and finite",
                where=f"step {step}",
                fix="let it end after the run's last step; decay(steps) does",
            )
        return factor

    @cached_property
    def compared(self) -> dict:
        """What a run must have in common with the one that it goes on with, in plain values."""
        return {
            "d_steps": self.d_steps,
            "ema": self.ema,
            "amp": self.amp,
            "seed": self.seed,
            "schedule": [self._probed(step) for step in PROBES],
        }

    def _probed(self, step: int) -> float | None:
        """What the schedule says of ``step``; ``None`` where it says nothing, as after its end."""
        try:
            value = 1.0 if self.schedule is None else float(self.schedule(step))
        except (ArithmeticError, LookupError, ValueError, TypeError):  # an end, a complex root
            return None
        return None if math.isnan(value) else value
