"""What the book calls its formulas, theorems and exercises, read from the sources.

Sphinx counts them when it builds the book: labelled formulas, and boxes of one kind, in the order
of the page, with the chapter's number in front. A notebook has to say the same without a build.
The extension ``written_text`` compares both whenever the book is built.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from equations import chapter_number, displays, pages, prose

BOX = re.compile(r"^:{3,}\{(?P<kind>[\w:]+)\}.*\n(?P<options>(?::[\w-]+:.*\n)*)", re.MULTILINE)
LABEL = re.compile(r"^:label: *(\S+)", re.MULTILINE)
#: The boxes that are counted, each kind for itself.
NAMES = {
    "exercise": "Exercise",
    **{f"prf:{kind.lower()}": kind for kind in ("Theorem", "Proposition", "Lemma", "Corollary")},
    **{f"prf:{kind.lower()}": kind for kind in ("Definition", "Algorithm", "Example", "Remark")},
}


@dataclass(frozen=True)
class Place:
    """Something that the text can point to: the page, where on it, and how the book calls it."""

    page: str  # path inside the book, without ".md"
    anchor: str  # the id on the built page
    kind: str  # "equation", "exercise", "theorem", ...
    name: str  # "(5.3)", "Exercise 5.1", "Theorem 6.2"


def places(root):
    """Every labelled formula and every counted box of the chapters, by its label."""
    root = Path(root)
    found: dict[str, Place] = {}
    for path in pages(root):
        page = path.relative_to(root).with_suffix("").as_posix()
        if chapter := chapter_number(page):
            found |= _formulas(path, page, chapter) | _boxes(path, page, chapter)
    return found


def _formulas(path, page, chapter):
    labels = [label for _, _, label in displays(path) if label]
    return {
        label: Place(page, f"equation-{label}", "equation", f"({chapter}.{number})")
        for number, label in enumerate(labels, 1)
    }


def _boxes(path, page, chapter):
    found: dict[str, Place] = {}
    for box in BOX.finditer(prose(path)):
        kind, label = box["kind"], LABEL.search(box["options"])
        if kind in NAMES and label:
            kind = kind.removeprefix("prf:")
            number = 1 + sum(place.kind == kind for place in found.values())
            name = f"{kind.capitalize()} {chapter}.{number}"
            found[label[1]] = Place(page, label[1], kind, name)
    return found
