"""Executes the chapters whose notebooks are stale (``make chapters``).

Where only the words of a notebook are old (an address, a citation, a formula's number in another
chapter), they are written anew and nothing is executed.

python tools/build_chapters.py            only what is stale
python tools/build_chapters.py 06 09      these, stale or not
python tools/build_chapters.py --all      every one
python tools/build_chapters.py --check    run nothing; fail if something is stale
python tools/build_chapters.py --stale    run nothing; print what is stale, one name a line
"""

import argparse
import asyncio
import os
import re
import sys
import time
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from chapters import assemble, chapters, is_stale, renew, serialise
from kernels import kernel_environment
from plain_words import PlainError

ROOT = Path(__file__).resolve().parent.parent
CELL_SECONDS = 600
AT_ONCE = 2  # chapters; each has one torch thread, so that its numbers do not depend on the cores
WIDGET = "application/vnd.jupyter.widget-view+json"  # a progress bar: tqdm has no off switch there
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class ChapterError(Exception):
    """A chapter whose code does not run: says which cell and which line."""


def tidy(notebook):
    """Takes out what differs from one execution to the next."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata.pop("execution", None)
            cell.outputs = [o for o in cell.outputs if WIDGET not in o.get("data", {})]
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}


def failing_cell(notebook, error):
    """``cell 7 ("first line"), line 3`` of a failed execution."""
    code = [c for c in notebook.cells if c.cell_type == "code"]
    number, cell = next(
        (i, c)
        for i, c in enumerate(code, 1)
        if any(o.output_type == "error" for o in c.get("outputs", []))
    )
    lines = re.findall(r"(?:Cell In\[\d+\], line |^-+> )(\d+)", ANSI.sub("", error.traceback), re.M)
    line = cell.source.splitlines()[int(lines[0]) - 1].strip() if lines else "?"
    return f"code cell {number}, line {lines[0] if lines else '?'}: {line}"


async def execute(root, text, environment):
    """The executed notebook of a chapter."""
    notebook = assemble(root, text)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(text.parent)}},
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],
    )
    try:
        await client.async_execute(env=environment)
    except CellExecutionError as error:
        where = failing_cell(notebook, error)
        message = f"{text.relative_to(root)}, {where}\n    {error.ename}: {error.evalue}"
        raise ChapterError(message) from None
    tidy(notebook)
    return notebook


async def build(root, text):
    """Executes one chapter and replaces its notebook; the old one stays if anything fails."""
    begin = time.monotonic()
    notebook = await execute(root, text, kernel_environment(budget="cpu"))
    target = text.with_suffix(".ipynb")
    partial = target.with_suffix(".partial")
    partial.write_text(serialise(notebook), "utf-8")
    os.replace(partial, target)
    size = target.stat().st_size / 1024
    seconds = time.monotonic() - begin
    print(f"  {target.relative_to(root)}: {seconds:.0f} s, {size:.0f} KB", flush=True)


async def build_all(root, texts):
    """Builds chapters, two at a time; returns the messages of those that failed."""
    free = asyncio.Semaphore(AT_ONCE)

    async def attempt(text):
        try:
            async with free:
                await build(root, text)
        except (ChapterError, PlainError) as error:
            print(f"  FAILED {error}", flush=True)
            return str(error)

    return [message for message in await asyncio.gather(*map(attempt, texts)) if message]


def chosen(root, arguments):
    """The chapters that the command line asks for."""
    texts = chapters(root)
    if arguments.all:
        return texts
    if arguments.names:
        for name in arguments.names:
            if not any(text.stem.startswith(name) for text in texts):
                sys.exit(
                    f"no chapter begins with {name!r}; there are: "
                    + ", ".join(text.stem for text in texts)
                )
        return [t for t in texts if any(t.stem.startswith(name) for name in arguments.names)]
    return [text for text in texts if is_stale(root, text)]


def main(argv=None, root=ROOT):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="numbers or names, such as 06")
    parser.add_argument("--all", action="store_true", help="stale or not")
    parser.add_argument("--check", action="store_true", help="run nothing, fail if stale")
    parser.add_argument("--stale", action="store_true", help="run nothing, print what is stale")
    arguments = parser.parse_args(argv)
    texts = chosen(root, arguments)
    if arguments.stale:
        print(*(text.stem + "\n" for text in texts if is_stale(root, text)), sep="", end="")
        return
    if arguments.check:
        if texts:
            sys.exit("stale: " + ", ".join(t.stem for t in texts) + "   (run: make chapters)")
        print("every notebook is up to date")
        return
    rest = [text for text in chapters(root) if text not in texts]
    renewed = [t.stem for t in rest if not is_stale(root, t) and renew(root, t)]
    if renewed:
        print(f"  new words, nothing executed: {', '.join(renewed)}")
    if not texts:
        print("every notebook is up to date")
    if failures := asyncio.run(build_all(root, texts)):
        sys.exit(f"{len(failures)} of {len(texts)} chapters failed; their notebooks are unchanged")


if __name__ == "__main__":
    main()
