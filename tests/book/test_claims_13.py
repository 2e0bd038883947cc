"""Chapter 13: what it concludes from the stored table and the stored surfaces."""

import itertools

import numpy as np
import pytest
import torch
from scipy import stats

from gancourse.data.toys import grid, ring
from gancourse.experiments.factorial import REMEDIES, measures
from gancourse.experiments.measured import measured
from gancourse.experiments.variations import CHANGES
from gancourse.metrics import interval

TABLE, LAB, CHANGED = measured("factorial"), measured("surfaces"), measured("variations")
RING, GRID, CHECKS = TABLE["ring-8"], TABLE["grid-25"], TABLE["checks"]
PENALTIES = ("gp", "gp-one-sided", "r1", "r1-r2")
BOUNDED = tuple(game for game in RING if game != "wasserstein")


def column(row, key):
    """One measure of the fresh seeds: modes as a number, shares in per cent."""
    return np.array(row[key], dtype=float) * (1 if key in ("modes", "reverse_kl") else 100)


def plain(data, game, rate=None):
    """The plain game at a rate, or at the one that turned out best on the fresh seeds."""
    rates = TABLE[data][game]["none"]["rates"]
    if rate is not None:
        return rates[f"{rate:g}"]
    return min(rates.values(), key=lambda row: column(row, "misplaced").mean())


def paired(one, other, key):
    """Mean difference seed by seed, and the half-width of its 95 % interval."""
    return interval(column(one, key) - column(other, key))


def against_plain(remedy, key, same_rate, data="ring-8"):
    """A remedy minus the plain game, seed by seed, mean of the five games."""
    rows = {game: TABLE[data][game][remedy] for game in BOUNDED}
    return interval(
        np.mean(
            [
                column(row, key)
                - column(plain(data, game, row["rate"] if same_rate else None), key)
                for game, row in rows.items()
            ],
            0,
        )
    )


def beyond_chance(middle, half):
    return abs(middle) > half


def slopes(critic, data, place):
    """The mean over the seeds of the quantiles 5, 50, 95 %."""
    return torch.tensor(LAB["critics"][critic]["audit"][data][place]).mean(0).tolist()


@pytest.mark.claim("rate-trade", text="19328c92")
def test_a_higher_rate_trades_modes_for_precision():
    """Three plain games at two rates, seed by seed: both differences with their intervals."""
    told = {
        ("ring-8", "non-saturating", 4e-3, 1.6e-2): ((26, 16, 36), (-3.1, -4.4, -1.8)),
        ("ring-8", "relativistic", 4e-3, 1.6e-2): ((30, 12, 47), (-1.6, -2.6, -0.6)),
        ("grid-25", "non-saturating", 2e-3, 4e-3): ((25, 14, 36), (-4.7, -7.3, -2.1)),
    }
    for (data, game, low, high), said in told.items():
        pair = plain(data, game, high), plain(data, game, low)
        for key, numbers, digit in zip(("high_quality", "modes"), said, (0.6, 0.06), strict=True):
            middle, half = paired(*pair, key)
            assert (middle, middle - half, middle + half) == pytest.approx(numbers, abs=digit)


@pytest.mark.claim("remedy-or-game", text="a1ddac82")
def test_the_remedy_matters_more_than_the_game():
    """Shares of the sum of squares of the cells' means, as in a two-way layout."""
    cells = np.array(
        [[column(row, "misplaced").mean() for row in RING[game].values()] for game in BOUNDED]
    )
    centred = cells - cells.mean()
    share = lambda axis: (centred.mean(axis) ** 2).mean() / (centred**2).mean()
    assert (share(0), share(1)) == pytest.approx((0.86, 0.02), abs=0.006)


@pytest.mark.claim("penalty-ring", text="3baffcf7")
def test_every_penalty_misplaces_fewer_on_the_ring():
    """Eight differences from the plain game, at its best rate and at the same rate."""
    for same_rate, (least, most) in ((False, (11, 18)), (True, (24, 34))):
        found = [against_plain(penalty, "misplaced", same_rate) for penalty in PENALTIES]
        assert all(middle + half < 0 for middle, half in found)
        assert least <= min(-m for m, _ in found) < least + 1
        assert most - 1 < max(-m for m, _ in found) <= most


