"""Chapter 12: what it concludes from the stored runs of the Wasserstein GAN."""

import math

import numpy as np
import pytest
import torch

from gancourse.experiments import deep_critics
from gancourse.experiments import wgan as script
from gancourse.experiments.measured import measured
from gancourse.metrics import interval

LAB = measured("wgan")
END = {
    "RMSProp": LAB["correlation"]["ring"]["WGAN"]["w1"],
    **LAB["optimizers"],
}


def end(name):
    """W1 of every seed, mean of the last ten moments."""
    return np.array(END[name])[:, -10:].mean(1)


def ranks(toy, game, key):
    return np.array(LAB["correlation"][toy][game]["rank"][key])


@pytest.mark.claim("ring-floor", text="7cd7ee00")
def test_two_samples_of_the_ring():
    """Twenty stored pairs: mean, least and largest; an even spread lies nearer than their mean."""
    floor = LAB["floor"]["ring"]
    told = (np.mean(floor), min(floor), max(floor))
    assert told == pytest.approx((0.10, 0.06, 0.17), abs=0.006)


@pytest.mark.claim("deep-critic-gradients", text="44445ae0")
def test_gradients_of_the_deep_critic():
    """Powers of ten from the last layer to the first, and the weights at the walls."""
    orders = {
        clip: np.mean([math.log10(run["gradients"][0] / run["gradients"][-1]) for run in runs])
        for clip, runs in LAB["layers"].items()
    }
    assert orders["0.01"] == pytest.approx(-14, abs=0.6)
    assert orders["0.001"] == pytest.approx(-25, abs=0.6) and orders["0.1"] > 1
    for clip in ("0.01", "0.001"):
        assert min(run["at the edge"] for run in LAB["layers"][clip]) > 0.5


@pytest.mark.claim("deep-critic-coins", text="dc86dd2c")
def test_gain_of_a_layer_is_that_of_coins():
    """The gain per layer over that of random signs, for every seed of the small boxes."""
    for clip in ("0.01", "0.001"):
        for run in LAB["layers"][clip]:
            gain = (run["gradients"][0] / run["gradients"][10]) ** 0.1
            assert gain / (float(clip) * 32**0.5) == pytest.approx(1, abs=0.15)


@pytest.mark.claim("deep-critic-stands-still", text="161b3e47")
@pytest.mark.parametrize("clip", deep_critics.LAYERS["clips"])
def test_which_weights_of_the_deep_critic_move(clip, monkeypatch):
    """Trains seed 0 again and compares every weight with the start; the large box does move."""
    found = []

    def spied(critic, *settings, train=deep_critics.train, **more):
        start = [p.detach().clone() for p in critic.D.parameters()]
        train(critic, *settings, **more)
        for before, after in zip(start, critic.D.parameters(), strict=True):
            if before.ndim == 2:
                move = (after.detach() - before).abs().max().item() / clip
                found.append((move, bool((before.sign() != after.sign()).any())))

    monkeypatch.setattr(deep_critics, "train", spied)
    deep_critics.deep_critic(clip, 0, deep_critics.LAYERS["steps"])
    moves, turned = zip(*found, strict=True)
    if clip == 0.1:
        assert min(moves) > 0.5 and any(turned)
    else:
        assert max(moves[:-1]) < 0.01 < moves[-1] and not any(turned)


def deep(lean):
    """The deep critics that train, of one start, for each clip value."""
    return {
        float(clip): [run for run in runs if run["lean"] == lean]
        for clip, runs in LAB["deep"].items()
    }


def gains(run, clip):
    """The gain of a layer between the first and the eleventh, in units of the clip value."""
    return (run["gradients"][0] / run["gradients"][10]) ** 0.1 / clip


@pytest.mark.claim("deep-critic-learns", text="9ab65589")
def test_the_deep_critics_learn():
    """What they see before and after, and what has moved in each layer; one trained again."""
    runs = [run for found in deep(0.0).values() for run in found]
    before, after = np.array([run["seen"] for run in runs]).T
    assert len(runs) == 12 and 0.15 < before.max() < 0.165 and before.min() < 0
    assert (after.min(), after.max()) == pytest.approx((0.18, 0.40), abs=0.006)
    assert min(min(run["moved"]) for run in runs) > 0.5
    assert all(0.27 < run["w1"] < 0.34 for run in runs)
    again = deep_critics.moving_critic(0.01, 0.0, 0, deep_critics.DEEP["steps"])
    assert again["seen"][1] == pytest.approx(LAB["deep"]["0.01"][0]["seen"][1], abs=0.05)


