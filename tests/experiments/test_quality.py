"""Quality per second: the parts of the script, and the file that it has written."""

import pytest

from gancourse.experiments import quality as script
from gancourse.experiments.measured import measured


def test_a_quick_run_has_the_form_of_the_file():
    found, kept = script.EXPERIMENT.main(["--quick"]), measured("quality")
    assert [*found] == [key for key in kept if key != "meta"]
    for name in script.TARGETS:
        assert set(found[name]) == set(kept[name])
        assert found[name]["of"] == 2 and found[name]["passed"] == 0
    for name in script.PICTURE:
        assert set(found[name]) == set(kept[name])
        (run,) = found[name]["runs"]
        assert run["curve"][-1]["step"] == 3
        assert run["curve"][-1]["frechet"] > found[name]["held_out"]["frechet"] > 0
    assert found["faces"]["held_out"]["modes"] == 40


def test_a_seed_passes_only_with_all_modes_and_enough_quality():
    row = {
        "data": "ring-8",
        "modes": [8, 7, 8],
        "high_quality": [0.96, 0.99, 0.949],
        "cpu_seconds": 12.0,
    }
    found = script.judged(row)
    assert (found["passed"], found["of"], found["cpu_seconds_a_seed"]) == (1, 3, 4.0)


@pytest.mark.parametrize("data", script.TARGETS)
def test_the_rows_in_the_file_are_those_of_the_games_table(data):
    assert measured("quality")[data] == script.points(data, quick=False)


def test_marks_come_in_order_and_every_seed_ends_at_the_last_step():
    kept = measured("quality")
    for name, (_, seeds, steps, _) in script.PICTURE.items():
        assert [run["seed"] for run in kept[name]["runs"]] == list(seeds)
        for run in kept[name]["runs"]:
            times = [mark["cpu_seconds"] for mark in run["curve"]]
            assert times == sorted(times) and run["curve"][-1]["step"] == steps
