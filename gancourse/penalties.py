r"""Penalties and projections: what keeps a discriminator smooth.

A penalty is called as ``penalty(D, x, fake)`` and returns what is added to the discriminator's
loss; a projection is called as ``projection(D)`` after the discriminator's step. All penalties
look at the length of the slope $\nabla_xD(x)$ of one sample's own score, so $D$ must treat the
samples of a batch separately: no batch norm.

Samples have shape ``(batch, features)`` or ``(batch, channels, height, width)``; an ensemble puts
a member axis in front, and the result then has shape ``(members,)``.
"""

import re
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gancourse.errors import GanCourseError, demand_number


def sample_axes(x: Tensor) -> int:
    """How many leading axes count samples: 1 for vectors and images, 2 for an ensemble of them."""
    return 2 if x.ndim in (3, 5) else 1


def score(D: Callable, x: Tensor) -> Tensor:
    """``D(x)`` with one number per sample, shape ``x.shape[:sample_axes(x)]``.

    A discriminator may return its scores with trailing axes of length one; they are dropped here.
    """
    try:
        scores, shape = D(x), x.shape[: sample_axes(x)]
    except RuntimeError as problem:
        if not re.search(
            "shapes cannot be multiplied|expected input|same dtype|should be the same", str(problem)
        ):
            raise
        raise GanCourseError(
            f"the discriminator cannot take samples of shape {tuple(x.shape)} and type {x.dtype}",
            fix="give it the size and channels of the "
            "data, and them the type of its weights (x.float())",
        ) from problem
    if scores.numel() != shape.numel():
        raise GanCourseError(
            f"the discriminator returned shape {tuple(scores.shape)} for samples of shape "
            f"{tuple(x.shape)}; one score per sample is needed, shape {tuple(shape)}",
            fix="let its last layer have one output per sample",
        )
    return scores.reshape(shape)


def slope(D: Callable, x: Tensor) -> Tensor:
    r"""$\nabla_xD(x)$ of every sample, flattened: shape ``(..., batch, features)``.

    Differentiable once more, so that a penalty on it can train $D$. An ``x`` that asks for a
    gradient is used as it is: a $D$ that remembers its scores then need not compute them again.
    """
    x = x if x.requires_grad else x.detach().requires_grad_()
    with torch.enable_grad():
        scores = score(D, x)
        (gradient,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return gradient.flatten(scores.ndim)


class gradient_penalty:  # noqa: N801  (read as a function: `gradient_penalty(10)`)
    r"""$\lambda\,E[(\lVert\nabla D(\hat x)\rVert-1)^2]$, $\hat x=\epsilon x+(1-\epsilon)G(z)$.

    $\epsilon\sim U[0,1]$ is drawn once per sample. Source: Gulrajani et al. (2017), algorithm 1.
    """

    def __init__(self, weight: float = 10.0):
        demand_number("weight", weight, where="gradient_penalty")
        self.weight = weight

    def __call__(self, D, x, fake):
        lead = sample_axes(x)
        epsilon = torch.rand(x.shape[:lead] + (1,) * (x.ndim - lead), device=x.device)
        between = (fake + epsilon.to(x.dtype) * (x - fake)).detach()
        # vector_norm has derivative 0, not NaN, where the slope is exactly 0.
        norm = torch.linalg.vector_norm(slope(D, between), dim=-1)
        return self.weight * ((norm - 1) ** 2).mean(-1)

    def __repr__(self):
        return f"gradient_penalty({self.weight})"


class r1_r2:  # noqa: N801
    r"""$\tfrac\gamma2E[\lVert\nabla D(x)\rVert^2]+\tfrac\gamma2E[\lVert\nabla D(G(z))\rVert^2]$

    Source: Roth et al. (2017); Mescheder et al. (2018), equations 9 and 10; Huang et al. (2024).
    """

    on_real, on_fake = True, True

    def __init__(self, gamma: float = 1.0):
        demand_number("gamma", gamma, where=type(self).__name__)
        self.gamma = gamma

    def __call__(self, D, x, fake):
        here = [part for part, used in ((x, self.on_real), (fake, self.on_fake)) if used]
        return self.gamma / 2 * sum(slope(D, part).square().sum(-1).mean(-1) for part in here)

    def __repr__(self):
        return f"{type(self).__name__}({self.gamma})"


class r1(r1_r2):  # noqa: N801
    r"""$\tfrac\gamma2E[\lVert\nabla D(x)\rVert^2]$, on real samples only."""

    on_fake = False


class r2(r1_r2):  # noqa: N801
    r"""$\tfrac\gamma2E[\lVert\nabla D(G(z))\rVert^2]$, on generated samples only."""

    on_real = False


class clip_weights:  # noqa: N801
    """Clamp every parameter to $[-c,c]$; a projection, applied *after* the discriminator's step.

    Source: Arjovsky et al. (2017), algorithm 1, line 7.
    """

    def __init__(self, c: float = 0.01):
        if not isinstance(c, int | float) or not 0 < c < float("inf"):
            raise GanCourseError(f"c must be positive, not {c!r}", where="clip_weights")
        self.c = c

    @torch.no_grad()
    def __call__(self, D: nn.Module):
        torch._foreach_clamp_min_(parameters := list(D.parameters()), -self.c)
        torch._foreach_clamp_max_(parameters, self.c)

    def __repr__(self):
        return f"clip_weights({self.c})"
