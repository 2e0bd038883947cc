"""The letters of a chapter: from the page of notation alone, and only those that it uses."""

import re
from types import SimpleNamespace

import pytest
from docutils import nodes

import letters
import roads
from checkout import ROOT

TEXTS = roads.texts(ROOT)
each_chapter = pytest.mark.parametrize("text", TEXTS.values(), ids=lambda text: text.stem)

NOTATION = r"""# Notation

| Symbol | Meaning | In the code |
|---|---|---|
| $x\sim p$ | data | `x` |
| $D(x)$ | probability | |
| $W_1(p,q)$ | a distance | |
| $\mathrm{KL}(p\Vert q)$ | divergence | |
| $m=\tfrac12(p+q)$ | mixture <!-- in: 6 --> | |
| $\lambda$, $\gamma$ | weights | |

| | Definition |
|---|---|
| value | $V$ |

| Chapter | Letter | Meaning there |
|---|---|---|
| 5 | $D$, $\gamma$ | a line, a rate |
| 6 | $C$ | a number |
"""


@pytest.fixture
def found(tmp_path):
    """``found(number, words)`` is the list of letters of a chapter with these words."""
    (tmp_path / "appendix").mkdir()
    (tmp_path / letters.PAGE).write_text(NOTATION, "utf-8")

    def listed(number, words):
        text = tmp_path / f"{number:02}_a.md"
        text.write_text(words, "utf-8")
        return [meaning for _, meaning in letters.found(tmp_path, text)]

    return listed


@pytest.mark.parametrize(
    ("number", "words", "meanings"),
    [
        (7, "Nothing here.", []),
        (7, r"$x\sim p$", ["data"]),
        (7, "only $p$", []),
        (7, "$x$ and $p_g$, another", []),
        (7, r"$\sigma(D(x))$ and $$W_1(a,b)=0$$", ["probability", "a distance"]),
        (7, "$D(y)$", []),
        (7, r"$2\,\mathrm{KL}(a\,\|\,b)$", ["divergence"]),
        (7, "$m$", []),
        (6, "$m$", ["a number", "mixture"]),
        (7, r"$\gamma$", ["weights"]),
        (5, r"$\gamma$", ["a line, a rate"]),
        (7, "```\n$D(x)$\n```", []),
    ],
)
def test_letters_that_a_chapter_uses(found, number, words, meanings):
    assert found(number, words) == meanings


@each_chapter
def test_every_chapter_has_its_letters_below_what_it_asks_for(text):
    words = text.read_text("utf-8")
    assert re.search(r"^\*\*You need\*\*(?:.+\n)+\n:::\{letters\}\n:::$", words, re.MULTILINE), (
        "put the two lines `:::{letters}` and `:::` below **You need** (_ext/letters.py)"
    )
    assert len(letters.found(ROOT, text)) >= 3
    assert "Letters of this chapter" not in words  # they stand on the page of notation


@each_chapter
def test_a_chapters_own_letters_occur_in_it(text):
    """A row of the notation that its chapter has outgrown is out of place."""
    said = letters.formulas(roads.FENCED.sub("", text.read_text("utf-8")))
    own = [row for row in letters.rows(ROOT, "Chapter") if row[0] == str(int(text.name[:2]))]
    for _, symbol, *_ in own:
        for parts in letters.sides(symbol):
            assert all(any(letters.holds(f, part) for f in said) for part in parts), symbol


def test_rows_of_the_notation_are_whole():
    assert {row[0] for row in letters.rows(ROOT, "Chapter")} <= {str(n) for n in range(1, 20)}
    assert all(len(row) >= 2 and row[1] for row in letters.rows(ROOT, "Symbol"))
    assert len(list(letters.rows(ROOT, "Symbol"))) > 40


def test_the_table_on_the_page(found, tmp_path, monkeypatch):
    """What the directive parses is the same table, folded."""
    found(6, "$m$")
    parsed = []
    env = SimpleNamespace(
        srcdir=tmp_path,
        docname="06_a",
        doc2path=lambda _: tmp_path / "06_a.ipynb",
        note_dependency=lambda _: None,
    )
    state = SimpleNamespace(
        document=SimpleNamespace(settings=SimpleNamespace(env=env)),
        nested_parse=lambda lines, _, node: parsed.extend(lines) or node.append(nodes.Text("x")),
    )
    directive = letters.Letters(
        "letters", [], {}, [], 0, 0, "", state, SimpleNamespace(reporter=None)
    )
    assert directive.run()
    assert parsed[0].endswith(letters.TITLE) and ":class: dropdown letters" in parsed
    assert r"| $m=\tfrac12(p+q)$ | mixture |" in parsed