@pytest.mark.claim("penalty-precision", text="30e29fe7")
def test_penalties_buy_modes_at_the_same_rate():
    """Modes gained by each penalty; of the precisions one interval excludes zero."""
    gained = [against_plain(penalty, "modes", True) for penalty in PENALTIES]
    assert all(middle > half for middle, half in gained)
    assert 1.9 < min(m for m, _ in gained) and max(m for m, _ in gained) < 3.2
    precise = {penalty: against_plain(penalty, "high_quality", True) for penalty in PENALTIES}
    assert [p for p, found in precise.items() if beyond_chance(*found)] == ["gp-one-sided"]
    assert precise["gp-one-sided"] == pytest.approx((9.8, 6.9), abs=0.06)


@pytest.mark.claim("which-penalty", text="db272b71")
def test_one_pair_of_penalties_differs():
    """Six pairs, seed by seed, mean of the five games."""
    mean = {p: np.mean([column(RING[g][p], "misplaced") for g in BOUNDED], 0) for p in PENALTIES}
    pairs = {(a, b): interval(mean[b] - mean[a]) for a, b in itertools.combinations(PENALTIES, 2)}
    assert [pair for pair, found in pairs.items() if beyond_chance(*found)] == [
        ("gp-one-sided", "r1-r2")
    ]
    assert pairs["gp-one-sided", "r1-r2"] == pytest.approx((5.9, 4.6), abs=0.06)


@pytest.mark.claim("wasserstein-last", text="022eb1eb")
def test_the_wasserstein_game_is_last_with_a_penalty():
    """Mean of the four penalties, against each other game, seed by seed."""
    mean = {g: np.mean([column(RING[g][p], "misplaced") for p in PENALTIES], 0) for g in RING}
    others = [mean[game] for game in BOUNDED]
    assert mean["wasserstein"].mean() == pytest.approx(40, abs=0.6)
    assert min(o.mean() for o in others) == pytest.approx(24, abs=0.6)
    assert max(o.mean() for o in others) == pytest.approx(34, abs=0.6)
    for other in others:
        middle, half = interval(mean["wasserstein"] - other)
        assert middle > half


@pytest.mark.claim("clip-ring", text="96aa0591")
def test_clipping_on_the_ring():
    """Against the plain games at their best rates; the modes are not fewer."""
    assert against_plain("clip", "high_quality", False) == pytest.approx((-13.0, 6.5), abs=0.06)
    assert against_plain("clip", "misplaced", False) == pytest.approx((0.9, 5.9), abs=0.06)
    assert against_plain("clip", "modes", False)[0] > 0
    assert all(column(RING[game]["clip"], "modes").mean() > 7.9 for game in BOUNDED)


@pytest.mark.claim("sn-ring", text="86d6891f")
def test_spectral_norm_is_the_worst_remedy_on_the_ring():
    """Behind the plain games, and by more than any other remedy."""
    found = {r: against_plain(r, "misplaced", False) for r in RING["hinge"] if r not in ("none",)}
    assert max(found, key=lambda remedy: found[remedy][0]) == "sn"
    assert found["sn"] == pytest.approx((39.7, 6.1), abs=0.06)


@pytest.mark.claim("sn-turns", text="24951e4e")
def test_two_turns_change_the_verdict_on_spectral_norm():
    """Both games with one turn of D and with two, and the difference with two."""
    one, two = RING["non-saturating"], CHECKS["two turns of D"]
    for remedy, before, after in (("sn", 80, 42), ("none", 40, 50)):
        assert column(one[remedy], "misplaced").mean() == pytest.approx(before, abs=0.5)
        assert column(two[remedy], "misplaced").mean() == pytest.approx(after, abs=0.5)
    assert paired(two["sn"], two["none"], "modes") == pytest.approx((2.8, 1.2), abs=0.06)
    assert paired(two["sn"], two["none"], "high_quality") == pytest.approx((-32, 9), abs=0.6)
    middle, half = paired(two["sn"], two["none"], "misplaced")
    assert (-middle, half) == pytest.approx((8.5, 8.5), abs=0.06) and half < -middle


