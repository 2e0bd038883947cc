"""tools/set_repository.py: one command writes the address everywhere."""

import hashlib
import tomllib

import nbformat
import pytest
import yaml

import build_chapters
import set_repository
from chapters import is_stale
from checkout import ROOT

URL = "https://github.com/some-owner/gan.course"


def test_package_says_where_it_comes_from_once_that_is_known():
    """Before, no address at all; then four; another address replaces them; all else stays."""
    text = (ROOT / "pyproject.toml").read_text()
    before = tomllib.loads(text)
    stamped = set_repository.stamp_project(text, URL)
    urls = tomllib.loads(stamped)["project"]["urls"]
    assert urls.keys() == {"Homepage", "Repository", "Changelog", "Issues"}
    assert urls["Homepage"] == "https://some-owner.github.io/gan.course/"
    assert all(where.startswith(URL) for name, where in urls.items() if name != "Homepage")
    assert set_repository.stamp_project(stamped, URL) == stamped
    again = set_repository.stamp_project(set_repository.stamp_project(text, URL + "x"), URL)
    assert again == stamped
    after = tomllib.loads(stamped)
    for project in (before, after):
        project["project"].pop("urls", None)
    assert before == after
    address = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    named = tomllib.loads(text)["project"].get("urls", {}).get("Repository", "")
    assert named == address.removesuffix("/")


@pytest.fixture
def built(executed_book):
    return executed_book


def contents(folder):
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def test_stamps_without_executing(built):
    """Address, badge and set-up cell are there; outputs and freshness are as before."""
    path = built / "chapters" / "05_small.ipynb"
    before = nbformat.read(path, as_version=4)
    set_repository.main(URL, root=built)
    config = yaml.safe_load((built / "_config.yml").read_text())
    assert config["repository"]["url"] == URL
    assert config["launch_buttons"]["colab_url"]
    assert config["html"]["use_repository_button"] is True
    assert config["html"]["baseurl"] == "https://some-owner.github.io/gan.course/"
    after = nbformat.read(path, as_version=4)
    link = "https://colab.research.google.com/github/some-owner/gan.course/blob/main/chapters/05_small.ipynb"
    assert after.cells[0].source == f"[![Open in Colab](../_static/colab.svg)]({link})"
    assert 'f"https://some-owner.github.io/gan.course/_downloads/{WHEEL}"' in after.cells[1].source
    assert 'WHEEL = "gancourse-1.2.3-py3-none-any.whl"' in after.cells[1].source
    assert f'"gancourse @ git+{URL}@v1.2.3"' in after.cells[1].source
    web = "(https://some-owner.github.io/gan.course/chapters/05_small.html#a-formula)"
    assert f"[formula]{web}" in after.cells[2].source
    assert "**formula**" in before.cells[1].source
    assert after.cells[3:] == before.cells[2:]
    assert after.cells[1].execution_count == 1
    assert not is_stale(built, built / "chapters" / "05_small.md")


def test_stamping_equals_building_with_the_address(built):
    set_repository.main(URL, root=built)
    path = built / "chapters" / "05_small.ipynb"
    stamped = path.read_bytes()
    build_chapters.main(["--all"], root=built)
    assert path.read_bytes() == stamped


def test_twice_is_once(built):
    set_repository.main(URL, root=built)
    once = contents(built)
    set_repository.main(URL + "/", root=built)
    assert contents(built) == once


@pytest.mark.parametrize(
    "url",
    [
        "",
        "github.com/a/b",
        "https://example.org/a/b",
        "https://github.com/owner",
        "https://github.com/a/b c",
        "https://github.com/a/b/tree/main",
        "http://github.com/a/b",
    ],
)
def test_other_addresses_are_refused_in_a_line(built, url):
    before = contents(built)
    with pytest.raises(SystemExit, match="not the address of a repository on GitHub"):
        set_repository.main(url, root=built)
    assert contents(built) == before
