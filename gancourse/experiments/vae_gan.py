"""A VAE beside a GAN with the same generator, for chapter 04; and why the VAE's samples blur.

    python -m gancourse.experiments.vae_gan                 everything (about 12 CPU minutes)
    python -m gancourse.experiments.vae_gan --only faces/vae    one part anew

(More options in ``recording``.) Parts, for faces and for digits: ``real``, the measures of 500
pictures that were held out; ``vae`` and ``gan``, each over ``SEEDS``. For faces also the VAE with
one thing changed: another noise of the decoder, a smaller code, no KL at all, three times the
steps. Of a VAE three kinds of samples are measured: decoded draws from the prior, from one normal
law and from a mixture of normal laws fitted to the codes of the training pictures; and decoded
codes of held-out pictures.
"""

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from gancourse.data.faces import FaceModes
from gancourse.data.images import Images, images
from gancourse.experiments.recording import Clock, Experiment, Parts, rounded
from gancourse.metrics import classifier, frechet, mode_coverage
from gancourse.networks import dcgan, vae
from gancourse.recipes import PICTURES
from gancourse.theory.bounds import importance_bound
from gancourse.training import adam, train

SEEDS, FEW = range(5), range(3)
STEPS, BATCH, LR, LATENT, WIDTH = 900, 64, 2e-3, 64, 32
HELD_OUT, SAMPLES, DRAWS, PARTS_OF_MIXTURE = 500, 2000, 50, 20
GAME = "hinge-sn"

#: What is changed, one thing at a time.
CHANGES: dict[str, dict[str, Any]] = {
    "sigma 0.05": {"sigma": 0.05},
    "sigma 0.4": {"sigma": 0.4},
    "code of 16": {"latent": 16},
    "no KL": {"sigma": 0.143, "weight": 0.0},
    "three times the steps": {"steps": 3 * STEPS},
}


class Judge:
    """A data set cut in two, and the measures of samples of it."""

    def __init__(self, name: str):
        data = images(name)
        order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
        self.name = name
        self.rest, self.held = (
            Images(name, data.pixels[i], {k: v[i] for k, v in data.labels.items()})
            for i in (order[HELD_OUT:], order[:HELD_OUT])
        )
        self.net = classifier(self.rest, 800)
        self.features = self.net.features(self.rest[:5000])
        self.modes = FaceModes(data) if name == "faces" else None
        self.edges = edges(self.held[:])

    def __call__(self, x: Tensor) -> dict[str, float]:
        """Distance, sharpness, and how many look like something of the data."""
        x = x.contiguous()
        found = {
            "frechet": rounded(frechet(self.net.features(x), self.features), 1),
            "sharp": rounded(edges(x) / self.edges, 3),
        }
        if self.modes is not None:
            seen = mode_coverage(x, self.modes, least=5)
            return {
                **found,
                "modes": int(seen.modes),
                "high_quality": rounded(float(seen.high_quality), 3),
            }
        (scores,) = self.net(x).values()
        sure = (scores.softmax(1).amax(1) > 0.9).float().mean()
        shares = scores.argmax(1).bincount(minlength=10) / len(x)
        entropy = torch.xlogy(shares, 1 / shares.clamp(min=1e-9)).sum() / math.log(10)
        return {**found, "sure": rounded(float(sure), 3), "evenness": rounded(float(entropy), 3)}


def edges(x: Tensor) -> float:
    """The mean square of each pixel's difference from its four neighbours."""
    kernel = torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
    kernel = kernel.expand(x.shape[1], 1, 3, 3)
    return float(F.conv2d(x, kernel, groups=x.shape[1]).square().mean())


def decay_late(steps: int):
    """A rate that is constant for half of the steps, then falls linearly to nearly nothing."""
    return lambda step: min(1.0, 2 * (1 - step / steps) + 0.01)


def trained_vae(data: Images, seed: int, steps=STEPS, latent=LATENT, **parts):
    """A VAE whose decoder is the GAN's generator."""
    torch.manual_seed(seed)
    model = vae.VAE(
        vae.encoder(data.size, data.channels, latent, WIDTH),
        dcgan.generator(data.size, data.channels, latent, WIDTH),
        latent,
        **parts,
    )
    optimizer, schedule = adam(LR, (0.9, 0.999)), decay_late(steps)
    train(model, data.batches(BATCH), steps, optimizer=optimizer, schedule=schedule, seed=seed)
    return model.eval()


@torch.no_grad()
def decoded(model: vae.VAE, z: Tensor) -> Tensor:
    """Pictures of codes, in portions."""
    return torch.cat([model.G(part) for part in z.float().split(500)])