@pytest.mark.claim("packing-ring", text="f7b2e94e")
def test_packing_on_the_ring():
    """At the same rate: modes, precision, misplaced; and against the plain game at its best."""
    assert against_plain("packing", "modes", True) == pytest.approx((2.1, 0.6), abs=0.06)
    assert against_plain("packing", "high_quality", True) == pytest.approx((-23.4, 5.3), abs=0.06)
    assert against_plain("packing", "misplaced", True) == pytest.approx((1.5, 5.4), abs=0.06)
    assert against_plain("packing", "misplaced", False) == pytest.approx((11.9, 6.4), abs=0.06)


@pytest.mark.claim("packing-batch", text="46d71c3f")
def test_packing_with_twice_the_batch():
    """Both with a search of their own at 128 samples, 64 packs."""
    pair = [CHECKS["twice the batch"][remedy] for remedy in ("packing", "none")]
    middle, half = paired(*pair, "modes")
    assert (middle, middle - half, middle + half) == pytest.approx((0.5, 0.1, 0.9), abs=0.06)
    middle, half = paired(*pair, "high_quality")
    assert (middle, middle - half, middle + half) == pytest.approx((-23, -32, -14), abs=0.6)


@pytest.mark.claim("grid-small", text="ed1003d2")
def test_the_grid_with_the_small_budget():
    """Five games at their best rates; with a penalty; mean of the games, what it costs."""
    best = [plain("grid-25", game) for game in BOUNDED]
    lost = [column(row, "misplaced").mean() for row in best]
    assert (min(lost), max(lost)) == pytest.approx((64, 71), abs=0.5)
    modes = [column(row, "modes").mean() for row in best]
    assert (min(modes), max(modes)) == pytest.approx((15.7, 19), abs=0.06)
    modes = [column(GRID[g][p], "modes").mean() for g in BOUNDED for p in PENALTIES]
    assert (min(modes), max(modes)) == pytest.approx((20, 24.5), abs=0.06)
    gained = [against_plain(p, "modes", False, "grid-25") for p in PENALTIES]
    assert all(beyond_chance(*found) and 5 < found[0] < 7 for found in gained)
    paid = {p: against_plain(p, "high_quality", False, "grid-25") for p in PENALTIES}
    assert paid["gp"] == pytest.approx((-3.7, 5.9), abs=0.06)
    dear = [paid[p] for p in PENALTIES if p != "gp"]
    assert all(beyond_chance(*found) and -13 < found[0] < -8 for found in dear)


@pytest.mark.claim("grid-small-misplaced", text="c4eb501f")
def test_misplaced_on_the_grid_with_the_small_budget():
    """Against the plain game at its best rate and at the remedy's, mean of five games."""
    own = {p: against_plain(p, "misplaced", False, "grid-25") for p in PENALTIES}
    assert [p for p in PENALTIES if beyond_chance(*own[p])] == ["r1-r2"]
    assert own["gp"] == pytest.approx((-3.7, 3.8), abs=0.06)
    assert own["r1-r2"] == pytest.approx((4.8, 2.3), abs=0.06)
    same = {p: against_plain(p, "misplaced", True, "grid-25") for p in PENALTIES}
    told = {"gp": (-13.0, 2.5), "gp-one-sided": (-8.0, 3.2), "r1": (-4.4, 3.7)}
    for penalty, said in told.items():
        assert same[penalty] == pytest.approx(said, abs=0.06)


