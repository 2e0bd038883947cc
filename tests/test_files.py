"""Files of strangers: only regular ones are opened, and no link is written through."""

import os
import socket

import pytest

from gancourse import files


@pytest.fixture
def diary(tmp_path):
    (tmp_path / "diary").write_text("notes")
    yield tmp_path / "diary"
    assert (tmp_path / "diary").read_text() == "notes"


def test_a_file_is_read_and_a_link_only_if_it_may_be(tmp_path, diary):
    (tmp_path / "link").symlink_to(diary)
    for path, follow in ((diary, False), (diary, True), (tmp_path / "link", True)):
        with files.opened(path, follow=follow) as file:
            assert file.read() == b"notes"
    with pytest.raises(files.NotRegularError, match="symbolic links are not followed"):
        files.opened(tmp_path / "link")


@pytest.mark.parametrize("follow", [True, False])
def test_nothing_else_is_opened(tmp_path, follow):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket"))
        for path in (tmp_path, tmp_path / "pipe", tmp_path / "socket", "/dev/null"):
            with pytest.raises(files.NotRegularError, match="folder|no regular file"):
                files.opened(path, follow)


def test_writing_replaces_a_link_and_leaves_nothing_else(tmp_path, diary):
    link = tmp_path / "metrics.jsonl"
    link.symlink_to(diary)
    (tmp_path / f".metrics.jsonl.{os.getpid()}.tmp").symlink_to(diary)  # where it will be written
    files.write(link, b"a line\n")
    assert not link.is_symlink() and link.read_bytes() == b"a line\n"
    assert sorted(os.listdir(tmp_path)) == ["diary", "metrics.jsonl"]


def test_adding_never_goes_through_a_link_or_into_a_pipe(tmp_path, diary):
    (tmp_path / "link").symlink_to(diary)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError):
            files.append(tmp_path / name, b"x")
    files.append(tmp_path / "new", b"a")
    files.append(tmp_path / "new", b"b")
    assert (tmp_path / "new").read_bytes() == b"ab"


def test_a_file_is_there_whole_and_nothing_beside_it(tmp_path):
    path = files.write(tmp_path / "new" / "a", b"one")
    files.write(path, b"two")
    files.append(path, b" three")
    assert path.read_bytes() == b"two three" and list(path.parent.iterdir()) == [path]


def test_a_fault_leaves_the_old_one(tmp_path, monkeypatch):
    path = files.write(tmp_path / "a", b"one")
    for site in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, site, lambda *a: (_ for _ in ()).throw(OSError(5, "worn")))
            with pytest.raises(OSError, match="worn"):
                files.write(path, b"two")
        assert path.read_bytes() == b"one" and list(tmp_path.iterdir()) == [path]


def test_a_path_that_no_system_has_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError, match="no null character"):
        files.write(tmp_path / "a\0b", b"x")


def test_what_a_killed_writer_has_left_is_swept_up(tmp_path):
    (tmp_path / ".a.png.99999.tmp").write_bytes(b"half")
    (tmp_path / ".b.png.99999.tmp").write_bytes(b"half")
    files.write(tmp_path / "a.png", b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".b.png.99999.tmp", "a.png"]
