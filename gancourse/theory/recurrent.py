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
from torch import Tensor, nn

from gancourse.errors import GanCourseError, demand_number, demand_whole


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
    if reset_after:
        seen = r * from_state[2]
    else:
        seen = (r * h) @ U.chunk(3)[2].mT + d.chunk(3)[2]
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


def influence(net: nn.RNNBase, x: Tensor) -> Tensor:
    r"""$\lVert\partial h_T/\partial x_t\rVert$ for every ``t``: shape ``(T,)``, Frobenius norm.

    ``net``: one layer, ``batch_first``; ``x``: one sequence, ``(T, E)``. What a small change of
    each input still does to the last state.
    """
    if x.ndim != 2 or x.shape[-1] != net.input_size:
        raise GanCourseError(
            f"a sequence of shape {tuple(x.shape)}",
            where="recurrent.influence",
            fix=f"give one of shape (steps, {net.input_size})",
        )
    x = x.detach().clone().requires_grad_()
    last = net(x[None])[0][0, -1]
    rows = [torch.autograd.grad(unit, x, retain_graph=True)[0] for unit in last]
    return torch.stack(rows).square().sum((0, 2)).sqrt()


def forget_bias(net: nn.LSTM, bias: float) -> None:
    """Set the forget gate's bias of every layer of an LSTM to ``bias``.

    torch adds two biases in each gate, so one gets the number and the other 0: filling both would
    set it twice.
    """
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.startswith("bias"):
                share = _plain(bias) if name.startswith("bias_ih") else 0.0
                parameter[net.hidden_size : 2 * net.hidden_size] = share


def _plain(bias: float) -> float:
    demand_number("bias", bias, least=-500, below=500, where="recurrent")
    return float(bias)
