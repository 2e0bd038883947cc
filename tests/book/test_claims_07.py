"""Chapter 7: what it concludes, from what its cells have printed and from the stored runs."""

import math

import pytest

from gancourse.experiments.measured import measured
from gancourse.theory.dirac import MINIMAX, DiracGAN
from outputs import paired, printed, row

ARRIVE = ["R1, gamma 0.3", "R1, gamma 1", "consensus 0.3", "noise 0.7", "TTUR and R1 0.3"]
STAY = ["minimax", "non-saturating", "Wasserstein", "Wasserstein, clip 1", "WGAN-GP, 0.5"]


def entries(snippet):
    """The rows of a cell's table: the entries behind each name."""
    rows = (line.split("   ") for line in printed("07", snippet).splitlines())
    return {name: values for name, *values in rows}


def ends(name):
    """The three distances of a row of the Dirac table."""
    return [float(entry) for entry in entries("games = {")[name][:3]]


@pytest.mark.claim("dirac-who-arrives", text="5caae7b7")
def test_who_arrives():
    """All rows as printed, in three columns."""
    assert all(max(ends(name)) < 0.01 for name in ARRIVE)
    assert all(max(ends(name)) > 0.01 for name in [*STAY, "consensus 1", "TTUR, D 4 times"])


@pytest.mark.claim("dirac-consensus-flies", text="258fb505")
def test_consensus_flies_from_afar():
    """The printed end; the modulus, and starts that are nearer, by the theory."""
    game = DiracGAN(MINIMAX, consensus=1.0)
    assert ends("consensus 1")[2] == pytest.approx(11, abs=0.5)
    assert game.modulus(0.2, 5) == pytest.approx(0.857, abs=5e-4)
    assert game.play(0.2, 500, 5, (0.7, 0.7))[-1].norm() < 1e-9


@pytest.mark.claim("dirac-ns-cycle", text="05c43c42")
def test_an_orbit_that_attracts():
    """Long runs from inside and from outside end on it."""
    for start in ((0.05, 0.05), (1.0, 1.0)):
        late = DiracGAN().play(0.2, 3000, 0, start)[-300:].norm(dim=1)
        assert late.min() == pytest.approx(0.62, abs=0.01)
        assert late.max() == pytest.approx(0.64, abs=0.01)


@pytest.mark.claim("dirac-lazy-gain", text="a8f691fd")
def test_a_lazy_weak_penalty_gains():
    """The printed moduli, and those of every k between; all k of the table keep the bound."""
    table = {int(k): [float(x) for x in row] for k, row in entries("ks = (").items()}
    assert list(table) == [1, 2, 4, 8, 9, 10, 16]
    always = table[1][3]
    for k, (_, _, bound, modulus) in table.items():
        assert bound < 2 and (k == 1 or modulus < always)
    assert all(DiracGAN(r1=0.3, lazy=k).modulus(0.2, 1) < always for k in range(2, 17))


@pytest.mark.claim("pull-fades", text="3446ae67")
def test_the_minimax_pull_fades():
    """The worst of five at the end against the least of five at the best moment."""
    lines = printed("07", "adam = torch.optim.Adam(D.parameters(), 2e-3").splitlines()
    table = [[float(x) for x in line.split() if x != "to"] for line in lines]
    *before, last = table
    assert last[0] == 256
    assert last[2] < max(line[1] for line in before) / 10
    assert last[3] > max(line[3] for line in before)
    assert last[4] > max(line[4] for line in before)


def settled(game):
    """Trapped and right from anywhere, trapped and right from a."""
    return row(printed("07", "def settle(game, at_a"), game)


@pytest.mark.claim("landscape-trap", text="f8ec1956")
def test_who_leaves_the_trap():
    """The printed counts of 100 starts."""
    for game in ("minimax", "non-saturating", "paired anew"):
        assert settled(game)[2:] == [100, 0]
    trapped, right = settled("paired for good")[2:]
    assert right == 19 and 100 - trapped - right == 22


