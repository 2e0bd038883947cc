"""Questions of chapter 13: Gradient penalties and Lipschitz by construction."""

import cmath
from math import ceil, log

import torch

from gancourse.questions.marking import exercise
from gancourse.theory import dynamics

exercise(
    "gp-overshoot",
    answer=lambda d, weight: (1 + d / (2 * weight), d + d**2 / (4 * weight)),
    inputs=[(1.0, 10.0), (1.0, 0.1), (3.0, 2.0)],
    praise="The penalty is a price: with a small weight, minus the loss is far from a distance.",
    mistakes={
        "The slope is not fenced in at 1: the critic gains d for each unit of slope.": lambda d, weight: (
            1.0,
            d,
        ),
        "Your slope is right; the second number must still pay the penalty.": lambda d, weight: (
            1 + d / (2 * weight),
            d + d**2 / (2 * weight),
        ),
        "The derivative of (a - 1)^2 is 2 (a - 1): a factor 2 is missing.": lambda d, weight: (
            1 + d / weight,
            d + d**2 / (4 * weight),
        ),
        "Your second number is the loss itself; minus the loss is asked for.": lambda d, weight: (
            1 + d / (2 * weight),
            -d - d**2 / (4 * weight),
        ),
    },
)


def _charge(norm):
    return 10 * (norm - 1).square().mean()


_GRADIENTS = [
    [[[[3.0, 0.0]], [[0.0, 4.0]], [[0.0, 0.0]]], [[[0.6, 0.0]], [[0.0, 0.8]], [[0.0, 0.0]]]]
]
_OTHERS = [[[[[1.0, 2.0], [0.0, 1.0]], [[0.5, 0.0], [1.0, 0.0]], [[0.0, 0.0], [2.0, 1.0]]]]]
_FLAT = [[[[[0.3, 0.0]], [[0.0, 0.4]], [[0.0, 0.0]]], [[[0.0, 0.0]], [[0.0, 0.0]], [[1.5, 0.0]]]]]

exercise(
    "penalty-of-pictures",
    answer=lambda g: _charge(g.flatten(1).norm(dim=1)),
    inputs=[(_GRADIENTS[0],), (_OTHERS[0],), (_FLAT[0],)],
    praise="One norm per sample, over colours and positions together.",
    mistakes={
        "This is one norm per pixel, over the colours only; a sample has one gradient.": lambda g: (
            _charge(g.norm(dim=1))
        ),
        "This is one norm for the whole batch; every sample has its own.": lambda g: _charge(
            g.norm()
        ),
        "You took the norm over positions only; the colours belong to the same gradient.": lambda g: (
            _charge(g.flatten(2).norm(dim=2))
        ),
        "This is the one-sided penalty; (|g| - 1)^2 charges slopes below 1 as well.": lambda g: (
            10 * (g.flatten(1).norm(dim=1) - 1).clamp(min=0).square().mean()
        ),
        "This asks for slope 0 (as R1 does); WGAN-GP asks for 1.": lambda g: (
            10 * g.flatten(1).norm(dim=1).square().mean()
        ),
        "The target 1 is for the length, not for its square.": lambda g: (
            10 * (g.flatten(1).square().sum(1) - 1).square().mean()
        ),
    },
)


def _modulus(h, gamma):
    M = torch.tensor([[0, 0.5], [-0.5, -gamma]], dtype=torch.float64)
    return dynamics.moduli(dynamics.simultaneous(M, h))[0]


def _eigenvalue(gamma):
    return -gamma / 2 + cmath.sqrt(gamma**2 / 4 - 1 / 4)


exercise(
    "dirac-modulus",
    answer=_modulus,
    inputs=[(0.2, 0.0), (0.2, 0.3), (0.1, 1.0), (0.1, 2.0), (1.0, 5.0)],
    praise="Below 1 for every gamma > 0 and small h; above 1 without the penalty.",
    mistakes={
        "Only the eigenvalue with + is here. With a large step and a strong penalty the other one "
        "overshoots: at h = 1, gamma = 5 its modulus is 3.95.": lambda h, gamma: abs(
            1 + h * _eigenvalue(gamma)
        ),
        "This is the modulus of M's eigenvalue; a step has the matrix I + hM.": lambda h, gamma: (
            abs(_eigenvalue(gamma))
        ),
        "You took |1 + h Re(lambda)|; the imaginary part belongs to the modulus.": lambda h, gamma: (
            abs(1 + h * _eigenvalue(gamma).real)
        ),
        "f'(0) is 1/2: the off-diagonal entries of M are 1/2 and -1/2, not 1 and -1.": lambda h, gamma: (
            abs(1 + h * (-gamma / 2 + cmath.sqrt(gamma**2 / 4 - 1)))
        ),
        "R1 is gamma/2 times the squared slope: its derivative is gamma phi, not 2 gamma phi.": lambda h, gamma: (
            abs(1 + h * _eigenvalue(2 * gamma))
        ),
        "This is exp(h Re(lambda)), the flow in continuous time; steps are I + hM.": lambda h, gamma: (
            abs(cmath.exp(h * _eigenvalue(gamma)))
        ),
    },
)

exercise(
    "power-rounds",
    answer=lambda r: ceil((2 + log(1e-6) / log(r)) / 4),
    inputs=[(0.1,), (0.5,), (0.9,), (0.99,)],
    praise="Few rounds if the first singular value stands out, many if it has a close rival.",
    tolerance=1e-9,
    mistakes={
        "This brings tan(theta) down to 1e-4; the value converges twice as fast.": lambda r: ceil(
            log(1e-5) / log(r) / 2
        ),
        "tan^2 of the start is 100, not 10.": lambda r: ceil((2 + log(1e-5) / log(r)) / 4),
        "The exponent is 4k - 2, not 2k.": lambda r: ceil(log(1e-6) / log(r) / 2),
        "4k - 2 >= x gives k >= (x + 2)/4; one more round than x/4 is not always needed.": lambda r: (
            1 + ceil(log(1e-6) / log(r) / 4)
        ),
        "Round up to a whole number of rounds.": lambda r: (2 + log(1e-6) / log(r)) / 4,
    },
)
