"""Files from somebody else: checkpoints altered on purpose, with right checksums, from a seed.

:func:`report` makes the classes of a security review in its numbers (638 in all), :func:`mutants`
endless structured ones. :func:`judge` opens each in a forked child, goes on from it if that is
allowed, and says how it ended, how long it took and how much memory.
"""

import collections
import functools
import io
import math
import mmap
import os
import pickletools
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import warnings
import zipfile

import torch
from forks import fork, tell_where
from victim import build, digest

from gancourse.errors import GanCourseError
from gancourse.saving import checkpoints
from gancourse.training import Training

SECONDS, MEMORY = 2.0, 50e6
#: What Python reports of a process that starts another one.
STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"}


def whole_state() -> dict:
    gan, batches, settings = build("toy")
    return copied(Training(gan, batches, **settings).advance(3).state())


def copied(value):
    """A deep copy of plain values, quicker than Python's."""
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(copied, value))
    return value.detach().clone() if isinstance(value, torch.Tensor) else value


def branch(value, path):
    """A copy of the dictionaries and lists along a path; all else is shared."""
    value = value.copy()
    if path and isinstance(value[path[0]], dict | list):
        value[path[0]] = branch(value[path[0]], path[1:])
    return value


def saved(state) -> bytes:
    """As ``torch.save`` writes it, without the checks of ``checkpoints.save``."""
    file = io.BytesIO()
    torch.save({"format": 1, **state} if isinstance(state, dict) else state, file)
    return file.getvalue()


def entries(content: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(name.partition("/")[2], archive.read(name)) for name in archive.namelist()]


def archived(parts) -> bytes:
    """An archive as torch writes it, with checksums and without gaps, of any entries."""
    file = io.BytesIO()
    writer = torch._C.PyTorchFileWriter(file)
    for name, content in parts:
        if name not in ("version", ".data/serialization_id", ".format_version") and (
            not name.startswith(".storage")
        ):
            writer.write_record(name, content, len(content))
    writer.write_end_of_file()
    return file.getvalue()


def zipped(parts, method=zipfile.ZIP_STORED, **settings) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method) as archive:
        warnings.simplefilter("ignore")  # a name twice
        for name, content in parts:
            archive.writestr(f"archive/{name}", content)
        for name, value in settings.items():
            setattr(archive, name, value)
    return file.getvalue()


# ---- places in a state --------------------------------------------------------------------------


