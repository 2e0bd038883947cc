"""``evaluate``: what can be said of a checkpoint's samples, as a table and as JSON."""

import argparse
import json
from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from gancourse import files
from gancourse.commands import memory
from gancourse.commands.arguments import CHECKPOINT, SHA256, seed, whole
from gancourse.commands.plan import Plan, checkpoint_at, trained
from gancourse.data import toys
from gancourse.data.faces import FaceModes
from gancourse.gans import GAN
from gancourse.metrics import classifier, frechet, mode_coverage
from gancourse.theory.transport import earth_mover


def options(add: Callable) -> None:
    """Which checkpoint, on how many samples."""
    add("checkpoint", help=CHECKPOINT)
    add("--n", type=whole(100), default=2500, help="how many samples (default: 2500)")
    add("--seed", type=seed, default=0, help="seed of the noise (default: 0)")
    add("--data", help="the folder of pictures that it was trained on; known sets need none")
    add("--root", default="data", help="where torchvision's data sets lie (default: %(default)s)")
    add("--download", action="store_true", help="let torchvision download a named set")
    add("--sha256", help=SHA256)


def act(chosen: argparse.Namespace) -> None:
    """Print a table and write it as JSON beside the checkpoint."""
    checkpoint = checkpoint_at(chosen.checkpoint)
    gan, plan = trained(checkpoint, chosen.sha256)
    plan = plan.with_data(chosen.data, chosen.root, chosen.download)
    memory.demand(chosen.n * plan.numbers)
    result = {
        "checkpoint": str(checkpoint),
        "data": plan.data,
        "game": plan.game,
        "samples": chosen.n,
        "seed": chosen.seed,
        **measure(gan, plan, chosen.n, chosen.seed),
    }
    for name, value in result.items():
        print(f"{name:14} {value:.4g}" if isinstance(value, float) else f"{name:14} {value}")
    path = checkpoint.with_suffix(".json")
    if path == checkpoint:  # a checkpoint may be called so
        path = checkpoint.with_suffix(".evaluation.json")
    files.write(path, (json.dumps(result, indent=1) + "\n").encode())
    print(f"as JSON        {path}")


def measure(gan: GAN, plan: Plan, n: int, seed: int) -> dict:
    """What can be said of ``n`` samples, by the kind of data; see ``metrics`` for the terms."""
    data, fake = plan.load(), gan.sample(n, seed).cpu()
    found: dict[str, float | str] = {}
    if isinstance(data, toys.Toy):
        real = data.sample(n, seed + 1)
        found["earth_mover"] = float(earth_mover(real[:500], fake[:500]))
        return found | (coverage(fake, data) if isinstance(data, toys.Mixture) else {})
    real = data.sample(min(n, len(data)), seed)
    if data.labels and data.size <= 32:
        net = classifier(data)
        found["frechet"] = frechet(net.features(fake), net.features(real))
        found["features"] = "a small classifier of these data"
    else:
        small = [F.adaptive_avg_pool2d(x, 4).flatten(1) for x in (fake, real)]
        found |= {"frechet": frechet(*small), "features": "pixels of 4 x 4 thumbnails"}
    if plan.data == "faces" and plan.size == 16:
        found |= coverage(fake, FaceModes(data))
    return found


def coverage(fake: Tensor, target: toys.Mixture | FaceModes) -> dict:
    """How the samples fill the modes of the data, as plain values."""
    found = mode_coverage(fake, target)
    return {
        "modes": int(found.modes),
        "of": target.modes,
        "high_quality": float(found.high_quality),
        "reverse_kl": float(found.reverse_kl),
    }
