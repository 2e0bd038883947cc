"""Short texts, each with a few numbers that belong to it; shipped: names of colours.

``colour_names.md`` beside this file says where they come from.
"""

import copy
from collections.abc import Sequence
from importlib import resources
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from gancourse.data.dataset import Batches, sha256
from gancourse.devices import usable
from gancourse.errors import GanCourseError, demand_whole

END = 0  # the number of the letter that says: here the text ends


class Texts:
    """Texts as a network reads them: one-hot rows, an end mark behind the last letter.

    ``texts``: not empty, all of ``letters``; ``values``: floats that belong to them, ``(n, d)``.
    One text has the shape ``(length, 1 + len(letters))``: the first column is the end mark, which
    also fills the rows behind it. ``length`` has room for the longest text and one mark.
    """

    def __init__(self, name: str, texts: Sequence[str], values: Tensor, letters: str):
        if len(texts) != len(values) or values.ndim != 2:
            raise GanCourseError(
                f"{len(texts)} texts with values of shape {tuple(values.shape)}",
                where=name,
                fix="give one row of values for each text",
            )
        self.name, self.letters = name, letters
        self.texts, self.values = list(texts), values
        self.length = 1 + max(map(len, texts), default=0)
        self.tokens = self._tokens(self.texts)

    @property
    def shape(self) -> tuple[int, int]:
        """Of one text as a network sees it: ``(length, letters with the end mark)``."""
        return self.length, 1 + len(self.letters)

    def __len__(self) -> int:
        return len(self.texts)

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Other texts in the same form: ``(n, length, letters with the end mark)``."""
        return F.one_hot(self._tokens(texts), self.shape[1]).float()

    def decode(self, tokens: Tensor) -> list[str]:
        """The texts of numbers of letters, ``(n, steps)``, each up to its first end mark."""
        rows = ("".join(("\n" + self.letters)[k] for k in row) for row in tokens.tolist())
        return [row.partition("\n")[0] for row in rows]

    def split(self, held_out: int, seed: int = 0) -> tuple["Texts", "Texts"]:
        """Two data sets, drawn at random: to learn from, and ``held_out`` texts to be judged by."""
        demand_whole("held_out", held_out, least=1, where=self.name)
        demand_whole("seed", seed, where=self.name)
        if held_out >= len(self):
            raise GanCourseError(
                f"held_out is {held_out} of {len(self)} texts",
                where=self.name,
                fix="leave some to learn from",
            )
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        return self._part(order[held_out:]), self._part(order[:held_out])

    def all(self) -> tuple[Tensor, Tensor]:
        """Every text and its values: one large batch, in order."""
        return self._rows(torch.arange(len(self), device=self.values.device))

    def sample(self, n: int, seed: int | None = None) -> Tensor:
        """``n`` texts, ``(n, *shape)``; with a ``seed``, the same ones each time."""
        demand_whole("n", n, least=1, where=self.name)
        if seed is not None:
            demand_whole("seed", seed, where=self.name)
        rng = None if seed is None else torch.Generator().manual_seed(seed)
        rounds = [torch.randperm(len(self), generator=rng) for _ in range(-(-n // len(self)))]
        return self._rows(torch.cat(rounds)[:n].to(self.values.device))[0]

    def batches(self, size: int) -> Batches:
        """Endless batches ``(x, values)``, drawn independently and with replacement."""
        demand_whole("batch size", size, least=1, where=self.name)
        draw = lambda: torch.randint(len(self), (size,), device=self.values.device)
        told = lambda: f"{len(self)} texts, sha256 {sha256([self.tokens, self.values])}, of {size}"
        return Batches(lambda: self._rows(draw()), told)

    def to(self, device: torch.device | str) -> Self:
        """The same texts, resident on ``device``."""
        moved, there = copy.copy(self), usable(device)
        moved.tokens, moved.values = self.tokens.to(there), self.values.to(there)
        return moved

    def _part(self, index: Tensor) -> "Texts":
        part = copy.copy(self)  # with the same room for the longest text
        part.texts = [self.texts[k] for k in index.tolist()]
        part.values, part.tokens = self.values[index], self.tokens[index]
        return part

    def _rows(self, index: Tensor) -> tuple[Tensor, Tensor]:
        return F.one_hot(self.tokens[index], self.shape[1]).float(), self.values[index]

    def _tokens(self, texts: Sequence[str]) -> Tensor:
        rows = torch.full((len(texts), self.length), END)
        for row, text in zip(rows, texts, strict=True):
            if not text or len(text) >= self.length or set(text) - set(self.letters):
                raise GanCourseError(
                    f"cannot write {text!r} in at most {self.length - 1} of these letters: "
                    f"{self.letters}",
                    where=self.name,
                )
            row[: len(text)] = torch.tensor([1 + self.letters.index(a) for a in text])
        return rows


def colour_names() -> Texts:
    """920 names that people gave to colours; the values are red, green and blue in [-1, 1].

    Source: the colour survey of xkcd.com (2010), CC0.
    """
    table = (resources.files("gancourse.data") / "colour_names.txt").read_text("utf-8")
    found = [line.split(" ", 1) for line in table.splitlines()]
    rgb = torch.tensor([list(bytes.fromhex(code[1:])) for code, _ in found])
    names = [name for _, name in found]
    return Texts("colour names", names, rgb / 127.5 - 1, "".join(sorted(set("".join(names)))))


def words(texts: Sequence[str], values: Tensor) -> Texts:
    """Texts of your own, with a row of ``values`` for each; the letters are those that occur."""
    return Texts("words", texts, values, "".join(sorted(set("".join(texts)))))
