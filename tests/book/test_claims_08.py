"""Chapter 8: what it concludes from its experiment, from what its cell has printed."""

import pytest

from outputs import numbers, printed, row

LAYERS = ("transposed, F = 3", "transposed, F = 4", "repeat, then F = 3")
KEYS = ("seen before", "seen after", "unseen before", "unseen after", "loss")


def table():
    """The means of each layer, by what they are of."""
    text = printed("08", "def enlarge(layer, seed)")
    found = {layer: row(text, layer)[::2] for layer in LAYERS}
    return {layer: dict(zip(KEYS, values, strict=True)) for layer, values in found.items()}


def gap(what):
    """A difference seed by seed, and the half-width of its interval."""
    text = printed("08", "def enlarge(layer, seed)")
    (line,) = [x for x in text.splitlines() if x.startswith(what)]
    return numbers(line.split("F = ")[-1][1:])


@pytest.mark.claim("conv-board-trained", text="1d196b3b")
def test_training_wears_the_board_down_where_it_looks():
    """The printed means before and after training, on colours that the faces have."""
    for layer in LAYERS[:2]:
        means = table()[layer]
        assert means["seen before"] > 20
        assert 0 < means["seen after"] <= means["seen before"] / 5


@pytest.mark.claim("conv-board-unseen", text="78a15c60")
def test_more_than_twice_as_much_is_left_on_random_colours():
    """The printed means after training; on random colours training takes some away, too."""
    for layer in LAYERS[:2]:
        means = table()[layer]
        assert means["unseen after"] > 2 * means["seen after"]
        assert means["unseen after"] < means["unseen before"]


@pytest.mark.claim("conv-even-no-help", text="4e50c0a8")
def test_even_painting_makes_no_smaller_board():
    """The printed differences are those of the text, and neither interval lies below 0."""
    before, after = gap("board before, F = 4"), gap("board after, F = 4")
    assert before == pytest.approx([4.0, 17.5], abs=0.05)
    assert after == pytest.approx([0.5, 0.5], abs=0.05)
    assert all(mean + half > 0 for mean, half in (before, after))


@pytest.mark.claim("conv-same-loss", text="2870237e")
def test_repeating_draws_no_board_and_costs_little():
    """All four printed boards are 0; the losses are compared seed by seed."""
    means = table()[LAYERS[2]]
    assert [means[key] for key in KEYS[:4]] == [0] * 4
    for other in ("F = 3", "F = 4"):
        mean, half = gap(f"loss, repeat minus {other}")
        assert mean + half < 1
