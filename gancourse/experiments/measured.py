"""Measurements too long for a chapter: the JSON files that the scripts of this folder have written.

Each lies beside its script, with the settings, seeds, versions and the machine of the run, so that
a chapter can show it and say where it comes from.
"""

import json
from importlib import resources

from gancourse.errors import GanCourseError


def measured(name: str) -> dict:
    """What the script ``gancourse/experiments/<name>.py`` has measured."""
    folder = resources.files("gancourse.experiments")
    names = (file.name for file in folder.iterdir())
    found = sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))
    if name not in found:
        raise GanCourseError(
            f"there is no measurement {name!r}",
            where="measured",
            fix=f"choose one of {', '.join(found)}",
        )
    return json.loads((folder / f"{name}.json").read_text("utf-8"))
