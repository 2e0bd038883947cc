r"""Evaluates a formula as it is printed, so that a test need not copy it.

Only plain arithmetic is read: numbers, + - \cdot /, products without a sign, \frac, \sqrt, powers,
\log, \max(a, b), absolute values, floors, brackets, and the names that the caller gives, each
spelt as in the formula. A name with a number or an array stands for it; a name with a function
(\sum_{i=1}^N, \mathbb E, \int) is applied to the rest of its product. Anything else is refused.
"""

import re

import numpy as np

TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\S")
SETTING = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|limits|q?quad)(?![a-zA-Z])|\\[,;:! ]"
)
RELATIONS = {"=", "<", ">", r"\le", r"\ge", r"\leftarrow", r"\propto", r"\approx", r"\to", ","}
PAIRS = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", "|": "|", r"\lfloor": r"\rfloor"}


def tokens(tex):
    """The tokens of a formula without its white space and sizes of brackets."""
    return TOKEN.findall(re.sub(r"\\[td]frac", r"\\frac", SETTING.sub(" ", tex)))


def formulas(text):
    """The formulas in a Markdown text."""
    return re.findall(r"\$([^$]+)\$", text)


def sides(tex):
    """A chain of equations, or several side by side, cut at every relation outside brackets."""
    found, depth = [""], 0
    for token in TOKEN.findall(tex):
        depth += (token in ("(", "[", "{")) - (token in (")", "]", "}"))
        if depth == 0 and token in RELATIONS:
            found.append("")
        else:
            found[-1] += f"{token} "
    return found


class Reader:
    """Reads a formula from left to right; every method returns the value of what it has read."""

    def __init__(self, tex, names):
        self.left = tokens(tex)
        self.names = sorted(
            ((tokens(name), value) for name, value in names.items()),
            key=lambda pair: -len(pair[0]),
        )
        self.inside_bars = False

    def next(self, *wanted):
        return bool(self.left) and self.left[0] in wanted

    def take(self, wanted=None):
        if not self.left or wanted not in (None, self.left[0]):
            raise ValueError(f"{wanted or 'more'} expected before {' '.join(self.left[:8])!r}")
        return self.left.pop(0)

    def sum(self):
        sign = -1 if self.next("+", "-") and self.take() == "-" else 1
        value = sign * self.product()
        while self.next("+", "-"):
            sign = -1 if self.take() == "-" else 1
            value = value + sign * self.product()
        return value

    def product(self):
        value = self.power()
        while self.left and not self.next("+", "-", ",", *(set(PAIRS.values()) - {"|"})):
            if self.next("|") and self.inside_bars:
                break
            if self.next("/"):
                self.take()
                value = value / self.power()
                continue
            if self.next(r"\cdot", r"\times"):
                self.take()
            value = value * self.power()
        return value

    def power(self):
        value = self.atom()
        while self.next("^"):
            self.take()
            value = value ** self.group()
        return value

    def group(self):
        """What a command takes: something in braces, or one token."""
        if self.next("{"):
            return self.bracket()
        first, self.left = self.left[:1], self.left[1:]
        rest, self.left = self.left, first
        value = self.atom()
        self.left += rest
        return value

    def bracket(self):
        close = PAIRS[opened := self.take()]
        before, self.inside_bars = self.inside_bars, opened == "|"
        values = [self.sum()]
        while self.next(","):
            self.take()
            values.append(self.sum())
        self.inside_bars = before
        self.take(close)
        return values[0] if len(values) == 1 else values

    def atom(self):
        for name, value in self.names:
            if self.left[: len(name)] == name:
                del self.left[: len(name)]
                return value(self.product()) if callable(value) else value
        token = self.left[0] if self.left else ""
        if token in PAIRS:
            value = self.bracket()
            return {"|": np.abs, r"\lfloor": np.floor}.get(token, lambda x: x)(value)
        if token.isdigit():
            return self.number()
        self.take()
        if token == r"\frac":
            return self.group() / self.group()
        if token == r"\sqrt":
            return np.sqrt(self.group())
        if token == r"\log":
            return np.log(self.power())
        if token in (r"\max", r"\min"):
            return (np.maximum if token == r"\max" else np.minimum)(*self.bracket())
        raise ValueError(f"{token or 'the end'} is not understood")

    def number(self):
        digits = ""
        while self.left and (self.left[0].isdigit() or (self.left[0] == "." and digits)):
            digits += self.left.pop(0)
        return float(digits)


def value(tex, names):
    """The value of a formula, given the values of its names."""
    reader = Reader(tex, names)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = reader.sum()
    if reader.left:
        raise ValueError(f"{' '.join(reader.left)!r} is left over")
    return result
