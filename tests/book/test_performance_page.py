"""The performance page shows the file of measurements, and complains about what is missing."""

import copy
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import ROOT
from performance import FILES, TABLES, Missing, read, text

LOOPS = ("textbook", "ours", "ours bf16", "bare")


def measured():
    """A small result of the right form."""
    case = {
        "title": "A case",
        "turns": 3,
        "steps": 2,
        "peak": "conv",
        "gan_iterations": dict.fromkeys(LOOPS, 1),
        "gflop": dict.fromkeys(LOOPS, 5.0),
        "seconds": {
            "textbook": [0.3] * 3,
            "ours": [0.2] * 3,
            "ours bf16": [0.1] * 3,
            "bare": [0.16] * 3,
        },
        "kernels": {"conv fp32": [100.0] * 3, "conv bf16": [200.0] * 3},
        "memory": {"textbook": 123.4, "ours": 77.0},
    }
    tricks = case | {
        "seconds": {"bare": [0.2] * 3, "D not frozen": [0.25] * 3},
        "gan_iterations": {"bare": 1, "D not frozen": 1},
    }
    names = ("dcgan-32", "dcgan-64", "toy", "wgan-gp", "r1-r2")
    return {
        "device": "cpu",
        "quick": False,
        "load": [0.1, 0.2],
        "cpu_seconds": 99.0,
        "machine": {
            "cpu": "a fine CPU",
            "cores": 2,
            "capability": "AVX2",
            "system": "Linux",
            "python": "3",
            "torch": "2",
            "threads": 1,
        },
        "cases": {name: copy.deepcopy(case) for name in names} | {"tricks": tricks},
    }


def quality():
    curve = [{"cpu_seconds": 5.0, "step": 9, "frechet": 31.5}]
    pictures = {"held_out": {"frechet": 11.0}, "runs": [{"seed": 1, "curve": curve}]}
    points = {
        "target": {"modes": 8, "high_quality": 0.95, "cpu_seconds": 5},
        "passed": 9,
        "of": 10,
        "cpu_seconds_a_seed": 4.2,
    }
    return {"ring-8": points, "grid-25": points, "digits": pictures, "faces": pictures}


@pytest.fixture
def page(tmp_path):
    """The Markdown of a table, from a benchmark.json and a quality.json changed at will."""
    for path in FILES.values():
        (tmp_path / path).parent.mkdir(parents=True)

    def make(table, benchmark=None, judged=None):
        (tmp_path / FILES["benchmark"]).write_text(json.dumps(benchmark or measured()))
        (tmp_path / FILES["quality"]).write_text(json.dumps(judged or quality()))
        return text(tmp_path, table)

    return make


@pytest.mark.parametrize(
    "table, shown",
    [
        ("machine", "a fine CPU"),
        ("machine", "load average 0.1 at the start and 0.2 at the end"),
        ("speed", "| this package | 200.00 | **1.50** (1.50–1.50) | 5 | **25** (25–25) |"),
        ("speed", "| this package bf16 | 100.00 | **3.00** (3.00–3.00) | 5 | **25** (25–25) |"),
        ("wrapper", "| A case | **+25.0** (+25.0 to +25.0) |"),
        ("tricks", "| D not frozen | **1.25** (1.25–1.25) |"),
        ("kernels", "| conv bf16 | **200** (200–200) |"),
        ("memory", "| the tutorial's loop | 123 | 123 |"),
        ("quality", "**9** of 10 | 4.2 (aim 5)"),
        ("quality", "| 5.0 | **31.5** (31.5–31.5) |"),
    ],
)
def test_a_table_shows_what_was_measured(page, table, shown):
    assert shown in page(table)


def test_another_number_changes_the_page(page):
    changed = measured()
    changed["cases"]["dcgan-32"]["seconds"]["ours"] = [0.1] * 3
    for table in ("speed", "wrapper"):
        assert page(table, changed) != page(table)
    judged = quality()
    judged["ring-8"]["passed"] = 3
    assert "**3** of 10" in page("quality", judged=judged)


@pytest.mark.parametrize(
    "table, path",
    [
        ("machine", ["machine", "cpu"]),
        ("machine", ["load"]),
        ("speed", ["cases", "toy"]),
        ("speed", ["cases", "toy", "title"]),
        ("tricks", ["cases", "tricks", "seconds"]),
        ("kernels", ["cases", "dcgan-32", "kernels"]),
        ("memory", ["cases", "wgan-gp", "memory"]),
        ("wrapper", ["cases", "toy", "gan_iterations"]),
    ],
)
def test_a_missing_field_is_named(page, table, path):
    spoilt = measured()
    inner = spoilt
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    with pytest.raises(Missing, match=f"benchmark.json.* has no field '{path[-1]}'"):
        page(table, spoilt)


def test_files_that_are_not_there(tmp_path):
    assert "Not measured yet" in text(tmp_path, "quality")
    with pytest.raises(Missing, match="python -m gancourse benchmark"):
        text(tmp_path, "speed")


def test_the_page_uses_every_table():
    source = (ROOT / "appendix/performance.md").read_text("utf-8")
    assert re.findall(r"```\{performance\} (\w+)\n", source) == list(TABLES)


@pytest.mark.skipif(
    read(ROOT, "benchmark") is None,
    reason="SKIPPED: no benchmark.json yet: run python -m gancourse benchmark",
)
def test_the_committed_file_fills_every_table():
    for table in TABLES:
        assert text(ROOT, table)
    result = read(ROOT, "benchmark")
    assert not result["quick"] and result["machine"]["threads"] == 1


@pytest.mark.parametrize("spoil, said", [(None, None), ("title", "has no field 'title'")])
def test_in_a_book(small_book, spoil, said):
    """The page builds; with a field taken out the build stops and names it."""
    book = small_book
    shutil.copy(ROOT / "appendix/performance.md", book / "intro.md")
    target = book / FILES["benchmark"]
    target.parent.mkdir(parents=True)
    result = measured()
    if spoil:
        del result["cases"]["toy"][spoil]
    target.write_text(json.dumps(result))
    (book / "_toc.yml").write_text("format: jb-book\nroot: intro\n")
    config = (book / "_config.yml").read_text("utf-8")
    if "performance: _ext" not in config:
        (book / "_config.yml").write_text(
            config.replace("    errata: _ext\n", "    errata: _ext\n    performance: _ext\n")
        )
    program = Path(sys.executable).parent / "jupyter-book"
    run = subprocess.run(
        [program, "build", str(book), "-W", "-n", "--keep-going"], capture_output=True, text=True
    )
    page = book / "_build/html/intro.html"
    if said:
        assert run.returncode and said in run.stdout + run.stderr
    else:
        assert run.returncode == 0, run.stdout + run.stderr
        assert "a fine CPU" in page.read_text() and "Not measured yet" in page.read_text()
