"""Chapter 03: what it concludes from its experiments, from what the notebook printed."""

import math
from itertools import pairwise

import pytest

from outputs import numbers, printed, row

PRICE = "def minus(name, these, those)"


def difference(name):
    """(low, high) of the printed 95 % interval of a paired difference."""
    mean, half = row(printed("03", PRICE), name)
    return mean - half, mean + half


def losses():
    """The table of remedies: train, valid., test and its ±, stopped early and its ±, step."""
    lines = printed("03", "def stopped(loss)").splitlines()
    return {name: numbers(rest) for name, rest in (line.split("   ", 1) for line in lines)}


def measured(text, start):
    """Every number behind `start` in its line, with exponents."""
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    words = line.removeprefix(start).replace(",", " ").split()
    return [float(word) for word in words if word[0].isdigit()]


@pytest.mark.claim("ratio-read-off", text="98878805")
def test_the_ratio_is_read_off_to_within_a_tenth():
    """The densities are worked out here; the printed odds are compared with their ratio."""
    lines = printed("03", "machine = nn.Linear(2, 1)").splitlines()
    assert len(lines) == 7
    for x, D, odds, ratio in map(numbers, lines):
        true = 0.7 * math.exp(-(x**2) / 2 + (x - 1) ** 2 / (2 * 0.7**2))
        assert ratio == pytest.approx(true, abs=0.006)
        assert odds == pytest.approx(true, rel=0.1, abs=0.006)
        assert odds == pytest.approx(D / (1 - D), rel=0.02)


@pytest.mark.claim("square-saturates", text="f7c05e4b")
def test_the_squared_error_stops_pulling_where_bce_pulls():
    """Printed slopes at p = 0.001 for y = 1: full strength, and a five-hundredth."""
    text = printed("03", '"What a wrong answer pulls"')
    p, bce, square = numbers(text.splitlines()[-1])
    assert p == 0.001 and bce == pytest.approx(-1, abs=2e-3) and abs(square) < 1 / 400


@pytest.mark.claim("momentum-arrives", text="3bf0230a")
def test_momentum_needs_24_steps_in_place_of_87():
    """Printed."""
    text = printed("03", "def descend(eta, gamma")
    said = ": a thousandth of the distance is left after"
    assert row(text, f"no momentum{said}") == [87]
    assert row(text, f"momentum   {said}") == [24]


@pytest.mark.claim("size-of-signals", text="14cac549")
def test_sizes_after_twenty_layers():
    """Printed: kept by He's rule only; the others are a power of their factor, within chance."""
    text = printed("03", "starts = {")
    factors = {"0.5 times He's": 0.5, "1 times He's": 1, "2 times He's": 2}
    factors["PyTorch's default"] = 1 / math.sqrt(6)
    for name, factor in factors.items():
        (size,) = measured(text, name)
        # the first sums have the size factor * sqrt(2); nineteen layers follow
        assert 1 / 2 < size / (math.sqrt(2) * factor**20) < 2
    assert 1 / math.sqrt(6) == pytest.approx(0.41, abs=0.005)


@pytest.mark.claim("default-start-forgets", text="ad5cc9f2")
def test_with_pytorchs_start_twenty_layers_forget_their_input():
    """Printed: the spread between examples is about 1e-8, far below the size of the sums."""
    text = printed("03", "starts = {")
    (spread,) = measured(text, "spread between examples behind nn.Linear:")
    (size,) = measured(text, "nn.Linear, biases")
    assert 3e-9 < spread < 3e-8 and size > 1e5 * spread


@pytest.mark.claim("can-is-not-will", text="878a4289")
def test_two_neurons_seldom_find_what_they_can_represent():
    """Printed shares of 100 starts: about a fifth, rising with the width, 19 of 20 at eight."""
    lines = printed("03", "answers = torch.tensor([0.0, 1, 1, 0])").splitlines()
    widths, solved = zip(*map(numbers, lines), strict=True)
    assert widths == (2, 3, 4, 8) and list(solved) == sorted(solved)
    # a share of 100 has a standard error of at most 5
    assert 10 <= solved[0] <= 30 and 90 <= solved[-1] <= 99


@pytest.mark.claim("validation-turns", text="5d731619")
def test_the_validation_loss_turns_near_step_100():
    """Printed: the mean step of the lowest validation loss, and the loss at the end."""
    _, valid, _, _, _, _, step = losses()["nothing"]
    assert 70 < step < 130 and valid > 1


@pytest.mark.claim("stopping-repairs", text="1e1bb966")
def test_without_a_remedy_the_test_loss_triples():
    """Printed: the training loss near zero, the test loss more than three times the early one."""
    train, _, test, _, early, _, _ = losses()["nothing"]
    assert train < 0.05 and 3 * early < test < 4 * early


