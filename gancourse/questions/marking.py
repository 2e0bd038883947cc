r"""Marking: an answer against the right one, and a hint that names the mistake.

Knows no question; those are in the other files of this folder, one for each chapter.

How to add an exercise
----------------------
Call ``exercise`` in ``gancourse/questions/<your chapter>.py``; a new file there is found by itself:

* ``answer``: a function that *computes* the right answer. Without ``inputs`` it takes no
  argument and the reader hands in numbers; with ``inputs``, a list of argument tuples, the reader
  hands in a function that is compared with ``answer`` on every one. Lists and floats among the
  inputs arrive as float64 tensors, so that ``math.log(w)``, ``torch.log(w)`` and ``w.log()`` all
  work; integers stay.
* ``praise``: one sentence that tells what has been learnt, shown after "Right."
* ``mistakes``: {hint: wrong function like ``answer``}. Each must be recognisable: on some input it
  differs from the right answer and from the other mistakes by more than the tolerance.
* ``tolerance``: absolute and relative, 1e-4 unless told; give 1e-9 for large exact counts.

``tests/test_exercises.py`` then tries the right answer, every mistake and nonsense by itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import torch
from torch import Tensor

#: By its name, every exercise of the questions that have been imported so far.
EXERCISES: dict[str, "Exercise"] = {}
#: What is said of a multiple of the right answer, when no declared mistake fits.
COMMON_FACTORS = {
    -1: "This is minus the right answer.",
    2: "This is twice the right answer.",
    0.5: "This is half the right answer.",
    1 / log(2): "This is in bits; use natural logarithms (nats).",
}


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and one or two sentences about it."""

    right: bool
    message: str

    def __repr__(self):
        return self.message

    def _repr_markdown_(self):
        opening, _, rest = self.message.partition(". ")
        return f"**{opening}.** {rest}"


@dataclass(frozen=True)
class Exercise:
    """A question that can be checked; the fields are those of ``exercise``."""

    answer: Callable
    praise: str
    mistakes: dict[str, Callable]
    inputs: list[tuple]
    tolerance: float

    def values(self, given) -> list[Tensor | None]:
        """What was given, as one tensor per input; None stands for "not answered"."""
        if not self.inputs:
            if callable(given):
                raise TypeError("This exercise asks for numbers: call your function first.")
            return [_numbers(given)]
        if not callable(given):
            raise TypeError("This exercise asks for a function: pass its name, without brackets.")
        return [_numbers(_call(given, arguments)) for arguments in self.inputs]

    def computed(self, function) -> list[Tensor]:
        """The values of ``answer``, or of one of the mistakes; none of them is missing."""
        values = self.values(function if self.inputs else function())
        return [value for value in values if value is not None]

    def same(self, these, those) -> bool:
        return all(
            a.shape == b.shape
            and torch.allclose(a, b, self.tolerance, self.tolerance, equal_nan=True)
            for a, b in zip(these, those, strict=True)
        )

    def hint(self, given, right) -> str:
        """The most telling thing that is true of a wrong answer."""
        for hint, wrong in self.mistakes.items():
            if self.same(given, self.computed(wrong)):
                return hint
        if any(bool(value.isnan().any()) for value in given):
            return "Your answer contains something that is no real number, such as NaN."
        for i, (a, b) in enumerate(zip(given, right, strict=True)):
            where = f"For {self.inputs[i]} your function's result" if self.inputs else "Your answer"
            if a.shape != b.shape:
                return f"{where} has the shape {tuple(a.shape)}; {tuple(b.shape)} is asked for."
        if not self.inputs and _rounded(given[0], right[0]):
            return "These are the right numbers, but rounded: give at least four digits."
        for factor, hint in COMMON_FACTORS.items():
            if self.same(given, [factor * b for b in right]):
                return hint
        if not self.inputs:
            return "It is not one of the usual slips. Try a case that you can do by hand."
        i = next(i for i in range(len(right)) if not self.same([given[i]], [right[i]]))
        return (
            f"For {self.inputs[i]} your function gives {_text(given[i])}, "
            f"the right value is {_text(right[i])}."
        )


def exercise(
    name: str,
    *,
    answer: Callable,
    praise: str,
    mistakes: dict[str, Callable],
    inputs: Sequence[tuple] = (),
    tolerance: float = 1e-4,
) -> None:
    """Declare an exercise; see the top of this file."""
    EXERCISES[name] = Exercise(answer, praise, mistakes, list(inputs), tolerance)


def mark(question: Exercise, answer) -> Verdict:
    """Compare an answer (numbers, or a function) with the right one; say what is wrong with it."""
    try:
        given = [None] if answer is None or answer is ... else question.values(answer)
    except (TypeError, ValueError) as fault:
        return Verdict(False, f"Not yet. {fault}")
    if any(value is None for value in given):
        return Verdict(False, "Not answered yet. Replace the dots and run the cell again.")
    right = question.computed(question.answer)
    if question.same(given, right):
        return Verdict(True, f"Right. {question.praise}")
    return Verdict(False, f"Not yet. {question.hint(given, right)}")


def _call(function, arguments):
    arguments = [
        torch.tensor(a, dtype=torch.float64) if isinstance(a, list | float) else a
        for a in arguments
    ]
    try:
        return function(*arguments)
    except Exception as fault:
        raise ValueError(f"Your function stopped with {type(fault).__name__}: {fault}") from None


def _numbers(given) -> Tensor | None:
    """A float64 tensor of numbers in any usual wrapping; None if nothing was given."""
    if given is None or given is ...:
        return None
    if isinstance(given, list | tuple):
        parts = [part for part in map(_numbers, given) if part is not None]
        if not parts or len(parts) < len(given):
            return None
        if len({part.shape for part in parts}) > 1:
            raise ValueError("The entries of your answer have different shapes.")
        return torch.stack(parts)
    try:
        given = given.detach().cpu() if isinstance(given, Tensor) else torch.tensor(np.array(given))
    except TypeError:
        raise TypeError(f"A number is asked for, not {type(given).__name__}.") from None
    if given.is_complex():
        raise ValueError("Your answer contains something that is no real number, such as NaN.")
    return given.to(torch.float64)


def _rounded(given: Tensor, right: Tensor) -> bool:
    """Whether ``given`` is ``right`` with only two or three decimals, rounded or cut off."""
    return any(
        bool(((given - right).abs() < unit).all())
        and torch.allclose(given, (given / unit).round() * unit, 0, 1e-9)
        for unit in (1e-2, 1e-3)
    )


def _text(tensor) -> str:
    return str([float(f"{v:.5g}") for v in tensor.flatten()]) if tensor.ndim else f"{tensor:.5g}"
