"""Chapter 8, equation by equation: torch on one side, the printed formula on the other."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

SETTINGS = [(6, 3, 2, 1, 1), (9, 2, 3, 0, 2), (7, 5, 1, 4, 1), (11, 3, 2, 2, 3), (8, 4, 2, 1, 1)]
each = pytest.mark.parametrize("W, k, S, P, d", SETTINGS)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def conv(x, w, S=1, P=0, d=1):
    """torch's layer on a line, and the same by positions that the padding makes negative."""
    x, w = torch.tensor(x)[None, None], torch.tensor(w)[None, None]
    return F.conv1d(x, w, None, S, P, d)[0, 0].numpy()


def row(x, reach=40):
    """The numbers of a row by their places, zeros beyond its ends."""
    return {j: x[j] if 0 <= j < len(x) else 0.0 for j in range(-reach, len(x) + reach)}


def sizes(k, S, P, d, **more):
    return {"F": k, "S": S, "P": P, "d": d, **more}


def slope_of_layer(W, k, S, P, d, seed=0):
    """The layer as a matrix: the slope of every output by every input, by autograd."""
    w = torch.tensor(normal(k, seed=seed))[None, None]
    layer = lambda x: F.conv1d(x[None, None], w, None, S, P, d)[0, 0]
    return torch.autograd.functional.jacobian(layer, torch.zeros(W).double()).numpy()


@pytest.mark.equation("eq-conv-row", tex="bbf63173")
@each
def test_a_window_slides(W, k, S, P, d, printed):
    """Every output of torch's layer; the chapter's own row."""
    x, w = normal(W), normal(k, seed=1)
    for o, y in enumerate(conv(x, w, S, P, d)):
        names = sizes(k, S, P, d, w=row(w), x=row(x), o=o)
        assert printed("eq-conv-row").side(names) == pytest.approx(y, abs=1e-12)
    assert conv([2.0, 1, 3, 0, 1, 2], [1.0, 2, -1], 2, 1).tolist() == [3, 7, 0]


@pytest.mark.equation("eq-conv-shift", tex="73602bef")
@each
def test_a_moved_picture_moves_the_output(W, k, S, P, d, printed):
    """Torch on the unmoved row; a picture moved by less than the stride gives other numbers."""
    x, w = normal(W), normal(k, seed=1)
    y, moved = conv(x, w, S, P, d), {j + S: v for j, v in row(x).items()}
    names = sizes(k, S, P, d, w=row(w), u=range(k)) | {"x'": moved}
    for o in range(1, len(y) + 1):
        assert printed("eq-conv-shift").holds({**names, "o": o, "y": row(y)}, abs=1e-12)
    if S > 1:
        names["x'"] = {j + 1: v for j, v in row(x).items()}
        assert not printed("eq-conv-shift").holds({**names, "o": 1, "y": row(y)})


@pytest.mark.equation("eq-conv-flip", tex="81d63a64")
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_a_true_convolution_flips(k, printed):
    """NumPy's convolution, and torch's layer with the filter turned round."""
    x, w = normal(8), normal(k, seed=1)
    flipped = conv(x, w[::-1].copy(), 1, k - 1)
    assert np.allclose(np.convolve(w, x), flipped)
    for o, value in enumerate(np.convolve(w, x)):
        names = {"F": k, "w": row(w), "x": row(x), "o": o, "(w*x)_o": value}
        assert printed("eq-conv-flip").holds(names, abs=1e-12)


