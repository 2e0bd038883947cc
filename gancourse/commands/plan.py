"""Runs from the command line: what was asked for is noted in the checkpoint and built from there.

The notes of a run are plain values, enough to build its gan again with no other file at hand.
"""

import json
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from gancourse.data import sheets, toys
from gancourse.data.faces import FaceModes
from gancourse.data.images import NAMES, Images, images
from gancourse.errors import GanCourseError
from gancourse.gans import GAN
from gancourse.metrics import classifier, frechet, mode_coverage
from gancourse.recipes import GRID, PICTURES, RING, Recipe
from gancourse.saving import checkpoints
from gancourse.saving.keeper import Keeper
from gancourse.theory.transport import earth_mover
from gancourse.training import Training

POINTS = {
    "ring": toys.ring,
    "grid": toys.grid,
    "spiral": toys.spiral,
    "swiss-roll": toys.swiss_roll,
}


def recipe(notes: dict) -> Recipe:
    """The recipe of the game in the ``notes``, for the kind of data that they name."""
    kind = {"ring": RING, "grid": GRID, "spiral": GRID, "swiss-roll": GRID}
    recipes = kind.get(notes["data"], PICTURES)
    if notes["game"] not in recipes:
        raise GanCourseError(
            f"there is no game {notes['game']!r} for {notes['data']}",
            where="--game",
            fix=f"choose one of {', '.join(recipes)}",
        )
    return recipes[notes["game"]]


def load_data(notes: dict) -> toys.Toy | Images:
    """The toy or the images that the ``notes`` name."""
    if notes["data"] in POINTS:
        return POINTS[notes["data"]]()
    if notes["data"] not in NAMES and not Path(notes["data"]).is_dir():
        raise GanCourseError(
            f"{notes['data']!r} is neither a known data set nor a folder",
            where="--data",
            fix=f"use one of {', '.join([*POINTS, *NAMES])}, or a folder of pictures",
        )
    return images(notes["data"], notes["size"], root=notes["root"], download=notes["download"])


def build(notes: dict) -> GAN:
    """The gan of the ``notes``, with weights from their seed."""
    torch.manual_seed(notes["seed"])
    if notes["data"] in POINTS:
        return recipe(notes).points(latent_dim=notes["latent"])
    return recipe(notes).pictures(notes["size"], notes["channels"], notes["latent"], notes["width"])


def checkpoint_at(path: str | Path) -> Path:
    """The checkpoint itself, or the newest one of a run's folder."""
    path = Path(path)
    if not path.is_dir():
        return path
    if (found := Keeper(path).newest()) is None:
        raise GanCourseError(
            "the folder holds no checkpoint",
            where=str(path),
            fix="give the folder that `gancourse train --out` has filled",
        )
    return found[0]


def trained(path: str | Path, device: str = "cpu") -> tuple[GAN, dict]:
    """The gan in a checkpoint, its generator being the averaged one, and the notes."""
    state = checkpoints.load(path)
    try:
        notes = state["notes"]
        gan = build(notes)
        gan.load_state_dict(state["gan"])
        gan.G.load_state_dict(state["average"] or gan.G.state_dict())
    except KeyError as missing:
        raise GanCourseError(
            f"the checkpoint does not say how its networks were built (no {missing})",
            where=str(path),
            fix="give one that `gancourse train` has written",
        ) from None
    except RuntimeError:
        raise GanCourseError(
            "the weights do not fit the networks that the notes describe", where=str(path)
        ) from None
    return gan.to(device).eval(), notes


