"""The measurements of chapter 12: the stored file agrees with itself, and the script runs."""

import math

import pytest
from scipy.stats import spearmanr

from gancourse.experiments import wgan as script
from gancourse.experiments.measured import measured


def test_stored_rank_correlations_follow_from_the_stored_curves():
    lab = measured("wgan")
    for games in lab["correlation"].values():
        for found in games.values():
            assert len(found["w1"]) == script.POINTS["members"] >= 5
            for member, w1 in enumerate(found["w1"]):
                assert len(w1) == script.POINTS["steps"] // script.POINTS["every"]
                for name, sign in (("d_loss", -1), ("g_loss", 1)):
                    for when, start in (("", 0), (" late", len(w1) // 4)):
                        loss = [sign * v for v in found[name][member]][start:]
                        rho = spearmanr(w1[start:], loss)[0]
                        assert found["rank"][name + when][member] == pytest.approx(rho, abs=2e-3)


def test_the_file_kept_its_budget():
    """Five minutes for the six parts there were; one for momentum, and three for the last two."""
    lab = measured("wgan")
    seconds = {name: part["cpu_seconds"] for name, part in lab["meta"]["parts"].items()}
    assert seconds.pop("momentum") <= 60 and seconds.pop("patient") + seconds.pop("deep") <= 180
    assert sum(seconds.values()) <= 300
    assert len(lab["faces"]) >= 3 and set(lab["layers"]) == {"0.1", "0.01", "0.001"}


def test_layers_as_told():
    """Under figure 12.3: powers of ten, the gain of a layer beside that of chance, the walls."""
    for clip, runs in measured("wgan")["layers"].items():
        chance = float(clip) * 32**0.5
        gains = [(run["gradients"][0] / run["gradients"][10]) ** 0.1 for run in runs]
        orders = [math.log10(run["gradients"][0] / run["gradients"][-1]) for run in runs]
        if clip == "0.1":
            assert min(gains) > 2 * chance and min(orders) > 0
        else:
            assert all(abs(gain / chance - 1) < 0.15 for gain in gains)
            told = {"0.01": -14, "0.001": -25}[clip]
            assert sum(orders) / len(orders) == pytest.approx(told, abs=0.6)
            assert all(run["at the edge"] > 0.9 for run in runs)


def test_the_authors_turns():
    """100 turns of the critic before each of the first 25 steps and before every 500th, else 5."""
    batches = script.TOYS["ring"].batches(4)
    gan = script.GAN(
        script.Wasserstein(),
        generator=script.mlp(2, 2, width=4),
        discriminator=script.mlp(2, 1, width=4),
        latent_dim=2,
    )
    training, turns = script.Patient(gan, batches, d_steps=5), []
    for step in (0, 24, 25, 499, 500, 501, 1000):
        training.step = step
        turns.append(training.d_steps)
    assert turns == [100, 100, 5, 5, 100, 5, 100]
    training.step = 24
    moves = []
    training.D.move = lambda *what, move=training.D.move: moves.append(1) or move(*what)
    training.take_step()
    training.take_step()
    assert len(moves) == 105


def test_a_quick_run_has_the_form_of_the_file():
    wanted = [word for part in ("layers", "faces", "floor") for word in ("--only", part)]
    found, kept = script.EXPERIMENT.main(["--quick", *wanted]), measured("wgan")
    assert found["floor"] == kept["floor"]  # seeds of its own
    assert set(found["faces"][0]) == set(kept["faces"][0])
    for clip, runs in found["layers"].items():
        for key, value in kept["layers"][clip][0].items():
            assert type(runs[0][key]) is type(value)
        assert len(runs[0]["gradients"]) == script.LAYERS["depth"]
        assert sum(runs[0]["histogram"]) == sum(kept["layers"][clip][0]["histogram"])


def test_a_run_is_followed_at_every_moment():
    game, d_steps, optimizer = script.GAMES["WGAN"]
    found = script.followed(script.TOYS["ring"], game, d_steps, optimizer, 4, 2, 2)
    assert {name: (len(v), len(v[0])) for name, v in found.items()} == dict.fromkeys(
        ("w1", "slope", "d_loss", "g_loss"), (2, 2)
    )
    assert min(map(min, found["w1"])) > 0 and min(map(min, found["slope"])) > 0
