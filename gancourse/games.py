r"""Games: the losses of the two players, as functions of the discriminator's scores.

Notation, everywhere in the package: ``real`` $= D(x)$ and ``fake`` $= D(G(z))$ are raw scores, high
means "looks real"; a probability is $\sigma(\text{score})$. Both players *minimise*, and the
argument order is always ``(real, fake)``. Scores have shape ``(batch,)``, or ``(members, batch)``
for an ensemble; a loss has the same shape without the batch axis.

A game may carry a *penalty*, added to the discriminator's loss, and a *projection*, applied to
the discriminator after each of its steps (both in :mod:`gancourse.penalties`)::

    Wasserstein(projection=clip_weights(0.01))    # WGAN
    Wasserstein(penalty=gradient_penalty(10))     # WGAN-GP
    Relativistic(penalty=r1_r2(1.0))              # the loss of R3GAN
"""

import inspect
from collections.abc import Callable

from torch.nn.functional import logsigmoid as log_sigmoid
from torch.nn.functional import relu, softplus

from gancourse.errors import GanCourseError, brief
from gancourse.shapes import Losses, Scores


def E(values: Scores) -> Losses:
    """Expectation over the batch, which is always the last axis."""
    return values.mean(-1)


class Game:
    """Who pays what. A subclass states :meth:`d_loss` and :meth:`g_loss`."""

    #: Does the generator's loss look at the scores of real data? (If not, they are not computed.)
    g_needs_real = False

    def __init__(self, penalty: Callable | None = None, projection: Callable | None = None):
        _demand("penalty", penalty, ("D", "x", "fake"), "r1_r2(1.0)")
        _demand("projection", projection, ("D",), "clip_weights(0.01)")
        self.penalty, self.projection = penalty, projection

    def d_loss(self, real: Scores, fake: Scores) -> Losses:
        """What the discriminator minimises."""
        raise NotImplementedError

    def g_loss(self, real: Scores | None, fake: Scores) -> Losses:
        """What the generator minimises."""
        raise NotImplementedError

    def __repr__(self):
        parts = [f"{name}={value!r}" for name, value in vars(self).items() if value is not None]
        return f"{type(self).__name__}({', '.join(parts)})"


class Minimax(Game):
    r"""$\min_G\max_D\; E[\log\sigma(D(x))] + E[\log(1-\sigma(D(G(z))))]$

    At $\sigma(D)=\tfrac12$ the discriminator's loss is $\log 4$ and the generator's $-\log 2$.
    Source: Goodfellow et al. (2014), equation 1; $1-\sigma(s)=\sigma(-s)$.
    """

    def d_loss(self, real, fake):
        return -(E(log_sigmoid(real)) + E(log_sigmoid(-fake)))

    def g_loss(self, real, fake):
        return E(log_sigmoid(-fake))


class NonSaturating(Minimax):
    r"""The discriminator of :class:`Minimax`; the generator maximises $E[\log\sigma(D(G(z)))]$.

    Same fixed point, but a slope near 1 where minimax has a slope near 0: at a fake with
    $\sigma(D)=0.01$ it is $-0.99$ instead of $-0.01$. Source: Goodfellow et al. (2014), section 3.
    """

    def g_loss(self, real, fake):
        return -E(log_sigmoid(fake))


class LeastSquares(Game):
    r"""$\tfrac12E[(D(x)-1)^2]+\tfrac12E[D(G(z))^2]$ against $\tfrac12E[(D(G(z))-1)^2]$

    Source: Mao et al. (2017), equation 9 (targets $a=0$, $b=c=1$).
    """

    def d_loss(self, real, fake):
        return (E((real - 1) ** 2) + E(fake**2)) / 2

    def g_loss(self, real, fake):
        return E((fake - 1) ** 2) / 2


class Hinge(Game):
    r"""$E[\max(0,1-D(x))]+E[\max(0,1+D(G(z)))]$ against $-E[D(G(z))]$

    Source: Lim and Ye (2017); Miyato et al. (2018), equations 16 and 17.
    """

    def d_loss(self, real, fake):
        return E(relu(1 - real)) + E(relu(1 + fake))

    def g_loss(self, real, fake):
        return -E(fake)


class Wasserstein(Game):
    r"""$E[D(G(z))]-E[D(x)]$ against $-E[D(G(z))]$, for a critic $D$ that is kept Lipschitz.

    Without a penalty or a projection the critic's loss has no lower bound.
    Source: Arjovsky et al. (2017), algorithm 1.
    """

    def d_loss(self, real, fake):
        return E(fake) - E(real)

    def g_loss(self, real, fake):
        return -E(fake)


class Relativistic(Game):
    r"""$E[\operatorname{softplus}(-(D(x)-D(G(z))))]$ and the same with the roles exchanged.

    Each real sample is compared with one fake: only differences of scores count. At equal
    scores both losses are $\log 2$. Source: Jolicoeur-Martineau (2019); Huang et al. (2024).
    """

    g_needs_real = True

    def d_loss(self, real, fake):
        return E(softplus(-(real - fake)))

    def g_loss(self, real, fake):
        return E(softplus(-(fake - real)))


def _demand(name: str, part: Callable | None, takes: tuple[str, ...], example: str) -> None:
    """Raise unless a penalty or projection can be called with what it will be given."""
    if part is None:
        return
    try:
        fits = callable(part) and inspect.signature(part).bind(*takes) is not None
    except TypeError:
        fits = False
    except ValueError:  # a function that does not say what it takes
        fits = True
    if not fits or isinstance(part, type):
        raise GanCourseError(
            f"{name} must be something to call with ({', '.join(takes)}), not {brief(part)}",
            where="game",
            fix=f"for instance {name}={example}, called, with a number",
        )
