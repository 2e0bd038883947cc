r"""Measures of a generator, each with the member axis of an ensemble where there is one.

They are taken on the CPU, in double precision, wherever the samples lie.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from gancourse.errors import GanCourseError, demand_seed
from gancourse.networks.features import Classifier
from gancourse.theory.transport import gaussian_w2_squared
from gancourse.training import adam, train


class Coverage(NamedTuple):
    """What :func:`mode_coverage` counts; tensors of shape ``()`` or ``(members,)``."""

    modes: Tensor
    high_quality: Tensor
    reverse_kl: Tensor


def mode_coverage(samples: Tensor, target, least: int = 1) -> Coverage:
    r"""How many modes of ``target`` the samples reach, how well, and how evenly.

    ``target`` has ``modes``, their number $K$, and ``assign(samples)``, which gives each sample's
    nearest mode and whether it counts as high quality (for a Gaussian: within three standard
    deviations). ``modes``: how many modes hold at least ``least`` high-quality samples.
    ``high_quality``: their share among all samples. ``reverse_kl``: $\sum_k q_k\log(Kq_k)$, where
    $q_k$ is the share of mode $k$ among the high-quality samples; 0 if all modes are equally
    frequent, $\log K$ if there is only one, ``nan`` if no sample is of high quality.
    """
    samples = _plain(samples)
    if not samples.numel():
        raise GanCourseError("there are no samples", where="mode_coverage")
    mode, good = (x.cpu() for x in target.assign(samples))
    if not samples.isfinite().all():
        raise GanCourseError(
            "some samples are not finite",
            where="mode_coverage",
            fix="the generator has diverged; lower its learning rate",
        )
    counts = torch.zeros(*mode.shape[:-1], target.modes, dtype=torch.float64)
    counts.scatter_add_(-1, mode, good.double())
    q = counts / counts.sum(-1, keepdim=True)
    return Coverage(
        (counts >= least).sum(-1),
        good.double().mean(-1),
        (torch.xlogy(q, q).sum(-1) + math.log(target.modes)),
    )


def interval(values: Tensor, level: float = 0.95) -> tuple[float, float]:
    """Mean over members and the half-width of its Student-t confidence interval."""
    from scipy.stats import t

    values = torch.as_tensor(values, dtype=torch.float64)
    n = len(values)
    if n < 2:
        raise GanCourseError("an interval needs at least 2 members", where="interval")
    return values.mean().item(), float(t.ppf((1 + level) / 2, n - 1)) * values.std().item() / n**0.5


def frechet(features_a: Tensor, features_b: Tensor) -> float:
    r"""The Frechet distance of two Gaussians fitted to features of shape ``(n, d)``.

    $\lVert\mu_a-\mu_b\rVert^2+\operatorname{tr}(\Sigma_a+\Sigma_b
    -2(\Sigma_a^{1/2}\Sigma_b\Sigma_a^{1/2})^{1/2})$, in the features' units squared: the squared
    2-Wasserstein distance of the two Gaussians. Small samples make it larger, so compare only
    values from equally many. Source: Dowson and Landau (1982); Heusel et al. (2017).
    """
    features_a, features_b = _plain(features_a), _plain(features_b)
    _check_features(features_a, features_b)
    a, b = (x.detach().cpu().double() for x in (features_a, features_b))
    if not all(torch.cov(x.T).isfinite().all() for x in (a, b)):
        raise GanCourseError(
            "the features are so large that their squares are infinite",
            where="frechet",
            fix="divide both by the same number",
        )
    squared = gaussian_w2_squared(a.mean(0), torch.cov(a.T), b.mean(0), torch.cov(b.T))
    return max(float(squared), 0.0)  # of two equal Gaussians, rounding can leave less than 0


def _plain(samples) -> Tensor:
    """Numbers in any usual wrapping, as a tensor that distances can be taken of."""
    try:
        found = torch.as_tensor(samples)
    except (ValueError, TypeError, RuntimeError):
        raise GanCourseError(
            f"a {type(samples).__name__} is no array of numbers", where="metrics"
        ) from None
    return found if found.dtype in (torch.float32, torch.float64) else found.float()


def _check_features(*features: Tensor) -> None:
    shapes = " and ".join(str(tuple(x.shape)) for x in features)
    if any(x.ndim != 2 for x in features) or len({x.shape[1:] for x in features}) > 1:
        raise GanCourseError(
            f"features must be (n, d) with the same d, not {shapes}", where="frechet"
        )
    n, d = min(map(len, features)), features[0].shape[1]
    if d < 1 or n <= d:
        raise GanCourseError(
            f"{n} samples are too few for {d} features: the covariance would be singular",
            where="frechet",
            fix=f"use at least {d + 1} samples",
        )
    if not all(x.isfinite().all() for x in features):
        raise GanCourseError("some features are not finite", where="frechet")


def classifier(images, steps: int = 500, seed: int = 0, batch: int = 64) -> Classifier:
    """A classifier of all the labels of ``images``, trained for ``steps``; frozen.

    Its ``features`` are what :func:`frechet` compares. The same ``seed`` gives the same
    classifier; the caller's random state is left alone. ``images`` is a
    :class:`gancourse.data.images.Images` with at least one label. Adam, at a rate that falls
    linearly to zero.
    """
    demand_seed(seed, where="classifier")
    if not images.labels:
        raise GanCourseError(
            f"{images.name} has no labels to learn",
            where="classifier",
            fix="use a set with labels, such as images('digits')",
        )
    classes = {name: int(values.max()) + 1 for name, values in images.labels.items()}
    labels = torch.stack(list(images.labels.values()), 1)

    def batches():
        while True:
            index = torch.randint(len(images), (batch,))
            yield images[index], labels[index]

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = Classifier(images.channels, images.size, classes)
    optimizer, schedule = adam(3e-3, (0.9, 0.999)), lambda step: 1 - step / steps
    train(net, batches(), steps, optimizer=optimizer, schedule=schedule, seed=seed)
    return net.eval().requires_grad_(False)
