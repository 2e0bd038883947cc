"""The notebook of a chapter in plain Markdown: what Colab, JupyterLab and VS Code open."""

import re
import subprocess
import sys
import zipfile

import nbformat
import pytest
from markdown_it import MarkdownIt

import letters
from chapters import chapters, setup_cell, worded, written
from checkout import ROOT
from equations import displays
from numbering import places
from plain_words import DISPLAY, Plain, PlainError

TEXTS = chapters(ROOT)
each_chapter = pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)

#: What only the book understands, each with an example that must be found.
REMNANTS = {
    r":::": ":::{exercise} Push it forward",
    r"\{[a-z]+(:[a-z]+)?\}`": "see {prf:ref}`thm-em`",
    r"^\([\w-]+\)=": "(a-label)=",
    r"\]\(#": "[the loss](#eq-loss)",
    r"\.md[)#]": "[chapter 6](06_optimal_discriminator.md)",
    r"\$\$[ \t]*\(": "$$ (eq-loss)",
    r"\beq-[a-z]|\b(thm|ex|alg|prop)-[a-z\d]+-?[a-z]": "by eq-loss",
    r"<!--|&zwnj;": "<!-- claim: x -->",
    r"^:[a-z]+:": ":class: dropdown",
    r"\[\^\w+\]": "a note[^1]",
    r"\{(cite|eq|ref|term)": "{cite}",
    r"NBVAL": "# NBVAL_CHECK_OUTPUT",
}
FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
INLINE = re.compile(r"(?<!\\)\$(?!\$)((?:[^$\\]|\\.)+?)\$", re.DOTALL)


def words(cells):
    """The Markdown of cells as their author wrote it: without the table of letters, code blocks,
    and the marks of quotes."""
    source = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    table = rf"<details>\n<summary><b>{letters.TITLE}</b></summary>.*?</details>"
    source = re.sub(table, "", source, flags=re.DOTALL)
    return re.sub(r"^> ?", "", FENCED.sub("", source), flags=re.MULTILINE)


def stored(text):
    return nbformat.read(text.with_suffix(".ipynb"), as_version=4).cells


def own(cells):
    return [cell for cell in cells if "gancourse" not in cell.metadata]


@pytest.mark.parametrize("pattern", REMNANTS)
def test_remnants_are_found_where_they_are(pattern):
    assert re.search(pattern, REMNANTS[pattern], re.MULTILINE)


@each_chapter
def test_no_remnant_in_any_notebook(text):
    for cell in stored(text):
        said = CODE.sub("", FENCED.sub("", cell.source))
        said = cell.source if cell.cell_type == "code" else said
        for pattern in REMNANTS if cell.cell_type == "markdown" else ["NBVAL"]:
            found = re.search(pattern, said, re.MULTILINE)
            assert not found, said[max(0, found.start() - 60) : found.end() + 60]


@each_chapter
def test_no_markup_shows_through(text):
    """Read as Markdown, formulas apart: no star, dollar, bracket or tag is left in the words."""
    for cell in stored(text):
        if cell.cell_type == "markdown":
            source = INLINE.sub("x", re.sub(r"\$\$.+?\$\$", "x", cell.source, flags=re.DOTALL))
            for block in MarkdownIt().enable("table").parse(source):
                for token in block.children or []:
                    shown = token.type == "text" and re.search(r"\*\*|\$|\]\(|</?\w", token.content)
                    assert not shown, token.content


@each_chapter
def test_same_cells_in_the_same_order(text):
    """The code, its tags, and the kinds of the cells; a cell that only draws is folded."""
    said, meant = own(worded(ROOT, text)), written(text)
    assert [c.cell_type for c in said] == [c.cell_type for c in meant]
    for plain, cell in zip(said, meant, strict=True):
        if cell.cell_type == "code":
            assert plain.source == cell.source
            assert plain.metadata.get("tags") == cell.metadata.get("tags")
            folded = "hide-input" in cell.metadata.get("tags", [])
            assert plain.metadata.get("jupyter", {}).get("source_hidden", False) == folded


@each_chapter
def test_every_displayed_formula_is_intact_and_has_the_number_of_the_book(text):
    known = places(ROOT)
    expected = []
    for _, tex, label in displays(text):
        number = known[label].name.strip("()") if label else None
        expected.append(" ".join(tex.split()) + (rf"\tag{{{number}}}" if label else ""))
    found = [" ".join(m["tex"].split()) for m in DISPLAY.finditer(words(own(stored(text))))]
    assert found == expected


