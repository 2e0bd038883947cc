"""What the scripts of this folder share: parts, a clock, rounding, and one form of file.

A script lists its parts, ``{name: function}``, and says what its numbers mean. Each part says
beforehand how long it takes, and is written when it is done, into the JSON file beside the script::

    {"meta": {"seeds": ..., "settings": ...,
              "parts": {name: {"date": ..., "cpu_seconds": ..., "gancourse": ..., "machine": ...}}},
     name: what the part has measured, ...}

A part may belong to a group: ``"ablations/ReLU in D"`` lies at ``["ablations"]["ReLU in D"]``.
All scripts take the same options::

    python -m gancourse.experiments.NAME                    everything
    python -m gancourse.experiments.NAME --only PART        one part, or group of parts, anew
    python -m gancourse.experiments.NAME --missing          only what the file does not hold
    python -m gancourse.experiments.NAME --quick            a few steps of each; writes nothing
"""

import argparse
import fcntl
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import torch
from torch import Tensor

import gancourse
from gancourse.benchmark import machine

#: The functions that measure, by the names of their parts.
Parts = dict[str, Callable[[], object]]


class Clock:
    """CPU seconds of this process since it was made; what is done in a pause does not count."""

    def __init__(self):
        self.start = time.process_time()

    def __call__(self) -> float:
        """The seconds so far."""
        return time.process_time() - self.start

    def pause(self, work: Callable):
        """The result of ``work()``, at no cost."""
        begin = time.process_time()
        result = work()
        self.start += time.process_time() - begin
        return result


class Experiment:
    """A script, its parts, and the file that it writes.

    ``script`` is the script's ``__file__``, ``purpose`` its first line. ``parts(quick)`` are its
    parts in the order of the file, ``quick`` with a few steps of each. ``about()`` says what the
    numbers mean: ``seeds``, ``settings`` and what else a reader of the file must know.
    """

    def __init__(
        self,
        script: str,
        purpose: str,
        parts: Callable[[bool], Parts],
        about: Callable[[], dict],
    ):
        self.path, self.purpose = Path(script).with_suffix(".json"), purpose.splitlines()[0]
        self.parts, self.about = parts, about

    def main(self, arguments: list[str] | None = None) -> dict:
        """Measure what the command line asks for; returns it in the form of the file."""
        parser = self.parser()
        options = parser.parse_args(arguments)
        parts = self.parts(options.quick)
        wanted = options.only or list(parts)
        for name in wanted:
            if not any(belongs(part, name) for part in parts):
                parser.error(f"there is no part {name!r}; choose among: {'; '.join(parts)}")
        torch.set_num_threads(1)
        found = {}
        for part, work in parts.items():
            there = options.missing and at(self.read(), part) is not None
            if there or not any(belongs(part, name) for name in wanted):
                continue
            print(f"{part}: {'a few steps' if options.quick else self.price(part)}", flush=True)
            clock = Clock()
            found[part] = work()
            if not options.quick:
                self.write(part, found[part], clock(), list(parts))
        return nested(found)

    def parser(self) -> argparse.ArgumentParser:
        """The options that all scripts have."""
        parser = argparse.ArgumentParser(description=self.purpose)
        parser.add_argument("--quick", action="store_true", help="a few steps, nothing written")
        parser.add_argument("--missing", action="store_true", help="leave what is there")
        parser.add_argument(
            "--only",
            action="append",
            metavar="PART",
            help="measure this part, or group of parts, anew and keep the rest (may be repeated)",
        )
        return parser

    def price(self, part: str) -> str:
        """How long a part takes, as far as the file knows."""
        known = self.read().get("meta", {}).get("parts", {}).get(part)
        if known is None:
            return "not measured yet, so nobody knows how long it takes"
        return f"about {known['cpu_seconds']:.0f} seconds of one core (as on {known['date']})"

    def read(self) -> dict:
        """The file as it stands; empty if there is none."""
        return json.loads(self.path.read_text("utf-8")) if self.path.exists() else {}

    def write(self, part: str, found: object, seconds: float, order: list[str]) -> None:
        """Put ``found`` in its place in the file and keep the other parts.

        The file is read under a lock and replaced whole, so that neither a crash nor a second
        process that measures another part at the same time loses anything.
        """
        with _alone_in(self.path.parent):
            old = self.read()
            told = {**old.get("meta", {}).get("parts", {}), part: provenance(seconds)}
            known = {name: found if name == part else at(old, name) for name in order}
            known = {name: value for name, value in known.items() if value is not None}
            meta = {**self.about(), "parts": {name: told[name] for name in known}}
            draft = self.path.with_suffix(".part")
            draft.write_text(layout({"meta": meta, **nested(known)}) + "\n", "utf-8")
            draft.replace(self.path)


def provenance(seconds: float) -> dict:
    """When, how long and with what a part was measured."""
    return {
        "date": date.today().isoformat(),
        "cpu_seconds": round(seconds, 1),
        "gancourse": gancourse.__version__,
        "machine": machine.describe(),
    }


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


# ---- parts and their groups --------------------------------------------------------------------


def belongs(part: str, name: str) -> bool:
    """Whether ``name`` is the part's own name or that of its group."""
    return part == name or part.startswith(name + "/")


def nested(parts: dict[str, object]) -> dict:
    """Parts in their groups: ``{"a/b": x, "a/c": y}`` becomes ``{"a": {"b": x, "c": y}}``."""
    tree: dict = {}
    for part, value in parts.items():
        *groups, last = part.split("/")
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[last] = value
    return tree


def at(tree: dict, part: str):
    """What lies at ``part`` in a nested ``tree``; ``None`` if there is nothing."""
    found: object = tree
    for key in part.split("/"):
        found = found.get(key) if isinstance(found, dict) else None
    return found


# ---- numbers for a file --------------------------------------------------------------------------


def rounded(values, digits: int = 4):
    """A number, or a list or tensor of them, to so many decimals; null where it is not finite."""
    return _each(values, lambda v: round(v, digits))


def significant(values, digits: int = 5):
    """The same to so many significant digits."""
    return _each(values, lambda v: float(f"{v:.{digits}g}"))


def _each(values, short: Callable[[float], float]):
    values = values.tolist() if isinstance(values, Tensor) else values
    if isinstance(values, list | tuple):
        return [_each(value, short) for value in values]
    if not isinstance(values, float):
        return values
    return short(values) if math.isfinite(values) else None


def layout(value, indent: int = 0, width: int = 200) -> str:
    """JSON in which a row of numbers, or whatever is short, keeps to one line.

    So that a file of many numbers can be read, and what has changed in it can be seen.
    """
    line, margin = json.dumps(value, allow_nan=False), " " * indent
    if isinstance(value, dict):
        items = [(f"{json.dumps(key)}: ", part) for key, part in value.items()]
    elif isinstance(value, list | tuple) and any(isinstance(part, dict | list) for part in value):
        items = [("", part) for part in value]
    else:
        return line
    if len(line) <= width:
        return line
    lines = [f"{margin} {key}{layout(part, indent + 1, width)}" for key, part in items]
    return "\n".join([line[0], ",\n".join(lines), margin + line[-1]])
