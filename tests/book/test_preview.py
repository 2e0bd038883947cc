"""One chapter as its text stands: its page, and words that help where the text is wrong."""

import pytest

import check
import preview

GLUED = """
A sentence that goes on
$$
2 + 2 = 4
$$ (eq-glued)
"""


def text_of(book):
    return book / "chapters" / "05_small.md"


def test_the_page_of_a_draft_is_built_with_what_is_known_of_its_results(executed_book, capsys):
    draft = text_of(executed_book)
    draft.write_text(draft.read_text() + "\nSee {eq}`eq-of-another-chapter` and {nosuchrole}`x`.\n")
    preview.main(["5"], root=executed_book)
    *found, last = capsys.readouterr().out.splitlines()
    page = executed_book / "_build/preview/_build/html/chapters/05_small.html"
    assert last.endswith(page.as_uri())
    html = page.read_text()
    assert "5. </span>A small chapter" in html and "eq-of-another-chapter" in html
    assert "<img" in html and "tensor(" in html  # of cells that are as they were
    assert any("nosuchrole" in line for line in found)
    assert not any("eq-of-another-chapter" in line for line in found)


def test_a_glued_formula_is_named_by_file_and_line_before_anything_is_built(small_book):
    draft = text_of(small_book)
    line = draft.read_text().count("\n") + 3
    draft.write_text(draft.read_text() + GLUED)
    for step in (check.book, check.build, lambda root: preview.preview(root, "05")):
        with pytest.raises(check.CheckError) as problem:
            step(small_book)
        assert f"chapters/05_small.md:{line}: " in str(problem.value)
        assert "empty line" in str(problem.value) and not (small_book / "_build").exists()


def test_a_chapter_that_is_not_there_is_told(small_book):
    with pytest.raises(SystemExit, match=r"no chapters/14_\*.md; there are 05"):
        preview.main(["14"], root=small_book)
    with pytest.raises(SystemExit, match="ARGS=14"):
        preview.main([], root=small_book)