@pytest.mark.claim("grid-larger", text="d641a6d7")
def test_the_grid_with_the_larger_budget():
    """The game with R1 against the plain one, at its own rate and at the best of the four."""
    free, r1 = CHECKS["larger"]["none"], CHECKS["larger"]["r1"]
    assert column(r1["0.003"], "high_quality").mean() == pytest.approx(77, abs=0.5)
    assert r1["0.003"]["modes"] == [25] * 10
    best = min(free, key=lambda rate: column(free[rate], "misplaced").mean())
    assert best == "0.002"
    for rate, other, key, said in (
        ("0.003", "0.003", "misplaced", (-27.8, 9.0)),
        ("0.003", "0.003", "high_quality", (-6.6, 7.8)),
        ("0.003", best, "misplaced", (-26.6, 7.2)),
        ("0.003", best, "high_quality", (2.2, 7.7)),
        ("0.001", "0.001", "misplaced", (-9.3, 8.3)),
    ):
        assert paired(r1[rate], free[other], key) == pytest.approx(said, abs=0.06)


@pytest.mark.claim("grid-trade", text="fbfdf348")
def test_the_plain_game_along_its_rate():
    """Modes, precision and misplaced samples of the larger runs at four rates."""
    rows = CHECKS["larger"]["none"].values()
    found = [[column(row, key).mean() for row in rows] for key in ("modes", "high_quality")]
    assert found[0] == pytest.approx([23.3, 18.7, 14.7, 11.5], abs=0.06)
    assert found[1] == pytest.approx([44, 75, 83, 90], abs=0.5)
    lost = [column(row, "misplaced").mean() for row in rows]
    assert (min(lost), max(lost)) == pytest.approx((50, 60), abs=0.5)


@pytest.mark.claim("search-luck", text="e886e0d4")
def test_a_search_that_picked_a_poor_rate():
    """Plain minimax: the rate that the search chose, and a better one on the fresh seeds."""
    row = RING["minimax"]["none"]
    assert row["rate"] == 0.002
    better = plain("ring-8", "minimax", 4e-3)
    assert better == plain("ring-8", "minimax")
    assert paired(row, better, "misplaced")[0] == pytest.approx(17, abs=0.5)


@pytest.mark.claim("search-edge", text="1d5b0e44")
def test_cells_at_an_end_of_their_search():
    """How many searches went on beyond the rates offered, and that none changed its choice."""
    cells = [
        (REMEDIES[remedy].search(), row)
        for data in (RING, GRID)
        for rows in data.values()
        for remedy, row in rows.items()
    ]
    further = [(offered, row) for offered, row in cells if len(row["search"]) > len(offered)]
    assert (len(further), len(cells)) == (36, 96)
    ends = [{min(s.rate for s in offered), max(s.rate for s in offered)} for offered, _ in further]
    moved = [row for end, (_, row) in zip(ends, further, strict=True) if row["rate"] not in end]
    assert moved == [GRID["hinge"]["clip"]]
    assert column(moved[0], "misplaced").mean() > 90


def looked_at(group, change, look):
    """The measures of a group's rows with one thing changed, seen in one way."""
    return {name: row[look] for name, row in CHANGED[group][change].items()}


def trade(group, change, look):
    """Modes and high quality of the plain game at its high rate minus those at its low one."""
    rows = looked_at(group, change, look)
    pair = rows["none, high"], rows["none, low"]
    return [paired(*pair, key) for key in ("modes", "high_quality")]


def bought(group, change, look="as in the table"):
    """Misplaced samples of each penalty of the group minus those of the plain game."""
    rows = looked_at(group, change, look)
    free = rows.get("none, best") or rows["none, high"]
    return {
        name: paired(row, free, "misplaced")
        for name, row in rows.items()
        if not name.startswith("none")
    }


@pytest.mark.claim("changed-looks", text="153a763b")
@pytest.mark.parametrize("group, change", [(g, c) for g in ("ring-8",) for c in CHANGES])
def test_how_one_looks_changes_little(group, change):
    """Each difference in five ways of looking: how far it moves, in points and in modes."""
    looks = next(iter(CHANGED[group][change].values()))
    told = np.array(
        [
            [m for m, _ in (*trade(group, change, look), *bought(group, change, look).values())]
            for look in looks
        ]
    )
    modes, *points = np.abs(told - told[0]).max(0)
    assert len(told) == 5 and modes <= 1.3 and max(points) <= 4


