"""Recipes that were measured to work: each game with the settings that fit it.

Three dictionaries, one place for numbers that would otherwise spread over a course. ``RING`` and
``GRID`` are for the mixtures of :mod:`gancourse.data.toys`, ``PICTURES`` for images of 16 pixels::

    recipe = RING["relativistic"]
    gan = recipe.points(members=10)
    train(gan, ring().batches(recipe.batch, members=10), recipe.steps, **recipe.settings())

``gancourse/experiments/games_table.py`` and ``quality.py`` measure them over fresh seeds.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

from torch import nn

from gancourse.games import (
    Game,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Relativistic,
    Wasserstein,
)
from gancourse.gans import GAN, PackedGAN
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.penalties import clip_weights, gradient_penalty, r1, r1_r2
from gancourse.training import adam, decay


@dataclass(frozen=True)
class Recipe:
    """A game with everything that has to fit it.

    ``game`` makes the game, ``norm`` names the discriminator's normalisation, ``lr`` and ``betas``
    are Adam's, for both players; the rate is constant for half of the ``steps`` and then falls
    linearly to ``final`` times itself. The discriminator takes ``d_steps`` for one of the
    generator, on batches of ``batch`` samples, and sees ``packing`` of them at once. ``ema`` is the
    decay of the averaged generator. ``leak`` is the slope of the discriminator's LeakyReLU on
    points. ``source`` says where the settings come from.
    """

    game: Callable[[], Game]
    norm: str | None
    lr: float
    betas: tuple[float, float]
    d_steps: int = 1
    batch: int = 128
    steps: int = 3500
    ema: float = 0.998
    final: float = 0.005
    packing: int = 1
    leak: float = 0.0
    source: str = ""

    def points(self, members: int | None = None, latent_dim: int = 2) -> GAN:
        """Two MLPs of 3 hidden layers of 64, for points of the plane; ``members`` of each."""
        activation: Callable[[], nn.Module] = (
            partial(nn.LeakyReLU, self.leak) if self.leak else nn.ReLU
        )
        kind = partial(PackedGAN, packing=self.packing) if self.packing > 1 else GAN
        return kind(
            self.game(),
            generator=mlp(latent_dim, 2, members=members),
            latent_dim=latent_dim,
            discriminator=mlp(
                2 * self.packing, 1, members=members, activation=activation, norm=self.norm
            ),
        )

    def pictures(self, size: int, channels: int, latent_dim: int = 64, width: int = 32) -> GAN:
        """The convolutional pair of :mod:`gancourse.networks.dcgan`."""
        return GAN(
            self.game(),
            generator=dcgan.generator(size, channels, latent_dim, width),
            discriminator=dcgan.discriminator(size, channels, width, self.norm),
            latent_dim=latent_dim,
        )

    def settings(self, steps: int | None = None) -> dict:
        """Keyword arguments for :func:`gancourse.training.train`, for a run of ``steps``."""
        return dict(
            optimizer=adam(self.lr, self.betas),
            d_steps=self.d_steps,
            ema=self.ema,
            schedule=decay(self.steps if steps is None else steps, self.final),
        )

    def described(self) -> dict:
        """All the settings as plain values, for a file."""
        return {**asdict(self), "game": repr(self.game()), "betas": list(self.betas)}


# Citations that several recipes share.
_FIRST, _SPECTRAL = "Goodfellow et al. (2014)", "Miyato et al. (2018)"
_CLIPPED = "Arjovsky et al. (2017), with Adam for RMSprop and three critic steps for five"
_PENALISED = "Gulrajani et al. (2017), toy weight 0.1; two critic steps for five"
_CALM, _FAST = (0.0, 0.9), (0.0, 0.99)

#: Eight Gaussians on a circle, ``toys.ring()``.
RING = {
    "minimax": Recipe(Minimax, None, 1e-3, _FAST, source=_FIRST),
    "non-saturating": Recipe(NonSaturating, None, 1e-3, _FAST, source=_FIRST),
    "least-squares": Recipe(LeastSquares, None, 1e-3, _FAST, source="Mao et al. (2017)"),
    "hinge-sn": Recipe(Hinge, "spectral", 2e-3, _FAST, 2, source=_SPECTRAL),
    "wgan-clip": Recipe(
        lambda: Wasserstein(projection=clip_weights(0.3)),
        None,
        2e-3,
        _CALM,
        3,
        steps=3000,
        leak=0.2,
        source=_CLIPPED,
    ),
    "wgan-gp": Recipe(
        lambda: Wasserstein(penalty=gradient_penalty(0.1)),
        None,
        2e-3,
        _CALM,
        2,
        steps=3000,
        source=_PENALISED,
    ),
    "ns-r1": Recipe(
        lambda: NonSaturating(penalty=r1(0.05)), None, 3e-3, _FAST, source="Mescheder et al. (2018)"
    ),
    "relativistic": Recipe(
        lambda: Relativistic(penalty=r1_r2(0.01)),
        None,
        8e-3,
        _FAST,
        steps=3300,
        source="Huang et al. (2024)",
    ),
    "packed": Recipe(
        NonSaturating, None, 1e-3, _FAST, batch=256, packing=2, source="Lin et al. (2018)"
    ),
}

_LONG = dict(steps=4000)

#: Twenty-five Gaussians on a square lattice, ``toys.grid()``.
GRID = {
    "minimax": Recipe(Minimax, None, 1e-3, _FAST, **_LONG, source=_FIRST),
    "non-saturating": Recipe(NonSaturating, None, 1e-3, _FAST, **_LONG, source=_FIRST),
    "least-squares": Recipe(LeastSquares, None, 1e-3, _FAST, **_LONG, source="Mao et al. (2017)"),
    "hinge-sn": Recipe(Hinge, "spectral", 2e-3, _FAST, 2, **_LONG, source=_SPECTRAL),
    "wgan-clip": Recipe(
        lambda: Wasserstein(projection=clip_weights(0.3)),
        None,
        2e-3,
        _CALM,
        3,
        steps=3000,
        leak=0.2,
        source=_CLIPPED,
    ),
    "wgan-gp": Recipe(
        lambda: Wasserstein(penalty=gradient_penalty(0.1)),
        None,
        3e-3,
        _CALM,
        2,
        **_LONG,
        source=_PENALISED,
    ),
    "ns-r1": Recipe(
        lambda: NonSaturating(penalty=r1(0.01)),
        None,
        3e-3,
        _FAST,
        **_LONG,
        source="Mescheder et al. (2018)",
    ),
    "relativistic": Recipe(
        lambda: Relativistic(penalty=r1_r2(0.005)),
        None,
        4e-3,
        _FAST,
        batch=256,
        steps=6000,
        ema=0.999,
        final=0.002,
        source="Huang et al. (2024)",
    ),
    "packed": Recipe(
        NonSaturating, None, 1e-3, _FAST, **_LONG, batch=256, packing=2, source="Lin et al. (2018)"
    ),
}

_picture = partial(Recipe, batch=64, steps=1500, ema=0.99, final=0.02)

#: Images of 16 by 16 pixels with the convolutional pair.
PICTURES = {
    "minimax": _picture(Minimax, "batch", 5e-4, (0.5, 0.999), source="Goodfellow et al. (2014)"),
    "non-saturating": _picture(
        NonSaturating, "batch", 5e-4, (0.5, 0.999), source="Radford et al. (2016)"
    ),
    "least-squares": _picture(
        LeastSquares, "batch", 5e-4, (0.5, 0.999), source="Mao et al. (2017)"
    ),
    "hinge-sn": _picture(Hinge, "spectral", 1e-3, (0.0, 0.9), source=_SPECTRAL),
    "wgan-clip": _picture(
        lambda: Wasserstein(projection=clip_weights(0.05)),
        None,
        5e-4,
        (0.0, 0.9),
        3,
        source="Arjovsky et al. (2017), with Adam",
    ),
    "wgan-gp": _picture(
        lambda: Wasserstein(penalty=gradient_penalty(10)),
        None,
        1e-3,
        (0.0, 0.9),
        2,
        source="Gulrajani et al. (2017), two critic steps",
    ),
    "ns-r1": _picture(
        lambda: NonSaturating(penalty=r1(1.0)),
        None,
        1e-3,
        (0.0, 0.99),
        source="Mescheder et al. (2018)",
    ),
    "relativistic": _picture(
        lambda: Relativistic(penalty=r1_r2(0.1)),
        None,
        1e-3,
        (0.0, 0.99),
        source="Huang et al. (2024)",
    ),
}
