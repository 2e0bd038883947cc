"""Questions of chapter 05: Two players."""

from math import log

import torch

from gancourse.questions.marking import exercise
from gancourse.theory import dynamics

exercise(
    "push-forward-density",
    answer=lambda x: torch.exp(-x),
    inputs=[([0.1, 0.5, 1, 3],)],
    praise="The exponential distribution; -log(1 - z) is how one draws from it.",
    mistakes={
        "This is the distribution function 1 - exp(-x); the density is its derivative.": lambda x: (
            1 - torch.exp(-x)
        ),
        "This is the density of the noise alone; the factor |dz/dx| of the inverse is missing.": torch.ones_like,
        "You took the derivative of G; the rule asks for that of its inverse, z = 1 - exp(-x).": lambda x: (
            torch.exp(x)
        ),
        "A density is never negative: the rule takes the absolute value of the derivative.": lambda x: (
            -torch.exp(-x)
        ),
    },
)

exercise(
    "more-steps-for-d",
    answer=lambda h, k: dynamics.alternating(dynamics.bilinear(), h, k),
    inputs=[(0.1, 1), (0.5, 5), (0.5, 17)],
    praise="Its determinant is 1 for every k: area is kept, so the players circle or fly apart.",
    mistakes={
        "This is simultaneous: G must see the y that D has just changed.": lambda h, k: [
            [1, -h],
            [k * h, 1],
        ],
        "Here G moves first and D sees the new x; in the exercise D moves first.": lambda h, k: [
            [1, -h],
            [k * h, 1 - k * h**2],
        ],
        "The k belongs to D's steps; G takes one.": lambda h, k: [[1 - k * h**2, -k * h], [h, 1]],
        "This is the transpose: row x says what becomes of x, so -h stands in the first row.": lambda h, k: [
            [1 - k * h**2, k * h],
            [-h, 1],
        ],
        "This acts on (y, x); the exercise asks for the matrix that acts on (x, y).": lambda h, k: [
            [1, k * h],
            [-h, 1 - k * h**2],
        ],
        "This is right for k = 1 only.": lambda h, k: [[1 - h**2, -h], [h, 1]],
        "Check the signs: G lowers xy, so its step is -h y; D raises it.": lambda h, k: [
            [1 - k * h**2, h],
            [-k * h, 1],
        ],
    },
)

exercise(
    "uncleared-gradients",
    answer=lambda: [2 / 3, -log(2 / 3) - log(1 / 3), -log(2 / 3)],
    praise="A d_loss that stays above log 4 gives such a bug away.",
    mistakes={
        "These are the values of a correct loop; the student's D also gets the generator's slope.": lambda: [
            1 / 2,
            log(4),
            log(2),
        ],
        "You added G's slope with the wrong sign: it is -(1 - c), like that of a real sample.": lambda: [
            1 / 3,
            -log(1 / 3) - log(2 / 3),
            -log(1 / 3),
        ],
        "Your c is right; d_loss is -log(c) for the real samples plus -log(1 - c) for the fakes.": lambda: [
            2 / 3,
            -2 * log(2 / 3),
            -log(2 / 3),
        ],
        "Your c is right; the loss here is non-saturating, -log(c), not log(1 - c).": lambda: [
            2 / 3,
            -log(2 / 3) - log(1 / 3),
            log(1 / 3),
        ],
    },
)
