"""Questions of chapter 09: DCGAN."""

from itertools import pairwise
from math import exp, log

from gancourse.questions.marking import exercise

exercise(
    "transposed-size",
    answer=lambda W, F, S, P: S * (W - 1) + F - 2 * P,
    inputs=[(4, 4, 2, 1), (1, 4, 1, 0), (5, 3, 2, 0), (7, 5, 3, 2)],
    praise="W patches of F pixels, S apart, cut by P at both ends.",
    mistakes={
        "This is the convolution's formula; a transposed convolution grows.": lambda W, F, S, P: (
            (W + 2 * P - F) // S + 1
        ),
        "W patches have only W - 1 gaps between them.": lambda W, F, S, P: S * W + F - 2 * P,
        "Padding cuts pixels off here: its sign is minus.": lambda W, F, S, P: (
            S * (W - 1) + F + 2 * P
        ),
        "The padding is cut off at both ends.": lambda W, F, S, P: S * (W - 1) + F - P,
    },
)


def _discriminator_weights(size, channels, width, *, bias_before_norm=0, norm=2, last_bias=1):
    """Weights of a DCGAN discriminator; the flags are common mistakes."""
    maps = [width * 2**i for i in range(size.bit_length() - 3)]
    total = 16 * channels * width + width
    for narrow, wide in pairwise(maps):
        total += 16 * narrow * wide + (norm + bias_before_norm) * wide
    return total + 16 * maps[-1] + last_bias


exercise(
    "discriminator-parameters",
    answer=_discriminator_weights,
    inputs=[(16, 3, 32), (64, 3, 64), (128, 1, 16)],
    praise="Nearly all of them sit in the deepest layers.",
    tolerance=1e-9,
    mistakes={
        "Batch norm subtracts the mean, so the convolutions before it have no bias.": lambda *sizes: (
            _discriminator_weights(*sizes, bias_before_norm=1)
        ),
        "The two numbers of batch norm for each map, scale and shift, are missing.": lambda *sizes: (
            _discriminator_weights(*sizes, norm=0)
        ),
        "Batch norm has two learnt numbers for each map, not one.": lambda *sizes: (
            _discriminator_weights(*sizes, norm=1)
        ),
        "The running mean and variance are not weights: nothing learns them by gradients.": lambda *sizes: (
            _discriminator_weights(*sizes, norm=4)
        ),
        "The last layer has no batch norm behind it, so it has a bias.": lambda *sizes: (
            _discriminator_weights(*sizes, last_bias=0)
        ),
    },
)

exercise(
    "lerp-length",
    answer=lambda t: ((1 - t) ** 2 + t**2) ** 0.5,
    inputs=[(0.5,), (0.25,), (0.9,)],
    praise="In the middle it is shorter by the factor 0.71: outside the shell of the noise.",
    mistakes={
        "This is the squared length; take the root.": lambda t: (1 - t) ** 2 + t**2,
        "That would be so if the two vectors pointed the same way.": lambda t: 1.0,
        "That would be so if the two vectors were opposite.": lambda t: abs(1 - 2 * t),
    },
)

exercise(
    "loss-as-probability",
    answer=lambda d_loss: exp(-d_loss / 2),
    inputs=[(2 * log(2),), (0.3,), (1.0,)],
    praise="At log 4 it is one half: guessing.",
    mistakes={
        "The loss is the sum of two terms, one for real and one for fake: halve it first.": lambda d_loss: (
            exp(-d_loss)
        ),
        "Undo the logarithm by the exponential function.": lambda d_loss: 1 - d_loss / 2,
        "This is the typical probability of the wrong answer.": lambda d_loss: 1 - exp(-d_loss / 2),
    },
)
