"""Before a commit: text files end in one newline, and no file is larger than half a megabyte.

python tools/tidy.py FILE ...      mends the ends; fails if it has mended, or met a large file
"""

import sys
from pathlib import Path

LARGEST = 500_000  # bytes: that of a notebook, too; data that must be larger is let in by name
TEXT = {".py", ".md", ".js", ".css", ".yml", ".yaml", ".toml", ".txt", ".bib", ".json", ".cff"}


def problems(path: Path) -> list[str]:
    """What was wrong with a file; the end of a text file is right afterwards."""
    content = path.read_bytes()
    found = []
    if len(content) > LARGEST:
        found.append(f"{path}: {len(content) // 1000} kB, at most {LARGEST // 1000} are let in")
    if path.suffix in TEXT and content and not ends_well(content):
        path.write_bytes(content.rstrip(b"\r\n") + b"\n")
        found.append(f"{path}: now ends in one newline")
    return found


def ends_well(content: bytes) -> bool:
    return content.endswith(b"\n") and not content.endswith(b"\n\n")


def main(names: list[str]) -> None:
    if found := [problem for name in names for problem in problems(Path(name))]:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main(sys.argv[1:])