@pytest.mark.equation("eq-conv-channels", tex="c8bf3048")
@pytest.mark.parametrize("S, P, d", [(1, 0, 1), (2, 1, 1), (1, 2, 2)])
def test_a_filter_spans_all_channels(S, P, d, printed):
    """Torch's layer in the plane, map by map."""
    x, w, b = normal(3, 6, 6), normal(2, 3, 3, 3, seed=1), normal(2, seed=2)
    layer = F.conv2d(torch.tensor(x)[None], torch.tensor(w), torch.tensor(b), S, P, d)[0].numpy()

    def at(c, i, j):
        return x[int(c) - 1, int(i), int(j)] if 0 <= i < 6 and 0 <= j < 6 else 0.0

    places = list(range(-P, 6 + P))  # the padded rows and columns, in order
    formula, three = printed("eq-conv-channels"), range(3)
    names = sizes(3, S, P, d, b=lambda k: b[int(k) - 1], x=at) | {r"C_{\text{in}}": 3}
    names["w"] = lambda k, c, u, v: w[int(k) - 1, int(c) - 1, int(u), int(v)]
    for k, o, q in np.ndindex(layer.shape):
        i, j = (
            {u: places[S * start : S * start + 2 * d + 1 : d][u] for u in three} for start in (o, q)
        )
        now = {**names, "k": k + 1, "o": o, "q": q, "i": i, "j": j}
        assert formula.side(now, statement=2) == pytest.approx(layer[k, o, q], abs=1e-12)
        assert all(formula.holds({**now, "u": u, "v": u}, only=[0, 1]) for u in three)


@pytest.mark.equation("eq-conv-count", tex="141cb64e")
@pytest.mark.parametrize("k, inputs, outputs", [(3, 3, 3), (5, 1, 7), (1, 4, 2), (3, 32, 64)])
def test_weights_of_a_layer(k, inputs, outputs, printed):
    """Counted in torch's layer; the chapter's 84."""
    layer = torch.nn.Conv2d(inputs, outputs, k)
    counted = sum(p.numel() for p in layer.parameters())
    names = {"F": k, r"C_{\text{in}}": inputs, r"C_{\text{out}}": outputs, "N": counted}
    assert printed("eq-conv-count").holds(names)
    assert (k, inputs, outputs) != (3, 3, 3) or counted == 84


@pytest.mark.equation("eq-conv-size", tex="261ea944")
@each
def test_size(W, k, S, P, d, printed):
    """Torch's output; also one input fewer and more, so that the rounding is seen."""
    for width in (W - 1, W, W + 1):
        counted = len(conv(normal(width), normal(k), S, P, d))
        assert printed("eq-conv-size").holds(sizes(k, S, P, d, W=width, O=counted))


@pytest.mark.equation("eq-conv-matrix", tex="b0f5ac9b")
@each
def test_the_layer_is_a_matrix(W, k, S, P, d, printed):
    """The matrix is torch's slope; its rows hold the filter, moved by S."""
    C, x, w = slope_of_layer(W, k, S, P, d), normal(W, seed=3), normal(k)
    assert printed("eq-conv-matrix").holds({"y": conv(x, w, S, P, d), "C": C, "x": x})
    for o, j in np.ndindex(C.shape):
        u = (j + P - S * o) / d
        assert C[o, j] == pytest.approx(w[int(u)] if u in range(k) else 0)


@pytest.mark.equation("eq-conv-gradient", tex="06e36cc3")
@each
def test_the_gradient_is_the_transpose(W, k, S, P, d, printed):
    """A loss behind torch's layer, by autograd and by the mirrored matrix."""
    C, w = slope_of_layer(W, k, S, P, d), torch.tensor(normal(k))
    x = torch.tensor(normal(W, seed=3), requires_grad=True)
    y = F.conv1d(x[None, None], w[None, None], None, S, P, d)[0, 0]
    by_y, by_x = torch.autograd.grad(y.tanh().sum() + y[0] ** 3, [y, x])
    names = {r"\frac{\partial L}{\partial x}": by_x.numpy(), "C": C}
    names[r"\frac{\partial L}{\partial y}"] = by_y.numpy()
    assert printed("eq-conv-gradient").holds(names)


@pytest.mark.equation("eq-conv-adjoint", tex="a215d743")
@each
def test_the_transpose_moves_to_the_other_side(W, k, S, P, d, printed):
    """Both sides by the slope matrix; another matrix fails."""
    C = slope_of_layer(W, k, S, P, d)
    x, y = normal(W, seed=4), normal(len(C), seed=5)
    assert printed("eq-conv-adjoint").holds({"C": C, "x": x, "y": y})
    painted = F.conv_transpose1d(
        torch.tensor(y)[None, None], torch.tensor(normal(k))[None, None], None, S, P, 0, 1, d
    )[0, 0].numpy()
    padded = np.pad(painted, (0, W))[:W]
    missing = W - len(painted)
    if missing <= 0:
        assert C @ x @ y == pytest.approx(x @ padded)


