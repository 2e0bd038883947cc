"""The loops that are measured: what work they do."""

import pytest
import torch

from benchmark.harness import CASES
from gancourse.benchmark import measuring, textbook
from gancourse.benchmark.cases import stepping
from gancourse.training import Training


@pytest.mark.parametrize("case", ["dcgan", "wgan-gp", "r1-r2"])
def test_our_loop_does_less_work_for_the_same_losses(case):
    """Counted on the loops: ours has no gradient of D's weights in G's turn."""
    make, shape, loop, optimizer, d_steps = CASES[case]
    batches = [(torch.randn(shape),)] * 5
    printed = measuring.flops(stepping(loop(make(), batches)))
    ours = measuring.flops(Training(make(), batches, d_steps=d_steps).advance)
    unfrozen = measuring.flops(
        stepping(textbook.bare(make(), iter(batches * 2), optimizer, d_steps, freeze=False))
    )
    assert 0 < ours < unfrozen
    if case == "dcgan":
        assert printed == unfrozen
    if case == "wgan-gp":  # the gradients of G's weights in the critic's turns
        assert printed > unfrozen
