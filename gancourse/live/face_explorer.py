"""A trained ``dcgan.generator`` that runs in the page: sliders, a walk, faces between faces."""

from gancourse.errors import GanCourseError
from gancourse.page.figure import LiveFigure, demand_seed


def face_explorer(generator, faces=None, *, bits: int = 10, seed: int = 0) -> LiveFigure:
    """A trained ``dcgan.generator`` that runs in the page: sliders, a walk, faces between faces.

    Batch norm is folded into the weights, which are rounded to ``bits`` bits, one scale per map.
    With ``faces``, the labelled images it was trained on, there is a slider for each of the six
    attributes that it controls best; without, only for six directions from its weights. ``seed``
    chooses the first faces. A page grows by ``bits``/6 bytes a weight, and about 25 kB.
    """
    import torch

    from gancourse.live import packing
    from gancourse.networks import latent

    demand_seed("face_explorer", seed)
    if bits not in range(4, 17):
        raise GanCourseError(
            f"bits is {bits!r}",
            where="live.face_explorer",
            fix="choose a whole number from 4 to 16",
        )
    layers = latent.fold_batch_norm(generator)
    weights = sum(layer.weight.numel() for layer in layers)
    if weights * bits / 6 > 300_000:
        raise GanCourseError(
            f"{weights:,} weights of {bits} bits are too much for a page",
            where="live.face_explorer",
            fix="train a narrower generator",
        )
    z = torch.randn(2000, len(layers[0].weight), generator=torch.Generator().manual_seed(0))
    packed, rounded = zip(*[packing.packed(layer, bits) for layer in layers], strict=True)
    error = (latent.run(rounded, z[:200]) - latent.run(layers, z[:200])).abs().max() * 127.5
    return LiveFigure(
        __file__,
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
