"""Numbers in any usual wrapping, as tensors that formulas can use."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

#: What the functions of this room take for numbers.
Numbers = Tensor | np.ndarray | Sequence | float


def floats(x: Numbers) -> Tensor:
    """``x`` itself if it is a tensor of floats, gradients and all; else as a float64 tensor."""
    if isinstance(x, Tensor) and x.is_floating_point():
        return x
    return torch.as_tensor(x, dtype=torch.float64)
