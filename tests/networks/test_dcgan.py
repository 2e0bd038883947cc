import pytest
import torch
from torch import nn

from gancourse.errors import GanCourseError
from gancourse.networks import dcgan


@pytest.mark.parametrize("size", [16, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_power_of_two_from_noise_to_image_to_score(size, channels):
    G, D = dcgan.generator(size, channels, 10, 4), dcgan.discriminator(size, channels, 4)
    x = G(torch.randn(2, 10))
    assert x.shape == (2, channels, size, size)
    assert x.abs().max() <= 1
    assert D(x).shape == (2,)


def test_the_papers_generator():
    rows = dcgan.sizes(dcgan.generator(64, 3, 100, 128), torch.randn(2, 100))
    assert [shape for _, shape in rows] == [
        (100,),
        (1024, 4, 4),
        (512, 8, 8),
        (256, 16, 16),
        (128, 32, 32),
        (3, 64, 64),
    ]


def test_activations_and_norms_stand_where_the_guidelines_say():
    G, D = dcgan.generator(32, 3, 10, 4), dcgan.discriminator(32, 3, 4)
    assert isinstance(G[-1], nn.Tanh) and not isinstance(G[-2], nn.BatchNorm2d)
    assert sum(isinstance(m, nn.ReLU) for m in G) == 3
    assert sum(isinstance(m, nn.BatchNorm2d) for m in G) == 3
    assert isinstance(D[1], nn.LeakyReLU) and D[1].negative_slope == 0.2  # no norm after the first
    assert sum(isinstance(m, nn.BatchNorm2d) for m in D) == 2
    assert isinstance(D[-2], nn.Conv2d), "no activation on the score"
    assert not any(isinstance(m, nn.MaxPool2d | nn.AvgPool2d | nn.Linear) for m in [*G, *D])


def test_initial_weights():
    G = dcgan.generator(64, 3, 100, 32)
    convolutions = torch.cat([m.weight.flatten() for m in G if isinstance(m, nn.ConvTranspose2d)])
    scales = torch.cat([m.weight for m in G if isinstance(m, nn.BatchNorm2d)])
    assert convolutions.mean().abs() < 1e-3
    assert convolutions.std().item() == pytest.approx(0.02, rel=0.02)
    assert scales.mean().item() == pytest.approx(1, abs=0.01)
    assert scales.std().item() == pytest.approx(0.02, rel=0.2)
    assert all((m.bias == 0).all() for m in G if getattr(m, "bias", None) is not None)


@pytest.mark.parametrize("norm, kind", [(None, nn.BatchNorm2d), ("spectral", nn.BatchNorm2d)])
def test_without_batch_norm_samples_are_scored_separately(norm, kind):
    D = dcgan.discriminator(16, 1, 4, norm=norm)
    assert not any(isinstance(m, kind) for m in D.modules())
    x = torch.randn(4, 1, 16, 16)
    D.eval()  # in training mode, spectral norm takes a step of its power iteration per call
    assert torch.allclose(D(x)[:2], D(x[:2]), atol=1e-5)


def test_spectral_norm_bounds_every_layer():
    D = dcgan.discriminator(16, 1, 8, norm="spectral")
    for _ in range(200):
        D(torch.randn(2, 1, 16, 16))
    for layer in D:
        if isinstance(layer, nn.Conv2d):
            largest = torch.linalg.svdvals(layer.weight.flatten(1))[0]
            assert largest.item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda: dcgan.generator(48, 3, 10), "48"),
        (lambda: dcgan.generator(8, 3, 10), "16, 32, 64"),
        (lambda: dcgan.generator(256, 3, 10), "256"),
        (lambda: dcgan.discriminator(64.0, 4), "channels"),
        (lambda: dcgan.discriminator(64, 2), "channels must be 1 .* not 2"),
        (lambda: dcgan.generator(32, 3, 0), "latent_dim"),
        (lambda: dcgan.discriminator(32, 3, -1), "width"),
        (lambda: dcgan.discriminator(32, 3, norm="layer"), "norm must be"),
    ],
)
def test_bad_sizes_get_one_clear_error(make, match):
    with pytest.raises(GanCourseError, match=match):
        make()
