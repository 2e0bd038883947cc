"""Sizes, matrices, fields and chessboards against torch, over random settings."""

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from gancourse.errors import GanCourseError
from gancourse.networks import dcgan
from gancourse.theory import convolution as theory

settings.register_profile("no deadline on a shared machine", deadline=None)
settings.load_profile("no deadline on a shared machine")

WHOLE = {
    "W": st.integers(1, 12),
    "k": st.integers(1, 6),
    "S": st.integers(1, 4),
    "P": st.integers(0, 4),
    "d": st.integers(1, 3),
}
close = lambda a, b: torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(**WHOLE)
def test_size_is_torchs(W, k, S, P, d):
    size = theory.conv_size(W, k, S, P, d)
    if W + 2 * P < d * (k - 1) + 1:
        assert size == 0
        with pytest.raises(RuntimeError):
            F.conv1d(numbers(1, 1, W), numbers(1, 1, k), None, S, P, d)
    else:
        assert size == F.conv1d(numbers(1, 1, W), numbers(1, 1, k), None, S, P, d).shape[-1]


@given(**WHOLE, Q=st.integers(0, 3))
def test_transposed_size_is_torchs(W, k, S, P, d, Q):
    if max(S, d) <= Q:
        with pytest.raises(GanCourseError, match="output padding"):
            theory.transposed_size(W, k, S, P, d, Q)
        return
    size = theory.transposed_size(W, k, S, P, d, Q)
    call = lambda: F.conv_transpose1d(numbers(1, 1, W), numbers(1, 1, k), None, S, P, Q, 1, d)
    if size:
        assert size == call().shape[-1]
    else:
        with pytest.raises(RuntimeError):
            call()


@given(**WHOLE)
def test_output_padding_leads_back(W, k, S, P, d):
    size = theory.conv_size(W, k, S, P, d)
    assume(size)
    more = theory.output_padding(W, k, S, P, d)
    assert 0 <= more < S
    assert theory.transposed_size(size, k, S, P, d, more) == W
    merged = [n for n in range(1, 40) if theory.conv_size(n, k, S, P, d) == size]
    assert W in merged and (len(merged) == S or min(merged) == 1)


@settings(max_examples=40, deadline=None)
@given(**WHOLE)
def test_matrix_is_the_layer_and_its_transpose_the_transposed_layer(W, k, S, P, d):
    size = theory.conv_size(W, k, S, P, d)
    assume(size)
    w, x, y = numbers(k), numbers(W, seed=1), numbers(size, seed=2)
    C = theory.matrix(w, W, S, P, d)
    assert C.shape == (size, W) and C.dtype == torch.float64
    close(C @ x, F.conv1d(x[None, None], w[None, None], None, S, P, d)[0, 0])
    more = theory.output_padding(W, k, S, P, d)
    if more < max(S, d):
        back = F.conv_transpose1d(y[None, None], w[None, None], None, S, P, more, 1, d)
        close(C.T @ y, back[0, 0])


@pytest.mark.parametrize("W, k, S, P, d", [(5, 3, 1, 1, 1), (6, 4, 2, 1, 1), (7, 3, 2, 2, 2)])
def test_matrix_of_a_picture(W, k, S, P, d):
    w, x = numbers(k, k), numbers(W, W, seed=1)
    expected = F.conv2d(x[None, None], w[None, None], None, S, P, d)[0, 0]
    close(theory.matrix(w, W, S, P, d) @ x.flatten(), expected.flatten())


layers = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), min_size=1, max_size=4)


@settings(max_examples=30, deadline=None)
@given(layers)
def test_receptive_field_is_where_the_slope_is_not_zero(net):
    """Positive weights and a long line: the slope of one output, and of its neighbour."""
    r, j = theory.receptive_field(net)[-1]
    x = torch.ones(1, 1, r + j, dtype=torch.float64, requires_grad=True)
    h = x
    for k, S in net:
        h = F.conv1d(h, torch.ones(1, 1, k, dtype=torch.float64), None, S)
    seen = [
        torch.autograd.grad(h[0, 0, o], x, retain_graph=True)[0][0, 0].nonzero() for o in (0, 1)
    ]
    first, second = ((s.min().item(), s.max().item()) for s in seen)
    assert second[0] - first[0] == j
    # a stride larger than a filter leaves holes, never a wider field
    assert first == (0, r - 1)


def test_famous_fields():
    patch = [(4, 2)] * 3 + [(4, 1)] * 2
    assert theory.receptive_field(patch)[-1] == (70, 8)
    found = [theory.receptive_field([(4, 2)] * n + [(4, 1)] * 2)[-1][0] for n in range(1, 6)]
    assert found == [16, 34, 70, 142, 286]
    D = dcgan.discriminator(size=64, channels=3, width=4)
    net = [(m.kernel_size[0], m.stride[0]) for m in D.modules() if isinstance(m, nn.Conv2d)]
    assert theory.receptive_field(net)[-1][0] == 94


@pytest.mark.parametrize("k", range(1, 8))
@pytest.mark.parametrize("S", range(1, 5))
def test_taps_are_how_often_torch_paints_an_output(k, S):
    painted = F.conv_transpose1d(torch.ones(1, 1, 20), torch.ones(1, 1, k), None, S)[0, 0]
    inside = painted[k:-k]
    by_place = [int(inside[(p - k) % S :: S].unique().item()) for p in range(S)]
    assert theory.taps(k, S) == by_place
    ratio = theory.variance_ratio(k, S, axes=1)
    assert ratio == (math.ceil(k / S) / (k // S) if k >= S else math.inf)


def test_places_of_a_filter():
    w = numbers(5, 5)
    squares, sums = theory.place_variances(w, 3), theory.place_means(w, 3)
    for p in range(3):
        for q in range(3):
            assert squares[p, q] == pytest.approx(w[p::3, q::3].square().sum())
            assert sums[p, q] == pytest.approx(w[p::3, q::3].sum())
    flat = F.conv_transpose2d(torch.ones(1, 1, 9, 9).double(), w[None, None], None, 3)[0, 0]
    close(flat[9:12, 9:12], sums)
    assert theory.pattern_share(torch.ones(4, 4), 2) == 0
    assert theory.pattern_share(torch.tensor([1.0, -1.0]), 2) == 1


@pytest.mark.parametrize("S", [1, 2, 3, 4])
def test_bilinear_is_torchs_interpolation_and_leaves_no_pattern(S):
    w = theory.bilinear(S)
    close(theory.place_means(w, S), torch.ones(S).double())
    x = numbers(1, 1, 9)
    ours = F.conv_transpose1d(x, w[None, None], None, S)
    cut = (ours.shape[-1] - 9 * S) // 2
    theirs = F.interpolate(x, scale_factor=S, mode="linear", align_corners=False)
    close(ours[..., cut + S : -cut - S or None][..., : 7 * S], theirs[..., S : 8 * S])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: theory.conv_size(5, 0), "F must be a whole number of at least 1"),
        (lambda: theory.conv_size(5, 3, P=-1), "P must be"),
        (lambda: theory.transposed_size(5, 3, 2, 0, 1, 2), "output padding 2 with stride 2"),
        (lambda: theory.output_padding(2, 5), "does not fit"),
        (lambda: theory.matrix(torch.ones(2, 3), 5), "filter of shape"),
        (lambda: theory.receptive_field([(3, 0)]), "S must be"),
        (lambda: theory.bilinear(0), "S must be"),
        (lambda: theory.pattern_share(torch.ones(3), 0), "S must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(GanCourseError, match=message):
        call()