@pytest.mark.equation("eq-conv-transposed-row", tex="f621d949")
@each
def test_the_transpose_paints(W, k, S, P, d, printed):
    """Torch's transposed layer, number by number."""
    y, w = normal(W, seed=5), normal(k)
    painted = F.conv_transpose1d(
        torch.tensor(y)[None, None], torch.tensor(w)[None, None], None, S, P, 0, 1, d
    )[0, 0].numpy()
    names = sizes(k, S, P, d, w=row(w), y=row(y), o=range(W), u=range(k))
    for j, z in enumerate(painted):
        found = printed("eq-conv-transposed-row").side({**names, "j": j})
        assert found == pytest.approx(z, abs=1e-12)


@pytest.mark.equation("eq-conv-transposed-size", tex="4d7e402d")
@each
def test_transposed_size(W, k, S, P, d, printed):
    """Torch's output, for every output padding that it allows."""
    for Q in range(max(S, d)):
        y = F.conv_transpose1d(torch.ones(1, 1, W), torch.ones(1, 1, k), None, S, P, Q, 1, d)
        names = sizes(k, S, P, d, W=W, Q=Q, O=y.shape[-1])
        assert printed("eq-conv-transposed-size").holds(names)


@pytest.mark.equation("eq-conv-merge", tex="fd1ac6dd")
@each
def test_the_output_padding_that_leads_back(W, k, S, P, d, printed):
    """The only one, found by trying all with torch, that gives W again."""
    down = conv(normal(W), normal(k), S, P, d)
    up = {
        Q: F.conv_transpose1d(
            torch.ones(1, 1, len(down)), torch.ones(1, 1, k), None, S, P, Q, 1, d
        ).shape[-1]
        for Q in range(max(S, d))
    }
    (Q,) = [Q for Q, size in up.items() if size == W]
    names = sizes(k, S, P, d, W=W, O=len(down), Q=Q)
    assert printed("eq-conv-merge").holds(names)
    assert 0 <= Q < S


@pytest.mark.equation("eq-conv-double", tex="52aec655")
def test_what_doubles(printed):
    """All of torch's layers with stride 2: the formula holds just where every size doubles."""
    found = []
    for k, P, Q in np.ndindex(7, 4, 2):
        doubles = k > 0 and all(
            2 * W - 2 + k - 2 * P + Q > 0
            and F.conv_transpose1d(torch.ones(1, 1, W), torch.ones(1, 1, k), None, 2, P, Q).shape[
                -1
            ]
            == 2 * W
            for W in (3, 4, 7)
        )
        assert k == 0 or bool(printed("eq-conv-double").holds({"F": k, "P": P, "Q": Q})) == doubles
        found += [(k, P, Q)] if doubles else []
    assert found == [(1, 0, 1), (2, 0, 0), (3, 1, 1), (4, 1, 0), (5, 2, 1), (6, 2, 0)]


NETWORKS = [[(4, 2), (4, 2), (4, 2), (4, 1), (4, 1)], [(3, 1)] * 6, [(5, 3), (2, 2), (3, 1)]]


def seen(net, units=2):
    """First and last place of a long line that move the first outputs of `net`, by autograd."""
    x = torch.ones(1, 1, 200, dtype=torch.float64, requires_grad=True)
    h = x
    for k, S in net:
        h = F.conv1d(h, torch.ones(1, 1, k, dtype=torch.float64), None, S)
    slopes = [torch.autograd.grad(h[0, 0, o], x, retain_graph=True)[0] for o in range(units)]
    return [(s.nonzero()[0, 2].item(), s.nonzero()[-1, 2].item()) for s in slopes]


@pytest.mark.equation("eq-conv-field", tex="28f1c207")
@pytest.mark.parametrize("net", NETWORKS)
def test_what_a_number_has_seen(net, printed):
    """Layer by layer: how far the slope reaches, and where the neighbour's begins."""
    below = (1, 1)
    for depth, (k, S) in enumerate(net, 1):
        (start, end), (next_start, _) = seen(net[:depth])
        now = (end - start + 1, next_start - start)
        names = {"r_l": now[0], "j_l": now[1], "r_{l-1}": below[0], "j_{l-1}": below[1]}
        assert printed("eq-conv-field").holds({**names, "F_l": k, "S_l": S})
        below = now


