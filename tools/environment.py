"""Makes the course's own virtual environment in .venv (run by ``make``; needs only Python).

    python tools/environment.py         all that the checks need
    python tools/environment.py book    what builds the book: no torch, a tenth of the size

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
NEEDED_GB = {"book": 1, "all": 3}
CUDA_GB = 6
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Written by tools/lock.py; the book's is a part of the first.
LOCK, CUDA_LOCK = "requirements.lock", "requirements-cuda.lock"
BOOK_LOCK = "requirements-book.lock"
INPUTS = {
    "all": [LOCK, CUDA_LOCK, "pyproject.toml"],
    "book": [BOOK_LOCK, "pyproject.toml"],
}
STAMPS = {"all": "installed.txt", "book": "installed-book.txt"}
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


def check_space(folder, needed):
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed:
        raise SetupError(
            "the disk is too full: %.1f GB free in %s, about %g GB needed; "
            "free some space and run the same command again" % (free, folder, needed)
        )


def explain(log):
    """The one line for a failed pip, from what it wrote."""
    if any(sign in log for sign in DISK_FULL):
        return "the disk is full; free about %d GB and run the same command again" % CUDA_GB
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


def fingerprint(root, what):
    """Changes when what is to be installed, or where, or by which Python, changes."""
    digest = hashlib.sha256(repr((root, sys.version_info[:3])).encode())
    for name in INPUTS[what]:
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


def is_ready(root, what):
    """Whether .venv holds what is wanted, as it is wanted now."""
    stamp = os.path.join(root, ".venv", STAMPS[what])
    if not (os.path.exists(stamp) and os.path.exists(executable(root))):
        return False
    with open(stamp) as stream:
        return stream.read() == fingerprint(root, what)


def make(root, what="all"):
    """Brings .venv up to date for "all" or the "book"; returns at once where it already is."""
    check_python(sys.version_info, os.environ.get("PATH", ""))
    if is_ready(root, "all") or is_ready(root, what):
        return
    python = executable(root)
    check_venv_module()
    check_space(root, NEEDED_GB[what])
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
    install(root, python, what)
    with open(os.path.join(root, ".venv", STAMPS[what]), "w") as stream:
        stream.write(fingerprint(root, what))


def install(root, python, what):
    """The packages of the lock, each by its hash, then this project itself."""
    log = os.path.join(root, ".venv", "setup.log")
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    pip += ["--no-compile", "--no-deps"]  # Python compiles what is imported; the lock is complete
    locked = pip + ["--require-hashes", "--only-binary", ":all:", "-r"]
    if what == "book":
        run_logged(locked + [os.path.join(root, BOOK_LOCK)], "packages", log)
    else:
        install_torch_for_cpus(root, python, locked, log)
        run_logged(locked + [os.path.join(root, LOCK)], "packages", log)
        if runs([python, "-c", ASKS_FOR_CUDA]):
            check_space(root, CUDA_GB)
            run_logged(locked + [os.path.join(root, CUDA_LOCK)], "CUDA's libraries", log)
    run_logged(pip + ["--no-build-isolation", "-e", root], "gancourse", log)


def locked_lines(lock, name):
    """One package of a lock file: the line that names it and those with its hashes."""
    with io.open(lock, encoding="utf-8") as stream:
        found = re.search(
            r"^%s==.*(?:\n    --hash=.*)*" % re.escape(name), stream.read(), re.MULTILINE
        )
    return found.group() if found else ""


def install_torch_for_cpus(root, python, locked, log):
    """Torch's small build, where there is no GPU and something at hand offers it; by its hash.

    For Linux the registry has only the build for GPUs, 0.5 GB and 3 GB of CUDA's libraries; the
    one for CPUs, with the same version, is 0.2 GB. It comes from where this machine's pip is set
    up to look, else from where uv knows that torch's authors keep it. If it is in neither place,
    nothing is installed here, and the next step takes the build that the registry has.
    """
    torch = locked_lines(os.path.join(root, LOCK), "torch")
    if not (torch and sys.platform.startswith("linux")) or runs(["nvidia-smi"]):
        return
    folder = tempfile.mkdtemp(dir=os.path.join(root, ".venv"))
    only_torch, only_uv = os.path.join(folder, "torch.txt"), os.path.join(folder, "uv.txt")
    for path, lines in [
        (only_torch, torch.replace(" \\", "+cpu \\", 1)),
        (only_uv, locked_lines(os.path.join(root, LOCK), "uv")),
    ]:
        with io.open(path, "w", encoding="utf-8") as stream:
            stream.write(lines)
    backend = [python, "-m", "uv", "pip", "install", "--python", python, "--no-deps"]
    backend += ["--torch-backend", "cpu", "--require-hashes", "-r", only_torch]
    try:
        if not tried(locked + [only_torch], "torch", log) and tried(locked + [only_uv], "uv", log):
            tried(backend, "torch", log)
    finally:
        shutil.rmtree(folder)


def tried(command, title, log):
    """Whether a command succeeds that need not."""
    try:
        run_logged(command, title, log)
    except SetupError:
        return False
    return True


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
        make(ROOT, sys.argv[1] if len(sys.argv) > 1 else "all")
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
