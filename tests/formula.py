r"""A formula evaluated as it is printed: every symbol of the TeX is bound to a number, or it fails.

Names are given by their spelling on the page, `{r"\hat\sigma^2": 2.5, "n": 4, "p": density}`; the
longest spelling that is bound wins, so a test may bind a whole left side
`r"\mathbb E[\hat\sigma^2]"` to what it computed by another route. Bound to

- a function, a name is called with what stands in brackets: `D(x)`, `\mathrm{KL}(p\|q)`;
- an array, it is indexed from 1 as in the text: `x_i`, `c_{ij}` (a dict: by its own keys);
- a range, it is an index over which `\sum_i`, `\prod_i`, `\max_i` and `\min_i` run;
- a grid (an array), it is what `\int ... dx` runs over;
- an `Operator`, it takes the product that follows, as `\log` does: `\mathbb E_p[...]`.

Juxtaposition binds as in print: `\log2\pi` is log(2π), `a/2b` is a/(2b), a sum ends at + or -.
What cannot be read raises `Unreadable`; nothing is skipped but a final "for all ...".
"""

import itertools
import math
import re
from functools import reduce

import numpy as np
import scipy.integrate

from tex import tokens

CLOSING = {"(": ")", "[": "]", r"\{": r"\}", "{": "}", r"\lfloor": r"\rfloor"}
CLOSING |= {r"\lceil": r"\rceil", r"\langle": r"\rangle"}
RELATIONS = {"=", r"\le", r"\ge", "<", ">", r"\approx", r"\ne", r"\leftarrow", r"\to"}
BIG = {r"\sum": sum, r"\prod": math.prod, "max": max, "min": min}
FUNCTIONS = {name: getattr(np, name) for name in ("log", "exp", "sin", "cos", "tan", "sign")}
FUNCTIONS |= {"softplus": lambda s: np.logaddexp(0, s)}
CONSTANTS = {r"\pi": math.pi, "e": math.e, r"\infty": math.inf}
ARROWS = {r"\Longleftrightarrow", r"\Longrightarrow"}
BREAK, SIGNS = r"\newline", RELATIONS | ARROWS | {"+", "-"}
TAIL = re.compile(r"(for|as|if)\b|\\forall")  # what follows in words is no part of it
ENDS = SIGNS | {r"\pm", ",", ";", ".", ":", "/", r"\cdot", r"\odot", r"\\", "&"}


class Unreadable(Exception):
    """The formula says something that the names given do not cover."""


class Operator:
    """A name that takes the product standing behind it, with or without brackets."""

    def __init__(self, function):
        self.function = function


def depths(said):
    """Every token with the number of brackets that are open round it."""
    depth = 0
    for token in said:
        depth -= token in CLOSING.values() or token.startswith(r"\end")
        yield depth, token
        depth += token in CLOSING or token.startswith(r"\begin")


def split(said, marks):
    """The pieces of a list of tokens between marks that stand outside brackets, and the marks."""
    pieces, found = [[]], []
    for depth, token in depths(said):
        if not depth and token in marks:
            found.append(token)
            pieces.append([])
        else:
            pieces[-1].append(token)
    return pieces, found


def statements(tex):
    """Each statement of a display; a line that begins or ends with a sign goes on."""
    said = tokens(tex, lines=True)
    found, tail = [[]], False
    for k, (depth, token) in enumerate(depths(said)):
        breaks = not depth and (
            token == "," or (token == BREAK and not SIGNS & {*found[-1][-1:], *said[k + 1 : k + 2]})
        )
        tail = not breaks and (tail or (not depth and bool(TAIL.match(token))))
        if breaks:
            found.append([])
        elif not tail and token not in (BREAK, "so", "hence"):
            found[-1].append(token)
    pieces = [said[:-1] if said[-1:] and said[-1] in ".:;" else said for said in found]
    return [piece for piece in pieces if piece]


