import pytest
import torch

from gancourse.data.toys import ring
from gancourse.errors import GanCourseError
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.networks.mlp import mlp
from gancourse.training import train


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    gan = GAN(NonSaturating(), generator=mlp(2, 2), discriminator=mlp(2, 1), latent_dim=2)
    training = train(gan, ring().batches(4), 2)
    torch.nn.init.constant_(gan.G[0].bias, float("nan"))
    with pytest.raises(GanCourseError, match="G.0.bias is not finite"):
        training.save(tmp_path / "x.pt")
    assert not list(tmp_path.iterdir())
