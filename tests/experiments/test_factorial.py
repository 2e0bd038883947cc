"""The factorial of chapter 13: its searches, its measure, and the file that it has written."""

from functools import partial

import pytest
import torch

from gancourse.data.toys import grid, ring
from gancourse.experiments import factorial as script
from gancourse.experiments.measured import measured
from gancourse.games import NonSaturating
from gancourse.networks.mlp import mlp
from gancourse.penalties import gradient_penalty
from gancourse.training import adam

CELL = partial(script.Cell, "ring-8", "non-saturating", steps=3)


def test_a_quick_run_has_the_form_of_the_file():
    only = ["floor", "ring-8/minimax/r1", "ring-8/minimax/none"]
    found = script.EXPERIMENT.main(["--quick", *(w for part in only for w in ("--only", part))])
    kept = measured("factorial")
    assert list(found) == ["floor", "ring-8"]
    assert found["floor"] == kept["floor"]
    for remedy in ("r1", "none"):
        row = found["ring-8"]["minimax"][remedy]
        assert list(row) == list(kept["ring-8"]["minimax"][remedy])
        assert len(row["search"]) >= 6 and len(row["modes"]) == 2
    assert len(found["ring-8"]["minimax"]["none"]["rates"]) == 8


def test_every_pair_has_a_search_of_six_settings():
    for remedy in script.REMEDIES.values():
        settings = remedy.search()
        assert len(set(settings)) == 6
        assert len({s.strength for s in settings}) == (2 if remedy.strengths else 1)


def test_the_file_has_the_chosen_setting_on_fresh_seeds():
    """The chosen one is the best of its search, and at no end of it; all games on both mixtures.

    An end is where the search could go on. Without a remedy the chosen one is one of the rates,
    and each rate that a remedy of the game has chosen is another.
    """
    kept = measured("factorial")
    for data, (tuners, members) in script.SEEDS.items():
        assert list(kept[data]) == list(script.GAMES)
        for rows in kept[data].values():
            assert list(rows) == list(script.REMEDIES)
            for remedy, row in rows.items():
                tried = [(rate, strength) for rate, strength, *_ in row["search"]]
                offered = script.REMEDIES[remedy].search()
                assert tried[: len(offered)] == offered
                assert {strength for _, strength in tried} == {s.strength for s in offered}
                means = [sum(values) for _, _, *values in row["search"]]
                assert all(len(values) == tuners + 2 for values in row["search"])
                best = tried[means.index(min(means))]
                assert best == (row["rate"], row["strength"])
                trials = {script.Setting(r, s): values for r, s, *values in row["search"]}
                assert script.further(trials) is None
                assert f"{row['rate']:g}" in rows["none"]["rates"]
                for key in ("modes", "high_quality", "reverse_kl", "misplaced"):
                    assert len(row[key]) == members
                    if remedy == "none":
                        assert row["rates"][f"{row['rate']:g}"][key] == row[key]


def test_misplaced_on_samples_whose_share_is_known():
    """Nothing, one mode of eight, half the samples nowhere, an uneven pair; the floor of chance."""
    toy, within = ring(), 1 - float(torch.tensor(-4.5).exp())
    everything = toy.means.repeat(100, 1)
    cases = {
        (1 - within): everything,
        (1 - within / 8): toy.means[:1].repeat(800, 1),
        (within - 0.5): torch.cat([everything, torch.zeros(800, 2)]),
    }
    for said, samples in cases.items():
        assert float(script.misplaced(samples, toy)) == pytest.approx(said, abs=1e-5)
    both = torch.stack([everything, toy.means[:1].repeat(800, 1)])
    assert script.misplaced(both, toy).shape == (2,)
    chance = script.misplaced(grid().sample(2500, seed=0), grid())
    assert 0.02 < float(chance) < 0.06


def test_own_rates_are_those_of_separate_runs():
    """Three members with three rates, and each of the rates for all three."""
    rates, x = torch.tensor([1e-3, 4e-3, 1.6e-2]), torch.randn(3, 16, 2)

    def trained(optimizer):
        torch.manual_seed(0)
        net = mlp(2, 1, width=8, members=3)
        player = optimizer(list(net.parameters()))
        for _ in range(5):
            player.zero_grad()
            net(x).square().sum().backward()
            player.step()
        return [weight.detach() for weight in net.parameters()]

    own = trained(partial(script.OwnRates, rates=rates))
    for i, rate in enumerate(rates.tolist()):
        alone = trained(adam(rate, script.BETAS))
        for a, b in zip(own, alone, strict=True):
            torch.testing.assert_close(a[i], b[i], rtol=1e-4, atol=1e-6)


