"""Live figures: JavaScript that moves in the page, with no kernel, no library and no network.

A figure is an object with `_repr_html_`, so one call works in the book, Jupyter and Colab alike.

How to add one
--------------
1. Write `interactive/<name>.js`. It sets `gancourse.<name> = {numbers, mount}`:
   `numbers` holds the arithmetic as pure functions, `mount(root, settings)` fills an empty
   `<figure>`. Sliders, panels and readouts come from `interactive/live.js`, colours and
   layout from `interactive/live.css`. Use no element ids: a page may show a figure twice.
2. Add a function here that returns `LiveFigure("<name>", settings, title, fallback)`.
3. In `tests/test_interactive.py`, compare `numbers` with `gancourse.theory` under node, and
   move the figure once with mouse, keyboard and finger in a browser.
"""

import base64
import html
import json
from functools import cache
from pathlib import Path

from gancourse.errors import GanCourseError

FOLDER = Path(__file__).parent / "interactive"


@cache
def _source(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


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

    from gancourse.theory import latent

    if bits not in range(4, 17):
        raise GanCourseError(f"bits is {bits!r}", where="interactive.face_explorer",
                             fix="choose a whole number from 4 to 16")
    layers = latent.fold_batch_norm(generator)
    weights = sum(layer.weight.numel() for layer in layers)
    if weights * bits / 6 > 300_000:
        raise GanCourseError(f"{weights:,} weights of {bits} bits are too much for a page",
                             where="interactive.face_explorer", fix="train a narrower generator")
    z = torch.randn(2000, len(layers[0].weight), generator=torch.Generator().manual_seed(0))
    packed, rounded = zip(*[_packed(layer, bits) for layer in layers], strict=True)
    error = (latent.run(rounded, z[:200]) - latent.run(layers, z[:200])).abs().max() * 127.5
    return LiveFigure(
        "face_explorer",
        {"layers": packed, "bits": bits, "seed": seed, "error": round(error.item(), 2),
         "directions": _directions(latent, layers, faces, z)},
        title="A trained generator that runs in this page",
        fallback="Here the built book shows a live figure: the trained generator draws faces in "
                 "the page, with sliders for directions of z and a walk from face to face.")


def _packed(layer, bits: int) -> tuple[dict, object]:
    """A layer as text for the page, and as the page will know it."""
    most = 2 ** (bits - 1) - 1
    scale = layer.weight.abs().amax((0, 2, 3)).clamp(min=1e-12).float() / most
    levels = (layer.weight / scale[:, None, None]).round().clamp(-most, most)
    codes = (levels.flatten().int() + most).tolist()
    codes += [0] * (-len(codes) % 8)                     # eight codes fill `bits` whole bytes
    stream = b"".join(sum(code << bits * i for i, code in enumerate(codes[at:at + 8]))
                      .to_bytes(bits, "little") for at in range(0, len(codes), 8))
    bias = layer.bias.float()
    inputs, outputs = layer.weight.shape[:2]
    text = {"inputs": inputs, "outputs": outputs, "stride": layer.stride, "padding": layer.padding,
            "weights": base64.b64encode(stream).decode(), "scale": scale.tolist(),
            "bias": bias.tolist()}
    return text, layer._replace(weight=levels * scale.double()[:, None, None], bias=bias.double())


def _directions(latent, layers, faces, z) -> list[dict]:
    """The sets of sliders: the attributes of labelled faces, if there are any, and SeFa's."""
    directions, gain = latent.sefa(layers)
    sets = [_set("from the weights alone (SeFa)", directions[:6], [
        f"direction {k + 1}: gain {s:.1f}" for k, s in enumerate(gain[:6])])]
    if faces is None:
        return sets
    real, drawn = faces[:1].shape[1:], latent.run(layers, z[:1]).shape[1:]
    if real != drawn:
        raise GanCourseError(f"the faces have shape {tuple(real)}, the generator draws "
                             f"{tuple(drawn)}", where="interactive.face_explorer",
                             fix="pass the images that the generator was trained on")
    names, columns = _attributes(faces)
    if names:
        d, r = latent.attribute_directions(layers, faces[:], columns, z)
        best = r.argsort(descending=True)[:6]
        sets.insert(0, _set("by attribute (labels used)", d[best], [names[i] for i in best]))
    return sets


def _set(name: str, directions, labels: list[str]) -> dict:
    return {"name": name, "labels": labels,
            "directions": [[round(v, 4) for v in row] for row in directions.tolist()]}


def _attributes(faces) -> tuple[list[str], object]:
    """Attributes that a number can tell: one of two kinds, or a colour by its brightness."""
    import torch

    names, columns = [], []
    for key, kinds in faces.categories.items():
        name = key.removesuffix("_color").replace("_", " ")
        if len(kinds) == 2:
            names.append(f"{name}: {kinds[0]} → {kinds[1]}")
            columns.append(faces.labels[key].double())
        elif kinds[0].startswith("#"):
            names.append(f"{name}: dark → light")
            rgb = torch.tensor([[int(kind[i:i + 2], 16) for i in (1, 3, 5)] for kind in kinds])
            columns.append((rgb @ torch.tensor([299, 587, 114]) / 1000)[faces.labels[key]].double())
    return names, torch.stack(columns, 1) if columns else None
