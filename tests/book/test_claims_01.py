"""Chapter 01: what it concludes from its experiments, from what the notebook printed."""

import math

import nbformat
import numpy as np
import pytest
import torch
from scipy.stats import norm

from checkout import ROOT
from gancourse.theory import likelihood as mle
from outputs import numbers, printed, row

CLUMPS = torch.tensor([-4.2, -4, -3.9, -3.7, -0.3, 0, 0.1, 0.4, 3.8, 4, 4.1, 4.3]).double()


@pytest.mark.claim("ten-flips", text="5fd91c8c")
def test_seven_heads_are_twice_as_probable_under_seven_tenths():
    """The printed likelihoods: more than twice, and not three times."""
    text = printed("01", "flips = torch.tensor([1.0")
    fair, best = (row(text, str(theta))[0] for theta in (0.5, 0.7))
    assert 2 * fair < best < 3 * fair


@pytest.mark.claim("descent-finds-formula", text="555c3169")
def test_descent_ends_at_the_closed_form():
    """Six printed decimals of mean and width are equal."""
    text = printed("01", "knobs = torch.tensor([-2.0, 1.0]")
    found, formula = row(text, "gradient descent:"), row(text, "closed form:")
    assert len(found) == 2 and found == formula
    assert all(len(word.split(".")[1]) == 6 for word in text.split() if "." in word)


@pytest.mark.claim("descent-steps", text="a3ed1f9b")
def test_steps_are_long_at_first_short_at_the_widest_and_grow_a_little():
    """The same descent in numpy, with the gradient of the closed form."""
    x = np.array([0.5, 1, 2, 2.5, 4])
    knobs, road = np.array([-2.0, 1.0]), []
    for _ in range(400):
        road.append((knobs[0], math.exp(knobs[1])))
        off, square = x.mean() - knobs[0], math.exp(2 * knobs[1])
        knobs = knobs + 0.1 * np.array([off / square, (x.var() + off**2) / square - 1])
    road = np.array(road)
    steps = np.linalg.norm(np.diff(road, axis=0), axis=1)
    widest = road[:, 1].argmax()
    assert steps[:3] == pytest.approx([0.40, 0.25, 0.17], abs=0.005)
    assert steps[3:].max() < steps[:3].min()
    assert steps[widest] == pytest.approx(0.025, abs=5e-4)
    assert steps[widest:].max() == pytest.approx(0.044, abs=5e-4)
    assert steps[-1] < 1e-6


@pytest.mark.claim("variance-simulated", text="27e86028")
def test_simulated_errors_of_both_variances_are_those_of_the_formulas():
    """Printed, for five values; the formulas are computed here. The biased one is smaller."""
    text = printed("01", "statisticians = budget")
    (_, _, biased, _), (_, _, unbiased, _) = map(numbers, text.splitlines())
    assert biased == pytest.approx((2 * 5 - 1) / 25, rel=0.01)
    assert unbiased == pytest.approx(2 / 4, rel=0.01)


@pytest.mark.claim("consistent-and-not", text="d236af49")
def test_one_rule_stays_at_62_percent_and_the_other_arrives():
    """Exactly, by the normal distribution; in the sizes that the figure shows."""
    off = lambda mean, std: norm.cdf(-0.5, mean, std) + norm.sf(0.5, mean, std)
    assert off(0, 1) == pytest.approx(0.62, abs=0.005)  # the first value, whatever n is
    arrives = [off(1 / n, n**-0.5) for n in (1, 3, 10, 30, 100, 300, 1000)]
    assert np.all(np.diff(arrives) < 0) and arrives[0] > 0.7 and arrives[-1] < 1e-9


@pytest.mark.claim("negative-waits", text="f59dc60d")
def test_the_fitted_gaussian_has_negative_waits():
    """Printed, and at the limit: a standard normal below -1."""
    negative = row(printed("01", "waiting = -torch.rand"), "waiting times:")[-1]
    assert negative == pytest.approx(norm.cdf(-1), abs=0.006)
    assert round(100 * negative) == round(100 * norm.cdf(-1)) == 16


@pytest.mark.claim("ridge", text="ea089a75")
def test_three_ends_on_one_ridge():
    """Printed: the products are equal, the factors are not, and both signs occur."""
    text = printed("01", "truth = 2 + torch.randn(50)")
    ends = [numbers(line) for line in text.splitlines() if line[0] in "-0123456789"]
    (mean,) = row(text, "mean of the data:")
    assert [product for *_, product in ends] == [mean] * 3
    assert len({(a, b) for a, b, _ in ends}) == 3 and {a > 0 for a, *_ in ends} == {True, False}