def picture(samples: Tensor, path: Path, columns: int = 8) -> Path:
    """Write a PNG: images as a sheet of ``columns``, enlarged; points as a scatter plot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if samples.ndim == 2:
        from gancourse.plots import point_panels

        figure = point_panels(samples[:0], [samples], [path.stem], across=1)
        figure.savefig(path)
        return path
    path.write_bytes(sheets.png(samples, columns, scale=max(1, 64 // samples.shape[-1])))
    return path


def latent_walk(gan: GAN, steps: int, stops: int, seed: int) -> Tensor:
    """Samples on great circles from noise to noise: ``stops`` walks of ``steps`` samples each."""
    rng = torch.Generator().manual_seed(seed)
    ends = torch.randn(stops + 1, gan.latent_dim, generator=rng)
    t = torch.linspace(0, 1, steps)[:, None] * torch.pi / 2
    z = torch.cat([t.cos() * a + t.sin() * b for a, b in zip(ends, ends[1:], strict=False)])
    with torch.no_grad():
        return gan.G(z.to(next(gan.parameters()).device)).cpu()


class Log:
    """A ``watch``: a line of ``metrics.jsonl`` and a sheet of samples at each call."""

    def __init__(self, folder: Path, batch: int, sheets: int):
        self.file, self.folder = folder / "metrics.jsonl", folder / "samples"
        self.batch, self.sheets = batch, sheets
        self._before = None

    def __call__(self, training: Training) -> None:
        now, step, history = time.perf_counter(), training.step, training.history
        line = {
            "step": step,
            "d_loss": history.d_loss[-1].item(),
            "g_loss": history.g_loss[-1].item(),
        }
        if self._before is not None and now > self._before[0]:
            line["images_per_second"] = round(
                (step - self._before[1]) * self.batch / (now - self._before[0]), 1
            )
        self._before = now, step
        training.bar.set_postfix(
            {
                "D": f"{line['d_loss']:.3f}",
                "G": f"{line['g_loss']:.3f}",
                "images/s": line.get("images_per_second", ""),
            },
            refresh=False,
        )
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        if step % self.sheets == 0:
            picture(training.sample(64), self.folder / f"step-{step:08d}.png")

    def forget_after(self, step: int) -> None:
        """Drop the lines of steps that a resumed run will take again."""
        if self.file.exists():
            lines = [
                x
                for x in self.file.read_text("utf-8", "replace").splitlines()
                if _is_until(step, x)
            ]
            self.file.write_text("".join(x + "\n" for x in lines), "utf-8")


def _is_until(step: int, line: str) -> bool:
    try:
        return json.loads(line)["step"] <= step
    except (ValueError, LookupError, TypeError):  # half a line of a run that was killed
        return False


def measure(gan: GAN, notes: dict, n: int, seed: int) -> dict:
    """What can be said of ``n`` samples, by the kind of data; see ``metrics`` for the terms."""
    data, fake = load_data(notes), gan.sample(n, seed).cpu()
    if notes["data"] in POINTS:
        real = data.sample(n, seed + 1)
        found = {"earth_mover": float(earth_mover(real[:500], fake[:500]))}
        if isinstance(data, toys.Mixture):
            coverage = mode_coverage(fake, data)
            found |= {
                "modes": int(coverage.modes),
                "of": data.modes,
                "high_quality": float(coverage.high_quality),
                "reverse_kl": float(coverage.reverse_kl),
            }
        return found
    rng = torch.Generator().manual_seed(seed)
    real = data[torch.randperm(len(data), generator=rng)[:n]]
    if data.labels and data.size <= 32:
        net = classifier(data)
        found = {
            "frechet": frechet(net.features(fake), net.features(real)),
            "features": "a small classifier of these data",
        }
    else:
        small = [F.adaptive_avg_pool2d(x, 4).flatten(1) for x in (fake, real)]
        found = {"frechet": frechet(*small), "features": "pixels of 4 x 4 thumbnails"}
    if notes["data"] == "faces" and notes["size"] == 16:
        coverage = mode_coverage(fake, FaceModes(data))
        found |= {
            "modes": int(coverage.modes),
            "of": 40,
            "high_quality": float(coverage.high_quality),
            "reverse_kl": float(coverage.reverse_kl),
        }
    return found
