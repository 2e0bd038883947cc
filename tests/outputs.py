"""What the cells of a committed notebook have printed, and intervals of differences."""

import re

import nbformat
from scipy.stats import t

from checkout import ROOT


def printed(chapter, snippet):
    """What the one cell of `chapters/<chapter>*.ipynb` whose source has `snippet` has printed."""
    (path,) = ROOT.glob(f"chapters/{chapter}*.ipynb")
    cells = [c for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
    (cell,) = [c for c in cells if snippet in c.source]
    return "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")


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
