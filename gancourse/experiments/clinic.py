"""The clinic of chapter 7: runs with a planted trouble, recorded, and what ``diagnose`` finds.

    python -m gancourse.experiments.clinic                       everything (4 CPU minutes)
    python -m gancourse.experiments.clinic --only held-out/ring-8    one part anew

(More options in ``recording``.) A *case* is a recipe that is meant to bring a trouble about. Not
every seed gets it: a run counts as a patient if a probe that knows the mixture confirms the trouble
(:func:`confirmed`); the others are counted and left out, so the shares of right answers are shares
of confirmed runs only. ``diagnose`` does not know the mixture. It sees the losses, 500 samples at
two moments, 500 fresh real points and D's scores. The recipes and the thresholds were set after
pilot runs on the ring with seed 0, the seed of ``tuning``. The runs of ``held-out`` have another
seed, which was not looked at before, and one of its mixtures is another one as well. The patients
shown in the chapter are held out, too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from gancourse.data.toys import Mixture, grid, ring
from gancourse.diagnosis import diagnose
from gancourse.errors import GanCourseError
from gancourse.experiments.recording import Experiment, Parts, significant
from gancourse.games import Game, Minimax, NonSaturating, Relativistic, Wasserstein
from gancourse.gans import GAN
from gancourse.loop.history import History
from gancourse.metrics import mode_coverage
from gancourse.networks.mlp import mlp
from gancourse.penalties import r1, r1_r2
from gancourse.training import Training, adam, decay

SEEDS = {"tuning": 0, "held-out": 2026}
DATA: dict[str, Callable[..., Mixture]] = {"ring-8": ring, "grid-9": partial(grid, 3)}
MEMBERS, BATCH, SAMPLES = 8, 64, 500
#: Moments at which samples are kept, in eighths of the run; what `diagnose` calls earlier is 7.
MOMENTS = (1, 2, 4, 6, 7, 8)
SHOWN, DOTS, POINTS = 3, 48, 80
FEW = 32  # training data of a run in which D learns by heart
CALM = (0.0, 0.99)


@dataclass(frozen=True)
class Case:
    """A recipe and the trouble that it should bring about (``healthy`` is one as well)."""

    trouble: str
    game: Callable[[], Game]
    rate: float
    d_rate: float
    d_steps: int = 1
    betas: tuple[float, float] = CALM
    ema: float = 0.0
    steps: int = 1200
    width: int = 32
    few: bool = False


CASES = {
    "R1": Case("healthy", lambda: NonSaturating(penalty=r1(0.05)), 1e-2, 1e-2, ema=0.99),
    "R1 and R2, in pairs": Case(
        "healthy", lambda: Relativistic(penalty=r1_r2(0.02)), 1e-2, 1e-2, ema=0.99
    ),
    "a high rate": Case("dropping", NonSaturating, 1.6e-2, 1.6e-2, ema=0.99),
    "a high rate, in pairs": Case("dropping", Relativistic, 1.6e-2, 1.6e-2, ema=0.99),
    "three turns of a fast D": Case("collapse", NonSaturating, 5e-4, 1e-2, 3),
    "three turns of a fast D, minimax": Case("collapse", Minimax, 1e-3, 2e-2, 3),
    "a fast G": Case("oscillation", NonSaturating, 4e-2, 1e-3),
    "momentum": Case("oscillation", NonSaturating, 5e-3, 5e-3, betas=(0.9, 0.99)),
    "a slow G": Case("D has won", NonSaturating, 2e-5, 2e-2, 3),
    "a slow G, minimax": Case("saturation", Minimax, 3e-4, 2e-2, 5),
    "no penalty": Case("divergence", Wasserstein, 1e-2, 1e-2),
    "little data": Case("memorising", NonSaturating, 1e-3, 4e-3, ema=0.99, width=64, few=True),
}


class Wide:
    """The mixture of a run with little data: wide bumps, and a few points of it for training."""

    def __init__(self, data: str, seed: int, members: int):
        make = {"ring-8": partial(ring, 8), "grid-9": partial(grid, 3)}[data]
        self.toy = make(0.12)
        self.train = self.toy.sample(members * FEW, seed=seed + 1).view(members, FEW, 2)

    def batches(self) -> Iterator[tuple[Tensor]]:
        """Batches with replacement from each member's own few points."""
        members = len(self.train)
        while True:
            index = torch.randint(FEW, (members, BATCH, 1)).expand(-1, -1, 2)
            yield (self.train.gather(1, index),)


