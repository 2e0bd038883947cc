r"""What a person sees who runs a chapter: its text in Markdown that every notebook program knows.

A chapter is written in MyST, which the book understands. Colab, JupyterLab, VS Code and GitHub do
not: they would show directives, roles and labels as they stand, with every solution open. So the
notebook that ``make chapters`` writes says it in plain Markdown: solutions folded in ``<details>``,
boxes with bold titles, numbers as the book prints them (``\tag{5.6}``, "Exercise 5.2"), citations
as "(Goodfellow et al., 2014)" with a list at the end, and links into the published book, or bold
words while it has no address.

**One notebook a chapter, not two.** A second, plain file beside each notebook would double what is
built, committed and kept in step, and whoever opens the folder would have to know which of the two
is meant. As it is, the file with the pictures that GitHub shows is the file that Colab opens, that
nbval runs and that the download button gives. Nothing is lost for the book: it takes the outputs
from the notebook, and the words from the text (``_ext/written_text.py``).
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from pybtex.database import parse_file
from pybtex.plugin import find_plugin
from pybtex.richtext import Text

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))

import letters
import roads
from equations import chapter_number
from numbering import NAMES, places

OPENING = re.compile(r"(?P<colons>:{3,})\{(?P<kind>[\w:]+)\}[ \t]*(?P<title>.*)")
OPTION = re.compile(r":(?P<key>[\w-]+):[ \t]*(?P<value>.*)")
FENCE = re.compile(r"`{3,}|~{3,}")
DISPLAY = re.compile(r"^\$\$(?P<tex>.+?)\$\$[ \t]*(?:\((?P<label>[^)\s]+)\))?$", re.M | re.S)
SECTION = re.compile(roads.HEADING.pattern + r"(?P<below>\n*)", re.MULTILINE)
COMMENT = re.compile(r"<!--.*?-->|&zwnj;", re.DOTALL)
TARGET = re.compile(r"^\([\w-]+\)=\n?", re.MULTILINE)
ROLE = re.compile(r"\{(?P<name>[a-z]+(?::[a-z]+)?)\}`(?P<words>[^`]+)`")
LINK = re.compile(
    r"\[(?P<words>(?:[^\[\]]|\[[^\[\]]*\])+)\]"
    r"\((?P<page>[\w./-]+\.md)?(?P<anchor>#[\w-]+)?\)"
)
ERRATA = "appendix/errata", "erratum-"  # the page, and how its labels begin (_ext/errata.py)
REFERENCES = "references"  # the cell at the end that a notebook has and its text has not
ADMONITIONS = {"admonition", "note", "tip", "warning", "important", "hint", "seealso"}
#: A cell that only draws: JupyterLab's word for a folded source, and Colab's.
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}


class PlainError(Exception):
    """Something in a chapter that has no plain form; says where."""


class Plain:
    """One chapter in plain Markdown. ``book`` is the published book's address, "" if there is none.

    What it does not know how to say plainly is a :class:`PlainError`: nothing slips through.
    """

    def __init__(self, root: Path, text: Path, book: str = ""):
        self.root, self.text, self.book = Path(root), text, book.rstrip("/")
        self.page = text.relative_to(root).with_suffix("").as_posix()
        self.places = places(root)
        self.roads = {s.section.title: s.label for s in roads.stretches(text)}
        self.cited: set[str] = set()
        bibliography = self.root / "references.bib"
        self.bibliography = parse_file(str(bibliography)) if bibliography.exists() else None

    def cells(self, cells: list) -> list:
        """The same cells in the same order, with plain words; then the list of what was cited."""
        for cell in cells:
            if cell.cell_type == "markdown":
                cell.source = self.markdown(cell.source)
            elif "hide-input" in cell.metadata.get("tags", []):
                cell.metadata.update(FOLDED)
        return cells + ([self.references()] if self.cited else [])

    def markdown(self, source: str) -> str:
        """The words of one cell."""
        return self._title("\n\n".join(self._pieces(source.split("\n"))))

    def _wrong(self, what: str) -> PlainError:
        return PlainError(
            f"{self.page}.md: {what} (tools/plain_words.py writes the notebook's words)"
        )

    def _title(self, words: str) -> str:
        """The chapter's number in front of its title, as the book prints it."""
        if chapter := chapter_number(self.page):
            words = re.sub(r"\A# (?!\d)", f"# {chapter}. ", words)
        return words

    # ---- blocks ---------------------------------------------------------------------------------

    def _pieces(self, lines: list[str]) -> Iterator[str]:
        """Prose, code and boxes, each a piece of Markdown."""
        prose: list[str] = []
        while lines:
            line, lines = lines[0], lines[1:]
            fence, opening = FENCE.match(line), OPENING.fullmatch(line)
            if not (fence or opening):
                prose.append(line)
                continue
            yield from self._prose(prose)
            prose = []
            end = fence[0] if fence else line[: len(line) - len(line.lstrip(":"))]
            if end not in lines:
                raise self._wrong(f"{line!r} has no end in its cell")
            inside, lines = lines[: lines.index(end)], lines[lines.index(end) + 1 :]
            if opening:
                yield self._box(opening["kind"], opening["title"].strip(), inside)
            else:
                yield "\n".join([line, *inside, end])
        yield from self._prose(prose)

    def _box(self, kind: str, title: str, lines: list[str]) -> str:
        options = {}
        while lines and (option := OPTION.fullmatch(lines[0])):
            options[option["key"]], lines = option["value"], lines[1:]
        body = "\n\n".join(self._pieces(lines))
        title = self._inline(title)
        if kind == "letters":
            return details(letters.TITLE, letters.table(self.root, self.text))
        if kind == "solution":
            name = self._place(title).name
            return details(f"Solution to {name[0].lower()}{name[1:]}", body)
        if kind == "prf:proof":
            return f"**Proof.** {body} ∎" if in_sentences(body) else f"**Proof.**\n\n{body}\n\n∎"
        if kind in NAMES:
            heading = self._heading(options, title)
            if kind == "exercise":  # a heading: listed and folded by the program, apart from others
                return f"### {heading}\n\n{body}"
            return quote(f"**{heading}.**\n\n{body}")
        if kind in ADMONITIONS:
            title = title or kind.capitalize()
            if "dropdown" in options.get("class", ""):
                return details(title, body)
            return quote(f"**{title}**\n\n{body}")
        raise self._wrong(f"the directive {kind!r} has no plain form")

    def _heading(self, options: dict[str, str], title: str) -> str:
        name = self._place(options.get("label", "")).name
        return f"{name} ({title})" if title else name

    def _place(self, label: str):
        try:
            return self.places[label]
        except KeyError:
            raise self._wrong(f"no formula, theorem or exercise is labelled {label!r}") from None

    # ---- words ----------------------------------------------------------------------------------

    def _prose(self, lines: list[str]) -> Iterator[str]:
        said = SECTION.sub(self._section, "\n".join(lines))
        words = self._inline(said).strip("\n")
        if words:
            yield DISPLAY.sub(self._display, words)

    def _section(self, match: re.Match) -> str:
        """A heading, and under it on which road its section lies and how long it takes."""
        heading, road = f"{match['level']} {match['title']}", self.roads.get(match["title"])
        below = f"\n\n*{road}.*\n\n" if road and len(match["level"]) > 1 else match["below"]
        return heading + below

    def _display(self, match: re.Match) -> str:
        tex, label = match["tex"], match["label"]
        said = tex.rstrip()
        tag = rf"\tag{{{self._place(label).name.strip('()')}}}" if label else ""
        return f"$${said}{tag}{tex[len(said) :]}$$"

    def _inline(self, words: str) -> str:
        words = TARGET.sub("", COMMENT.sub("", words))
        return LINK.sub(self._link, ROLE.sub(self._role, words))

    def _role(self, match: re.Match) -> str:
        name, words = match["name"], match["words"]
        if name.partition(":")[0] == "cite":
            return self._citation(words.replace(" ", "").split(","), name == "cite:t")
        title = re.fullmatch(r"(?P<words>.+?)\s*<(?P<label>[^<>]+)>", words)
        label = title["label"] if title else words
        if name == "term":
            return title["words"] if title else words
        if name in ("eq", "ref", "numref", "prf:ref"):
            return self._pointer(title["words"] if title else "", f"#{label}")
        raise self._wrong(f"the role {name!r} has no plain form")

    def _link(self, match: re.Match) -> str:
        words, page, anchor = match["words"], match["page"], match["anchor"] or ""
        if not page:
            return self._pointer(words, anchor) if anchor else match[0]
        path = (self.text.parent / page).resolve().relative_to(self.root.resolve())
        if not Path(self.root, path).exists():
            raise self._wrong(f"there is no page {page}")
        return self._into_book(words, path.with_suffix("").as_posix(), anchor.lstrip("#"))

    def _pointer(self, words: str, anchor: str) -> str:
        """Words that point to a label or a heading; what has a number is called by it."""
        label = anchor.lstrip("#")
        if place := self.places.get(label):
            in_brackets = place.kind == "equation" or not words
            words = f"{words} {place.name if in_brackets else f'({place.name})'}".strip()
            here = place.page == self.page
            return words if here else self._into_book(words, place.page, place.anchor)
        page, prefix = ERRATA
        return self._into_book(words, page if label.startswith(prefix) else self.page, label)

    def _into_book(self, words: str, page: str, anchor: str) -> str:
        if not self.book:
            return f"**{words}**"
        return f"[{words}]({self.book}/{page}.html{'#' + anchor if anchor else ''})"

    # ---- literature -----------------------------------------------------------------------------

    def _citation(self, keys: list[str], in_text: bool) -> str:
        self.cited |= set(keys)
        if in_text:
            return "; ".join(f"{authors(self._entry(k))} ({year(self._entry(k))})" for k in keys)
        entries = [self._entry(key) for key in keys]
        return "(" + "; ".join(f"{authors(e)}, {year(e)}" for e in entries) + ")"

    def _entry(self, key: str):
        if self.bibliography is None or key not in self.bibliography.entries:
            raise self._wrong(f"{key!r} is not in references.bib")
        return self.bibliography.entries[key]

    def references(self):
        """The cell at the end: every work that the chapter cites, as the book's list has it."""
        style = find_plugin("pybtex.style.formatting", "plain")()
        listed = style.format_bibliography(self.bibliography, sorted(self.cited))
        lines = [f"- {readable(entry.text.render_as('markdown'))}" for entry in listed]
        cell = nbformat.v4.new_markdown_cell("\n".join(["## References", "", *lines]))
        cell.metadata = {"gancourse": REFERENCES}
        return cell


