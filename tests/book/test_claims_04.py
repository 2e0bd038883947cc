"""Chapter 4: what it concludes from its experiments, from their files and its cells."""

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


def prices():
    """Of each noise the KL of both units: by theory, of a linear decoder, of a network; error."""
    text = printed("04", "def small(sigma")
    table = {row[0]: row[1:] for row in map(numbers, text.splitlines()) if len(row) == 8}
    return {s: (row[:2], row[2:4], row[4:6], row[6]) for s, row in table.items()}


@pytest.mark.claim("vae-collapse-linear", text="5a9acc54")
def test_linear_decoders_pay_what_the_theory_says():
    """The printed table, at all five noises, of which two are above the threshold."""
    assert set(prices()) == {0.25, 0.6, 1.0, 1.4, 5.66}
    for sigma, (theory, found, _, _) in prices().items():
        assert found == pytest.approx(theory, abs=0.1)
        assert (theory == [0, 0]) == (sigma > 1.3)


@pytest.mark.claim("vae-collapse", text="9afa32c8")
def test_codes_die_above_the_threshold():
    """The printed table; the error of the mean digit is the variance of the pixels."""
    for sigma in (1.4, 5.66):
        _, _, network, error = prices()[sigma]
        assert max(network) < 0.005 and error == pytest.approx(7.803 / 64, abs=1e-3)
    for sigma in (0.25, 0.6):
        theory, _, network, _ = prices()[sigma]
        assert min(network) > 0.3 and sum(network) > sum(theory) + 0.1


@pytest.mark.claim("vae-prior-blurs", text="9c4389f5")
def test_samples_from_the_prior_blur():
    """Every seed on faces; the modes of both models, seed by seed."""
    assert max(of(FACES["vae"], "prior", "sharp")) < 0.5
    gap, half = paired(of(FACES["gan"], "prior", "modes"), of(FACES["vae"], "prior", "modes"))
    assert gap - half > 0


@pytest.mark.claim("vae-codes-sharp", text="8e246efe")
def test_the_same_decoder_is_sharp_on_codes():
    """Every seed, on pictures that were held out."""
    assert min(of(FACES["vae"], "reconstructions", "sharp")) > 0.75
    assert min(of(DIGITS["vae"], "reconstructions", "sharp")) > 0.75


@pytest.mark.claim("vae-refit", text="93076aa8")
def test_a_better_law_of_codes_mends_the_samples():
    """Each seed of the mixture beside the same seed's prior, and the GAN's modes."""
    for row in FACES["vae"]:
        assert row["prior"]["frechet"] > 900 and row["mixture"]["frechet"] < 60
        assert row["mixture"]["sharp"] - row["prior"]["sharp"] > 0.2
        assert row["mixture"]["modes"] == 40
    assert mean(of(FACES["vae"], "prior", "sharp")) == pytest.approx(0.45, abs=0.005)
    assert mean(of(FACES["vae"], "mixture", "sharp")) == pytest.approx(0.72, abs=0.005)
    assert mean(of(FACES["gan"], "prior", "modes")) == pytest.approx(33, abs=0.5)


@pytest.mark.claim("vae-share", text="aeb3bf7b")
def test_how_much_of_the_way_the_mixture_goes():
    """Edges on faces, seed by seed."""
    for row in FACES["vae"]:
        low, mixed, high = (row[k]["sharp"] for k in ("prior", "mixture", "reconstructions"))
        assert 0.75 < (mixed - low) / (high - low) < 1


@pytest.mark.claim("vae-gan-frechet", text="c0e5c511")
def test_who_is_ahead_depends_on_the_measure():
    """Differences seed by seed, with their intervals."""
    for data in (FACES, DIGITS):
        gap, half = paired(
            of(data["gan"], "prior", "frechet"), of(data["vae"], "mixture", "frechet")
        )
        assert gap - half > 0
    gap, half = paired(of(FACES["gan"], "prior", "sharp"), of(FACES["vae"], "mixture", "sharp"))
    assert gap - half > 0


@pytest.mark.claim("vae-information", text="2944026b")
def test_most_of_the_kl_is_no_information():
    """The KL on training pictures, each seed, less the logarithm of their number."""
    for row in FACES["vae"]:
        assert row["kl_of_training"] - math.log(9500) > 90
    assert mean([row["kl_of_training"] for row in FACES["vae"]]) == pytest.approx(101, abs=0.5)


@pytest.mark.claim("vae-changes", text="5bde9d8d")
def test_the_law_of_the_codes_matters_whatever_is_changed():
    """Every change, by its means over seeds, and the unchanged VAE."""
    assert len(CHANGES) == 5
    for rows in (FACES["vae"], *CHANGES.values()):
        prior, mixture = (mean(of(rows, kind, "frechet")) for kind in ("prior", "mixture"))
        assert prior > 9 * mixture
        sharp = [mean(of(rows, kind, "sharp")) for kind in ("mixture", "reconstructions")]
        assert 0 < sharp[1] - sharp[0] < 0.1


@pytest.mark.claim("vae-kl-no-blur", text="8397e304")
def test_reconstructions_are_as_sharp_without_kl():
    """The same three seeds with and without the KL, seed by seed."""
    without, with_kl = CHANGES["no KL"], FACES["vae"][:3]
    assert [row["seed"] for row in without] == [row["seed"] for row in with_kl]
    sharp = [of(rows, "reconstructions", "sharp") for rows in (without, with_kl)]
    gap, half = paired(*sharp)
    assert abs(gap) + half < 0.04
    assert mean(sharp[0]) == pytest.approx(0.79, abs=0.005)
    assert mean(of(FACES["vae"], "reconstructions", "sharp")) == pytest.approx(0.79, abs=0.005)


@pytest.mark.claim("vae-less-code", text="d349eb4a")
def test_a_code_that_says_less_costs_edges():
    """Means over three seeds, and every seed below every seed of the unchanged VAE."""
    for change in ("sigma 0.4", "code of 16"):
        sharp = of(CHANGES[change], "reconstructions", "sharp")
        assert mean(sharp) == pytest.approx(0.68, abs=0.005)
        assert max(sharp) < min(of(FACES["vae"], "reconstructions", "sharp"))


@pytest.mark.claim("mh-repairs", text="16b595dc")
def test_a_calibrated_judge_repairs_every_generator():
    """All six, with 640 offers, beside their own samples before."""
    after, before = REPAIR["calibrated"][-1], REPAIR["before"]
    assert after["offers"] == 640
    rises = [a - b for a, b in zip(after["high_quality"], before["high_quality"], strict=True)]
    assert min(rises) > 0.6 and set(after["modes"]) == {25.0}
    assert mean(before["high_quality"]) == pytest.approx(0.12, abs=0.005)
    assert mean(after["high_quality"]) == pytest.approx(0.87, abs=0.005)


@pytest.mark.claim("mh-own-judge", text="cccc8219")
def test_the_own_discriminator_does_nothing():
    """All six, with 640 offers; the share of accepted proposals."""
    after, before = REPAIR["own discriminator"][-1], REPAIR["before"]
    pairs = zip(after["high_quality"], before["high_quality"], strict=True)
    assert max(abs(a - b) for a, b in pairs) < 0.05
    assert mean(after["accepted"]) == pytest.approx(0.9, abs=0.05)


@pytest.mark.claim("mh-calibration", text="a6f5f75f")
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
