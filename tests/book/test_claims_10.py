"""Chapter 10: what it concludes from its measurements, from the committed numbers."""

import pytest

from gancourse.experiments.measured import measured
from outputs import paired, printed, row

SHIFT, LOTS = measured("normalization")["shift"], measured("normalization")["noise"]
GOOD = {name: run["good"] for name, run in measured("normalization")["gan"].items()}
FACES = measured("face_coverage")["ablations"]
mean = lambda values: sum(values) / len(values)


def best(kind, key):
    """The numbers of the seeds at this network's best rate."""
    return SHIFT[kind]["rates"][str(SHIFT[kind]["best_rate"])][key]


@pytest.mark.claim("norm-penalty-factor", text="57b1e0b8")
def test_batch_norm_changes_the_penalty_by_more_than_three():
    """The printed penalties: with batch norm they differ, without it and with layer norm not."""
    table = printed("10", "theory.influence(D, x)")
    for name in ("no norm", "layer norm"):
        *_, summed, alone = row(table, name)
        assert summed == alone
    *_, summed, alone = row(table, "batch norm")
    assert summed > 3 * alone


@pytest.mark.claim("norm-live-run", text="4fdc6c85")
def test_at_a_rate_of_a_tenth_only_the_plain_network_fails():
    """The printed losses of three seeds: near that of guessing or nan, against below 0.5."""
    lines = printed("10", "def training_loss(kind").splitlines()
    losses = (line.split("   ") for line in lines)
    values = {kind: [float(v) for v in found] for kind, *found in losses}
    assert all(not v < 1.5 for v in values["plain"])  # nan, too
    assert max(values["batch norm"] + values["noisy"]) < 0.5


@pytest.mark.claim("norm-shift-reduced", text="a7fbf007")
def test_batch_norm_shifts_less_and_learns_fastest():
    """Drift below the plain network's always, the cosine above it from the second moment on."""
    plain, norm = SHIFT["plain"], SHIFT["batch norm"]
    assert max(norm["drift"]) < min(plain["drift"])
    higher = [a > b for a, b in zip(norm["turn"], plain["turn"], strict=True)]
    assert higher == [False] + [True] * (len(higher) - 1)
    for other in ("plain", "noisy"):
        for key in ("halfway", "settled"):
            gap, half = paired(best("batch norm", key), best(other, key))
            assert gap + half < 0


@pytest.mark.claim("norm-noisy-shifts-most", text="e1dfb513")
def test_the_noisy_network_shifts_most():
    """At every moment of the measurement, by both measures."""
    noisy = SHIFT["noisy"]
    for kind in ("plain", "batch norm"):
        assert min(noisy["drift"]) > 2 * max(SHIFT[kind]["drift"])
        assert max(noisy["turn"]) < min(SHIFT[kind]["turn"])


@pytest.mark.claim("norm-noisy-beats-plain", text="81a1a8e5")
def test_the_noisy_network_beats_the_plain_one():
    """Paired over the seeds, at the best rates, which are best by either way of choosing."""
    gap, half = paired(best("noisy", "settled"), best("plain", "settled"))
    assert (round(gap, 3), round(half, 3)) == (-0.052, 0.018)
    gap, half = paired(best("noisy", "accuracy"), best("plain", "accuracy"))
    assert (round(100 * gap, 1), round(100 * half, 1)) == (2.2, 1.7)
    for runs in SHIFT.values():
        chosen = max(runs["rates"], key=lambda rate: mean(runs["rates"][rate]["accuracy"]))
        assert float(chosen) == runs["best_rate"]


@pytest.mark.claim("norm-noisy-near-batch-norm", text="acf59478")
def test_the_noisy_network_comes_close_to_batch_norm():
    """Paired over the seeds: no difference in accuracy that can be told, a little in the loss."""
    gap, half = paired(best("batch norm", "accuracy"), best("noisy", "accuracy"))
    assert (round(100 * gap, 1), round(100 * half, 1)) == (0.4, 0.4)
    gap, half = paired(best("noisy", "settled"), best("batch norm", "settled"))
    assert (round(gap, 3), round(half, 3)) == (0.015, 0.014)


@pytest.mark.claim("norm-noisy-rates", text="174d0998")
def test_the_noisy_network_bears_high_rates():
    """No seed of it diverges at 0.1 and 0.3, some of the plain one do; at 0.003 the plain leads."""
    accuracy = {
        kind: {rate: run["accuracy"] for rate, run in SHIFT[kind]["rates"].items()}
        for kind in ("plain", "noisy")
    }
    for rate in ("0.1", "0.3"):
        assert None in SHIFT["plain"]["rates"][rate]["loss"]
        assert None not in SHIFT["noisy"]["rates"][rate]["loss"]
        assert min(accuracy["noisy"][rate]) > 0.8
    ahead = {
        rate: mean(accuracy["plain"][rate]) > mean(accuracy["noisy"][rate])
        for rate in accuracy["plain"]
    }
    assert [rate for rate in ahead if ahead[rate]] == ["0.003"]
    gap, half = paired(accuracy["plain"]["0.003"], accuracy["noisy"]["0.003"])
    assert gap > half


