r"""A GAN: two networks, a game, and who sees what.

For :func:`gancourse.training.train` a gan is any :class:`torch.nn.Module` with the parts ``G`` and
``D`` and the methods ``d_loss(*batch)`` and ``g_loss(*batch)`` (one loss, or one per member); one
written in a notebook cell trains with the same loop. :class:`TwoPlayers` says what else may be
asked of it, and :class:`GAN` is the plain one. Only the parameters of ``G`` and ``D`` are trained.

Networks say two things about themselves. ``members``: how many independent networks they are, an
ensemble with a member axis in front of every batch. ``samplewise``: whether a small dense network
scores each sample by itself, so that real and fake may be scored in one call.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gancourse.errors import GanCourseError, brief, demand_seed, demand_whole
from gancourse.games import Game
from gancourse.penalties import SquaredSlope, judged, sample_axes, score
from gancourse.shapes import Losses, Scores

#: Torch's own layers that mix the samples of a batch, and cannot say so.
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class TwoPlayers(nn.Module):
    """A generator ``G``, a discriminator ``D``, and what each of them loses on a batch.

    A subclass states the two losses, which take what ``batches`` yield: ``d_loss(x)``,
    ``d_loss(x, label)``, ``d_loss(source, target)``. Each player may be several networks in a
    ``nn.ModuleDict``, as two translators and their two judges are. Of an ensemble both say the same
    ``members``.
    """

    d_loss: Callable[..., Losses]
    g_loss: Callable[..., Losses]

    def __init__(self, generator: nn.Module, discriminator: nn.Module):
        super().__init__()
        for name, network in (("generator", generator), ("discriminator", discriminator)):
            if not isinstance(network, nn.Module):
                raise GanCourseError(
                    f"the {name} must be a torch module, not {brief(network)}",
                    where=type(self).__name__,
                    fix="make it first: mlp(2, 2), dcgan.generator(16, 3), nn.Linear(2, 1)",
                )
        members = [getattr(net, "members", None) for net in (generator, discriminator)]
        if members[0] != members[1]:
            raise GanCourseError(
                f"the generator has {members[0]} members, the discriminator {members[1]}",
                where=type(self).__name__,
                fix="give both the same, or none",
            )
        self.G, self.D = generator, discriminator

    @property
    def members(self) -> int | None:
        """How many gans this is, or ``None``: the networks say so."""
        return getattr(self.G, "members", None)

    def project(self) -> None:
        """What happens after each of the discriminator's moves: nothing, unless a subclass says."""

    def sample(self, n: int, seed: int | None = None, generator: nn.Module | None = None) -> Tensor:
        """``n`` samples; the same ones for the same ``seed``; from ``generator`` in place of ``G``.

        Not every gan can: a translator needs a picture to translate.
        """
        raise GanCourseError(
            f"{type(self).__name__} draws no samples out of nothing",
            where="sample",
            fix="call its G on what it takes, or write sample(n, seed, generator)",
        )


class GAN(TwoPlayers):
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
        super().__init__(generator, discriminator)
        demand_whole("latent_dim", latent_dim, least=1, where="GAN")
        if not isinstance(game, Game):
            raise GanCourseError(
                f"game must be a Game such as NonSaturating(), not {brief(game)}",
                where="GAN",
                fix="from gancourse.games import NonSaturating, and call it: NonSaturating()",
            )
        self.game, self.latent_dim = game, latent_dim
        self.together = samplewise(discriminator) if together is None else bool(together)

    def noise(self, *shape: int) -> Tensor:
        """Noise ``z`` of shape ``(*shape, latent_dim)``, on the generator's device."""
        like = next(self.G.parameters())
        return torch.randn(*shape, self.latent_dim, device=like.device, dtype=like.dtype)

    def noise_for(self, n: int, seed: int | None = None) -> Tensor:
        """The noise of ``n`` samples, of each member; with a ``seed`` the same each time."""
        demand_whole("n", n, least=1, where="sample")
        shape = (n,) if self.members is None else (self.members, n)
        if seed is None:
            return self.noise(*shape)
        demand_seed(seed, where="sample")
        rng = torch.Generator().manual_seed(seed)  # on the CPU: every device gets the same noise
        return torch.randn(*shape, self.latent_dim, generator=rng)

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

    def sample(self, n: int, seed: int | None = None, generator: nn.Module | None = None) -> Tensor:
        """``n`` samples (of each member) from the generator in evaluation mode.

        With a ``seed`` the same noise is drawn each time and the global random state is left
        alone. ``generator`` samples another network in place of ``G``, for instance its average.
        """
        G = self.G if generator is None else generator
        return evaluated(G, self.noise_for(n, seed).to(next(G.parameters())))


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


@torch.no_grad()
def evaluated(network: nn.Module, *inputs: Tensor) -> Tensor:
    """``network(*inputs)`` in evaluation mode; afterwards it is in the mode that it was in."""
    was_training = network.training
    try:
        return network.eval()(*inputs)
    finally:
        network.train(was_training)


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
