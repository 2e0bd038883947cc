"""Sphinx extension: the map of the course on the home page.

A chapter that exists is a link; one that does not yet is named, in grey, so that the reader sees
where the road goes. Which chapters exist is read from the folder, so the map is never out of date.
"""

from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

COURSE = {
    "Part I · Likelihood": {
        1: ("Maximum likelihood", "fit a model by making the data probable"),
        2: ("Entropy, cross-entropy, KL", "measure how wrong a model is"),
        3: ("A classifier is half a GAN", "a detective estimates a ratio of densities"),
        4: ("Latent variables and the VAE", "sample first, bound the likelihood later"),
    },
    "Part II · The game": {
        5: ("Two players", "the generator, the discriminator and their rules"),
        6: ("The optimal discriminator", "what the game measures: the Jensen–Shannon divergence"),
        7: ("How GAN training fails", "circles, collapse, lost gradients, and how to see them"),
    },
    "Part III · Images": {
        8: ("Convolutions and their transposes", "from pixels to features and back"),
        9: ("DCGAN", "train a generator of faces and digits"),
        10: ("Normalisation", "batch, layer, instance, group: what each one holds fixed"),
    },
    "Part IV · Wasserstein": {
        11: ("Optimal transport", "the cost of moving one heap of sand onto another"),
        12: ("The Wasserstein GAN", "a critic whose score is a distance"),
        13: ("Gradient penalties", "Lipschitz by penalty, Lipschitz by construction"),
    },
    "Part V · Beyond": {
        14: ("Measuring a generator", "coverage, Fréchet distance, precision and recall"),
        15: ("Conditional GANs and pix2pix", "say what you want to see"),
        16: ("CycleGAN", "translate between two worlds without pairs"),
        17: ("A modern baseline", "what is left when the tricks are gone"),
        18: ("Running it for real", "GPUs, mixed precision, checkpoints, your own pictures"),
    },
}

#: Which chapters a chapter builds on; `tests/test_project.py` compares it with "You need".
NEEDS = {
    1: (),
    2: (1,),
    3: (1,),
    4: (2,),
    5: (2, 3),
    6: (2, 5),
    7: (6,),
    8: (3,),
    9: (3, 5),
    10: (9,),
    11: (6,),
    12: (5, 11),
    13: (12,),
    14: (9,),
    15: (9,),
    16: (15,),
    17: (9, 13),
    18: (9,),
}

#: Where the map draws a chapter (column, row), so that no arrow runs through another one.
PLACE = {
    1: (3, 0),
    2: (2, 1),
    3: (4, 1),
    4: (1, 2),
    5: (3, 2),
    8: (5, 2),
    6: (2, 3),
    9: (4, 3),
    7: (1, 4),
    11: (2, 4),
    10: (3.25, 4),
    14: (4.6, 4),
    15: (5.5, 4),
    18: (6.3, 3.4),
    12: (2.5, 5),
    16: (5.5, 5),
    13: (3, 6),
    17: (3.8, 7),
}


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
        place = {number: (62 * x - 24, 22 + 47 * y) for number, (x, y) in PLACE.items()}
        arrows = [
            self.arrow(place[need], place[number])
            for number, needs in NEEDS.items()
            for need in needs
        ]
        circles = [self.circle(number, *place[number], number in there) for number in place]
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
    def circle(number, x, y, exists):
        """The chapter's number in a circle, filled if the chapter is written."""
        title = next(part[number][0] for part in COURSE.values() if number in part)
        kind = "needs-written" if exists else "needs-to-come"
        return (
            f'<g class="{kind}"><title>{number} {title}</title><circle cx="{x}" cy="{y}" '
            f'r="16"/><text x="{x}" y="{y}">{number}</text></g>'
        )


class CourseMap(SphinxDirective):
    """``{course-map}``: the parts and chapters of the course."""

    def run(self):
        there = written(self.env.srcdir)
        course = nodes.container(classes=["course-map"])
        for part, chapters in COURSE.items():
            box = nodes.container(classes=["course-part"])
            box += nodes.paragraph("", part, classes=["course-part-title"])
            rows = nodes.enumerated_list(
                start=min(chapters),
                enumtype="arabic",
                prefix="",
                suffix="",
                classes=["course-chapters"],
            )
            rows += [
                self.row(number, title, promise, there.get(number))
                for number, (title, promise) in chapters.items()
            ]
            course += box
            box += rows
        return [course]

    def row(self, number, title, promise, page):
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
