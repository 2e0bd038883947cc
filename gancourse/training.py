"""Training: whose turn it is.

One loop trains everything in the book. A *step* is one turn of every player: for a GAN
``d_steps`` turns of the discriminator and one of the generator, with fresh noise in every turn,
which is algorithm 1 of Goodfellow et al. (2014); for a model with one player its own turn.

Randomness is a function of the position: before step $t$ the random state is set from
``(seed, t)`` alone, and after the last step the caller's own state is put back. So a run that was
interrupted and resumed is the same run, bit for bit, and sampling, plotting or saving on the way
changes nothing. (Same torch version, kind of device and number of threads.)
"""

from collections.abc import Callable, Iterable
from functools import cached_property, partial
from pathlib import Path

import torch
from torch import Tensor, nn

from gancourse.devices import usable
from gancourse.errors import GanCourseError, brief, demand_callable, demand_number, demand_whole
from gancourse.loop import fused
from gancourse.loop.averaging import Average
from gancourse.loop.bar import Bar
from gancourse.loop.batches import Stream, fingerprint
from gancourse.loop.guards import FiniteGuard, one_at_a_time, signals_wait
from gancourse.loop.history import History, LoneHistory, Record
from gancourse.loop.model import Model
from gancourse.loop.player import Player
from gancourse.loop.positions import position
from gancourse.loop.settings import Settings
from gancourse.saving import checkpoints, state
from gancourse.saving.keeper import Keeper

WATCH = "pass a function of the training: lambda training: print(training.history)"


def adam(lr: float = 2e-4, betas: tuple[float, float] = (0.5, 0.999)) -> Callable:
    """The optimizer of DCGAN: Adam with a calm first moment. Takes parameters, like a class."""
    demand_number("lr", lr, where="adam")
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise GanCourseError(f"betas must be two numbers, not {brief(betas)}", where="adam")
    for beta in betas:
        demand_number("each of betas", beta, below=1, where="adam")
    first, second = map(float, betas)
    return partial(torch.optim.Adam, lr=lr, betas=(first, second), fused=True)


def decay(steps: int, final: float = 0.02) -> Callable[[int], float]:
    """A schedule: 1 for the first half of ``steps``, then linearly down to ``final``."""
    demand_whole("steps", steps, least=1, where="decay")
    demand_number("final", final, where="decay")
    return lambda step: 1 - (1 - final) * min(max(2 * step / steps - 1, 0), 1)


def train(
    gan: nn.Module,
    batches: Iterable,
    steps: int,
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
    watch: Callable | None = None,
    every: int = 100,
    folder: str | Path | Keeper | None = None,
    save_every: int = 500,
    resume: bool | str = False,
) -> "Training":
    """Train ``gan`` up to step ``steps``; call ``watch(training)`` every so many steps.

    ``gan``, ``batches`` and the settings from ``optimizer`` to ``notes`` are those of
    :class:`Training`, which explains them. With a ``folder`` checkpoints are written there every
    ``save_every`` steps, and ``resume`` goes on from the newest: see :meth:`Training.advance_in`.
    """
    demand_whole("steps", steps, where="train")
    training = Training(
        gan,
        batches,
        optimizer=optimizer,
        d_optimizer=d_optimizer,
        d_steps=d_steps,
        schedule=schedule,
        ema=ema,
        amp=amp,
        seed=seed,
        device=device,
        notes=notes,
    )
    if folder is None:
        return training.advance(steps, watch, every)
    return training.advance_in(
        folder, steps, watch=watch, every=every, save_every=save_every, resume=resume
    )


