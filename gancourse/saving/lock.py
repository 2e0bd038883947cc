"""One run, one owner: the lock of a run's folder, which dies with the process that holds it."""

import contextlib
import errno
import json
import os
import socket
import stat
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from gancourse.errors import GanCourseError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

#: So far behind the text that Windows, which locks bytes for reading too, lets others read it.
FAR = 2**30


class RunLock:
    """The file ``run.lock`` in a run's folder, locked through the operating system.

    The system gives the lock back when its holder ends, however it ends; so a file that is left
    after a crash or a power cut is in nobody's way. It says who holds it: host, process, since
    when.
    """

    def __init__(self, folder: Path):
        self.folder, self.path = folder, folder / "run.lock"
        self._depth, self._handle = 0, -1

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; whoever holds it may ask again. :class:`GanCourseError` if it is taken."""
        if not self._depth:
            self._take()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._give_back()

    def _take(self) -> None:
        while True:
            handle = _opened(self.path)
            try:
                _lock(handle)
                if _is_at(handle, self.path):  # its last holder may just have removed it
                    break
            except OSError as problem:
                if problem.errno in (errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS):
                    warnings.warn(
                        f"{self.folder}: this file system has no locks ({problem.strerror}); "
                        "let only one run write here",
                        stacklevel=4,
                    )
                    break
                holder = _holder(handle)
                os.close(handle)
                raise GanCourseError(
                    f"the folder is in use by {holder}",
                    where=str(self.folder),
                    fix="wait until that run ends or stop it, or choose another folder",
                ) from None
            os.close(handle)
        self._handle = handle
        text = {"host": socket.gethostname(), "pid": os.getpid(), "since": _now()}
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps(text).encode())

    def _give_back(self) -> None:
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                if _is_at(self._handle, self.path):
                    self.path.unlink()
                # A child that was forked in between has the handle too.
                fcntl.flock(self._handle, fcntl.LOCK_UN)
        os.close(self._handle)
        if sys.platform == "win32":  # Windows removes no open file
            with contextlib.suppress(OSError):
                self.path.unlink()


def _opened(path: Path) -> int:
    """The file, made if it is missing; a link, a pipe or another's file is not opened."""
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | careful, 0o644)
    except (OSError, ValueError) as problem:
        if getattr(problem, "errno", None) not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            reason = getattr(problem, "strerror", None) or str(problem)
            raise GanCourseError(
                f"the folder cannot be written to ({reason.lower()})",
                where=str(path.parent),
                fix="check the path, its permissions and the free space",
            ) from None
    else:
        found = os.fstat(handle)
        if stat.S_ISREG(found.st_mode) and found.st_nlink <= 1:
            return handle
        os.close(handle)
    raise GanCourseError(
        "it should be a run's lock, and is no regular file of its own",
        where=str(path),
        fix="remove it",
    )


def _lock(handle: int) -> None:
    if sys.platform != "win32":
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        os.lseek(handle, FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)


def _is_at(handle: int, path: Path) -> bool:
    """Whether ``path`` still is the file that was opened."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _holder(handle: int) -> str:
    """Who holds it, as far as the file says so: its text is not trusted."""
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        said = json.loads(os.read(handle, 1000))
        pid, host, since = int(said["pid"]), str(said["host"]), str(said["since"])
    except (ValueError, LookupError, TypeError):  # it has only just been opened
        return "another process"
    host, since = ("".join(c for c in text if c.isprintable())[:80] for text in (host, since))
    return f"process {pid} on {host} since {since}"


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")
