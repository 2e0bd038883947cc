"""Multi-layer perceptrons, alone or as an ensemble that trains all its members at once."""

import math

import torch
from torch import Tensor, nn

from gancourse.errors import GanCourseError


class MemberLinear(nn.Module):
    """``members`` linear layers side by side: ``(members, batch, in) -> (members, batch, out)``."""

    def __init__(self, members: int, inputs: int, outputs: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs))
        self.bias = nn.Parameter(torch.empty(members, 1, outputs))
        bound = 1 / math.sqrt(inputs)  # as in nn.Linear
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


class MLP(nn.Sequential):
    """See :func:`mlp`; ``members`` is the length of the member axis, or ``None``."""

    members: int | None = None


def mlp(inputs: int, outputs: int, *, width: int = 64, depth: int = 3,
        members: int | None = None, activation: type[nn.Module] = nn.ReLU) -> MLP:
    """``depth`` hidden layers of ``width``, then a linear layer.

    Maps ``(batch, inputs)`` to ``(batch, outputs)``. With ``members`` there are that many
    independent networks, and both shapes have a member axis in front; their losses summed and
    differentiated give each member its own gradient, so that one run trains all the seeds.
    """
    for name, value in dict(inputs=inputs, outputs=outputs, width=width, depth=depth,
                            members=1 if members is None else members).items():
        if not isinstance(value, int) or value < 1:
            raise GanCourseError(f"{name} must be a positive whole number, not {value!r}",
                                 where="mlp")
    sizes = [inputs] + [width] * depth + [outputs]
    layers: list[nn.Module] = []
    for fan_in, fan_out in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(fan_in, fan_out) if members is None
                   else MemberLinear(members, fan_in, fan_out), activation()]
    net = MLP(*layers[:-1])  # no activation after the last layer
    net.members = members
    return net
