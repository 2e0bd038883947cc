"""The numbers on the drawings of chapter 3, worked out again by hand."""

import math
import re

import pytest

from gancourse.drawings import network
from gancourse.drawings.drawing import number
from gancourse.networks.mlp import mlp


def printed(sheet):
    """All words of a drawing."""
    return [
        re.sub(r"<[^>]+>", "", text)
        for text in re.findall(r"<text.*?</text>", "".join(sheet.parts))
    ]


def test_the_neuron_by_hand():
    score = 3 * 1 + 2 * 0.5 + 2 * -1 - 1
    words = printed(network.neuron())
    assert score == 1 and number(score) in words
    assert number(1 / (1 + math.exp(-score))) == "0.73" in words
    assert {"w₁ = 1", "w₂ = 0.5", "w₃ = \u22121", "b = \u22121"} <= set(words)


def test_the_layers_count_their_weights():
    """As many as torch's network of the same sizes has."""
    words = printed(network.layers())
    counts = [int(word[2:]) for word in words if word.startswith("= ")]
    assert counts == [4 * 3, 4 * 5, 1 * 5]
    assert sum(counts) == sum(p.numel() for p in mlp(2, 1, width=4, depth=2).parameters())
    assert "".join(network.layers().parts).count("<path") == 2 * 4 + 4 * 4 + 4


def test_the_pass_forward_and_back_by_hand():
    """Forward by multiplying out; back by the rules of the chapter. Autograd is asked nothing."""
    x1, x2, t = 1, 2, 2.5
    r1, r2 = 1 * x1 + 0.5 * x2, -1 * x1 + 1 * x2
    y1, y2 = max(r1, 0), max(r2, 0)
    s = 1 * y1 - 1 * y2 + 0.5
    delta = 2 * (s - t)
    hat = [delta * 1 * (r1 > 0), delta * -1 * (r2 > 0)]
    found = network.small_pass()
    assert found.sums.tolist() == [r1, r2] and found.hidden.tolist() == [y1, y2]
    assert found.output == s and found.cost == (s - t) ** 2 == 1
    assert found.output_slope == delta and found.hidden_slopes.tolist() == hat
    assert found.output_weight_slopes.tolist() == [delta * y1, delta * y2]
    assert found.weight_slopes.tolist() == [[h * x1, h * x2] for h in hat]


@pytest.mark.parametrize(("m", "i"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_the_slopes_are_those_of_small_changes(m, i):
    """The cost after nudging one hidden weight either way, without any derivative."""
    step = 1e-6

    def cost(nudge):
        weights = [list(row) for row in network.HIDDEN]
        weights[m][i] += nudge
        hidden = [
            max(sum(w * x for w, x in zip(row, network.EXAMPLE, strict=True)), 0) for row in weights
        ]
        s = sum(b * y for b, y in zip(network.OUTPUT, hidden, strict=True)) + network.OUTPUT_BIAS
        return (s - network.TARGET) ** 2

    slope = (cost(step) - cost(-step)) / (2 * step)
    assert slope == pytest.approx(float(network.small_pass().weight_slopes[m, i]), rel=1e-6)


def test_every_number_of_the_pass_is_on_the_sheet():
    words, found = printed(network.backward_pass()), network.small_pass()
    edges = [word for word in words if "=" not in word]
    for values in (found.weight_slopes, found.output_weight_slopes):
        for value in values.flatten().tolist():
            assert number(value) in edges
    for name, value in [("r₁", 2), ("y₂", 1), ("δ̂₁", -2), ("δ̂₂", 2), ("δ", -2)]:
        assert f"{name} = {number(value)}" in words
    assert "t = 2.5, C = 1" in words
