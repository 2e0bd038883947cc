"""Batches without end, out of anything that can be iterated over again and again."""

import contextlib
import hashlib
import random
from collections.abc import Iterable, Iterator
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from gancourse.errors import GanCourseError, brief
from gancourse.loop.positions import mixed, reseed, seed_everything

#: How deep generators are looked for in a loader, and among how many objects.
DEPTH, MOST = 4, 10_000
GENERATORS = torch.Generator, np.random.Generator, np.random.RandomState, random.Random
#: What can be iterated over, but yields no batches.
NO_BATCHES = Tensor, np.ndarray, str, bytes, dict, set, nn.Module, type
#: What is not looked into.
SHUT = Tensor, type, ModuleType


class Stream:
    """Tuples of tensors on ``device``; the batches are started anew at their end.

    There are two kinds. An *iterator*, like ``images(...).batches(64)``, has no position: each
    batch is drawn when it is asked for, by the random state of that moment, which belongs to the
    step. What *can be started again*, like a list or a ``DataLoader``, has one: the number of the
    pass and of the batch in it, ``place``. Its randomness (torch's, NumPy's, Python's, and that of
    generators found in a loader) is set from the seed and the place, so that a run which is resumed
    in the middle of a pass gets the batches that it would have got. To that end those that came
    before in this pass are drawn once more.
    """

    def __init__(
        self,
        batches: Iterable,
        device: torch.device,
        seed: int = 0,
        place: tuple[int, int] = (0, 0),
    ):
        demand_repeatable(batches)
        self.batches, self.device, self.seed, self.place = batches, device, seed, place
        self._seeded = not isinstance(batches, Iterator | list | tuple)
        self._pass: Iterator | None = None

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> tuple[Tensor, ...]:
        number, i = self.place
        if self._pass is None:
            self._pass = self._begun(number, i)
        try:
            batch = self._drawn(self._pass, number, i)
        except StopIteration:
            if i == 0:
                self._pass = None
                raise GanCourseError(
                    "the batches ran out",
                    where="batches",
                    fix="pass an iterable that can be started again, not a spent iterator",
                ) from None
            self.place, self._pass = (number + 1, 0), None
            return next(self)
        except BaseException:  # asked again, it goes on at the same place
            self._pass = None
            raise
        self.place = number, i + 1
        return tuple(part.to(self.device, non_blocking=True) for part in _parts(batch))

    def _begun(self, number: int, skip: int) -> Iterator:
        """The pass of that ``number``, after the first ``skip`` batches of it."""
        if not self._seeded:
            if isinstance(self.batches, list | tuple):
                return iter(self.batches[skip:])
            return iter(self.batches)
        with _aside():
            seed_everything(mixed(self.seed, number, 0))
            for i, generator in enumerate(_generators(self.batches)):
                reseed(generator, mixed(self.seed, number, 0, i))
            stream = iter(self.batches)
        for i in range(skip):
            self._drawn(stream, number, i)
        return stream

    def _drawn(self, stream: Iterator, number: int, i: int):
        if not self._seeded:
            return next(stream)
        with _aside():
            seed_everything(mixed(self.seed, number, i + 1))
            return next(stream)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """While batches are drawn: afterwards NumPy and Python have their random states back."""
        states = self._seeded and (np.random.get_state(legacy=False), random.getstate())
        try:
            yield
        finally:
            if states:
                np.random.set_state(states[0])
                random.setstate(states[1])


@contextlib.contextmanager
def _aside() -> Iterator[None]:
    """``torch.random.fork_rng(devices=[])``, at a quarter of the price."""
    state = torch.default_generator.get_state()
    try:
        yield
    finally:
        torch.default_generator.set_state(state)


def _parts(batch) -> tuple[Tensor, ...]:
    batch = (batch,) if isinstance(batch, Tensor) else batch
    if not isinstance(batch, tuple | list) or not batch:
        raise _no_batch(batch)
    for part in batch:
        if not isinstance(part, Tensor):
            raise _no_batch(part, "each part of ")
    return tuple(batch)


