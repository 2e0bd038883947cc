import pytest
import torch

from gancourse.errors import GanCourseError
from gancourse.loop.batches import endless

CPU = torch.device("cpu")


def first(stream, n):
    return [next(stream)[0].item() for _ in range(n)]


@pytest.mark.parametrize(
    "skip, numbers", [(0, [0, 1, 2, 0, 1]), (2, [2, 0, 1, 2, 0]), (7, [1, 2, 0, 1, 2])]
)
def test_a_list_goes_round_and_resumes_at_its_position(skip, numbers):
    assert first(endless([torch.tensor(i) for i in range(3)], CPU, skip), 5) == numbers


def test_a_stream_has_no_position():
    class Stream:
        def __iter__(self):
            return iter([(torch.tensor(5),), (torch.tensor(6),)])

    assert first(endless(Stream(), CPU, skip=1), 3) == [5, 6, 5]


@pytest.mark.parametrize("nothing", [[], iter([])])
def test_nothing_is_an_error(nothing):
    with pytest.raises(GanCourseError, match="the batches ran out"):
        next(endless(nothing, CPU))
