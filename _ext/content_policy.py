"""Sphinx extension: every page tells the browser which scripts are its own.

A page may load what lies beside it, and run those scripts inside it whose sha256 stands in its
policy; nothing else runs and nothing comes from outside, whatever finds its way onto the page. Its
own are the scripts of the theme around the text, and in the text those that ``safe_content.py``
vouches for. A book opened by a double click has no origin, so that ``file:`` stands beside
``'self'``.
"""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

from safe_content import VOUCHED, is_live_figure

# The theme's only handlers, on its buttons for the full screen and for printing. Every page names
# both: the search reads other pages, and its own policy holds for what it reads.
HANDLERS = ("toggleFullScreen()", "window.print()")
BESIDE = "'self' file:"
RULES = {
    "default-src": "'none'",
    "script-src": BESIDE,
    "style-src": f"{BESIDE} 'unsafe-inline'",  # MathJax and matplotlib's tables set styles
    "img-src": f"{BESIDE} data: blob:",
    "media-src": f"{BESIDE} data: blob:",
    "font-src": f"{BESIDE} data:",
    "connect-src": BESIDE,  # the search reads pages to show their words
    "form-action": BESIDE,  # the search
    "base-uri": "'none'",
}
BEGIN = '<meta http-equiv="Content-Security-Policy"'
# Behind the line that says how the page is encoded, which must be among its first 1024 bytes.
HEAD = re.compile(r"<head>\s*<meta charset=[^>]*>\s*", re.IGNORECASE)


class Scripts(HTMLParser):
    """The scripts that stand inside a page, in ``found``."""

    def __init__(self, text):
        super().__init__()
        self.found, self.inside = [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "script" and "src" not in dict(attributes):
            self.inside = True
            self.found.append("")

    def handle_data(self, data):
        if self.inside:
            self.found[-1] += data

    def handle_endtag(self, tag):
        self.inside = False


def source(text):
    """A script as a policy names it."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def strangers(text):
    """The scripts in the text of a page that nobody vouches for."""
    found = Scripts(text).found
    return {script for script in found if not (script in VOUCHED or is_live_figure(script))}


def policy(page, refused=frozenset()):
    """The policy for a page: the same rules for all, and the hashes of its own scripts."""
    own = {source(text) for text in Scripts(page).found if text not in refused}
    hashes = [*sorted(own), "'unsafe-hashes'", *map(source, HANDLERS)]
    rules = RULES | {"script-src": " ".join([RULES["script-src"], *hashes])}
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def with_policy(page, refused=frozenset()):
    """A page that states its policy before anything that could run."""
    line = f'{BEGIN} content="{policy(page, refused)}">\n'
    head = HEAD.search(page)
    place = head.end() if head else 0  # index.html is one line that leads on, without a head
    return page[:place] + line + page[place:]


def look_through(app, pagename, templatename, context, doctree):
    app.refused_scripts[pagename] = strangers(context.get("body") or "")


def finish(app, exception):
    if app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        page = path.read_text("utf-8")
        if BEGIN not in page:  # else it stands there unchanged from an earlier build
            name = path.relative_to(app.outdir).with_suffix("").as_posix()
            path.write_text(with_policy(page, app.refused_scripts.get(name, frozenset())), "utf-8")


def setup(app):
    app.refused_scripts = {}
    app.connect("html-page-context", look_through, priority=950)
    app.connect("build-finished", finish, priority=950)  # when all others have changed the pages
    return {"parallel_read_safe": True, "parallel_write_safe": False}
