r"""Training: whose turn it is.

One loop trains every gan in the book. A *step* is ``d_steps`` turns of the discriminator and one
of the generator, with fresh noise in every turn: algorithm 1 of Goodfellow et al. (2014).

Randomness is a function of the position: before step $t$ the random state is set from
``(seed, t)`` alone, and after the last step the caller's own state is put back. So a run that was
interrupted and resumed is the same run, bit for bit, and sampling, plotting or saving on the way
changes nothing. (Same torch version, kind of device and number of threads.)
"""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gancourse.errors import GanCourseError, demand_number, demand_whole
from gancourse.loop.averaging import Average
from gancourse.loop.batches import endless
from gancourse.loop.guards import (
    FiniteGuard,
    demand_finite_batch,
    demand_gan,
    demand_kinds,
    loss_on,
    signals_wait,
    usable,
)
from gancourse.loop.history import History, Record
from gancourse.saving.keeper import Keeper
from gancourse.saving.state import Resumable


def adam(lr: float = 2e-4, betas: tuple[float, float] = (0.5, 0.999)) -> Callable:
    """The optimizer of DCGAN: Adam with a calm first moment. Takes parameters, like a class."""
    demand_number("lr", lr, where="adam")
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise GanCourseError(f"betas must be two numbers, not {betas!r}", where="adam")
    for beta in betas:
        demand_number("each of betas", beta, below=1, where="adam")
    return partial(torch.optim.Adam, lr=lr, betas=tuple(map(float, betas)), fused=True)


def decay(steps: int, final: float = 0.02) -> Callable[[int], float]:
    """A schedule: 1 for the first half of ``steps``, then linearly down to ``final``."""
    return lambda step: 1 - (1 - final) * min(max(2 * step / steps - 1, 0), 1)


def train(
    gan: nn.Module,
    batches: Iterable,
    steps: int,
    *,
    watch: Callable | None = None,
    every: int = 100,
    folder: str | Path | Keeper | None = None,
    save_every: int = 500,
    resume: bool | str = False,
    **settings,
) -> "Training":
    """Train ``gan`` up to step ``steps``. ``settings`` are those of :class:`Training`.

    With a ``folder`` a checkpoint is written there every ``save_every`` steps, at the end, and
    when the run is interrupted; ``resume`` goes on from the newest one in it, or starts at zero
    if there is none; without it, a folder that holds a run is refused. The resumed run is the same
    to the bit if a batch depends on its position and the random state alone, like those of
    ``gancourse.data``; a ``DataLoader`` that shuffles draws a new order when it is resumed in the
    middle of a pass.
    """
    demand_whole("steps", steps, where="train")
    training = Training(gan, batches, **settings)
    if folder is None:
        return training.advance(steps, watch=watch, every=every)
    keeper = folder if isinstance(folder, Keeper) else Keeper(folder)
    return keeper.run(
        training, steps, watch=watch, every=every, save_every=save_every, resume=resume
    )


