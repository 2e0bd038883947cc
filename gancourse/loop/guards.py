"""Guards around a training loop: against signals in mid-step, NaN, and what cannot be trained."""

import contextlib
import math
import signal
import threading
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gancourse.errors import GanCourseError
from gancourse.loop import fused

#: Ctrl-C, a polite end, and a terminal that was closed (which Windows does not tell).
ENDINGS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_TRAINING = threading.RLock()


@contextlib.contextmanager
def one_at_a_time():
    """One thread of a process trains at a time: the random state is the whole process's.

    A training within another's ``watch`` is in the same thread and harms nothing: each sets the
    random state before a step and puts back what it found.
    """
    if not _TRAINING.acquire(blocking=False):
        raise GanCourseError(
            "another thread of this process is training",
            where="advance",
            fix="let it finish first, or train in another process",
        )
    try:
        yield
    finally:
        _TRAINING.release()


@contextlib.contextmanager
def signals_wait():
    """A first Ctrl-C, SIGTERM or SIGHUP lets the step finish; yields what to call after each step.

    That call raises :class:`KeyboardInterrupt` or, with status 128 + its number,
    :class:`SystemExit` if a signal has come. A second signal does not wait for the step. What the
    process was told to ignore, as by ``nohup``, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None  # signals arrive in the main thread only
        return
    came: list[int] = []

    def leave():
        if came:
            raise KeyboardInterrupt if came[-1] == signal.SIGINT else SystemExit(128 + came[-1])

    def note(number, frame):
        came.append(number)
        if len(came) > 1:
            leave()

    before = {
        number: signal.signal(number, note)
        for number in ENDINGS
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    }
    try:
        yield leave
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class FiniteGuard:
    """Looks at each loss and each gradient before the optimizer's step, and lets none pass.

    On a CPU a NaN or an infinity is an error at once, before this turn moves a weight. On CUDA
    looking would mean waiting for it in every turn; there the fused optimizer itself skips the
    step, and all later ones, until :meth:`demand_finite` is called. ``step``, which the training
    sets, is named in errors.
    """

    def __init__(self, model: nn.Module, device: torch.device):
        self.model, self.step, self.waits = model, 0, device.type != "cuda"
        self.passed = False  # whether a move of the present step was let through
        self.found = torch.zeros((), dtype=torch.float32, device=device)
        self.one = torch.ones_like(self.found)

    def watch(self, *optimizers: torch.optim.Optimizer) -> None:
        """Let fused ``optimizers`` on a GPU skip steps; on a CPU there is nothing to do."""
        if not self.waits:
            for optimizer in optimizers:
                fused.skip_steps_if(optimizer, self.found)

    def look(self, loss: Tensor, weights: list[nn.Parameter]) -> None:
        """Look at one turn's loss and at the gradients of the ``weights`` that it moves."""
        values = [loss.detach(), *(w.grad for w in weights if w.grad is not None)]
        fused.note_what_is_not_finite(values, self.found, self.one)
        if self.waits:
            self.demand_finite(loss)
        self.passed = True

    def demand_finite(self, loss: Tensor | None = None) -> None:
        """Raise :class:`GanCourseError` if anything was found, naming the tensor."""
        if not self.found:
            return
        self.found.zero_()
        raise GanCourseError(
            f"{self._culprit(loss)}; no weight was moved by it",
            where=f"step {self.step}",
            fix="lower the learning rate or look at the batch; the last checkpoint is good",
        )

    def _culprit(self, loss: Tensor | None) -> str:
        parts = dict(self.model.named_parameters())
        bad = [f"weight {name} is" for name, w in parts.items() if not w.isfinite().all()]
        if loss is not None and not loss.isfinite().all():
            bad.append("a loss is")
        bad += [
            f"the gradient of {name} is"
            for name, w in parts.items()
            if w.grad is not None and not w.grad.isfinite().all()
        ]
        return f"{bad[0] if bad else 'a loss or gradient was'} not finite"

    def look_at(self, batch: tuple[Tensor, ...]) -> None:
        """Look at a batch when it comes (on a GPU not: no waiting)."""
        for part in batch if batch and batch[0].device.type == "cpu" else ():
            if part.is_floating_point() and not math.isfinite(part.sum(dtype=torch.float64)):
                raise GanCourseError(
                    "the batch holds NaN or infinity",
                    where=f"step {self.step}",
                    fix="look for it in the data; no weight was moved by it",
                )
        if self.step == 0 and batch and batch[0].ndim == 4:  # labels beside them may be bytes
            demand_scaled(batch[0])


def all_finite(tensor: Tensor) -> bool:
    """Whether no number is NaN or infinite: ``tensor.isfinite().all()``, 3 to 40 times as fast.

    A sum is finite only if all its terms are. Where it is not they may still be: then they are
    looked at one by one.
    """
    if tensor.dtype in (torch.float32, torch.float64) and math.isfinite(tensor.sum()):
        return True
    return bool(tensor.isfinite().all())


def demand_scaled(pictures: Tensor) -> None:
    """Raise :class:`GanCourseError` if pictures hold bytes where [-1, 1] is expected."""
    if pictures.dtype == torch.uint8 or pictures.float().abs().max() > 100:
        raise GanCourseError(
            f"the pictures hold values up to {pictures.max().item():g}; networks here expect "
            "[-1, 1]",
            where="batches",
            fix="x / 127.5 - 1",
        )


def first_loss(loss_of: Callable, batch: tuple[Tensor, ...]) -> Tensor:
    """``loss_of(*batch)``, for the first time: whatever goes wrong, the two do not fit.

    Later losses are computed without this net: what worked once fails for another reason, and
    that must not be hidden. Running out of memory is told as it is where torch has a type for it
    (on a CPU it has none).
    """
    try:
        return later_loss(loss_of, batch)
    except (GanCourseError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as problem:
        shapes = ", ".join(f"{tuple(part.shape)} {part.dtype}" for part in batch)
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise GanCourseError(
            f"the model cannot take a batch of shape {shapes} ({reason})",
            where="batches",
            fix="let them yield what its losses take, in the size, channels and type of its "
            "networks (x.float())",
        ) from problem


def later_loss(loss_of: Callable, batch: tuple[Tensor, ...]) -> Tensor:
    """``loss_of(*batch)``; :class:`GanCourseError` if nothing can be learnt from it."""
    loss = loss_of(*batch)
    if not (isinstance(loss, Tensor) and loss.requires_grad):
        raise GanCourseError(
            f"a loss must be a tensor that depends on the weights, not {loss!r}",
            where="training",
            fix="look at the losses of the model, and train outside of torch.no_grad()",
        )
    return loss