def _no_batch(found: object, part: str = "") -> GanCourseError:
    fix = "yield (x,) or (x, label), of tensors of floats"
    if isinstance(found, np.ndarray):
        fix = "torch.from_numpy(x).float() makes one"
    elif isinstance(found, dict):
        fix = f"yield the tensors themselves, such as (batch[{next(iter(found), 'x')!r}],)"
    return GanCourseError(
        f"{part}a batch must be a tensor or a tuple of tensors, not {brief(found)}",
        where="batches",
        fix=fix,
    )


def demand_repeatable(batches: Iterable) -> None:
    """Raise :class:`GanCourseError`, before the first step, for what no resumed run could repeat.

    Workers that outlive a pass keep random states of their own; batches that come in the order in
    which they are ready come in another one each time.
    """
    demand_batches(batches)
    if not isinstance(batches, DataLoader) or not batches.num_workers:
        return
    for name, wrong, right in (("persistent_workers", True, False), ("in_order", False, True)):
        if getattr(batches, name, right) == wrong:
            raise GanCourseError(
                f"a DataLoader with {name}={wrong} cannot be repeated, so the run could not be "
                "resumed",
                where="batches",
                fix=f"pass {name}={right}",
            )


def demand_batches(batches: object) -> None:
    """Raise :class:`GanCourseError`, with what to write instead, for what yields no batches."""
    if isinstance(batches, Iterable) and not isinstance(batches, NO_BATCHES):
        return
    if isinstance(batches, Tensor | np.ndarray):
        fix = (
            "pass [(x,)], all of x in each step, or DataLoader(TensorDataset(x), 64, shuffle=True)"
        )
    elif callable(getattr(batches, "batches", None)):
        fix = "ask it for them: .batches(64)"
    elif isinstance(batches, nn.Module):
        fix = "the order is train(gan, batches, steps)"
    elif callable(batches):
        fix = "call it"
    elif isinstance(batches, Dataset):
        fix = "put it into a torch.utils.data.DataLoader(dataset, batch_size=64, shuffle=True)"
    else:
        fix = "for instance images('faces').batches(64)"
    raise GanCourseError(
        f"batches must be something that yields batches, not {brief(batches)}",
        where="training",
        fix=fix,
    )


def _generators(loader) -> list:
    """The random generators that a loader, its sampler, its data or their parts hold."""
    found: list = []
    seen: set[int] = set()
    level = [loader]
    for _ in range(DEPTH):
        below: list = []
        for thing in level:
            if id(thing) in seen or len(seen) > MOST or isinstance(thing, SHUT):
                continue
            seen.add(id(thing))
            if isinstance(thing, GENERATORS):
                found.append(thing)
            elif isinstance(thing, list | tuple):
                below += thing[:100]
            elif isinstance(thing, dict):
                below += list(thing.values())[:100]
            else:
                below += getattr(thing, "__dict__", {}).values()
        level = below
    return found


def fingerprint(batches: Iterable) -> str | None:
    """What tells these batches from others: words and a sha256; ``None`` if nobody can say.

    The course's own data say it themselves (an attribute ``fingerprint``), and so may others. Lists
    and loaders of tensors are looked at here; of other iterables nothing is known.
    """
    if isinstance(said := getattr(batches, "fingerprint", None), str):
        return said
    if isinstance(batches, list | tuple) and batches:
        rows = [(row,) if isinstance(row, Tensor) else row for row in batches]
        if all(isinstance(row, list | tuple) for row in rows):
            return _of_tensors(f"{len(rows)} batches", [part for row in rows for part in row])
    if isinstance(batches, DataLoader) and isinstance(batches.dataset, TensorDataset):
        how = f"{type(batches.sampler).__name__}, batches of {batches.batch_size}"
        return _of_tensors(f"{len(batches.dataset)} rows, {how}", batches.dataset.tensors)
    return None


def _of_tensors(words: str, tensors: Iterable) -> str | None:
    digest = hashlib.sha256()
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            return None
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{plain.dtype}{tuple(plain.shape)}".encode())
        digest.update(plain.reshape(-1).view(torch.uint8).numpy().data)
    return f"{words}, sha256 {digest.hexdigest()[:16]}"