@pytest.mark.claim("changed-seeds", text="01127f92")
def test_the_ring_on_other_seeds():
    """The trade; and what each penalty buys, with two intervals of four on one side of zero."""
    modes, precise = trade("ring-8", "other seeds", "as in the table")
    assert modes == pytest.approx((-4.3, 1.1), abs=0.06)
    assert precise == pytest.approx((25, 20), abs=0.5) and beyond_chance(*precise)
    found = bought("ring-8", "other seeds")
    assert -10.5 < min(m for m, _ in found.values()) < -9.5
    assert -2.5 < max(m for m, _ in found.values()) < -2
    assert [name for name, d in found.items() if beyond_chance(*d)] == ["gp", "gp-one-sided"]


@pytest.mark.claim("changed-turns", text="09120d7c")
def test_the_ring_with_two_turns():
    """The trade and the four penalties, all beyond chance."""
    modes, precise = trade("ring-8", "two turns of D", "as in the table")
    assert modes == pytest.approx((-6.0, 0.6), abs=0.06)
    assert precise == pytest.approx((25, 12), abs=0.5)
    found = bought("ring-8", "two turns of D")
    assert all(beyond_chance(*d) for d in found.values())
    middles = [m for m, _ in found.values()]
    assert (min(middles), max(middles)) == pytest.approx((-36, -27), abs=0.5)


@pytest.mark.claim("changed-betas", text="07776c7f")
def test_the_ring_with_other_betas():
    """The trade's half, and no penalty ahead, at the rates chosen for the other betas."""
    modes, precise = trade("ring-8", "other betas", "as in the table")
    assert modes == pytest.approx((-4.5, 1.9), abs=0.06)
    assert precise == pytest.approx((-2, 33), abs=0.5)
    found = bought("ring-8", "other betas")
    assert not any(beyond_chance(*d) for d in found.values())
    assert all(m > 0 for m, _ in found.values())


@pytest.mark.claim("changed-grid", text="12d270cb")
def test_the_small_grid_with_a_change():
    """What each penalty buys on other seeds and with other betas, and how many are misplaced."""
    found = bought("grid-25", "other seeds")
    assert len(found) == 4 and not any(beyond_chance(*d) for d in found.values())
    middles, halves = zip(*found.values(), strict=True)
    assert (min(middles), max(middles)) == pytest.approx((-8, 5), abs=0.6)
    assert (min(halves), max(halves)) == pytest.approx((7, 11), abs=0.5)
    found = bought("grid-25", "other betas")
    assert found["r1"] == pytest.approx((3.7, 2.8), abs=0.06)
    assert [name for name, d in found.items() if beyond_chance(*d)] == ["r1"]
    rows = looked_at("grid-25", "other betas", "as in the table").values()
    lost = [100 * np.mean(row["misplaced"]) for row in rows]
    assert 92 < min(lost) < 93 and 96 < max(lost) < 97


@pytest.mark.claim("changed-larger", text="af1da051")
def test_the_larger_runs_with_other_betas():
    """The trade, and R1 against both rates of the plain game."""
    modes, precise = trade("larger", "other betas", "as in the table")
    assert modes == pytest.approx((-6.0, 5.4), abs=0.06)
    assert precise == pytest.approx((43, 13), abs=0.5)
    rows = looked_at("larger", "other betas", "as in the table")
    assert paired(rows["r1"], rows["none, low"], "misplaced") == pytest.approx((-23, 13), abs=0.5)
    high = paired(rows["r1"], rows["none, high"], "misplaced")
    assert high == pytest.approx((-6, 17), abs=0.5) and not beyond_chance(*high)
    means = [column(rows[name], "modes").mean() for name in ("r1", "none, high")]
    assert means == pytest.approx([24.8, 17.7], abs=0.06)
    lost = paired(rows["r1"], rows["none, high"], "high_quality")
    assert lost == pytest.approx((-21, 12), abs=0.5)


