"""Malicious files: a checkpoint that carries a command is refused, and the command never runs."""

import io
import itertools
import os
import pickle
import subprocess
import zipfile
from pathlib import Path

import pytest
import torch

from gancourse.errors import GanCourseError
from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper

MARKER = "the-command-ran"
COMMANDS = {
    "os.system": (os.system, (f"touch {MARKER}",)),
    "eval": (eval, (f"open({MARKER!r}, 'w')",)),
    "exec": (exec, (f"open({MARKER!r}, 'w').close()",)),
    "Popen": (subprocess.Popen, (["touch", MARKER],)),
    "open": (open, (MARKER, "w")),
    "os.mkdir": (os.mkdir, (MARKER,)),
    "os.symlink": (os.symlink, ("here", MARKER)),
    "Path.touch": (Path.touch, (Path(MARKER),)),
}


class Reduces:
    """Runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return self.command


class ReducesLate(Reduces):
    """The same through the other door, ``__reduce_ex__``, with a state on top."""

    def __reduce_ex__(self, protocol):
        return *self.command, {"x": 1}


def nest(place, evil):
    """The evil object somewhere in what looks like a checkpoint."""
    state = {
        "format": 1,
        "step": 3,
        "settings": {"ema": 0.9},
        "notes": {},
        "gan": {"w": torch.ones(3)},
        "d_optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}},
    }
    if place == "root":
        return evil
    if place == "list":
        state["notes"] = {"a": [1, [2, (3, evil)]]}
    elif place == "key":
        state[evil] = 1
    elif place == "optimizer":
        state["d_optimizer"]["state"][0]["exp_avg"] = evil
    else:
        state[place] = {"x": evil}
    return state


PLACES = ("root", "settings", "notes", "gan", "optimizer", "list", "key")


def zip_archive(payload, tmp_path):
    """A real archive of torch whose pickle is replaced: any protocol, right checksums."""
    file = io.BytesIO()
    torch.save({"format": 1}, file)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(tmp_path, "w") as new:
        for name in old.namelist():
            new.writestr(name, payload if name.endswith("data.pkl") else old.read(name))


def by_torch(value, path, protocol):
    torch.save(value, path, pickle_protocol=protocol)


def by_torch_before_1_6(value, path, protocol):
    torch.save(value, path, pickle_protocol=protocol, _use_new_zipfile_serialization=False)


def by_pickle_in_zip(value, path, protocol):
    zip_archive(pickle.dumps(value, protocol), path)


def by_pickle(value, path, protocol):
    path.write_bytes(pickle.dumps(value, protocol))


WRITERS = (by_torch, by_torch_before_1_6, by_pickle_in_zip, by_pickle)


def attacks():
    for i, (command, place, kind, write) in enumerate(
        itertools.product(COMMANDS, PLACES, (Reduces, ReducesLate), WRITERS)
    ):
        yield command, place, kind, write, 2 + i % 4  # protocols 2 to 5


def test_no_command_ever_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, tried = tmp_path / "step-00000003.pt", 0
    for command, place, kind, write, protocol in attacks():
        write(nest(place, kind(COMMANDS[command])), path, protocol)
        for read in (checkpoints.load, lambda path: Keeper(path.parent).newest()):
            with pytest.raises(GanCourseError) as error:
                read(path)
            assert path.name in str(error.value) and len(str(error.value).splitlines()) <= 3
        assert sorted(os.listdir()) == [path.name], (command, place, kind, write, protocol)
        tried += 1
    print(f"\n{tried} malicious files: 0 executed")
    assert tried >= 200


OPCODES = {
    "GLOBAL, protocol 0": b"cos\nsystem\n(S'touch " + MARKER.encode() + b"'\ntR.",
    "INST": b"(S'touch " + MARKER.encode() + b"'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'touch " + MARKER.encode() + b"'\no.",
    "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x15touch "
    + MARKER.encode()
    + b"\x85R.",
    "BUILD": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}X\x08\x00\x00\x00__code__Nsb.",
    "NEWOBJ": b"\x80\x02csubprocess\nPopen\n]X\x02\x00\x00\x00lsa\x85\x81.",
    "EXT": b"\x80\x02\x82\x01.",
    "persistent id": b"\x80\x02X\x01\x00\x00\x00xQ.",
    "deep": b"\x80\x02" + b"(" * 100_000 + b".",
    "memo": b"\x80\x02j\xff\xff\xff\xff.",
    "long": b"\x80\x02\x8b\xff\xff\xff\x7f.",
    "frame": b"\x80\x04\x95" + b"\xff" * 8 + b".",
    "nothing": b"",
    "stop": b".",
}


@pytest.mark.parametrize("name", OPCODES)
def test_pickles_written_by_hand(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    zip_archive(OPCODES[name], tmp_path / "x.pt")
    with pytest.raises(GanCourseError, match="x.pt"):
        checkpoints.load(tmp_path / "x.pt")
    assert os.listdir() == ["x.pt"]


def test_the_files_are_dangerous_to_whoever_trusts_them(tmp_path, monkeypatch):
    """The attacks are real: plain unpickling does run them."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(nest("optimizer", Reduces(COMMANDS["os.system"]))))
    assert os.listdir() == [MARKER]
