"""The factorial's verdicts with one thing changed: the rows are the table's, the looks agree."""

import pytest
import torch

from gancourse.data.toys import ring
from gancourse.experiments import factorial, variations
from gancourse.experiments.measured import measured

LOOKS = ["as in the table", "500 samples", "10,000 samples", "20 for a mode", "last weights"]


def test_a_quick_run_has_the_form_of_the_file():
    part = "ring-8/two turns of D/gp"
    found = variations.EXPERIMENT.main(["--quick", "--only", part])
    row = found["ring-8"]["two turns of D"]["gp"]
    kept = measured("variations")["ring-8"]["two turns of D"]["gp"]
    assert list(row) == list(kept) == LOOKS
    for look in LOOKS:
        assert list(row[look]) == list(kept[look]) and len(row[look]["modes"]) == 2


def test_every_row_was_measured_with_every_change():
    kept = measured("variations")
    for group, rows in variations.ROWS.items():
        _, members, _ = variations.GROUPS[group]
        for change in variations.changes_of(group):
            assert list(kept[group][change]) == list(rows)
            for row in kept[group][change].values():
                assert "stopped" in row or list(row) == LOOKS
                assert all(len(v["modes"]) == members for k, v in row.items() if k != "stopped")


def test_the_rows_with_a_remedy_are_those_that_the_factorial_chose():
    """Rate and strength; of the larger runs those that it has."""
    table = measured("factorial")
    for group in ("ring-8", "grid-25"):
        for name, (remedy, setting) in variations.ROWS[group].items():
            row = table[group]["non-saturating"][remedy]
            if name in ("none, low", "none, high"):
                assert f"{setting.rate:g}" in row["rates"]
            else:
                assert (row["rate"], row["strength"]) == setting
    for remedy, setting in variations.ROWS["larger"].values():
        strength, rates = factorial.LARGER[remedy]
        assert setting.strength == strength and setting.rate in rates


def test_the_looks_are_of_the_same_generators():
    """More samples reach no fewer modes, and more for a mode reach no more."""
    cell = factorial.Cell("ring-8", "non-saturating", "none", steps=1)
    training = cell.trained([factorial.Setting(1e-3, None)] * 2, 0)
    found = variations.looks(training, ring())
    assert list(found) == LOOKS
    many, few = (found[look]["modes"] for look in ("10,000 samples", "500 samples"))
    assert all(a >= b for a, b in zip(many, few, strict=True))


@pytest.mark.parametrize("least", [1, 20])
def test_a_mode_needs_so_many(least):
    toy = ring()
    samples = torch.cat([toy.means[:1].repeat(20, 1), toy.means[1:2]])
    assert factorial.measures(samples[None], toy, least)["modes"] == [2 if least == 1 else 1]
