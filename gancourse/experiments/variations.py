"""The verdicts of the factorial, with what it held fixed changed, one thing at a time.

    python -m gancourse.experiments.variations                  everything (ten CPU minutes)
    python -m gancourse.experiments.variations --only ring-8    one group anew

(More options in ``recording``.) Each verdict is a comparison of a few rows: a remedy, its rate and
its strength. They are trained on seeds that the factorial has not used, as there and with one thing
changed, and what comes out is looked at in several ways.
"""

from collections.abc import Iterator
from functools import partial

from gancourse.data.toys import Mixture
from gancourse.errors import GanCourseError
from gancourse.experiments.factorial import (
    BATCH,
    DATA,
    SAMPLES,
    STEPS,
    WIDTH,
    Cell,
    Setting,
    measures,
    nothing,
)
from gancourse.experiments.recording import Experiment, Parts
from gancourse.training import Training

SEED = 9000
#: group -> mixture, members, size of its runs
GROUPS: dict[str, tuple[str, int, dict[str, int]]] = {
    "ring-8": ("ring-8", 10, {"steps": STEPS["ring-8"]}),
    "grid-25": ("grid-25", 10, {"steps": STEPS["grid-25"]}),
    "larger": ("grid-25", 6, {"steps": 4000, "batch": 2 * BATCH, "width": 2 * WIDTH}),
}
#: group -> its rows, all of the non-saturating game: the remedy and the setting
ROWS: dict[str, dict[str, tuple[str, Setting]]] = {
    "ring-8": {
        "none, low": ("none", Setting(4e-3, None)),
        "none, best": ("none", Setting(8e-3, None)),
        "none, high": ("none", Setting(1.6e-2, None)),
        "gp": ("gp", Setting(1.6e-2, 0.1)),
        "gp-one-sided": ("gp-one-sided", Setting(1.6e-2, 0.1)),
        "r1": ("r1", Setting(8e-3, 0.1)),
        "r1-r2": ("r1-r2", Setting(1.6e-2, 0.01)),
    },
    "grid-25": {
        "none, best": ("none", Setting(4e-3, None)),
        "gp": ("gp", Setting(8e-3, 0.1)),
        "gp-one-sided": ("gp-one-sided", Setting(8e-3, 1.0)),
        "r1": ("r1", Setting(8e-3, 0.1)),
        "r1-r2": ("r1-r2", Setting(4e-3, 0.1)),
    },
    "larger": {
        "none, low": ("none", Setting(1e-3, None)),
        "none, high": ("none", Setting(3e-3, None)),
        "r1": ("r1", Setting(3e-3, 0.01)),
    },
}
#: what is changed, in the fields of a cell; a batch of another size is in the factorial's checks
CHANGES: dict[str, dict] = {
    "other seeds": {},
    "other betas": {"betas": (0.5, 0.999)},
    "two turns of D": {"d_steps": 2},
}


def changes_of(group: str) -> tuple[str, ...]:
    """What is changed in a group: on the grid not the turns, in the larger runs only the betas."""
    return {"grid-25": ("other seeds", "other betas"), "larger": ("other betas",)}.get(
        group, tuple(CHANGES)
    )


def looks(training: Training, toy: Mixture) -> dict:
    """What the generators reach, seen as in the factorial and in four other ways."""
    samples = training.sample(10_000)
    return {
        "as in the table": measures(samples[:, :SAMPLES], toy),
        "500 samples": measures(samples[:, :500], toy),
        "10,000 samples": measures(samples, toy),
        "20 for a mode": measures(samples[:, :SAMPLES], toy, least=20),
        "last weights": measures(training.model.sample(SAMPLES, 0, None), toy),
    }


def row(group: str, name: str, change: str, quick: bool) -> dict:
    """One row with one change: each of the looks; nothing, where the loss became infinite."""
    data, members, size = GROUPS[group]
    remedy, setting = ROWS[group][name]
    fields = size | CHANGES[change] | ({"steps": 3} if quick else {})
    members = 2 if quick else members
    cell = Cell(data, "non-saturating", remedy, **fields)
    try:
        return looks(cell.trained([setting] * members, SEED), DATA[data]())
    except GanCourseError as stopped:
        return {"as in the table": nothing(members), "stopped": stopped.what}


def parts(quick: bool) -> Parts:
    """Every row with every change."""

    def named() -> Iterator[tuple[str, str, str]]:
        for group, rows in ROWS.items():
            for change in changes_of(group):
                yield from ((group, change, name) for name in rows)

    return {
        f"{group}/{change}/{name}": partial(row, group, name, change, quick)
        for group, change, name in named()
    }


def about() -> dict:
    """Seeds and protocol."""
    return {
        "seeds": f"members trained from seed {SEED}: own weights, noise and batches for each",
        "settings": {
            "game": "non-saturating",
            "rows": {
                group: {n: [r, *s] for n, (r, s) in rows.items()} for group, rows in ROWS.items()
            },
            "groups": GROUPS,
            "changes": CHANGES,
            "all else": "as in the factorial",
        },
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
