"""The options of the command line: a function for each command of ``commands.main``."""

import argparse
from collections.abc import Callable

CHECKPOINT = "a file written by train, or its folder for the newest one"


class Parser(argparse.ArgumentParser):
    """One line for a mistake, not the whole usage."""

    def error(self, message: str):
        self.exit(2, f"error: {message}\nFix: see `{self.prog} --help`\n")


def whole(least: int):
    """An argument that is a whole number of at least ``least``, and no larger than torch takes."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least {least}")
        if value >= 2**63:
            raise argparse.ArgumentTypeError(f"{text} is too large")
        return value

    return number


def train(add: Callable) -> None:
    """What to train, for how long, and where it goes."""
    add(
        "--data",
        required=True,
        help="faces, digits, ring, grid, spiral, swiss-roll, mnist, "
        "fashion, cifar10, celeba, or a folder of pictures",
    )
    add("--out", required=True, help="folder for checkpoints, samples and metrics.jsonl")
    add(
        "--game",
        default="relativistic",
        help="minimax, non-saturating, least-squares, hinge-sn, "
        "wgan-clip, wgan-gp, ns-r1, relativistic (default: %(default)s)",
    )
    for name, least, default, text in [
        ("--size", 1, None, "side in pixels: 16, 32, 64 or 128 (default: the data's own)"),
        ("--steps", 1, None, "total steps (default: the recipe's)"),
        ("--batch", 2, None, "samples in a batch (default: the recipe's)"),
        ("--latent", 1, None, "dimensions of the noise (default: 64; 2 for points)"),
        ("--width", 1, 32, "maps in the widest-image layer (default: 32)"),
        ("--seed", 0, 0, "seed of weights, noise and batches (default: 0)"),
        ("--every", 1, 100, "steps between lines of metrics.jsonl (default: 100)"),
        ("--save-every", 1, 500, "steps between checkpoints (default: 500)"),
    ]:
        add(name, type=whole(least), default=default, help=text)
    add(
        "--resume",
        choices=["auto", "never"],
        default="never",
        help="go on with a run in --out (default: never)",
    )
    add("--device", help="cpu, cuda, mps (default: the fastest here)")
    add("--amp", action="store_true", help="compute in bfloat16 where that is safe")
    add("--root", default="data", help="where torchvision's data sets lie (default: %(default)s)")
    add("--download", action="store_true", help="let torchvision download a named set")


def sample(add: Callable) -> None:
    """Which checkpoint, and how many pictures."""
    add("checkpoint", help=CHECKPOINT)
    add("--out", required=True, help="folder for samples.png and walk.png")
    add("--n", type=whole(1), default=64, help="how many samples (default: 64)")
    add("--walks", type=whole(1), default=8, help="how many walks from noise to noise (default: 8)")
    add("--seed", type=whole(0), default=0, help="seed of the noise (default: 0)")


def evaluate(add: Callable) -> None:
    """Which checkpoint, on how many samples."""
    add("checkpoint", help=CHECKPOINT)
    add("--n", type=whole(100), default=2500, help="how many samples (default: 2500)")
    add("--seed", type=whole(0), default=0, help="seed of the noise (default: 0)")


def benchmark(add: Callable) -> None:
    """Where the result goes."""
    add("--out", default="benchmark.json", help="file to write (default: %(default)s)")
    add("--quick", action="store_true", help="a few steps only, to see that it works")
    add("--device", help="cpu or cuda (default: the fastest here)")
