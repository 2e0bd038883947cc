"""Every way that was tried to bring a program into the book, and pages that try them."""

import nbformat

RUN = "window.planted = 1"
SCRIPT = f"<script>{RUN}</script>"
HANDLER = f'<img src="no.png" alt="" onerror="{RUN}">'
FRAME = f'<iframe srcdoc="<script>parent.{RUN.replace("window.", "")}</script>"></iframe>'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}">{SCRIPT}</svg>'
HREF = rf"\href{{javascript:{RUN}}}{{x}}"


def result(kind, data):
    """A cell whose stored result has this kind."""
    output = nbformat.v4.new_output("display_data", {kind: data, "text/plain": "a result"})
    return nbformat.v4.new_code_cell("draw()", outputs=[output], execution_count=1)


def said(text):
    """A cell that has printed this."""
    output = nbformat.v4.new_output("stream", text=text)
    return nbformat.v4.new_code_cell("print()", outputs=[output], execution_count=1)


written = nbformat.v4.new_markdown_cell

#: The first are those of the review, each by its number there; then their cousins.
CHANNELS = {
    "html": result("text/html", SCRIPT),
    "html_handler": result("text/html", HANDLER),
    "javascript": result("application/javascript", RUN),
    "markdown_result": result("text/markdown", f"Text.\n\n<div>{HANDLER}</div>"),
    "markdown_script": written(f"Text.\n\n{SCRIPT}\n"),
    "frame": result("text/html", FRAME),
    "formula": written(f"A formula: ${HREF}$"),
    "formula_block": written(f"$$\n{HREF}\n$$"),
    "svg": result("image/svg+xml", SVG),
    "printed": said(SCRIPT),
    "image_in_text": written(f"Text with {HANDLER} in it."),
    "link": written(f"[x](javascript:{RUN})"),
    "link_by_name": written(f"[x][y]\n\n[y]: javascript:{RUN}"),
}
COUSINS = {
    "latex_result": result("text/latex", f"${HREF}$"),
    "raw": written(f"```{{raw}} html\n{SCRIPT}\n```"),
    "rst": written(f"```{{eval-rst}}\n.. raw:: html\n\n   {SCRIPT}\n```"),
    "target": written(f"```{{figure}} ../_static/hero.png\n:target: javascript:{RUN}\n\nA.\n```"),
    "vector_in_html": result("text/html", SVG),
    "disguised": result("text/html", f'<a href=" java\tscript:{RUN}">x</a>'),
    "entity": result("text/html", f'<a href="&#106;avascript:{RUN}">x</a>'),
    "comment": result("text/html", f"<!-->{SCRIPT}-->"),
    "refresh": result("text/html", '<meta http-equiv="refresh" content="99; url=about:blank">'),
    "base": result("text/html", '<base href="about:blank">'),
    "escape": result("text/html", f"</div></article></main>{SCRIPT}"),
    "script_file": result("text/html", '<script src="planted.js"></script>'),
    "half": written("Text <script>window.planted = 1 </script> text."),
}


def plant(book, channels):
    """A page of the small book for each of the channels."""
    (book / "planted").mkdir()
    for name, cell in channels.items():
        notebook = nbformat.v4.new_notebook(cells=[written(f"# Page {name}"), cell])
        notebook.metadata = {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python", "pygments_lexer": "ipython3"},
        }
        nbformat.write(notebook, book / "planted" / f"{name}.ipynb")
    toc = book / "_toc.yml"
    entries = "".join(f"      - file: planted/{name}\n" for name in channels)
    toc.write_text(f"{toc.read_text()}  - chapters:\n{entries}")
