"""``sample``: pictures, or points, from a checkpoint."""

import argparse
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from gancourse.commands import memory
from gancourse.commands.arguments import CHECKPOINT, SHA256, seed, whole
from gancourse.commands.log import demand_no_link, picture
from gancourse.commands.plan import checkpoint_at, trained
from gancourse.gans import GAN
from gancourse.networks.latent import slerp

#: Samples on a walk, as many as a row of the sheet has.
STEPS = 8


def options(add: Callable) -> None:
    """Which checkpoint, and how many pictures."""
    add("checkpoint", help=CHECKPOINT)
    add("--out", help="folder for samples.png and walk.png (default: one beside the checkpoint)")
    add("--n", type=whole(1), default=64, help="how many samples (default: 64)")
    add("--walks", type=whole(1), default=8, help="how many walks from noise to noise (default: 8)")
    add("--seed", type=seed, default=0, help="seed of the noise (default: 0)")
    add("--sha256", help=SHA256)


def act(chosen: argparse.Namespace) -> None:
    """Write a sheet of samples and a latent walk of a checkpoint."""
    checkpoint = checkpoint_at(chosen.checkpoint)
    gan, plan = trained(checkpoint, chosen.sha256)
    memory.demand(max(chosen.n, STEPS * chosen.walks) * plan.numbers)
    out = Path(chosen.out) if chosen.out else beside(checkpoint)
    print(picture(gan.sample(chosen.n, chosen.seed), out / "samples.png"))
    walk = latent_walk(gan, STEPS, stops=chosen.walks, seed=chosen.seed)
    print(picture(walk, out / "walk.png"))


def beside(checkpoint: Path) -> Path:
    """The folder for pictures of a checkpoint when nobody has named one."""
    folder = checkpoint.with_name(f"{checkpoint.stem}-samples")
    demand_no_link(folder)
    return folder


def latent_walk(gan: GAN, steps: int, stops: int, seed: int) -> Tensor:
    """Samples on great circles from noise to noise: ``stops`` walks of ``steps`` samples each."""
    rng = torch.Generator().manual_seed(seed)
    ends = torch.randn(stops + 1, gan.latent_dim, generator=rng)
    t = torch.linspace(0, 1, steps)[:, None]
    z = torch.cat([slerp(a, b, t) for a, b in pairwise(ends)])
    with torch.no_grad():
        return gan.G(z.to(next(gan.parameters()).device)).cpu()
