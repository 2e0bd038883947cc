"""A failing disk: the earlier checkpoint stays as it was, nothing is left over, the error says why.

Faults are put in at every call of a save; a real full disk is ``/dev/full`` and a limit on the size
of files, a real read-only folder is one that another user owns (nothing is forbidden to root).
"""

import errno
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
import torch

from gancourse.errors import GanCourseError
from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper

STATE = {"step": 1, "weights": torch.arange(40_000.0)}
TEXT = {
    errno.ENOSPC: "the disk is full",
    errno.EACCES: "no permission",
    errno.EROFS: "the folder is read-only",
    errno.EIO: "input/output error",
}


class FailingFile:
    """A file in which one method fails, at its ``n``-th call."""

    def __init__(self, file, method, error, n=1):
        self.file, self.method, self.error, self.calls = file, method, error, n

    def __getattr__(self, name):
        if name != self.method:
            return getattr(self.file, name)
        self.calls -= 1
        if self.calls < 0:
            raise self.error
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.file.close()


def inject(monkeypatch, site, error):
    def fail(*args, **kwargs):
        raise error

    if site in ("write", "write later", "flush"):
        method, n = site.split()[0], 3 if "later" in site else 0
        open_ = open
        monkeypatch.setattr(
            checkpoints,
            "open",
            lambda path, mode: (
                FailingFile(open_(path, mode), method, error, n)
                if "x" in mode
                else open_(path, mode)
            ),
            raising=False,
        )
    elif site == "verify":
        monkeypatch.setattr(zipfile.ZipFile, "testzip", fail)
    elif site == "folder fsync":
        fsync, folders = os.fsync, os.path.isdir
        monkeypatch.setattr(
            os,
            "fsync",
            lambda handle: fail() if folders(f"/proc/self/fd/{handle}") else fsync(handle),
        )
    else:
        monkeypatch.setattr(os, site, fail)


@pytest.mark.parametrize("number", TEXT)
@pytest.mark.parametrize(
    "site", ["write", "write later", "flush", "fsync", "verify", "replace", "folder fsync"]
)
def test_a_fault_at_any_point_of_a_save(site, number, tmp_path, monkeypatch):
    earlier = checkpoints.save(tmp_path / "step-00000001.pt", STATE)
    before = earlier.read_bytes()
    path = tmp_path / "step-00000002.pt" if site == "folder fsync" else earlier
    with monkeypatch.context() as patch:
        inject(patch, site, OSError(number, os.strerror(number)))
        with pytest.raises(GanCourseError) as error:
            checkpoints.save(path, {**STATE, "step": 2})
    text = str(error.value)
    assert str(path) in text and len(text.splitlines()) <= 3
    if site != "verify":  # there the archive is what is wrong, whatever the reason
        assert TEXT[number] in text
    assert earlier.read_bytes() == before
    assert not list(tmp_path.glob(".*")), "something is left"
    assert Keeper(tmp_path).newest()[1]["step"] in (1, 2)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="SKIPPED: needs /proc")
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_network_folder_that_cannot_sync_is_no_fault(number, tmp_path, monkeypatch):
    inject(monkeypatch, "folder fsync", OSError(number, "Invalid argument"))
    assert checkpoints.load(checkpoints.save(tmp_path / "a.pt", STATE))["step"] == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="SKIPPED: there is no /dev/full here")
def test_a_really_full_disk(tmp_path, monkeypatch):
    path = checkpoints.save(tmp_path / "a.pt", STATE)
    before = path.read_bytes()
    open_ = open
    monkeypatch.setattr(checkpoints, "open", lambda path, mode: open_("/dev/full", "wb"), False)
    with pytest.raises(GanCourseError, match="the disk is full.*untouched"):
        checkpoints.save(path, {**STATE, "step": 2})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def script(text, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        text=True,
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


LIMITED = """
import resource, sys, torch
from pathlib import Path
from gancourse.saving import checkpoints
from gancourse.errors import GanCourseError
path, state = Path(sys.argv[1]), {"step": 1, "weights": torch.arange(40_000.0)}
before = checkpoints.save(path, state).read_bytes()
hard, kept, said = resource.getrlimit(resource.RLIMIT_FSIZE)[1], 0, 0
for i in range(20):
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) * i // 20, hard))
    try:
        checkpoints.save(path, {**state, "step": 2})
    except GanCourseError as problem:
        said += "the disk is full" in str(problem) and len(str(problem).splitlines()) <= 3
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    kept += path.read_bytes() == before and len(list(path.parent.iterdir())) == 1
print(kept, said)
"""


def test_twenty_limits_on_the_size_of_a_file(tmp_path):
    assert script(LIMITED, tmp_path / "a.pt").split() == ["20", "20"]


READ_ONLY = """
import os, sys, torch
from pathlib import Path
from gancourse.saving import checkpoints
from gancourse.errors import GanCourseError
folder, state = Path(sys.argv[1]), {"step": 1, "weights": torch.arange(1000.0)}
path = checkpoints.save(folder / "a.pt", state)
before = path.read_bytes()
secret = checkpoints.save(folder / "secret.pt", state)
torch.save(state, os.devnull)
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
else:
    secret.chmod(0)
os.umask(0)
for act in (lambda: checkpoints.save(path, state), lambda: checkpoints.save(folder / "b.pt", state),
            lambda: checkpoints.save(folder / "new" / "c.pt", state),
            lambda: checkpoints.load(secret)):
    try:
        act()
        print("no error")
    except GanCourseError as problem:
        print("no permission" in str(problem) and len(str(problem).splitlines()) <= 3)
print(path.read_bytes() == before, sorted(p.name for p in folder.iterdir()))
"""


def test_a_read_only_folder_and_an_unreadable_file():
    with tempfile.TemporaryDirectory() as outer:
        os.chmod(outer, 0o755)
        folder = Path(outer, "run")
        folder.mkdir()
        text = READ_ONLY.replace(
            "if os.geteuid()", "secret.chmod(0); folder.chmod(0o555)\nif os.geteuid()"
        )
        try:
            assert script(text, folder).splitlines() == ["True"] * 4 + [
                "True ['a.pt', 'secret.pt']"
            ]
        finally:
            folder.chmod(0o755)


def test_what_a_killed_process_has_left_is_swept_up(tmp_path):
    left = tmp_path / ".a.pt.999999.tmp"
    left.write_bytes(b"half")
    other = tmp_path / ".b.pt.999999.tmp"
    other.write_bytes(b"half")
    checkpoints.save(tmp_path / "a.pt", STATE)
    assert not left.exists() and other.exists()


@pytest.mark.parametrize("path", [None, 3, b"x", "a\0b", "a" * 5000, "/", "", "/dev/null/x.pt"])
def test_impossible_paths_are_one_clear_error(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for act in (lambda: checkpoints.save(path, STATE), lambda: checkpoints.load(path)):
        with pytest.raises(GanCourseError) as error:
            act()
        assert len(str(error.value).splitlines()) <= 3
