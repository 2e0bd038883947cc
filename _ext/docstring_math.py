r"""Sphinx extension: docstrings may write ``$...$`` as the chapters do.

Docstrings are read in editors and by ``help()``, where plain dollars read better than roles.
"""

import re

INLINE = re.compile(r"(?<![\\$])\$([^$]+)\$(?!\$)")
DISPLAY = re.compile(r"^([ \t]*)\$\$(.+?)\$\$", re.DOTALL | re.MULTILINE)


def to_rst(text):
    """Markdown's dollars as reStructuredText; what stands in backquotes is left alone."""
    literals = []

    def keep(match):
        literals.append(match.group())
        return f"\0{len(literals) - 1}\0"

    text = re.sub(r"``[^`]+``|:[\w:]+:`[^`]+`", keep, text)
    text = DISPLAY.sub(lambda m: f"\n{m[1]}.. math:: {' '.join(m[2].split())}\n", text)
    text = INLINE.sub(lambda m: f":math:`{' '.join(m[1].split())}`", text)
    return re.sub(r"\0(\d+)\0", lambda m: literals[int(m[1])], text)


def process(app, what, name, obj, options, lines):
    lines[:] = to_rst("\n".join(lines)).splitlines()


def setup(app):
    app.connect("autodoc-process-docstring", process, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
