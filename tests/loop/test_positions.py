"""Randomness as a function of the position."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gancourse.errors import SEEDS
from gancourse.loop.positions import LAP, mixed, position, reseed


def test_mixing_is_splitmix64_and_looks_at_every_number_and_their_order():
    # The generator's first outputs from seed 0, in the reference implementation by S. Vigna.
    assert mixed(0) == 0xE220A8397B1DCDAF
    assert mixed(0x9E3779B97F4A7C15) == 0x6E789E6AA1B965F4
    assert len({mixed(a, b) for a in range(100) for b in range(100)}) == 10_000
    assert mixed(1, 2) != mixed(2, 1) and mixed(0) != mixed(0, 0)


@pytest.mark.parametrize(
    "make, draw",
    [
        (torch.Generator, lambda g: torch.rand(3, generator=g).tolist()),
        (lambda: random.Random(), lambda g: [g.random() for _ in range(3)]),
        (np.random.RandomState, lambda g: g.rand(3).tolist()),
        (np.random.default_rng, lambda g: g.random(3).tolist()),
        (lambda: np.random.Generator(np.random.MT19937()), lambda g: g.random(3).tolist()),
    ],
)
def test_every_kind_of_generator_is_set(make, draw):
    one, other = make(), make()
    draw(other)
    seed = 2**64 - 3
    assert reseed(one, seed) and reseed(other, seed)
    assert draw(one) == draw(other)
    assert reseed(one, seed - 1) and draw(one) != (reseed(other, seed), draw(other))[1]
    assert not reseed("no generator", seed)


seeds, steps = st.integers(0, SEEDS - 1), st.integers(0, 4096 * LAP - 1)


@given(seeds, st.integers(0, LAP - 1))
def test_an_ordinary_position_is_the_number_that_it_always_was(seed, step):
    assert position(seed, step) == seed * 1_000_003 + step < 2**52


@given(seeds, steps)
def test_seed_and_step_can_be_read_back_so_no_two_positions_are_the_same(seed, step):
    number = position(seed, step)
    lap, number = divmod(number, 2**52)
    assert number < 2**64 and (number // LAP, lap * LAP + number % LAP) == (seed, step)


@pytest.mark.parametrize(
    "one, other",
    [
        ((0, LAP), (1, 0)),  # a long run used to go on as the next seed
        ((4295, 0), (0, 45_589)),
        ((SEEDS - 1, LAP - 1), (0, LAP)),
        ((0, LAP), (0, 0)),
    ],
)
def test_neighbours_and_rounds_have_numbers_of_their_own(one, other):
    assert position(*one) != position(*other)
