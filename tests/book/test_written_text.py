"""_ext/written_text.py: a page's words come from the text, its outputs from the notebook."""

from types import SimpleNamespace

import nbformat
import pytest
from sphinx.errors import ExtensionError

import written_text
from build_chapters import assemble
from numbering import places
from written_text import as_written, compare


@pytest.fixture
def text(small_book):
    return small_book / "chapters" / "05_small.md"


def executed(text):
    """The chapter's notebook, with something that looks like outputs."""
    notebook = assemble(text.parents[1], text)
    for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("stream", text=f"cell {number}")]
    return notebook


def test_words_of_the_text_and_outputs_of_the_notebook(text):
    notebook = executed(text)
    assert "{eq}" not in notebook.cells[1].source
    read = as_written(notebook, text)
    assert "See the [formula](#a-formula) and {eq}`eq-sum`." in read.cells[1].source
    code = [cell for cell in read.cells if cell.cell_type == "code"]
    assert [cell.outputs[0].text for cell in code] == ["cell 0", "cell 1", "cell 2"]
    assert [cell.execution_count for cell in code] == [0, 1, 2]
    assert code[0].metadata.tags == ["remove-cell"]
    assert code[2].metadata.tags == ["nbval-check-output"]


def test_list_of_references_is_the_notebooks_alone(small_book, text):
    (small_book / "references.bib").write_text("@misc{a, author={A, B}, title={T}, year={1}}")
    text.write_text(text.read_text() + "\nWell said {cite}`a`.\n")
    notebook = executed(text)
    assert notebook.cells[-1].source.startswith("## References\n\n- B A. T. 1.")
    assert "## References" not in "".join(c.source for c in as_written(notebook, text).cells)


def test_another_number_of_code_cells_is_said(text):
    notebook = executed(text)
    text.write_text(text.read_text() + "\n```{code-cell} python\n1\n```\n")
    with pytest.raises(ExtensionError, match="has 3 code cells, its notebook 2: make chapters"):
        as_written(notebook, text)


def sphinx_counts(numbers):
    """An application whose Sphinx has numbered the small chapter."""
    domain = SimpleNamespace(equations={"eq-sum": None})
    return SimpleNamespace(
        all_docs={"chapters/05_small": 0},
        toc_fignumbers={"chapters/05_small": numbers},
        get_domain=lambda name: domain,
    )


@pytest.mark.parametrize(
    "numbers, warnings",
    [
        ({"displaymath": {"equation-eq-sum": (5, 1)}}, 0),
        ({"displaymath": {"equation-eq-sum": (5, 2)}}, 1),
        ({"displaymath": {"equation-eq-sum": (1,)}}, 1),
        ({}, 1),
    ],
)
def test_numbers_that_differ_from_sphinx_are_warnings(small_book, monkeypatch, numbers, warnings):
    said = []
    monkeypatch.setattr(written_text.logger, "warning", lambda *words, **_: said.append(words))
    assert places(small_book)["eq-sum"].name == "(5.1)"
    compare(SimpleNamespace(srcdir=small_book), sphinx_counts(numbers))
    assert len(said) == warnings
