import math

import pytest
import torch
from scipy.linalg import sqrtm

from gancourse.data.toys import grid, ring
from gancourse.errors import GanCourseError
from gancourse.metrics import frechet, interval, mode_coverage


def test_a_perfect_sampler_covers_everything():
    modes, quality, kl = mode_coverage(grid().sample(5000, seed=0), grid())
    assert modes == 25
    assert quality.item() == pytest.approx(1 - math.exp(-4.5), abs=0.005)
    assert 0 <= kl < 0.01


def test_a_collapsed_sampler_has_one_mode_and_reverse_kl_log_k():
    modes, quality, kl = mode_coverage(ring().means[:1].repeat(100, 1), ring())
    assert (modes, quality) == (1, 1)
    assert kl.item() == pytest.approx(math.log(8))


def test_reverse_kl_by_hand():
    means = ring(4).means
    samples = means[[0, 0, 0, 1]]  # q = (3/4, 1/4, 0, 0)
    expected = 0.75 * math.log(0.75) + 0.25 * math.log(0.25) + math.log(4)
    assert mode_coverage(samples, ring(4)).reverse_kl.item() == pytest.approx(expected)


def test_bad_samples_count_against_quality_only():
    samples = torch.cat([ring().means, torch.full((8, 2), 5.0)])
    modes, quality, kl = mode_coverage(samples, ring())
    assert (modes, quality) == (8, 0.5)
    assert kl.item() == pytest.approx(0, abs=1e-12)
    assert mode_coverage(samples, ring(), least=2).modes == 0
    assert mode_coverage(samples[8:], ring()).reverse_kl.isnan()


def test_members_are_counted_separately():
    samples = torch.stack([ring().means, ring().means[:1].repeat(8, 1)])
    result = mode_coverage(samples, ring())
    assert result.modes.tolist() == [8, 1]
    assert result.high_quality.shape == result.reverse_kl.shape == (2,)


def test_not_a_number_is_named():
    with pytest.raises(GanCourseError, match="not finite"):
        mode_coverage(torch.full((4, 2), math.nan), ring())