def test_the_penalty_with_two_sides_is_the_books_and_with_one_is_its_half():
    """Two members of which one is steep and one is flat."""
    torch.manual_seed(0)
    D = mlp(2, 1, width=8, members=2)
    with torch.no_grad():
        D[-1].weight[0] *= 100
        D[-1].weight[1] *= 0.01
    x, fake = torch.randn(2, 64, 2), torch.randn(2, 64, 2)
    values = []
    for penalty in (
        gradient_penalty(0.5),
        script.Sloped(torch.tensor([0.5, 0.5])),
        script.Sloped(torch.tensor([0.5, 0.5]), one_sided=True),
    ):
        torch.manual_seed(1)
        values.append(penalty(D, x, fake).detach())
    both, ours, one = values
    torch.testing.assert_close(ours, both)
    assert float(one[1]) == 0 < float(both[1])
    assert 0.5 * float(both[0]) < float(one[0]) <= float(both[0])


def test_clipping_gives_each_member_its_own_box():
    D = mlp(2, 1, width=8, members=2)
    script.Clipped(torch.tensor([0.1, 0.3])[:, None, None])(D)
    widest = [[float(w.detach()[i].abs().max()) for w in D.parameters()] for i in (0, 1)]
    assert max(widest[0]) == pytest.approx(0.1, rel=1e-6)
    assert max(widest[1]) == pytest.approx(0.3, rel=1e-6)


def test_every_remedy_reaches_the_game():
    """Each strength moves D away from where the plain game leads it."""
    plain = CELL("none").gan(torch.zeros(2))
    assert isinstance(plain.game, NonSaturating) and plain.game.penalty is None
    for name, remedy in script.REMEDIES.items():
        gan = CELL(name).gan(torch.tensor(remedy.strengths or (0.0, 0.0)))
        assert (gan.game.penalty is not None) == (name in ("gp", "gp-one-sided", "r1", "r1-r2"))
        assert (gan.game.projection is not None) == (name == "clip")
        assert gan.D[0].weight.shape[1] == 2 * remedy.packing
        parametrized = any("parametrizations" in key for key, _ in gan.D.named_parameters())
        assert parametrized == (name == "sn")


def test_a_search_goes_on_without_the_rate_that_diverged(monkeypatch):
    def run(cell, settings, seed):
        settings = list(settings)
        if max(s.rate for s in settings) > 4e-3:
            return {**script.nothing(len(settings)), "stopped": "a loss is not finite"}
        return {"misplaced": [s.rate for s in settings], "modes": [8] * len(settings)}

    monkeypatch.setattr(script.Cell, "run", run)
    tried = CELL("none").search(2)
    assert len(tried) == 6
    assert tried[script.Setting(1.6e-2, None)] == [1.0, 1.0]
    assert tried[script.Setting(1e-3, None)] == [1e-3, 1e-3]
    assert min(tried, key=lambda s: sum(tried[s])).rate == 5e-4


@pytest.mark.parametrize("best, last", [(2e-3, 2e-3), (1.6e-2, 1.6e-2), (1.0, 6.4e-2), (0, 5e-4)])
def test_a_search_goes_on_beyond_its_ends(monkeypatch, best, last):
    """Until the best is inside, or there are no fresh runs of the plain game further on."""

    def trials(cell, settings, tuners):
        return {s: [abs(s.rate - best)] * tuners for s in settings}

    monkeypatch.setattr(script.Cell, "trials", trials)
    tried = CELL("r1").search(2)
    rates = {setting.rate for setting in tried}
    assert len(tried) == 2 * len(rates)  # with both strengths
    highest, lowest = max(rates), min(rates)
    assert set(script.THREE) <= rates <= {*script.SIX, *script.BEYOND}
    assert script.best_of(tried).rate == last
    if best < 4e-3:
        assert lowest == max(last / 2, 5e-4) and highest == 1.6e-2
    else:
        assert lowest == 4e-3 and highest == min(2 * last, 6.4e-2)


def test_a_run_that_diverges_counts_as_nothing():
    found = CELL("none").run([script.Setting(1e30, None)] * 2, 0)
    assert found["modes"] == [0, 0] and found["misplaced"] == [1.0, 1.0] and found["stopped"]
