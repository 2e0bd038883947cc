"""Folders of pictures that a reader could have, or be given: odd, damaged, and made to do harm."""

import functools
import io
import os
import random
import socket
import struct
import zlib

import numpy as np
from PIL import Image, PngImagePlugin

PROGRAMS = (
    "(marker) (w) file dup (x) writestring closefile showpage",
    "(marker) deletefile",
    "{} loop",
    "showpage",
    "(%pipe%touch marker) (w) file",
)
POSTSCRIPT = [f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n{p}\n".encode() for p in PROGRAMS]


@functools.cache
def picture(mode="RGB", form="PNG", size=(24, 20), **settings) -> bytes:
    """A picture of noise, or of one value in the modes that have no bytes."""
    rng = np.random.default_rng(0)
    if mode == "F":
        made = Image.fromarray(rng.random(size[::-1], np.float32))
    elif mode.startswith("I"):
        kind = np.uint16 if mode != "I" else np.int32
        made = Image.fromarray(rng.integers(0, 65535, size[::-1]).astype(kind))
    else:
        made = Image.fromarray(rng.integers(0, 255, (*size[::-1], 3)).astype(np.uint8))
        made = made.convert("RGB").convert(mode if mode not in ("LA", "PA") else "L")
        made = made.convert(mode) if mode in ("LA", "PA") else made
    file = io.BytesIO()
    made.save(file, form, **settings)
    return file.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG, with its checksum."""
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def png(width: int, height: int, rows: bytes, *more: bytes) -> bytes:
    """A grey PNG of any promise: ``rows`` are compressed, whatever was promised."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    end = chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + end


def animated(form: str) -> bytes:
    frames = [Image.new("RGB", (20, 20), (i, 90, 200)) for i in range(0, 250, 50)]
    file = io.BytesIO()
    frames[0].save(file, form, save_all=True, append_images=frames[1:])
    return file.getvalue()


def tagged(form: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return picture("RGB", form, exif=exif.tobytes())


def texted() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * 3_000_000, zip=True)
    file = io.BytesIO()
    Image.new("L", (9, 9)).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def loop_of_tiff() -> bytes:
    """A TIFF whose directory says that the next one is itself."""
    content = bytearray(picture("L", "TIFF"))
    at = struct.unpack_from("<I", content, 4)[0]
    number = struct.unpack_from("<H", content, at)[0]
    struct.pack_into("<I", content, at + 2 + 12 * number, at)
    return bytes(content)


FILES = {
    **{
        f"program {i}{end}": (f"a{end}", p)
        for i, p in enumerate(POSTSCRIPT)
        for end in (".jpg", ".png")
    },
    "dos eps": ("a.jpg", b"\xc5\xd0\xd3\xc6" + bytes(26) + POSTSCRIPT[0]),
    "pdf": ("a.png", b"%PDF-1.7\n"),
    "psd": ("a.png", b"8BPS\0\1" + bytes(200)),
    "fits": ("a.png", b"SIMPLE  =                    T" + bytes(3000)),
    "ico": ("a.png", b"\0\0\1\0\1\0" + bytes(60)),
    "pcx": ("a.bmp", b"\x0a\x05\x01\x08" + bytes(130)),
    "wmf": ("a.png", b"\xd7\xcd\xc6\x9a" + bytes(60)),
    "fli": ("a.gif", bytes(4) + b"\x11\xaf" + bytes(130)),
    "svg": ("a.png", b"<svg xmlns='x'/>"),
    "html": ("a.png", b"<!doctype html><html>Quota exceeded</html>"),
    "empty": ("a.png", b""),
    "one byte": ("a.jpg", b"\x89"),
    "text": ("a.png", b"hello"),
    "zip": ("a.png", b"PK\x03\x04" + bytes(60)),
    **{
        f"mode {m}": ("a.png", functools.partial(picture, m))
        for m in ("1", "L", "LA", "P", "RGBA", "I;16")
    },
    "mode CMYK": ("a.jpg", functools.partial(picture, "CMYK", "JPEG")),
    "mode YCbCr": ("a.jpg", functools.partial(picture, "YCbCr", "JPEG")),
    "mode LAB": ("a.tif", functools.partial(picture, "LAB", "TIFF")),
    "mode I": ("a.tif", functools.partial(picture, "I", "TIFF")),
    "mode F": ("a.tif", functools.partial(picture, "F", "TIFF")),
    "webp": ("a.webp", functools.partial(picture, "RGB", "WEBP")),
    "bmp": ("a.bmp", functools.partial(picture, "RGB", "BMP")),
    "one pixel": ("a.png", functools.partial(picture, size=(1, 1))),
    "a line": ("a.png", functools.partial(picture, size=(3000, 1))),
    "a column": ("a.gif", functools.partial(picture, "P", "GIF", size=(1, 3000))),
    "animated gif": ("a.gif", functools.partial(animated, "GIF")),
    "animated png": ("a.png", functools.partial(animated, "PNG")),
    "animated webp": ("a.webp", functools.partial(animated, "WEBP")),
    "pages": ("a.tif", functools.partial(animated, "TIFF")),
    "turned": ("a.jpg", functools.partial(tagged, "JPEG", 6)),
    "turned to nowhere": ("a.jpg", functools.partial(tagged, "JPEG", 99)),
    "png called jpg": ("a.jpg", picture),
    "jpg called PNG": ("a.PNG", functools.partial(picture, "RGB", "JPEG")),
    "cut jpg": ("a.jpg", lambda: picture("RGB", "JPEG")[:-200]),
    "cut png": ("a.png", lambda: picture()[:-200]),
    "cut webp": ("a.webp", lambda: picture("RGB", "WEBP")[:-200]),
    "wrong checksum": ("a.png", lambda: picture().replace(b"IDAT", b"IDAT\0", 1)),
    "no rows": ("a.png", lambda: png(24, 24, b"")),
    "no width": ("a.png", lambda: png(0, 24, b"")),
    "promises much": ("a.png", lambda: png(60_000, 60_000, b"x")),
    "promises a billion": ("a.png", lambda: png(2**31 - 1, 2**31 - 1, b"x")),
    "a bomb": ("a.png", lambda: png(9000, 9000, bytes(9001 * 9000))),
    "a larger bomb": ("a.png", lambda: png(12_000, 12_000, bytes(12_001 * 12_000))),
    "a bomb of text": ("a.png", texted),
    "a bomb of colours": (
        "a.png",
        lambda: png(9, 9, bytes(90), chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(10**8), 9))),
    ),
    "ppm promises much": ("a.ppm", b"P6 50000 50000 255\n" + bytes(300)),
    "ppm in words": ("a.ppm", b"P3 2 2 255\n" + b"1 2 3 " * 4),
    "pgm of 16 bits": ("a.pgm", b"P5 2 2 65535\n" + bytes(8)),
    "bmp promises much": (
        "a.bmp",
        lambda: picture("RGB", "BMP")[:18] + b"\xff\x7f\0\0" * 2 + picture("RGB", "BMP")[26:],
    ),
    "gif of nothing": ("a.gif", b"GIF89a\0\0\0\0\0\0\0;"),
    "tiff in a circle": ("a.tif", loop_of_tiff),
    "tiff of many tags": ("a.tif", b"II*\0\x08\0\0\0\xff\xff" + bytes(12 * 200)),
}


