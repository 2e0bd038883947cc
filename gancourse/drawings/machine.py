"""The machine of a GAN, at D's turn and at G's: what runs forward, where gradients run back."""

from gancourse.drawings.drawing import Drawing

TURN = 164  # the height of one turn
SAYS = (
    "Two copies of one machine. Noise z enters the generator G, which makes a fake G(z); a data "
    "set gives a real x; the discriminator D turns either into a score. Above, at D's turn, the "
    "gradient runs from the score back into D, which moves, and stops there; G is held. Below, at "
    "G's turn, it runs from the score of the fake back through D, which is held, and through the "
    "fake into G, which moves; no real sample takes part."
)


def gan_machine() -> Drawing:
    """Noise to G to fake, data to real, either to D to a score; dashed, the gradients of a turn."""
    sheet = Drawing(2 * TURN + 34, SAYS)
    for k, player in enumerate("DG"):
        _turn(sheet, player, k * TURN)
    y = 2 * TURN + 12
    sheet.line([(16, y), (46, y)], arrow=True)
    sheet.words(52, y, "from a sample to its score", "soft", "start", "small")
    sheet.line([(256, y), (226, y)], "third", dashed=True, arrow=True)
    sheet.words(262, y, "the gradient, back", "third", "start", "small")
    return sheet


def _turn(sheet: Drawing, player: str, top: float) -> None:
    own = player == "D"
    says = "scores of *x* up, of *G*(*z*) down" if own else "score of *G*(*z*) up"
    sheet.words(
        16, top + 22, f"*{player}*’s turn: {says}", "real" if own else "fake", "start", "bold"
    )
    fakes, reals, scores = top + 62, top + 128, top + 95
    sheet.box(14, fakes - 16, 62, 32, "noise *z*", "soft")
    sheet.box(102, fakes - 20, 44, 40, "*G*", "soft" if own else "fake", filled=not own)
    sheet.box(168, fakes - 16, 76, 32, "fake *G*(*z*)", "fake")
    sheet.box(272, scores - 28, 48, 56, "*D*", "real" if own else "soft", filled=own)
    sheet.box(346, scores - 16, 44, 32, "score", "ink")
    arrows = [[(76, fakes), (102, fakes)], [(146, fakes), (168, fakes)]]
    arrows += [[(244, fakes), (272, scores - 12)], [(320, scores - 4), (346, scores - 4)]]
    if own:
        sheet.box(102, reals - 16, 44, 32, "data", "soft")
        sheet.box(168, reals - 16, 76, 32, "real *x*", "real")
        arrows += [[(146, reals), (168, reals)], [(244, reals), (272, scores + 12)]]
    for way in arrows:
        sheet.line(way, arrow=True)
    back = [[(346, scores + 8), (320, scores + 8)]]
    if not own:
        back += [[(272, scores + 3), (244, fakes + 13)], [(168, fakes + 10), (146, fakes + 10)]]
    for way in back:
        sheet.line(way, "third", dashed=True, arrow=True)
    held, moved = (
        ((124, fakes + 30), (296, scores + 38)) if own else ((296, scores + 38), (124, fakes + 30))
    )
    sheet.words(*held, "held", "soft", kind="small")
    sheet.words(*moved, "moves", "real" if own else "fake", kind="small bold")
