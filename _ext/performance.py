"""Sphinx extension: ``{performance} NAME`` prints one table of the performance page.

The tables are made from gancourse/benchmark/benchmark.json and, for ``quality``, the JSON of
gancourse/experiments/quality.py, as ``python -m gancourse benchmark`` and that script have written
them. A field that is missing there stops the build and is named.
"""

import json
import statistics
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

FILES = {
    "benchmark": "gancourse/benchmark/benchmark.json",
    "quality": "gancourse/experiments/quality.json",
}


class Missing(Exception):
    """A file or a field that the page needs is not there."""


class Record(dict):
    """A dictionary that says which field of which file is missing."""

    def __init__(self, content, where):
        super().__init__(content)
        self.where = where

    def __getitem__(self, key):
        if key not in self:
            raise Missing(
                f"{self.where} has no field {key!r}; measure again "
                "(python -m gancourse benchmark, gancourse/experiments/quality.py)"
            )
        value = super().__getitem__(key)
        return Record(value, f"{self.where} > {key}") if isinstance(value, dict) else value


def read(root, name):
    """One file of measurements; an empty one if it is not there."""
    path = Path(root, FILES[name])
    return Record(json.loads(path.read_text("utf-8")), path.name) if path.exists() else None


def rows(head, lines):
    """A Markdown table; every column but the first is aligned right."""
    yield "| " + " | ".join(head) + " |"
    yield "|:--|" + "--:|" * (len(head) - 1)
    for line in lines:
        yield "| " + " | ".join(line) + " |"


def between(spread, form):
    """Median and quartiles."""
    median, low, high = (format(value, form) for value in spread)
    return f"**{median}** ({low}{' to ' if '+' in form else '–'}{high})"


def name_of(loop):
    for short, name in {
        "ours": "this package",
        "bare": "this package, bare loop",
        "textbook": "the tutorial's loop",
    }.items():
        loop = loop.replace(short, name)
    return loop


def machine(result):
    """The sentence that names the machine and the conditions."""
    about, (before, after) = result["machine"], result["load"]
    measure = "wall time" if result["device"] == "cuda" else "processor time"
    yield (
        f"*Measured on {about.get('gpu', about['cpu'])} ({about['cores']} cores, "
        f"{about['capability']}), {about['system']}, Python {about['python']}, torch "
        f"{about['torch']}, {about['threads']} thread; {measure}, {result['cpu_seconds']:.0f} "
        f"CPU seconds in all; load average {before} at the start and {after} at the end.*"
    )


def speed(result):
    """Every case: milliseconds per step, GAN-iterations against the textbook, share of the peak."""
    from gancourse.benchmark.report import fraction_of_peak, speedup, spread

    for key in ("dcgan-32", "dcgan-64", "wgan-gp", "r1-r2", "toy"):
        case = result["cases"][key]
        yield (
            f"\n**{case['title']}** ({case['turns']} turns of {case['steps']} "
            f"step{'s' * (case['steps'] > 1)})\n"
        )
        lines = []
        for loop, seconds in case["seconds"].items():
            lines.append(
                (
                    name_of(loop),
                    f"{1e3 * spread(seconds).median:.2f}",
                    between(speedup(case, loop), ".2f"),
                    f"{case['gflop'][loop]:.3g}",
                    between([100 * x for x in fraction_of_peak(case, loop)], ".0f"),
                )
            )
        yield from rows(
            ("loop", "ms a step", "times the tutorial's speed", "GFLOP a step", "% of the peak"),
            lines,
        )


def wrapper(result):
    """What ``Training`` costs over the bare loop."""
    from gancourse.benchmark.report import speedup

    lines = []
    for key in ("dcgan-32", "dcgan-64", "wgan-gp", "toy"):
        case = result["cases"][key]
        share = sorted(100 * (1 / x - 1) for x in speedup(case, "ours", "bare"))
        lines.append((case["title"], between((share[1], share[0], share[2]), "+.1f")))
    yield from rows(("case", "time of `Training` over the bare loop, %"), lines)


