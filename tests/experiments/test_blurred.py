"""Sinkhorn against exact solvers: the problem, the errors done again, and what is timed."""

import pytest
import torch

from gancourse.experiments import blurred as lab
from gancourse.experiments.measured import measured
from gancourse.theory.transport import monotone_plan, sinkhorn

KEPT = measured("blurred")


def test_two_heaps_of_one_mass():
    p, q, cost = lab.bells(50)
    assert p.sum() == pytest.approx(1) and q.sum() == pytest.approx(1)
    x = torch.linspace(0, 1, 50).double()
    assert (p * x).sum() == pytest.approx(0.3, abs=0.001) and cost[0, -1] == 1


@pytest.mark.parametrize("points", lab.POINTS)
def test_the_exact_cost_is_that_of_the_plan_that_keeps_the_order(points):
    """On a line nothing is cheaper, so no solver is asked; both solvers agree with it."""
    p, q, cost = lab.bells(points)
    exact = KEPT[f"line-{points}"]["exact"]
    assert exact["cost"] == pytest.approx(float((cost * monotone_plan(p, q)).sum()), rel=1e-4)
    assert exact["apart"] < 1e-9


@pytest.mark.parametrize("blur", lab.BLURS[:4])
def test_the_errors_are_what_the_file_says(blur):
    p, q, cost = lab.bells(100)
    exact = float((cost * monotone_plan(p, q)).sum())
    error = float(sinkhorn(p, q, cost, blur, tolerance=lab.TOLERANCE).value) / exact - 1
    assert KEPT["line-100"]["sinkhorn"][str(blur)]["error"] == pytest.approx(error, rel=0.01)


def test_less_blur_is_dearer_and_better():
    for points in lab.POINTS:
        runs = list(KEPT[f"line-{points}"]["sinkhorn"].values())
        errors, seconds = ([run[key] for run in runs] for key in ("error", "seconds"))
        assert errors == sorted(errors, reverse=True) and seconds == sorted(seconds)
        assert min(errors) > 0


def test_the_median_of_the_runs():
    """Three runs of which one is long; and the result of the work comes back."""
    rounds = iter([0, 20_000_000, 0])
    found, seconds = lab.timed(lambda: sum(range(next(rounds))) or 7, runs=3)
    assert found == 7 and seconds < 0.05


def test_quick_writes_nothing(capsys):
    before = lab.EXPERIMENT.path.read_text()
    found = lab.EXPERIMENT.main(["--quick", "--only", "line-400"])
    assert list(found) == ["line-400"] and len(found["line-400"]["sinkhorn"]) == 2
    assert lab.EXPERIMENT.path.read_text() == before and "a few steps" in capsys.readouterr().out
