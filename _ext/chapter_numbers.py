"""Sphinx extension: chapter ``chapters/06_name`` is number 6, whatever stands before it in
_toc.yml, and the appendix ``chapters/A_name`` is A.

Sphinx counts the entries of the table of contents, so a book whose first chapters are not written
yet would call chapter 5 "1" and renumber every theorem and equation with each new chapter.
"""

import functools

from docutils import nodes
from sphinx.environment.collectors.toctree import TocTreeCollector

from equations import chapter_number


def renumber(env, docname, chapter):
    """Puts ``chapter`` in the first place of every section number of the page."""
    numbers = env.toc_secnumbers[docname]
    for anchor, number in numbers.items():
        numbers[anchor] = number and (chapter, *number[1:])
    for node in [env.titles[docname], *env.tocs[docname].findall(nodes.reference)]:
        if node.get("secnumber"):
            node["secnumber"] = [chapter, *node["secnumber"][1:]]


def numbering_chapters_first(assign):
    """Wraps the step that numbers figures, theorems and equations after the sections."""

    @functools.wraps(assign)
    def assign_figure_numbers(self, env):
        for docname in env.toc_secnumbers:
            if chapter := chapter_number(docname):
                renumber(env, docname, chapter)
        return assign(self, env)

    assign_figure_numbers.numbers_chapters = True  # type: ignore[attr-defined]
    return assign_figure_numbers


def setup(app):
    # Two extensions of Jupyter Book replace the numbering of sections, each in its own way;
    # all of them are followed by this one step.
    step = TocTreeCollector.assign_figure_numbers
    if not hasattr(step, "numbers_chapters"):
        TocTreeCollector.assign_figure_numbers = numbering_chapters_first(step)  # type: ignore[method-assign]
    return {"parallel_read_safe": True, "parallel_write_safe": True}
