"""Every exercise by itself: right, each known mistake, nonsense; and the book's own solutions."""

import math
import re
from math import log, nan

import numpy as np
import pytest
import torch

from checkout import ROOT
from gancourse import exercises
from gancourse.errors import GanCourseError
from gancourse.exercises import check, everything
from gancourse.questions import marking

EXERCISES = everything()

NAMES = sorted(EXERCISES)
MISTAKES = [(name, hint) for name in NAMES for hint in EXERCISES[name].mistakes]
CHAPTERS = sorted(ROOT.glob("chapters/*.md"))
SOLUTION = re.compile(r"^(:{3,})\{solution\} (\S+)\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
CELL = re.compile(r"^```\{code-cell\}.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)
CHECKED = re.compile(r"""check\(\s*["']([^"']+)["']""")

each = pytest.mark.parametrize("name", NAMES)


def handed_in(name, function):
    """What a reader would hand in: the function, or the numbers it computes."""
    return function if EXERCISES[name].inputs else function()


@each
def test_right_answer(name):
    verdict = check(name, handed_in(name, EXERCISES[name].answer))
    assert verdict.right and verdict.message == f"Right. {EXERCISES[name].praise}"


@pytest.mark.parametrize("name, hint", MISTAKES)
def test_every_mistake_gets_its_own_hint(name, hint):
    verdict = check(name, handed_in(name, EXERCISES[name].mistakes[hint]))
    assert not verdict.right and verdict.message == f"Not yet. {hint}"


@each
def test_exercise_has_mistakes_and_sentences(name):
    question = EXERCISES[name]
    assert len(question.mistakes) >= 2
    assert all(text.endswith((".", "?", "!")) for text in [question.praise, *question.mistakes])


@each
@pytest.mark.parametrize("nothing", [None, ..., "function"])
def test_not_answered_yet(name, nothing):
    if nothing == "function":
        nothing = (lambda *arguments: None) if EXERCISES[name].inputs else (None, ...)
    verdict = check(name, nothing)
    assert not verdict.right and verdict.message.startswith("Not answered yet. ")


def stops(*arguments):
    raise ZeroDivisionError("planted")


@each
@pytest.mark.parametrize(
    "nonsense",
    [
        "twelve",
        nan,
        [1.0, nan],
        1j,
        torch.tensor([1j]),
        {"a": 1},
        object(),
        [[1.0], [1.0, 2.0]],
        ["a", 2],
        torch.zeros(3, 5, 7),
        np.float64(1e300),
        np.array(["x"]),
        -77.25,
    ],
)
def test_nonsense_gets_one_clear_sentence(name, nonsense):
    given = (lambda *arguments: nonsense) if EXERCISES[name].inputs else nonsense
    verdict = check(name, given)
    assert not verdict.right and verdict.message.startswith("Not yet. ")
    assert "\n" not in verdict.message and "Traceback" not in verdict.message
    assert len(verdict.message) < 250


@each
def test_number_for_function_and_function_for_number(name):
    wrong_kind, asked = (1.0, "a function") if EXERCISES[name].inputs else (stops, "numbers")
    assert f"asks for {asked}" in check(name, wrong_kind).message


@pytest.mark.parametrize("name", [n for n in NAMES if EXERCISES[n].inputs])
def test_function_that_stops_or_takes_other_arguments(name):
    assert "stopped with ZeroDivisionError: planted" in check(name, stops).message
    assert "stopped with TypeError" in check(name, lambda: 1.0).message


# ---- the machine, on exercises of its own -----------------------------------------------------


@pytest.fixture
def two(monkeypatch):
    """An exercise on numbers and one on a function, in an empty list of exercises."""
    monkeypatch.setattr(marking, "EXERCISES", {})
    marking.exercise(
        "pair",
        answer=lambda: [3.0, 4.0],
        praise="Yes.",
        tolerance=1e-3,
        mistakes={"Swapped.": lambda: [4.0, 3.0]},
    )
    marking.exercise(
        "square",
        answer=lambda x: x**2,
        praise="Yes.",
        inputs=[(2,), ([1, 3],)],
        mistakes={"Cubed.": lambda x: x**3},
    )


@pytest.mark.parametrize(
    "given",
    [
        (3, 4),
        [3.0, torch.tensor(4.0, requires_grad=True)],
        np.array([3, 4]),
        torch.tensor([3.0, 4.0]),
        torch.tensor([3, 4]),
        (np.float32(3), 4.001),
    ],
)
def test_numbers_in_any_wrapping(two, given):
    assert check("pair", given).right


@pytest.mark.parametrize(
    "given, message",
    [
        ((4, 3), "Swapped."),
        ((-3, -4), "This is minus the right answer."),
        ((6, 8), "This is twice the right answer."),
        ((1.5, 2), "This is half the right answer."),
        ((3 / log(2), 4 / log(2)), "This is in bits; use natural logarithms (nats)."),
        ((3, 4, 5), "Your answer has the shape (3,); (2,) is asked for."),
        ((nan, 4), "Your answer contains something that is no real number, such as NaN."),
        ((3.0091, 4), "It is not one of the usual slips. Try a case that you can do by hand."),
        ((3.1, 4), "It is not one of the usual slips. Try a case that you can do by hand."),
    ],
)
def test_hints_on_numbers(two, given, message):
    assert check("pair", given).message == "Not yet. " + message


@pytest.mark.parametrize(
    "given, message",
    [
        (lambda x: x**3, "Cubed."),
        (
            lambda x: x * 2,
            "For ([1, 3],) your function gives [2.0, 6.0], the right value is [1.0, 9.0].",
        ),
        (
            lambda x: sum(x) if isinstance(x, torch.Tensor) else x * x,
            "For ([1, 3],) your function's result has the shape (); (2,) is asked for.",
        ),
    ],
)
def test_hints_on_functions(two, given, message):
    assert check("square", given).message == "Not yet. " + message


def test_a_function_may_change_its_arguments(two):
    assert check("square", lambda x: x.pow_(2) if isinstance(x, torch.Tensor) else x * x).right


@pytest.mark.parametrize("log_of", [math.log, torch.log, lambda w: w.log()])
def test_a_number_arrives_so_that_every_logarithm_takes_it(two, log_of):
    marking.exercise(
        "log", answer=log, praise="Yes.", inputs=[(2.0,), (0.5,)], mistakes={"Root.": math.sqrt}
    )
    assert check("log", log_of).right
    assert check("log", lambda w: w**0.5).message == "Not yet. Root."


def test_a_mistake_that_is_no_number_gets_its_hint(two):
    marking.exercise(
        "nothing",
        answer=lambda p: torch.xlogy(p, p).sum(),
        praise="Yes.",
        inputs=[([0.0, 1.0],)],
        mistakes={"Zero times infinity.": lambda p: (p * p.log()).sum()},
    )
    assert (
        check("nothing", lambda p: (p * p.log()).sum()).message == "Not yet. Zero times infinity."
    )
    assert "no real number" in check("nothing", lambda p: p * nan).message


@pytest.mark.parametrize(
    "name, answer",
    [
        ("coin-log-likelihood", lambda x, w: (x * w.log() + (1 - x) * (1 - w).log()).sum()),
        ("coin-log-likelihood", lambda x, w: torch.log(torch.where(x == 1, w, 1 - w)).sum()),
        ("chain-slope", lambda w: 2 * w * torch.sin(2 * w**2 + 2)),
        ("kl-with-zeros", lambda p, q: torch.where(p > 0, p * (p / q).log(), 0.0).sum()),
    ],
)
def test_right_in_the_style_of_the_chapters(name, answer):
    assert check(name, answer).right


@pytest.mark.parametrize(
    "name, answer, words",
    [
        (
            "mlp-weights",
            lambda sizes: EXERCISES["mlp-weights"].answer(sizes) + 5 * (sizes[0] == 784),
            "79515",
        ),
        ("next-flip", (1, 0.8, 0.714), "rounded: give at least four digits"),
        ("best-guesser", (0.4, 0.7, 0.106), "rounded: give at least four digits"),
        ("bce-from-scores", lambda s, y: ((1 + s.exp()).log() - y * s).mean(), "exp(800)"),
        ("bce-from-scores", lambda s, y: ((-s).exp() + 1).log().mean(), "your function gives"),
        ("kl-with-zeros", lambda p, q: (p * (p / q).log()).sum(), "Where p = 0 your term"),
        ("kl-with-zeros", lambda p, q: (p * (p.log() - q.log())).sum(), "Where p = 0 your term"),
    ],
)
def test_wrong_with_the_diagnosis_that_fits(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right and words in verdict.message


def test_infinity_is_a_number(two):
    marking.exercise("endless", answer=lambda: float("inf"), praise="Yes.", mistakes={})
    assert check("endless", float("inf")).right
    assert not check("endless", 1e30).right and not check("endless", -float("inf")).right


def test_unknown_name_says_which_was_meant(two):
    with pytest.raises(GanCourseError, match="no exercise 'squares'\n.*did you mean 'square'"):
        check("squares", 1)
    with pytest.raises(GanCourseError, match="copy the name"):
        check("zzz", 1)


def test_verdict_shows_itself(two):
    assert repr(check("pair", (3, 4))) == "Right. Yes."
    assert check("pair", (4, 3))._repr_markdown_() == "**Not yet.** Swapped."


# ---- the chapters -----------------------------------------------------------------------------


def solutions():
    """(chapter, label, code) of every hidden solution whose code checks itself."""
    for path in CHAPTERS:
        for _, label, body in SOLUTION.findall(path.read_text("utf-8")):
            code = "\n".join(PYTHON.findall(body))
            if CHECKED.search(code):
                yield pytest.param(code, id=f"{path.stem}:{label}")


@pytest.mark.parametrize("code", list(solutions()))
def test_hidden_solutions_pass_their_own_check(code, monkeypatch):
    verdicts = []

    def remembered(name, answer):
        verdicts.append(check(name, answer))
        return verdicts[-1]

    monkeypatch.setattr(exercises, "check", remembered)
    exec(compile(code, "solution", "exec"), {"__name__": "solution"})
    assert verdicts and all(verdict.right for verdict in verdicts), verdicts


@each
def test_every_exercise_stands_in_a_chapter_and_has_a_solution(name):
    """Asked in a code cell, answered in a hidden solution of the same chapter."""
    asked = {
        path.stem
        for path in CHAPTERS
        if name in CHECKED.findall("\n".join(CELL.findall(path.read_text("utf-8"))))
    }
    solved = {p.id.split(":")[0] for p in solutions() if name in CHECKED.findall(p.values[0])}
    assert asked and asked <= solved


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_asks_only_exercises_that_exist(path):
    assert set(CHECKED.findall(path.read_text("utf-8"))) <= set(EXERCISES)


# ---- answers that readers did give, or will ----------------------------------------------------


def test_the_size_of_a_group_is_not_the_number_of_groups():
    verdict = check("how-many-means", lambda N, C, L, G: (C, N, N * C, N * C // G))
    assert not verdict.right and "size of a group" in verdict.message


@pytest.mark.parametrize("least", [1e-5, 1e-7, 1e-8])
def test_a_clamped_probability_is_not_a_stable_value(least):
    def clamped(p, pg):
        D = (p / (p + pg)).clamp(least, 1 - least)
        return (p * D.log() + pg * (1 - D).log()).sum()

    assert not check("stable-value", clamped).right


@pytest.mark.parametrize(
    ("U", "said"),
    [
        (lambda h, k: [[1 - k * h**2, k * h], [-h, 1]], "transpose"),
        (lambda h, k: [[1, k * h], [-h, 1 - k * h**2]], "acts on (y, x)"),
    ],
)
def test_the_likeliest_slips_of_a_matrix_are_named(U, said):
    verdict = check("more-steps-for-d", U)
    assert not verdict.right and said in verdict.message
