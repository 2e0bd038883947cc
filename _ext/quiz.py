"""Sphinx extension: the directive ``{quiz}`` asks the questions of appendix/quiz.yml.

Every answer is a box that says, when it is opened, whether it is right, and why. A wrong answer is
a published claim: its words, its correction and its reason are those of an entry of
appendix/errata.yml, so the page accuses nobody of anything that is not tested there. Without
scripts all boxes are open, and nothing is lost.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from errata import entries

FILE = "appendix/quiz.yml"
PARTS = {"part", "questions"}
FIELDS = {"question", "right", "why", "wrong"}


@dataclass(frozen=True)
class Answer:
    """What one may answer, and what is said to it, both as MyST text."""

    text: str
    right: bool
    comment: str


def parts(root):
    """The parts of the quiz, each with its questions, as they stand in the file."""
    return yaml.safe_load(Path(root, FILE).read_text("utf-8"))


def answers(question, errata):
    """The answers to a question, in an order that its words shuffle: the same in each build."""
    found = [Answer(question["right"], True, question["why"])]
    for name in question["wrong"]:
        entry = errata[name]
        link = f"[{name}](#erratum-{name.lower()})"
        comment = f"Published, and wrong ({link}). {entry['corrected']}\n\n{entry['why']}"
        found.append(Answer(entry["printed"], False, comment))
    place = lambda answer: hashlib.sha256((question["question"] + answer.text).encode()).digest()
    return sorted(found, key=place)


def question_text(number, question, errata):
    """One question as MyST text."""
    yield f"**{number}.** {question['question']}\n"
    for answer in answers(question, errata):
        kind, verdict = ("right", "Right.") if answer.right else ("wrong", "No.")
        yield f"::::{{admonition}} {answer.text}"
        yield f":class: dropdown quiz-answer quiz-{kind}\n"
        yield f"**{verdict}** {answer.comment}\n::::\n"


class Quiz(SphinxDirective):
    """``{quiz}``: all parts, with their questions numbered through."""

    def run(self):
        root = Path(self.env.srcdir)
        for source in (FILE, "appendix/errata.yml"):
            self.env.note_dependency(str(root / source))
        errata = {entry["id"]: entry for entry in entries(root)}
        number, result = 0, []
        for part in parts(root):
            section = nodes.section(ids=[nodes.make_id(part["part"])], names=[part["part"]])
            section += nodes.title("", part["part"])
            for question in part["questions"]:
                number += 1
                text = "\n".join(question_text(number, question, errata))
                lines = StringList(text.splitlines(), source=self.env.docname)
                self.state.nested_parse(lines, 0, section)
            result.append(section)
        return result


def setup(app):
    app.add_directive("quiz", Quiz)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
