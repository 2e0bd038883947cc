import math

import pytest
import torch
from torch import nn

from gancourse.errors import GanCourseError
from gancourse.games import Minimax, NonSaturating, Relativistic, Wasserstein
from gancourse.gans import GAN, PackedGAN, TwoPlayers
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.penalties import clip_weights, gradient_penalty, r1_r2
from gancourse.training import train


def toy(game=None, members=None, latent_dim=2):
    return GAN(
        game or NonSaturating(),
        latent_dim=latent_dim,
        generator=mlp(latent_dim, 2, width=8, members=members),
        discriminator=mlp(2, 1, width=8, members=members),
    )


def test_losses_are_the_games_losses_on_the_gans_own_samples():
    gan, x = toy(), torch.randn(16, 2)
    torch.manual_seed(3)
    d_loss = gan.d_loss(x)
    torch.manual_seed(3)
    fake = gan.G(torch.randn(16, 2))
    expected = NonSaturating().d_loss(gan.D(x).squeeze(1), gan.D(fake).squeeze(1))
    assert d_loss.item() == pytest.approx(expected.item(), abs=1e-6)
    torch.manual_seed(3)
    assert gan.g_loss(x).item() == pytest.approx(
        NonSaturating().g_loss(None, gan.D(fake).squeeze(1)).item(), abs=1e-6
    )


def test_the_discriminators_turn_leaves_the_generator_alone():
    gan = toy()
    gan.d_loss(torch.randn(8, 2)).backward()
    assert all(w.grad is None for w in gan.G.parameters())
    assert all(w.grad is not None for w in gan.D.parameters())


def test_relativistic_pairs_real_with_fake_in_both_turns():
    gan, x = toy(Relativistic()), torch.randn(8, 2)
    torch.manual_seed(0)
    value = gan.g_loss(x)
    torch.manual_seed(0)
    fake = gan.D(gan.G(torch.randn(8, 2))).squeeze(1)
    real = gan.D(x).squeeze(1)
    expected = [
        math.log1p(math.exp(r - f)) for r, f in zip(real.tolist(), fake.tolist(), strict=True)
    ]
    assert value.item() == pytest.approx(sum(expected) / 8, rel=1e-5)


def test_members_do_not_touch_each_other():
    gan, x = toy(members=3), torch.randn(3, 8, 2)
    loss = gan.d_loss(x)
    assert loss.shape == (3,)
    loss[1].backward()
    weight = gan.D[0].weight.grad
    assert weight[1].abs().sum() > 0
    assert weight[[0, 2]].abs().sum() == 0


def test_batch_norm_keeps_real_and_fake_apart():
    gan = GAN(
        Minimax(),
        generator=dcgan.generator(16, 1, 4, 4),
        discriminator=dcgan.discriminator(16, 1, 4),
        latent_dim=4,
    )
    assert not gan.together
    x, fake = torch.randn(2, 6, 1, 16, 16).unbind(0)
    real_scores, _ = gan.scores(x, fake)
    assert torch.allclose(real_scores, gan.D(x)), "statistics of the real batch alone"
    assert toy().together, "a dense network is called once on both"
    dense = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    gan = GAN(Minimax(), generator=mlp(2, 2), discriminator=dense, latent_dim=2)
    x, fake = torch.randn(6, 2), torch.randn(6, 2) + 3
    assert torch.allclose(gan.scores(x, fake)[0], dense(x)[:, 0], atol=1e-6)


class Deviation(nn.Module):
    """Minibatch deviation: the spread of the batch as one more feature of every sample."""

    mixes_samples = True

    def forward(self, x):
        return torch.cat([x, x.std(0).mean().expand(len(x), 1)], 1)


def test_a_layer_that_mixes_samples_sees_real_and_fake_apart():
    dense = nn.Sequential(Deviation(), nn.Linear(3, 1))
    x, fake = torch.randn(6, 2), torch.randn(6, 2) + 3
    gan = GAN(Minimax(), generator=mlp(2, 2), discriminator=dense, latent_dim=2)
    assert torch.equal(gan.scores(x, fake)[0], dense(x)[:, 0])
    mixed = mlp(2, 1)
    mixed.insert(0, Deviation())
    mixed[1] = nn.Linear(3, 64)
    parts = dict(generator=mlp(2, 2), discriminator=mixed, latent_dim=2)
    assert torch.equal(GAN(Minimax(), **parts).scores(x, fake)[0], mixed(x)[:, 0])
    dense = mlp(2, 1, activation=lambda: nn.Sequential(nn.BatchNorm1d(64), nn.ReLU()))
    assert not GAN(Minimax(), generator=mlp(2, 2), discriminator=dense, latent_dim=2).together
    told = GAN(Minimax(), **parts, together=True).scores(x, fake)[0]
    assert (told - mixed(x)[:, 0]).abs().max() > 1e-4, "who insists gets it"


