r"""Training: whose turn it is.

One loop trains every gan in the book. A *step* is ``d_steps`` turns of the discriminator and one
of the generator, with fresh noise in every turn: algorithm 1 of Goodfellow et al. (2014).

Randomness is a function of the position: before step $t$ the random state is set from
``(seed, t)`` alone, and after the last step the caller's own state is put back. So a run that was
interrupted and resumed is the same run, bit for bit, and sampling, plotting or saving on the way
changes nothing. (Same torch version, kind of device and number of threads.)
"""

import copy
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gancourse.errors import GanCourseError
from gancourse.guards import demand_finite, interrupts_wait
from gancourse.resuming import Keeper, Resumable


class History(NamedTuple):
    """The losses of every step so far, shape ``(steps,)`` or ``(steps, members)``."""

    d_loss: Tensor
    g_loss: Tensor


def adam(lr: float = 2e-4, betas: tuple[float, float] = (0.5, 0.999)) -> Callable:
    """The optimizer of DCGAN: Adam with a calm first moment. Takes parameters, like a class."""
    return partial(torch.optim.Adam, lr=lr, betas=tuple(map(float, betas)), fused=True)


def decay(steps: int, final: float = 0.02) -> Callable[[int], float]:
    """A schedule: 1 for the first half of ``steps``, then linearly down to ``final``."""
    return lambda step: 1 - (1 - final) * min(max(2 * step / steps - 1, 0), 1)


def train(gan: nn.Module, batches: Iterable, steps: int, *, watch: Callable | None = None,
          every: int = 100, folder: str | Path | Keeper | None = None, save_every: int = 500,
          resume: bool = False, **settings) -> "Training":
    """Train ``gan`` up to step ``steps``. ``settings`` are those of :class:`Training`.

    With a ``folder`` a checkpoint is written there every ``save_every`` steps and at the end;
    ``resume`` goes on from the newest one in it, or starts at zero if there is none.
    """
    _whole("steps", steps)
    training = Training(gan, batches, **settings)
    if folder is None:
        return training.advance(steps, watch=watch, every=every)
    keeper = folder if isinstance(folder, Keeper) else Keeper(folder)
    if resume and (found := keeper.newest()):
        training.restore(found[1], where=found[0])

    def watch_and_save(training):
        if watch is not None and training.step % every == 0:
            watch(training)
        if training.step % save_every == 0 or training.step == steps:
            keeper.save(training)

    try:
        return training.advance(max(steps - training.step, 0), watch=watch_and_save, every=1)
    except KeyboardInterrupt:
        keeper.save(training)
        raise


