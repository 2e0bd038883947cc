"""What every chapter needs: a device and a budget. The one module that reads the environment."""

import inspect
import os

import torch

from gancourse.devices import fastest
from gancourse.errors import GanCourseError

BUDGETS = ("smoke", "cpu", "gpu")


def device() -> torch.device:
    """The GPU if there is one, else the CPU: :func:`gancourse.devices.fastest`."""
    return fastest()


def budget(*, smoke, cpu, gpu):
    """One of three values: how much this machine, or this occasion, can afford.

    The environment variable ``GANCOURSE_BUDGET`` chooses (``smoke`` for a quick test that the
    chapter runs, ``cpu``, ``gpu``); without it the device does: ``gpu`` means a CUDA one.
    """
    chosen = os.environ.get("GANCOURSE_BUDGET") or ("gpu" if device().type == "cuda" else "cpu")
    if chosen not in BUDGETS:
        raise GanCourseError(
            f"GANCOURSE_BUDGET is {chosen!r}",
            where="the environment",
            fix=f"set it to one of {', '.join(BUDGETS)}, or not at all",
        )
    return {"smoke": smoke, "cpu": cpu, "gpu": gpu}[chosen]


def live() -> bool:
    """Whether a reader can press buttons: not where a notebook is only executed and stored.

    There the environment variable ``GANCOURSE_STATIC`` is set.
    """
    return not os.environ.get("GANCOURSE_STATIC")


class Source:
    """Source code that a notebook shows highlighted, and a terminal as plain text."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self):
        return self.text

    def _repr_markdown_(self):
        return f"```python\n{self.text}```"


def show_source(thing) -> Source:
    """The real source of a function, class or module, read from the installed package."""
    return Source(inspect.getsource(thing))
