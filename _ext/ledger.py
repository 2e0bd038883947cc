"""Sphinx extension: ``{equation-ledger}`` and ``{claim-ledger}`` list what the book states, page by
page, each statement beside the tests that verify it."""

import re
from itertools import groupby
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from claims import claims
from equations import equations, page_title, pages
from marked_tests import marked_tests, sources


class Ledger(SphinxDirective):
    """A section per page, in it an entry per statement."""

    mark: str  # of the tests that verify these statements

    @staticmethod
    def find(root):
        """The statements in the order of the pages; each has a ``label`` and a ``page``."""
        raise NotImplementedError

    @staticmethod
    def counts(found, tests):
        """The sentences above the list, as MyST text."""
        raise NotImplementedError

    @staticmethod
    def entry(statement, tests):
        """One statement and its tests as MyST text."""
        raise NotImplementedError

    def parse(self, text, node):
        lines = StringList(text.splitlines(), source=self.env.docname)
        self.state.nested_parse(lines, 0, node)
        return node

    def run(self):
        root = Path(self.env.srcdir)
        for source in [*pages(root), *sources(root)]:
            self.env.note_dependency(str(source))
        found, tests = self.find(root), marked_tests(root, self.mark)
        result = self.parse(self.counts(found, tests), nodes.Element()).children
        for page, group in groupby(found, key=lambda statement: statement.page):
            section = nodes.section(ids=[nodes.make_id(f"{self.mark}s of {page}")], names=[page])
            section += nodes.title("", page_title(root, page))
            entries = [self.entry(s, [t for t in tests if t.label == s.label]) for s in group]
            result.append(self.parse("\n".join(entries), section))
        return result


class EquationLedger(Ledger):
    """``{equation-ledger}``: every equation with its number (a link), and how it is verified."""

    mark = "equation"
    find = staticmethod(equations)

    @staticmethod
    def counts(found, tests):
        labels = {equation.label for equation in found}
        tested = {test.label for test in tests} & labels
        read = {test.label for test in tests if test.evaluates} & labels
        functions = {(test.path, test.name) for test in tests}
        return (
            f"The book has **{len(found)}** numbered equations; **{len(functions)}** tests verify "
            f"**{len(tested)}** of them. For **{len(read)}** a test evaluates the formula as it is "
            f"printed, or the sides of it that are arithmetic; the other **{len(tested - read)}** "
            "are bound to their test by a fingerprint only."
        )

    @staticmethod
    def entry(equation, tests):
        head = f":::{{div}} ledger-entry\n{{eq}}`{equation.label}`\n\n$$\n{equation.tex}\n$$\n"
        checks = [f"{t.summary}\n<br>{_how(t)} `{t.path}::{t.name}`\n" for t in tests]
        return "\n".join([head, *checks, ":::\n" if tests else "**No test yet.**\n:::\n"])


def _how(test):
    """How the test of an equation is bound to what is printed."""
    if test.evaluates:
        return "Evaluates the printed formula:"
    return f"Written for the formula with the fingerprint {test.fingerprint}:"


class ClaimLedger(Ledger):
    """``{claim-ledger}``: every claim with its words and its tests."""

    mark = "claim"
    find = staticmethod(claims)

    @staticmethod
    def counts(found, tests):
        return f"The book draws **{len(found)}** named conclusions from experiments."

    @staticmethod
    def entry(claim, tests):
        words = re.sub(r"\]\((?!http|#)([^)]+)\)", r"](/chapters/\1)", " ".join(claim.text.split()))
        checks = "\n".join(f"{t.summary}\n<br>`{t.path}::{t.name}`\n" for t in tests)
        return f":::{{div}} ledger-entry\n> {words}\n\n{checks}\n:::\n"


def setup(app):
    app.add_directive("equation-ledger", EquationLedger)
    app.add_directive("claim-ledger", ClaimLedger)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
