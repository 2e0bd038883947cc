"""Memory: what can never fit is refused before the fact; what ran out is recognised after it."""

import contextlib
import os
from pathlib import Path

import torch

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

#: Bytes in a number as networks hold it.
FLOAT = 4
#: Where Linux says how much a container may have, in the newer way and in the older one.
CONTAINERS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def demand(numbers: int) -> None:
    """Raise :class:`MemoryError` if so many numbers are more than this machine could ever hold.

    A lower bound of what is needed, so that nothing is refused that would have worked. It spares
    the machine a fight for pages, and torch sizes that its integers cannot hold.
    """
    if FLOAT * numbers > _installed():
        raise MemoryError(f"{numbers} numbers are more than this machine can hold")


def ran_out(problem: BaseException) -> bool:
    """Whether an error means that memory, of the machine or of a GPU, did not suffice."""
    if isinstance(problem, MemoryError | torch.OutOfMemoryError):
        return True
    # The one place where a message is read. On a CPU, and in some versions on Apple's GPUs, torch
    # has no type of its own for this: its allocators raise a plain RuntimeError that only their
    # names tell from others. tests/commands/test_memory.py provokes the real one.
    names = ("DefaultCPUAllocator", "MPS backend out of memory")
    return type(problem) is RuntimeError and any(name in str(problem) for name in names)


def _installed() -> int:
    """Bytes of memory that this process can have at most, as far as the system says it."""
    found = [2**47]  # what an address reaches
    if hasattr(os, "sysconf") and {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= os.sysconf_names.keys():
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in CONTAINERS:
        with contextlib.suppress(OSError, ValueError):  # no container, or "max"
            found.append(int(Path(path).read_text()))
    if resource is not None:
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        found += [limit] if limit != resource.RLIM_INFINITY else []
    return min(found)
