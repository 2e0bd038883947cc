"""What the book's extensions make of a page: words for pictures, for the search, for links."""

import pytest
from docutils import nodes
from docutils.utils import new_document

import accessible
import alt_texts
import descriptions
import plain
import search_texts


def paragraph(*parts):
    made = nodes.paragraph()
    for part in parts:
        made += part if isinstance(part, nodes.Node) else nodes.Text(part)
    return made


def page(*parts):
    document = new_document("page")
    document += nodes.section("", nodes.title("", "Title"), *parts, ids=["title"])
    return document


@pytest.mark.parametrize(
    ("tex", "said"),
    [
        (r"p_g", "p_g"),
        (r"L^{(D)}", "L^(D)"),
        (r"\log 4", "log 4"),
        (r"\tilde x\le\mathrm{KL}", "x≤ KL"),
        (r"1-\alpha", "1- alpha"),
    ],
)
def test_formulas_are_said_in_one_line(tex, said):
    assert plain.formula(tex) == said


def test_words_of_a_paragraph():
    words = paragraph("The ", nodes.math("", "p_g"), " of ", nodes.strong("", "G"), nodes.comment())
    assert plain.text(words) == "The p_g of G"
    assert plain.shortened("one two three", 9) == "one two…"
    assert plain.shortened("one two", 7) == "one two"


@pytest.mark.parametrize("between", [[], [nodes.comment("", "claim: x")]])
def test_caption_is_the_paragraph_under_the_cell(between):
    cell = nodes.container(classes=["cell"])
    said = paragraph("", nodes.strong("", "Figure 1.1."), " Two curves. What to see: they cross.")
    page(cell, *between, said)
    assert (
        alt_texts.LESSON.sub("", plain.text(alt_texts.caption(cell))) == "Figure 1.1. Two curves."
    )


def test_ordinary_text_is_no_caption():
    cell = nodes.container(classes=["cell"])
    page(cell, paragraph("And so on."))
    assert alt_texts.caption(cell) is None


def test_width_of_a_picture_from_its_head(tmp_path):
    from PIL import Image

    Image.new("RGB", (901, 20)).save(tmp_path / "a.png")
    assert alt_texts.width(tmp_path / "a.png") == 901
    assert alt_texts.width(tmp_path / "none.png") == 0


def test_description_is_the_first_paragraph_that_says_something():
    long = "A chapter that says at some length what one can learn from reading it to its end."
    asks = "You need gradients, the logistic function, some patience, and a chair to sit on."
    assert (
        descriptions.description(page(paragraph("Run it."), paragraph(asks), paragraph(long)))
        == long
    )
    assert descriptions.description(page(paragraph("Run it."))) == ""


def test_sections_own_their_words():
    inner = nodes.section("", nodes.title("", "Inside"), paragraph("Two."), ids=["inside"])
    found = list(search_texts.sections(page(paragraph("One."), inner)))
    assert found == [["title", "Title", "Title One."], ["inside", "Inside", "Inside Two."]]


@pytest.mark.parametrize(
    ("fault", "mended"),
    [
        ('<summary aria-label="Toggle hidden content">', "<summary>"),
        ('<th class="head"><p></p></th>', '<td class="head"></td>'),
        ('<th class="head"><p>G</p></th>', '<th class="head"><p>G</p></th>'),
        (
            '<th class="x"><p><span class="math a">\\(p(x)\\)</span></p></th>',
            '<td class="x"><p><span class="math a">\\(p(x)\\)</span></p></td>',
        ),
        ('<div class="citation" role="doc-biblioentry">', '<div class="citation" role="listitem">'),
        (
            '<button class="btn search-button-field x" title="Search" aria-label="Search">',
            '<button class="btn search-button-field x" title="Search">',
        ),
    ],
)
def test_faults_of_the_theme_are_mended(fault, mended):
    assert accessible.mend(fault) == mended == accessible.mend(mended)
