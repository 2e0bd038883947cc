"""Power loss: what was not yet synced is dropped or reordered, after every single operation.

A killed process leaves what it has written in the system's memory, so no ``kill -9`` notices that
an ``fsync`` is missing. Here the operations of a run on its folder are recorded, and every disk
that a power cut could leave is made, by the rules of POSIX alone: contents are safe once the file
was synced (before, the file may be empty, cut in two, or whole); a rename or a removal is safe once
the folder was synced (before, any subset of them may have reached the disk).
"""

import itertools
import os
import stat
import warnings
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from victim import build

from gancourse import files
from gancourse.commands.log import Log
from gancourse.errors import GanCourseError
from gancourse.loop.history import History
from gancourse.saving.keeper import Keeper
from gancourse.training import train

STEPS = 5


@contextmanager
def recorded(monkeypatch, blind=None):
    """The operations on a run's files; with ``blind`` the syncs of files or folders are left out"""
    events, synced = [], {}
    fsync, replace, unlink, append = os.fsync, os.replace, Path.unlink, files.append

    def noting_fsync(handle):
        found = os.fstat(handle)
        kind = "folder" if stat.S_ISDIR(found.st_mode) else "file"
        fsync(handle)
        if kind == blind:
            return
        if kind == "folder":
            events.append(("sync",))
        else:
            synced[found.st_ino] = os.pread(handle, found.st_size, 0) if readable(handle) else None

    def noting_replace(source, target):
        content, number = Path(source).read_bytes(), os.stat(source).st_ino
        safe = number in synced and synced.pop(number) in (None, content)
        replace(source, target)
        events.append(("rename", Path(target).name, content, safe))

    def noting_unlink(path, *more, **how):
        unlink(path, *more, **how)
        if not path.name.startswith(".") and path.name != "run.lock":
            events.append(("unlink", path.name))

    def noting_append(path, content):
        append(path, content)
        events.append(("append", Path(path).name, content))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", noting_fsync)
        patch.setattr(os, "replace", noting_replace)
        patch.setattr(Path, "unlink", noting_unlink)
        patch.setattr(files, "append", noting_append)
        yield events


def readable(handle):
    try:
        os.pread(handle, 1, 0)
    except OSError:  # opened for writing only; nothing is written after the sync: see the code
        return False
    return True


def disks(events):
    """Every folder, ``{name: contents}``, that a power cut after these operations could leave."""
    safe = max((i for i, event in enumerate(events) if event[0] == "sync"), default=-1)
    loose = [i for i, event in enumerate(events) if i > safe and event[0] in ("rename", "unlink")]
    for lost in itertools.chain.from_iterable(
        itertools.combinations(loose, n) for n in range(len(loose) + 1)
    ):
        folder, tails = {}, {}
        for i, (kind, *what) in enumerate(events):
            if kind == "sync" or i in lost:
                continue
            name = what[0]
            if kind == "rename":
                content, whole = what[1:]
                folder[name] = [content] if whole else [b"", content[: len(content) // 2], content]
                tails.pop(name, None)
            elif kind == "unlink":
                folder.pop(name, None)
            elif name in folder:
                tails[name] = tails.get(name, b"") + what[1]
        for name, tail in tails.items():  # appended and never synced
            cuts = {0, len(tail) // 2, max(len(tail) - 3, 0), len(tail)}
            folder[name] = [whole + tail[:cut] for whole in folder[name] for cut in cuts]
        for contents in itertools.product(*folder.values()):
            yield dict(zip(folder, contents, strict=True))


def what_is_wrong(disk, saved, folder):
    """None, or how the run that goes on from this disk is not the one that was cut off."""
    folder.mkdir()
    for name, content in disk.items():
        (folder / name).write_bytes(content)
    try:
        found = Keeper(folder).newest()
    except GanCourseError as problem:
        return str(problem)
    step = 0 if found is None else found[1]["step"]
    if step not in (saved, saved + 1):
        return f"step {step} after {saved} was saved"
    if step:
        log, history = Log(folder, 16, every=1, sheets=100), History(**found[1]["history"])
        log.rebuild(SimpleNamespace(step=step, history=history))
        lines = log.file.read_text().splitlines()
        if len(lines) != step or not all(line.endswith("}") for line in lines):
            return "the log is not complete"
    return None


def cut_everywhere(tmp_path, monkeypatch, blind=None):
    """Of all prefixes of a run's operations, all disks of each: what is wrong with it, or None."""
    gan, batches, settings = build("toy")
    log = Log(tmp_path / "run", 16, every=1, sheets=100)
    ends = []  # after so many operations the save of that step had returned
    with recorded(monkeypatch, blind) as events:
        keeper = Keeper(tmp_path / "run")
        save = keeper.save
        keeper.save = lambda training: (save(training), ends.append(len(events)))[0]
        train(gan, batches, STEPS, folder=keeper, save_every=1, watch=log, every=1, **settings)
    assert len(ends) == STEPS and sum(event[0] == "unlink" for event in events) == STEPS - 2
    number = itertools.count()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # going back to an earlier one is what is looked for here
        for i in range(len(events) + 1):
            seen = set()
            for disk in disks(events[:i]):
                key = tuple(sorted(disk.items()))
                if key not in seen:
                    seen.add(key)
                    folder = tmp_path / str(next(number))
                    saved = sum(end <= i for end in ends)
                    yield what_is_wrong(disk, saved, folder)


def test_after_every_operation_the_newest_checkpoint_is_the_last_or_the_one_before(
    tmp_path, monkeypatch
):
    found = list(cut_everywhere(tmp_path, monkeypatch))
    problems = [problem for problem in found if problem]
    print(f"\n{len(found)} disks, {len(problems)} wrong")
    assert len(found) > 60 and problems == []


@pytest.mark.parametrize("blind", ["file", "folder"])
def test_the_model_notices_a_sync_that_is_missing(tmp_path, monkeypatch, blind):
    assert any(cut_everywhere(tmp_path, monkeypatch, blind))
