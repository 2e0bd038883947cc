"""The plan of the house: which room may import which, read from the sources."""

import ast
import re
import subprocess
import sys

import pytest

from checkout import ROOT
from gancourse import __path__ as where
from plan import ARROWS, GROUND, floors, imports, modules, room

PACKAGE = ROOT / "gancourse"
MODULES = modules(ROOT)


def name(path):
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def test_the_tests_look_at_this_checkout():
    assert list(where) == [str(PACKAGE)]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_follow_the_arrows(path):
    here = room(PACKAGE, path)
    used = {room(PACKAGE, other) for other in imports(ROOT, path)} - {here} - GROUND
    assert used <= ARROWS[here], f"{name(path)} imports {used - ARROWS[here]}"


def test_every_arrow_of_the_plan_is_used():
    """A plan that allows more than there is says nothing."""
    used = {(room(PACKAGE, a), room(PACKAGE, b)) for a in MODULES for b in imports(ROOT, a)}
    assert {(a, b) for a, targets in ARROWS.items() for b in targets} <= used


def test_the_plan_has_floors():
    """No circle among the rooms, so each can be put on a floor above all that it imports."""
    height = floors()
    assert all(height[a] > height[b] for a, targets in ARROWS.items() for b in targets)


def test_no_circle_among_modules():
    """Not even inside a room. What is imported only when a function is called counts as well."""
    left = {path: {p for p in imports(ROOT, path) if p != path} for path in MODULES}
    while free := [path for path, targets in left.items() if not targets & left.keys()]:
        left = {path: targets for path, targets in left.items() if path not in free}
    assert not left, f"import each other: {sorted(map(name, left))}"


def test_few_nouns_at_the_door_and_no_module_beside_a_room_of_its_name():
    top = [path.stem for path in PACKAGE.glob("*.py")]
    rooms = [path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()]
    assert len(top) <= 16 and not set(top) & set(rooms)
    assert not {"utils", "helpers", "common", "misc"} & {path.stem for path in MODULES}


#: Modules without a test file of their own, and why.
TESTED_ELSEWHERE = {
    "__main__": "one line, run as a command in tests/commands",
    "questions": "tests/test_exercises.py asks every question, with its answer and each mistake",
}


def test_tests_mirror_the_rooms():
    """A test file has the name of a module in its room; more words may follow it."""
    known = {path.stem for path in MODULES} | {"bad_inputs", "architecture"}
    for folder in sorted(p for p in (ROOT / "tests").iterdir() if (PACKAGE / p.name).is_dir()):
        own = {p.stem for p in PACKAGE.glob(f"{folder.name}/*.py")}
        for path in folder.glob("test_*.py"):
            words = path.stem.removeprefix("test_").split("_")
            assert {"_".join(words[: n + 1]) for n in range(len(words))} & own, path
    for path in (ROOT / "tests").glob("test_*.py"):
        assert path.stem.removeprefix("test_") in known, path


def test_every_module_has_a_test_file_of_its_own_or_a_reason():
    def has(path):
        place = path.relative_to(PACKAGE)
        return (ROOT / "tests" / place.parent / f"test_{place.name}").exists()

    without = {
        room(PACKAGE, path) if room(PACKAGE, path) in TESTED_ELSEWHERE else name(path)
        for path in MODULES
        if path.stem != "__init__" and not has(path)
    }
    assert without == TESTED_ELSEWHERE.keys()


def test_only_plots_imports_matplotlib_and_only_notebook_reads_the_environment():
    for path in MODULES:
        source = path.read_text()
        found = {
            node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        assert any(n.split(".")[0] == "matplotlib" for n in found) <= (path.stem == "plots"), path
        reads = "environ" in source or "getenv" in source
        assert reads <= (name(path) == "gancourse.notebook"), path


def test_theory_knows_no_network():
    """Functions of `torch.nn.functional`, but no module, no parameter, no optimizer."""
    allowed = "torch.nn.functional"
    for path in MODULES:
        if room(PACKAGE, path) == "theory":
            source = path.read_text().replace(allowed, "")
            assert not re.search(r"torch\.(nn|optim)|import .*\b(nn|optim)\b", source), path


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


def documented(path):
    """Every docstring of a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def test_docstrings_are_of_one_dialect():
    """Code in ``double backquotes``, or a role such as :func:`train`; never in single ones."""
    files = [*MODULES, *(ROOT / "tools").glob("*.py"), *(ROOT / "_ext").glob("*.py")]
    fine = re.compile(r"``[^`]+``|:[\w:]+:`[^`]+`|`[^`<]+<[^`>]+>`_")
    wrong = [path for path in files if any("`" in fine.sub("", d) for d in documented(path))]
    assert not [str(path.relative_to(ROOT)) for path in wrong]


def statements(function):
    """How many statements a function has, its docstring not counted: length without layout."""
    nodes = sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1
    return nodes - (ast.get_docstring(function) is not None)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_public_things_have_docstrings_and_functions_stay_short(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{path} has no docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            long = statements(node)
            assert long <= 25, f"{path}:{node.lineno} {node.name} has {long} statements"
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
for part in ("errors", "games", "penalties", "gans", "training", "saving.checkpoints", "metrics",
             "networks.mlp", "networks.dcgan", "data.toys", "data.images", "notebook",
             "theory.information", "live.divergence", "exercises", "experiments.games_table",
             "experiments.quality", "experiments.face_coverage", "experiments.normalization",
             "experiments.factorial", "experiments.variations", "experiments.blurred",
             "experiments.surfaces", "experiments.wgan",
             "experiments.vae_gan", "experiments.mh_gan"):
    __import__("gancourse." + part)
assert torch.equal(state, torch.get_rng_state()) and threads == torch.get_num_threads()
assert count == threading.active_count()
assert "matplotlib" not in sys.modules and "torchvision" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)
