r"""Convolutions, their transposes, and what can be said of both before any training.

A layer has filters of ``F`` taps a side, moves by the stride ``S``, sees ``P`` zeros beyond each
end, and leaves ``d - 1`` gaps between its taps (``d`` is the dilation). On a line, with taps
counted from 0,

$$y_o=\sum_u w_u\,x_{So+du-P}$$

so the layer is a matrix $C$ with $C_{o,\,So+du-P}=w_u$, and the *transposed* convolution is
multiplication by $C^\top$, with ``Q`` more outputs at the far end where it is asked for.

Sources: Dumoulin and Visin (2016) for the sizes; Odena, Dumoulin and Olah (2016), Aitken et al.
(2017) and Sugawara et al. (2018) for checkerboards; Araujo, Norris and Sim (2019) for fields.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor

from gancourse.errors import GanCourseError, demand_whole


def conv_size(W: int, F: int, S: int = 1, P: int = 0, d: int = 1) -> int:
    r"""$\lfloor(W+2P-d(F-1)-1)/S\rfloor+1$: outputs a side; 0 if the filter does not fit."""
    _demand("conv_size", F=F, S=S, d=d)
    _demand("conv_size", least=0, W=W, P=P)
    return max((W + 2 * P - d * (F - 1) - 1) // S + 1, 0)


def transposed_size(W: int, F: int, S: int = 1, P: int = 0, d: int = 1, Q: int = 0) -> int:
    r"""$S(W-1)+d(F-1)+1-2P+Q$: outputs a side of a transposed convolution; 0 if none is left."""
    _demand("transposed_size", W=W, F=F, S=S, d=d)
    _demand("transposed_size", least=0, P=P, Q=Q)
    if Q >= max(S, d):
        raise GanCourseError(
            f"output padding {Q} with stride {S} and dilation {d}",
            where="transposed_size",
            fix=f"choose one below {max(S, d)}: it picks among the sizes that the stride merges",
        )
    return max(S * (W - 1) + d * (F - 1) + 1 - 2 * P + Q, 0)


def output_padding(W: int, F: int, S: int = 1, P: int = 0, d: int = 1) -> int:
    """What the rounding of :func:`conv_size` drops: with it the transpose leads back to ``W``."""
    size = conv_size(W, F, S, P, d)
    if not size:
        raise GanCourseError(
            f"a filter over {d * (F - 1) + 1} does not fit into {W} + 2 x {P}",
            where="output_padding",
            fix="choose a smaller filter or more padding",
        )
    return W + 2 * P - d * (F - 1) - 1 - S * (size - 1)


def matrix(w: Tensor, W: int, S: int = 1, P: int = 0, d: int = 1) -> Tensor:
    """The matrix of a convolution without bias: ``(outputs, inputs)``, in the dtype of ``w``.

    ``w`` of shape ``(F,)`` acts on a line of ``W`` numbers, of shape ``(F, F)`` on a picture of
    ``W`` by ``W``, read row by row.
    """
    if w.ndim not in (1, 2) or len(set(w.shape)) != 1:
        raise GanCourseError(
            f"a filter of shape {tuple(w.shape)}",
            where="convolution.matrix",
            fix="give one of shape (F,) or (F, F)",
        )
    size = conv_size(W, len(w), S, P, d)
    C = w.new_zeros((size,) * w.ndim + (W,) * w.ndim)
    for out in product(range(size), repeat=w.ndim):
        for tap in product(range(len(w)), repeat=w.ndim):
            place = tuple(S * o + d * u - P for o, u in zip(out, tap, strict=True))
            if all(0 <= j < W for j in place):
                C[out + place] = w[tap]
    return C.reshape(size**w.ndim, W**w.ndim)


def receptive_field(layers: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    r"""How far each layer sees, and how far apart neighbours look: ``(r, j)`` a layer, in pixels.

    ``layers`` are ``(F, S)`` from the picture up: $r_l=r_{l-1}+(F_l-1)j_{l-1}$, $j_l=j_{l-1}S_l$.
    """
    r, j, found = 1, 1, []
    for F, S in layers:
        _demand("receptive_field", F=F, S=S)
        r, j = r + (F - 1) * j, j * S
        found.append((r, j))
    return found


def taps(F: int, S: int) -> list[int]:
    """How many taps of the filter paint an output in each of the ``S`` places of a period."""
    _demand("taps", F=F, S=S)
    return [len(range(p, F, S)) for p in range(S)]


def variance_ratio(F: int, S: int, axes: int = 2) -> float:
    r"""$(\lceil F/S\rceil/\lfloor F/S\rfloor)^{axes}$: largest to smallest variance of a place.

    Of a transposed convolution with independent weights on white noise; ``inf`` where gaps stay.
    """
    painted = taps(F, S)
    return (max(painted) / min(painted)) ** axes if min(painted) else float("inf")


def place_variances(w: Tensor, S: int) -> Tensor:
    """Variance in each place, ``(S,)`` or ``(S, S)``, of white noise painted by ``w``."""
    return _by_place(w.square(), S)


def place_means(w: Tensor, S: int) -> Tensor:
    """What a picture that is 1 everywhere becomes in each place, ``(S,)`` or ``(S, S)``."""
    return _by_place(w, S)


def pattern_share(w: Tensor, S: int) -> float:
    """Share of the power of a painted constant that is pattern: variance over mean square."""
    means = place_means(w, S)
    return float(means.var(correction=0) / means.square().mean())


def bilinear(S: int) -> Tensor:
    """The filter by which a transposed convolution interpolates ``S`` times as finely.

    It has ``2 S`` taps, one less for odd ``S``; those of each place sum to 1.
    """
    _demand("bilinear", S=S)
    centre = S - 0.5 - (S % 2) / 2
    return torch.from_numpy(1 - np.abs(np.arange(2 * S - S % 2) - centre) / S)


def _by_place(w: Tensor, S: int) -> Tensor:
    _demand("convolution", S=S)
    sums = w.new_zeros((S,) * w.ndim)
    for tap in product(*map(range, w.shape)):
        sums[tuple(u % S for u in tap)] += w[tap]
    return sums


def _demand(where: str, least: int = 1, **numbers: int) -> None:
    for name, number in numbers.items():
        demand_whole(name, number, least=least, where=where)
