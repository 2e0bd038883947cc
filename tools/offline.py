"""Looks through a built book for what a browser would fetch from outside, or run unasked."""

import base64
import hashlib
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


# Elements that bring another page along, or change what all addresses mean.
EMBEDDING = {"iframe", "frame", "object", "embed", "base"}
# A formula that becomes a link to a program; a comment that ends sooner than it seems to.
TRICKS = re.compile(r"\\href\s*\{\s*javascript:|<!--?-?>", re.IGNORECASE)


class Programs(HTMLParser):
    """What a page's policy does not allow, and whether the policy stands before all of it.

    The page is read once more, not asked how it was made: what ``_ext/content_policy.py`` forgot
    is found here.
    """

    def __init__(self, text):
        super().__init__()
        self.policy, self.found = "", []
        self.script: str | None = None
        self.feed(text)
        self.close()
        self.found += TRICKS.findall(text)
        if not self.policy:
            self.found = ["no content policy"]

    def demand(self, what, text):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        if f"'sha256-{digest}'" not in self.policy.split():
            self.found.append(f"{what} that the policy does not name: {text.strip()[:60]}")

    def handle_starttag(self, tag, attributes):
        values = {name: value or "" for name, value in attributes}
        if tag == "meta" and values.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = script_rule(values.get("content", ""))
        if tag == "script" and "src" not in values:
            self.script = ""
        refreshed = values.get("http-equiv", "").lower() == "refresh"
        if tag in EMBEDDING or (refreshed and ":" in values.get("content", "")):
            self.found.append(f"the element <{tag}>")
        for name, value in values.items():
            if name.startswith("on"):
                self.demand(f"a handler {name}", value)
            if re.sub(r"[\0-\x20]", "", value).lower().startswith("javascript:"):
                self.found.append(f"a program as an address: {value[:60]}")

    def handle_data(self, text):
        if self.script is not None:
            self.script += text

    def handle_endtag(self, tag):
        if tag == "script" and self.script is not None:
            self.demand("a script", self.script)
            self.script = None


def script_rule(policy):
    """What a policy says of scripts; nothing if it would let any script of a page run."""
    parts = (rule.strip().partition(" ") for rule in policy.split(";"))
    rules = {name: value for name, _, value in parts}
    rule = rules.get("script-src", rules.get("default-src", ""))
    open_to_all = {"'unsafe-inline'", "'unsafe-eval'", "*", "data:", "blob:", "http:", "https:"}
    return "" if open_to_all & set(rule.split()) else rule


def programs(folder):
    """``page: what`` of every script and handler that a page's policy does not name."""
    return [
        f"{path.relative_to(folder)}: {what}"
        for path in sorted(Path(folder).rglob("*.html"))
        for what in Programs(path.read_text("utf-8", errors="replace")).found
    ]
