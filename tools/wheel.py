"""Builds the package as files that pip installs: the wheel, and on request the source archive.

    python tools/wheel.py FOLDER            gancourse-<version>-py3-none-any.whl
    python tools/wheel.py FOLDER --source   and gancourse-<version>.tar.gz

The wheel's bytes follow from the sources alone: it is built in a folder of its own, with fixed
times, rights and order. ``make book`` lays it beside the pages, a release attaches the same one.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
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


def copy(root: Path, folder: Path) -> None:
    """Only what the package is made of, with rights that do not depend on who checked it out."""
    for pattern in FILES:
        for path in root.glob(pattern):
            shutil.copyfile(path, folder / path.name)
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
