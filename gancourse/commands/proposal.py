"""What suits the data, for a first run: chosen from the pictures, said aloud, each to be overruled.

Of a folder of pictures nobody has measured anything yet. The settings below are those that did best
on three hundred drawings of five shapes; ``gancourse/experiments/LOG.md`` has what did worse.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gancourse.commands.plan import Plan
from gancourse.data import folders
from gancourse.data.images import Images, images
from gancourse.networks.dcgan import SIZES

#: Sides of a first run: small enough that one sees within minutes whether it works.
FIRST, SMALLEST = 32, SIZES[0]
#: Fewer pictures than this a network can learn by heart.
FEW = 1000
#: Colours that differ by less are the noise of a JPEG: the picture is grey.
GREY = 8


@dataclass(frozen=True)
class Proposal:
    """Settings for what the command line did not say; ``None`` leaves one to the recipe."""

    game: str = "relativistic"
    latent: int = 64
    width: int = 32
    size: int | None = None
    steps: int | None = None
    batch: int | None = None
    seed: int = 0


OF_POINTS = Proposal(latent=2)
OF_NAMED_SETS = Proposal()


def for_folder(folder: str | Path) -> tuple[Proposal, str]:
    """For a first run on the pictures below ``folder``, and what is to be said of their shapes.

    Hinge loss and spectral norm, since that is the best picture for a minute's work; 32 pixels a
    side, or 16 where the pictures themselves are smaller than 32.
    """
    number, shapes = folders.shapes(folder)
    short = sorted(min(shape) for shape in shapes)[len(shapes) // 2] if shapes else FIRST
    proposal = Proposal(
        game="hinge-sn",
        size=FIRST if short >= FIRST else SMALLEST,
        steps=1000,
        batch=min(64, max(2, 2 ** (number.bit_length() - 1))),
    )
    return proposal, f"{number:,} pictures, {_range(shapes)}"


def _range(shapes: list[tuple[int, int]]) -> str:
    """Their shape, or the smallest and the largest one, and how much of them a square keeps."""
    if not shapes:
        return "of unknown size"
    small, large = (pick(shapes, key=lambda s: s[0] * s[1]) for pick in (min, max))
    told = "{} x {} pixels".format(*large)
    if small != large:
        told = "from {} x {} to ".format(*small) + told
    kept = sum(min(shape) / max(shape) for shape in shapes) / len(shapes)
    return (
        told if kept > 0.995 else f"{told}; the middle square of each is taken ({kept:.0%} of it)"
    )


def in_their_colours(data: Images, folder: str | Path) -> Images:
    """The pictures of a folder with one channel if all are grey, else as they are."""
    pixels = data.pixels
    spread = pixels.amax(-1) - pixels.amin(-1)
    if data.channels == 1 or int(spread.max()) > GREY:
        return data
    # Read again, so that the pixels are those that a reader of grey pictures gets.
    return images(folder, data.size, channels=1)


def told(shapes: str, data: Images, plan: Plan, said: Collection[str]) -> str:
    """What was seen, what was done to it, and which settings nobody ``said`` and why."""
    colours = "grey" if data.channels == 1 else "in colour"
    lines = [f"{data.name}: {shapes}, {colours}; made {data.size} x {data.size}"]
    if len(data) < FEW:
        lines.append(
            f"with fewer than {FEW:,} pictures a network may learn some by heart; evaluate says so"
        )
    reasons = {
        "size": "small, to see within minutes whether it works",
        "game": "the best pictures for a minute's work",
        "steps": "",
        "batch": "",
        "width": "",
    }
    chosen = [
        f"--{name} {getattr(plan, name)}" + (f" ({why})" if why else "")
        for name, why in reasons.items()
        if name not in said
    ]
    if chosen:
        lines.append(f"chosen, unless you say otherwise: {', '.join(chosen)}")
    return "\n".join(lines)
