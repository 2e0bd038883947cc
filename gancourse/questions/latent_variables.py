"""Questions of chapter 4: latent variables, sampling and bounds."""

import math

import torch

from gancourse.questions.marking import exercise

exercise(
    "accept-by-hand",
    answer=lambda: [0.25, 1.0],
    praise="With these two the traffic between 2 and 3 is the same in both directions.",
    mistakes={
        "The proposals are missing: multiply by g(2|3)/g(3|2).": lambda: [0.5, 1.0],
        "The proposals are upside down: the way back stands above.": lambda: [1.0, 0.25 * 4 / 4],
        "These are the ratios; a probability is at most 1.": lambda: [0.25, 4.0],
        "The ratio is upside down: the new state stands above.": lambda: [4.0, 0.25],
        "There and back are exchanged.": lambda: [1.0, 0.5],
    },
)


def _sigmas(pixels=12288, factor=0.5):
    return [math.sqrt(pixels * factor * 0.00025), 0.1**2 / (factor * pixels)]


exercise(
    "sigma-of-a-weight",
    answer=_sigmas,
    praise="The weight and the noise are one number under two names.",
    tolerance=1e-7,
    mistakes={
        "The 2 of the normal law's exponent is missing.": lambda: _sigmas(factor=1.0),
        "The first number is the variance; take its root.": lambda: [
            _sigmas()[0] ** 2,
            _sigmas()[1],
        ],
        "A picture in colour has three numbers for each place.": lambda: _sigmas(pixels=4096),
        "The mean over the pixels is forgotten: a factor d.": lambda: _sigmas(pixels=1),
        "For the second number square sigma.": lambda: [_sigmas()[0], 0.1 * 2 / 12288],
    },
)


def _elbo(a, x, m, v, sign=1.0, spread=True, log=True):
    """The flags are common mistakes."""
    fit = -0.5 * math.log(2 * math.pi) - 0.5 * ((x - a * m) ** 2 + (a**2 * v if spread else 0))
    return fit - sign * 0.5 * (m**2 + v - 1 - (math.log(v) if log else 0))


exercise(
    "elbo-by-hand",
    answer=_elbo,
    inputs=[(2.0, 3.0, 1.2, 0.8), (1.2, 3.0, 0.0, 1.0), (-0.5, 1.0, 0.3, 0.4)],
    praise="It lies below log p(x) by the KL to the posterior.",
    mistakes={
        "The KL is a price: subtract it.": lambda a, x, m, v: _elbo(a, x, m, v, sign=-1.0),
        "The KL to the prior is missing.": lambda a, x, m, v: _elbo(a, x, m, v, sign=0.0),
        "v is the variance; here it was used as a standard deviation.": lambda a, x, m, v: _elbo(
            a, x, m, v**2
        ),
        "The code has a spread, and the error with it: a**2 v is missing.": lambda a, x, m, v: (
            _elbo(a, x, m, v, spread=False)
        ),
        "The logarithm of the variance is missing in the KL.": lambda a, x, m, v: _elbo(
            a, x, m, v, log=False
        ),
        "This is log p(x) itself; the bound depends on q.": lambda a, x, m, v: (
            -0.5 * math.log(2 * math.pi * (a**2 + 1)) - 0.5 * x**2 / (a**2 + 1)
        ),
        "The constant of the normal law is missing.": lambda a, x, m, v: (
            _elbo(a, x, m, v) + 0.5 * math.log(2 * math.pi)
        ),
    },
)


def _loss(errors):
    return math.log(len(errors)) - torch.logsumexp(-errors, 0)


exercise(
    "importance-weighted-loss",
    answer=_loss,
    inputs=[([1.0, 3.0],), ([1000.0, 1001.0, 1004.0],), ([-2.0, 5.0, 0.5, 0.5],)],
    praise="The better a draw explains the picture, the more it counts.",
    mistakes={
        "This is the ELBO's loss: the logarithm of the mean weight is asked for.": lambda errors: (
            errors.mean()
        ),
        "The weights are upside down: they favour the worst draw.": lambda errors: (
            torch.softmax(errors, 0) @ errors
        ),
        "These weights are right for the gradient, but the loss is the log of a mean.": lambda errors: (
            torch.softmax(-errors, 0) @ errors
        ),
        "Divide the sum of the weights by their number.": lambda errors: (
            -torch.logsumexp(-errors, 0)
        ),
        "This is the bound; the loss is minus it.": lambda errors: -_loss(errors),
        "This is the logarithm of the mean of exp(+error).": lambda errors: (
            torch.logsumexp(errors, 0) - math.log(len(errors))
        ),
        "exp(-1000) is 0 for a computer: use torch.logsumexp.": lambda errors: (
            -torch.log(torch.exp(-errors).mean())
        ),
    },
)


def _transitions(p, stay=True, ratio=1, both=0.5, wall=True):
    """The flags are common mistakes."""
    m = len(p)
    T = torch.zeros(m, m, dtype=torch.float64)
    for x in range(m):
        for y in (x - 1, x + 1):
            if 0 <= y < m:
                step = both if wall or 0 < x < m - 1 else 1.0
                T[x, y] = step * min(1.0, float((p[y] / p[x]) ** ratio))
        if stay:
            T[x, x] = 1 - T[x].sum()
    return T


exercise(
    "write-a-chain",
    answer=_transitions,
    inputs=[([1.0, 2.0, 4.0, 1.0],), ([3.0, 1.0],), ([1.0, 1.0, 1.0, 0.5, 2.0],)],
    praise="Its rows sum to 1, and p T = p.",
    mistakes={
        "A rejected step is a step: what is left over stays on the diagonal.": lambda p: (
            _transitions(p, stay=False)
        ),
        "The ratio is upside down: the proposed state stands above.": lambda p: _transitions(
            p, ratio=-1
        ),
        "Each direction is proposed with probability one half.": lambda p: _transitions(
            p, both=1.0
        ),
        "This accepts every proposal: multiply by min(1, p[y]/p[x]).": lambda p: _transitions(
            p, ratio=0
        ),
        "At the ends the step outwards is proposed as well, and rejected.": lambda p: _transitions(
            p, wall=False
        ),
    },
)