class Training:
    """A model in training: everything that a checkpoint holds.

    ``gan`` has two players, ``G`` and ``D``, with a loss each, ``d_loss`` and ``g_loss``; or it is
    a module with one ``loss``, which is its own and only player. ``project()``, where there is one,
    is called after each move of ``D`` or of the only player. ``batches`` yields tuples of tensors,
    which go to the losses; it is started anew when it ends. ``optimizer`` makes an
    optimizer from parameters (``d_optimizer``: another one for the discriminator).
    ``schedule(step)`` scales all learning rates. ``ema`` > 0 keeps an average of the generator's
    (or the only player's) weights with that decay, warmed up. ``amp`` computes the losses in
    bfloat16 where that is safe: faster, other rounding. ``notes``, of plain values, go into the
    checkpoint, to say for instance how the networks were built.
    """

    place: tuple[int, int]  # pass and batch with which the next step begins
    turns: Callable[["Training"], tuple[Tensor, ...]]  # a step of the model: one of those below

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
        optimizer = adam() if optimizer is None else optimizer
        self.settings = Settings(optimizer, d_optimizer, d_steps, schedule, ema, amp, seed)
        if notes is not None and not isinstance(notes, dict):
            raise GanCourseError(f"notes must be a dict, not {brief(notes)}", where="training")
        self.notes = notes or {}
        self.model = Model(gan, with_d=self.settings.only_for_d)
        self.device = self.model.home if device is None else usable(device)
        self.gan = self.model.to(self.device).train()
        self.guard = FiniteGuard(gan, self.device)
        new = partial(Player, guard=self.guard, amp=amp)
        project = self.model.project
        if self.model.two_players:
            self.D = new(self.gan.D, d_optimizer or optimizer, afterwards=project)
            self.G = new(self.gan.G, optimizer)
            self.players, self.turns = {"d": self.D, "g": self.G}, algorithm_1
        else:
            self.G = new(gan, optimizer, afterwards=project)
            self.players, self.turns = {"model": self.G}, alone
        self.record = Record(self.model.history)
        self.averaging = Average(self.G.network, ema) if ema else None
        self.modules = list(self.gan.modules())
        self.step, self.batches = 0, batches
        self.in_step = False  # true also after an error or a second Ctrl-C within a step
        self.begin_stream()

    @property
    def d_steps(self) -> int:
        """How many turns the discriminator has in a step."""
        return self.settings.d_steps

    def advance(self, steps: int, watch: Callable | None = None, every: int = 100) -> "Training":
        """Take ``steps`` more steps; call ``watch(self)`` after each one that ``every`` divides."""
        demand_whole("steps", steps, where="advance")
        demand_whole("every", every, least=1, where="advance")
        demand_callable("watch", watch, where="advance", fix=WATCH)
        cuda = [self.device] if self.device.type == "cuda" else []
        with (
            one_at_a_time(),
            torch.random.fork_rng(devices=cuda),
            self.stream.aside(),
            signals_wait() as leave_if_asked,
        ):
            self.bar = Bar(steps)
            for _ in self.bar:
                self.bar.tell(self.record.names, self.take_step())
                if watch is not None and self.step % every == 0:
                    watch(self)
                leave_if_asked()
        return self

    def take_step(self) -> tuple[Tensor, ...]:
        """One step: every player's turns; then the average, and a note of the losses."""
        if self.stream.place != self.place:  # a step before has failed; its batches come again
            self.begin_stream(self.place)
        self.in_step = self.guard.passed = False
        self.set_position()
        losses = self.turns(self)
        self.step += 1
        if self.averaging is not None:
            self.averaging.update(self.step)
        if self.record.add(*losses):
            self.guard.demand_finite()
            self.record.history()
        self.in_step, self.place = False, self.stream.place
        return losses

    def next_batch(self) -> tuple[Tensor, ...]:
        """The next batch, looked at. From here on the step is under way."""
        batch = next(self.stream)
        self.guard.look_at(batch)
        self.in_step = True
        return batch

    def is_whole(self) -> bool:
        """Whether the state is that after ``step`` steps: no step has been cut in two.

        A step that failed before a weight was moved has changed nothing, unless the networks have
        buffers, such as batch norm's statistics, which every pass through them changes.
        """
        buffers = next(self.gan.buffers(), None) is not None
        return not self.in_step or not (self.guard.passed or buffers)

    def set_position(self) -> None:
        """Random state and learning rates are functions of the step; networks are in training."""
        number = position(self.settings.seed, self.step)
        fused.seed_wholly(number)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(number)
        elif self.device.type == "mps":  # its state cannot be forked: the caller's is not put back
            torch.mps.manual_seed(number)
        self.guard.step = self.step
        if not all(part.training for part in self.modules):  # a watch may have changed that
            self.gan.train()
        if self.settings.schedule is not None:
            factor = self.settings.scale(self.step)
            for player in self.players.values():
                player.scale(factor)

    def begin_stream(self, place: tuple[int, int] = (0, 0)) -> None:
        """Let the batches begin at a place: the first of all, or where the run was saved."""
        self.stream = Stream(self.batches, self.device, self.settings.seed, place)
        self.place = place

    @cached_property
    def fingerprint(self) -> str | None:
        """What tells the data from others, ``None`` where nothing does: computed once, if asked."""
        return fingerprint(self.batches)

    @property
    def history(self) -> History | LoneHistory:
        """The losses of every step so far."""
        return self.record.history()

    @property
    def average(self) -> nn.Module | None:
        """The averaged generator (or only player), or ``None`` if ``ema`` is 0."""
        return None if self.averaging is None else self.averaging.network

    def sample(self, n: int, seed: int | None = 0) -> Tensor:
        """``n`` samples, from the averaged generator if there is one; the same noise each time."""
        return self.model.sample(n, seed, self.average)

    # ---- what survives a crash: see gancourse.saving ---------------------------------------------

    def state(self) -> dict:
        """Everything that determines the rest of the run: tensors and primitives only.

        A snapshot on the CPU: later steps do not change it.
        """
        return state.snapshot(state.state_of(self))

    def restore(self, saved: dict, where: str | Path = "checkpoint") -> None:
        """Take over a saved :meth:`state`; ``where`` it came from is named in errors."""
        state.restore(self, saved, where)

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint, atomically (see :mod:`gancourse.saving.checkpoints`)."""
        return checkpoints.save(path, self.state())

    @classmethod
    def load(cls, path: str | Path, gan: nn.Module, batches: Iterable, **settings) -> "Training":
        """The training that :meth:`save` wrote, ready to ``advance``.

        ``gan``, ``batches`` and ``settings`` are built as they were for the saved run; a
        difference that the checkpoint can see is an error.
        """
        training = cls(gan, batches, **settings)
        training.restore(checkpoints.load(path), where=path)
        return training

    def advance_in(
        self,
        folder: str | Path | Keeper,
        steps: int,
        *,
        watch: Callable | None = None,
        every: int = 100,
        save_every: int = 500,
        resume: bool | str = False,
    ) -> "Training":
        """Advance up to step ``steps``, with checkpoints in ``folder``.

        One is written every ``save_every`` steps, at the end, and when the run ends before its time
        (a signal, an error in ``watch`` or in the data) with a whole step behind it. ``resume``
        (true or ``"auto"``) goes on from the newest one in it, or starts at zero if there is none;
        without it, a folder that holds a run is refused, and so is one that another run is using.
        The resumed run is the same to the bit if a batch depends on its position and on random
        numbers alone, like those of ``gancourse.data`` and of a ``DataLoader``: see
        :class:`gancourse.loop.batches.Stream`.
        """
        demand_whole("every", every, least=1, where="train")
        demand_whole("save_every", save_every, least=1, where="train")
        demand_callable("watch", watch, where="train", fix=WATCH)
        keeper = folder if isinstance(folder, Keeper) else Keeper(folder)
        with keeper.lock.held():
            keeper.begin(self, steps, resume)
            begun = self.step

            def watch_and_save(training):
                if watch is not None and training.step % every == 0:
                    watch(training)
                if training.step % save_every == 0 or training.step == steps:
                    keeper.save(training)

            try:
                return self.advance(max(steps - self.step, 0), watch_and_save, every=1)
            except BaseException as problem:
                if self.step > begun and self.is_whole():
                    keeper.rescue(self, problem)
                raise


# ---- a model's turns ---------------------------------------------------------------------------


def algorithm_1(training: Training) -> tuple[Tensor, Tensor]:
    """One step of algorithm 1: ``d_steps`` turns of the discriminator, then one of the generator.

    Each turn of the discriminator has its own batch; the generator's looks at the last one.
    """
    gan, D, G = training.gan, training.D, training.G
    for _ in range(training.d_steps):
        batch = training.next_batch()
        d_loss = D.move(gan.d_loss, batch)
    with D.held():
        g_loss = G.move(gan.g_loss, batch)
    return d_loss, g_loss


def alone(training: Training) -> tuple[Tensor]:
    """One step of a model with one player: a classifier, an autoencoder, a denoiser."""
    return (training.G.move(training.gan.loss, training.next_batch()),)
