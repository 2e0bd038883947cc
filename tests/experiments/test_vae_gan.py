"""VAE beside GAN: the parts of the script, its measures, and the file that it has written."""

import pytest
import torch

from gancourse.experiments import vae_gan as script
from gancourse.experiments.measured import measured
from gancourse.networks import vae


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_quick_run_has_the_form_of_the_file():
    wanted = ["digits", "changes/no KL", "changes/three times the steps"]
    found = script.EXPERIMENT.main(["--quick", *(w for name in wanted for w in ("--only", name))])
    kept = measured("vae_gan")
    assert [*kept] == ["meta", "faces", "digits", "changes"]
    assert set(found["digits"]["real"]) == set(kept["digits"]["real"])
    for part in ("vae", "gan"):
        assert set(found["digits"][part][0]) == set(kept["digits"][part][0])
        assert [row["seed"] for row in kept["digits"][part]] == list(script.SEEDS)
        assert [row["seed"] for row in kept["faces"][part]] == list(script.SEEDS)
    for change, rows in found["changes"].items():
        assert set(rows[0]) == set(kept["changes"][change][0])
    assert set(kept["changes"]) == set(script.CHANGES)


def test_edges_of_a_chessboard_and_of_a_flat_field():
    rows = torch.arange(8)
    board = ((rows[:, None] + rows) % 2 * 2 - 1).float()[None, None]
    assert script.edges(board) == 64 and script.edges(torch.ones(1, 3, 8, 8)) == 0


def test_codes_are_refitted_in_their_place():
    torch.manual_seed(0)
    z = torch.randn(600, 2) * torch.tensor([3.0, 0.1]) + 5
    again = script.refitted(z, 1, 0)
    assert again.shape == (script.SAMPLES, 2)
    assert again.std(0).tolist() == pytest.approx([3, 0.1], rel=0.15)


def test_bounds_are_in_order_and_in_nats():
    torch.manual_seed(0)
    model = vae.VAE(vae.encoder(16, 1, 4, 4), script.dcgan.generator(16, 1, 4, 4), 4, sigma=0.5)
    x = torch.rand(40, 1, 16, 16)
    found = script.bounds_of(model.eval(), x)
    assert found["elbo"] < found["bound_50"] and found["kl"] > 0
    plain = -(found["elbo"] / 256 - torch.tensor(127.5).log().item()) / torch.tensor(2.0).log()
    assert found["bits"] == pytest.approx(float(plain), abs=1e-3)
