"""The script behind chapter 13's surfaces, on a few steps, and the file that it has written."""

import pytest
import torch

from gancourse.experiments import surfaces as script
from gancourse.experiments.measured import measured
from gancourse.games import Wasserstein
from gancourse.networks.mlp import mlp
from gancourse.penalties import clip_weights


def form(thing):
    """Keys and shapes."""
    if isinstance(thing, dict):
        return {key: form(value) for key, value in thing.items()}
    return [form(thing[0]), len(thing)] if isinstance(thing, list) else type(thing)


def test_a_quick_run_has_the_form_of_the_file():
    quick, kept = script.EXPERIMENT.main(["--quick"]), measured("surfaces")
    assert form(quick) == form({key: kept[key] for key in kept if key != "meta"})
    seconds = [part["cpu_seconds"] for part in kept["meta"]["parts"].values()]
    assert sum(seconds) <= 300


def test_the_fixed_generator_is_data_plus_unit_noise():
    torch.manual_seed(0)
    real, fake = script.pairs(["ring", "grid"], 20_000)
    assert real[0].norm(dim=-1).mean() == pytest.approx(2**0.5, abs=0.01)
    assert (fake.var(1) - real.var(1)).mean() == pytest.approx(1, abs=0.05)


def test_clipped_weights_stay_clipped():
    D = mlp(2, 1, width=8, members=1)
    script.trained(D, Wasserstein(projection=clip_weights(0.05)), ["ring"], 5, 16, 0.1)
    assert max(p.abs().max().item() for p in D.parameters()) <= 0.05 + 1e-7


def test_a_critic_without_members_sees_the_points_of_the_only_name():
    D = mlp(2, 1, width=8)
    before = [p.clone() for p in D.parameters()]
    script.trained(D, Wasserstein(), ["swiss roll"], 2, 16, 0.1)
    moved = [not torch.equal(a, b) for a, b in zip(before, D.parameters(), strict=True)]
    assert all(moved[:-1])  # the last bias adds the same to real and fake


def test_surfaces_have_median_zero_and_range_one():
    for critic in measured("surfaces")["critics"].values():
        for rows in critic["surface"].values():
            heights = torch.tensor(rows)
            assert heights.max() - heights.min() == pytest.approx(1, abs=0.002)
            assert heights.median().abs() < 0.002


def test_no_slope_exceeds_its_bound():
    for critic in measured("surfaces")["critics"].values():
        for places in critic["audit"].values():
            for seed, bound in enumerate(places["bound"]):
                steepest = max(q[seed][2] for name, q in places.items() if name != "bound")
                assert steepest <= 1.001 * bound
