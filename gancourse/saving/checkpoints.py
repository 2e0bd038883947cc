"""Checkpoints that survive a crash: written beside, verified, then renamed; verified when read.

A checkpoint is one dictionary of finite tensors, numbers, strings, lists and dictionaries, nothing
else, so that it is always read with ``weights_only=True``. ``torch.load`` compares no checksums;
the file is a zip archive with one for every entry, and :func:`load` lets :mod:`zipfile` check them.
Before any value is looked at, the archive (:mod:`gancourse.saving.archive`) and what its pickle
says (:mod:`gancourse.saving.outline`) are held to what :func:`save` writes, so that a file from
somebody else costs little more memory and time than its own size.

A checksum proves no author. Whoever changes a number can write a new one; only the file's sha256,
kept elsewhere, tells: ``load(path, sha256=...)`` demands it.
"""

import contextlib
import errno
import glob
import hashlib
import math
import os
import re
from io import BufferedReader
from pathlib import Path

import torch

from gancourse import files
from gancourse.errors import GanCourseError
from gancourse.loop.guards import all_finite
from gancourse.saving import archive, outline

FORMAT = 1
PLAIN = (str, int, float, bool, type(None))
KINDS = frozenset(outline.DTYPES.values())
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
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        with open(beside, "xb") as file:  # x: never through a link that waits there
            torch.save({"format": FORMAT, **_dense(state, set())}, file)
            file.flush()
            os.fsync(file.fileno())
        with files.opened(beside) as file:
            outline.outline(*archive.entries(file))
        os.replace(beside, path)
        files.sync_folder(path.parent)
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


def load(path: str | Path, sha256: str | None = None) -> dict:
    """Read a checkpoint onto the CPU. Anything but a complete, unaltered one is an error.

    With ``sha256``, 64 hexadecimal digits, the file must be the one that has it. Links are not
    followed.
    """
    path = _path(path)
    with _opened(path) as file:
        if sha256 is not None:
            _demand_sha256(file, sha256, path)
        _demand_ours(file, path)
        file.seek(0)
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as problem:  # torch raises nine kinds here, some with an empty message
            raise _foreign(type(problem).__name__, path) from None
    found = state.get("format") if isinstance(state, dict) else type(state).__name__
    if type(found) is not int or found != FORMAT:
        raise GanCourseError(
            f"checkpoint format {_brief(found)} where {FORMAT} was expected",
            where=str(path),
            fix="use the gancourse version that wrote it",
        )
    demand_plain(state, "the state", str(path))
    return state


def sha256_of(path: str | Path) -> str:
    """The sha256 of a checkpoint's file: 64 hexadecimal digits, to keep in another place."""
    with _opened(_path(path)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _demand_sha256(file: BufferedReader, sha256: str, path: Path) -> None:
    if not isinstance(sha256, str) or not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise GanCourseError(
            f"a sha256 has 64 hexadecimal digits, unlike {_brief(sha256)}", where=str(path)
        )
    if (found := hashlib.file_digest(file, "sha256").hexdigest()) != sha256.lower():
        raise GanCourseError(
            f"another file than the one that was asked for: its sha256 is {found}",
            where=str(path),
            fix="get the file again, from whoever told you its sha256",
        )


def _demand_ours(file: BufferedReader, path: Path) -> None:
    """Raise unless the archive and its pickle are as :func:`save` writes them."""
    try:
        outline.outline(*archive.entries(file))
    except outline.ForeignError as problem:
        raise _foreign(problem, path) from None
    except archive.DamagedError as problem:
        raise GanCourseError(
            f"the file is damaged or no checkpoint ({_mistaken(file) or problem})",
            where=str(path),
            fix="use an earlier checkpoint",
        ) from None


def _foreign(problem: object, path: Path) -> GanCourseError:
    return GanCourseError(
        f"not a checkpoint of this package ({problem})",
        where=str(path),
        fix="give a file that gancourse has written",
    )


def _brief(value: object) -> str:
    """A value from a file, short enough for a message."""
    text = repr(value) if isinstance(value, PLAIN) else f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:60] + "..."


