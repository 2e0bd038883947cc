"""Walk over the plane of codes of small VAEs with different noise of the decoder (chapter 4)."""

import base64
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gancourse.data.images import Images
from gancourse.errors import GanCourseError
from gancourse.networks.vae import VAE
from gancourse.page.figure import LiveFigure


def latent_plane(models: Sequence[VAE], digits: Images, n: int = 150) -> LiveFigure:
    """Walk over the plane of codes of small VAEs with different noise of the decoder (chapter 4).

    Each of the ``models`` has two latent units, and a decoder of dense layers with ReLU between
    them and a tanh at the end. ``n`` of the ``digits``, with a label "digit", are shown by what
    the encoders say of them.
    """
    if not models:
        raise GanCourseError("there is no model", where="live.latent_plane", fix="give one or more")
    x, y = digits[:n], digits.labels["digit"][:n]
    return LiveFigure(
        __file__,
        {
            "side": digits.size,
            "labels": "".join(map(str, y.tolist())),
            "models": [_described(model, x) for model in models],
        },
        title="The plane of codes of a VAE",
        fallback="the plane of codes of a small VAE that draws digits in the page, the codes of "
        "real digits on it, and a menu of how noisy its decoder is.",
    )


@torch.no_grad()
def _described(model: VAE, x: Tensor) -> dict:
    if model.latent_dim != 2:
        raise GanCourseError(
            f"a code of {model.latent_dim} numbers is no point of a plane",
            where="live.latent_plane",
            fix="train a VAE with latent_dim=2",
        )
    layers = [part for part in model.G.modules() if isinstance(part, nn.Linear)]
    model.eval()
    mean, log_variance = model.encode(x)
    spread = (log_variance / 2).exp()
    error = (model.G(mean) - x).square().mean()
    return {
        "sigma": round(model.sigma, 3),
        "kl": [round(v, 2) for v in _kl(mean, log_variance).tolist()],
        "error": round(float(error), 4),
        "codes": [[round(v, 3) for v in row] for row in torch.cat([mean, spread], 1).tolist()],
        "layers": [_packed(layer) for layer in layers],
    }


def _kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The mean KL of each latent unit."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(0)


def _packed(layer: nn.Linear) -> dict:
    """Weights and biases as 16-bit codes with one scale."""
    numbers = torch.cat([layer.weight.flatten(), layer.bias]).detach().cpu()
    scale = float(numbers.abs().max()) / 32767 or 1.0
    codes = (numbers / scale).round().to(torch.int16).numpy().astype("<i2")
    return {
        "inputs": layer.in_features,
        "outputs": layer.out_features,
        "scale": scale,
        "codes": base64.b64encode(codes.tobytes()).decode(),
    }
