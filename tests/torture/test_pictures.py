"""Folders of hostile pictures, and mutated pictures without end: read, or refused in one line.

No program is started, nobody waits for a pipe, none takes more than 2 s, or more memory than its
size explains.
"""

import collections
import os
import warnings

import foreign
import pictures
import pytest
from lines import MEMORY, SECONDS, called

from gancourse.data import folders
from gancourse.errors import GanCourseError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SKIPPED: needs fork")
ALL = pytest.param("all", marks=pytest.mark.torture)
LINE = ["train", "--data", "pics", "--size", "16", "--steps", "1", "--batch", "2"]
LINE += ["--width", "4", "--every", "1", "--out", "run"]


@pytest.mark.parametrize("size", ["quick", ALL])
def test_folders_of_odd_pictures(size, tmp_path):
    """Each has two good pictures and something odd; a run of one step is asked for."""
    counts, bad = collections.Counter(), []
    for i, (name, make) in enumerate(pictures.folders()):
        if size == "quick" and i % 10:
            continue
        folder = tmp_path / str(i)
        (folder / "pics").mkdir(parents=True)
        for good in ("good1.png", "good2.png"):
            (folder / "pics" / good).write_bytes(pictures.picture(size=(20, 20)))
        make(folder / "pics")
        size_on_disk = sum(p.stat().st_size for p in (folder / "pics").rglob("*") if p.is_file())
        end = called(LINE, folder)
        counts[end.how] += 1
        harm = {p.name for p in folder.iterdir()} - {"pics", "run", ".out", ".err"}
        # What is not of the folder, a training of one step, took less than 40 MB and a second.
        costly = end.seconds > SECONDS + 1 or end.grown > 2 * size_on_disk + MEMORY + 40e6
        if end.how not in ("done", "refused") or harm or costly:
            bad.append((name, end, harm))
    print(f"\n{sum(counts.values())} folders: {dict(counts)}")
    print(*bad, sep="\n")
    assert not bad
    assert counts["done"] and counts["refused"]


def loaded(path) -> str:
    """What becomes of a folder that holds this picture alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pixels, _, _ = folders.load(os.path.dirname(path), 16, 3)
        except GanCourseError as problem:
            return "refused" if len(str(problem).splitlines()) <= 3 else "traceback: many lines"
        except Exception as problem:
            return f"traceback {type(problem).__name__}: {problem}"
    return "read" if pixels.shape == (1, 16, 16, 3) else f"traceback: shape {pixels.shape}"


@pytest.mark.parametrize("n", [300, pytest.param(5_000, marks=pytest.mark.torture)])
def test_mutated_pictures(n, tmp_path):
    """What is read is a silent difference where the format has no checksum; PNG alone has one."""
    cases = ((kind, content, f"a{suffix}") for kind, suffix, content in pictures.mutants(n, n))
    counts = foreign.judge(cases, tmp_path, batch=100, opened=loaded)
    print(f"\n{sorted(counts.items())}")
    assert {how for _, how in counts} == {"read", "refused"}, counts
    assert sum(counts.values()) == n
