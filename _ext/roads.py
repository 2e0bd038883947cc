"""Two roads through the course, with times, read from the chapters' texts.

A line ``{.core}`` or ``{.optional}`` above a heading says on which road a section lies. A section
inside another one is on the same road unless a line says otherwise. What every chapter has (goals,
exercises, …) need not be marked, see USUAL; another section without a mark is core, and
tests/book/test_roads.py names it.

The minutes are counted, not typed in. The rates in RATES are a convention, not a measurement: they
are those of a reader who stops at each formula and types nothing. Solutions and folded code do not
count; an exercise has a time of its own.
"""

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import jupytext

CORE, OPTIONAL, PRACTICE = "core", "optional", "practice"
#: The road of sections that bear these names in every chapter, without a mark.
USUAL = {
    **{"Goals": CORE, "Quiz": CORE, "Summary": CORE, "Exercises": PRACTICE},
    **{"What the notes got wrong": OPTIONAL, "Further reading": OPTIONAL},
}
#: How many of each a reader takes in within one minute.
RATES = {"words": 100, "formulas": 1, "lines of code": 10, "figures": 1}
MINUTES_FOR_AN_EXERCISE = 12
RULE = (
    "one minute for {words} words, for each formula on a line of its own, for {lines of code} "
    f"lines of code and for each figure; {MINUTES_FOR_AN_EXERCISE} for an exercise"
).format(**RATES)

HEADING = re.compile(
    r"^(?:\{\.(?P<mark>core|optional)\}\n+)?(?P<level>#{1,6}) (?P<title>.+?)[ \t]*$", re.MULTILINE
)
ONE_LEVEL = 2, 3  # the headings that are sections of a road
FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
FOLDED = re.compile(
    r"^(?P<colons>:{3,})\{(?:solution\}|\w+\}[^\n]*\n:class:[^\n]*\bdropdown).*?^(?P=colons)$",
    re.MULTILINE | re.DOTALL,
)
DISPLAY = re.compile(r"\$\$.+?\$\$", re.DOTALL)
INLINE = re.compile(r"(?<!\\)\$[^$]+\$")
EXERCISE = re.compile(r"^:{3,}\{exercise\}", re.MULTILINE)
FIGURE = re.compile(r"^(?:&zwnj;)?\*\*Figure [\dA-Z]", re.MULTILINE)
SILENT = re.compile(r"<!--(?s:.*?)-->|&zwnj;|^:[\w-]+:.*$|^:{3,}.*$|\(eq-[\w-]+\)", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """One section without those inside it, and what there is to read in it."""

    title: str
    level: int
    mark: str  # CORE, OPTIONAL or PRACTICE
    said: bool  # whether a line of the text, or the section's usual name, says so
    words: int = 0
    formulas: int = 0
    code: int = 0
    figures: int = 0
    exercises: int = 0

    @property
    def minutes(self):
        if self.mark == PRACTICE:
            return float(MINUTES_FOR_AN_EXERCISE * self.exercises)
        counts = self.words, self.formulas, self.code, self.figures
        return sum(n / rate for n, rate in zip(counts, RATES.values(), strict=True))

    def read(self, text):
        """The same section with one more piece of prose in it."""
        text = FENCED.sub("", FOLDED.sub("", text))
        exercises, figures = len(EXERCISE.findall(text)), len(FIGURE.findall(text))
        formulas, text = len(DISPLAY.findall(text)), DISPLAY.sub(" ", text)
        words = len(re.findall(r"\S*\w\S*", INLINE.sub(" x ", SILENT.sub(" ", text))))
        return replace(
            self,
            words=self.words + words,
            formulas=self.formulas + formulas,
            figures=self.figures + figures,
            exercises=self.exercises + exercises,
        )


def sections(text):
    """The sections of a chapter's text (a path), in order; the first is what stands above all."""
    return list(_sections(text, text.stat().st_mtime_ns))


@cache
def _sections(text, _when):
    found, roads = [Section("", 1, CORE, True)], dict[int, str]()
    form = "md:myst" if text.suffix == ".md" else "ipynb"  # a text without a head has words, too
    for cell in jupytext.read(text, fmt=form).cells:
        if cell.cell_type == "code":
            if "hide-input" not in cell.metadata.get("tags", []):
                lines = sum(bool(line.strip()) for line in cell.source.splitlines())
                found[-1] = replace(found[-1], code=found[-1].code + lines)
            continue
        rest = cell.source
        while heading := HEADING.search(FENCED.sub(lambda m: "\0" * len(m[0]), rest)):
            found[-1] = found[-1].read(rest[: heading.start()])
            level = len(heading["level"])
            if level in ONE_LEVEL:
                usual = USUAL.get(heading["title"]) if level == 2 else roads.get(level - 1)
                mark = heading["mark"] or usual or CORE
                said = bool(heading["mark"] or usual)
                roads[level] = mark
                found.append(Section(heading["title"], level, mark, said))
            rest = rest[heading.end() :]
        found[-1] = found[-1].read(rest)
    return tuple(found)


@dataclass(frozen=True)
class Stretch:
    """What has a mark of its own on the page: a section, and those inside it on the same road."""

    section: Section
    index: int  # of the section among those of the page
    minutes: float

    @property
    def label(self):
        """``Core, 12 minutes``."""
        n = max(1, round(self.minutes))
        if self.section.mark == PRACTICE:
            return f"Practice, about {spoken(n)}"
        return f"{self.section.mark.capitalize()}, {n} minute{'s' * (n > 1)}"


def stretches(text):
    """The stretches of a chapter, in order."""
    found: list[Stretch] = []
    for index, section in enumerate(sections(text)[1:]):
        before = found[-1] if found else None
        above = next((s for s in reversed(found) if s.section.level == 2), before)
        if section.level > 2 and above and above.section.mark == section.mark:
            place = found.index(above)
            found[place] = replace(above, minutes=above.minutes + section.minutes)
        else:
            found.append(Stretch(section, index, section.minutes))
    return found


def minutes(text, until=""):
    """Minutes of each road, by its mark; ``until`` is the title of the last section that counts."""
    found = dict.fromkeys((CORE, OPTIONAL, PRACTICE), 0.0)
    for section in sections(text):
        found[section.mark] += section.minutes
        if until and section.title == until:
            return found
    if until:
        raise ValueError(f"{text.name} has no section {until!r}")
    return found


def spoken(n):
    """Minutes as a person says them: ``50 min``, ``2 h 5 min``; from an hour on by fives."""
    n = max(1, round(n))
    if n >= 60:
        n = 5 * round(n / 5)
    parts = [f"{n // 60}\N{NO-BREAK SPACE}h"] * (n >= 60)
    parts += [f"{n % 60}\N{NO-BREAK SPACE}min"] * (n % 60 > 0)
    return "\N{NO-BREAK SPACE}".join(parts)


def texts(root):
    """The chapters' texts, by number."""
    return {
        int(path.name[:2]): path for path in sorted(Path(root).glob("chapters/[0-9][0-9]_*.md"))
    }
