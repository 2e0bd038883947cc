"""The benchmark's loops compute the same; that it is faster is measured, never tested."""

import json

import pytest
import torch
from torch import nn

from gancourse.benchmark import machine, measuring, report, textbook
from gancourse.benchmark.cases import stepping
from gancourse.games import NonSaturating, Relativistic, Wasserstein
from gancourse.gans import GAN
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.penalties import gradient_penalty, r1_r2
from gancourse.training import Training, adam

STEPS = 50


def points():
    torch.manual_seed(0)
    return GAN(NonSaturating(), generator=mlp(2, 2), discriminator=mlp(2, 1), latent_dim=2)


def pictures(game, norm=None):
    """A small DCGAN whose weights are large enough that the losses move."""
    torch.manual_seed(0)
    gan = GAN(
        game,
        generator=dcgan.generator(16, 1, 16, 8),
        latent_dim=16,
        discriminator=dcgan.discriminator(16, 1, 8, norm),
    )
    for layer in gan.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight, 0.2)
    return gan


CASES = {
    "toy": (points, (64, 2), textbook.non_saturating, adam(), 1),
    "dcgan": (
        lambda: pictures(NonSaturating(), "batch"),
        (32, 1, 16, 16),
        textbook.non_saturating,
        adam(),
        1,
    ),
    "wgan-gp": (
        lambda: pictures(Wasserstein(penalty=gradient_penalty(10.0))),
        (32, 1, 16, 16),
        textbook.wasserstein_gp,
        adam(1e-4, (0.0, 0.9)),
        5,
    ),
    "r1-r2": (
        lambda: pictures(Relativistic(penalty=r1_r2(1.0))),
        (32, 1, 16, 16),
        textbook.relativistic,
        adam(1e-4, (0.0, 0.9)),
        1,
    ),
}


def losses(case, dtype, steps, optimizer=None):
    """Both loops from the same state on the same batches and noise: two (2, steps) tensors."""
    make, shape, loop, default, d_steps = CASES[case]
    torch.manual_seed(1)
    batches = [(torch.randn(shape).clamp(-1, 1).to(dtype),) for _ in range(steps * d_steps)]
    printed = loop(make().to(dtype), batches)
    mine = Training(make().to(dtype), batches, optimizer=optimizer or default, d_steps=d_steps)
    torch.set_default_dtype(dtype)  # of the noise that the textbook's loop draws
    try:
        theirs = []
        for step in range(steps):
            torch.manual_seed(step)  # where Training sets it for its seed 0
            theirs.append(next(printed))
        history = mine.advance(steps).history
    finally:
        torch.set_default_dtype(torch.float32)
    return torch.tensor(theirs, dtype=torch.float64).T, torch.stack(list(history)).double()


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


def test_flops_of_a_multiplication():
    """20 x 30 times 30 x 40: 2 * 20 * 30 * 40 operations."""
    a, b = torch.randn(20, 30), torch.randn(30, 40)
    assert measuring.flops(lambda n: a @ b) == 2 * 20 * 30 * 40 / 1e9


@pytest.mark.parametrize("name", ["matmul 8 fp32", "conv 3x3 128-128 fp32"])
def test_the_work_of_the_peak_kernels_is_what_torch_counts(name):
    """Torch also counts the border as if it were inside."""
    call, work = machine.kernels(torch.device("cpu"), 8)[name]
    assert measuring.flops(lambda n: call()) == pytest.approx(work)


def test_turns_are_taken_in_turn_and_begin_with_another():
    order, now = [], [0.0]

    def loop(name, cost):
        def advance(n):
            order.append(name)
            now[0] += n * cost

        return advance

    seconds = measuring.take_turns(
        {"a": (loop("a", 1.0), 4), "b": (loop("b", 3.0), 2)}, 3, lambda: now[0]
    )
    assert order[2:] == ["a", "b", "b", "a", "a", "b"]
    assert seconds == {"a": [1.0] * 3, "b": [3.0] * 3}


def test_what_the_times_say():
    case = {
        "peak": "conv",
        "gan_iterations": {"textbook": 1, "ours": 10},
        "gflop": {"ours": 6.0},
        "seconds": {"textbook": [1.0, 2.0, 4.0], "ours": [1.0, 1.0, 1.0]},
        "kernels": {
            "conv a fp32": [10, 20, 30],
            "conv b fp32": [12, 5, 5],
            "conv b bf16": [99] * 3,
            "matmul 8 fp32": [99] * 3,
        },
    }
    assert report.speedup(case, "ours") == (20, 15, 30)
    assert report.fraction_of_peak(case, "ours") == pytest.approx((0.3, 0.25, 0.4))


def test_a_quick_run_has_the_form_of_a_whole_one(tmp_path):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    result = measuring.run(tmp_path / "there" / "result.json", quick=True, device="cpu")
    assert json.loads((tmp_path / "there" / "result.json").read_text()) == result
    assert threads == torch.get_num_threads() and torch.equal(state, torch.get_rng_state())
    assert result["quick"] and {"cpu", "cores", "torch", "threads"} <= set(result["machine"])
    for case in result["cases"].values():
        assert {len(times) for times in case["seconds"].values()} == {case["turns"]}
        assert all(t > 0 for times in case["seconds"].values() for t in times)
        assert set(case["gflop"]) == set(case["seconds"]) >= {"textbook", "ours", "bare"}
    text = report.table(result)
    assert "measures nothing" in text and "ours, 10 members" in text


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


def test_memory_of_a_process_of_its_own():
    found = machine.memory_of("kept = torch.ones(2**26)")  # 256 MB
    assert found is None or 200 < found < 300
