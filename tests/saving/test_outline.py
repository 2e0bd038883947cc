"""A checkpoint's archive and pickle, read before torch reads them."""

import io
import struct
import time

import pytest
import torch

from gancourse.saving import archive, outline


def parts(value):
    file = io.BytesIO()
    torch.save(value, file)
    return archive.entries(file)


def read(value):
    return outline.outline(*parts(value))


def test_what_torch_has_written_is_described():
    metadata = torch.nn.BatchNorm1d(3).state_dict()  # an OrderedDict with something beside it
    found = read(
        {"a": [1, 2.5, None, True, "ä", (2**40, -1)], "t": torch.ones(2, 3), "m": metadata}
    )
    assert found["a"] == [1, 2.5, None, True, "ä", (2**40, -1)]
    assert found["t"][1:] == (torch.float32, (2, 3))
    assert found["m"]["num_batches_tracked"][1:] == (torch.int64, ())


@pytest.mark.parametrize("dtype", outline.DTYPES.values())
def test_every_plain_dtype_and_both_layouts_of_pictures(dtype):
    pictures = torch.zeros(2, 3, 4, 4).to(dtype).to(memory_format=torch.channels_last)
    assert read({"x": pictures})["x"][1:] == (dtype, (2, 3, 4, 4))
    assert read([torch.empty(0, dtype=dtype)])[0].shape == (0,)


@pytest.mark.parametrize(
    "value, told",
    [
        (torch.zeros(1).expand(3), "not dense"),
        (torch.zeros(4)[::2], "not dense"),
        (torch.zeros(4)[2:], "not dense"),
        (torch.zeros(2, 2)[:, :1], "not dense"),
        ((a := torch.zeros(3), a[:]), "share"),
        ({1, 2}, "asks for"),
        (1j, "asks for"),
        (torch.nn.Parameter(torch.zeros(2)), "asks for"),
        (torch.zeros(2).to_sparse(), "asks for"),
        ({(1, 2): 3}, "a key"),
        (2**1000, "digits"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_anything_else_is_foreign(value, told):
    with pytest.raises(outline.ForeignError, match=told):
        read({"x": value})


@pytest.mark.parametrize(
    "code",
    [
        b"\x80\x02" + b"]" * 10**6 + b".",
        b"\x80\x02" + b"(" * 10**6 + b".",
        b"\x80\x02](" + b"]" * 400_000 + b"e.",
        b"\x80\x02]q\x00" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(60)) + b".",
        b"\x80\x02]q\x00h\x00a.",
        b"\x80\x02X" + struct.pack("<L", 2**32 - 1) + b"x.",
        b"\x80\x02c" + b"x" * 10**6,
    ],
    ids=["lists", "marks", "values", "references", "itself", "text", "name"],
)
def test_small_files_that_ask_for_much_are_refused_at_once(code):
    begin = time.process_time()
    with pytest.raises(outline.ForeignError):
        outline.outline(code, {})
    assert time.process_time() - begin < 2


def test_dense_is_what_torch_calls_so():
    rng = torch.Generator().manual_seed(0)
    for _ in range(300):
        shape = torch.randint(1, 4, (4,), generator=rng).tolist()
        t = torch.zeros(shape).permute(torch.randperm(4, generator=rng).tolist())
        assert outline.dense(t.shape, t.stride())
        if t.numel() > 1:
            axis = max(range(4), key=lambda i, t=t: t.shape[i])
            part = torch.cat([t, t], axis).narrow(axis, 0, t.shape[axis])
            whole = part.untyped_storage().nbytes() == part.numel() * part.element_size()
            assert not (whole and outline.dense(part.shape, part.stride()))
            assert not outline.dense(t.shape, (0,) * 4)
