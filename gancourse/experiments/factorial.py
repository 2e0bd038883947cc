"""Six games with eight remedies on two mixtures, each pair with a search of its own.

    python -m gancourse.experiments.factorial                  everything (an hour of one core)
    python -m gancourse.experiments.factorial --only grid-25            one mixture only
    python -m gancourse.experiments.factorial --only ring-8/hinge/r1    one pair on it anew

(More options in ``recording``.) Networks, batch, steps, optimizer and averaging are the same in all
cells. What has to fit the pair is searched: six settings of the learning rate (and the strength of
the remedy, where it has one), the same number for every pair, on seeds that are used for nothing
else. Where the best has the highest or the lowest of its rates, the search goes on beyond it, so
that nobody's rate is the edge of what was offered. The best one is trained anew on fresh seeds. The
games without a remedy are trained on the fresh seeds with *every* rate, because the rate moves what
the table is about.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gancourse.data.toys import Mixture, grid, ring
from gancourse.errors import GanCourseError
from gancourse.experiments.recording import Clock, Experiment, Parts, rounded
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
from gancourse.metrics import mode_coverage
from gancourse.networks.mlp import mlp
from gancourse.penalties import SquaredSlope, judged, slope
from gancourse.training import Training, adam, decay, train

DATA: dict[str, Callable[[], Mixture]] = {"ring-8": ring, "grid-25": grid}
GAMES: dict[str, Callable[..., Game]] = {
    "minimax": Minimax,
    "non-saturating": NonSaturating,
    "least-squares": LeastSquares,
    "hinge": Hinge,
    "wasserstein": Wasserstein,
    "relativistic": Relativistic,
}
SIX, THREE = (5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2), (4e-3, 8e-3, 1.6e-2)
#: rates of the games without a remedy on fresh seeds beside the six: those that a remedy may choose
BEYOND = (3.2e-2, 6.4e-2)
WIDTH, BATCH, BETAS, AVERAGE, FINAL = 32, 64, (0.0, 0.99), 0.995, 0.01
STEPS = {"ring-8": 1200, "grid-25": 2500}
SAMPLES = 2500
#: mixture -> members for each setting of the search, fresh members
SEEDS = {"ring-8": (3, 12), "grid-25": (2, 10)}
TUNING_SEED, FRESH_SEED = 0, 7000
#: remedies of the larger runs, their strengths and their rates
LARGER: dict[str, tuple[float | None, tuple[float, ...]]] = {
    "none": (None, (1e-3, 2e-3, 3e-3, 5e-3)),
    "r1": (0.01, (1e-3, 3e-3)),
    "packing": (None, (1e-3, 3e-3)),
}
#: what is changed in the non-saturating game on the ring, in case a verdict hangs on it, and the
#: remedies that are searched anew with that change
CHANGES: dict[str, tuple[dict, tuple[str, ...]]] = {
    "twice the batch": ({"batch": 2 * BATCH}, ("none", "packing")),
    "two turns of D": ({"d_steps": 2}, ("none", "sn")),
    "other betas": ({"betas": (0.5, 0.999)}, ("none", "gp", "r1")),
}


class Setting(NamedTuple):
    """What the search chooses: the learning rate and, for some remedies, a strength."""

    rate: float
    strength: float | None


@dataclass(frozen=True)
class Sloped:
    r"""$\lambda\,E[c(\lVert\nabla D(\hat x)\rVert)]$ between real and fake samples.

    $c(s)=(s-1)^2$, or $\max(0,s-1)^2$ if ``one_sided``. ``weight`` has shape ``(members,)``.
    Source: Gulrajani et al. (2017), section 4.
    """

    weight: Tensor
    one_sided: bool = False

    def __call__(self, D: nn.Module, x: Tensor, fake: Tensor) -> Tensor:
        between = fake + torch.rand(*x.shape[:2], 1) * (x - fake)
        excess = torch.linalg.vector_norm(slope(*judged(D, between)), dim=-1) - 1
        return self.weight * (excess.relu() if self.one_sided else excess).square().mean(-1)


@dataclass(frozen=True)
class Clipped:
    """Clamp every parameter to $[-c,c]$, with a ``c`` of shape ``(members, 1, 1)`` for each."""

    c: Tensor

    @torch.no_grad()
    def __call__(self, D: nn.Module) -> None:
        for weight in D.parameters():
            weight.clamp_(-self.c, self.c)


@dataclass(frozen=True)
class Remedy:
    """What is added to a game. ``strengths`` are those that the search tries, if it has any.

    ``parts`` makes the arguments of the game from the strengths of the members.
    """

    strengths: tuple[float, ...] = ()
    parts: Callable[[Tensor], dict] = lambda strengths: {}
    norm: str | None = None
    packing: int = 1

    def search(self) -> list[Setting]:
        """Six settings, whatever the remedy."""
        if not self.strengths:
            return [Setting(rate, None) for rate in SIX]
        return [Setting(*pair) for pair in itertools.product(THREE, self.strengths)]


REMEDIES = {
    "none": Remedy(),
    "gp": Remedy((0.1, 1.0), lambda s: {"penalty": Sloped(s)}),
    "gp-one-sided": Remedy((0.1, 1.0), lambda s: {"penalty": Sloped(s, one_sided=True)}),
    "r1": Remedy((0.01, 0.1), lambda s: {"penalty": SquaredSlope(s, real=True, fake=False)}),
    "r1-r2": Remedy((0.01, 0.1), lambda s: {"penalty": SquaredSlope(s, real=True, fake=True)}),
    "sn": Remedy(norm="spectral"),
    "clip": Remedy((0.1, 0.3), lambda s: {"projection": Clipped(s[:, None, None])}),
    "packing": Remedy(packing=2),
}


class OwnRates(torch.optim.Adam):
    """Adam with its own learning rate for each member, so that one run tries many.

    All move as with the highest rate, of which each then keeps its ``share``.
    """

    def __init__(self, weights: list, rates: Tensor, betas: tuple[float, float] = BETAS):
        super().__init__(weights, lr=float(rates.max()), betas=betas, fused=True)
        self.shares = (rates / rates.max())[:, None, None]

    @torch.no_grad()
    def step(self, closure=None):
        """One step of Adam, shortened for the members with a lower rate."""
        weights = self.param_groups[0]["params"]
        before = [weight.clone() for weight in weights]
        super().step(closure)
        for weight, old in zip(weights, before, strict=True):
            weight.copy_(old.lerp(weight, self.shares))


def misplaced(samples: Tensor, toy: Mixture) -> Tensor:
    r"""The share of the samples that would have to move for every mode to have its own.

    The total variation distance of the shares of the modes among *all* samples, with what is of
    high quality at none as one more, from those of the mixture, $(1-e^{-9/2})/K$ for each of $K$
    modes. Missing modes, uneven modes and imprecise samples all count, in one unit.
    """
    mode, good = toy.assign(samples)
    shares = torch.zeros(*mode.shape[:-1], toy.modes).scatter_add_(-1, mode, good.float())
    shares /= samples.shape[-2]
    within = 1 - torch.tensor(-4.5).exp()
    lost = (shares.sum(-1) - within).abs()
    return ((shares - within / toy.modes).abs().sum(-1) + lost) / 2


def measures(samples: Tensor, toy: Mixture, least: int = 1) -> dict:
    """The three measures of ``mode_coverage``, and ``misplaced``."""
    found = mode_coverage(samples, toy, least)._asdict() | {"misplaced": misplaced(samples, toy)}
    return {name: rounded(values, 4) for name, values in found.items()}


def nothing(members: int) -> dict:
    """What a run counts that stopped with an infinite loss."""
    zero, one = [0.0] * members, [1.0] * members
    return {
        "modes": [0] * members,
        "high_quality": zero,
        "reverse_kl": [None] * members,
        "misplaced": one,
    }


def best_of(tried: dict[Setting, list[float]]) -> Setting:
    """The setting with the least mean of what is misplaced, the first of several."""
    return min(tried, key=lambda setting: sum(tried[setting]))


def further(tried: dict[Setting, list[float]]) -> float | None:
    """The next rate beyond the end at which the best of these trials lies; none if inside."""
    rates, best = {setting.rate for setting in tried}, best_of(tried).rate
    ends = {max(rates): 2 * max(rates), min(rates): min(rates) / 2}
    rate = ends.get(best)
    return rate if rate and SIX[0] <= rate <= BEYOND[-1] else None


@dataclass(frozen=True)
class Cell:
    """One game with one remedy on one mixture, for a number of steps."""

    data: str
    game: str
    remedy: str
    steps: int
    batch: int = BATCH
    width: int = WIDTH
    d_steps: int = 1
    betas: tuple[float, float] = BETAS

    def gan(self, strengths: Tensor) -> GAN:
        """One member for each of the ``strengths`` (whatever they are, if it has none)."""
        remedy, members = REMEDIES[self.remedy], len(strengths)
        kind = partial(PackedGAN, packing=remedy.packing) if remedy.packing > 1 else GAN
        net = partial(mlp, width=self.width, members=members)
        return kind(
            GAMES[self.game](**remedy.parts(strengths)),
            generator=net(2, 2),
            discriminator=net(2 * remedy.packing, 1, norm=remedy.norm),
            latent_dim=2,
        )

    def trained(self, settings: Iterable[Setting], seed: int) -> Training:
        """Train one member for each setting."""
        rates, strengths = (
            torch.tensor([x or 0.0 for x in xs]) for xs in zip(*settings, strict=True)
        )
        one = adam(float(rates[0]), self.betas)
        many = partial(OwnRates, rates=rates, betas=self.betas)
        torch.manual_seed(seed)
        return train(
            self.gan(strengths),
            DATA[self.data]().batches(self.batch, members=len(rates)),
            self.steps,
            optimizer=one if bool((rates == rates[0]).all()) else many,
            d_steps=self.d_steps,
            ema=AVERAGE,
            schedule=decay(self.steps, FINAL),
            seed=seed,
        )

    def run(self, settings: Iterable[Setting], seed: int) -> dict:
        """What the averaged generators reach, with one member for each setting.

        A run that stops with an infinite loss counts as having reached nothing.
        """
        settings = list(settings)
        try:
            samples = self.trained(settings, seed).sample(SAMPLES)
            return measures(samples, DATA[self.data]())
        except GanCourseError as stopped:
            return {**nothing(len(settings)), "stopped": stopped.what}

    def search(self, tuners: int) -> dict[Setting, list[float]]:
        """What is misplaced by each member with each setting.

        While the best has the highest rate, twice that is tried as well, and half the lowest one
        while the best has that, as long as it is within the rates of ``SIX`` and ``BEYOND``.
        """
        remedy = REMEDIES[self.remedy]
        tried = self.trials(remedy.search(), tuners)
        while rate := further(tried):
            more = [Setting(rate, strength) for strength in remedy.strengths or (None,)]
            tried |= self.trials(more, tuners)
        return tried

    def trials(self, settings: list[Setting], tuners: int) -> dict[Setting, list[float]]:
        """What is misplaced by each member with each of these settings.

        Where one member's loss becomes infinite the run stops for all; then the highest rate has
        failed, and the rest is run again.
        """
        failed: dict[Setting, list[float]] = {}
        while settings:
            found = self.run([s for s in settings for _ in range(tuners)], TUNING_SEED)
            if "stopped" not in found:
                values = [
                    found["misplaced"][i : i + tuners]
                    for i in range(0, len(found["misplaced"]), tuners)
                ]
                return dict(zip(settings, values, strict=True)) | failed
            highest = max(setting.rate for setting in settings)
            failed |= {s: [1.0] * tuners for s in settings if s.rate == highest}
            settings = [s for s in settings if s.rate < highest]
        return failed

    def measured(self, tuners: int, members: int, every_rate: bool = False) -> dict:
        """The search, and its best setting on fresh seeds (with ``every_rate``, all rates)."""
        clock = Clock()
        tried = self.search(tuners)
        best = best_of(tried)
        found: dict = {
            "search": [
                [*setting, *map(partial(round, ndigits=3), tried[setting])] for setting in tried
            ],
            "rate": best.rate,
            "strength": best.strength,
        }
        if every_rate:
            found["rates"] = {
                f"{rate:g}": self.run([Setting(rate, None)] * members, FRESH_SEED)
                for rate in SIX + BEYOND
            }
            found |= found["rates"][f"{best.rate:g}"]
        else:
            found |= self.run([best] * members, FRESH_SEED)
        found["cpu_seconds"] = round(clock(), 1)
        print(self, best, sum(found["misplaced"]) / members, found["cpu_seconds"], flush=True)
        return found


def larger(remedy: str, rate: float, steps: int = 4000, members: int = 10) -> dict:
    """The non-saturating game on the grid, with twice the width and the batch, and more steps."""
    cell = Cell("grid-25", "non-saturating", remedy, steps, batch=2 * BATCH, width=2 * WIDTH)
    row = cell.run([Setting(rate, LARGER[remedy][0])] * members, FRESH_SEED)
    print(cell, rate, sum(row["misplaced"]) / members, flush=True)
    return row


def floor(data: str, samplers: int = 40) -> dict:
    """The same measures of ``samplers`` samples of the mixture itself: nobody can do better."""
    toy = DATA[data]()
    return measures(torch.stack([toy.sample(SAMPLES, seed=i) for i in range(samplers)]), toy)


def parts(quick: bool) -> Parts:
    """The floors, then every game with every remedy on every mixture, then checks."""
    found: Parts = {f"floor/{data}": partial(floor, data) for data in DATA}
    for data in DATA:
        size = (1, 2) if quick else SEEDS[data]
        for game, remedy in itertools.product(GAMES, REMEDIES):
            cell = Cell(data, game, remedy, 3 if quick else STEPS[data])
            found[f"{data}/{game}/{remedy}"] = partial(cell.measured, *size, remedy == "none")
    return found | checks(quick)


def checks(quick: bool) -> Parts:
    """What else might be the cause: size and length, packs, the turns of D, Adam's betas."""
    size = (3, 2) if quick else ()
    found: Parts = {
        f"checks/larger/{remedy}/{rate:g}": partial(larger, remedy, rate, *size)
        for remedy, (_, rates) in LARGER.items()
        for rate in rates
    }
    for name, (change, remedies) in CHANGES.items():
        trials = (1, 2) if quick else SEEDS["ring-8"]
        for remedy in remedies:
            steps = 3 if quick else STEPS["ring-8"]
            cell = Cell("ring-8", "non-saturating", remedy, steps, **change)
            found[f"checks/{name}/{remedy}"] = partial(cell.measured, *trials)
    return found


