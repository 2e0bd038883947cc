"""Builds the package as files that pip installs: the wheel, and on request the source archive.

    python tools/wheel.py FOLDER            gancourse-<version>-py3-none-any.whl
    python tools/wheel.py FOLDER --source   and gancourse-<version>.tar.gz

The wheel's bytes follow from the sources alone: it is built in a folder of its own, with fixed
times, rights and order. ``make book`` lays it beside the pages, a release attaches the same one.
A package index shows README.md, but has none of the files that it links to: there they are
addresses in the repository (``make repository`` sets it), or left out.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BESIDE = "_downloads"  # in the built book
FILES = ["pyproject.toml", "MANIFEST.in", "README.md", "LICENSE*", "CHANGELOG.md", "CITATION.cff"]
EPOCH = "315532800"  # the first moment of 1980, the earliest that a zip file can name
BUILD = """
import os, sys
os.umask(0o022)
from setuptools import build_meta
getattr(build_meta, "build_" + sys.argv[1])(sys.argv[2])
"""


LINK = re.compile(r"(?P<bang>!?)\[(?P<words>[^\]]*)\]\((?!https?:|#)(?P<path>[^)\s]+)\)")


def described(text: str, address: str) -> str:
    """README.md for a package index: what lies beside it in the repository, by its address there.

    Without an address a picture is left out, and of a link its words stay.
    """

    def outside(link: re.Match) -> str:
        if not address:
            return "" if link["bang"] else link["words"]
        kind = "raw" if link["bang"] else "blob"
        return f"{link['bang']}[{link['words']}]({address}/{kind}/HEAD/{link['path']})"

    return re.sub(r"\n{3,}", "\n\n", LINK.sub(outside, text))


def repository(root: Path) -> str:
    """The address that ``make repository`` has written into pyproject.toml, or ""."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    return project.get("urls", {}).get("Repository", "")


def copy(root: Path, folder: Path) -> None:
    """Only what the package is made of, with rights that do not depend on who checked it out."""
    for pattern in FILES:
        for path in root.glob(pattern):
            shutil.copyfile(path, folder / path.name)
    readme = folder / "README.md"
    readme.write_text(described(readme.read_text("utf-8"), repository(root)), "utf-8")
    left_out = shutil.ignore_patterns("__pycache__", "*.py[co]", ".*")
    shutil.copytree(root / "gancourse", folder / "gancourse", ignore=left_out)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def build(root: Path, folder: Path, kind: str = "wheel") -> Path:
    """Build a wheel or an "sdist" into a folder, in place of older ones; the path of the file."""
    end = ".whl" if kind == "wheel" else ".tar.gz"
    folder.mkdir(parents=True, exist_ok=True)
    for older in folder.glob(f"gancourse-*{end}"):
        older.unlink()
    with tempfile.TemporaryDirectory() as place:
        copy(root, Path(place))
        done = subprocess.run(
            [sys.executable, "-c", BUILD, kind, str(folder.resolve())],
            cwd=place,
            env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.exit(f"the {kind} could not be built:\n{done.stderr[-2000:]}")
    [built] = folder.glob(f"gancourse-*{end}")
    return built


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--source", action="store_true", help="the source archive, too")
    chosen = parser.parse_args()
    for kind in ["wheel", "sdist"] if chosen.source else ["wheel"]:
        print(build(ROOT, chosen.folder, kind))


if __name__ == "__main__":
    main()
