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

from statistics import NormalDist

from gancourse.errors import GanCourseError
from gancourse.live import (
    LiveFigure,
    demand_one_of,
    demand_seed,
    demand_within,
    probabilities,
)


def divergence(mean: float = 2.0, std: float = 1.0, bumps: int = 1) -> LiveFigure:
    """Slide the generator's density past the data; see D*, V, JSD and W1 (chapter 06).

    `mean` in [-8, 8] and `std` in [0.3, 3] are those of p_g at the start. The data are
    N(0, 1), or with `bumps=2` the even mixture of N(-3, 0.8²) and N(3, 0.8²).
    """
    demand_within("divergence", -8, 8, mean=mean)
    demand_within("divergence", 0.3, 3, std=std)
    demand_one_of("divergence", (1, 2), bumps=bumps)
    return LiveFigure(
        "divergence",
        {"mean": mean, "std": std, "bumps": bumps},
        title="Slide the generator's density past the data",
        fallback="two bell curves, the data p and the generator's p_g, which you slide and "
        "widen, with the optimal discriminator, the value of the game, the "
        "Jensen–Shannon divergence and the Wasserstein distance.",
    )


def likelihood(
    points=(-1.6, -0.4, 0.1, 0.7, 1.2, 1.9, 3.0), mean: float = -2.5, std: float = 0.8
) -> LiveFigure:
    """Drag data and a Gaussian model; see the hill of the log-likelihood (chapter 01).

    `points`: 2 to 12 different numbers in [-5, 5]; `mean` in [-5, 5] and `std` in [0.1, 4] are
    the model's at the start.
    """
    points = [float(x) for x in points]
    demand_within("likelihood", -5, 5, mean=mean)
    demand_within("likelihood", 0.1, 4, std=std)
    demand_within("likelihood", 2, 12, the_number_of_points=len(points))
    for x in points:
        demand_within("likelihood", -5, 5, a_point=x)
    if len(set(points)) == 1:
        raise GanCourseError(
            "all points are equal",
            where="interactive.likelihood",
            fix="give at least two different numbers: else there is no summit",
        )
    return LiveFigure(
        "likelihood",
        {"points": points, "mean": mean, "std": std},
        title="Drag data and a Gaussian over the hill of its log-likelihood",
        fallback="data points on a line and a bell curve over them, both of which you drag, "
        "beside the hill of the log-likelihood over the curve's centre and width, with "
        "its summit.",
    )


def histograms(p=(0.12, 0.55, 0.25, 0.06, 0.02), q=(0.05, 0.15, 0.3, 0.4, 0.1)) -> LiveFigure:
    """Drag the bars of two histograms; see entropy, KL both ways, JSD, TV and W1 (chapter 02).

    `p` and `q`: 2 to 10 probabilities each, equally many, that sum to 1; they are the start.
    """
    return LiveFigure(
        "histograms",
        probabilities("histograms", 2, p=p, q=q),
        title="Drag the bars of two histograms",
        fallback="two histograms p and q whose bars you drag, with their entropies, the cross-"
        "entropy, KL in both directions, the Jensen–Shannon divergence, the total "
        "variation and the Wasserstein distance.",
    )


CLASSES = ("moons", "clouds", "xor", "rings", "spirals", "chance")
WIDTHS = (1, 2, 4, 8, 16, 32)


def boundary(data: str = "moons", width: int = 16, seed: int = 0) -> LiveFigure:
    """Train a classifier on points of the plane, in the page (chapter 03).

    `data` is one of `interactive.CLASSES`; the network is 2 → `width` → `width` → 1 with tanh,
    `width` one of `interactive.WIDTHS`. From the same `seed` the same steps follow.
    """
    demand_one_of("boundary", CLASSES, data=data)
    demand_one_of("boundary", WIDTHS, width=width)
    demand_seed("boundary", seed)
    return LiveFigure(
        "boundary",
        {"data": data, "width": width, "seed": seed},
        title="Train a classifier in the page",
        fallback="a small network that learns, in the page, to tell two classes of points apart, "
        "with its boundary and its loss on the training points and on held-out ones.",
    )


GAMES = (
    "minimax",
    "non-saturating",
    "least-squares",
    "hinge",
    "wasserstein",
    "non-saturating-r1",
    "relativistic-r1",
    "relativistic-r1-r2",
)
DATA = ("ring", "grid9", "grid25", "spiral", "gaussian", "own")


def laboratory(data: str = "ring", loss: str = "non-saturating", seed: int = 0) -> LiveFigure:
    """Train a GAN on points of the plane, in the page (chapter 05).

    `data` is one of `interactive.DATA` ("own": drawn by the reader), `loss` one of
    `interactive.GAMES`; from the same `seed` the same steps follow. The networks,
    their gradients and Adam are those of `gancourse`, in JavaScript, with batches of 128.
    """
    demand_one_of("laboratory", DATA, data=data)
    demand_one_of("laboratory", GAMES, loss=loss)
    demand_seed("laboratory", seed)
    return LiveFigure(
        "laboratory",
        {"data": data, "loss": loss, "seed": seed},
        title="Train a GAN in the page",
        fallback="a GAN that trains in the page on points of the plane. You choose data, game "
        "and learning rates and watch the samples, the discriminator's verdict, the "
        "arrows that move the samples, and both losses.",
    )


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
        raise GanCourseError(
            f"bits is {bits!r}",
            where="interactive.face_explorer",
            fix="choose a whole number from 4 to 16",
        )
    layers = latent.fold_batch_norm(generator)
    weights = sum(layer.weight.numel() for layer in layers)
    if weights * bits / 6 > 300_000:
        raise GanCourseError(
            f"{weights:,} weights of {bits} bits are too much for a page",
            where="interactive.face_explorer",
            fix="train a narrower generator",
        )
    z = torch.randn(2000, len(layers[0].weight), generator=torch.Generator().manual_seed(0))
    packed, rounded = zip(*[packing.packed(layer, bits) for layer in layers], strict=True)
    error = (latent.run(rounded, z[:200]) - latent.run(layers, z[:200])).abs().max() * 127.5
    return LiveFigure(
        "face_explorer",
        {
            "layers": packed,
            "bits": bits,
            "seed": seed,
            "error": round(error.item(), 2),
            "directions": packing.directions(layers, faces, z),
        },
        title="A trained generator that runs in this page",
        fallback="the trained generator draws faces in the page, with sliders for directions of "
        "z and a walk from face to face.",
    )


