import pickle

import numpy as np
import pytest

from gancourse.errors import GanCourseError, brief


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


class Odd:
    shape = (3,)

    def __repr__(self):
        return "first line\nsecond"


@pytest.mark.parametrize(
    "value, words",
    [
        (3, "3"),
        ("", "''"),
        ("x" * 100, "'" + "x" * 59 + "..."),
        (None, "None"),
        (dict, "the class dict"),
        (len, "the function len"),
        (lambda: 0, "the function <lambda>"),
        (object(), "an object"),
        (Odd(), "an Odd"),
        ([0] * 100, "a list"),
        (np.zeros((2, 3)), "a ndarray of shape (2, 3)"),
    ],
)
def test_a_value_is_named_in_a_few_words(value, words):
    assert brief(value) == words