@torch.no_grad()
def codes(model: vae.VAE, x: Tensor) -> Tensor:
    """One draw from the encoder's law of each picture."""
    return torch.cat([model.code(*model.encode(part)) for part in x.split(500)])


def refitted(z: Tensor, components: int, seed: int) -> Tensor:
    """Draws from a mixture of normal laws fitted to codes."""
    from sklearn.mixture import GaussianMixture

    law = GaussianMixture(components, max_iter=40, random_state=seed, reg_covar=1e-4)
    return torch.from_numpy(law.fit(z.double().numpy()).sample(SAMPLES)[0])


@torch.no_grad()
def bounds_of(model: vae.VAE, x: Tensor) -> dict[str, float]:
    """The bound, its KL, and the importance-weighted bound, in nats a picture."""
    weights = model.log_weights(x, DRAWS)
    kl, pixels = float(model.bound(x).kl.mean()), x[0].numel()
    elbo, better = float(weights.mean()), float(importance_bound(weights).mean())
    return {
        "elbo": rounded(elbo, 2),
        "kl": rounded(kl, 2),
        f"bound_{DRAWS}": rounded(better, 2),
        "bits": rounded((pixels * math.log(127.5) - elbo) / pixels / math.log(2), 3),
    }


@torch.no_grad()
def of_vae(judge: Judge, seeds, **changes) -> list[dict]:
    """The numbers of every seed."""
    found, held, seen = [], judge.held[:], judge.rest[:5000]
    for seed in seeds:
        clock = Clock()
        with torch.enable_grad():
            model = trained_vae(judge.rest, seed, **changes)
        seconds = clock()
        torch.manual_seed(seed)
        z, back = codes(model, seen), decoded(model, codes(model, held))
        row = {"seed": seed, "cpu_seconds": round(seconds, 1), "sigma": rounded(model.sigma, 4)}
        if changes.get("weight", 1):
            kl_seen = torch.cat([model.bound(part).kl for part in seen.split(500)]).mean()
            row |= bounds_of(model, held) | {"kl_of_training": rounded(float(kl_seen), 2)}
        row["error"] = rounded(float((back - held).square().mean()), 5)
        row["prior"] = judge(model.sample(SAMPLES, seed))
        row["one normal law"] = judge(decoded(model, refitted(z, 1, seed)))
        row["mixture"] = judge(decoded(model, refitted(z, PARTS_OF_MIXTURE, seed)))
        row["reconstructions"] = judge(back)
        found.append(row)
        print("   ", row, flush=True)
    return found


def of_gan(judge: Judge, seeds, steps=STEPS) -> list[dict]:
    """The same of the GAN."""
    found, recipe = [], PICTURES[GAME]
    for seed in seeds:
        clock = Clock()
        torch.manual_seed(seed)
        gan = recipe.pictures(judge.rest.size, judge.rest.channels, LATENT, WIDTH)
        run = train(gan, judge.rest.batches(BATCH), steps, seed=seed, **recipe.settings(steps))
        seconds = clock()
        row = {"seed": seed, "cpu_seconds": round(seconds, 1)}
        found.append(row | {"prior": judge(run.sample(SAMPLES, seed))})
        print("   ", found[-1], flush=True)
    return found


def parts(quick: bool) -> Parts:
    """Real pictures, both models, and the changes."""
    judges: dict[str, Judge] = {}

    def judge(name):
        if name not in judges:
            judges[name] = Judge(name)
        return judges[name]

    def real(name):
        return judge(name)(judge(name).held[:])

    def over(measure, name, seeds, settings):
        return measure(judge(name), seeds, **{**settings, **less})

    less: dict[str, Any] = {"steps": 3} if quick else {}
    seeds, few = (range(1), range(1)) if quick else (SEEDS, FEW)
    found: Parts = {}
    for name in ("faces", "digits"):
        found[f"{name}/real"] = partial(real, name)
        found[f"{name}/vae"] = partial(over, of_vae, name, seeds, {})
        found[f"{name}/gan"] = partial(over, of_gan, name, seeds, {})
    for change, settings in CHANGES.items():
        once = range(1) if "steps" in settings else few
        found[f"changes/{change}"] = partial(over, of_vae, "faces", once, settings)
    return found


def about() -> dict:
    """Seeds and settings."""
    return {
        "seeds": {"vae": list(SEEDS), "gan": list(SEEDS), "changes": list(FEW)},
        "settings": {
            "steps": STEPS,
            "batch": BATCH,
            "lr": LR,
            "latent_dim": LATENT,
            "width": WIDTH,
            "held_out": HELD_OUT,
            "samples": SAMPLES,
            "draws": DRAWS,
            "components": PARTS_OF_MIXTURE,
            "gan": PICTURES[GAME].described(),
            "changes": CHANGES,
        },
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
