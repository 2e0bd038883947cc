"""tools/wheel.py: the same sources give the same bytes, and all that the package needs is in it."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string

import pytest

import gancourse
import wheel
from checkout import ROOT
from wheel_link import address

NAME = f"gancourse-{gancourse.__version__}"
INFO = f"{NAME}.dist-info"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return wheel.build(ROOT, tmp_path_factory.mktemp("wheel"))


def names(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def read(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(f"{INFO}/{name}").decode()


def test_two_builds_give_the_same_bytes(built, tmp_path, monkeypatch):
    """Another time, folder, order of hashing, umask and set of rights."""
    root = tmp_path / "elsewhere"
    root.mkdir()
    wheel.copy(ROOT, root)
    for path in root.rglob("*"):
        os.utime(path, (10**9, 10**9))
        path.chmod(0o700)
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    before = os.umask(0o077)
    try:
        again = wheel.build(root, tmp_path / "out")
    finally:
        os.umask(before)
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (built, again)}
    assert len(digests) == 1 and built.name == again.name == f"{NAME}-py3-none-any.whl"


def test_an_older_wheel_is_replaced(tmp_path):
    (tmp_path / "gancourse-0.0.1-py3-none-any.whl").write_bytes(b"old")
    (tmp_path / "other.txt").write_text("stays")
    new = wheel.build(ROOT, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {new.name, "other.txt"}


def test_wheel_holds_exactly_what_is_committed(built):
    """Every file of the package, and no other: no test, no cache, nothing that only lies about."""
    listed = subprocess.run(
        ["git", "ls-files", "gancourse"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    committed = {name for name in listed.stdout.split() if (ROOT / name).exists()}
    assert len(committed) > 100
    assert {name for name in names(built) if not name.startswith(INFO)} == committed


def test_metadata_says_what_an_index_shows(built):
    said = message_from_string(read(built, "METADATA"))
    assert said["Name"] == "gancourse" and said["Version"] == gancourse.__version__
    assert said["License-Expression"] == "MIT" and said["Requires-Python"] == ">=3.11"
    assert said["Author"] and said["Summary"] and said["Keywords"].count(",") >= 3
    assert said["Description-Content-Type"] == "text/markdown"
    assert said.get_payload().lstrip().startswith("# Generative adversarial networks")
    pythons = [c.rpartition(" ")[2] for c in said.get_all("Classifier") if "Python :: 3." in c]
    assert pythons == ["3.11", "3.12", "3.13"]
    assert read(built, "entry_points.txt").split() == [
        *("[console_scripts]", "gancourse", "=", "gancourse.commands.main:main")
    ]


def test_source_archive_is_the_package_and_nothing_that_cannot_run(tmp_path):
    with tarfile.open(wheel.build(ROOT, tmp_path, "sdist")) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    assert {"CITATION.cff", "CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"} <= found
    rooms = {name.partition("/")[0] for name in found if "/" in name}
    assert rooms == {"gancourse", "gancourse.egg-info"}


def test_link_leads_to_the_wheel(built):
    folder = f"{wheel.BESIDE}/"
    assert address("intro") == folder + built.name
    assert address("appendix/api/door") == "../../" + folder + built.name


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The wheel in an environment of its own; of ours it sees the other packages only."""
    place = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, "--target", str(place), str(built)], check=True)
    return place


def run(installed, *words):
    """Runs the installed package from a folder without the course; what it said."""
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    variables |= {"PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=installed, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_installed_package_trains(installed):
    assert f"gancourse {gancourse.__version__}\n" == run(installed, "-m", "gancourse", "--version")
    run(installed, "-m", "gancourse", "train", "--data", "ring", "--steps", "20", "--out", "runs")
    assert list((installed / "runs").glob("*.pt")) or list((installed / "runs").rglob("*.pt"))


def test_installed_package_draws_and_has_its_data(installed):
    """A live figure, the faces, a measured result: each lies in a file beside its module."""
    said = run(
        installed,
        "-c",
        "import gancourse, pathlib\n"
        "from gancourse.data.images import images\n"
        "from gancourse.live.divergence import divergence\n"
        "from gancourse.experiments import measured\n"
        "print(pathlib.Path(gancourse.__file__).parent.parent)\n"
        "print(len(divergence()._repr_html_()) > 5000, len(images('faces').pixels))\n",
    )
    where, html, faces = re.split(r"\s+", said.strip())
    assert where == str(installed) and html == "True" and faces == "10000"


HELP = """
import contextlib, io, json, sys
from gancourse.commands.main import main
said = []
for command in ([], ["train"], ["sample"], ["evaluate"], ["benchmark"]):
    with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.suppress(SystemExit):
        main([*command, "--help"])
    said.append(text.getvalue())
print(json.dumps(said))
"""


def test_command_has_a_version_and_help_in_plain_words(installed):
    program = installed / "bin" / "gancourse"
    assert run(installed, str(program), "--version") == f"gancourse {gancourse.__version__}\n"
    helps = json.loads(run(installed, "-c", HELP))
    for command, said in zip(
        ("", " train", " sample", " evaluate", " benchmark"), helps, strict=True
    ):
        assert said.startswith(f"usage: python -m gancourse{command} [-h]")
        assert "`" not in said and ":func:" not in said and "%(" not in said


PAGE = (
    "# Title\n\n![A face](_static/face.png)\n\nSee [how](HOW.md) and [there](https://example.org)."
)


def test_an_index_shows_no_broken_picture_or_link():
    assert wheel.described(PAGE, "") == "# Title\n\nSee how and [there](https://example.org)."
    address = "https://github.com/owner/name"
    assert wheel.described(PAGE, address) == (
        f"# Title\n\n![A face]({address}/raw/HEAD/_static/face.png)\n\n"
        f"See [how]({address}/blob/HEAD/HOW.md) and [there](https://example.org)."
    )


def test_the_description_in_the_wheel_links_to_nothing_beside_it(built):
    said = message_from_string(read(built, "METADATA")).get_payload()
    assert said.startswith("# Generative adversarial networks")
    assert not wheel.LINK.search(said)


def test_the_repository_is_the_one_of_the_project(tmp_path):
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nname = "x"\n')
    assert wheel.repository(tmp_path) == ""
    project.write_text('[project]\nname = "x"\n[project.urls]\nRepository = "https://e.org/a"\n')
    assert wheel.repository(tmp_path) == "https://e.org/a"
