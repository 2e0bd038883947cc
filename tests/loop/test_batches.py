import random

import numpy as np
import pytest
import torch
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    WeightedRandomSampler,
    get_worker_info,
)

from gancourse.errors import GanCourseError
from gancourse.loop.batches import Stream, fingerprint

CPU = torch.device("cpu")


def first(stream, n):
    return [next(stream)[0].item() for _ in range(n)]


@pytest.mark.parametrize(
    "skip, numbers", [(0, [0, 1, 2, 0, 1]), (2, [2, 0, 1, 2, 0]), (7, [1, 2, 0, 1, 2])]
)
def test_a_list_goes_round_and_resumes_at_its_position(skip, numbers):
    assert (
        first(Stream([torch.tensor(i) for i in range(3)], CPU, place=(skip // 3, skip % 3)), 5)
        == numbers
    )


def test_what_has_no_length_resumes_at_its_position_too():
    class Repeated:
        def __iter__(self):
            return iter([(torch.tensor(5),), (torch.tensor(6),)])

    assert first(Stream(Repeated(), CPU, place=(4, 1)), 3) == [6, 5, 6]


@pytest.mark.parametrize("nothing", [[], iter([])])
def test_nothing_is_an_error(nothing):
    with pytest.raises(GanCourseError, match="the batches ran out"):
        next(Stream(nothing, CPU))


# ---- what can be started again resumes to the same batches ---------------------------------------


class Rows(Dataset):
    """Ten rows, a little noise on each from somewhere."""

    def __init__(self, noise=lambda self: 0.0):
        self.noise = noise
        self.numpys, self.pythons = np.random.default_rng(3), random.Random(4)

    def __len__(self):
        return 10

    def __getitem__(self, i):
        return torch.tensor([float(i)]) + self.noise(self)


class Flow(IterableDataset):
    """Seven rows without a length, shared out among the workers."""

    def __iter__(self):
        worker = get_worker_info()
        share = range(worker.id, 7, worker.num_workers) if worker else range(7)
        return (torch.tensor([float(i)]) + torch.rand(1) for i in share)


NOISE = {
    "none": lambda self: 0.0,
    "torch": lambda self: torch.rand(1),
    "numpy": lambda self: float(np.random.rand()),
    "python": lambda self: random.random(),
    "numpy's own": lambda self: float(self.numpys.random()),
    "python's own": lambda self: self.pythons.random(),
}
LOADERS = {
    "in order": lambda noise, **how: DataLoader(Rows(noise), 3, **how),
    "shuffled": lambda noise, **how: DataLoader(Rows(noise), 3, shuffle=True, **how),
    "by a generator": lambda noise, **how: DataLoader(
        Rows(noise), 3, shuffle=True, generator=torch.Generator().manual_seed(5), **how
    ),
    "weighted": lambda noise, **how: DataLoader(
        Rows(noise), 3, sampler=WeightedRandomSampler(torch.arange(1.0, 11), 8), **how
    ),
    "iterable": lambda noise, **how: DataLoader(Flow(), 3, **how),
}
CASES = [
    (kind, noise, workers)
    for kind in LOADERS
    for noise in (NOISE if kind == "shuffled" else ["torch"])
    for workers in ((0, 1, 2) if (kind, noise) == ("shuffled", "torch") else (0, 2))
]


def drawn(stream, n):
    return [next(stream)[0].flatten().tolist() for _ in range(n)]


@pytest.mark.parametrize("kind, noise, workers", CASES)
def test_a_loader_resumes_to_the_same_batches(kind, noise, workers):
    """From one run in which the random state of the moment is another one at each batch."""
    make = lambda: LOADERS[kind](NOISE[noise], num_workers=workers)
    stream = Stream(make(), CPU, seed=1)
    with stream.aside():
        whole, places = [], []
        for i in range(9):
            torch.manual_seed(i)
            places.append(stream.place)
            whole += drawn(stream, 1)
    assert len({place[0] for place in places}) > 1, "it went round"
    for at in (2, 5) if workers else range(9):
        torch.manual_seed(77 + at)
        random.seed(at)
        resumed = Stream(make(), CPU, seed=1, place=places[at])
        with resumed.aside():
            assert drawn(resumed, 9 - at) == whole[at:]
    if kind != "in order" or noise != "none":
        assert drawn(Stream(make(), CPU, seed=2), 3) != whole[:3], "another seed, other batches"
    if kind == "shuffled":
        assert whole[:3] != whole[4:7], "another pass, another order"


def test_whose_random_state_it_was_gets_it_back():
    torch.manual_seed(1), random.seed(2), np.random.seed(3)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    stream = Stream(LOADERS["shuffled"](NOISE["numpy"]), CPU)
    with stream.aside():
        drawn(stream, 5)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (random.getstate(), np.random.get_state()[1].tolist())


def test_a_loader_that_cannot_be_repeated_is_refused_before_the_first_step():
    for wrong, fix in ((dict(persistent_workers=True), "False"), (dict(in_order=False), "True")):
        loader = DataLoader(Rows(), 3, num_workers=1, **wrong)
        with pytest.raises(GanCourseError, match="cannot be repeated") as error:
            Stream(loader, CPU)
        assert error.value.fix == f"pass {next(iter(wrong))}={fix}"


def test_a_failed_batch_is_asked_for_again():
    class Flaky(Rows):
        broken = True

        def __getitem__(self, i):
            if i == 4 and Flaky.broken:
                raise OSError("worn")
            return super().__getitem__(i)

    stream = Stream(DataLoader(Flaky(), 3), CPU)
    assert drawn(stream, 1) == [[0, 1, 2]]
    for _ in range(2):
        with pytest.raises(OSError):
            next(stream)
    Flaky.broken = False
    assert drawn(stream, 1) == [[3, 4, 5]] and stream.place == (0, 2)


def test_what_tells_batches_from_others():
    data = torch.arange(10.0)[:, None]
    loader = lambda x, **how: DataLoader(TensorDataset(x), 3, **how)
    found = [
        fingerprint(batches)
        for batches in (
            [data],
            [data + 1],
            [data.double()],
            [data.view(2, 5)],
            [(data, data)],
            loader(data),
            loader(data, shuffle=True),
            loader(data + 1),
        )
    ]
    assert None not in found and len(set(found)) == len(found)
    assert found[0] == fingerprint((data.clone(),)) and found[5] == fingerprint(loader(data))
    for unknown in (iter([data]), DataLoader(Rows(), 3), [], [[1]], ["x"]):
        assert fingerprint(unknown) is None