def places(value, before=()):
    """The paths to everything in a nested value."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in list(pairs):
            yield (*before, key)
            yield from places(part, (*before, key))


def at(state, path):
    for key in path:
        state = state[key]
    return state


def put(state, path, value) -> dict:
    """A copy of the state with another value at one place."""
    state = branch(state, path[:-1])
    at(state, path[:-1])[path[-1]] = value
    return state


def tensors(state):
    return [path for path in places(state) if isinstance(at(state, path), torch.Tensor)]


# ---- odd values ---------------------------------------------------------------------------------


def nested(depth, value=0):
    for _ in range(depth):
        value = [value]
    return value


def shared(depth):
    value = [0]
    for _ in range(depth):
        value = [value, value]
    return value


def itself():
    value = []
    value.append(value)
    return value


ODD = [
    *(None, True, False, 0, 1, -1, 2**31, 2**63, -(2**63) - 1, 10**30, 1.5, -0.0),
    *(math.nan, math.inf, "", "x", "0", "a\nFix: b", "\x1b[31m", "ä" * 40, "\ud800", b"bytes"),
    *([], {}, (), [0], (1, 2), {"a": 1}, {1: 2}, nested(10), {"a": {"b": {"c": [None]}}}),
    *(torch.zeros(()), torch.ones(2), torch.empty(0), torch.full((3,), math.nan), 1j),
]


def dtyped(t: torch.Tensor, rng) -> torch.Tensor:
    kinds = "float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 float8_e4m3fn"
    return t.to(getattr(torch, rng.choice([*kinds.split(), "float32"])))


def layouts(t: torch.Tensor):
    """The same tensor, or one of the same shape, in other memory."""
    flat = t.float().flatten()
    yield lambda: t.new_zeros(()).expand(t.shape)
    yield lambda: torch.tensor(0.5)
    yield lambda: torch.cat([flat, flat])[: t.numel()].view(t.shape)
    yield lambda: torch.cat([flat, flat])[t.numel() :].view(t.shape)
    yield lambda: torch.stack([flat, flat], 1)[:, 0].view_as(t) if t.numel() > 1 else t
    yield lambda: t.float().t().contiguous().t() if t.ndim == 2 else t[None]
    yield lambda: t.to_sparse() if t.ndim else t.unsqueeze(0)
    yield lambda: t.to("meta")
    yield lambda: t.float().to_sparse_csr() if t.ndim == 2 else t.unsqueeze(0)
    yield lambda: torch.quantize_per_tensor(t.float(), 0.1, 0, torch.qint8)
    yield lambda: torch.nn.Parameter(t.float())
    yield lambda: t.float().as_strided(t.shape, [0] * t.ndim)
    yield lambda: t.new_zeros(tuple(n + 1 for n in t.shape) or (2,))


def swapped(state, rng) -> dict:
    one, other = rng.sample(tensors(state), 2)
    for _ in range(200):
        if at(state, one).shape == at(state, other).shape:
            break
        one, other = rng.sample(tensors(state), 2)
    return put(put(state, one, at(state, other)), other, at(state, one))


def altered(t: torch.Tensor, rng) -> torch.Tensor:
    t = t.clone()
    if t.numel():
        t.view(-1)[rng.randrange(t.numel())] += 1
    return t


# ---- the review's classes -----------------------------------------------------------------------


def report(seed: int = 0):
    """The review's classes, in its numbers: (class, bytes)."""
    rng, state = random.Random(seed), whole_state()
    where = tensors(state)
    for i in range(74):
        yield (
            "one number",
            saved(put(state, p := where[i % len(where)], altered(at(state, p), rng))),
        )
    for _ in range(25):
        yield "swapped", saved(swapped(state, rng))
    words = [p for p in places(state) if not isinstance(at(state, p), torch.Tensor | dict | list)]
    for i in range(274):
        yield "scalars", saved(put(state, words[i % len(words)], rng.choice(ODD)))
    for _ in range(60):
        path = rng.choice(where)
        yield "dtype", saved(put(state, path, dtyped(at(state, path), rng)))
    moments = [p for p in where if p[-1] in ("exp_avg", "exp_avg_sq", "step")]
    for i in range(105):
        path = rng.choice(moments if i % 2 else where)
        made = list(layouts(at(state, path)))
        yield "layout", saved(put(state, path, made[i % len(made)]()))
    dicts = [(), *(p for p in places(state) if isinstance(at(state, p), dict))]
    for _ in range(40):
        yield "extra keys", saved(put(state, (*rng.choice(dicts), "extra"), rng.choice(ODD)))
    for i in range(9):
        path = [p for p in where if p[-1] == ("exp_avg_sq", "step", "d_loss")[i % 3]][i // 3 % 1]
        value = at(state, path)
        yield (
            "moments",
            saved(
                put(
                    state,
                    path,
                    [-value - 1, value * 1e9, value[:0]][i // 3] if value.ndim else -value,
                )
            ),
        )
    yield from (("zips", content) for content in zips(state))
    for value in (
        *(nested(n) for n in (30, 60, 200, 260)),
        *(shared(n) for n in (5, 12, 22)),
        *({"a": nested(n)} for n in (60, 300)),
        *(itself(), [itself()], {"a": itself()}),
    ):
        yield "nesting", saved(put(state, ("notes", "x"), value))
    yield from (("bombs", content) for content in bombs(state))


def zips(state):
    """17 archives with right checksums that are not as torch writes them."""
    whole = saved(state)
    parts = entries(whole)
    yield zipped(parts)
    yield zipped(parts, zipfile.ZIP_DEFLATED)
    yield zipped(parts, zipfile.ZIP_BZIP2)
    yield zipped(parts[::-1])
    yield zipped([*parts, parts[0]])
    yield zipped([*parts, ("code/evil.py", b"x")])
    yield zipped([*parts, ("../../evil", b"x")])
    yield zipped(parts, comment=b"a comment")
    yield archived([*parts, ("extra", b"x")])
    yield archived(parts[1:])
    yield archived([p for p in parts if p[0] != "data/3"])
    yield whole + whole
    yield b"MZ" + whole
    yield whole + bytes(9)
    yield saved(put(state, ("step",), 4)) + whole[whole.index(b"PK\x01\x02") :]
    yield whole[: whole.index(b"PK\x01\x02")] + bytes(99) + whole[whole.index(b"PK\x01\x02") :]
    yield archived([(n, c + bytes(64) if n == "data/2" else c) for n, c in parts])


def bombs(state):
    """22 small files that ask for much."""
    parts = entries(saved(state))
    for n in (2**26, 2**29, 3 * 2**30, 2**33):
        for dtype in (torch.int8, torch.float32):
            yield saved(put(state, ("notes", "x"), torch.zeros(1, dtype=dtype).expand(n)))
    yield from (saved(put(state, ("notes", "x"), shared(n))) for n in (24, 40, 60))
    for n in (10**7, 10**8, 3 * 10**8):
        yield zipped([*parts, ("data/999", bytes(n))], zipfile.ZIP_DEFLATED)
    for n in (10**5, 10**6):
        code = b"\x80\x02}X\x01\x00\x00\x00x](" + b"]" * n + b"es."
        yield archived([("data.pkl", code), *parts[1:]])
        yield archived([("data.pkl", b"\x80\x02" + b"(" * n + b"."), *parts[1:]])
    yield archived([*parts, *((f"data/{1000 + i}", b"") for i in range(20_000))])
    for claim in (b"\x00\x00\x00\x40", b"\xff\xff\xff\x7f"):
        code = parts[0][1].replace(b"K\x10", b"J" + claim)
        yield archived([("data.pkl", code), *parts[1:]])
    code = b"\x80\x02}X\x01\x00\x00\x00x\x8b" + struct.pack("<I", 2**20) + b"\x7f" * 2**20 + b"s."
    yield archived([("data.pkl", code), *parts[1:]])


# ---- endless ones -------------------------------------------------------------------------------


def mutants(seed: int, n: int):
    """``n`` structured mutations: of bytes, the archive, the pickle, values, tensors."""
    rng, state = random.Random(seed), whole_state()
    whole = saved(state)
    makers = [of_bytes, of_archive, of_pickle, of_pickle, of_values, of_values, of_tensors]
    for i in range(n):
        make = makers[i % len(makers)]
        while True:
            try:
                content = make(rng, state, whole)
                break
            except Exception:  # torch would not even write it
                continue
        yield make.__name__, content


def of_bytes(rng, state, whole):
    content = bytearray(whole)
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        act, place = rng.randrange(5), rng.randrange(len(content))
        if act == 0:
            content[place] ^= 1 << rng.randrange(8)
        elif act == 1:
            content[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif act == 2:
            del content[place : place + rng.choice((1, 4, 64, 512))]
        elif act == 3:
            content[place:place] = rng.randbytes(rng.choice((1, 4, 64)))
        else:
            other = rng.randrange(len(content))
            content[place : place + 64] = content[other : other + 64]
        content = content or bytearray(1)
    return bytes(content)


def of_archive(rng, state, whole):
    parts = entries(whole)
    act = rng.randrange(8)
    i = rng.randrange(len(parts))
    name, content = parts[i]
    if act == 0:
        del parts[i]
    elif act == 1:
        parts[i] = rng.choice([f"data/{rng.randrange(99)}", "x", "../x", "data.pkl"]), content
    elif act == 2:
        parts[i] = name, rng.choice([b"", content + b"\0", content[:-1], content * 2])
    elif act == 3:
        parts.insert(i, (f"data/{rng.randrange(200)}", rng.randbytes(rng.randrange(40))))
    elif act == 4:
        rng.shuffle(parts)
    elif act == 5:
        return zipped(parts, rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    else:  # a number in a table of the archive
        content, table = bytearray(whole), whole.index(b"PK\x01\x02")
        for _ in range(rng.choice((1, 2, 4))):
            place, form = rng.randrange(table, len(whole) - 8), rng.choice(("<B", "<H", "<I", "<Q"))
            most = 256 ** struct.calcsize(form) - 1
            struct.pack_into(
                form, content, place, rng.choice((0, 1, 8, most, rng.randint(0, most)))
            )
        return bytes(content)
    return archived(parts)


OPCODES = [op.code.encode("latin-1") for op in pickletools.opcodes]


def of_pickle(rng, state, whole):
    parts = entries(whole)
    found = list(pickletools.genops(parts[0][1]))
    ends = [place for _, _, place in found[1:]] + [len(parts[0][1])]
    ops = [parts[0][1][place:end] for (_, _, place), end in zip(found, ends, strict=True)]
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        i, j = rng.randrange(len(ops)), rng.randrange(len(ops))
        act = rng.randrange(7)
        if act == 0 and len(ops) > 2:
            del ops[i]
        elif act == 1:
            ops.insert(i, ops[j])
        elif act == 2:
            ops[i], ops[j] = ops[j], ops[i]
        elif act == 3:
            ops[i] = rng.choice(OPCODES) + ops[i][1:]
        elif act == 4:
            ops.insert(i, rng.choice(OPCODES) + rng.randbytes(rng.choice((0, 1, 2, 4, 8))))
        elif act == 5:
            numbers = [k for k, op in enumerate(ops) if op[:1] in b"KMJ"]
            n = rng.choice((0, 1, 2, 255, 2**31 - 1, -1, rng.randrange(300)))
            ops[rng.choice(numbers)] = b"J" + struct.pack("<i", n)
        else:
            strings = [k for k, op in enumerate(ops) if op[:1] == b"X"]
            ops[rng.choice(strings)] = ops[rng.choice(strings)]
    return archived([("data.pkl", b"".join(ops)), *parts[1:]])


def of_values(rng, state, whole):
    state = copied(state)
    for _ in range(rng.choice((1, 1, 2))):
        path = rng.choice(list(places(state)))
        owner, act = at(state, path[:-1]), rng.randrange(4)
        if act == 0:
            del owner[path[-1]]
        elif act == 1 and isinstance(owner, dict):
            owner[rng.choice(["extra", 7, "", None, True, (1, 2)])] = rng.choice(ODD)
        elif act == 2:
            owner[path[-1]] = at(state, rng.choice(list(places(state))))
        else:
            owner[path[-1]] = rng.choice(ODD)
    return saved(state)


def of_tensors(rng, state, whole):
    path = rng.choice(tensors(state))
    value = at(state, path)
    act = rng.randrange(5)
    if act == 0:
        value = dtyped(value, rng)
    elif act == 1:
        value = rng.choice(list(layouts(value)))()
    elif act == 2:
        value = altered(value, rng)
    elif act == 3:
        return saved(swapped(state, rng))
    else:
        value = torch.zeros(rng.choices((0, 1, 2, 16, 33), k=rng.randrange(4)))
    return saved(put(state, path, value))


# ---- how each ends ------------------------------------------------------------------------------


def judge(cases, folder, batch: int = 1, limit: float = 120.0, opened=None) -> collections.Counter:
    """How each (class, bytes) ends: a count of (class, outcome).

    ``opened(path)`` says what became of one; by default a training goes on from it, as from a
    checkpoint. A case may have a third part, the name of its file.

    ``refused``, ``same`` or ``other`` run; ``traceback``, ``death``, ``hang``, ``changed`` (refused
    but the training is another than before), ``memory`` and ``slow``, which must not be.
    """
    _ready()
    counts, waiting = collections.Counter(), []
    with tempfile.TemporaryFile("w+") as where:
        for case in cases:
            waiting.append(case)
            if len(waiting) == batch:
                _judged(waiting, folder, counts, limit, opened, where)
                waiting = []
        _judged(waiting, folder, counts, limit, opened, where)
    return counts


def _judged(cases, folder, counts, limit, opened, where):
    """``where``: a file in which a child that hangs says what it was doing."""
    while cases:
        board = mmap.mmap(-1, 65_536)
        child = fork()
        if child == 0:
            try:
                _child(cases, folder, board, opened, lambda: tell_where(limit / 2, where))
            finally:
                os._exit(0)
        done, code = 0, None
        until = time.monotonic() + limit
        while code is None:
            pid, status = os.waitpid(child, os.WNOHANG)
            now = struct.unpack_from("<I", board)[0]
            if now > done:
                done, until = now, time.monotonic() + limit
            if pid:
                code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > until:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                code = "hang"
            else:
                time.sleep(0.001)
        done = struct.unpack_from("<I", board)[0]
        lines = board[8:].rstrip(b"\0").decode("utf-8", "replace").splitlines()
        for (kind, *_), line in zip(cases, lines, strict=False):
            counts[kind, line.split(" ")[0]] += 1
            if line.startswith("traceback"):
                counts["what", line] += 1
        cases = cases[done:]
        if cases and code != 0:
            counts[cases[0][0], "hang" if code == "hang" else "death"] += 1
            if code == "hang":
                where.seek(0)
                counts["what", where.read()] += 1
            cases = cases[1:]


@functools.cache
def _ready():
    """A training, the state that it is in, and its digest; children inherit them."""
    gan, batches, settings = build("toy", seed=3)
    training, right = Training(gan, batches, **settings), whole_state()
    training.restore(copied(right))
    return training, right, digest(training.state())


def _child(cases, folder, board, opened, watched):
    resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30, 8 * 2**30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    opened = opened or _opened
    started, end = [], 8
    sys.addaudithook(lambda event, _: started.append(event) if event in STARTS else None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for i, (_, content, *name) in enumerate(cases):
        path = os.path.join(folder, *(name or ["step-00000003.pt"]))
        with open(path, "wb") as file:
            file.write(content)
        watched()
        begin = time.process_time()
        outcome = opened(path)
        if time.process_time() - begin > SECONDS:
            outcome = f"slow {outcome}"
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        if grown > 2 * len(content) + MEMORY:
            outcome = f"memory {grown >> 20} MB, {outcome}"
        if started:
            outcome = f"started {started}"
        line = outcome.replace("\n", " ").encode("ascii", "replace")[:200] + b"\n"
        board[end : end + len(line)] = line
        end += len(line)
        board[:4] = struct.pack("<I", i + 1)
        os.unlink(path)


def _opened(path) -> str:
    """What becomes of a training that goes on from this checkpoint; afterwards it is as before."""
    training, right, expected = _ready()
    outcome = _gone_on(path, training, expected)
    if outcome not in ("refused", "same"):
        training.restore(copied(right))
    return outcome


def _gone_on(path, training, expected) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            training.restore(checkpoints.load(path), where=path)
        except GanCourseError as problem:
            if len(str(problem).splitlines()) > 3:
                return "traceback: a message of many lines"
            return "refused" if digest(training.state()) == expected else "changed"
        except Exception as problem:
            return f"traceback {type(problem).__name__}: {problem}"
        if digest(training.state()) == expected:
            return "same"
        try:
            training.advance(1)
        except GanCourseError:
            return "other, stopped"
        except Exception as problem:
            return f"traceback {type(problem).__name__} in the step: {problem}"
        return "other"
