"""Batches without end, out of anything that can be iterated over again and again."""

from collections.abc import Iterable, Iterator, Sized
from itertools import islice

import torch
from torch import Tensor

from gancourse.errors import GanCourseError


def endless(batches: Iterable, device: torch.device, skip: int = 0) -> Iterator[tuple[Tensor, ...]]:
    """Tuples of tensors on ``device``; started anew at the end, the first ``skip`` left out.

    Each batch is drawn when it is asked for, so that it may depend on the random state of that
    moment. ``skip`` counts only for batches that have a length: others are streams without a
    position.
    """
    skip = skip % len(batches) if skip and isinstance(batches, Sized) and len(batches) else 0
    if not isinstance(batches, Iterable):
        raise GanCourseError(
            f"batches must be something to iterate over, not {batches!r}",
            fix="for instance images('faces').batches(64)",
        )
    while True:
        came = False
        for batch in _after(batches, skip):
            came = True
            batch = (batch,) if isinstance(batch, Tensor) else batch
            if not (
                isinstance(batch, tuple | list) and all(isinstance(part, Tensor) for part in batch)
            ):
                raise GanCourseError(
                    f"a batch must be a tensor or a tuple of tensors, not {type(batch).__name__}",
                    where="batches",
                )
            yield tuple(part.to(device, non_blocking=True) for part in batch)
        if not came:
            raise GanCourseError(
                "the batches ran out",
                where="batches",
                fix="pass an iterable that can be started again, not a spent iterator",
            )
        skip = 0


def _after(batches: Iterable, skip: int) -> Iterator:
    """What comes after the first ``skip``; passing over them leaves the random state alone."""
    if not skip:
        return iter(batches)
    with torch.random.fork_rng(devices=[]):  # a DataLoader draws from it, shuffling or not
        stream = iter(batches)
        for _ in islice(stream, skip):
            pass
    return stream
