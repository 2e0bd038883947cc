"""Chapter 13: what it concludes from the stored table and the stored surfaces."""

import numpy as np
import pytest
import torch
from scipy import stats

from gancourse.data.toys import grid, ring
from gancourse.experiments.measured import measured
from gancourse.metrics import interval, mode_coverage

TABLE, LAB = measured("games_table"), measured("surfaces")
FREE = ("minimax", "non-saturating", "least-squares")


def column(data, game, key):
    return np.array(TABLE[data][game][key])


def difference(one, other):
    """Mean difference of two independent rows, and its 95 % interval (Welch)."""
    low, high = stats.ttest_ind(one, other, equal_var=False).confidence_interval()
    return one.mean() - other.mean(), low, high


def slopes(critic, data, place):
    """The mean over the seeds of the quantiles 5, 50, 95 %."""
    return torch.tensor(LAB["critics"][critic]["audit"][data][place]).mean(0).tolist()


@pytest.mark.claim("ring-modes", text="b54a3126")
def test_free_games_touch_the_modes_of_the_ring():
    """Counts the runs of the three rows without a constraint that have all eight."""
    runs = np.concatenate([column("ring-8", game, "modes") for game in FREE])
    assert (len(runs), (runs == 8).sum(), runs.min()) == (30, 29, 7)


@pytest.mark.claim("ring-evenness", text="a4925648")
def test_evenness_on_the_ring():
    """The mean reverse KL of six rows, and the two groups have no run of theirs between them."""
    free = [column("ring-8", game, "reverse_kl").mean() for game in FREE]
    assert min(free) == pytest.approx(0.18, abs=0.005)
    assert max(free) == pytest.approx(0.54, abs=0.005)
    for game in ("wgan-gp", "ns-r1", "hinge-sn"):
        assert column("ring-8", game, "reverse_kl").mean() == pytest.approx(0.002, abs=0.0003)


@pytest.mark.claim("kl-floor", text="a326a372")
def test_a_perfect_sampler_shows_about_half_the_modes_over_n():
    """Forty samples of 2 500 from the mixtures themselves; the theory is (modes - 1) / 2n."""
    for toy, said, modes in ((ring(), 0.0014, 8), (grid(), 0.0049, 25)):
        samples = torch.stack([toy.sample(2500, seed=i) for i in range(40)])
        found = torch.as_tensor(mode_coverage(samples, toy).reverse_kl).double()
        assert float(found.mean()) == pytest.approx(said, rel=0.15)
        assert said == pytest.approx((modes - 1) / 5000 / 0.989, rel=0.03)


@pytest.mark.claim("ring-precision", text="364b1fab")
def test_precision_on_the_ring_and_the_rates_that_go_with_it():
    """The means, and that every penalised row has at least twice the free rows' rate."""
    free = [100 * column("ring-8", game, "high_quality").mean() for game in FREE]
    assert (round(min(free)), round(max(free))) in {(75, 84), (74, 84), (75, 83)}
    told = {"wgan-gp": 93, "ns-r1": 95, "relativistic": 96}
    for game, said in told.items():
        assert 100 * column("ring-8", game, "high_quality").mean() == pytest.approx(said, abs=0.6)
    for data in TABLE:
        if data == "meta":
            continue
        free_rate = {TABLE[data][game]["settings"]["lr"] for game in FREE}
        assert free_rate == {0.001}
        ratios = [TABLE[data][game]["settings"]["lr"] / 0.001 for game in told]
        assert 2 <= min(ratios) and max(ratios) <= 8


@pytest.mark.claim("grid-rows", text="606cf6e6")
def test_rows_of_the_grid():
    """Modes and precision of four rows, and that their four rates are not one."""
    modes = column("grid-25", "non-saturating", "modes")
    assert (modes.min(), modes.max()) == (19, 25)
    for game, said in (
        ("non-saturating", 44),
        ("ns-r1", 77),
        ("wgan-gp", 84),
        ("relativistic", 93),
    ):
        assert 100 * column("grid-25", game, "high_quality").mean() == pytest.approx(said, abs=0.6)
        if game != "non-saturating":
            assert (column("grid-25", game, "modes") == 25).all()
            assert TABLE["grid-25"][game]["settings"]["lr"] >= 0.003


