"""A part of a page as plain words: for a screen reader, a search result, a description."""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref

from tex import tokens

#: What is not said in words.
SILENT = (nodes.comment, nodes.raw, nodes.system_message, nodes.image)
#: Commands of TeX that are read as a sign, not as their name.
SIGNS = {
    **{r"\le": "≤", r"\ge": "≥", r"\ne": "≠", r"\to": "→", r"\infty": "∞", r"\in": "in"},
    **{r"\cdot": "·", r"\times": "×", r"\pm": "±", r"\approx": "≈", r"\|": "‖", r"\dots": "…"},
    **{r"\{": "{", r"\}": "}", r"\mathbb": "", r"\mathcal": "", r"\mathbf": "", r"\boldsymbol": ""},
    **{
        r"\tilde": "",
        r"\bar": "",
        r"\hat": "",
        r"\,": " ",
        r"\ ": " ",
        r"\%": "%",
        "{": "",
        "}": "",
    },
}


def formula(tex):
    """A formula in one line of letters and signs: ``p_g``, ``L^(D)``, ``log 4``."""
    words = [SIGNS.get(t, t.removeprefix("\\")) for t in tokens(tex)]
    line = "".join(f" {w} " if len(w) > 1 and w.isalpha() else w for w in words)
    return re.sub(r"\s+", " ", line).strip()


def text(node):
    """The words of a node in one line; a formula as a line of signs."""
    reference = isinstance(node, pending_xref) and node.get("refdomain")
    if isinstance(node, SILENT) or reference in ("cite", "math"):  # these hold keys, not words
        return ""
    if isinstance(node, (nodes.math, nodes.math_block)):
        return f"{formula(node.astext())} "[: None if isinstance(node, nodes.math_block) else -1]
    if isinstance(node, nodes.Text):
        return node.astext()
    inline = isinstance(node, (nodes.Inline, nodes.paragraph, nodes.title, nodes.term))
    return re.sub(r"\s+", " ", ("" if inline else " ").join(map(text, node.children)))


def shortened(words, most):
    """At most so many letters, cut after a whole word."""
    return words if len(words) <= most else words[: most - 1].rsplit(" ", 1)[0] + "…"
