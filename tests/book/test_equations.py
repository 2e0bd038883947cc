"""Every equation has a test, every test of an equation has its equation."""

from collections import Counter

import pytest

import fingerprints
from checkout import ROOT
from equations import (
    displays,
    edited,
    equations,
    numbered_without_label,
    page_title,
)
from ledger import EquationLedger
from marked_tests import marked_tests

EQUATIONS = equations(ROOT)
TESTS = marked_tests(ROOT, "equation")


def test_every_label_begins_with_eq():
    assert [e for e in EQUATIONS if not e.label.startswith("eq-")] == []


def test_no_label_is_used_twice():
    assert [label for label, n in Counter(e.label for e in EQUATIONS).items() if n > 1] == []


def test_every_equation_has_a_test():
    tested = {test.label for test in TESTS}
    assert [f"{e.page}:{e.line} {e.label}" for e in EQUATIONS if e.label not in tested] == []


def test_every_test_has_an_equation():
    labels = {equation.label for equation in EQUATIONS}
    assert [f"{t.path}::{t.name} {t.label}" for t in TESTS if t.label not in labels] == []


def test_every_test_of_an_equation_can_fail_and_says_what_it_checks():
    assert [f"{t.path}::{t.name}" for t in TESTS if not t.asserts] == []
    assert [f"{t.path}::{t.name} has no docstring" for t in TESTS if not t.summary] == []


def test_every_marker_names_one_equation_and_carries_its_fingerprint():
    assert [f"{t.path}::{t.name} {t.label}" for t in TESTS if not t.fingerprint] == []


def test_every_test_was_written_for_the_formula_that_is_printed():
    """`python tools/fingerprints.py` prints the same lines."""
    found = [fingerprints.line(ROOT, *one) for one in edited(ROOT)]
    assert not found, "\n" + "\n".join(found)


def test_no_numbered_equation_without_a_label():
    assert numbered_without_label(ROOT) == []


# ---- the reader of the sources itself ---------------------------------------------------------

PAGE = r"""# A page

Text with $x$ and `$$ no $$`.

$$
a = b
$$ (eq-first)

> $$
> c = d
> $$ (eq-quoted)

$$ only a step $$

```python
"$$ code $$ (eq-code)"
```
"""


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "chapters" / "07_page.md").write_text(PAGE)
    return tmp_path


def test_finds_labels_and_formulas(sources):
    found = equations(sources)
    assert [(e.label, e.tex, e.line) for e in found] == [
        ("eq-first", "a = b", 5),
        ("eq-quoted", "c = d", 9),
    ]
    assert len(list(displays(sources / "chapters" / "07_page.md"))) == 3
    assert page_title(sources, "chapters/07_page") == "7. A page"
    (sources / "chapters" / "B_page.md").write_text(PAGE)
    assert page_title(sources, "chapters/B_page") == "B. A page"


def test_finds_tests(sources):
    (sources / "tests" / "test_it.py").write_text(
        "import pytest\n\n\n@pytest.mark.equation('eq-a', tex='12345678')\n"
        "@pytest.mark.equation('eq-b')\ndef test_two(printed):\n"
        "    '''Says it.\n\n    More.'''\n    assert printed('eq-b').holds({})\n\n\n"
        "@pytest.mark.equation('eq-c')\ndef test_idle():\n    pass\n"
    )
    found = [
        (t.label, t.name, t.summary, t.asserts, t.fingerprint, t.evaluates)
        for t in marked_tests(sources, "equation")
    ]
    assert found == [
        ("eq-a", "test_two", "Says it.", True, "12345678", False),
        ("eq-b", "test_two", "Says it.", True, None, True),
        ("eq-c", "test_idle", "", False, None, False),
    ]


@pytest.mark.parametrize(
    "display",
    [
        "\\begin{align}\na &= b\n\\end{align}",
        "```{math}\na = b\n```",
        "$$ a = b \\tag{1} $$",
        "A sentence\n$$\na = b\n$$ (eq-glued)",
    ],
)
def test_finds_numbered_displays_without_label(sources, display):
    (sources / "chapters" / "08_bad.md").write_text(f"# Bad\n\n{display}\n")
    assert len(numbered_without_label(sources)) == 1


# ---- the ledger ---------------------------------------------------------------------------------


def test_the_ledger_says_how_each_formula_is_bound(sources):
    (sources / "tests" / "test_it.py").write_text(
        "import pytest\n\n\n@pytest.mark.equation('eq-first', tex='12345678')\n"
        "@pytest.mark.equation('eq-quoted', tex='87654321')\ndef test_two(printed):\n"
        "    '''Says it.'''\n    assert printed('eq-quoted').holds({})\n"
    )
    found, tests = equations(sources), marked_tests(sources, "equation")
    said = EquationLedger.counts(found, tests)
    assert "**2** numbered equations; **1** tests verify **2**" in said
    assert "For **1** a test evaluates" in said and "the other **1** are" in said
    lines = [EquationLedger.entry(e, [t for t in tests if t.label == e.label]) for e in found]
    assert "Written for the formula with the fingerprint 12345678:" in lines[0]
    assert "Evaluates the printed formula:" in lines[1]
