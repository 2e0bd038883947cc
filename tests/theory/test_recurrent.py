"""Cells written out against torch's, the two GRUs told apart, and how far back a cell feels."""

import math

import pytest
import torch
from torch import nn

from gancourse.errors import GanCourseError
from gancourse.theory import recurrent as theory

E, H = 3, 5
close = lambda a, b: torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def cell(kind, seed=0):
    """A cell of torch with large random weights, and its weights in our letters."""
    torch.manual_seed(seed)
    made = kind(E, H).double()
    for p in made.parameters():
        nn.init.normal_(p)
    return made, (made.weight_ih, made.weight_hh, made.bias_ih, made.bias_hh)


def test_plain_cell_is_torchs():
    made, (W, U, b, d) = cell(nn.RNNCell)
    x, h = normal(4, E), normal(4, H, seed=1)
    close(theory.rnn(x, h, W, U, b + d), made(x, h))


def test_lstm_is_torchs():
    made, (W, U, b, d) = cell(nn.LSTMCell)
    x, h, c = normal(4, E), normal(4, H, seed=1), normal(4, H, seed=2)
    for ours, torchs in zip(theory.lstm(x, h, c, W, U, b + d), made(x, (h, c)), strict=True):
        close(ours, torchs)


def test_torchs_gru_resets_after_the_matrix():
    made, weights = cell(nn.GRUCell)
    x, h = normal(4, E), normal(4, H, seed=1)
    close(theory.gru(x, h, *weights), made(x, h))
    other = theory.gru(x, h, *weights, reset_after=False)
    assert (other - made(x, h)).abs().max() > 0.05


def test_the_two_grus_are_one_where_the_matrix_and_the_gate_can_change_places():
    """That is, if U is diagonal and has no bias of its own; with a bias it is gated in one only."""
    _, (W, U, b, d) = cell(nn.GRUCell)
    x, h = normal(4, E), normal(4, H, seed=1)
    diagonal = torch.cat([U[: 2 * H], torch.diag(U[-1])])
    free = torch.cat([d[: 2 * H], torch.zeros(H).double()])
    both = lambda U, d: [theory.gru(x, h, W, U, b, d, after) for after in (True, False)]
    close(*both(diagonal, free))
    for U_, d_ in ((U, free), (diagonal, d)):
        after, before = both(U_, d_)
        assert (after - before).abs().max() > 0.01


def test_an_open_reset_gate_makes_them_one_as_well():
    _, (W, U, b, d) = cell(nn.GRUCell)
    b = torch.cat([torch.full((H,), 60.0).double(), b[H:]])
    x, h = normal(4, E), normal(4, H, seed=1)
    close(theory.gru(x, h, W, U, b, d, True), theory.gru(x, h, W, U, b, d, False))


@pytest.mark.parametrize("kind, gates", [(nn.RNN, 1), (nn.LSTM, 4), (nn.GRU, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_weights_are_counted(kind, gates, bias):
    counted = sum(p.numel() for p in kind(28, 128, bias=bias).parameters())
    assert theory.weights(gates, 28, 128, biases=2 * bias) == counted


@pytest.mark.parametrize("bias", [-2.0, 0.0, 1.0, 3.5])
def test_what_a_gate_keeps(bias):
    gate = 1 / (1 + math.exp(-bias))
    assert theory.kept(bias) == pytest.approx(gate)
    assert theory.kept(bias, 50) == pytest.approx(gate**50)
    assert gate ** theory.half_life(bias) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "act, message",
    [
        (lambda: theory.weights(0, 2, 3), "gates must be a whole number of at least 1"),
        (lambda: theory.weights(1, 2, 3, biases=-1), "biases must be"),
        (lambda: theory.kept(1.0, -1), "steps must be"),
        (lambda: theory.half_life(1e9), "bias must be"),
    ],
)
def test_mistakes_are_named(act, message):
    with pytest.raises(GanCourseError, match=message):
        act()
