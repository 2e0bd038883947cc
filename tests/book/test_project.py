"""The files around the code: workflows, requirements, package metadata, make's list of commands."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from importlib.metadata import PackageNotFoundError, requires

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import check
import gancourse
import tidy
from checkout import ROOT
from lock import ALSO, CUDA, FOUND, PYTHONS, SYSTEMS, entries, look_for_wheels, promised, split

WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins():
    lines = (re.sub(r"\s*#.*", "", x) for x in (ROOT / "requirements.txt").read_text().splitlines())
    return {r.name: r for r in map(Requirement, filter(None, lines))}


#: The jobs that may do more than read, and what.
MAY_WRITE = {
    ("pages", "deploy"): {"pages": "write", "id-token": "write"},
    ("release", "publish"): {"contents": "write", "actions": "read"},
}


def workflow(name):
    return yaml.safe_load((ROOT / ".github/workflows" / f"{name}.yml").read_text())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_has_least_permissions(path):
    """Reads only; the job that publishes may write what it publishes, and runs no code of ours."""
    described = workflow(path.stem)
    assert described["permissions"] == {"contents": "read"}
    for name, job in described["jobs"].items():
        allowed = MAY_WRITE.get((path.stem, name))
        assert job.get("permissions") == allowed
        assert job["timeout-minutes"] <= 40
        for step in job["steps"]:
            used = step.get("uses", "actions/none@" + "0" * 40)
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", used), used
            if used.startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False and not allowed
            assert "${{" not in step.get("run", ""), "words from outside belong in env"


def test_each_action_has_one_commit_and_says_its_version():
    """A commit says nothing to a reader; the tag stands behind it, and is the same everywhere."""
    lines = [x for path in WORKFLOWS for x in path.read_text().splitlines() if "uses:" in x]
    found = {re.fullmatch(r".*uses: (\S+)@(\S+)  # (v[\d.]+)", line).groups() for line in lines}
    assert len({action for action, _, _ in found}) == len(found) == 5


def commands(job):
    return "\n".join(step.get("run", "") for step in job["steps"])


def test_workflows_cover_systems_and_pythons():
    jobs = workflow("tests")["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    assert "make test" in commands(jobs["test"]) and "make coverage" in commands(jobs["coverage"])


def test_workflows_try_the_oldest_versions_and_weekly_the_newest():
    """The oldest that pyproject.toml allows, and what has been released since the lock."""
    floors, newest = workflow("tests")["jobs"]["floors"], workflow("weekly")["jobs"]["newest"]
    assert "--resolution lowest-direct" in commands(floors)
    assert "ipywidgets>=7.7" in commands(floors)
    assert "ipywidgets>=7.7" in PROJECT["optional-dependencies"]["book"]
    assert "--upgrade-strategy eager" in commands(newest)
    for job in (floors, newest):  # whoever may fail unseen says nothing
        assert "pytest tests" in commands(job) and not job.get("continue-on-error")


def test_workflow_checks_links_weekly_and_releases_what_a_tag_names():
    weekly, release = workflow("weekly"), workflow("release")
    assert "make links" in commands(weekly["jobs"]["links"])
    assert [re.fullmatch(r"\d+ \d+ \* \* \d", x["cron"]) for x in weekly[True]["schedule"]]
    said = commands(release["jobs"]["build"])
    assert release[True] == {"push": {"tags": ["v*"]}}
    wheel = ("make wheel", "cmp dist/*.whl _build/html/_downloads/*.whl")
    for words in ("gancourse.__version__", "make test", *wheel, "zip -qr"):
        assert words in said
    assert release["jobs"]["publish"]["needs"] == "build"


def test_requirements_are_pinned_exactly():
    for name, requirement in pins().items():
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), name


def test_lock_holds_the_pins_and_every_line_has_hashes():
    """Each pin with its version; each requirement with a hash of 64 digits; for every Python."""
    locked = {}
    for name in ("requirements.lock", "requirements-cuda.lock"):
        for first, lines in entries((ROOT / name).read_text()).items():
            assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; [^\\]+)? \\", first), first
            hashes = [line for line in lines[1:] if not line.lstrip().startswith("#")]
            pattern = r"    --hash=sha256:[0-9a-f]{64}( \\)?"
            assert hashes and all(re.fullmatch(pattern, line) for line in hashes), first
            requirement = Requirement(first.removesuffix(" \\"))
            locked.setdefault(requirement.name, []).append(requirement)
    for name, pin in pins().items():
        [found] = locked[name]
        assert found.specifier == pin.specifier and found.marker is None, f"{name}: make lock"
    for python in ("3.11.9", "3.12.9", "3.13.9"):
        for system in ("linux", "darwin"):
            here = {"python_full_version": python, "sys_platform": system}
            for name, found in locked.items():
                fits = [r for r in found if r.marker is None or r.marker.evaluate(here)]
                assert len(fits) <= 1, (name, here)


def test_lock_holds_all_that_is_installed():
    """What the locked packages need, by their own account here, is in the lock with its version."""
    locked = {}
    for first in entries((ROOT / "requirements.lock").read_text()):
        requirement = Requirement(first.removesuffix(" \\"))
        if requirement.marker is None or requirement.marker.evaluate():
            locked[canonicalize_name(requirement.name)] = requirement.specifier
    for name in locked:
        for text in requires(name) or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                found = locked.get(canonicalize_name(needed.name))
                if found is None:
                    assert name == "torch" and CUDA.match(needed.name), f"{name} needs {text}"
                else:
                    version = str(found).removeprefix("==")
                    assert needed.specifier.contains(version, prereleases=True), (name, text)


def test_lock_is_split_and_knows_the_builds_at_hand():
    text = (
        "torch==2.13.0 \\\n    --hash=sha256:aa\n    # via here\ntriton==3 \\\n    --hash=b\n"
        "sphinx==8 \\\n    --hash=c\n    # via\n    #   jupyter-book\n    #   other\n"
        "jupyter-book==1 \\\n    --hash=d\n    # via -r requirements.txt\n"
        "babel==2 \\\n    --hash=e\n    # via sphinx\n"
    )
    files = split(text, "# the book\njupyter-book==1   # words\n\n# the checks\nother==1\n")
    found = {name: [first.split("==")[0] for first in entries(t)] for name, t in files.items()}
    assert found == {
        "requirements.lock": ["torch", "sphinx", "jupyter-book", "babel"],
        "requirements-cuda.lock": ["triton"],
        "requirements-book.lock": ["sphinx", "jupyter-book", "babel"],
    }
    hashes = sorted([*ALSO["torch"], "sha256:aa"])
    assert re.findall(r"--hash=(\S+)", files["requirements.lock"])[: len(hashes)] == hashes


def test_lock_serves_every_system_and_python_that_is_promised():
    """The lock's head says for which all wheels were found; the workflow tests the same ones."""
    head = (ROOT / "requirements.lock").read_text().partition("==")[0]
    assert f"# {FOUND} {promised()}." in head
    matrix = workflow("tests")["jobs"]["test"]["strategy"]["matrix"]
    assert tuple(matrix["python"]) == PYTHONS
    kinds = {system.partition("-")[0].replace("ubuntu", "linux") for system in matrix["os"]}
    assert kinds == {system.split()[0].lower() for system in SYSTEMS}
    classifiers = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if "Python :: 3." in c]
    assert tuple(classifiers) == PYTHONS
    builds = len(PYTHONS) * sum("Linux" in system for system in SYSTEMS)
    assert len(ALSO["torch"]) == builds, "a build for CPUs of each"