def test_a_penalty_at_the_samples_costs_no_second_forward_pass():
    gan, x, seen = toy(Relativistic(penalty=r1_r2(1.0))), torch.randn(8, 2), []
    gan.D.register_forward_hook(lambda module, arguments, scores: seen.append(len(scores)))
    torch.manual_seed(0)
    loss = gan.d_loss(x)
    assert seen == [8, 8] and not x.requires_grad
    loss.backward()
    shared = [weight.grad.clone() for weight in gan.D.parameters()]
    torch.manual_seed(0)
    fake = gan.generate(x).detach()
    gan.D.zero_grad()
    apart = Relativistic().d_loss(gan.D(x).flatten(), gan.D(fake).flatten()) + r1_r2(1.0)(
        gan.D, x, fake
    )
    apart.backward()
    assert loss.item() == pytest.approx(apart.item(), rel=1e-6)
    for mine, weight in zip(shared, gan.D.parameters(), strict=True):
        assert torch.allclose(mine, weight.grad, atol=1e-6)


def test_the_generators_turn_asks_for_no_slope_of_the_real_scores():
    gan, x = toy(Relativistic()), torch.randn(8, 2, requires_grad=True)
    gan.g_loss(x).backward()
    assert x.grad is None and gan.G[0].weight.grad.abs().sum() > 0


