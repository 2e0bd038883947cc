"""Writes requirements.lock: every package of requirements.txt and all that they need, with hashes.

    make lock      after a change of requirements.txt (needs ``uv``: pip install uv)

One file for Python 3.11 to 3.13, Linux and macOS. What torch's ordinary build for Linux needs for a
GPU stands apart, in requirements-cuda.lock: torch's build for CPUs has the same version and asks
for none of it, so it is torch that says whether tools/environment.py installs the second file.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = "3.11"
CUDA = re.compile(r"(nvidia-|cuda-|triton)")
# Builds that have the version of a pin but lie where the resolver did not look.
ALSO = {
    "torch": {  # for CPUs only; CPython 3.11, Linux on x86-64
        "sha256:6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
    },
}
HEAD = """\
# Written by `make lock` from requirements.txt; not to be edited.
# {what}
"""
WHAT = "What `make` installs: every package, each with the hashes of all of its published files."
WHAT_CUDA = "What torch's build for GPUs needs besides; installed only where that build was."


def resolve(root: Path) -> str:
    """What ``uv`` finds for requirements.txt; stops with one line where there is no ``uv``."""
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        sys.exit("make lock needs uv; install it (pip install uv) and run it again")
    command = [uv, "pip", "compile", "--universal", "--generate-hashes", "--no-header"]
    command += ["--python-version", OLDEST, "requirements.txt"]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


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


def split(text: str) -> tuple[str, str]:
    """The two lock files for what was resolved: without and with what only GPUs need."""
    parts: tuple[list[str], list[str]] = ([], [])
    for first, lines in entries(text).items():
        name = first.partition("==")[0]
        parts[bool(CUDA.match(name))].extend(with_other_builds(name, lines))
    heads = [HEAD.format(what=what) for what in (WHAT, WHAT_CUDA)]
    plain, cuda = (head + "\n".join(part) + "\n" for head, part in zip(heads, parts, strict=True))
    return plain, cuda


def main(root: Path = ROOT) -> None:
    """Resolve and write; both files are written, or none."""
    plain, cuda = split(resolve(root))
    (root / "requirements.lock").write_text(plain, "utf-8")
    (root / "requirements-cuda.lock").write_text(cuda, "utf-8")
    print(f"{len(entries(plain))} packages, and {len(entries(cuda))} that only GPUs need")


if __name__ == "__main__":
    main()
