import numpy as np
import pytest
import torch

from gancourse.theory.tensors import floats


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_tensor_of_floats_is_left_alone(dtype):
    x = torch.ones(2, dtype=dtype, requires_grad=True)
    assert floats(x) is x


@pytest.mark.parametrize(
    "x", [[1, 0], (1, 0), np.array([1, 0]), np.array([1, 0], np.float32), torch.tensor([1, 0])]
)
def test_all_else_becomes_float64(x):
    assert floats(x).dtype == torch.float64 and floats(x).tolist() == [1, 0]
    assert floats(True).item() == 1
