"""On the core road no word of the glossary, and no symbol, is used before it is explained."""

import re

import pytest

import letters
import roads
from book.first_uses import Part, first_use, glossary, paragraphs, parts, pattern
from checkout import ROOT

ROAD = parts(ROOT)
GLOSSARY = glossary(ROOT)

#: Words of everyday language that the glossary uses in a narrower sense.
EVERYDAY = {
    "Kernel": "of a notebook, in chapter 5; of a convolution, from chapter 8 on",
}

#: Words of the paragraph in which the road first uses a symbol: there it is explained.
EXPLAINED = {
    "x": "for the probability of the outcome $x$",
    "p": "The **expectation**",
    "z": "draws noise $z$",
    "p _ z": "noise $z$ from a fixed distribution $p_z$",
    "G": "The generator of a GAN draws noise $z$ and returns $G(z)$",
    "G ( z )": "returns $G(z)$",
    "p _ g": "Write $p_g$ for the distribution of its pictures",
    "D ( x )": "answers with a probability $D(x)$ that it is real",
    "s ( x )": "The **surprise** of $x$ is",
    "D ^ *": "the label is $1$ with probability",
    "m": "their mean $m$",
    r"\theta": "The generator shifts its noise by one parameter",
    r"\varphi": r"The **discriminator** $D_\varphi$",
    "log": "The logarithm turns them into sums",
    "H ( p )": "How surprising is the weather *on average*?",
    "H ( p , q )": "You believe in $q$, but the weather comes from $p$.",
    "KL": "The believer's *excess* surprise",
    "JSD": r"compare both with their average $m=\tfrac12(p+q)$",
    "TV": "TV is the {term}`total variation`",
    "W _ 1": "the [Wasserstein distance](#what-all-of-them-are-blind-to) $W_1$",
    "x _ 1": r"For data $x_1,\dots,x_n$",
    r"\hat p": r"Let $\hat p$ be the **empirical distribution**",
    r"p _ \theta": r"We write $p_\theta(x)$ for the probability",
    r"\hat \theta": "The **maximum-likelihood estimate**",
    r"\mathbb E": r"Write $\mathbb E$ for the average",
    r"\mathcal N": "for the distribution",
    r"\sigma ( s )": r"$\sigma(s)=1/(1+e^{-s})$",
    r"\eta": "**Gradient descent**",
    r"\beta _ 1": "**Adam**",
    "k": "$k$ is the number of discriminator steps per generator step",
    "n _ critic": r"critic steps $n_{\text{critic}}=5$",
    "W": "The input is a row of $W$ numbers",
    "F": "$w_0,\\dots,w_{F-1}$",
    "S": "the **stride** $S$",
    "P": "the **padding**",
    "d": "the **dilation** $d$",
    r"\pi": r"a share $\pi$ carried over a distance $c$",
    r"\pi _ { i j }": "A **transport plan** says how much goes from $i$ to $j$",
    "c _ { i j }": "$c_{ij}$ for the cost of carrying one unit from $i$ to $j$",
    "f _ i": "I charge $f_i$ for each unit",
    "g _ j": "$g_j$ for each unit",
    "f ^ c": "This is the **$c$-transform** of $f$",
    r"\| h \| _ L": "The theorem holds far beyond finite sets",
    "K": "is the least $K$ with",
    "R _ 1": "the penalty $R_1$, which",
    r"\sigma ( W )": "This is the spectral norm",
}


def test_the_road_is_read_in_order_and_without_what_may_be_skipped():
    assert [part.chapter for part in ROAD] == sorted(part.chapter for part in ROAD)
    assert {"Quiz", "Exercises"}.isdisjoint(part.title for part in ROAD)
    assert not any("**You need**" in part.text for part in ROAD)
    assert len(ROAD) > 80 and len(GLOSSARY) > 90
    assert len(ROAD) == sum(
        section.mark == roads.CORE and section.title not in ("", "Quiz")
        for text in roads.texts(ROOT).values()
        for section in roads.sections(text)
    )


@pytest.mark.parametrize(
    ("text", "explained"),
    [
        ("Then a **critic** comes.", True),
        ("Then a *critic* comes.", True),
        ("Then a {term}`critic` comes.", True),
        ("Then [a critic](#here) comes.", True),
        ("## The critic", True),
        ("Then a critic comes.", False),
        ("Two * critic * stars.", False),
        ("A critic (chapter 12) comes.", True),
        ("A critic comes. Chapter 12 is far.", False),
        ("A critic (chapter 1) comes.", False),
    ],
)
def test_what_counts_as_explained(text, explained):
    use = first_use([Part(1, "", text)], "Critic")
    assert use.explained(12) == explained


def test_words_are_found_in_their_forms():
    assert pattern("Cross-entropy").search("two cross-entropies")
    assert pattern("Mode collapse").search("of mode\ncollapse")
    assert pattern("VAE").search("VAEs") and not pattern("VAE").search("vaes")
    assert not pattern("Bit").search("a little bitter")


@pytest.mark.parametrize("term", GLOSSARY)
def test_word_is_explained_where_the_road_first_uses_it(term):
    use = first_use(ROAD, term)
    if use and term not in EVERYDAY:
        assert use.explained(GLOSSARY[term]), f"explain it, or write {{term}}`…`: {use}"


@pytest.mark.parametrize("term", EVERYDAY)
def test_exceptions_are_needed(term):
    assert term in GLOSSARY
    assert not first_use(ROAD, term).explained(GLOSSARY[term])


# ---- symbols ------------------------------------------------------------------------------------

PARAGRAPHS = [(letters.formulas(block), block) for _, _, block in paragraphs(ROAD)]
PLACES = [chapter for chapter, _, _ in paragraphs(ROAD)]


def symbols():
    """Each symbol of the notation's tables (as its tokens), and the chapters where it is meant."""
    found = {}
    for cell, meaning, *_ in letters.rows(ROOT, "Symbol"):
        meant = letters.MEANT.search(meaning)
        for part in (one for some in letters.sides(cell) for one in some):
            found.setdefault(" ".join(part), meant and set(map(int, meant["chapters"].split())))
    return found


def first_paragraph(symbol, chapters):
    """The paragraph of the road that first uses a symbol, or None."""
    part = symbol.split(" ")
    for place, (formulas, block) in zip(PLACES, PARAGRAPHS, strict=True):
        if chapters and place not in chapters:
            continue
        if any(letters.holds(formula, part) for formula in formulas):
            return place, block
    return None


@pytest.mark.parametrize("symbol", EXPLAINED)
def test_symbol_is_explained_where_the_road_first_uses_it(symbol):
    place, block = first_paragraph(symbol, symbols()[symbol])
    assert EXPLAINED[symbol] in block, f"chapter {place} uses it earlier, in: {block}"


@pytest.mark.parametrize("symbol", sorted(symbols().keys() - EXPLAINED.keys()))
def test_symbol_that_no_list_names_is_introduced_in_words(symbol):
    """It stands where something is named: a word in bold or emphasis, or a definition."""
    use = first_paragraph(symbol, symbols()[symbol])
    if use:
        assert re.search(r"\*\w|\b(?:is|are|with|write|for|let|called)\b", use[1], re.I), use