@each_chapter
def test_every_formula_in_a_line_is_intact(text):
    def inline(source):
        return INLINE.findall(re.sub(r"\$\$.+?\$\$", "", CODE.sub("", source), flags=re.DOTALL))

    assert inline(words(own(stored(text)))) == inline(words(written(text)))


@each_chapter
def test_every_solution_is_folded_below_its_exercise(text):
    source = words(stored(text))
    numbers = re.findall(r"^### Exercise (\w+\.\d+)", source, re.MULTILINE)
    folded = re.findall(
        r"^<details>\n<summary><b>(.+?)</b></summary>\n\n(.*?)\n*</details>$", source, re.M | re.S
    )
    assert source.count("<details>") == source.count("</details>") == len(folded)
    solved = {title.split()[-1]: body for title, body in folded if "Solution" in title}
    assert sorted(solved) == sorted(numbers) and len(numbers) >= 5
    assert not any("<details>" in body for _, body in folded)
    for number in numbers:
        exercise = source.index(f"### Exercise {number} ")
        assert exercise < source.index(f"Solution to exercise {number}<")


@each_chapter
def test_writing_twice_gives_the_same(text):
    assert worded(ROOT, text) == worded(ROOT, text)


# ---- a small page -----------------------------------------------------------------------------


@pytest.fixture
def plain(small_book):
    """``plain(words, book="")`` is how the notebook of the small chapter says them."""
    text = small_book / "chapters" / "05_small.md"
    (small_book / "chapters" / "06_other.md").write_text("# O\n\n$$\nx\n$$ (eq-other)\n")
    (small_book / "references.bib").write_text(
        "@book{a2001, author={Curie, Marie}, title={T}, year={2001}}\n"
        "@book{b2002, author={Yaz{\\i}c{\\i}, A and B, C and D, E}, title={U}, year={2002}}\n"
    )

    def said(words, book=""):
        text.write_text(
            "# S\n\n$$\ny\n$$ (eq-y)\n\n:::{exercise} One\n:label: ex-one\nx\n:::\n\n" + words
        )
        return Plain(small_book, text, book).markdown(words)

    return said


@pytest.mark.parametrize(
    "written, said",
    [
        ("# Two players", "# 5. Two players"),
        ("see [the loss](#eq-y).", "see the loss (5.1)."),
        ("see {eq}`eq-y`.", "see (5.1)."),
        ("see [there](#eq-other).", "see **there (6.1)**."),
        ("see {eq}`that <eq-other>`.", "see **that (6.1)**."),
        ("in [this](#ex-one) and {ref}`ex-one`", "in this (Exercise 5.1) and Exercise 5.1"),
        ("[chapter 6](06_other.md#a-b)", "**chapter 6**"),
        ("([W8](#erratum-w8))", "(**W8**)"),
        ("{cite}`a2001`", "(Curie, 2001)"),
        ("{cite}`a2001, b2002`", "(Curie, 2001; Yazıcı et al., 2002)"),
        ("{cite:t}`a2001`", "Curie (2001)"),
        ("a {term}`mode` and {term}`modes <mode>`", "a mode and modes"),
        ("&zwnj;<!-- claim: x -->It is.<!-- /claim --> Yes.", "It is. Yes."),
        ("(label)=\n## Head", "## Head\n\n*Core, 1 minute.*"),
        ("{.optional}\n## Head\n\nx", "## Head\n\n*Optional, 1 minute.*\n\nx"),
        ("[web](https://example.org/x)", "[web](https://example.org/x)"),
        (":::{tip}\n:class: x\nA\n\n$$\na\nb\n$$\n:::", "> **Tip**\n>\n> A\n>\n> $$a b$$"),
        (":::{prf:proof}\nClear.\n:::", "**Proof.** Clear. ∎"),
        (":::{prf:proof}\n$$\na\n$$\n:::", "**Proof.**\n\n$$\na\n$$\n\n∎"),
        (
            ":::{solution} ex-one\n:class: dropdown\nS\n```python\n# {cite}`a2001`\n```\n:::",
            "<details>\n<summary><b>Solution to exercise 5.1</b></summary>\n\nS\n\n"
            "```python\n# {cite}`a2001`\n```\n\n</details>",
        ),
        (
            "::::{admonition} A\n:class: dropdown\n:::{note}\nB\n:::\n::::",
            "<details>\n<summary><b>A</b></summary>\n\n> **Note**\n>\n> B\n\n</details>",
        ),
    ],
)
def test_plain_form(plain, written, said):
    assert plain(written) == said


def test_a_labelled_formula_has_its_number(plain):
    assert plain("$$\na\n+b\n$$ (eq-z)") == "$$\na\n+b\\tag{5.2}\n$$"


