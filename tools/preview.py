"""Shows one chapter as its text stands, in seconds (``make preview ARGS=14``).

The page is built alone: what it needs of other pages is missing, nothing is executed (a cell
that has not changed keeps the outputs of the committed notebook), and a warning stops nothing.
"""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import yaml

import check
from chapters import KERNEL, chapters, own_cells, serialise, with_ids, written

ELSEWHERE = re.compile(  # what is right in the whole book and cannot be found in one page of it
    r"unknown document|cross-reference target not found|equation not found|undefined label"
    r"|reference target not found|unknown .*reference|label .* not found|toctree contains"
    r"|image file not readable|is not included in any toctree|not found for numbered reference"
)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def chapter(root, number):
    """The text of a chapter, by its number."""
    found = [
        text for text in chapters(root) if text.name.startswith((f"{number:>02}_", f"{number}_"))
    ]
    if not found:
        known = ", ".join(text.name[:2] for text in chapters(root))
        raise check.CheckError(f"there is no chapters/{number:>02}_*.md; there are {known}")
    return found[0]


def with_known_outputs(text):
    """The chapter as its author wrote it; cells that read as before keep their outputs."""
    cells, committed = with_ids(written(text)), text.with_suffix(".ipynb")
    if committed.exists():
        old = own_cells(nbformat.read(committed, as_version=4))
        outputs = {cell.source: cell.outputs for cell in old if cell.cell_type == "code"}
        for cell in cells:
            if cell.cell_type == "code":
                cell.outputs = outputs.get(cell.source, [])
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def lay_out(root, text, folder):
    """A book of this one chapter, with the settings, theme and extensions of the whole."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "chapters").mkdir(parents=True)
    for name in ("_ext", "_static", "gancourse", "references.bib"):
        (folder / name).symlink_to(root / name)
    for picture in (root / "chapters").iterdir():
        if picture.suffix not in (".md", ".ipynb"):
            (folder / "chapters" / picture.name).symlink_to(picture)
    settings = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    settings["sphinx"]["extra_extensions"].remove("sphinx.ext.viewcode")  # sources: seconds
    settings["sphinx"]["config"].pop("viewcode_line_numbers", None)
    (folder / "_config.yml").write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    (folder / "intro.md").write_text(f"# Preview\n\nOf one chapter: `{text.name}`.\n", "utf-8")
    toc: dict = {"format": "jb-book", "root": "intro", "parts": [{"numbered": 1, "chapters": []}]}
    toc["parts"][0]["chapters"].append({"file": f"chapters/{text.stem}"})
    if (literature := root / "appendix" / "references.md").exists():  # what is cited is there
        (folder / "appendix").mkdir()
        (folder / "appendix" / "references.md").symlink_to(literature)
        toc["parts"].append({"chapters": [{"file": "appendix/references"}]})
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc), "utf-8")
    notebook = folder / "chapters" / f"{text.stem}.ipynb"
    notebook.write_text(serialise(with_known_outputs(text)), "utf-8")


def preview(root, number):
    """Builds the page; returns its path and what is wrong with it, line by line."""
    text, folder = chapter(root, number), root / "_build" / "preview"
    check.demand_whole_formulas(root, [text])
    lay_out(root, text, folder)
    program = Path(sys.executable).parent / "jupyter-book"
    done = subprocess.run(
        [str(program), "build", ".", "--keep-going"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    page = folder / "_build" / "html" / "chapters" / f"{text.stem}.html"
    said = ANSI.sub("", done.stdout + done.stderr)
    if not page.exists():
        raise check.CheckError(said[-3000:])
    lines = [line for line in said.splitlines() if re.search("WARNING:|ERROR:", line)]
    here = [line.replace(f"{folder}/", "") for line in lines if not ELSEWHERE.search(line)]
    return page, list(dict.fromkeys(here))


def main(arguments=None, root=check.HERE):
    begin, given = time.monotonic(), sys.argv[1:] if arguments is None else arguments
    if len(given) != 1:
        sys.exit("say which chapter: make preview ARGS=14")
    try:
        page, found = preview(root, given[0])
    except check.CheckError as problem:
        sys.exit(str(problem))
    print(*found, f"{time.monotonic() - begin:.0f} s: {page.as_uri()}", sep="\n")


if __name__ == "__main__":
    main()
