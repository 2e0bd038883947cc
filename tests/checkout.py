"""Where this checkout is, and what the machine under it has."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="SKIPPED: node is not installed")
needs_browser = pytest.mark.skipif(not CHROMIUM, reason="SKIPPED: chromium is not installed")

#: What the file of a chapter begins with.
FRONT_MATTER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""
