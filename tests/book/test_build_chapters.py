"""tools/build_chapters.py: the same text gives the same bytes; staleness; failures keep the old."""

import re

import nbformat
import pytest

import build_chapters
from chapters import chapters, is_stale, source_hash, used_modules


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
    assert "pip install -e ." in setup.source and "%pip" not in setup.source
    assert "http" not in setup.source and setup.outputs == []


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


def test_unknown_chapter_is_one_line(small_book):
    with pytest.raises(SystemExit, match="no chapter begins with '77'; there are: 05_small"):
        build_chapters.main(["77"], root=small_book)


def test_check_fails_for_a_stale_chapter_and_runs_nothing(small_book, text):
    with pytest.raises(SystemExit, match="stale: 05_small"):
        build_chapters.main(["--check"], root=small_book)
    assert not text.with_suffix(".ipynb").exists()


@pytest.fixture
def package(small_book, text):
    """A chapter that uses alpha, which uses beta, which reads live/*.js; gamma is not used."""
    files = {
        "__init__.py": '"""Package."""',
        "alpha.py": "def f():\n    from gancourse.beta import g\n",
        "beta.py": "FACES = 'faces'",
        "beta/live.js": "1",
        "faces.npz": "1",
        "other.npz": "1",
        "gamma.py": "",
    }
    for name, content in files.items():
        path = small_book / "gancourse" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    add_code(text, "%matplotlib inline\nfrom gancourse import alpha")
    return small_book / "gancourse"


@pytest.mark.parametrize(
    "name, matters",
    [
        ("__init__.py", True),
        ("alpha.py", True),
        ("beta.py", True),
        ("beta/live.js", True),
        ("faces.npz", True),
        ("gamma.py", False),
        ("other.npz", False),
    ],
)
def test_stale_when_a_used_file_changes(small_book, text, package, name, matters):
    before = source_hash(small_book, text)
    path = package / name
    path.write_text(path.read_text() + "\n# changed")
    assert (source_hash(small_book, text) != before) == matters


def test_stale_when_the_text_changes(small_book, text):
    before = source_hash(small_book, text)
    text.write_text(text.read_text() + "\nOne more sentence.\n")
    assert source_hash(small_book, text) != before


def test_relative_and_foreign_imports_are_ignored(small_book):
    assert used_modules(small_book, "import torch\nfrom . import x\nimport gancoursework") == []


def test_chapters_are_found_by_their_number(small_book):
    (small_book / "chapters" / "notes.md").write_text("no chapter")
    assert [re.sub("_.*", "", t.stem) for t in chapters(small_book)] == ["05"]
