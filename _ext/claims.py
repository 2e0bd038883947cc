"""Conclusions from experiments: where the text states them, and the tests that recompute them.

A conclusion has a name in the text, between two comments that no page and no notebook shows:

    <!-- claim: penalty-finds-modes -->All ten runs find all eight modes.<!-- /claim -->

A paragraph that begins with one has `&zwnj;` before it: a line that begins with a comment is HTML
to Markdown. A test claims it by `@pytest.mark.claim("penalty-finds-modes", text="1a2b3c4d")`;
`text` is the fingerprint of the words, so that whoever edits the sentence must open its test. The
directive `{claim-ledger}` lists every claim beside its tests. Nothing is imported or run.
"""

import ast
import hashlib
import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from equations import page_title, pages, says_something

CLAIM = re.compile(r"<!-- claim: (?P<name>\S+) -->(?P<text>.*?)<!-- /claim -->", re.DOTALL)
HALF = re.compile(r"<!-- (?:/claim|claim: \S+) -->")


@dataclass(frozen=True)
class Claim:
    name: str
    text: str
    page: str  # path inside the book, without ".md"
    line: int

    @property
    def fingerprint(self):
        """Changes with the words, not with how their lines are broken."""
        return hashlib.sha256(" ".join(self.text.split()).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class ClaimTest:
    name: str  # of the claim
    text: str | None
    path: str
    function: str
    summary: str
    asserts: bool


def claims(root):
    """Every claim, in the order of the pages."""
    found = []
    for path in pages(root):
        page = path.read_text("utf-8")
        for match in CLAIM.finditer(page):
            where = path.relative_to(root).with_suffix("").as_posix()
            line = page.count("\n", 0, match.start()) + 1
            found.append(Claim(match["name"], match["text"].strip(), where, line))
    return found


def half_marked(root):
    """`page:line` of every comment of a claim that has lost its other half."""
    found = []
    for path in pages(root):
        rest = CLAIM.sub(lambda m: "\n" * m.group().count("\n"), path.read_text("utf-8"))
        found += [
            f"{path.relative_to(root)}:{rest.count(chr(10), 0, match.start()) + 1}"
            for match in HALF.finditer(rest)
        ]
    return found


def claim_tests(root):
    """Every test that is marked with a claim."""
    found = []
    for path in sorted(Path(root).glob("tests/**/test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            for mark in node.decorator_list:
                if not isinstance(mark, ast.Call) or ast.unparse(mark.func) != "pytest.mark.claim":
                    continue
                text = next(
                    (ast.literal_eval(k.value) for k in mark.keywords if k.arg == "text"), None
                )
                summary = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
                where = path.relative_to(root).as_posix()
                asserts = says_something(node)
                found += [
                    ClaimTest(ast.literal_eval(argument), text, where, node.name, summary, asserts)
                    for argument in mark.args
                ]
    return found


class ClaimLedger(SphinxDirective):
    """`{claim-ledger}`: every claim, page by page, with its words and its tests."""

    def parse(self, text, node):
        lines = StringList(text.splitlines(), source=self.env.docname)
        self.state.nested_parse(lines, 0, node)
        return node

    def run(self):
        root = Path(self.env.srcdir)
        for source in [*pages(root), *root.glob("tests/**/test_*.py")]:
            self.env.note_dependency(str(source))
        found, tests = claims(root), claim_tests(root)
        count = f"The book draws **{len(found)}** named conclusions from experiments."
        result = self.parse(count, nodes.Element()).children
        for page, group in groupby(found, key=lambda claim: claim.page):
            section = nodes.section(ids=[nodes.make_id(f"claims of {page}")], names=[page])
            section += nodes.title("", page_title(root, page))
            entries = [self.entry(c, [t for t in tests if t.name == c.name]) for c in group]
            result.append(self.parse("\n".join(entries), section))
        return result

    def entry(self, claim, tests):
        """One claim as MyST text: its words, a link to its page, what each test does."""
        words = re.sub(r"\]\((?!http|#)([^)]+)\)", r"](/chapters/\1)", " ".join(claim.text.split()))
        checks = "\n".join(f"{t.summary}\n<br>`{t.path}::{t.function}`\n" for t in tests)
        return f":::{{div}} ledger-entry\n> {words}\n\n{checks}\n:::\n"


def setup(app):
    app.add_directive("claim-ledger", ClaimLedger)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
