"""Looks through a built book for anything that a browser would fetch from outside."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

OUTSIDE = re.compile(r"^\s*(?:https?:|wss?:|ftp:)?//", re.IGNORECASE)
CSS = re.compile(r"""(?:@import\s+(?:url\()?|url\()\s*["']?([^"')\s;]+)""", re.IGNORECASE)
SCRIPT = re.compile(
    r"""(?:\b(?:fetch|import|importScripts|WebSocket|EventSource|sendBeacon)\s*\(\s*"""
    r"""|\.open\s*\(\s*["'][A-Z]+["']\s*,\s*|\bfrom\s*|\.(?:src|href)\s*=\s*)"""
    r"""["'`]((?:https?:|wss?:)?//[^"'`]+)"""
)
FETCHING_LINKS = {
    "stylesheet",
    "preload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "modulepreload",
    "icon",
    "manifest",
    "apple-touch-icon",
}


class Page(HTMLParser):
    """Collects the outside addresses that a page fetches by itself (a link to click is none)."""

    def __init__(self, text):
        super().__init__()
        self.inside, self.found = None, []
        self.feed(text)

    def note(self, *addresses):
        self.found += [a.strip() for a in addresses if a and OUTSIDE.match(a)]

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.inside = tag if tag in ("style", "script") else None
        if tag != "a":
            self.note(values.get("src"), values.get("poster"), values.get("data"))
        self.note(*re.split(r"\s*,\s*|\s+", values.get("srcset") or ""))
        if tag == "link" and FETCHING_LINKS & set((values.get("rel") or "").lower().split()):
            self.note(values.get("href"))
        if tag in ("image", "use"):
            self.note(values.get("href"), values.get("xlink:href"))
        self.note(*CSS.findall(values.get("style") or ""))
        if values.get("srcdoc"):
            self.found += Page(values["srcdoc"]).found

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, text):
        if self.inside == "style":
            self.note(*CSS.findall(text))
        if self.inside == "script":
            self.note(*SCRIPT.findall(text))


FINDERS: dict[str, Callable[[str], list[str]]] = {
    ".html": lambda text: Page(text).found,
    ".css": lambda text: [a for a in CSS.findall(text) if OUTSIDE.match(a)],
    ".js": SCRIPT.findall,
}


def outside_requests(folder):
    """``file: address`` of everything in the folder that would ask for something outside."""
    return [
        f"{path.relative_to(folder)}: {address}"
        for path in sorted(Path(folder).rglob("*"))
        if path.suffix in FINDERS
        for address in FINDERS[path.suffix](path.read_text("utf-8", errors="replace"))
    ]
