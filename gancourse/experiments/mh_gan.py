"""A generator's samples repaired by a discriminator, for chapter 04.

    python -m gancourse.experiments.mh_gan                  everything (about 2 CPU minutes)

(More options in ``recording``.) A GAN of ``MEMBERS`` seeds is trained on 25 Gaussians for a
quarter of its recipe's steps. Then ``CHAINS`` Metropolis-Hastings chains, each begun at a real
point, choose among ``k`` generated points. Three judges give the ratio: the GAN's own
discriminator as its training left it; a classifier trained afterwards on real points and the
finished generator's; the same with its scores calibrated on fresh points. Points of chains that
never moved are real ones and are not counted. Parts: ``before``, the generator's own samples; then
one for each judge, with the share of accepted proposals and what the area under its ROC curve
promises.
"""

from functools import cache, cached_property, partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gancourse.data.toys import grid
from gancourse.experiments.recording import Experiment, Parts, rounded
from gancourse.metrics import Coverage, mode_coverage
from gancourse.networks.mlp import mlp
from gancourse.recipes import GRID
from gancourse.theory.sampling import auc, repair
from gancourse.training import adam, train

GAME, MEMBERS, STEPS = "non-saturating", 6, 1000
JUDGE_STEPS, JUDGE_BATCH, WIDTH, LR = 1500, 512, 96, 3e-3
CHAINS, OFFERS, FRESH = 1000, (10, 40, 160, 640), 20000
JUDGES = ("own discriminator", "trained afterwards", "calibrated")


class Judge(nn.Module):
    """A classifier of real points and those of a finished generator; its own player."""

    def __init__(self, generator: nn.Module):
        super().__init__()
        self.net = mlp(2, 1, width=WIDTH, members=MEMBERS)
        self.made = [generator]  # in a list: not a part of this module, so not trained

    def forward(self, x: Tensor) -> Tensor:
        """Scores ``(members, batch)``."""
        return self.net(x)[..., 0]

    def loss(self, x: Tensor) -> Tensor:
        """Logistic loss on real points and as many fresh fakes, one for each member, summed."""
        with torch.no_grad():
            fake = self.made[0](torch.randn_like(x))
        return (F.softplus(-self(x)).mean(-1) + F.softplus(self(fake)).mean(-1)).sum()


class Scene:
    """The generators, and the three judges' scores of points."""

    def __init__(self, quick: bool):
        steps, judge_steps = (3, 3) if quick else (STEPS, JUDGE_STEPS)
        self.toy, recipe = grid(), GRID[GAME]
        torch.manual_seed(0)
        gan = recipe.points(members=MEMBERS)
        batches = self.toy.batches(recipe.batch, members=MEMBERS)
        self.run = train(gan, batches, steps, seed=0, **recipe.settings(steps))
        torch.manual_seed(1)
        self.judge = Judge(self.run.average or gan.G)
        train(
            self.judge,
            self.toy.batches(JUDGE_BATCH, members=MEMBERS),
            judge_steps,
            optimizer=adam(LR, (0.9, 0.999)),
            schedule=lambda step: 1 - step / judge_steps,
            seed=1,
        )

    def real(self, n: int, seed: int) -> Tensor:
        """Fresh real points, ``(members, n, 2)``."""
        return self.toy.sample(MEMBERS * n, seed).view(MEMBERS, n, 2)

    @torch.no_grad()
    def scores(self, name: str, x: Tensor) -> Tensor:
        """A judge's scores ``(members, n)`` in double precision."""
        if name == JUDGES[0]:
            return self.run.gan.D(x)[..., 0].double()
        raw = self.judge(x).double()
        return raw if name == JUDGES[1] else self.calibrated(raw)

    def calibrated(self, raw: Tensor) -> Tensor:
        """The logarithm of the odds that points of such a score are real."""
        found = [law(one.numpy()) for law, one in zip(self.laws, raw, strict=True)]
        odds = torch.from_numpy(np.stack(found)).clamp(1e-4, 1 - 1e-4)
        return torch.logit(odds)

    @cached_property
    def laws(self):
        """For each member the share of real points by score, from fresh points."""
        from sklearn.isotonic import IsotonicRegression

        with torch.no_grad():
            real, fake = (
                self.judge(x).double() for x in (self.real(FRESH, 11), self.run.sample(FRESH, 12))
            )
        labels = np.r_[np.ones(FRESH), np.zeros(FRESH)]
        return [
            IsotonicRegression(out_of_bounds="clip").fit(torch.cat(pair).numpy(), labels).predict
            for pair in zip(real, fake, strict=True)
        ]

    def measures(self, points: list[Tensor]) -> dict:
        """Modes, quality and evenness of each member's points; null where there are none."""
        none = Coverage(*torch.tensor([0.0, torch.nan, torch.nan]))
        found = [mode_coverage(x, self.toy) if len(x) else none for x in points]
        return {
            key: [rounded(float(getattr(one, key))) for one in found]
            for key in ("modes", "high_quality", "reverse_kl")
        }

    def before(self) -> dict:
        """Of the generator's own samples."""
        return self.measures(list(self.run.sample(CHAINS, 2)))

    def repaired(self, name: str) -> list[dict]:
        """Of what a judge's chains end on, for each number of offers."""
        real, fake = self.real(FRESH, 21), self.run.sample(FRESH, 22)
        on_real, on_fake = self.scores(name, real), self.scores(name, fake)
        promised = [2 * (1 - auc(a, b)) for a, b in zip(on_real, on_fake, strict=True)]
        start = self.scores(name, self.real(CHAINS, 23))
        rows = []
        for k in OFFERS:
            offers = self.run.sample(k * CHAINS, 24)
            scores = self.scores(name, offers).view(MEMBERS, k, CHAINS)
            ends, accepted, moved = [], [], []
            for member in range(MEMBERS):
                rng = torch.Generator().manual_seed(member)
                found = repair(start[member], scores[member], rng)
                went = found.chosen >= 0
                places = found.chosen[went] * CHAINS + went.nonzero()[:, 0]
                ends.append(offers[member][places])
                accepted.append(rounded(found.acceptance))
                moved.append(rounded(float(went.double().mean())))
            row = {"offers": k, "moved": moved, "accepted": accepted, "promised": rounded(promised)}
            rows.append(row | self.measures(ends))
            print("   ", rows[-1], flush=True)
        return rows


def parts(quick: bool) -> Parts:
    """The generator's samples, and what each judge makes of them."""
    scene = cache(lambda: Scene(quick))
    return {
        "before": lambda: scene().before(),
        **{name: partial(lambda name: scene().repaired(name), name) for name in JUDGES},
    }


def about() -> dict:
    """Seeds and settings."""
    return {
        "seeds": {"members": MEMBERS, "gan": 0, "judge": 1},
        "settings": {
            "recipe": GRID[GAME].described(),
            "steps": STEPS,
            "judge": {"steps": JUDGE_STEPS, "batch": JUDGE_BATCH, "width": WIDTH, "lr": LR},
            "chains": CHAINS,
            "offers": list(OFFERS),
            "fresh": FRESH,
        },
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
