"""The clinic of chapter 7: the stored file agrees with itself, and the script runs."""

import pytest

from gancourse.experiments import clinic as script
from gancourse.experiments.measured import measured

LAB = measured("clinic")
PLACES = [(group, data) for group in script.SEEDS for data in LAB.get(group, {})]


@pytest.mark.parametrize("group, data", PLACES)
def test_who_is_confirmed_follows_from_the_stored_probes(group, data):
    modes = script.DATA[data]().modes
    for case in LAB[group][data].values():
        for run in case["runs"]:
            assert run["confirmed"] == script.confirmed(case["trouble"], run["probes"], modes)


def test_patients_are_confirmed_held_out_runs():
    shown = [(case, one) for case in LAB["held-out"]["ring-8"].values() for one in case["shown"]]
    assert len(shown) >= 24
    for case, one in shown:
        run = case["runs"][one["member"]]
        assert run["confirmed"] and len(one["samples"]) == len(script.MOMENTS)
        assert [line.partition(":")[0] for line in one["evidence"]] == run["found"]
    assert not any(case["shown"] for case in LAB["tuning"]["ring-8"].values())


def test_the_seeds_differ():
    assert len(set(script.SEEDS.values())) == len(script.SEEDS)


def test_a_quick_run_has_the_form_of_the_file():
    name = "held-out/ring-8/no penalty"
    found = script.EXPERIMENT.main(["--quick", "--only", name])["held-out"]["ring-8"]["no penalty"]
    kept = LAB["held-out"]["ring-8"]["no penalty"]
    assert found["trouble"] == kept["trouble"] == "divergence"
    assert set(found["runs"][0]["probes"]) == set(kept["runs"][0]["probes"])


def test_a_planted_memory_is_seen_by_the_probe():
    """Points that D has scored high are told from others; the slope is that of G's loss."""
    case = script.CASES["little data"]
    run = script.Run(case, "ring-8", seed=1, members=2, steps=16)
    assert run.wide.train.shape == (2, script.FEW, 2)
    (batch,) = next(run.wide.batches())
    for member in range(2):
        assert (batch[member][:, None] == run.wide.train[member]).all(-1).any(1).all()
    assert all(0 < probe["slope"] for probe in run.probes)
