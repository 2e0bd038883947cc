"""Questions of chapter 06: The optimal discriminator."""

from math import log

import torch

from gancourse.questions.marking import exercise
from gancourse.theory import information as info

exercise(
    "discriminator-with-prior",
    answer=lambda p, pg, share: info.optimal_discriminator(share * p, (1 - share) * pg),
    inputs=[([0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], 0.25), ([0.5, 0.5], [0.9, 0.1], 0.6)],
    praise="Bayes' rule: each density counts as often as its samples are shown.",
    mistakes={
        "This is p/(p + pg), right for as many reals as fakes; the share has to weigh them.": lambda p, pg, share: (
            p / (p + pg)
        ),
        "The weights are swapped: share belongs to the real samples.": lambda p, pg, share: (
            (1 - share) * p / ((1 - share) * p + share * pg)
        ),
        "This is the probability of a fake; D is the probability of a real sample.": lambda p, pg, share: (
            (1 - share) * pg / (share * p + (1 - share) * pg)
        ),
        "Only the numerator is weighted; the denominator must contain the same product.": lambda p, pg, share: (
            share * p / (p + pg)
        ),
    },
)


def _collapsed(N):
    """Data uniform on N points, and a generator that knows only the first."""
    p, pg = torch.full((N,), 1 / N, dtype=torch.float64), torch.zeros(N, dtype=torch.float64)
    pg[0] = 1
    V = info.value(info.optimal_score(p, pg), p, pg)
    return info.optimal_discriminator(p, pg)[0], -V, info.jsd(p, pg)


exercise(
    "collapsed-generator",
    answer=_collapsed,
    inputs=[(2,), (10,), (100,)],
    praise="The loss shrinks as N grows: collapse makes the discriminator's life easy.",
    mistakes={
        "Your second number is V; the loss is L = -V, which is positive here.": lambda N: (
            _collapsed(N)[0],
            -_collapsed(N)[1],
            _collapsed(N)[2],
        ),
        "Your third number is the sum of the two KLs; JSD is half of it.": lambda N: (
            _collapsed(N)[0],
            _collapsed(N)[1],
            2 * _collapsed(N)[2],
        ),
        "At x1 the generator puts mass 1, the data 1/N: D = (1/N)/(1/N + 1), which is not 1/N.": lambda N: (
            1 / N,
            *_collapsed(N)[1:],
        ),
        "Your loss forgets the factor 1/N in front of the first logarithm.": lambda N: (
            _collapsed(N)[0],
            log(N + 1) + log((N + 1) / N),
            _collapsed(N)[2],
        ),
    },
)


def _clamped(p, pg, least):
    """The usual makeshift: D kept away from 0 and 1."""
    D = (p / (p + pg)).clamp(least, 1 - least)
    return (p * D.log() + pg * (1 - D).log()).sum()


exercise(
    "stable-value",
    answer=lambda p, pg: info.value(info.optimal_score(p, pg), p, pg),
    inputs=[
        ([0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]),
        ([1, 1e-20], [1e-20, 1]),
        ([0.5, 0.5, 0], [0, 0.5, 0.5]),
    ],
    tolerance=1e-9,  # a probability clamped to 1e-7 is off by more
    praise="Finite everywhere, as the theorem promises, and exact: no probability has been rounded.",
    mistakes={
        "Close, but you have bent the probabilities away from 0 and 1, and V with them. Use log(1 - D) = log(pg) - log(p + pg).": lambda p, pg: (
            _clamped(p, pg, 1e-7)
        ),
        "This is off in the fifth digit, because D was clamped. Use log(1 - D) = log(pg) - log(p + pg).": lambda p, pg: (
            _clamped(p, pg, 1e-5)
        ),
        "1 - D has rounded to zero in the second case. Write log(1 - D) as log(pg) - log(p + pg).": lambda p, pg: (
            (torch.special.xlogy(p, p / (p + pg)) + torch.special.xlogy(pg, 1 - p / (p + pg))).sum()
        ),
        "This is the Jensen-Shannon divergence; V is -log 4 plus twice that.": info.jsd,
        "This is the loss L = -V.": lambda p, pg: -info.value(info.optimal_score(p, pg), p, pg),
    },
)
