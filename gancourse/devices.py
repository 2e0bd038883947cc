"""Where torch computes: the fastest device here, and whether a given one can be used at all.

A Mac's GPU, ``mps``, has no float64. What this package counts in double precision (``theory``,
``metrics``) it counts on the CPU: ``x.cpu().double()``, in this order.
"""

import torch

from gancourse.errors import GanCourseError


def fastest() -> torch.device:
    """A CUDA GPU if there is one, else a Mac's GPU (mps), else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def usable(device: torch.device | str) -> torch.device:
    """The device, if this machine can compute on it; else :class:`GanCourseError`."""
    try:
        found = torch.zeros(1, device=device)
        found.item()  # the device "meta" knows shapes only
        return found.device
    except (AssertionError, RuntimeError, TypeError, ImportError) as problem:
        reason = str(problem).strip().split("\n")[0]
        raise GanCourseError(
            f"device {str(device)!r} cannot be used ({reason})",
            fix="use device='cpu', or one that torch finds here",
        ) from None
