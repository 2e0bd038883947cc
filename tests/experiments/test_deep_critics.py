"""Critics of twelve layers: what they see, and how those that train begin."""

import pytest
import torch

from gancourse.experiments import deep_critics as script
from gancourse.experiments.measured import measured


def test_what_a_critic_sees():
    """A plane of any slope sees the distance of a shift along it."""
    real = torch.randn(50, 2)
    for slope in (1e-30, 3.0):
        D = torch.nn.Linear(2, 1, bias=False).double()
        D.weight.data = slope * torch.tensor([[0.6, 0.8]]).double()
        far = script.seen(
            D, script.Wasserstein(), real.double(), real.double() - torch.tensor([3.0, 4.0])
        )
        assert far == pytest.approx(5)


def test_the_deep_critics_start_all_over_their_box():
    """No step taken: what is seen does not change, nothing has moved; the file's have moved."""
    found = script.moving_critic(0.01, 0.2, 0, 0)
    assert found["seen"][0] == found["seen"][1] and not any(found["moved"])
    for clip, runs in measured("wgan")["deep"].items():
        assert [(r["lean"], r["seed"]) for r in runs] == [
            (lean, seed) for lean in script.DEEP["lean"] for seed in range(script.DEEP["seeds"])
        ]
        assert all(len(r["gradients"]) == script.LAYERS["depth"] == len(r["moved"]) for r in runs)
        assert float(clip) in script.DEEP["clips"]
