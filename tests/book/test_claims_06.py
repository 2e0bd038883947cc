"""Chapter 06: what it concludes from its runs, from what the committed notebook printed."""

import math

import pytest

from outputs import numbers, printed, row


@pytest.mark.claim("optimal-d-ten-seeds", text="1f066ae8")
def test_ten_trained_discriminators_are_near_the_optimal_one():
    """The worst of ten is within 0.01; the value lost is near a thousandth, of 0.95."""
    text = printed("06", "error = ((D_net - D_star) ** 2")
    mean, least, most = row(text, "error of D")
    assert 0 < least < mean < most < 0.01
    mean, *_ = row(text, "V(D*, G) - V(D, G)")
    assert 0.0005 < mean < 0.0015
    (best,) = row(text, "V(D*, G) =")
    assert round(best + math.log(4), 2) == 0.95


@pytest.mark.claim("frozen-steps", text="f973a116")
def test_frozen_steps_agree_with_the_divergences():
    """Both halves of each printed line, to one unit in the fourth decimal."""
    lines = printed("06", "best_score = lambda x, theta").splitlines()
    assert len(lines) == 4
    for line in lines:
        left, right = line.split("   ")[-2:]
        assert numbers(left) == pytest.approx(numbers(right), abs=1.01e-4)
        assert max(map(abs, numbers(left))) > 0.3


@pytest.mark.claim("losses-table", text="a362f5fc")
def test_the_table_of_losses_holds():
    """Loss and step of each game; Hinge's step is zero where its divergence has a slope."""
    text = printed("06", "loss = Game().d_loss(D(z, theta)")
    for game, tolerance in [
        ("Minimax", 1.01e-4),
        ("NonSaturating", 1.01e-4),
        ("LeastSquares", 1.01e-4),
        ("Wasserstein", 1e-3),
    ]:
        loss, table, *steps = row(text, game)
        assert loss == pytest.approx(table, abs=1.01e-4)
        assert steps[:2] == pytest.approx(steps[2:], abs=tolerance)
    loss, table, *steps = row(text, "Hinge")
    assert loss == table and steps[:2] == [0, 0] and min(steps[2:]) > 0.1
    exact = [0.90442, 0.19895]  # 2 F(c) - 1 and its companion in sigma, by quadrature
    assert row(text, "Wasserstein")[2:4] == pytest.approx(exact, abs=1e-4)
