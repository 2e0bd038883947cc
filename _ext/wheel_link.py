"""Sphinx extension: {wheel}``words`` is a link to the package's wheel, which lies beside the pages.

``make book`` lays it there (tools/wheel.py) as soon as the pages are built.
"""

from docutils import nodes
from sphinx.util.docutils import SphinxRole

import gancourse


def address(docname):
    """Where the wheel lies, seen from a page."""
    return (
        f"{'../' * docname.count('/')}_downloads/gancourse-{gancourse.__version__}-py3-none-any.whl"
    )


class Wheel(SphinxRole):
    def run(self):
        return [nodes.reference("", self.text, refuri=address(self.env.docname))], []


def setup(app):
    app.add_role("wheel", Wheel())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
