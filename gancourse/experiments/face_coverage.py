"""Measures the faces recipe of chapter 09: coverage over seeds, and what each guideline adds.

    python -m gancourse.experiments.face_coverage            everything (about 8 CPU minutes)
    python -m gancourse.experiments.face_coverage --only "ablations/beta1 = 0.9"    one anew

(More options in ``recording``.) Every run starts from its seed alone and is measured on 2,000
samples by ``mode_coverage(samples, FaceModes(faces))``. Parts: ``real``, the same of real faces;
``runs``, the recipe as the chapter trains it; ``ablations``, one change at a time, shorter;
``repainted``, the worst of them once more, before and after one affine map for each colour.
"""

from functools import partial
from typing import Any

import torch
from torch import nn

from gancourse.data.faces import FaceModes
from gancourse.data.images import Images, images
from gancourse.errors import GanCourseError
from gancourse.experiments.recording import Clock, Experiment, Parts, rounded
from gancourse.games import Hinge, NonSaturating
from gancourse.gans import GAN
from gancourse.metrics import mode_coverage
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.training import adam, decay, train

RECIPE: dict[str, Any] = {
    "latent_dim": 32,
    "width": 32,
    "batch": 32,
    "lr": 2e-3,
    "betas": [0.5, 0.99],
    "ema": 0.99,
}
HELD_OUT, SAMPLES = 1000, 2000
STEPS, SEEDS = 1600, range(5)
ABLATION_STEPS, ABLATION_SEEDS = 600, range(3)


# ---- what an ablation does to the two networks; each takes and returns one network --------------


def without_norm(net):
    """Batch norm taken out; the layer before it gets the bias that it did without."""
    layers: list[nn.Module] = []
    for layer in net:
        if isinstance(layer, nn.BatchNorm2d):
            layers[-1].bias = nn.Parameter(torch.zeros(layer.num_features))
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


def with_relu(net):
    """ReLU in place of LeakyReLU."""
    return nn.Sequential(*(nn.ReLU() if isinstance(x, nn.LeakyReLU) else x for x in net))


def with_max_pooling(net):
    """Each halving convolution replaced by one of stride 1 and a pooling layer."""
    layers = []
    for layer in net:
        if isinstance(layer, nn.Conv2d) and layer.stride == (2, 2):
            layers += [
                nn.Conv2d(
                    layer.in_channels, layer.out_channels, 3, 1, 1, bias=layer.bias is not None
                ),
                nn.MaxPool2d(2),
            ]
        else:
            layers.append(layer)
    return nn.Sequential(*layers).apply(dcgan.initialise)


def with_default_start(net):
    """PyTorch's own start of every layer."""
    for layer in net:
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    return net


def with_start(conv=0.02, norm_mean=1.0):
    """A function that starts the weights of convolutions and of batch norm otherwise."""

    def start(layer):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, conv)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, norm_mean, 0.02)

    return lambda net: net.apply(start)


def norm_at_the_output(net):
    """Batch norm before the last activation."""
    return nn.Sequential(*net[:-1], nn.BatchNorm2d(3), net[-1])


def norm_at_the_input(net):
    """Batch norm before the first layer."""
    return nn.Sequential(nn.BatchNorm2d(3), *net)


def dense_generator(net):
    """Two hidden dense layers of 128 in place of the convolutions."""
    return nn.Sequential(
        mlp(RECIPE["latent_dim"], 3 * 16 * 16, width=128, depth=2),
        nn.Unflatten(-1, (3, 16, 16)),
        nn.Tanh(),
    )


def dense_discriminator(net):
    """The same for the discriminator."""
    return nn.Sequential(
        nn.Flatten(),
        mlp(3 * 16 * 16, 1, width=128, depth=2, activation=lambda: nn.LeakyReLU(0.2)),
        nn.Flatten(0),
    )


#: name -> what changes: "G", "D" (a function of the network), or a setting.
ABLATIONS = {
    "all guidelines": {},
    "max pooling in D": {"D": with_max_pooling},
    "dense layers in G and D": {"G": dense_generator, "D": dense_discriminator},
    "no batch norm in D": {"D": without_norm},
    "no batch norm in G": {"G": without_norm},
    "batch norm also at D's input": {"D": norm_at_the_input},
    "batch norm also at G's output": {"G": norm_at_the_output},
    "ReLU in D": {"D": with_relu},
    "no tanh at G's output": {"G": lambda net: net[:-1]},
    "PyTorch's default start": {"G": with_default_start, "D": with_default_start},
    "conv weights ~ N(0, 0.2)": {"G": with_start(conv=0.2), "D": with_start(conv=0.2)},
    "BN weights ~ N(0, 0.02)": {"G": with_start(norm_mean=0.0), "D": with_start(norm_mean=0.0)},
    "beta1 = 0.9": {"betas": [0.9, 0.99]},
    "beta1 = 0": {"betas": [0.0, 0.99]},
    "beta2 = 0.999": {"betas": [0.5, 0.999]},
    "lr = 0.0002": {"lr": 2e-4},
    "spectral norm, hinge (own lr, betas)": {
        "norm": "spectral",
        "game": Hinge(),
        "lr": 1e-3,
        "betas": [0.0, 0.9],
    },
}


