"""Sphinx extension: a code cell's picture says in words what the caption under it says it shows.

Without it a picture's alternative text is its file's name, 64 digits, which a screen reader spells.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform

import plain

#: The caption goes on, as ordinary text, with what one is to see: that is not read out twice.
LESSON = re.compile(r"\s*What to see:.*", re.DOTALL)

#: Pixels from which a picture is not shrunk to the width of a phone, but scrolls (course.css).
SIZES = (700, "wide"), (480, "middling")


def width(path):
    """Of a PNG, from its head."""
    head = path.read_bytes()[:24] if path.suffix == ".png" and path.exists() else b""
    return int.from_bytes(head[16:20], "big") if head.startswith(b"\x89PNG") else 0


def caption(cell):
    """The paragraph ``**Figure 5.1.** …`` under a cell, or None."""
    rest = cell.parent.children[cell.parent.index(cell) + 1 :]
    below = next((node for node in rest if not isinstance(node, (nodes.comment, nodes.raw))), None)
    words = below.children if isinstance(below, nodes.paragraph) else []
    first = next((node for node in words if node.astext().strip()), None)
    return below if isinstance(first, nodes.strong) else None


class AltTexts(SphinxTransform):
    """Copies the captions into the pictures, before anything is numbered or replaced."""

    default_priority = 900

    def apply(self, **_):
        for cell in self.document.findall(nodes.container):
            if "cell" not in cell["classes"] or not (below := caption(cell)):
                continue
            words = LESSON.sub("", plain.text(below)).strip()
            pictures = [node for node in cell.findall(nodes.image) if "alt" not in node]
            for i, picture in enumerate(pictures, 1):
                part = f" (Picture {i} of {len(pictures)}.)" if len(pictures) > 1 else ""
                picture["alt"] = words + part
                path = Path(self.document.settings.env.srcdir, picture["uri"].lstrip("/"))
                sizes = [name for least, name in SIZES if width(path) > least]
                picture["classes"] += sizes[:1]


def setup(app):
    app.add_transform(AltTexts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
