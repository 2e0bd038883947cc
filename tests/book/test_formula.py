r"""The reader of printed formulas: what it computes, and that it leaves nothing out."""

import math

import numpy as np
import pytest

from formula import Formula, Operator, Unreadable

S = lambda s: 1 / (1 + np.exp(-s))
X = np.array([0.5, 2.0, 4.0])
VALUES = [
    (r"2a-b^2/2", {"a": 3, "b": 4}, -2),
    (r"a/2b", {"a": 3, "b": 4}, 3 / 8),
    (r"-a+\tfrac12b\cdot3", {"a": 3, "b": 4}, 3),
    (r"\frac12\log2\pi", {}, math.log(2 * math.pi) / 2),
    (r"\log_2b-2", {"b": 8}, 1),
    (r"\log2\cdot3", {}, 3 * math.log(2)),
    (r"8\sin5\cos5", {}, 8 * math.sin(5) * math.cos(5)),
    (r"\log(a)b", {"a": 2, "b": 5}, 5 * math.log(2)),
    (r"\tan^2a", {"a": 0.3}, math.tan(0.3) ** 2),
    (r"e^{-x^2/2\sigma^2}", {"x": 1.0, r"\sigma": 2}, math.exp(-1 / 8)),
    (r"0.5^m-12.25", {"m": 2}, -12),
    (r"\frac{h!\,(n-h)!}{(n+1)!}", {"h": 2, "n": 5}, 2 * 6 / 720),
    (r"\binom mk", {"m": 5, "k": 2}, 10),
    (r"\Big\lceil\frac FS\Big\rceil+\lfloor a\rfloor", {"F": 5, "S": 2, "a": 1.9}, 4),
    (r"\sum_{i=1}^nx_i+1", {"x": X, "n": 3}, 7.5),
    (r"\sum_{i=0}^{2}2^i", {}, 7),
    (r"\sum_ix_iy_i\cdot2", {"x": X, "y": X, "i": range(1, 4)}, 2 * (X**2).sum()),
    (r"\prod_{i=1}^3x_i", {"x": X}, 4),
    (r"\sum_{i\ge2}x_i", {"x": X, "i": range(1, 4)}, 6),
    (r"\max_{i\ne j}|x_i-x_j|", {"x": X, "i": range(1, 4), "j": range(1, 4)}, 3.5),
    (r"\min_i\,(c_{ij}-f_i)", {"c": np.eye(2), "f": [1, 3], "i": range(1, 3), "j": 2}, -2),
    (r"x_{(2)}-x_{n-1}", {"x": X[::-1], "n": 2}, -2),
    (r"W^{(2)}_{11}", {"W": [np.eye(2), 3 * np.eye(2)]}, 3),
    (r"x^{(2)}_1-x_3", {r"x^{(\cdot)}": [X, 3 * X], "x": X}, -2.5),
    (r"\max(a,0)-\min\{a,b,c\}", {"a": 2, "b": 7, "c": -1}, 3),
    (r"\int_0^1t^2\,dt", {}, 1 / 3),
    (r"\int|F(x)|\,dx", {"F": lambda x: x, "x": np.array([-1.0, 0, 1])}, 1),
    (r"\mathbf 1[a=2]-\mathbf 1[a<2]", {"a": 2}, 1),
    (r"\begin{cases}1&\text{if }a\ge b\\0&\text{else}\end{cases}", {"a": 2, "b": 3}, 0),
    (r"\sigma(s)\big(1-\sigma(s)\big)", {r"\sigma": S, "s": 0.3}, S(0.3) * S(-0.3)),
    (r"\mathrm{KL}(p\|q)", {"KL": lambda a, b: a - b, "p": 5, "q": 3}, 2),
    (r"\mathcal N(x;y,s)", {r"\mathcal N": lambda a, b, c: a - b / c, "x": 1, "y": 2, "s": 4}, 0.5),
    (r"p(y=1\mid x)", {"p(y=1|x)": 0.25}, 0.25),
    (r"\max(0,\|x\|-1)", {"x": np.array([3.0, 4])}, 4),
    (r"2\,\mathbb E_p[x^2]-1", {r"\mathbb E_p": Operator(np.mean), "x": X}, 2 * (X**2).mean() - 1),
    (r"\mathbb E\lVert x\rVert^2", {r"\mathbb E": Operator(lambda v: v), "x": X[1:]}, 20),
    (r"\lVert x-y\rVert", {"x": np.array([1.0, 2]), "y": np.array([4.0, 6])}, 5),
    (r"\big||x|-|y|\big|", {"x": -3, "y": 5}, 2),
    (r"Wx\cdot v", {"W": np.eye(3) * 2, "x": X, "v": X}, 2 * X @ X),
    (r"u^\top Wv", {"W": np.eye(3), "u": X, "v": X}, X @ X),
    (r"\hat\theta_{\text{MAP}}+\theta", {r"\hat\theta_{\text{MAP}}": 2, r"\theta": 1}, 3),
    (r"1\pm h", {"h": 2, r"\pm": -1}, -1),
]  # fmt: skip


@pytest.mark.parametrize("tex, names, value", VALUES)
def test_value(tex, names, value):
    assert Formula("it", tex).side(names) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(
    "tex",
    ["a+b", "a_i", "f(a)b", "a b)", r"\frac a", "a?", r"\sum_ka", r"\sum_{i=1}a_i", "a|", "a="],
)  # fmt: skip
def test_what_is_not_bound_or_not_understood_is_an_error(tex):
    with pytest.raises((Unreadable, ValueError)):
        Formula("it", tex).side({"a": 1.0, "f": lambda x: x})


HOLDS = (
    r"\begin{aligned}a&=b+1\\&=\frac62,\qquad a>b\quad\text{for all }b ,\\c&\le a\end{aligned} ."
)


@pytest.mark.parametrize(
    "tex, true",
    [
        (HOLDS, True),
        (HOLDS.replace("+1", "+2"), False),
        (HOLDS.replace("62", "64"), False),
        (HOLDS.replace(">", "<"), False),
        (HOLDS.replace(r"\le", r"\ge"), False),
        (r"a=3\iff b=2", True),
        (r"a=3\iff b=1", False),
        (r"a=2\iff b=1", True),
        (r"a=2\Longrightarrow b=2", True),
        (r"a=3\Longrightarrow b=1", False),
        (r"a\ne b,\;\text{so}\;c\to0", True),
        (r"\pi\approx3.14159", True),
        (r"\pi\approx3.1415", False),
    ],
)
def test_a_display_holds_when_every_relation_does(tex, true):
    verdict = Formula("it", tex).holds({"a": 3, "b": 2, "c": 1e-13}, rel=1e-6)
    assert bool(verdict) == true and repr(verdict).startswith("it: ")


def test_a_display_without_a_relation_states_nothing():
    with pytest.raises(Unreadable, match="states nothing"):
        Formula("it", "a").holds({"a": 1})
