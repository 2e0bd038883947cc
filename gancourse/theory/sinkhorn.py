r"""Entropic optimal transport: a blurred plan, fast and differentiable.

$$\mathrm{OT}_\varepsilon(p,q)=\min_\pi\Big\{\sum_{ij}c_{ij}\pi_{ij}
+\varepsilon\,\mathrm{KL}(\pi\,\|\,p\otimes q)\Big\}$$

over the plans of `theory.transport`. The blur $\varepsilon>0$ has the unit of the cost.

Sources: chapter 11; Cuturi, Sinkhorn Distances (2013); Peyré and Cuturi (2019), §4.
"""

import torch
from torch import Tensor

from gancourse.errors import GanCourseError
from gancourse.theory.transport import Transport, problem


def sinkhorn(p, q, cost, blur: float, steps: int = 100_000, tolerance: float = 1e-9) -> Transport:
    r"""The plan of least $\sum c\,\pi+\varepsilon\,\mathrm{KL}(\pi\|p\otimes q)$ and its prices.

    `blur` is $\varepsilon$, and $\pi_{ij}=p_iq_je^{(f_i+g_j-c_{ij})/\varepsilon}$. The prices take
    turns, in logarithms, until the row sums are right up to `tolerance` in all; the column sums
    always are.
    """
    p, q, cost = (t.detach() for t in problem(p, q, cost))
    if not blur > 0:
        raise GanCourseError(f"blur is {blur}", where="sinkhorn", fix="choose a positive number")
    f, log_p, log_q = torch.zeros_like(p), p.log(), q.log()
    for _ in range(steps):
        g = -blur * (log_p[:, None] + (f[:, None] - cost) / blur).logsumexp(0)
        new = -blur * (log_q + (g - cost) / blur).logsumexp(1)
        if (p * torch.expm1((f - new) / blur)).abs().sum() <= tolerance:
            plan = p[:, None] * q * torch.exp((f[:, None] + g - cost) / blur)
            return Transport(p, q, cost, plan, f, g)
        f = new
    raise GanCourseError(
        f"the row sums were not right after {steps} steps",
        where="sinkhorn",
        fix="choose a larger blur, or allow more steps",
    )


def entropic_cost(p, q, cost, blur: float, **options) -> Tensor:
    r"""The least $\sum c\,\pi+\varepsilon\,\mathrm{KL}(\pi\|p\otimes q)$, differentiable.

    It is the dual value, whose gradient is $(f,g,\pi)$: the best prices may be held fixed.
    """
    p, q, cost = problem(p, q, cost)
    found = sinkhorn(p, q, cost, blur, **options)
    f, g = found.f, found.g
    mass = (p[:, None] * q * torch.exp((f[:, None] + g - cost) / blur)).sum()
    return f @ p + g @ q - blur * (mass - p.detach().sum())