@pytest.mark.claim("packing-evenness", text="9cc8869a")
def test_packing_is_more_even_and_not_more_precise():
    """Differences of the two rows with Welch's interval, from both sides; twice the batch."""
    for data, said in (("ring-8", (0.23, 0.01, 0.44)), ("grid-25", (0.26, 0.17, 0.34))):
        pair = [column(data, game, "reverse_kl") for game in ("non-saturating", "packed")]
        found = difference(*pair)
        assert found == pytest.approx(said, abs=0.006) and found[1] > 0
        batches = [TABLE[data][g]["settings"]["batch"] for g in ("non-saturating", "packed")]
        assert batches == [128, 256]
    pair = [100 * column("grid-25", g, "high_quality") for g in ("non-saturating", "packed")]
    assert difference(*pair) == pytest.approx((15, 5, 24), abs=0.6)
    pair = [100 * column("ring-8", g, "high_quality") for g in ("packed", "non-saturating")]
    assert difference(*pair)[0] < 0


@pytest.mark.claim("packing-direction", text="71c81ec0")
def test_the_direction_of_packing_beyond_chance():
    """Welch's interval and the rank test agree on both mixtures."""
    for data in ("ring-8", "grid-25"):
        pair = [column(data, game, "reverse_kl") for game in ("non-saturating", "packed")]
        assert difference(*pair)[1] > 0 and stats.mannwhitneyu(*pair).pvalue < 0.05


@pytest.mark.claim("packing-modes", text="f3dfba6d")
def test_the_number_of_modes_of_the_packed_row():
    """Eight everywhere on the ring; on the grid the interval of the difference holds zero."""
    for game in ("non-saturating", "packed"):
        assert (column("ring-8", game, "modes") == 8).all()
    pair = [column("grid-25", game, "modes") for game in ("packed", "non-saturating")]
    found = difference(*pair)
    assert found == pytest.approx((1.3, -0.03, 2.63), abs=0.02) and found[1] < 0


@pytest.mark.claim("bounds-on-the-grid", text="6cdd8fde")
def test_bounds_on_ring_and_grid():
    """Spectral norm and clipping: precision, evenness, runs with all modes."""
    assert 100 * column("ring-8", "hinge-sn", "high_quality").mean() == pytest.approx(91, abs=0.6)
    assert column("ring-8", "wgan-clip", "reverse_kl").mean() == pytest.approx(0.02, abs=0.005)
    assert (column("grid-25", "hinge-sn", "modes") == 25).sum() == 8
    assert column("grid-25", "hinge-sn", "reverse_kl").mean() == pytest.approx(0.23, abs=0.005)
    quality = {g: 100 * column("grid-25", g, "high_quality").mean() for g in TABLE["grid-25"]}
    assert quality["hinge-sn"] == pytest.approx(53, abs=0.6)
    assert min(quality, key=quality.get) == "wgan-clip"
    assert quality["wgan-clip"] == pytest.approx(26, abs=0.6)


@pytest.mark.claim("table-time", text="99f3dd04")
def test_time_of_a_step():
    """CPU seconds over steps, against the same game without a penalty."""
    told = {("ring-8", "ns-r1"): 1.3, ("grid-25", "ns-r1"): 1.6}
    told |= {("ring-8", "wgan-gp"): 2.5, ("grid-25", "wgan-gp"): 3.0}
    for (data, game), said in told.items():
        rows = [TABLE[data][g] for g in (game, "non-saturating")]
        mine, plain = (row["cpu_seconds"] / row["settings"]["steps"] for row in rows)
        assert mine / plain == pytest.approx(said, abs=0.06)


@pytest.mark.claim("pacgan-precision", text="7236e394")
def test_precision_below_pacgan():
    """Ours minus the published means, four rows."""
    told = {("ring-8", "non-saturating"): 98.2, ("ring-8", "packed"): 95.6}
    told |= {("grid-25", "non-saturating"): 94.8, ("grid-25", "packed"): 91.3}
    below = [v - 100 * column(*row, "high_quality").mean() for row, v in told.items()]
    assert min(below) == pytest.approx(15, abs=0.6) and max(below) == pytest.approx(62, abs=0.6)
    assert all(interval(100 * column(*row, "high_quality"))[1] < 10 for row in told)


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
