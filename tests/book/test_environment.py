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
    for name in {*environment.INPUTS["all"], *environment.INPUTS["book"]}:
        (tmp_path / name).write_text("")
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
    assert environment.explain(log).startswith("the disk is full; free about 6 GB")


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
        python.write_text('#!/bin/sh\n[ "$2" != no ]\n')  # a program that says no, else yes
        python.chmod(0o755)

    monkeypatch.setattr(environment, "create", create)
    monkeypatch.setattr(environment, "check_space", lambda root, needed: None)
    monkeypatch.setattr(environment, "ASKS_FOR_CUDA", "no")
    monkeypatch.setattr(environment, "run_logged", lambda command, title, log: done.append(title))
    return done


def test_second_run_does_nothing(monkeypatch, folder):
    done = fake_installation(monkeypatch, folder)
    environment.make(str(folder))
    environment.make(str(folder))
    assert done == ["venv", "packages", "gancourse"]


def test_book_is_built_without_what_only_the_checks_need(monkeypatch, folder):
    """A small environment first, the rest when it is asked for; never less than there was."""
    done = fake_installation(monkeypatch, folder)
    commands = []
    monkeypatch.setattr(environment, "run_logged", lambda command, *_: commands.append(command))
    environment.make(str(folder), "book")
    locked, own = commands
    assert os.path.basename(locked[-1]) == "requirements-book.lock"
    assert "--require-hashes" in locked and own[-2:] == ["-e", str(folder)]
    environment.make(str(folder), "book")
    assert len(commands) == 2
    environment.make(str(folder))
    assert os.path.basename(commands[2][-1]) == "requirements.lock"
    environment.make(str(folder), "book")
    (folder / "requirements-book.lock").write_text("sphinx")
    environment.make(str(folder), "book")  # the book's is a part of what is there
    assert len(commands) == 4 and done == ["venv"]


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


def test_changed_lock_is_installed(monkeypatch, folder):
    done = fake_installation(monkeypatch, folder)
    environment.make(str(folder))
    (folder / "requirements.lock").write_text("numpy")
    environment.make(str(folder))
    assert done == ["venv", "packages", "gancourse", "packages", "gancourse"]


@pytest.mark.parametrize(("asks", "files"), [(False, 1), (True, 2)])
def test_every_package_is_installed_by_its_hash(monkeypatch, tmp_path, asks, files):
    """Nothing falls back to a package without one; CUDA's libraries only where torch asks."""
    (tmp_path / "requirements.lock").write_text("")
    commands = []
    monkeypatch.setattr(environment, "runs", lambda command: asks)
    monkeypatch.setattr(environment, "run_logged", lambda command, *_: commands.append(command))
    monkeypatch.setattr(environment, "check_space", lambda root, needed: None)
    environment.install(str(tmp_path), "python", "all")
    *locked, own = commands
    assert [os.path.basename(c[-1]) for c in locked] == environment.INPUTS["all"][:files]
    assert all({"--require-hashes", "--no-deps"} <= {*command} for command in locked)
    assert own[-2:] == ["-e", str(tmp_path)] and "--no-deps" in own


@pytest.mark.parametrize("needs", [[], ["filelock"], ["filelock", "nvidia-cublas==13.1"]])
def test_torch_says_whether_it_wants_cuda(tmp_path, needs):
    folder = tmp_path / "torch-2.13.0.dist-info"
    folder.mkdir()
    lines = ["Metadata-Version: 2.1", "Name: torch", "Version: 2.13.0"]
    (folder / "METADATA").write_text("\n".join(lines + [f"Requires-Dist: {n}" for n in needs]))
    command = [sys.executable, "-c", environment.ASKS_FOR_CUDA]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == (0 if len(needs) == 2 else 1)


def torch_commands(monkeypatch, folder, works, gpu=False, system="linux"):
    """What is tried for torch, where the commands named in ``works`` succeed; files by content."""
    (folder / ".venv").mkdir()
    (folder / "requirements.lock").write_text(
        "torch==2.13.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via x\n"
        "uv==1 \\\n    --hash=sha256:cc\n"
    )
    tried = []

    def pretend(command, title, log):
        with open(command[-1]) as stream:
            tried.append((title, "--torch-backend" in command, stream.read()))
        assert "--require-hashes" in command and "--no-deps" in command
        if len(tried) - 1 not in works:
            raise environment.SetupError("no such thing")

    monkeypatch.setattr(environment, "run_logged", pretend)
    monkeypatch.setattr(environment, "runs", lambda command: gpu)
    monkeypatch.setattr(sys, "platform", system)
    locked = ["python", "-m", "pip", "install", "--no-deps", "--require-hashes", "-r"]
    environment.install_torch_for_cpus(str(folder), "python", locked, "log")
    assert list((folder / ".venv").iterdir()) == []
    return tried


TORCH = "torch==2.13.0+cpu \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb"


def test_torch_for_cpus_is_taken_from_where_pip_looks(monkeypatch, tmp_path):
    assert torch_commands(monkeypatch, tmp_path, {0}) == [("torch", False, TORCH)]


def test_else_from_where_uv_knows_it_is(monkeypatch, tmp_path):
    pip, uv, torch = torch_commands(monkeypatch, tmp_path, {1, 2})
    assert pip == ("torch", False, TORCH) and torch == ("torch", True, TORCH)
    assert uv == ("uv", False, "uv==1 \\\n    --hash=sha256:cc")


@pytest.mark.parametrize("works", [set(), {1}])
def test_else_the_registry_decides(monkeypatch, tmp_path, works):
    """Neither has it, or there is not even uv: set-up goes on, all the same."""
    assert len(torch_commands(monkeypatch, tmp_path, works)) == 2 + len(works)


@pytest.mark.parametrize("machine", [{"gpu": True}, {"system": "darwin"}])
def test_torch_for_cpus_is_only_for_linux_without_a_gpu(monkeypatch, tmp_path, machine):
    assert torch_commands(monkeypatch, tmp_path, {0}, **machine) == []


def test_a_package_with_another_hash_is_refused(tmp_path):
    """A real pip, a real package, one wrong digit in the lock."""
    package = tmp_path / "small"
    package.mkdir()
    (package / "small-1.0-py3-none-any.whl").write_bytes(b"not what was locked")
    lock = tmp_path / "lock"
    lock.write_text("small==1.0 --hash=sha256:" + "0" * 64)
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--find-links", str(package)]
    command += ["--require-hashes", "--dry-run", "-r", str(lock)]
    with pytest.raises(environment.SetupError, match="its hash differs; if you trust it, run"):
        environment.run_logged(command, "packages", str(tmp_path / "log"))
