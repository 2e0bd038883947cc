"""What a chapter is: its text, its notebook, and how the one becomes the other without running."""

import hashlib
import re
from pathlib import Path

import jupytext
import nbformat
import yaml

from plain_words import Plain
from reach import Reach

#: Chapters have a number in front, appendices whose code is executed a letter.
PAIRS = "chapters/[0-9A-Z]*_*.md"
BADGE, SETUP = "badge", "setup"  # the two cells that a notebook has and its text has not
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}

SETUP_CELL = """\
# Fetches the course's small package if it is missing here (on Colab, say); else does nothing.
import importlib.util
import sys
from pathlib import Path

WHEEL = "{wheel}"


def missing():
    importlib.invalidate_caches()
    return importlib.util.find_spec("gancourse") is None


folders = [Path.cwd(), *Path.cwd().parents]
for folder in folders:  # a clone of the course
    if missing() and (folder / "gancourse" / "games.py").exists():
        sys.path.insert(0, str(folder))
for folder in folders:  # a wheel beside this notebook, or in the built book
    for wheel in (folder / WHEEL, folder / "_downloads" / WHEEL):
        if missing() and wheel.exists():
            %pip install -q "{{wheel}}"
{published}if missing():
    raise SystemExit(
        f"The package of this course is missing. Put {{WHEEL}} beside this notebook\\n"
        "(the built book has it in its folder _downloads), or open it in a clone of the course."
    )"""
#: The published book has the wheel that was built with it; once it has a newer one, the tag stays.
PUBLISHED = """\
for source in (f"{book}/_downloads/{{WHEEL}}",  # the published book's
               "gancourse @ git+{address}@v{version}"):
    if missing():
        %pip install -q "{{source}}"
"""


def chapters(root):
    """Every chapter's text, in order."""
    return sorted(Path(root).glob(PAIRS))


def repository(root):
    """The course's public address, or "" while it is not known: it stands in _config.yml only."""
    settings = yaml.safe_load(Path(root, "_config.yml").read_text("utf-8"))["repository"]
    return (settings["url"] or "").removesuffix("/"), settings["branch"]


def colab_address(root, notebook):
    """Where Colab opens a notebook of the repository on GitHub."""
    address, branch = repository(root)
    name = notebook.relative_to(root).as_posix()
    path = address.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{path}/blob/{branch}/{name}"


def published(root):
    """The published book's address, or "" while there is none."""
    settings = yaml.safe_load(Path(root, "_config.yml").read_text("utf-8"))
    return (settings["html"]["baseurl"] or "").rstrip("/")


def setup_cell(root):
    """The code that finds the package: here, in a clone, as a wheel, at the published address."""
    code = Path(root, "gancourse", "__init__.py").read_text("utf-8")
    version = re.findall(r'^__version__ = "(.+)"', code, re.MULTILINE)[0]
    address, book = repository(root)[0], published(root)
    names = {"wheel": f"gancourse-{version}-py3-none-any.whl", "version": version}
    source = PUBLISHED.format(book=book, address=address, **names) if address else ""
    return SETUP_CELL.format(published=source, **names)


def written(text):
    """The cells of a chapter as its author wrote them."""
    cells = jupytext.read(text).cells
    for cell in cells:
        cell.metadata.pop("lines_to_next_cell", None)
    return cells


def inserted(root, text):
    """The cells that every notebook starts with: set-up, and if there is an address, a badge."""
    address, _ = repository(root)
    setup = nbformat.v4.new_code_cell(setup_cell(root))
    setup.metadata = {"gancourse": SETUP, "tags": ["remove-cell"]}
    if not address:
        return [setup]
    link = colab_address(root, text.with_suffix(".ipynb"))
    badge = nbformat.v4.new_markdown_cell(f"[![Open in Colab](../_static/colab.svg)]({link})")
    badge.metadata = {"gancourse": BADGE}
    return [badge, setup]


def worded(root, text):
    """All cells of a chapter's notebook, not executed: the author's, in plain Markdown."""
    cells = Plain(root, text, published(root)).cells(written(text))
    return with_ids(inserted(root, text) + cells)


def with_ids(cells):
    """The cells, each with an id that follows from what it says."""
    seen: dict[str, int] = {}
    for cell in cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = f"{digest}-{seen[digest]}"
    return cells


def assemble(root, text):
    """The notebook of a chapter, not executed yet: fixed kernel, fixed ids, no machine's traces."""
    cells = worded(root, text)
    metadata = {
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
        "gancourse": {"sources": source_hash(root, text)},
    }
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def serialise(notebook):
    """The bytes of a notebook file: sorted keys, one space of indentation, a final newline."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def own_cells(notebook):
    """The cells of a notebook that come from its text."""
    return [cell for cell in notebook.cells if "gancourse" not in cell.metadata]


def renew(root, text):
    """Writes a notebook's cells anew and keeps what they have put out; whether that changed it.

    For what needs no execution: an address, a version, a number or a citation of the words.
    """
    path = text.with_suffix(".ipynb")
    before = path.read_text("utf-8")
    notebook, cells = nbformat.reads(before, as_version=4), worded(root, text)
    old, new = ([c for c in some if c.cell_type == "code"] for some in (notebook.cells, cells))
    for cell, executed in zip(new, old, strict=True):
        cell.outputs, cell.execution_count = executed.outputs, executed.execution_count
    notebook.cells = cells
    after = serialise(notebook)
    if after != before:
        path.write_text(after, "utf-8")
    return after != before


# ---- what a chapter's results depend on -------------------------------------------------------


def code_of(text):
    """The code cells of a chapter, without IPython's own commands."""
    code = (cell.source for cell in written(text) if cell.cell_type == "code")
    return [re.sub(r"^([ \t]*)[%!].*$", r"\1pass", cell, flags=re.MULTILINE) for cell in code]


def used(root, text):
    """What the code of a chapter reaches in the package."""
    return Reach(root, "\n".join(code_of(text)))


def source_hash(root, text):
    """Changes when the text of a chapter changes, or whatever its code uses of the package."""
    digest = hashlib.sha256(text.relative_to(root).as_posix().encode() + b"\0" + text.read_bytes())
    digest.update(used(root, text).digest().encode())
    return digest.hexdigest()[:16]


def is_stale(root, text):
    """Whether a chapter's notebook is missing, or was executed with other text or other code."""
    notebook = text.with_suffix(".ipynb")
    if not notebook.exists():
        return True
    recorded = nbformat.read(notebook, as_version=4).metadata.get("gancourse", {})
    return recorded.get("sources") != source_hash(root, text)