def test_interval_is_students():
    mean, half = interval(torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert mean == 3
    assert half == pytest.approx(2.776445 * math.sqrt(2.5) / math.sqrt(5), rel=1e-6)
    with pytest.raises(GanCourseError):
        interval(torch.tensor([1.0]))


def normal(seed, n, d, dtype=torch.float64):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("d", [2, 5, 20])
def test_frechet_is_the_textbook_formula_with_a_matrix_root(d):
    a = normal(0, 100, d) @ normal(1, d, d) + 1
    b = normal(2, 80, d) @ normal(3, d, d)
    first, second = (torch.cov(x.T).numpy() for x in (a, b))
    cross = sqrtm(first @ second).real
    expected = (a.mean(0) - b.mean(0)).square().sum().item() + (first + second - 2 * cross).trace()
    assert frechet(a, b) == pytest.approx(expected, rel=1e-8)
    assert frechet(b, a) == pytest.approx(expected, rel=1e-8)


def test_frechet_in_one_dimension_compares_means_and_standard_deviations():
    a, b = 3 * normal(0, 50, 1) + 2, normal(1, 70, 1)
    expected = (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2
    assert frechet(a, b) == pytest.approx(expected.item(), rel=1e-10)


def test_frechet_of_gaussians_approaches_theory():
    """N(0, I) against N(m, diag(s^2)): the distance is |m|^2 + the sum of (1 - s)^2."""
    m, s = torch.tensor([1.0, -2, 0]), torch.tensor([1.0, 2, 0.5])
    found = frechet(normal(0, 200_000, 3), normal(1, 200_000, 3) * s + m)
    assert found == pytest.approx(5 + 1 + 0.25, rel=0.01)


def test_frechet_of_a_set_with_itself_is_zero_and_a_shift_costs_its_square():
    x = normal(0, 200, 8)
    assert 0 <= frechet(x, x) < 1e-10
    assert frechet(x, x + 0.5) == pytest.approx(8 * 0.25)
    constant = torch.cat([x, torch.ones(200, 2)], 1)  # dead features must not make a nan
    assert frechet(constant, constant + 0.5) == pytest.approx(10 * 0.25)


def before(a, b):
    """What `frechet` was before it became the transport of two Gaussians: another arrangement."""
    first, second = (torch.atleast_2d(torch.cov(x.T)) for x in (a, b))
    values, vectors = torch.linalg.eigh(first)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ second @ root).clamp(min=0).sqrt().sum()
    return (a.mean(0) - b.mean(0)).square().sum() + (first + second).trace() - 2 * cross


@pytest.mark.parametrize("d", [1, 2, 5, 20, 64, 128])
@pytest.mark.parametrize("seed", range(3))
def test_frechet_has_kept_its_numbers(d, seed):
    a = normal(seed, 500, d) + 1
    b = 2 * normal(seed + 9, 500, d) + normal(seed + 99, 500, 1)  # all features correlated
    assert frechet(a, b) == pytest.approx(before(a, b).item(), rel=1e-12)
    trace = 2 * a.var(0).sum().item()
    assert frechet(a, a) <= 1e-12 * trace and frechet(a, a + 1) == pytest.approx(d, rel=1e-12)


@pytest.mark.parametrize("d", [5, 10, 50])
def test_frechet_does_not_see_directions_in_which_nothing_varies(d):
    """Four features, turned into a larger space: two singular covariances, the same distance."""
    a, b = normal(0, 300, 4), 2 * normal(1, 300, 4) + 1
    turn = torch.linalg.qr(normal(2, d, d))[0][:4]
    expected = frechet(a, b)
    assert frechet(a @ turn, b @ turn) == pytest.approx(expected, rel=1e-12)
    assert before(a @ turn, b @ turn) == pytest.approx(expected, rel=1e-6)  # rounding, then a root


def test_frechet_ignores_rotations_and_counts_in_double_precision():
    a, b = normal(0, 300, 6) + 1000, normal(1, 300, 6) * 2 + 1000
    turn = torch.linalg.qr(normal(2, 6, 6))[0]
    assert frechet(a @ turn, b @ turn) == pytest.approx(frechet(a, b), rel=1e-8)
    assert frechet(a.float(), b.float()) == pytest.approx(frechet(a, b), rel=1e-3)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (torch.zeros(5, 5), torch.zeros(50, 5), "5 samples are too few for 5"),
        (torch.zeros(50, 5), torch.zeros(50, 4), "same d"),
        (torch.zeros(50), torch.zeros(50), "same d"),
        (torch.zeros(50, 0), torch.zeros(50, 0), "too few"),
        (torch.full((9, 2), math.nan), torch.zeros(9, 2), "not finite"),
    ],
)
def test_frechet_names_what_is_wrong(a, b, message):
    with pytest.raises(GanCourseError, match=message):
        frechet(a, b)


@pytest.mark.parametrize(
    "wrap",
    [
        torch.Tensor.tolist,
        torch.Tensor.numpy,
        torch.Tensor.half,
        torch.Tensor.bfloat16,
        torch.Tensor.int,
        torch.Tensor.double,
    ],
)
def test_numbers_in_any_wrapping_are_measured(wrap):
    samples = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]])
    found = mode_coverage(wrap(samples), ring(4))
    assert found.modes == 4 and found.high_quality == 1
    assert frechet(wrap(samples), wrap(samples)) == pytest.approx(0, abs=1e-9)


def test_what_cannot_be_measured_is_named():
    for call, said in (
        (lambda: mode_coverage(torch.zeros(0, 2), ring()), "there are no samples"),
        (lambda: mode_coverage([["a"]], ring()), "no array of numbers"),
        (lambda: frechet(torch.randn(9, 2).double() * 1e160, torch.randn(9, 2)), "so large"),
    ):
        with pytest.raises(GanCourseError, match=said):
            call()
