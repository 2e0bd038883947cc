"""tools/build_chapters.py: the same text gives the same bytes; staleness; failures keep the old."""

import re

import nbformat
import pytest

import build_chapters
from chapters import assemble, chapters, is_stale, serialise, source_hash


@pytest.fixture
def text(small_book):
    return small_book / "chapters" / "05_small.md"


def add_code(text, code):
    text.write_text(text.read_text() + f"\n```{{code-cell}} python\n{code}\n```\n")


def test_executing_twice_gives_identical_bytes(small_book, text):
    """A figure and torch's random numbers, in two kernels."""
    notebook = text.with_suffix(".ipynb")
    build_chapters.main([], root=small_book)
    first = notebook.read_bytes()
    notebook.unlink()
    build_chapters.main([], root=small_book)
    assert notebook.read_bytes() == first
    assert b"image/png" in first and b"tensor(" in first
    assert not is_stale(small_book, text)


def test_nothing_is_installed_while_the_address_is_unknown(small_book, text):
    build_chapters.main([], root=small_book)
    setup = nbformat.read(text.with_suffix(".ipynb"), as_version=4).cells[0]
    assert setup.metadata.tags == ["remove-cell"]
    assert "http" not in setup.source and "git+" not in setup.source and setup.outputs == []


@pytest.mark.parametrize(
    "code, message",
    [
        ("x = 1\nx / 0", "line 2: x / 0"),
        ("import warnings\nwarnings.warn('planted', RuntimeWarning)", "RuntimeWarning: planted"),
    ],
)
def test_failing_cell_is_named_and_the_old_notebook_stays(small_book, text, capsys, code, message):
    notebook = text.with_suffix(".ipynb")
    notebook.write_text("old")
    add_code(text, code)
    with pytest.raises(SystemExit, match="1 of 1 chapters failed"):
        build_chapters.main(["05"], root=small_book)
    said = capsys.readouterr().out
    assert "chapters/05_small.md, code cell 4" in said and message in said
    assert notebook.read_text() == "old"


def test_what_has_no_plain_form_is_said_and_the_old_notebook_stays(small_book, text, capsys):
    text.with_suffix(".ipynb").write_text("old")
    text.write_text(text.read_text() + "\n:::{mystery} x\ny\n:::\n")
    with pytest.raises(SystemExit, match="1 of 1 chapters failed"):
        build_chapters.main(["05"], root=small_book)
    assert "chapters/05_small.md: the directive 'mystery'" in capsys.readouterr().out
    assert text.with_suffix(".ipynb").read_text() == "old"


def test_new_words_need_no_execution(executed_book, capsys, monkeypatch):
    """A new version stands in every set-up cell; what the cells have put out stays."""
    monkeypatch.delattr(build_chapters, "build")  # whoever executes fails
    path = executed_book / "chapters" / "05_small.ipynb"
    before = nbformat.read(path, as_version=4)
    module = executed_book / "gancourse" / "__init__.py"
    module.write_text(module.read_text().replace("1.2.3", "1.2.4"))
    build_chapters.main([], root=executed_book)
    assert "new words, nothing executed: 05_small" in capsys.readouterr().out
    after = nbformat.read(path, as_version=4)
    assert "gancourse-1.2.4-py3" in after.cells[0].source
    assert after.cells[1:] == before.cells[1:] and after.metadata == before.metadata
    build_chapters.main([], root=executed_book)
    assert "new words" not in capsys.readouterr().out


def test_unknown_chapter_is_one_line(small_book):
    with pytest.raises(SystemExit, match="no chapter begins with '77'; there are: 05_small"):
        build_chapters.main(["77"], root=small_book)


def test_check_fails_for_a_stale_chapter_and_runs_nothing(small_book, text):
    with pytest.raises(SystemExit, match="stale: 05_small"):
        build_chapters.main(["--check"], root=small_book)
    assert not text.with_suffix(".ipynb").exists()


def test_stale_chapters_are_printed_one_name_a_line_and_nothing_else(small_book, text, capsys):
    """`make stale`: the names on stdout; nothing when all are built."""
    (text.parent / "06_other.md").write_text(text.read_text())
    build_chapters.main(["--stale"], root=small_book)
    assert capsys.readouterr().out == "05_small\n06_other\n"
    for name in ("05_small", "06_other"):
        notebook = assemble(small_book, text.with_stem(name))
        text.with_name(f"{name}.ipynb").write_text(serialise(notebook))
    add_code(text, "1")
    build_chapters.main(["--stale"], root=small_book)
    assert capsys.readouterr().out == "05_small\n"
    build_chapters.main(["--stale", "06"], root=small_book)
    assert capsys.readouterr().out == ""


def test_stale_when_the_text_changes(small_book, text):
    before = source_hash(small_book, text)
    text.write_text(text.read_text() + "\nOne more sentence.\n")
    assert source_hash(small_book, text) != before


def test_chapters_are_found_by_their_number(small_book):
    (small_book / "chapters" / "notes.md").write_text("no chapter")
    assert [re.sub("_.*", "", t.stem) for t in chapters(small_book)] == ["05"]
