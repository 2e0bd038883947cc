"""``evaluate``: what can be said of a checkpoint's samples, as a table and as JSON."""

import argparse
import json
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from gancourse import files
from gancourse.commands import inception, memory
from gancourse.commands.arguments import CHECKPOINT, SHA256, seed, whole
from gancourse.commands.plan import POINTS, Plan, checkpoint_at, trained
from gancourse.data import toys
from gancourse.data.faces import FaceModes
from gancourse.data.images import NAMES
from gancourse.errors import SEEDS, GanCourseError
from gancourse.gans import GAN
from gancourse.metrics import classifier, frechet, mode_coverage
from gancourse.theory.transport import earth_mover

THUMBNAILS = "pixels of 4 x 4 thumbnails"

#: What each measure says, told below the table.
MEANINGS = {
    "earth_mover": "how far the samples must be moved to become points of the data; 0 is best",
    "modes": "how many kinds of data the samples reach",
    "high_quality": "share of the samples that are near one of these kinds",
    "reverse_kl": "how unevenly the kinds are met; 0 is evenly",
    "frechet": "distance of samples and data in the features named; compare only equal --n",
    "halves": "the same distance between two halves of the pictures: about the best to hope for",
    "nearest": "from a sample to the picture most like it (0: the same pixels; 2: black for white)",
    "nearest_real": "the same from a picture to the others; if a sample is much nearer than this, "
    "pictures were learnt by heart",
    "fid": "Frechet distance in features of the Inception network, as in papers; from less than "
    "10,000 pictures it is too large, so compare only equal numbers",
    "kid": "another distance in these features, right on average for few pictures, too; 0 is best",
    "kid_spread": "standard deviation of kid over its subsets",
}


def options(add: Callable) -> None:
    """Which checkpoint, on how many samples."""
    add("checkpoint", help=CHECKPOINT)
    add("--n", type=whole(100), default=2500, help="how many samples (default: 2500)")
    add("--seed", type=seed, default=0, help="seed of the noise (default: 0)")
    add("--data", help="the folder of pictures that it was trained on; known sets need none")
    add("--root", default="data", help="where torchvision's data sets lie (default: %(default)s)")
    add("--fid", action="store_true", help="also FID and KID, by torch-fidelity (some minutes)")
    add("--inception", metavar="FILE", help="weights of the Inception network for --fid")
    add("--download", action="store_true", help="fetch a named set, or these weights")
    add("--sha256", help=SHA256)


def act(chosen: argparse.Namespace) -> None:
    """Print a table and write it as JSON beside the checkpoint."""
    checkpoint = checkpoint_at(chosen.checkpoint)
    gan, plan = trained(checkpoint, chosen.sha256)
    plan = plan.with_data(chosen.data, chosen.root, chosen.download)
    memory.demand(chosen.n * plan.numbers)
    net = asked_for(chosen, plan)
    result = {
        "checkpoint": str(checkpoint),
        "data": plan.data,
        "game": plan.game,
        "samples": chosen.n,
        "seed": chosen.seed,
        **measure(gan, plan, chosen.n, chosen.seed, net),
    }
    path = checkpoint.with_suffix(".json")
    if path == checkpoint:  # a checkpoint may be called so
        path = checkpoint.with_suffix(".evaluation.json")
    try:  # either may fail, a full disk or a closed terminal; the other is done all the same
        for name, value in result.items():
            print(f"{name:14} {value:.4g}" if isinstance(value, float) else f"{name:14} {value}")
        print(end="", flush=True)
    finally:
        files.write(path, (json.dumps(result, indent=1) + "\n").encode())
    print(f"as JSON        {path}")
    for name in [name for name in result if name in MEANINGS]:
        print(f"{name}: {MEANINGS[name]}")


def asked_for(chosen: argparse.Namespace, plan: Plan) -> Any:
    """The Inception network, if FID and KID are asked for."""
    if not (chosen.fid or chosen.inception):
        return None
    if plan.data in POINTS:
        raise GanCourseError(
            f"FID and KID are for pictures, and {plan.data} are points",
            where="--fid",
            fix="leave it out",
        )
    return inception.network(chosen.inception, chosen.download)


def measure(gan: GAN, plan: Plan, n: int, seed: int, net: Any = None) -> dict:
    """What can be said of ``n`` samples, by the kind of data; see ``MEANINGS`` for the terms.

    With ``net``, the Inception network, FID and KID as well.
    """
    data, fake = plan.load(), gan.sample(n, seed).cpu()
    found: dict[str, float | str] = {}
    if isinstance(data, toys.Toy):
        real = data.sample(n, (seed + 1) % SEEDS)
        found["earth_mover"] = float(earth_mover(real[:500], fake[:500]))
        return found | (coverage(fake, data) if isinstance(data, toys.Mixture) else {})
    real = data.sample(min(n, len(data)), seed)
    if plan.data not in NAMES:
        found |= own(fake, real)
    elif data.labels and data.size <= 32:
        judge = classifier(data)
        found["frechet"] = frechet(judge.features(fake), judge.features(real))
        found["features"] = "a small classifier of these data"
    else:
        found |= {"frechet": frechet(thumbnails(fake), thumbnails(real)), "features": THUMBNAILS}
    if plan.data == "faces" and plan.size == 16:
        found |= coverage(fake, FaceModes(data))
    if net is not None:
        seen = (inception.features(net, x) for x in (fake, real))
        found |= {**inception.distances(*seen), "pictures": len(real)}
    return found


def thumbnails(pictures: Tensor) -> Tensor:
    """Features for want of better ones: the picture in 4 by 4 pixels."""
    return F.adaptive_avg_pool2d(pictures, 4).flatten(1)


def own(fake: Tensor, real: Tensor) -> dict[str, float | str]:
    """Of somebody's own pictures, which have no labels: how like, and whether learnt by heart."""
    found: dict[str, float | str] = {}
    small, known = thumbnails(fake), thumbnails(real)
    features = known.shape[1]
    if len(real) <= features:
        found["features"] = f"none: a distance needs more than {features} pictures"
    else:
        found |= {"frechet": frechet(small, known), "features": THUMBNAILS}
    if len(real) > 2 * features + 1:
        found["halves"] = frechet(known[0::2], known[1::2])
    some, all_ = fake[:500].flatten(1), real.flatten(1)
    root = all_.shape[1] ** 0.5
    found["nearest"] = float(torch.cdist(some, all_).amin(1).median()) / root
    if len(real) > 1:
        others = torch.cdist(all_[:500], all_)
        others[range(len(others)), range(len(others))] = math.inf
        found["nearest_real"] = float(others.amin(1).median()) / root
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
