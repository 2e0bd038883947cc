"""Every chapter: a text and the notebook built from it, in one agreed form.

A chapter `chapters/NN_name.md` has one title (`# Title`, without a number: it comes from the file's
name). Under it stand the goals: "You will" with a list, and `**You need**`. It ends with these
sections, by exactly these names and in this order:

    ## Exercises          at least five `:::{exercise}`, each with a `:::{solution}` (a dropdown)
    ## Summary
    ## Further reading

Pictures made by code are followed by a paragraph that begins with `**Figure N.M`, N the chapter.
"""

import re

import nbformat
import pytest
import yaml

from chapters import (
    BADGE,
    SETUP,
    chapters,
    colab_address,
    inserted,
    is_stale,
    own_cells,
    repository,
    serialise,
    with_ids,
    worded,
)
from checkout import ROOT
from equations import chapter_number
from plain_words import REFERENCES

TEXTS = chapters(ROOT)
SECTIONS = ["Exercises", "Summary", "Further reading"]
ABSOLUTE_PATH = re.compile(r"(?<![\w:/])/(?:home|Users|root|work|tmp|usr|opt|mnt|var)/\w")
ADDRESS_IN_MEMORY = re.compile(r"\bat 0x[0-9a-f]{6,}")
MOST_KB = 500

each_chapter = pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)


def notebook_of(text):
    return nbformat.read(text.with_suffix(".ipynb"), as_version=4)


def outputs(notebook):
    return [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]


def what_it_says(cells):
    """All that must be the same in a text and in its notebook."""
    return [(c.cell_type, c.source, dict(c.metadata.items())) for c in cells]


def test_there_are_chapters():
    assert TEXTS


def test_every_notebook_has_a_text():
    notebooks = {path.stem for path in ROOT.glob("chapters/*.ipynb")}
    assert notebooks <= {text.stem for text in TEXTS}


@each_chapter
def test_notebook_says_what_the_text_says(text):
    """In plain Markdown: what that means is held by test_plain_words.py."""
    assert what_it_says(notebook_of(text).cells) == what_it_says(worded(ROOT, text))


@each_chapter
def test_notebook_is_not_stale(text):
    assert not is_stale(ROOT, text), "text or code changed since it was executed: make chapters"


@each_chapter
def test_notebook_file_is_canonical(text):
    """Sorted keys, ids from the content, a fixed kernel: the same results are the same bytes."""
    path = text.with_suffix(".ipynb")
    notebook = notebook_of(text)
    notebook.cells = with_ids(notebook.cells)
    assert path.read_text("utf-8") == serialise(notebook)
    assert notebook.metadata.language_info == {"name": "python"}
    assert not any("execution" in cell.metadata for cell in notebook.cells)


