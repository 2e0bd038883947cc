"""Readers, writers and translators: what they see, what they are trained for, how they learn."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gancourse.data.sequences import words
from gancourse.errors import GanCourseError
from gancourse.networks.recurrent import Reader, Translator, Writer, forget_bias, influence
from gancourse.training import adam, train

CELLS = pytest.mark.parametrize("cell", [nn.RNN, nn.LSTM, nn.GRU])
TEXTS = words(["ab", "a", "cab"], torch.tensor([[1.0], [0.0], [-1.0]]))


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@CELLS
def test_a_reader_says_one_thing_at_the_end_or_one_at_each_step(cell):
    x, net = torch.randn(5, 7, 3), Reader(3, 2, 8, cell)
    every = Reader(3, 2, 8, cell, every=True)
    every.load_state_dict(net.state_dict())
    assert net(x).shape == (5, 2) and every(x).shape == (5, 7, 2)
    assert torch.equal(net(x), every(x)[:, -1])


def test_what_comes_later_is_not_seen_before():
    x, net = torch.randn(2, 6, 3), Reader(3, 2, 8, every=True)
    later = x.clone()
    later[:, 4] += 1
    same = (net(x) == net(later)).all(-1)
    assert same[:, :4].all() and not same[:, 4:].any()


def test_with_an_end_mark_nothing_behind_it_matters():
    net = Reader(4, 2, 8, end=0)
    x = TEXTS.all()[0]
    noise = x.clone()
    noise[1, 2:] = torch.tensor([0.0, 0, 0, 1])
    assert torch.equal(net(x), net(noise))
    noise[1, 0] = torch.tensor([0.0, 0, 0, 1])
    assert not torch.equal(net(x)[1], net(noise)[1])


def test_losses_are_those_that_are_promised():
    x, y, z = torch.randn(5, 7, 3), torch.tensor([0, 1, 1, 0, 1]), torch.randn(5, 2)
    net, every = Reader(3, 2), Reader(3, 2, every=True)
    assert torch.allclose(net.loss(x, z), (net(x) - z).square().mean())
    p = net(x).softmax(-1)[range(5), y]
    assert torch.allclose(net.loss(x, y), -p.log().mean())
    p = every(x).softmax(-1)[range(5), :, y]
    assert torch.allclose(every.loss(x, y), -p.log().mean())
    assert torch.allclose(every.loss(x, y[:, None].expand(-1, 7)), every.loss(x, y))


@CELLS
def test_a_writers_loss_is_minus_the_mean_log_probability_of_what_it_would_write(cell):
    """Letter by letter, by hand, with the end mark and not behind it."""
    net, (x, values) = Writer(1, 4, 8, cell), TEXTS.all()
    nats, letters = 0.0, 0
    for row, value, text in zip(x, values, TEXTS.texts, strict=True):
        state, before = net.first(value[None]), torch.zeros(1, 1, 4)
        for t in range(len(text) + 1):
            out, state = net.cell(before, state)
            nats -= net.head(out)[0, 0].log_softmax(-1)[row[t].argmax()].item()
            letters, before = letters + 1, row[t][None, None]
    assert letters == 2 + 1 + 3 + 3
    assert net.loss(x, values).item() == pytest.approx(nats / letters, rel=1e-5)


@CELLS
def test_letters_are_drawn_by_their_probability(cell):
    """The first two letters of many texts; temperature 0 takes the likeliest one each time."""
    net = Writer(1, 3, 8, cell)
    numbers = torch.tensor([[0.5]])
    drawn = net.write(numbers.expand(20_000, 1), 2)
    scores = net(F.one_hot(torch.tensor([[2, 0]]), 3).float(), numbers)[0]
    first = torch.bincount(drawn[:, 0], minlength=3) / 20_000
    assert torch.allclose(first, scores[0].softmax(-1), atol=0.015)
    after = drawn[drawn[:, 0] == 2, 1]
    second = torch.bincount(after, minlength=3) / len(after)
    assert torch.allclose(second, scores[1].softmax(-1), atol=0.03)
    assert net.write(numbers, 1, temperature=0.0).item() == scores[0].argmax()


def test_a_seed_writes_the_same_and_leaves_the_random_state_alone():
    net, numbers = Writer(1, 4, 8), torch.zeros(9, 1)
    state = torch.get_rng_state()
    assert torch.equal(net.write(numbers, 5, seed=3), net.write(numbers, 5, seed=3))
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(net.write(numbers, 5, seed=3), net.write(numbers, 5, seed=4))


@CELLS
def test_all_shapes_learn_through_the_one_loop(cell):
    """Three texts by heart: read, written, and one translated into another."""
    x, values = TEXTS.all()
    settings = dict(optimizer=adam(2e-2, (0.9, 0.999)))
    reader = Reader(4, 1, 16, cell, end=0)
    train(reader, [(x, values)], 80, **settings)
    assert reader.loss(x, values) < 0.02
    writer = Writer(1, 4, 16, cell)
    train(writer, [(x, values)], 80, **settings)
    assert TEXTS.decode(writer.write(values, 4, 0.0)) == TEXTS.texts
    translator = Translator(4, 4, 16, cell, end=0)
    train(translator, [(x, x.roll(1, 0))], 250, optimizer=adam(5e-3, (0.9, 0.999)))
    assert TEXTS.decode(translator.write(x, 4)) == ["cab", "ab", "a"]


def test_classes_are_learnt_at_every_step():
    x = torch.tensor([0.0, 1.0])[:, None, None].expand(2, 5, 1)
    net = Reader(1, 2, 8, every=True)
    train(net, [(x, torch.tensor([0, 1]))], 60, optimizer=adam(3e-2))
    assert torch.equal(net(x).argmax(-1), torch.tensor([[0] * 5, [1] * 5]))


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_influence_is_what_a_small_change_does(kind):
    torch.manual_seed(0)
    net, x, eps = kind(2, 4, batch_first=True).double(), normal(6, 2), 1e-6
    found = influence(net, x)
    for t in range(6):
        columns = []
        for k in range(2):
            moved = x.clone()
            moved[t, k] += eps
            columns.append((net(moved[None])[0][0, -1] - net(x[None])[0][0, -1]) / eps)
        assert torch.stack(columns).norm().item() == pytest.approx(found[t].item(), rel=1e-4)
    assert not x.requires_grad


def test_without_gates_influence_is_a_power_of_the_matrix():
    """With inputs of 0 and no biases the states are 0, so that each step multiplies by U."""
    torch.manual_seed(0)
    net = nn.RNN(2, 4, batch_first=True, bias=False).double()
    found = influence(net, torch.zeros(5, 2).double())
    for t in range(5):
        power = torch.linalg.matrix_power(net.weight_hh_l0, 4 - t) @ net.weight_ih_l0
        assert found[t].item() == pytest.approx(power.norm().item())


def test_forget_bias_is_set_once_though_torch_has_two():
    net = nn.LSTM(2, 3, num_layers=2)
    before = [p.detach().clone() for p in net.parameters()]
    forget_bias(net, 1.0)
    for layer in range(2):
        b, d = (getattr(net, f"bias_{side}_l{layer}") for side in ("ih", "hh"))
        assert (b + d)[3:6].tolist() == [1, 1, 1]
    for old, (name, new) in zip(before, net.named_parameters(), strict=True):
        rest = [k for k in range(12) if k not in range(3, 6)] if name.startswith("bias") else ...
        assert torch.equal(old[rest], new[rest])


def test_only_an_lstm_has_a_forget_gate():
    for net in (nn.GRU(2, 3), nn.LSTM(2, 3, bias=False)):
        with pytest.raises(GanCourseError, match="no bias of a forget gate"):
            forget_bias(net, 1.0)


@pytest.mark.parametrize(
    "act, message",
    [
        (lambda: Reader(0, 2), "inputs must be a whole number of at least 1"),
        (lambda: Writer(1, 3, 0), "width must be"),
        (lambda: Writer(1, 3).write(torch.zeros(1, 1), 0), "steps must be"),
        (lambda: Writer(1, 3).write(torch.zeros(1, 1), 2, -1.0), "temperature must be"),
        (lambda: Writer(1, 3).write(torch.zeros(1, 1), 2, seed=-1), "seed must be"),
        (lambda: influence(nn.RNN(2, 3), torch.zeros(4, 3)), r"shape \(4, 3\)"),
    ],
)
def test_mistakes_are_named(act, message):
    with pytest.raises(GanCourseError, match=message):
        act()
