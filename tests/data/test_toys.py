import math

import pytest
import torch

from gancourse.data.toys import grid, ring, spiral, swiss_roll
from gancourse.errors import GanCourseError

TOYS = [ring(), grid(), spiral(), swiss_roll()]


@pytest.mark.parametrize("toy", TOYS, ids=repr)
def test_samples_and_batches(toy):
    assert toy.sample(7).shape == (7, 2)
    assert next(toy.batches(5))[0].shape == (5, 2)
    assert next(toy.batches(5, members=3))[0].shape == (3, 5, 2)
    batches = toy.batches(5)
    assert not torch.equal(next(batches)[0], next(batches)[0])
    assert toy.sample(4000, seed=0).abs().max() < 1.2


@pytest.mark.parametrize("toy", TOYS, ids=repr)
def test_a_seed_repeats_and_leaves_the_global_state_alone(toy):
    state = torch.get_rng_state()
    assert torch.equal(toy.sample(9, seed=4), toy.sample(9, seed=4))
    assert not torch.equal(toy.sample(9, seed=4), toy.sample(9, seed=5))
    assert torch.equal(torch.get_rng_state(), state)


def test_modes_lie_where_they_should():
    means = ring(8).means
    assert torch.allclose(means.norm(dim=1), torch.ones(8))
    assert torch.allclose(means.sum(0), torch.zeros(2), atol=1e-6)
    lattice = grid(5).means
    assert sorted({round(v, 6) for v in lattice.flatten().tolist()}) == [-1, -0.5, 0, 0.5, 1]
    assert len({tuple(p) for p in lattice.tolist()}) == 25
    assert grid(1).means.tolist() == [[0, 0]]


@pytest.mark.parametrize("toy", [ring(), grid()], ids=repr)
def test_own_samples_are_assigned_evenly_and_989_in_1000_lie_within_three_std(toy):
    mode, good = toy.assign(toy.sample(40_000, seed=1))
    share = 1 - math.exp(-9 / 2)
    four_sigma = 4 * (share * (1 - share) / 40_000) ** 0.5
    assert good.double().mean().item() == pytest.approx(share, abs=four_sigma)
    counts = torch.bincount(mode, minlength=toy.modes)
    expected = 40_000 / toy.modes
    assert ((counts - expected) ** 2 / expected).sum() < 3 * toy.modes  # chi square


def test_assign_keeps_the_member_axis():
    mode, good = ring().assign(ring().sample(12).view(3, 4, 2))
    assert mode.shape == good.shape == (3, 4)


def test_density_integrates_to_one():
    toy = ring(8, std=0.1)
    axis = torch.linspace(-2, 2, 201)
    points = torch.cartesian_prod(axis, axis)
    assert (toy.density(points).sum() * 0.02**2).item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [lambda: ring(0), lambda: grid(-1), lambda: ring().sample(0), lambda: next(ring().batches(-4))],
)
def test_bad_counts_are_clear_errors(wrong):
    with pytest.raises(GanCourseError, match="must be a whole number of at least 1"):
        wrong()
