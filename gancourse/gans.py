r"""A GAN: two networks, a game, and who sees what.

For :func:`gancourse.training.train` a gan is any :class:`torch.nn.Module` with the parts ``G`` and
``D``, the methods ``d_loss(*batch)`` and ``g_loss(*batch)`` (one loss, or one per member), and,
where something has to happen after each of the discriminator's steps, ``project()``. Only the
parameters of ``G`` and ``D`` are trained. The class here is the plain one; one written in a
notebook cell trains with the same loop.

Networks say two things about themselves. ``members``: how many independent networks they are, an
ensemble with a member axis in front of every batch. ``samplewise``: whether a small dense network
scores each sample by itself, so that real and fake may be scored in one call.
"""

import torch
from torch import Tensor, nn

from gancourse.errors import GanCourseError, demand_seed, demand_whole
from gancourse.games import Game
from gancourse.penalties import SquaredSlope, judged, sample_axes, score
from gancourse.shapes import Losses, Scores

#: Torch's own layers that mix the samples of a batch, and cannot say so.
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class GAN(nn.Module):
    """A generator and a discriminator that play ``game`` over unlabelled samples ``x``.

    ``generator`` takes noise ``z`` of shape ``(batch, latent_dim)``, drawn from a standard normal
    distribution, and returns samples shaped like ``x``; ``discriminator`` returns one raw score
    per sample. In an ensemble everything has a member axis in front.

    ``together`` lets D score real and fake samples in one call, which saves time in a small dense
    network. Convolutions are faster on two batches that fit the cache, and a layer that mixes the
    samples of a batch (batch norm, minibatch deviation) must see them apart: unless told, only
    networks that are ``samplewise`` and hold no layer with ``mixes_samples`` are asked together.
    """

    def __init__(
        self,
        game: Game,
        *,
        generator: nn.Module,
        discriminator: nn.Module,
        latent_dim: int,
        together: bool | None = None,
    ):
        super().__init__()
        demand_whole("latent_dim", latent_dim, least=1)
        if not isinstance(game, Game):
            raise GanCourseError(
                f"game must be a Game such as NonSaturating(), not {game!r}",
                fix="from gancourse.games import NonSaturating",
            )
        self.game, self.latent_dim = game, latent_dim
        self.G, self.D = generator, discriminator
        self.together = samplewise(discriminator) if together is None else bool(together)
        members = [getattr(net, "members", None) for net in (generator, discriminator)]
        if members[0] != members[1]:
            raise GanCourseError(
                f"the generator has {members[0]} members, the discriminator {members[1]}",
                where="GAN",
                fix="give both the same, or none",
            )

    @property
    def members(self) -> int | None:
        """How many GANs this is, or ``None``: the networks say so."""
        return getattr(self.G, "members", None)

    def noise(self, *shape: int) -> Tensor:
        """Noise ``z`` of shape ``(*shape, latent_dim)``, on the generator's device."""
        like = next(self.G.parameters())
        return torch.randn(*shape, self.latent_dim, device=like.device, dtype=like.dtype)

    def generate(self, like: Tensor) -> Tensor:
        """As many samples ``G(z)`` as ``like`` has, of the same shape."""
        return _of_shape(like, self.G(self.noise(*like.shape[: sample_axes(self.G)])))

    def scores(self, x: Tensor, fake: Tensor) -> tuple[Scores, Scores]:
        """The scores ``D(x)`` and ``D(fake)``, one per sample."""
        if not self.together:
            return score(self.D, x), score(self.D, fake)
        axis = sample_axes(self.D) - 1
        both = score(self.D, torch.cat([x, fake], axis))
        of_real, of_fake = both.tensor_split(2, axis)
        return of_real, of_fake

    def d_loss(self, x: Tensor) -> Losses:
        """The discriminator's loss on one batch, on fresh noise."""
        with torch.no_grad():
            fake = self.generate(x)
        if self.game.penalty is not None:
            return self.penalised(x, fake)
        return self.game.d_loss(*self.scores(x, fake))

    def penalised(self, x: Tensor, fake: Tensor) -> Losses:
        """The discriminator's loss plus the game's penalty, which looks at slopes of the scores."""
        real, made = judged(self.D, x), judged(self.D, fake)
        loss, penalty = self.game.d_loss(real[1], made[1]), self.game.penalty
        if penalty is None:
            return loss
        if isinstance(penalty, SquaredSlope):  # it looks at these samples and no others
            return loss + penalty.of(real, made)
        return loss + penalty(self.D, x, fake)

    def g_loss(self, x: Tensor) -> Losses:
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
        demand_whole("n", n, least=1, where="sample")
        if seed is not None:
            demand_seed(seed, where="sample")
        G = self.G if generator is None else generator
        shape = (n,) if self.members is None else (self.members, n)
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
        demand_whole("packing", packing, least=1)
        self.packing = packing

    def pack(self, x: Tensor) -> Tensor:
        """Neighbours in the batch, side by side."""
        if x.ndim != sample_axes(self.G) + 1 or x.shape[-2] % self.packing:
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

    def d_loss(self, x: Tensor) -> Losses:
        """The discriminator's loss, one score per pack."""
        return super().d_loss(self.pack(x))

    def g_loss(self, x: Tensor) -> Losses:
        """The generator's loss, one score per pack."""
        return super().g_loss(self.pack(x))


def samplewise(network: nn.Module) -> bool:
    """Whether a network says that it scores each sample by itself, and no layer of it objects."""
    mixing = any(
        getattr(part, "mixes_samples", isinstance(part, BATCH_NORMS)) for part in network.modules()
    )
    return getattr(network, "samplewise", False) and not mixing


def _of_shape(like: Tensor, fake: Tensor) -> Tensor:
    if fake.shape != like.shape:
        raise GanCourseError(
            f"the generator makes samples of shape {tuple(fake.shape)}, "
            f"the data have shape {tuple(like.shape)}",
            fix="give the generator the size and channels of the data",
        )
    return fake
