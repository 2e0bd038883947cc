"""Critics of twelve layers under weight clipping: what of the gradient reaches which layer.

Two parts of ``wgan``: ``layers`` begins as PyTorch does, cut back to the box; ``deep`` with
weights all over the box, in 64 bits, so that the critics train.
"""

from functools import partial
from typing import Any

import torch

from gancourse.data.toys import swiss_roll
from gancourse.experiments.critic import Critic, rmsprop
from gancourse.experiments.recording import rounded, significant
from gancourse.games import Wasserstein
from gancourse.networks.lipschitz import layer_gradients, slope_norms
from gancourse.networks.mlp import mlp
from gancourse.penalties import clip_weights
from gancourse.theory.transport import earth_mover
from gancourse.training import train

TOY = swiss_roll()
LAYERS: dict[str, Any] = {
    "clips": [0.1, 0.01, 0.001],
    "seeds": 3,
    "depth": 12,
    "width": 64,
    "batch": 128,
    "steps": 300,
    "lr": 0.1,
}  # lr: in units of the clip value
DEEP: dict[str, Any] = {
    "clips": [0.1, 0.03, 0.01, 0.001],
    "seeds": 3,
    "lean": [0.0, 0.2],
    "steps": 300,
    "lr": 0.005,
    "eps": 1e-300,
}  # lr and lean, the mean of the weights at the start: in units of the clip value


def pairs(n):
    """Points of the swiss roll, and the same with noise: the data and the fakes of deep critics."""
    real = TOY.sample(n)
    return real, real + 0.5 * torch.randn_like(real)


def deep_critic(clip, seed, steps):
    """A 12-layer critic of the swiss roll against noise, clipped: gradients and weights."""
    game = Wasserstein(projection=clip_weights(clip))
    torch.manual_seed(seed)
    D = mlp(2, 1, width=LAYERS["width"], depth=LAYERS["depth"] - 1)
    critic = Critic(game, D)
    critic.project()
    batches = iter(partial(pairs, LAYERS["batch"]), None)
    train(critic, batches, steps, optimizer=rmsprop(LAYERS["lr"] * clip), seed=seed)
    norms = layer_gradients(D, game, *pairs(1000))
    weights = torch.cat([p.detach().flatten() for p in D.parameters() if p.ndim == 2]) / clip
    return {
        "seed": seed,
        "gradients": significant(norms, 4),
        "at the edge": rounded(float((weights.abs() > 0.99).double().mean())),
        "histogram": torch.histc(weights, 40, -1, 1).int().tolist(),
    }


def layers(quick):
    """The deep critic for each clip value and seed."""
    steps, seeds = (5, 1) if quick else (LAYERS["steps"], LAYERS["seeds"])
    return {
        str(clip): [deep_critic(clip, seed, steps) for seed in range(seeds)]
        for clip in LAYERS["clips"]
    }


def seen(D, game, real, fake):
    """How much farther up the real points are than the fakes, over D's mean slope at both.

    The distance that the critic sees, in the units of the plane. For slopes of 1 everywhere it is
    at most W1.
    """
    f = lambda x: D(x)[..., 0]
    gain = -game.d_loss(f(real), f(fake)).detach()
    return float(gain / slope_norms(f, torch.cat([real, fake])).mean())


def moving_critic(clip, lean, seed, steps):
    """A deep critic that trains: what it sees before and after, its gradients, what has moved.

    Every weight is drawn from the whole box, shifted by ``lean`` of it and clipped; the biases
    are 0. In 64 bits the squares of the smallest gradients are no zeros yet.
    """
    game = Wasserstein(projection=clip_weights(clip))
    torch.manual_seed(seed)
    D = mlp(2, 1, width=LAYERS["width"], depth=LAYERS["depth"] - 1).double()
    for p in D.parameters():
        p.data = clip * (torch.rand_like(p) * 2 - 1 + lean) if p.ndim == 2 else 0 * p.data
    critic = Critic(game, D)
    critic.project()
    held_out = [x.double() for x in pairs(1000)]
    start, before = [p.detach().clone() for p in D.parameters()], seen(D, game, *held_out)
    batches = iter(lambda: [x.double() for x in pairs(LAYERS["batch"])], None)
    optimizer = rmsprop(DEEP["lr"] * clip, DEEP["eps"])
    train(critic, batches, steps, optimizer=optimizer, seed=seed)
    moved = [
        float(((p.detach() - old).abs() > 0.01 * clip).double().mean())
        for p, old in zip(D.parameters(), start, strict=True)
        if p.ndim == 2
    ]
    return {
        "lean": lean,
        "seed": seed,
        "gradients": significant(layer_gradients(D, game, *held_out), 4),
        "seen": rounded([before, seen(D, game, *held_out)]),
        "moved": rounded(moved, 3),
        "w1": rounded(float(earth_mover(*(x[:500] for x in held_out)))),
    }


def deep(quick):
    """The deep critics that train, for each clip value, start and seed."""
    steps, seeds = (5, 1) if quick else (DEEP["steps"], DEEP["seeds"])
    return {
        str(clip): [
            moving_critic(clip, lean, seed, steps) for lean in DEEP["lean"] for seed in range(seeds)
        ]
        for clip in DEEP["clips"]
    }