class Run:
    """One ensemble of a case: trained, sampled on the way, and probed at its end."""

    def __init__(self, case: Case, data: str, seed: int, members: int, steps: int):
        self.case, self.members, self.steps = case, members, steps
        self.wide = Wide(data, seed, members) if case.few else None
        self.toy = self.wide.toy if self.wide else DATA[data]()
        torch.manual_seed(seed)
        net = partial(mlp, width=case.width, members=members)
        gan = GAN(case.game(), generator=net(2, 2), discriminator=net(2, 1), latent_dim=2)
        self.training = Training(
            gan,
            self.wide.batches() if self.wide else self.toy.batches(BATCH, members=members),
            optimizer=adam(case.rate, case.betas),
            d_optimizer=adam(case.d_rate, case.betas),
            d_steps=case.d_steps,
            ema=case.ema,
            schedule=decay(steps, 0.1),
            seed=seed,
        )
        self.moments: list[Tensor] = []
        for eighth in range(1, 9):
            self.training.advance(steps * eighth // 8 - self.training.step)
            if eighth in MOMENTS:
                self.moments.append(self.training.sample(SAMPLES).cpu())
        self.real = self.toy.sample(SAMPLES, seed=seed + 2)
        self.probes = self._probed()

    @torch.no_grad()
    def scores(self, points: Tensor) -> Tensor:
        """D's scores, ``(members, n)``."""
        return self.training.gan.D(points)[..., 0]

    def _probed(self) -> list[dict]:
        """What a probe shows that knows the mixture, and the slope that reaches G; per member."""
        every = self.real.expand(self.members, -1, -1)
        seen = self.wide.train if self.wide else every
        samples = self.moments[-1]
        mode = torch.cdist(samples, self.toy.means).min(-1)
        near = mode.values < 0.25 * torch.pdist(self.toy.means).min()
        counts = torch.zeros(self.members, self.toy.modes)
        counts.scatter_add_(1, mode.indices, near.float())
        centres = torch.stack([moment.mean(1) for moment in self.moments[-4:]])
        real, fake = self.scores(every), self.scores(samples)
        found = {
            "modes": (counts >= 0.01 * SAMPLES).sum(1),
            "near": near.float().mean(1),
            "high quality": mode_coverage(samples, self.toy).high_quality,
            "spread": torch.stack([torch.pdist(x).median() for x in samples]),
            "hop": centres.diff(dim=0).norm(dim=-1).mean(0),
            "accuracy": ((real > 0).float().mean(1) + (fake < 0).float().mean(1)) / 2,
            "slope": self.slope(samples),
            "largest score": real.abs().amax(1),
            "above": torch.sign(self.scores(seen)[:, :, None] - real[:, None]).mean((1, 2)) / 2
            + 0.5,
        }
        return [
            {name: significant(values[i].item(), 3) for name, values in found.items()}
            for i in range(self.members)
        ]

    def slope(self, samples: Tensor) -> Tensor:
        """How hard a fake is pulled: the mean length of the slope of G's loss at it."""
        fake = samples.clone().requires_grad_()
        real = self.training.gan.D(self.real.expand(self.members, -1, -1))[..., 0]
        loss = self.training.gan.game.g_loss(real, self.training.gan.D(fake)[..., 0]).sum()
        return torch.autograd.grad(loss * SAMPLES, fake)[0].norm(dim=-1).mean(1)

    def findings(self, member: int) -> list:
        """What ``diagnose`` says of one member, which does not know the mixture."""
        real = self.real
        seen = self.wide.train[member] if self.wide else self.real
        unseen = self.toy.sample(SAMPLES, seed=1)
        put = lambda points: self.scores(points.expand(self.members, -1, -1))[member]
        return diagnose(
            History(*(loss[:, member] for loss in self.training.history)),
            self.moments[-1][member],
            real,
            earlier=self.moments[-2][member],
            scores=(put(seen), put(unseen)),
        )


def confirmed(trouble: str, probe: dict, modes: int) -> bool:
    """Whether the probe shows the trouble that was planted."""
    settled = probe["hop"] < 0.25
    return {
        "healthy": probe["modes"] == modes and probe["high quality"] > 0.4 and settled,
        "dropping": 2 <= probe["modes"] < modes and settled,
        "collapse": probe["modes"] == 1 and probe["near"] > 0.5 and settled,
        "oscillation": probe["hop"] > 0.5,
        "D has won": probe["accuracy"] > 0.98 and probe["slope"] > 0.1,
        "saturation": probe["accuracy"] > 0.98 and probe["slope"] < 0.01,
        "divergence": probe["largest score"] > 100,
        "memorising": probe["above"] > 0.6,
    }[trouble]


def patients(
    name: str, data: str, group: str, members: int = MEMBERS, steps: int | None = None
) -> dict:
    """Every member of a case: planted, confirmed, found; and the curves of those to be shown."""
    case = CASES[name]
    try:
        run = Run(case, data, SEEDS[group], members, steps or case.steps)
    except GanCourseError as stopped:
        return {"trouble": case.trouble, "stopped": stopped.what, "runs": []}
    runs: list[dict] = []
    for member, probe in enumerate(run.probes):
        found = run.findings(member)
        runs.append(
            {
                "confirmed": confirmed(case.trouble, probe, run.toy.modes),
                "found": [finding.name for finding in found],
                "probes": probe,
            }
        )
    print(case.trouble, [(r["confirmed"], r["found"][:1]) for r in runs], flush=True)
    kept = [i for i, r in enumerate(runs) if r["confirmed"]] if group == "held-out" else []
    shown = [shown_run(run, i) for i in kept[:SHOWN]] if data == "ring-8" else []
    return {"trouble": case.trouble, "runs": runs, "shown": shown}


def shown_run(run: Run, member: int) -> dict:
    """Curves of 80 points and samples of 48 dots at six moments, in hundredths."""
    every = max(run.steps // POINTS, 1)
    found = run.findings(member)
    return {
        "member": member,
        "every": every,
        **{
            name: significant(loss[::every, member].double(), 3)
            for name, loss in run.training.history._asdict().items()
        },
        "real": (100 * run.real[: 2 * DOTS]).round().int().flatten().tolist(),
        "samples": [
            (100 * moment[member, :DOTS]).round().int().clamp(-999, 999).flatten().tolist()
            for moment in run.moments
        ],
        "evidence": [str(finding) for finding in found],
    }


def parts(quick: bool) -> Parts:
    """The cases on the ring with both groups of seeds; on the grid, all is held out."""
    size = {"members": 2, "steps": 80} if quick else {}
    places = [("tuning", "ring-8"), ("held-out", "ring-8"), ("held-out", "grid-9")]
    return {
        f"{group}/{data}/{name}": partial(patients, name, data, group, **size)
        for group, data in places
        for name in CASES
    }


def about() -> dict:
    """What was planted, how it was confirmed, and what the numbers are."""
    return {
        "seeds": SEEDS,
        "settings": {
            "networks": "MLPs of 3 hidden layers of 32 (little data: 64), noise of 2 dimensions",
            "members": MEMBERS,
            "batch": BATCH,
            "schedule": "rates constant for half of the run, then down to a tenth",
            "cases": {
                name: {
                    "trouble": case.trouble,
                    "game": repr(case.game()),
                    "rates of G and D": [case.rate, case.d_rate],
                    "turns of D": case.d_steps,
                    "betas": list(case.betas),
                    "average": case.ema,
                    "steps": case.steps,
                }
                for name, case in CASES.items()
            },
            "little data": f"{FEW} points for each member, bumps of standard deviation 0.12",
            "moments": [f"{eighth}/8" for eighth in MOMENTS],
        },
        "probes": {
            "modes": "with at least 1 % of the samples within a quarter of the modes' distance",
            "near": "share of samples that near to a mode",
            "high quality": "share of samples within 3 standard deviations of a mode",
            "spread": "median distance of two samples",
            "hop": "mean way of the samples' centre between the last four moments",
            "accuracy": "of D on fresh real points and samples",
            "slope": "mean length of the slope of G's loss at a sample",
            "largest score": "of D on fresh real points, without its sign",
            "above": "share of pairs in which D scores its training data above fresh data",
        },
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
