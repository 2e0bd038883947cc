"""A generator as text: what the live face explorer needs to know of it (chapter 09).

Weights are rounded to codes of a few bits, and directions of z come in sets of named sliders.
"""

import base64

import torch
from torch import Tensor

from gancourse.data import colours
from gancourse.errors import GanCourseError
from gancourse.networks.latent import Layer, attribute_directions, run, sefa


def packed(layer: Layer, bits: int) -> tuple[dict, Layer]:
    """A layer as text for the page, and as the page will know it."""
    most = 2 ** (bits - 1) - 1
    scale = layer.weight.abs().amax((0, 2, 3)).clamp(min=1e-12).float() / most
    levels = (layer.weight / scale[:, None, None]).round().clamp(-most, most)
    codes = (levels.flatten().int() + most).tolist()
    codes += [0] * (-len(codes) % 8)  # eight codes fill `bits` whole bytes
    stream = b"".join(
        sum(code << bits * i for i, code in enumerate(codes[at : at + 8])).to_bytes(bits, "little")
        for at in range(0, len(codes), 8)
    )
    bias = layer.bias.float()
    inputs, outputs = layer.weight.shape[:2]
    text = {
        "inputs": inputs,
        "outputs": outputs,
        "stride": layer.stride,
        "padding": layer.padding,
        "weights": base64.b64encode(stream).decode(),
        "scale": scale.tolist(),
        "bias": bias.tolist(),
    }
    return text, layer._replace(weight=levels * scale.double()[:, None, None], bias=bias.double())


def directions(layers: list[Layer], faces, z: Tensor) -> list[dict]:
    """The sets of sliders: the attributes of labelled faces, if there are any, and SeFa's."""
    found, gain = sefa(layers)
    sets = [
        _set(
            "from the weights alone (SeFa)",
            found[:6],
            [f"direction {k + 1}: gain {s:.1f}" for k, s in enumerate(gain[:6])],
        )
    ]
    if faces is None:
        return sets
    real, drawn = faces[:1].shape[1:], run(layers, z[:1]).shape[1:]
    if real != drawn:
        raise GanCourseError(
            f"the faces have shape {tuple(real)}, the generator draws {tuple(drawn)}",
            where="live.face_explorer",
            fix="pass the images that the generator was trained on",
        )
    names, columns = _attributes(faces)
    if columns is not None:
        d, r = attribute_directions(layers, faces[:], columns, z)
        best = r.argsort(descending=True)[:6]
        sets.insert(0, _set("by attribute (labels used)", d[best], [names[i] for i in best]))
    return sets


def _set(name: str, directions, labels: list[str]) -> dict:
    return {
        "name": name,
        "labels": labels,
        "directions": [[round(v, 4) for v in row] for row in directions.tolist()],
    }


def _attributes(faces) -> tuple[list[str], Tensor | None]:
    """Attributes that a number can tell: one of two kinds, or a colour by its brightness."""
    names, columns = [], []
    for key, kinds in faces.categories.items():
        name = key.removesuffix("_color").replace("_", " ")
        if len(kinds) == 2:
            names.append(f"{name}: {kinds[0]} → {kinds[1]}")
            columns.append(faces.labels[key].double())
        elif kinds[0].startswith("#"):
            names.append(f"{name}: dark → light")
            shade = colours.brightness(colours.of_names(kinds))
            columns.append(shade[faces.labels[key]].double())
    return names, torch.stack(columns, 1) if columns else None
