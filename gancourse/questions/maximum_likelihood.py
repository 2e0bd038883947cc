"""Questions of chapter 01: Maximum likelihood."""

from math import log

import torch

from gancourse.questions.marking import exercise
from gancourse.theory import likelihood as mle

exercise(
    "coin-log-likelihood",
    answer=lambda x, theta: mle.log_bernoulli(x, theta).sum(),
    inputs=[([1, 1, 0, 1], 0.7), ([0, 0, 1], 0.2), ([1, 1], 0.5)],
    praise="Two logarithms, one for the ones and one for the zeros, and a sum over all flips.",
    mistakes={
        "This is the likelihood itself, a product: the logarithm is missing.": lambda x, theta: (
            mle.log_bernoulli(x, theta).sum().exp()
        ),
        "This is the mean over the flips: the same argmax, but the log-likelihood is the sum.": lambda x, theta: (
            mle.log_bernoulli(x, theta).mean()
        ),
        "The term of the zeros lacks its logarithm: it must be (1 - x) * log(1 - theta).": lambda x, theta: (
            (x * log(theta) + (1 - x) * (1 - theta)).sum()
        ),
        "This is the log-likelihood of the ones only: a zero has probability 1 - theta.": lambda x, theta: (
            (x * log(theta)).sum()
        ),
        "This is the negative log-likelihood: right as a loss, but here we ask for its negative.": lambda x, theta: (
            -mle.log_bernoulli(x, theta).sum()
        ),
    },
)

exercise(
    "waiting-time-mle",
    answer=lambda k: 1 / k.mean(),
    inputs=[([1, 3, 2, 6],), ([4, 4, 10],), ([2, 1],)],
    praise="One success per mean waiting time.",
    mistakes={
        "This is the mean waiting time; theta is a probability. Solve for theta once more.": lambda k: (
            k.mean()
        ),
        "This is right if k counts only the failures. Here the successful try is counted, too.": lambda k: (
            1 / (1 + k.mean())
        ),
        "One success in all tries together: but every one of the n observations ends in a success.": lambda k: (
            1 / k.sum()
        ),
        "The mean of 1/k is not 1 divided by the mean of k.": lambda k: (1 / k).mean(),
    },
)

exercise(
    "gaussian-variance-mle",
    answer=lambda x: mle.fit_gaussian(x)[1] ** 2,
    inputs=[([1, 2, 4],), ([0, 0, 3, 5, -2],)],
    praise="Divided by n: that is the maximum of the likelihood, and it is biased.",
    mistakes={
        "You divided by n - 1 (the default of torch's var): unbiased, but not the maximum of the "
        "likelihood.": lambda x: x.var(),
        "This is the standard deviation; the variance is its square.": lambda x: x.var(
            unbiased=False
        ).sqrt(),
        "You did not subtract the mean: this is the mean of the squares.": lambda x: (x**2).mean(),
        "This is the sum of the squared deviations; divide it by n.": lambda x: (
            (x - x.mean()) ** 2
        ).sum(),
    },
)

exercise(
    "unbiased-maximum",
    answer=lambda n: (n + 1) / n,
    inputs=[(1,), (4,), (10,)],
    praise="Now the estimate is right on average, although it is no longer the most likely one.",
    mistakes={
        "This is E[max]/theta; the factor that undoes it is its inverse.": lambda n: n / (n + 1),
        "With the factor 1 the estimate is max(x), which is never above theta and mostly below it.": lambda n: (
            1.0
        ),
        "The expectation of the largest of n is n/(n + 1) theta, not (n - 1)/n theta.": lambda n: (
            n / (n - 1) if n > 1 else float("inf")
        ),
    },
)


def _mixture_means(x, means, hard=False, divide_by_n=False, exponent=-0.5):
    """New means of a mixture with equal weights and unit stds; the flags are common mistakes."""
    r = (exponent * (x[:, None] - means) ** 2).softmax(-1)
    r = torch.nn.functional.one_hot(r.argmax(-1), len(means)).to(x) if hard else r
    return (r * x[:, None]).sum(0) / (len(x) if divide_by_n else r.sum(0))


exercise(
    "em-means",
    answer=lambda x, means: mle.em_step(
        x, torch.full_like(means, 1 / len(means)), means, torch.ones_like(means)
    )[1],
    inputs=[([0, 1, 3, 4], [1, 2.5]), ([-1, 0, 2, 2.5, 5], [0, 1, 4])],
    praise="Every point pulls at every mean, by its responsibility.",
    mistakes={
        "Each point belongs to its nearest mean only: that is the step of k-means, the hard limit.": lambda x, means: (
            _mixture_means(x, means, hard=True)
        ),
        "Divide by the sum of the responsibilities of that component, not by the number of points.": lambda x, means: (
            _mixture_means(x, means, divide_by_n=True)
        ),
        "The exponent of the Gaussian is -(x - mean)**2 / 2: the 1/2 is missing.": lambda x, means: (
            _mixture_means(x, means, exponent=-1)
        ),
        "The responsibilities of a point must sum to 1 over the components (dim=1), not over the "
        "points.": lambda x, means: (
            (-0.5 * (x[:, None] - means) ** 2).softmax(0) * x[:, None]
        ).sum(0),
    },
)

exercise(
    "next-flip",
    answer=lambda: [
        1.0,
        mle.beta_map(*mle.beta_posterior([1, 1, 1], 2, 2)),
        mle.beta_predictive(*mle.beta_posterior([1, 1, 1], 2, 2)),
    ],
    praise="Three heads, three answers: the less data, the more the prior speaks.",
    mistakes={
        "The last two are swapped: MAP is the mode of the posterior, the prediction is its mean.": lambda: [
            1.0,
            5 / 7,
            4 / 5,
        ],
        "Your prediction puts the MAP estimate into the model; average over the posterior instead.": lambda: [
            1.0,
            4 / 5,
            4 / 5,
        ],
        "These are the numbers for a flat prior, Beta(1, 1); the prior here is Beta(2, 2).": lambda: [
            1.0,
            1.0,
            4 / 5,
        ],
        "The mode of Beta(a, b) is (a - 1)/(a + b - 2); you divided without the -1 and -2.": lambda: [
            1.0,
            5 / 7,
            5 / 7,
        ],
    },
)
