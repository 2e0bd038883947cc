"""Sphinx extension: no text and no result of a cell brings a program of its own onto a page.

All HTML that a chapter, a cell's result or a docstring brings along passes through here on its way
to the page. It may hold the elements in ELEMENTS, no handlers (``onclick``), no addresses but plain
ones, and no script except those of the package's live figures, word for word. A formula may hold
no command that makes a link or reaches into the page. What else is found is left out, with a
warning that fails the build. What the browser is told (``content_policy.py``) is a second lock on
the same door.
"""

import re
from functools import cache
from html.parser import HTMLParser

from docutils import nodes
from sphinx.util import logging

from gancourse.page import figure

log = logging.getLogger(__name__)

TEXT = """
a abbr b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em
figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p picture pre q s samp script
section small source span strong style sub summary sup table tbody td tfoot th thead time tr u ul
var wbr
"""
DRAWING = """
svg circle clippath defs desc ellipse g line lineargradient marker path pattern polygon polyline
radialgradient rect stop symbol text title tspan use
"""
ELEMENTS = frozenset((TEXT + DRAWING).split())
ADDRESSES = frozenset({"href", "src", "srcset", "xlink:href", "poster", "cite", "background"})
PLAIN = re.compile(r"(?:https?:|mailto:|data:image/(?:png|jpeg|gif|webp);|[^:]*(?:[/?#]|$))", re.I)
REACHES_OUT = ("on", "srcdoc", "action", "formaction", "ping", "http-equiv")
# A comment that every parser reads as one: nothing in it looks like its end, or like a tag.
COMMENT = re.compile(r"<!--(?!-?>)[^<>]*?-->")
COMMAND = re.compile(r"\\(href|url|require|unicode|cssId|class|style|html\w*|data|special)(?!\w)")
OURS = "ours"  # the attribute of a raw node that an extension of this book has made itself
VOUCHED: set[str] = set()  # the scripts in such nodes


@cache
def pieces():
    """What the script of a live figure is put together from: its first piece, and all others."""
    first, *_ = paths = [
        figure.HERE / "page.js",
        *sorted(figure.HERE.glob("*.js")),
        *sorted((figure.HERE.parent / "live").glob("*.js")),
    ]
    return figure._source(first), [figure._source(path) for path in paths]


def is_live_figure(script):
    """Whether a script is that of a live figure as the package writes it today."""
    first, others = pieces()
    rest = script.removeprefix(first)
    if rest == script:
        return False
    while piece := next(filter(rest.startswith, others), ""):
        rest = rest.removeprefix(piece)
    return re.fullmatch(r'gancourse\.page\.mountAll\("[a-z_]+"\);', rest) is not None


class Scan(HTMLParser):
    """What is wrong with a piece of HTML, in ``found``, and the ``scripts`` in it."""

    def __init__(self, text):
        super().__init__()
        self.found, self.scripts, self.script = [], [], None
        text = COMMENT.sub("", text)
        self.feed(text)
        if "<" in self.rawdata or self.script is not None:
            self.found.append("markup that does not end")
        if "<!" in re.sub(r"<script\b.*?</script>", "", text, flags=re.DOTALL | re.IGNORECASE):
            self.found.append("a declaration, or a comment that not every browser ends alike")

    def handle_starttag(self, tag, attributes):
        if tag not in ELEMENTS:
            self.found.append(f"the element <{tag}>")
        if tag == "script":
            self.script = ""
            if attributes:
                self.found.append("a script with attributes")
        for name, value in attributes:
            if name.startswith(REACHES_OUT):
                self.found.append(f"the attribute {name}")
            if name in ADDRESSES and not plain_address(value or ""):
                self.found.append(f"the address {value[:40]!r}")

    def handle_data(self, data):
        if self.script is not None:
            self.script += data

    def handle_endtag(self, tag):
        if tag == "script" and self.script is not None:
            self.scripts.append(self.script)
            if not is_live_figure(self.script):
                self.found.append(
                    "a script that is not the package's (has the script of a live figure changed? "
                    "then `make chapters` brings the new one)"
                )
            self.script = None


def plain_address(address):
    """Whether an address leads to a page or a picture, and runs nothing."""
    # A browser forgets white space and control characters on its way to the colon.
    return PLAIN.match(re.sub(r"[\x00-\x20]", "", address)) is not None


def faults(node):
    """What is wrong with one node of a page."""
    if isinstance(node, nodes.raw):
        if "html" not in node.get("format", "").split():
            return []
        scan = Scan(node.astext())
        if not node.get(OURS):
            return scan.found
        VOUCHED.update(scan.scripts)
        return []
    if isinstance(node, nodes.reference):
        address = node.get("refuri", "")
        return [] if plain_address(address) else [f"the address {address[:40]!r}"]
    return [f"the command {found} in a formula" for found in COMMAND.findall(node.astext())]


def guard(app, doctree, docname):
    """Leave out what may not be there, and say so."""
    if app.builder.format != "html":
        return
    kinds = (nodes.raw, nodes.reference, nodes.math, nodes.math_block)
    for node in [n for n in doctree.findall() if isinstance(n, kinds)]:
        if found := faults(node):
            said = ", ".join(dict.fromkeys(found))
            log.warning("%s: left out, because it holds %s", docname, said, location=node)
            node.parent.remove(node)


def setup(app):
    app.connect("doctree-resolved", guard, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
