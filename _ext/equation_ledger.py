"""Sphinx extension: the directive `{equation-ledger}` lists every equation next to its test."""

from itertools import chain, groupby
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from equations import equation_tests, equations, page_title, pages


def entry(equation, tests):
    """One equation as MyST text: its number (a link), the formula, what each test does."""
    yield f":::{{div}} ledger-entry\n{{eq}}`{equation.label}`\n\n$$\n{equation.tex}\n$$\n"
    for test in tests:
        yield f"{test.summary}\n<br>{how(test)} `{test.path}::{test.name}`\n"
    yield ":::\n" if tests else "**No test yet.**\n:::\n"


def how(test):
    """How a test is bound to what is printed."""
    if test.evaluates:
        return "Evaluates the printed formula:"
    return f"Written for the formula with the fingerprint {test.tex}:"


def counts(found, tests):
    """The sentences that say how much is verified, and how."""
    labels = {equation.label for equation in found}
    tested = {test.label for test in tests} & labels
    read = {test.label for test in tests if test.evaluates} & labels
    functions = {(test.path, test.name) for test in tests}
    return (
        f"The book has **{len(found)}** numbered equations; **{len(functions)}** tests verify "
        f"**{len(tested)}** of them. For **{len(read)}** a test evaluates the formula as it is "
        f"printed, or the sides of it that are arithmetic; the other **{len(tested - read)}** are "
        "bound to their test by a fingerprint only."
    )


class EquationLedger(SphinxDirective):
    def parse(self, text, node):
        lines = StringList(text.splitlines(), source=self.env.docname)
        self.state.nested_parse(lines, 0, node)
        return node

    def run(self):
        root = Path(self.env.srcdir)
        for source in [*pages(root), *root.glob("tests/**/test_*.py")]:
            self.env.note_dependency(str(source))
        found, tests = equations(root), equation_tests(root)
        result = self.parse(counts(found, tests), nodes.Element()).children
        for page, group in groupby(found, key=lambda equation: equation.page):
            section = nodes.section(ids=[nodes.make_id(f"equations of {page}")], names=[page])
            section += nodes.title("", page_title(root, page))
            entries = (entry(e, [t for t in tests if t.label == e.label]) for e in group)
            result.append(self.parse("\n".join(chain.from_iterable(entries)), section))
        return result


def setup(app):
    app.add_directive("equation-ledger", EquationLedger)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
