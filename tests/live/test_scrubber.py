"""A recorded training, scrubbed through: the moments are those of the run."""

import pytest
import torch

from gancourse.data import toys
from gancourse.live.scrubber import Recorder, training_scrubber
from gancourse.training import train
from live.harness import lively, pictures, points


def recorded(members=None, steps=12, every=4):
    recorder = Recorder(n=30, seed=3, member=1 if members else 0)
    training = train(
        points(members), toys.ring(8).batches(16, members), steps, watch=recorder, every=every
    )
    return recorder, training


@pytest.mark.parametrize("members", [None, 2])
def test_a_recorder_keeps_what_the_training_would_have_shown(members):
    recorder, training = recorded(members)
    mine = 1 if members else slice(None)
    assert recorder.steps == [4, 8, 12]
    for frame, (d, g), end in zip(recorder.frames, recorder.losses, recorder.steps, strict=True):
        again = train(points(members), toys.ring(8).batches(16, members), end)
        assert torch.equal(frame, again.sample(30, 3)[mine])
        losses = [loss[end - 4 :].reshape(4, -1)[:, mine].mean() for loss in again.history[:2]]
        assert [d, g] == pytest.approx([v.item() for v in losses], rel=1e-6)


def test_watching_changes_nothing():
    _, watched = recorded()
    alone = train(points(), toys.ring(8).batches(16), 12)
    assert torch.equal(watched.sample(20), alone.sample(20))


def test_scrubbing_shows_each_moment():
    pytest.importorskip("ipywidgets", reason="SKIPPED: ipywidgets is not installed")
    recorder, _ = recorded()
    scrubber = training_scrubber(recorder, toys.ring(8).sample(50, seed=0))
    scrubber.controls()
    shown = {}
    for i in (2, 0, 1):
        scrubber.slider.value = i
        d, g = recorder.losses[i]
        assert scrubber.text.value == f"step {4 * (i + 1)}: loss of D {d:.3f}, of G {g:.3f}"
        assert scrubber.image.value == scrubber.picture([i], across=1)._repr_png_()
        shown[i] = scrubber.image.value
    assert len(set(shown.values())) == 3
    assert scrubber.slider.max == scrubber.play.max == 2


def test_pictures_are_scrubbed_as_sheets_and_the_still_picture_takes_eight_moments():
    recorder = Recorder(n=4)
    gan = lively(pictures())
    train(gan, [(torch.zeros(4, 3, 16, 16),)], 20, watch=recorder, every=1)
    still = training_scrubber(recorder).still()
    titles = [ax.get_title() for ax in still.axes]
    assert titles == [f"step {k}" for k in (1, 2, 4, 6, 9, 12, 16, 20)]