def authors(entry) -> str:
    """ "Goodfellow et al.", "Nagarajan and Kolter", "Goh"."""
    people = [" ".join(map(from_latex, p.last_names)) for p in entry.persons["author"]]
    return " and ".join(people) if len(people) < 3 else f"{people[0]} et al."


def year(entry) -> str:
    return entry.fields["year"]


def readable(words: str) -> str:
    r"""On one line, and without the backslashes that nothing needs: ``Pouget\-Abadie, 2014\.``"""
    return re.sub(r"\\([^\w\s*_\\`])", r"\1", " ".join(words.split()))


def from_latex(words: str) -> str:
    """A name without TeX's accents and braces."""
    return Text.from_latex(words).render_as("text")


def details(title: str, body: str) -> str:
    """Folded, until somebody clicks on its title."""
    return f"<details>\n<summary><b>{title}</b></summary>\n\n{body}\n\n</details>"


def quote(body: str) -> str:
    """A block quote. A formula stands on one line in it: else its marks become part of the TeX."""
    on_one_line: Callable[[re.Match], str] = lambda m: "$$" + " ".join(m["tex"].split()) + "$$"
    lines = DISPLAY.sub(on_one_line, body).split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)


def in_sentences(body: str) -> bool:
    """Whether a proof begins and ends with a sentence, beside which its marks can stand."""
    blocks = body.split("\n\n")
    return not any(re.match(r"\$\$|>|[-*] |\d+\. |\||```", b) for b in (blocks[0], blocks[-1]))
