"""Great circles between two noises, and the directions of z that a generator knows."""

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch import Tensor, nn
from torch.nn import functional as F

from gancourse.errors import GanCourseError
from gancourse.networks import dcgan, latent
from gancourse.networks.latent import fold_batch_norm, slerp
from lively import lively, noise

T = torch.linspace(0, 1, 11)[:, None]


def angle(a: Tensor, b: Tensor) -> Tensor:
    """Between unit vectors, precise also for small angles: from their chord (Kahan)."""
    a, b = F.normalize(a, dim=-1), F.normalize(b, dim=-1)
    return 2 * torch.atan2((a - b).norm(dim=-1), (a + b).norm(dim=-1))


def pair(dim: int, seed: int = 0, dtype=torch.float64) -> tuple[Tensor, Tensor]:
    return torch.randn(2, dim, dtype=dtype, generator=torch.Generator().manual_seed(seed)).unbind()


@pytest.mark.parametrize("dim", [2, 3, 64])
@pytest.mark.parametrize("seed", range(5))
def test_the_length_and_the_direction_change_at_constant_speed(dim, seed):
    a, b = pair(dim, seed)
    way, t = slerp(a, b, T.double()), T[:, 0].double()
    length = (1 - t) * a.norm() + t * b.norm()
    assert torch.allclose(way.norm(dim=1), length, atol=1e-12)
    assert torch.allclose(angle(way, a), t * angle(a, b), atol=1e-12)
    assert torch.allclose(angle(way, b), (1 - t) * angle(a, b), atol=1e-12)


def test_for_ends_of_one_length_it_is_the_formula_of_chapter_9():
    a, b = (5 * F.normalize(x, dim=0) for x in pair(32))
    omega, t = angle(a, b), T.double()
    formula = (torch.sin((1 - t) * omega) * a + torch.sin(t * omega) * b) / torch.sin(omega)
    assert torch.allclose(slerp(a, b, t), formula, atol=1e-12)


def test_the_way_of_the_command_line_was_no_great_circle():
    """``cos(t) a + sin(t) b`` over a quarter turn takes any two vectors for perpendicular ones."""
    a, b = torch.tensor([1.0, 0.1]), torch.tensor([-1.0, 0.1])
    quarter = T * torch.pi / 2
    assert (quarter.cos() * a + quarter.sin() * b).norm(dim=1).min() < 0.2
    assert slerp(a, b, T).norm(dim=1).min() == pytest.approx(math.hypot(1, 0.1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_ends_are_exact(dtype):
    a, b = torch.randn(2, 1000, 7, dtype=dtype, generator=torch.Generator().manual_seed(1))
    assert torch.equal(slerp(a, b, 0), a) and torch.equal(slerp(a, b, 1.0), b)


def test_equal_vectors_stay_and_proportional_ones_go_straight():
    a, _ = pair(8, dtype=torch.float32)
    assert torch.allclose(slerp(a, a, T), a.expand(11, 8), atol=1e-6)
    assert torch.allclose(slerp(a, 3 * a, T), (1 + 2 * T) * a, atol=1e-6)


@pytest.mark.parametrize("dim", [2, 3, 64])
@pytest.mark.parametrize("off", [0.0, 1e-7, 1e-5, 1e-3])
def test_opposite_vectors_and_nearly_opposite_ones_keep_their_length(dim, off):
    a, other = pair(dim, dtype=torch.float32)
    b = -2 * a + off * other
    way = slerp(a, b, T)
    assert torch.allclose(way.norm(dim=1), torch.lerp(a.norm(), b.norm(), T[:, 0]), rtol=1e-5)
    assert torch.allclose(angle(way, a), T[:, 0] * angle(a, b), atol=2e-3 if off else 1e-5)


def test_in_one_dimension_the_way_between_opposites_leads_through_zero():
    way = slerp(torch.tensor([2.0]), torch.tensor([-2.0]), T)
    assert way[5].abs() < 1e-6 and (way.diff(dim=0) < 0).all()


def test_a_zero_vector_takes_the_direction_of_the_other():
    a, zero = pair(4, dtype=torch.float32)[0], torch.zeros(4)
    assert torch.allclose(slerp(a, zero, T), (1 - T) * a, atol=1e-6)
    assert torch.allclose(slerp(zero, a, T), T * a, atol=1e-6)
    assert torch.equal(slerp(zero, zero, T), torch.zeros(11, 4))


def test_each_row_has_its_own_way():
    a, b = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(2))
    a[1], b[2], b[3] = 0, -a[2], a[3]
    for i, way in enumerate(slerp(a, b, 0.3)):
        assert torch.equal(way, slerp(a[i], b[i], 0.3))


def test_batch_norm_that_keeps_no_statistics_cannot_be_folded():
    net = dcgan.generator(16, 3, 8, 4)
    for part in net:
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean = part.running_var = None
    with pytest.raises(GanCourseError, match="keeps no running mean and variance"):
        fold_batch_norm(net)


@pytest.mark.parametrize("size, channels", [(16, 1), (16, 3), (32, 3), (64, 1)])
def test_folding_batch_norm_changes_nothing(size, channels):
    net, z = lively(size, channels), noise(5, 8)
    folded = latent.run(latent.fold_batch_norm(net), z)
    assert torch.allclose(folded, net.double().eval()(z.double()), atol=1e-12)
    assert folded.std() > 0.05  # not a comparison of blank pictures


def test_sefa_agrees_with_the_singular_values_of_the_first_layer():
    layers = latent.fold_batch_norm(lively(latent_dim=24))
    d, gain = latent.sefa(layers)
    assert torch.allclose(d @ d.T, torch.eye(24).double(), atol=1e-12)
    zero = latent.Layer(layers[0].weight, torch.zeros_like(layers[0].bias), 1, 0)
    A = nn.functional.conv_transpose2d(torch.eye(24).double()[:, :, None, None], *zero).flatten(1).T
    assert torch.allclose((A @ d.T).norm(dim=0), gain, atol=1e-10)  # gain = ‖Ad‖
    assert torch.allclose(gain, torch.linalg.svdvals(A), atol=1e-10)
    cosines = (torch.linalg.svd(A, full_matrices=False).Vh * d).sum(1).abs()
    assert torch.allclose(cosines, torch.ones_like(cosines), atol=1e-8)
    assert (d.gather(1, d.abs().argmax(1, keepdim=True)) > 0).all()


def test_attribute_directions_are_the_average_gradient():
    """Stein's identity against autograd, the regression against scikit-learn."""
    rng, layers = np.random.default_rng(0), latent.fold_batch_norm(lively(latent_dim=4))
    x = torch.from_numpy(rng.normal(size=(900, 3, 16, 16)))
    attributes = torch.from_numpy(rng.normal(size=(900, 2))) + 3 * x[:, 0, 4:6, 8]
    z = noise(2000, 4).double().requires_grad_()
    found, r = latent.attribute_directions(layers, x, attributes, z.detach())
    reader = Ridge(alpha=0.9).fit(x.flatten(1), attributes)
    s = latent.run(layers, z).flatten(1) @ torch.from_numpy(reader.coef_).T
    for k in range(2):
        gradient = torch.autograd.grad(s[:, k].sum(), z, retain_graph=True)[0].mean(0)
        assert found[k] @ gradient / gradient.norm() > 0.98
        assert found[k].norm().item() == pytest.approx(1)
        along = (z.detach() @ found[k]).numpy()
        assert r[k].item() == pytest.approx(np.corrcoef(along, s[:, k].detach())[0, 1], abs=1e-4)
