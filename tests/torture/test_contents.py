"""What a checkpoint holds: everything that matters, nothing for show, and watching is free."""

import copy

import pytest
import torch
from victim import STEPS, build, digest

from gancourse.errors import GanCourseError
from gancourse.saving import checkpoints
from gancourse.training import Training, train

#: Entries whose loss is allowed to go unnoticed, with the reason.
DECORATIVE = {
    "notes": "words for people; a resumed run writes the notes that it is given",
    "versions": "says where the run was made, for whoever wonders why two machines differ",
}


def paths_of(state, before=()):
    for key, value in state.items():
        yield (*before, key)
        if isinstance(value, dict):
            yield from paths_of(value, (*before, key))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for i, part in enumerate(value):
                yield from paths_of(part, (*before, key, i))


def without(state, path):
    smaller = copy.deepcopy(state)
    owner = smaller
    for key in path[:-1]:
        owner = owner[key]
    del owner[path[-1]]
    return smaller


def ending(which, state):
    """The digest of the run that goes on from ``state``, built from other weights."""
    gan, batches, settings = build(which, seed=9)
    training = Training(gan, batches, **settings)
    training.restore(state)
    return digest(training.advance(4).state())


@pytest.mark.parametrize(
    "which", ["toy", *(pytest.param(w, marks=pytest.mark.torture) for w in ("dcgan", "wgan-gp"))]
)
def test_every_entry_of_a_checkpoint_is_needed(which, tmp_path):
    gan, batches, settings = build(which)
    train(gan, batches, 5, folder=tmp_path, **settings)
    state = checkpoints.load(tmp_path / "step-00000005.pt")
    whole, unnoticed, counts = ending(which, state), [], {"error": 0, "other end": 0}
    assert ending(which, state) == whole, "restoring does not use up the state"
    for path in paths_of(state):
        if path[0] in DECORATIVE or path == ("format",):  # the format is checked by `load`
            continue
        try:
            if ending(which, without(state, path)) == whole:
                unnoticed.append(path)
            else:
                counts["other end"] += 1
        except GanCourseError:
            counts["error"] += 1
    print(f"\n{which}: {counts}, unnoticed {unnoticed}")
    assert unnoticed == []
    for name in DECORATIVE:
        assert ending(which, without(state, (name,))) == whole, f"{name} matters after all"


@pytest.mark.parametrize(
    "path, wrong",
    [
        *((("step",), value) for value in (-1, 1.5, "4", None, torch.ones(2), True)),
        *((("settings",), value) for value in ([], "x", 3, None)),
        *((("gan",), value) for value in ([], {}, "x", None, {"G.0.weight": 3})),
        *((("average",), value) for value in ([], {}, "x")),
        *(
            (("d_optimizer",), value)
            for value in (
                [],
                {},
                "x",
                {"state": [], "param_groups": 0},
                {"state": {}, "param_groups": [3]},
            )
        ),
        *((("history",), value) for value in ([], {}, {"d_loss": 3, "g_loss": 4})),
        (("d_optimizer", "state", 0), {}),
        (("d_optimizer", "state", 0), 7),
        (("d_optimizer", "state", 0, "exp_avg"), torch.zeros(3)),
        (("g_optimizer", "param_groups", 0, "params"), [0]),
        (("g_optimizer", "param_groups", 0, "betas"), "xy"),
    ],
)
def test_an_entry_of_another_kind_is_one_clear_error(path, wrong):
    gan, batches, settings = build("toy")
    state = copy.deepcopy(Training(gan, batches, **settings).advance(5).state())
    owner = state
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = wrong
    with pytest.raises(GanCourseError) as error:
        ending("toy", state)
    assert len(str(error.value).splitlines()) <= 3


def watched(which, tmp_path, **observing):
    gan, batches, settings = build(which)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        training = train(gan, batches, STEPS[which] // 2, **observing, **settings)
    return digest(training.state())


def plot(training):
    import matplotlib.pyplot as plt

    from gancourse import plots

    plots.losses(training.history)
    plt.close("all")


OBSERVERS = {
    "every step": dict(watch=lambda training: training.history, every=1),
    "every 1000": dict(watch=lambda training: training.history, every=1000),
    "sampling": dict(watch=lambda training: (training.sample(5), training.gan.sample(3)), every=2),
    "drawing": dict(watch=lambda training: torch.randn(3), every=1),
    "reseeding": dict(watch=lambda training: torch.manual_seed(0), every=3),
    "the state": dict(watch=lambda training: training.state(), every=1),
    "plotting": dict(watch=plot, every=7),
    "saving": dict(folder="a", save_every=1),
    "saving rarely": dict(folder="b", save_every=1000),
    "all of it": dict(
        folder="c",
        save_every=3,
        every=1,
        watch=lambda training: (training.sample(4), torch.rand(9), training.history),
    ),
}


@pytest.mark.parametrize("which", STEPS)
def test_watching_changes_nothing(which, tmp_path):
    plain = watched(which, tmp_path)
    for name, observing in OBSERVERS.items():
        if "folder" in observing:
            observing = {**observing, "folder": tmp_path / observing["folder"]}
        assert watched(which, tmp_path, **observing) == plain, name
