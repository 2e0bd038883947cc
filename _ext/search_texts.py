"""Sphinx extension: what the search page shows beside a title, also from file://.

Sphinx fetches every page that it has found, to quote from it, which no browser does from file://.
Here the words of each section lie in a script beside the search page, which loads it alone.
"""

import json
from pathlib import Path

from docutils import nodes

import plain
from scripts import ship

SKIPPED = (nodes.literal_block, nodes.comment, nodes.raw)


def sections(doctree):
    """``[anchor, title, words]`` of each section; the words of a section inside it are its own."""
    for section in doctree.findall(nodes.section):
        title = next(iter(section.findall(nodes.title)), None)
        own = [node for node in section.children if not isinstance(node, (nodes.section, *SKIPPED))]
        words = " ".join(plain.text(n) for n in own if not {"cell", "road"} & set(n["classes"]))
        anchor = section["ids"][0] if section["ids"] else ""
        yield [anchor, title.astext() if title else "", " ".join(words.split())]


def write(app, exception):
    if exception is not None or app.builder.name != "html":
        return
    texts = {name: list(sections(app.env.get_doctree(name))) for name in sorted(app.env.found_docs)}
    script = f"const SECTIONS = {json.dumps(texts, ensure_ascii=False, separators=(',', ':'))};\n"
    Path(app.outdir, "_static", "sections.js").write_text(script, "utf-8")


def load(app, pagename, templatename, context, doctree):
    if pagename == "search":
        app.add_js_file("sections.js")
        app.add_js_file("search_texts.js")


def setup(app):
    ship(app, "search_texts.js")
    app.connect("html-page-context", load)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
