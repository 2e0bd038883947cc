"""Sphinx extension: formulas are set a few at a time (formulas.js), on the pages that have some.

Sphinx 7 loads MathJax on every page as soon as one page of a book has a formula.
"""

from offline_assets import MATHJAX
from scripts import ship

FORMULA = 'class="math '


def load(app, pagename, templatename, context, doctree):
    if FORMULA in context.get("body", ""):
        app.add_js_file("formulas.js", priority=550)  # after the settings, before MathJax
        return
    context["script_files"] = [
        script
        for script in context["script_files"]
        if MATHJAX not in str(script.filename)
        and "window.MathJax" not in (script.attributes.get("body") or "")
    ]


def configure(app, config):
    # `async`: it is read in its own time. Deferred, it would hold up the page's other scripts.
    config.mathjax_options = {"async": "async", "priority": 600}


def setup(app):
    ship(app, "formulas.js")
    app.connect("config-inited", configure)
    app.connect("html-page-context", load, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
