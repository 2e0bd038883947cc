"""Questions of chapter 03: A classifier is half a GAN."""

from itertools import pairwise
from math import cos, prod, sin

import torch

from gancourse.questions.marking import exercise
from gancourse.theory import backpropagation as backprop


def _mlp_weights(sizes, biases=1):
    return sum(out * (into + biases) for into, out in pairwise(sizes))


exercise(
    "mlp-weights",
    answer=_mlp_weights,
    inputs=[((2, 32, 32, 1),), ((784, 100, 10),), ((3, 1),)],
    tolerance=1e-9,
    praise="Every output has one weight for each input, and one bias.",
    mistakes={
        "The biases are missing: one for each output of each layer.": lambda sizes: _mlp_weights(
            sizes, biases=0
        ),
        "Each layer has one bias for each of its outputs, not for each of its inputs.": lambda sizes: (
            sum((out + 1) * into for into, out in pairwise(sizes))
        ),
        "A layer has one bias for each output, not a single one.": lambda sizes: (
            _mlp_weights(sizes, biases=0) + len(sizes) - 1
        ),
    },
)


def _logistic_gradient(X, y, w, b, *, sign=1.0, threshold=False):
    p = torch.sigmoid(X @ w + b)
    return sign * ((p > 0.5).double() - y if threshold else p - y) @ X / len(y)


_POINTS = [[1.0, 2.0], [0.0, -1.0], [3.0, 0.5], [-2.0, 1.0]]
exercise(
    "logistic-gradient",
    answer=_logistic_gradient,
    inputs=[(_POINTS, [1, 0, 0, 1], [0.3, -0.2], 0.1), (_POINTS, [1, 0, 1, 0], [-1, 0.5], -0.4)],
    praise="Prediction minus truth, times input, averaged over the data.",
    mistakes={
        "The sign is turned: this is truth minus prediction, the way downhill.": lambda *given: (
            _logistic_gradient(*given, sign=-1)
        ),
        "This is the sum over the data; the loss is their mean.": lambda X, y, w, b: (
            _logistic_gradient(X, y, w, b, sign=len(y))
        ),
        "The bias is missing in the score.": lambda X, y, w, b: _logistic_gradient(X, y, w, 0),
        "You took the raw score for the prediction: put it through the sigmoid.": lambda X, y, w, b: (
            (X @ w + b - y) @ X / len(y)
        ),
        "This is the gradient of the squared error: the factor p (1 - p) does not belong here.": lambda X, y, w, b: (
            (
                2
                * (torch.sigmoid(X @ w + b) - y)
                * torch.sigmoid(X @ w + b)
                * torch.sigmoid(-X @ w - b)
            )
            @ X
            / len(y)
        ),
        "The prediction is the probability itself, not the class that it decides for.": lambda *given: (
            _logistic_gradient(*given, threshold=True)
        ),
    },
)

exercise(
    "chain-slope",
    answer=lambda w: prod(slope for _, _, slope in backprop.sine_squared(w)),
    inputs=[(2.0,), (0.5,), (-1.0,)],
    praise="Three local slopes, multiplied from the back to the front.",
    mistakes={
        "The square is lost: with g1 = g2 the factor 2 sin(w**2 + 1) is missing.": lambda w: (
            2 * w * cos(w**2 + 1)
        ),
        "The innermost step is missing: w**2 + 1 has the slope 2w.": lambda w: (
            2 * sin(w**2 + 1) * cos(w**2 + 1)
        ),
        "The middle step is missing: the slope of the sine is the cosine.": lambda w: (
            4 * w * sin(w**2 + 1)
        ),
        "The square has the slope 2 g2, not g2: a factor 2 is missing.": lambda w: (
            2 * w * sin(w**2 + 1) * cos(w**2 + 1)
        ),
        "This is the function itself, not its slope.": lambda w: sin(w**2 + 1) ** 2,
    },
)

exercise(
    "hidden-sensitivity",
    answer=lambda r, beta, delta: (delta @ beta) * (r > 0),
    inputs=[
        ([1.5, -0.3, 0.2], [[1, 2, -1], [0.5, -3, 2]], [0.4, -0.1]),
        ([-1, 2], [[3, 1]], [2.0]),
    ],
    praise="Back through the same weights, then times the local slope.",
    mistakes={
        "The local slope is missing: a unit with r <= 0 passes nothing on.": lambda r, beta, delta: (
            delta @ beta
        ),
        "You multiplied by ReLU itself; its slope is 1 where r > 0 and 0 elsewhere.": lambda r, beta, delta: (
            (delta @ beta) * r.relu()
        ),
        "The slope of the sigmoid does not belong here: the units are ReLUs.": lambda r, beta, delta: (
            (delta @ beta) * torch.sigmoid(r) * torch.sigmoid(-r)
        ),
        "Only the first output is counted; a hidden unit acts through all of them.": lambda r, beta, delta: (
            delta[0] * beta[0] * (r > 0)
        ),
    },
)

exercise(
    "ratio-from-classifier",
    answer=lambda D, share: D / (1 - D) * (1 - share) / share,
    inputs=[(0.8, 0.5), (0.8, 0.75), (0.3, 0.1)],
    praise="The odds that it states, divided by the odds that the shares alone give.",
    mistakes={
        "This is right for equal shares; divide by the odds share/(1 - share).": lambda D, share: (
            D / (1 - D)
        ),
        "You multiplied by the odds of the shares: the score already contains them, so divide.": lambda D, share: (
            D / (1 - D) * share / (1 - share)
        ),
        "This is q/p; the question is p/q.": lambda D, share: (1 - D) / D * share / (1 - share),
        "D is p/(p + q), not p/q, already for equal shares.": lambda D, share: D,
    },
)