#: The ablations that are measured once more with their colours mended, and the recipe beside them.
REPAINTED = (
    "all guidelines",
    "batch norm also at D's input",
    "conv weights ~ N(0, 0.2)",
    "beta1 = 0.9",
)


def trained(data, steps, seed, G=None, D=None, norm="batch", game=None, **changes):
    """One run of the recipe, changed as told."""
    r = {**RECIPE, **changes}
    torch.manual_seed(seed)
    generator = dcgan.generator(16, 3, r["latent_dim"], r["width"])
    discriminator = dcgan.discriminator(16, 3, r["width"], norm)
    gan = GAN(
        game or NonSaturating(),
        generator=G(generator) if G else generator,
        discriminator=D(discriminator) if D else discriminator,
        latent_dim=r["latent_dim"],
    )
    return train(
        gan,
        data.batches(r["batch"]),
        steps,
        optimizer=adam(r["lr"], r["betas"]),
        schedule=decay(steps),
        ema=r["ema"],
        seed=seed,
    )


def coverage(samples, target):
    """Modes reached, share of clean faces, evenness (null if there is no clean face)."""
    result = mode_coverage(samples, target)
    return {
        "modes": int(result.modes),
        "high_quality": rounded(float(result.high_quality)),
        "reverse_kl": rounded(float(result.reverse_kl)),
    }


def runs(data, target, steps, seeds, change):
    """The numbers of every seed, one after the other."""
    found = []
    for seed in seeds:
        clock = Clock()
        try:
            result = coverage(trained(data, steps, seed, **change).sample(SAMPLES), target)
        except GanCourseError as diverged:
            result = {
                "modes": 0,
                "high_quality": 0.0,
                "reverse_kl": None,
                "stopped": diverged.what,
                "where": diverged.where,
            }
        found.append({"seed": seed, **result, "cpu_seconds": round(clock(), 1)})
        print("   ", found[-1], flush=True)
    return found


def repainted(samples, real):
    """The samples with the mean and spread of each colour of the real pictures, in [-1, 1].

    One affine map for each colour, the same for all samples, positions and both ends: just what a
    discriminator with batch norm at its input cannot see.
    """

    def moments(x):
        return x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), keepdim=True)

    (mean, spread), (real_mean, real_spread) = moments(samples), moments(real)
    return ((samples - mean) / spread * real_spread + real_mean).clamp(-1, 1)


def repaint(data, target, steps, seeds, change):
    """The numbers of every seed before and after the affine map."""
    found = []
    for seed in seeds:
        samples = trained(data, steps, seed, **change).sample(SAMPLES).cpu()
        found.append(
            {
                "seed": seed,
                "before": coverage(samples, target),
                "after": coverage(repainted(samples, data[:]), target),
            }
        )
        print("   ", found[-1], flush=True)
    return found


def parts(quick: bool) -> Parts:
    """Real faces, the recipe, and every ablation."""
    faces = images("faces")
    data, target = Images("faces", faces.pixels[HELD_OUT:]), FaceModes(faces)
    measure = partial(runs, data, target)
    whole = (3, range(1)) if quick else (STEPS, SEEDS)
    short = (3, range(1)) if quick else (ABLATION_STEPS, ABLATION_SEEDS)
    return {
        "real": partial(coverage, faces[:SAMPLES], target),
        "runs": partial(measure, *whole, {}),
        **{f"ablations/{name}": partial(measure, *short, ABLATIONS[name]) for name in ABLATIONS},
        **{
            f"repainted/{name}": partial(repaint, data, target, *short, ABLATIONS[name])
            for name in REPAINTED
        },
    }


def about() -> dict:
    """Seeds and settings."""
    return {
        "seeds": {"runs": list(SEEDS), "ablations": list(ABLATION_SEEDS)},
        "settings": {
            "recipe": RECIPE,
            "steps": STEPS,
            "ablation_steps": ABLATION_STEPS,
            "held_out": HELD_OUT,
            "samples": SAMPLES,
            "possible_modes": 40,
        },
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
