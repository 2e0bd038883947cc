r"""Sphinx extension: ``{letters}`` at a chapter's head lists the letters that it uses, folded.

What a letter means stands once, on the page of notation: in its tables that begin with "Symbol",
and for the letters of single chapters in the table that begins with "Chapter". Which of the first
kind a chapter uses is read from its formulas; the second kind goes first, and hides what the same
letter means elsewhere. A symbol of the first kind that other chapters use for something else says
in a comment where it is meant: ``<!-- in: 11 13 -->``.
"""

import re
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

import roads
from tex import tokens

PAGE = "appendix/notation.md"
TITLE = "The letters of this chapter"
FORMULA = re.compile(r"\$\$(?P<display>.+?)\$\$|(?<!\\)\$(?P<inline>[^$]+?)\$", re.DOTALL)
CELLS = re.compile(r"(?<!\\)\|")
MEANT = re.compile(r"\s*<!-- in: (?P<chapters>[\d ]+) -->")


def rows(root, first):
    """The rows of the notation's tables whose first column is called ``first``, as cells."""
    inside = False
    for line in Path(root, PAGE).read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in CELLS.split(line)[1:-1]]
        if not cells:
            inside = False
        elif cells[0] == first:
            inside = True
        elif inside and not set(line) <= set("|-: "):
            yield cells


def formulas(words):
    """The formulas of a text, each as a list of tokens."""
    return [tokens(m["display"] or m["inline"]) for m in FORMULA.finditer(words)]


def sides(symbol):
    r"""What to look for: each formula of a symbol's cell, without what it is defined to be.

    ``$x\sim p$`` is ``x`` and ``p``; of a name such as KL its argument does not matter.
    """
    for formula in formulas(symbol):
        left = formula[: formula.index("=")] if "=" in formula else formula
        parts: list[list[str]] = [[]]
        for token in left:
            if token in (r"\sim", ",") and parts[-1].count("(") == parts[-1].count(")"):
                parts.append([])
            else:
                parts[-1].append(token)
        yield [named(part) for part in parts if part and part != [r"\dots"]]


def named(part):
    if part[0] in (r"\mathcal", r"\mathbb"):
        return part[:2]
    if len(part[0]) > 1 and part[0].isalpha():
        return part[:1]
    name = part[: part.index("(")] if "(" in part else part
    return name if len(name) > 1 else part  # W_1 is known without (p, q), D(x) is not


def holds(formula, part):
    """Whether a formula has these tokens in a row, and not as the base of an index."""
    n, plain = len(part), part[-1] not in ("}", ")")
    return any(
        formula[i : i + n] == part and not (plain and formula[i + n : i + n + 1] == ["_"])
        for i in range(len(formula) - n + 1)
    )


def found(root, text):
    """(symbol, meaning) of each letter that a chapter uses; its own first."""
    chapter = str(int(text.name[:2]))
    own = [
        (symbol, said) for number, symbol, said, *_ in rows(root, "Chapter") if number == chapter
    ]
    taken = [part for symbol, _ in own for parts in sides(symbol) for part in parts]
    said = formulas(roads.FENCED.sub("", text.read_text("utf-8")))

    def used(symbol, meaning):
        meant = MEANT.search(meaning)
        if meant and chapter not in meant["chapters"].split():
            return False
        known = list(sides(symbol))
        if any(part in taken for parts in known for part in parts):
            return False
        return any(all(any(holds(f, part) for f in said) for part in parts) for parts in known)

    general = [(symbol, meaning) for symbol, meaning, *_ in rows(root, "Symbol")]
    return own + [
        (symbol, MEANT.sub("", meaning)) for symbol, meaning in general if used(symbol, meaning)
    ]


def table(root, text):
    """The letters of a chapter as a table in Markdown."""
    lines = [f"| {symbol} | {meaning} |" for symbol, meaning in found(root, text)]
    return "\n".join(["| Letter | Meaning |", "|:--|:--|", *lines])


class Letters(SphinxDirective):
    """``{letters}``: the folded table."""

    def run(self):
        root, path = Path(self.env.srcdir), Path(self.env.doc2path(self.env.docname))
        text = path.with_suffix(".md")
        if not (text.exists() and (root / PAGE).exists()):  # a preview has neither
            return []
        self.env.note_dependency(str(root / PAGE))
        box = f"::::{{admonition}} {TITLE}\n:class: dropdown letters\n\n{table(root, text)}\n::::"
        node = nodes.Element()
        lines = StringList(box.splitlines(), source=self.env.docname)
        self.state.nested_parse(lines, 0, node)
        return node.children


def setup(app):
    app.add_directive("letters", Letters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
