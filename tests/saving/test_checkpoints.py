import os

import pytest
import torch

from gancourse.errors import GanCourseError
from gancourse.saving import checkpoints

STATE = {"step": 3, "weights": torch.arange(2000.0), "nested": {"list": [1, "two", 3.0, None]}}


def test_round_trip(tmp_path):
    path = checkpoints.save(tmp_path / "new folder" / "a.pt", STATE)
    found = checkpoints.load(path)
    assert torch.equal(found.pop("weights"), STATE["weights"])
    assert found == {"format": 1, "step": 3, "nested": STATE["nested"]}
    assert [p.name for p in path.parent.iterdir()] == ["a.pt"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_disk_keeps_the_earlier_checkpoint(tmp_path, monkeypatch, step):
    path = checkpoints.save(tmp_path / "a.pt", STATE)
    before = path.read_bytes()

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(GanCourseError, match="disk is full.*untouched"):
        checkpoints.save(path, {"step": 4})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_every_flipped_bit_and_every_truncation_is_noticed(tmp_path):
    path = checkpoints.save(tmp_path / "a.pt", STATE)
    whole = path.read_bytes()
    rng = torch.Generator().manual_seed(0)
    silent = 0
    for _ in range(200):
        bit = torch.randint(len(whole) * 8, (), generator=rng).item()
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            found = checkpoints.load(path)
            silent += not torch.equal(found["weights"], STATE["weights"])  # unread padding may flip
        except GanCourseError:
            pass
    for length in range(0, len(whole), len(whole) // 50):
        path.write_bytes(whole[:length])
        with pytest.raises(GanCourseError, match="damaged"):
            checkpoints.load(path)
    assert silent == 0


class Command:
    def __reduce__(self):
        return os.system, ("touch should-not-exist",)


def test_a_malicious_pickle_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"format": 1, "step": Command()}, "evil.pt")
    with pytest.raises(GanCourseError, match="not a checkpoint"):
        checkpoints.load("evil.pt")
    assert os.listdir() == ["evil.pt"]


@pytest.mark.parametrize("content", [b"", b"<html>quota exceeded</html>", b"\x89PNG\r\n\x1a\n"])
def test_other_files_are_refused_by_name(tmp_path, content):
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(GanCourseError, match="x.pt"):
        checkpoints.load(tmp_path / "x.pt")
    with pytest.raises(GanCourseError, match="no such"):
        checkpoints.load(tmp_path / "missing.pt")


def test_another_format_is_refused(tmp_path):
    torch.save({"format": 99}, tmp_path / "x.pt")
    with pytest.raises(GanCourseError, match="99 where 1"):
        checkpoints.load(tmp_path / "x.pt")
    torch.save([1, 2], tmp_path / "x.pt")
    with pytest.raises(GanCourseError, match="list"):
        checkpoints.load(tmp_path / "x.pt")
