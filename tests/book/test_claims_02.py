"""Chapter 02: what it concludes from its experiments, from what the notebook printed."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq, minimize
from scipy.stats import entropy

from outputs import numbers, printed, row

LINE = np.linspace(-15, 15, 3001)


def log_normal(x, mean, std):
    return -(((x - mean) / std) ** 2) / 2 - np.log(std * math.sqrt(2 * math.pi))


def price(knobs, a):
    """KL from N(mu, sigma²) to the two modes at ±a of width 0.6, by a sum on a fine grid."""
    log_q = log_normal(LINE, knobs[0], np.exp(knobs[1]))
    log_p = np.logaddexp(log_normal(LINE, -a, 0.6), log_normal(LINE, a, 0.6)) - math.log(2)
    return (np.exp(log_q) * (log_q - log_p)).sum() * (LINE[1] - LINE[0])


def lowest(a, start):
    """(|mean|, price) where a search ends that starts near a mode, or in the middle."""
    begin = [a, math.log(0.6)] if start == "mode" else [0.05, math.log(0.9 * a)]
    found = minimize(price, begin, (a,), "Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10})
    return abs(found.x[0]), found.fun


@pytest.mark.claim("knows-the-town", text="8510f855")
def test_nobody_is_less_surprised_than_the_one_who_knows():
    """Printed, in bits; a belief of zero is charged infinity."""
    words = [line.split()[-1] for line in printed("02", "believers = {").splitlines()]
    knows, *others = map(float, words)
    assert knows == 1.75 and min(others) > 1.75 and others[-1] == math.inf


@pytest.mark.claim("reverse-has-two-minima", text="125a116e")
def test_reverse_kl_has_two_minima_that_tie_at_1_68():
    """By scipy, not by the chapter's descent; then the printed table says the same."""
    assert lowest(1.44, "mode")[0] < 0.01 and lowest(1.46, "mode")[0] > 1.3
    assert all(lowest(a, "middle")[0] < 0.01 for a in (1.4, 1.5, 1.7, 2.0, 3.0))
    gap = lambda a: lowest(a, "middle")[1] - lowest(a, "mode")[1]
    assert brentq(gap, 1.6, 1.75, xtol=1e-4) == pytest.approx(1.680, abs=1e-3)
    assert gap(1.5) < -0.18 and gap(1.6) < -0.08 and gap(1.8) > 0.15
    for a, *ends in map(numbers, printed("02", "def price(p, mean, std)").splitlines()):
        (mu, _, paid), (middle, _, other) = ends[:3], ends[3:]
        assert (mu, paid) == pytest.approx(lowest(a, "mode"), abs=6e-3)
        assert (middle, other) == pytest.approx(lowest(a, "middle"), abs=6e-3)
    assert (a, paid, other) == (3.0, 0.693, 3.307)


@pytest.mark.claim("forward-covers", text="68475bc2")
@pytest.mark.claim("moments-found", text="860ba868")
def test_forward_ends_between_the_modes_and_reverse_on_one():
    """Printed: forward has the data's mean and spread from both starts, reverse one mode."""
    text = printed("02", "def two_modes(a)")
    for start in (-1.0, 1.0):
        mu, sigma, *_ = row(text, f"forward from {start:.0f}")
        assert mu == 0 and sigma == pytest.approx(math.hypot(2, 0.6), abs=0.006)
        mu, sigma, *_ = row(text, f"reverse from {start:.0f}")
        assert (mu, sigma) == (2 * start, 0.6)
    middle, modes = (np.exp(np.logaddexp(*log_normal(x, np.array([-2, 2]), 0.6))) for x in (0, 2))
    assert middle < modes / 100  # where forward is highest there are hardly any data


@pytest.mark.claim("price-of-a-mode", text="dccfa90c")
@pytest.mark.claim("forward-price", text="4902bd08")
def test_the_forgotten_mode_costs_log_2_one_way_and_ten_nats_the_other():
    """Printed for the fit on one mode: just under log 2 in reverse, 10.2 forward."""
    *_, forward, reverse = row(printed("02", "def two_modes(a)"), "reverse from 1")
    assert math.log(2) - 0.002 < reverse < math.log(2)
    assert forward == pytest.approx(10.2, abs=0.05)


@pytest.mark.claim("bins-refined", text="ebd3074a")
def test_finer_bins_add_log_10_and_move_no_difference():
    """Printed for four widths: both KLs grow by log 10, their difference stays at one half."""
    table = [numbers(x) for x in printed("02", "def binned(width, mean)").splitlines()[-4:]]
    kl = np.array([line[-4:-2] for line in table])
    assert np.diff(kl, axis=0) == pytest.approx(np.full((3, 2), math.log(10)), abs=2e-3)
    assert [line[-2] for line in table] == pytest.approx([0.5] * 4, abs=5e-4)


