"""Texts as one-hot rows: there and back, split, and the names of colours that are shipped."""

import pytest
import torch
from torch.nn import functional as F

from gancourse.data.sequences import END, Texts, colour_names, words
from gancourse.errors import GanCourseError

SMALL = words(["ab", "a", "cab"], torch.tensor([[1.0], [2.0], [3.0]]))


def test_a_text_is_one_hot_rows_and_ends():
    x, values = SMALL.all()
    assert SMALL.letters == "abc" and SMALL.shape == (4, 4) and x.shape == (3, 4, 4)
    assert torch.equal(x.sum(-1), torch.ones(3, 4))
    assert x.argmax(-1).tolist() == [[1, 2, END, END], [1, END, END, END], [3, 1, 2, END]]
    assert values.tolist() == [[1], [2], [3]]


def test_there_and_back():
    assert SMALL.decode(SMALL.encode(["cab", "b"]).argmax(-1)) == ["cab", "b"]
    assert SMALL.decode(torch.tensor([[1, 2, END, 3], [END, 1, 1, 1], [3, 3, 3, 3]])) == [
        "ab",
        "",
        "cccc",
    ]


def test_a_one_hot_row_times_a_matrix_is_a_row_of_the_matrix():
    """What an embedding does; the chapter's words."""
    W = torch.randn(4, 6)
    x = SMALL.sample(2, seed=0)
    assert torch.equal(x @ W, F.embedding(x.argmax(-1), W))


def test_batches_carry_each_text_with_its_own_values():
    x, values = next(SMALL.batches(50))
    own = dict(zip(SMALL.texts, SMALL.values.flatten().tolist(), strict=True))
    assert [own[text] for text in SMALL.decode(x.argmax(-1))] == values.flatten().tolist()
    assert len(set(values.flatten().tolist())) == 3


def test_split_parts_are_apart_and_keep_the_shape():
    data = colour_names()
    learn, held = data.split(150, seed=3)
    assert (len(learn), len(held)) == (len(data) - 150, 150)
    assert sorted(learn.texts + held.texts) == sorted(data.texts)
    assert learn.shape == held.shape == data.shape
    assert data.split(150, seed=3)[1].texts == held.texts != data.split(150, seed=4)[1].texts
    own = dict(zip(data.texts, data.values.tolist(), strict=True))
    assert [own[text] for text in held.texts] == held.values.tolist()


def test_fingerprints_tell_texts_and_values_apart():
    found = {
        SMALL.batches(2).fingerprint,
        SMALL.batches(3).fingerprint,
        words(["ab", "a", "cab"], torch.ones(3, 1)).batches(2).fingerprint,
        words(["ab", "b", "cab"], SMALL.values).batches(2).fingerprint,
    }
    assert len(found) == 4
    assert words(SMALL.texts, SMALL.values).batches(2).fingerprint in found


def test_the_names_are_those_of_the_survey():
    data = colour_names()
    colour = dict(zip(data.texts, data.values.tolist(), strict=True))
    assert len(data) == len(set(data.texts)) == 920 and data.values.abs().max() <= 1
    assert colour["grass"] == pytest.approx([v / 127.5 - 1 for v in (0x5C, 0xAC, 0x2D)])
    mean = lambda word: data.values[[word in t.split() for t in data.texts]].mean(0)
    for word, channel in (("red", 0), ("green", 1), ("blue", 2)):
        assert mean(word).argmax() == channel
    assert sum(t.split()[-1] == "green" for t in data.texts) > 150


def test_they_are_as_matplotlib_has_them():
    from matplotlib.colors import XKCD_COLORS

    data = colour_names()
    code = lambda rgb: "#" + bytes(((rgb + 1) * 127.5).round().byte().tolist()).hex()
    assert {f"xkcd:{t}": code(v) for t, v in zip(data.texts, data.values, strict=True)}.items() <= (
        XKCD_COLORS.items()
    )


@pytest.mark.parametrize(
    "act, message",
    [
        (lambda: words(["a"], torch.zeros(2, 1)), "1 texts with values of shape"),
        (lambda: words(["a"], torch.zeros(1)), "one row of values"),
        (lambda: words(["a", ""], torch.zeros(2, 1)), "cannot write ''"),
        (lambda: Texts("x", ["ab"], torch.zeros(1, 1), "a"), "cannot write 'ab'"),
        (lambda: SMALL.encode(["abca"]), "in at most 3 of these letters: abc"),
        (lambda: SMALL.encode(["d"]), "cannot write 'd'"),
        (lambda: SMALL.split(3), "held_out is 3 of 3 texts"),
        (lambda: SMALL.split(0), "held_out must be"),
        (lambda: SMALL.split(1, -1), "seed must be"),
    ],
)
def test_mistakes_are_named(act, message):
    with pytest.raises(GanCourseError, match=message):
        act()
