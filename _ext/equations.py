r"""Finds the labelled equations of the book and the tests that verify them, by reading the sources.

An equation is labelled as `$$ ... $$ (eq-name)`; a test claims it by
`@pytest.mark.equation("eq-name", tex="…")`, where `tex` is the fingerprint (_ext/tex.py) of the
formula that its author looked at. A test that calls `printed("eq-name")` evaluates the printed
formula itself. Nothing is imported or run.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from tex import fingerprint

FENCE = re.compile(r"^\s*(?P<mark>`{3,}|~{3,})")
NUMBERED = re.compile(r"\\begin\{(equation|align|gather|multline|alignat|eqnarray)\}|\\tag\{")
DISPLAY = re.compile(r"\$\$(?P<tex>.+?)\$\$[ \t]*(?:\((?P<label>[^)\s]+)\))?", re.DOTALL)
MATH_DIRECTIVE = re.compile(r"^\s*[`:]{3,}\{math\}")


@dataclass(frozen=True)
class Equation:
    label: str
    tex: str
    page: str  # path inside the book, without ".md"
    line: int


@dataclass(frozen=True)
class Test:
    label: str
    path: str
    name: str
    summary: str  # first sentence of its docstring
    asserts: bool
    tex: str | None  # fingerprint of the formula that the test was written for
    evaluates: bool  # whether it evaluates the formula as it is printed


def pages(root):
    """Every text of the book: the home page, the chapters, the appendices."""
    root = Path(root)
    return [
        p
        for p in [
            root / "intro.md",
            *sorted(root.glob("chapters/*.md")),
            *sorted(root.glob("appendix/*.md")),
        ]
        if p.exists()
    ]


def page_title(root, page):
    """The title of a page, with the chapter's number in front."""
    text = Path(root, f"{page}.md").read_text("utf-8")
    title = re.findall(r"^# (.+)$", text, re.MULTILINE)[0]
    chapter = re.match(r"chapters/(\d\d)_", page)
    return f"{int(chapter[1])}. {title}" if chapter else title


def prose(path):
    """The text of a page with code blocks blanked out, line numbers kept."""
    kept, fence = [], None
    for line in path.read_text("utf-8").splitlines():
        mark = (match := FENCE.match(line)) and match["mark"]
        if fence is None and mark:
            # Only a whole-line fence opens a block; directives keep the name line for the checks.
            fence = mark
            kept.append(line if MATH_DIRECTIVE.match(line) else "")
        elif fence is not None:
            fence = None if mark and mark.startswith(fence) else fence
            kept.append("")
        else:
            kept.append(re.sub(r"`[^`]*`", "", line))
    return "\n".join(kept)


def displays(path):
    """(line, tex, label or None) of every display formula of a page."""
    text = prose(path)
    for match in DISPLAY.finditer(text):
        tex = re.sub(r"^[ \t]*>[ \t]?", "", match["tex"], flags=re.MULTILINE)
        yield text.count("\n", 0, match.start()) + 1, tex.strip(), match["label"]


def equations(root):
    """Every labelled equation, in the order of the pages."""
    return [
        Equation(label, tex, path.relative_to(root).with_suffix("").as_posix(), line)
        for path in pages(root)
        for line, tex, label in displays(path)
        if label
    ]


def numbered_without_label(root):
    """`page:line` of every display that would be numbered, or whose label would not be seen."""
    found = []
    for path in pages(root):
        text = prose(path)
        outside = DISPLAY.sub(lambda m: "\n" * m.group().count("\n"), text)
        wrong = [
            n
            for n, line in enumerate(outside.splitlines(), 1)
            if NUMBERED.search(line) or MATH_DIRECTIVE.match(line)
        ]
        above = ["", *text.splitlines()]
        for line, tex, label in displays(path):
            # MyST sees a label only where the display is a paragraph of its own.
            glued = label and above[line - 1].strip(" >\t") and not above[line - 1].startswith(":")
            if "\\tag{" in tex or glued:
                wrong.append(line)
        found += [f"{path.relative_to(root)}:{line}" for line in wrong]
    return found


def marks(function):
    """Label and fingerprint of every `@pytest.mark.equation(...)` decorator of a function."""
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.equation":
            tex = next((ast.literal_eval(k.value) for k in mark.keywords if k.arg == "tex"), None)
            yield from ((ast.literal_eval(argument), tex) for argument in mark.args)


def evaluated(function):
    """Labels of the formulas that a test reads from the page: `printed("eq-name")`."""
    return {
        ast.literal_eval(node.args[0])
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "printed"
    }


def says_something(function):
    """Whether a test can fail: it asserts, or hands over to a checker that does."""
    calls = (ast.unparse(n.func) for n in ast.walk(function) if isinstance(n, ast.Call))
    return any(isinstance(n, ast.Assert) for n in ast.walk(function)) or any(
        re.search(r"(^|\.)(assert|check|raises)", call) for call in calls
    )


def edited(root):
    """(equation, its fingerprint, test) where a test was written for another formula."""
    printed = {
        equation.label: (equation, fingerprint(equation.tex)) for equation in equations(root)
    }
    return [
        (*printed[test.label], test)
        for test in equation_tests(root)
        if test.label in printed and test.tex != printed[test.label][1]
    ]


def equation_tests(root):
    """Every (label, test) pair of `tests/`."""
    found = []
    for path in sorted(Path(root).glob("tests/**/test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                summary = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
                where = path.relative_to(root).as_posix()
                can_fail, read = says_something(node), evaluated(node)
                found += [
                    Test(label, where, node.name, summary, can_fail, tex, label in read)
                    for label, tex in marks(node)
                ]
    return found
