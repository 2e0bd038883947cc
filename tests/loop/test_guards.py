"""NaN and infinity are caught in the step in which they appear, before a weight is touched."""

import signal
import threading

import pytest
import torch

from gancourse.data.toys import ring
from gancourse.errors import GanCourseError
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.loop.guards import FiniteGuard, all_finite, one_at_a_time, signals_wait
from gancourse.networks.mlp import mlp
from gancourse.training import Training, adam


class PoisonedGradient(torch.autograd.Function):
    """The identity, whose derivative is NaN: a finite loss with a gradient that is not."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * float("nan")


class Poisoned(GAN):
    poison_at, calls = None, 0

    def _maybe(self, loss, player):
        self.calls += player == "D"
        return PoisonedGradient.apply(loss) if self.poison_at == (self.calls, player) else loss

    def d_loss(self, x):
        return self._maybe(super().d_loss(x), "D")

    def g_loss(self, x):
        return self._maybe(super().g_loss(x), "G")


def make(**settings):
    torch.manual_seed(0)
    gan = Poisoned(
        NonSaturating(),
        generator=mlp(2, 2, width=8),
        latent_dim=2,
        discriminator=mlp(2, 1, width=8),
    )
    return Training(gan, ring().batches(4), **settings)


def weights(player):
    return torch.cat([w.detach().flatten() for w in player.parameters()]).clone()


@pytest.mark.parametrize("optimizer", [adam(), lambda p: torch.optim.SGD(p, lr=0.1)])
@pytest.mark.parametrize("player", ["D", "G"])
def test_a_nan_gradient_of_a_finite_loss_stops_before_the_weights_move(player, optimizer):
    training = make(optimizer=optimizer).advance(3)
    training.gan.poison_at = (5, player)
    training.advance(1)
    mine = getattr(training.gan, player)
    before = weights(mine)
    with pytest.raises(GanCourseError, match=rf"step 4: the gradient of {player}\.0\.weight"):
        training.advance(1)
    assert training.step == 4 and torch.equal(weights(mine), before)
    assert len(training.history.d_loss) == 4
    training.gan.poison_at = None
    assert training.advance(2).step == 6, "the object is still usable"


def test_on_a_gpu_the_fused_optimizer_skips_until_somebody_looks():
    """The path for devices where looking means waiting, run on the CPU."""
    training = make()
    training.guard.waits = False
    training.guard.watch(training.D.optimizer, training.G.optimizer)
    training.advance(10)
    training.gan.poison_at = (11, "D")
    before_d, before_g = weights(training.gan.D), weights(training.gan.G)
    training.advance(50)
    assert torch.equal(weights(training.gan.D), before_d)
    assert torch.equal(weights(training.gan.G), before_g), "all later steps are skipped, too"
    with pytest.raises(GanCourseError, match="was not finite|is not finite"):
        training.advance(60)
    assert training.step == 100


def test_an_infinite_loss_is_named():
    guard = FiniteGuard(mlp(2, 1), torch.device("cpu"))
    with pytest.raises(GanCourseError, match="step 7: a loss is not finite"):
        guard.step = 7
        guard.look(torch.tensor(float("inf")), [])


@pytest.mark.parametrize(
    "number, error", [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_second_signal_does_not_wait(number, error):
    before = signal.getsignal(number)
    with pytest.raises(error), signals_wait() as leave:
        leave()
        signal.raise_signal(number)
        reached = True
        signal.raise_signal(number)
        reached = False
    assert reached and signal.getsignal(number) is before


def test_sigterm_after_the_step_has_status_143():
    with pytest.raises(SystemExit) as leaving, signals_wait() as leave:
        signal.raise_signal(signal.SIGTERM)
        leave()
    assert leaving.value.code == 143


@pytest.mark.parametrize(
    "batch", [torch.ones(70_000, dtype=torch.float16), torch.ones(2, 1, 4, 4, dtype=torch.bool)]
)
def test_a_batch_of_another_type_is_no_infinity(batch):
    guard = FiniteGuard(mlp(2, 1), torch.device("cpu"))
    guard.look_at((batch,))


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="SKIPPED: no SIGHUP on this system")
def test_a_closed_terminal_ends_a_run_too_unless_that_is_ignored():
    with pytest.raises(SystemExit) as leaving, signals_wait() as leave:
        signal.raise_signal(signal.SIGHUP)
        leave()
    assert leaving.value.code == 128 + signal.SIGHUP
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with signals_wait() as leave:
            signal.raise_signal(signal.SIGHUP)
            leave()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_one_thread_trains_at_a_time():
    refused = []

    def other():
        try:
            with one_at_a_time():
                refused.append(None)
        except GanCourseError as problem:
            refused.append(problem)

    def in_a_thread():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    with one_at_a_time(), one_at_a_time():  # a training within a watch
        in_a_thread()
    in_a_thread()
    assert "another thread" in str(refused[0]) and refused[1] is None


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64, torch.bool]
)
def test_all_finite_is_isfinite_all_also_where_the_sum_overflows(dtype):
    x = torch.ones(3, 4, dtype=dtype)
    assert all_finite(x) and all_finite(x[:0]) and all_finite(x[0, 0])
    if dtype.is_floating_point:
        assert all_finite(torch.full_like(x, torch.finfo(dtype).max))
        assert all_finite(torch.tensor([-1, 1], dtype=dtype) * torch.finfo(dtype).max)
        for bad in (float("nan"), float("inf"), -float("inf")):
            for place in ((0, 0), (2, 3)):
                x = torch.ones(3, 4, dtype=dtype)
                x[place] = bad
                assert not all_finite(x)
        assert not all_finite(torch.tensor([float("inf"), -float("inf")], dtype=dtype))
