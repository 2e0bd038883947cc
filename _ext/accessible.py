"""Sphinx extension: what the theme and its extensions leave for axe-core to find, mended.

Each line names one fault; ``tools/browser.py`` looks for all of them, in every page.
"""

import re
from pathlib import Path

MENDED = [
    # the name that is spoken must hold the words that are seen
    (r'(<button class="btn search-button-field[^>]*?)\s+aria-label="Search"', r"\1"),
    (r'(<summary) aria-label="Toggle hidden content"', r"\1"),
    # everything lies in a landmark, the book's title, too
    (r'(<div class="bd-sidebar-primary bd-sidebar[^"]*")>', r'\1 role="region" aria-label="Book">'),
    # what folds has a name
    (r'<summary>(<span class="toctree-toggle")', r'<summary aria-label="Pages of this part">\1'),
    # a head without words is none
    (r'<th([^>]*)>(<p><span class="math [^<]*</span></p>)</th>', r"<td\1>\2</td>"),
    (r'<th( class="head[^"]*"| class="stub[^"]*")?>\s*(?:<p>\s*</p>)?\s*</th>', r"<td\1></td>"),
    # an entry of the list of sources is an item of a list to a screen reader
    (r' role="doc-biblioentry"', ' role="listitem"'),
]  # fmt: skip
FAULTS = [(re.compile(pattern), mended) for pattern, mended in MENDED]


def mend(html):
    for pattern, mended in FAULTS:
        html = pattern.sub(mended, html)
    return html


def finish(app, exception):
    if exception is not None or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text("utf-8")
        if (mended := mend(text)) != text:
            page.write_text(mended, "utf-8")


def setup(app):
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