class Training(Resumable):
    """A gan in training: everything that a checkpoint holds.

    ``batches`` yields tuples of tensors, which go to ``gan.d_loss`` and ``gan.g_loss``; it is
    started anew when it ends. ``optimizer`` makes an optimizer from parameters (``d_optimizer``:
    another one for the discriminator). ``schedule(step)`` scales both learning rates. ``ema`` > 0
    keeps an average of the generator's weights with that decay, warmed up. ``amp`` computes the
    losses in bfloat16 where that is safe: faster, other rounding. ``notes``, of plain values, go
    into the checkpoint, to say for instance how the networks were built.
    """

    def __init__(
        self,
        gan: nn.Module,
        batches: Iterable,
        *,
        optimizer: Callable | None = None,
        d_optimizer: Callable | None = None,
        d_steps: int = 1,
        schedule: Callable[[int], float] | None = None,
        ema: float = 0.0,
        amp: bool = False,
        seed: int = 0,
        device: torch.device | str | None = None,
        notes: dict | None = None,
    ):
        demand_whole("d_steps", d_steps, least=1, where="training")
        demand_whole("seed", seed, where="training")
        demand_number("ema", ema, below=1, where="training")
        demand_kinds(
            schedule=(schedule, Callable),
            amp=(amp, bool),
            notes=(notes, dict),
            optimizer=(optimizer, Callable),
            d_optimizer=(d_optimizer, Callable),
        )
        demand_gan(gan)
        self.device = usable(device) if device is not None else next(gan.parameters()).device
        convolutional = any(isinstance(part, nn.Conv2d) for part in gan.modules())
        layout = torch.channels_last if convolutional else torch.preserve_format
        self.gan = gan.to(self.device, memory_format=layout).train()
        self.d_steps, self.schedule, self.ema = d_steps, schedule, ema
        self.amp, self.seed, self.notes = amp, seed, notes or {}
        self._precision = torch.autocast(self.device.type, torch.bfloat16) if amp else nullcontext()
        self.batches, self._stream = batches, endless(batches, self.device)
        optimizer = optimizer or adam()
        self.g_optimizer = optimizer(gan.G.parameters())
        self.d_optimizer = (d_optimizer or optimizer)(gan.D.parameters())
        self.rates = [group["lr"] for group in self._groups()]
        self._average = Average(gan.G, ema) if ema else None
        self.guard, self.step, self._record = FiniteGuard(gan, self.device), 0, Record()
        self.guard.watch(self.d_optimizer, self.g_optimizer)
        self._players = {player: list(player.parameters()) for player in (gan.D, gan.G)}
        self.in_step = False  # true also after an error or a second Ctrl-C within a step

    def advance(self, steps: int, watch: Callable | None = None, every: int = 100) -> "Training":
        """Take ``steps`` more steps; call ``watch(self)`` after each one that ``every`` divides."""
        demand_whole("steps", steps, where="advance")
        demand_whole("every", every, least=1, where="advance")
        demand_kinds(watch=(watch, Callable))
        cuda = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda), signals_wait() as leave_if_asked:
            self.bar = tqdm(range(steps), desc="training", unit="step", delay=2, leave=False)
            for _ in self.bar:
                self.in_step = True
                self._take_step()
                self.in_step = False
                if watch is not None and self.step % every == 0:
                    watch(self)
                leave_if_asked()
        return self

    def _take_step(self) -> None:
        self._set_position()
        for _ in range(self.d_steps):
            batch = next(self._stream)
            demand_finite_batch(batch, self.step)
            d_loss = self._turn(self.gan.D, self.gan.d_loss, batch, self.d_optimizer)
            getattr(self.gan, "project", lambda: None)()
        trained = [weight for weight in self._players[self.gan.D] if weight.requires_grad]
        try:
            for weight in trained:  # in G's turn D's own gradients are not needed
                weight.requires_grad_(False)
            g_loss = self._turn(self.gan.G, self.gan.g_loss, batch, self.g_optimizer)
        finally:
            for weight in trained:
                weight.requires_grad_(True)
        self.step += 1
        if self._average is not None:
            self._average.update(self.step)
        if self._record.add(d_loss, g_loss):
            self.guard.demand_finite(self.step)
            self._record.history()

    def _turn(
        self, player: nn.Module, loss_of: Callable, batch: tuple, optimizer: torch.optim.Optimizer
    ) -> Tensor:
        with self._precision:
            loss = loss_on(batch, loss_of, self.step)
        for weight in self._players[player]:  # optimizer.zero_grad(): 20 times the price
            weight.grad = None
        (loss.sum() if loss.ndim else loss).backward()  # each member gets its own gradient
        self.guard.look(loss, self._players[player], self.step)
        optimizer.step()
        return loss.detach()

    def _set_position(self) -> None:
        """Random state and learning rates are functions of the step."""
        position = (self.seed * 1_000_003 + self.step) % 2**63
        torch.default_generator.manual_seed(position)  # torch.manual_seed: 20 times the price
        if self.device.type == "cuda":
            torch.cuda.manual_seed(position)
        if self.schedule is not None:
            for group, rate in zip(self._groups(), self.rates, strict=True):
                group["lr"] = rate * float(self.schedule(self.step))

    def _groups(self) -> list[dict]:
        return self.d_optimizer.param_groups + self.g_optimizer.param_groups

    @property
    def history(self) -> History:
        """The losses of every step so far."""
        return self._record.history()

    @property
    def average(self) -> nn.Module | None:
        """The averaged generator, or ``None`` if ``ema`` is 0."""
        return self._average and self._average.G

    def sample(self, n: int, seed: int | None = 0) -> Tensor:
        """``n`` samples, from the averaged generator if there is one; the same noise each time."""
        if not hasattr(self.gan, "sample"):
            raise GanCourseError(
                f"{type(self.gan).__name__} has no method sample",
                where="sample",
                fix="call gan.G on noise, or write sample(n, seed, generator)",
            )
        return self.gan.sample(n, seed, generator=self.average)