def hidden(folder):
    for name in (".DS_Store", "._a.png", "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"\0\5\x16\7")
    (folder / ".a.png").write_bytes(picture())


def old_run(folder):
    (folder / "run1/samples").mkdir(parents=True)
    (folder / "run1/metrics.jsonl").touch()
    for name in ("samples.png", "samples/step-00000500.png"):
        (folder / "run1" / name).write_bytes(picture())


def closed(folder):
    (folder / "closed").mkdir(0)


def deep(folder):
    for _ in range(60):
        folder /= "d"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(picture())


def sockets(folder):
    where = os.getcwd()
    os.chdir(folder)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("a.png")
    finally:
        os.chdir(where)


def named(*names):
    def make(folder):
        for name in names:
            (folder / os.fsdecode(name)).write_bytes(picture())

    return make


MAKERS = {
    "a pipe": lambda folder: os.mkfifo(folder / "a.png"),
    "a socket": sockets,
    "a folder called so": lambda folder: (folder / "a.png").mkdir(),
    "an endless device": lambda folder: (folder / "a.png").symlink_to("/dev/zero"),
    "a terminal": lambda folder: (folder / "a.png").symlink_to("/dev/tty"),
    "a link to itself": lambda folder: (folder / "a.png").symlink_to("a.png"),
    "a link to nowhere": lambda folder: (folder / "a.png").symlink_to("nowhere"),
    "a link to its folder": lambda folder: (folder / "all").symlink_to(folder),
    "a link to a picture": lambda folder: (folder / "a.png").symlink_to("good1.png"),
    "hidden files": hidden,
    "an old run": old_run,
    "a closed folder": closed,
    "sixty deep": deep,
    "names": named(b"a\nFix: pay.png", b"\x1b[2J.png", b"\xff.png", b"a" * 250 + b".png"),
    "other formats": named(b"a.heic", b"b.svg", b"c.txt"),
    "a thousand": named(*(b"%d.png" % i for i in range(1000))),
}


def folders():
    """Pairs of a name and a function that puts something beside two good pictures."""

    def writes(name, content):
        return lambda folder: (folder / name).write_bytes(
            content() if callable(content) else content
        )

    yield from ((name, writes(*what)) for name, what in FILES.items())
    yield from MAKERS.items()


# ---- endless ones -------------------------------------------------------------------------------

BASES = [
    *(("RGB", form) for form in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "PPM")),
    *(("P", "GIF"), ("L", "PNG"), ("LA", "PNG"), ("I;16", "PNG"), ("F", "TIFF"), ("CMYK", "TIFF")),
    *(("RGBA", "PNG"), ("1", "TIFF"), ("P", "PNG"), ("RGBA", "WEBP"), ("CMYK", "JPEG")),
]
SUFFIX = {"JPEG": ".jpg", "TIFF": ".tif"}