def tricks(result):
    """One habit of the tutorials at a time, put into our loop."""
    from gancourse.benchmark.report import speedup

    case = result["cases"]["tricks"]
    lines = [
        (loop, between(speedup(case, "bare", loop), ".2f"))
        for loop in case["seconds"]
        if loop != "bare"
    ]
    yield from rows(("changed back", "what it costs: times the bare loop's time"), lines)


def kernels(result):
    """The machine's largest kernels over all turns of all cases."""
    from gancourse.benchmark.report import spread

    cases = [result["cases"][key] for key in result["cases"]]
    names = list(cases[0]["kernels"])
    lines = [
        (name, between(spread([rate for case in cases for rate in case["kernels"][name]]), ".0f"))
        for name in names
    ]
    yield from rows(("kernel", "GFLOP/s"), lines)


def memory(result):
    """What a loop adds to the peak of its process."""
    cases = [result["cases"][key] for key in ("dcgan-32", "dcgan-64", "wgan-gp")]
    loops = list(cases[0]["memory"])
    yield from rows(
        ("MB", *(case["title"] for case in cases)),
        [(name_of(loop), *(f"{case['memory'][loop]:.0f}" for case in cases)) for loop in loops],
    )


def quality(result):
    """Pass counts of the toys, Frechet distances of the pictures against time."""
    lines = []
    for key in ("ring-8", "grid-25"):
        row = result[key]
        target = row["target"]
        lines.append(
            (
                key,
                f"all {target['modes']} modes, {100 * target['high_quality']:.0f} % high quality",
                f"**{row['passed']}** of {row['of']}",
                f"{row['cpu_seconds_a_seed']:.1f} (aim {target['cpu_seconds']})",
            )
        )
    yield from rows(("points", "a seed passes with", "passed", "CPU seconds a seed"), lines)
    for key in ("digits", "faces"):
        found = result[key]
        marks = zip(*(run["curve"] for run in found["runs"]), strict=False)
        curve = [
            (
                f"{statistics.mean(m['cpu_seconds'] for m in mark):.1f}",
                f"**{statistics.mean(m['frechet'] for m in mark):.1f}** "
                f"({min(m['frechet'] for m in mark):.1f}–"
                f"{max(m['frechet'] for m in mark):.1f})",
            )
            for mark in marks
        ]
        yield (
            f"\n**{key}**: {len(found['runs'])} seeds, mean (smallest to largest); "
            f"{found['held_out']['frechet']:.1f} for real images that nobody trained on\n"
        )
        yield from rows(("CPU seconds", "Fréchet distance"), curve)


TABLES = {
    made.__name__: made for made in (machine, speed, kernels, tricks, wrapper, memory, quality)
}


def text(root, table):
    """The Markdown of one table; for ``quality``, a sentence while it has not been measured."""
    name = "quality" if table == "quality" else "benchmark"
    result = read(root, name)
    if result is None and name == "quality":
        return "*Not measured yet: run* `python -m gancourse.experiments.quality`."
    if result is None:
        raise Missing(f"{FILES[name]} is not there: run python -m gancourse benchmark")
    return "\n".join(TABLES[table](result))


class Performance(SphinxDirective):
    required_arguments = 1

    def run(self):
        root, table = Path(self.env.srcdir), self.arguments[0]
        if table not in TABLES:
            raise self.error(f"there is no table {table!r}; choose one of {', '.join(TABLES)}")
        for path in FILES.values():
            self.env.note_dependency(str(root / path))
        try:
            lines = text(root, table).splitlines()
        except Missing as problem:
            raise self.error(str(problem)) from None
        node = nodes.container()
        self.state.nested_parse(StringList(lines, source=self.env.docname), 0, node)
        return node.children


def setup(app):
    app.add_directive("performance", Performance)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
