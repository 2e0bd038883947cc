"""What a saved state must be to go on from it: the same names, types, shapes and ranges as here.

Everything that this program knows beforehand is held *equal*, not made to fit: keys, dtypes,
shapes, settings; and what must be true of any run is demanded, such as a loss for every step.
Nothing is changed by looking. What cannot be known is whether a number was altered on purpose: see
:mod:`gancourse.saving.checkpoints` for the sha256. A violation is a :class:`MismatchError` that
names the key.
"""

import copy
import math
from typing import Any

import torch
from torch import Tensor

from gancourse.loop.guards import all_finite

#: Entries of torch's own optimizers that are sums or averages of squares.
SQUARES = {"exp_avg_sq", "max_exp_avg_sq", "square_avg", "sum", "exp_inf", "acc_delta"}
#: Entries of a state that a run goes on without; all others are needed.
WORDS = {"format", "notes", "versions", "measure"}
#: The list of an optimizer's weights without an entry; see :func:`told`.
IDLE = "idle"
LONGEST = 60


class MismatchError(ValueError):
    """The saved state is of another run, or of none."""


def demand_keys(saved: Any, mine: set, name: str, optional: frozenset | set = frozenset()):
    """Raise unless ``saved`` is a dictionary with the keys ``mine``, and at most ``optional``."""
    demand_kind(saved, dict, name)
    if missing := mine - saved.keys():
        raise MismatchError(f"{name} has no {min(map(brief, missing))}")
    if unknown := saved.keys() - mine - optional:
        raise MismatchError(f"{name} has an unknown key {min(map(brief, unknown))}")


def demand_kind(saved: Any, kind: type, name: str) -> None:
    """Raise unless ``saved`` is of exactly this kind: ``True`` is no whole number."""
    if type(saved) is not kind and not (kind is dict and isinstance(saved, dict)):
        raise MismatchError(f"{name} is a {type(saved).__name__}, not a {kind.__name__}")


def demand_equal(saved: Any, mine: Any, name: str) -> None:
    """Raise unless the two are equal in value and in type, all the way down."""
    demand_kind(saved, type(mine), name)
    if isinstance(mine, dict):
        demand_keys(saved, set(mine), name)
        for key, value in mine.items():
            demand_equal(saved[key], value, f"{name}.{key}")
    elif isinstance(mine, list | tuple):
        if len(saved) != len(mine):
            raise MismatchError(f"{name} has {len(saved)} entries, not {len(mine)}")
        for i, (one, other) in enumerate(zip(saved, mine, strict=True)):
            demand_equal(one, other, f"{name}.{i}")
    elif isinstance(mine, Tensor):
        demand_alike(saved, mine, name)
        if not torch.equal(saved, mine.cpu()):
            raise MismatchError(f"{name} has other values")
    elif saved != mine and not (saved != saved and mine != mine):  # NaN is NaN's equal here
        raise MismatchError(f"{name} is {brief(mine)}, was {brief(saved)}")


def demand_alike(saved: Any, mine: Tensor, name: str) -> None:
    """Raise unless ``saved`` is a dense tensor of the dtype and shape of ``mine``."""
    if not isinstance(saved, Tensor):
        raise MismatchError(f"{name} is a {type(saved).__name__}, not a tensor")
    if (saved.dtype, saved.shape) != (mine.dtype, mine.shape) or saved.layout != mine.layout:
        theirs, here = (f"{t.dtype} {tuple(t.shape)}"[6:] for t in (saved, mine))
        raise MismatchError(f"{name} is {theirs}, not {here}")


def demand_weights(saved: Any, mine: dict[str, Tensor], name: str) -> None:
    """Raise unless ``saved`` has the names, dtypes and shapes of ``mine``, all of them finite."""
    demand_keys(saved, set(mine), name)
    for key, value in mine.items():
        demand_alike(saved[key], value, f"{name}.{key}")
        demand_finite(saved[key], f"{name}.{key}")


def demand_finite(saved: Tensor, name: str) -> None:
    """Raise if a number of ``saved`` is NaN or infinite."""
    if not all_finite(saved):
        raise MismatchError(f"{name} is not finite")


def demand_history(saved: Any, names: tuple[str, ...], step: int) -> None:
    """Raise unless there is one finite loss (or one a member) of each player for each step."""
    demand_keys(saved, set(names), "history")
    for name in names:
        losses, key = saved[name], f"history.{name}"
        if not isinstance(losses, Tensor) or losses.dtype != torch.float32:
            raise MismatchError(f"{key} is no tensor of float32")
        if losses.ndim not in (1, 2) or len(losses) != step:
            raise MismatchError(f"the history has another length than the run: {key}")
        if losses.shape != saved[names[0]].shape:
            raise MismatchError(f"{key} has another shape than {names[0]}")
        demand_finite(losses, key)


def demand_words(saved: dict) -> None:
    """Raise unless what is said of a run beside its numbers is of the right kind."""
    demand_kind(saved.get("notes", {}), dict, "notes")
    demand_kind(saved.get("versions", {}), dict, "versions")
    for key, value in saved.get("versions", {}).items():
        if type(key) is not str or type(value) not in (str, int, type(None)):
            raise MismatchError(f"versions.{brief(key)} is a {type(value).__name__}")
    if type(saved.get("measure", 0.0)) not in (int, float):
        raise MismatchError("measure is no number")


