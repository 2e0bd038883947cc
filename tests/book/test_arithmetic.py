"""The reader of printed formulas: what it understands, and what it refuses."""

import numpy as np
import pytest

from arithmetic import formulas, sides, value

X, Y = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0, 5.0])
NAMES = {"x": X, "y_i": Y, "a": 2.0, r"\sum_{i=1}^N": np.sum, r"\sigma": lambda t: 1 / (1 + t)}


@pytest.mark.parametrize(
    "tex, expected",
    [
        (r"1+2\cdot3", 7),
        (r"-a^2", -4),
        (r"2a-\frac12", 3.5),
        (r"\tfrac{1}{a}a", 1),
        (r"\frac a{a+1}", 2 / 3),
        (r"a/4a", 1),  # read from left to right: (a/4)a
        (r"\left\lfloor\frac{7}{a}\right\rfloor+1", 4),
        (r"\sqrt{a+2}a", 4),
        (r"\log a^2", np.log(4)),
        (r"\tfrac12\log2\,(a+1)", 1.5 * np.log(2)),
        (r"|a-5|+1", 4),
        (r"|a-5||a|", 6),
        (r"\max(0,1-a)", 0),
        (r"\sum_{i=1}^N y_i x", 28),
        (r"\frac13\sum_{i=1}^N\big[y_i-1\big]+1", 10 / 3),
        (r"\sum_{i=1}^N y_i-a", 8),
        (r"\sigma(a)", 1 / 3),
        (r"10a^{2}", 40),
        (r"0.5a", 1),
    ],
)
def test_values(tex, expected):
    assert np.allclose(value(tex, NAMES), expected)


@pytest.mark.parametrize("tex", ["", "a+", "b", r"\alpha", "a)", "(a", r"\frac{a}", "a=1", "x_i"])
def test_refuses_what_it_does_not_understand(tex):
    with pytest.raises(ValueError):
        value(tex, NAMES)


def test_longer_names_are_seen_first():
    assert value("p(x_i)+p", {"p": 1.0, "p(x_i)": 5.0}) == 6


def test_formulas_of_a_text_and_sides_of_a_formula():
    assert formulas("a $b=c$ and $d$") == ["b=c", "d"]
    assert [side.replace(" ", "") for side in sides(r"L=f(a,b)=\frac{c=1}2,\qquad M=3")] == [
        "L",
        "f(a,b)",
        r"\frac{c=1}2",
        r"\qquadM",
        "3",
    ]
