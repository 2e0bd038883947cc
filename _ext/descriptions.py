"""Sphinx extension: each page says in a sentence what it is about, to search engines and to those
who show a link as a card. The address of a picture must be whole, so there is one only if the
book's own address is set (``make repository``).
"""

import html
import re

from docutils import nodes

import plain

LEAST, MOST = 60, 200  # letters: a shorter paragraph is a button or a motto
NEEDS = "You need "  # what a chapter asks for is not what it is about


def description(doctree):
    """The first paragraph of the page that says something."""
    found = doctree.findall(nodes.paragraph) if doctree else ()
    paragraphs = [plain.text(node) for node in found if isinstance(node.parent, nodes.section)]
    words = next(
        (p for p in map(str.strip, paragraphs) if len(p) >= LEAST and not p.startswith(NEEDS)), ""
    )
    return plain.shortened(words, MOST)


def describe(app, pagename, templatename, context, doctree):
    named = {"og:type": "article", "og:site_name": app.config.html_title or app.config.project}
    named["og:title"] = html.unescape(re.sub("<[^>]*>", "", context.get("title", "")))
    if words := description(doctree):
        named |= {"description": words, "og:description": words}
    if base := app.config.html_baseurl.rstrip("/"):
        named |= {"og:url": f"{base}/{pagename}.html", "og:image": f"{base}/_static/hero.png"}
        named["og:image:alt"] = "Thirty-six small faces that a network has drawn."
    tags = [
        f'<meta {"property" if ":" in key else "name"}="{key}" content="{html.escape(value)}" />'
        for key, value in named.items()
    ]
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags])


def setup(app):
    app.connect("html-page-context", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
