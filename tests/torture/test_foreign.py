"""Checkpoints altered on purpose, with right checksums: refused, or as good as a true one.

None is a raw traceback, a death, a hang, or memory and time beyond what its size explains; and one
that is refused leaves the training as it was.
"""

import itertools
import os

import foreign
import pytest

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="SKIPPED: needs fork"),
    pytest.mark.filterwarnings("ignore"),  # torch's, of the odd tensors that are made here
]
QUICK, ALL = "quick", pytest.param("all", marks=pytest.mark.torture)
#: Classes that only differ in a number, of which nobody can know that it was another.
UNKNOWABLE = {"one number", "swapped", "scalars", "moments", "layout"}


def demand_harmless(counts):
    bad = {key: n for key, n in counts.items() if key[1] not in ("refused", "same", "other")}
    assert not {key: n for key, n in bad.items() if key[1] != "other,"}, bad


@pytest.mark.parametrize("size", [QUICK, ALL])
def test_the_classes_of_the_review(size, tmp_path):
    cases = itertools.islice(foreign.report(), 0, None, 1 if size == "all" else 11)
    counts = foreign.judge(cases, tmp_path)
    print(f"\n{sorted(counts.items())}")
    demand_harmless(counts)
    assert {kind for kind, how in counts if how.startswith("other")} <= UNKNOWABLE
    assert sum(counts.values()) == (638 if size == "all" else 58)


@pytest.mark.parametrize("size", [QUICK, ALL])
def test_mutations_without_end(size, tmp_path):
    """Of bytes, the archive's tables, the pickle's instructions, values, dtypes, shapes."""
    n = {"quick": 300, "all": 10_000}[size]
    counts = foreign.judge(foreign.mutants(seed=n, n=n), tmp_path, batch=100)
    print(f"\n{sorted(counts.items())}")
    demand_harmless(counts)
    assert sum(counts.values()) == n
    # Whoever alters bytes or tables and not the numbers themselves alters no number.
    assert not counts["of_bytes", "other"] and not counts["of_archive", "other"]
    assert sum(v for (_, how), v in counts.items() if how == "refused") > n / 2
