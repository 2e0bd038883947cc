"""Questions of appendix A: sequences."""

import functools
import math

import torch

from gancourse.questions.marking import exercise


def _count(E, H, gates=4, biases=2):
    return gates * H * (E + H + biases)


exercise(
    "lstm-weights",
    answer=_count,
    inputs=[(28, 128), (3, 5), (10, 1)],
    tolerance=1e-9,
    praise="Four blocks, each with a matrix for the input, one for the state, and two biases.",
    mistakes={
        "torch keeps two biases in each gate, one beside each matrix.": lambda E, H: _count(
            E, H, biases=1
        ),
        "The biases are missing.": lambda E, H: _count(E, H, biases=0),
        "That is a plain cell; an LSTM has three gates and what passes them: four blocks.": (
            lambda E, H: _count(E, H, gates=1)
        ),
        "That is a GRU; an LSTM has four blocks.": lambda E, H: _count(E, H, gates=3),
        "The matrix of the state is missing.": lambda E, H: 4 * H * (E + 2),
    },
)

_GATE = 1 / (1 + math.exp(-1))
_HALF = math.log(2) / math.log(1 + math.exp(-1))
exercise(
    "forget-fifty",
    answer=lambda: [_GATE**50, _HALF],
    tolerance=1e-9,
    praise="Even an LSTM with a bias of 1 has next to nothing left after 50 steps.",
    mistakes={
        "That is the gate at a bias of 0, one half.": lambda: [0.5**50, 1.0],
        "The first number is the gate itself; after 50 steps it is its 50th power.": lambda: [
            _GATE,
            _HALF,
        ],
        "Half of it is gone when gate^k = 1/2; you solved gate^k = 1/e.": lambda: [
            _GATE**50,
            1 / math.log(1 + math.exp(-1)),
        ],
        "The gate is sigma(1), not sigma(-1).": lambda: [
            (1 - _GATE) ** 50,
            math.log(2) / math.log(1 + math.e),
        ],
        "The second number is in whole steps; give it as log 2 / log(1 + 1/e).": lambda: [
            _GATE**50,
            3.0,
        ],
    },
)


def _gru(x, h, w, u, b, d, inside=True, keep=True, reset=True):
    """The flags are common mistakes."""
    r, z = (torch.sigmoid(w[k] * x + b[k] + u[k] * h + d[k]) for k in (0, 1))
    r = r if reset else torch.ones_like(r)
    seen = r * (u[2] * h + d[2]) if inside else u[2] * (r * h) + d[2]
    n = torch.tanh(w[2] * x + b[2] + seen)
    return (1 - z) * n + z * h if keep else z * n + (1 - z) * h


exercise(
    "torchs-gru",
    answer=_gru,
    inputs=[
        (0.7, -0.4, [0.5, -1.0, 1.5], [1.2, 0.3, -0.8], [0.1, 0.2, -0.3], [-0.5, 0.4, 0.9]),
        (-1.0, 0.8, [1.0, 0.5, 0.4], [-0.7, 1.1, 0.6], [0.0, -0.2, 0.5], [0.3, 0.0, -1.2]),
    ],
    praise="The reset gate acts on what the state's matrix and its bias have made.",
    mistakes={
        "This is the GRU of the paper's final version: it resets the state before the matrix.": (
            functools.partial(_gru, inside=False)
        ),
        "In torch z keeps the old state; here it replaces it.": functools.partial(_gru, keep=False),
        "This is the paper's final version with z and 1 - z exchanged.": functools.partial(
            _gru, inside=False, keep=False
        ),
        "The reset gate is missing.": functools.partial(_gru, reset=False),
    },
)

_H1 = math.tanh(1)
_H2 = math.tanh(_H1 / 2)
_H3 = math.tanh(_H2 / 2)
_S1, _S2, _S3 = (1 - h**2 for h in (_H1, _H2, _H3))
exercise(
    "back-through-time",
    answer=lambda: [_S3 * _S2 * _S1 / 4, _S3 * (_H2 + _S2 * _H1 / 2)],
    tolerance=2e-4,
    praise="One weight, used in every step: each use counts.",
    mistakes={
        "The slopes 1 - h² of tanh are missing.": lambda: [1 / 4, _H2 + _H1 / 2],
        "The weight is used in steps 2 and 3; you counted the last one only.": lambda: [
            _S3 * _S2 * _S1 / 4,
            _S3 * _H2,
        ],
        "The change passes U twice, from step 1 to 2 and from 2 to 3.": lambda: [
            _S3 * _S2 * _S1 / 2,
            _S3 * (_H2 + _S2 * _H1 / 2),
        ],
        "Step 1 bends as well: its slope 1 - h₁² is missing.": lambda: [
            _S3 * _S2 / 4,
            _S3 * (_H2 + _S2 * _H1 / 2),
        ],
    },
)


def _slope(theta, D):
    p = theta.softmax(0)
    return p * (D - (p * D).sum())


exercise(
    "slope-of-choice",
    answer=_slope,
    inputs=[([0.5, -0.3, 1.2], [1.0, -2.0, 0.5]), ([0.0, 0.0], [3.0, 1.0])],
    praise="What the discriminator likes better than the average becomes likelier.",
    mistakes={
        "Softmax couples the scores: subtract the expected score.": lambda theta, D: (
            theta.softmax(0) * D
        ),
        "Subtract the mean over the draws, weighted by p, not the plain mean.": lambda theta, D: (
            theta.softmax(0) * (D - D.mean())
        ),
        "A token that is never drawn has no slope: the factor p is missing.": lambda theta, D: (
            D - (theta.softmax(0) * D).sum()
        ),
        "This is the expected score itself, not its slope.": lambda theta, D: (
            theta.softmax(0) * D
        ).sum(),
    },
)
