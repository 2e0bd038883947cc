"""Appendix A, equation by equation: torch on one side, the printed formula on the other."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from gancourse.networks.recurrent import Writer

FUNCTIONS = {r"\tanh": np.tanh, r"\sigma": lambda a: 1 / (1 + np.exp(-a))}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def cell(kind, inputs=3, width=4, seed=0):
    """A cell of torch with large random weights: itself, and its blocks by gate."""
    torch.manual_seed(seed)
    made = kind(inputs, width).double()
    for p in made.parameters():
        nn.init.normal_(p)
    gates = {nn.RNNCell: ["h"], nn.LSTMCell: [*"ifgo"], nn.GRUCell: [*"rzn"]}[kind]
    blocks = {
        letter: dict(zip(gates, p.detach().numpy().reshape(len(gates), width, -1), strict=True))
        for letter, p in zip("WUbd", made.parameters(), strict=True)
    }
    return made, blocks


def vectors(blocks, gate):
    """The letters of one gate; biases as vectors."""
    W, U, b, d = (blocks[letter][gate] for letter in "WUbd")
    return W, U, b[:, 0], d[:, 0]


def state(made, *given):
    """What torch's cell returns for plain arrays."""
    x, *before = (torch.tensor(a) for a in given)
    out = made(x, tuple(before) if len(before) > 1 else before[0])
    return [o.detach().numpy() for o in out] if isinstance(out, tuple) else out.detach().numpy()


@pytest.mark.equation("eq-seq-rnn", tex="fda21b03")
def test_the_plain_cell(printed):
    """Torch's cell; the chapter's three states."""
    made, blocks = cell(nn.RNNCell)
    W, U, b, d = vectors(blocks, "h")
    x, h = normal(3), normal(4, seed=1)
    names = {**FUNCTIONS, "W": W, "U": U, "b": b + d, "x_t": x, "h_{t-1}": h}
    assert np.allclose(printed("eq-seq-rnn").side(names), state(made, x, h))
    h = 0.0
    for x, said in zip([1, 0, 0], [0.762, 0.363, 0.180], strict=True):
        names = {**FUNCTIONS, "W": 1, "U": 0.5, "b": 0, "x_t": x, "h_{t-1}": h}
        h = printed("eq-seq-rnn").side(names)
        assert h == pytest.approx(said, abs=5e-4)


@pytest.mark.equation("eq-seq-onehot", tex="bd4c85a3")
def test_a_one_hot_row_looks_up(printed):
    """Torch's embedding, entry by entry."""
    table = nn.Embedding(5, 3).double()
    W = table.weight.detach().numpy().T
    for j, k in itertools.product(range(1, 4), range(1, 6)):
        found = table(torch.tensor(k - 1))[j - 1].item()
        names = {"(W e_k)_j": found, "W": W, "K": 5, "j": j, "k": k}
        assert printed("eq-seq-onehot").holds(names)


@pytest.mark.equation("eq-seq-chain", tex="158301df")
@pytest.mark.parametrize("s", [0, 2, 5])
def test_the_slope_through_time_is_a_product(s, printed):
    """Autograd through torch's cell of one unit."""
    made, blocks = cell(nn.RNNCell, 1, 1)
    h, T = [torch.zeros(1).double()], 6
    for x in normal(T):
        h.append(made(torch.tensor([x]), h[-1].requires_grad_()))
    slope = torch.autograd.grad(h[T].sum(), h[s])[0].item()
    names = {r"\frac{\partial h_T}{\partial h_s}": slope, "u": blocks["U"]["h"].item()}
    names |= {"h": dict(enumerate(v.item() for v in h)), "s": s, "T": T}
    assert printed("eq-seq-chain").holds(names)


@pytest.mark.equation("eq-seq-bound", tex="07b58fed")
def test_the_largest_singular_value_bounds_the_slope(printed):
    """Jacobians by autograd; with states of 0 and an orthogonal U there is equality."""
    made, _ = cell(nn.RNNCell)
    formula, T, s = printed("eq-seq-bound"), 5, 1

    def names(made, inputs):
        def last(h):
            for x in inputs:
                h = made(torch.tensor(x), h)
            return h

        slope = torch.autograd.functional.jacobian(last, torch.zeros(4).double()).numpy()
        top = torch.linalg.svdvals(made.weight_hh)[0].item()
        known = {r"\|\frac{\partial h_T}{\partial h_s}\|_2": np.linalg.norm(slope, 2)}
        return {**known, "s_1": top, "T": T, "s": s}

    for seed in range(5):
        assert formula.holds(names(made, normal(T - s, 3, seed=seed)))
    nn.init.orthogonal_(made.weight_hh, gain=0.8)
    for p in (made.bias_ih, made.bias_hh):
        nn.init.zeros_(p)
    equal = names(made, np.zeros((T - s, 3)))
    assert formula.side(equal, side=0) == pytest.approx(formula.side(equal))


