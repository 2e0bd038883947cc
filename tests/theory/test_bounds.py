"""Bounds against quadrature, torch's distributions and a law that is known."""

import math

import pytest
import torch
from scipy import integrate
from scipy.stats import norm
from torch.distributions import Normal, kl_divergence

from gancourse.errors import GanCourseError
from gancourse.theory import bounds as theory


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


MODELS = [(2.0, 1.0, 3.0), (1.2, 1.0, 3.0), (-0.7, 0.4, 1.1)]


@pytest.mark.parametrize("slope, noise, x", MODELS)
def test_everything_of_the_linear_model_by_quadrature(slope, noise, x):
    model = theory.LinearGaussian(slope, noise)
    joint = lambda z: norm.pdf(z) * norm.pdf(x, slope * z, noise)
    evidence = integrate.quad(joint, -12, 12, points=[x / slope])[0]
    assert float(model.log_evidence(x)) == pytest.approx(math.log(evidence), abs=1e-7)
    mean, variance = model.posterior(x)
    moment = lambda k: integrate.quad(lambda z: z**k * joint(z), -12, 12, points=[x / slope])[0]
    assert moment(1) / evidence == pytest.approx(mean, abs=1e-6)
    assert moment(2) / evidence - mean**2 == pytest.approx(variance, abs=1e-6)
    for m, v in ((0.0, 1.0), (mean, 0.8), (mean, variance)):
        inside = lambda z, m=m, v=v: (
            norm.pdf(z, m, math.sqrt(v))
            * (norm.logpdf(z) + norm.logpdf(x, slope * z, noise) - norm.logpdf(z, m, math.sqrt(v)))
        )
        found = integrate.quad(inside, m - 12 * math.sqrt(v), m + 12 * math.sqrt(v))[0]
        assert float(model.elbo(x, m, v)) == pytest.approx(found, abs=1e-6)
    assert float(model.elbo(x, mean, variance)) == pytest.approx(float(model.log_evidence(x)))


def test_a_better_bound_of_a_worse_model():
    good, bad = theory.LinearGaussian(2.0), theory.LinearGaussian(1.2)
    loose, tight = good.elbo(3.0, 1.2, 0.8), bad.elbo(3.0, *bad.posterior(3.0))
    assert float(loose) == pytest.approx(-3.4305, abs=1e-4)
    assert float(tight) == pytest.approx(-3.2092, abs=1e-4)
    assert good.log_evidence(3.0) > bad.log_evidence(3.0)


def test_the_ladder_rises_to_the_evidence():
    model = theory.LinearGaussian(2.0)
    eps = torch.randn(50, 40000, generator=rng(), dtype=torch.float64)
    for (mean, variance), known in {
        (1.2, 0.8): (-3.4305, -2.687, -2.629),
        (0.0, 1.0): (-7.4189, -3.144, -2.655),
    }.items():
        weights = model.log_weights(3.0, mean, variance, eps)
        found = [float(theory.importance_bound(weights[:k]).mean()) for k in (1, 5, 50)]
        assert found == pytest.approx(known, abs=0.08)
        assert found[0] < found[1] < found[2] < float(model.log_evidence(3.0))
    exact = model.log_weights(3.0, *model.posterior(3.0), eps[:3])
    torch.testing.assert_close(exact, model.log_evidence(3.0).expand(exact.shape))


def test_kl_and_density_are_torchs():
    mean, log_variance = torch.randn(2, 6, 3, generator=rng(), dtype=torch.float64)
    law = Normal(mean, (log_variance / 2).exp())
    expected = kl_divergence(law, Normal(torch.zeros(3).double(), 1.0)).sum(-1)
    torch.testing.assert_close(theory.gaussian_kl(mean, log_variance), expected)
    x = torch.randn(6, 3, generator=rng(1), dtype=torch.float64)
    log_p = theory.log_gaussian(x, mean, (log_variance / 2).exp())
    torch.testing.assert_close(log_p, law.log_prob(x))


def test_effective_size():
    assert float(theory.effective_size(torch.zeros(7).double())) == pytest.approx(7)
    assert float(theory.effective_size(torch.tensor([0.0, -99.0]))) == pytest.approx(1)
    weights = torch.tensor([1.0, 2.0, 5.0]).double()
    assert float(theory.effective_size(weights.log() + 1000)) == pytest.approx(64 / 30)


def test_loss_weight_is_a_decoders_noise():
    """The slopes of both losses agree, up to one factor."""
    assert theory.decoder_sigma(0.00025, 64 * 64 * 3) == pytest.approx(1.239, abs=5e-4)
    assert theory.decoder_sigma(1, 784) == pytest.approx(19.8, abs=0.01)
    x, weight = torch.randn(1, 30, generator=rng(), dtype=torch.float64), 0.02
    decoded = torch.zeros(1, 30, dtype=torch.float64, requires_grad=True)
    kl = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    short = ((x - decoded) ** 2).mean() + weight * kl
    whole = kl - Normal(decoded, theory.decoder_sigma(weight, 30)).log_prob(x).sum()
    slopes = [torch.autograd.grad(loss, (decoded, kl)) for loss in (short, whole)]
    for of_short, of_whole in zip(*slopes, strict=True):
        torch.testing.assert_close(of_short, weight * of_whole)


def test_tilt_is_one_at_zero_and_bends_with_the_variance():
    """Along the widest direction it first rises where sigma is below its deviation."""
    x = torch.randn(500, 4, generator=rng(), dtype=torch.float64) * torch.tensor([2.0, 1, 1, 0.5])
    deviation = theory.largest_variance(x) ** 0.5
    values, vectors = torch.linalg.eigh(torch.cov(x.T, correction=0))
    assert values[-1].sqrt() == pytest.approx(deviation)
    assert float(theory.tilt(x, torch.zeros(4).double(), 1.0)) == pytest.approx(1)
    little = 0.05 * vectors[:, -1]
    assert theory.tilt(x, little, 0.95 * deviation) > 1 > theory.tilt(x, little, 1.05 * deviation)
    v = torch.randn(3, 4, generator=rng(1), dtype=torch.float64)
    plain = torch.stack([torch.exp(((x - x.mean(0)) @ u - u @ u / 2) / 1.3**2).mean() for u in v])
    torch.testing.assert_close(theory.tilt(x, v, 1.3), plain)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: theory.LinearGaussian(1.0, -1.0), "noise must be"),
        (lambda: theory.decoder_sigma(-1.0, 4), "weight must be"),
        (lambda: theory.decoder_sigma(1.0, 0), "pixels must be"),
        (lambda: theory.tilt(torch.ones(3, 2), torch.ones(2), 0.0), "sigma is 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(GanCourseError, match=message):
        call()