@pytest.mark.claim("betas-search", text="95ffafb5")
def test_the_ring_with_other_betas_and_a_search_for_them():
    """Means, and both differences from the plain game at its own choice."""
    rows = CHECKS["other betas"]
    means = [column(rows[name], "misplaced").mean() for name in ("none", "gp", "r1")]
    assert means == pytest.approx([58, 66, 58], abs=0.5)
    for penalty, said in (("gp", (7, 13)), ("r1", (0, 21))):
        middle, half = paired(rows[penalty], rows["none"], "misplaced")
        assert (middle, half) == pytest.approx(said, abs=0.5) and abs(middle) < half


@pytest.mark.claim("pacgan-plain", text="2a770229")
def test_the_plain_game_beside_pacgan():
    """Means and half-widths of the larger runs at their rates."""
    rows = CHECKS["larger"]["none"]
    for rate, key, said, digit in (
        ("0.003", "modes", (14.7, 2.4), 0.06),
        ("0.003", "high_quality", (83, 9), 0.6),
        ("0.003", "reverse_kl", (0.72, 0.10), 0.006),
        ("0.002", "modes", (18.7, 2.1), 0.06),
        ("0.005", "modes", (11.5, 0.8), 0.06),
        ("0.005", "high_quality", (90, 4), 0.6),
    ):
        assert interval(column(rows[rate], key)) == pytest.approx(said, abs=digit)
    assert max(column(row, "high_quality").mean() for row in rows.values()) < 94.8 - 4


@pytest.mark.claim("published-rates", text="3b11f922")
def test_the_published_modes_lie_between_two_rates():
    """Modes of the plain non-saturating game at two rates, and of minimax at the highest."""
    modes = [column(plain("ring-8", "non-saturating", r), "modes").mean() for r in (4e-3, 1.6e-2)]
    assert modes == pytest.approx([7.9, 4.8], abs=0.06) and modes[1] < 6.3 < modes[0]
    found = column(plain("ring-8", "minimax", 1.6e-2), "modes")
    assert found.mean() == 1.25 and (found == 1).any()


@pytest.mark.claim("pacgan-packing", text="a3050d59")
def test_packing_beside_pacgan():
    """The packed game of the larger runs, and its difference from the plain one."""
    packed, free = (CHECKS["larger"][remedy]["0.003"] for remedy in ("packing", "none"))
    assert interval(column(packed, "high_quality")) == pytest.approx((39, 6), abs=0.6)
    assert interval(column(packed, "reverse_kl")) == pytest.approx((0.85, 0.08), abs=0.006)
    middle, half = paired(packed, free, "misplaced")
    assert (middle, middle - half, middle + half) == pytest.approx((17, 14, 20), abs=0.6)
    assert paired(packed, free, "modes") == pytest.approx((2.5, 3.2), abs=0.06)


@pytest.mark.claim("packing-evenness", text="3c246c4b")
def test_an_earlier_pair_with_unequal_batches():
    """The recipes' rows: Welch's intervals of the difference, rates and batches."""
    recipes = measured("games_table")
    for data, said in (("ring-8", (0.23, 0.01, 0.44)), ("grid-25", (0.26, 0.17, 0.34))):
        rows = [recipes[data][game] for game in ("non-saturating", "packed")]
        pair = [column(row, "reverse_kl") for row in rows]
        low, high = stats.ttest_ind(*pair, equal_var=False).confidence_interval()
        assert (pair[0].mean() - pair[1].mean(), low, high) == pytest.approx(said, abs=0.006)
        assert [row["settings"]["batch"] for row in rows] == [128, 256]
        assert [row["settings"]["lr"] for row in rows] == [0.001, 0.001]


@pytest.mark.claim("factorial-floor", text="466db146")
def test_what_a_perfect_sampler_would_show():
    """Misplaced and high quality of forty samples of each mixture, drawn anew."""
    for data, toy, said in (("ring-8", ring(), 2.0), ("grid-25", grid(), 3.9)):
        floor = TABLE["floor"][data]
        fresh = measures(torch.stack([toy.sample(2500, seed=99 + i) for i in range(40)]), toy)
        for found in (floor, fresh):
            assert column(found, "misplaced").mean() == pytest.approx(said, abs=0.25)
            assert column(found, "high_quality").mean() == pytest.approx(98.9, abs=0.1)
        assert floor["modes"] == [toy.modes] * 40


