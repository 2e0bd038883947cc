"""``python -m gancourse benchmark``: our loop against the loops that tutorials print.

A benchmark, never a test. The loops of a *case* take turns within one process, a few steps each,
so that whatever else the machine does hits all of them alike; compared are the times of one and
the same turn, and what counts is the median over the turns. The measure is processor time at one
thread; on a GPU it is synchronised wall time. Networks, losses, batch sizes and optimizer settings
of a case are the same. In every turn the largest kernels of the machine are timed as well: that
is the peak of which a loop reaches a fraction.

The JSON file holds the times of all turns; what they say is in :mod:`gancourse.benchmark.report`.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from gancourse.benchmark import machine
from gancourse.benchmark.cases import Loops, pictures, stepping, toys, tricks
from gancourse.devices import fastest, usable
from gancourse.loop import fused


class Case(NamedTuple):
    """One comparison: how its loops are made, how long they run, whose memory is looked at."""

    title: str
    loops: Callable[[torch.device], Loops]
    steps: int
    turns: int
    peak: str = "conv"
    memory: tuple[str, ...] = ()


BIG = ("textbook", "ours", "ours bf16")
CASES = {
    "dcgan-32": Case("DCGAN, 32 px grey, width 32", pictures(32, 1, 32), 3, 12, memory=BIG),
    "dcgan-64": Case("DCGAN, 64 px RGB, width 64", pictures(64, 3, 64), 1, 8, memory=BIG),
    "toy": Case("Points: MLP 3 x 64, batch 128", toys, 50, 20, peak="matmul"),
    "wgan-gp": Case(
        "WGAN-GP, 5 critic steps, 32 px", pictures(32, 1, 32, game="wgan-gp"), 1, 8, memory=BIG
    ),
    "r1-r2": Case("Relativistic with R1 + R2, 32 px", pictures(32, 1, 32, game="r1-r2"), 1, 10),
    "tricks": Case("DCGAN, 32 px, one habit changed", tricks(32, 1, 32), 2, 15),
}


def run(
    out: str | Path | None = None, quick: bool = False, device: torch.device | str | None = None
) -> dict:
    """Measure every case on ``device`` and write the result to ``out`` as JSON.

    About three minutes of one core. ``quick`` takes two short turns of the small cases, which
    shows that everything runs and measures nothing.
    """
    device = fastest() if device is None else usable(device)
    before, began, load = torch.get_num_threads(), time.process_time(), machine.load()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng():
            names = ("dcgan-32", "toy") if quick else CASES
            cases = {name: measure(name, device, quick) for name in names}
        about = machine.describe(device)
    finally:
        torch.set_num_threads(before)
    result = {
        "device": device.type,
        "quick": quick,
        "machine": about,
        "load": [load, machine.load()],
        "cpu_seconds": round(time.process_time() - began, 1),
        "cases": cases,
    }
    if out is not None:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        Path(out).write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    return result


def measure(name: str, device: torch.device, quick: bool = False) -> dict:
    """All loops of one case in turns, beside the machine's largest kernels."""
    case = CASES[name]
    turns, steps = (2, 1) if quick else (case.turns, case.steps)
    calls = 1
    if device.type == "cuda" and not quick:  # there a step is short
        steps, calls = 20 * steps, 50
    loops = {loop: make() for loop, make in case.loops(device).items()}
    gflop = {loop: round(flops(advance), 6) for loop, advance in loops.items()}
    members = {loop: 10 if "10 members" in loop else 1 for loop in loops}
    kernels = machine.kernels(device, 64 if quick else 2048)
    everything = {
        loop: (advance, max(1, steps // members[loop])) for loop, advance in loops.items()
    }
    everything |= {kernel: (stepping(repeat(call)), calls) for kernel, (call, _) in kernels.items()}
    seconds = take_turns(everything, turns, machine.clock(device))
    memory = (
        {}
        if quick
        else {
            loop: machine.memory_of(
                f"cases = gancourse.benchmark.measuring.CASES\n"
                f"device = torch.device({str(device)!r})\n"
                f"loop = cases[{name!r}].loops(device)"
                f"[{loop!r}]()\nloop(3)",
                device,
            )
            for loop in case.memory
        }
    )
    return {
        "title": case.title,
        "turns": turns,
        "steps": steps,
        "peak": case.peak,
        "gan_iterations": members,
        "gflop": gflop,
        "seconds": {loop: seconds[loop] for loop in loops},
        "kernels": {
            kernel: [round(work / t, 2) for t in seconds[kernel]]
            for kernel, (_, work) in kernels.items()
        },
        "memory": memory,
    }


def take_turns(
    calls: dict[str, tuple[Callable[[int], None], int]], turns: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Seconds per step of every call in every turn; another one begins in each turn."""
    names = list(calls)
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for advance, steps in calls.values():
        advance(max(1, steps // 2))  # buffers, kernels and the first sweep of the caches
    for turn in range(turns):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            advance, steps = calls[name]
            start = clock()
            advance(steps)
            seconds[name].append(round((clock() - start) / steps, 7))
    return seconds


def flops(advance: Callable[[int], None]) -> float:
    """Floating-point operations of one step, in 1e9, counted while it runs."""
    counter = FlopCounterMode(display=False)
    fused.count_without_modules(counter)
    with counter:
        advance(1)
    return counter.get_total_flops() / 1e9


def repeat(call: Callable) -> Iterator[None]:
    """``call`` over and over."""
    while True:
        yield call()
