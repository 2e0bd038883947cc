"""Power iteration and the norm of a convolution, against dense linear algebra."""

import pytest
import torch
from torch.nn.functional import conv2d

from gancourse.errors import GanCourseError
from gancourse.theory.spectral import convolution_bounds, convolution_norm, power_iteration


def test_it_finds_the_largest_singular_value_and_its_vectors():
    W, v = torch.randn(20, 30).double(), torch.randn(30).double()
    estimates, u, v = power_iteration(W, 500, v)
    U, S, Vh = torch.linalg.svd(W)
    assert estimates[-1] == pytest.approx(S[0].item(), rel=1e-12)
    assert abs(u @ U[:, 0]).item() == pytest.approx(1, abs=1e-6)
    assert abs(v @ Vh[0]).item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    "o, i, F, S, P, n",
    [
        (8, 3, 4, 2, 1, 16),
        (5, 4, 3, 2, 1, 9),
        (1, 8, 4, 1, 0, 4),
        (4, 4, 4, 2, 1, 15),
        (2, 3, 4, 3, 1, 12),
    ],
)
def test_the_norm_of_a_convolution_is_that_of_its_matrix(o, i, F, S, P, n):
    weight = torch.randn(o, i, F, F, generator=torch.Generator().manual_seed(0)).double()
    matrix = torch.func.jacrev(lambda x: conv2d(x[None], weight, stride=S, padding=P)[0])(
        torch.zeros(i, n, n).double()
    ).reshape(-1, i * n * n)
    dense = torch.linalg.svdvals(matrix)[0].item()
    assert convolution_norm(weight, n, S, P, rounds=1000).item() == pytest.approx(dense, rel=1e-5)
    least, most = convolution_bounds(weight, S)
    assert least - 1e-9 <= dense <= most + 1e-9


def test_bad_input_is_named():
    with pytest.raises(GanCourseError, match="shape"):
        power_iteration(torch.ones(2, 3), 1, torch.ones(2))
    with pytest.raises(GanCourseError, match="rounds"):
        power_iteration(torch.ones(2, 2), 0, torch.ones(2))


@pytest.mark.parametrize("F, S", [(3, 1), (3, 2), (5, 2), (4, 2)])
def test_both_bounds_are_attained(F, S):
    """One tap alone gives the lower one; the taps that one pixel in S feels, nearly the upper."""
    one, some = torch.zeros(1, 1, F, F).double(), torch.zeros(1, 1, F, F).double()
    one[..., 0, 0], some[..., ::S, ::S] = 2.0, 1.0
    assert convolution_norm(one, 40 * S, S).item() == pytest.approx(convolution_bounds(one, S)[0])
    assert convolution_norm(some, 40 * S, S).item() > 0.9 * convolution_bounds(some, S)[1]


def test_the_largest_singular_value_of_nothing_is_zero():
    estimates, u, v = power_iteration(torch.zeros(2, 3), 3, torch.ones(3))
    assert estimates.tolist() == [0.0] * 3
    assert u.tolist() == [0.0] * 2 and v.tolist() == [0.0] * 3
