"""Sphinx extension: the map of the course on the home page, drawn from _ext/course.yml.

A chapter that exists is a link; one that does not yet is named, in grey, so that the reader sees
where the road goes. Which chapters exist is read from the folder, so the map is never out of date.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml
from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

COURSE = Path(__file__).with_name("course.yml")


@dataclass(frozen=True)
class Chapter:
    number: int
    title: str
    promise: str  # what it is about, in half a line
    needs: list  # the numbers of the chapters that it builds on
    place: list  # column and row on the map


def course():
    """The chapters, by the part that they are in."""
    parts = yaml.safe_load(COURSE.read_text("utf-8"))
    return {part["part"]: [Chapter(**entry) for entry in part["chapters"]] for part in parts}


def chapters():
    """The chapters, in order."""
    return [chapter for part in course().values() for chapter in part]


def written(srcdir):
    """The pages that exist, by chapter number."""
    return {
        int(p.name[:2]): f"chapters/{p.stem}"
        for p in Path(srcdir, "chapters").glob("[0-9][0-9]_*.ipynb")
    }


class PrerequisiteMap(SphinxDirective):
    """``{prerequisite-map}``: an arrow from each chapter to those that build on it."""

    def run(self):
        there = written(self.env.srcdir)
        self.env.note_dependency(str(COURSE))
        place = {c.number: (62 * c.place[0] - 24, 22 + 47 * c.place[1]) for c in chapters()}
        arrows = [
            self.arrow(place[need], place[chapter.number])
            for chapter in chapters()
            for need in chapter.needs
        ]
        circles = [self.circle(c, *place[c.number], c.number in there) for c in chapters()]
        svg = (
            '<svg class="needs" viewBox="0 0 400 373" role="img" aria-label="Which chapter '
            'builds on which; the list of chapters below says the same in words.">'
            '<defs><marker id="needs-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6"'
            ' markerHeight="6" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
            + "".join(arrows + circles)
            + "</svg>"
        )
        return [nodes.raw("", svg, format="html")]

    @staticmethod
    def arrow(start, end):
        """A line from rim to rim."""
        (x, y), (u, v) = start, end
        length = ((u - x) ** 2 + (v - y) ** 2) ** 0.5
        a, b = (u - x) / length, (v - y) / length
        return (
            f'<path class="needs-arrow" marker-end="url(#needs-head)" d="M{x + 17 * a:.0f} '
            f'{y + 17 * b:.0f}L{u - 19 * a:.0f} {v - 19 * b:.0f}"/>'
        )

    @staticmethod
    def circle(chapter, x, y, exists):
        """The chapter's number in a circle, filled if the chapter is written."""
        kind = "needs-written" if exists else "needs-to-come"
        return (
            f'<g class="{kind}" aria-label="{chapter.number} {chapter.title}"><circle cx="{x}" '
            f'cy="{y}" r="16"/><text x="{x}" y="{y}">{chapter.number}</text></g>'
        )


class CourseMap(SphinxDirective):
    """``{course-map}``: the parts and chapters of the course."""

    def run(self):
        there = written(self.env.srcdir)
        self.env.note_dependency(str(COURSE))
        result = nodes.container(classes=["course-map"])
        for part, found in course().items():
            box = nodes.container(classes=["course-part"])
            box += nodes.paragraph("", part, classes=["course-part-title"])
            rows = nodes.enumerated_list(
                start=found[0].number,
                enumtype="arabic",
                prefix="",
                suffix="",
                classes=["course-chapters"],
            )
            rows += [self.row(c.title, c.promise, there.get(c.number)) for c in found]
            result += box
            box += rows
        return [result]

    def row(self, title, promise, page):
        """One chapter: its title, linked if it is written, and what it is about."""
        row = nodes.list_item(classes=[] if page else ["to-come"])
        text = nodes.paragraph()
        name = nodes.inline("", title, classes=["chapter-title"])
        if page:
            link = addnodes.pending_xref(
                "",
                refdomain="std",
                reftype="doc",
                reftarget=f"/{page}",
                refexplicit=True,
                refwarn=True,
            )
            link += name
            name = link
        text += [name, nodes.Text(" "), nodes.inline("", promise, classes=["chapter-promise"])]
        if not page:
            text += [nodes.Text(" "), nodes.inline("", "to come", classes=["chapter-state"])]
        row += text
        return row


def setup(app):
    """Registers the directive."""
    app.add_directive("course-map", CourseMap)
    app.add_directive("prerequisite-map", PrerequisiteMap)
    app.add_css_file("home.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
