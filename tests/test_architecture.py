"""The arrows of the design: which module may import which, read from the sources."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "gancourse"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What a module may import from the package; "networks" stands for everything below it.
ALLOWED = {
    "errors": set(),
    "options": set(),
    "games": set(),
    "penalties": {"errors"},
    "gans": {"errors", "games", "penalties"},
    "checkpoints": {"errors"},
    "averaging": set(),
    "batches": {"errors"},
    "history": set(),
    "guards": {"errors"},
    "resuming": {"errors", "checkpoints", "batches", "history"},
    "keeper": {"errors", "checkpoints"},
    "diagnosis": {"errors", "history"},
    "training": {"errors", "averaging", "batches", "guards", "history", "keeper", "resuming"},
    "metrics": {"errors"},
    "machine": {"errors"},
    "textbook": {"gans"},
    "benchmark": {"machine", "contenders"},
    "contenders": {"textbook", "data", "games", "gans", "networks", "penalties", "training"},
    "recipes": {"errors", "games", "penalties", "gans", "networks", "training"},
    "networks": {"errors"},
    "data": {"errors", "data"},
    "theory": {"errors", "theory"},
    "sheets": set(),
    "plots": {"errors", "sheets"},
    "notebook": {"errors"},
    "live": {"errors"},
    "interactive": {"errors", "live", "theory"},
    "widgets": {"errors", "sheets", "notebook"},
    "scrubber": {"errors", "plots", "widgets"},
    "exercises": {"errors", "questions"},
    "questions": {"exercises", "theory"},
}


def name(path):
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where a name comes from"
            names = [alias.name for alias in node.names]
            yield from (
                (f"{node.module}.{n}" for n in names)
                if node.module == "gancourse"
                else [node.module]
            )


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_follow_the_arrows(path):
    part = path.relative_to(PACKAGE).with_suffix("").parts[0]
    if part in ("__init__", "__main__", "cli", "runs"):
        return
    used = {module.split(".")[1] for module in imports(path) if module.startswith("gancourse.")}
    assert used <= ALLOWED[part], f"{name(path)} imports {used - ALLOWED[part]}"


def test_only_plots_imports_matplotlib_and_only_notebook_reads_the_environment():
    for path in MODULES:
        found = {module.split(".")[0] for module in imports(path)}
        assert ("matplotlib" in found) <= (path.stem == "plots"), path
        source = path.read_text()
        reads = "environ" in source or "getenv" in source
        assert reads <= (path.stem in ("notebook", "cli")), path


def test_no_dangerous_calls():
    banned = (
        "pickle.load",
        "weights_only=False",
        "extractall(",
        "eval(",
        "exec(",
        "shell=True",
        "yaml.load(",
        "verify=False",
        "allow_pickle=True",
    )
    for path in MODULES:
        source = path.read_text().replace(".eval()", "")
        assert not [word for word in banned if word in source], path


def test_package_files_only_say_what_is_inside():
    for path in PACKAGE.rglob("__init__.py"):
        body = ast.parse(path.read_text()).body
        assert isinstance(body[0], ast.Expr), f"{path} has no docstring"
        assert all(isinstance(node, ast.Assign) for node in body[1:]), f"{path} re-exports"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_public_things_have_docstrings_and_functions_stay_short(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{path} has no docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            doc = len((ast.get_docstring(node) or "").splitlines())
            lines = node.end_lineno - node.lineno - doc
            assert lines <= 32, f"{path}:{node.lineno} {node.name} is {lines} lines long"
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path}:{node.lineno} {node.name} has no docstring"


def test_import_has_no_side_effects():
    code = """
import torch, threading, socket, sys
state, threads, count = torch.get_rng_state(), torch.get_num_threads(), threading.active_count()
def refuse(*a, **k): raise AssertionError("a socket was opened")
socket.socket = refuse
import gancourse
for part in ("errors", "games", "penalties", "gans", "training", "checkpoints", "metrics",
             "networks.mlp", "networks.dcgan", "data.toys", "data.images", "notebook",
             "theory.information", "interactive"):
    __import__("gancourse." + part)
assert torch.equal(state, torch.get_rng_state()) and threads == torch.get_num_threads()
assert count == threading.active_count()
assert "matplotlib" not in sys.modules and "torchvision" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)
