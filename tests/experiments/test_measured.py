"""Measurements are read by name."""

import pytest

from gancourse.errors import GanCourseError
from gancourse.experiments.measured import measured


def test_a_name_that_nobody_measured_is_told_with_those_that_there_are():
    with pytest.raises(GanCourseError, match="no measurement 'qualitty'") as problem:
        measured("qualitty")
    assert "quality" in problem.value.fix and "wgan" in problem.value.fix
