"""Torch's private fused calls, fenced in: a new torch can break this file and no other.

Each function says what public call it stands for, and how much faster it was measured to be on a
small dense network on one CPU thread; ``tests/loop/test_fused.py`` compares the two bit for bit.
"""

from contextlib import nullcontext

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode


def clamp_(tensors: list[Tensor], low: float, high: float) -> None:
    """Clamp every tensor in place: ``for t in tensors: t.clamp_(low, high)`` (1.7 times)."""
    torch._foreach_clamp_min_(tensors, low)
    torch._foreach_clamp_max_(tensors, high)


def lerp_(averages: list[Tensor], values: list[Tensor], weight: float) -> None:
    """Move every average by ``weight`` towards its value: ``a.lerp_(v, weight)`` (2.3 times)."""
    torch._foreach_lerp_(averages, values, weight)


def note_what_is_not_finite(tensors: list[Tensor], found: Tensor, one: Tensor) -> None:
    """Set ``found`` to 1 if a value is NaN or infinite: ``t.isfinite().all()`` (19 times).

    The check of torch's own ``GradScaler``: one pass over all tensors, which multiplies them by
    ``one``, a tensor that holds 1, and so leaves them as they are. It exists for CPU and CUDA.
    """
    if found.device.type not in ("cpu", "cuda"):
        found.masked_fill_(~torch.stack([t.isfinite().all() for t in tensors]).all(), 1)
        return
    torch._amp_foreach_non_finite_check_and_unscale_(tensors, found, one)


def skip_steps_if(optimizer: torch.optim.Optimizer, found: Tensor) -> None:
    """Let a fused ``optimizer`` on a GPU skip its steps while ``found`` is 1, without a wait.

    What ``GradScaler.step`` does inside; there is no public way that does not wait for the GPU.
    """
    optimizer.found_inf = found  # type: ignore[attr-defined]


class _NoModules(nullcontext):
    """In place of the flop counter's list of modules."""

    parents = ("Global",)


def count_without_modules(counter: FlopCounterMode) -> None:
    """Let a flop counter keep no list of modules, whose hooks break on slopes at an input.

    No public way; the total is that of ``FlopCounterMode()`` where its hooks do work.
    """
    counter.mod_tracker = _NoModules()  # type: ignore[assignment]  # has what the counter reads
