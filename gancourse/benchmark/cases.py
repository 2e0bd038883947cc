"""The loops of the benchmark, made to measure: same networks, data and settings, to be stepped.

A *case* is a function of the device that returns, for each loop by its name, how to make it; what
it makes is called as ``advance(steps)``.
"""

from collections.abc import Callable, Iterator
from functools import partial

import torch

from gancourse.benchmark import textbook
from gancourse.data.images import Images
from gancourse.data.toys import ring
from gancourse.games import Game, NonSaturating, Relativistic, Wasserstein
from gancourse.gans import GAN
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.penalties import gradient_penalty, r1_r2
from gancourse.training import Training, adam

#: By the loop's name: what makes it, ready to take ``n`` steps.
Loops = dict[str, Callable[[], Callable[[int], None]]]

GAMES: dict[str, tuple[type[Game], Callable | None, Callable]] = {
    "non-saturating": (NonSaturating, None, textbook.non_saturating),
    "wgan-gp": (Wasserstein, partial(gradient_penalty, 10.0), textbook.wasserstein_gp),
    "r1-r2": (Relativistic, partial(r1_r2, 1.0), textbook.relativistic),
}


class Pictures:
    """A DCGAN that plays ``game`` on random pixels, which do for a clock; batch 64."""

    def __init__(
        self,
        device: torch.device,
        shape: tuple[int, ...],
        game: str = "non-saturating",
    ):
        self.device, (size, channels, width) = device, shape
        self.shape = size, channels, width
        self.game, self.penalty, self.printed_loop = GAMES[game]
        self.d_steps = 5 if game == "wgan-gp" else 1
        self.optimizer = adam() if game == "non-saturating" else adam(1e-4, (0.0, 0.9))
        rng = torch.Generator().manual_seed(0)
        pixels = torch.randint(256, (1024, size, size, channels), generator=rng, dtype=torch.uint8)
        self.data = Images("random pixels", pixels)

    def gan(self) -> GAN:
        """The two networks, with batch norm unless a penalty forbids it; the same each time."""
        torch.manual_seed(0)
        size, channels, width = self.shape
        norm = None if self.penalty else "batch"
        return GAN(
            self.game(penalty=self.penalty and self.penalty()),
            latent_dim=64,
            generator=dcgan.generator(size, channels, 64, width),
            discriminator=dcgan.discriminator(size, channels, width, norm),
        ).to(self.device)

    def loader(self):
        """A ``DataLoader`` over the images, scaled and laid out as torchvision does it."""
        return textbook.loader(self.data[:].contiguous(), 64)

    def printed(self, **switches):
        """The loop of the tutorials."""
        return stepping(self.printed_loop(self.gan(), self.loader(), **switches))

    def ours(self, **settings):
        """The loop of this package."""
        return Training(
            self.gan(),
            self.data.to(self.device).batches(64),
            d_steps=self.d_steps,
            optimizer=self.optimizer,
            **settings,
        ).advance

    def bare(self, optimizer=None, resident: bool = True, **switches):
        """The same without :class:`Training` around it."""
        stream = (
            self.data.to(self.device).batches(64) if resident else again(self.loader(), self.device)
        )
        return stepping(
            textbook.bare(self.gan(), stream, optimizer or self.optimizer, self.d_steps, **switches)
        )


def pictures(*shape: int, game: str = "non-saturating") -> Callable[[torch.device], Loops]:
    """The tutorials' loop against ours."""

    def loops(device: torch.device) -> Loops:
        made = Pictures(device, shape, game)
        found: Loops = {
            "textbook": made.printed,
            "ours": made.ours,
            "ours bf16": partial(made.ours, amp=True),
            "bare": made.bare,
        }
        if game == "wgan-gp":
            found["textbook, fakes detached"] = partial(made.printed, detach=True)
        return found

    return loops


def tricks(*shape: int) -> Callable[[torch.device], Loops]:
    """Our loop, and the same with one habit of the tutorials each."""

    def loops(device: torch.device) -> Loops:
        bare = Pictures(device, shape).bare
        plain = partial(torch.optim.Adam, lr=2e-4, betas=(0.5, 0.999))
        return {
            "bare": bare,
            "D not frozen": partial(bare, freeze=False),
            "contiguous layout": partial(bare, layout=torch.contiguous_format),
            "DataLoader": partial(bare, resident=False),
            "plain Adam": partial(bare, optimizer=plain),
            "losses read in every turn": partial(bare, read=True),
        }

    return loops


def toys(device: torch.device) -> Loops:
    """The ring with 8 modes; two networks of three hidden layers of 64, batch 128."""
    points = ring().to(device)

    def gan(members: int | None = None) -> GAN:
        torch.manual_seed(0)
        return GAN(
            NonSaturating(),
            generator=mlp(2, 2, members=members),
            discriminator=mlp(2, 1, members=members),
            latent_dim=2,
        ).to(device)

    def ours(members: int | None = None):
        return Training(gan(members), points.batches(128, members)).advance

    def printed():
        batches = textbook.loader(ring().sample(8192, seed=0), 128)
        return stepping(textbook.non_saturating(gan(), batches))

    def bare():
        return stepping(textbook.bare(gan(), points.batches(128), adam()))

    return {
        "textbook": printed,
        "ours": ours,
        "ours, 10 members": partial(ours, members=10),
        "bare": bare,
    }


def stepping(loop: Iterator) -> Callable[[int], None]:
    """A generator as a call that takes ``n`` steps."""

    def advance(n: int) -> None:
        for _ in range(n):
            next(loop)

    return advance


def again(batches, device: torch.device) -> Iterator[tuple]:
    """The batches of a loader over and over."""
    while True:
        for (x,) in batches:
            yield (x.to(device),)
