"""Multi-layer perceptrons, alone or as an ensemble that trains all its members at once."""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.parametrize import register_parametrization

from gancourse.errors import GanCourseError, demand_whole


class MemberLinear(nn.Module):
    """``members`` linear layers side by side: ``(members, batch, in) -> (members, batch, out)``."""

    def __init__(self, members: int, inputs: int, outputs: int):
        super().__init__()
        self.members = members
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs))
        self.bias = nn.Parameter(torch.empty(members, 1, outputs))
        bound = 1 / math.sqrt(inputs)  # as in nn.Linear
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


class MemberSpectralNorm(nn.Module):
    r"""$W/\sigma$ for each of ``members`` matrices $W$; $\sigma$ estimates its top singular value.

    A parametrization: each use of the weight in training mode first makes one step of the power
    iteration, $u\leftarrow Wv/\lVert Wv\rVert$, $v\leftarrow W^\top u/\lVert W^\top u\rVert$, and
    $\sigma=u^\top Wv$ is differentiated with $u$ and $v$ held fixed. What
    :func:`torch.nn.utils.parametrizations.spectral_norm` does for one matrix.
    Source: Miyato et al. (2018), algorithm 1.
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor):
        super().__init__()
        members, inputs, outputs = weight.shape  # so W is the transpose of ``weight[member]``
        self.register_buffer("u", normalize(torch.randn(members, outputs, 1), dim=1))
        self.register_buffer("v", normalize(torch.randn(members, inputs, 1), dim=1))
        for _ in range(15):
            self.iterate(weight)

    @torch.no_grad()
    def iterate(self, weight: Tensor) -> None:
        self.u.copy_(normalize(weight.mT @ self.v, dim=1))
        self.v.copy_(normalize(weight @ self.u, dim=1))

    def forward(self, weight: Tensor) -> Tensor:
        if self.training:
            self.iterate(weight)
        # Copies, because the next use overwrites u and v before this one is differentiated.
        return weight / (self.v.clone().mT @ weight @ self.u.clone())


class MLP(nn.Sequential):
    """See :func:`mlp`; ``members`` is the length of the member axis, or ``None``."""

    members: int | None = None
    #: Each sample is scored by itself, so real and fake may be scored in one call.
    samplewise = True


def mlp(
    inputs: int,
    outputs: int,
    *,
    width: int = 64,
    depth: int = 3,
    members: int | None = None,
    activation: Callable[[], nn.Module] = nn.ReLU,
    norm: str | None = None,
) -> MLP:
    """``depth`` hidden layers of ``width``, then a linear layer.

    Maps ``(batch, inputs)`` to ``(batch, outputs)``. With ``members`` there are that many
    independent networks, and both shapes have a member axis in front; their losses summed and
    differentiated give each member its own gradient, so that one run trains all the seeds.
    ``norm="spectral"`` divides every weight matrix by its largest singular value.
    """
    if norm not in ("spectral", None):
        raise GanCourseError(f"norm must be 'spectral' or None, not {norm!r}", where="mlp")
    for name, value in dict(
        inputs=inputs,
        outputs=outputs,
        width=width,
        depth=depth,
        members=1 if members is None else members,
    ).items():
        demand_whole(name, value, least=1, where="mlp")
    sizes = [inputs] + [width] * depth + [outputs]
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        layers += [_linear(fan_in, fan_out, members, norm), activation()]
    net = MLP(*layers[:-1])  # no activation after the last layer
    net.members = members
    return net


def _linear(inputs: int, outputs: int, members: int | None, norm: str | None) -> nn.Module:
    layer: nn.Linear | MemberLinear = (
        nn.Linear(inputs, outputs) if members is None else MemberLinear(members, inputs, outputs)
    )
    if norm == "spectral" and members is None:
        nn.utils.parametrizations.spectral_norm(layer)
    elif norm == "spectral":
        register_parametrization(layer, "weight", MemberSpectralNorm(layer.weight))
    return layer
