"""The tests that verify what the book states, found by their marks; nothing is imported or run.

``@pytest.mark.equation("eq-name", tex="…")`` stands over the test of a displayed equation,
``@pytest.mark.claim("name", text="…")`` over that of a conclusion from an experiment. The second
word is the fingerprint of what its author looked at: whoever edits that must open the test.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

FINGERPRINT = {"equation": "tex", "claim": "text"}  # by the mark, the word that carries it


@dataclass(frozen=True)
class MarkedTest:
    label: str  # of the equation, or the name of the claim
    path: str
    name: str
    summary: str  # first sentence of its docstring
    asserts: bool
    fingerprint: str | None  # of what it was written for
    evaluates: bool  # whether it evaluates the formula as it is printed


def marks(function, mark):
    """Label and fingerprint of every ``@pytest.mark.<mark>(...)`` decorator of a function."""
    for call in function.decorator_list:
        if isinstance(call, ast.Call) and ast.unparse(call.func) == f"pytest.mark.{mark}":
            words = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
            for argument in call.args:
                yield ast.literal_eval(argument), words.get(FINGERPRINT[mark])


def says_something(function):
    """Whether a test can fail: it asserts, or hands over to a checker that does."""
    calls = (ast.unparse(n.func) for n in ast.walk(function) if isinstance(n, ast.Call))
    return any(isinstance(n, ast.Assert) for n in ast.walk(function)) or any(
        re.search(r"(^|\.)(assert|check|raises)", call) for call in calls
    )


def evaluated(function):
    """Labels of the formulas that a test reads from the page: ``printed("eq-name")``."""
    return {
        ast.literal_eval(node.args[0])
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "printed"
    }


def sources(root):
    """Every file that may hold a marked test."""
    return sorted(Path(root).glob("tests/**/test_*.py"))


def marked_tests(root, mark):
    """Every (label, test) pair of ``tests/`` under this mark."""
    return [
        test
        for path in sources(root)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        for test in _of(node, path.relative_to(root).as_posix(), mark)
    ]


def _of(node, where, mark):
    """One test for every label that a function, or a class of tests, is marked with."""
    summary = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
    for label, fingerprint in marks(node, mark):
        can_fail, read = says_something(node), label in evaluated(node)
        yield MarkedTest(label, where, node.name, summary, can_fail, fingerprint, read)
