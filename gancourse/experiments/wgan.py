"""Measures what chapter 12 says about the Wasserstein GAN with weight clipping.

    python -m gancourse.experiments.wgan                 everything (9 minutes of one CPU core)
    python -m gancourse.experiments.wgan --only faces    one part anew, the rest is kept

(More options in ``recording``.) The parts:

* ``correlation``: for each game and toy, every 25 steps and for every member of an ensemble, the
  exact transport distance W1 between 256 samples and 256 fresh data points, D's mean slope at
  these points, and the mean losses of those 25 steps; with it Spearman's rank correlation of W1
  and each loss;
* ``penalised``: the same for a critic with a gradient penalty in place of the clipping, with Adam
  for RMSProp and all else as the WGAN's;
* ``optimizers``: the same W1 for the WGAN on the ring under four optimizers;
* ``momentum``: the same with a beta1 of 0.9 for one of the two players and 0 for the other;
* ``patient``: the WGAN followed with the turns of its authors' program, 100 of the critic before
  each of the generator's first 25 steps and before every 500th;
* ``layers``: the gradient that reaches each layer of a 12-layer critic, for three clip values,
  and the share of its weights that lie at the edge of the box;
* ``deep``: the same for such critics that do train: with weights all over the box at the start, and
  an RMSProp in 64 bits that divides by the smallest gradient;
* ``faces``: the coverage of a WGAN on the pixel faces, measured as in chapter 9;
* ``floor``: W1 between two samples of a toy itself.
"""

from functools import partial
from typing import Any

import torch
from scipy.stats import spearmanr

from gancourse.data.faces import FaceModes
from gancourse.data.images import Images, images
from gancourse.data.toys import ring, swiss_roll
from gancourse.experiments.critic import rmsprop
from gancourse.experiments.deep_critics import DEEP, LAYERS, deep, layers
from gancourse.experiments.recording import Clock, Experiment, Parts, rounded, significant
from gancourse.games import NonSaturating, Wasserstein
from gancourse.gans import GAN
from gancourse.metrics import mode_coverage
from gancourse.networks import dcgan
from gancourse.networks.lipschitz import slope_norms
from gancourse.networks.mlp import mlp
from gancourse.penalties import clip_weights, gradient_penalty
from gancourse.theory.transport import earth_mover
from gancourse.training import Training, adam, decay, train

TOYS = {"ring": ring(), "swiss roll": swiss_roll()}
POINTS: dict[str, Any] = {
    "members": 8,
    "steps": 1000,
    "batch": 64,
    "lr": 5e-4,
    "clip": 0.1,
    "width": 64,
    "depth": 3,
    "every": 25,
    "samples": 256,
}
PATIENT: dict[str, Any] = {"turns": 100, "first": 25, "every": 500}
FACES: dict[str, Any] = {
    "seeds": 3,
    "steps": 500,
    "batch": 32,
    "lr": 5e-4,
    "clip": 0.01,
    "d_steps": 5,
    "latent_dim": 32,
    "width": 32,
    "ema": 0.99,
    "held_out": 1000,
    "samples": 2000,
}


#: name -> (game, steps of the discriminator, optimizer)
GAMES = {
    "WGAN": (Wasserstein(projection=clip_weights(POINTS["clip"])), 5, rmsprop(POINTS["lr"])),
    "non-saturating, same settings": (NonSaturating(), 5, rmsprop(POINTS["lr"])),
    "non-saturating, usual settings": (NonSaturating(), 1, adam(1e-3)),
}
PENALISED = (Wasserstein(penalty=gradient_penalty(0.1)), 5, adam(POINTS["lr"], (0.0, 0.9)))
OPTIMIZERS = {
    "Adam, beta1 = 0": adam(POINTS["lr"], (0.0, 0.99)),
    "Adam, beta1 = 0.5": adam(POINTS["lr"], (0.5, 0.99)),
    "Adam, beta1 = 0.9": adam(POINTS["lr"], (0.9, 0.99)),
}


