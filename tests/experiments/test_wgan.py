"""The measurements of chapter 12: the stored file agrees with itself, and the script runs."""

import subprocess
import sys

import pytest
from scipy.stats import spearmanr

from checkout import ROOT
from gancourse.experiments.measured import measured


def test_stored_rank_correlations_follow_from_the_stored_curves():
    lab = measured("wgan")
    for games in lab["correlation"].values():
        for found in games.values():
            assert len(found["w1"]) == lab["points"]["members"] >= 5
            for member, w1 in enumerate(found["w1"]):
                assert len(w1) == lab["points"]["steps"] // lab["points"]["every"]
                for name, sign in (("d_loss", -1), ("g_loss", 1)):
                    for when, start in (("", 0), (" late", len(w1) // 4)):
                        loss = [sign * v for v in found[name][member]][start:]
                        rho = spearmanr(w1[start:], loss)[0]
                        assert found["rank"][name + when][member] == pytest.approx(rho, abs=2e-3)


def test_the_file_says_how_it_was_made_and_kept_its_budget():
    lab = measured("wgan")
    assert {"machine", "points", "layer_settings", "face_settings"} <= set(lab)
    assert sum(lab["cpu_seconds"].values()) <= 240
    assert len(lab["faces"]) >= 3 and set(lab["layers"]) == {"0.1", "0.01", "0.001"}


def test_the_script_runs_and_writes_nothing_when_quick():
    path = ROOT / "gancourse/experiments/wgan.json"
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "gancourse.experiments.wgan", "--quick", "--only", "layers"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert "layers" in done.stdout and path.read_bytes() == before
