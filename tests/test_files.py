"""Files: written whole, never through a link."""

import os

import pytest

from gancourse import files


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="SKIPPED: there are no pipes here")
def test_nothing_is_appended_to_or_read_through_a_link_or_a_pipe(tmp_path):
    target, link, pipe = tmp_path / "diary", tmp_path / "link", tmp_path / "pipe"
    target.write_text("dear")
    link.symlink_to(target)
    os.mkfifo(pipe)
    for path in (link, pipe, tmp_path):
        with pytest.raises(OSError):
            files.append(path, b"x")
        with pytest.raises(OSError):
            files.opened(path)
    assert files.write(link, b"mine").read_bytes() == b"mine" and not link.is_symlink()
    assert target.read_text() == "dear"
