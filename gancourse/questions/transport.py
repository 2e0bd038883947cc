"""Questions of chapter 11: Optimal transport."""

from math import pi, sqrt

import torch

from gancourse.questions.marking import exercise
from gancourse.theory import information as info
from gancourse.theory import transport as ot


def _by_hand():
    """Heaps .7 and .3 at 0 and 4, holes .4 and .6 at 1 and 2: W1 and the plan, row by row."""
    found = ot.optimal_plan([0.7, 0.3], [0.4, 0.6], ot.distances([0.0, 4.0], [1.0, 2.0]))
    return torch.cat([found.value[None], found.plan.flatten()])


exercise(
    "two-heaps",
    answer=_by_hand,
    praise="On a line the order is kept: the nearest earth goes into the nearest hole.",
    mistakes={
        "This is the plan p_i q_j, which carries from everywhere to everywhere. It is admissible, "
        "and it is not the cheapest.": lambda: (1.84, 0.28, 0.42, 0.12, 0.18),
        "Your plan carries the near earth far and the far earth farther: swap the two.": lambda: (
            2.2,
            0.1,
            0.6,
            0.3,
            0.0,
        ),
    },
)

exercise(
    "w1-on-a-line",
    answer=info.wasserstein_1d,
    inputs=[
        ([0.5, 0.3, 0.2], [0.1, 0.3, 0.6], [0.0, 1.0, 2.0]),
        ([0.5, 0.3, 0.2, 0.0], [0.6, 0.0, 0.3, 0.1], [0.0, 0.5, 2.0, 5.0]),
    ],
    praise="The heap of earth that passes each stretch, times the length of the stretch.",
    mistakes={
        "The stretches have different lengths: multiply by x.diff().": lambda p, q, x: (
            (p - q).cumsum(0).abs().sum()
        ),
        "Without absolute values the way to the left is subtracted from the way to the right; what "
        "is left is the difference of the means.": lambda p, q, x: (
            (p - q).cumsum(0)[:-1] * x.diff()
        ).sum(),
        "This compares the heights bar by bar, half of their sum: the total variation.": lambda p, q, x: (
            (p - q).abs().sum() / 2
        ),
    },
)

exercise(
    "w2-of-gaussians",
    answer=lambda m1, s1, m2, s2: ot.gaussian_w2_squared(m1, s1**2, m2, s2**2),
    inputs=[(0.0, 1.0, 0.0, 4.0), (1.0, 2.0, -1.0, 0.5)],
    praise="With standard deviations the square is simply the square of their difference.",
    mistakes={
        "Variances and standard deviations are swapped: this is the printed formula.": lambda m1, s1, m2, s2: (
            (m1 - m2) ** 2 + s1 + s2 - 2 * sqrt(s1 * s2)
        ),
        "This is the difference of the variances, squared.": lambda m1, s1, m2, s2: (
            (m1 - m2) ** 2 + (s1**2 - s2**2) ** 2
        ),
        "This is W2; its square is asked for.": lambda m1, s1, m2, s2: sqrt(
            (m1 - m2) ** 2 + (s1 - s2) ** 2
        ),
    },
)


def _one_lipschitz(f, x):
    return torch.tensor(float(ot.lipschitz_constant(f, x) <= 1 + 1e-9))


exercise(
    "admissible-critic",
    answer=_one_lipschitz,
    inputs=[
        ([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]),
        ([0.0, 1.5, 1.5], [0.0, 2.0, 3.0]),
        ([0.0, 0.9, 0.0], [0.0, 0.5, 2.0]),
        ([2.0, 0.5, 0.0], [0.0, 1.0, 2.0]),
        ([0.0, 0.6, 1.2], [0.0, 0.5, 2.0]),
        ([0.0, 1.01, 1.01], [0.0, 1.0, 2.0]),
        ([0.0, 0.1, 0.3], [0.0, 0.1, 0.1 + 0.2]),
        ([0.0, 0.1 + 0.2, 0.3], [0.0, 0.3, 1.0]),
    ],
    praise="A slope of exactly 1 is allowed, and the best critic needs it.",
    mistakes={
        "Allow for rounding: 0.1 + 0.2 is a little more than 0.3, and the last input has a slope of 1 "
        "but for that.": lambda f, x: float(bool((f.diff().abs() <= x.diff()).all())),
        "The strict inequality rejects slope 1, and with it every optimal critic.": lambda f, x: (
            float(bool((f.diff().abs() < x.diff()).all()))
        ),
        "This forgets that the points are not one apart: divide by x.diff().": lambda f, x: float(
            bool((f.diff().abs() <= 1).all())
        ),
        "Only climbing is checked; falling steeply is forbidden, too.": lambda f, x: float(
            bool((f.diff() <= x.diff()).all())
        ),
    },
)

exercise(
    "c-transform",
    answer=lambda f, c: ot.c_transform(f, c),
    inputs=[
        ([0.5, -5.0], [[0.0, 1.0], [1.0, 0.0]]),
        ([1.0, 0.0], [[2.0, 1.0, 5.0], [0.0, 3.0, 1.0]]),
    ],
    praise="The highest price for each hole that all heaps allow.",
    mistakes={
        "The maximum breaks the promise for all heaps but one: take the minimum.": lambda f, c: (
            c - f[:, None]
        ).amax(0),
        "The sign of f is wrong: f_i + g_j must not exceed c_ij.": lambda f, c: (
            c + f[:, None]
        ).amin(0),
    },
)

exercise(
    "one-sample-each",
    answer=lambda: (1 / 3, 2 / sqrt(pi)),
    praise="The same distribution twice, and a distance far from zero: the price of one sample.",
    tolerance=2e-3,  # three digits, as in the solution
    mistakes={
        "You measured from one sample to the mean; both points are random.": lambda: (
            1 / 4,
            sqrt(2 / pi),
        ),
        "The truth is zero, but |x - y| of two random points is not.": lambda: (0, 0),
    },
)
