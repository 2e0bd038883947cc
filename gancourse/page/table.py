"""A table of results: one of HTML where a page shows it, columns of text where a terminal does."""

import html
import re

from gancourse.errors import GanCourseError, brief

NUMBER = r"[-+−]?(?:\d[\d,]*\.?\d*(?:e[-+]?\d+)?|inf|nan)"
# What stands at the right of its column: a number, with what belongs to one.
NUMERIC = re.compile(rf"[±({{\[]*{NUMBER}(?:[ %,;()\[\]±–]|to|{NUMBER})*|", re.IGNORECASE)
MINUS = re.compile(r"(?<![\w.)])-(?=[\d.])|(?<![\w.)])-(?=inf)")
LEFT = ' style="text-align:left"'
GAP = "   "


class Table:
    """Rows under the names of their columns, with a caption; the last line of a cell shows it.

    ``row`` adds one: its first entry names it, the others are what was measured, as text in the
    form that the reader shall see or as anything that ``str`` writes. ::

        table = Table("Likelihood of ten flips", "theta", "likelihood")
        table.row(0.7, f"{0.7**7 * 0.3**3:.6f}")
        table

    A screen reader hears the caption, and with each number the names of its row and its column. A
    table that is wider than its page scrolls in its own box.
    """

    def __init__(self, caption: str, *columns: str):
        if len(columns) < 2:
            raise GanCourseError(
                f"a table has two columns or more, not {len(columns)}",
                where="Table",
                fix='name them behind the caption: Table("Losses", "step", "loss of D")',
            )
        self.caption, self.columns = caption, columns
        self.rows: list[list[str]] = []

    def row(self, *entries: object) -> None:
        """One more row, with an entry for each column; "" where there is nothing to say.

        Raises :class:`GanCourseError` where their numbers differ.
        """
        if len(entries) != len(self.columns):
            raise GanCourseError(
                f"the row {brief(entries)} has {len(entries)} entries "
                f"for {len(self.columns)} columns",
                where=f"Table {self.caption!r}",
                fix=f"give one for each of {', '.join(map(repr, self.columns))}",
            )
        self.rows.append([" ".join(str(entry).split()) for entry in entries])

    def _at_the_right(self) -> list[bool]:
        """Which columns hold numbers only."""
        return [
            all(NUMERIC.fullmatch(row[at]) for row in self.rows) for at in range(len(self.columns))
        ]

    def __repr__(self) -> str:
        lines = [list(self.columns), *self.rows]
        widths = [max(len(line[at]) for line in lines) for at in range(len(self.columns))]
        right = self._at_the_right()
        return "\n".join(
            [self.caption]
            + [
                GAP.join(
                    entry.rjust(width) if number else entry.ljust(width)
                    for entry, width, number in zip(line, widths, right, strict=True)
                ).rstrip()
                for line in lines
            ]
        )

    def _repr_html_(self) -> str:
        style = ["" if number else LEFT for number in self._at_the_right()]

        def line(row: list[str]) -> str:
            name, *values = (_typeset(entry) for entry in row)
            cells = (f"<td{at}>{v}</td>" for at, v in zip(style[1:], values, strict=True))
            return f'<tr><th scope="row"{style[0]}>{name}</th>{"".join(cells)}</tr>'

        head = "".join(
            f'<th scope="col"{at}>{_typeset(name)}</th>'
            for at, name in zip(style, self.columns, strict=True)
        )
        body = "\n".join(map(line, self.rows))
        return (
            '<div class="pst-scrollable-table-container"><table class="table results">'
            f"<caption>{html.escape(self.caption)}</caption>\n"
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
        )


def _typeset(entry: str) -> str:
    """An entry for HTML: with a true minus sign, as the text around it has."""
    return html.escape(MINUS.sub("−", entry))
