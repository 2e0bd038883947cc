"""What stands behind the progress bar."""

import io
from functools import partial

import torch

from gancourse.data.toys import ring
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.loop import bar
from gancourse.networks.mlp import mlp
from gancourse.training import Training


def test_losses_are_shown_at_times_beside_the_words_of_others(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(bar.time, "monotonic", lambda: now[0])
    shown = bar.Bar(10, disable=False, file=io.StringIO())
    shown.tell(("d_loss", "g_loss"), (torch.tensor(1.0), torch.tensor(2.0)))
    assert not shown.words, "too early"
    now[0] += bar.PAUSE
    shown.set_postfix({"images/s": 7}, refresh=False)
    shown.tell(("d_loss", "g_loss"), (torch.tensor([1.0, 2.0]), torch.tensor(2.0)))
    assert shown.words == {"images/s": 7, "D": "1.500", "G": "2.000"}
    assert shown.postfix == "images/s=7, D=1.500, G=2.000"
    shown.tell(("d_loss", "g_loss"), (torch.tensor(5.0), torch.tensor(5.0)))
    assert shown.words["D"] == "1.500", "half a second has not passed"


def test_a_training_shows_the_losses_of_both_players(monkeypatch):
    monkeypatch.setattr(bar, "PAUSE", 0.0)
    net = dict(generator=mlp(2, 2, width=4), discriminator=mlp(2, 1, width=4), latent_dim=2)
    training, seen = Training(GAN(NonSaturating(), **net), ring().batches(4)), []
    make = partial(bar.Bar, disable=False, file=io.StringIO())
    monkeypatch.setattr("gancourse.training.Bar", make)

    def watch(training):
        last = [f"{losses[-1].item():.3f}" for losses in training.history]
        seen.append(training.bar.words == dict(zip(("D", "G"), last, strict=True)))

    training.advance(3, watch, every=1)
    assert seen == [True] * 3


def test_of_a_single_step_nothing_is_shown():
    """Else the steps that are timed before a run would each leave a bar."""
    assert bar.Bar(1).disable and not bar.Bar(2, disable=False).disable
    seen = io.StringIO()
    assert list(bar.Bar(1, file=seen)) == [0] and not seen.getvalue()
