"""Questions of chapter 7: how GAN training fails."""

from math import log

import torch

from gancourse.questions.marking import exercise

exercise(
    "dirac-one-round",
    answer=lambda: (1 + 0.2**2 / 4) ** 0.5,
    tolerance=1e-5,
    praise="Every step size stretches; a small one only takes longer.",
    mistakes={
        "The pull at the goal is a half, not one: the eigenvalues are ± i/2.": lambda: (
            (1 + 0.2**2) ** 0.5
        ),
        "This adds the length h/2; it stands at a right angle to 1.": lambda: 1.1,
        "Take the root: this is the square of the modulus.": lambda: 1.01,
        "This is the flow, or players in turn; here both step at once.": lambda: 1.0,
        "This is h squared over two: the modulus is the root of 1 + h²/4.": lambda: 1.02,
    },
)

exercise(
    "dirac-critical",
    answer=lambda: [1.0, 2**0.5],
    praise="Beyond them more is slower.",
    mistakes={
        "That is the slope of the loss at 0; gamma must be twice that.": lambda: [0.5, 1.0],
        "The root of 1/4 is missing: the square of gamma over 4 must be 1/4.": lambda: [
            0.25,
            0.5**0.5,
        ],
        "That is the variance of the noise; its root is asked for.": lambda: [1.0, 2.0],
        "Both points are noisy, the real and the fake one: together they give s²/2.": lambda: [
            1.0,
            8**0.5 / 2**0.5 * 2**0.5,
        ],
        "Gamma is half of the variance: s squared is 2.": lambda: [1.0, 1.0],
    },
)


def _kept(n, N, share=True, flip=False):
    """The flags are common mistakes."""
    D = N / (n + N) if flip else n / (n + N)
    return torch.tensor(
        [D, (n / N if share else 1) * log((n + N) / n) + log((n + N) / N)], dtype=torch.float64
    )


exercise(
    "kept-modes",
    answer=_kept,
    inputs=[(1, 8), (3, 10), (8, 8)],
    praise="So a loss of D can be read: 0.39 is one of eight.",
    mistakes={
        "Real points fall on kept places only with the probability n/N.": lambda n, N: _kept(
            n, N, share=False
        ),
        "This is 1 - D*: the probability of a fake there.": lambda n, N: _kept(n, N, flip=True),
        "This is V; the loss is L = -V.": lambda n, N: _kept(n, N) * torch.tensor([1.0, -1.0]),
        "This is the JSD in the second place; L = log 4 - 2 JSD.": lambda n, N: torch.stack(
            [_kept(n, N)[0], log(2) - _kept(n, N)[1] / 2]
        ),
        "The fakes spread over n places, so p_g = 1/n on each.": lambda n, N: torch.tensor(
            [1 / (N + 1), log(N + 1) / N + log((N + 1) / N)], dtype=torch.float64
        ),
    },
)


def _above(seen, unseen, tie=0.5):
    pairs = seen[:, None] - unseen[None]
    return (pairs > 0).double().mean() + tie * (pairs == 0).double().mean()


exercise(
    "scores-above",
    answer=_above,
    inputs=[
        ([1.0, 2.0, 3.0], [0.5, 2.0]),
        ([0.0, 0.0, 1.0], [0.0, 3.0, -1.0, 2.0]),
        ([5.0], [1.0, 5.0]),
    ],
    praise="Nothing learnt by heart is one half; this is the AUC of seen against unseen.",
    mistakes={
        "A tie counts one half.": lambda seen, unseen: _above(seen, unseen, tie=0.0),
        "A tie counts one half, not one.": lambda seen, unseen: _above(seen, unseen, tie=1.0),
        "The other way round: how often is the seen one higher?": lambda seen, unseen: _above(
            unseen, seen
        ),
        "Signs run from -1 to 1; shares from 0 to 1.": lambda seen, unseen: (
            2 * _above(seen, unseen) - 1
        ),
        "This compares the means; compare all pairs.": lambda seen, unseen: (
            seen.mean() > unseen.mean()
        ).double(),
    },
)
