r"""A GAN: two networks, a game, and who sees what.

For :func:`gancourse.training.train` a gan is any :class:`torch.nn.Module` with the parts ``G`` and
``D``, the methods ``d_loss(*batch)`` and ``g_loss(*batch)`` (one loss, or one per member), and,
where something has to happen after each of the discriminator's steps, ``project()``. Only the
parameters of ``G`` and ``D`` are trained. The class here is the plain one; one written in a
notebook cell trains with the same loop.
"""

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gancourse.errors import GanCourseError
from gancourse.games import Game
from gancourse.penalties import sample_axes, score


class GAN(nn.Module):
    """A generator and a discriminator that play ``game`` over unlabelled samples ``x``.

    ``generator`` takes noise ``z`` of shape ``(batch, latent_dim)``, drawn from a standard normal
    distribution, and returns samples shaped like ``x``; ``discriminator`` returns one raw score
    per sample. In an ensemble everything has a member axis in front.
    """

    def __init__(
        self, game: Game, *, generator: nn.Module, discriminator: nn.Module, latent_dim: int
    ):
        super().__init__()
        if not (type(latent_dim) is int and latent_dim > 0):
            raise GanCourseError(f"latent_dim must be a positive whole number, not {latent_dim!r}")
        if not isinstance(game, Game):
            raise GanCourseError(
                f"game must be a Game such as NonSaturating(), not {game!r}",
                fix="from gancourse.games import NonSaturating",
            )
        self.game, self.latent_dim = game, latent_dim
        self.G, self.D = generator, discriminator
        # One call on real and fake together saves time in a small dense network. Convolutions are
        # faster on two batches that fit the cache, and batch norm must see them apart.
        self.separate = any(
            isinstance(part, nn.Conv2d | _BatchNorm) for part in discriminator.modules()
        )

    def noise(self, *shape: int) -> Tensor:
        """Noise ``z`` of shape ``(*shape, latent_dim)``, on the generator's device."""
        like = next(self.G.parameters())
        return torch.randn(*shape, self.latent_dim, device=like.device, dtype=like.dtype)

    def generate(self, like: Tensor) -> Tensor:
        """As many samples ``G(z)`` as ``like`` has, of the same shape."""
        return _of_shape(like, self.G(self.noise(*like.shape[: sample_axes(like)])))

    def scores(self, x: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The scores ``D(x)`` and ``D(fake)``, one per sample."""
        if self.separate:
            return score(self.D, x), score(self.D, fake)
        axis = sample_axes(x) - 1
        both = score(self.D, torch.cat([x, fake], axis))
        return both.tensor_split(2, axis)

    def d_loss(self, x: Tensor) -> Tensor:
        """The discriminator's loss on one batch, penalty included."""
        with torch.no_grad():
            fake = self.generate(x)
        if self.game.penalty is None:
            return self.game.d_loss(*self.scores(x, fake))
        # A penalty at the samples themselves finds their scores computed already.
        D, x, fake = cache(self.D), x.detach().requires_grad_(), fake.requires_grad_()
        return self.game.d_loss(score(D, x), score(D, fake)) + self.game.penalty(D, x, fake)

    def g_loss(self, x: Tensor) -> Tensor:
        """The generator's loss, on fresh noise."""
        real = None
        if self.game.g_needs_real:
            with torch.no_grad():  # nothing of G is in them
                real = score(self.D, x)
        return self.game.g_loss(real, score(self.D, self.generate(x)))

    def project(self) -> None:
        """What the game asks for after each of the discriminator's steps."""
        if self.game.projection is not None:
            self.game.projection(self.D)

    @torch.no_grad()
    def sample(self, n: int, seed: int | None = None, generator: nn.Module | None = None) -> Tensor:
        """``n`` samples (of each member) from the generator in evaluation mode.

        With a ``seed`` the same noise is drawn each time and the global random state is left
        alone. ``generator`` samples another network in place of ``G``, for instance its average.
        """
        if not (isinstance(n, int) and n > 0):
            raise GanCourseError(f"n must be a positive whole number, not {n!r}", where="sample")
        G = self.G if generator is None else generator
        members = getattr(self.G, "members", None)
        shape = (n,) if members is None else (members, n)
        if seed is None:
            z = self.noise(*shape)
        else:  # drawn on the CPU, so that every device gets the same noise
            rng = torch.Generator().manual_seed(seed)
            z = torch.randn(*shape, self.latent_dim, generator=rng).to(next(G.parameters()))
        was_training = G.training
        try:
            return G.eval()(z)
        finally:
            G.train(was_training)


class PackedGAN(GAN):
    r"""A GAN whose discriminator judges ``packing`` samples at once, side by side as one vector.

    A generator without variety gives itself away within a single pack, since its samples resemble
    each other more than real ones do. A batch of points ``(..., batch, features)`` becomes
    ``(..., batch/packing, packing*features)``. Source: Lin et al. (2018), section 3.
    """

    def __init__(self, game: Game, *, packing: int = 2, **parts):
        super().__init__(game, **parts)
        if not (isinstance(packing, int) and packing > 0):
            raise GanCourseError(f"packing must be a positive whole number, not {packing!r}")
        self.packing = packing

    def pack(self, x: Tensor) -> Tensor:
        """Neighbours in the batch, side by side."""
        if x.ndim not in (2, 3) or x.shape[-2] % self.packing:
            raise GanCourseError(
                f"samples of shape {tuple(x.shape)} cannot be packed in {self.packing}s",
                where="PackedGAN",
                fix=f"use points, and a batch that {self.packing} divides",
            )
        return x.reshape(*x.shape[:-2], -1, self.packing * x.shape[-1])

    def generate(self, like: Tensor) -> Tensor:
        """As many packs of samples as ``like`` has."""
        *members, packs = like.shape[:-1]
        return _of_shape(like, self.pack(self.G(self.noise(*members, packs * self.packing))))

    def d_loss(self, x: Tensor) -> Tensor:
        """The discriminator's loss, one score per pack."""
        return super().d_loss(self.pack(x))

    def g_loss(self, x: Tensor) -> Tensor:
        """The generator's loss, one score per pack."""
        return super().g_loss(self.pack(x))


def _of_shape(like: Tensor, fake: Tensor) -> Tensor:
    if fake.shape != like.shape:
        raise GanCourseError(
            f"the generator makes samples of shape {tuple(fake.shape)}, "
            f"the data have shape {tuple(like.shape)}",
            fix="give the generator the size and channels of the data",
        )
    return fake