def _path(path: str | Path) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise GanCourseError(f"the path of a checkpoint must be text or a Path, not {path!r}")
    return Path(path)


def _opened(path: Path) -> BufferedReader:
    try:
        return files.opened(path)
    except FileNotFoundError:
        reason = "there is no such checkpoint file"
    except (OSError, ValueError) as problem:
        reason = _reason(problem)
    raise GanCourseError(
        f"the checkpoint cannot be read: {reason}",
        where=str(path),
        fix="check the path; training writes it with save(path)",
    )


def demand_plain(value, name: str, where: str, depth: int = 0) -> None:
    """``weights_only=True`` refuses other types when it is too late: when the file is read."""
    if isinstance(value, dict | list | tuple) and depth > outline.DEPTH - 2:
        raise GanCourseError(
            f"{name[:60]} is too deep, or holds itself",
            where=where,
            fix=f"at most {outline.DEPTH} dictionaries and lists are put into each other",
        )
    if isinstance(value, dict):
        for key, part in value.items():
            if type(key) not in PLAIN:
                _refuse(key, f"a key of {name}", where)
            inner = str(key) if name == "the state" else f"{name}.{key}"
            demand_plain(part, inner, where, depth + 1)
    elif type(value) in (list, tuple):
        for i, part in enumerate(value):
            demand_plain(part, f"{name}.{i}", where, depth + 1)
    elif isinstance(value, torch.Tensor):
        _demand_plain_tensor(value, name, where)
    elif type(value) not in PLAIN:
        _refuse(value, name, where)


def _demand_plain_tensor(value: torch.Tensor, name: str, where: str) -> None:
    """Of a kind of which every number can be written, and finite. Its kind is looked at first."""
    if (
        value.layout is not torch.strided
        or value.dtype not in KINDS
        or value.is_meta
        or value.is_nested
    ):
        kind = str(value.dtype if value.layout is torch.strided else value.layout)
        raise GanCourseError(
            f"{name} is a tensor of a kind that a checkpoint does not hold "
            f"({kind.removeprefix('torch.')} on {value.device.type})",
            where=where,
            fix="convert it, for instance with to_dense() or float()",
        )
    if not all_finite(value):
        raise GanCourseError(
            f"{name} is not finite",
            where=where,
            fix="an earlier checkpoint is still good; resume from that",
        )


def _refuse(value, name: str, where: str) -> None:
    raise GanCourseError(
        f"{name} is a {type(value).__name__}; a checkpoint holds only "
        "tensors, numbers, text, lists and dictionaries",
        where=where,
        fix="convert it, for instance with float() or str()",
    )


def _dense(value, seen: set):
    """The same values in plain dictionaries and in dense tensors that share nothing.

    Almost all are already so, and are not copied.
    """
    if isinstance(value, dict):
        return {key: _dense(part, seen) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_dense(part, seen) for part in value)
    if not isinstance(value, torch.Tensor):
        return value
    value, storage = value.detach(), value.untyped_storage()
    whole = storage.nbytes() == math.prod(value.shape) * value.element_size()
    if not whole or not outline.dense(value.shape, value.stride()) or storage.data_ptr() in seen:
        value = value.clone(memory_format=torch.contiguous_format)
    if value.numel():
        seen.add(value.data_ptr())
    return value


def _mistaken(file: BufferedReader) -> str | None:
    file.seek(0)
    beginning = file.read(64).lstrip()
    return next(
        (
            what
            for sign, what in MISTAKEN.items()
            if beginning.startswith(sign) and (sign or not beginning)
        ),
        None,
    )


def _reason(problem: BaseException) -> str:
    if isinstance(problem, files.NotRegularError):
        return problem.strerror or ""
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
