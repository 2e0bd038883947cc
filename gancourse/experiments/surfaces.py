"""Measures critics against a generator that is held fixed: chapter 13's surfaces and its audit.

    python -m gancourse.experiments.surfaces            everything (about 4 minutes of one CPU core)
    python -m gancourse.experiments.surfaces --quick    a few steps of each; writes nothing

As in figure 1 of Gulrajani et al. (2017): the "generator" makes real points plus noise from
N(0, I), and the critic is trained (nearly) to its optimum. The three data sets are the course's
toys times sqrt(2), which are the sizes of the paper's code. One ensemble for each critic, whose
members are data sets x seeds. Writes gancourse/experiments/surfaces.json:

* ``surfaces``: the critic of seed 0 on a grid, ``[critic][data][row][column]``, minus its median,
  over its range;
* ``audit``: quantiles 5, 50, 95 % of the length of its slope on real points, between real and
  fake, on fakes, and in the outer frame of the square, per seed;
* ``layers``: the gradient that reaches each layer of a deep critic, per seed.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from gancourse.benchmark import machine
from gancourse.data.toys import grid, ring, swiss_roll
from gancourse.games import Hinge, NonSaturating, Wasserstein
from gancourse.networks.lipschitz import layer_gradients, slope_norms, spectral_bound
from gancourse.networks.mlp import mlp
from gancourse.penalties import clip_weights, gradient_penalty, r1, score

RESULT = Path(__file__).with_suffix(".json")
DATA = {"ring": ring(), "grid": grid(), "swiss roll": swiss_roll()}
SCALE, REACH, CELLS, SEEDS = 2**0.5, 2.4, 41, 3
SETTINGS = {
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
LAYERS = {"depth": 12, "width": 64, "batch": 128, "steps": 400, "lr": 1e-3, "lambda": 0.1}

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


def trained(D, game, names, steps, batch, lr, betas=(0.5, 0.9)):
    """``D`` after ``steps`` of Adam against the fixed generator; the rate falls in the 2nd half."""
    adam = torch.optim.Adam(D.parameters(), lr=lr, betas=tuple(betas), fused=True)
    rate = torch.optim.lr_scheduler.LambdaLR(adam, lambda t: min(1, 2.02 - 2 * t / steps))
    for _ in range(steps):
        real, fake = pairs(names, batch)
        loss = game.d_loss(*score(D, torch.cat([real, fake], 1)).tensor_split(2, 1))
        if game.penalty is not None:
            loss = loss + game.penalty(D, real, fake)
        adam.zero_grad()
        loss.sum().backward()
        adam.step()
        rate.step()
        if game.projection is not None:
            game.projection(D)
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


def measure_critics(steps):
    names = [name for name in DATA for _ in range(SEEDS)]
    s, surfaces, audits, seconds = SETTINGS, {}, {}, {}
    for critic, (game, norm) in CRITICS.items():
        begin = time.process_time()
        torch.manual_seed(0)
        D = mlp(2, 1, width=s["width"], depth=s["depth"], members=len(names), norm=norm)
        trained(D, game, names, steps, s["batch"], s["lr"], s["betas"])
        heights, slopes, bound = surface(D, len(names)), audit(D, names), spectral_bound(D)
        surfaces[critic], audits[critic] = {}, {}
        for i, data in enumerate(DATA):
            own = slice(SEEDS * i, SEEDS * (i + 1))
            surfaces[critic][data] = rounded(heights[SEEDS * i], 3)
            audits[critic][data] = {place: rounded(q[own], 5) for place, q in slopes.items()}
            audits[critic][data]["bound"] = [float(f"{b:.4g}") for b in bound[own]]
        seconds[critic] = round(time.process_time() - begin, 1)
        print(critic, seconds[critic], audits[critic]["ring"], flush=True)
    return {"surfaces": surfaces, "audit": audits, "cpu_seconds": seconds}


def measure_layers(steps):
    """The gradient at each layer of a deep critic on the swiss roll, over that of the scores."""
    found, s = {}, LAYERS
    games = {f"clip {c}": Wasserstein(projection=clip_weights(c)) for c in (0.1, 0.01, 0.001)}
    games["gp"] = Wasserstein(penalty=gradient_penalty(s["lambda"]))
    for name, game in games.items():
        found[name] = []
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            D = mlp(2, 1, width=s["width"], depth=s["depth"])
            trained(_Alone(D), game, ["swiss roll"], steps, s["batch"], s["lr"])
            real, fake = pairs(["swiss roll"], 1000)
            norms = layer_gradients(D, Wasserstein(), real[0], fake[0])
            found[name].append([float(f"{v:.3g}") for v in norms / norms[-1]])
        print(name, found[name][0], flush=True)
    return found


class _Alone(torch.nn.Module):
    """One network as an ensemble of one."""

    def __init__(self, D):
        super().__init__()
        self.D = D

    def forward(self, x):
        return self.D(x[0])[None]


def rounded(values, digits):
    return [[round(v, digits) for v in row] for row in values.tolist()]


def measure(quick=False):
    """Everything that the JSON file holds."""
    begin = time.process_time()
    found = measure_critics(3 if quick else SETTINGS["steps"])
    found["layers"] = measure_layers(3 if quick else LAYERS["steps"])
    found["meta"] = {
        "settings": SETTINGS,
        "layers": LAYERS,
        "seeds": list(range(SEEDS)),
        "scale": SCALE,
        "reach": REACH,
        "cells": CELLS,
        "machine": machine.describe(),
        "cpu_seconds": round(time.process_time() - begin),
    }
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few steps, nothing written")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    result = measure(quick)
    if not quick:
        RESULT.write_text(json.dumps(result, separators=(",", ":")) + "\n", "utf-8")
        print(
            f"{RESULT.name}: {RESULT.stat().st_size // 1000} kB, "
            f"{result['meta']['cpu_seconds']} CPU seconds"
        )


if __name__ == "__main__":
    main()
