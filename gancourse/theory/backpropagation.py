r"""Backpropagation by hand: a chain of functions, and the sensitivities of a network's layers.

A layer maps $y^{(l-1)}$ to $y^{(l)}=\sigma_l(s^{(l)})$ with $s^{(l)}=W^{(l)}y^{(l-1)}+b^{(l)}$;
$y^{(0)}=x$ is the input. Its sensitivity is $\delta^{(l)}=\partial C/\partial s^{(l)}$, how much
the cost $C$ of one example changes with the unit's weighted sum. In a network with one hidden
layer, $\delta=\delta^{(2)}$ and $\hat\delta=\delta^{(1)}$. Shapes carry a batch in front:
``(n, units)``.

Source: chapter 03.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from gancourse.errors import GanCourseError


class Layer(NamedTuple):
    r"""$y=\sigma(Wx+b)$: ``weight`` (outputs, inputs), ``bias`` (outputs), $\sigma$, $\sigma'$."""

    weight: Tensor
    bias: Tensor
    activation: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]


def forward(layers: list[Layer], x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The sums ``[s1, …, sL]`` and the activations ``[x, y1, …, yL]`` of a batch ``x``."""
    sums, activations = [], [x]
    for layer in layers:
        if layer.weight.shape[1] != activations[-1].shape[-1]:
            raise GanCourseError(
                f"a layer with {layer.weight.shape[1]} inputs gets {activations[-1].shape[-1]}",
                where="backpropagation.forward",
                fix="make the layers' sizes fit each other",
            )
        sums.append(activations[-1] @ layer.weight.T + layer.bias)
        activations.append(layer.activation(sums[-1]))
    return sums, activations


def sensitivities(layers: list[Layer], sums: list[Tensor], slope: Tensor) -> list[Tensor]:
    r"""``[δ1, …, δL]``, from the output back, where ``slope`` is $\partial C/\partial y^{(L)}$.

    $\delta^{(L)}=\frac{\partial C}{\partial y^{(L)}}\,\sigma_L'(s^{(L)})$ and
    $\delta^{(l)}=\sigma_l'(s^{(l)})\,\big(W^{(l+1)\top}\delta^{(l+1)}\big)$.
    """
    deltas: list[Tensor] = []
    for layer, s in zip(reversed(layers), reversed(sums), strict=True):
        deltas.insert(0, slope * layer.slope(s))
        slope = deltas[0] @ layer.weight
    return deltas


def gradients(deltas: list[Tensor], activations: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
    r"""$\partial C/\partial W^{(l)}_{ij}=\delta^{(l)}_iy^{(l-1)}_j$ and
    $\partial C/\partial b^{(l)}=\delta^{(l)}$, summed over the batch, layer by layer."""
    return [
        (delta.T @ entering, delta.sum(0))
        for delta, entering in zip(deltas, activations, strict=False)
    ]


def sine_squared(w: float) -> list[tuple[str, float, float]]:
    r"""$f(w)=\sin^2(w^2+1)$ step by step: name, value and local slope of $g_3$, $g_2$, $g_1$.

    $g_3(w)=w^2+1$, $g_2=\sin g_3$, $g_1=g_2^2$; the product of the slopes is $f'(w)$.
    """
    g3 = w**2 + 1
    g2 = math.sin(g3)
    return [("w^2 + 1", g3, 2 * w), ("sin", g2, math.cos(g3)), ("square", g2**2, 2 * g2)]