class Reader:
    """Reads and evaluates a list of tokens from left to right; loops read their body again."""

    def __init__(self, said, names):
        self.said, self.names, self.at = said, names, 0
        self.longest = max(map(len, names), default=1)

    def peek(self):
        return self.said[self.at] if self.at < len(self.said) else None

    def take(self, expected=None):
        token = self.peek()
        if token is None or expected not in (None, token):
            rest = " ".join(self.said[max(0, self.at - 6) : self.at + 6])
            raise Unreadable(f"{expected or 'something'} expected, not {token}, in: {rest}")
        self.at += 1
        return token

    def whole(self):
        """The value of all tokens."""
        value = self.expression()
        if self.peek() is not None:
            raise Unreadable(f"cannot read on at: {' '.join(self.said[self.at :])}")
        return value

    def expression(self):
        signs = {"+": 1, "-": -1, r"\pm": self.names.get((r"\pm",))}
        value, sign = 0, self.take() if self.peek() in signs else "+"
        while True:
            value = value + signs[sign] * self.term()
            if self.peek() not in signs:
                return value
            sign = self.take()

    def term(self):
        value = self.product()
        while (sign := self.peek()) in ("/", r"\cdot", r"\odot"):
            self.take()
            other = self.product()
            if sign == "/":
                value = value / other
            elif sign == r"\cdot" and np.ndim(value) == np.ndim(other) == 1:
                value = value @ other
            else:
                value = value * other
        return value

    def starts_factor(self, token):
        closing = token in CLOSING.values() or token in ENDS or token in (r"\|", "|")
        return token is not None and not closing and not token.startswith(r"\end")

    def product(self, argument=False):
        """Factors side by side; the argument of a function ends at the next function."""
        value = self.factor()
        while self.starts_factor(self.peek()) or (self.bar_opens() and not argument):
            if argument and (self.peek() in FUNCTIONS or self.peek() in BIG):
                break
            value = times(value, self.factor())
        return value

    def bar_opens(self):
        """Whether a bar is the opening one: no bar is open, and another follows."""
        bar = self.peek()
        return bar in (r"\|", "|") and not self.bars and bar in self.said[self.at + 1 :]

    bars = 0

    def factor(self):
        value = self.primary()
        while (mark := self.peek()) in ("^", "_", "!"):
            self.take()
            if mark == "!":
                value = math.factorial(value)
            elif mark == "_":
                value = self.indexed(value, self.argument())
            elif (power := self.argument()) == [r"\top"]:
                value = np.atleast_2d(value) if np.ndim(value) == 1 else np.transpose(value)
            elif (power[0], power[-1]) == ("(", ")") and has_entries(value):  # one of many
                value = self.indexed(value, power[1:-1])
            else:
                value = value ** self.inner(power)
        return value

    def argument(self):
        """The tokens of one argument of TeX: a single token, or what stands in braces."""
        if self.peek() != "{":
            return [self.take()]
        return self.inside()

    def inside(self):
        """The tokens between a bracket and its partner."""
        start, depth = self.at, 0
        for depth, _token in depths(self.said[start:]):
            self.at += 1
            if not depth and self.at > start + 1:
                return self.said[start + 1 : self.at - 1]
        raise Unreadable(f"no end of: {' '.join(self.said[start:])}")

    def inner(self, said, **more):
        return Reader(said, {**self.names, **{(k,): v for k, v in more.items()}}).whole()

    def indexed(self, value, sub):
        """`x_i` counts from 1, `x_{(i)}` in order of size; a dict has keys of its own."""
        if not has_entries(value):
            raise Unreadable(f"an index {' '.join(sub)} on something that has none")
        if sub[0] == "(":
            value, sub = np.sort(value), sub[1:-1]
        parts = [sub] if {"+", "-"} & set(sub) else [[token] for token in sub]
        places = tuple(self.inner(part) for part in parts)
        if isinstance(value, dict):
            return value[places if len(places) > 1 else places[0]]
        if min(places) < 1:
            raise Unreadable(f"index {places}, counted from 1")
        for place in places:
            value = value[int(place) - 1]
        return value

    def name(self):
        r"""The value of the longest bound name that stands here, or None.

        `x^{(\cdot)}` is the list of which `x^{(i)}` is an entry, where `x` is something else.
        """
        listed = (*self.said[self.at : self.at + 1], *tokens(r"^{(\cdot)}"))
        if self.said[self.at + 1 : self.at + 4] == ["^", "{", "("] and listed in self.names:
            self.at += 1
            return self.names[listed]
        for length in range(min(self.longest, len(self.said) - self.at), 0, -1):
            spelling = tuple(self.said[self.at : self.at + length])
            if spelling in self.names:
                self.at += length
                return self.names[spelling]
        return None

    def primary(self):
        value = self.name()
        if isinstance(value, Operator):
            return value.function(self.operand())
        if value is not None:
            called = callable(value) and self.peek() in ("(", "[")
            return value(*self.arguments()) if called else value
        token = self.take()
        if token in ("max", "min") and self.peek() in ("(", r"\{"):
            return reduce(np.maximum if token == "max" else np.minimum, self.arguments())
        if token in BIG:
            return self.big(token)
        if token in FUNCTIONS:
            base = self.inner(self.argument()) if self.peek() == "_" and self.take() else math.e
            power = self.inner(self.argument()) if self.peek() == "^" and self.take() else 1
            return (FUNCTIONS[token](self.operand()) / np.log(base)) ** power
        reader = {
            **{r"\frac": self.fraction, r"\binom": self.binomial, r"\int": self.integral},
            **{r"\sqrt": lambda: np.emath.sqrt(self.inner(self.argument()))},
            **{r"\mathbf": self.indicator, r"\begin{cases}": self.cases},
            **{r"\begin{pmatrix}": lambda: np.array(self.table("pmatrix", self.inner))},
            **{bar: lambda: self.between_bars(token) for bar in (r"\|", "|")},
            **dict.fromkeys(CLOSING, lambda: self.bracket(token)),
        }.get(token)
        if reader:
            return reader()
        if token.isdigit():
            while (self.peek() or "x").isdigit() or (
                self.peek() == "." and (*self.said, "x", "x")[self.at + 1].isdigit()
            ):
                token += self.take()
            return float(token) if "." in token else int(token)
        raise Unreadable(f"{token} is not bound, in: {' '.join(self.said)}")

    def operand(self):
        """What a function takes: a bracket alone, or the product that follows."""
        return self.primary() if self.peek() in CLOSING else self.product(argument=True)

    def bracket(self, opening):
        self.at -= 1
        inside = self.inside()
        if opening == r"\langle":
            left, right = split(inside, {","})[0]
            return np.sum(self.inner(left) * self.inner(right))
        value = self.inner(inside)
        return {r"\lfloor": np.floor, r"\lceil": np.ceil}.get(opening, lambda v: v)(value)

    def between_bars(self, bar):
        self.bars += 1
        value = self.expression()
        self.bars -= 1
        self.take(bar)
        return np.abs(value) if bar == "|" else np.linalg.norm(np.atleast_1d(value), axis=-1)

    def arguments(self):
        """What stands in the brackets of a call; a bar that has no partner separates, too."""
        pieces, _ = split(self.inside(), {",", ";"})
        for bar in (r"\|", "|"):
            cut = [split(piece, {bar})[0] if piece.count(bar) == 1 else [piece] for piece in pieces]
            pieces = list(itertools.chain(*cut))
        return [self.inner(piece) for piece in pieces]

    def fraction(self):
        above = self.inner(self.argument())
        return above / self.inner(self.argument())

    def binomial(self):
        above = self.inner(self.argument())
        return math.comb(int(above), int(self.inner(self.argument())))

    def indicator(self):
        self.take("1")
        return 1.0 * self.true(self.inside())

    def true(self, said):
        """Whether a condition holds: words, or a chain of relations."""
        said = said[said[:1] == ["if"] : len(said) - (said[-1] in ".,")]
        if said[:1] in (["else"], ["else."], ["otherwise"]):
            return True
        if tuple(said) in self.names:
            return self.names[tuple(said)]
        pieces, signs = split(said, RELATIONS)
        if not signs:
            raise Unreadable(f"no condition: {' '.join(said)}")
        return all(chain([self.inner(piece) for piece in pieces], signs))

    def table(self, kind, read):
        """The cells of an environment, each read by a function."""
        end = self.said.index(rf"\end{{{kind}}}", self.at)
        rows, _ = split(self.said[self.at : end], {r"\\"})
        self.at = end + 1
        return [[read(cell) for cell in split(row, {"&"})[0]] for row in rows]

    def cases(self):
        for value, condition in self.table("cases", lambda cell: cell):
            if self.true(condition):
                return self.inner(value)
        raise Unreadable("none of the cases applies")

    def big(self, kind):
        """A sum, product or extremum over the indices under it; its body ends at + or -."""
        self.take("_")
        under = self.argument()
        if self.peek() == "^" and self.take():
            first, last = self.inner(under[2:]), self.inner(self.argument())
            over = {under[0]: range(int(first), int(min(last, first + 5000)) + 1)}
            under = under[:1]
        else:
            over = {t: v for t in under if isinstance(v := self.names.get((t,)), range | list)}
        start, outer, values = self.at, self.names, []
        conditional = bool(RELATIONS & set(under))
        if not over or (not conditional and set(under) - set(over)):
            raise Unreadable(f"no range is bound for {' '.join(under)}")
        for places in itertools.product(*over.values()):
            self.names = {**outer, **{(k,): v for k, v in zip(over, places, strict=True)}}
            if not conditional or self.true(under):
                self.at = start
                values.append(self.term())
        if not values:  # an empty sum or product: its body is read and forgotten
            self.names, self.at = {**outer, **{(k,): 1 for k in over}}, start
            self.term()
        self.names = outer
        return BIG[kind](values)

    def integral(self):
        """Between limits by quadrature; without them over the grid that is bound."""
        limits = {}
        while self.peek() in ("_", "^"):
            mark = self.take()
            limits[mark] = self.inner(self.argument())
        rest = enumerate(depths(self.said[self.at :]))
        end = next(k for k, (depth, token) in rest if not depth and token == "d")
        body, variable = self.said[self.at : self.at + end], self.said[self.at + end + 1]
        self.at += end + 2
        if limits:
            f = lambda v: self.inner(body, **{variable: v})
            return scipy.integrate.quad(f, limits["_"], limits["^"], limit=200)[0]
        grid = self.names[(variable,)]
        return float(scipy.integrate.trapezoid(self.inner(body) * np.ones_like(grid), grid))


