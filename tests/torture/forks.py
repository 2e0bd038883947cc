"""Forked children that no lock of their parent, nor of a killed sister, can hold up for ever.

Three things did, each seen to hang a child that trains, and the first two all later ones as well:

- tqdm guards its bars by a semaphore that parent and children *share*. A child that is killed while
  it holds it, as at a random call of a run, never gives it back.
- tqdm's monitor, a thread of the parent, takes that lock and a thread's lock every ten seconds. If
  the fork comes at that moment, the child has the thread's lock for ever closed, and waits for it
  with the semaphore in its hand.
- OpenMP's threads do not exist in the child of a parent that has worked with more than one.
"""

import faulthandler
import os
import threading

import torch
from tqdm.auto import tqdm


def fork() -> int:
    """``os.fork`` from a process without tqdm's monitor; the child has locks and one thread."""
    bars = list(kinds(tqdm))
    for bar in bars:
        monitor, bar.monitor, bar.monitor_interval = bar.monitor, None, 0
        if monitor is not None:
            monitor.exit()
    child = os.fork()
    if child == 0:
        lock = threading.RLock()
        for bar in bars:
            bar.set_lock(lock)
        torch.set_num_threads(1)
    return child


def kinds(bar: type):
    """tqdm's classes, from its first to the last that was made of it: each may have its own lock.

    A class without one would make the shared semaphore anew, so that the first must have one.
    """
    first = next(kind for kind in reversed(bar.__mro__) if hasattr(kind, "set_lock"))
    waiting = [first]
    for kind in waiting:
        waiting += kind.__subclasses__()
    return dict.fromkeys(waiting)


def tell_where(seconds: float, file=2, leave: bool = False) -> None:
    """If this process is still here after so many seconds, say in what line; then ``leave``."""
    faulthandler.dump_traceback_later(seconds, file=file, exit=leave)