def transport(
    p=(0.1, 0.3, 0.4, 0.2, 0, 0, 0, 0, 0), q=(0, 0, 0, 0.1, 0, 0.2, 0.3, 0.4, 0)
) -> LiveFigure:
    """Reshape two heaps; see the optimal plan, its prices, and W1 beside JSD (chapter 11).

    `p` and `q`: 4 to 10 probabilities each, equally many, on the points 0, 1, 2, … of a line.
    """
    return LiveFigure(
        "transport",
        probabilities("transport", 4, p=p, q=q),
        title="Move a heap of earth into holes",
        fallback="a histogram of earth above one of holes, whose bars you drag, with the optimal "
        "plan as bands and as a matrix, the two potentials, and the Wasserstein "
        "distance beside the Jensen–Shannon divergence.",
    )


CRITIC_DATA = ("ring", "grid", "swiss roll")


def surfaces(data: str = "ring", seed: int = 0) -> LiveFigure:
    """Train three critics in the page, under clipping, gradient penalty and R1 (chapter 13).

    The generator is held fixed: it makes real points plus noise. `data` is one of
    `interactive.CRITIC_DATA`; from the same `seed` the same steps follow.
    """
    demand_one_of("surfaces", CRITIC_DATA, data=data)
    demand_seed("surfaces", seed)
    return LiveFigure(
        "surfaces",
        {"data": data, "seed": seed},
        title="Train three critics against a fixed generator",
        fallback="the surfaces of three critics as they train in the page against a fixed "
        "generator, under weight clipping, a gradient penalty and R1, with the mean "
        "length of their slopes.",
    )


CLIPS = (0.01, 0.03, 0.1, 0.3)


def critic(
    p: float = 3.0, pg: float = -3.0, c: float = 0.1, steps: int = 300, seed: int = 0
) -> LiveFigure:
    """Slide two Gaussians apart; see a discriminator saturate and a critic not (chapter 12).

    The data are N(`p`, 1), the fakes N(`pg`, 1), both centres in [-6, 6]. The critic, a network
    with weights in [-`c`, `c`], `c` one of `interactive.CLIPS`, is trained in the page for `steps`
    (0 to 400) on 64 evenly spaced quantiles of each, from the same `seed` in the same way.
    """
    demand_within("critic", -6, 6, p=p, pg=pg)
    demand_within("critic", 0, 400, steps=steps)
    demand_one_of("critic", CLIPS, c=c)
    demand_seed("critic", seed)
    quantiles = [round(NormalDist().inv_cdf((i + 0.5) / 64), 4) for i in range(64)]
    return LiveFigure(
        "critic",
        {"p": p, "pg": pg, "c": c, "steps": steps, "seed": seed, "quantiles": quantiles},
        title="A discriminator saturates, a critic does not",
        fallback="two bell curves, data and fakes, which you slide apart, with the best "
        "discriminator, a clipped critic that is trained in the page, the pull of both "
        "on a fake, and W1 beside the critic's estimate.",
    )


BATCH = (
    ((1.0, 2.5, 1.5), (-2.0, -1.0, 0.5), (0.5, -0.5, 1.0), (3.5, 2.0, 4.0)),
    ((-1.5, 0.5, -0.5), (-3.0, -1.5, -2.5), (1.5, 0.0, 2.0), (1.0, 2.0, 0.0)),
    ((0.0, 1.0, -1.0), (0.5, -0.5, -3.5), (-1.0, 0.5, -2.0), (2.5, 3.0, 1.0)),
)


def normalization(batch=BATCH, groups: int = 2) -> LiveFigure:
    """Drag the numbers of a batch; see batch, layer, instance and group norm (chapter 10).

    `batch`: numbers in [-5, 5] as samples x channels x positions, 2 to 4 samples of 2 to 6
    channels with 1 to 4 positions. `groups` divides the number of channels.
    """
    batch = [[[float(v) for v in cell] for cell in sample] for sample in batch]
    N, C, L = len(batch), len(batch[0]), len(batch[0][0])
    shapes = {(len(sample), len(cell)) for sample in batch for cell in sample}
    if not (
        2 <= N <= 4
        and 2 <= C <= 6
        and 1 <= L <= 4
        and shapes == {(C, L)}
        and all(-5 <= v <= 5 for sample in batch for cell in sample for v in cell)
    ):
        raise GanCourseError(
            "the batch is too large, too small or ragged",
            where="interactive.normalization",
            fix="give 2 to 4 samples of 2 to 6 channels of 1 to 4 numbers in [-5, 5]",
        )
    if not isinstance(groups, int) or groups < 1 or C % groups:
        raise GanCourseError(
            f"groups is {groups!r}",
            where="interactive.normalization",
            fix=f"choose a divisor of the {C} channels",
        )
    return LiveFigure(
        "normalization",
        {"batch": batch, "groups": groups},
        title="Drag the numbers of a batch through four normalisations",
        fallback="a small batch of activations that you drag, and the same batch after batch, "
        "layer, instance and group norm, coloured by which numbers share a mean.",
    )
