"""Measures the faces recipe of chapter 09: coverage over seeds, and what each guideline adds.

    python -m gancourse.experiments.face_coverage            everything (about 8 CPU minutes)
    python -m gancourse.experiments.face_coverage --quick    a few steps of each; writes nothing
    python -m gancourse.experiments.face_coverage --only "beta1 = 0.9"    one ablation anew

Writes gancourse/experiments/face_coverage.json, which the chapter shows. Every run starts from
its seed alone and is measured on 2,000 samples by `mode_coverage(samples, FaceModes(faces))`.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from torch import nn

from gancourse.benchmark import machine
from gancourse.data.faces import FaceModes
from gancourse.data.images import Images, images
from gancourse.errors import GanCourseError
from gancourse.games import Hinge, NonSaturating
from gancourse.gans import GAN
from gancourse.metrics import mode_coverage
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.training import adam, decay, train

RESULT = Path(__file__).with_suffix(".json")
RECIPE = {"latent_dim": 32, "width": 32, "batch": 32, "lr": 2e-3, "betas": [0.5, 0.99], "ema": 0.99}
HELD_OUT, SAMPLES = 1000, 2000
STEPS, SEEDS = 1600, range(5)
ABLATION_STEPS, ABLATION_SEEDS = 600, range(3)


# ---- what an ablation does to the two networks; each takes and returns one network --------------


def without_norm(net):
    """Batch norm taken out; the layer before it gets the bias that it did without."""
    layers = []
    for layer in net:
        if isinstance(layer, nn.BatchNorm2d):
            layers[-1].bias = nn.Parameter(torch.zeros(layer.num_features))
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


def with_relu(net):
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
    for layer in net:
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    return net


def with_start(conv=0.02, norm_mean=1.0):
    def start(layer):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, conv)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, norm_mean, 0.02)

    return lambda net: net.apply(start)


def norm_at_the_output(net):
    return nn.Sequential(*net[:-1], nn.BatchNorm2d(3), net[-1])


def norm_at_the_input(net):
    return nn.Sequential(nn.BatchNorm2d(3), *net)


def dense_generator(net):
    return nn.Sequential(
        mlp(RECIPE["latent_dim"], 3 * 16 * 16, width=128, depth=2),
        nn.Unflatten(-1, (3, 16, 16)),
        nn.Tanh(),
    )


def dense_discriminator(net):
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


def measured(samples, target):
    result = mode_coverage(samples, target)
    kl = float(result.reverse_kl)  # nan if there is no face of high quality
    return {
        "modes": int(result.modes),
        "high_quality": round(float(result.high_quality), 4),
        "reverse_kl": None if math.isnan(kl) else round(kl, 4),
    }


def runs(data, target, steps, seeds, change):
    """The numbers of every seed, one after the other."""
    found = []
    for seed in seeds:
        begin = time.process_time()
        try:
            result = measured(trained(data, steps, seed, **change).sample(SAMPLES), target)
        except GanCourseError as diverged:
            result = {
                "modes": 0,
                "high_quality": 0.0,
                "reverse_kl": None,
                "stopped": diverged.what,
                "where": diverged.where,
            }
        seconds = round(time.process_time() - begin, 1)
        found.append({"seed": seed, **result, "cpu_seconds": seconds})
        print("   ", found[-1], flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few steps, nothing written")
    parser.add_argument(
        "--only",
        choices=ABLATIONS,
        metavar="NAME",
        help="measure one ablation anew and keep the rest of the file",
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    faces = images("faces")
    data, target = Images("faces", faces.pixels[HELD_OUT:]), FaceModes(faces)

    known = json.loads(RESULT.read_text("utf-8")) if arguments.only else {"ablations": {}}
    if not arguments.only:
        steps, seeds = (3, range(2)) if arguments.quick else (STEPS, SEEDS)
        print(f"the recipe, {steps} steps")
        known["runs"] = runs(data, target, steps, seeds, {})
    steps, seeds = (3, range(1)) if arguments.quick else (ABLATION_STEPS, ABLATION_SEEDS)
    for name in [arguments.only] if arguments.only else ABLATIONS:
        print(f"{name}, {steps} steps", flush=True)
        known["ablations"][name] = runs(data, target, steps, seeds, ABLATIONS[name])
    result = {
        "recipe": RECIPE,
        "steps": STEPS,
        "ablation_steps": ABLATION_STEPS,
        "samples": SAMPLES,
        "possible_modes": target.modes,
        "real": measured(faces[:SAMPLES], target),
        "runs": known["runs"],
        "ablations": {
            name: known["ablations"][name] for name in ABLATIONS if name in known["ablations"]
        },
        "machine": machine.describe(),
    }
    if not arguments.quick:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