@pytest.mark.parametrize(
    "written, said",
    [
        (
            "[there](#eq-other)",
            "[there (6.1)](https://b.org/chapters/06_other.html#equation-eq-other)",
        ),
        ("[chapter 6](06_other.md#a)", "[chapter 6](https://b.org/chapters/06_other.html#a)"),
        ("[W8](#erratum-w8)", "[W8](https://b.org/appendix/errata.html#erratum-w8)"),
        ("[above](#a-head)", "[above](https://b.org/chapters/05_small.html#a-head)"),
        ("[the loss](#eq-y)", "the loss (5.1)"),
    ],
)
def test_links_lead_into_the_published_book(plain, written, said):
    assert plain(written, "https://b.org/") == said


@pytest.mark.parametrize(
    "written, message",
    [
        (":::{mystery}\nx\n:::", "'mystery' has no plain form"),
        ("{sub}`x`", "'sub' has no plain form"),
        (":::{prf:lemma}\nx\n:::", "is labelled ''"),
        ("{cite}`nobody`", "'nobody' is not in references.bib"),
        ("[x](07_none.md)", "no page 07_none.md"),
        (":::{note}\nx", "has no end"),
    ],
)
def test_what_has_no_plain_form_is_an_error_that_names_the_file(plain, written, message):
    with pytest.raises(PlainError, match=rf"chapters/05_small\.md: .*{re.escape(message)}"):
        plain(written)


# ---- the set-up cell --------------------------------------------------------------------------

#: Runs a cell where the package is missing; `%pip install` puts its last word on the path.
ALONE = """
import shlex, sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
sys.path[:] = [p for p in sys.path if p and not Path(p, "gancourse").exists()]
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in repr(f)]
shell = InteractiveShell.instance()
def pip(line):
    print("pip", line)
    sys.path.append(shlex.split(line)[-1])
shell.register_magic_function(pip, "line", "pip")
shell.run_cell(Path(sys.argv[1]).read_text()).raise_error()
import gancourse
print("from", gancourse.__file__)
"""


def run_setup(folder, code, *, alone=True):
    """What the set-up cell says when it runs in a folder."""
    cell = folder.parent / f"{folder.name}_cell.txt"
    cell.write_text(code)
    script = ALONE if alone else ALONE.replace("sys.path[:]", "_").replace("sys.meta_path[:]", "_")
    command = [sys.executable, "-W", "ignore", "-c", script, str(cell)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode == 0) == ("from " in done.stdout)
    return done.stdout + done.stderr


def make_wheel(path):
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("gancourse/__init__.py", "")
    return path


@pytest.fixture
def setup_code(small_book):
    return setup_cell(small_book)


WHEEL = "gancourse-1.2.3-py3-none-any.whl"


def test_setup_takes_the_wheel_beside_the_notebook(tmp_path, setup_code):
    folder = tmp_path / "my drive"
    folder.mkdir()
    wheel = make_wheel(folder / WHEEL)
    said = run_setup(folder, setup_code)
    assert f'pip install -q "{wheel}"' in said and f"from {wheel}" in said


def test_setup_finds_the_wheel_of_a_built_book(tmp_path, setup_code):
    """The download button's notebook lies in `_sources/chapters`, the wheel in `_downloads`."""
    for folder in ("_sources/chapters", "_downloads"):
        (tmp_path / "html" / folder).mkdir(parents=True)
    wheel = make_wheel(tmp_path / "html" / "_downloads" / WHEEL)
    assert f"from {wheel}" in run_setup(tmp_path / "html/_sources/chapters", setup_code)


def test_setup_uses_a_clone_and_installs_nothing(tmp_path, setup_code):
    clone = tmp_path / "clone"
    for folder in ("gancourse", "chapters"):
        (clone / folder).mkdir(parents=True)
    for name in ("__init__.py", "games.py"):
        (clone / "gancourse" / name).write_text("")
    make_wheel(clone / "chapters" / WHEEL)
    said = run_setup(clone / "chapters", setup_code)
    assert f"from {clone / 'gancourse'}" in said and "pip" not in said


def test_setup_does_nothing_where_the_package_is(tmp_path, setup_code):
    (tmp_path / "empty").mkdir()
    make_wheel(tmp_path / "empty" / WHEEL)
    said = run_setup(tmp_path / "empty", setup_code, alone=False)
    assert "pip" not in said and str(tmp_path) not in said


def test_setup_says_how_to_mend_what_is_missing(tmp_path, setup_code):
    (tmp_path / "empty").mkdir()
    said = run_setup(tmp_path / "empty", setup_code)
    assert f"The package of this course is missing. Put {WHEEL} beside" in said
    assert "pip" not in said
