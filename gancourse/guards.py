"""Guards around a training loop: against interrupts in mid-step, and against NaN and infinity."""

import contextlib
import math
import signal
import threading

from torch import Tensor, nn

from gancourse.errors import GanCourseError


@contextlib.contextmanager
def interrupts_wait():
    """A first Ctrl-C lets the step finish (the list it yields fills); a second does not wait."""
    if threading.current_thread() is not threading.main_thread():
        yield []  # signals arrive in the main thread only
        return
    waiting, before = [], signal.getsignal(signal.SIGINT)

    def note(number, frame):
        if waiting:
            raise KeyboardInterrupt
        waiting.append(number)

    signal.signal(signal.SIGINT, note)
    try:
        yield waiting
    finally:
        signal.signal(signal.SIGINT, before)


def demand_finite(losses: Tensor, gan: nn.Module, step: int) -> None:
    """Raise :class:`GanCourseError` if a loss is NaN or infinite, naming the weight that is."""
    if math.isfinite(losses.sum()):
        return
    bad = [name for name, weight in gan.named_parameters() if not weight.isfinite().all()]
    found = f"weight {bad[0]} is not finite" if bad else (
        "all weights are still finite, so look at the batch")
    raise GanCourseError(f"a loss is {losses.sum().item()}; {found}", where=f"step {step}",
                         fix="lower the learning rate, or resume from the last good checkpoint "
                             "with another setting")