def test_one_call_or_two_give_the_same_scores_without_batch_norm():
    gan = toy()
    x, fake = torch.randn(2, 6, 2).unbind(0)
    together = gan.scores(x, fake)
    gan.together = False
    for one, other in zip(together, gan.scores(x, fake), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_penalty_is_added_and_projection_applied():
    gan, x = toy(Wasserstein(penalty=gradient_penalty(10))), torch.randn(8, 2)
    torch.manual_seed(0)
    with_penalty = gan.d_loss(x)
    gan.game.penalty = None
    torch.manual_seed(0)
    assert with_penalty > gan.d_loss(x)
    gan.game.projection = clip_weights(0.01)
    gan.project()
    assert max(w.abs().max() for w in gan.D.parameters()) <= 0.01


def test_sample_repeats_with_a_seed_and_leaves_state_and_mode_alone():
    gan = toy().train()
    state = torch.get_rng_state()
    assert torch.equal(gan.sample(5, seed=1), gan.sample(5, seed=1))
    assert torch.equal(torch.get_rng_state(), state)
    assert gan.G.training
    assert not gan.sample(5).requires_grad
    assert toy(members=4).sample(5).shape == (4, 5, 2)


@pytest.mark.parametrize("bad", [0, -3, 2.5, "8"])
def test_bad_numbers_are_named(bad):
    with pytest.raises(GanCourseError, match="latent_dim"):
        toy(latent_dim=2) and GAN(
            NonSaturating(), generator=nn.Identity(), discriminator=nn.Identity(), latent_dim=bad
        )
    with pytest.raises(GanCourseError, match="n must"):
        toy().sample(bad)


def test_shapes_that_do_not_fit_are_one_clear_error():
    gan = GAN(NonSaturating(), generator=mlp(2, 3), discriminator=mlp(2, 1), latent_dim=2)
    with pytest.raises(GanCourseError, match=r"shape \(4, 3\).*shape \(4, 2\)"):
        gan.d_loss(torch.randn(4, 2))


def test_a_class_instead_of_a_game_is_a_clear_error():
    with pytest.raises(GanCourseError, match="game must be"):
        GAN(NonSaturating, generator=mlp(2, 2), discriminator=mlp(2, 1), latent_dim=2)


def test_packs_of_another_shape_than_the_data_are_told():
    gan = PackedGAN(NonSaturating(), generator=mlp(2, 3), discriminator=mlp(4, 1), latent_dim=2)
    with pytest.raises(GanCourseError, match=r"shape \(2, 6\), the data have shape \(2, 4\)"):
        gan.d_loss(torch.randn(4, 2))


def test_both_networks_have_as_many_members():
    with pytest.raises(GanCourseError, match="3 members, the discriminator None"):
        GAN(Minimax(), generator=mlp(2, 2, members=3), discriminator=mlp(2, 1), latent_dim=2)


def test_a_penalty_of_ones_own_takes_d_and_the_samples():
    mine = lambda D, x, fake: 0 * D(x).mean() + 7
    gan, x = toy(Wasserstein(penalty=mine)), torch.randn(8, 2)
    torch.manual_seed(0)
    with_penalty = gan.d_loss(x)
    gan.game.penalty = None
    torch.manual_seed(0)
    assert with_penalty.item() == pytest.approx(gan.d_loss(x).item() + 7, rel=1e-6)


@pytest.mark.parametrize("seed", [True, "a", -1, 0.5])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(GanCourseError, match="seed must be a whole number"):
        toy().sample(2, seed)


# ---- what a training may ask of every gan -------------------------------------------------------


class Translator(TwoPlayers):
    """A gan of pairs: takes a source, cannot draw out of nothing, and has no game."""

    def d_loss(self, source, target):
        return (self.D(self.G(source).detach()) - self.D(target)).mean()

    def g_loss(self, source, target):
        return -self.D(self.G(source)).mean() + (self.G(source) - target).abs().mean()


class Labelled(GAN):
    """A gan of labelled points: the label is one more coordinate, of the noise and of the data."""

    def d_loss(self, x, label):
        return super().d_loss(torch.cat([x, label], 1))

    def g_loss(self, x, label):
        return super().g_loss(torch.cat([x, label], 1))


class Circle(TwoPlayers):
    """Two translators, there and back, and a judge at each end."""

    def __init__(self):
        networks = lambda *sizes: nn.ModuleDict({k: nn.Linear(*sizes) for k in ("ab", "ba")})
        super().__init__(networks(2, 2), networks(2, 1))

    def d_loss(self, a, b):
        fake_b, fake_a = self.G["ab"](a).detach(), self.G["ba"](b).detach()
        return (self.D["ab"](fake_b) - self.D["ab"](b) + self.D["ba"](fake_a)).mean()

    def g_loss(self, a, b):
        there = self.G["ab"](a)
        return (self.G["ba"](there) - a).abs().mean() - self.D["ab"](there).mean()

    def project(self):
        with torch.no_grad():
            for weight in self.D.parameters():
                weight.clamp_(-0.1, 0.1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Translator(nn.Linear(2, 2), nn.Linear(2, 1)),
        Circle,
        lambda: Labelled(
            NonSaturating(), generator=mlp(2, 4), discriminator=mlp(4, 1), latent_dim=2
        ),
    ],
)
def test_gans_of_pairs_train_average_and_resume_by_the_same_loop(make, tmp_path):
    torch.manual_seed(1)
    pairs = [(torch.rand(4, 2), torch.rand(4, 2)) for _ in range(3)]
    whole, cut = (
        train(seeded(make), pairs, steps, ema=0.9, folder=tmp_path / name)
        for name, steps in (("whole", 6), ("cut", 4))
    )
    resumed = train(seeded(make), pairs, 6, ema=0.9, folder=tmp_path / "cut", resume=True)
    assert cut.step == 4 and whole.history.d_loss.shape == (6,)
    for mine, theirs in zip(resumed.gan.parameters(), whole.gan.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    before = list(seeded(make).parameters())
    assert not all(map(torch.equal, whole.gan.parameters(), before))


def seeded(make):
    torch.manual_seed(0)
    return make()


def test_a_projection_of_ones_own_follows_every_move_and_none_is_no_harm():
    train(circle := Circle(), [(torch.rand(4, 2), torch.rand(4, 2))], 2)
    assert max(weight.abs().max() for weight in circle.D.parameters()) <= 0.1
    assert Translator(nn.Linear(2, 2), nn.Linear(2, 1)).project() is None


def test_what_draws_nothing_out_of_nothing_says_so():
    training = train(Circle(), [(torch.rand(4, 2), torch.rand(4, 2))], 1)
    with pytest.raises(GanCourseError, match="Circle draws no samples out of nothing"):
        training.sample(3)


def test_a_subclass_that_states_no_loss_is_told_which():
    class Forgetful(TwoPlayers):
        def d_loss(self, x):
            return self.D(x).mean()

    with pytest.raises(GanCourseError, match=r"not a Forgetful \(it has no g_loss\)"):
        train(Forgetful(nn.Linear(2, 2), nn.Linear(2, 1)), [torch.rand(4, 2)], 1)


@pytest.mark.parametrize("wrong", [nn.Linear, mlp, None, "mlp", torch.ones(2)])
def test_a_network_that_is_none_is_told(wrong):
    with pytest.raises(GanCourseError, match="^GAN: the generator must be a torch module, not"):
        GAN(NonSaturating(), generator=wrong, discriminator=mlp(2, 1), latent_dim=2)
    with pytest.raises(GanCourseError, match="^GAN: the discriminator must be a torch module, not"):
        GAN(NonSaturating(), generator=mlp(2, 2), discriminator=wrong, latent_dim=2)