def test_the_slip_of_the_exercise():
    """Without the mean stretch the same weights read fewer digits than the plain network."""
    slip = best("noisy", "slip")
    gap, half = paired(slip["accuracy"], best("plain", "accuracy"))
    assert gap + half < 0
    assert round(mean(slip["accuracy"]), 3) == 0.905 and round(mean(slip["settled"]), 2) == 0.35
    assert round(mean(best("noisy", "loss")), 2) == 0.21
    assert round(mean(best("noisy", "accuracy")), 3) == 0.964


@pytest.mark.claim("norm-noise-regularises-nothing", text="c62e1a49")
def test_the_noise_of_the_statistics_regularises_nothing():
    """Paired with lots of 128: no lot reads more new digits by more than the interval."""
    losses = [mean(run["train_loss"]) for run in LOTS.values()]
    assert losses == sorted(losses)
    gaps = {lot: paired(LOTS[lot]["accuracy"], LOTS["128"]["accuracy"]) for lot in LOTS}
    points = [[round(100 * x, 1) for x in gaps[lot]] for lot in ("32", "8")]
    assert points == [[0.1, 0.7], [-0.7, 0.6]]
    assert gaps["2"][0] < gaps["4"][0] < gaps["8"][0]
    assert not any(gap > half for lot, (gap, half) in gaps.items() if lot != "128")


@pytest.mark.claim("norm-apart-fails", text="08aebbff")
def test_apart_fails_and_together_works():
    """Every seed of the one below every seed of the other, in both sizes of D."""
    for apart, together in [
        ("real and fake apart", "together in both turns"),
        ("smaller D: apart", "smaller D: together"),
    ]:
        assert max(GOOD[apart]) < 0.02 < 0.1 < min(GOOD[together])


@pytest.mark.claim("norm-one-turn-fails", text="5a85eea1")
def test_together_in_one_turn_fails():
    """No good digit in any seed, and a loss of D near 0."""
    run = measured("normalization")["gan"]["together in D's turn only"]
    assert run["good"] == [0] * 8 and max(run["d_loss"]) < 0.01


@pytest.mark.claim("norm-none-best", text="881e5859")
def test_no_batch_norm_in_d_is_ahead():
    """Paired differences with "together", in both sizes of D, and the highest means."""
    both = [("no batch norm in D", "together in both turns")]
    both += [("smaller D: no batch norm", "smaller D: together")]
    found = [[round(x, 2) for x in paired(GOOD[a], GOOD[b])] for a, b in both]
    assert found == [[0.22, 0.07], [0.07, 0.06]]
    small = {name: mean(g) for name, g in GOOD.items() if name.startswith("smaller")}
    large = {name: mean(g) for name, g in GOOD.items() if name not in {*small, "real"}}
    assert max(small, key=small.get) == both[1][0] and max(large, key=large.get) == both[0][0]


@pytest.mark.claim("norm-none-worse-on-faces", text="64a96553")
def test_on_the_faces_no_batch_norm_in_d_was_worse():
    """Every seed below every seed of the recipe, in clean faces and in modes."""
    for key in ("high_quality", "modes"):
        none, recipe = (
            [run[key] for run in FACES[name]] for name in ("no batch norm in D", "all guidelines")
        )
        assert max(none) < min(recipe)


@pytest.mark.claim("norm-input-together", text="117edd24")
def test_together_batch_norm_at_the_input_does_no_harm():
    """The paired difference does not fall below zero by more than a hundredth."""
    gap, half = paired(GOOD["together, also at D's input"], GOOD["together in both turns"])
    assert gap - half > -0.01


@pytest.mark.claim("norm-output-modes", text="83e749df")
def test_batch_norm_at_the_output_costs_modes_on_the_faces():
    """The six numbers, and each seed below its own."""
    with_it = [run["modes"] for run in FACES["batch norm also at G's output"]]
    without = [run["modes"] for run in FACES["all guidelines"]]
    assert (with_it, without) == ([30, 30, 32], [34, 39, 34])
    assert max(with_it) < min(without)


@pytest.mark.claim("norm-output-digits", text="d0b4c226")
def test_batch_norm_at_the_output_shows_nothing_on_the_digits():
    """The interval of the paired difference contains zero."""
    gap, half = paired(GOOD["together, also at G's output"], GOOD["together in both turns"])
    assert (round(gap, 2), round(half, 2)) == (-0.02, 0.05)