def test_book_lock_is_the_part_of_the_lock_that_builds_the_book():
    """The same lines; complete in itself; without what makes an environment large."""
    whole, part = (
        entries((ROOT / name).read_text())
        for name in ("requirements.lock", "requirements-book.lock")
    )
    assert all(whole[first] == lines for first, lines in part.items())
    named = {canonicalize_name(Requirement(first.removesuffix(" \\")).name) for first in part}
    assert {"jupyter-book", "sphinx-book-theme", "setuptools", "sphinx-mathjax-offline"} <= named
    assert not named & {"torch", "torchvision", "numpy", "scipy", "matplotlib", "scikit-learn"}
    for name in named:
        try:
            needs = requires(name) or []
        except PackageNotFoundError:  # of another system
            continue
        for needed in map(Requirement, needs):
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert canonicalize_name(needed.name) in named, f"{name} needs {needed}"


def test_lock_for_a_system_without_a_wheel_is_not_written(monkeypatch, tmp_path):
    class Failed:
        returncode, stderr = 1, "torch has no wheel"

    monkeypatch.setattr("lock.uv", lambda: "uv")
    monkeypatch.setattr("lock.subprocess.run", lambda *_, **__: Failed)
    with pytest.raises(SystemExit, match="does not serve Linux on x86-64, Python 3.11:\ntorch has"):
        look_for_wheels(tmp_path / "requirements.lock")


