"""Sphinx extension: the built book asks nobody for anything, also when opened by a double click.

- MathJax comes as one file from an installed wheel and is configured once.
- Icons come from a font inside the stylesheet: from file:// a browser may not load a font file.
- Search results show no summary of Sphinx's, because each would fetch its page (search_texts.py).
- What would ask a CDN is left out: Thebe (live kernels), the stylesheet of matplotlib's animations.
"""

import base64
import importlib.util
import re
import shutil
from pathlib import Path

NO_SUMMARIES = "DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;"
MATHJAX = "tex-svg-full.js"  # with plain tex-svg.js every autoloaded extension is one more file
CDN_LINK = re.compile(r"<link[^>]+https://(?:maxcdn|stackpath)\.bootstrapcdn\.com[^>]*>")
# The theme preloads the icon fonts and loads the same icons a second time as 1.5 MB of script.
ICON_TAGS = re.compile(
    r'<link rel="preload" as="font"[^>]*>|<script src="[^"]*fontawesome[^"]*"></script>'
)
FONT = re.compile(r"url\(\.\./webfonts/([\w-]+\.woff2)\)")
OTHER_FONT = re.compile(r',url\(\.\./webfonts/[\w-]+\.ttf\) format\("truetype"\)')


def mathjax_file():
    """The file inside the wheel ``sphinx-mathjax-offline`` (used as data, never imported)."""
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None or package.origin is None:
        raise ImportError("sphinx-mathjax-offline is not installed (see requirements.txt)")
    return Path(package.origin).parent / "static" / "mathjax" / MATHJAX


def configure_mathjax(app, config):
    """Adds to the settings that Jupyter Book has made."""
    config.mathjax_path = MATHJAX
    settings = config.mathjax3_config or {}
    settings.setdefault("options", {})["enableMenu"] = False  # its entries load further files
    config.mathjax3_config = settings


def leave_out_thebe(app, config):
    """Jupyter Book always activates sphinx-thebe; there is no setting that takes it out again."""
    for listeners in app.events.listeners.values():
        listeners[:] = [x for x in listeners if not x.handler.__module__.startswith("sphinx_thebe")]


def copy_mathjax(app):
    if app.builder.format == "html":
        static = Path(app.outdir, "_static")
        static.mkdir(parents=True, exist_ok=True)
        shutil.copy2(mathjax_file(), static / MATHJAX)


def drop_cdn_link(app, pagename, templatename, context, doctree):
    context["css_files"] = [f for f in context["css_files"] if "thebe" not in str(f)]
    if "body" in context:
        context["body"] = CDN_LINK.sub("", context["body"])


def embed_fonts(css):
    """Replaces every font file of a stylesheet by its content."""

    def data(match):
        font = css.parent.parent / "webfonts" / match[1]
        return f"url(data:font/woff2;base64,{base64.b64encode(font.read_bytes()).decode()})"

    css.write_text(FONT.sub(data, OTHER_FONT.sub("", css.read_text("utf-8"))), "utf-8")


def finish(app, exception):
    if exception is not None or app.builder.format != "html":
        return
    for css in Path(app.outdir).glob("_static/vendor/fontawesome/*/css/all.min.css"):
        embed_fonts(css)
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text("utf-8")
        if (clean := ICON_TAGS.sub("", text)) != text:
            page.write_text(clean, "utf-8")


def setup(app):
    app.add_js_file(None, body=NO_SUMMARIES)
    app.connect("config-inited", configure_mathjax, priority=900)
    app.connect("config-inited", leave_out_thebe, priority=900)
    app.connect("builder-inited", copy_mathjax)
    app.connect("html-page-context", drop_cdn_link, priority=900)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
