"""Sphinx extension: the map of the course on the home page, drawn from _ext/course.yml.

A chapter that exists is a link; one that does not yet is named, in grey, so that the reader sees
where the road goes. Which chapters exist is read from the folder, so the map is never out of date.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

import roads

COURSE = Path(__file__).with_name("course.yml")


@dataclass(frozen=True)
class Chapter:
    number: int
    title: str
    promise: str  # what it is about, in half a line
    needs: list  # the numbers of the chapters that it builds on
    place: list  # column and row on the map
    goal: str = ""  # the section up to which the core road leads, if it ends in this chapter


def course():
    """The chapters, by the part that they are in."""
    parts = yaml.safe_load(COURSE.read_text("utf-8"))
    return {part["part"]: [Chapter(**entry) for entry in part["chapters"]] for part in parts}


def chapters():
    """The chapters, in order."""
    return [chapter for part in course().values() for chapter in part]


def core_road():
    """The chapters of the core road, in order: (number, the section where it ends or "")."""
    known = {chapter.number: chapter for chapter in chapters()}
    end = next(chapter for chapter in known.values() if chapter.goal)
    found, ahead = {end.number}, [end]
    while ahead:
        needs = set(ahead.pop().needs) - found
        found |= needs
        ahead += [known[number] for number in needs]
    return [(number, known[number].goal) for number in sorted(found)]


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
        road = {number for number, _ in core_road()}
        arrows = [
            self.arrow(place[need], place[chapter.number], road >= {need, chapter.number})
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
    def arrow(start, end, core):
        """A line from rim to rim, stronger on the core road."""
        (x, y), (u, v) = start, end
        length = ((u - x) ** 2 + (v - y) ** 2) ** 0.5
        a, b = (u - x) / length, (v - y) / length
        return (
            f'<path class="needs-arrow{" needs-core" * core}" marker-end="url(#needs-head)" '
            f'd="M{x + 17 * a:.0f} {y + 17 * b:.0f}L{u - 19 * a:.0f} {v - 19 * b:.0f}"/>'
        )

    @staticmethod
    def circle(chapter, x, y, exists):
        """The chapter's number in a circle, filled if the chapter is written."""
        kind = "needs-written" if exists else "needs-to-come"
        return (
            f'<g class="{kind}" aria-label="{chapter.number} {chapter.title}"><circle cx="{x}" '
            f'cy="{y}" r="16"/><text x="{x}" y="{y}">{chapter.number}</text></g>'
        )


class CoreRoad(SphinxDirective):
    """``{core-road}``: which chapters lead to the first GAN, how long that takes, what is read."""

    def run(self):
        texts = roads.texts(self.env.srcdir)
        for source in (COURSE, *texts.values()):
            self.env.note_dependency(str(source))
        stops = [(n, goal) for n, goal in core_road() if n in texts]
        times = [roads.minutes(texts[n], goal)[roads.CORE] for n, goal in stops]
        links = [
            f"[chapter {n}](/chapters/{texts[n].name}){f' up to *{goal}*' if goal else ''} "
            f"({roads.spoken(time)})"
            for (n, goal), time in zip(stops, times, strict=True)
        ]
        all_core = sum(roads.minutes(text)[roads.CORE] for text in texts.values())
        said = (
            f"**The core road to your first GAN takes about {roads.spoken(sum(times))}** of "
            f"reading: the core sections of {', '.join(links)}. All core sections that are written "
            f"take {roads.spoken(all_core)}. The times are counted when the book "
            f"is built: {roads.RULE}. Solutions and folded code do not count."
        )
        body = nodes.container(classes=["core-road"])
        self.state.nested_parse(StringList([said], source=self.env.docname), 0, body)
        body += nodes.container(classes=["road-progress"])
        return [body]


class CourseMap(SphinxDirective):
    """``{course-map}``: the parts and chapters of the course."""

    def run(self):
        there = written(self.env.srcdir)
        self.texts = roads.texts(self.env.srcdir)
        self.env.note_dependency(str(COURSE))
        for text in self.texts.values():
            self.env.note_dependency(str(text))
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
            rows += [self.row(c, there.get(c.number)) for c in found]
            result += box
            box += rows
        return [result]

    def row(self, chapter, page):
        """One chapter: its title, linked if it is written, what it is about, how long it takes."""
        row = nodes.list_item(classes=[] if page else ["to-come"])
        text = nodes.paragraph()
        name = nodes.inline("", chapter.title, classes=["chapter-title"])
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
        promise = nodes.inline("", chapter.promise, classes=["chapter-promise"])
        text += [name, nodes.Text(" "), promise]
        if chapter.number in self.texts and page:
            times = nodes.inline("", self.times(chapter.number), classes=["chapter-times"])
            text += [nodes.Text(" "), times]
        if not page:
            text += [nodes.Text(" "), nodes.inline("", "to come", classes=["chapter-state"])]
        row += text
        return row

    def times(self, number):
        """``core 50 min · all 2 h · exercises 1 h``."""
        spent = roads.minutes(self.texts[number])
        whole = spent[roads.CORE] + spent[roads.OPTIONAL]
        times = {"core": spent[roads.CORE], "all": whole, "exercises": spent[roads.PRACTICE]}
        return " · ".join(f"{name} {roads.spoken(time)}" for name, time in times.items() if time)


def setup(app):
    """Registers the directives."""
    app.add_directive("core-road", CoreRoad)
    app.add_directive("course-map", CourseMap)
    app.add_directive("prerequisite-map", PrerequisiteMap)
    app.add_css_file("home.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
