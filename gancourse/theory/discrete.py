r"""The slope of an expected score when what is scored is a *choice* among ``k`` tokens.

A generator's scores $\theta$ give the probabilities $p=\operatorname{softmax}(\theta)$; a token is
drawn, and a discriminator scores its one-hot vector. The draw has no slope by $\theta$, the
*expected* score $\sum_jp_jD(e_j)$ has one. Here are that slope and the estimates people use.

``D`` maps vectors of the simplex, ``(n, k)``, to scores ``(n,)``.
Sources: Williams (1992); Jang, Gu and Poole (2017); Maddison, Mnih and Teh (2017).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from gancourse.errors import GanCourseError, demand_number, demand_whole


def gradient(scores: Tensor, D: Callable[[Tensor], Tensor]) -> Tensor:
    r"""$p_k\,(D(e_k)-\sum_jp_jD(e_j))$: the true slope, by all ``k`` tokens, shape ``(k,)``."""
    p = _demand_scores(scores).softmax(0)
    f = D(torch.eye(len(p)).to(p))
    return p * (f - p @ f)


def score_function(
    scores: Tensor, D: Callable[[Tensor], Tensor], n: int, baseline: float = 0.0
) -> Tensor:
    r"""``n`` estimates of one draw each, $(D(e_s)-b)\,\nabla\log p_s$ (REINFORCE), ``(n, k)``.

    Unbiased whatever the ``baseline`` $b$; a good one makes the variance smaller.
    """
    demand_whole("n", n, least=1, where="discrete.score_function")
    p = _demand_scores(scores).softmax(0)
    one_hot = F.one_hot(p.multinomial(n, replacement=True), len(p)).to(p)
    return (D(one_hot) - baseline)[:, None] * (one_hot - p)


def relaxed(
    scores: Tensor,
    D: Callable[[Tensor], Tensor],
    n: int,
    temperature: float = 1.0,
    hard: bool = False,
) -> Tensor:
    r"""``n`` estimates through $\operatorname{softmax}((\theta+\text{noise})/\tau)$, ``(n, k)``.

    The noise is Gumbel's, so that the largest entry is a draw from $p$. ``hard``: ``D`` sees that
    entry as a one-hot vector, and the slope is taken as if it had seen the soft one
    (straight-through). Biased; the bias falls with the temperature and the variance grows.
    """
    demand_whole("n", n, least=1, where="discrete.relaxed")
    demand_number("temperature", temperature, least=1e-3, where="discrete.relaxed")
    rows = _demand_scores(scores).detach().expand(n, -1).clone().requires_grad_()
    y = F.gumbel_softmax(rows, temperature, hard)
    return torch.autograd.grad(D(y).sum(), rows)[0]


def _demand_scores(scores: Tensor) -> Tensor:
    if scores.ndim != 1 or len(scores) < 2:
        raise GanCourseError(
            f"scores of shape {tuple(scores.shape)}",
            where="discrete",
            fix="give one score for each of at least two tokens: shape (k,)",
        )
    return scores
