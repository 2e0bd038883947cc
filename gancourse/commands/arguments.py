"""What the commands' lines have in common: a parser of few words, whole numbers, our own name."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from gancourse.errors import SEEDS, GanCourseError

CHECKPOINT = "a file written by train, or its folder for the newest one"
SHA256 = "only this file: the sha256 that train has printed"


def program() -> str:
    """What was typed to get here, so that help and advice can be typed again."""
    return "gancourse" if Path(sys.argv[0]).stem == "gancourse" else "python -m gancourse"


class Parser(argparse.ArgumentParser):
    """One line for a mistake, not the whole usage.

    A command's ``module`` is opened, and asked for its ``options`` and its ``act``, only when the
    command is called: torch alone takes seconds to import, and help and version need none of it.
    """

    def __init__(self, *args, module: Callable[[], ModuleType] | None = None, **settings):
        super().__init__(*args, **settings)
        self.module = module

    def ready(self) -> "Parser":
        """The same parser, with the command's options."""
        if self.module is not None:
            command, self.module = self.module(), None
            command.options(self.add_argument)
            self.set_defaults(act=command.act)
        return self

    def parse_known_args(self, args=None, namespace=None):
        """As always, once the options are known."""
        self.ready()
        return super().parse_known_args(args, namespace)

    def error(self, message: str):
        """A mistake on the line is a mistake like any other."""
        raise GanCourseError(message, fix=f"see `{self.prog} --help`")


def whole(least: int, below: int = 2**63) -> Callable[[str], int]:
    """An argument that is a whole number of at least ``least``, and no larger than torch takes."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least {least}")
        if value >= below:
            raise argparse.ArgumentTypeError(f"{text} is too large: it must be less than {below}")
        return value

    return number


def seed(text: str) -> int:
    """An argument that is a seed: each below 2**32 is a run of its own."""
    return whole(0, SEEDS)(text)