@pytest.mark.claim("deep-critic-trained-gradients", text="93dc2a7a")
def test_gradients_of_deep_critics_that_have_learnt():
    """Powers of ten from the last layer to the first, run by run."""
    told = {0.1: (4, 5.2), 0.03: (-0.6, 0.6), 0.01: (-7.5, -6.5), 0.001: (-18.5, -17.5)}
    for clip, runs in deep(0.0).items():
        low, high = told[clip]
        for run in runs:
            assert low < math.log10(run["gradients"][0] / run["gradients"][-1]) < high


@pytest.mark.claim("deep-critic-gain", text="c03f1cb3")
def test_gain_of_a_layer_of_deep_critics_that_have_learnt():
    """The least and the largest of twelve."""
    found = [gains(run, clip) for clip, runs in deep(0.0).items() for run in runs]
    assert (min(found), max(found)) == pytest.approx((25, 38), abs=0.5)


@pytest.mark.claim("deep-critic-lean", text="e06efc50")
def test_deep_critics_from_a_start_that_leans():
    """Gains with the largest box and with the three others."""
    found = {clip: [gains(run, clip) for run in runs] for clip, runs in deep(0.2).items()}
    large = found.pop(0.1)
    assert (min(large), max(large)) == pytest.approx((58, 59), abs=0.5)
    small = [gain for gains_of_one in found.values() for gain in gains_of_one]
    assert len(small) == 9 and sum(gain < 4.1 for gain in small) == 8


@pytest.mark.claim("loss-ring", text="2486c5b4")
def test_loss_and_distance_on_the_ring():
    """Intervals of the mean rank correlation over eight seeds."""
    mean, half = map(float, interval(ranks("ring", "WGAN", "d_loss")))
    told = (0.49, 0.31, 0.67)
    assert (mean, mean - half, mean + half) == pytest.approx(told, abs=0.006)
    late, late_half = map(float, interval(ranks("ring", "WGAN", "d_loss late")))
    assert late - late_half < 0
    for game in LAB["correlation"]["ring"]:
        if game != "WGAN":
            for key in ("d_loss", "g_loss"):
                mean, half = map(float, interval(ranks("ring", game, key)))
                assert mean - half < 0


@pytest.mark.claim("loss-roll", text="f5bc44da")
def test_loss_and_distance_on_the_swiss_roll():
    """The interval of the clipped critic holds zero, nearly in its middle."""
    mean, half = map(float, interval(ranks("swiss roll", "WGAN", "d_loss")))
    assert abs(mean) < 0.01 and half == pytest.approx(0.31, abs=0.006)


@pytest.mark.claim("penalty-and-loss", text="273611b8")
def test_loss_and_distance_with_a_penalty():
    """Paired by seed against the clipped critic: the difference and its interval."""
    told = {
        ("ring", "d_loss"): (0.81, 0.32, 0.16),
        ("swiss roll", "d_loss"): (0.27, 0.27, 0.33),
        ("swiss roll", "d_loss late"): (0.27, 0.42, 0.31),
    }
    for (toy, key), (mean, gain, half) in told.items():
        mine = np.array(LAB["penalised"][toy]["rank"][key])
        assert mine.mean() == pytest.approx(mean, abs=0.006)
        paired = tuple(map(float, interval(mine - ranks(toy, "WGAN", key))))
        assert paired == pytest.approx((gain, half), abs=0.006)


