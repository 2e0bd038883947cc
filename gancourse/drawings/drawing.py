"""The sheet that every diagram is drawn on: boxes, circles, arrows and words, as SVG.

A drawing is 400 units wide and its smallest letters are 12 units high: on a telephone, where a
page leaves 350 pixels, they are more than 10 pixels high. It brings its own ground and two sets of
colours, for light pages and for dark ones, so that it can be read wherever a notebook shows it.
"""

import math
import re
from html import escape

from torch import Tensor

WIDTH, SHOWN = 400, 600  # in units, and at most in pixels on a page
LETTERS = 13
HEAD = 7  # how long an arrow's head is

#: Light and dark, the colours of the live figures (page/page.css); ``moved`` is the ground under
#: white or black letters.
COLOURS = {
    "ink": ("#334155", "#e2e8f0"),
    "soft": ("#5b6779", "#a3b1c6"),
    "line": ("#94a3b8", "#64748b"),
    "wash": ("#f8fafc", "#1b2432"),
    "edge": ("#cbd5e1", "#475569"),
    "real": ("#0f766e", "#5eead4"),
    "fake": ("#c2410c", "#fdba74"),
    "third": ("#6d28d9", "#c4b5fd"),
    "moved": ("#ffffff", "#12171f"),
}
#: In words, ``*x*`` is a letter of a formula.
FORMULA = re.compile(r"\*([^*]+)\*")


def _style() -> str:
    def rules(k):
        return "".join(
            f".{name}{{fill:{pair[k]}}}.{name}-line{{stroke:{pair[k]}}}"
            for name, pair in COLOURS.items()
        )

    font = "font-family:system-ui,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif"
    return (
        f"<style>text{{{font};font-size:{LETTERS}px}}"
        ".formula{font-family:Cambria,'Times New Roman','Liberation Serif',serif;"
        "font-style:italic;font-size:1.13em}"
        f".bold{{font-weight:650}}.small{{font-size:12px}}.none{{fill:none}}{rules(0)}"
        f"@media (prefers-color-scheme:dark){{{rules(1)}}}</style>"
    )


class Drawing:
    """A sheet of ``height`` units; ``says`` in words what is drawn, for who does not see it.

    All methods that draw take units from the upper left corner, and the name of a colour in
    ``COLOURS``. What is drawn later lies on top.
    """

    def __init__(self, height: float, says: str):
        self.height, self.says = height, says
        self.parts: list[str] = []
        self.letters: list[float] = []  # the sizes of all words, for whoever tests the sheet

    def words(self, x, y, text, colour="ink", anchor="middle", kind="") -> None:
        """One line of ``text`` at ``(x, y)``; ``kind``: ``bold``, ``small``, ``over`` (a line)."""
        self.letters.append(12 if "small" in kind else LETTERS)
        if "over" in kind:  # a patch of ground, so that the line behind it does not cross the word
            wide = 7.2 * len(text.replace("*", "")) + 3
            self.parts.append(
                f'<rect x="{x - wide / 2:g}" y="{y - 7.5:g}" width="{wide:g}" height="15" '
                'class="wash"/>'
            )
        said = FORMULA.sub(r'<tspan class="formula">\1</tspan>', escape(text, quote=False))
        self.parts.append(
            f'<text x="{x:g}" y="{y + 4.5:g}" text-anchor="{anchor}" class="{colour} {kind}">'
            f"{said}</text>"
        )

    def box(self, x, y, width, height, text="", colour="ink", filled=False) -> None:
        """A rounded box with its upper left corner at ``(x, y)``; a ``filled`` one stands out."""
        fill = colour if filled else "wash"
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" '
            f'class="{fill} {colour}-line" stroke-width="1.6"/>'
        )
        if text:
            ink = "moved" if filled else colour
            self.words(x + width / 2, y + height / 2, text, ink, kind="bold" if filled else "")

    def circle(self, x, y, radius, text="", colour="ink", kind="") -> None:
        """A circle with a word in it."""
        self.parts.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" class="wash {colour}-line" '
            'stroke-width="1.6"/>'
        )
        if text:
            self.words(x, y, text, colour, kind=kind)

    def line(self, points, colour="line", width=1.6, dashed=False, arrow=False) -> None:
        """A line through ``points``; an ``arrow`` ends in a head, a ``dashed`` one goes back."""
        *before, (x, y), (u, v) = points
        if arrow:  # the line stops where the head begins
            length = math.hypot(u - x, v - y)
            a, b = (u - x) / length, (v - y) / length
            base_x, base_y = u - HEAD * a, v - HEAD * b
            corners = [(u, v), (base_x - 4 * b, base_y + 4 * a), (base_x + 4 * b, base_y - 4 * a)]
            self.parts.append(f'<path d="{_way(corners)}Z" class="{colour}"/>')
            u, v = base_x, base_y
        dashes = ' stroke-dasharray="4 3"' if dashed else ""
        self.parts.append(
            f'<path d="{_way([*before, (x, y), (u, v)])}" class="none {colour}-line" '
            f'stroke-width="{width:g}"{dashes}/>'
        )

    def _repr_svg_(self) -> str:
        ground = (
            f'<rect x=".75" y=".75" width="{WIDTH - 1.5}" height="{self.height - 1.5:g}" rx="9" '
            'class="wash edge-line"/>'
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height:g}" '
            f'width="{SHOWN}" height="{SHOWN * self.height / WIDTH:g}" role="img">'
            f"<title>{escape(self.says)}</title>{_style()}{ground}{''.join(self.parts)}</svg>\n"
        )

    def __repr__(self) -> str:
        return f"Drawing: {self.says}"


def _way(points) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def number(value: float | Tensor, digits: int = 2) -> str:
    """A number as a drawing prints it: no needless zeros, and a minus that is one."""
    text = f"{float(value):.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return ("0" if text == "-0" else text).replace("-", "\u2212")
