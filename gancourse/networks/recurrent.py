r"""Networks that read and write sequences, in the five shapes: each is its own and only player.

A ``cell`` is a layer of torch: ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU``. Sequences have the shape
``(batch, steps, inputs)``; letters are one-hot rows.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gancourse.errors import GanCourseError, demand_number, demand_whole

#: Makes a layer of cells from the numbers of inputs and of outputs.
Cell = Callable[..., nn.RNNBase]


class Reader(nn.Module):
    """Reads a sequence and says one thing at its end, or one at each step (``every``).

    Many to one; many to many, aligned; and with sequences of one step, one to one. ``end`` is the
    number of the input that marks a sequence's end: the answer is given there. Without it
    all sequences are read to their last step.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        width: int = 64,
        cell: Cell = nn.GRU,
        *,
        every: bool = False,
        end: int | None = None,
    ):
        super().__init__()
        _demand_sizes(inputs=inputs, outputs=outputs, width=width)
        self.cell = cell(inputs, width, batch_first=True)
        self.head = nn.Linear(width, outputs)
        self.every, self.end = every, end

    def states(self, x: Tensor) -> Tensor:
        """The state after each step, ``(batch, steps, width)``."""
        return self.cell(x)[0]

    def last(self, x: Tensor) -> Tensor:
        """The state at the end of each sequence, ``(batch, width)``."""
        states = self.states(x)
        if self.end is None:
            return states[:, -1]
        at = x[..., self.end].argmax(-1)  # of several ones the first
        return states[torch.arange(len(x), device=x.device), at]

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, outputs)``, or with ``every`` ``(batch, steps, outputs)``."""
        return self.head(self.states(x) if self.every else self.last(x))

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy for classes ``y`` (whole numbers), the mean squared error for numbers.

        With ``every``, ``y`` of shape ``(batch,)`` is asked for at each step anew.
        """
        said = self(x)
        if y.is_floating_point():
            return F.mse_loss(said, y)
        if self.every and y.ndim == 1:
            y = y[:, None].expand(said.shape[:2])
        return F.cross_entropy(said.flatten(0, -2), y.flatten())


class Writer(nn.Module):
    """Writes letters, given a few numbers: one to many.

    The numbers become the first state. Each step gets the letter before (at first none) and scores
    the next one, so that a text has the probability $\\prod_tp(x_t|x_1,…,x_{t-1},\\text{numbers})$.
    """

    def __init__(self, numbers: int, letters: int, width: int = 128, cell: Cell = nn.GRU):
        super().__init__()
        _demand_sizes(numbers=numbers, letters=letters, width=width)
        self.start = nn.Linear(numbers, width)
        self.cell = cell(letters, width, batch_first=True)
        self.head = nn.Linear(width, letters)
        self.letters = letters

    def first(self, numbers: Tensor) -> Any:
        """The state before the first step, in the form that the cell wants."""
        h = self.start(numbers).tanh()[None]
        return (h, h) if isinstance(self.cell, nn.LSTM) else h

    def forward(self, x: Tensor, numbers: Tensor) -> Tensor:
        """Scores of the letter in each place of ``x``, from those before: ``(batch, T, letters)``.

        While it learns it is given the right letters (teacher forcing), not its own.
        """
        before = F.pad(x, (0, 0, 1, 0))[:, :-1]
        return self.head(self.cell(before, self.first(numbers))[0])

    def loss(self, x: Tensor, numbers: Tensor) -> Tensor:
        """Nats a letter, up to each text's first end mark (letter 0) and with it."""
        target = x.argmax(-1)
        written = (target == 0).cumsum(-1).cumsum(-1) <= 1  # all before the mark, and the mark
        nats = F.cross_entropy(self(x, numbers).flatten(0, 1), target.flatten(), reduction="none")
        return nats[written.flatten()].mean()

    @torch.no_grad()
    def write(
        self, numbers: Tensor, steps: int, temperature: float = 1.0, seed: int | None = 0
    ) -> Tensor:
        """Letters drawn one after the other, ``(batch, steps)``; temperature 0 takes the likeliest.

        With a ``seed`` the same each time, and the random state left alone.
        """
        demand_whole("steps", steps, least=1, where="Writer.write")
        demand_number("temperature", temperature, where="Writer.write")
        rng = None
        if seed is not None:
            demand_whole("seed", seed, where="Writer.write")
            rng = torch.Generator().manual_seed(seed)
        state, x = self.first(numbers), numbers.new_zeros(len(numbers), 1, self.letters)
        written = []
        for _ in range(steps):
            states, state = self.cell(x, state)
            scores = self.head(states[:, 0])
            if temperature:  # drawn on the CPU, so that a seed writes the same on every device
                p = (scores / temperature).softmax(-1).cpu()
                token = p.multinomial(1, generator=rng)[:, 0].to(numbers.device)
            else:
                token = scores.argmax(-1)
            written.append(token)
            x = F.one_hot(token, self.letters).to(x)[:, None]
        return torch.stack(written, 1)


class Translator(nn.Module):
    """Reads one sequence to its end and then writes another: encoder and decoder.

    All that the writer knows of what was read is the reader's last state. ``end`` is that of
    :class:`Reader`.
    """

    def __init__(
        self,
        inputs: int,
        letters: int,
        width: int = 64,
        cell: Cell = nn.GRU,
        *,
        end: int | None = None,
    ):
        super().__init__()
        self.encoder = Reader(inputs, width, width, cell, end=end)
        self.decoder = Writer(width, letters, width, cell)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Nats a letter of the texts ``y``, ``(batch, length, letters)``, after reading ``x``."""
        return self.decoder.loss(y, self.encoder(x))

    def write(self, x: Tensor, steps: int, temperature: float = 0.0) -> Tensor:
        """What it writes after reading ``x``: numbers of letters, ``(batch, steps)``."""
        return self.decoder.write(self.encoder(x), steps, temperature)


def forget_bias(net: nn.RNNBase, bias: float) -> None:
    """Set the forget gate's bias of every layer of an LSTM to ``bias``.

    torch adds two biases in each gate, so one gets the number and the other 0: filling both would
    set it twice.
    """
    if not isinstance(net, nn.LSTM) or not net.bias:
        raise GanCourseError(
            f"{type(net).__name__} has no bias of a forget gate",
            where="forget_bias",
            fix="give an nn.LSTM with biases",
        )
    H = net.hidden_size
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.startswith("bias"):
                parameter[H : 2 * H] = bias if name.startswith("bias_ih") else 0.0


def influence(net: nn.RNNBase, x: Tensor) -> Tensor:
    r"""$\lVert\partial h_T/\partial x_t\rVert$ for every ``t``: shape ``(T,)``, Frobenius norm.

    ``net``: one layer, ``batch_first``; ``x``: one sequence, ``(T, inputs)``. What a small change
    of each input still does to the last state.
    """
    if x.ndim != 2 or x.shape[-1] != net.input_size:
        raise GanCourseError(
            f"a sequence of shape {tuple(x.shape)}",
            where="influence",
            fix=f"give one of shape (steps, {net.input_size})",
        )
    copies = x.detach().expand(net.hidden_size, -1, -1).clone().requires_grad_()
    last = net(copies)[0][:, -1]  # of each copy another unit is asked, so one pass back is enough
    (rows,) = torch.autograd.grad(last.diagonal().sum(), copies)
    return rows.square().sum((0, 2)).sqrt()


def _demand_sizes(**sizes: int) -> None:
    for name, size in sizes.items():
        demand_whole(name, size, least=1, where="recurrent")