def has_entries(value):
    """Whether a value can carry an index."""
    return isinstance(value, dict | list | range) or (not callable(value) and np.ndim(value) > 0)


def times(a, b):
    """A product as print means it: matrices multiply as matrices, all else entry by entry."""
    if max(np.ndim(a), np.ndim(b)) == 2 and min(np.ndim(a), np.ndim(b)) > 0:
        found = np.asarray(a) @ np.asarray(b)
        return found.item() if found.size == 1 else found
    return a * b


def chain(values, signs, rel=1e-9, abs_=1e-12):
    """Whether each relation of a chain holds between its neighbours."""
    near = lambda a, b: np.isclose(a, b, rel, abs_) | (np.asarray(a) == np.asarray(b))
    holds = {
        **dict.fromkeys(("=", r"\leftarrow", r"\to", r"\approx"), near),
        r"\ne": lambda a, b: ~near(a, b),
        r"\le": lambda a, b: (np.asarray(a) <= b) | near(a, b),
        r"\ge": lambda a, b: (np.asarray(a) >= b) | near(a, b),
        "<": lambda a, b: np.asarray(a) < b,
        ">": lambda a, b: np.asarray(a) > b,
    }
    return [np.all(holds[s](a, b)) for a, s, b in zip(values, signs, values[1:], strict=False)]


