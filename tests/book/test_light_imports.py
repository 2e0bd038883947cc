"""The reference is made without torch: every module can be read, and says what it said with it."""

import importlib.metadata
import json
import os
import subprocess
import sys

import pytest

import api_reference
import light_imports
from checkout import ROOT

READ = """
import importlib, inspect, json, sys
import light_imports
from sphinx.ext import autodoc
from sphinx.ext.autodoc.mock import mock
light_imports.complete()
for name in light_imports.HEAVY:
    assert name not in sys.modules, name
    sys.modules[name] = None  # as if it were not installed
for name in light_imports.HEAVY:
    del sys.modules[name]
found = {}
with mock(light_imports.HEAVY):
    for name in sys.argv[1:]:
        found[name] = (importlib.import_module(name).__doc__ or "").splitlines()[0]
    from gancourse import gans, games
    from gancourse.theory.tensors import Numbers
    found["sample"] = str(inspect.signature(gans.GAN.sample))
    found["GAN"] = str(inspect.signature(gans.GAN.__init__))
    found["class"] = isinstance(gans.GAN, type)
    found["union"] = str(Numbers)
    found["torch"] = type(sys.modules["torch"]).__name__
found["hidden"] = [name for name in autodoc._CLASS_NEW_BLACKLIST if "_MockObject" in name]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def read():
    path = os.pathsep.join(map(str, (ROOT, ROOT / "_ext")))
    done = subprocess.run(
        [sys.executable, "-c", READ, *api_reference.modules(ROOT)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_module_is_read_without_torch(read):
    assert read["torch"] == "_MockModule"
    assert all(read[name] for name in api_reference.modules(ROOT))


def test_signatures_are_those_of_the_source(read):
    assert read["class"] and read["GAN"].startswith("(self, game")
    assert read["sample"].startswith("(self, n: int, seed: int | None = None, generator:")
    assert read["hidden"] == ["sphinx.ext.autodoc.mock._MockObject.__new__"]
    assert read["union"] == "torch.Tensor | numpy.ndarray | collections.abc.Sequence | float"


def test_all_that_is_heavy_is_left_out_of_the_book_lock():
    """Each stand-in belongs to a package that the book's environment does not have."""
    names = importlib.metadata.packages_distributions()
    lock = (ROOT / "requirements-book.lock").read_text()
    for module in light_imports.HEAVY:
        for package in names.get(module, [module]):
            assert f"\n{package.lower()}==" not in lock


def test_list_of_sources_names_the_package_only():
    class Environment:
        _viewcode_modules = {"gancourse.gans": (), "torch": (), "matplotlib.colors.X": False}

    light_imports.forget_stand_ins(None, Environment)
    assert list(Environment._viewcode_modules) == ["gancourse.gans"]
    light_imports.forget_stand_ins(None, object())
