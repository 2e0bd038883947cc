import copy
import math
import signal
import threading

import pytest
import torch
from torch import nn

import gancourse
from gancourse import plots
from gancourse.data.images import images
from gancourse.data.toys import ring
from gancourse.diagnosis import diagnose
from gancourse.errors import GanCourseError
from gancourse.games import Minimax, NonSaturating, Relativistic, Wasserstein
from gancourse.gans import GAN
from gancourse.live.scrubber import Recorder
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.penalties import clip_weights, gradient_penalty, r1_r2
from gancourse.saving.keeper import Keeper
from gancourse.training import Training, adam, decay, train


def toy(game=None, members=None, seed=0):
    torch.manual_seed(seed)
    return GAN(
        game or NonSaturating(),
        latent_dim=2,
        generator=mlp(2, 2, width=16, members=members),
        discriminator=mlp(2, 1, width=16, members=members),
    )


def picture_gan():
    torch.manual_seed(0)
    return GAN(
        Minimax(),
        generator=dcgan.generator(16, 3, 8, 4),
        discriminator=dcgan.discriminator(16, 3, 4),
        latent_dim=8,
    )


def weights(training):
    return torch.cat([value.flatten().double() for value in training.gan.state_dict().values()])


def test_the_first_step_is_algorithm_1_written_out():
    """One D step and one G step of plain SGD, by hand from the same random state."""
    gan, data = toy(), torch.randn(8, 2)
    expected = toy()
    x = data
    torch.manual_seed(0 * 1_000_003 + 0)
    fake = expected.G(torch.randn(8, 2)).detach()
    d_loss = -(
        torch.log(torch.sigmoid(expected.D(x))).mean()
        + torch.log(1 - torch.sigmoid(expected.D(fake))).mean()
    )
    player = list(expected.D.parameters())
    for w, g in zip(player, torch.autograd.grad(d_loss, player), strict=True):
        w.data -= 0.1 * g
    g_loss = -torch.log(torch.sigmoid(expected.D(expected.G(torch.randn(8, 2))))).mean()
    player = list(expected.G.parameters())
    for w, g in zip(player, torch.autograd.grad(g_loss, player), strict=True):
        w.data -= 0.1 * g
    training = train(gan, [(data,)], 1, optimizer=lambda p: torch.optim.SGD(p, lr=0.1))
    for mine, theirs in zip(gan.parameters(), expected.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)
    assert training.history.d_loss.item() == pytest.approx(d_loss.item(), abs=1e-6)
    assert training.history.g_loss.item() == pytest.approx(g_loss.item(), abs=1e-6)


def test_d_steps_and_projection_after_each():
    calls = []

    class Watched(GAN):
        def project(self):
            super().project()
            calls.append(max(w.abs().max().item() for w in self.D.parameters()))

    gan = Watched(
        Wasserstein(projection=clip_weights(0.05)),
        generator=mlp(2, 2),
        discriminator=mlp(2, 1),
        latent_dim=2,
    )
    train(gan, ring().batches(4), 3, d_steps=5)
    assert len(calls) == 15 and max(calls) <= 0.05 + 1e-9


def test_the_generators_turn_gives_d_no_gradient_and_d_is_trainable_afterwards():
    class Watched(GAN):
        def project(self):  # called between the two turns
            self.after_d = [w.grad.clone() for w in self.D.parameters()]

    gan = Watched(NonSaturating(), generator=mlp(2, 2), discriminator=mlp(2, 1), latent_dim=2)
    train(gan, ring().batches(8), 2)
    for weight, grad in zip(gan.D.parameters(), gan.after_d, strict=True):
        assert weight.requires_grad and torch.equal(weight.grad, grad)


def test_the_same_seed_is_the_same_run_and_another_is_not():
    one, same, other = (train(toy(), ring().batches(8), 20, seed=s) for s in (5, 5, 6))
    assert torch.equal(weights(one), weights(same))
    assert not torch.equal(weights(one), weights(other))


