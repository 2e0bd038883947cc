"""Command lines, each in a forked child: how it ended, in what time and memory, what it started.

A child has its own folder, address space (8 GB) and processor time (a minute). It inherits the
imports, which keeps a line at a tenth of a second. That it waits for ever is seen after two minutes
of the clock, which no line comes near, however busy the machine.
"""

import contextlib
import functools
import io
import mmap
import os
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import NamedTuple

from foreign import STARTS
from forks import fork, tell_where

from gancourse.commands import benchmark, evaluate, log, sample, train  # noqa: F401
from gancourse.commands.main import main

SECONDS, MEMORY, PATIENCE = 2.0, 50e6, 120


class End(NamedTuple):
    """``how``: done, refused (status 2, one to three lines), stopped, or what must not be."""

    how: str
    status: int
    out: str
    err: str
    seconds: float
    grown: int


class Line:
    """A command line under way: ``end()`` waits for it."""

    def __init__(self, line, folder: Path, before=None, stdout: int | None = None, name: str = ""):
        """What it says goes to files in ``folder``; of two at once each has a ``name``."""
        self.folder, self.board = Path(folder), mmap.mmap(-1, 64)
        self.out, self.err = self.folder / f".out{name}", self.folder / f".err{name}"
        warm()
        sys.stdout.flush()
        self.pid = fork()
        if self.pid == 0:
            code = 70
            try:
                code = self._child([os.fsdecode(str(word)) for word in line], before, stdout)
            except BaseException:
                traceback.print_exc()
                code = 1
            finally:
                sys.stderr.flush()
                os._exit(code)

    def _child(self, line, before, stdout) -> int:
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.chdir(self.folder)
        for number, path in ((1, self.out), (2, self.err)):
            os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), number)
        if stdout is not None:
            os.dup2(stdout, 1)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="strict", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
        tell_where(PATIENCE / 2)
        warnings.simplefilter("default")  # told, as to a person, and no error, as to a test
        sys.addaudithook(lambda event, _: self._note_start(event))
        began, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if before is not None:
            before()
        try:
            return main(line)
        except SystemExit as leaving:
            return leaving.code if isinstance(leaving.code, int) else 1
        finally:
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
            struct.pack_into("<dq", self.board, 8, time.process_time() - began, grown * 1024)

    def _note_start(self, event: str) -> None:
        if event in STARTS:
            self.board[0] = 1

    def end(self) -> End:
        until, status = time.monotonic() + PATIENCE, None
        while status is None:
            pid, found = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                status = os.waitstatus_to_exitcode(found)
            elif time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                return End("hang", -9, *self._said(), PATIENCE, 0)
            else:
                time.sleep(0.002)
        seconds, grown = struct.unpack_from("<dq", self.board, 8)
        return End(self._how(status), status, *self._said(), seconds, grown)

    def _how(self, status: int) -> str:
        out, err = self._said()
        if self.board[0]:
            return "started a program"
        if "Traceback" in err or status == 1:
            return "traceback"
        if status < 0:
            return "hang" if -status == signal.SIGXCPU else "death"
        lines = err.strip().splitlines()
        if status == 2:
            plain = all(text.isprintable() for text in lines)
            told = lines and lines[-2 if lines[-1].startswith("Fix") else -1].startswith("error: ")
            return (
                "refused" if told and plain and len(lines) <= 3 + err.count("Warning") else "form"
            )
        return {0: "done"}.get(status, "stopped")

    def _said(self) -> tuple[str, str]:
        found = (
            p.read_text("utf-8", "replace") if p.exists() else "" for p in (self.out, self.err)
        )
        out, err = found
        return out, err


@functools.cache
def warm() -> None:
    """Do once in this process what each child would do: imports on first use, a second of them."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        for i, data in enumerate((["digits"], ["ring"])):
            out = f"{folder}/{i}"
            line = ["--steps", "1", "--batch", "2", "--width", "4", "--every", "1"]
            assert main(["train", "--data", *data, *line, "--out", out]) == 0
        assert main(["sample", out, "--n", "2", "--walks", "1", "--out", folder]) == 0
        assert main(["evaluate", out, "--n", "100"]) == 0


def called(line, folder: Path, before=None, stdout: int | None = None) -> End:
    """The end of one command line, called in ``folder``."""
    return Line(line, folder, before, stdout).end()