@pytest.mark.claim("slopes-free", text="25747b5c")
def test_slopes_without_a_constraint():
    """Medians on the ring in four places."""
    medians = [slopes("none", "ring", p)[1] for p in ("real", "between", "fake", "outside")]
    assert 35 < min(medians) < 45 and 200 < max(medians) < 250
    assert max(medians) == medians[3]


@pytest.mark.claim("slopes-clip", text="3e59133d")
def test_slopes_with_clipping():
    """Medians near four on real points, fakes and outside, on every toy."""
    for data in ("ring", "grid", "swiss roll"):
        for place in ("fake", "outside"):
            assert slopes("clip", data, place)[1] == pytest.approx(4, abs=0.7)
    assert slopes("clip", "ring", "between")[0] < 2


@pytest.mark.claim("slopes-gp", text="ca11db05")
def test_slopes_with_the_gradient_penalty():
    """Medians on the ring, all of them far above 1."""
    medians = [slopes("gp", "ring", p)[1] for p in ("real", "between", "fake", "outside")]
    assert 3.2 < min(medians) and max(medians) < 10.5


@pytest.mark.claim("slopes-r1", text="cd22e679")
def test_slopes_with_r1():
    """Medians on the ring; the data have the smallest."""
    medians = [slopes("r1", "ring", p)[1] for p in ("real", "between", "fake", "outside")]
    assert 0.9 < min(medians) == medians[0] and max(medians) < 2.6


@pytest.mark.claim("slopes-sn", text="e7238485")
def test_slopes_with_spectral_norm():
    """Medians on all toys below 0.65, the bound about 1."""
    audits = LAB["critics"]["hinge-sn"]["audit"]
    places = ("real", "between", "fake", "outside")
    assert 0.5 < max(slopes("hinge-sn", d, p)[1] for d in audits for p in places) < 0.65
    assert all(0.95 < b < 1.3 for found in audits.values() for b in found["bound"])


@pytest.mark.claim("deep-critic-layers", text="7aa83f75")
def test_gradient_by_layer():
    """Powers of ten between the first layer and the last, mean of three seeds."""
    orders = {n: torch.tensor(r).double().log10().mean(0) for n, r in LAB["layers"].items()}
    assert orders["clip 0.1"][0] > 5
    assert -15.9 < orders["clip 0.01"][0] < -14.5 and orders["clip 0.001"][0] < -27
    assert orders["gp"].abs().max() < np.log10(5.5)


@pytest.mark.claim("bounds-are-loose", text="4c6b9ce4")
def test_product_bounds_over_steepest_quantiles():
    """The mean bound over the largest 95 % quantile, both averaged over the seeds."""
    factors = {}
    for critic, found in LAB["critics"].items():
        for data, places in found["audit"].items():
            steepest = max(slopes(critic, data, place)[2] for place in places if place != "bound")
            factor = np.mean(places["bound"]) / steepest
            factors[critic] = min(factor, factors.get(critic, np.inf))
    assert 2 < factors["clip"] < 3
    assert 8 <= min(factors[critic] for critic in ("none", "gp", "r1")) < 10


@pytest.mark.claim("hollow", text="6bf16a0f")
@pytest.mark.parametrize("critic", ["gp", "r1"])
def test_summits_around_a_hollow(critic):
    """Walks from the middle of the ring over each of its points and out again."""
    heights = torch.tensor(LAB["critics"][critic]["surface"]["ring"])
    cells, reach = LAB["meta"]["cells"], LAB["meta"]["reach"]
    angles = torch.arange(8) * torch.pi / 4

    def around(radius):
        spots = radius * torch.stack([angles.sin(), angles.cos()])  # row upwards, column
        row, column = ((spots / reach + 1) / 2 * (cells - 1)).round().long()
        return heights[row, column]

    top = around(2**0.5)
    assert (top > heights[cells // 2, cells // 2] + 0.05).all() and (top > around(2.2) + 0.05).all()