@pytest.mark.claim("em-and-adam", text="1f58f150")
def test_both_climbers_arrive_and_only_adam_steps_down():
    """Printed ends are equal; run again, EM never falls and a third of Adam's steps do."""
    text = printed("01", "left, right = -2")
    assert len(row(text, "EM")) == 7 and row(text, "EM") == row(text, "gradient")
    notebook = nbformat.read(ROOT / "chapters/01_maximum_likelihood.ipynb", 4)
    names = {}
    before = torch.get_default_dtype()
    try:
        for cell in notebook.cells:
            if cell.source.startswith("import math") or "left, right = -2" in cell.source:
                exec(cell.source, names)
    finally:
        torch.set_default_dtype(before)
    assert torch.stack(names["em"]).diff().min() > -1e-12
    falls = torch.tensor(names["gradient"], dtype=torch.float64).diff()
    falls = falls[falls < 0]
    assert 0.25 < len(falls) / 399 < 0.42
    assert falls.min() < -0.003 and falls.median() > -0.001  # of a climb of more than 0.3


@pytest.mark.claim("three-summits", text="69ea15e2")
def test_two_mirrored_summits_and_a_worse_one():
    """Printed heights; and 300 small steps from the third end all lead down."""
    lines = printed("01", "clumps = torch.tensor").splitlines()
    (m, s, n, t, height), (o, u, p, v, other), (q, w, r, x, worse) = (
        numbers(line)[-5:] for line in lines
    )
    assert height == other > worse + 0.4
    assert [m, n] == pytest.approx([-p, -o], abs=0.12) and (s, t) == (v, u)
    assert q == pytest.approx(r, abs=0.05) and 10 * w < x
    state = [torch.ones(2).double() / 2, torch.zeros(2).double(), torch.tensor([1.0, 4]).double()]
    for _ in range(400):
        state = mle.em_step(CLUMPS, *state)
    top = mle.log_mixture(CLUMPS, *state).mean()
    assert float(top) == pytest.approx(worse, abs=6e-4)
    torch.manual_seed(0)
    for step in 0.01 * torch.nn.functional.normalize(torch.randn(300, 5).double(), dim=1):
        share = (state[0][0] + step[0]).reshape(1)
        moved = torch.cat([share, 1 - share]), state[1] + step[1:3], state[2] + step[3:]
        assert mle.log_mixture(CLUMPS, *moved).mean() < top


@pytest.mark.claim("collapse-overtakes", text="51dbda6e")
def test_the_collapsed_component_wins_in_the_end():
    """Printed: first down, then log 100 for each factor of 100; two lines beat the best fit."""
    text = printed("01", "centre, spread = mle.fit_gaussian(clumps)")
    heights = [float(line.split()[-1]) for line in text.splitlines()]
    assert heights[1] < heights[0]
    gains = np.diff(heights[1:]) / math.log(100)
    assert gains == pytest.approx([1, 2, 4], abs=0.01)
    best = 12 * numbers(printed("01", "clumps = torch.tensor").splitlines()[0])[-1]
    assert best == pytest.approx(-23.39, abs=0.01)
    assert [height > best for height in heights] == [False, False, False, True, True]


@pytest.mark.claim("price-of-priors", text="fb348435")
def test_the_price_of_four_priors():
    """Printed: infinite; a fitting prior wins at n = 3; the wrong one loses at 3 and at 30."""
    text = printed("01", "def excess(theta, n, predict)")
    table = {n: line.split()[-4:] for line in text.splitlines() for n in [line.split("   ")[0]]}
    assert table.pop("maximum likelihood") == ["inf"] * 4
    flat, five, wrong = ([float(v) for v in table[f"prior Beta({n})"]] for n in _PRIORS)
    assert five[0] < flat[0] / 2 and wrong[1] < flat[1] / 2  # a fair coin; one that falls heads
    assert wrong[0] > 5 * flat[0] and wrong[2] > 5 * flat[2]


_PRIORS = ("1, 1", "5, 5", "20, 1")


@pytest.mark.claim("lost-sign", text="4245d421")
def test_without_the_sign_the_mean_runs_away():
    """Printed, at means of 1, 10 and 100."""
    text = printed("01", "for mu in (1.0, 10.0, 100.0)")
    heights = [numbers(line)[-1] for line in text.splitlines() if line.startswith("N(")]
    assert (heights[0], heights[-1]) == (-1.25, -4901.75) and sorted(heights)[::-1] == heights
