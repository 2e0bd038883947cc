"""Makes the course's own virtual environment in .venv (run by ``make``; needs only Python).

Run again it costs nothing; interrupted, it goes on where it was. Whatever goes wrong ends in one
line that says what to do. Written so that an old Python, too, gets as far as its line.
"""

from __future__ import print_function

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

OLDEST = (3, 11)
NEEDED_GB = 3
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOCK, CUDA_LOCK = "requirements.lock", "requirements-cuda.lock"  # written by tools/lock.py
INPUTS = [LOCK, CUDA_LOCK, "pyproject.toml"]
DISK_FULL = ["No space left on device", "Errno 28", "Disk quota exceeded"]
NO_NETWORK = [
    "NewConnectionError",
    "Failed to establish a new connection",
    "ConnectTimeoutError",
    "Temporary failure in name resolution",
    "Network is unreachable",
    "getaddrinfo failed",
    "ReadTimeoutError",
    "Read timed out",
    "Connection refused",
    "ProxyError",
    "SSLError",
    "Max retries exceeded",
    "RemoteDisconnected",
    "IncompleteRead",
    "(from versions: none)",
]
CHANGED = ["THESE PACKAGES DO NOT MATCH THE HASHES"]
# Exit status 0 where the torch that is installed asks for CUDA's libraries; its build for CPUs,
# which has the same version, asks for none.
ASKS_FOR_CUDA = """
import sys
from importlib.metadata import requires
names = [line.lower() for line in requires("torch") or []]
sys.exit(not any(name.startswith(("nvidia", "cuda", "triton")) for name in names))
"""


class SetupError(Exception):
    """Set-up cannot go on; the message says what is wrong and what to do."""


def newer_pythons(path):
    """Names of usable interpreters on PATH, newest first."""
    names = ["python3.%d" % minor for minor in range(15, OLDEST[1] - 1, -1)]
    return [name for name in names if runs([name, "--version"], path)]


def check_python(version, path):
    if tuple(version[:2]) >= OLDEST:
        return
    found = newer_pythons(path)
    fix = "run: make book PYTHON=" + found[0] if found else "install a newer Python 3"
    raise SetupError(
        "Python %d.%d or newer is needed, this is %d.%d; %s"
        % (OLDEST + tuple(version[:2]) + (fix,))
    )


def check_venv_module(modules=("venv", "ensurepip")):
    for name in modules:
        try:
            __import__(name)
        except ImportError:
            raise SetupError(
                "this Python has no module %r; "
                "on Debian or Ubuntu run: apt install python3-venv" % name
            )


def check_space(folder, needed=NEEDED_GB):
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed:
        raise SetupError(
            "the disk is too full: %.1f GB free in %s, about %g GB needed; "
            "free some space and run the same command again" % (free, folder, needed)
        )


def explain(log):
    """The one line for a failed pip, from what it wrote."""
    if any(sign in log for sign in DISK_FULL):
        return "the disk is full; free about %d GB and run the same command again" % NEEDED_GB
    if any(sign in log for sign in NO_NETWORK):
        return (
            "no network: pip cannot reach its package index; connect and run the same command again"
        )
    if any(sign in log for sign in CHANGED):
        return (
            "a package that pip found is not the one in %s: its hash differs; "
            "if you trust it, run: make lock" % LOCK
        )
    errors = [line for line in log.splitlines() if line.startswith("ERROR")]
    return errors[0] if errors else "pip failed"


def fingerprint(root):
    """Changes when what is to be installed, or where, or by which Python, changes."""
    digest = hashlib.sha256(repr((root, sys.version_info[:3])).encode())
    for name in INPUTS:
        with open(os.path.join(root, name), "rb") as stream:
            digest.update(stream.read())
    return digest.hexdigest()


def executable(root):
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(root, ".venv", folder, name)


def runs(command, path=None):
    """Whether a command exists and succeeds."""
    variables = dict(os.environ, PATH=path) if path else None
    try:
        with open(os.devnull, "w") as nowhere:
            return subprocess.call(command, stdout=nowhere, stderr=nowhere, env=variables) == 0
    except OSError:
        return False


