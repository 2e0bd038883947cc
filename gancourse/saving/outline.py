"""What a checkpoint's pickle says, read as text: nothing in it is made, called or allocated.

A pickle is a program. Ours consists of two dozen instructions that build dictionaries, lists,
tuples, numbers, text and tensors; :func:`outline` follows these, and only these, and puts a
:class:`Leaf` where a tensor would be. Only a file whose outline is small, whose tensors are dense
and own the bytes that they claim is given to ``torch.load`` (which has ``weights_only=True`` on
top of it).
"""

import math
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

#: A checkpoint of a large network has some thousand values, ten deep.
INSTRUCTIONS, VALUES, DEPTH, AXES, DIGITS = 500_000, 200_000, 50, 16, 64
DTYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
TENSOR, ORDERED = "torch._utils _rebuild_tensor_v2", "collections OrderedDict"
GLOBALS = {TENSOR, ORDERED, *(f"torch {name}" for name in DTYPES)}


STOP = ord(".")


class ForeignError(ValueError):
    """The pickle does what no checkpoint of this package does."""


class Leaf(NamedTuple):
    """A tensor that is described but not made; ``entry`` is where its bytes lie."""

    entry: str
    dtype: torch.dtype
    shape: tuple[int, ...]


class Name(str):
    """The name of a function or a class."""


class Storage(NamedTuple):
    """The bytes of a tensor, described."""

    entry: str
    dtype: torch.dtype
    length: int


class Ordered(dict):
    """An OrderedDict, which may have ``_metadata`` of modules beside its entries."""

    beside: object = ()


