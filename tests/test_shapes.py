"""The annotated shapes are checked in the tests of games, penalties and gans, and can fail."""

import pytest
import torch

from gancourse import games, gans, penalties
from shapes_checked import hold, shapes


def test_they_are_said_where_shapes_matter():
    assert set(shapes(games.Game.d_loss)) == {"real", "fake", "return"}
    assert set(shapes(penalties.slope)) == {"scores", "return"}
    assert len(shapes(gans.GAN.scores)["return"]) == 2


@pytest.mark.parametrize("shape", [(5,), (3, 5)])
def test_right_shapes_pass(shape, monkeypatch):
    hold(games, monkeypatch.setattr)
    assert games.Minimax().d_loss(torch.zeros(shape), torch.zeros(shape)).shape == shape[:-1]


@pytest.mark.parametrize("fake", [(4,), (3, 5)])
def test_batches_of_two_lengths_are_refused(fake, monkeypatch):
    """A method that a subclass states without annotations is held to its base's."""
    hold(games, monkeypatch.setattr)
    game = games.Minimax()
    with pytest.raises(AssertionError, match="fake of Minimax.d_loss"):
        game.d_loss(torch.zeros(5), torch.zeros(fake))


def test_a_loss_that_keeps_its_batch_is_refused(monkeypatch):
    monkeypatch.setattr(games.Minimax, "g_loss", lambda self, real, fake: fake)
    monkeypatch.setattr(games.Minimax.g_loss, "__module__", games.__name__)
    hold(games, monkeypatch.setattr)
    with pytest.raises(AssertionError, match="return of"):
        games.Minimax().g_loss(torch.zeros(5), torch.zeros(5))
