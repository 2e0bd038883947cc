"""Measures what chapter 10 claims about batch norm: why it helps, its noise, its place in a GAN.

    python -m gancourse.experiments.normalization            everything (two CPU minutes)

(More options in ``recording``.) All seeds of a setting train at once, as an ensemble with a member
axis. Three parts:

shift
    a deep classifier of digits without batch norm, with it, and with noise behind it whose mean
    and spread change at every step (after Santurkar et al., 2018).
noise
    a classifier of few digits; the statistics of a batch of 128 are taken in smaller lots, so that
    only the noise of the statistics changes and nothing else.
gan
    a GAN of digits: real and fake apart or together, batch norm at the two ends.
"""

import copy
import math
from functools import partial

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from gancourse.data.images import images
from gancourse.experiments.recording import Experiment, Parts, rounded
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.metrics import mode_coverage
from gancourse.networks.mlp import MemberLinear
from gancourse.training import adam, decay, train

SEEDS = 8
RATES = (0.003, 0.01, 0.03, 0.1, 0.3)
LOTS = (128, 32, 8, 4, 2)


class Norm(nn.Module):
    """Batch norm of ``(members, batch, features)``; with ``pixels``, one mean for all features.

    In training the statistics are those of lots of ``lot`` samples each.
    """

    mean: torch.Tensor
    variance: torch.Tensor

    def __init__(self, features, lot=None, pixels=False):
        super().__init__()
        shape = (SEEDS, 1, 1 if pixels else features)
        self.gamma, self.beta = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("variance", torch.ones(shape))
        self.lot, self.axes = lot, (2, 3) if pixels else (2,)

    def forward(self, h):
        if not self.training:
            return self.gamma * (h - self.mean) / (self.variance + 1e-5).sqrt() + self.beta
        lots = h.unflatten(1, (-1, self.lot or h.shape[1]))
        mean = lots.mean(self.axes, keepdim=True)
        variance = (lots - mean).square().mean(self.axes, keepdim=True)
        with torch.no_grad():
            self.mean.lerp_(mean.mean(1), 0.1)
            self.variance.lerp_(variance.mean(1), 0.1)
        hat = ((lots - mean) / (variance + 1e-5).sqrt()).flatten(1, 2)
        return self.gamma * hat + self.beta


class Noise(nn.Module):
    """Shifts and stretches each unit anew at every step, and each sample a little more.

    At evaluation all of it is replaced by its mean: no shift, and a stretch of 1.125.
    """

    mean_stretch = 1.125

    def forward(self, h):
        if not self.training:
            return self.mean_stretch * h
        unit = h[:, :1]
        shift = torch.empty_like(unit).uniform_(-0.5, 0.5)
        stretch = torch.empty_like(unit).uniform_(1, 1.25)
        jitter = torch.empty_like(h).uniform_(-0.1, 0.1)
        return (stretch + 0.1 * torch.randn_like(h)) * h + shift + jitter


def linear(inputs, outputs, gain):
    """A linear layer of the ensemble, with weights from N(0, gain / inputs) and biases of 0."""
    layer = MemberLinear(SEEDS, inputs, outputs)
    nn.init.normal_(layer.weight, 0, math.sqrt(gain / inputs))
    nn.init.zeros_(layer.bias)
    return layer


def classifier(kind, pixels, depth, width, lot=None):
    """Blocks of linear, norm, noise and ReLU, and a linear layer; He's start."""
    layers = []
    for inputs in [pixels] + [width] * (depth - 1):
        norm = [Norm(width, lot)] if kind != "plain" else []
        extra = [*norm, Noise()] if kind == "noisy" else norm
        layers.append(nn.Sequential(linear(inputs, width, 2), *extra, nn.ReLU()))
    return nn.Sequential(*layers, linear(width, 10, 1))


def loss_of(net, x, y):
    """Mean cross-entropy of each member; ``x`` is (members, batch, pixels)."""
    return cross_entropy(net(x).transpose(1, 2), y, reduction="none").mean(1)


