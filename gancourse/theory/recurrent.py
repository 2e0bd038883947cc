r"""Cells that read a sequence one element at a time, written out; and how far back they feel.

A cell takes the input $x_t$ and the state before it and returns the state after it. Weights lie as
in torch: a row block of ``W`` (for the input) and of ``U`` (for the state) for each gate, in the
order named below. ``x`` has the shape ``(..., E)``, ``h`` and ``c`` have ``(..., H)``.

Sources: Elman (1990) for the plain cell; Hochreiter and Schmidhuber (1997) with the forget gate of
Gers, Schmidhuber and Cummins (2000) for the LSTM; Cho et al. (2014) for the GRU, whose first
version (arXiv:1406.1078v1) and final one (v3) are two cells.
"""

import math

import torch
from torch import Tensor

from gancourse.errors import demand_number, demand_whole


def rnn(x: Tensor, h: Tensor, W: Tensor, U: Tensor, b: Tensor) -> Tensor:
    r"""$\tanh(Wx_t+Uh_{t-1}+b)$: the plain cell. ``W`` is ``(H, E)``, ``U`` is ``(H, H)``."""
    return torch.tanh(x @ W.mT + h @ U.mT + b)


def lstm(x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    r"""One step of an LSTM: ``(h, c)``. The blocks are $i$, $f$, $g$, $o$.

    $c_t=f\odot c_{t-1}+i\odot g$ and $h_t=o\odot\tanh c_t$.
    """
    i, f, g, o = (x @ W.mT + h @ U.mT + b).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru(
    x: Tensor, h: Tensor, W: Tensor, U: Tensor, b: Tensor, d: Tensor, reset_after: bool = True
) -> Tensor:
    r"""One step of a GRU: $(1-z)\odot n+z\odot h_{t-1}$. The blocks are $r$, $z$, $n$.

    ``reset_after`` (torch, cuDNN, v1 of the paper): $n=\tanh(Wx+b+r\odot(Uh+d))$. Without it (the
    paper's final version): $n=\tanh(Wx+b+U(r\odot h)+d)$. ``b`` and ``d`` are ``(3H,)``.
    """
    own, from_state = (x @ W.mT + b).chunk(3, -1), (h @ U.mT + d).chunk(3, -1)
    r, z = ((a + s).sigmoid() for a, s in zip(own[:2], from_state[:2], strict=True))
    gated_before = (r * h) @ U.chunk(3)[2].mT + d.chunk(3)[2]
    seen = r * from_state[2] if reset_after else gated_before
    return (1 - z) * (own[2] + seen).tanh() + z * h


def weights(gates: int, inputs: int, width: int, biases: int = 2) -> int:
    """$nH(E+H+b)$: numbers in a layer of ``n`` gates, 1 for the plain cell, 4 LSTM, 3 GRU.

    torch keeps two biases a gate, one beside each matrix.
    """
    for name, number in dict(gates=gates, inputs=inputs, width=width).items():
        demand_whole(name, number, least=1, where="recurrent.weights")
    demand_whole("biases", biases, where="recurrent.weights")
    return gates * width * (inputs + width + biases)


def kept(bias: float, steps: int = 1) -> float:
    r"""$\sigma(b)^k$: what is left of a cell's content after ``steps`` if its gate stays there."""
    demand_whole("steps", steps, where="recurrent.kept")
    return math.exp(-steps * math.log1p(math.exp(-_plain(bias))))


def half_life(bias: float) -> float:
    r"""$\log2/\log(1+e^{-b})$: steps until half is forgotten by a gate at $\sigma(b)$."""
    return math.log(2) / math.log1p(math.exp(-_plain(bias)))


def _plain(bias: float) -> float:
    demand_number("bias", bias, least=-500, below=500, where="recurrent")
    return float(bias)
