"""An archive of tensors has one directory and nothing outside of it."""

import io

import pytest
import torch

from gancourse.saving import archive


def stored(content):
    file = io.BytesIO()
    torch.save({"format": 1, "x": torch.ones(9)}, file)
    return io.BytesIO(content(file.getvalue()))


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: b"MZ" + whole,
        lambda whole: whole + b"\0",
        lambda whole: whole + whole,
        lambda whole: whole[:-22],
        lambda whole: whole.replace(b"PK\x01\x02", b"\0PK\x01\x02", 1),
        lambda whole: whole.replace(b"archive/data/0", b"archive/data.pk"),
        lambda whole: b"",
    ],
)
def test_an_archive_has_one_directory_and_nothing_outside(change):
    with pytest.raises(archive.DamagedError):
        archive.entries(stored(change))
    assert archive.entries(stored(bytes))[1] == {"data/0": 36}
