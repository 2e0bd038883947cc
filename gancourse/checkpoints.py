"""Checkpoints that survive a crash: written beside, verified, then renamed; verified when read.

A checkpoint is one dictionary of tensors, numbers, strings, lists and dictionaries, nothing else,
so that it is always read with ``weights_only=True``. ``torch.load`` does not compare checksums;
the file is a zip archive with one for every entry, and :func:`load` lets :mod:`zipfile` check them.
"""

import errno
import os
import zipfile
from pathlib import Path

import torch

from gancourse.errors import GanCourseError

FORMAT = 1


def save(path: str | Path, state: dict) -> Path:
    """Write ``state`` to ``path``: the whole new file appears there, or the old one stays.

    Raises :class:`GanCourseError` when the folder is missing or read-only or the disk is full.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(beside, "wb") as file:
            torch.save({"format": FORMAT, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        _verify(beside)
        os.replace(beside, path)
        _sync_folder(path.parent)
    except (OSError, RuntimeError, GanCourseError) as problem:
        raise GanCourseError(f"the checkpoint could not be written ({_reason(problem)}); "
                             "an earlier one is untouched", where=str(path),
                             fix="free some space or choose another folder") from None
    finally:
        beside.unlink(missing_ok=True)
    return path


def load(path: str | Path) -> dict:
    """Read a checkpoint onto the CPU. Anything but a complete, unaltered one is an error."""
    path = Path(path)
    if not path.is_file():
        raise GanCourseError("there is no such checkpoint file", where=str(path),
                             fix="check the path; training writes it with save(path)")
    _verify(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # torch raises nine kinds here, some with an empty message
        raise GanCourseError(f"not a checkpoint of this package ({type(problem).__name__})",
                             where=str(path),
                             fix="give a file that gancourse has written") from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        found = state.get("format") if isinstance(state, dict) else type(state).__name__
        raise GanCourseError(f"checkpoint format {found!r} where {FORMAT} was expected",
                             where=str(path), fix="use the gancourse version that wrote it")
    return state


def _verify(path: Path) -> None:
    """Compare every checksum in the file, and nothing may lie outside the checked entries."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except Exception:
        damaged = "the archive itself"
    if damaged is not None:
        raise GanCourseError(f"the file is damaged or no checkpoint ({damaged})", where=str(path),
                             fix="use an earlier checkpoint")


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # makes the rename itself durable
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(problem: Exception) -> str:
    if isinstance(problem, OSError) and problem.errno:
        return {errno.ENOSPC: "the disk is full", errno.EFBIG: "the disk is full",
                errno.EACCES: "no permission", errno.EROFS: "the folder is read-only"}.get(
                    problem.errno, os.strerror(problem.errno).lower())
    # torch reports a short write as "unexpected pos"
    return "the disk is full" if "unexpected pos" in str(problem) else str(problem).split("\n")[0]
