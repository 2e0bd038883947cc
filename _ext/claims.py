"""Conclusions from experiments: where the text states them.

A conclusion has a name in the text, between two comments that no page and no notebook shows:

    <!-- claim: penalty-finds-modes -->All ten runs find all eight modes.<!-- /claim -->

A paragraph that begins with one has ``&zwnj;`` before it: a line that begins with a comment is HTML
to Markdown. A test claims it by ``@pytest.mark.claim("penalty-finds-modes", text="1a2b3c4d")``;
``text`` is the fingerprint of the words, so that whoever edits the sentence must open its test
(_ext/marked_tests.py). The directive ``{claim-ledger}`` lists every claim beside its tests.
"""

import hashlib
import re
from dataclasses import dataclass

from equations import pages

CLAIM = re.compile(r"<!-- claim: (?P<name>\S+) -->(?P<text>.*?)<!-- /claim -->", re.DOTALL)
HALF = re.compile(r"<!-- (?:/claim|claim: \S+) -->")


@dataclass(frozen=True)
class Claim:
    label: str  # its name
    text: str
    page: str  # path inside the book, without ".md"
    line: int

    @property
    def fingerprint(self):
        """Changes with the words, not with how their lines are broken."""
        return hashlib.sha256(" ".join(self.text.split()).encode()).hexdigest()[:8]


def claims(root):
    """Every claim, in the order of the pages."""
    found = []
    for path in pages(root):
        page = path.read_text("utf-8")
        for match in CLAIM.finditer(page):
            where = path.relative_to(root).with_suffix("").as_posix()
            line = page.count("\n", 0, match.start()) + 1
            found.append(Claim(match["name"], match["text"].strip(), where, line))
    return found


def half_marked(root):
    """``page:line`` of every comment of a claim that has lost its other half."""
    found = []
    for path in pages(root):
        rest = CLAIM.sub(lambda m: "\n" * m.group().count("\n"), path.read_text("utf-8"))
        found += [
            f"{path.relative_to(root)}:{rest.count(chr(10), 0, match.start()) + 1}"
            for match in HALF.finditer(rest)
        ]
    return found
