"""Paint noise or a flat field with a random filter; see the pattern before training (chapter 8)."""

from gancourse.page.figure import LiveFigure, demand_one_of, demand_seed, demand_within

FIELDS = ("noise", "flat")


def checkerboard(F: int = 3, S: int = 2, field: str = "noise", seed: int = 0) -> LiveFigure:
    """Paint noise or a flat field with random filters; see the chessboard (chapter 8).

    Starts with ``F`` by ``F`` taps (1 to 8), stride ``S`` (1 to 4), and a ``field`` that is "noise"
    or "flat"; ``seed`` draws the filters.
    """
    demand_within("checkerboard", 1, 8, F=F)
    demand_within("checkerboard", 1, 4, S=S)
    demand_one_of("checkerboard", FIELDS, field=field)
    demand_seed("checkerboard", seed)
    return LiveFigure(
        __file__,
        {"F": F, "S": S, "field": field, "seed": seed},
        title="The chessboard of an untrained layer",
        fallback="white noise or a flat field, enlarged by a transposed convolution with a random "
        "filter, and how much each place of the chessboard varies.",
    )
