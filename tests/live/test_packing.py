"""A generator as text: what the page unpacks is what was packed."""

from functools import partial

import pytest
import torch

from checkout import needs_node
from gancourse.data.images import images
from gancourse.live import packing
from gancourse.live.face_explorer import face_explorer
from gancourse.networks import latent
from live import harness
from lively import lively

under_node = partial(harness.under_node, "face_explorer")


@needs_node
@pytest.mark.parametrize("bits", [4, 5, 8, 10, 13, 16])
def test_the_page_unpacks_what_python_packed(bits):
    for layer in latent.fold_batch_norm(lively(width=3, latent_dim=5)):
        text, rounded = packing.packed(layer, bits)
        weight = under_node("return [...N.unpack(g.text, g.bits).weight]", text=text, bits=bits)
        assert torch.allclose(torch.tensor(weight).double(), rounded.weight.flatten(), rtol=1e-6)
        step = layer.weight.abs().amax((0, 2, 3)) / (2 ** (bits - 1) - 1)
        assert ((rounded.weight - layer.weight).abs() <= 0.501 * step[:, None, None]).all()


def test_digits_have_no_attribute_that_a_number_tells():
    figure = face_explorer(lively(channels=1), images("digits"))
    assert [set_["name"] for set_ in figure.settings["directions"]] == [
        "from the weights alone (SeFa)"
    ]