class Fitting(nn.Module):
    """An ensemble of classifiers as its own player, which lets a member diverge.

    Here that some seeds diverge at a rate is a finding and must not stop the others: a member
    whose loss or gradient is no longer finite gets no gradient, and its loss is noted as it is.
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net
        self.losses: list[torch.Tensor] = []
        self.batch: tuple[torch.Tensor, ...] = ()
        for weight in net.parameters():
            weight.register_hook(lambda slope: slope.nan_to_num(0.0, 0.0, 0.0))

    def loss(self, x, y):
        """The mean cross-entropy of each member; 0 for those that have diverged."""
        self.batch = x, y
        loss = loss_of(self.net, x, y)
        self.losses.append(loss.detach())
        return torch.where(loss.isfinite(), loss, 0)


def fit(net, x, y, steps, lr, batch, watch=None):
    """Stochastic gradient descent with momentum; the losses ``(steps, members)``.

    Every twentieth step, from the eleventh on, ``watch`` sees the network before and after it and
    the batch that it was made on.
    """

    def batches():
        while True:
            pick = torch.randint(len(x), (SEEDS, batch))
            yield x[pick], y[pick]

    model, before = Fitting(net), []

    def compare(training):
        if training.step % 20 == 10:
            before.append(copy.deepcopy(net))
        elif training.step % 20 == 11:
            watch(before.pop(), net, *model.batch)

    sgd = partial(torch.optim.SGD, lr=lr, momentum=0.9)
    train(model, batches(), steps, optimizer=sgd, watch=watch and compare, every=1)
    return torch.stack(model.losses)


@torch.no_grad()
def accuracy(net, x, y):
    """The share of samples that each member, in evaluation mode, classifies rightly."""
    net.eval()
    return (net(x.expand(SEEDS, -1, -1)).argmax(-1) == y).double().mean(1)


@torch.no_grad()
def settled(net, x, y):
    """The loss of each member over all of ``x``, in evaluation mode: without any noise."""
    return loss_of(net.eval(), x.expand(SEEDS, -1, -1), y.expand(SEEDS, -1))


def forgetful(net):
    """A copy whose noise has forgotten, at evaluation, that it stretches by 1.125 on average."""
    net = copy.deepcopy(net)
    for layer in net.modules():
        if isinstance(layer, Noise):
            layer.mean_stretch = 1.0
    return net


# ---- the shift: of the inputs of a layer, and of its gradient ----------------------------------


@torch.no_grad()
def moments(net, x):
    """Mean and standard deviation of what enters each layer after the first, (layers, ...)."""
    inputs = [x]
    for layer in net[:-1]:
        inputs.append(layer(inputs[-1]))
    return [(h.mean(1), h.std(1)) for h in inputs[1:]]


def drift(before, after, x):
    """How far the means move in one step, in standard deviations, over all live units."""
    moved = [
        ((m2 - m1).abs() / s1.clamp(min=1e-3))[s1 > 1e-3].mean()
        for (m1, s1), (m2, _) in zip(moments(before, x), moments(after, x), strict=True)
    ]
    return float(torch.stack(moved).mean())


def turn(before, after, x, y):
    """Cosine of a layer's gradient with itself once the layers *below* it have taken their step."""
    cosines = []
    for i in range(2, len(before), 2):
        slopes = []
        for below in (before, after):
            net = copy.deepcopy(nn.Sequential(*below[:i], *before[i:]))
            weight = next(net[i].parameters())
            slopes.append(torch.autograd.grad(loss_of(net, x, y).sum(), weight)[0].flatten(1))
        cosines.append(torch.cosine_similarity(slopes[0], slopes[1], dim=1).mean())
    return float(torch.stack(cosines).mean())


