"""The archive that a checkpoint is: a zip file as torch writes it, and nothing else.

Two readers look at it, Python's, which compares the checksums, and torch's, which does not. They
must see the same entries: so the file has one directory, at its very end, and its entries lie
without gap or overlap from the first byte up to it, none compressed, each with a name that torch
gives. All this is looked at before any content is; an archive that unpacks to more than its own
size, or has endless entries, is refused at once.
"""

import re
import struct
import zipfile
from io import BufferedReader

#: Limits far above any checkpoint of a network that this package trains.
ENTRIES, LISTING, PICKLE, SMALL = 10_000, 1 << 21, 1 << 22, 64
NAMES = re.compile(
    r"data\.pkl|byteorder|version|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id|data/\d{1,6}"
)
END, LOCATOR, END64 = "<4s4H2LH", "<4sLQL", "<4sQ2H2L4Q"
ENDS = struct.calcsize(END) + struct.calcsize(LOCATOR) + struct.calcsize(END64)


class DamagedError(ValueError):
    """The archive is not as torch writes one."""


def entries(file: BufferedReader) -> tuple[bytes, dict[str, int]]:
    """The pickle, and the sizes in bytes of the storages ``data/0``, ``data/1``, ... by name.

    Every checksum has been compared. Raises :class:`DamagedError`.
    """
    start, count = _directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            found = archive.infolist()
            if len(found) != count:
                raise DamagedError("its list of entries")
            names = _names(found)
            _demand_tiles(file, found, start)
            if (damaged := archive.testzip()) is not None:
                raise DamagedError(damaged)
            code = archive.read(names["data.pkl"])
    except DamagedError:
        raise
    except Exception:  # zipfile raises six kinds
        raise DamagedError("the archive itself") from None
    return code, {n: entry.file_size for n, entry in names.items() if n.startswith("data/")}


def _directory(file: BufferedReader) -> tuple[int, int]:
    """Where the one directory begins, and how many entries it has, by the records at the end."""
    size = file.seek(0, 2)
    if size < ENDS:
        raise DamagedError("the archive itself")
    file.seek(size - ENDS)
    tail = file.read(ENDS)
    end64 = struct.unpack_from(END64, tail)
    locator = struct.unpack_from(LOCATOR, tail, 56)
    end = struct.unpack_from(END, tail, 76)
    signs = end64[0], locator[0], end[0]
    count, length, start = end64[7:]
    if (
        signs != (b"PK\x06\x06", b"PK\x06\x07", b"PK\x05\x06")
        or (end64[1], *end64[4:7]) != (44, 0, 0, count)
        or locator[1:] != (0, size - ENDS, 1)
        or end[1:] != (0, 0, *(min(count, 0xFFFF),) * 2, *(min(x, 2**32 - 1) for x in end64[8:]), 0)
        or start + length != size - ENDS
    ):
        raise DamagedError("the archive itself")
    if count > ENTRIES or length > LISTING:
        raise DamagedError(f"{count} entries; at most {ENTRIES} are read")
    return start, count


def _names(found: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The entries by their names below the archive's own folder."""
    if not found:
        raise DamagedError("it has no entries")
    folder = found[0].filename.partition("/")[0] + "/"
    names = {}
    for entry in found:
        name = entry.filename.removeprefix(folder)
        if not entry.filename.startswith(folder) or not NAMES.fullmatch(name) or name in names:
            raise DamagedError("its list of entries")
        limit = PICKLE if name == "data.pkl" else None if name.startswith("data/") else SMALL
        if (
            entry.compress_type != zipfile.ZIP_STORED
            or entry.compress_size != entry.file_size
            or entry.flag_bits & ~0x808  # encrypted, patched
            # What it was on a disk. One bit of it means a folder, to torch's reader: it then reads
            # nothing and gives the tensor whatever lay in that memory before.
            or entry.external_attr
            or entry.internal_attr
            or entry.volume
            or entry.comment
            or (limit is not None and entry.file_size > limit)
        ):
            raise DamagedError("the size or kind of an entry")
        names[name] = entry
    if "data.pkl" not in names:
        raise DamagedError("it has no data.pkl")
    return names


def _demand_tiles(file: BufferedReader, found: list[zipfile.ZipInfo], start: int) -> None:
    """Each entry begins where the one before it ends, and the directory after the last."""
    at = 0
    for entry in sorted(found, key=lambda entry: entry.header_offset):
        if entry.header_offset != at:
            raise DamagedError("its list of entries")
        file.seek(at)
        head = file.read(30)
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            raise DamagedError("its list of entries")
        at += 30 + sum(struct.unpack_from("<2H", head, 26)) + entry.file_size
        if entry.flag_bits & 8:  # sizes follow the content
            at += 24 if entry.file_size >= 2**32 - 1 else 16
    if at != start:
        raise DamagedError("its list of entries")
