"""Questions of chapter 02: Entropy, cross-entropy, KL."""

from math import log

import torch

from gancourse.questions.marking import exercise
from gancourse.theory import information as info

_LOADED, _FAIR = [0.5, *[0.1] * 5], [1 / 6] * 6

exercise(
    "loaded-die",
    answer=lambda: [
        info.entropy(_LOADED),
        info.bits(info.entropy(_LOADED)),
        info.kl(_LOADED, _FAIR),
    ],
    praise="Entropy and price add up to log 6, what the believer in a fair die pays in all.",
    mistakes={
        "The first two are swapped: a bit is the smaller unit, so the number of bits is larger.": lambda: [
            info.bits(info.entropy(_LOADED)),
            info.entropy(_LOADED),
            info.kl(_LOADED, _FAIR),
        ],
        "Your third number is KL(fair || loaded). The throws come from the loaded die: it stands "
        "first.": lambda: [
            info.entropy(_LOADED),
            info.bits(info.entropy(_LOADED)),
            info.kl(_FAIR, _LOADED),
        ],
        "Your third number is the cross-entropy; the price is what exceeds the entropy.": lambda: [
            info.entropy(_LOADED),
            info.bits(info.entropy(_LOADED)),
            log(6),
        ],
        "Your third number is in bits; (c) asks for nats.": lambda: [
            info.entropy(_LOADED),
            info.bits(info.entropy(_LOADED)),
            info.bits(info.kl(_LOADED, _FAIR)),
        ],
    },
)

exercise(
    "missing-logarithm",
    answer=lambda: [0.2 / (1 - 0.2), 0.2],
    praise="Only the loss with both logarithms is smallest at the true share.",
    mistakes={
        "The two are swapped: the printed loss comes first.": lambda: [0.2, 0.25],
        "The printed loss is not smallest at the share: set -alpha/p + (1 - alpha) to zero.": lambda: [
            0.2,
            0.2,
        ],
        "You took the share of the zeros for alpha.": lambda: [1.0, 0.8],
        "Solve alpha/p = 1 - alpha for p: it is alpha/(1 - alpha), not its inverse.": lambda: [
            4.0,
            0.2,
        ],
    },
)

exercise(
    "kl-with-zeros",
    answer=info.kl,
    inputs=[
        ([0.5, 0.3, 0.2], [0.2, 0.2, 0.6]),
        ([0.5, 0.5, 0], [0.4, 0.4, 0.2]),
        ([0.5, 0.5, 0], [0.25, 0.75, 0]),
        ([0.2, 0.8], [0, 1]),
    ],
    praise="Right at the zeros as well, and infinite only where it has to be.",
    mistakes={
        "This is KL(q || p): events come from the first, beliefs from the second.": lambda p, q: (
            info.kl(q, p)
        ),
        "This is the cross-entropy; subtract the entropy of p.": info.cross_entropy,
        "This is the mean over the bins; the weights p are the average already, so take the sum.": lambda p, q: (
            info.kl(p, q) / len(p)
        ),
        "This is minus the KL: the fraction in the logarithm is p/q.": lambda p, q: -info.kl(p, q),
        "Where p = 0 your term is 0 times a logarithm of 0, which is NaN: keep the zero away from "
        "the logarithm.": lambda p, q: (p * (p / q).log()).sum(),
        "Where p = q = 0 your term is 0 times infinity, which is NaN; leave such bins out.": lambda p, q: (
            torch.nn.functional.kl_div(q.log(), p, reduction="sum")
        ),
        "The factor p is missing: each logarithm counts as often as its event occurs.": lambda p, q: (
            torch.where(p > 0, (p / q).log(), torch.zeros_like(p)).sum()
        ),
    },
)


def _bce(s, y):
    return torch.nn.functional.binary_cross_entropy_with_logits(s, y, reduction="none")


