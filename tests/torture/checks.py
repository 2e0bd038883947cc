"""What the checks cost, in a training step and in a save: a script that measures, not a test.

    python tests/torture/checks.py

Two runs take turns in one process, one of them with the checks taken out, so that whatever else
the machine does hits both alike; what counts is the fastest turn of each, in processor time at one
thread. The bits of the two are the same.
"""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import torch

from gancourse.data.images import images
from gancourse.data.toys import ring
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.loop import player
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.saving import checkpoints, state
from gancourse.training import Training


def toy():
    networks = dict(generator=mlp(2, 2), discriminator=mlp(2, 1), latent_dim=2)
    return Training(GAN(NonSaturating(), **networks), ring().batches(128), ema=0.99)


def pictures(size=16, width=16):
    networks = dict(
        generator=dcgan.generator(size, 3, 64, width),
        discriminator=dcgan.discriminator(size, 3, width),
    )
    gan = GAN(NonSaturating(), **networks, latent_dim=64)
    data = images("faces", size).batches(32)
    return Training(gan, data, ema=0.99)


def unchecked(training):
    """The same training without a look at batches, losses, gradients, modes."""

    def let_through(loss, weights):
        training.guard.passed = True

    training.guard.look, training.guard.look_at = let_through, lambda batch: None
    training.modules = []
    for each in training.players.values():
        each._loss = lambda loss_of, batch: loss_of(*batch)
    return training


def of_steps(make, steps, turns):
    """Milliseconds of a step, and the share of it that the checks take."""
    torch.manual_seed(0)
    checked = make()
    torch.manual_seed(0)
    bare = make()
    for training in (checked, bare):
        training.advance(2)
    unchecked(bare)
    with mock.patch.object(player, "later_loss", lambda loss_of, batch: loss_of(*batch)):
        bare.advance(1)
    checked.advance(1)
    found = []
    for turn in range(turns):
        pair = {}
        for training in (checked, bare) if turn % 2 else (bare, checked):
            began = time.process_time()
            training.advance(steps)
            pair[training is checked] = (time.process_time() - began) / steps
        found.append(pair)
    for mine, theirs in zip(checked.gan.parameters(), bare.gan.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    return share(found)


def of_saves(make, turns, folder):
    """Milliseconds of a save, and the share of it that the checks take."""
    training, found = make().advance(3), []
    for turn in range(turns):
        pair = {}
        for checks in (True, False) if turn % 2 else (False, True):
            with ExitStack() as out:
                if not checks:
                    for module, name in (
                        (checkpoints, "demand_plain"),
                        (checkpoints.outline, "outline"),
                        (checkpoints.archive, "entries"),
                        (state, "all_finite"),
                    ):
                        out.enter_context(mock.patch.object(module, name, nothing))
                began = time.process_time()
                training.save(folder / "a.pt")
                pair[checks] = time.process_time() - began
        found.append(pair)
    return share(found)


def nothing(*args):
    return (True,)


def share(found):
    bare, checked = (min(pair[checks] for pair in found) for checks in (False, True))
    return 1000 * checked, 1 - bare / checked


def main():
    torch.set_num_threads(1)
    print("                        a step            a save")
    with tempfile.TemporaryDirectory() as folder:
        for name, make, steps, turns in (
            ("points, MLP 3 x 64", toy, 20, 31),
            ("faces, DCGAN 16 px", pictures, 4, 31),
            ("faces, 64 px, width 32", lambda: pictures(64, 32), 1, 3),
        ):
            step, of_step = of_steps(make, steps, turns)
            save, of_save = of_saves(make, 15, Path(folder))
            print(
                f"{name:22} {step:7.2f} ms {of_step:5.1%}  {save:7.2f} ms {of_save:5.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
