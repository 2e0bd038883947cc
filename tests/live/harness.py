"""What the tests of all live figures share: arithmetic under node, and a look at the HTML."""

import json
import subprocess
from pathlib import Path

import torch
from torch import nn

from gancourse import live, page
from gancourse.data.images import images
from gancourse.experiments.measured import measured
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.networks.vae import VAE

PAGE, LIVE = (Path(room.__path__[0]) for room in (page, live))


def under_node(figure, body, **given):
    """What the `body` of a JavaScript function returns, without a page around it.

    In it `N` are the numbers of the `figure`, if there is one, `E` is the engine, `g` what is given
    and `random` the generator of chance. Typed arrays come back as lists, infinity as "inf".
    """
    scripts = [PAGE / "page.js", PAGE / "engine.js", *([LIVE / f"{figure}.js"] if figure else [])]
    source = "\n".join(path.read_text() for path in scripts)
    script = (
        f"{source}\nconst N = gancourse.{figure}?.numbers, g = {json.dumps(given)};\n"
        "const E = gancourse.engine, random = gancourse.page.random;\n"
        "const plain = (_, value) => ArrayBuffer.isView(value) ? [...value]"
        " : value === Infinity ? 'inf' : value;\n"
        f"console.log(JSON.stringify((() => {{ {body} }})(), plain));"
    )
    done = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_self_contained(make, at_most=None):
    """The HTML of `make()` is the same each time, asks for nothing, and fits `at_most` letters."""
    html = make()._repr_html_()
    assert html == make()._repr_html_()
    assert not any(
        word in html.replace("http://www.w3.org/2000/svg", "")
        for word in ("http", "import(", "fetch(", "src=")
    )
    assert html.count("</script>") == 1  # none inside the script ends it early
    assert at_most is None or len(html) < at_most


def assert_speaks_without_scripts(open_page, figure, words="live figure"):
    """Where scripts do not run a sentence with these `words` stands in the figure's place."""
    page = open_page(figure, scripts=False)
    assert words in page.locator(".live-fallback").inner_text()


def number(page, name, figure=0):
    text = page.locator("figure.live-figure").nth(figure).locator(f"[data-number={name}]")
    return float(text.inner_text().replace("\N{MINUS SIGN}", "-"))


class Twin(torch.nn.Module):
    """A figure's network of two hidden layers in torch; a weight matrix is (inputs, outputs)."""

    def __init__(self, theta, width, activation):
        super().__init__()
        lengths = [2 * width, width, width * width, width, width, 1]
        shapes = [(2, width), (width,), (width, width), (width,), (width, 1), (1,)]
        parts = torch.tensor(theta, dtype=torch.float64).split(lengths)
        self.weights = torch.nn.ParameterList(
            p.view(s).clone() for p, s in zip(parts, shapes, strict=True)
        )
        self.activation = activation

    def forward(self, x):
        W1, b1, W2, b2, W3, b3 = self.weights
        hidden = self.activation(self.activation(x @ W1 + b1) @ W2 + b2)
        return (hidden @ W3 + b3)[:, 0]

    def flat(self):
        return torch.cat([p.detach().flatten() for p in self.weights])


def pictures(seed=0, channels=3):
    """A small gan of pictures, untrained."""
    torch.manual_seed(seed)
    return GAN(
        NonSaturating(),
        generator=dcgan.generator(16, channels, 8, 4),
        discriminator=dcgan.discriminator(16, channels, 4),
        latent_dim=8,
    )


def lively(gan):
    """Weights far from the grey of the first step, so that z matters."""
    for part in gan.G:
        if isinstance(part, torch.nn.ConvTranspose2d):
            torch.nn.init.normal_(part.weight, 0, 0.3)
    return gan


def points(members=None):
    """A small gan of points, untrained."""
    torch.manual_seed(0)
    return GAN(
        NonSaturating(),
        generator=mlp(2, 2, width=8, members=members),
        discriminator=mlp(2, 1, width=8, members=members),
        latent_dim=2,
    )


def needed(name):
    """What the figure of that name cannot be made without."""
    if name == "face_explorer":
        return [dcgan.generator(16, 3, 8, 4)]
    if name == "receptive_field":
        return [torch.zeros(64, 1, 8, 8)]
    if name == "clinic":
        return [measured("clinic")]
    if name == "latent_plane":
        encoder = nn.Sequential(nn.Flatten(), mlp(64, 4, width=8, depth=1))
        decoder = nn.Sequential(
            mlp(2, 64, width=8, depth=2), nn.Tanh(), nn.Unflatten(-1, (1, 8, 8))
        )
        return [[VAE(encoder, decoder, 2, sigma=0.3)], images("digits", size=8)]
    return []
