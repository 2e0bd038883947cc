"""What the cells of a committed notebook have printed, and intervals of differences."""

import html
import re

import nbformat
from scipy.stats import t

from checkout import ROOT

ROW = re.compile(r'<tr><th scope="row".*?</tr>')
ENTRY = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>")


def said(output):
    """The lines that a cell has printed, or a table's rows, their entries three spaces apart."""
    if output.output_type == "stream":
        return output.text if output.name == "stdout" else ""
    rows = ROW.findall(output.get("data", {}).get("text/html", ""))
    entries = (map(html.unescape, ENTRY.findall(row)) for row in rows)
    return "".join("   ".join(row).replace("−", "-") + "\n" for row in entries)


def printed(chapter, snippet):
    """What the one cell of `chapters/<chapter>*.ipynb` whose source has `snippet` has printed."""
    (path,) = ROOT.glob(f"chapters/{chapter}*.ipynb")
    cells = [c for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
    (cell,) = [c for c in cells if snippet in c.source]
    return "".join(map(said, cell.outputs))


def numbers(line):
    """Every number of a line of output, percent as they stand."""
    return [float(n) for n in re.findall(r"[-+−]?\d+(?:\.\d+)?", line.replace("−", "-"))]


def row(text, start):
    """The numbers behind `start` in the one line of an output that begins with it."""
    (line,) = [x for x in text.splitlines() if x.strip().startswith(start)]
    return numbers(line.strip().removeprefix(start))


def paired(these, those, level=0.95):
    """Mean of the differences, pair by pair, and the half-width of its Student interval."""
    gaps = [a - b for a, b in zip(these, those, strict=True)]
    n, mean = len(gaps), sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / (n - 1)) ** 0.5
    return mean, float(t.ppf((1 + level) / 2, n - 1)) * deviation / n**0.5
