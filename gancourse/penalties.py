r"""Penalties and projections: what keeps a discriminator smooth.

A penalty is called as ``penalty(D, x, fake)`` and returns what is added to the discriminator's
loss; R1 and R2 look only at the samples themselves, and ``of(real, fake)``, of two pairs of
samples and scores, spares them a second pass through D. A projection is called as
``projection(D)`` after the discriminator's step. All penalties look at the length of the
slope $\nabla_xD(x)$ of one sample's own score, so $D$ must treat the samples of a batch
separately: no batch norm.

Samples have shape ``(batch, *sample)``, scores ``(batch,)``. An ensemble, a $D$ that says how many
``members`` it has, puts a member axis in front of both, and the result has shape ``(members,)``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gancourse.errors import GanCourseError, brief, demand_number
from gancourse.loop import fused
from gancourse.shapes import Losses, Scores, Slopes

#: Samples that ask for a gradient, and their scores.
Judged = tuple[Tensor, Scores]


def sample_axes(network: Callable) -> int:
    """How many leading axes count samples: 1, or 2 for an ensemble, which says its ``members``."""
    return 1 if getattr(network, "members", None) is None else 2


def score(D: Callable, x: Tensor) -> Scores:
    """``D(x)`` with one number per sample, shape ``(batch,)`` or ``(members, batch)``.

    A discriminator may return its scores with trailing axes of length one; they are dropped here.
    A plain function cannot say that it has members; it shows it by the shape of its scores.
    """
    scores, shape = D(x), x.shape[: sample_axes(D)]
    if not isinstance(D, nn.Module) and scores.shape[:2] == x.shape[:2]:
        shape = x.shape[:2]
    if scores.numel() != shape.numel():
        raise GanCourseError(
            f"the discriminator returned shape {tuple(scores.shape)} for samples of shape "
            f"{tuple(x.shape)}; one score per sample is needed, shape {tuple(shape)}",
            fix="let its last layer have one output per sample",
        )
    return scores.reshape(shape)


def slope(samples: Tensor, scores: Scores) -> Slopes:
    r"""$\nabla_xD(x)$ of every sample, flattened: shape ``(..., batch, features)``.

    ``scores`` are $D$'s of ``samples`` that ask for a gradient. Differentiable once more, so that
    a penalty on it can train $D$.
    """
    (gradient,) = (
        torch.autograd.grad(scores.sum(), samples, create_graph=True, allow_unused=True)
        if scores.requires_grad
        else (None,)
    )
    if gradient is None:
        raise GanCourseError(
            "the discriminator's scores do not depend on its samples, so they have no slope",
            where="penalty",
            fix="let D(x) use x, without detach() or no_grad()",
        )
    return gradient.flatten(scores.ndim)


def judged(D: Callable, x: Tensor) -> Judged:
    """``x`` as samples that ask for a gradient, and their scores."""
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        return x, score(D, x)


@dataclass(frozen=True)
class GradientPenalty:
    r"""$\lambda\,E[(\lVert\nabla D(\hat x)\rVert-1)^2]$, $\hat x=\epsilon x+(1-\epsilon)G(z)$.

    $\epsilon\sim U[0,1]$ is drawn once per sample. Source: Gulrajani et al. (2017), algorithm 1.
    """

    weight: float = 10.0

    def __call__(self, D: Callable, x: Tensor, fake: Tensor) -> Losses:
        lead = sample_axes(D) if isinstance(D, nn.Module) else score(D, x.detach()).ndim
        epsilon = torch.rand(x.shape[:lead] + (1,) * (x.ndim - lead), device=x.device)
        between = fake + epsilon.to(x.dtype) * (x - fake)
        # vector_norm has derivative 0, not NaN, where the slope is exactly 0.
        norm = torch.linalg.vector_norm(slope(*judged(D, between)), dim=-1)
        return self.weight * ((norm - 1) ** 2).mean(-1)

    def __repr__(self):
        return f"gradient_penalty({self.weight})"


@dataclass(frozen=True)
class SquaredSlope:
    r"""$\tfrac\gamma2E[\lVert\nabla D(x)\rVert^2]$, on ``real`` samples, on ``fake`` ones, or both.

    ``gamma`` is one number, or one for each member, of shape ``(members,)``.
    Source: Roth et al. (2017); Mescheder et al. (2018), equations 9 and 10; Huang et al. (2024).
    """

    gamma: float | Tensor
    real: bool
    fake: bool

    def of(self, real: Judged | None, fake: Judged | None) -> Losses:
        """The penalty at samples whose scores are known; what is not looked at may be ``None``."""
        seen = [pair for pair, used in ((real, self.real), (fake, self.fake)) if used and pair]
        slopes = [slope(*pair).square().sum(-1).mean(-1) for pair in seen]
        return self.gamma / 2 * torch.stack(slopes).sum(0)

    def __call__(self, D: Callable, x: Tensor, fake: Tensor) -> Losses:
        return self.of(judged(D, x) if self.real else None, judged(D, fake) if self.fake else None)

    def __repr__(self):
        name = "_".join(n for n, used in (("r1", self.real), ("r2", self.fake)) if used)
        return f"{name}({self.gamma})"


@dataclass(frozen=True)
class ClipWeights:
    """Clamp every parameter to $[-c,c]$; a projection, applied *after* the discriminator's step.

    Source: Arjovsky et al. (2017), algorithm 1, line 7.
    """

    c: float = 0.01

    @torch.no_grad()
    def __call__(self, D: nn.Module) -> None:
        fused.clamp_(list(D.parameters()), -self.c, self.c)

    def __repr__(self):
        return f"clip_weights({self.c})"


def gradient_penalty(weight: float = 10.0) -> GradientPenalty:
    r"""$\lambda\,E[(\lVert\nabla D(\hat x)\rVert-1)^2]$ between real and fake, for WGAN-GP."""
    demand_number("weight", weight, where="gradient_penalty")
    return GradientPenalty(weight)


def r1(gamma: float = 1.0) -> SquaredSlope:
    r"""$\tfrac\gamma2E[\lVert\nabla D(x)\rVert^2]$, on real samples only."""
    demand_number("gamma", gamma, where="r1")
    return SquaredSlope(gamma, real=True, fake=False)


def r2(gamma: float = 1.0) -> SquaredSlope:
    r"""$\tfrac\gamma2E[\lVert\nabla D(G(z))\rVert^2]$, on generated samples only."""
    demand_number("gamma", gamma, where="r2")
    return SquaredSlope(gamma, real=False, fake=True)


def r1_r2(gamma: float = 1.0) -> SquaredSlope:
    r"""$\tfrac\gamma2E[\lVert\nabla D(x)\rVert^2]+\tfrac\gamma2E[\lVert\nabla D(G(z))\rVert^2]$."""
    demand_number("gamma", gamma, where="r1_r2")
    return SquaredSlope(gamma, real=True, fake=True)


def clip_weights(c: float = 0.01) -> ClipWeights:
    """Clamp every parameter to $[-c,c]$ after each of the discriminator's steps, for WGAN."""
    if isinstance(c, bool) or not isinstance(c, int | float) or not 0 < c < float("inf"):
        raise GanCourseError(f"c must be positive, not {brief(c)}", where="clip_weights")
    return ClipWeights(c)
