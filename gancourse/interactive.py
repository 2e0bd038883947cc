"""Live figures: JavaScript that moves in the page, with no kernel, no library and no network.

A figure is an object with `_repr_html_`, so one call works in the book, Jupyter and Colab alike.

How to add one
--------------
1. Write `interactive/<name>.js`. It sets `gancourse.<name> = {numbers, mount}`:
   `numbers` holds the arithmetic as pure functions, `mount(root, settings)` fills an empty
   `<figure>` and returns a function that redraws it (called when width or colours change).
   From `gancourse.live` come controls (`button`, `slider`, `menu`), words and numbers (`readout`,
   `sentence`), pictures (`Panel` of SVG, `Canvas` of pixels), `random(seed)` and the loop
   `playing(node, tick)`; buttons stand in an element of class "buttons". Start nothing that moves
   unasked if `still()`. Use no element ids: a page may show a figure twice.
2. Add a function here that returns `LiveFigure("<name>", settings, title, fallback)`.
3. In `tests/test_interactive.py`, compare `numbers` with `gancourse.theory` under node, and
   move the figure once with mouse, keyboard and finger in a browser.
"""

import html
import json
from functools import cache
from pathlib import Path
from statistics import NormalDist

from gancourse.errors import GanCourseError

FOLDER = Path(__file__).parent / "interactive"


