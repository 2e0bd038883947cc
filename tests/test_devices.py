"""Which device is taken, on machines that have more than this one."""

import pytest
import torch

from checkout import ROOT
from gancourse.devices import fastest, usable
from gancourse.errors import GanCourseError
from gancourse.notebook import device


@pytest.mark.parametrize(
    "cuda, mps, expected",
    [
        (True, True, "cuda"),
        (True, False, "cuda"),
        (False, True, "mps"),
        (False, False, "cpu"),
    ],
)
def test_the_fastest_is_cuda_then_mps_then_the_cpu(cuda, mps, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert fastest() == device() == torch.device(expected)


def test_the_fastest_here_is_usable():
    assert usable(fastest()).type == fastest().type
    assert usable("cpu") == usable(torch.device("cpu")) == torch.device("cpu")


def test_double_precision_begins_on_the_cpu():
    """A Mac's GPU has no float64: first off the device, then to doubles."""
    for path in (*ROOT.glob("gancourse/**/*.py"), *ROOT.glob("chapters/*.md")):
        assert ".double().cpu()" not in path.read_text("utf-8"), path


@pytest.mark.parametrize("wrong", ["abacus", "cuda:x", "cuda:99", "", 3.5, [1]])
def test_what_cannot_compute_is_one_clear_error(wrong):
    with pytest.raises(GanCourseError, match="cannot be used(.|\n)*Fix: use device='cpu'") as error:
        usable(wrong)
    assert repr(str(wrong)) in str(error.value) and len(str(error.value).splitlines()) == 2