exercise(
    "bce-from-scores",
    answer=lambda s, y: _bce(s, y).mean(),
    inputs=[
        ([0.5, -1, 2], [1, 0, 1]),
        ([3, -2], [0, 1]),
        ([40, 1], [0, 1]),
        ([800, -800, 1], [0, 1, 1]),
    ],
    praise="Finite for every score: no probability was formed on the way.",
    mistakes={
        "For a score of 40 the probability has rounded to 1. Use softplus or logsigmoid.": lambda s, y: (
            -torch.where(y == 1, s.sigmoid().log(), (1 - s.sigmoid()).log()).mean()
        ),
        "No probability was rounded, but exp(800) overflows: softplus computes log(1 + exp(s)) without "
        "it.": lambda s, y: ((1 + s.exp()).log() - y * s).mean(),
        "Capped at 100: a library function on probabilities hides what they have lost.": lambda s, y: (
            torch.nn.functional.binary_cross_entropy(s.sigmoid(), y)
        ),
        "This is the sum; the mean is asked for.": lambda s, y: _bce(s, y).sum(),
        "This is minus the loss: the mean log-likelihood.": lambda s, y: -_bce(s, y).mean(),
        "The labels are the wrong way round: -log sigmoid(s) belongs to y = 1.": lambda s, y: _bce(
            s, 1 - y
        ).mean(),
        "The term of the zeros is missing: -log(1 - sigmoid(s)) = softplus(s).": lambda s, y: (
            y * _bce(s, y)
        ).mean(),
    },
)

exercise(
    "temperature",
    answer=info.softmax,
    inputs=[([2, 1, 0], 0.5), ([0.5, -1, 3], 4.0)],
    praise="Cold sharpens and hot flattens, and the sum stays one.",
    mistakes={
        "This is the printed formula: it sums to 1/T.": lambda s, T: s.softmax(-1) / T,
        "The temperature is missing from the denominator.": lambda s, T: (
            (s / T).exp() / s.exp().sum()
        ),
        "The temperature is missing from the numerator.": lambda s, T: (
            s.exp() / (s / T).exp().sum()
        ),
        "Divide by T; you multiplied, so hot and cold are swapped.": lambda s, T: (s * T).softmax(
            -1
        ),
        "The temperature is not used.": lambda s, T: s.softmax(-1),
    },
)

_MINT, _FORGER = [0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]


def _guesser(tv=1.0, right=None, jsd=1.0):
    """Total variation, the best guesser's chance, JSD; the arguments distort one of them."""
    true = float(info.tv(_MINT, _FORGER))
    return [tv * true, right or (1 + true) / 2, jsd * info.jsd(_MINT, _FORGER)]


exercise(
    "best-guesser",
    answer=_guesser,
    praise="Guessing asks for TV, honest probabilities for JSD.",
    mistakes={
        "Your total variation lacks the factor 1/2.": lambda: _guesser(tv=2),
        "Your JSD is the sum of the two KLs; each has a factor 1/2.": lambda: _guesser(jsd=2),
        "Your JSD is in bits; nats are asked for.": lambda: _guesser(jsd=1 / log(2)),
        "The guesser is right half of the time without looking: 1/2 + TV/2.": lambda: _guesser(
            right=0.4
        ),
        "The advantage over 1/2 is half of TV, not all of it.": lambda: _guesser(right=0.9),
    },
)


def _modes(K, j):
    """Reverse KL, total variation and JSD of j even points against K even points."""
    p = torch.full((K,), 1 / K, dtype=torch.float64)
    pg = torch.zeros(K, dtype=torch.float64)
    pg[:j] = 1 / j
    return torch.stack([info.kl(pg, p), info.tv(p, pg), info.jsd(p, pg)])


exercise(
    "some-modes",
    answer=_modes,
    inputs=[(10, 9), (10, 1), (1000, 600)],
    praise="All three are finite; only the forward KL, and with it the likelihood, is not.",
    mistakes={
        "Your first number is the forward KL, which is infinite: the generator misses points.": lambda K, j: (
            _modes(K, j) + torch.tensor([float("inf"), 0, 0])
        ),
        "Your first number has the wrong sign: the ratio in the logarithm is p_g/p = K/j.": lambda K, j: (
            _modes(K, j) * torch.tensor([-1, 1, 1])
        ),
        "Your JSD is the sum of the two KLs; each has a factor 1/2.": lambda K, j: (
            _modes(K, j) * torch.tensor([1, 1, 2])
        ),
        "Your total variation lacks the factor 1/2.": lambda K, j: (
            _modes(K, j) * torch.tensor([1, 2, 1])
        ),
    },
)
