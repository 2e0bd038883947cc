"""Spectral normalisation inside :func:`gancourse.networks.mlp.mlp`, alone and for an ensemble."""

import copy

import pytest
import torch
from torch.nn.utils.parametrizations import spectral_norm

from gancourse.errors import GanCourseError
from gancourse.networks.mlp import mlp


def weights(net):
    return [layer.weight for layer in net[::2]]


def one_of(net, member):
    """Member ``member`` as plain layers under torch's own spectral norm, in the same state."""
    plain = mlp(3, 2, width=8, depth=2)
    for mine, ours in zip(plain[::2], net[::2], strict=True):
        with torch.no_grad():
            mine.weight.copy_(ours.parametrizations.weight.original[member].T)
            mine.bias.copy_(ours.bias[member, 0])
        spectral_norm(mine)
        theirs = ours.parametrizations.weight[0]
        mine.parametrizations.weight[0]._u.copy_(theirs.u[member, :, 0])
        mine.parametrizations.weight[0]._v.copy_(theirs.v[member, :, 0])
    return plain


def test_every_member_is_what_torch_does_to_one_network_and_so_are_its_gradients():
    net = mlp(3, 2, width=8, depth=2, members=4, norm="spectral").double()
    plain = [one_of(net, member).double() for member in range(4)]
    x = torch.randn(4, 5, 3, dtype=torch.float64)
    for _ in range(3):  # in training mode every use takes a step of the iteration
        net.zero_grad()
        scores = net(x)
        scores.square().sum().backward()
        for member, single in enumerate(plain):
            single.zero_grad()
            score = single(x[member])
            assert torch.allclose(scores[member], score, atol=1e-12)
            score.square().sum().backward()
            for ours, theirs in zip(net[::2], single[::2], strict=True):
                mine = ours.parametrizations.weight.original.grad[member].T
                theirs = theirs.parametrizations.weight.original.grad
                assert torch.allclose(mine, theirs, atol=1e-10)


@pytest.mark.parametrize("members", [None, 5])
def test_the_iteration_converges_to_the_largest_singular_value(members):
    net = mlp(6, 4, width=16, members=members, norm="spectral").double()
    for _ in range(1000):
        weights(net)
    for weight in weights(net):
        largest = torch.linalg.svdvals(weight)[..., 0]
        assert torch.allclose(largest, torch.ones_like(largest), atol=1e-8)


def test_evaluation_does_not_iterate_and_two_uses_can_be_differentiated_together():
    net = mlp(2, 1, width=8, members=3, norm="spectral")
    x = torch.randn(3, 4, 2)
    (net(x) + net(2 * x)).sum().backward()
    net.eval()
    state = copy.deepcopy(net.state_dict())
    assert torch.equal(net(x), net(x))
    assert all(torch.equal(state[key], value) for key, value in net.state_dict().items())
    twin = mlp(2, 1, width=8, members=3, norm="spectral").eval()
    twin.load_state_dict(state)
    assert torch.equal(twin(x), net(x))


def test_a_network_of_unit_matrices_is_1_lipschitz():
    net = mlp(2, 1, width=32, members=3, norm="spectral")
    for _ in range(300):
        weights(net)
    net.eval()
    x = (3 * torch.randn(3, 500, 2)).requires_grad_()
    (slope,) = torch.autograd.grad(net(x).sum(), x)
    assert slope.norm(dim=-1).max() <= 1 + 1e-4


def test_another_norm_is_refused():
    with pytest.raises(GanCourseError, match="norm"):
        mlp(2, 1, norm="batch")
