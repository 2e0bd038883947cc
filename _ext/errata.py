"""Sphinx extension: the directive ``{errata}`` prints appendix/errata.yml, each entry with its
test.

The same file is read by tests/book/test_errata.py, so that no number stands on the page that is not
recomputed, and a test carries the fingerprint of the entry that its author read. An entry can be
linked from any page: ``[R2](#erratum-r2)``.
"""

import ast
import hashlib
import re
from collections import Counter
from pathlib import Path

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

#: The fields of every entry, and how long each may be.
FIELDS = {
    "id": 5,
    "place": 80,
    "kind": 9,
    "chapter": 2,
    "printed": 260,
    "excerpt": 200,
    "corrected": 300,
    "why": 330,
}
KINDS = {
    "claim": "wrong claim",
    "formula": "wrong formula",
    "condition": "missing condition",
    "sign": "wrong sign",
    "factor": "wrong factor",
    "symbol": "wrong symbol",
    "name": "wrong word",
    "omission": "left out",
    "typo": "slip of the pen",
    "dated": "out of date",
}
TESTS = "tests/book/test_errata.py"
#: No excerpt is longer: enough to find the place and to judge us, too little to replace the source.
LONGEST_EXCERPT = 25


def read(root):
    """The whole file: ``sources`` and ``withdrawn``."""
    return yaml.safe_load(Path(root, "appendix/errata.yml").read_text("utf-8"))


def sources(root):
    """The sources with their entries, in the order of the file."""
    return read(root)["sources"]


def entries(root):
    """All entries of all sources."""
    return [entry for source in sources(root) for entry in source["errata"]]


def fingerprint(entry):
    """Eight hex digits that change with any word of an entry that a reader could rely on."""
    said = [entry.get(field, "") for field in ("printed", "excerpt", "corrected", "why")]
    said.append(entry.get("witness", {}).get("what", ""))
    text = "\0".join(re.sub(r"\s+", " ", part).strip() for part in said)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def numbers(text):
    """The numbers of one side of a witness, as printed."""
    return [part.strip() for part in text.split(",")]


def code_of_tests(root):
    """Name and source code of every function of the tests."""
    text = Path(root, TESTS).read_text("utf-8")
    return {
        node.name: ast.get_source_segment(text, node)
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef)
    }


def displayed(text):
    """A text that is one formula becomes a display, anything else a paragraph."""
    formula = re.fullmatch(r"\$([^$]+)\$", text)
    return f"$$\n{formula[1]}\n$$" if formula else text


def quotation(entry):
    """The source's own words; nothing if they are a formula, for the box shows that typeset."""
    text = entry.get("excerpt", "")
    around = re.sub(r"\$[^$]*\$", "", text)
    if not text or "\\" in around:
        return ""
    is_code = "cited" in entry and re.search(r"[`=_]|\w\(", around)
    return f"`` {text} ``" if is_code else f"“{text}”"


def block(name, *content):
    """A box of its own for the style sheet, in MyST."""
    return "\n".join([f"::::{{div}} {name}", *content, "::::", ""])


def witness(entry):
    """What was computed, and the two results side by side."""
    shown = {
        side: ", ".join(numbers(entry["witness"][side])).replace("-", "−")
        for side in ("printed", "corrected")
    }
    what = entry["witness"]["what"]
    return block(
        "erratum-witness",
        what[0].upper() + what[1:] + ":",
        "",
        f'<span class="as-printed">{shown["printed"]}</span> as printed, '
        f'<span class="as-corrected">{shown["corrected"]}</span> corrected.',
    )


