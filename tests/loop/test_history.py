"""The losses of a run, as they come and as they are kept."""

import torch

from gancourse.loop.history import History, LoneHistory, Record


def empty():
    return History(torch.zeros(0), torch.zeros(0))


def test_every_loss_is_kept_in_its_place():
    record = Record(empty())
    for step in range(250):
        record.add(torch.tensor(float(step)), torch.tensor(-float(step)))
        if step == 120:
            assert len(record.history().d_loss) == 121
    history = record.history()
    assert torch.equal(history.d_loss, torch.arange(250.0))
    assert torch.equal(history.g_loss, -torch.arange(250.0))
    assert record.history() is history  # nothing came in between


def test_it_asks_to_be_collected_once_in_a_hundred_steps():
    record, one = Record(empty()), torch.ones(())
    asked = []
    for step in range(1, 301):
        if record.add(one, one):
            asked.append(step)
            record.history()
    assert asked == [100, 200, 300]


def test_members_and_one_player_keep_their_form_and_half_precision_is_widened():
    record = Record(LoneHistory(torch.zeros(0, 3)))
    record.add(torch.tensor([1.0, 2.0, 3.0], dtype=torch.bfloat16))
    (loss,) = record.history()
    assert isinstance(record.history(), LoneHistory) and loss.dtype == torch.float32
    assert torch.equal(loss, torch.tensor([[1.0, 2.0, 3.0]]))


def test_it_prints_its_length_and_its_end_on_one_line():
    history = History(torch.linspace(2, 1.3863, 5000), torch.full((5000,), 0.6931))
    assert str(history) == "History(5000 steps; the last with d_loss 1.386, g_loss 0.6931)"
    members = LoneHistory(torch.tensor([[9.0, 9.0], [1.0, 2.0]]))
    assert repr(members) == "LoneHistory(2 steps; the last with loss 1.5; means of 2 members)"
    assert str(LoneHistory(torch.empty(0))) == "LoneHistory(0 steps)"


def test_it_still_is_a_tuple():
    d_loss, g_loss = history = History(torch.ones(2), torch.zeros(2))
    assert history.d_loss is d_loss and history[1] is g_loss and len(history) == 2
