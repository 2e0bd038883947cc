"""A table of results: the same rows as text and as HTML that a screen reader can follow."""

from html.parser import HTMLParser

import pytest

from gancourse.errors import GanCourseError
from gancourse.page.table import Table


def example():
    table = Table("Losses & more", "game", "loss of D", "step")
    table.row("hinge <1>", f"{-0.5:.2f}", 10)
    table.row("a longer\n name", "0.25 ± 0.01", 1000)
    return table


class Parts(HTMLParser):
    """Every cell and the caption of a page: (tag, scope, words)."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.open.append((tag, dict(attributes).get("scope")))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if data.strip():
            self.found.append((*self.open[-1], data))


def test_text_stands_in_columns():
    assert repr(example()).splitlines() == [
        "Losses & more",
        "game              loss of D   step",
        "hinge <1>             -0.50     10",
        "a longer name   0.25 ± 0.01   1000",
    ]


def test_every_number_has_a_named_row_and_column():
    parts = Parts(example()._repr_html_())
    assert not parts.open
    assert parts.found == [
        ("caption", None, "Losses & more"),
        ("th", "col", "game"),
        ("th", "col", "loss of D"),
        ("th", "col", "step"),
        ("th", "row", "hinge <1>"),
        ("td", None, "−0.50"),
        ("td", None, "10"),
        ("th", "row", "a longer name"),
        ("td", None, "0.25 ± 0.01"),
        ("td", None, "1000"),
    ]


@pytest.mark.parametrize(
    "entry, number",
    [
        *((text, True) for text in ("-3", "1,000", "2.6e+04", "inf", "-inf", "nan", "12%", "")),
        *((text, True) for text in ("0.1 ± 0.2", "0.396 0.604", "1.0 to 1.5", "0.5–0.7", "5 (-3)")),
        *((text, True) for text in ("(1.0, 2.0)", "[1, -2]", "+0.08 ± 0.06")),
        *((text, False) for text in ("yes", "seed 3", "n = 3", "16 x 3", "k-means", "3 to many")),
    ],
)
def test_numbers_stand_at_the_right(entry, number):
    table = Table("one entry", "name", "value")
    table.row("x", entry)
    assert ("text-align:left" in table._repr_html_().split("<td")[1]) is not number


@pytest.mark.parametrize(
    "entry, seen", [("-3", "−3"), ("-inf", "−inf"), ("1e-05", "1e-05"), ("k-means", "k-means")]
)
def test_a_minus_is_one_in_html(entry, seen):
    table = Table("one entry", "name", "value")
    table.row("x", entry)
    assert f">{seen}</td>" in table._repr_html_() and entry in repr(table)


def test_a_row_of_another_length_is_told():
    with pytest.raises(GanCourseError, match=r"has 2 entries for 3 columns\nFix: .*'loss of D'"):
        example().row("hinge", 1)


def test_one_column_is_no_table():
    with pytest.raises(GanCourseError, match="not 1"):
        Table("caption", "lonely")
