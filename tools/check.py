"""The steps of ``make test`` and ``make book``, each a command of its own.

    python tools/check.py lint types unit scripts notebooks book offline browser    what CI runs
    python tools/check.py build                         the book, only what changed
    python tools/check.py unit --only tests/loop        one room's tests; or a file, or "-k a_name"

Every step is run even if one before it failed; the exit status is 1 if any of them did. With
--unless-passed a step is left out if it has passed before with exactly these files.
"""

import argparse
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import wheel
from kernels import kernel_environment

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE / "_ext"))
NOT_SOURCES = {
    ".git",
    ".venv",
    "node_modules",
    "_build",
    "build",
    "__pycache__",
    ".pytest_cache",
    ".ruff_cache",
    ".mypy_cache",
    ".hypothesis",
    ".ipynb_checkpoints",
}
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class CheckError(Exception):
    """A step found something; the message is all that the reader needs."""


class NotChecked(Exception):
    """A step cannot run on this machine; that is said each time, and is no failure."""


def module(root: Path, *words: str, environment: dict[str, str] | None = None) -> None:
    """Runs a module of this environment's Python in the project; its output says what is wrong."""
    command = [sys.executable, "-m", *words]
    if subprocess.run(command, cwd=root, env=environment).returncode:
        raise CheckError("see above")


def lint(root: Path) -> None:
    """Lint, format, spelling; ``make fix`` mends what can be mended without thinking."""
    settings = f"--config={HERE / 'pyproject.toml'}"
    module(root, "ruff", "check", "--quiet", settings)
    module(root, "ruff", "format", "--check", "--quiet", settings)
    module(root, "codespell_lib", "--toml", str(HERE / "pyproject.toml"))


def types(root: Path) -> None:
    """Types of the package, the tools and the book's extensions."""
    module(root, "mypy", "--config-file", str(HERE / "pyproject.toml"))


def pytest(root: Path, *words: str, environment: dict[str, str]) -> None:
    settings = ["-c", str(HERE / "pyproject.toml"), f"--rootdir={root}", "-p", "no:cacheprovider"]
    module(root, "pytest", *settings, *words, environment=environment)


def one_thread() -> dict[str, str]:
    """This process's variables, for a process that does not compete with those beside it."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MPLBACKEND": "agg"}


def unit(root: Path) -> None:
    """The tests of the package, of the chapters' form and of the tools."""
    pytest(root, "-p", "no:nbval", "-n", "2", "tests", environment=one_thread())


def some(root: Path, words: str) -> None:
    """The tests that the words name, in one process and without plugins, which take time to start.

    Whoever needs one says so: ``-p xdist -n 2``.
    """
    pytest(
        root,
        *shlex.split(words),
        environment=one_thread() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )


def coverage(root: Path) -> None:
    """Which lines and branches the tests of ``unit`` reach; fails below the floor of pyproject."""
    report = root / "_build" / "coverage"
    outputs = ["--cov", f"--cov-report=html:{report}", "--cov-report=term:skip-covered"]
    words = ["-p", "no:nbval", "-n", "2", *outputs, "tests"]
    pytest(root, *words, environment=one_thread())


