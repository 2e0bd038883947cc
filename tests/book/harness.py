"""What the tests that build a small book share."""

import subprocess
import sys

from checkout import ROOT


def check(book, *steps):
    """Runs steps of `make test` on another book; (exit status, what they said)."""
    command = [sys.executable, str(ROOT / "tools" / "check.py"), *steps, "--root", str(book)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr
