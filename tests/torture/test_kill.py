"""Kill anywhere: after ``kill -9`` at any moment, the resumed run ends in the same bits."""

import random

import pytest
from victim import STEPS, deaths, digest

from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper

SIZES = [pytest.param(4, 2, id="quick"), pytest.param(50, 18, id="all", marks=pytest.mark.torture)]


@pytest.mark.parametrize("number, inside", SIZES)
@pytest.mark.parametrize("which", STEPS)
def test_killed_anywhere_and_resumed_ends_in_the_same_bits(which, number, inside, tmp_path, victim):
    """``number`` runs: killed at a random moment, or inside a save; some a second time."""
    rng = random.Random(f"{which} {number}")
    whole = victim.run(which, tmp_path / "whole")
    assert whole["code"] == 0 and whole["step"] == STEPS[which], whole.get("error")
    equal, killed_at = 0, []
    for i, death in enumerate(deaths(which, number, inside, rng, whole["calls"])):
        folder = tmp_path / str(i)
        dead = victim.run(which, folder, seed=2, **death)
        assert dead["code"] == -9, f"{death} did not kill: {dead}"
        killed_at.append(dead["step"])
        if i % 5 == 4:  # again, shortly after it was resumed
            victim.run(which, folder, seed=3, kill=dead["step"] + 1)
        done = victim.run(which, folder, seed=4 + i)
        assert done["code"] == 0, done.get("error")
        equal += done["digest"] == whole["digest"] == digest_of_newest(folder)
        assert not list(folder.glob(".*")), "a half-written file is left"
    print(f"\n{which}: {equal}/{number} equal; killed after steps {sorted(killed_at)}")
    assert equal == number
    assert len(set(killed_at)) > min(number / 4, 2) and min(killed_at) < max(killed_at)


def digest_of_newest(folder):
    path, state = Keeper(folder).newest()
    del state["format"]
    return digest(state)


def test_the_digest_sees_a_single_bit_and_a_missing_key(tmp_path, victim):
    """The comparison itself is not blind."""
    one = victim.run("toy", tmp_path / "one", steps=5)
    two = victim.run("toy", tmp_path / "two", steps=6)
    assert one["digest"] != two["digest"]
    state = checkpoints.load(tmp_path / "one" / "step-00000005.pt")
    before = digest(state)
    name, weight = next(iter(state["gan"].items()))
    weight.view(-1)[0] = weight.view(-1)[0].nextafter(weight.new_tensor(9.0))
    changed = digest(state)
    del state["gan"][name]
    assert len({before, changed, digest(state)}) == 3