def dense(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether the numbers lie side by side, each once, in whatever order of the axes."""
    expected = 1
    for stride, size in sorted((t, s) for s, t in zip(shape, strides, strict=True) if s != 1):
        if stride != expected:
            return False
        expected *= size
    return True


def outline(code: bytes, sizes: dict[str, int]) -> Any:
    """The value that ``code`` describes, with a :class:`Leaf` for each tensor.

    ``sizes`` are the bytes of each entry that holds numbers; each belongs to exactly one tensor.
    Raises :class:`ForeignError`.
    """
    try:
        reader = _Reader(code)
        found = reader.run()
    except ForeignError:
        raise
    except (LookupError, TypeError, ValueError, struct.error):
        raise ForeignError("its pickle is no pickle of a checkpoint") from None
    leaves = _leaves(found)
    for leaf in leaves:
        if sizes.get(leaf.entry) != math.prod(leaf.shape) * leaf.dtype.itemsize:
            raise ForeignError(f"{leaf.entry} is not as large as its tensor")
    if len(leaves) != len(sizes) or {leaf.entry for leaf in leaves} != sizes.keys():
        raise ForeignError("tensors share their numbers, or have none")
    return found


def _leaves(value) -> list[Leaf]:
    """All tensors in the value, which is small and not deep, however often it refers to a part."""
    leaves, waiting, seen = [], [(value, 0)], 0
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        if seen > VALUES or depth > DEPTH:
            raise ForeignError("it holds too many values, or too deep ones")
        if isinstance(part, Leaf):
            leaves.append(part)
        elif isinstance(part, Name | Storage):
            raise ForeignError("it holds something besides tensors and plain values")
        elif isinstance(part, dict):
            waiting += [(inner, depth + 1) for inner in part.values()]
            waiting.append((getattr(part, "beside", None), depth + 1))
            seen += len(part)
        elif isinstance(part, list | tuple):
            if seen + len(part) > VALUES:
                raise ForeignError("it holds too many values")
            waiting += [(inner, depth + 1) for inner in part]
    return leaves


class _Reader:
    """A stack machine with the instructions that checkpoints use."""

    def __init__(self, code: bytes):
        self.code, self.at = code, 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        code, acts = self.code, ACTS
        for _ in range(INSTRUCTIONS):
            sign = code[self.at]
            self.at += 1
            if (act := acts.get(sign)) is not None:
                act(self)
            elif sign != STOP:
                raise ForeignError(f"its pickle has an instruction {sign:#x}")
            elif len(self.stack) != 1 or self.marks or self.at != len(code):
                raise ForeignError("its pickle does not end where it should")
            else:
                return self.stack[0]
        raise ForeignError(f"its pickle has more than {INSTRUCTIONS} instructions")

    def number(self, form: str):
        (value,) = struct.unpack_from(form, self.code, self.at)
        self.at += struct.calcsize(form)
        return value

    def byte(self) -> int:
        self.at += 1
        return self.code[self.at - 1]

    def bytes(self, length: int) -> bytes:
        self.at += length
        if self.at > len(self.code):
            raise ForeignError("its pickle is cut off")
        return self.code[self.at - length : self.at]

    def pop(self):
        if self.marks and len(self.stack) <= self.marks[-1]:
            raise IndexError
        return self.stack.pop()

    def popped(self) -> list:
        """Everything since the last mark."""
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def header(self) -> None:
        if self.number("<B") != 2 or self.at != 2:
            raise ForeignError("its pickle is of another protocol")

    def mark(self) -> None:
        self.marks.append(len(self.stack))

    def tuple(self, length: int | None = None) -> None:
        items = self.popped() if length is None else [self.pop() for _ in range(length)][::-1]
        self.stack.append(tuple(items))

    def put(self, items: list) -> None:
        """Keys and values in turn, into the dictionary on top."""
        target = self.stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise TypeError
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (str, int, float, bool, type(None)) or key in target:
                raise ForeignError("a key is no text or number, or comes twice")
            target[key] = value

    def extend(self, items: list) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise TypeError
        target += items

    def remember(self) -> None:
        self.memo[self.byte()] = self.stack[-1]

    def recall(self) -> None:
        self.stack.append(self.memo[self.byte()])

    def remember_far(self) -> None:
        self.memo[self.number("<L")] = self.stack[-1]

    def recall_far(self) -> None:
        self.stack.append(self.memo[self.number("<L")])

    def small(self) -> None:
        self.stack.append(self.byte())

    def text(self) -> None:
        self.stack.append(self.bytes(self.number("<L")).decode("utf-8", "surrogatepass"))

    def long(self) -> None:
        length = self.number("<B")
        if length > DIGITS:
            raise ForeignError("it holds a number of too many digits")
        self.stack.append(int.from_bytes(self.bytes(length), "little", signed=True))

    def name(self) -> None:
        end = self.code.index(b"\n", self.code.index(b"\n", self.at) + 1)
        found = self.bytes(end - self.at)[:100].decode("latin-1").replace("\n", " ")
        self.at += 1
        if found not in GLOBALS:
            raise ForeignError(f"its pickle asks for {found!r}")
        self.stack.append(Name(found))

    def storage(self) -> None:
        kind, name, key, device, length = self.pop()
        if (
            (kind, type(name)) != ("storage", Name)
            or not isinstance(key, str)
            or not (isinstance(device, str) and device[:1].isalpha() and len(device) < 20)
            or type(length) is not int
        ):
            raise TypeError
        dtype = DTYPES[name.removeprefix("torch ")]
        self.stack.append(Storage(f"data/{key}", dtype, length))

    def call(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Name):
            raise TypeError
        if function == ORDERED and arguments == ():
            self.stack.append(Ordered())
        elif function == TENSOR:
            self.stack.append(_leaf(*arguments))
        else:
            raise TypeError

    def build(self) -> None:
        beside, target = self.pop(), self.stack[-1]
        if type(target) is not Ordered or type(beside) is not dict or beside.keys() - {"_metadata"}:
            raise TypeError
        target.beside = beside  # small as well, though nobody looks at it


def _leaf(storage, offset, shape, strides, requires_grad, hooks) -> Leaf:
    lengths = (offset, *shape, *strides)
    if (
        not isinstance(storage, Storage)
        or type(shape) is not tuple
        or type(strides) is not tuple
        or len(shape) != len(strides)
        or len(shape) > AXES
        or not all(type(n) is int and 0 <= n < 2**63 for n in lengths)
        or (requires_grad, type(hooks), len(hooks)) != (False, Ordered, 0)
    ):
        raise TypeError
    numbers = math.prod(shape)
    if (offset, numbers) != (0, storage.length) or (numbers and not dense(shape, strides)):
        raise ForeignError("a tensor is not dense")
    return Leaf(storage.entry, storage.dtype, shape)


def _pushes(make: Callable) -> Callable:
    return lambda reader: reader.stack.append(make())


ACTS: dict[int, Callable[[_Reader], None]] = {
    0x80: _Reader.header,
    ord("}"): _pushes(dict),
    ord("]"): _pushes(list),
    ord(")"): _pushes(tuple),
    ord("N"): _pushes(lambda: None),
    0x88: _pushes(lambda: True),
    0x89: _pushes(lambda: False),
    ord("("): _Reader.mark,
    ord("t"): _Reader.tuple,
    0x85: lambda reader: reader.tuple(1),
    0x86: lambda reader: reader.tuple(2),
    0x87: lambda reader: reader.tuple(3),
    ord("s"): lambda reader: reader.put([reader.pop(), reader.pop()][::-1]),
    ord("u"): lambda reader: reader.put(reader.popped()),
    ord("a"): lambda reader: reader.extend([reader.pop()]),
    ord("e"): lambda reader: reader.extend(reader.popped()),
    ord("q"): _Reader.remember,
    ord("r"): _Reader.remember_far,
    ord("h"): _Reader.recall,
    ord("j"): _Reader.recall_far,
    ord("X"): _Reader.text,
    ord("K"): _Reader.small,
    ord("M"): lambda reader: reader.stack.append(reader.number("<H")),
    ord("J"): lambda reader: reader.stack.append(reader.number("<i")),
    ord("G"): lambda reader: reader.stack.append(reader.number(">d")),
    0x8A: _Reader.long,
    ord("c"): _Reader.name,
    ord("R"): _Reader.call,
    ord("b"): _Reader.build,
    ord("Q"): _Reader.storage,
}