class Verdict:
    """True or false, and what it was computed from."""

    def __init__(self, true, text):
        self.true, self.text = true, text

    def __bool__(self):
        return self.true

    def __repr__(self):
        return self.text


class Formula:
    """A display of the book; `side` evaluates one side of it, `holds` all of it."""

    def __init__(self, label, tex):
        self.label, self.said = label, statements(tex)

    def side(self, names, statement=0, side=-1):
        """The value of one side of one statement, the last of the first unless told."""
        pieces, _ = split(self.said[statement], RELATIONS)
        return Reader(pieces[side], _spelt(names)).whole()

    def holds(self, names, only=None, rel=1e-9, abs=1e-12):
        """Whether the statements (or those of the numbers in `only`) hold for these names."""
        told, true, names = [], True, _spelt(names)
        for k in range(len(self.said)) if only is None else only:
            parts, arrows = split(self.said[k], ARROWS)
            found = [self._state(part, names, rel, abs, told) for part in parts]
            for arrow, one, other in zip(arrows, found, found[1:], strict=False):
                true = true and (other or not one) and (one or not other or arrow[5] == "r")
            true = true and (bool(arrows) or found[0])
        return Verdict(true, f"{self.label}: {'; '.join(told)}")

    def _state(self, said, names, rel, abs_, told):
        """Whether one chain of relations is true; what was computed is added to `told`."""
        pieces, signs = split(said, RELATIONS)
        if not signs:
            raise Unreadable(f"{self.label} states nothing in: {' '.join(said)}")
        values = [Reader(piece, names).whole() for piece in pieces]
        told.append(" ".join(map(str, itertools.chain(*zip(values, [*signs, ""], strict=True)))))
        return all(chain(values, signs, rel, abs_))


def _spelt(names):
    r"""The names by their tokens; a bare word is one token, as `\mathrm` makes it."""
    spelt = {(k,): v for k, v in CONSTANTS.items()}
    for name, value in names.items():
        word = name.isalpha() and len(name) > 1
        spelt[(name,) if word else tuple(tokens(name))] = value
    return spelt
