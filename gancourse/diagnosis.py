r"""What the losses of a run, and its samples, say about it: named troubles, each with its evidence.

Losses alone are weak witnesses: a collapsed generator can have losses as calm as a good one's.
So collapse is only looked for where samples are given.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from gancourse.errors import GanCourseError
from gancourse.loop.history import History


class Finding(NamedTuple):
    """A trouble, the numbers that show it, and what to try."""

    name: str
    evidence: str
    advice: str

    def __str__(self):
        return f"{self.name}: {self.evidence}. Try: {self.advice}."


def diagnose(
    history: History, samples: Tensor | None = None, real: Tensor | None = None
) -> list[Finding]:
    """The troubles that are visible, the worst first; an empty list if there are none.

    ``history``: of a minimax, non-saturating or relativistic game, at least 50 steps; an ensemble
    is judged by the mean over its members. ``samples`` and ``real``, of one shape ``(n, ...)`` with
    n >= 50, allow to look for collapse. Thresholds are rules of thumb, stated in the evidence.
    """
    if len(history) != 2:
        raise GanCourseError(
            "only the history of two players can be judged",
            where="diagnose",
            fix="look at the one loss with plots.losses(history)",
        )
    d, g = (x.reshape(len(x), -1).double().mean(1) for x in history)
    if len(d) < 50:
        raise GanCourseError(
            f"{len(d)} steps are too few to judge",
            where="diagnose",
            fix="train for at least 50 steps",
        )
    if (samples is None) != (real is None):
        raise GanCourseError("samples and real go together", where="diagnose")
    late = slice(-len(d) // 5, None)
    found = [
        _divergence(d, g),
        _collapse(samples, real) if samples is not None and real is not None else None,
        _one_sided(d[late].mean().item(), g[late].mean().item()),
        _oscillation(g),
    ]
    return [finding for finding in found if finding]


def _divergence(d: Tensor, g: Tensor) -> Finding | None:
    size = max(d[-1].abs().item(), g[-1].abs().item())
    if math.isfinite(size) and size < 100:
        return None
    return Finding(
        "divergence",
        f"a loss has reached {size:.3g}",
        "a lower learning rate, or a penalty that keeps the critic Lipschitz",
    )


def _one_sided(d: float, g: float) -> Finding | None:
    """A discriminator's loss near 0 (at equality it is log 4 or log 2) leaves little to learn."""
    if not -0.01 < d < 0.1:
        return None
    evidence = f"D's loss is {d:.3f} over the last fifth of the run (at equality 1.386 or 0.693)"
    if abs(g) < 0.1:
        return Finding(
            "saturation",
            f"{evidence} and G's loss {g:.3f}, where it is flat",
            "the non-saturating loss",
        )
    return Finding(
        "D has won",
        f"{evidence} and G's loss {g:.2f}",
        "R1 or spectral norm on D, a lower learning rate for D, or more data",
    )


def _oscillation(g: Tensor) -> Finding | None:
    """One frequency holds most of the variance of the second half, and that variance is large."""
    half = g[len(g) // 2 :]
    t = torch.linspace(-1, 1, len(half), dtype=half.dtype)
    wave = half - half.mean() - t * (t * half).mean() / (t * t).mean()
    power = torch.fft.rfft(wave).abs().square()[1:]
    peak = int(power.argmax())
    share = (power[max(peak - 1, 0) : peak + 2].sum() / power.sum().clamp_min(1e-300)).item()
    swing = wave.std().item()
    if share < 0.5 or swing < 0.1 or peak < 2:
        return None
    return Finding(
        "oscillation",
        f"G's loss swings by {swing:.2f} with a period of about "
        f"{len(half) / (peak + 1):.0f} steps, which holds {share:.0%} of its variance",
        "R1 on D, a lower learning rate, beta1 = 0, or an average of G's weights",
    )


def _collapse(samples: Tensor, real: Tensor) -> Finding | None:
    if samples.shape[1:] != real.shape[1:] or min(len(samples), len(real)) < 50:
        raise GanCourseError(
            f"samples {tuple(samples.shape)} and real {tuple(real.shape)} must be "
            "at least 50 of one shape each",
            where="diagnose",
        )
    fake, true = (
        torch.pdist(x[:500].detach().float().cpu().flatten(1)).median().item()
        for x in (samples, real)
    )
    if fake > true / 4:
        return None
    return Finding(
        "collapse",
        f"two samples lie {fake:.3g} apart (median), two real ones {true:.3g}",
        "R1+R2 with the relativistic game, packing, or a restart",
    )
