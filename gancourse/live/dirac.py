"""The Dirac-GAN: orbits, and the eigenvalues of a round beside the unit circle (chapter 7)."""

import numpy as np

from gancourse.page.figure import LiveFigure, demand_one_of, demand_within

LOSSES = ("non-saturating", "minimax", "Wasserstein")
REMEDIES = ("none", "R1", "noise", "consensus", "GP", "clip")
ORDERS = ("together", "in turn", "five turns of D")
#: Nodes of the rule that averages over instance noise; enough for what the page can show.
NODES = 24


def dirac(
    loss: str = "non-saturating",
    remedy: str = "none",
    strength: float = 0.3,
    order: str = "together",
    h: float = 0.2,
) -> LiveFigure:
    r"""The Dirac-GAN's phase portrait, with the eigenvalues of one round (chapter 7).

    Starts with a ``loss``, a ``remedy`` of a ``strength`` (0 to 2: $\gamma$, $\sigma$, $c$,
    $\lambda$ or the clip), an ``order`` and the step ``h`` (0.05 to 0.5), from (1, 1).
    """
    demand_one_of("dirac", LOSSES, loss=loss)
    demand_one_of("dirac", REMEDIES, remedy=remedy)
    demand_one_of("dirac", ORDERS, order=order)
    demand_within("dirac", 0, 2, strength=strength)
    demand_within("dirac", 0.05, 0.5, h=h)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return LiveFigure(
        __file__,
        {
            **{"loss": loss, "remedy": remedy, "strength": strength, "order": order, "h": h},
            "nodes": [round(x, 12) for x in nodes.tolist()],
            "weights": [float(f"{w:.9g}") for w in (weights / weights.sum()).tolist()],
        },
        title="The Dirac-GAN and the eigenvalues of its rounds",
        fallback="the orbit of two players with one number each, for three losses and five "
        "remedies, beside the eigenvalues of one round and the unit circle.",
    )
