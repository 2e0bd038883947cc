"""What a machine can do, and how much memory a process has held."""

import pytest
import torch

from gancourse.benchmark import machine, measuring


@pytest.mark.parametrize("name", ["matmul 8 fp32", "conv 3x3 128-128 fp32"])
def test_the_work_of_the_peak_kernels_is_what_torch_counts(name):
    """Torch also counts the border as if it were inside."""
    call, work = machine.kernels(torch.device("cpu"), 8)[name]
    assert measuring.flops(lambda n: call()) == pytest.approx(work)


def test_memory_of_a_process_of_its_own():
    found = machine.memory_of("kept = torch.ones(2**26)")  # 256 MB
    assert found is None or 200 < found < 300