def shift(x, y, x_test, y_test, steps):
    """Three kinds of classifier at five rates; at its best one, how far its layers shift."""
    found: dict[str, dict] = {}
    for kind in ("plain", "batch norm", "noisy"):
        rates = {}
        for lr in RATES:
            torch.manual_seed(0)
            net = classifier(kind, x.shape[1], depth=10, width=48)
            losses = fit(net, x, y, steps, lr, batch=64)
            rates[str(lr)] = {
                "loss": rounded(losses[-20:].mean(0)),
                "halfway": rounded(losses[steps // 2 - 10 : steps // 2 + 10].mean(0)),
                "settled": rounded(settled(net, x, y)),
                "accuracy": rounded(accuracy(net, x_test, y_test)),
            }
            if kind == "noisy":
                slip = forgetful(net)
                rates[str(lr)]["slip"] = {
                    "settled": rounded(settled(slip, x, y)),
                    "accuracy": rounded(accuracy(slip, x_test, y_test)),
                }
        best = min(rates, key=lambda lr: mean(rates[lr]["loss"]))
        drifts: list[float] = []
        turns: list[float] = []

        def watch(before, after, x, y, drifts=drifts, turns=turns):
            drifts.append(drift(before, after, x))
            turns.append(turn(before, after, x, y))

        torch.manual_seed(0)
        curve = fit(
            classifier(kind, x.shape[1], depth=10, width=48), x, y, steps, float(best), 64, watch
        )
        found[kind] = {
            "rates": rates,
            "best_rate": float(best),
            "drift": rounded(drifts),
            "turn": rounded(turns),
            "curve": rounded(curve.unflatten(0, (-1, 10)).mean((1, 2))),
        }
        print(kind, best, found[kind]["rates"][best], mean(drifts), mean(turns), flush=True)
    return found


# ---- the noise of the statistics ---------------------------------------------------------------


def noise(x, y, x_test, y_test, steps):
    """Loss and accuracy by the size of the lots in which the statistics are taken."""
    found, few = {}, slice(0, 200)
    for lot in LOTS:
        torch.manual_seed(0)
        net = classifier("batch norm", x.shape[1], depth=3, width=64, lot=lot)
        losses = fit(net, x[few], y[few], steps, 0.1, batch=128)
        found[str(lot)] = {
            "train_loss": rounded(losses[-20:].mean(0)),
            "accuracy": rounded(accuracy(net, x_test, y_test)),
        }
        print("lots of", lot, found[str(lot)], flush=True)
    return found


# ---- a GAN -------------------------------------------------------------------------------------


class DigitModes:
    """Ten classes, read off the nearest training digit; good if it is as near as a new digit is."""

    modes = 10

    def __init__(self, x, y, x_test):
        self.x, self.y = x, y
        self.limit = torch.cdist(x_test, x).amin(1).quantile(0.95)

    def assign(self, samples):
        nearest = torch.cdist(samples.flatten(0, -2), self.x).min(1)
        shape = samples.shape[:-1]
        return self.y[nearest.indices].view(shape), (nearest.values < self.limit).view(shape)


class Batching(GAN):
    """How D gets its batches: ``apart``, ``together``, or together in D's own turn only."""

    def __init__(self, how, **networks):
        super().__init__(NonSaturating(), latent_dim=16, **networks)
        self.how, self.together = how, how != "apart"

    def g_loss(self, x):
        if self.how != "together":
            return super().g_loss(x)
        return self.game.g_loss(None, self.scores(x, self.generate(x))[1])


class Members(nn.Sequential):
    """The layers of an ensemble, which says so."""

    members = SEEDS


def generator(pixels, width=64, at_the_end=False):
    """Two hidden layers with batch norm; on request another one behind the last layer."""
    return Members(
        linear(16, width, 2),
        Norm(width),
        nn.ReLU(),
        linear(width, width, 2),
        Norm(width),
        nn.ReLU(),
        linear(width, pixels, 1),
        *([Norm(pixels, pixels=True)] if at_the_end else []),
        nn.Tanh(),
    )


def discriminator(pixels, width=64, depth=3, norm=True, at_the_start=False):
    """``depth`` hidden layers; batch norm in all but the first, as in a DCGAN."""
    layers: list[nn.Module] = [Norm(pixels, pixels=True)] if at_the_start else []
    for i in range(depth):
        layers += [
            linear(width if i else pixels, width, 2),
            *([Norm(width)] if norm and i else []),
            nn.LeakyReLU(0.2),
        ]
    return Members(*layers, linear(width, 1, 1))


#: name -> how D gets its batches, and what changes in "G" and "D".
PLACES: dict[str, dict] = {
    "real and fake apart": {},
    "together in both turns": {"how": "together"},
    "together in D's turn only": {"how": "D's turn"},
    "no batch norm in D": {"D": {"norm": False}},
    "together, also at G's output": {"how": "together", "G": {"at_the_end": True}},
    "together, also at D's input": {"how": "together", "D": {"at_the_start": True}},
    "smaller D: apart": {"D": {"depth": 2}},
    "smaller D: together": {"how": "together", "D": {"depth": 2}},
    "smaller D: no batch norm": {"D": {"depth": 2, "norm": False}},
}


def gan(x, y, x_test, steps):
    """A GAN for every place of batch norm: good digits, classes reached, losses."""

    def batches():
        while True:
            yield (x[torch.randint(len(x), (SEEDS, 32))],)

    target = DigitModes(x, y, x_test)
    real = mode_coverage(x_test, target)
    found = {"real": {"good": rounded(float(real.high_quality)), "modes": int(real.modes)}}
    for name, change in PLACES.items():
        torch.manual_seed(0)
        pair = Batching(
            change.get("how", "apart"),
            generator=generator(x.shape[1], **change.get("G", {})),
            discriminator=discriminator(x.shape[1], **change.get("D", {})),
        )
        run = train(
            pair,
            batches(),
            steps,
            optimizer=adam(1e-3, (0.5, 0.99)),
            schedule=decay(steps),
            ema=0.99,
        )
        coverage = mode_coverage(run.sample(1000), target, least=10)
        found[name] = {
            "good": rounded(coverage.high_quality),
            "modes": coverage.modes.tolist(),
            **{name: rounded(loss[-50:].mean(0)) for name, loss in run.history._asdict().items()},
        }
        print(name, found[name], flush=True)
    return found


def mean(values):
    """Infinite where a run has diverged."""
    return sum(math.inf if v is None else v for v in values) / len(values)


def parts(quick: bool) -> Parts:
    """The three measurements, on digits of 8 x 8 pixels, 500 of them held out."""
    digits = images("digits", size=8)
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))
    x, y = digits[:].flatten(1)[order], digits.labels["digit"][order]
    x, y, x_test, y_test = x[:1297], y[:1297], x[1297:], y[1297:]
    centre, spread = x.mean(), x.std()
    standard = ((x - centre) / spread, y, (x_test - centre) / spread, y_test)
    return {
        "shift": lambda: shift(*standard, 20 if quick else 200),
        "noise": lambda: noise(*standard, 20 if quick else 200),
        "gan": lambda: gan(x, y, x_test, 3 if quick else 1000),
    }


def about() -> dict:
    """Seeds and settings."""
    return {
        "seeds": SEEDS,
        "settings": {
            "shift": "10 hidden layers of 48, batch 64, 200 steps, SGD 0.9",
            "noise": "3 hidden layers of 64, 200 digits, batch 128, 200 steps, SGD 0.9, rate 0.1",
            "gan": "G with 2, D with 3 hidden layers of 64 (smaller D: 2), "
            "batch 32, 1000 steps, Adam 0.001 (0.5, 0.99), 1000 samples",
        },
    }


EXPERIMENT = Experiment(__file__, __doc__, parts, about)

if __name__ == "__main__":
    EXPERIMENT.main()
