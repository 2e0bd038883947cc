"""Chapter 05: what it concludes from its runs, from what the committed notebook printed."""

import math

import pytest

from outputs import numbers, printed, row

RING = "def count(training):"


def modes_of_the_plain_runs():
    """Ten numbers of modes, run by run."""
    return [int(n) for n in row(printed("05", RING), "modes of the plain runs:")]


@pytest.mark.claim("one-parameter-overshoots", text="2e6657dd")
def test_one_parameter_runs_past_the_data_and_comes_to_rest():
    """D's line rises while theta passes 2 by two widths, then falls; at the end it is flat."""
    rounds, *found = zip(*map(numbers, printed("05", "def d_turn():").splitlines()), strict=True)
    assert rounds == (1, 2, 3, 6, 12)
    (w1, w2, w3, _, w12), (theta1, theta2, theta3, _, theta12) = found
    assert w1 > w2 > 0 > w3
    assert theta1 < 2 < 2 + 2 * 0.5 < theta2 > theta3
    assert abs(w12) < 0.05 and abs(theta12 - 2) < 0.1  # within a fifth of the data's spread


@pytest.mark.claim("two-players-ten-agree", text="d55a6501")
def test_ten_discriminators_lead_to_one_result():
    """The interval of the mean contains the target and is narrow, for both parameters."""
    text = printed("05", "def one_dimensional(game")
    for name, target in [("μ", 2), ("|σ|", 0.5)]:
        mean, half = row(text, name)
        assert abs(mean - target) <= half + 0.001 and half < 0.02


@pytest.mark.claim("two-players-saturated", text="8b187ede")
def test_minimax_with_plain_descent_stands_still():
    """The mean, which started at -3, is near -3; both losses are near 0; the other one arrives."""
    text = printed("05", '"minimax, SGD": (Minimax(), sgd)')
    mu, half, _, _, d_loss, g_loss = row(text, "minimax, SGD")
    assert mu + half < -2.8 and abs(d_loss) < 0.001 > abs(g_loss)
    assert row(text, "non-saturating, SGD")[0] == pytest.approx(2, abs=0.1)


@pytest.mark.claim("two-players-minimax-spreads", text="fa1fd865")
def test_minimax_with_adam_spreads():
    """The whole interval of its width lies between 3.5 and 4 times 0.5, and the mean has moved."""
    mu, _, width, half, *_ = row(printed("05", '"minimax, SGD": (Minimax(), sgd)'), "minimax, Adam")
    assert mu > 0 and 3.5 * 0.5 < width - half < width + half < 4 * 0.5


@pytest.mark.claim("two-players-half-find-all", text="145dffe7")
def test_half_of_the_plain_runs_find_all_modes():
    """Five eights among the ten; the others are six or five."""
    modes = modes_of_the_plain_runs()
    assert len(modes) == 10 and modes.count(8) == 5
    assert {8 - n for n in modes if n < 8} == {2, 3}


@pytest.mark.claim("two-players-penalty-finds-all", text="012d3dda")
def test_with_the_penalty_every_run_finds_all():
    """A mean of eight without spread, and ten of ten."""
    found = row(printed("05", RING), "paired+penalty")
    assert found[:2] == [8, 0] and found[-1] == 10


@pytest.mark.claim("two-players-modes-and-evenness", text="697b5caa")
def test_modes_and_evenness_differ():
    """The plain game's intervals exclude the other's values."""
    plain, paired = (
        row(printed("05", RING), name) for name in ("non-saturating", "paired+penalty")
    )
    assert (round(plain[0], 1), round(plain[1], 1)) == (6.9, 0.9) and paired[:2] == [8, 0]
    assert plain[0] + plain[1] < 8
    assert plain[4] == 0.37 and paired[4] + paired[5] <= 0.01 < plain[4] - plain[5]


@pytest.mark.claim("two-players-quality-differs", text="71dcf755")
def test_the_quality_differs():
    """The printed interval of the paired difference excludes zero; so does the unpaired one."""
    text = printed("05", RING)
    plain, paired = (row(text, name) for name in ("non-saturating", "paired+penalty"))
    assert paired[2] - plain[2] > math.hypot(plain[3], paired[3])
    gap, half = row(text, "high quality, seed by seed:")
    assert (round(gap, 2), round(half, 2)) == (0.11, 0.08) and gap > half


@pytest.mark.claim("two-players-left-out", text="5274a936")
def test_where_fakes_are_missing_the_discriminator_is_sure():
    """Where the printed share of fakes is below 0.05, D says more than 0.9, elsewhere less."""
    lines = printed("05", "worst, best = plain_modes.argmin()").splitlines()
    assert lines[0].startswith("run 8: D says") and modes_of_the_plain_runs()[8] == 5
    D, shares = (numbers(line.split("   ", 1)[1]) for line in lines[:2])
    assert 0 < sum(share < 0.05 for share in shares) < 8
    for d, share in zip(D, shares, strict=True):
        assert (d > 0.9) == (share < 0.05)


@pytest.mark.claim("two-players-losses-speak", text="91e0fe5b")
def test_runs_that_miss_modes_end_lower():
    """The least loss of the runs with all modes lies above the largest of the others."""
    lines = printed("05", "late = plain.history.d_loss[-200:]").splitlines()
    losses = {line.split()[0]: numbers(line.split("   ", 1)[1]) for line in lines}
    others = [v for modes, values in losses.items() if modes != "8" for v in values]
    assert others and min(losses["8"]) > max(others)
