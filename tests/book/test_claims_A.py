"""Appendix A: what it concludes from its experiments, from what its cells have printed."""

import re

import pytest

from outputs import numbers, printed, row

CELLS = ("RNN", "LSTM, b = 0", "LSTM, b = 1", "LSTM, b = 3", "GRU")


def rates():
    """The measured factor of each cell, and the predicted one where there is one."""
    text = printed("A", "slopes = {name")
    return {name: row(text, name) for name in CELLS}


@pytest.mark.claim("seq-start-rnn", text="42e9b7c5")
def test_the_plain_cell_starts_as_predicted():
    """The printed factor over 20 steps against one over the root of three."""
    assert rates()["RNN"][0] == pytest.approx(3**-0.5, rel=0.1)


@pytest.mark.claim("seq-start-lstm", text="42206b87")
def test_an_lstm_starts_near_its_gate():
    """The printed factors; how far they are from the gates falls with the bias."""
    gates = {"LSTM, b = 0": 0.5, "LSTM, b = 1": 0.7311, "LSTM, b = 3": 0.9526}
    off = [abs(rates()[name][0] - gate) for name, gate in gates.items()]
    assert max(off) <= 0.13
    assert off == sorted(off, reverse=True)


@pytest.mark.claim("seq-many-to-one", text="a7d13f82")
def test_a_name_tells_much_of_its_colour():
    """The printed errors of names that were held out, and the paired difference."""
    text = printed("A", "reader = Reader(names.shape[1]")
    error, blind = (row(text, start)[-1] for start in ("squared error", "of the mean colour"))
    mean, half = row(text, "difference, name by name:")
    assert 0.35 < error / blind < 0.65
    assert mean == pytest.approx(error - blind, abs=2e-3)
    assert mean + half < -0.1


@pytest.mark.claim("seq-aligned", text="3fc1eb99")
def test_the_digit_is_known_better_with_each_row():
    """The printed shares after the first and the last row."""
    (line,) = printed("A", "tagger = Reader(16").splitlines()
    shares = [float(v) for v in re.findall(r"\d\.\d\d", line)]
    assert len(shares) == 16 and shares[0] < 0.5 and shares[-1] > 0.9


def found():
    """Mean and half-width of each cell: at once, and after waiting."""
    text = printed("A", "def wait_and_say").split("seed by seed")[0]
    return {name: row(text, name) for name in CELLS}


def gap(these, those):
    """The printed difference, seed by seed, and the half-width of its interval."""
    text = printed("A", "def wait_and_say").split("seed by seed")[1]
    (line,) = [x for x in text.splitlines() if x.startswith(f"{these} minus {those}")]
    return numbers(line.split(": ")[1])


@pytest.mark.claim("seq-gap-at-once", text="6cce088c")
def test_without_waiting_every_cell_learns():
    """The printed means."""
    assert all(values[0] > 0.75 for values in found().values())


@pytest.mark.claim("seq-gap-zero", text="245236b4")
def test_a_gate_of_one_half_learns_nothing_across_the_gap():
    """The printed mean is that of a constant answer, with a narrow interval; chance is a tenth."""
    mean, half = found()["LSTM, b = 0"][2:]
    assert mean + half < 0.15


@pytest.mark.claim("seq-gap-bias", text="24bb3e6d")
def test_an_open_gate_helps():
    """The printed differences, seed by seed, which are those of the printed means."""
    for those in ("LSTM, b = 0", "LSTM, b = 1"):
        mean, half = gap("LSTM, b = 3", those)
        assert mean - half > 0
        assert mean == pytest.approx(found()["LSTM, b = 3"][2] - found()[those][2], abs=0.011)


@pytest.mark.claim("seq-gap-open", text="084da0ca")
def test_what_four_seeds_do_not_settle():
    """The printed intervals hold 0."""
    for these, those in (("LSTM, b = 1", "LSTM, b = 0"), ("LSTM, b = 3", "GRU")):
        mean, half = gap(these, those)
        assert mean - half <= 0 <= mean + half


def ways():
    """Of each estimate: how far off on average, twice the noise of that, the scatter of one."""
    return {
        name: row(printed("A", "ways = {"), name)
        for name in (
            "draw and weigh, b = 0",
            "draw and weigh, b = mean",
            "soft, tau = 1.0",
            "soft, tau = 0.3",
            "soft, tau = 0.1",
            "straight-through, tau = 1",
        )
    }


@pytest.mark.claim("seq-unbiased", text="5e9c4d41")
def test_only_drawing_and_weighing_is_right_on_average():
    """The printed errors of the means: within the noise, or far outside of it."""
    for name, (off, noise, _) in ways().items():
        assert (off < 2 * noise) == name.startswith("draw"), name


@pytest.mark.claim("seq-cold", text="245f16d5")
def test_a_cold_choice_is_less_wrong_and_more_noisy():
    """The printed errors and scatters at three temperatures."""
    soft = [ways()[f"soft, tau = {tau}"] for tau in (1.0, 0.3, 0.1)]
    assert [s[0] for s in soft] == sorted((s[0] for s in soft), reverse=True)
    assert [s[2] for s in soft] == sorted(s[2] for s in soft)