def entry_text(entry, chapter, tests):
    """One entry as MyST text; ``chapter`` is the link to where the book treats it."""
    yield block(
        "erratum-head",
        f"[**{entry['id']}**](#erratum-{entry['id'].lower()}) "
        f'{entry["place"]}\n<span class="erratum-kind">{KINDS[entry["kind"]]}</span>',
    )
    yield block(
        "erratum-printed",
        '<span class="erratum-label">Printed</span>',
        "",
        displayed(entry["printed"]),
    )
    if words := quotation(entry):
        yield block("erratum-quote", f"In its own words: {words}")
    yield block(
        "erratum-corrected",
        '<span class="erratum-label">Correct</span>',
        "",
        displayed(entry["corrected"]),
    )
    yield f"{entry['why']} {chapter}\n"
    if "witness" in entry:
        yield witness(entry)
    if place := entry.get("cited", entry.get("unquoted")):
        quoted = "Quoted from" if "cited" in entry else "Not quoted:"
        yield block("erratum-untested", f"{quoted} {place}.".replace("_", r"\_"))
    if "test" in entry:
        yield (
            f"<details><summary>Its test: <code>{entry['test']}</code></summary>\n\n"
            f"```python\n{tests[entry['test']]}\n```\n\n</details>\n"
        )
    else:
        yield block("erratum-untested", f"No test: {entry['untested']}.")


def counts(found):
    """How many entries there are, of which source and kind, and how many are recomputed."""
    total = [entry for source in found for entry in source["errata"]]
    tested = sum("test" in entry for entry in total)
    yield (
        f"The list has **{len(total)} entries**. **{tested}** of them are recomputed by a test, "
        f"and **{sum('witness' in entry for entry in total)}** show a number for the printed "
        "and a number for the corrected statement.\n"
    )
    yield "| Source | Entries | With a test |\n|:--|--:|--:|"
    for source in found:
        yield (
            f"| [{source['name']}](#errata-{source['key'].lower()}) | {len(source['errata'])} | "
            f"{sum('test' in entry for entry in source['errata'])} |"
        )
    kinds = Counter(entry["kind"] for entry in total).most_common()
    yield "\n" + block(
        "errata-kinds",
        " ".join(
            f'<span class="erratum-kind">{KINDS[kind]} <b>{n}</b></span>' for kind, n in kinds
        ),
    )


class Errata(SphinxDirective):
    def parse(self, lines, node, name=None):
        """Parses MyST text into a node, which other pages can link to by its name."""
        text = StringList("\n".join(lines).splitlines(), source=self.env.docname)
        self.state.nested_parse(text, 0, node)
        if name:
            node["names"].append(name)
            self.state.document.note_explicit_target(node)
        return node

    def chapter(self, number):
        """A link to the chapter, if the book has it already."""
        name = f"{'Appendix' if number == 'A' else 'Chapter'} {number}"
        start = f"chapters/{number:02}_" if number != "A" else "chapters/A_"
        page = next((doc for doc in self.env.found_docs if doc.startswith(start)), None)
        return f"{{doc}}`{name} </{page}>`." if page else f"*{name} (to come).*"

    def section(self, source, tests):
        title = nodes.title()
        inline, _ = self.state.inline_text(source["name"], self.lineno)
        title += inline
        node = self.parse(
            [source.get("note", "")], nodes.section("", title), f"errata-{source['key'].lower()}"
        )
        for entry in source["errata"]:
            lines = entry_text(entry, self.chapter(entry["chapter"]), tests)
            node += self.parse(
                lines, nodes.container(classes=["erratum"]), f"erratum-{entry['id'].lower()}"
            )
        return node

    def withdrawn(self, found):
        """What this list got wrong itself; old links to an entry lead here."""
        node = nodes.section("", nodes.title("", "Withdrawn"))
        node["names"].append("errata-withdrawn")
        self.state.document.note_explicit_target(node)
        text = "Entries that were wrong, or unfair to their source. They stay here with the reason."
        node += self.parse([text, ""], nodes.Element()).children
        for entry in found:
            lines = [f"**{entry['id']}**, {entry['date']}. {entry['was']}\n", entry["why"]]
            node += self.parse(
                lines, nodes.container(classes=["erratum"]), f"erratum-{entry['id'].lower()}"
            )
        return node

    def run(self):
        root = Path(self.env.srcdir)
        for source in ("appendix/errata.yml", TESTS, "_toc.yml"):
            self.env.note_dependency(str(root / source))
        data, tests = read(root), code_of_tests(root)
        sections = [self.section(source, tests) for source in data["sources"]]
        top = self.parse(counts(data["sources"]), nodes.Element()).children
        return [*top, *sections, self.withdrawn(data["withdrawn"])]


def setup(app):
    app.add_directive("errata", Errata)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
