"""The faces recipe and its ablations: what each changes, and the file."""

import pytest
import torch
from torch import nn

from gancourse.experiments import face_coverage as script
from gancourse.experiments.measured import measured
from gancourse.networks import dcgan


def test_a_quick_run_has_the_form_of_the_file():
    parts = ("real", "runs", "ablations/beta1 = 0", "ablations/ReLU in D")
    arguments = [word for part in parts for word in ("--only", part)]
    found, kept = script.EXPERIMENT.main(["--quick", *arguments]), measured("face_coverage")
    assert found["real"] == kept["real"]  # nothing random in it
    assert set(found["ablations"]) == {"beta1 = 0", "ReLU in D"}
    for (run,), old in [
        (found["runs"], kept["runs"]),
        *((found["ablations"][name], kept["ablations"][name]) for name in found["ablations"]),
    ]:
        assert set(run) == set(old[0]) and run["seed"] == 0


def test_the_file_has_every_ablation_with_its_seeds():
    kept = measured("face_coverage")
    assert list(kept["ablations"]) == list(script.ABLATIONS)
    for found in kept["ablations"].values():
        assert [run["seed"] for run in found] == list(script.ABLATION_SEEDS)
    assert [run["seed"] for run in kept["runs"]] == list(script.SEEDS)
    assert kept["meta"]["settings"]["recipe"] == script.RECIPE


def kinds(net):
    return [type(layer) for layer in net]


@pytest.mark.parametrize(
    ("change", "gone", "there"),
    [
        (script.without_norm, nn.BatchNorm2d, nn.Conv2d),
        (script.with_relu, nn.LeakyReLU, nn.ReLU),
        (script.dense_discriminator, nn.Conv2d, nn.Flatten),
    ],
)
def test_an_ablation_takes_out_what_it_says(change, gone, there):
    net = dcgan.discriminator(16, 3, 8, "batch")
    assert gone in kinds(net)
    changed = kinds(change(net))
    assert gone not in changed and there in changed


def test_max_pooling_halves_where_the_stride_did():
    net = dcgan.discriminator(16, 3, 8, "batch")
    halvings = sum(isinstance(x, nn.Conv2d) and x.stride == (2, 2) for x in net)
    pooled = script.with_max_pooling(net)
    assert kinds(pooled).count(nn.MaxPool2d) == halvings > 0
    assert not [x for x in pooled if isinstance(x, nn.Conv2d) and x.stride == (2, 2)]


def test_repainting_gives_every_colour_the_real_mean_and_spread():
    """And undoes any affine map of the colours, as far as the ends of the scale allow."""
    torch.manual_seed(0)
    real = 0.6 * torch.rand(50, 3, 16, 16) - 0.3
    dull = real * torch.tensor([0.2, 0.5, 0.1]).view(3, 1, 1) + 0.3
    torch.testing.assert_close(script.repainted(dull, real), real, rtol=1e-4, atol=1e-5)
    assert script.repainted(dull, 5 * real).abs().max() <= 1


def test_the_repainted_runs_are_the_ablations_once_more():
    """The same seeds, measured before and after; before, as close as another day's run."""
    kept = measured("face_coverage")
    assert list(kept["repainted"]) == list(script.REPAINTED)
    for name, found in kept["repainted"].items():
        old = kept["ablations"][name]
        assert [run["seed"] for run in found] == [run["seed"] for run in old]
        for run, was in zip(found, old, strict=True):
            assert run["before"]["high_quality"] == pytest.approx(was["high_quality"], abs=0.08)