@pytest.mark.claim("landscape-anywhere", text="04a822ce")
def test_pairs_for_good_trap_fewer():
    """The printed counts; the interval of a difference of two shares of 100 starts."""
    good, alone, anew = (
        settled(game)[0] for game in ("paired for good", "non-saturating", "paired anew")
    )
    assert (good, alone, anew) == (14, 46, 47)
    error = math.sqrt(sum(x / 100 * (1 - x / 100) / 100 for x in (good, alone)))
    assert alone - good == 32 and 196 * error == pytest.approx(12, abs=0.5)


RING = measured("factorial")["ring-8"]["non-saturating"]
RATES = RING["none"]["rates"]


@pytest.mark.claim("failures-rate", text="70fd8980")
def test_a_higher_rate_drops_modes():
    """The stored seeds, pair by pair."""
    lost, half = paired(RATES["0.008"]["modes"], RATES["0.016"]["modes"])
    assert [lost, lost - half, lost + half] == pytest.approx([2.8, 1.3, 4.2], abs=0.06)
    gain, half = paired(RATES["0.016"]["high_quality"], RATES["0.008"]["high_quality"])
    assert [100 * x for x in (gain, gain - half, gain + half)] == pytest.approx([9, 2, 17], abs=0.5)


@pytest.mark.claim("failures-r1", text="260ff0fa")
def test_r1_keeps_the_modes():
    """The stored seeds, at the same rate."""
    assert RING["r1"]["rate"] == 0.008 and RING["r1"]["modes"] == [8] * 12
    gap, half = paired(RING["r1"]["misplaced"], RATES["0.008"]["misplaced"])
    assert [-100 * gap, 100 * half] == pytest.approx([16, 9], abs=0.5)


LAB = measured("clinic")


def judged(group, data):
    """(truth, first finding) of every confirmed run."""
    return [
        (case["trouble"], (run["found"] or ["healthy"])[0])
        for case in LAB[group][data].values()
        for run in case["runs"]
        if run["confirmed"]
    ]


def score(group, data):
    found = judged(group, data)
    return sum(truth == verdict for truth, verdict in found), len(found)


@pytest.mark.claim("clinic-ring", text="9e68f30d")
def test_the_clinic_on_the_ring():
    """The stored findings; the printed matrix agrees."""
    assert score("held-out", "ring-8") == (86, 89)
    assert judged("held-out", "ring-8").count(("healthy", "healthy")) == 16
    ring = printed("07", "def judged(group").splitlines()[:8]
    matrix = [[int(n or 0) for n in line.split("   ")[1:]] for line in ring]
    assert sum(matrix[i][i] for i in range(8)) == 86 and sum(map(sum, matrix)) == 89


@pytest.mark.claim("clinic-grid", text="55a5f24f")
def test_the_clinic_on_the_grid():
    """The stored findings."""
    assert score("held-out", "grid-9") == (70, 75)
    healthy = [verdict for truth, verdict in judged("held-out", "grid-9") if truth == "healthy"]
    assert healthy == ["healthy"] * 16


@pytest.mark.claim("clinic-errors", text="4757d9d9")
def test_what_the_errors_are():
    """Of the stored errors: what was planted, what was said, and what the probes show."""
    wrong = [
        (case["trouble"], run)
        for data in ("ring-8", "grid-9")
        for case in LAB["held-out"][data].values()
        for run in case["runs"]
        if run["confirmed"] and (run["found"] or ["healthy"])[0] != case["trouble"]
    ]
    assert len(wrong) == 8
    others = [truth for truth, run in wrong if run["found"][0] != "collapse"]
    assert others == ["memorising"]
    for truth, run in wrong:
        if truth == "dropping":
            assert run["probes"]["modes"] in (2, 3) and run["probes"]["spread"] < 0.05
        else:
            assert truth == "memorising" or run["probes"]["hop"] > 0.5


@pytest.mark.claim("clinic-tuning", text="095d832d")
def test_the_first_seeds():
    """The stored findings."""
    assert score("tuning", "ring-8") == (82, 89)


@pytest.mark.claim("clinic-left-out", text="cdee1cb8")
def test_a_slow_generator_on_the_grid():
    """No run was confirmed, and all eight were found to have collapsed."""
    runs = LAB["held-out"]["grid-9"]["a slow G"]["runs"]
    assert len(runs) == 8 and not any(run["confirmed"] for run in runs)
    assert all(run["found"][0] == "collapse" for run in runs)