def optimizer_state(optimizer: torch.optim.Optimizer, saved: Any, turns: int, name: str) -> dict:
    """A state for ``optimizer`` of its own making, with the numbers of ``saved``.

    A copy of the optimizer takes one step on zero gradients, in other memory; what it then holds
    has the names, shapes, dtypes and layouts that the saved state must have, weight by weight
    (Adafactor's differ between matrices and vectors). A weight without an entry must be known to be
    one that has had no gradient. Nothing of ``saved`` is kept.
    """
    demand_keys(saved, {"state", "param_groups"}, name, {IDLE})
    groups = _groups(optimizer, saved["param_groups"], name)
    demand_kind(saved["state"], dict, f"{name}.state")
    if not turns and saved["state"]:
        raise MismatchError(f"{name}.state has entries before the first step")
    fresh = _after_one_step(optimizer)
    own = type(optimizer).__module__.startswith("torch.optim")
    state = {}
    for key, theirs in saved["state"].items():
        where = f"{name}.state.{brief(key)}"
        if type(key) is not int or key not in fresh:
            raise MismatchError(f"{where} belongs to no weight")
        demand_keys(theirs, set(fresh[key]), where)
        state[key] = {
            entry: _copied(theirs[entry], mine, f"{where}.{entry}")
            for entry, mine in fresh[key].items()
        }
        if own:
            _demand_sense(theirs, turns, where)
    if own and fresh and turns and not state and any(fresh.values()):
        raise MismatchError(f"{name}.state is empty after {turns} turns")
    if state:
        _demand_all(optimizer, saved, fresh, name)
    return {"state": state, "param_groups": groups}


def told(optimizer: torch.optim.Optimizer) -> dict:
    """The state of ``optimizer``, with a list of the weights that have had no gradient so far.

    They are frozen, or no loss depends on them; torch has no entry for them. Without the list an
    entry that was lost could be taken for one of theirs, and its weight would start afresh.
    """
    saved = optimizer.state_dict()
    every = (i for group in saved["param_groups"] for i in group["params"])
    if saved["state"] and (idle := [i for i in every if i not in saved["state"]]):
        saved[IDLE] = idle
    return saved


def _demand_all(optimizer: torch.optim.Optimizer, saved: dict, fresh: dict, name: str) -> None:
    """Raise unless each weight has an entry, is said to need none, or can have none: is frozen."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    idle = saved.get(IDLE, [])
    demand_kind(idle, list, f"{name}.{IDLE}")
    for i in idle:
        if type(i) is not int or not 0 <= i < len(weights) or i in saved["state"]:
            raise MismatchError(f"{name}.{IDLE} has {brief(i)}")
    for i, weight in enumerate(weights):
        if fresh.get(i) and i not in saved["state"] and i not in idle and weight.requires_grad:
            raise MismatchError(f"{name}.state has no {i}")


def _groups(optimizer: torch.optim.Optimizer, saved: Any, name: str) -> list[dict]:
    """The optimizer's own groups, with the saved learning rates, which a schedule changes."""
    mine, name = optimizer.state_dict()["param_groups"], f"{name}.param_groups"
    demand_kind(saved, list, name)
    if len(saved) != len(mine):
        raise MismatchError(f"{name} has {len(saved)} entries, not {len(mine)}")
    groups = []
    for i, (theirs, group) in enumerate(zip(saved, mine, strict=True)):
        demand_kind(theirs, dict, f"{name}.{i}")
        rate = theirs.get("lr")
        demand_equal({**theirs, "lr": None}, {**group, "lr": None}, f"{name}.{i}")
        if type(rate) in (int, float) and (not math.isfinite(rate) or rate < 0):
            raise MismatchError(f"{name}.{i}.lr is {rate}")
        if type(rate) is int and type(group["lr"]) is float:  # a schedule of whole numbers
            rate = float(rate)
        groups.append({**group, "lr": _copied(rate, group["lr"], f"{name}.{i}.lr")})
    return groups


def _after_one_step(optimizer: torch.optim.Optimizer) -> dict:
    other = copy.deepcopy(optimizer)
    for group in other.param_groups:
        for weight in group["params"]:
            weight.grad = torch.zeros_like(weight)
    other.step()
    return other.state_dict()["state"]


def _copied(saved: Any, mine: Any, name: str) -> Any:
    """The saved value, in new memory of the dtype, shape and layout of ``mine``."""
    if isinstance(mine, Tensor):
        demand_alike(saved, mine, name)
        demand_finite(saved, name)
        return mine.detach().clone().copy_(saved)
    if mine is None and isinstance(saved, Tensor):
        raise MismatchError(f"{name} is a tensor where there is none")
    if isinstance(mine, list | tuple | dict):
        raise MismatchError(f"{name} cannot be checked: a {type(mine).__name__}")
    if type(saved) is not type(mine):
        raise MismatchError(f"{name} is a {type(saved).__name__}, not a {type(mine).__name__}")
    if isinstance(saved, float) and not math.isfinite(saved):
        raise MismatchError(f"{name} is {saved}")
    return saved


def _demand_sense(entry: dict, turns: int, name: str) -> None:
    """What is true of torch's own optimizers after so many turns."""
    for key in SQUARES & entry.keys():
        if isinstance(entry[key], Tensor) and entry[key].numel() and entry[key].min() < 0:
            raise MismatchError(f"{name}.{key} is negative, but is made of squares")
    if "step" in entry:
        step = float(entry["step"])
        if step != int(step) or not 1 <= step <= turns:
            raise MismatchError(f"{name}.step is {step:g} after {turns} turns")


def brief(value: object) -> str:
    """A value of the file, short enough for a message."""
    kinds = (str, int, float, bool, type(None))
    text = repr(value) if isinstance(value, kinds) else f"a {type(value).__name__}"
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."
