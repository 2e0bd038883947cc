"""Every game against a restatement in plain Python, written from the papers' formulas.

The games are found by their class: one that has no line in PLAIN and in SLOPES fails.
"""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gancourse import games, recipes
from gancourse.games import (
    Game,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Relativistic,
    Wasserstein,
)

GAMES = [
    found
    for found in vars(games).values()
    if isinstance(found, type) and issubclass(found, Game) and found is not Game
]


def sigmoid(s):
    return 1 / (1 + math.exp(-s))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


# (discriminator's loss, generator's loss) of lists of scores
PLAIN = {
    Minimax: (
        lambda r, f: (
            -mean(math.log(sigmoid(s)) for s in r) - mean(math.log(1 - sigmoid(s)) for s in f)
        ),
        lambda r, f: mean(math.log(1 - sigmoid(s)) for s in f),
    ),
    NonSaturating: (
        lambda r, f: (
            -mean(math.log(sigmoid(s)) for s in r) - mean(math.log(1 - sigmoid(s)) for s in f)
        ),
        lambda r, f: -mean(math.log(sigmoid(s)) for s in f),
    ),
    LeastSquares: (
        lambda r, f: mean((s - 1) ** 2 / 2 for s in r) + mean(s**2 / 2 for s in f),
        lambda r, f: mean((s - 1) ** 2 / 2 for s in f),
    ),
    Hinge: (
        lambda r, f: mean(max(0, 1 - s) for s in r) + mean(max(0, 1 + s) for s in f),
        lambda r, f: -mean(f),
    ),
    Wasserstein: (lambda r, f: mean(f) - mean(r), lambda r, f: -mean(f)),
    Relativistic: (
        lambda r, f: -mean(math.log(sigmoid(a - b)) for a, b in zip(r, f, strict=True)),
        lambda r, f: -mean(math.log(sigmoid(b - a)) for a, b in zip(r, f, strict=True)),
    ),
}
scores = st.lists(st.tuples(st.floats(-15, 15), st.floats(-15, 15)), min_size=1, max_size=8)


@pytest.mark.parametrize("game", GAMES)
@settings(deadline=None)
@given(pairs=scores)
def test_losses_are_the_formulas(game, pairs):
    real, fake = map(list, zip(*pairs, strict=True))
    d_plain, g_plain = PLAIN[game]
    tensors = torch.tensor(real, dtype=torch.float64), torch.tensor(fake, dtype=torch.float64)
    assert game().d_loss(*tensors).item() == pytest.approx(d_plain(real, fake), rel=1e-9, abs=1e-9)
    assert game().g_loss(*tensors).item() == pytest.approx(g_plain(real, fake), rel=1e-9, abs=1e-9)


def slopes(game, real, fake):
    """d(d_loss)/d(real), d(d_loss)/d(fake), d(g_loss)/d(fake) at one pair of scores."""
    out = []
    for loss, which in (("d_loss", 0), ("d_loss", 1), ("g_loss", 1)):
        pair = [torch.tensor([s], dtype=torch.float64, requires_grad=True) for s in (real, fake)]
        getattr(game(), loss)(*pair).sum().backward()
        out.append(pair[which].grad.item() if pair[which].grad is not None else 0.0)
    return out


# of d_loss by the real score and by the fake one, of g_loss by the fake one; both scores are -6
SLOPES = {
    Minimax: (-sigmoid(6), sigmoid(-6), -sigmoid(-6)),  # -0.9975, 0.0025, -0.0025
    NonSaturating: (-sigmoid(6), sigmoid(-6), -sigmoid(6)),
    LeastSquares: (-7, -6, -7),
    Hinge: (-1, 0, -1),
    Wasserstein: (-1, 1, -1),
    Relativistic: (-0.5, 0.5, -0.5),
}


@pytest.mark.parametrize("game", GAMES)
def test_slopes_at_score_minus_six(game):
    assert slopes(game, -6.0, -6.0) == pytest.approx(SLOPES[game], abs=1e-12)


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("table", ["RING", "GRID", "PICTURES"])
def test_every_game_has_a_measured_recipe(game, table):
    assert game in {type(recipe.game()) for recipe in getattr(recipes, table).values()}


def test_reference_values_when_d_cannot_tell():
    half = torch.zeros(5, dtype=torch.float64)  # sigma(0) = 1/2
    assert -Minimax().d_loss(half, half).item() == pytest.approx(-math.log(4), abs=1e-15)
    assert Minimax().g_loss(half, half).item() == pytest.approx(-math.log(2), abs=1e-15)
    assert NonSaturating().g_loss(half, half).item() == pytest.approx(math.log(2), abs=1e-15)
    assert Relativistic().d_loss(half, half).item() == pytest.approx(math.log(2), abs=1e-15)


def test_minimax_is_zero_sum_in_the_fake_scores_and_non_saturating_is_not():
    for game, zero_sum in ((Minimax, True), (NonSaturating, False)):
        _, d, g = slopes(game, 0.3, -1.2)
        assert (d == pytest.approx(-g)) is zero_sum


@pytest.mark.parametrize("game", GAMES)
def test_an_ensemble_is_its_members(game):
    real, fake = torch.randn(2, 7, 5, dtype=torch.float64).unbind(0)
    for loss in ("d_loss", "g_loss"):
        together = getattr(game(), loss)(real, fake)
        alone = [getattr(game(), loss)(r, f) for r, f in zip(real, fake, strict=True)]
        assert together.shape == (7,)
        assert torch.allclose(together, torch.stack(alone), rtol=1e-12)  # another order of sums


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_losses_and_slopes_are_finite_at_extreme_scores(game, dtype, size):
    for loss in ("d_loss", "g_loss"):
        real = torch.full((2,), size, dtype=dtype, requires_grad=True)
        fake = torch.full((2,), -size, dtype=dtype, requires_grad=True)
        value = getattr(game(), loss)(real, fake)
        value.sum().backward()
        assert value.isfinite().all()
        assert all(s.grad is None or s.grad.isfinite().all() for s in (real, fake))


def test_non_saturating_slope_survives_where_a_clamped_bce_loses_it():
    fake = torch.tensor([-1e4], requires_grad=True)
    NonSaturating().g_loss(None, fake).sum().backward()
    assert fake.grad.item() == -1.0


def test_repr_reads_like_the_sentence_that_made_it():
    from gancourse.penalties import clip_weights, r1_r2

    assert repr(Wasserstein(projection=clip_weights(0.01))) == (
        "Wasserstein(projection=clip_weights(0.01))"
    )
    assert repr(Relativistic(penalty=r1_r2(1.0))) == "Relativistic(penalty=r1_r2(1.0))"
