"""Torch's private calls give what the public ones give, bit for bit."""

import copy

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from gancourse.loop import fused


@pytest.fixture
def tensors():
    rng = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=rng) for shape in ((3, 4), (5,), (), (2, 3, 3))]


def test_clamp(tensors):
    expected = [t.clone().clamp_(-0.4, 0.3) for t in tensors]
    fused.clamp_(tensors, -0.4, 0.3)
    assert all(map(torch.equal, tensors, expected))
    assert max(t.abs().max() for t in tensors) == 0.4


def test_lerp(tensors):
    values = [t + torch.ones_like(t) for t in tensors]
    expected = [a.clone().lerp_(v, 0.3) for a, v in zip(tensors, values, strict=True)]
    fused.lerp_(tensors, values, 0.3)
    assert all(map(torch.equal, tensors, expected))


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("place", range(4))
def test_what_is_not_finite_is_noted_and_nothing_changed(tensors, bad, place):
    if bad is not None:
        tensors[place].view(-1)[-1] = bad
    before = copy.deepcopy(tensors)
    found, one = torch.zeros(()), torch.ones(())
    fused.note_what_is_not_finite(tensors, found, one)
    assert bool(found) is any(not t.isfinite().all() for t in tensors) is (bad is not None)
    good = [i for i in range(4) if bad is None or i != place]
    assert all(torch.equal(tensors[i], before[i]) for i in good)


@pytest.mark.parametrize("skip", [0.0, 1.0])
def test_a_fused_optimizer_skips_its_step_while_told_to(skip):
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([weight], lr=0.1, fused=True)
    fused.skip_steps_if(optimizer, torch.tensor(skip))
    weight.grad = torch.ones(3)
    optimizer.step()
    assert torch.equal(weight.detach(), torch.ones(3)) is (skip == 1.0)


def test_operations_are_counted_alike_without_the_list_of_modules():
    net, x, found = torch.nn.Linear(3, 5), torch.ones(7, 3), []
    for without in (False, True):
        counter = FlopCounterMode(display=False)
        if without:
            fused.count_without_modules(counter)
        with counter:
            net(x).sum().backward()
        found.append(counter.get_total_flops())
    assert found[0] == found[1] > 0


def test_all_64_bits_of_a_seed_count():
    def drawn(number):
        with torch.random.fork_rng():
            fused.seed_wholly(number)
            return torch.get_rng_state(), torch.rand(2000), torch.randn(2000)

    with torch.random.fork_rng():
        torch.manual_seed(5)
        assert torch.equal(drawn(5)[1], torch.rand(2000))
    five, other = drawn(5), drawn(5 + 2**32)
    assert not torch.equal(five[0], other[0]) and (five[1] == other[1]).float().mean() < 0.01
    samples = torch.stack([drawn(5 + (i << 32))[1] for i in range(200)])
    assert abs(samples.mean() - 0.5) < 0.005 and abs(samples.std() - 12**-0.5) < 0.005
    correlations = torch.corrcoef(samples) - torch.eye(200)
    assert correlations.abs().max() < 6 / 2000**0.5