def drawn(seed, step):
    training = Training(toy(), ring().batches(8), seed=seed)
    training.step = step
    with torch.random.fork_rng():
        training.set_position()
        return torch.rand(4).tolist()


@pytest.mark.parametrize("seed, step", [(0, 1_000_003), (4295, 0), (94_489, 7), (2**32 - 1, 0)])
def test_no_seed_passes_through_the_random_state_of_another(seed, step):
    """Of seed * 1_000_003 + step torch takes 32 bits: seed 4295 was seed 0, some steps later."""
    number = seed * 1_000_003 + step
    of_old = divmod(number % 2**32, 1_000_003)
    assert drawn(seed, step) != drawn(*of_old)


@pytest.mark.parametrize("seed, step", [(0, 0), (3, 59), (4294, 900_000)])
def test_ordinary_seeds_keep_their_random_state(seed, step):
    found = drawn(seed, step)
    with torch.random.fork_rng():
        torch.manual_seed(seed * 1_000_003 + step)
        assert found == torch.rand(4).tolist()


@pytest.mark.parametrize("seed", [2**32, 2**64, 10**40])
def test_a_seed_that_torch_would_cut_short_is_refused(seed):
    with pytest.raises(GanCourseError, match=r"seed must be less than 2\*\*32"):
        Training(toy(), ring().batches(8), seed=seed)
    with pytest.raises(GanCourseError, match=r"seed must be less than 2\*\*32"):
        toy().sample(3, seed)


def test_the_callers_random_state_comes_back():
    gan = toy()
    torch.manual_seed(123)
    state = torch.get_rng_state()
    train(gan, ring().batches(8), 3)
    assert torch.equal(torch.get_rng_state(), state)


def test_watching_sampling_and_saving_change_nothing(tmp_path):
    plain = train(picture_gan(), images("faces").batches(4), 6, ema=0.9)

    def meddle(training):
        torch.randn(10)
        training.sample(3)
        training.gan.sample(2)
        training.save(tmp_path / "now.pt")
        _ = training.history

    seen = train(picture_gan(), images("faces").batches(4), 6, ema=0.9, watch=meddle, every=1)
    assert torch.equal(weights(plain), weights(seen))
    assert torch.equal(plain.history.d_loss, seen.history.d_loss)


@pytest.mark.parametrize(
    "make, settings",
    [
        (lambda: toy(Relativistic(penalty=r1_r2(0.1))), dict(ema=0.99, schedule=decay(12))),
        (lambda: toy(Wasserstein(penalty=gradient_penalty(10)), members=3), dict(d_steps=2)),
        (picture_gan, dict(ema=0.9)),
    ],
)
@pytest.mark.parametrize("cut", [0, 5, 12])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(make, settings, cut, tmp_path):
    def batches(gan):
        if gan.latent_dim == 8:
            return images("faces").batches(4)
        return ring().batches(8, members=gan.G.members)

    gan = make()
    whole = train(gan, batches(gan), 12, **settings)
    gan = make()
    path = train(gan, batches(gan), cut, **settings).save(tmp_path / "run.pt")
    gan = make()
    for w in gan.parameters():
        torch.nn.init.constant_(w, 7.0)  # whatever was there is replaced
    torch.manual_seed(999)
    resumed = Training.load(path, gan, batches(gan), **settings).advance(12 - cut)
    assert resumed.step == 12
    assert torch.equal(weights(whole), weights(resumed))
    assert torch.equal(whole.history.g_loss, resumed.history.g_loss)
    if settings.get("ema"):
        assert torch.equal(whole.sample(5), resumed.sample(5))


@pytest.mark.parametrize(
    "settings, name",
    [(dict(d_steps=2), "d_steps"), (dict(ema=0.5), "ema"), (dict(optimizer=adam(1.0)), "rates")],
)
def test_resuming_with_other_settings_is_an_error_that_names_them(settings, name, tmp_path):
    path = train(toy(), ring().batches(8), 2).save(tmp_path / "run.pt")
    with pytest.raises(GanCourseError, match=name):
        Training.load(path, toy(), ring().batches(8), **settings)


