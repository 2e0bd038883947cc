"""A player: a network and the optimizer that moves it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn

from gancourse.errors import GanCourseError, brief
from gancourse.loop.guards import FiniteGuard, first_loss, later_loss
from gancourse.loop.settings import MAKE_ONE


class Player:
    """One side of a game, or the only one: ``network``, its weights, and what moves them.

    ``optimizer`` makes an optimizer from parameters; the learning rates that it starts with are
    the *base rates*, which :meth:`scale` multiplies. ``afterwards``, if given, is called after
    each move (a projection of the weights, for instance). ``amp`` computes losses in bfloat16.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Callable,
        guard: FiniteGuard,
        afterwards: Callable | None = None,
        amp: bool = False,
    ):
        self.network, self.weights = network, list(network.parameters())
        self.optimizer = _made(optimizer, self.weights)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.guard, self.afterwards = guard, afterwards
        device = self.weights[0].device.type
        self.precision = torch.autocast(device, torch.bfloat16) if amp else nullcontext()
        self._loss = first_loss
        guard.watch(self.optimizer)

    def move(self, loss_of: Callable[..., Tensor], batch: tuple[Tensor, ...]) -> Tensor:
        """One turn: the loss on the batch, its gradient, one step of the optimizer.

        Returns the loss, one number or one for each member. Raises :class:`GanCourseError`, and
        moves nothing, if the loss or a gradient is not finite.
        """
        with self.precision:
            loss = self._loss(loss_of, batch)
        self._loss = later_loss
        for weight in self.weights:  # optimizer.zero_grad(): 20 times the price
            weight.grad = None
        (loss.sum() if loss.ndim else loss).backward()  # each member gets its own gradient
        self.guard.look(loss, self.weights)
        self.optimizer.step()
        if self.afterwards is not None:
            self.afterwards()
        return loss.detach()

    @contextmanager
    def held(self) -> Iterator[None]:
        """While the other one moves: the weights stand still, and no gradient for them is made."""
        moving = [weight for weight in self.weights if weight.requires_grad]
        try:
            for weight in moving:
                weight.requires_grad_(False)
            yield
        finally:
            for weight in moving:
                weight.requires_grad_(True)

    def scale(self, factor: float) -> None:
        """Set every learning rate to ``factor`` times its base rate."""
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor


def _made(optimizer: Callable, weights: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of ``weights``; :class:`GanCourseError` if none comes, or one of no use."""
    try:
        made = optimizer(weights)
    except Exception as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise GanCourseError(
            f"{brief(optimizer)} makes no optimizer ({reason})", where="training", fix=MAKE_ONE
        ) from problem
    if not isinstance(made, torch.optim.Optimizer):
        raise GanCourseError(
            f"optimizer must make a torch optimizer from parameters, not {brief(made)}",
            where="training",
            fix=MAKE_ONE,
        )
    if isinstance(made, torch.optim.LBFGS):
        raise GanCourseError(
            "LBFGS computes the loss many times in a step, and in a game it stands still meanwhile",
            where="training",
            fix="use an optimizer that takes one gradient a step, such as adam()",
        )
    return made
