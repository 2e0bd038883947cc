"""Measurements too long for a chapter: the JSON files that the scripts in `tools/` have written.

They lie in `measured/` beside this module, one file a script, with the settings, seeds, versions
and the machine of the run, so that a chapter can show them and say where they come from.
"""

import json
from importlib import resources

from gancourse.errors import GanCourseError


def measured(name: str) -> dict:
    """What the script ``tools/<name>.py`` has measured."""
    folder = resources.files("gancourse.data") / "measured"
    found = sorted(file.name.removesuffix(".json") for file in folder.iterdir())
    if name not in found:
        raise GanCourseError(
            f"there is no measurement {name!r}",
            where="measured",
            fix=f"choose one of {', '.join(found)}",
        )
    return json.loads((folder / f"{name}.json").read_text("utf-8"))