def test_resuming_another_network_is_a_clear_error(tmp_path):
    path = train(toy(), ring().batches(8), 2).save(tmp_path / "run.pt")
    other = GAN(
        NonSaturating(), generator=mlp(2, 2, width=5), discriminator=mlp(2, 1), latent_dim=2
    )
    with pytest.raises(GanCourseError, match="another gan"):
        Training.load(path, other, ring().batches(8))


def test_members_train_as_they_would_alone():
    """A single member's gradients, with the same noise and data, are those of a plain network."""
    gan = toy(members=2)
    alone = toy()
    with torch.no_grad():
        for net, plain in ((gan.G, alone.G), (gan.D, alone.D)):
            for ours, mine in zip(net[::2], plain[::2], strict=True):
                mine.weight.copy_(ours.weight[1].T)
                mine.bias.copy_(ours.bias[1, 0])
    x, z = torch.randn(2, 8, 2), torch.randn(2, 8, 2)
    gan.noise = lambda *shape: z
    alone.noise = lambda *shape: z[1]
    gan.d_loss(x).sum().backward()
    alone.d_loss(x[1]).backward()
    assert torch.allclose(gan.D[0].weight.grad[1], alone.D[0].weight.grad.T, atol=1e-6)


def test_schedule_scales_both_rates_from_the_position_alone():
    halve = decay(10, final=0.1)
    assert [round(halve(s), 3) for s in (0, 4, 5, 10, 99)] == [1, 1, 1, 0.1, 0.1]
    assert halve(7.5) == pytest.approx(0.55)
    training = Training(toy(), ring().batches(8), optimizer=adam(1e-3), schedule=decay(10))
    training.advance(11)
    rates = [g["lr"] for o in (training.D.optimizer, training.G.optimizer) for g in o.param_groups]
    assert rates == pytest.approx([1e-3 * 0.02] * 2)


def test_watch_is_called_after_each_step_that_every_divides():
    seen = []
    training = train(toy(), ring().batches(8), 10, watch=lambda t: seen.append(t.step), every=4)
    training.advance(6, watch=lambda t: seen.append(t.step), every=4)
    assert seen == [4, 8, 12, 16]
    assert training.history.d_loss.shape == (16,)
    assert train(toy(members=3), ring().batches(8, 3), 250).history.g_loss.shape == (250, 3)


def test_a_gan_written_in_a_notebook_cell_trains_with_the_same_loop():
    class Mine(nn.Module):
        def __init__(self):
            super().__init__()
            self.G, self.D = nn.Linear(1, 1), nn.Linear(1, 1)

        def d_loss(self, x, label):
            return (self.D(x) - label).square().mean()

        def g_loss(self, x, label):
            return self.D(self.G(torch.randn(4, 1))).mean()

    training = train(Mine(), [(torch.ones(4, 1), torch.zeros(4, 1))], 3)
    assert training.step == 3 and training.history.d_loss[0] > training.history.d_loss[2]


def test_a_finite_loader_is_started_again_and_a_spent_iterator_is_an_error():
    assert train(toy(), [(torch.randn(4, 2),), (torch.randn(4, 2),)], 5).step == 5
    with pytest.raises(GanCourseError, match="batches ran out"):
        train(toy(), iter([(torch.randn(4, 2),)] * 2), 5)


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_a_poisoned_batch_stops_at_once_and_names_the_step(poison):
    def batches():
        for step in range(10):
            x = torch.randn(4, 2)
            x[0, 0] = poison if step == 3 else 0
            yield (x,)

    training = Training(toy(), batches())
    with pytest.raises(GanCourseError, match="step 3.*the batch holds NaN or infinity"):
        training.advance(10)
    assert training.step == 3
    assert weights(training).isfinite().all(), "the last good state is kept"


def test_a_poisoned_weight_is_named():
    training = Training(toy(), ring().batches(4)).advance(2)
    with torch.no_grad():
        training.gan.D[2].weight[0, 0] = math.nan
    with pytest.raises(GanCourseError, match=r"weight D\.2\.weight is not finite"):
        training.advance(1)


