"""The course without a notebook: train, sample, evaluate, benchmark."""

import argparse
import contextlib
import os
import sys
from types import ModuleType

from gancourse import __version__
from gancourse.commands.arguments import Parser, program
from gancourse.errors import GanCourseError


def main(given: list[str] | None = None) -> int:
    """Run one command; a user's mistake is told in at most three lines, with status 2."""
    for stream in (sys.stdout, sys.stderr):  # a name that a terminal cannot show ends no run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        chosen = parser().parse_args(given)
        chosen.act(chosen)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where it can still be told that nobody reads it
    except GanCourseError as problem:
        return mistake(str(problem))
    except KeyboardInterrupt as stop:
        print(f"stopped; {str(stop) or 'what a checkpoint holds is safe'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        _silence(sys.stdout)
        return 141
    except OSError as problem:
        full = _silence(sys.stdout, only_if_full=True)
        reason = (problem.strerror or str(problem)).lower()
        return mistake(
            f"{problem.filename or ('the output' if full else 'a file')}: {reason}\n"
            "Fix: check the path, its permissions and the free space"
        )
    except (MemoryError, RuntimeError) as problem:
        from gancourse.commands import memory  # not before: it needs torch

        if not memory.ran_out(problem):
            raise
        return mistake(
            "the memory does not suffice\n"
            "Fix: ask for fewer samples at once, a smaller batch, size or width"
        )
    return 0


def mistake(text: str) -> int:
    """Tell a mistake and its fix, and nothing else; the status to leave with."""
    with contextlib.suppress(OSError):  # the status says it as well
        print("\n".join(f"error: {text}".splitlines()[:3]), file=sys.stderr)
    return 2


def _silence(stream, only_if_full: bool = False) -> bool:
    """Let what cannot be printed go nowhere, so that Python does not try again at its end.

    Whether there was such: with ``only_if_full`` it is tried once more.
    """
    if stream is None:
        return False
    with contextlib.suppress(OSError):
        if only_if_full:
            stream.flush()
            return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return True


def parser() -> argparse.ArgumentParser:
    """The commands, each with what it says of itself in help."""
    outer = Parser(prog=program(), description=__doc__)
    outer.add_argument("--version", action="version", version=f"gancourse {__version__}")
    commands = outer.add_subparsers(required=True, metavar="command")
    for module in (train, sample, evaluate, benchmark):
        about = module.__doc__
        commands.add_parser(module.__name__, help=about, description=about, module=module)
    return outer


def train() -> ModuleType:
    """Train by the recipe of the game; everything lands in the folder --out."""
    from gancourse.commands import train

    return train


def sample() -> ModuleType:
    """Write a sheet of samples and a latent walk of a checkpoint."""
    from gancourse.commands import sample

    return sample


def evaluate() -> ModuleType:
    """Print a table and write it as JSON beside the checkpoint."""
    from gancourse.commands import evaluate

    return evaluate


def benchmark() -> ModuleType:
    """Compare the package's loop with one written as tutorials write it."""
    from gancourse.commands import benchmark

    return benchmark
