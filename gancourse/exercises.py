"""Checks of the reader's answers, with a hint that names the mistake.

A chapter's exercise ends in a cell that runs as it stands ("not answered yet") and is then filled
in by the reader; its hidden solution contains the same call in a block of Python, which the tests
run and which must come out right:

    from gancourse.exercises import check
    check("next-flip", (0.9, 0.8, 0.7))          # numbers, a list, an array or a tensor
    check("waiting-time-mle", theta_hat)         # or a function: its name, without brackets

The questions are in :mod:`gancourse.questions`, one file a chapter; how an answer is marked, and
how to add a question, in :mod:`gancourse.questions.marking`.
"""

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pathlib import Path

from gancourse import questions
from gancourse.errors import GanCourseError
from gancourse.questions import marking
from gancourse.questions.marking import Exercise, Verdict, mark


def check(name: str, answer) -> Verdict:
    """Compare an answer (numbers, or a function) with the right one; say what is wrong with it."""
    return mark(find(name), answer)


def find(name: str) -> Exercise:
    """The exercise of that name. Only the file that declares it is imported."""
    for module, source in _sources().items():
        if name in marking.EXERCISES:
            break
        if f'"{name}"' in source:
            import_module(module)
    if name not in marking.EXERCISES:
        near = get_close_matches(str(name), everything(), 1)
        fix = f"did you mean {near[0]!r}?" if near else "copy the name from the chapter"
        raise GanCourseError(f"there is no exercise {name!r}", where="check", fix=fix)
    return marking.EXERCISES[name]


def everything() -> dict[str, Exercise]:
    """Every exercise of the book, by its name."""
    for module in _sources():
        import_module(module)
    return marking.EXERCISES


@cache
def _sources() -> dict[str, str]:
    """The files of questions, by the name of the module."""
    files = sorted(path for folder in questions.__path__ for path in Path(folder).glob("*.py"))
    return {
        f"{questions.__name__}.{path.stem}": path.read_text("utf-8")
        for path in files
        if path.stem not in ("__init__", "marking")
    }