def test_package_has_floors_that_colab_and_the_pins_satisfy():
    colab = {"torch": "2.11.0", "numpy": "2.1.0", "matplotlib": "3.10.0", "ipywidgets": "7.7.1"}
    extras = PROJECT["optional-dependencies"]
    for text in itertools.chain(PROJECT["dependencies"], *extras.values()):
        requirement = Requirement(text)
        pinned = str(pins()[requirement.name].specifier).removeprefix("==")
        assert requirement.specifier.contains(pinned, prereleases=True), text
        assert requirement.specifier.contains(colab.get(requirement.name, pinned)), text
    for text in PROJECT["dependencies"]:
        assert re.fullmatch(r"[a-z-]+>=[\d.]+", text)
    assert Requirement("python" + PROJECT["requires-python"]).specifier.contains("3.13")


def test_installed_package_carries_its_data():
    """What pyproject.toml names as data exists, and nothing that modules read is left out."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = patterns["tool"]["setuptools"]["package-data"]["gancourse"]
    named = {p for pattern in patterns for p in (ROOT / "gancourse").glob(pattern)}
    present = {
        p
        for p in (ROOT / "gancourse").rglob("*")
        if p.is_file() and p.suffix not in {".py", ".pyc"}
    }
    assert present and named == present


def test_make_help_lists_the_commands():
    said = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True).stdout
    commands = [
        *("book", "test", "unit", "lint", "fix", "types", "coverage", "notebooks", "links"),
        *(
            "chapters",
            "experiments",
            "torture",
            "benchmark",
            "repository",
            "lock",
            "wheel",
            "environment",
            "clean",
        ),
    ]
    for command in ["help", *commands]:
        assert re.search(rf"^  make {command}\s+\S", said, re.MULTILINE)


def test_make_unit_gives_the_tests_of_one_module_to_one_process():
    """``make unit ARGS=…``: nothing else runs, and what takes seconds to start is left out."""
    said = subprocess.run(
        ["make", "-n", "unit", "ARGS=tests/loop -k list"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    assert "tools/check.py unit --only 'tests/loop -k list'" in said
    given, variables = [], {}

    def module(root, *words, environment):
        given.extend(words)
        variables.update(environment)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "module", module)
        check.main(["unit", "--only", "tests/loop -k list"])
    assert given[0] == "pytest" and given[-3:] == ["tests/loop", "-k", "list"]
    assert "-n" not in given and "tests" not in given
    assert variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] == "1"


def test_make_test_runs_every_step():
    """All steps but those that are another form of one of them."""
    said = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True).stdout
    assert {*said.split()} & {*check.STEPS} == {*check.STEPS} - {"build", "coverage", "links"}


def test_ci_runs_make_test():
    path = ROOT / ".ci" / "run"
    assert path.stat().st_mode & 0o111
    assert path.read_text().splitlines()[-1] == "make test"


def test_pre_commit_uses_the_tools_of_the_environment():
    """Hooks with versions of their own would disagree with ``make lint``."""
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    hooks = {hook["id"]: hook for hook in repository["hooks"]}
    assert {"ruff", "ruff-format", "codespell", "tidy", "stale"} == hooks.keys()
    for hook in hooks.values():
        python, *words = hook["entry"].split()
        assert hook["language"] == "system" and python == ".venv/bin/python"
        if words[0] == "-m":
            assert words[1].removesuffix("_lib") in pins()
        else:
            assert (ROOT / words[0]).exists()


def test_tidy_mends_ends_and_stops_large_files(tmp_path):
    good, ragged, large = (tmp_path / name for name in ("a.md", "b.md", "c.bin"))
    good.write_bytes(b"text\n")
    ragged.write_bytes(b"text\n\n\n")
    large.write_bytes(bytes(tidy.LARGEST + 1))
    assert [bool(tidy.problems(path)) for path in (good, ragged, large)] == [False, True, True]
    assert ragged.read_bytes() == b"text\n" and not tidy.problems(ragged)


def test_committed_files_are_tidy():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    for path in (ROOT / name for name in names.splitlines()):
        if path.exists() and path.suffix in tidy.TEXT and (content := path.read_bytes()):
            assert tidy.ends_well(content), path


def test_forms_ask_for_what_the_errata_page_asks_for():
    """Page, printed, should be, and a witness if there is one: the four fields of an entry."""
    forms = {p.stem: yaml.safe_load(p.read_text()) for p in ROOT.glob(".github/ISSUE_TEMPLATE/*")}
    assert forms.keys() == {"config", "erratum", "chapter-does-not-run", "idea"}
    fields = {field["id"]: field for field in forms["erratum"]["body"]}
    assert list(fields) == ["page", "printed", "should-be", "witness"]
    needed = [name for name, field in fields.items() if "validations" in field]
    assert needed == ["page", "printed", "should-be"]
    for form in forms.values():
        for field in form.get("body", []):
            assert field["attributes"]["label"] and field["type"] in {
                *("input", "textarea", "dropdown", "markdown")
            }


def test_version_is_the_same_everywhere():
    """The package, the citation, the newest heading of the changelog, the footer of the book."""
    import version_footer

    version = gancourse.__version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    changes = (ROOT / "CHANGELOG.md").read_text()
    newest = re.search(r"^## .*", changes, re.MULTILINE)[0]
    number = version.removesuffix(".dev0")
    assert newest == f"## Unreleased ({number})" or newest.startswith(f"## {number} (")
    assert version.endswith(".dev0") == ("Unreleased" in newest)
    assert f"gancourse {version}" in version_footer.with_version("<p>Text</p>")


def test_no_registry_is_named():
    """Packages come from wherever the reader's pip is set up to look."""
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    hosts = re.compile(r"pypi[.]org|python[h]osted|npmjs[.]|deb[.]debian")
    texts = [
        ROOT / name
        for name in tracked
        if name.endswith((".py", ".md", ".yml", ".toml", ".txt", ".lock", "Makefile"))
    ]
    assert [str(p) for p in texts if p.exists() and hosts.search(p.read_text("utf-8"))] == []


