"""Every conclusion that the text names has a test, written for just these words."""

import re
from collections import Counter

import pytest

from checkout import ROOT
from claims import CLAIM, Claim, claims, half_marked
from marked_tests import marked_tests

CLAIMS, TESTS = claims(ROOT), marked_tests(ROOT, "claim")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.label)
def test_has_a_test_written_for_these_words(claim):
    mine = [test for test in TESTS if test.label == claim.label]
    assert mine, f"{claim.page}.md:{claim.line}: no test claims {claim.label!r}"
    for test in mine:
        assert test.fingerprint == claim.fingerprint, (
            f"{claim.page}.md:{claim.line}: the sentence of {claim.label!r} was edited; look at "
            f"{test.path}::{test.name}, then put text={claim.fingerprint!r}"
        )


def test_no_test_claims_what_nobody_says():
    assert {test.label for test in TESTS} <= {claim.label for claim in CLAIMS}


def test_every_claim_has_a_name_of_its_own_and_both_its_marks():
    names = Counter(claim.label for claim in CLAIMS)
    assert [name for name, count in names.items() if count > 1] == [] == half_marked(ROOT)


@pytest.mark.parametrize("test", TESTS, ids=lambda test: f"{test.label}:{test.name}")
def test_says_what_it_does_and_can_fail(test):
    assert test.asserts and test.summary.endswith("."), f"{test.path}::{test.name}"


def test_the_fingerprint_follows_the_words_and_not_the_lines():
    one, two, other = (Claim("a", text, "p", 1) for text in ("x is 3", "x\n  is 3", "x is 4"))
    assert one.fingerprint == two.fingerprint != other.fingerprint


def test_finds_a_claim_over_two_lines():
    (found,) = CLAIM.finditer("So <!-- claim: a-b -->it\nis.<!-- /claim --> And")
    assert (found["name"], found["text"]) == ("a-b", "it\nis.")


def test_no_comment_begins_a_paragraph():
    """Such a line is HTML to Markdown, and its formulas and citations would show as raw text."""
    begins = re.compile(r"^\s*(?:[-*] |\d+\. )?<!--", re.MULTILINE)
    pages = [*ROOT.glob("chapters/*.md"), ROOT / "intro.md"]
    assert not [p.name for p in pages if begins.search(p.read_text("utf-8"))]
