"""Which checkpoints of a run are kept, and from which one it goes on."""

import pytest
import torch

from gancourse.errors import GanCourseError
from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper


class Run:
    """What a keeper needs of a training."""

    def __init__(self, step):
        self.step = step

    def state(self):
        return {"step": self.step, "weights": torch.full((500,), float(self.step))}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_last_two_are_kept(tmp_path):
    for step in (1, 2, 10, 300):
        Keeper(tmp_path).save(Run(step))
    assert names(tmp_path) == ["step-00000010.pt", "step-00000300.pt"]
    path, state = Keeper(tmp_path).newest()
    assert path.name == "step-00000300.pt" and state["step"] == 300


def test_the_best_is_kept_beside_them(tmp_path):
    scores = iter([5.0, 2.0, 3.0, 4.0])
    keeper = Keeper(tmp_path, keep=1, measure=lambda run: next(scores))
    for step in (1, 2, 3, 4):
        keeper.save(Run(step))
    assert names(tmp_path) == ["best.pt", "step-00000004.pt"]
    assert checkpoints.load(tmp_path / "best.pt")["step"] == 2


def test_a_measure_that_was_nan_is_no_best(tmp_path):
    scores = iter([float("nan"), 3.0, float("nan"), 4.0])
    keeper = Keeper(tmp_path, keep=1, measure=lambda run: next(scores))
    for step in (1, 2, 3, 4):
        keeper.save(Run(step))
    assert checkpoints.load(tmp_path / "best.pt")["step"] == 2


@pytest.mark.parametrize("best", [b"damaged", None])
def test_a_best_without_a_measure_stops_no_run(tmp_path, best):
    checkpoints.save(tmp_path / "best.pt", {"step": 1})  # as `Training.save` writes it
    if best is not None:
        (tmp_path / "best.pt").write_bytes(best)
    Keeper(tmp_path, measure=lambda run: 1.0).save(Run(2))
    assert checkpoints.load(tmp_path / "best.pt")["step"] == 2
    assert names(tmp_path) == ["best.pt", "step-00000002.pt"]


def test_the_reason_for_going_back_is_the_true_one(tmp_path):
    Keeper(tmp_path).save(Run(1))
    torch.save({"format": 99}, tmp_path / "step-00000002.pt")
    with pytest.warns(UserWarning, match="00000002.pt: checkpoint format 99.*step-00000001.pt"):
        assert Keeper(tmp_path).newest()[1]["step"] == 1


def test_a_damaged_newest_falls_back_with_a_warning_that_names_both(tmp_path):
    for step in (1, 2):
        Keeper(tmp_path).save(Run(step))
    newest = tmp_path / "step-00000002.pt"
    newest.write_bytes(newest.read_bytes()[:-100])
    with pytest.warns(UserWarning, match="step-00000002.pt: .*damaged.*step-00000001.pt"):
        assert Keeper(tmp_path).newest()[1]["step"] == 1
    (tmp_path / "step-00000001.pt").write_bytes(b"")
    with pytest.raises(GanCourseError, match="damaged"):  # never silently back to zero
        Keeper(tmp_path).newest()


def test_an_empty_folder_has_none_and_other_files_are_left_alone(tmp_path):
    (tmp_path / "step-notes.pt").write_text("mine")
    assert Keeper(tmp_path).newest() is None
    assert Keeper(tmp_path / "missing").newest() is None
    for step in (1, 2, 3):
        Keeper(tmp_path).save(Run(step))
    assert (tmp_path / "step-notes.pt").read_text() == "mine"
    with pytest.raises(GanCourseError, match="keep"):
        Keeper(tmp_path, keep=0)
