"""Repaired samples: the parts of the script, and the file that it has written."""

import torch

from gancourse.experiments import mh_gan as script
from gancourse.experiments.measured import measured


def test_a_quick_run_has_the_form_of_the_file(monkeypatch):
    monkeypatch.setattr(script, "OFFERS", (2, 4))
    monkeypatch.setattr(script, "FRESH", 300)
    found, kept = script.EXPERIMENT.main(["--quick"]), measured("mh_gan")
    assert [*found] == [key for key in kept if key != "meta"]
    assert set(found["before"]) == set(kept["before"])
    for name in script.JUDGES:
        assert [row["offers"] for row in kept[name]] == [10, 40, 160, 640]
        for row in found[name]:
            assert set(row) == set(kept[name][0])
            assert all(len(row[key]) == script.MEMBERS for key in row if key != "offers")


def test_the_judge_trains_without_touching_the_generator():
    torch.manual_seed(0)
    generator = script.mlp(2, 2, members=script.MEMBERS)
    before = [weight.clone() for weight in generator.parameters()]
    judge = script.Judge(generator)
    batches = script.grid().batches(32, members=script.MEMBERS)
    run = script.train(judge, batches, 5, optimizer=script.adam(3e-3), seed=0)
    assert run.history.loss.shape == (5,)
    for weight, old in zip(generator.parameters(), before, strict=True):
        assert torch.equal(weight, old)
