"""The quiz: one right answer a question, and wrong ones that were published and are tested."""

import re

import pytest

from checkout import ROOT
from errata import entries
from quiz import FIELDS, PARTS, answers, parts, question_text

ERRATA = {entry["id"]: entry for entry in entries(ROOT)}
QUESTIONS = [question for part in parts(ROOT) for question in part["questions"]]

each = pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q["question"][:40])


def test_parts_are_complete():
    assert all(set(part) == PARTS and part["questions"] for part in parts(ROOT))
    assert len({question["question"] for question in QUESTIONS}) == len(QUESTIONS) >= 15


@each
def test_a_question_is_complete(question):
    assert set(question) == FIELDS
    assert all(question[field].strip() for field in ("question", "right", "why"))
    assert len(question["wrong"]) == len(set(question["wrong"])) > 0


@each
def test_every_wrong_answer_is_an_erratum_word_for_word(question):
    """Nothing is accused here that the list of errata does not say, with its reason."""
    found = [answer for answer in answers(question, ERRATA) if not answer.right]
    assert {a.text for a in found} == {ERRATA[name]["printed"] for name in question["wrong"]}
    for name in question["wrong"]:
        entry = ERRATA[name]
        (comment,) = [a.comment for a in found if a.text == entry["printed"]]
        assert entry["corrected"] in comment and entry["why"] in comment
        assert f"(#erratum-{name.lower()})" in comment


@each
def test_exactly_one_answer_is_right(question):
    assert [a.text for a in answers(question, ERRATA) if a.right] == [question["right"]]


def test_no_claim_is_a_wrong_answer_twice():
    used = [name for question in QUESTIONS for name in question["wrong"]]
    assert len(used) == len(set(used))


def test_the_right_answer_is_not_always_in_one_place():
    places = [[a.right for a in answers(question, ERRATA)].index(True) for question in QUESTIONS]
    assert 0.2 < sum(place == 0 for place in places) / len(places) < 0.8


@each
def test_the_text_closes_what_it_opens(question):
    text = "\n".join(question_text(3, question, ERRATA))
    assert text.startswith("**3.** ")
    assert len(re.findall(r"^::::\{admonition\} .+$", text, re.M)) == 1 + len(question["wrong"])
    assert len(re.findall(r"^::::$", text, re.M)) == 1 + len(question["wrong"])
    assert text.count("quiz-right") == text.count("**Right.**") == 1
