"""The table of recipes: its rows, and the file that it has written."""

import dataclasses

from gancourse.experiments import games_table as script
from gancourse.experiments.measured import measured
from gancourse.recipes import GRID, RING


def test_a_quick_run_has_the_form_of_the_file():
    found = script.EXPERIMENT.main(["--quick", "--only", "ring-8", "--only", "grid-25/packed"])
    assert list(found) == ["ring-8", "grid-25"] and list(found["grid-25"]) == ["packed"]
    assert list(found["ring-8"]) == list(RING)
    kept = measured("games_table")
    for data, rows in found.items():
        for game, row in rows.items():
            assert set(row) == set(kept[data][game])
            assert (row["data"], row["game"]) == (data, game)
            for key in ("seeds", "modes", "high_quality", "reverse_kl"):
                assert len(row[key]) == 2 and len(kept[data][game][key]) == 10
            assert row["cpu_seconds"] >= 0 and row["settings"]["steps"] == 3


def test_the_file_has_every_row_with_its_recipes_settings():
    kept = measured("games_table")
    for data, recipes in (("ring-8", RING), ("grid-25", GRID)):
        assert list(kept[data]) == list(recipes)
        for game, recipe in recipes.items():
            assert kept[data][game]["settings"]["recipe_steps"] == recipe.steps
    assert kept["meta"]["settings"]["samples"] == script.SAMPLES


def test_a_run_that_diverges_becomes_a_row_without_modes(monkeypatch):
    wild = dataclasses.replace(RING["wgan-clip"], lr=1e30)
    monkeypatch.setitem(RING, "wgan-clip", wild)
    row = script.row("wgan-clip", "ring-8", steps=3, members=2)
    assert row["modes"] == [0, 0] and row["reverse_kl"] == [None, None] and row["stopped"]
