"""What a chapter is: its text, its notebook, and how the one becomes the other without running."""

import hashlib
import re
from pathlib import Path

import jupytext
import nbformat
import yaml

from reach import Reach

PAIRS = "chapters/[0-9][0-9]_*.md"
BADGE, SETUP = "badge", "setup"  # the two cells that a notebook has and its text has not
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}

NO_ADDRESS = """\
    print("The package of this course is missing: in the course's folder run `pip install -e .`")"""
INSTALL = """\
    %pip install -q "gancourse @ git+{address}" """.rstrip()
SETUP_CELL = """\
# On Colab this installs the course's small package; everywhere else it does nothing.
from importlib.util import find_spec

if find_spec("gancourse") is None:
{install}"""


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


def written(text):
    """The cells of a chapter as its author wrote them."""
    cells = jupytext.read(text).cells
    for cell in cells:
        cell.metadata.pop("lines_to_next_cell", None)
    return cells


def inserted(root, text):
    """The cells that every notebook starts with: set-up, and if there is an address, a badge."""
    address, _ = repository(root)
    install = INSTALL.format(address=address) if address else NO_ADDRESS
    setup = nbformat.v4.new_code_cell(SETUP_CELL.format(install=install))
    setup.metadata = {"gancourse": SETUP, "tags": ["remove-cell"]}
    if not address:
        return [setup]
    link = colab_address(root, text.with_suffix(".ipynb"))
    badge = nbformat.v4.new_markdown_cell(f"[![Open in Colab](../_static/colab.svg)]({link})")
    badge.metadata = {"gancourse": BADGE}
    return [badge, setup]


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
    cells = with_ids(inserted(root, text) + written(text))
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
