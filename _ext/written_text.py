"""Sphinx extension: a chapter's page has its words from the text, its outputs from the notebook.

The notebook says the same in Markdown that Colab and JupyterLab know (tools/plain_words.py);
the book has more to say it with. Cells are paired by their order, code with code; what only a
notebook has (the list of what it cites) is left out.

A notebook calls formulas, theorems and exercises by the numbers that ``numbering`` counts; at each
build they are compared with Sphinx's own.
"""

from pathlib import Path

import jupytext
import nbformat
from sphinx.errors import ExtensionError
from sphinx.util.logging import getLogger

from numbering import places

ONLY_IN_NOTEBOOKS = {"references"}
logger = getLogger(__name__)


def as_written(notebook, text):
    """The notebook with the cells of its text, each code cell with the outputs that it had."""
    extra = [cell for cell in notebook.cells if "gancourse" in cell.metadata]
    executed = [c for c in notebook.cells if c.cell_type == "code" and c not in extra]
    cells = jupytext.read(text).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    if len(code) != len(executed):
        raise ExtensionError(
            f"{text.name} has {len(code)} code cells, its notebook {len(executed)}: make chapters"
        )
    for cell, before in zip(code, executed, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
    first = [cell for cell in extra if cell.metadata["gancourse"] not in ONLY_IN_NOTEBOOKS]
    notebook.cells = first + cells
    return notebook


def read(app, docname, source):
    """Before a page is parsed: a notebook that has a text is read as its author wrote it."""
    path = Path(app.env.doc2path(docname))
    text = path.with_suffix(".md")
    if path.suffix == ".ipynb" and text.exists():
        app.env.note_dependency(str(text))
        notebook = nbformat.reads(source[0], as_version=4)
        source[0] = nbformat.writes(as_written(notebook, text))


def printed(env):
    """(page, label) and number of every formula and counted box, as Sphinx has counted."""
    equations = env.get_domain("math").equations
    for docname, kinds in env.toc_fignumbers.items():
        for kind, numbers in kinds.items():
            for anchor, number in numbers.items():
                label = anchor.removeprefix("equation-")
                if kind != "displaymath" or label in equations:
                    yield (docname, label), ".".join(map(str, number))


def compare(app, env):
    """A warning for each thing that the notebooks call by another number than the book."""
    counted = dict(printed(env))
    for label, place in places(app.srcdir).items():
        number = counted.get((place.page, label))
        if place.page in env.all_docs and number != place.name.strip("()").split(" ")[-1]:
            logger.warning(
                "%s is %s in the notebook and %s in the book (_ext/numbering.py)",
                *(label, place.name, number),
                location=place.page,
            )


def setup(app):
    app.connect("source-read", read)
    app.connect("env-check-consistency", compare)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
