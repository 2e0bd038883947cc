"""The pixel faces that the package ships, and what can be counted in pictures of them.

``faces.md`` beside this file says where they come from.
"""

import json
import math
from importlib import resources

import numpy as np
import torch
from torch import Tensor

from gancourse.data import colours
from gancourse.errors import GanCourseError


def load() -> tuple[Tensor, dict[str, Tensor], dict[str, list[str]]]:
    """Pixels ``(10000, 16, 16, 3)``, labels, and the names of the labels' values."""
    place = resources.as_file(resources.files("gancourse.data") / "faces.npz")
    with place as path, np.load(path) as file:
        labels = {
            key: torch.from_numpy(file[key].astype(np.int64))
            for key in file.files
            if key not in ("images", "categories")
        }
        return torch.from_numpy(file["images"]), labels, json.loads(str(file["categories"]))


class FaceModes:
    """The 5 x 8 combinations of background and skin colour of the pixel faces.

    Both can be read off a picture without a classifier: the background stands in the upper
    corners, the skin at the neck. ``tolerance`` is the largest distance in RGB (0 to 255) at
    which a colour counts as one of the drawing's own.
    """

    def __init__(self, faces, tolerance: float = 24.0):
        self.colours = [colours.of_names(faces.categories[key]) for key in ("background", "skin")]
        self.modes, self.tolerance = math.prod(map(len, self.colours)), tolerance

    def assign(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Mode (``8 * background + skin``) and quality of ``(n, 3, 16, 16)`` in [-1, 1]."""
        if samples.shape[1:] != (3, 16, 16):
            raise GanCourseError(
                f"faces are (n, 3, 16, 16), not {tuple(samples.shape)}", where="FaceModes"
            )
        pixels = (samples.float().cpu() + 1) * 127.5
        corner = pixels[:, :, 0, [0, 15]].mean(-1)
        neck = pixels[:, :, 13, 7:9].mean(-1)
        (far_b, background), (far_s, skin) = (
            torch.cdist(patch, colour).min(-1)
            for patch, colour in zip((corner, neck), self.colours, strict=True)
        )
        return 8 * background + skin, (far_b < self.tolerance) & (far_s < self.tolerance)
