"""Files that somebody else may have put there: regular ones are read, no link is written through.

A folder that was downloaded may hold a pipe called ``cat.png``, at which a reader waits for ever,
or a link called ``metrics.jsonl``, through which a writer would overwrite the reader's own diary.
"""

import contextlib
import errno
import glob
import os
import stat
from io import BufferedReader
from pathlib import Path

#: Where a system has these: do not wait for a pipe's other end, and do not go where a link points.
NO_WAIT, NO_LINK = getattr(os, "O_NONBLOCK", 0), getattr(os, "O_NOFOLLOW", 0)
BINARY = getattr(os, "O_BINARY", 0)


class NotRegularError(OSError):
    """It is there, but it is no regular file: a folder, a pipe, a device, a link."""


def opened(path: str | Path, follow: bool = False) -> BufferedReader:
    """A regular file, open for reading; a link's target only where ``follow`` says so.

    Raises :class:`NotRegularError` for anything else, without opening or waiting for it, and
    :class:`OSError` for what cannot be opened.
    """
    if not follow and os.path.islink(path):
        os.stat(path)  # a link to nowhere, or to itself, is told as what it is
        _refuse(path, "symbolic links are not followed")
    _demand_regular(os.stat(path), path)
    handle = os.open(path, os.O_RDONLY | BINARY | NO_WAIT | (0 if follow else NO_LINK))
    try:
        _demand_regular(os.fstat(handle), path)  # nobody has changed it in between
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def write(path: str | Path, content: bytes) -> Path:
    """The whole new file appears at ``path``, or the old one stays; a link there is replaced.

    What a killed process has left half-written under this name is removed.
    """
    path = Path(path)
    if "\0" in str(path):  # Python has an error of another kind for this one
        raise OSError(
            errno.EINVAL, "a path holds no null character", str(path).replace("\0", "\\0")
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    try:
        with open(beside, "xb") as file:  # x: never through a link
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
                left.unlink()
    return path


def append(path: str | Path, content: bytes) -> None:
    """Add to the end of a regular file, which is made if there is none; never through a link.

    All of ``content`` is added, or nothing: what a full disk has cut off is taken back.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | BINARY | NO_WAIT | NO_LINK
    if os.path.islink(path):  # also where the system has no such flag
        _refuse(path, "symbolic links are not followed")
    handle = os.open(path, flags, 0o666)
    with os.fdopen(handle, "wb", buffering=0) as file:
        found = os.fstat(handle)
        _demand_regular(found, path)
        try:
            if file.write(content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        except OSError:
            os.ftruncate(handle, found.st_size)
            raise


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder last through a power cut, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as problem:  # some network folders cannot; the file itself is safe
            if problem.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(handle)


def _demand_regular(found: os.stat_result, path: str | Path) -> None:
    if stat.S_ISDIR(found.st_mode):
        _refuse(path, "it is a folder")
    if not stat.S_ISREG(found.st_mode):
        _refuse(path, "it is no regular file")


def _refuse(path: str | Path, reason: str) -> None:
    raise NotRegularError(errno.EINVAL, reason, str(path))
