"""Randomness as a function of the position: numbers for generators, mixed from whole numbers."""

import random

import numpy as np
import torch

_MASK = 2**64 - 1
#: Steps of one seed before the numbers of the next one begin.
LAP = 1_000_003


def position(seed: int, step: int) -> int:
    """A whole number below 2**64, another one for every ``seed`` below 2**32 and every ``step``.

    Each seed has the next ``LAP`` numbers for its steps. A run that is longer goes round among its
    own, and the bits from 52 on, which no seed reaches, count the rounds (up to 4,096 of them).
    """
    lap, step = divmod(step, LAP)
    return (lap << 52 | seed * LAP + step) & _MASK


def mixed(*numbers: int) -> int:
    """64 bits that depend on every one of the ``numbers``, and on their order.

    Each is taken in by a round of SplitMix64 (Steele, Lea and Flood, 2014), which maps 64 bits
    one to one: what differs in the last number alone never gets the same result.
    """
    state = 0
    for number in numbers:
        z = ((state ^ number) + 0x9E3779B97F4A7C15) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        state = z ^ (z >> 31)
    return state


def seed_everything(seed: int) -> None:
    """Set the random states of torch (on the CPU), of Python and of NumPy.

    ``seed`` may have 64 bits, as :func:`mixed` gives them: Python takes all, torch and NumPy the
    lower 32. That two given places of a run get the same of these has a chance of 1 in 2**32, and
    then one batch is shuffled or altered as another one was; what users say is a seed, below 2**32.
    """
    torch.default_generator.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)


def reseed(generator, seed: int) -> bool:
    """Set a generator that someone holds; false if ``generator`` is none."""
    if isinstance(generator, torch.Generator):
        generator.manual_seed(seed)
    elif isinstance(generator, random.Random):
        generator.seed(seed)
    elif isinstance(generator, np.random.RandomState):
        generator.seed(seed % 2**32)
    elif isinstance(generator, np.random.Generator):
        bits = generator.bit_generator
        bits.state = type(bits)(seed).state
    else:
        return False
    return True