class Patient(Training):
    """Training with more turns of the critic at the start and now and then, as in ``main.py``."""

    @property
    def d_steps(self):
        """How many turns the critic has before the generator's next step."""
        waits = self.step < PATIENT["first"] or self.step % PATIENT["every"] == 0
        return PATIENT["turns"] if waits else super().d_steps


def followed(toy, game, d_steps, optimizer, steps, every, members, d_optimizer=None, kind=Training):
    """W1, D's mean slope and the mean losses every so many steps: lists ``[member][moment]``."""
    torch.manual_seed(0)
    shape = {"width": POINTS["width"], "depth": POINTS["depth"], "members": members}
    gan = GAN(game, generator=mlp(2, 2, **shape), discriminator=mlp(2, 1, **shape), latent_dim=2)
    distances, slopes = [], []

    def watch(training):
        real = toy.sample(POINTS["samples"], seed=10_000 + training.step)
        fakes = training.sample(POINTS["samples"], seed=training.step)
        distances.append(torch.stack([earth_mover(real, fake) for fake in fakes]))
        both = torch.cat([real.expand_as(fakes), fakes], 1)
        slopes.append(slope_norms(lambda x: gan.D(x)[..., 0], both).mean(-1))

    training = kind(
        gan,
        toy.batches(POINTS["batch"], members=members),
        optimizer=optimizer,
        d_optimizer=d_optimizer,
        d_steps=d_steps,
    ).advance(steps, watch, every)
    means = [loss.view(-1, every, members).mean(1) for loss in training.history[:2]]
    return {
        name: significant(values.T)
        for name, values in zip(
            ("w1", "slope", "d_loss", "g_loss"),
            (torch.stack(distances), torch.stack(slopes), *means),
            strict=True,
        )
    }


