"""The plan of the house: the rooms of ``gancourse``, and which may import which.

The table is what the tests hold the code against (tests/test_architecture.py) and what the page
"Architecture" of the book is drawn from (_ext/architecture.py). A room is a folder of the package
or a module at its door; ``errors``, ``devices``, ``shapes`` and ``files`` are the ground of all.
"""

import ast
from functools import cache
from pathlib import Path

GROUND = {"errors", "devices", "shapes", "files"}
ARROWS = {
    "errors": set(),
    "devices": set(),
    "shapes": set(),
    "files": set(),
    "games": set(),
    "penalties": {"loop"},
    "gans": {"games", "penalties"},
    "loop": set(),
    "saving": {"loop"},
    "training": {"loop", "saving"},
    "networks": set(),
    "data": set(),
    "theory": set(),
    "metrics": {"networks", "theory", "training"},
    "diagnosis": {"loop", "theory"},
    "notebook": set(),
    "plots": {"data"},
    "drawings": set(),
    "page": {"notebook"},
    "live": {"data", "networks", "page", "plots", "theory"},
    "questions": {"theory", "networks"},
    "exercises": {"questions"},
    "recipes": {"games", "penalties", "gans", "networks", "training"},
    "benchmark": {"data", "games", "gans", "loop", "networks", "penalties", "training"},
    "experiments": {
        *("data", "theory", "networks", "games", "penalties", "gans", "training"),
        *("metrics", "recipes", "benchmark", "diagnosis", "loop"),
    },
    "commands": {
        *("data", "theory", "networks", "gans", "loop", "saving", "training"),
        *("metrics", "recipes", "plots", "benchmark"),
    },
    "__main__": {"commands"},
    "__init__": set(),
}


def modules(root):
    """Every Python file of the package."""
    return sorted(Path(root, "gancourse").rglob("*.py"))


def room(package, path):
    """The room of a module: its folder, or itself where it stands at the door."""
    return path.relative_to(package).with_suffix("").parts[0]


@cache
def imports(root, path):
    """The modules of the package that a module imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(Path(path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}: a relative import hides where a name comes from")
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {file for name in names if (file := _file(root, name))}
    return found


def _file(root, name):
    """The module that a dotted name stands for or in; packages themselves are no modules."""
    while name.startswith("gancourse."):
        path = Path(root, *name.split(".")).with_suffix(".py")
        if path.exists():
            return path
        name = name.rpartition(".")[0]
    return None


def floors(arrows=None):
    """The floor of every room: one above the highest that it imports."""
    arrows = ARROWS if arrows is None else arrows

    @cache
    def floor(name):
        return max((floor(other) + 1 for other in arrows[name]), default=0)

    return {name: floor(name) for name in arrows}
