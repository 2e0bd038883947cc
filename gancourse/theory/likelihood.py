r"""Log-densities, maximum-likelihood estimates, mixtures, and the Beta–Bernoulli posterior.

``log_<family>(x, …)`` is $\log p_\theta(x)$ point by point, in nats and the shape of ``x``: its sum
over the data is the log-likelihood, its mean the expectation over the empirical distribution.
``fit_<family>(x)`` is the closed-form argmax over $\theta$. Data are one-dimensional, of shape
``(n,)``; tensors keep dtype and gradients, lists and arrays become float64. Outside the support of
a model the log-density is $-\infty$. Bad data (empty, NaN, impossible) raise ``GanCourseError``.

Sources: chapter 01; Bishop, Pattern Recognition and Machine Learning (2006), §2.1–2.3 and §9.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gancourse.errors import GanCourseError
from gancourse.theory.tensors import Numbers, floats

LOG_2PI = math.log(2 * math.pi)


def _all(x: Tensor) -> Tensor:
    return torch.ones_like(x, dtype=torch.bool)


def _data(x: Numbers, family: str, possible: Callable[[Tensor], Tensor] = _all) -> Tensor:
    """``x`` as a non-empty tensor of finite values, all of which the family can produce."""
    x = floats(x)
    if x.ndim != 1 or not len(x):
        raise GanCourseError(
            f"the data have shape {tuple(x.shape)}",
            where=f"fit_{family}",
            fix="pass at least one number, as a list or a tensor of shape (n,)",
        )
    bad = ~(x.isfinite() & possible(x))
    if bool(bad.any()):
        raise GanCourseError(
            f"{float(x[bad][0])} cannot come from this family",
            where=f"fit_{family}",
            fix="remove it, or choose another model",
        )
    return x


def _parameter(value: Numbers, name: str, least: float = 0.0, most: float = math.inf) -> Tensor:
    """A parameter that must be above ``least``, or from 0 to 1 where ``most`` is 1."""
    value = floats(value)
    inside = (value >= 0) & (value <= 1) if most == 1 else (value > least) & (value < most)
    if not bool(inside.all()):
        span = "from 0 to 1" if most == 1 else f"above {least:g}"
        raise GanCourseError(
            f"{name} is {value.detach().flatten()[:4].tolist()}",
            where="gancourse.theory.likelihood",
            fix=f"choose one {span}",
        )
    return value


# ---- one family after the other: log-density, then its maximum-likelihood estimate ------------


def log_bernoulli(x: Numbers, theta: Numbers) -> Tensor:
    r"""$x\log\theta + (1-x)\log(1-\theta)$ for $x\in\{0,1\}$, with $0\log0=0$."""
    x, theta = floats(x), _parameter(theta, "theta", most=1)
    found = torch.xlogy(x, theta) + torch.xlogy(1 - x, 1 - theta)
    return torch.where((x == 0) | (x == 1), found, -math.inf)


def fit_bernoulli(x: Numbers) -> Tensor:
    r"""$\hat\theta = \bar x$, the fraction of ones."""
    return _data(x, "bernoulli", lambda x: (x == 0) | (x == 1)).mean()


def log_gaussian(x: Numbers, mean: Numbers, std: Numbers) -> Tensor:
    r"""$-\tfrac12\log(2\pi) - \log\sigma - (x-\mu)^2/(2\sigma^2)$."""
    std = _parameter(std, "std")
    return -LOG_2PI / 2 - torch.log(std) - ((floats(x) - floats(mean)) / std) ** 2 / 2


def fit_gaussian(x: Numbers) -> tuple[Tensor, Tensor]:
    r"""$\hat\mu = \bar x$ and $\hat\sigma = \sqrt{\frac1n\sum_i(x_i-\bar x)^2}$: divided by $n$.

    $\hat\sigma^2$ is biased, with expectation $\frac{n-1}n\sigma^2$.
    """
    x = _data(x, "gaussian")
    mean, std = x.mean(), x.var(unbiased=False).sqrt()
    if not bool(mean.isfinite() & std.isfinite()):  # their squares overflow, they do not
        unit = x.abs().max()
        mean, std = (x / unit).mean() * unit, (x / unit).var(unbiased=False).sqrt() * unit
    return mean, std


def log_exponential(x: Numbers, rate: Numbers) -> Tensor:
    r"""$\log\lambda - \lambda x$ for $x\ge0$."""
    x, rate = floats(x), _parameter(rate, "rate")
    return torch.where(x >= 0, torch.log(rate) - rate * x, -math.inf)


def fit_exponential(x: Numbers) -> Tensor:
    r"""$\hat\lambda = 1/\bar x$; data that are all 0 have no maximum (infinite rate)."""
    x = _data(x, "exponential", lambda x: x >= 0)
    if not bool(x.any()):
        raise GanCourseError(
            "all values are 0: the likelihood grows with the rate for ever",
            where="fit_exponential",
            fix="pass at least one positive value",
        )
    return 1 / x.mean()


def log_categorical(x: Numbers, probabilities: Numbers) -> Tensor:
    r"""$\log\theta_x$ for classes $x\in\{0,\dots,C-1\}$."""
    x, theta = floats(x), _parameter(probabilities, "a probability", most=1)
    possible = (x >= 0) & (x < len(theta)) & (x == x.round())
    return torch.where(possible, torch.log(theta)[torch.where(possible, x, 0).long()], -math.inf)


def fit_categorical(x: Numbers, classes: int) -> Tensor:
    r"""$\hat\theta_c = N_c/N$, the frequency of each of ``classes`` classes."""
    x = _data(x, "categorical", lambda x: (x >= 0) & (x < classes) & (x == x.round())).long()
    return torch.bincount(x, minlength=classes).double() / len(x)


def log_uniform(x: Numbers, theta: Numbers) -> Tensor:
    r"""$-\log\theta$ for $0\le x\le\theta$, else $-\infty$."""
    x, theta = floats(x), _parameter(theta, "theta")
    return torch.where((x >= 0) & (x <= theta), -torch.log(theta), -math.inf)


def fit_uniform(x: Numbers) -> Tensor:
    r"""$\hat\theta = \max_i x_i$: the edge where the likelihood jumps, no zero of a derivative."""
    return _data(x, "uniform", lambda x: x >= 0).max()


# ---- mixtures of Gaussians: weights, means and stds of shape (components,) ---------------------


def _log_joint(x: Numbers, weights: Numbers, means: Numbers, stds: Numbers) -> Tensor:
    """log(weight · density), shape (n, components)."""
    return torch.log(floats(weights)) + log_gaussian(floats(x)[:, None], means, stds)


def log_mixture(x: Numbers, weights: Numbers, means: Numbers, stds: Numbers) -> Tensor:
    r"""$\log\sum_k\pi_k\,\mathcal N(x;\mu_k,\sigma_k^2)$, by log-sum-exp."""
    return _log_joint(x, weights, means, stds).logsumexp(-1)


def responsibilities(x: Numbers, weights: Numbers, means: Numbers, stds: Numbers) -> Tensor:
    r"""$r_{ik} = \pi_k f_k(x_i) / \sum_j\pi_j f_j(x_i)$ with $f_k$ the density of component $k$."""
    return _log_joint(x, weights, means, stds).softmax(-1)


def em_step(
    x: Numbers, weights: Numbers, means: Numbers, stds: Numbers
) -> tuple[Tensor, Tensor, Tensor]:
    r"""One step of expectation–maximisation; the log-likelihood does not go down.

    With $n_k=\sum_i r_{ik}$: $\pi_k=n_k/n$, $\mu_k=\sum_i r_{ik}x_i/n_k$,
    $\sigma_k^2=\sum_i r_{ik}(x_i-\mu_k)^2/n_k$. Returns new ``(weights, means, stds)``.
    """
    x = _data(x, "mixture")
    r = responsibilities(x, weights, means, stds)
    n_k = r.sum(0)
    means = (r * x[:, None]).sum(0) / n_k
    stds = ((r * (x[:, None] - means) ** 2).sum(0) / n_k).sqrt()
    if not bool((stds > 0).all()):
        raise GanCourseError(
            "a component has collapsed on one point, where the likelihood is unbounded",
            where="em_step",
            fix="start elsewhere, or bound the stds",
        )
    return n_k / len(x), means, stds


def k_means_step(x: Numbers, means: Numbers) -> Tensor:
    r"""Each mean moves to the average of the points nearest to it; one without points stays.

    The limit $\sigma\to0$ of ``em_step`` with one shared fixed $\sigma$ and equal weights.
    """
    x, means = _data(x, "k_means"), floats(means)
    nearest = (x[:, None] - means).abs().argmin(-1)
    return torch.stack(
        [
            x[nearest == k].mean() if bool((nearest == k).any()) else means[k]
            for k in range(len(means))
        ]
    )


# ---- Bayes: a Beta prior over the bias of a coin -----------------------------------------------


def log_beta(theta: Numbers, a: Numbers, b: Numbers) -> Tensor:
    r"""Log-density of Beta$(a,b)$ at $0<\theta<1$."""
    theta, a, b = floats(theta), floats(a), floats(b)
    constant = torch.lgamma(a + b) - torch.lgamma(a) - torch.lgamma(b)
    return constant + torch.xlogy(a - 1, theta) + torch.xlogy(b - 1, 1 - theta)


def beta_posterior(x: Numbers, a: float, b: float) -> tuple[float, float]:
    r"""Prior Beta$(a,b)$, data with $h$ ones among $n$: posterior Beta$(a+h,\;b+n-h)$."""
    x = _data(x, "bernoulli", lambda x: (x == 0) | (x == 1))
    heads = float(x.sum())
    return a + heads, b + len(x) - heads


def beta_predictive(a: float, b: float) -> float:
    r"""$P(\text{next}=1) = \int\theta\,\mathrm{Beta}(\theta;a,b)\,d\theta = a/(a+b)$."""
    return a / (a + b)


def beta_map(a: float, b: float) -> float:
    r"""The mode $(a-1)/(a+b-2)$ of Beta$(a,b)$ for $a,b\ge1$, not both 1."""
    if not (a >= 1 and b >= 1 and a + b > 2):
        raise GanCourseError(
            f"Beta({a}, {b}) has no single mode by this formula",
            where="beta_map",
            fix="use a, b ≥ 1, not both 1",
        )
    return (a - 1) / (a + b - 2)
