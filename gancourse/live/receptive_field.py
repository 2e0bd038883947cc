"""Stack layers and see on a picture what one number of the last map has seen (chapter 8)."""

import base64
from collections.abc import Sequence

from torch import Tensor

from gancourse.data import sheets
from gancourse.errors import GanCourseError
from gancourse.page.figure import LiveFigure, demand_within

#: Filter and stride of each layer, from the picture up.
NETWORKS = {
    "PatchGAN, sees 70": ((4, 2), (4, 2), (4, 2), (4, 1), (4, 1)),
    "DCGAN's D, for 64 × 64": ((4, 2), (4, 2), (4, 2), (4, 2), (4, 1)),
    "six of 3, stride 1": ((3, 1),) * 6,
}


def receptive_field(
    pictures: Tensor, layers: Sequence[tuple[int, int]] = NETWORKS["PatchGAN, sees 70"]
) -> LiveFigure:
    """Stack layers and see on a picture what one number of the last map has seen (chapter 8).

    ``pictures``: 64 square pictures in [-1, 1], ``(64, channels, size, size)``, laid out 8 by 8 as
    the picture that the network looks at. ``layers``: 1 to 8 pairs of filter (1 to 7) and stride
    (1 to 4) to start with.
    """
    if pictures.ndim != 4 or len(pictures) != 64 or pictures.shape[2] != pictures.shape[3]:
        raise GanCourseError(
            f"pictures of shape {tuple(pictures.shape)}",
            where="live.receptive_field",
            fix="give 64 square pictures: (64, channels, size, size)",
        )
    demand_within("receptive_field", 1, 8, number_of_layers=len(layers))
    for F, S in layers:
        demand_within("receptive_field", 1, 7, filter=F)
        demand_within("receptive_field", 1, 4, stride=S)
    return LiveFigure(
        __file__,
        {
            "side": 8 * (pictures.shape[2] + 1) - 1,  # with a gutter of one pixel
            "png": base64.b64encode(sheets.png(pictures, 8, colours=64)).decode(),
            "layers": [list(layer) for layer in layers],
            "networks": {name: [list(layer) for layer in net] for name, net in NETWORKS.items()},
        },
        title="What one number of the last map has seen",
        fallback="layers that you stack, and on a picture the square that one number of the last "
        "map has seen, with the places where its neighbours look.",
    )
