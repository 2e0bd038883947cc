"""Chapter 09: what it concludes, from the committed measurements and the printed outputs."""

import math

import pytest

from gancourse.experiments.measured import measured
from outputs import numbers, paired, printed, row

LAB = measured("face_coverage")
ABLATIONS, REPAINTED = LAB["ablations"], LAB["repainted"]
RECIPE = "all guidelines"
BLIND = "batch norm also at D's input"
START, MOMENTUM = "conv weights ~ N(0, 0.2)", "beta1 = 0.9"
mean = lambda values: sum(values) / len(values)
clean = lambda name: [run["high_quality"] for run in ABLATIONS[name]]
modes = lambda name: [run["modes"] for run in ABLATIONS[name]]


def all_lower(name, key):
    """Is every seed of this ablation below the same seed of the recipe?"""
    return all(a < b for a, b in zip(key(name), key(RECIPE), strict=True))


@pytest.mark.claim("dcgan-falls-apart", text="05547f82")
def test_momentum_and_large_weights_leave_hardly_a_clean_face():
    """Each seed: less than one clean face in ten, less than half of the forty modes."""
    for name in (START, MOMENTUM):
        assert max(clean(name)) < 0.1 < min(clean(RECIPE)) and max(modes(name)) < 20


@pytest.mark.claim("dcgan-clearly-worse", text="7fbec5b2")
def test_what_is_clearly_worse():
    """Every seed loses by both counts; the mean number of modes falls by 30 % or more."""
    for name in ("no batch norm in D", "no batch norm in G", "dense layers in G and D"):
        assert all_lower(name, clean) and all_lower(name, modes)
        assert mean(modes(name)) < 0.7 * mean(modes(RECIPE))


@pytest.mark.claim("dcgan-some-loss", text="fd1d7318")
def test_what_costs_something():
    """Every seed is lower in what the sentence names; with the small scales the means are."""
    for name in ("max pooling in D", "no tanh at G's output", "PyTorch's default start"):
        assert all_lower(name, clean)
    assert all_lower("batch norm also at G's output", modes)
    small = "BN weights ~ N(0, 0.02)"
    assert mean(modes(small)) < mean(modes(RECIPE)) and max(modes(small)) <= min(modes(RECIPE))
    assert mean(clean(small)) < mean(clean(RECIPE))
    assert mean(clean("max pooling in D")) < 0.7 * mean(clean(RECIPE))
    assert 0.75 < mean(clean("PyTorch's default start")) / mean(clean(RECIPE)) < 0.9


@pytest.mark.claim("dcgan-input-blind", text="58a017d6")
def test_no_clean_face_with_batch_norm_at_the_input():
    """Three seeds of 2000 samples, none clean."""
    assert clean(BLIND) == [0, 0, 0] and LAB["meta"]["settings"]["samples"] == 2000


@pytest.mark.claim("dcgan-no-difference", text="b82c4d66")
def test_relu_and_no_momentum_make_no_difference():
    """Paired differences with their intervals, which contain zero."""
    found = [
        [round(x, 2) for x in paired(clean(name), clean(RECIPE))]
        for name in ("ReLU in D", "beta1 = 0")
    ]
    assert found == [[-0.04, 0.10], [-0.02, 0.18]]


@pytest.mark.claim("dcgan-deviations", text="d6203db9")
def test_the_papers_rate_and_memory_in_short_runs():
    """The slow rate reaches less than half of the modes; beta2 costs a third of the clean faces."""
    assert max(modes("lr = 0.0002")) < 20 and max(clean("lr = 0.0002")) < 0.5 * min(clean(RECIPE))
    assert mean(clean("beta2 = 0.999")) / mean(clean(RECIPE)) == pytest.approx(2 / 3, abs=0.05)


@pytest.mark.claim("dcgan-spectral-faces", text="9456b901")
def test_spectral_norm_cannot_be_told_from_the_recipe():
    """A few more modes on average, no more clean faces, and both intervals contain zero."""
    name = "spectral norm, hinge (own lr, betas)"
    for key in (clean, modes):
        gap, half = paired(key(name), key(RECIPE))
        assert abs(gap) < half
    assert 2 < mean(modes(name)) - mean(modes(RECIPE)) < 5 and mean(clean(name)) < mean(
        clean(RECIPE)
    )


@pytest.mark.claim("dcgan-repainted", text="8c124a91")
def test_one_affine_map_a_colour_brings_the_faces_back():
    """From none to the numbers told; the paired difference with the recipe contains zero."""
    before, after = ([run[when] for run in REPAINTED[BLIND]] for when in ("before", "after"))
    assert max(run["high_quality"] for run in before) < 0.002
    found = [run["high_quality"] for run in after]
    assert (round(min(found), 2), round(max(found), 2)) == (0.21, 0.37)
    assert min(run["modes"] for run in after) == 31
    recipe = [run["before"]["high_quality"] for run in REPAINTED[RECIPE]]
    assert (round(min(recipe), 2), round(max(recipe), 2)) == (0.30, 0.35)
    gap, half = paired(found, recipe)
    assert abs(gap) < half


