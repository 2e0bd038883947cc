"""Chapter 4: what it concludes from its experiments, from their files and what cells have printed."""

import math

import pytest

from gancourse.experiments.measured import measured
from outputs import numbers, paired, printed

LAB, REPAIR = measured("vae_gan"), measured("mh_gan")
FACES, DIGITS, CHANGES = LAB["faces"], LAB["digits"], LAB["changes"]


def of(rows, kind, key):
    return [row[kind][key] for row in rows]


def mean(values):
    return sum(values) / len(values)


@pytest.mark.claim("vae-collapse", text="")
def test_codes_die_above_the_threshold():
    """The printed table: KL together, the linear prediction and the error at each noise."""
    text = printed("04", "def small(sigma")
    table = {row[0]: row for row in map(numbers, text.splitlines()[2:])}
    noise, first, second, together, linear, error = table[1.0]
    assert first > 0.1 and second < 0.05
    assert together == pytest.approx(linear, abs=0.06) and linear > 0.15
    for sigma in (1.4, 5.66):
        assert table[sigma][3] < 0.01 and table[sigma][4] == 0
        assert table[sigma][5] == pytest.approx(7.803 / 64, abs=1e-3)  # the mean digit's
    assert noise == 1 and error < table[1.4][5]
    assert table[0.25][3] > table[0.25][4]  # a network beats the linear decoder, and pays more


@pytest.mark.claim("vae-prior-blurs", text="")
def test_samples_from_the_prior_blur():
    """Every seed on faces; the modes of both models, seed by seed."""
    assert max(of(FACES["vae"], "prior", "sharp")) < 0.5
    gap, half = paired(of(FACES["gan"], "prior", "modes"), of(FACES["vae"], "prior", "modes"))
    assert gap - half > 0


@pytest.mark.claim("vae-codes-sharp", text="")
def test_the_same_decoder_is_sharp_on_codes():
    """Every seed, on pictures that were held out."""
    assert min(of(FACES["vae"], "reconstructions", "sharp")) > 0.75
    assert min(of(DIGITS["vae"], "reconstructions", "sharp")) > 0.75


@pytest.mark.claim("vae-refit", text="")
def test_a_better_law_of_codes_mends_the_samples():
    """Each seed of the mixture beside the same seed's prior, and the GAN's modes."""
    for row in FACES["vae"]:
        assert row["prior"]["frechet"] > 900 and row["mixture"]["frechet"] < 60
        assert row["mixture"]["sharp"] - row["prior"]["sharp"] > 0.2
        assert row["mixture"]["modes"] == 40
    assert mean(of(FACES["vae"], "prior", "sharp")) == pytest.approx(0.45, abs=0.005)
    assert mean(of(FACES["vae"], "mixture", "sharp")) == pytest.approx(0.72, abs=0.005)
    assert mean(of(FACES["gan"], "prior", "modes")) == pytest.approx(33, abs=0.5)


@pytest.mark.claim("vae-share", text="")
def test_how_much_of_the_way_the_mixture_goes():
    """Edges on faces, seed by seed."""
    for row in FACES["vae"]:
        low, mixed, high = (row[k]["sharp"] for k in ("prior", "mixture", "reconstructions"))
        assert 0.75 < (mixed - low) / (high - low) < 1


@pytest.mark.claim("vae-gan-frechet", text="")
def test_who_is_ahead_depends_on_the_measure():
    """Differences seed by seed, with their intervals."""
    for data in (FACES, DIGITS):
        gap, half = paired(of(data["gan"], "prior", "frechet"), of(data["vae"], "mixture", "frechet"))
        assert gap - half > 0
    gap, half = paired(of(FACES["gan"], "prior", "sharp"), of(FACES["vae"], "mixture", "sharp"))
    assert gap - half > 0


@pytest.mark.claim("vae-information", text="")
def test_most_of_the_kl_is_no_information():
    """The KL on training pictures, each seed, less the logarithm of their number."""
    for row in FACES["vae"]:
        assert row["kl_of_training"] - math.log(9500) > 90
    assert mean([row["kl_of_training"] for row in FACES["vae"]]) == pytest.approx(101, abs=0.5)


@pytest.mark.claim("mh-repairs", text="")
def test_a_calibrated_judge_repairs_every_generator():
    """All six, with 640 offers, beside their own samples before."""
    after, before = REPAIR["calibrated"][-1], REPAIR["before"]
    assert after["offers"] == 640
    rises = [a - b for a, b in zip(after["high_quality"], before["high_quality"], strict=True)]
    assert min(rises) > 0.6 and set(after["modes"]) == {25.0}
    assert mean(before["high_quality"]) == pytest.approx(0.12, abs=0.005)
    assert mean(after["high_quality"]) == pytest.approx(0.87, abs=0.005)


@pytest.mark.claim("mh-own-judge", text="")
def test_the_own_discriminator_does_nothing():
    """All six, with 640 offers; the share of accepted proposals."""
    after, before = REPAIR["own discriminator"][-1], REPAIR["before"]
    pairs = zip(after["high_quality"], before["high_quality"], strict=True)
    assert max(abs(a - b) for a, b in pairs) < 0.05
    assert mean(after["accepted"]) == pytest.approx(0.9, abs=0.05)


@pytest.mark.claim("mh-calibration", text="")
def test_acceptance_tells_whether_the_judge_is_calibrated():
    """What passed over what the area under the curve promises, for each generator."""
    ratios = {
        judge: [a / b for a, b in zip(row["accepted"], row["promised"], strict=True)]
        for judge in ("calibrated", "trained afterwards")
        for row in [REPAIR[judge][-1]]
    }
    assert all(0.9 < ratio < 1.1 for ratio in ratios["calibrated"])
    assert min(ratios["trained afterwards"]) > 1.25
    assert mean(ratios["trained afterwards"]) == pytest.approx(2, abs=0.1)