@pytest.mark.claim("roll-comes-down-early", text="d41b0daf")
def test_swiss_roll_after_150_steps():
    """Counts the runs in the stated range at the sixth moment, and beside the data's own."""
    w1 = np.array(LAB["correlation"]["swiss roll"]["WGAN"]["w1"])[:, 150 // 25 - 1]
    assert ((w1 > 0.135) & (w1 < 0.185)).sum() == 6 and len(w1) == 8
    assert np.mean(LAB["floor"]["swiss roll"]) == pytest.approx(0.10, abs=0.005)


@pytest.mark.claim("slope-division", text="4d9fc0ec")
def test_division_by_the_slope():
    """Paired differences of the rank correlations, seed by seed."""
    for toy, told in (("ring", (0.04, 0.17)), ("swiss roll", (0.18, 0.12))):
        gain = ranks(toy, "WGAN", "d_loss / slope") - ranks(toy, "WGAN", "d_loss")
        mean, half = map(float, interval(gain))
        assert (mean, half) == pytest.approx(told, abs=0.006)
        assert (mean > half) == (toy == "swiss roll")


@pytest.mark.claim("momentum-both", text="1bce687f")
def test_momentum_in_both_players():
    """The best seed with 0.9 against the worst of all other seeds."""
    rest = np.concatenate([end(name) for name in END if "0.9" not in name])
    assert end("Adam, beta1 = 0.9").min() == pytest.approx(0.76, abs=0.006)
    assert rest.max() == pytest.approx(0.35, abs=0.006)


@pytest.mark.claim("momentum-half", text="d07b764c")
def test_half_the_momentum():
    """Paired difference with its interval, and the seed that carries it."""
    gap = end("Adam, beta1 = 0.5") - end("Adam, beta1 = 0")
    mean, half = map(float, interval(gap))
    assert (mean, mean - half, mean + half) == pytest.approx((0.04, 0.00, 0.08), abs=0.006)
    assert gap.argmax() == 2 and np.sort(gap)[-2] < gap.max() / 2


@pytest.mark.claim("momentum-zero", text="b845e08f")
def test_no_momentum_is_rmsprop():
    """Paired difference: zero lies in its interval."""
    mean, half = map(float, interval(end("Adam, beta1 = 0") - end("RMSProp")))
    assert (abs(mean), half) == pytest.approx((0.01, 0.02), abs=0.006) and abs(mean) < half


@pytest.mark.claim("momentum-one", text="0299847d")
def test_momentum_in_one_player():
    """Paired differences from no momentum, and of the two from each other."""
    one = {p: np.array(w1)[:, -10:].mean(1) for p, w1 in LAB["momentum"].items()}
    none = end("Adam, beta1 = 0")
    for player, said in (("critic", (0.57, 0.09)), ("generator", (0.54, 0.29))):
        mean, half = map(float, interval(one[player] - none))
        assert (mean, half) == pytest.approx(said, abs=0.006) and mean > half
    mean, half = map(float, interval(one["critic"] - one["generator"]))
    assert (mean, half) == pytest.approx((0.03, 0.37), abs=0.006) and mean < half


def patient(toy):
    """W1 of every seed and moment with the authors' turns, minus that without."""
    plain = LAB["correlation"][toy]["WGAN"]["w1"]
    return np.array(LAB["patient"][toy]["w1"]) - np.array(plain)


@pytest.mark.claim("patient-start", text="1293609f")
def test_a_hundred_steps_at_the_start():
    """Both means on the ring at step 25, and their paired difference."""
    means = [
        np.array(run["w1"])[:, 0].mean()
        for run in (LAB["patient"]["ring"], LAB["correlation"]["ring"]["WGAN"])
    ]
    assert means == pytest.approx([0.49, 1.00], abs=0.006)
    mean, half = map(float, interval(patient("ring")[:, 0]))
    assert (-mean, half) == pytest.approx((0.51, 0.22), abs=0.006)


@pytest.mark.claim("patient-fades", text="6eae47f1")
def test_the_patient_start_is_no_better_later():
    """Differences at seven moments hold zero; those of the last ten with their intervals."""
    for toy, told in (("ring", (0.05, 0.04)), ("swiss roll", (0.05, 0.06))):
        gap = patient(toy)
        for step in range(50, 225, 25):
            mean, half = map(float, interval(gap[:, step // 25 - 1]))
            assert abs(mean) < half
        mean, half = map(float, interval(gap[:, -10:].mean(1)))
        assert (mean, half) == pytest.approx(told, abs=0.006)
        assert (mean > half) == (toy == "ring")


@pytest.mark.claim("patient-work", text="2d6687b6")
def test_the_patient_start_at_equal_work():
    """Turns of both players; ten moments up to the step at which they are as many."""
    settings = script.PATIENT
    turns = np.cumsum(
        [
            1
            + (
                settings["turns"]
                if step < settings["first"] or step % settings["every"] == 0
                else 5
            )
            for step in range(1000)
        ]
    )
    step = 600
    assert turns[step - 25 - 1] < 6 * 1000 <= turns[step - 1]
    at = step // 25
    w1 = np.array(LAB["patient"]["ring"]["w1"])[:, at - 10 : at].mean(1)
    mean, half = map(float, interval(w1 - end("RMSProp")))
    assert (mean, half) == pytest.approx((0.08, 0.05), abs=0.006) and mean > half


@pytest.mark.claim("patient-loss", text="68fdcd72")
def test_loss_and_distance_with_the_authors_turns():
    """Paired differences of the rank correlations."""
    for toy, told in (("ring", (0.00, 0.25)), ("swiss roll", (0.06, 0.23))):
        gain = np.array(LAB["patient"][toy]["rank"]["d_loss"]) - ranks(toy, "WGAN", "d_loss")
        assert tuple(map(float, interval(gain))) == pytest.approx(told, abs=0.006)


@pytest.mark.claim("faces-behind", text="346c35ab")
def test_faces_behind_the_dcgan():
    """Modes and clean faces of three seeds each; the two ranges do not meet."""
    wgan, dcgan = LAB["faces"], measured("face_coverage")["runs"]
    modes = [run["modes"] for run in wgan]
    assert (min(modes), max(modes)) == (5, 16)
    modes = [run["modes"] for run in dcgan]
    assert (min(modes), max(modes)) == (33, 40)
    assert max(run["high_quality"] for run in wgan) < 1 / 14
    assert 0.4 < torch.tensor([run["high_quality"] for run in dcgan]).mean() < 0.6
