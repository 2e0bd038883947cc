"""The machine of a GAN: who moves, and how far a gradient runs back."""

import re

from gancourse.drawings.machine import TURN, gan_machine


def dashed(svg):
    """Where the gradients' lines begin, as (x, y)."""
    lines = re.findall(r'd="M([\d.]+) ([\d.]+)L[^"]*" class="none third-line"[^>]*dash', svg)
    return [(float(x), float(y)) for x, y in lines]


def test_at_each_turn_one_player_moves_and_one_is_held():
    svg = gan_machine()._repr_svg_()
    words = re.findall(r">(moves|held)</text>", svg)
    assert sorted(words) == ["held", "held", "moves", "moves"]
    filled = re.findall(r'<rect x="(\d+)"[^>]*class="(real|fake) \2-line"', svg)
    assert filled == [("272", "real"), ("102", "fake")]  # D in its own turn, then G


def test_the_gradient_stops_at_d_in_its_turn_and_runs_through_it_in_gs():
    lines = dashed(gan_machine()._repr_svg_())
    own, through = ([x for x, y in lines if lo < y < lo + TURN] for lo in (0, TURN))
    assert len(own) == 1 and own[0] > 320  # from the score into D
    assert len(through) == 3 and min(through) < 172  # and on through the fake into G
    assert own[0] == max(through)


def test_no_data_at_the_generators_turn():
    svg = gan_machine()._repr_svg_()
    assert svg.count(">data</text>") == 1 and svg.count("real <tspan") == 1
    assert svg.count("fake <tspan") == 2 == svg.count("noise <tspan")
