"""One run, one owner: the lock on a run's folder."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from subprocess import PIPE

import pytest

from gancourse.errors import GanCourseError
from gancourse.saving.lock import RunLock

HOLD = """
import sys
from pathlib import Path
from gancourse.saving.lock import RunLock
with RunLock(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_it_says_who_holds_it_and_is_gone_at_the_end(tmp_path):
    lock = RunLock(tmp_path / "run")
    with lock.held(), lock.held():
        said = json.loads(lock.path.read_text())
        assert (said["host"], said["pid"]) == (socket.gethostname(), os.getpid())
        assert said["since"].startswith("20")
    assert not list((tmp_path / "run").iterdir())


def test_another_holder_is_refused_and_named_even_in_this_process(tmp_path):
    told = f"in use by process {os.getpid()} on .* since"
    with (
        RunLock(tmp_path).held(),
        pytest.raises(GanCourseError, match=told),
        RunLock(tmp_path).held(),
    ):
        raise AssertionError("two holders")
    with RunLock(tmp_path).held():
        pass


def test_a_killed_holder_stands_in_nobodys_way(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdin=PIPE, stdout=PIPE)
    with child:
        assert child.stdout.readline() == b"held\n"
        with (
            pytest.raises(GanCourseError, match=f"process {child.pid} on"),
            RunLock(tmp_path).held(),
        ):
            raise AssertionError("two holders")
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert (tmp_path / "run.lock").exists()
    with RunLock(tmp_path).held():
        assert json.loads((tmp_path / "run.lock").read_text())["pid"] == os.getpid()


def test_of_many_that_ask_at_once_one_gets_it(tmp_path):
    """Removing the file at the end opens no gap: 20 rounds of 8 threads, never two inside."""
    inside, most, refused = [], [], []

    def ask():
        for _ in range(20):
            try:
                with RunLock(tmp_path).held():
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
            except GanCourseError:
                refused.append(1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) + len(refused) == 160 and set(most) == {1}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "host": "\\u001b[2J"}']
)
def test_whatever_the_file_says_is_told_in_two_lines_without_escape_codes(tmp_path, text):
    with RunLock(tmp_path).held():
        (tmp_path / "run.lock").write_text(text)
        with pytest.raises(GanCourseError, match="in use by") as error, RunLock(tmp_path).held():
            raise AssertionError("two holders")
    assert len(str(error.value).splitlines()) == 2 and "\x1b" not in str(error.value)


@pytest.mark.skipif(os.name != "posix", reason="SKIPPED: links and pipes of a POSIX system")
@pytest.mark.parametrize("planted", ["symlink", "hard link", "pipe", "folder"])
def test_nothing_but_a_file_of_its_own_is_opened(tmp_path, planted):
    diary, lock = tmp_path / "diary", tmp_path / "run" / "run.lock"
    diary.write_text("dear")
    lock.parent.mkdir()
    {
        "symlink": lambda: lock.symlink_to(diary),
        "hard link": lambda: lock.hardlink_to(diary),
        "pipe": lambda: os.mkfifo(lock),
        "folder": lock.mkdir,
    }[planted]()
    with (
        pytest.raises(GanCourseError, match="no regular file of its own"),
        RunLock(lock.parent).held(),
    ):
        raise AssertionError("held")
    assert diary.read_text() == "dear"


def test_a_folder_that_cannot_be_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "run", tmp_path / ("a" * 300)):
        with pytest.raises(GanCourseError, match="cannot be written to"), RunLock(folder).held():
            raise AssertionError("held")
