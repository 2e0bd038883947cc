"""What the loop asks of a module, once: one player or two, and what it can do."""

import pytest
import torch
from torch import nn

from gancourse.errors import GanCourseError
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.loop.history import History, LoneHistory
from gancourse.loop.model import Model
from gancourse.networks.mlp import mlp


def gan():
    return GAN(NonSaturating(), generator=mlp(2, 2), discriminator=mlp(2, 1), latent_dim=2)


class Alone(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def loss(self, x):
        return self.layer(x).square().mean()


def test_a_gan_has_two_players():
    model = Model(gan(), with_d=True)
    assert model.two_players and isinstance(model.history, History)
    assert model.game == repr(NonSaturating())
    assert model.home == torch.device("cpu")
    assert torch.equal(model.sample(3, 0, None), model.module.sample(3, 0))


def test_a_module_with_a_loss_is_its_own_only_player():
    model = Model(Alone())
    assert not model.two_players and isinstance(model.history, LoneHistory)
    assert model.project is None and model.game == "None"
    with pytest.raises(GanCourseError, match="Alone has no method sample"):
        model.sample(3, 0, None)


def test_the_average_draws_the_samples():
    model, other = Model(gan()), mlp(2, 2, width=8)
    expected = model.module.sample(3, 0, generator=other)
    assert torch.equal(model.sample(3, 0, other), expected)
    assert not torch.equal(model.sample(3, 0, None), expected)


@pytest.mark.parametrize("layer, kept", [(nn.Conv2d(3, 4, 3), True), (nn.Linear(3, 4), False)])
def test_a_pixels_channels_lie_side_by_side(layer, kept):
    one = Alone()
    one.layer = layer
    weight = next(Model(one).to(torch.device("cpu")).parameters())
    assert (weight.ndim == 4 and weight.is_contiguous(memory_format=torch.channels_last)) == kept


class Empty(nn.Module):
    def loss(self, x):
        return x.mean()


@pytest.mark.parametrize(
    "module, with_d, message",
    [
        (Alone, False, "make one first: Alone"),
        (3, False, "gan must be a torch module"),
        (nn.Linear(2, 2), False, "not a Linear"),
        (Alone(), True, "a discriminator's, and this model has none"),
        (Empty(), False, "Empty has no weights to train"),
    ],
)
def test_what_is_none_is_named(module, with_d, message):
    with pytest.raises(GanCourseError, match=message):
        Model(module, with_d)