@pytest.mark.claim("held-out-is-paid-for", text="79642282")
def test_the_held_out_points_would_have_taught_more():
    """Printed paired differences: 240 points to the end are better, 30 with 10 held out worse."""
    name = "learn from 240, 600 steps, minus 40 and 200"
    assert difference(name)[1] < 0
    assert row(printed("03", PRICE), name) == pytest.approx([-0.050, 0.038], abs=0.002)
    name = "learn from 30, stop by 10, minus 40 and 200"
    assert difference(name)[0] > 0
    assert row(printed("03", PRICE), name) == pytest.approx([0.084, 0.062], abs=0.002)


@pytest.mark.claim("more-data-no-cure", text="3feedd2b")
def test_after_twice_the_steps_the_advantage_is_gone():
    """Printed paired difference at 1200 steps: its interval contains zero, well inside."""
    low, high = difference("learn from 240, 1200 steps, minus 40 and 200")
    assert low < -0.02 and 0.02 < high


@pytest.mark.claim("l2-strength", text="4970d457")
def test_the_strength_of_l2_matters():
    """Printed: no clear difference from stopping; a third and three times of it are worse."""
    low, high = difference("L2, 0.01 at the end, minus 40 and 200")
    assert low < 0 < high
    assert row(printed("03", PRICE), "L2, 0.01 at the end, minus 40 and 200")[0] == -0.019
    for strength, worse in (("0.003", 0.114), ("0.03", 0.055)):
        name = f"L2, {strength} minus L2, 0.01, both at the end"
        assert difference(name)[0] > 0
        assert row(printed("03", PRICE), name)[0] == pytest.approx(worse, abs=0.002)


@pytest.mark.claim("l1-less", text="b4cac7f3")
def test_l1_at_two_strengths_is_worse_than_l2():
    """Printed paired differences at the last step: both intervals lie above zero."""
    for strength in ("0.003", "0.01"):
        assert difference(f"L1, {strength} minus L2, 0.01, both at the end")[0] > 0


@pytest.mark.claim("dropout-alone", text="7513b160")
def test_dropout_alone_makes_no_clear_difference():
    """Printed paired differences: all four intervals contain zero, two of them only just."""
    for rate in ("0.2", "0.5"):
        for when in ("both at the end", "both stopped"):
            low, high = difference(f"dropout, {rate} minus nothing, {when}")
            assert low < 0 < high and (when == "both stopped" or high < 0.02)


def ratios():
    """By the number of points: MLP mean, worst, middle; squares mean, worst."""
    lines = printed("03", "middle = (mix.cumsum(0)").splitlines()
    return {int(n): rest for n, *rest in map(numbers, lines)}


@pytest.mark.claim("ratio-root-n", text="c9034b70")
def test_ten_times_the_data_make_a_third_of_the_error():
    """Printed, three times: each factor near 1/sqrt(10), and so is their geometric mean."""
    errors = [found[3] for _, found in sorted(ratios().items())]
    factors = [b / a for a, b in pairwise(errors)]
    assert all(0.22 < factor < 0.45 for factor in factors)
    assert (errors[-1] / errors[0]) ** (1 / 3) == pytest.approx(10**-0.5, abs=0.05)


@pytest.mark.claim("ratio-mlp-stalls", text="002045af")
def test_the_mlp_stalls_in_the_tails_and_not_in_the_middle():
    """Printed: little gain over all, a third of it in the middle; with 50 points far off."""
    table = ratios()
    (_, _, before, *_), (mean, _, middle, *_) = table[5_000], table[50_000]
    assert 0.8 < mean / table[5_000][0] < 1
    assert middle < mean / 3 and 0.6 < middle / before < 0.9
    assert table[50][1] > 3


@pytest.mark.claim("shift-is-log-3", text="1d4942e3")
def test_the_shift_is_log_3_within_its_interval():
    """Printed mean and half-width: inside, in the upper half; the error left is the third row's."""
    text = printed("03", "uneven = learn(MemberLinear")
    mean, half, *_ = row(text, "mean shift of the score:")
    assert (mean, half) == pytest.approx((1.080, 0.024), abs=0.002)
    assert mean + 0.5 * half < math.log(3) < mean + half
    raw, left, _ = row(text, "error of the log-ratio:")
    assert left == pytest.approx(ratios()[5_000][3], abs=0.01) and raw > 10 * left


@pytest.mark.claim("follow-the-slope", text="53fa81ea")
def test_the_points_pass_their_target():
    """Printed: towards mean 0 and spread 1, undecided at step ten, past both and believed later."""
    lines = printed("03", "D = MemberLinear(seeds, 2, 1)").splitlines()
    steps, means, spreads, verdicts = zip(*map(numbers, lines), strict=True)
    assert steps == (0, 10, 20, 30, 40)
    assert list(means) == sorted(means, reverse=True) and means[0] > 0 > means[2]
    assert list(spreads) == sorted(spreads) and spreads[0] < 1 < spreads[2]
    assert verdicts[1] == pytest.approx(0.51, abs=0.02) and verdicts[4] > 0.8
    assert list(verdicts) == sorted(verdicts)
