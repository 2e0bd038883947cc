"""Drag the numbers of a batch; see batch, layer, instance and group norm (chapter 10)."""

from gancourse.errors import GanCourseError, demand_whole
from gancourse.page.figure import LiveFigure

BATCH = (
    ((1.0, 2.5, 1.5), (-2.0, -1.0, 0.5), (0.5, -0.5, 1.0), (3.5, 2.0, 4.0)),
    ((-1.5, 0.5, -0.5), (-3.0, -1.5, -2.5), (1.5, 0.0, 2.0), (1.0, 2.0, 0.0)),
    ((0.0, 1.0, -1.0), (0.5, -0.5, -3.5), (-1.0, 0.5, -2.0), (2.5, 3.0, 1.0)),
)


def normalization(batch=BATCH, groups: int = 2) -> LiveFigure:
    """Drag the numbers of a batch; see batch, layer, instance and group norm (chapter 10).

    ``batch``: numbers in [-5, 5] as samples x channels x positions, 2 to 4 samples of 2 to 6
    channels with 1 to 4 positions. ``groups`` divides the number of channels.
    """
    batch = [[[float(v) for v in cell] for cell in sample] for sample in batch]
    N, C, L = len(batch), len(batch[0]), len(batch[0][0])
    shapes = {(len(sample), len(cell)) for sample in batch for cell in sample}
    if not (
        2 <= N <= 4
        and 2 <= C <= 6
        and 1 <= L <= 4
        and shapes == {(C, L)}
        and all(-5 <= v <= 5 for sample in batch for cell in sample for v in cell)
    ):
        raise GanCourseError(
            "the batch is too large, too small or ragged",
            where="live.normalization",
            fix="give 2 to 4 samples of 2 to 6 channels of 1 to 4 numbers in [-5, 5]",
        )
    fix = f"choose a divisor of the {C} channels"
    demand_whole("groups", groups, least=1, where="live.normalization", fix=fix)
    if C % groups:
        raise GanCourseError(f"groups is {groups}", where="live.normalization", fix=fix)
    return LiveFigure(
        __file__,
        {"batch": batch, "groups": groups},
        title="Drag the numbers of a batch through four normalisations",
        fallback="a small batch of activations that you drag, and the same batch after batch, "
        "layer, instance and group norm, coloured by which numbers share a mean.",
    )
