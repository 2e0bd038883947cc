"""tools/environment.py: whatever goes wrong at set-up ends in one line with the fix."""

import ast
import os
import subprocess
import sys
from collections import namedtuple

import pytest

import environment
from checkout import ROOT


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def python_named(folder, name):
    """A pretended interpreter."""
    folder.mkdir()
    path = folder / name
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)


def test_old_python_names_a_newer_one(tmp_path):
    python_named(tmp_path / "bin", "python3.12")
    with pytest.raises(environment.SetupError, match="is 3.9; run: make book PYTHON=python3.12"):
        environment.check_python((3, 9, 1), str(tmp_path / "bin"))


def test_old_python_alone(tmp_path):
    with pytest.raises(environment.SetupError, match="install a newer Python 3"):
        environment.check_python((3, 9, 1), str(tmp_path))


def test_old_pythons_can_read_the_script():
    """No syntax in it that Python 2.7 or 3.6 would stop at before they can say their line."""
    source = (ROOT / "tools" / "environment.py").read_text()
    compile(source, "environment.py", "exec")
    new = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.Nonlocal, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        assert not isinstance(node, new), f"line {node.lineno}"
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.args, *node.args.kwonlyargs]
            assert node.returns is None and not node.args.kwonlyargs
            assert all(argument.annotation is None for argument in arguments)
        if isinstance(node, ast.Raise):
            assert node.cause is None


def test_missing_venv_module():
    with pytest.raises(environment.SetupError, match="apt install python3-venv"):
        environment.check_venv_module(["venv", "no_such_module_here"])


def test_full_disk_before_the_start(monkeypatch, folder):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(10, 9, 1.2e9))
    with pytest.raises(environment.SetupError, match="1.2 GB free .* 3 GB needed; free some"):
        environment.make(str(folder))


def test_full_disk_on_the_way():
    log = "Collecting torch\nERROR: Could not install packages due to an OSError: [Errno 28] No"
    assert environment.explain(log).startswith("the disk is full; free about 3 GB")


def test_no_network(tmp_path):
    """A real pip that is pointed at a port where nobody listens."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--retries",
        "0",
        "--no-cache-dir",
        "--index-url",
        "http://127.0.0.1:9/simple",
        "no-such-package-anywhere",
    ]
    variables = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    script = (
        f"import environment, sys; environment.run_logged({command!r}, 'packages', "
        f"{str(tmp_path / 'log')!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT / "tools",
        env={**variables, "PIP_CONFIG_FILE": os.devnull},
    )
    assert "no network: pip cannot reach its package index; connect and run" in done.stderr
    assert (tmp_path / "log").exists()


def test_other_failures_show_pips_own_line():
    log = "Collecting x\nWARNING: Location https://… is ignored\nERROR: No matching distribution\n"
    assert environment.explain(log) == "ERROR: No matching distribution"


def fake_installation(monkeypatch, folder):
    """Replaces the slow parts; returns the list of what was done."""
    done = []

    def create(root):
        done.append("venv")
        python = folder / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text("#!/bin/sh\nexit 0\n")
        python.chmod(0o755)

    monkeypatch.setattr(environment, "create", create)
    monkeypatch.setattr(environment, "check_space", lambda root: None)
    monkeypatch.setattr(environment, "run_logged", lambda command, title, log: done.append(title))
    return done


def test_second_run_does_nothing(monkeypatch, folder):
    done = fake_installation(monkeypatch, folder)
    environment.make(str(folder))
    environment.make(str(folder))
    assert done == ["venv", "packages", "gancourse"]


def test_goes_on_after_an_interruption(monkeypatch, folder):
    done = fake_installation(monkeypatch, folder)

    def interrupted(command, title, log):
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "run_logged", interrupted)
    with pytest.raises(KeyboardInterrupt):
        environment.make(str(folder))
    monkeypatch.setattr(environment, "run_logged", lambda command, title, log: done.append(title))
    environment.make(str(folder))
    assert done == ["venv", "packages", "gancourse"]  # the environment itself was kept


def test_half_made_environment_is_made_again(monkeypatch, folder):
    done = fake_installation(monkeypatch, folder)
    (folder / ".venv" / "bin").mkdir(parents=True)  # no interpreter in it
    environment.make(str(folder))
    assert done[0] == "venv"


def test_changed_requirements_are_installed(monkeypatch, folder):
    done = fake_installation(monkeypatch, folder)
    environment.make(str(folder))
    (folder / "requirements.txt").write_text("numpy")
    environment.make(str(folder))
    assert done == ["venv", "packages", "gancourse", "packages", "gancourse"]