def rank_correlations(run):
    """Spearman's correlation of W1, per member, with minus d_loss, with g_loss, and with the
    estimate of a critic, minus d_loss, divided by the critic's own mean slope.

    A discriminator's loss should fall, and a generator's rise, the farther the two are apart.
    ``late`` leaves out the first quarter, in which every game improves.
    """
    w1, slope, d_loss, g_loss = (
        torch.tensor(run[key]) for key in ("w1", "slope", "d_loss", "g_loss")
    )
    signs = {"d_loss": -d_loss, "g_loss": g_loss, "d_loss / slope": -d_loss / slope}
    starts = {"": 0, " late": w1.shape[1] // 4}
    return {
        name + when: [
            rounded(float(spearmanr(a[start:], b[start:])[0]))
            for a, b in zip(w1, signed, strict=True)
        ]
        for name, signed in signs.items()
        for when, start in starts.items()
    }


def correlation(quick):
    """Every game on every toy, followed, and its rank correlations."""
    steps, members = (100, 2) if quick else (POINTS["steps"], POINTS["members"])
    result: dict[str, dict] = {}
    for toy_name, toy in TOYS.items():
        for name, (game, d_steps, optimizer) in GAMES.items():
            run = followed(toy, game, d_steps, optimizer, steps, POINTS["every"], members)
            result.setdefault(toy_name, {})[name] = {**run, "rank": rank_correlations(run)}
            print(toy_name, name, result[toy_name][name]["rank"]["d_loss"], flush=True)
    return result


def penalised(quick):
    """The WGAN with a penalty in place of the box, followed on every toy in the same way."""
    steps, members = (100, 2) if quick else (POINTS["steps"], POINTS["members"])
    game, d_steps, optimizer = PENALISED
    result = {}
    for name, toy in TOYS.items():
        run = followed(toy, game, d_steps, optimizer, steps, POINTS["every"], members)
        result[name] = {**run, "rank": rank_correlations(run)}
        print(name, result[name]["rank"]["d_loss"], flush=True)
    return result


def floor(quick):
    """W1 between two samples of the data itself: the least that a perfect generator can show."""
    n = POINTS["samples"]
    return {
        name: [
            rounded(float(earth_mover(toy.sample(n, seed=i), toy.sample(n, seed=100 + i))))
            for i in range(20)
        ]
        for name, toy in TOYS.items()
    }


def optimizers(quick):
    """W1 of the WGAN on the ring, member by member, under each optimizer."""
    steps, members = (50, 2) if quick else (POINTS["steps"], POINTS["members"])
    game, d_steps, _ = GAMES["WGAN"]
    return {
        name: followed(TOYS["ring"], game, d_steps, optimizer, steps, POINTS["every"], members)[
            "w1"
        ]
        for name, optimizer in OPTIMIZERS.items()
    }


def momentum(quick):
    """W1 of the WGAN on the ring, member by member, with momentum for one player only."""
    steps, members = (50, 2) if quick else (POINTS["steps"], POINTS["members"])
    game, d_steps, _ = GAMES["WGAN"]
    calm, hasty = OPTIMIZERS["Adam, beta1 = 0"], OPTIMIZERS["Adam, beta1 = 0.9"]
    pairs = {"critic": (calm, hasty), "generator": (hasty, calm)}
    return {
        player: followed(
            TOYS["ring"], game, d_steps, g, steps, POINTS["every"], members, d_optimizer=d
        )["w1"]
        for player, (g, d) in pairs.items()
    }


def patient(quick):
    """The WGAN with its authors' turns, followed on every toy, and its rank correlations."""
    steps, members = (100, 2) if quick else (POINTS["steps"], POINTS["members"])
    game, d_steps, optimizer = GAMES["WGAN"]
    result = {}
    for name, toy in TOYS.items():
        run = followed(toy, game, d_steps, optimizer, steps, POINTS["every"], members, kind=Patient)
        result[name] = {**run, "rank": rank_correlations(run)}
        print(name, [row[-1] for row in run["w1"]], flush=True)
    return result


def faces(quick):
    """Coverage of the WGAN on the pixel faces, seed by seed."""
    s = FACES
    steps, seeds = (2, 1) if quick else (s["steps"], s["seeds"])
    every = images("faces")
    data, target = Images("faces", every.pixels[s["held_out"] :]), FaceModes(every)
    runs = []
    for seed in range(seeds):
        clock = Clock()
        torch.manual_seed(seed)
        gan = GAN(
            Wasserstein(projection=clip_weights(s["clip"])),
            generator=dcgan.generator(16, 3, s["latent_dim"], s["width"]),
            discriminator=dcgan.discriminator(16, 3, s["width"], norm=None),
            latent_dim=s["latent_dim"],
        )
        training = train(
            gan,
            data.batches(s["batch"]),
            steps,
            optimizer=rmsprop(s["lr"]),
            d_steps=s["d_steps"],
            schedule=decay(steps),
            ema=s["ema"],
            seed=seed,
        )
        found = mode_coverage(training.sample(s["samples"]), target)
        runs.append(
            {
                "seed": seed,
                "modes": int(found.modes),
                "high_quality": rounded(float(found.high_quality)),
                "cpu_seconds": round(clock(), 1),
            }
        )
        print("faces", runs[-1], flush=True)
    return runs


def parts(quick: bool) -> Parts:
    """The nine measurements."""
    every = (
        correlation,
        penalised,
        optimizers,
        momentum,
        patient,
        layers,
        deep,
        faces,
        floor,
    )
    return {part.__name__: partial(part, quick) for part in every}


def about() -> dict:
    """Seeds and settings; in the correlations a seed is a member of one ensemble."""
    return {
        "seeds": {
            "points": POINTS["members"],
            "layers": LAYERS["seeds"],
            "deep": DEEP["seeds"],
            "faces": FACES["seeds"],
        },
        "settings": {
            "points": POINTS,
            "patient": PATIENT,
            "layers": LAYERS,
            "deep": DEEP,
            "faces": FACES,
        },
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
