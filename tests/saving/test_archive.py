"""An archive of tensors has one directory and nothing outside of it."""

import io
import struct

import pytest
import torch

from gancourse.saving import archive

CENTRAL = b"PK\x01\x02"


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


@pytest.mark.parametrize("place, form", [(34, "<H"), (36, "<H"), (38, "<I"), (38, "<B")])
def test_an_entry_is_no_folder_and_lies_on_no_other_disk(place, form):
    """A bit of a table that no checksum covers made torch give memory that nobody had written."""

    def change(whole):
        content = bytearray(whole)
        entry = whole.rindex(CENTRAL, 0, whole.index(b"archive/data/0", whole.index(CENTRAL)))
        struct.pack_into(form, content, entry + place, 0x10)
        return bytes(content)

    with pytest.raises(archive.DamagedError):
        archive.entries(stored(change))
