"""Writes requirements.lock: every package of requirements.txt and all that they need, with hashes.

    make lock      after a change of requirements.txt (needs ``uv``: pip install uv)

One file for Python 3.11 to 3.13, Linux and macOS. What torch's ordinary build for Linux needs for a
GPU stands apart, in requirements-cuda.lock: torch's build for CPUs has the same version and asks
for none of it, so it is torch that says whether tools/environment.py installs the second file.
What builds the book, which needs no torch, is the part of the first file that stands once more in
requirements-book.lock. On each system and Python that is promised a wheel is looked for whose hash
the lock knows; the file's head says where one was found for every package.
"""

import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = "3.11"
CUDA = re.compile(r"(nvidia-|cuda-|triton)")
# Builds that have the version of a pin but lie where the resolver did not look.
ALSO = {
    "torch": {  # for CPUs only; Linux on x86-64 and on ARM, CPython 3.11, 3.12, 3.13
        "sha256:6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
        "sha256:4ca4a9394b0c771238a4f73590fdbbc4debad85ed0fa63d026ae1b085da7d6e2",
        "sha256:3fbf9c9d1f3c10c2d59d04aca426dee9ccc6ceb32d255c61e93acc3b4f75fae6",
        "sha256:84453b69508ec79902f899c5ed9495acb9e2bbe9fda5f1d5d6f19e3c3842e1a7",
        "sha256:6f307c2c32d764ffc6ff6893b801fad6d4752f3e67966cb8abf1843427c02604",
        "sha256:0b8f7d0423027ae8b90c7977c627f3379f325363a08224dffad9b4b2d684a83d",
    },
}
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = {  # as `uv` calls them
    "Linux on x86-64": "x86_64-manylinux_2_28",
    "Linux on ARM": "aarch64-manylinux_2_28",
    "macOS 14 on ARM": "aarch64-apple-darwin",
}
HEAD = """\
# Written by `make lock` from requirements.txt; not to be edited.
# {what}
"""
WHAT = "What `make` installs: every package, each with the hashes of all of its published files."
WHAT_CUDA = "What torch's build for GPUs needs besides; installed only where that build was."
WHAT_BOOK = "What `make book` installs: the part of requirements.lock that builds the pages."
FOUND = "Wheels by these hashes were found for"
# The packages of requirements.txt that the book is built with; setuptools builds the wheel in it.
BOOK = re.compile(r"^# the book$(.*?)^# ", re.MULTILINE | re.DOTALL)


def uv() -> str:
    """The program; stops with one line where there is none."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        sys.exit("make lock needs uv; install it (pip install uv) and run it again")
    return found


def resolve(root: Path) -> str:
    """What ``uv`` finds for requirements.txt."""
    command = [uv(), "pip", "compile", "--universal", "--generate-hashes", "--no-header"]
    command += ["--python-version", OLDEST, "requirements.txt"]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def promised() -> str:
    """The systems and Pythons that the lock serves, in words."""
    return f"{', '.join(SYSTEMS)}; Python {', '.join(PYTHONS)}"


def look_for_wheels(lock: Path) -> None:
    """Stop where a package has no wheel with a known hash for a system and Python in promise."""
    look = [uv(), "pip", "install", "--dry-run", "--target", "nowhere", "--no-deps"]
    look += ["--only-binary", ":all:", "--require-hashes", "--quiet", "-r", str(lock)]
    for (system, name), python in itertools.product(SYSTEMS.items(), PYTHONS):
        done = subprocess.run(
            [*look, "--python-platform", name, "--python-version", python],
            cwd=lock.parent,  # a folder for the moment: uv makes its target there
            env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{lock.name} does not serve {system}, Python {python}:\n{done.stderr}")


def entries(text: str) -> dict[str, list[str]]:
    """The lines of each requirement, by its first line: the requirement, its hashes, who asks."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            found[line] = lines = []
        if found:
            lines.append(line)
    return found


def with_other_builds(name: str, lines: list[str]) -> list[str]:
    """The lines of a requirement, with the hashes of the builds in ALSO among the others."""
    if name not in ALSO:
        return lines
    known = {line.strip(" \\").removeprefix("--hash=") for line in lines if "--hash=" in line}
    hashes = [f"    --hash={digest} \\" for digest in sorted(known | ALSO[name])]
    comments = [line for line in lines if line.lstrip().startswith("#")]
    return [lines[0], *hashes[:-1], hashes[-1].removesuffix(" \\"), *comments]


def name_of(first: str) -> str:
    return first.partition("==")[0]


def asked_for_by(lines: list[str]) -> set[str]:
    """Who needs a package, by the comments that ``uv`` leaves below it."""
    comments = (line.strip(" #") for line in lines if line.lstrip().startswith("#"))
    return {comment.removeprefix("via").strip() for comment in comments} - {""}


def book_packages(requirements: str, text: str) -> set[str]:
    """Names of the packages that build the book, and of all that they need."""
    section = BOOK.search(requirements)
    assert section is not None, "requirements.txt has lost its section '# the book'"
    found = {*re.findall(r"^([\w-]+)==", section[1], re.MULTILINE), "setuptools"}
    needs = {name_of(first): asked_for_by(lines) for first, lines in entries(text).items()}
    while more := {name for name, askers in needs.items() if askers & found} - found:
        found |= more
    return found


def split(text: str, requirements: str) -> dict[str, str]:
    """The lock files for what was resolved: all, what only GPUs need, what the book needs."""
    files = ("requirements.lock", "requirements-cuda.lock", "requirements-book.lock")
    parts: dict[str, list[str]] = {file: [] for file in files}
    book = book_packages(requirements, text)
    for first, lines in entries(text).items():
        lines = with_other_builds(name_of(first), lines)
        parts[files[bool(CUDA.match(name_of(first)))]].extend(lines)
        if name_of(first) in book:
            parts[files[2]].extend(lines)
    heads = (f"{WHAT}\n# {FOUND} {promised()}.", WHAT_CUDA, WHAT_BOOK)
    return {
        file: HEAD.format(what=head) + "\n".join(part) + "\n"
        for (file, part), head in zip(parts.items(), heads, strict=True)
    }


def main(root: Path = ROOT) -> None:
    """Resolve, look for the wheels, and write; all files are written, or none."""
    files = split(resolve(root), (root / "requirements.txt").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder, "requirements.lock")
        new.write_text(files[new.name], "utf-8")
        look_for_wheels(new)
    for name, text in files.items():
        (root / name).write_text(text, "utf-8")
        print(f"{name}: {len(entries(text))} packages")


if __name__ == "__main__":
    main()
