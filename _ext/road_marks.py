"""Sphinx extension: each section says on which of the two roads it lies, and how long it takes.

What is said is counted in the chapter's text (roads.py). ``progress.js`` puts a box beside it that
a reader ticks when the section is read; which sections there are stands in ``roads_data.js``.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.util.logging import getLogger

import course_map
import roads
from scripts import ship

logger = getLogger(__name__)
MARK = "road"  # the class of the line under a heading


def text_of(env, docname):
    """The text of a chapter's page, or None; a preview has only the notebook made from it."""
    if not docname.startswith("chapters/"):
        return None
    path = Path(env.doc2path(docname))
    return path.with_suffix(".md") if path.with_suffix(".md").exists() else path


def headed(doctree):
    """The sections of a page below its title, two levels deep; boxes have sections of their own."""
    for top in doctree.findall(nodes.section):
        if isinstance(top.parent, nodes.document):
            for section in top.children:
                if isinstance(section, nodes.section):
                    yield section
                    yield from (s for s in section.children if isinstance(s, nodes.section))


def line(stretch):
    """``Core, 9 minutes``: the line under a heading."""
    return nodes.paragraph("", stretch.label, classes=[MARK, stretch.section.mark])


def mark(app, doctree):
    """Puts the lines under the headings, and keeps what they say for ``roads_data.js``."""
    env = app.env
    if not (text := text_of(env, env.docname)):
        return
    found, said = list(headed(doctree)), roads.stretches(text)
    if len(found) != len(roads.sections(text)) - 1:
        logger.warning("its text has another number of sections (_ext/roads.py)", location=doctree)
        return
    for stretch in said:
        section = found[stretch.index]
        section.insert(1 + section.first_child_matching_class(nodes.title), line(stretch))
    env.metadata[env.docname]["roads"] = json.dumps(
        [
            [found[s.index]["ids"][0], s.section.mark, max(1, round(s.minutes)), s.section.title]
            for s in said
        ]
    )


def core_road(chapters):
    """``[chapter#id, minutes]`` of each stretch of the core road to its goal."""
    for number, goal in course_map.core_road():
        name = next((name for name in chapters if name.startswith(f"{number:02}_")), None)
        for anchor, road, minutes, title in chapters.get(name, []):
            if road == roads.CORE:
                yield [f"{name}#{anchor}", minutes]
            if title == goal:
                break


def write(app, exception):
    """``roads_data.js``: of each chapter its stretches, as [id, road, minutes, title]."""
    if exception is not None or app.builder.format != "html":
        return
    chapters = {
        name.removeprefix("chapters/"): json.loads(metadata["roads"])
        for name, metadata in sorted(app.env.metadata.items())
        if "roads" in metadata
    }
    said = {"chapters": chapters, "road": list(core_road(chapters))}
    script = f"window.ROADS = {json.dumps(said, ensure_ascii=False, separators=(',', ':'))};\n"
    Path(app.outdir, "_static", "roads_data.js").write_text(script, "utf-8")


def load(app, pagename, templatename, context, doctree):
    if pagename.startswith("chapters/") or pagename == app.config.root_doc:
        app.add_js_file("roads_data.js", loading_method="defer")
        app.add_js_file("progress.js", loading_method="defer")


def setup(app):
    ship(app, "progress.js")
    app.add_css_file("roads.css")
    app.connect("doctree-read", mark)
    app.connect("html-page-context", load)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
