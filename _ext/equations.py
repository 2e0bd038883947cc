r"""Finds the labelled equations of the book, by reading the sources.

An equation is labelled as ``$$ ... $$ (eq-name)``; a test claims it by
``@pytest.mark.equation("eq-name", tex="…")``, where ``tex`` is the fingerprint (_ext/tex.py) of the
formula that its author looked at (_ext/marked_tests.py). A test that calls ``printed("eq-name")``
evaluates the printed formula itself.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from marked_tests import marked_tests
from tex import fingerprint

CHAPTER = re.compile(r"chapters/(\d\d|[A-Z])_")
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


def chapter_number(page):
    """6 of ``chapters/06_name``, "A" of the appendix ``chapters/A_name``, else ``None``."""
    found = CHAPTER.match(page)
    return found and (int(found[1]) if found[1].isdigit() else found[1])


def page_title(root, page):
    """The title of a page, with the chapter's number in front."""
    text = Path(root, f"{page}.md").read_text("utf-8")
    title = re.findall(r"^# (.+)$", text, re.MULTILINE)[0]
    chapter = chapter_number(page)
    return f"{chapter}. {title}" if chapter else title


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


def glued(path):
    """The lines of labelled displays that stand glued to a paragraph: MyST sees no label there."""
    above = ["", *prose(path).splitlines()]
    return [
        line
        for line, _, label in displays(path)
        if label and above[line - 1].strip(" >\t") and not above[line - 1].startswith(":")
    ]


def numbered_without_label(root):
    """``page:line`` of every display that would be numbered, or whose label would not be seen."""
    found = []
    for path in pages(root):
        text = prose(path)
        outside = DISPLAY.sub(lambda m: "\n" * m.group().count("\n"), text)
        wrong = [
            n
            for n, line in enumerate(outside.splitlines(), 1)
            if NUMBERED.search(line) or MATH_DIRECTIVE.match(line)
        ]
        wrong += [line for line, tex, _ in displays(path) if "\\tag{" in tex]
        wrong += glued(path)
        found += [f"{path.relative_to(root)}:{line}" for line in wrong]
    return found


def edited(root):
    """(equation, its fingerprint, test) where a test was written for another formula."""
    printed = {
        equation.label: (equation, fingerprint(equation.tex)) for equation in equations(root)
    }
    return [
        (*printed[test.label], test)
        for test in marked_tests(root, "equation")
        if test.label in printed and test.fingerprint != printed[test.label][1]
    ]
