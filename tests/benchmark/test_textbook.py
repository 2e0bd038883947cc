"""The textbook's loops and ours compute the same losses."""

import pytest
import torch

from benchmark.harness import CASES, STEPS, losses
from gancourse.benchmark import textbook
from gancourse.training import Training, adam


@pytest.mark.parametrize("case", ["toy", "dcgan", "r1-r2"])
def test_the_losses_of_50_steps_are_the_textbooks(case):
    """Freezing D, channels_last, the fused optimizer and one call of D change only rounding."""
    theirs, ours = losses(case, torch.float32, STEPS)
    assert (theirs.std(1) > 1e-3).all()  # they do move
    assert (theirs - ours).abs().max() < 1e-5


def test_wgan_gp_is_the_same_over_50_turns_of_the_critic():
    theirs, ours = losses("wgan-gp", torch.float32, STEPS // 5)
    assert (theirs.std(1) > 1e-3).all() and (theirs - ours).abs().max() < 1e-5


@pytest.mark.parametrize("case", CASES)
def test_in_double_precision_all_50_steps_agree(case):
    """Longer than 50 turns a penalty in fp32 drifts: its gradient jumps where a unit switches.

    In fp64 nothing is left but the fp32 in which the history is kept.
    """
    theirs, ours = losses(case, torch.float64, STEPS)
    assert ((theirs - ours).abs() <= 2e-7 * theirs.abs().clamp(min=1)).all()


def test_another_learning_rate_would_be_noticed():
    theirs, ours = losses("dcgan", torch.float32, STEPS, optimizer=adam(2.02e-4))
    assert (theirs - ours).abs().max() > 1e-4


@pytest.mark.parametrize(
    "switches", [{}, {"freeze": False}, {"read": True}, {"layout": torch.contiguous_format}]
)
def test_the_bare_loop_is_ours(switches):
    mine, bare = CASES["dcgan"][0](), CASES["dcgan"][0]()
    torch.manual_seed(1)
    batches = [(torch.randn(32, 1, 16, 16).clamp(-1, 1),) for _ in range(3)]
    Training(mine, batches).advance(3)
    loop = textbook.bare(bare, batches, adam(), **switches)
    for step in range(3):
        torch.manual_seed(step)
        next(loop)
    for a, b in zip(mine.parameters(), bare.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)
