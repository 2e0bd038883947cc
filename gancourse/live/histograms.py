"""Drag the bars of two histograms; see entropy, KL both ways, JSD, TV and W1 (chapter 02)."""

from gancourse.page.figure import LiveFigure, probabilities


def histograms(p=(0.12, 0.55, 0.25, 0.06, 0.02), q=(0.05, 0.15, 0.3, 0.4, 0.1)) -> LiveFigure:
    """Drag the bars of two histograms; see entropy, KL both ways, JSD, TV and W1 (chapter 02).

    ``p`` and ``q``: 2 to 10 probabilities each, equally many, that sum to 1; they are the start.
    """
    return LiveFigure(
        __file__,
        probabilities("histograms", 2, p=p, q=q),
        title="Drag the bars of two histograms",
        fallback="two histograms p and q whose bars you drag, with their entropies, the cross-"
        "entropy, KL in both directions, the Jensen–Shannon divergence, the total "
        "variation and the Wasserstein distance.",
    )
