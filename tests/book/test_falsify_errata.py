"""The falsifier of the errata makes what it says, and only that."""

import shutil

import pytest
import yaml

import falsify_errata
from checkout import ROOT
from errata import entries, fingerprint


@pytest.mark.parametrize(
    "text, expected",
    [
        ("$a+b$", {"sign": "$a-b$"}),
        ("$-a-b$ and $c$", {"sign": "$+a-b$ and $c$"}),
        (r"$x_1\log p$", {"lost logarithm": r"$x_1 p$"}),
        (
            r"so $\frac{1}{N}$",
            {"digit": r"so $\frac{2}{N}$", "fraction turned": r"so $\frac{N}{1}$"},
        ),
        ("$s^2$", {"digit": "$s^3$", "lost square": "$s$"}),
        ("no formula", {}),
    ],
)
def test_one_symbol_is_changed(text, expected):
    assert dict(falsify_errata.formula_mutants(text)) == expected


def test_a_copy_is_falsified_and_its_fingerprints_renewed(tmp_path):
    for name in ("appendix", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name)
    before = {entry["id"]: entry for entry in entries(tmp_path)}
    changed = falsify_errata.falsify(tmp_path, "corrected", falsify_errata.opposite)
    after = {entry["id"]: entry for entry in entries(tmp_path)}
    assert set(changed) == set(before)
    for name, entry in after.items():
        assert {**entry, "corrected": before[name]["corrected"]} == before[name]
    falsify_errata.renew(tmp_path)
    text = (tmp_path / falsify_errata.TESTS).read_text()
    assert all(f'"{fingerprint(entry)}"' in text for entry in after.values())
    assert yaml.safe_load((tmp_path / "appendix/errata.yml").read_text())["withdrawn"]
