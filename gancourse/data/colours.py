"""Colours as numbers: red, green and blue from 0 to 255 along the last axis."""

from collections.abc import Iterable

import torch
from torch import Tensor


def of_names(names: Iterable[str]) -> Tensor:
    """Colours written ``"#rrggbb"``, as float32 of shape ``(n, 3)``."""
    return torch.tensor([list(bytes.fromhex(name[1:])) for name in names], dtype=torch.float32)


def brightness(colours: Tensor) -> Tensor:
    """From 0 (black) to 255 (white): ``(..., 3)`` to float32 of shape ``(...)``.

    The luma of ITU-R BT.601, as in PIL's ``convert("L")``; the weights sum to 1.
    """
    return colours.float() @ torch.tensor([0.299, 0.587, 0.114], device=colours.device)
