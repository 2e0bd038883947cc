"""Where the core road first uses a word of the glossary, and whether it is explained there.

The road is read as its reader does: chapter by chapter, core sections only, without the goals
(which promise), the quiz, what is folded, and code.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import jupytext

import roads

#: How a term is called in the text, where that is not its name in the glossary.
CALLED = {
    "Batch normalisation": "batch norm",
    "Bayesian posterior": "posterior",
    "Bias of an estimator": "biased",
    "Checkerboard artefacts": "chessboard",
    "EM algorithm": "EM",
    "iid (independent, identically distributed)": "i.i.d.",
    "KL divergence": "Kullback–Leibler divergence",
    "Layer normalisation": "layer norm",
    "Lipschitz function": "Lipschitz",
    "Minimax game": "minimax",
    "Non-saturating loss": "non-saturating",
    "PacGAN (packing)": "PacGAN",
    "Optimal transport": "transport cost",
    "R1 penalty": "R1",
    "Value": "value of the game",
}
NOT_READ = {"", "Quiz"}
PROMISES = re.compile(r"\A## Goals.*?\n:::\{letters\}\n:::|\A## Goals.*\Z", re.DOTALL)
CHAPTER = re.compile(r"\*Chapters? (?P<number>\d+)")
MATH = re.compile(r"\$\$.+?\$\$|(?<!\\)\$[^$]+\$", re.DOTALL)
#: What shows that a word is explained, or leads to where it is.
SHOWN = (
    re.compile(r"\*\*(?=\S)[^*]+?\*\*|(?<![*\w])\*(?=\S)[^*]+?\*(?![*\w])"),
    re.compile(r"\{term\}`[^`]*`"),
    re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\([^()]*\)"),
    re.compile(r"^#+ .*$|^:{3,}\{[\w:]+\}.*$", re.MULTILINE),
)


@dataclass(frozen=True)
class Part:
    """The prose of one core section, formulas blanked out; its heading stands at the head."""

    chapter: int
    title: str
    text: str
    raw: str = ""  # with its formulas


@dataclass(frozen=True)
class Use:
    part: Part
    start: int
    end: int

    def explained(self, chapter):
        """In bold, in emphasis, in a heading, a link; or its sentence names the chapter."""
        text = self.part.text
        if any(
            m.start() <= self.start and self.end <= m.end()
            for shown in SHOWN
            for m in shown.finditer(text)
        ):
            return True
        begin = max(text.rfind(mark, 0, self.start) for mark in (". ", "\n\n", "? ", "! "))
        sentence = re.split(r"[.?!](?:\s|$)|\n\n", text[begin + 1 :], maxsplit=1)[0]
        return re.search(rf"\bchapter {chapter}\b", sentence, re.IGNORECASE) is not None

    def __str__(self):
        around = self.part.text[max(0, self.start - 40) : self.end + 40]
        return f"chapter {self.part.chapter}, {self.part.title!r}: …{' '.join(around.split())}…"


def parts(root):
    """The core road, in order."""
    found = []
    for number, text in roads.texts(root).items():
        cells = jupytext.read(text, fmt="md:myst").cells
        body = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        body = roads.FENCED.sub("", roads.FOLDED.sub("", body))
        body = re.sub(r"^\{\.\w+\}$", "", body, flags=re.MULTILINE)
        pieces = re.split(r"^(?=#{2,3} )", body, flags=re.MULTILINE)
        for section, piece in zip(roads.sections(text), pieces, strict=True):
            if section.mark == roads.CORE and section.title not in NOT_READ:
                piece = re.sub(r"<!--.*?-->|&zwnj;", "", PROMISES.sub("", piece), flags=re.DOTALL)
                found.append(Part(number, section.title, MATH.sub("x", piece), piece))
    return found


def glossary(root):
    """Each term of the glossary, and the number of the chapter that explains it."""
    text = Path(root, "appendix/glossary.md").read_text("utf-8")
    entries = text.partition("```{glossary}")[2].partition("\n```")[0].strip().split("\n\n")
    found = {}
    for entry in entries:
        term, _, said = entry.partition("\n")
        if match := CHAPTER.search(said):
            found[term] = int(match["number"])
    return found


def pattern(term):
    """What finds a term in the text: any case, one or many, with a hyphen or without."""
    name = CALLED.get(term, term)
    words = re.escape(name).replace(r"\-", "[ -]?").replace(r"\ ", r"[\s-]+")
    words = words[:-1] + "(?:y|ies)" if name.endswith("y") else words + "(?:e?s)?"
    abbreviation = name.isupper() or name in ("Adam", "R1")
    return re.compile(rf"(?<![\w-]){words}(?!\w)", 0 if abbreviation else re.IGNORECASE)


def first_use(road, term):
    """The first use of a term on the road, or None."""
    for part in road:
        if match := pattern(term).search(part.text):
            return Use(part, match.start(), match.end())
    return None


def paragraphs(road):
    """(chapter, title of the section, paragraph with its formulas) of the road, in order."""
    for part in road:
        for block in re.split(r"\n\s*\n(?!\$\$|[^\n]*\$\$ \()", part.raw):
            yield part.chapter, part.title, block
