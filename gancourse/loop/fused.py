"""Torch's private fused calls, fenced in: a new torch can break this file and no other.

Each function says what public call it stands for, and how much faster it was measured to be on a
small dense network on one CPU thread; ``tests/loop/test_fused.py`` compares the two bit for bit.
"""

from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

#: Where the state of torch's CPU generator keeps its Mersenne twister, but for the first word.
WORDS = slice(4, 627)
#: Odd numbers below 2**32, a fixed one for each of these words.
ODD = np.random.RandomState(1998).randint(2**31, size=623).astype(np.uint64) * 2 + 1
LOWER = np.uint64(0xFFFFFFFF)


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


def seed_wholly(number: int) -> None:
    """Seed torch's CPU generator by all 64 bits: ``torch.manual_seed`` looks at the lower 32.

    The lower half seeds as ever; the upper half, times an odd number for each, is then XORed into
    the words of the twister. So numbers below 2**32 give the state of ``torch.manual_seed``, at its
    price, and no two numbers give the same (an odd factor maps 32 bits one to one).
    """
    generator = torch.default_generator
    generator.manual_seed(number & 0xFFFFFFFF)
    if upper := number >> 32:
        state = generator.get_state()
        words = state.numpy().view(np.uint64)[WORDS]
        words ^= ODD * np.uint64(upper) & LOWER
        generator.set_state(state)
