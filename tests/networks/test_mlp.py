import pytest
import torch
from torch import nn

from gancourse.errors import GanCourseError
from gancourse.networks.mlp import mlp


def test_shapes_and_layers():
    net = mlp(2, 3, width=16, depth=2)
    assert net(torch.randn(5, 2)).shape == (5, 3)
    assert [type(layer) for layer in net] == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]
    assert sum(p.numel() for p in net.parameters()) == (2 * 16 + 16) + (16 * 16 + 16) + (16 * 3 + 3)
    assert net.members is None


def test_every_member_is_the_network_that_plain_layers_with_its_weights_would_be():
    net = mlp(2, 1, width=8, members=4, activation=nn.Tanh)
    x = torch.randn(4, 6, 2)
    for m in range(4):
        plain = mlp(2, 1, width=8, activation=nn.Tanh)
        with torch.no_grad():
            for mine, ours in zip(plain[::2], net[::2], strict=True):
                mine.weight.copy_(ours.weight[m].T)
                mine.bias.copy_(ours.bias[m, 0])
        assert torch.allclose(net(x)[m], plain(x[m]), atol=1e-6)


def test_members_start_differently_and_as_linear_layers_do():
    net = mlp(50, 1, members=200)
    first = net[0].weight
    assert not torch.equal(first[0], first[1])
    assert first.abs().max() <= 50**-0.5
    assert first.std().item() == pytest.approx(50**-0.5 / 3**0.5, rel=0.01)  # uniform


@pytest.mark.parametrize(
    "wrong", [dict(inputs=0), dict(outputs=-1), dict(width=2.0), dict(depth=0), dict(members=0)]
)
def test_bad_sizes_are_named(wrong):
    with pytest.raises(GanCourseError, match=next(iter(wrong))):
        mlp(**{"inputs": 2, "outputs": 1, **wrong})
