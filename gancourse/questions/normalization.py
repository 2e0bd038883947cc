"""Questions of chapter 10: normalisation."""

from gancourse.questions.marking import exercise


def _normalized(x, gamma, beta, power=0.5, divisor=0, shift_first=False):
    """Batch norm of one channel without epsilon; the flags are common mistakes."""
    centred = x - x.mean()
    hat = centred / (centred.square().sum() / (len(x) - divisor)) ** power
    return gamma * (hat + beta) if shift_first else gamma * hat + beta


_BATCHES = [([-1.0, 1.0, 1.0, 7.0], 3.0, 2.0), ([0.0, 4.0, 8.0], -0.5, 1.0)]

exercise(
    "batch-norm-by-hand",
    answer=_normalized,
    inputs=_BATCHES,
    praise="The output has mean beta and standard deviation |gamma|.",
    mistakes={
        "Divide by the standard deviation, not by the variance.": lambda x, gamma, beta: (
            _normalized(x, gamma, beta, power=1)
        ),
        "Within the batch the variance divides by n, not by n - 1.": lambda x, gamma, beta: (
            _normalized(x, gamma, beta, divisor=1)
        ),
        "gamma is the standard deviation itself: no root of it is taken.": lambda x, gamma, beta: (
            _normalized(x, abs(gamma) ** 0.5, beta)
        ),
        "Scale first, then shift: beta must not be multiplied by gamma.": lambda x, gamma, beta: (
            _normalized(x, gamma, beta, shift_first=True)
        ),
        "This scales to [0, 1]; standardise instead: mean 0 and standard deviation 1.": lambda x, gamma, beta: (
            gamma * (x - x.min()) / (x.max() - x.min()) + beta
        ),
        "gamma and beta have changed places.": lambda x, gamma, beta: _normalized(x, beta, gamma),
    },
)


def _running(old, x, momentum, new_share=None, divisor=1):
    batch = (x - x.mean()).square().sum() / (len(x) - divisor)
    share = momentum if new_share is None else new_share
    return (1 - share) * old + share * batch


exercise(
    "running-variance",
    answer=_running,
    inputs=[(1.0, [-1.0, 1.0, 1.0, 7.0], 0.1), (4.0, [0.0, 2.0], 0.3)],
    praise="A tenth of the new, nine tenths of the old; unbiased, unlike inside the batch.",
    mistakes={
        "The running variance is unbiased: divide by n - 1.": lambda old, x, momentum: _running(
            old, x, momentum, divisor=0
        ),
        "In torch the momentum is the share of the *new* batch.": lambda old, x, momentum: _running(
            old, x, momentum, new_share=1 - momentum
        ),
        "This forgets the past: mix it with the old value.": lambda old, x, momentum: _running(
            old, x, momentum, new_share=1
        ),
        "Average the variances, not the standard deviations.": lambda old, x, momentum: (
            ((1 - momentum) * old**0.5 + momentum * _running(old, x, 1.0) ** 0.5) ** 2
        ),
    },
)

exercise(
    "how-many-means",
    answer=lambda N, C, L, G: [C, N, N * C, N * G],
    inputs=[(32, 64, 49, 4), (3, 6, 3, 2)],
    tolerance=1e-9,
    praise="One mean for each index that is not averaged over.",
    mistakes={
        "Batch and layer norm have changed places: batch norm averages over the batch.": lambda N, C, L, G: [
            N,
            C,
            N * C,
            N * G,
        ],
        "These are how many numbers *share* a mean; asked is how many means there are.": lambda N, C, L, G: [
            N * L,
            C * L,
            L,
            C * L // G,
        ],
        "Group norm has its groups within each sample: count the samples, too.": lambda N, C, L, G: [
            C,
            N,
            N * C,
            G,
        ],
        "C/G is the size of a group of channels; count the groups, of which each sample has G.": lambda N, C, L, G: [
            C,
            N,
            N * C,
            N * C // G,
        ],
        "Instance norm looks at one channel of one sample: there are N C such pairs.": lambda N, C, L, G: [
            C,
            N,
            N * L,
            N * G,
        ],
        "The positions are averaged over in every one of the four.": lambda N, C, L, G: [
            C * L,
            N * L,
            N * C * L,
            N * G * L,
        ],
    },
)


def _backward(x, g, keep_mean=False, keep_spread=False, scale=True):
    """Slopes by x from slopes g by x_hat, without epsilon; the flags are common mistakes."""
    centred = x - x.mean()
    std = centred.square().mean().sqrt()
    hat = centred / std
    slope = g - (0 if keep_mean else g.mean()) - (0 if keep_spread else hat * (g * hat).mean())
    return slope / std if scale else slope


exercise(
    "batch-norm-backward",
    answer=_backward,
    inputs=[([-1.0, 1.0, 1.0, 7.0], [1.0, 0.0, -2.0, 0.5]), ([0.0, 1.0, 5.0], [0.0, 1.0, 0.0])],
    praise="Two directions are lost: moving all samples together, and stretching them.",
    mistakes={
        "This treats mean and variance as constants; both depend on x.": lambda x, g: _backward(
            x, g, keep_mean=True, keep_spread=True
        ),
        "The path through the variance is missing.": lambda x, g: _backward(x, g, keep_spread=True),
        "The path through the mean is missing.": lambda x, g: _backward(x, g, keep_mean=True),
        "Divide by the standard deviation at the end.": lambda x, g: _backward(x, g, scale=False),
    },
)
