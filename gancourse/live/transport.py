"""Reshape two heaps; see the optimal plan, its prices, and W1 beside JSD (chapter 11)."""

from gancourse.page.figure import LiveFigure, probabilities


def transport(
    p=(0.1, 0.3, 0.4, 0.2, 0, 0, 0, 0, 0), q=(0, 0, 0, 0.1, 0, 0.2, 0.3, 0.4, 0)
) -> LiveFigure:
    """Reshape two heaps; see the optimal plan, its prices, and W1 beside JSD (chapter 11).

    ``p`` and ``q``: 4 to 10 probabilities each, equally many, on the points 0, 1, 2, … of a line.
    """
    return LiveFigure(
        __file__,
        probabilities("transport", 4, p=p, q=q),
        title="Move a heap of earth into holes",
        fallback="a histogram of earth above one of holes, whose bars you drag, with the optimal "
        "plan as bands and as a matrix, the two potentials, and the Wasserstein "
        "distance beside the Jensen–Shannon divergence.",
    )
