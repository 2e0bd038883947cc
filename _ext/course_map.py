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


class CourseMap(SphinxDirective):
    """`{course-map}`: the parts and chapters of the course."""

    def run(self):
        there = {int(p.name[:2]): f"chapters/{p.stem}"
                 for p in Path(self.env.srcdir, "chapters").glob("[0-9][0-9]_*.ipynb")}
        course = nodes.container(classes=["course-map"])
        for part, chapters in COURSE.items():
            box = nodes.container(classes=["course-part"])
            box += nodes.paragraph("", part, classes=["course-part-title"])
            rows = nodes.enumerated_list(start=min(chapters), enumtype="arabic", prefix="",
                                         suffix="", classes=["course-chapters"])
            rows += [self.row(number, title, promise, there.get(number))
                     for number, (title, promise) in chapters.items()]
            course += box
            box += rows
        return [course]

    def row(self, number, title, promise, page):
        """One chapter: its title, linked if it is written, and what it is about."""
        row = nodes.list_item(classes=[] if page else ["to-come"])
        text = nodes.paragraph()
        name = nodes.inline("", title, classes=["chapter-title"])
        if page:
            link = addnodes.pending_xref("", refdomain="std", reftype="doc", reftarget=f"/{page}",
                                         refexplicit=True, refwarn=True)
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
    app.add_css_file("home.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
