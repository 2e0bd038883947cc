"""Writes the course's public address everywhere
(``make repository URL=https://github.com/owner/name``).

It stands in _config.yml; the notebooks' Colab badges, set-up cells and links into the book, and
the package's own addresses in pyproject.toml follow from it. No chapter is executed again, and run
twice it changes nothing.
"""

import re
import sys
from pathlib import Path

from chapters import chapters, renew

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"https://github\.com/[A-Za-z0-9](?:[A-Za-z0-9-]*)/[A-Za-z0-9._-]+")
COLAB = "https://colab.research.google.com"


def checked(url):
    """The address without ".git" or a last slash; stops with one line if it is none of GitHub's."""
    address = url.strip().rstrip("/").removesuffix(".git")
    if not ADDRESS.fullmatch(address):
        sys.exit(
            f"not the address of a repository on GitHub: {url!r}\n"
            "say: make repository URL=https://github.com/owner/name"
        )
    return address


def pages_address(address):
    """Where GitHub Pages serves the book of a repository."""
    owner, name = address.removeprefix("https://github.com/").split("/")
    return f"https://{owner.lower()}.github.io/{name}/"


def stamp_config(text, address):
    """_config.yml with the address, the Colab button and the repository's buttons switched on."""
    values = {
        "url": f'"{address}"',
        "colab_url": f'"{COLAB}"',
        "baseurl": f'"{pages_address(address)}"',
        "use_repository_button": "true",
        "use_issues_button": "true",
        "use_edit_page_button": "true",
    }
    for key, value in values.items():
        text, times = re.subn(rf"^(  {key}:) .*$", rf"\1 {value}", text, flags=re.MULTILINE)
        if times != 1:
            sys.exit(f"_config.yml has {times} lines '  {key}: …' where one was expected")
    return text


def stamp_project(text, address):
    """pyproject.toml with the addresses that a package index shows, in place of older ones."""
    addresses = {
        "Homepage": pages_address(address),
        "Repository": address,
        "Changelog": f"{address}/blob/main/CHANGELOG.md",
        "Issues": f"{address}/issues",
    }
    table = "".join(f'{name} = "{where}"\n' for name, where in addresses.items())
    text = re.sub(r"^\[project\.urls\]\n(?:\w+ = .*\n)*\n", "", text, flags=re.MULTILINE)
    before, scripts, after = text.partition("[project.scripts]\n")
    return f"{before}[project.urls]\n{table}\n{scripts}{after}"


def main(url, root=ROOT):
    address = checked(url)
    config = root / "_config.yml"
    config.write_text(stamp_config(config.read_text("utf-8"), address), "utf-8")
    project = root / "pyproject.toml"
    if project.exists():
        project.write_text(stamp_project(project.read_text("utf-8"), address), "utf-8")
    built = [text for text in chapters(root) if text.with_suffix(".ipynb").exists()]
    for text in built:
        renew(root, text)
    print(f"{address} stands in _config.yml and in {len(built)} notebooks. Next: make book")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
