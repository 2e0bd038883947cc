"""No lock that was held at the fork, or by a child that was killed, holds up a child."""

import multiprocessing
import os
import signal
import threading
import time

import forks
import pytest
import torch
from tqdm.auto import tqdm
from tqdm.std import TqdmDefaultWriteLock

from gancourse.loop.bar import Bar

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SKIPPED: needs fork")


@pytest.fixture
def bar():
    """A bar as tqdm makes it, with a lock that children share and a monitor, whatever was before"""
    lock = TqdmDefaultWriteLock()
    lock.locks = [multiprocessing.RLock(), threading.RLock()]
    for kind in forks.kinds(tqdm):
        kind.set_lock(lock)
        kind.monitor_interval = 10
    yield Bar(1)
    for kind in forks.kinds(tqdm):
        kind.set_lock(threading.RLock())


def status_of(act, seconds=20):
    """How a child ends that does ``act``; "hang" if it does not."""
    child = forks.fork()
    if child == 0:
        code = 1
        try:
            forks.tell_where(seconds / 2)
            act()
            code = 0
        finally:
            os._exit(code)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hang"


def make_bar():
    Bar(1).close()


def test_a_child_killed_with_the_lock_of_the_bars_in_hand_takes_it_along(bar):
    def die():
        bar.get_lock().acquire()
        os.kill(os.getpid(), signal.SIGKILL)

    assert status_of(die) == -signal.SIGKILL
    assert [status_of(make_bar) for _ in range(2)] == [0, 0]
    make_bar()


def test_a_thread_that_holds_the_lock_at_the_fork_holds_up_no_child(bar):
    held, go = threading.Event(), threading.Event()

    def hold():
        with bar.get_lock():
            held.set()
            go.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    found = status_of(make_bar)
    go.set()
    thread.join()
    assert found == 0


def test_the_monitor_of_the_bars_does_not_run_beside_a_fork(bar):
    assert bar.monitor is not None
    assert status_of(make_bar) == 0
    Bar(1).close()
    assert "tqdm_monitor" not in [thread.name for thread in threading.enumerate()]


def test_a_child_of_a_process_with_two_threads_works_with_one():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        numbers = torch.ones(1_000_000)  # enough to be shared out
        numbers.exp()
        assert status_of(lambda: numbers.exp()) == 0
    finally:
        torch.set_num_threads(before)
