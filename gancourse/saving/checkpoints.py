"""Checkpoints that survive a crash: written beside, verified, then renamed; verified when read.

A checkpoint is one dictionary of finite tensors, numbers, strings, lists and dictionaries, nothing
else, so that it is always read with ``weights_only=True``. ``torch.load`` compares no checksums;
the file is a zip archive with one for every entry, and :func:`load` lets :mod:`zipfile` check them.
"""

import contextlib
import errno
import glob
import os
import stat
import zipfile
from pathlib import Path

import torch

from gancourse.errors import GanCourseError

FORMAT = 1
PLAIN = (str, int, float, bool, type(None))
#: What broken downloads begin with.
MISTAKEN = {
    b"version https://git-lfs": "it is a Git LFS pointer; `git lfs pull` gets the file",
    b"<": "it is a web page; the download has failed",
    b"": "it is empty",
}


def save(path: str | Path, state: dict) -> Path:
    """Write ``state`` to ``path``: the whole new file appears there, or the old one stays.

    What a killed process has left half-written under this name is removed. Raises
    :class:`GanCourseError` when the folder cannot be written to, the disk is full, or ``state``
    holds NaN, infinity, or something that could not be read again.
    """
    path = _path(path)
    demand_plain(state, "the state", str(path))
    try:
        beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(beside, "wb") as file:
            torch.save({"format": FORMAT, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        _verify(beside)
        os.replace(beside, path)
        _sync_folder(path.parent)
    except (OSError, RuntimeError, ValueError, GanCourseError) as problem:
        raise GanCourseError(
            f"the checkpoint could not be written ({_reason(problem)}); "
            "an earlier one is untouched",
            where=str(path),
            fix="free some space or choose another folder",
        ) from None
    finally:
        with contextlib.suppress(OSError):
            for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
                left.unlink()
    return path


def load(path: str | Path) -> dict:
    """Read a checkpoint onto the CPU. Anything but a complete, unaltered one is an error."""
    path = _path(path)
    _demand_file(path)
    _verify(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # torch raises nine kinds here, some with an empty message
        raise GanCourseError(
            f"not a checkpoint of this package ({type(problem).__name__})",
            where=str(path),
            fix="give a file that gancourse has written",
        ) from None
    found = state.get("format") if isinstance(state, dict) else type(state).__name__
    if type(found) is not int or found != FORMAT:
        raise GanCourseError(
            f"checkpoint format {found!r} where {FORMAT} was expected",
            where=str(path),
            fix="use the gancourse version that wrote it",
        )
    demand_plain(state, "the state", str(path))
    return state


def _path(path: str | Path) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise GanCourseError(f"the path of a checkpoint must be text or a Path, not {path!r}")
    return Path(path)


def _demand_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            with open(path, "rb"):
                return
        reason = "it is a folder" if stat.S_ISDIR(mode) else "it is no regular file"
    except FileNotFoundError:
        reason = "there is no such checkpoint file"
    except (OSError, ValueError) as problem:
        reason = _reason(problem)
    raise GanCourseError(
        f"the checkpoint cannot be read: {reason}",
        where=str(path),
        fix="check the path; training writes it with save(path)",
    )


def demand_plain(value, name: str, where: str) -> None:
    """``weights_only=True`` refuses other types when it is too late: when the file is read."""
    if isinstance(value, dict):
        for key, part in value.items():
            demand_plain(key, f"a key of {name}", where)
            demand_plain(part, str(key) if name == "the state" else f"{name}.{key}", where)
    elif type(value) in (list, tuple):
        for i, part in enumerate(value):
            demand_plain(part, f"{name}.{i}", where)
    elif isinstance(value, torch.Tensor):
        if not value.isfinite().all():
            raise GanCourseError(
                f"{name} is not finite",
                where=where,
                fix="an earlier checkpoint is still good; resume from that",
            )
    elif type(value) not in PLAIN:
        raise GanCourseError(
            f"{name} is a {type(value).__name__}; a checkpoint holds only "
            "tensors, numbers, text, lists and dictionaries",
            where=where,
            fix="convert it, for instance with float() or str()",
        )


def _verify(path: Path) -> None:
    """Compare every checksum in the file, and nothing may lie outside the checked entries."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            names = [
                entry.filename
                for entry in archive.infolist()
                if entry.compress_type == zipfile.ZIP_STORED
            ]  # as torch writes all of them
            if len(set(names)) < len(archive.infolist()):
                damaged = damaged or "its list of entries"
    except Exception:
        damaged = _mistaken(path) or "the archive itself"
    if damaged is not None:
        raise GanCourseError(
            f"the file is damaged or no checkpoint ({damaged})",
            where=str(path),
            fix="use an earlier checkpoint",
        )


def _mistaken(path: Path) -> str | None:
    with open(path, "rb") as file:
        beginning = file.read(64).lstrip()
    return next(
        (
            what
            for sign, what in MISTAKEN.items()
            if beginning.startswith(sign) and (sign or not beginning)
        ),
        None,
    )


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # makes the rename itself durable
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as problem:  # some network folders cannot; the file itself is safe
            if problem.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(handle)


def _reason(problem: BaseException) -> str:
    if isinstance(problem, OSError) and problem.errno:
        return {
            errno.ENOSPC: "the disk is full",
            errno.EFBIG: "the disk is full",
            errno.EACCES: "no permission",
            errno.EPERM: "no permission",
            errno.EROFS: "the folder is read-only",
        }.get(problem.errno, os.strerror(problem.errno).lower())
    if isinstance(problem.__context__, OSError):  # torch hides it behind its "unexpected pos"
        return _reason(problem.__context__)
    return str(problem).split("\n")[0]
