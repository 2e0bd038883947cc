"""Numbers in any usual wrapping, as tensors that formulas can use."""

import torch
from torch import Tensor


def floats(x) -> Tensor:
    """``x`` itself if it is a tensor of floats, gradients and all; else as a float64 tensor."""
    if isinstance(x, Tensor) and x.is_floating_point():
        return x
    return torch.as_tensor(x, dtype=torch.float64)
