"""A critic that learns against a generator which is held fixed: a model with one player."""

import torch
from torch import Tensor, nn

from gancourse.games import Game
from gancourse.penalties import score


class Critic(nn.Module):
    """The network ``D`` as the only player of ``game``; a batch is ``(real, fake)``.

    Points have shape ``(batch, features)``, in an ensemble ``(members, batch, features)``.
    """

    def __init__(self, game: Game, D: nn.Module):
        super().__init__()
        self.game, self.D = game, D

    def loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """The discriminator's loss, with the game's penalty: a number, or one for each member."""
        loss = self.game.d_loss(*score(self.D, torch.cat([real, fake], -2)).tensor_split(2, -1))
        if self.game.penalty is not None:
            loss = loss + self.game.penalty(self.D, real, fake)
        return loss

    def project(self) -> None:
        """What the game asks for after each step, such as clipping."""
        if self.game.projection is not None:
            self.game.projection(self.D)


def rmsprop(lr, eps=1e-8):
    """The optimizer of the Wasserstein GAN, as a function of the parameters."""
    return lambda parameters: torch.optim.RMSprop(parameters, lr=lr, eps=eps)