@pytest.mark.parametrize(
    "wrong",
    [
        dict(steps=-1),
        dict(steps=1.5),
        dict(steps=3, every=0),
        dict(steps=3, d_steps=0),
        dict(steps=3, ema=1.0),
        dict(steps=3, ema=-0.1),
        dict(steps=3, seed=-1),
    ],
)
def test_bad_settings_are_named(wrong):
    with pytest.raises(GanCourseError, match=list(wrong)[-1]):
        train(toy(), ring().batches(4), **wrong)


def test_bfloat16_follows_full_precision():
    full, half = (
        train(picture_gan(), images("faces").batches(16), 5, amp=amp) for amp in (False, True)
    )
    assert not torch.equal(weights(full), weights(half))
    assert torch.allclose(full.history.d_loss, half.history.d_loss, atol=0.05)


def test_train_with_a_folder_saves_and_resumes_to_the_same_bits(tmp_path):
    whole = train(toy(), ring().batches(8), 12, ema=0.9)
    train(toy(), ring().batches(8), 7, ema=0.9, folder=tmp_path, save_every=3)
    assert [p.name for p in Keeper(tmp_path).paths()] == ["step-00000007.pt", "step-00000006.pt"]
    resumed = train(
        toy(), ring().batches(8), 12, ema=0.9, folder=tmp_path, save_every=3, resume=True
    )
    assert torch.equal(weights(whole), weights(resumed))
    assert train(toy(), ring().batches(8), 12, ema=0.9, folder=tmp_path, resume=True).step == 12


def test_an_interrupt_lets_the_step_finish_saves_and_leaves_a_usable_object(tmp_path):
    training = Training(toy(), ring().batches(8))

    def interrupt(training):
        if training.step == 4:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        training.advance(10, watch=interrupt, every=1)
    assert training.step == 4 and signal.getsignal(signal.SIGINT) is before
    same = train(toy(), ring().batches(8), 10)
    assert torch.equal(weights(training.advance(6)), weights(same))
    with pytest.raises(KeyboardInterrupt):
        train(toy(), ring().batches(8), 10, watch=interrupt, every=1, folder=tmp_path)
    assert Keeper(tmp_path).paths()[0].name == "step-00000004.pt"


def test_a_second_interrupt_within_a_step_leaves_the_checkpoint_before(tmp_path):
    gan, whole = toy(), train(toy(), ring().batches(8), 8)
    g_loss, steps = gan.g_loss, iter(range(1, 9))

    def impatient(x):
        if next(steps) == 5:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return g_loss(x)

    gan.g_loss = impatient
    with pytest.raises(KeyboardInterrupt):
        train(gan, ring().batches(8), 8, folder=tmp_path, save_every=3)
    assert [path.name for path in Keeper(tmp_path).paths()] == ["step-00000003.pt"]
    assert all(weight.requires_grad for weight in gan.D.parameters())
    resumed = train(toy(), ring().batches(8), 8, folder=tmp_path, resume=True)
    assert torch.equal(weights(whole), weights(resumed))


def test_a_new_run_does_not_mix_its_files_with_those_of_another(tmp_path):
    train(toy(), ring().batches(8), 9, folder=tmp_path, save_every=3)
    with pytest.raises(GanCourseError, match="there is a run already"):
        train(toy(seed=1), ring().batches(8), 4, folder=tmp_path)
    assert Keeper(tmp_path).paths()[0].name == "step-00000009.pt"


def test_notes_that_no_checkpoint_holds_are_told_before_the_first_step(tmp_path):
    with pytest.raises(GanCourseError, match="notes.rate is a complex"):
        train(
            toy(),
            ring().batches(8),
            9,
            folder=tmp_path,
            notes={"rate": 1j},
            watch=pytest.fail,
            every=1,
        )