class Progress(object):
    """A sign of life per phase: what it is doing now, and at its end how long it took."""

    def __init__(self, title):
        self.title, self.doing, self.begin = title, "", time.time()
        self.live = sys.stdout.isatty()
        self.over = threading.Event()
        self.clock = threading.Thread(target=self.tick)

    def __enter__(self):
        self.clock.start()
        return self

    def tick(self):
        """Renews one line on a terminal; elsewhere adds a line every fifteen seconds."""
        while not self.over.wait(0.5 if self.live else 15):
            self.say("%s (%.0f s)" % (self.doing[:50], time.time() - self.begin))

    def say(self, text, end=""):
        line = "  %s: %s" % (self.title, text)
        sys.stdout.write("\r\033[K" + line + end if self.live else line + "\n")
        sys.stdout.flush()

    def __exit__(self, kind, error, trace):
        self.over.set()
        self.clock.join()
        outcome = "stopped" if kind else "done"
        self.say("%s after %.0f s" % (outcome, time.time() - self.begin), end="\n")


def run_logged(command, title, log_path):
    """Runs a command with its output in a file, its progress in one line."""
    lines = []
    with Progress(title) as progress, open(log_path, "a") as log:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            errors="replace",
            cwd=ROOT,
        )
        assert process.stdout is not None  # it is a pipe
        for line in process.stdout:
            log.write(line)
            lines.append(line)
            words = line.split()
            if words and words[0] in ("Collecting", "Downloading", "Building"):
                progress.doing = " ".join(words[:2])
            elif words and words[0] == "Installing":
                progress.doing = "unpacking files"
        process.stdout.close()
        if process.wait() != 0:
            raise SetupError("%s\n  (the whole log: %s)" % (explain("".join(lines)), log_path))


def make(root):
    """Brings .venv up to date; returns at once where it already is."""
    check_python(sys.version_info, os.environ.get("PATH", ""))
    stamp = os.path.join(root, ".venv", "installed.txt")
    wanted, python = fingerprint(root), executable(root)
    if os.path.exists(stamp) and os.path.exists(python):
        with open(stamp) as stream:
            if stream.read() == wanted:
                return
    check_venv_module()
    check_space(root)
    print("Setting up .venv (once; a few minutes)")
    if not runs(
        [
            python,
            "-c",
            "import pip; import sys; sys.exit(sys.version_info[:2] != %r)"
            % (tuple(sys.version_info[:2]),),
        ]
    ):
        create(root)
    install(root, python)
    with open(stamp, "w") as stream:
        stream.write(wanted)


def install(root, python):
    """The packages of the lock, each by its hash, then this project itself."""
    log = os.path.join(root, ".venv", "setup.log")
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    pip += ["--no-compile", "--no-deps"]  # Python compiles what is imported; the lock is complete
    locked = pip + ["--require-hashes", "--only-binary", ":all:", "-r"]
    install_torch_at_hand(root, pip, log)
    run_logged(locked + [os.path.join(root, LOCK)], "packages", log)
    if runs([python, "-c", ASKS_FOR_CUDA]):
        run_logged(locked + [os.path.join(root, CUDA_LOCK)], "CUDA's libraries", log)
    run_logged(pip + ["--no-build-isolation", "-e", root], "gancourse", log)


def install_torch_at_hand(root, pip, log):
    """The build of torch that this machine prefers, if the lock knows its hash.

    Asked for hashes, pip takes a build from the registry before one that lies in a folder of the
    machine, and on Linux that is 4 GB of CUDA's libraries in place of 0.2 GB for CPUs. A build
    that the lock does not know is not installed: the next step takes one that it knows.
    """
    with io.open(os.path.join(root, LOCK), encoding="utf-8") as stream:
        known = stream.read()
    pin = re.search(r"^torch==[\w.]+", known, re.MULTILINE)
    if not pin:
        return
    folder = tempfile.mkdtemp(dir=os.path.join(root, ".venv"))
    download = [pip[0], "-m", "pip", "download", "--disable-pip-version-check", "--no-deps"]
    try:
        run_logged(download + ["-d", folder, pin.group()], "torch", log)
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if "--hash=sha256:" + file_hash(path) in known:
                run_logged(pip + ["--no-index", path], "torch", log)
    finally:
        shutil.rmtree(folder)


def file_hash(path):
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def create(root):
    """A new environment in place of a missing, half-made or foreign one."""
    import venv

    try:
        with Progress("virtual environment"):
            venv.create(os.path.join(root, ".venv"), clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        output = getattr(error, "output", b"") or b""
        raise SetupError(explain("%s\n%s" % (error, output.decode("utf-8", "replace"))))


def main():
    try:
        make(ROOT)
    except SetupError as error:
        sys.exit("\nset-up stopped: %s" % error)
    except KeyboardInterrupt:
        sys.exit("\nset-up interrupted; the same command goes on from here")
    except OSError as error:
        sys.exit(
            "\nset-up stopped: %s" % explain(str(error))
            if error.errno == 28
            else "\nset-up stopped: %s" % error
        )


if __name__ == "__main__":
    main()