@pytest.mark.equation("eq-seq-start", tex="1dae6e0a")
def test_the_start_of_torchs_weights(printed):
    """By its own layers: how a vector's length changes, for two widths."""
    for H in (64, 256):
        ratios = []
        for seed in range(30):
            torch.manual_seed(seed)
            U, v = nn.RNN(2, H).weight_hh_l0.detach(), torch.randn(H)
            ratios.append((U @ v).norm() / v.norm())
        measured = torch.stack(ratios).square().mean().sqrt().item()
        names = {r"\rho": printed("eq-seq-start").side({"H": H}, side=1), "H": H}
        assert printed("eq-seq-start").holds(names, rel=1e-3)
        assert printed("eq-seq-start").side({"H": H}, side=1) == pytest.approx(measured, rel=0.03)


@pytest.mark.equation("eq-seq-gates", tex="6fdba4be")
@pytest.mark.equation("eq-seq-lstm", tex="33104ce6")
def test_the_lstm(printed):
    """Torch's cell, from the printed gates on."""
    made, blocks = cell(nn.LSTMCell)
    x, h, c = normal(3), normal(4, seed=1), normal(4, seed=2)
    gates = {}
    for k, gate in enumerate("fiog"):
        W, U, b, d = vectors(blocks, gate)
        names = {f"W_{gate}": W, f"U_{gate}": U, f"b_{gate}": b + d, "x_t": x, "h_{t-1}": h}
        gates[f"{gate}_t"] = printed("eq-seq-gates").side({**FUNCTIONS, **names}, statement=k)
    now = {**FUNCTIONS, **gates, "c_{t-1}": c}
    content = printed("eq-seq-lstm").side(now)
    shown = printed("eq-seq-lstm").side({**now, "c_t": content}, statement=1)
    assert np.allclose([shown, content], state(made, x, h, c))


@pytest.mark.equation("eq-seq-direct", tex="551f2aba")
def test_along_the_content_the_forget_gates_multiply(printed):
    """Autograd through torch's cell with U = 0, where there is no other way."""
    made, blocks = cell(nn.LSTMCell, 1, 1)
    nn.init.zeros_(made.weight_hh)
    T, s = 6, 2
    c, h, xs = [torch.zeros(1).double()], torch.zeros(1).double(), normal(T)
    for x in xs:
        h, content = made(torch.tensor([x]), (h, c[-1].requires_grad_()))
        c.append(content)
    slope = torch.autograd.grad(c[T].sum(), c[s])[0].item()
    W, _, b, d = (v.item() for v in (a.squeeze() for a in vectors(blocks, "f")))
    gates = dict(enumerate((FUNCTIONS[r"\sigma"](W * x + b + d) for x in xs), 1))
    names = {r"(\frac{\partial c_T}{\partial c_s})_{\text{direct}}": slope, "f": gates}
    assert printed("eq-seq-direct").holds({**names, "s": s, "T": T})


@pytest.mark.equation("eq-seq-half", tex="52486dd7")
@pytest.mark.parametrize("b, said", [(0.0, 1), (1.0, 2.2), (3.0, 14)])
def test_half_is_forgotten(b, said, printed):
    """The gate to that power is one half; the chapter's steps."""
    steps = printed("eq-seq-half").side({"b": b})
    assert torch.tensor(b).double().sigmoid().item() ** steps == pytest.approx(0.5)
    assert steps == pytest.approx(said, rel=0.03)


@pytest.mark.equation("eq-seq-gru", tex="c4622e2e")
@pytest.mark.equation("eq-seq-gru-before", tex="ecbcfb7b")
def test_the_two_grus(printed):
    """The first is torch's cell, the second is not, unless the matrix is diagonal without bias."""
    made, blocks = cell(nn.GRUCell)
    x, h = normal(3), normal(4, seed=1)

    def proposals():
        gates = {}
        for gate in "rz":
            W, U, b, d = vectors(blocks, gate)
            gates[f"{gate}_t"] = FUNCTIONS[r"\sigma"](W @ x + b + U @ h + d)
        W, U, b, d = vectors(blocks, "n")
        letters = {"W_n": W, "U_n": U, "b_n": b, "d_n": d}
        names = {**FUNCTIONS, **letters, **gates, "x_t": x, "h_{t-1}": h}
        found = [printed("eq-seq-gru").side(names), printed("eq-seq-gru-before").side(names)]
        mix = lambda n: printed("eq-seq-gru").side({**names, "n_t": n}, statement=1)
        return [mix(n) for n in found]

    after, before = proposals()
    assert np.allclose(after, state(made, x, h))
    assert np.abs(after - before).max() > 0.01
    blocks["U"]["n"][:] = np.diag(normal(4, seed=3))  # shares its memory with torch's cell
    blocks["d"]["n"][:] = 0
    after, before = proposals()
    assert np.allclose(after, before) and np.allclose(after, state(made, x, h))


