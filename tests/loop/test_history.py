"""The losses of a run, as they are printed."""

import torch

from gancourse.loop.history import History, LoneHistory


def test_it_prints_its_length_and_its_end_on_one_line():
    history = History(torch.linspace(2, 1.3863, 5000), torch.full((5000,), 0.6931))
    assert str(history) == "History(5000 steps; the last with d_loss 1.386, g_loss 0.6931)"
    members = LoneHistory(torch.tensor([[9.0, 9.0], [1.0, 2.0]]))
    assert repr(members) == "LoneHistory(2 steps; the last with loss 1.5; means of 2 members)"
    assert str(LoneHistory(torch.empty(0))) == "LoneHistory(0 steps)"


def test_it_still_is_a_tuple():
    d_loss, g_loss = history = History(torch.ones(2), torch.zeros(2))
    assert history.d_loss is d_loss and history[1] is g_loss and len(history) == 2