def scripts(root):
    """The format of every JavaScript file, and what a linter finds in it."""
    tool = root / "tools" / "javascript"
    install_javascript_tools(tool)
    command = ["node", str(tool / "check.js")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CheckError(done.stdout + done.stderr)


def install_javascript_tools(tool):
    """What the lock names, by hash, into node_modules; once, and after a change of the lock."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise NotChecked(
            "node and npm are not on this machine, so no script was checked."
            "\n*** Install them (Debian: apt install nodejs npm) and run again."
        )
    lock, stamp = tool / "package-lock.json", tool / "node_modules" / ".package-lock.json"
    if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime:
        return
    command = ["npm", "ci", "--prefix", str(tool), "--no-audit", "--no-fund"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotChecked(
            "npm could not install the tools for JavaScript, so no script was checked."
            f"\n{done.stdout}{done.stderr}"
        )


def notebooks(root):
    """Every notebook afresh on the smallest budget; warnings are errors."""
    # loadscope: the cells of one notebook stay together in one kernel.
    words = ["--nbval-lax", "--nbval-current-env", "-n", "2", "--dist", "loadscope", "chapters"]
    pytest(root, *words, environment=kernel_environment(budget="smoke"))


def jupyter_book(root, *options):
    """Builds the book; any warning is an error."""
    log = root / "_build" / "book.log"
    log.parent.mkdir(exist_ok=True)
    program = Path(sys.executable).parent / "jupyter-book"
    command = [str(program), "build", ".", "-W", "-n", "--keep-going"]
    with log.open("w") as stream:
        done = subprocess.run(
            [*command, *options],
            cwd=root,
            stdout=stream,
            stderr=stream,
            env={**os.environ, "MPLBACKEND": "agg"},
        )
    if done.returncode:
        text = ANSI.sub("", log.read_text("utf-8", errors="replace"))
        lines = [x for x in text.splitlines() if re.search("WARNING:|ERROR:|Error:", x)]
        lines = list(dict.fromkeys(lines)) or text.splitlines()[-12:]
        raise CheckError("\n".join([*lines, f"(the whole log: {log})"]))


def wheel_beside(root):
    """The package as one file in the book's folder, for those who have only that."""
    if (root / "pyproject.toml").exists():  # the small books of the tests have no package
        wheel.build(root, root / "_build" / "html" / wheel.BESIDE)


def demand_whole_formulas(root, of=None):
    """Told here, by file and line: what Sphinx says of it is that the ledger finds no equation."""
    from equations import glued, pages

    if found := [
        f"{page.relative_to(root)}:{line}: this formula has a label and stands glued to the "
        "paragraph above it, so its label is not seen; leave an empty line before its $$"
        for page in of or pages(root)
        for line in glued(page)
    ]:
        raise CheckError("\n".join(found))


def book(root):
    """The book from nothing: a warning in an unchanged page must not hide in the cache."""
    demand_whole_formulas(root)
    jupyter_book(root, "--all")
    wheel_beside(root)


def build(root):
    """The book, only the pages that changed."""
    demand_whole_formulas(root)
    clean = root / "_build" / "clean"  # left by a build without warnings
    options = [] if clean.exists() else ["--all"]
    clean.unlink(missing_ok=True)
    jupyter_book(root, *options)
    wheel_beside(root)
    clean.touch()
    print(f"The book is at {(root / '_build/html/index.html').as_uri()}")


def links(root):
    """Every address in the book still answers; needs the network, so it runs once a week in CI."""
    jupyter_book(root, "--all", "--builder", "linkcheck")


def offline(root):
    """Nothing in the built pages asks for anything outside, or runs what is not the book's own."""
    from offline import outside_requests, programs

    html = root / "_build" / "html"
    if found := outside_requests(html) + programs(html):
        raise CheckError("\n".join(["the book is not self-contained:", *found]))


def browser(root):
    """Every page in Chromium from file://: requests, errors, formulas, width, search, dark mode."""
    import browser as chromium

    if not chromium.chromium():
        raise NotChecked(
            "no Chromium on this machine, so no page was opened in a browser."
            "\n*** Install one (Debian: apt install chromium) and run again."
        )
    if found := chromium.problems(root / "_build" / "html"):
        raise CheckError("\n".join(found[:40]))
    if not chromium.AXE.exists():
        raise NotChecked(
            "axe-core is not installed, so no page was searched for barriers."
            "\n*** Install it with `make lint-js` (needs node and npm) and run again."
        )


def fingerprint(root):
    """Changes when any file of the project changes, or the environment in .venv."""
    import browser as chromium

    digest = hashlib.sha256(sys.version.encode() + str(chromium.chromium()).encode())
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(n for n in folders if n not in NOT_SOURCES)
        for path in (Path(folder, name) for name in sorted(names)):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    for stamp in sorted(root.glob(".venv/installed*.txt")):
        digest.update(stamp.read_bytes())
    return digest.hexdigest()


STEPS: dict[str, Callable[[Path], None]] = {
    step.__name__: step
    for step in (
        *(lint, types, unit, coverage, scripts, notebooks),
        *(book, build, links, offline, browser),
    )
}


def run(step, root, unless_passed=False):
    """Runs one step and says in one line how it went."""
    begin, files = time.monotonic(), fingerprint(root)
    stamp = root / "_build" / "passed" / step.__name__
    if unless_passed and stamp.exists() and stamp.read_text() == files:
        print(f"[{step.__name__}] passed before with exactly these files")
        return True
    print(f"[{step.__name__}] {step.__doc__.splitlines()[0]}", flush=True)
    try:
        step(root)
    except NotChecked as reason:
        print(f"\n*** NOT CHECKED: {reason}\n", flush=True)
        return True
    except CheckError as problem:
        print(f"{problem}\n[{step.__name__}] FAILED", f"after {time.monotonic() - begin:.0f} s")
        return False
    print(f"[{step.__name__}] done in {time.monotonic() - begin:.0f} s", flush=True)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(files)  # as they were at the start: a change on the way counts as new
    return True


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("steps", nargs="+", choices=STEPS)
    parser.add_argument("--root", type=Path, default=HERE, help="another book (for tests)")
    parser.add_argument("--unless-passed", action="store_true", help="leave out what has passed")
    parser.add_argument("--only", help="what pytest is given in place of all the tests")
    arguments = parser.parse_args(argv)
    begin, root = time.monotonic(), arguments.root.resolve()
    if arguments.only:
        try:
            return some(root, arguments.only)
        except CheckError:
            sys.exit(1)
    failed = [
        name for name in arguments.steps if not run(STEPS[name], root, arguments.unless_passed)
    ]
    if failed:
        sys.exit(f"FAILED: {', '.join(failed)}")
    if len(arguments.steps) > 1:
        seconds = time.monotonic() - begin
        print(f"All {len(arguments.steps)} steps passed; this took {seconds:.0f} s.")


if __name__ == "__main__":
    main()