def test_ruff_is_content():
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture
def scripts(tmp_path):
    """A copy of the live figures with the tools for JavaScript that are installed here."""
    if not (ROOT / "tools/javascript/node_modules").exists():
        pytest.skip("SKIPPED: the tools for JavaScript are not installed (make lint-js)")
    for folder in ("gancourse/page", "gancourse/live", "_ext"):
        (tmp_path / folder).mkdir(parents=True)
        for path in ROOT.glob(f"{folder}/*.js"):
            shutil.copy(path, tmp_path / folder)
    shutil.copytree(ROOT / "tools/javascript", tmp_path / "tools/javascript", symlinks=True)
    return tmp_path


def test_the_step_for_scripts_finds_what_is_planted(scripts):
    check.scripts(scripts)
    figure = scripts / "gancourse/live/critic.js"
    figure.write_text(figure.read_text() + "var  left = over;\n")
    with pytest.raises(check.CheckError) as problem:
        check.scripts(scripts)
    for said in ("not formatted: gancourse/live/critic.js", "'over' is not defined", "no-var"):
        assert said in str(problem.value)


def test_the_step_for_scripts_says_so_where_it_cannot_run(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(check.NotChecked, match="node"):
        check.scripts(tmp_path)


def test_the_step_for_scripts_installs_its_tools_once_and_after_a_change_of_their_lock(
    tmp_path, monkeypatch
):
    tool = tmp_path / "tools/javascript"
    (tool / "node_modules").mkdir(parents=True)
    lock, stamp = tool / "package-lock.json", tool / "node_modules/.package-lock.json"
    calls = []

    def command(words, **_):
        calls.append(words[0])
        if words[0] == "npm":
            stamp.touch()
        return subprocess.CompletedProcess(words, 0, "", "")

    lock.touch()
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(subprocess, "run", command)
    check.scripts(tmp_path)
    check.scripts(tmp_path)
    assert calls == ["npm", "node", "node"]
    os.utime(lock, (time.time() + 9, time.time() + 9))
    check.scripts(tmp_path)
    assert calls[3:] == ["npm", "node"]


def test_the_course_knows_every_chapter_and_what_a_chapter_says_you_need():
    from course_map import chapters

    course = {chapter.number: chapter for chapter in chapters()}
    assert sorted(course) == list(range(1, len(course) + 1))
    assert len({tuple(chapter.place) for chapter in course.values()}) == len(course)
    assert all(need < c.number for c in course.values() for need in c.needs)
    for text in sorted(ROOT.glob("chapters/[0-9][0-9]_*.md")):  # appendices are not on the map
        needed = re.search(r"^\*\*You need\*\* .*$", text.read_text("utf-8"), re.MULTILINE)[0]
        linked = {int(number) for number in re.findall(r"\]\((\d\d)_", needed)}
        behind, ahead = set(), [int(text.name[:2])]
        while ahead:  # all that lie behind its arrows: who has read them has read these, too
            needs = set(course[ahead.pop()].needs) - behind
            behind |= needs
            ahead += needs
        assert linked <= behind, text.name
