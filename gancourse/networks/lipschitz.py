r"""How steep is a network? Bounds of the Lipschitz constant of a multi-layer perceptron.

$f$ is $K$-Lipschitz if $|f(x)-f(y)|\le K\lVert x-y\rVert$ for all $x$ and $y$; its Lipschitz
constant is the least such $K$. All lengths are Euclidean. For a network of linear layers
$W_1,\dots,W_L$ with activations of slope at most 1 between them, and any point $x$,

$$\lVert\nabla f(x)\rVert\;\le\;\mathrm{Lip}(f)\;\le\;\prod_l\lVert W_l\rVert_2
\;\le\;\prod_lc\sqrt{n_{l-1}n_l}\quad\text{if all weights lie in }[-c,c],$$

where $\lVert W\rVert_2$ is the largest singular value. Networks are those of
``networks.mlp``, or any ``nn.Sequential`` of linear layers and activations; an ensemble gets one
number per member.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from gancourse.errors import GanCourseError

#: The largest slope of an activation.
STEEPEST = {
    nn.ReLU: 1.0,
    nn.Tanh: 1.0,
    nn.Sigmoid: 0.25,
    nn.Softplus: 1.0,
    nn.Identity: 1.0,
    nn.Flatten: 1.0,
}


def matrices(net: nn.Sequential) -> list[Tensor]:
    """The weight matrices in order, each ``(..., in, out)``; with spectral norm, the divided ones.

    Parts without a matrix must be activations whose slope is known to be at most 1.
    """
    found = []
    for part in net:
        if isinstance(part, nn.Linear):
            found.append(part.weight.mT)
        elif isinstance(weight := getattr(part, "weight", None), Tensor) and weight.ndim == 3:
            found.append(weight)  # an ensemble's: (members, in, out)
        elif not (
            (isinstance(part, nn.LeakyReLU) and abs(part.negative_slope) <= 1)
            or STEEPEST.get(type(part), 2.0) <= 1
        ):
            raise GanCourseError(
                f"no bound is known for the slope of {part}",
                where="networks.lipschitz",
                fix="use linear layers with ReLU, LeakyReLU, Tanh or Sigmoid",
            )
    return found


@torch.no_grad()
def spectral_bound(net: nn.Sequential) -> Tensor:
    r"""$\prod_l\lVert W_l\rVert_2$ times the largest slopes of the activations: an upper bound.

    Shape ``()``, or ``(members,)`` for an ensemble.
    """
    norms = [torch.linalg.matrix_norm(W.cpu().double(), 2) for W in matrices(net)]
    slopes = math.prod(STEEPEST.get(type(part), 1.0) for part in net)
    return torch.stack(norms).prod(0) * slopes


def slope_norms(f: Callable, x: Tensor) -> Tensor:
    r"""$\lVert\nabla f(x)\rVert$ at every point of ``x``, shape ``x.shape[:-1]``.

    ``f`` gives one score per point and treats the points separately; samples are vectors. The
    largest of them is a lower bound of the Lipschitz constant. A measurement, of any function;
    the slope that a penalty trains through keeps its graph (:func:`gancourse.penalties.slope`).
    """
    x = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(f(x).sum(), x)
    return torch.linalg.vector_norm(gradient, dim=-1)


def clipped_bound(sizes: Sequence[int], c: float) -> float:
    r"""$c^L\sqrt{n_0}\,n_1\cdots n_{L-1}\sqrt{n_L}$, for weights in $[-c,c]$.

    ``sizes`` are $n_0,\dots,n_L$. In each layer
    $\lVert W\rVert_2\le\lVert W\rVert_F\le c\sqrt{n_{l-1}n_l}$. Attained: all weights $c$, all
    biases 0, $x>0$, and ReLU.
    """
    if not (len(sizes) > 1 and min(sizes) > 0 and c > 0):
        raise GanCourseError(
            f"sizes {list(sizes)} and c = {c} make no clipped network",
            where="clipped_bound",
            fix="give two sizes or more, and a positive c",
        )
    return c ** (len(sizes) - 1) * math.prod(math.sqrt(a * b) for a, b in pairwise(sizes))


def layer_gradients(net: nn.Sequential, game, real: Tensor, fake: Tensor) -> Tensor:
    r"""How much of the critic's gradient reaches each linear layer, shape ``(layers,)``.

    Entry $l$ is $\lVert\partial\mathcal L/\partial h_l\rVert$: $\mathcal L$ is the discriminator's
    loss in ``game``, $h_l$ what layer $l$ gives out for all samples of ``real`` and ``fake``.
    The last entry is that of the scores; towards the input, to the left, it may vanish or explode.
    """
    outputs = []

    def keep(part, given, h):
        h.retain_grad()
        outputs.append(h)

    hooks = [part.register_forward_hook(keep) for part in net if hasattr(part, "weight")]
    try:
        scores = net(torch.cat([real, fake]))[..., 0]
        game.d_loss(scores[: len(real)], scores[len(real) :]).backward()
    finally:
        for hook in hooks:
            hook.remove()
    net.zero_grad()
    return torch.stack([h.grad.cpu().double().norm() for h in outputs])
