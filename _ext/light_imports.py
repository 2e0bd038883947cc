"""Sphinx extension: the reference of the package is made without torch and its like.

Autodoc imports the modules to read their docstrings and signatures; it calls nothing in them. In
place of HEAVY it gets stand-ins, also where the real ones are installed, so that ``make book``
needs a tenth of what ``make test`` does and gives the same pages.
"""

from importlib import import_module
from types import FunctionType

import sphinx.ext.autodoc

HEAVY = ["torch", "torchvision", "numpy", "scipy", "sklearn", "matplotlib", "PIL", "tqdm"]
SIGNS = ["add", "sub", "mul", "truediv", "pow", "matmul", "floordiv", "mod"]


class Either:
    """``Tensor | None`` of a stand-in; it is shown as it is written."""

    def __init__(self, *kinds):
        self.kinds = kinds

    def __or__(self, other):
        return Either(*self.kinds, other)

    def __ror__(self, other):
        return Either(other, *self.kinds)

    def __repr__(self):
        return " | ".join(
            f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
            if isinstance(kind, type)
            else repr(kind)
            for kind in self.kinds
        )


def called(self, *given, **settings):
    """A decorator of torch's leaves a function as it is; all else that is called is a stand-in."""
    return given[0] if given and isinstance(given[0], FunctionType | type) else self


def complete():
    """Let Sphinx's stand-ins take part in all that modules do while they are imported."""
    # Not by a statement: the package has a function of that name, too.
    stand_in = import_module("sphinx.ext.autodoc.mock")._MockObject
    for sign in SIGNS:
        for name in (f"__{sign}__", f"__r{sign}__"):
            setattr(stand_in, name, lambda self, other: self)
    stand_in.__neg__ = lambda self: self
    stand_in.__or__ = lambda self, other: Either(self, other)
    stand_in.__ror__ = lambda self, other: Either(other, self)
    stand_in.__call__ = called
    stand_in.data = b""  # what a sha256 of a tensor reads
    # The signature of a class that extends a stand-in is that of its __init__.
    sphinx.ext.autodoc._CLASS_NEW_BLACKLIST.append("sphinx.ext.autodoc.mock._MockObject.__new__")


def forget_stand_ins(app, env):
    """The list of modules whose source is shown holds none of theirs."""
    modules = getattr(env, "_viewcode_modules", {})
    for name in [n for n in modules if n.partition(".")[0] in HEAVY]:
        del modules[name]


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    complete()
    app.connect("config-inited", lambda app, config: config.autodoc_mock_imports.extend(HEAVY))
    app.connect("env-updated", forget_stand_ins)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
