import pickle

import pytest

from gancourse.errors import GanCourseError


def test_message_names_place_fault_and_fix_in_two_lines():
    error = GanCourseError("size must be 64, not 48", where="dcgan", fix="resize")
    assert str(error) == "dcgan: size must be 64, not 48\nFix: resize"


def test_bare_message():
    assert str(GanCourseError("no data")) == "no data"


def test_survives_a_process_boundary():
    error = pickle.loads(pickle.dumps(GanCourseError("a", "b", "c")))
    assert (error.what, error.where, error.fix) == ("a", "b", "c")
    with pytest.raises(GanCourseError, match="b: a"):
        raise error
