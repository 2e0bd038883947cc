"""Slide the generator's density past the data; see D*, V, JSD and W1 (chapter 06)."""

from gancourse.page.figure import LiveFigure, demand_one_of, demand_within


def divergence(mean: float = 2.0, std: float = 1.0, bumps: int = 1) -> LiveFigure:
    """Slide the generator's density past the data; see D*, V, JSD and W1 (chapter 06).

    ``mean`` in [-8, 8] and ``std`` in [0.3, 3] are those of p_g at the start. The data are
    N(0, 1), or with ``bumps=2`` the even mixture of N(-3, 0.8²) and N(3, 0.8²).
    """
    demand_within("divergence", -8, 8, mean=mean)
    demand_within("divergence", 0.3, 3, std=std)
    demand_one_of("divergence", (1, 2), bumps=bumps)
    return LiveFigure(
        __file__,
        {"mean": mean, "std": std, "bumps": bumps},
        title="Slide the generator's density past the data",
        fallback="two bell curves, the data p and the generator's p_g, which you slide and "
        "widen, with the optimal discriminator, the value of the game, the "
        "Jensen–Shannon divergence and the Wasserstein distance.",
    )
