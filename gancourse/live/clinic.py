"""The clinic of chapter 7: recorded runs, a diagnosis by the reader, and that of the package."""

import random

from gancourse.errors import GanCourseError
from gancourse.page.figure import LiveFigure, demand_seed

#: The troubles, and the probes that would confirm each.
PROBES = {
    "healthy": ("deserted",),
    "dropping": ("deserted",),
    "collapse": ("spread",),
    "oscillation": ("hop",),
    "D has won": ("slope",),
    "saturation": ("slope",),
    "divergence": ("largest score",),
    "memorising": ("above",),
}


def clinic(measured: dict, seed: int = 7) -> LiveFigure:
    """Name the trouble of each recorded run, and the probe that would confirm it (chapter 7).

    ``measured`` is what ``gancourse/experiments/clinic.py`` has written; the patients are those of
    its held-out runs on the ring that it keeps curves of, in an order that ``seed`` draws.
    """
    demand_seed("clinic", seed)
    try:
        patients = [
            _patient(case, settings, shown)
            for name, case in measured["held-out"]["ring-8"].items()
            for settings in (measured["meta"]["settings"]["cases"][name],)
            for shown in case["shown"]
        ]
    except (KeyError, TypeError):
        raise GanCourseError(
            "these are no recorded runs",
            where="live.clinic",
            fix='pass measured("clinic")',
        ) from None
    random.Random(seed).shuffle(patients)
    return LiveFigure(
        __file__,
        {"patients": patients, "probes": {name: list(right) for name, right in PROBES.items()}},
        title="The clinic",
        fallback="recorded runs with their losses and samples; you name the trouble and the probe "
        "that would confirm it, beside the verdict of the package.",
    )


def _patient(case: dict, settings: dict, shown: dict) -> dict:
    """What the page is given of one run."""
    run = case["runs"][shown["member"]]
    return {
        "trouble": case["trouble"],
        "game": settings["game"],
        "few": case["trouble"] == "memorising",
        "found": run["found"][0] if run["found"] else "healthy",
        "evidence": shown["evidence"][0] if shown["evidence"] else "",
        "numbers": run["probes"],
        **{key: shown[key] for key in ("every", "d_loss", "g_loss", "real", "samples")},
    }
