"""The experiment of chapter 10: its parts against torch, and what the chapter says of it."""

import pytest
import torch
from torch import nn

from gancourse.experiments import normalization as lab
from gancourse.experiments.measured import measured
from gancourse.metrics import interval


def test_ensemble_norm_is_torchs():
    """Each member by itself; in lots, each lot by itself."""
    torch.manual_seed(0)
    h = 3 * torch.randn(lab.SEEDS, 16, 5) + 1
    ours, lots, layer = lab.Norm(5), lab.Norm(5, lot=4), nn.BatchNorm1d(5)
    torch.testing.assert_close(ours(h)[2], layer(h[2]), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(lots(h)[2, 4:8], layer(h[2, 4:8]), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.mean[2, 0], 0.1 * h[2].mean(0), rtol=1e-5, atol=1e-5)
    whole = lab.Norm(5, pixels=True)(h)
    assert whole.mean((1, 2)).abs().max() < 1e-5


def test_noise_only_in_training_and_shared_by_a_batch():
    torch.manual_seed(0)
    noise, h = lab.Noise(), torch.zeros(lab.SEEDS, 200, 6)
    shaken = noise(h)
    assert shaken.mean(1).std() > 0.2 and shaken.std(1).max() < 0.1
    assert torch.equal(noise.eval()(h), h)


def test_at_evaluation_the_noise_is_its_mean():
    """Averaged over many draws, the noisy output is the one without noise; a slip forgets it."""
    torch.manual_seed(0)
    noise, h = lab.Noise(), torch.ones(lab.SEEDS, 3, 2000)
    assert noise(h).mean().item() == pytest.approx(noise.eval()(h).mean().item(), abs=0.01)
    net = nn.Sequential(noise)
    slip = lab.forgetful(net)
    assert torch.equal(slip(h), h) and torch.equal(net(h), 1.125 * h)


def test_the_settled_loss_sees_all_samples_without_noise():
    torch.manual_seed(0)
    net = lab.classifier("noisy", 6, depth=2, width=5)
    x, y = torch.randn(12, 6), torch.randint(10, (12,))
    loss = lab.settled(net, x, y)
    assert torch.equal(loss, lab.settled(net, x, y)) and loss.shape == (lab.SEEDS,)
    net.train()
    assert not torch.equal(loss, lab.loss_of(net, x.expand(lab.SEEDS, -1, -1), y.expand(8, -1)))


def test_turn_is_one_without_a_step_and_less_after_one():
    torch.manual_seed(0)
    net = lab.classifier("plain", 8, depth=4, width=10)
    other = lab.classifier("plain", 8, depth=4, width=10)
    x, y = torch.randn(lab.SEEDS, 20, 8), torch.randint(10, (lab.SEEDS, 20))
    assert lab.turn(net, net, x, y) == pytest.approx(1)
    assert lab.turn(net, other, x, y) < 0.9
    assert lab.drift(net, net, x) == 0 < lab.drift(net, other, x)


def test_together_mixes_the_scores_and_apart_does_not():
    torch.manual_seed(0)
    x, fake = torch.randn(2, lab.SEEDS, 8, 10)
    scores = {
        how: lab.Batching(how, generator=lab.generator(10), discriminator=D).scores(x, fake)
        for D in [lab.discriminator(10)]
        for how in ("apart", "together")
    }
    assert (scores["apart"][0] - scores["together"][0]).abs().max() > 1e-3


def test_a_member_that_diverges_does_not_stop_the_others():
    """Its loss is noted as it is; theirs, and their weights, are those of a run without it."""
    x, y = torch.randn(30, 6), torch.randint(10, (30,))

    def run(spoilt):
        torch.manual_seed(0)
        net = lab.classifier("plain", 6, depth=3, width=8)
        with torch.no_grad():
            net[0][0].weight[2] *= 1e30 if spoilt else 1
        return lab.fit(net, x, y, steps=5, lr=0.1, batch=8), net[-1].weight

    (losses, weight), (healthy, expected) = run(True), run(False)
    others = [i for i in range(lab.SEEDS) if i != 2]
    assert not losses[-1, 2].isfinite() and healthy.isfinite().all()
    assert torch.equal(losses[:, others], healthy[:, others])
    assert torch.equal(weight[others], expected[others])
    assert healthy[-1].mean() < healthy[0].mean()


def test_the_watch_sees_one_step_and_its_batch():
    torch.manual_seed(0)
    x, y = torch.randn(30, 6), torch.randint(10, (30,))
    net, seen = lab.classifier("plain", 6, depth=3, width=8), []

    def watch(before, after, x, y):
        a, b = before[-1].weight, after[-1].weight
        slope = torch.autograd.grad(lab.loss_of(before, x, y).sum(), a)[0]
        seen.append((a - b, slope))

    lab.fit(net, x, y, steps=40, lr=0.1, batch=8, watch=watch)
    assert len(seen) == 2
    # Momentum adds to the slope of this batch, but the step goes along with it.
    assert all(torch.cosine_similarity(step.flatten(), s.flatten(), 0) > 0.3 for step, s in seen)


def test_a_quick_run_has_the_form_of_the_file():
    found, kept = lab.EXPERIMENT.main(["--quick"]), measured("normalization")
    assert [*found] == ["shift", "noise", "gan"]
    for kind, runs in found["shift"].items():
        assert set(runs) == set(kept["shift"][kind])
        assert set(runs["rates"]) == set(kept["shift"][kind]["rates"])
    assert set(found["noise"]) == set(kept["noise"])
    for place, run in found["gan"].items():
        assert set(run) == set(kept["gan"][place])


# ---- what the chapter says of the file ---------------------------------------------------------

NUMBERS = measured("normalization")
average = lambda values: interval([v for v in values if v is not None])[0]
upper, lower = (lambda v: sum(interval(v))), (lambda v: interval(v)[0] - interval(v)[1])


def test_shift_as_told():
    plain, norm, noisy = NUMBERS["shift"].values()
    best = lambda runs, key: average(runs["rates"][str(runs["best_rate"])][key])
    assert min(noisy["drift"]) > max(plain["drift"]) > min(plain["drift"]) > max(norm["drift"])
    assert max(noisy["turn"]) < min(plain["turn"])
    assert best(norm, "settled") < best(noisy, "settled") < best(plain, "settled")
    assert best(norm, "accuracy") > best(noisy, "accuracy") > best(plain, "accuracy")
    for rate in ("0.1", "0.3"):
        assert None in plain["rates"][rate]["loss"] and None not in noisy["rates"][rate]["loss"]
        assert average(noisy["rates"][rate]["loss"]) < 0.4 < average(plain["rates"][rate]["loss"])


def test_noise_as_told():
    lots = NUMBERS["noise"]
    losses = [average(run["train_loss"]) for run in lots.values()]
    assert losses == sorted(losses)
    assert all(lower(run["accuracy"]) < average(lots["128"]["accuracy"]) for run in lots.values())
    assert upper(lots["2"]["accuracy"]) < 0.6


def test_gan_as_told():
    good = {name: run["good"] for name, run in NUMBERS["gan"].items()}
    together = good["together in both turns"]
    for name in ("real and fake apart", "together in D's turn only", "smaller D: apart"):
        assert max(good[name]) < 0.02 < min(together)
    assert lower(good["no batch norm in D"]) > upper(together)
    assert average(good["smaller D: no batch norm"]) > average(good["smaller D: together"])
    assert average(good["together, also at D's input"]) > average(together)
    assert upper(good["together, also at G's output"]) > lower(together)
