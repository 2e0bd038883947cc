"""Questions of chapter 8: convolutions and their transposes."""

import torch

from gancourse.questions.marking import exercise


def _size(W, F, S, P, d, Q):
    return S * (W - 1) + d * (F - 1) + 1 - 2 * P + Q


exercise(
    "transposed-size-in-full",
    answer=_size,
    inputs=[(5, 3, 2, 1, 2, 1), (4, 4, 2, 1, 1, 0), (7, 2, 3, 0, 4, 2)],
    tolerance=1e-9,
    praise="Patches start S apart, the last one is whole, and the padding cuts.",
    mistakes={
        "The dilation is missing: a patch covers d (F - 1) + 1 places.": lambda W, F, S, P, d, Q: (
            _size(W, F, S, P, 1, Q)
        ),
        "The output padding is missing.": lambda W, F, S, P, d, Q: _size(W, F, S, P, d, 0),
        "The padding is missing: P places are cut off at each end.": lambda W, F, S, P, d, Q: _size(
            W, F, S, 0, d, Q
        ),
        "The padding cuts at both ends.": lambda W, F, S, P, d, Q: _size(W, F, S, P, d, Q) + P,
        "The last of W patches starts at S (W - 1), not at S W.": lambda W, F, S, P, d, Q: _size(
            W + 1, F, S, P, d, Q
        ),
        "This is the way down; the transpose goes up.": lambda W, F, S, P, d, Q: (
            (W + 2 * P - d * (F - 1) - 1) // S + 1
        ),
        "A patch covers d (F - 1) + 1 places: from the first to the last, both included.": lambda W, F, S, P, d, Q: (
            _size(W, F, S, P, d, Q) - 1
        ),
    },
)


def _paint(y, w, S, P, over=False, flip=False, times=True):
    """The flags are common mistakes."""
    z = torch.zeros(S * (len(y) - 1) + len(w), dtype=torch.float64)
    w = w.flip(0) if flip else w
    for o in range(len(y)):
        patch = w * (y[o] if times else 1)
        z[S * o : S * o + len(w)] = patch + (0 if over else z[S * o : S * o + len(w)])
    return z[P : len(z) - P]


exercise(
    "paint",
    answer=_paint,
    inputs=[
        ([3.0, 7.0, 0.0], [1.0, 2.0, -1.0], 2, 1),
        ([1.0, -2.0], [1.0, 3.0, 5.0, 2.0], 2, 0),
        ([2.0, 1.0], [1.0, 4.0], 3, 0),
    ],
    praise="The convolution reads; its transpose paints.",
    mistakes={
        "Where patches meet they add up; here the later one covers the earlier one.": lambda y, w, S, P: (
            _paint(y, w, S, P, over=True)
        ),
        "The filter is painted as it stands: no flip.": lambda y, w, S, P: _paint(
            y, w, S, P, flip=True
        ),
        "Each patch is the filter times the input number.": lambda y, w, S, P: _paint(
            y, w, S, P, times=False
        ),
        "Cut P places off at each end.": lambda y, w, S, P: _paint(y, w, S, 0),
        "Patches start S apart, not side by side.": lambda y, w, S, P: _paint(y, w, len(w), P),
        "Patches start S apart, not at neighbouring places.": lambda y, w, S, P: _paint(y, w, 1, P),
    },
)


def _field(filters, strides, before=True):
    r, j = 1, 1
    for F, S in zip(filters, strides, strict=True):
        j = j if before else j * S
        r += (F - 1) * j
        j = j * S if before else j
    return r


exercise(
    "receptive-field",
    answer=_field,
    inputs=[([4.0] * 5, [2.0, 2.0, 2.0, 1.0, 1.0]), ([3.0, 5.0, 7.0], [1.0, 3.0, 2.0])],
    tolerance=1e-9,
    praise="Each filter counts times all strides below it, and not times its own.",
    mistakes={
        "A layer's own stride moves its neighbours apart; it counts only for the layers above.": lambda filters, strides: (
            _field(filters, strides, before=False)
        ),
        "The last layer is missing.": lambda filters, strides: _field(filters[:-1], strides[:-1]),
        "Strides are missing: the steps of the layers below multiply.": lambda filters, strides: (
            1 + sum(F - 1 for F in filters)
        ),
        "Start from one pixel: 1 is missing.": lambda filters, strides: (
            _field(filters, strides) - 1
        ),
        "A filter of F adds F - 1 steps, not F.": lambda filters, strides: _field(
            [F + 1 for F in filters], strides
        ),
    },
)

exercise(
    "board-of-noise",
    answer=lambda: [4.0, 9 / 4, 4.0],
    praise="In the plane the numbers of weights multiply, so the ratio is squared.",
    mistakes={
        "That is on a line; a picture has two axes.": lambda: [2.0, 1.5, 2.0],
        "This is F/S, but a place is painted by a whole number of weights.": lambda: [
            25 / 9,
            49 / 9,
            9 / 4,
        ],
        "This is the largest number of weights; compare it with the smallest.": lambda: [
            4.0,
            9.0,
            4.0,
        ],
        "This is the smallest over the largest.": lambda: [1 / 4, 4 / 9, 1 / 4],
        "The stride does not divide these filters, so places differ.": lambda: [1.0, 1.0, 1.0],
    },
)
