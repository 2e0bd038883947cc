"""Measures critics against a generator that is held fixed: chapter 13's surfaces and its audit.

    python -m gancourse.experiments.surfaces            everything (about 3 minutes of one CPU core)
    python -m gancourse.experiments.surfaces --only critics/gp    one critic anew

(More options in ``recording``.) As in figure 1 of Gulrajani et al. (2017): the "generator" makes
real points plus noise from N(0, I), and the critic is trained (nearly) to its optimum. The three
data sets are the course's toys times sqrt(2), which are the sizes of the paper's code. One ensemble
for each critic, whose members are data sets x seeds. For each critic the file has:

* ``surface``: that of seed 0 on a grid, ``[data][row][column]``, minus its median, over its range;
* ``audit``: quantiles 5, 50, 95 % of the length of its slope on real points, between real and
  fake, on fakes, and in the outer frame of the square, per seed;

and besides

* ``layers``: the gradient that reaches each layer of a deep critic, per seed.
"""

from functools import partial
from typing import Any

import torch

from gancourse.data.toys import grid, ring, swiss_roll
from gancourse.experiments.critic import Critic
from gancourse.experiments.recording import Experiment, Parts, rounded, significant
from gancourse.games import Hinge, NonSaturating, Wasserstein
from gancourse.networks.lipschitz import layer_gradients, slope_norms, spectral_bound
from gancourse.networks.mlp import mlp
from gancourse.penalties import clip_weights, gradient_penalty, r1
from gancourse.training import adam, decay, train

DATA = {"ring": ring(), "grid": grid(), "swiss roll": swiss_roll()}
SCALE, REACH, CELLS, SEEDS = 2**0.5, 2.4, 41, 3
SETTINGS: dict[str, Any] = {
    "width": 64,
    "depth": 3,
    "batch": 256,
    "lr": 1e-3,
    "betas": [0.5, 0.9],
    "steps": 2500,
    "clip": 0.1,
    "lambda": 0.1,
    "gamma": 0.1,
}
LAYERS: dict[str, Any] = {
    "depth": 12,
    "width": 64,
    "batch": 128,
    "steps": 400,
    "lr": 1e-3,
    "lambda": 0.1,
}

#: critic -> (game, normalisation of the weights)
CRITICS = {
    "none": (NonSaturating(), None),
    "clip": (Wasserstein(projection=clip_weights(SETTINGS["clip"])), None),
    "gp": (Wasserstein(penalty=gradient_penalty(SETTINGS["lambda"])), None),
    "r1": (NonSaturating(penalty=r1(SETTINGS["gamma"])), None),
    "hinge-sn": (Hinge(), "spectral"),
}


def pairs(names, batch):
    """Real points and fakes, shape ``(members, batch, 2)``; a member's data set is its name."""
    real = SCALE * torch.stack([DATA[name].sample(batch) for name in names])
    return real, real[:, torch.randperm(batch)] + torch.randn_like(real)


def trained(D, game, names, steps, batch, lr, betas=(0.5, 0.9), seed=0):
    """``D`` after ``steps`` of Adam against the fixed generator; the rate falls in the 2nd half.

    A ``D`` without a member axis sees the points of the only name.
    """

    def batches():
        while True:
            real, fake = pairs(names, batch)
            yield (real, fake) if D.members else (real[0], fake[0])

    settings = {"optimizer": adam(lr, betas), "schedule": decay(steps), "seed": seed}
    train(Critic(game, D), batches(), steps, **settings)
    return D.eval()


def audit(D, names):
    """Quantiles of the slope in four places, ``{place: (members, 3)}``, on fresh points."""
    real, fake = pairs(names, 2000)
    between = fake + torch.rand(len(names), 2000, 1) * (real - fake)
    frame = REACH * (2 * torch.rand(len(names), 8000, 2) - 1)
    outside = torch.stack([x[x.abs().amax(-1) > 1.8][:2000] for x in frame])
    places = {"real": real, "between": between, "fake": fake, "outside": outside}
    levels = torch.tensor([0.05, 0.5, 0.95])
    return {
        place: slope_norms(lambda x: D(x)[..., 0], x).quantile(levels, -1).T
        for place, x in places.items()
    }


@torch.no_grad()
def surface(D, members):
    """Scores on the square, ``(members, CELLS, CELLS)``, rows upwards; median 0, range 1."""
    axis = torch.linspace(-REACH, REACH, CELLS)
    points = torch.cartesian_prod(axis, axis).expand(members, -1, -1)
    scores = D(points)[..., 0].reshape(members, CELLS, CELLS).mT
    flat = scores.flatten(1)
    scores = scores - flat.median(1).values[:, None, None]
    return scores / (flat.amax(1) - flat.amin(1))[:, None, None]


def critic(name, steps):
    """Surface and audit of one critic on the three data sets."""
    names = [data for data in DATA for _ in range(SEEDS)]
    (game, norm), s = CRITICS[name], SETTINGS
    torch.manual_seed(0)
    D = mlp(2, 1, width=s["width"], depth=s["depth"], members=len(names), norm=norm)
    trained(D, game, names, steps, s["batch"], s["lr"], s["betas"])
    torch.manual_seed(1)
    heights, slopes, bound = surface(D, len(names)), audit(D, names), spectral_bound(D)
    found: dict[str, dict] = {"surface": {}, "audit": {}}
    for i, data in enumerate(DATA):
        own = slice(SEEDS * i, SEEDS * (i + 1))
        found["surface"][data] = rounded(heights[SEEDS * i], 3)
        found["audit"][data] = {place: rounded(q[own], 5) for place, q in slopes.items()}
        found["audit"][data]["bound"] = significant(bound[own], 4)
    print(found["audit"]["ring"], flush=True)
    return found


def layers(steps):
    """The gradient at each layer of a deep critic on the swiss roll, over that of the scores."""
    found: dict[str, list] = {}
    s = LAYERS
    games = {f"clip {c}": Wasserstein(projection=clip_weights(c)) for c in (0.1, 0.01, 0.001)}
    games["gp"] = Wasserstein(penalty=gradient_penalty(s["lambda"]))
    for name, game in games.items():
        found[name] = []
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            D = mlp(2, 1, width=s["width"], depth=s["depth"])
            trained(D, game, ["swiss roll"], steps, s["batch"], s["lr"], seed=seed)
            real, fake = pairs(["swiss roll"], 1000)
            norms = layer_gradients(D, Wasserstein(), real[0], fake[0])
            found[name].append(significant(norms / norms[-1], 3))
        print(name, found[name][0], flush=True)
    return found


def parts(quick: bool) -> Parts:
    """Every critic, and the layers."""
    found: Parts = {
        f"critics/{name}": partial(critic, name, 3 if quick else SETTINGS["steps"])
        for name in CRITICS
    }
    return {**found, "layers": partial(layers, 3 if quick else LAYERS["steps"])}


def about() -> dict:
    """Seeds, settings, and the grid of the surfaces."""
    return {
        "seeds": list(range(SEEDS)),
        "settings": {"critics": SETTINGS, "layers": LAYERS},
        "scale": SCALE,
        "reach": REACH,
        "cells": CELLS,
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