@pytest.mark.claim("dcgan-not-repainted", text="a0054137")
def test_the_map_does_not_mend_the_others():
    """After the map no seed of large weights or of much momentum comes over the numbers told."""
    after = [run["after"] for name in (START, MOMENTUM) for run in REPAINTED[name]]
    assert round(max(run["high_quality"] for run in after), 2) == 0.17
    assert max(run["modes"] for run in after) == 19
    least = min(run["after"]["high_quality"] for run in REPAINTED[RECIPE])
    assert max(run["high_quality"] for run in after) < 0.6 * least


@pytest.mark.claim("dcgan-losses-mislead", text="b6faf93b")
def test_the_losses_of_the_second_half():
    """From step 400 on D is surer, fakes pass more rarely, and more of them are clean."""
    lines = printed("09", "recent = slice(max(step - last, 0), step)").splitlines()
    table = [numbers(line) for line in lines][-3:]
    assert [line[0] for line in table] == [400, 800, 1600]
    for column, sign in [(2, 1), (4, -1), (5, 1)]:
        values = [sign * line[column] for line in table]
        assert values == sorted(set(values))


@pytest.mark.claim("dcgan-jsd-bound", text="cf71c382")
def test_the_bound_on_the_divergence_is_nearly_its_most():
    """The printed loss and bound, and the one from the other."""
    text = printed("09", "so JSD >= ")
    (loss,), bound = row(text, "L_D on fresh pictures:"), row(text, "so JSD >=")
    assert loss == pytest.approx(0.29, abs=0.02) and bound[0] == pytest.approx(0.55, abs=0.01)
    assert bound[0] == pytest.approx((math.log(4) - loss) / 2, abs=0.01)
    assert bound[0] / math.log(2) == pytest.approx(0.8, abs=0.02)


@pytest.mark.claim("dcgan-no-memory-in-d", text="fb1ebac8")
def test_d_says_the_same_of_new_faces():
    """Two hundredths at most between faces trained on and never seen; the fakes are far below."""
    text = printed("09", "def verdicts(D, pictures)")
    known, new, fake = (row(text, n)[0] for n in ("trained on", "never seen", "generated"))
    assert abs(known - new) < 0.025 and fake < 0.5 < new


@pytest.mark.claim("dcgan-five-seeds", text="6a8bbfc5")
def test_five_seeds_cover_most_modes():
    """Four of five runs reach 39 or 40 modes, one misses seven; half of the faces are clean."""
    found = sorted(run["modes"] for run in LAB["runs"])
    assert found[0] == 33 and min(found[1:]) >= 39 and len(found) == 5
    assert mean([run["high_quality"] for run in LAB["runs"]]) == pytest.approx(0.5, abs=0.03)
    assert round(LAB["real"]["high_quality"], 2) == 0.95


@pytest.mark.claim("dcgan-line-middle", text="d1032676")
def test_the_middle_of_a_line_is_shorter_than_any_noise():
    """In 100 dimensions, and in neither 32 nor 2."""
    lines = printed("09", '"shortest", "lerp(½)"').splitlines()
    shorter = {}
    for line in lines:
        dimension, _, _, shortest, middle, _ = numbers(line)
        shorter[int(dimension)] = middle < shortest
    assert shorter == {2: False, 32: False, 100: True}


@pytest.mark.claim("dcgan-midpoints", text="0e20d9cd")
def test_midpoints_of_lines_vary_less_and_are_no_less_clean():
    """The spread falls on the line only; the share of clean faces does not."""
    text = printed("09", "spread between faces")
    ends, arc, line = (row(text, n) for n in ("ends", "slerp(½)", "lerp(½)"))
    assert line[1] < 0.9 * ends[1] and arc[1] == pytest.approx(ends[1], abs=0.01)
    assert line[0] >= ends[0]


@pytest.mark.claim("dcgan-no-copies", text="1ae819f5")
def test_fakes_are_farther_from_the_training_set_than_new_faces():
    """At the smallest distance and at every printed quantile."""
    text = printed("09", "fake_distance, neighbour = nearest(")
    real, fake = (row(text, name) for name in ("never seen", "generated"))
    assert len(real) == 4 and all(f > r for f, r in zip(fake, real, strict=True))


@pytest.mark.claim("dcgan-digits-no-copies", text="663134db")
def test_all_ten_digits_occur_and_none_is_a_copy():
    """Both generators: every digit has a share, shares differ, distances exceed the real ones."""
    text = printed("09", "nearest(pictures, train_digits[:])")
    real = row(text, "never seen")
    for name in ("DCGAN", "spectral"):
        smallest, median, *shares = row(text, name)
        assert smallest > real[0] and median > real[1]
        assert len(shares) == 10 and min(shares) > 0 and max(shares) > 1.5 * min(shares)


@pytest.mark.claim("dcgan-random-features", text="5c9005d7")
def test_a_random_discriminator_does_as_well():
    """Both columns: above the raw pixels by more than three points, below the trained by less."""
    text = printed("09", "def probe(features, n):")
    raw, random, *learnt = (
        row(text, n) for n in ("raw pixels", "random D", "DCGAN's D", "spectral-norm D")
    )
    for column in (0, 1):
        assert min(x[column] for x in [random, *learnt]) > raw[column] + 3
        assert random[column] > max(x[column] for x in learnt) - 3