@each_chapter
def test_notebook_ran_in_order(text):
    counts = [c.execution_count for c in notebook_of(text).cells if c.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


@each_chapter
def test_outputs_are_clean(text):
    """No error, nothing on stderr, nothing of the machine on which it ran."""
    for output in outputs(notebook_of(text)):
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.text
        said = output.get("text", "") + "".join(
            str(value) for kind, value in output.get("data", {}).items() if kind.startswith("text/")
        )
        assert not ABSOLUTE_PATH.search(said), ABSOLUTE_PATH.search(said)
        assert not ADDRESS_IN_MEMORY.search(said), ADDRESS_IN_MEMORY.search(said)


@each_chapter
def test_notebook_is_small(text):
    assert text.with_suffix(".ipynb").stat().st_size <= MOST_KB * 1000


@each_chapter
def test_badge_and_setup_follow_the_address(text):
    cells = notebook_of(text).cells
    expected = inserted(ROOT, text)
    assert [c.source for c in cells[: len(expected)]] == [c.source for c in expected], (
        "run: make repository URL=…, or make chapters"
    )
    kinds = [c.metadata.get("gancourse") for c in cells if "gancourse" in c.metadata]
    assert kinds == [*([BADGE, SETUP] if repository(ROOT)[0] else [SETUP]), REFERENCES]
    if repository(ROOT)[0]:
        assert colab_address(ROOT, text.with_suffix(".ipynb")) in cells[0].source


def test_every_chapter_is_in_the_table_of_contents():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    listed = {entry["file"] for part in toc["parts"] for entry in part["chapters"]}
    assert {f"chapters/{text.stem}" for text in TEXTS} <= listed


# ---- the parts that every chapter has ---------------------------------------------------------


def headings(text, level):
    mark = "#" * level
    return re.findall(rf"^{mark} (.+?)\s*$", without_code(text), re.MULTILINE)


def without_code(text):
    return re.sub(r"^```.*?^```", "", text.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@each_chapter
def test_chapter_has_one_title_without_number(text):
    (title,) = headings(text, 1)
    assert not re.match(r"\W*(\d|chapter\b)", title, re.IGNORECASE)


@each_chapter
def test_chapter_has_every_section(text):
    found = [heading for heading in headings(text, 2) if heading in SECTIONS]
    assert found == SECTIONS


@each_chapter
def test_chapter_begins_with_its_goals(text):
    opening = re.split(r"^## (?!Goals$)", text.read_text("utf-8"), flags=re.MULTILINE)[0]
    assert re.search(r"^(\*\*)?You will(\*\*)?\s*\n(\s*\n)?[-*] ", opening, re.MULTILINE)
    assert re.search(r"^\*\*You need\*\*", opening, re.MULTILINE)


def directives(text, name):
    """(argument, options) of every directive of that name."""
    block = rf"^:{{3,}}\{{{name}\}}(.*)\n((?::[\w-]+:.*\n)*)"
    found = re.findall(block, text.read_text("utf-8"), re.MULTILINE)
    return [
        (argument.strip(), dict(re.findall(r"^:([\w-]+): *(.*)$", options, re.M)))
        for argument, options in found
    ]


@each_chapter
def test_exercises_have_hidden_solutions(text):
    exercises = [options["label"] for _, options in directives(text, "exercise")]
    solutions = directives(text, "solution")
    assert len(exercises) >= 5
    assert sorted(label for label, _ in solutions) == sorted(exercises)
    assert all(options.get("class") == "dropdown" for _, options in solutions)


@each_chapter
def test_every_picture_has_a_caption(text):
    cells = own_cells(notebook_of(text))
    for cell, after in zip(cells, [*cells[1:], None], strict=True):
        if cell.cell_type == "code" and any("image/png" in o.get("data", {}) for o in cell.outputs):
            number = chapter_number(f"chapters/{text.stem}")
            caption = rf"\*\*Figure {number}\.\d+"
            assert after is not None and re.match(caption, after.source), (
                f"no caption below: {cell.source[:80]}"
            )


@each_chapter
def test_what_stands_in_columns_is_a_table(text):
    """Words between blanks are cut on a phone; a screen reader cannot say what heads them."""
    in_columns = re.compile(r"\S {2,}\S.*\S {2,}\S")
    for cell in notebook_of(text).cells:
        outputs = cell.outputs if cell.cell_type == "code" else []
        lines = "".join(o.text for o in outputs if o.output_type == "stream").splitlines()
        lines = [line for line in lines if not line.strip().startswith(("tensor(", "["))]
        assert sum(map(bool, map(in_columns.search, lines))) < 3, cell.source


@each_chapter
def test_labels_of_pictures_are_legible_on_a_phone(text):
    """Ten pixels there are 8 points in a picture of 7.2 inches (tests/test_plots.py)."""
    cells = (c.source for c in notebook_of(text).cells if c.cell_type == "code")
    for code in cells:
        points = map(float, re.findall(r"(?:font|label|title)size=([\d.]+)", code))
        inches = map(float, re.findall(r"\bpanels\([^()]*\bwidth=([\d.]+)", code))
        assert min(points, default=8) >= 8 and max(inches, default=7.2) <= 8.4, code
