"""Draw the moving picture of the home page: faces appear during one training, then walk.

    python tools/make_hero.py      writes _static/hero.webp and _static/hero.png (about a minute)

It begins and ends with faces and plays once: nobody is greeted by noise, or moved at for ever.
Every frame is what the generator makes from the same noise; nothing is retouched.
"""

import math
import time
from pathlib import Path

import torch
from PIL import Image

from gancourse.data import sheets
from gancourse.data.images import images
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.networks import dcgan
from gancourse.networks.latent import slerp
from gancourse.training import Training, adam

COLUMNS, ROWS, LATENT = 12, 3, 64
STATIC = Path(__file__).resolve().parent.parent / "_static"


def main() -> None:
    """Train, take a frame at growing intervals, then walk to other noise and back."""
    torch.manual_seed(0)
    faces = images("faces")
    gan = GAN(
        NonSaturating(),
        generator=dcgan.generator(16, 3, LATENT, 48),
        discriminator=dcgan.discriminator(16, 3, 48),
        latent_dim=LATENT,
    )
    training = Training(gan, faces.batches(64), optimizer=adam(5e-4), ema=0.995)
    noise = torch.randn(2, ROWS * COLUMNS, LATENT, generator=torch.Generator().manual_seed(7))

    average = training.average
    assert average is not None  # there is one: ema is given

    @torch.no_grad()
    def frame(z):
        return sheets.image(average.eval()(z), COLUMNS, gutter=0).convert("RGB")

    frames, times = [frame(noise[0])], [300]
    begin = time.process_time()
    for step in sorted({round(10 * 1.2**i) for i in range(31)}):
        training.advance(step - training.step)
        frames.append(frame(noise[0]))
        times.append(110)
    seconds = time.process_time() - begin
    times[-1] = 1500
    still = frames[-1]
    still.resize((4 * still.width, 4 * still.height), Image.Resampling.NEAREST).save(
        STATIC / "hero.png", optimize=True
    )
    for a, b in ((0, 1), (1, 0)):
        for i in range(1, 13):
            frames.append(frame(slerp(noise[a], noise[b], (1 - math.cos(math.pi * i / 12)) / 2)))
            times.append(110)
        times[-1] = 900
    save([still, *frames], [1000, *times])
    print(
        f"{training.step} steps in {seconds:.0f} CPU-seconds, {len(frames) + 1} frames, "
        f"{1000 + sum(times)} ms, {(STATIC / 'hero.webp').stat().st_size / 1e3:.0f} kB"
    )


def save(frames: list[Image.Image], times: list[int]) -> None:
    """One picture that moves once through the frames, each shown so many milliseconds."""
    first, *others = frames
    path = STATIC / "hero.webp"
    first.save(
        path, save_all=True, append_images=others, duration=times, loop=1, quality=75, method=6
    )


if __name__ == "__main__":
    main()
