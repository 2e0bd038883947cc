"""The fingerprint of a formula: blind to setting, not to a sign."""

import re
import shutil

import pytest

import fingerprints
from checkout import ROOT
from equations import equations
from tex import fingerprint, tokens

SAME = [
    (r"a=b", " a\n =  b "),
    (r"a=b", r"a\,=\;b\!\quad"),
    (r"a=b ,", r"a=b."),
    (r"\tfrac12", r"\frac{1}{2}"),
    (r"\dfrac ab", r"\frac{a}b"),
    (r"\left(\frac ab\right)", r"(\frac ab)"),
    (r"\Big[x\Big]", r"[x]"),
    (r"\bigl\{x\bigr\}", r"\{x\}"),
    (r"\mathrm{KL}(p\|q)", r"\operatorname{KL}(p \Vert q)"),
    (r"\text{if }x", r"\mathrm{if}\ x"),
    (r"\lVert x\rVert", r"\|x\|"),
    (r"\lvert x\rvert", r"|x|"),
    (r"a\leq b", r"a\le b"),
    (r"\operatorname{log}x", r"\log x"),
    (r"\mathbb{E}_{x}", r"\mathbb E_x"),
    (r"\begin{aligned}a&=b\\&=c\end{aligned}", r"a=b=c"),
    ("\\begin{aligned}\na&=b,\\\\[2pt]\nc&=d\n\\end{aligned}", r"a=b,\qquad c=d"),
    (r"x\;\longrightarrow\;0", r"x\to0"),
    (r"N_G={}&8", r"N_G=8"),
    (r"&\hspace{4.2em}+x", r"+x"),
]
DIFFERENT = [
    (r"a+b", r"a-b"),
    (r"a-b", r"b-a"),
    (r"\frac12", r"\frac21"),
    (r"\frac{12}3", r"\frac1{23}"),
    (r"x_i", r"x_j"),
    (r"x_{i+1}", r"x_i+1"),
    (r"x_{ij}", r"x_ij"),
    (r"x^{10}", r"x^10"),
    (r"\sigma", r"\Sigma"),
    (r"\hat p", r"p"),
    (r"\hat{pq}", r"\hat pq"),
    (r"a\le b", r"a\ge b"),
    (r"a\le b", r"a<b"),
    (r"p\,\log q", r"q\log p"),
    (r"\mathrm{KL}(p\|q)", r"\mathrm{KL}(q\|p)"),
    (r"\sum_{i=1}^n", r"\sum_{i=0}^n"),
    (r"\sqrt n", r"n"),
    (r"0.5", r"5.0"),
    (r"2\pi", r"\pi"),
    (r"\text{some }x", r"\text{every }x"),
    (r"\begin{cases}1&x\\0&y\end{cases}", r"\begin{cases}1&x0&y\end{cases}"),
    (r"\begin{pmatrix}1&-h\\h&1\end{pmatrix}", r"\begin{pmatrix}1-h\\h&1\end{pmatrix}"),
]


@pytest.mark.parametrize("one, other", SAME)
def test_the_setting_does_not_matter(one, other):
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize("one, other", DIFFERENT)
def test_what_is_said_matters(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_no_symbol_of_a_printed_formula_can_be_left_out():
    """Each token of each formula of the book removed in turn, save the sentence's last stop."""
    for equation in equations(ROOT):
        said = tokens(equation.tex)
        while said[-1] in set(".,:;"):
            said.pop()
        digests = {fingerprint(" ".join(said[:k] + said[k + 1 :])) for k in range(len(said))}
        assert fingerprint(equation.tex) not in digests, equation.label


# ---- the tool -----------------------------------------------------------------------------------

PAGE = "# A page\n\n$$\na = {}\n$$ (eq-a)\n\n$$\nb = 2\n$$ (eq-b)\n"
TEST = '''import pytest


@pytest.mark.equation("eq-a", tex="{}")
@pytest.mark.equation("eq-b", tex="{}")
def test_two():
    """Says it."""
    assert 1 + 1 == 2
'''


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "chapters" / "07_page.md").write_text(PAGE.format("1"))
    (tmp_path / "tests" / "test_it.py").write_text(
        TEST.format(fingerprint("a=1"), fingerprint("b=2"))
    )
    return tmp_path


def test_an_edited_formula_is_one_line_that_says_what_to_do(sources, capsys):
    assert fingerprints.main([], sources) == 0 and capsys.readouterr().out == ""
    (sources / "chapters" / "07_page.md").write_text(PAGE.format("3"))
    assert fingerprints.main([], sources) == 1
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "chapters/07_page.md:3, eq-a: the formula was edited; look at its test "
        f'tests/test_it.py::test_two, then put tex="{fingerprint("a=3")}"'
    ]


def test_write_renews_the_markers_of_what_differs_and_nothing_else(sources):
    (sources / "chapters" / "07_page.md").write_text(PAGE.format("3"))
    before = (sources / "tests" / "test_it.py").read_text()
    assert fingerprints.main([], sources) == 1
    assert (sources / "tests" / "test_it.py").read_text() == before  # printing changes nothing
    assert fingerprints.main(["--write"], sources) == 0
    assert fingerprints.main([], sources) == 0
    after = (sources / "tests" / "test_it.py").read_text()
    assert after == before.replace(fingerprint("a=1"), fingerprint("a=3"))


SWAPS = [
    ("=", r"\ge "),
    (r"\le", r"\ge"),
    (r"\longrightarrow", "="),
    ("<", ">"),
    (r"\leftarrow", "="),
]
SWAPS += [(r"\ge", r"\le"), (r"\tfrac12", "2"), (r"\to", "="), ("(", r"(-")]


def test_every_falsified_display_of_the_book_is_caught(tmp_path):
    """A digit, a sign and a relation of each formula are falsified in a copy; every one shows."""
    shutil.copytree(ROOT / "chapters", tmp_path / "chapters", ignore=shutil.ignore_patterns("*.i*"))
    shutil.copytree(ROOT / "tests" / "book", tmp_path / "tests")
    wrong = set()
    for equation in equations(tmp_path):
        path = tmp_path / f"{equation.page}.md"
        old, new = next((a, b) for a, b in SWAPS if a in equation.tex)
        falsified = equation.tex.replace(old, new, 1)
        text = re.sub(r"^> ?", "", path.read_text("utf-8"), flags=re.MULTILINE)
        assert equation.tex in text
        path.write_text(text.replace(equation.tex, falsified, 1), "utf-8")
        wrong.add(equation.label)
    caught = {equation.label for equation, _, _ in fingerprints.edited(tmp_path)}
    assert caught == wrong and len(caught) > 250