@pytest.mark.equation("eq-conv-field-sum", tex="2217e18f")
@pytest.mark.parametrize("net, side", list(zip(NETWORKS, (70, 13, 20), strict=True)))
def test_field_of_a_whole_network(net, side, printed):
    """The slope of the last layer; the chapter's 70 and 13."""
    ((start, end),) = seen(net, units=1)
    filters, strides = np.array(net).T
    names = {"n": len(net), "F": filters, "S": strides, "r_n": end - start + 1}
    assert printed("eq-conv-field-sum").holds(names)
    assert end - start + 1 == side


@pytest.mark.equation("eq-conv-taps", tex="bb0044a6")
@pytest.mark.parametrize("k", range(1, 8))
@pytest.mark.parametrize("S", range(1, 5))
def test_how_many_weights_paint_a_place(k, S, printed):
    """Ones painted with ones by torch."""
    painted = F.conv_transpose1d(torch.ones(1, 1, 12), torch.ones(1, 1, k), None, S)[0, 0]
    middle = 4 * S + k // S * S
    for p in range(S):
        names = {"F": k, "S": S, "p": p, "n_p": painted[middle + p].item()}
        assert printed("eq-conv-taps").holds(names, only=[0])
    counts = painted[middle : middle + S]
    assert set(counts.int().tolist()) <= {math.ceil(k / S), k // S}


@pytest.mark.equation("eq-conv-ratio", tex="e67877d7")
@pytest.mark.parametrize("k, S", [(3, 2), (4, 2), (5, 2), (5, 3), (6, 3)])
def test_the_board_of_noise(k, S, printed):
    """Variances of torch's outputs over noise and over random filters, place by place."""
    torch.manual_seed(0)
    x, w = torch.randn(600, 9, 9), torch.randn(600, 60, k, k)
    sums = torch.zeros(S, S)
    for one, filters in zip(x, w, strict=True):
        y = F.conv_transpose2d(one[None, None], filters[None], None, S)[0]
        inside = y[:, 3 * S : 6 * S, 3 * S : 6 * S]
        sums += inside.square().unflatten(1, (3, S)).unflatten(3, (3, S)).mean((0, 1, 3))
    names = {"F": k, "S": S, r"\frac{V_{\max}}{V_{\min}}": (sums.max() / sums.min()).item()}
    assert printed("eq-conv-ratio").holds(names, rel=0.05)


@pytest.mark.equation("eq-conv-share", tex="455d2629")
@pytest.mark.parametrize("law", ["normal", "uniform"])
@pytest.mark.parametrize("k, S", [(4, 2), (2, 2), (6, 3), (4, 4), (3, 2), (5, 3), (2, 3)])
def test_the_board_of_a_flat_field(k, S, law, printed):
    """Flat fields painted by torch, many random filters: the mean square that is board."""
    torch.manual_seed(0)
    w = torch.randn(1, 6000, k, k) if law == "normal" else 2 * torch.rand(1, 6000, k, k) - 1
    y = F.conv_transpose2d(torch.ones(1, 1, 9, 9), w, None, S)[0]
    period = y[:, 4 * S : 5 * S, 4 * S : 5 * S].flatten(1)
    share = period.var(1, correction=0) / period.square().mean(1)
    names = {"S": S, r"\mathbb E[\text{share}]": share.mean().item()}
    assert printed("eq-conv-share").holds(names, abs=0.01)


def test_the_share_needs_weights_as_likely_as_their_negatives():
    """The condition of the theorem: with a lopsided law of mean 0 the share is another."""
    torch.manual_seed(0)
    w = torch.empty(1, 6000, 2, 2).exponential_() - 1
    y = F.conv_transpose2d(torch.ones(1, 1, 3, 3), w, None, 2)[0, :, 2:4, 2:4].flatten(1)
    assert (y.var(1, correction=0) / y.square().mean(1)).mean() < 0.72