def about() -> dict:
    """Seeds, protocol, and how the settings were found."""
    return {
        "seeds": f"the search: members trained from seed {TUNING_SEED}, used for nothing else; all "
        f"other rows from seed {FRESH_SEED}: own weights, own noise, own batches for each member",
        "settings": {
            "steps": STEPS,
            "members for each setting of the search, fresh members": SEEDS,
            "batch": BATCH,
            "networks": f"MLPs of 3 hidden layers of {WIDTH}, ReLU, noise of 2 dimensions",
            "optimizer": f"Adam, betas {BETAS}, one step of D for one of G; the rate is constant "
            f"for half of the steps, then falls linearly to {FINAL} of itself",
            "generator": f"the averaged one (decay {AVERAGE}), at the last step",
            "search": {name: remedy.search() for name, remedy in REMEDIES.items()},
            "search, further": f"while the best has the highest rate, twice that as well, up to "
            f"{BEYOND[-1]}; while it has the lowest, half of that, down to {SIX[0]}",
            "chosen": "the setting with the least mean of misplaced over its members",
            "samples": SAMPLES,
            "high_quality": "within 3 standard deviations of the nearest mode",
            "mode": "counts with at least 1 high-quality sample",
            "misplaced": "total variation distance of the shares of the modes among all samples, "
            "the rest as one more, from those of the mixture",
            "packing": f"{BATCH} samples are {BATCH // 2} packs of 2",
            "diverged": "a run that stopped with an infinite loss counts as having reached nothing",
            "rates": "of the games without a remedy: the fresh members at every rate",
            "cpu_seconds": "process time of the search and the fresh members together, beside "
            "other work on the same two cores, which can double it",
        },
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
