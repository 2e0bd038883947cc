"""Questions of chapter 12: The Wasserstein GAN."""

import math
from itertools import pairwise

import torch

from gancourse.networks.lipschitz import clipped_bound
from gancourse.questions.marking import exercise


def _product(sizes, c, power):
    """What is left of the bound if a layer counts with another power of its sizes."""
    return math.prod(c * (int(a) * int(b)) ** power for a, b in pairwise(sizes))


exercise(
    "clipped-constant",
    answer=lambda sizes, c: clipped_bound([int(n) for n in sizes], c),
    inputs=[([2, 64, 64, 64, 1], 0.01), ([1, 32, 1], 0.1), ([3, 8, 8, 1], 0.5)],
    praise="Powers of c, times the number of paths: a clip value says nothing without the sizes.",
    mistakes={
        "You multiplied c alone, once per layer; a layer's norm also grows with its two sizes.": lambda sizes, c: (
            _product(sizes, c, 0)
        ),
        "This is c times n_in times n_out per layer; the Frobenius norm takes the root.": lambda sizes, c: (
            _product(sizes, c, 1)
        ),
        "You counted c once; every one of the layers has its own.": lambda sizes, c: (
            clipped_bound([int(n) for n in sizes], c) / c ** (len(sizes) - 2)
        ),
    },
    tolerance=1e-9,
)

exercise(
    "step-then-clip",
    answer=lambda w, step, c: (w + step).clamp(-c, c),
    inputs=[([0.01, -0.004, 0.0], [0.05, -0.05, 0.003], 0.01), ([0.2, 0.7], [0.1, -0.1], 0.5)],
    praise="Step, then clip: what the generator meets is inside the box.",
    mistakes={
        "This clips before the step, so the generator meets weights outside the box.": lambda w, step, c: (
            w.clamp(-c, c) + step
        ),
        "You have clipped the step; it is the weight that has to stay in the box.": lambda w, step, c: (
            w + step.clamp(-c, c)
        ),
        "This steps and does not clip.": lambda w, step, c: w + step,
    },
    tolerance=1e-9,
)

exercise(
    "critic-loss",
    answer=lambda real, fake: fake.mean() - real.mean(),
    inputs=[([3.0, 0.5], [-2.0, 0.0]), ([0.1, 0.2, 0.6], [1.5, -0.7, 0.1])],
    praise="Two averages and a minus: no sigmoid, no margin, no logarithm.",
    mistakes={
        "This is the hinge loss; it stops at the margin, and its value is no distance.": lambda real, fake: (
            (1 - real).relu().mean() + (1 + fake).relu().mean()
        ),
        "This is what the critic maximises; the code minimises, so turn the sign.": lambda real, fake: (
            real.mean() - fake.mean()
        ),
        "A sigmoid was left in: then no difference of means can exceed 1.": lambda real, fake: (
            fake.sigmoid().mean() - real.sigmoid().mean()
        ),
    },
)


def _slopes(mu, sigma):
    """Derivatives of W1(N(0,1), N(mu, sigma²)) in mu and sigma, elementwise, for sigma ≠ 1."""
    t = mu / ((sigma - 1).abs() * math.sqrt(2))
    return torch.stack(
        [torch.erf(t), (sigma - 1).sign() * math.sqrt(2 / math.pi) * (-t.square()).exp()]
    )


exercise(
    "transport-slope",
    answer=_slopes,
    inputs=[([1.0, -0.5, 0.3], [2.0, 0.5, 1.5])],
    praise="Far away the pull on the mean is 1; close by, part of the pull goes into the width.",
    mistakes={
        "This is the slope of |mu|: right only if both have the same width.": lambda mu, sigma: (
            torch.stack([mu.sign(), 0 * mu])
        ),
        "These are the slopes of W2 squared, not of W1.": lambda mu, sigma: torch.stack(
            [2 * mu, 2 * (sigma - 1)]
        ),
        "The second one has the wrong sign for sigma < 1: there, growing helps.": lambda mu, sigma: (
            torch.stack([_slopes(mu, sigma)[0], _slopes(mu, sigma)[1].abs()])
        ),
        "Both signs are turned: this is the way that G moves, not the gradient.": lambda mu, sigma: (
            -_slopes(mu, sigma)
        ),
    },
)
