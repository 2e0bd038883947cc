r"""What the losses of a run, and its samples, say about it: named troubles, each with its evidence.

Losses alone are weak witnesses: a collapsed generator can have losses as calm as a good one's.
So a trouble is only looked for where its witness is given: collapse and dropping in samples, a
crowd that moves about in samples of two moments, a discriminator that has learnt by heart in its
scores. How often that goes wrong is measured in ``gancourse/experiments/clinic.py`` (chapter 7).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from gancourse.errors import GanCourseError
from gancourse.loop.history import History
from gancourse.theory.sampling import auc


class Finding(NamedTuple):
    """A trouble, the numbers that show it, and what to try."""

    name: str
    evidence: str
    advice: str

    def __str__(self):
        return f"{self.name}: {self.evidence}. Try: {self.advice}."


def diagnose(
    history: History,
    samples: Tensor | None = None,
    real: Tensor | None = None,
    *,
    earlier: Tensor | None = None,
    scores: tuple[Tensor, Tensor] | None = None,
) -> list[Finding]:
    """The troubles that are visible, the worst first; an empty list if there are none.

    ``history``: of a minimax, non-saturating or relativistic game, at least 50 steps; an ensemble
    is judged by the mean over its members. ``samples`` and ``real``, of one shape ``(n, ...)`` with
    n >= 50, allow to look for collapse and for dropping. ``earlier``: what the same noise gave some
    hundred steps before, to see whether the crowd moves about. ``scores``: D's scores of data that
    it was trained on, and of other data, to see whether it has learnt its data by heart. Thresholds
    are rules of thumb, stated in the evidence.
    """
    _demand(history, samples, real, earlier, scores)
    d, g = (x.reshape(len(x), -1).double().mean(1) for x in history)
    late = slice(-len(d) // 5, None)
    found = [_divergence(d, g)]
    if samples is not None and real is not None and earlier is not None:
        found.append(_wandering(samples, earlier, real))
    found.append(_one_sided(d[late].mean().item(), g[late].mean().item()))
    if scores is not None:
        found.append(_memory(*scores))
    if samples is not None and real is not None:
        collapse = _collapse(samples, real)
        found.append(collapse or _dropping(samples, real))
    found.append(_oscillation(g))
    return [finding for finding in found if finding]


def _demand(history, samples, real, earlier, scores) -> None:
    """Raise :class:`GanCourseError` for what cannot be judged."""
    if len(history) != 2:
        raise GanCourseError(
            "only the history of two players can be judged",
            where="diagnose",
            fix="look at the one loss with plots.losses(history)",
        )
    if len(history[0]) < 50:
        raise GanCourseError(
            f"{len(history[0])} steps are too few to judge",
            where="diagnose",
            fix="train for at least 50 steps",
        )
    if (samples is None) != (real is None) or (earlier is not None and samples is None):
        raise GanCourseError("samples and real go together", where="diagnose")
    for name, given in (("samples", samples), ("earlier", earlier)):
        if given is None or real is None:
            continue
        if given.shape[1:] != real.shape[1:] or min(len(given), len(real)) < 50:
            raise GanCourseError(
                f"{name} {tuple(given.shape)} and real {tuple(real.shape)} must be "
                "at least 50 of one shape each",
                where="diagnose",
            )
    if earlier is not None and samples is not None and earlier.shape != samples.shape:
        raise GanCourseError("earlier must be as many as samples, of one noise", where="diagnose")
    if scores is not None and min(part.numel() for part in scores) < 10:
        raise GanCourseError("at least 10 scores of each kind are needed", where="diagnose")


def _points(x: Tensor) -> Tensor:
    """At most 500 samples, each as one row."""
    return x[:500].detach().cpu().double().flatten(1)


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


def _wandering(samples: Tensor, earlier: Tensor, real: Tensor) -> Finding | None:
    """The same noise has gone elsewhere, as far as from one real point to another."""
    now, before, true = map(_points, (samples, earlier, real))
    moved = (now - before).norm(dim=1).median().item()
    apart = torch.pdist(true).median().item()
    if not moved > apart / 2:
        return None
    return Finding(
        "oscillation",
        f"the same noise leads {moved:.3g} away from where it led (median); "
        f"two real points lie {apart:.3g} apart",
        "R1 on D, a lower learning rate for G, beta1 = 0, or an average of G's weights",
    )


def _collapse(samples: Tensor, real: Tensor) -> Finding | None:
    fake, true = (torch.pdist(_points(x)).median().item() for x in (samples, real))
    if fake > true / 4:
        return None
    return Finding(
        "collapse",
        f"two samples lie {fake:.3g} apart (median), two real ones {true:.3g}",
        "R1+R2 with the relativistic game, packing, or a restart",
    )


def _dropping(samples: Tensor, real: Tensor) -> Finding | None:
    """Real points without a sample near them.

    Near: as near as 99 % of one half of the real points have one of the other half, or a tenth of
    the distance of two real points, whichever is more.
    """
    fake, true = map(_points, (samples, real))
    usual = torch.cdist(true[::2], true[1::2]).min(1).values.quantile(0.99)
    reach = max(usual.item(), torch.pdist(true).median().item() / 10)
    deserted = (torch.cdist(true, fake).min(1).values > reach).double().mean().item()
    if deserted < 0.05:
        return None
    return Finding(
        "dropping",
        f"{deserted:.0%} of the real points have no sample within {reach:.2g}",
        "R1 on D, a lower learning rate, or packing; then longer training",
    )


def _memory(seen: Tensor, unseen: Tensor) -> Finding | None:
    """How often a point of the training data scores above another one: 1/2, if D learnt the law."""
    seen, unseen = (x.detach().cpu().double().flatten() for x in (seen, unseen))
    above = auc(seen, unseen)
    n, m = len(seen), len(unseen)
    error = math.sqrt((n + m + 1) / (12 * n * m))
    if above < max(0.6, 0.5 + 3 * error):
        return None
    return Finding(
        "memorising",
        f"D scores its own training data above other data in {above:.0%} of all pairs "
        f"(50 ± {100 * error:.0f} % if it had learnt the law)",
        "more data, a smaller D or R1, or augmentation of real and fake points alike",
    )
