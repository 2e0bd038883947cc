import itertools
import json

import pytest
import torch

from gancourse.data.toys import grid, ring
from gancourse.errors import GanCourseError
from gancourse.games import NonSaturating, Relativistic
from gancourse.gans import GAN, PackedGAN
from gancourse.networks.mlp import mlp
from gancourse.recipes import GRID, PICTURES, RING
from gancourse.training import Training, train

GAMES = {
    "minimax",
    "non-saturating",
    "least-squares",
    "hinge-sn",
    "wgan-clip",
    "wgan-gp",
    "ns-r1",
    "relativistic",
}
POINTS = [
    (recipe, toy)
    for recipes, toy in ((RING, ring()), (GRID, grid()))
    for recipe in recipes.values()
]


def test_every_game_has_a_recipe_and_every_recipe_names_its_source():
    assert set(RING) == set(GRID) == GAMES | {"packed"}
    assert set(PICTURES) == GAMES
    for recipe in itertools.chain(RING.values(), GRID.values(), PICTURES.values()):
        assert "et al. (20" in recipe.source


@pytest.mark.parametrize("members", [None, 2])
@pytest.mark.parametrize(("recipe", "toy"), POINTS, ids=lambda part: getattr(part, "name", ""))
def test_points_take_two_steps(recipe, toy, members):
    gan = recipe.points(members=members)
    before = [weight.clone() for weight in gan.parameters()]
    training = train(gan, toy.batches(recipe.batch, members=members), 2, **recipe.settings())
    changed = [not torch.equal(old, new) for old, new in zip(before, gan.parameters(), strict=True)]
    assert sum(changed) > len(changed) / 2
    assert training.sample(5).shape == ((5, 2) if members is None else (2, 5, 2))


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_take_two_steps(name, channels):
    recipe = PICTURES[name]
    gan = recipe.pictures(16, channels, latent_dim=8, width=4)
    batch = torch.rand(8, channels, 16, 16) * 2 - 1
    training = train(gan, [(batch,)], 2, **recipe.settings())
    assert training.sample(3).shape == (3, channels, 16, 16)


def test_the_settings_reach_the_optimizers():
    for recipe in itertools.chain(RING.values(), GRID.values()):
        training = Training(recipe.points(), [], **recipe.settings(100))
        for optimizer in (training.G.optimizer, training.D.optimizer):
            assert optimizer.defaults["lr"] == recipe.lr
            assert optimizer.defaults["betas"] == recipe.betas
        assert (training.settings.d_steps, training.settings.ema) == (recipe.d_steps, recipe.ema)
        assert (training.settings.scale(0), training.settings.scale(50)) == (1, 1)
        assert training.settings.scale(100) == pytest.approx(recipe.final)


def test_without_a_number_of_steps_the_rate_falls_over_the_recipes_own():
    recipe = RING["relativistic"]
    schedule = recipe.settings()["schedule"]
    assert schedule(recipe.steps // 2) == 1
    assert schedule(recipe.steps) == pytest.approx(recipe.final)


def test_the_norm_and_the_clipping_are_where_the_name_says():
    D = RING["hinge-sn"].points().D
    top = [torch.linalg.svdvals(layer.weight)[0].item() for layer in D if hasattr(layer, "weight")]
    assert top == pytest.approx([1.0] * 4, abs=0.2)
    recipe = RING["wgan-clip"]
    gan = recipe.points()
    train(gan, ring().batches(recipe.batch), 1, **recipe.settings())
    c = recipe.game().projection.c
    top = max(weight.abs().max().item() for weight in gan.D.parameters())
    assert top == pytest.approx(c, rel=1e-6)


def test_a_description_is_plain_json():
    for recipe in RING.values():
        found = json.loads(json.dumps(recipe.described()))
        assert found["lr"] == recipe.lr and found["game"] == repr(recipe.game())


def packed(packing=2, members=None):
    return PackedGAN(
        NonSaturating(),
        packing=packing,
        generator=mlp(3, 2, members=members),
        discriminator=mlp(2 * packing, 1, members=members),
        latent_dim=3,
    )


def test_a_pack_holds_neighbours_side_by_side():
    x = torch.arange(12.0).view(6, 2)
    assert packed().pack(x).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert packed(3).pack(x).shape == (2, 6)
    assert packed(2, members=4).pack(x.expand(4, 6, 2)).shape == (4, 3, 4)


def test_the_packed_generator_is_compared_with_packs_of_real_neighbours():
    gan, x = packed(), torch.randn(8, 2)
    gan.game = Relativistic()
    torch.manual_seed(0)
    loss = gan.g_loss(x)
    torch.manual_seed(0)
    fake = gan.generate(gan.pack(x))
    expected = gan.game.g_loss(gan.D(gan.pack(x))[:, 0], gan.D(fake)[:, 0])
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_packs_of_one_are_the_plain_gan():
    gan = packed(1)
    plain = GAN(NonSaturating(), generator=gan.G, discriminator=gan.D, latent_dim=3)
    x = torch.randn(8, 2)
    for loss in ("d_loss", "g_loss"):
        torch.manual_seed(0)
        one = getattr(gan, loss)(x)
        torch.manual_seed(0)
        assert torch.equal(one, getattr(plain, loss)(x))


def test_the_discriminator_scores_packs_and_the_generator_still_makes_points():
    gan = packed(2, members=3)
    seen = []
    gan.D.register_forward_pre_hook(lambda _, inputs: seen.append(tuple(inputs[0].shape)))
    x = torch.randn(3, 8, 2)
    assert gan.d_loss(x).shape == gan.g_loss(x).shape == (3,)
    assert seen == [(3, 8, 4), (3, 4, 4)]  # 4 packs of real and 4 of fake, then 4 of fake
    assert gan.sample(5).shape == (3, 5, 2)


def test_what_cannot_be_packed_is_named():
    with pytest.raises(GanCourseError, match="cannot be packed"):
        packed(2).d_loss(torch.randn(7, 2))
    with pytest.raises(GanCourseError, match="cannot be packed"):
        packed(2).pack(torch.randn(4, 1, 16, 16))
    with pytest.raises(GanCourseError, match="packing must be"):
        PackedGAN(
            NonSaturating(), packing=0, generator=mlp(3, 2), discriminator=mlp(2, 1), latent_dim=3
        )
