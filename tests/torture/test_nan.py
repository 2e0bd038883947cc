"""NaN and infinity: wherever they appear the run stops in that step, and says where."""

import math

import pytest
import torch
from victim import STEPS, build, digest

from gancourse.errors import GanCourseError
from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper
from gancourse.training import Training, train

STEP = 7
#: In the quick subset the toy is poisoned in every way, in `make torture` the pictures are too.
WHICH = [
    "toy",
    *(pytest.param(which, marks=pytest.mark.torture) for which in STEPS if which != "toy"),
]


def poison_data(gan, batches, poison):
    def poisoned():
        for step, (x,) in enumerate(batches):
            if step // d_steps == STEP:
                x = x.clone()
                x[(0,) * x.ndim] = poison
            yield (x,)

    d_steps = 2 if gan.game.penalty else 1
    return poisoned()


def poison_loss(name):
    def poison_(gan, batches, poison):
        loss = getattr(gan, name)
        setattr(gan, name, lambda x: loss(x) * (poison if gan.at() else 1))
        return batches

    return poison_


def poison_gradient(player):
    def poison_(gan, batches, poison):
        weight = list(getattr(gan, player).parameters())[2]
        weight.register_hook(lambda grad: grad * poison if gan.at() else grad)
        return batches

    return poison_


SITES = {
    "data": poison_data,
    "D's loss": poison_loss("d_loss"),
    "G's loss": poison_loss("g_loss"),
    "gradient of D": poison_gradient("D"),
    "gradient of G": poison_gradient("G"),
}
NAMES = {
    "data": "batch",
    "D's loss": "loss",
    "G's loss": "loss",
    "gradient of D": r"gradient of D\.",
    "gradient of G": r"gradient of G\.",
}


@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("which", WHICH)
def test_it_stops_within_the_step_and_the_last_checkpoint_is_good(which, site, poison, tmp_path):
    gan, batches, settings = build(which)
    training = None

    def watch(now):
        nonlocal training
        training = now

    gan.at = lambda: training is not None and training.step == STEP
    batches = SITES[site](gan, batches, poison)
    with pytest.raises(GanCourseError, match=f"step {STEP}") as error:
        train(gan, batches, 20, folder=tmp_path, save_every=5, watch=watch, every=1, **settings)
    assert error.match(NAMES[site]) and len(str(error.value).splitlines()) <= 3
    assert training.step == STEP
    assert all(w.isfinite().all() for w in gan.parameters()), "no weight was touched"
    # Saved is the state before the bad step, unless that step has left something half done.
    whole = site == "data" or (which == "toy" and site.endswith(("D's loss", "of D")))
    path, state = Keeper(tmp_path).newest()
    assert path.name == f"step-{STEP if whole else 5:08d}.pt"
    gan, batches, settings = build(which, seed=4)
    resumed = train(gan, batches, 8, folder=tmp_path, resume=True, **settings)
    gan, batches, settings = build(which)
    assert digest(resumed.state()) == digest(train(gan, batches, 8, **settings).state())


@pytest.mark.parametrize("poison", [math.nan, math.inf])
@pytest.mark.parametrize("where", ["G", "D", "average", "d_optimizer", "g_optimizer"])
@pytest.mark.parametrize("which", WHICH)
def test_a_state_that_is_not_finite_is_never_written_and_stops_the_run(
    which, where, poison, tmp_path
):
    gan, batches, settings = build(which)
    training = train(gan, batches, 5, folder=tmp_path, **settings)
    before = digest(checkpoints.load(tmp_path / "step-00000005.pt"))
    with torch.no_grad():
        if where.endswith("optimizer"):
            tensor = next(iter(training.players[where[0]].optimizer.state.values()))["exp_avg"]
        else:
            owner = training.average if where == "average" else getattr(gan, where)
            tensor = next(iter(owner.parameters()))
        tensor[(0,) * tensor.ndim] = poison
    for write in (
        lambda: training.save(tmp_path / "x.pt"),
        lambda: Keeper(tmp_path).save(training),
    ):
        with pytest.raises(GanCourseError, match="is not finite"):
            write()
    assert digest(checkpoints.load(Keeper(tmp_path).newest()[0])) == before
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000005.pt"]
    if where in ("G", "D"):
        with pytest.raises(GanCourseError, match=rf"step 5.*{where}\.\S+ is not finite"):
            training.advance(1)
        assert training.step == 5


@pytest.mark.parametrize("which", STEPS)
def test_a_statistic_that_is_not_finite_is_noticed(which, tmp_path):
    gan, batches, settings = build(which)
    training = Training(gan, batches, **settings).advance(1)
    buffers = [b for b in gan.buffers() if b.is_floating_point()]
    if not buffers:
        assert which == "toy", "only the toy has no batch norm"
        return
    buffers[0][0] = math.nan
    with pytest.raises(GanCourseError, match="is not finite"):
        training.save(tmp_path / "x.pt")


@pytest.mark.parametrize("lr", [1e6, 1e30])
@pytest.mark.parametrize("which", STEPS)
def test_a_run_that_explodes_by_itself_ends_in_one_clear_error_or_stays_finite(which, lr, tmp_path):
    gan, batches, settings = build(which)
    from gancourse.training import adam

    try:
        train(gan, batches, 20, folder=tmp_path, save_every=1, optimizer=adam(lr), **settings)
    except GanCourseError as problem:
        assert "not finite" in str(problem) and "step" in str(problem)
    for path in Keeper(tmp_path).paths():
        checkpoints.load(path)  # whatever was written is good: load refuses NaN
