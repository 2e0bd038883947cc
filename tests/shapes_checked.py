"""Holds annotated shapes to their word: `hold(module, replace)` checks every call in a module.

A parameter or a result annotated with a shape of :mod:`gancourse.shapes` is checked by jaxtyping,
all of one call together: `batch` is one number. A method that a subclass states anew without
annotations is held to those of the class above it.
"""

import inspect
from functools import cache, wraps
from typing import Annotated, get_args, get_origin, get_type_hints

import jaxtyping
from torch import Tensor


def found(hint):
    """The shape in an annotation, or one for each part of a tuple; None where it says none."""
    if get_origin(hint) is Annotated:
        return jaxtyping.Float[get_args(hint)[0], get_args(hint)[1]]
    parts = [found(part) for part in get_args(hint)]
    if get_origin(hint) is tuple:
        return parts if any(parts) else None
    return next((part for part in parts if part), None)  # X | None


def shapes(function):
    hints = get_type_hints(function, include_extras=True)
    return {name: kind for name, hint in hints.items() if (kind := found(hint))}


def demand(name, value, kind):
    if isinstance(kind, list):
        for part, one in zip(value or (), kind, strict=False):
            demand(name, part, one)
    elif kind and isinstance(value, Tensor):
        assert isinstance(value, kind), f"{name} of shape {tuple(value.shape)} is no {kind}"


@cache
def held(function, declared):
    """`function`, each call checked against the shapes that `declared` states."""
    known, signature = shapes(declared), inspect.signature(function)
    if not known:
        return function

    @wraps(function)
    def call(*arguments, **named):
        returned = function(*arguments, **named)
        values = signature.bind(*arguments, **named).arguments | {"return": returned}
        with jaxtyping.jaxtyped("context"):
            for name, kind in known.items():
                demand(f"{name} of {function.__qualname__}", values.get(name), kind)
        return returned

    return call


def hold(module, replace):
    """Check all that `module` defines; `replace(owner, name, value)` puts it in its place."""
    for name, thing in vars(module).copy().items():
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing):
            replace(module, name, held(thing, thing))
        elif inspect.isclass(thing):
            for key, method in vars(thing).copy().items():
                if inspect.isfunction(method):
                    stated = [vars(c)[key] for c in thing.__mro__ if key in vars(c)]
                    declared = next((m for m in stated if shapes(m)), method)
                    replace(thing, key, held(method, declared))