def test_a_data_loader_in_order_resumes_to_the_same_bits(tmp_path):
    data = torch.utils.data.TensorDataset(ring().sample(40, seed=0))
    whole, _, resumed = (
        train(
            toy(),
            torch.utils.data.DataLoader(data, 8),
            steps,
            resume=True,
            folder=tmp_path / folder,
        )
        for folder, steps in (("whole", 13), ("cut", 3), ("cut", 13))
    )
    assert torch.equal(weights(whole), weights(resumed))


@pytest.mark.parametrize("player", ["G", "D"])
def test_what_is_frozen_stays_frozen(player):
    gan = toy()
    frozen = getattr(gan, player)[0].weight.requires_grad_(False)
    before = frozen.clone()
    train(gan, ring().batches(8), 3, ema=0.9)
    assert torch.equal(frozen, before) and not frozen.requires_grad


@pytest.mark.parametrize(
    "schedule",
    [
        [1.0, 0.9, 0.8, 0.7].__getitem__,
        lambda step: (1 - step / 4) ** 0.5,
        lambda step: math.nan if step > 3 else 1.0,
    ],
)
def test_a_schedule_need_not_go_on_after_the_run(tmp_path, schedule):
    whole, _, resumed = (
        train(
            toy(),
            ring().batches(8),
            steps,
            resume=True,
            schedule=schedule,
            folder=tmp_path / folder,
        )
        for folder, steps in (("whole", 4), ("cut", 2), ("cut", 4))
    )
    assert torch.equal(weights(whole), weights(resumed))


