"""Too little memory: told before the fact, recognised after it, and nothing else taken for it."""

import os

import pytest
import torch

from gancourse.commands import memory


def test_more_than_the_machine_has_is_refused_and_half_of_it_is_not():
    installed = memory._installed()
    assert installed <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    memory.demand(installed // 8)
    with pytest.raises(MemoryError):
        memory.demand(installed // 4 + 1)
    with pytest.raises(MemoryError):
        memory.demand(10**30)  # past every integer of torch


def test_a_system_that_does_not_say_still_has_a_bound(monkeypatch):
    monkeypatch.delattr(os, "sysconf")
    memory.demand(10**9)
    with pytest.raises(MemoryError):
        memory.demand(10**18)


@pytest.mark.parametrize(
    "provoke",
    [lambda: torch.empty(10**15), lambda: torch.zeros(10**8, 10**6), lambda: [0] * 10**15],
    ids=["a tensor", "a matrix", "a list"],
)
def test_the_real_errors_of_this_machine_are_recognised(provoke):
    """If torch words its error otherwise one day, this is the test that says so."""
    with pytest.raises((MemoryError, RuntimeError)) as problem:
        provoke()
    assert memory.ran_out(problem.value)


def test_a_gpu_says_it_by_type():
    assert memory.ran_out(torch.OutOfMemoryError("whatever it says"))


def test_the_word_memory_alone_means_nothing():
    for problem in (
        RuntimeError("a non-contiguous memory format"),
        ValueError("DefaultCPUAllocator"),
        NotImplementedError("DefaultCPUAllocator"),
    ):
        assert not memory.ran_out(problem)


def test_what_a_container_or_a_limit_leaves_is_all_there_is(tmp_path, monkeypatch):
    said, silent = tmp_path / "memory.max", tmp_path / "other"
    said.write_text("8000000\n")
    silent.write_text("max\n")
    monkeypatch.setattr(memory, "CONTAINERS", (silent, tmp_path / "none", said))
    memory.demand(2_000_000)
    with pytest.raises(MemoryError):
        memory.demand(2_000_001)
    monkeypatch.setattr(memory, "CONTAINERS", ())
    monkeypatch.setattr(memory.resource, "getrlimit", lambda _: (4000, 8000))
    memory.demand(1000)
    with pytest.raises(MemoryError):
        memory.demand(1001)
