"""The steps of `make test` and `make book`, each a command of its own.

    python tools/check.py unit notebooks book offline browser     what CI runs
    python tools/check.py build                                   the book, only what changed

Every step is run even if one before it failed; the exit status is 1 if any of them did.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import browser as chromium
from kernels import kernel_environment
from offline import outside_requests

HERE = Path(__file__).resolve().parent.parent
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class CheckError(Exception):
    """A step found something; the message is all that the reader needs."""


def pytest(root, arguments, environment):
    command = [sys.executable, "-m", "pytest", "-c", str(HERE / "pyproject.toml"),
               f"--rootdir={root}", "-p", "no:cacheprovider", "-n", "2", *arguments]
    if subprocess.run(command, cwd=root, env=environment).returncode:
        raise CheckError("see the failures above")


def unit(root):
    """The tests of the package, of the chapters' form and of the tools."""
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    pytest(root, ["tests"], {**os.environ, **one_thread})


def notebooks(root):
    """Every notebook afresh on the smallest budget; warnings are errors."""
    # loadscope: the cells of one notebook stay together in one kernel.
    pytest(root, ["--nbval-lax", "--nbval-current-env", "--dist", "loadscope", "chapters"],
           kernel_environment(budget="smoke"))


def jupyter_book(root, *options):
    """Builds the book; any warning is an error."""
    log = root / "_build" / "book.log"
    log.parent.mkdir(exist_ok=True)
    program = Path(sys.executable).parent / "jupyter-book"
    command = [program, "build", ".", "-W", "-n", "--keep-going"]
    with log.open("w") as stream:
        done = subprocess.run([*command, *options], cwd=root, stdout=stream, stderr=stream,
                              env={**os.environ, "MPLBACKEND": "agg"})
    if done.returncode:
        text = ANSI.sub("", log.read_text("utf-8", errors="replace"))
        lines = [x for x in text.splitlines() if re.search("WARNING:|ERROR:|Error:", x)]
        lines = list(dict.fromkeys(lines)) or text.splitlines()[-12:]
        raise CheckError("\n".join([*lines, f"(the whole log: {log})"]))


def book(root):
    """The book from nothing: a warning in an unchanged page must not hide in the cache."""
    jupyter_book(root, "--all")


def build(root):
    """The book, only the pages that changed."""
    clean = root / "_build" / "clean"  # left by a build without warnings
    options = [] if clean.exists() else ["--all"]
    clean.unlink(missing_ok=True)
    jupyter_book(root, *options)
    clean.touch()
    print(f"The book is at {(root / '_build/html/index.html').as_uri()}")


def offline(root):
    """Nothing in the built pages asks for anything outside."""
    if found := outside_requests(root / "_build" / "html"):
        raise CheckError("\n".join(["the book is not self-contained:", *found]))


def browser(root):
    """Every page in Chromium from file://: requests, errors, formulas, width, search, dark mode."""
    if not chromium.chromium():
        print("\n*** NOT CHECKED: no Chromium on this machine, so no page was opened in a browser."
              "\n*** Install one (Debian: apt install chromium) and run again.\n", flush=True)
        return
    if found := chromium.problems(root / "_build" / "html"):
        raise CheckError("\n".join(found[:40]))


STEPS = {step.__name__: step for step in (unit, notebooks, book, build, offline, browser)}


def run(step, root):
    """Runs one step and says in one line how it went."""
    begin = time.monotonic()
    print(f"[{step.__name__}] {step.__doc__.splitlines()[0]}", flush=True)
    problem = None
    try:
        step(root)
    except CheckError as error:
        problem = error
        print(error)
    outcome = "FAILED after" if problem else "done in"
    print(f"[{step.__name__}] {outcome} {time.monotonic() - begin:.0f} s", flush=True)
    return not problem


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("steps", nargs="+", choices=STEPS)
    parser.add_argument("--root", type=Path, default=HERE, help="another book (for tests)")
    arguments = parser.parse_args(argv)
    begin = time.monotonic()
    failed = [name for name in arguments.steps if not run(STEPS[name], arguments.root.resolve())]
    if failed:
        sys.exit(f"FAILED: {', '.join(failed)}")
    if len(arguments.steps) > 1:
        print(f"All {len(arguments.steps)} steps passed in {time.monotonic() - begin:.0f} s.")


if __name__ == "__main__":
    main()