def test_a_gan_of_ones_own_is_told_what_it_lacks():
    class Own(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.G, self.D = mlp(2, 2), mlp(2, 1)

        def d_loss(self, x):
            return self.D(x).mean()

        def g_loss(self, x):
            return self.D(self.G(torch.randn(len(x), 2))).mean()

    training = train(Own(), ring().batches(8), 2)
    with pytest.raises(GanCourseError, match="Own has no method sample"):
        training.sample(3)
    with pytest.raises(GanCourseError, match="with G, D, d_loss and g_loss, not a Linear"):
        train(torch.nn.Linear(2, 2), ring().batches(8), 2)
    with pytest.raises(
        GanCourseError,
        match=r"cannot take a batch of shape \(4, 2\) .*, \(4,\) .*takes 2 positional",
    ):
        train(Own(), [(torch.randn(4, 2), torch.arange(4))], 2)
    for wrong in (lambda x: 1.0, lambda x: x.mean()):
        gan = Own()
        gan.d_loss = wrong
        with pytest.raises(GanCourseError, match="tensor that depends on the weights"):
            train(gan, ring().batches(8), 2)


def test_a_schedule_of_another_length_is_named(tmp_path):
    path = Training(toy(), ring().batches(8), schedule=decay(300)).advance(2).save(tmp_path / "a")
    with pytest.raises(GanCourseError, match="the schedule at step 256 is 0.7256, was 0.3"):
        Training.load(path, toy(), ring().batches(8), schedule=decay(400))


def test_each_step_is_taken_at_the_rate_of_its_own_position():
    rates, training = (
        [],
        Training(
            toy(),
            ring().batches(8),
            optimizer=adam(1.0),
            schedule=[0.001, 0.002, 0.004].__getitem__,
        ),
    )
    training.advance(
        3,
        every=1,
        watch=lambda run: rates.append(
            [group["lr"] for group in run.D.optimizer.param_groups + run.G.optimizer.param_groups]
        ),
    )
    assert rates == [[0.001] * 2, [0.002] * 2, [0.004] * 2]


def test_every_turn_of_d_gets_the_next_batch_and_a_resumed_run_goes_on_after_it(tmp_path):
    def numbered(seen):
        gan = toy()
        d_loss = gan.d_loss
        gan.d_loss = lambda x: (seen.append(x[0, 0].item()), d_loss(x))[1]
        return gan

    seen, batches = [], [torch.full((4, 2), float(i)) for i in range(7)]
    path = train(numbered(seen), batches, 2, d_steps=2).save(tmp_path / "run.pt")
    assert seen == [0, 1, 2, 3]
    Training.load(path, numbered(seen), batches, d_steps=2).advance(2)
    assert seen == [0, 1, 2, 3, 4, 5, 6, 0]


def test_each_member_gets_the_gradient_of_its_own_loss_undivided():
    gan, expected, x = toy(members=3), toy(members=3), torch.randn(3, 8, 2)
    torch.manual_seed(0)  # the random state of step 0
    expected.d_loss(x).sum().backward()
    train(gan, [x], 1)
    for mine, theirs in zip(gan.D.parameters(), expected.D.parameters(), strict=True):
        assert torch.allclose(mine.grad, theirs.grad, rtol=1e-4, atol=1e-7)


def test_the_optimizers_are_dcgans_adam_and_d_may_have_its_own():
    assert adam()([torch.zeros(1)]).defaults["betas"] == (0.5, 0.999)
    training = Training(toy(), ring().batches(8))
    assert training.D.rates == training.G.rates == [2e-4]
    training = Training(toy(), ring().batches(8), d_optimizer=adam(1e-3))
    assert (training.D.rates, training.G.rates) == ([1e-3], [2e-4])


def test_samples_come_from_the_average():
    training = train(toy(), ring().batches(8), 5, ema=0.9, optimizer=adam(0.1))
    plain = training.gan.sample(4, 0)
    assert not torch.allclose(training.sample(4), plain)
    training.gan.G.load_state_dict(training.average.state_dict())
    assert torch.equal(training.sample(4), training.gan.sample(4, 0))


def test_a_history_of_another_length_than_the_run_is_an_error():
    state = train(toy(), ring().batches(8), 3).state()
    state["history"] = {name: losses[:2] for name, losses in state["history"].items()}
    with pytest.raises(GanCourseError, match="history has another length"):
        Training(toy(), ring().batches(8)).restore(state)


# ---- a model with one player -------------------------------------------------------------------


class Autoencoder(nn.Module):
    """One player: squeezes points of the plane through one number."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.encode, self.decode = nn.Linear(2, 1), nn.Linear(1, 2)

    def loss(self, x):
        """Mean squared error, with a little noise in the code."""
        code = self.encode(x)
        return (self.decode(code + 0.01 * torch.randn_like(code)) - x).square().mean()


def lone(**settings):
    return dict(optimizer=adam(0.02, (0.9, 0.999)), schedule=decay(40), ema=0.9, seed=5) | settings


def line():
    while True:
        t = torch.rand(32, 1) * 2 - 1
        yield (torch.cat([t, t], 1),)


def test_a_model_with_one_player_learns_by_the_same_loop():
    training = train(Autoencoder(), line(), 200, **lone(schedule=None))
    (loss,) = training.history
    assert training.history.loss is loss and loss.shape == (200,)
    assert loss[-20:].mean() < 0.02 * loss[:5].mean()
    assert isinstance(training.average, Autoencoder)


def test_a_model_with_one_player_is_projected_after_each_step():
    class Boxed(Autoencoder):
        def project(self):
            clip_weights(0.1)(self)

    model, sizes = Boxed(), []
    largest = lambda training: sizes.append(max(w.abs().max().item() for w in model.parameters()))
    train(model, line(), 3, watch=largest, every=1, **lone())
    assert sizes == pytest.approx([0.1] * 3)


def test_a_resumed_run_of_one_player_is_the_same_run(tmp_path):
    whole = train(Autoencoder(), line(), 40, **lone())
    train(Autoencoder(), line(), 17, folder=tmp_path, **lone())
    resumed = train(Autoencoder(), line(), 40, folder=tmp_path, resume=True, **lone())
    for mine, theirs in zip(
        resumed.gan.state_dict().values(), whole.gan.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs)
    assert torch.equal(resumed.history.loss, whole.history.loss)
    for mine, theirs in zip(resumed.average.parameters(), whole.average.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_one_player_is_guarded_too(tmp_path):
    model = Autoencoder()
    training = train(model, line(), 3, **lone())
    before = model.encode.weight.detach().clone()
    training.gan.loss = lambda x: model.decode(model.encode(x)).sum() * float("nan")
    with pytest.raises(GanCourseError, match="step 3: a loss is not finite"):
        training.advance(1)
    assert torch.equal(model.encode.weight, before) and training.step == 3
    with pytest.raises(GanCourseError, match="of another gan"):
        Training.load(training.save(tmp_path / "lone.pt"), toy(), ring().batches(8))


def test_a_checkpoint_says_which_version_wrote_it(tmp_path):
    path = train(toy(), ring().batches(8), 1).save(tmp_path / "run.pt")
    assert torch.load(path, weights_only=True)["versions"]["gancourse"] == gancourse.__version__


def test_what_is_only_a_discriminators_is_refused_for_one_player():
    for only_d in (dict(d_steps=2), dict(d_optimizer=adam())):
        with pytest.raises(GanCourseError, match="this model has none"):
            Training(Autoencoder(), line(), **lone(**only_d))


def test_a_model_without_weights_is_told():
    class Empty(nn.Module):
        def loss(self, x):
            return x.sum()

    with pytest.raises(GanCourseError, match="Empty has no weights to train"):
        Training(Empty(), line())


def test_one_players_history_is_plotted_and_not_taken_for_two():
    history = train(Autoencoder(), line(), 60, **lone()).history
    assert plots.losses(history)._repr_png_()
    with pytest.raises(GanCourseError, match="two players"):
        diagnose(history)
    with pytest.raises(GanCourseError, match="two players"):
        train(Autoencoder(), line(), 1, watch=Recorder(), every=1)


def test_finite_batches_whose_sum_overflows_and_bytes_beside_pictures_pass():
    training = Training(toy(), ring().batches(8))
    big, labels = torch.full((4, 2), 3e38), torch.ones(2, 1, 4, 4, dtype=torch.uint8)
    pictures = torch.zeros(2, 3, 4, 4)
    for batch in ((big,), (pictures, labels)):
        training.guard.look_at(batch)


# ---- one run, one owner ------------------------------------------------------------------------


def test_a_folder_in_use_is_refused_before_the_first_step(tmp_path):
    seen = []

    def second(training):
        with pytest.raises(GanCourseError, match=r"in use by process \d+ on .* since"):
            train(toy(), ring().batches(8), 9, folder=tmp_path, watch=seen.append, every=1)

    train(toy(), ring().batches(8), 3, folder=tmp_path, watch=second, every=3)
    assert not seen and [p.name for p in tmp_path.iterdir()] == ["step-00000003.pt"]


def test_a_second_training_in_another_thread_is_refused_and_one_in_a_watch_is_not():
    problems, whole = [], train(toy(), ring().batches(8), 4)

    def elsewhere():
        try:
            train(toy(seed=1), ring().batches(8), 3)
        except GanCourseError as problem:
            problems.append(str(problem))

    def watch(training):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        train(toy(seed=2), ring().batches(8), 2)

    seen = train(toy(), ring().batches(8), 4, watch=watch, every=2)
    assert len(problems) == 2 and "another thread" in problems[0]
    assert torch.equal(weights(whole), weights(seen))
    elsewhere()
    assert len(problems) == 2, "afterwards it may"


def test_a_watch_that_looks_in_evaluation_mode_changes_nothing():
    plain = train(picture_gan(), images("faces").batches(4), 6)
    seen = train(
        picture_gan(), images("faces").batches(4), 6, watch=lambda run: run.gan.eval(), every=1
    )
    assert torch.equal(weights(plain), weights(seen))


def test_a_state_is_a_snapshot():
    training = train(toy(), ring().batches(8), 3, ema=0.9, notes={"a": [1]})
    state = training.state()
    before = copy.deepcopy(state)
    training.notes["a"].append(2)
    training.advance(2)
    assert plain(state) == plain(before) != plain(training.state())


def plain(state):
    """Nested values without tensors, to be compared."""
    if isinstance(state, torch.Tensor):
        return state.tolist()
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items()}
    return [plain(value) for value in state] if isinstance(state, list | tuple) else state


@pytest.mark.parametrize("error", [OSError(28, "no space"), ValueError("mine"), SystemExit(3)])
def test_an_error_in_a_watch_saves_the_step_and_is_told_as_it_is(tmp_path, error):
    def watch(training):
        if training.step == 5:
            raise error

    with pytest.raises(type(error)) as told:
        train(toy(), ring().batches(8), 9, folder=tmp_path, watch=watch, every=1)
    assert told.value is error
    assert Keeper(tmp_path).newest()[0].name == "step-00000005.pt"
    whole = train(toy(), ring().batches(8), 9)
    resumed = train(toy(), ring().batches(8), 9, folder=tmp_path, resume=True)
    assert torch.equal(weights(whole), weights(resumed))


def test_an_error_in_the_data_saves_what_was_done_and_may_be_mended(tmp_path):
    class Data:
        broken = True

        def __iter__(self):
            for i in range(7):
                if i == 5 and self.broken:
                    raise OSError(5, "a worn disk")
                yield (torch.randn(8, 2),)

    data = Data()
    training = Training(toy(), data, d_steps=2)
    with pytest.raises(OSError, match="worn"):
        training.advance_in(tmp_path, 6)
    assert training.step == 2 and not training.is_whole(), "cut after one of two turns of D"
    assert not Keeper(tmp_path).paths()
    training = Training(toy(), data)
    with pytest.raises(OSError, match="worn"):
        training.advance_in(tmp_path, 6)
    assert Keeper(tmp_path).newest()[0].name == "step-00000005.pt"
    data.broken = False
    whole = train(toy(), data, 9)
    assert torch.equal(weights(whole), weights(train(toy(), data, 9, folder=tmp_path, resume=True)))
    assert torch.equal(weights(whole), weights(training.advance(4))), "in memory as well"


def test_a_run_that_never_began_leaves_no_checkpoint(tmp_path):
    with pytest.raises(GanCourseError, match="the data have shape"):
        train(toy(), [(torch.zeros(8, 3),)], 9, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_measure_that_fails_loses_no_step_and_a_disk_that_is_full_hides_no_error(tmp_path):
    def fail(training):
        raise ZeroDivisionError

    keeper = Keeper(tmp_path, measure=fail)
    with pytest.raises(ZeroDivisionError):
        train(toy(), ring().batches(8), 9, folder=keeper, save_every=4)
    assert Keeper(tmp_path).newest()[0].name == "step-00000004.pt"

    def spoil(training):
        torch.nn.init.constant_(training.gan.G[0].bias, math.nan)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as error:
        train(toy(), ring().batches(8), 9, folder=tmp_path, resume=True, watch=spoil, every=1)
    assert "step 5 could not be saved" in error.value.__notes__[0]


def test_other_data_are_refused_where_they_are_known(tmp_path):
    rows = [torch.randn(8, 2) for _ in range(3)]
    path = train(toy(), rows, 2).save(tmp_path / "a.pt")
    Training.load(path, toy(), [row.clone() for row in rows])
    for other in ([rows[1], rows[0], rows[2]], rows[:2], ring().batches(8)):
        with pytest.raises(GanCourseError, match="begun with other data.*sha256"):
            Training.load(path, toy(), other)
    unknown = (row for row in rows)
    assert Training(toy(), unknown).fingerprint is None
    Training.load(path, toy(), unknown)  # nobody can know


def test_other_conditions_are_told_with_both_values(tmp_path):
    state = train(toy(), ring().batches(8), 2).state()
    Training(toy(), ring().batches(8)).restore(state)
    state["versions"] |= {"threads": 7, "cpu": "ABACUS", "torch": "0.1"}
    with pytest.warns(UserWarning, match=r"torch '0.1' then, .*threads '7' then, .*'ABACUS' then"):
        Training(toy(), ring().batches(8)).restore(state)
