"""``benchmark``: the package's loop against one written as tutorials write it, on this machine."""

import argparse
from collections.abc import Callable
from pathlib import Path

from gancourse.benchmark import measuring, report
from gancourse.devices import usable


def options(add: Callable) -> None:
    """Where the result goes."""
    add("--out", default="benchmark.json", help="file to write (default: %(default)s)")
    add("--quick", action="store_true", help="a few steps only, to see that it works")
    add("--device", help="cpu, cuda or mps (default: the fastest here)")


def act(chosen: argparse.Namespace) -> None:
    """Compare the package's loop with one written as tutorials write it."""
    device = chosen.device and usable(chosen.device)
    result = measuring.run(Path(chosen.out), quick=chosen.quick, device=device)
    print(report.table(result))