def mutants(seed: int, n: int):
    """``n`` mutated pictures: (class, suffix, bytes)."""
    rng = random.Random(seed)
    settings = {"TIFF": [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}]}
    for i in range(n):
        mode, form = BASES[i % len(BASES)]
        content = picture(mode, form, **rng.choice(settings.get(form, [{}])))
        kind, make = rng.choice([*MUTATIONS.items()])
        yield kind, SUFFIX.get(form, f".{form.lower()}"), make(rng, bytearray(content))


def _of_bytes(rng, content):
    for _ in range(rng.choice((1, 2, 8))):
        place = rng.randrange(len(content))
        content[place] = rng.choice(
            (0, 1, 0x7F, 0x80, 0xFF, content[place] ^ 1 << rng.randrange(8))
        )
    return bytes(content)


def _of_head(rng, content):
    """Numbers where formats keep their sizes, depths and offsets."""
    for _ in range(rng.choice((1, 2, 3))):
        form = rng.choice(["<B", "<H", ">H", "<I", ">I"])
        most = 256 ** struct.calcsize(form) - 1
        value = rng.choice((0, 1, most, most // 2, rng.randint(0, most)))
        struct.pack_into(form, content, rng.randrange(min(80, len(content) - 4)), value)
    return bytes(content)


def _of_length(rng, content):
    place = rng.randrange(len(content))
    what = rng.randrange(3)
    if what == 0:
        return bytes(content[:place])
    if what == 1:
        return bytes(content[:place] + rng.randbytes(rng.choice((1, 4, 300))) + content[place:])
    return bytes(content[:place] + content[place + rng.choice((1, 4, 64)) :])


def _of_blend(rng, content):
    """The beginning of one and the end of another."""
    mode, form = rng.choice(BASES)
    other = picture(mode, form)
    return bytes(content[: rng.randrange(len(content))] + other[rng.randrange(len(other)) :])


def _of_chunks(rng, content):
    """A PNG with other chunks, each with a right checksum."""
    whole, at, parts = picture(rng.choice(("L", "RGB", "P", "LA", "I;16"))), 8, []
    while at < len(whole):
        length = struct.unpack_from(">I", whole, at)[0]
        parts.append([whole[at + 4 : at + 8], bytearray(whole[at + 8 : at + 8 + length])])
        at += 12 + length
    for _ in range(rng.choice((1, 1, 2))):
        i, what = rng.randrange(len(parts)), rng.randrange(5)
        if what == 0:
            parts.insert(i, parts[rng.randrange(len(parts))])
        elif what == 1:
            del parts[i]
        elif what == 2:
            names = (
                b"tRNS",
                b"PLTE",
                b"iCCP",
                b"zTXt",
                b"eXIf",
                b"acTL",
                b"fcTL",
                b"pHYs",
                b"IHDR",
            )
            parts.insert(
                i, [rng.choice(names), bytearray(rng.randbytes(rng.choice((0, 1, 13, 26))))]
            )
        elif what == 3:
            rng.shuffle(parts)
        elif parts[i][1]:
            parts[i][1][rng.randrange(len(parts[i][1]))] = rng.choice((0, 1, 16, 255))
        if not parts:
            break
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, bytes(what)) for name, what in parts)


MUTATIONS = {
    "of bytes": _of_bytes,
    "of the head": _of_head,
    "of the length": _of_length,
    "a blend": _of_blend,
    "of chunks": _of_chunks,
}