@cache
def _source(name: str) -> str:
    """A script or style sheet for the page: without indentation and lines of comment."""
    lines = map(str.strip, (FOLDER / name).read_text("utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


class LiveFigure:
    """Self-contained HTML of one figure: styles, script, and the settings it starts from.

    `fallback` is the text that stands in its place where scripts do not run.
    """

    def __init__(self, name: str, settings: dict, title: str, fallback: str):
        self.name, self.settings, self.title, self.fallback = name, settings, title, fallback

    def _repr_html_(self) -> str:
        settings = html.escape(json.dumps(self.settings, sort_keys=True))
        return (
            f'<figure class="live-figure" data-live="{self.name}" data-settings="{settings}" '
            f'aria-label="{html.escape(self.title)}">'
            f'<p class="live-fallback">{html.escape(self.fallback)}</p></figure>\n'
            f'<style>{_source("live.css")}</style>\n'
            f'<script>{_source("live.js")}{_source(self.name + ".js")}'
            f'gancourse.live.mountAll("{self.name}");</script>')

    def __repr__(self) -> str:
        return f"Live figure: {self.title}. It moves in the built book, in Jupyter and in Colab."


def divergence(mean: float = 2.0, std: float = 1.0, bumps: int = 1) -> LiveFigure:
    """Slide the generator's density past the data; see D*, V, JSD and W1 (chapter 06).

    `mean` in [-8, 8] and `std` in [0.3, 3] are those of p_g at the start. The data are
    N(0, 1), or with `bumps=2` the even mixture of N(-3, 0.8²) and N(3, 0.8²).
    """
    for name, number, low, high in [("mean", mean, -8, 8), ("std", std, 0.3, 3)]:
        if not low <= number <= high:
            raise GanCourseError(f"{name} is {number}", where="interactive.divergence",
                                 fix=f"choose a number from {low} to {high}")
    if bumps not in (1, 2):
        raise GanCourseError(f"bumps is {bumps}", where="interactive.divergence",
                             fix="choose 1 or 2")
    return LiveFigure(
        "divergence", {"mean": mean, "std": std, "bumps": bumps},
        title="Slide the generator's density past the data",
        fallback="Here the built book shows a live figure: two bell curves, the data p and the "
                 "generator's p_g, which you slide and widen, with the optimal discriminator, the "
                 "value of the game, the Jensen–Shannon divergence and the Wasserstein distance.")


def likelihood(points=(-1.6, -0.4, 0.1, 0.7, 1.2, 1.9, 3.0), mean: float = -2.5,
               std: float = 0.8) -> LiveFigure:
    """Drag data and a Gaussian model; see the hill of the log-likelihood (chapter 01).

    `points`: 2 to 12 different numbers in [-5, 5]; `mean` in [-5, 5] and `std` in [0.1, 4] are
    the model's at the start.
    """
    points = [float(x) for x in points]
    for name, number, low, high in [("mean", mean, -5, 5), ("std", std, 0.1, 4),
                                    ("the number of points", len(points), 2, 12),
                                    *(("a point", x, -5, 5) for x in points)]:
        if not low <= number <= high:
            raise GanCourseError(f"{name} is {number}", where="interactive.likelihood",
                                 fix=f"choose a number from {low} to {high}")
    if len(set(points)) == 1:
        raise GanCourseError("all points are equal", where="interactive.likelihood",
                             fix="give at least two different numbers: else there is no summit")
    return LiveFigure(
        "likelihood", {"points": points, "mean": mean, "std": std},
        title="Drag data and a Gaussian over the hill of its log-likelihood",
        fallback="Here the built book shows a live figure: data points on a line and a bell curve "
                 "over them, both of which you drag, beside the hill of the log-likelihood over "
                 "the curve's centre and width, with its summit.")


def histograms(p=(0.12, 0.55, 0.25, 0.06, 0.02), q=(0.05, 0.15, 0.3, 0.4, 0.1)) -> LiveFigure:
    """Drag the bars of two histograms; see entropy, KL both ways, JSD, TV and W1 (chapter 02).

    `p` and `q`: 2 to 10 probabilities each, equally many, that sum to 1; they are the start.
    """
    for name, r in [("p", p), ("q", q)]:
        bars = [float(v) for v in r]
        if not (2 <= len(bars) <= 10 and len(bars) == len(p) and min(bars) >= 0
                and abs(sum(bars) - 1) < 1e-6):
            raise GanCourseError(f"{name} is {bars}", where="interactive.histograms",
                                 fix="choose 2 to 10 probabilities that sum to 1, "
                                     "as many in p as in q")
    return LiveFigure(
        "histograms", {"p": [float(v) for v in p], "q": [float(v) for v in q]},
        title="Drag the bars of two histograms",
        fallback="Here the built book shows a live figure: two histograms p and q whose bars you "
                 "drag, with their entropies, the cross-entropy, KL in both directions, the "
                 "Jensen–Shannon divergence, the total variation and the Wasserstein distance.")


CLASSES = ("moons", "clouds", "xor", "rings", "spirals", "chance")
WIDTHS = (1, 2, 4, 8, 16, 32)


def boundary(data: str = "moons", width: int = 16, seed: int = 0) -> LiveFigure:
    """Train a classifier on points of the plane, in the page (chapter 03).

    `data` is one of `interactive.CLASSES`; the network is 2 → `width` → `width` → 1 with tanh,
    `width` one of `interactive.WIDTHS`. From the same `seed` the same steps follow.
    """
    for name, value, choices in [("data", data, CLASSES), ("width", width, WIDTHS)]:
        if value not in choices:
            raise GanCourseError(f"{name} is {value!r}", where="interactive.boundary",
                                 fix=f"choose one of {', '.join(map(str, choices))}")
    if not isinstance(seed, int) or seed < 0:
        raise GanCourseError(f"seed is {seed!r}", where="interactive.boundary",
                             fix="choose a whole number from 0")
    return LiveFigure(
        "boundary", {"data": data, "width": width, "seed": seed},
        title="Train a classifier in the page",
        fallback="Here the built book shows a live figure: a small network that learns, in the "
                 "page, to tell two classes of points apart, with its boundary and its loss on "
                 "the training points and on held-out ones.")


GAMES = ("minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "non-saturating-r1",
         "relativistic-r1", "relativistic-r1-r2")
DATA = ("ring", "grid9", "grid25", "spiral", "gaussian", "own")


def laboratory(data: str = "ring", loss: str = "non-saturating", seed: int = 0) -> LiveFigure:
    """Train a GAN on points of the plane, in the page (chapter 05).

    `data` is one of `interactive.DATA` ("own": drawn by the reader), `loss` one of
    `interactive.GAMES`; from the same `seed` the same steps follow. The networks,
    their gradients and Adam are those of `gancourse`, in JavaScript, with batches of 128.
    """
    for name, value, names in [("data", data, DATA), ("loss", loss, GAMES)]:
        if value not in names:
            raise GanCourseError(f"{name} is {value!r}", where="interactive.laboratory",
                                 fix=f"choose one of {', '.join(names)}")
    if not isinstance(seed, int) or seed < 0:
        raise GanCourseError(f"seed is {seed!r}", where="interactive.laboratory",
                             fix="choose a whole number from 0")
    return LiveFigure(
        "laboratory", {"data": data, "loss": loss, "seed": seed},
        title="Train a GAN in the page",
        fallback="Here the built book shows a live figure: a GAN that trains in the page on points "
                 "of the plane. You choose data, game and learning rates and watch the samples, "
                 "the discriminator's verdict, the arrows that move the samples, and both losses.")


def face_explorer(generator, faces=None, *, bits: int = 10, seed: int = 0) -> LiveFigure:
    """A trained `dcgan.generator` that runs in the page: sliders, a walk, faces between faces.

    Batch norm is folded into the weights, which are rounded to `bits` bits, one scale per map.
    With `faces`, the labelled images it was trained on, there is a slider for each of the six
    attributes that it controls best; without, only for six directions from its weights. `seed`
    chooses the first faces. A page grows by `bits`/6 bytes a weight, and about 25 kB.
    """
    import torch

    from gancourse.theory import latent, packing

    if bits not in range(4, 17):
        raise GanCourseError(f"bits is {bits!r}", where="interactive.face_explorer",
                             fix="choose a whole number from 4 to 16")
    layers = latent.fold_batch_norm(generator)
    weights = sum(layer.weight.numel() for layer in layers)
    if weights * bits / 6 > 300_000:
        raise GanCourseError(f"{weights:,} weights of {bits} bits are too much for a page",
                             where="interactive.face_explorer", fix="train a narrower generator")
    z = torch.randn(2000, len(layers[0].weight), generator=torch.Generator().manual_seed(0))
    packed, rounded = zip(*[packing.packed(layer, bits) for layer in layers], strict=True)
    error = (latent.run(rounded, z[:200]) - latent.run(layers, z[:200])).abs().max() * 127.5
    return LiveFigure(
        "face_explorer",
        {"layers": packed, "bits": bits, "seed": seed, "error": round(error.item(), 2),
         "directions": packing.directions(layers, faces, z)},
        title="A trained generator that runs in this page",
        fallback="Here the built book shows a live figure: the trained generator draws faces in "
                 "the page, with sliders for directions of z and a walk from face to face.")


def transport(p=(0.1, 0.3, 0.4, 0.2, 0, 0, 0, 0, 0),
              q=(0, 0, 0, 0.1, 0, 0.2, 0.3, 0.4, 0)) -> LiveFigure:
    """Reshape two heaps; see the optimal plan, its prices, and W1 beside JSD (chapter 11).

    `p` and `q`: 4 to 10 probabilities each, equally many, on the points 0, 1, 2, … of a line.
    """
    for name, heap in [("p", p), ("q", q)]:
        bars = [float(v) for v in heap]
        if not (4 <= len(bars) <= 10 and len(bars) == len(p) and min(bars) >= 0
                and abs(sum(bars) - 1) < 1e-6):
            raise GanCourseError(f"{name} is {bars}", where="interactive.transport",
                                 fix="choose 4 to 10 probabilities that sum to 1, "
                                     "as many in p as in q")
    return LiveFigure(
        "transport", {"p": [float(v) for v in p], "q": [float(v) for v in q]},
        title="Move a heap of earth into holes",
        fallback="Here the built book shows a live figure: a histogram of earth above one of "
                 "holes, whose bars you drag, with the optimal plan as bands and as a matrix, "
                 "the two potentials, and the Wasserstein distance beside the Jensen–Shannon "
                 "divergence.")


CRITIC_DATA = ("ring", "grid", "swiss roll")


def surfaces(data: str = "ring", seed: int = 0) -> LiveFigure:
    """Train three critics in the page, under clipping, gradient penalty and R1 (chapter 13).

    The generator is held fixed: it makes real points plus noise. `data` is one of
    `interactive.CRITIC_DATA`; from the same `seed` the same steps follow.
    """
    if data not in CRITIC_DATA:
        raise GanCourseError(f"data is {data!r}", where="interactive.surfaces",
                             fix=f"choose one of {', '.join(CRITIC_DATA)}")
    if not isinstance(seed, int) or seed < 0:
        raise GanCourseError(f"seed is {seed!r}", where="interactive.surfaces",
                             fix="choose a whole number from 0")
    return LiveFigure(
        "surfaces", {"data": data, "seed": seed},
        title="Train three critics against a fixed generator",
        fallback="Here the built book shows a live figure: the surfaces of three critics as they "
                 "train in the page against a fixed generator, under weight clipping, a gradient "
                 "penalty and R1, with the mean length of their slopes.")


CLIPS = (0.01, 0.03, 0.1, 0.3)


def critic(p: float = 3.0, pg: float = -3.0, c: float = 0.1, steps: int = 300,
           seed: int = 0) -> LiveFigure:
    """Slide two Gaussians apart; see a discriminator saturate and a critic not (chapter 12).

    The data are N(`p`, 1), the fakes N(`pg`, 1), both centres in [-6, 6]. The critic, a network
    with weights in [-`c`, `c`], `c` one of `interactive.CLIPS`, is trained in the page for `steps`
    (0 to 400) on 64 evenly spaced quantiles of each, from the same `seed` in the same way.
    """
    for name, number, low, high in [("p", p, -6, 6), ("pg", pg, -6, 6), ("steps", steps, 0, 400)]:
        if not low <= number <= high:
            raise GanCourseError(f"{name} is {number}", where="interactive.critic",
                                 fix=f"choose a number from {low} to {high}")
    if c not in CLIPS:
        raise GanCourseError(f"c is {c}", where="interactive.critic",
                             fix=f"choose one of {', '.join(map(str, CLIPS))}")
    quantiles = [round(NormalDist().inv_cdf((i + 0.5) / 64), 4) for i in range(64)]
    return LiveFigure(
        "critic", {"p": p, "pg": pg, "c": c, "steps": steps, "seed": seed, "quantiles": quantiles},
        title="A discriminator saturates, a critic does not",
        fallback="Here the built book shows a live figure: two bell curves, data and fakes, which "
                 "you slide apart, with the best discriminator, a clipped critic that is trained "
                 "in the page, the pull of both on a fake, and W1 beside the critic's estimate.")


BATCH = (((1.0, 2.5, 1.5), (-2.0, -1.0, 0.5), (0.5, -0.5, 1.0), (3.5, 2.0, 4.0)),
         ((-1.5, 0.5, -0.5), (-3.0, -1.5, -2.5), (1.5, 0.0, 2.0), (1.0, 2.0, 0.0)),
         ((0.0, 1.0, -1.0), (0.5, -0.5, -3.5), (-1.0, 0.5, -2.0), (2.5, 3.0, 1.0)))


def normalization(batch=BATCH, groups: int = 2) -> LiveFigure:
    """Drag the numbers of a batch; see batch, layer, instance and group norm (chapter 10).

    `batch`: numbers in [-5, 5] as samples x channels x positions, 2 to 4 samples of 2 to 6
    channels with 1 to 4 positions. `groups` divides the number of channels.
    """
    batch = [[[float(v) for v in cell] for cell in sample] for sample in batch]
    N, C, L = len(batch), len(batch[0]), len(batch[0][0])
    shapes = {(len(sample), len(cell)) for sample in batch for cell in sample}
    if not (2 <= N <= 4 and 2 <= C <= 6 and 1 <= L <= 4 and shapes == {(C, L)} and all(
            -5 <= v <= 5 for sample in batch for cell in sample for v in cell)):
        raise GanCourseError("the batch is too large, too small or ragged",
                             where="interactive.normalization",
                             fix="give 2 to 4 samples of 2 to 6 channels of 1 to 4 numbers "
                                 "in [-5, 5]")
    if not isinstance(groups, int) or groups < 1 or C % groups:
        raise GanCourseError(f"groups is {groups!r}", where="interactive.normalization",
                             fix=f"choose a divisor of the {C} channels")
    return LiveFigure(
        "normalization", {"batch": batch, "groups": groups},
        title="Drag the numbers of a batch through four normalisations",
        fallback="Here the built book shows a live figure: a small batch of activations that you "
                 "drag, and the same batch after batch, layer, instance and group norm, coloured "
                 "by which numbers share a mean.")