@pytest.mark.claim("jsd-detour", text="d82106e9")
def test_over_the_fair_coin_the_jsd_is_shorter():
    """Printed: JSD breaks the triangle inequality, its root does not."""
    text = printed("02", "heads, fair, tails =")
    direct, detour = row(text, "JSD")
    assert detour < direct - 0.2
    direct, detour = row(text, "root JSD")
    assert detour > direct


@pytest.mark.claim("triples", text="51241036")
def test_a_seventh_of_the_triples_breaks_the_jsd_and_none_its_root():
    """Printed, in percent of 200,000 triples."""
    text = printed("02", "triples = budget")
    assert row(text, "JSD     : a detour is shorter in") == pytest.approx([15], abs=1)
    assert row(text, "root JSD: a detour is shorter in") == [0]


@pytest.mark.claim("only-w1-sees", text="bb8e61e8")
def test_only_the_transport_distance_grows_with_the_distance():
    """Printed: JSD, TV and KL agree for one, two and four bins; W1 is the number of bins."""
    _, *rest = [line.split() for line in printed("02", "bins = torch.eye(5)").splitlines()]
    seen = {(line[1], line[2], line[3]) for line in rest}
    assert seen == {("0.6931", "1", "inf")}
    assert [line[-1] for line in rest] == [line[0] for line in rest] == ["1", "2", "4"]


@pytest.mark.claim("almost-empty", text="9aca33dd")
def test_a_fortieth_of_a_percent_costs_little():
    """The figure's preset, 1 : 1 : 1 : 1 : 0.001, by scipy."""
    q = np.array([1, 1, 1, 1, 1e-3])
    assert 100 * q[-1] / q.sum() == pytest.approx(1 / 40, rel=1e-3)
    assert entropy(np.ones(5), q) == pytest.approx(1.16, abs=0.005)


@pytest.mark.claim("zero-kept-away", text="7f4d64d8")
def test_only_the_third_form_has_neither_nan():
    """Printed: loss and slope of three forms of p log q at p = q = 0."""
    lines = printed("02", "def safe(p, q)").splitlines()
    assert ["nan" in line for line in lines] == [True, True, False]


@pytest.mark.claim("limit-of-the-naive-loss", text="b2ee47a8")
@pytest.mark.claim("half-precision", text="9b1757bd")
def test_where_the_naive_loss_breaks_in_four_formats():
    """Printed first infinite scores are (digits) log 2; the slope at 17 is nan, at 16 it is not."""
    slopes, *lines = printed("02", "first = s[naive.isinf()]").splitlines()
    digits = {"torch.float64": 53, "torch.float32": 24, "torch.float16": 12, "torch.bfloat16": 9}
    for line in lines:
        name, *_, first = line.split()
        # no format has all scores: bfloat16 steps by 1/32 at 6
        assert float(first) == pytest.approx(digits[name] * math.log(2), abs=0.02)
    assert len(lines) == 4 and slopes.endswith("[1.0, 1.0, nan]")


@pytest.mark.claim("stairs", text="7a0175d5")
def test_stairs_are_off_by_up_to_seven_tenths():
    """In single precision, before it is infinite: both signs, on both sides nearly 0.7."""
    s = torch.linspace(8, 24 * math.log(2) - 1e-3, 100_001)
    off = -torch.log(1 - torch.sigmoid(s)) - torch.nn.functional.softplus(s)
    off = off[off.isfinite()]
    assert 0.3 < off.max() < 0.75 and -0.75 < off.min() < -0.3
    assert max(float(off.max()), -float(off.min())) == pytest.approx(0.7, abs=0.05)


@pytest.mark.claim("capped-at-100", text="29bbb9b4")
def test_probabilities_are_charged_100_at_most():
    """Printed for three scores, from the probability and from the score."""
    lines = printed("02", "binary_cross_entropy_with_logits").splitlines()
    assert [numbers(line) for line in lines] == [[10, 10, 10], [20, 100, 20], [200, 100, 200]]


@pytest.mark.claim("one-logarithm-short", text="8d19cc48")
def test_the_loss_without_its_second_logarithm_has_another_optimum():
    """Printed: 0.3 with both logarithms, 3/7 with one."""
    line = printed("02", "both, one = -0.3 * c.log()").splitlines()[0]
    assert numbers(line)[1:] == [0.3, round(0.3 / 0.7, 4)]