@pytest.mark.equation("eq-seq-count", tex="ed29464c")
@pytest.mark.parametrize("kind, m", [(nn.RNN, 1), (nn.LSTM, 4), (nn.GRU, 3)])
def test_weights_of_a_layer(kind, m, printed):
    """Counted in torch's layers."""
    for E, H in ((28, 128), (3, 5)):
        counted = sum(p.numel() for p in kind(E, H).parameters())
        assert printed("eq-seq-count").holds({"N": counted, "m": m, "E": E, "H": H})


@pytest.mark.equation("eq-seq-likelihood", tex="0895e8ab")
def test_a_writer_gives_every_text_a_probability(printed):
    """All texts of two letters out of three: their probabilities add up to 1."""
    torch.manual_seed(0)
    net, numbers = Writer(1, 3, 8).double(), torch.tensor([[0.3]]).double()
    total = 0.0
    for text in itertools.product(range(3), repeat=2):
        x = nn.functional.one_hot(torch.tensor([text]), 3).double()
        each = (net(x, numbers).log_softmax(-1)[0] * x[0]).sum(-1).exp().tolist()
        steps = dict(enumerate(each, 1))
        names = {
            r"p(x_1,\dots,x_T)": math.prod(each),
            "T": 2,
            "p": lambda x, *before, of=steps: of[x],
        }
        names |= {"x": dict.fromkeys(range(3), 0) | {1: 1, 2: 2}, r"\dots": 0}
        assert printed("eq-seq-likelihood").holds(names)
        total += math.prod(each)
    assert total == pytest.approx(1)


def choice(seed=0):
    """Scores of four tokens, what a discriminator says, and the slope by autograd."""
    theta = torch.tensor(normal(4, seed=seed), requires_grad=True)
    D = torch.tensor(normal(4, seed=seed + 1))
    p = theta.softmax(0)
    slope = torch.autograd.grad(p @ D, theta)[0].numpy()
    return p.detach().numpy(), D.numpy(), slope


@pytest.mark.equation("eq-seq-slope", tex="288ca568")
def test_the_slope_of_the_expected_score(printed):
    """Autograd through the softmax."""
    p, D, slope = choice()
    left = r"\frac{\partial}{\partial\theta_k}\sum_jp_jD_j"
    for k in range(1, 5):
        names = {left: slope[k - 1], "p": p, "D": D, "k": k, "j": range(1, 5)}
        assert printed("eq-seq-slope").holds(names)


@pytest.mark.equation("eq-seq-reinforce", tex="cccf6be3")
@pytest.mark.parametrize("b", [0.0, 1.7, -30.0])
def test_draw_and_weigh_is_right_on_average_with_any_baseline(b, printed):
    """Both sides are the slope by autograd."""
    p, D, slope = choice(3)
    for k in range(1, 5):
        names = {"p": p, "D": D, "k": k, "j": range(1, 5), "b": b}
        assert printed("eq-seq-reinforce").holds(names)
        assert printed("eq-seq-reinforce").side(names, side=0) == pytest.approx(slope[k - 1])


@pytest.mark.equation("eq-seq-gumbel", tex="bd8bf305")
def test_noise_on_the_scores_draws_fairly(printed):
    """The softmax by torch; the largest entry, over many draws, against the probabilities."""
    formula, theta, tau = printed("eq-seq-gumbel"), normal(3), 0.7
    u = np.random.default_rng(1).uniform(size=(3, 40_000))
    g = np.stack([formula.side({"u_k": row}, statement=1) for row in u])
    for k in range(1, 4):
        names = {r"\theta": theta, "g": g[:, 0], r"\tau": tau, "k": k, "j": range(1, 4)}
        y = torch.tensor((theta + g[:, 0]) / tau).softmax(0)[k - 1].item()
        assert formula.side(names) == pytest.approx(y)
    share = np.bincount((theta[:, None] + g).argmax(0), minlength=3) / u.shape[1]
    assert np.allclose(share, torch.tensor(theta).softmax(0).numpy(), atol=0.01)