class Training(Resumable):
    """A gan in training: everything that a checkpoint holds.

    ``batches`` yields tuples of tensors, which go to ``gan.d_loss`` and ``gan.g_loss``; it is
    started anew when it ends. ``optimizer`` makes an optimizer from parameters (``d_optimizer``:
    another one for the discriminator). ``schedule(step)`` scales both learning rates. ``ema`` > 0
    keeps an average of the generator's weights with that decay, warmed up. ``amp`` computes the
    losses in bfloat16 where that is safe: faster, other rounding. ``notes``, of plain values, go
    into the checkpoint, to say for instance how the networks were built.
    """

    def __init__(self, gan: nn.Module, batches: Iterable, *, optimizer: Callable | None = None,
                 d_optimizer: Callable | None = None, d_steps: int = 1,
                 schedule: Callable[[int], float] | None = None, ema: float = 0.0,
                 amp: bool = False, seed: int = 0, device: torch.device | str | None = None,
                 notes: dict | None = None):
        _whole("d_steps", d_steps, least=1)
        _whole("seed", seed)
        if not 0 <= ema < 1:
            raise GanCourseError(f"ema must be at least 0 and less than 1, not {ema!r}")
        self.device = torch.device(device) if device else next(gan.parameters()).device
        convolutional = any(isinstance(part, nn.Conv2d) for part in gan.modules())
        layout = torch.channels_last if convolutional else torch.preserve_format
        self.gan = gan.to(self.device, memory_format=layout).train()
        self.batches, self._iterator = batches, iter(batches)
        self.d_steps, self.schedule, self.ema = d_steps, schedule, ema
        self.amp, self.seed, self.notes = amp, seed, notes or {}
        optimizer = optimizer or adam()
        self.g_optimizer = optimizer(gan.G.parameters())
        self.d_optimizer = (d_optimizer or optimizer)(gan.D.parameters())
        self._rates = [(group, group["lr"]) for player in (self.d_optimizer, self.g_optimizer)
                       for group in player.param_groups]
        self.average = copy.deepcopy(gan.G).requires_grad_(False) if ema else None
        self.step, self._recent, self._history = 0, [], History(torch.empty(0), torch.empty(0))

    def advance(self, steps: int, watch: Callable | None = None, every: int = 100) -> "Training":
        """Take ``steps`` more steps; call ``watch(self)`` after each one that ``every`` divides."""
        _whole("steps", steps)
        _whole("every", every, least=1)
        cuda = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda), interrupts_wait() as interrupted:
            for _ in tqdm(range(steps), desc="training", unit="step", delay=2, leave=False):
                self._take_step()
                if watch is not None and self.step % every == 0:
                    watch(self)
                if interrupted:
                    raise KeyboardInterrupt
        return self

    def _take_step(self) -> None:
        torch.manual_seed(_position(self.seed, self.step))
        if self.schedule is not None:
            for group, rate in self._rates:
                group["lr"] = rate * self.schedule(self.step)
        for _ in range(self.d_steps):
            batch = self._next_batch()
            d_loss = self._turn(self.gan.d_loss, batch, self.d_optimizer)
            getattr(self.gan, "project", lambda: None)()
        self.gan.D.requires_grad_(False)  # the generator's turn needs no gradient of D's weights
        try:
            g_loss = self._turn(self.gan.g_loss, batch, self.g_optimizer)
        finally:
            self.gan.D.requires_grad_(True)
        self.step += 1
        if self.average is not None:
            self._update_average()
        self._recent.append((d_loss, g_loss))
        if len(self._recent) == 100:
            self._collect()

    def _turn(self, loss_of: Callable, batch: tuple, optimizer: torch.optim.Optimizer) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp):
            loss = loss_of(*batch)
        if self.device.type == "cpu":  # where looking at the loss costs nothing
            demand_finite(loss.detach(), self.gan, self.step)
        optimizer.zero_grad()
        loss.sum().backward()  # the sum over members: each gets its own gradient
        optimizer.step()
        return loss.detach()

    def _next_batch(self) -> tuple:
        for _ in range(2):
            batch = next(self._iterator, None)
            if batch is not None:
                batch = (batch,) if isinstance(batch, Tensor) else batch
                return tuple(part.to(self.device, non_blocking=True) for part in batch)
            self._iterator = iter(self.batches)
        raise GanCourseError(f"the batches ran out at step {self.step}", where="batches",
                             fix="pass an iterable that can be started again, not a spent iterator")

    @torch.no_grad()
    def _update_average(self) -> None:
        # Early on the decay is small, else the first, random weights would linger.
        keep = min(self.ema, (1 + self.step) / (10 + self.step))
        mine, theirs = list(self.average.parameters()), list(self.gan.G.parameters())
        torch._foreach_lerp_(mine, theirs, 1 - keep)
        for mine, theirs in zip(self.average.buffers(), self.gan.G.buffers(), strict=True):
            mine.copy_(theirs)

    def _collect(self) -> None:
        recent = [torch.stack(losses).float().cpu() for losses in zip(*self._recent, strict=True)]
        demand_finite(torch.stack(recent), self.gan, self.step)
        self._history = History(*map(torch.cat, zip(self._history, recent, strict=True)))
        self._recent = []

    @property
    def history(self) -> History:
        """The losses of every step so far."""
        if self._recent:
            self._collect()
        return self._history

    def sample(self, n: int, seed: int | None = 0) -> Tensor:
        """``n`` samples, from the averaged generator if there is one; the same noise each time."""
        return self.gan.sample(n, seed, generator=self.average)


def _position(seed: int, step: int) -> int:
    """One random seed per step; runs with different ``seed`` share none within a million steps."""
    return (seed * 1_000_003 + step) % 2**63


def _whole(name: str, value: int, least: int = 0) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise GanCourseError(f"{name} must be a whole number of at least {least}, not {value!r}",
                             where="training")
