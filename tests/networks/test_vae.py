"""The VAE: its bound against torch's distributions, exact models, and the one loop."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Independent, Normal, kl_divergence

from gancourse.data.images import images
from gancourse.errors import GanCourseError
from gancourse.networks import dcgan
from gancourse.networks.mlp import mlp
from gancourse.networks.vae import VAE, encoder
from gancourse.theory.bounds import LinearGaussian, importance_bound
from gancourse.training import Training, adam, train


def small(**settings):
    torch.manual_seed(0)
    return VAE(mlp(3, 4, width=8, depth=1), mlp(2, 3, width=8, depth=1), 2, **settings)


def linear(slope, noise, mean, variance):
    """The model of theory.bounds as networks of one weight; its encoder answers a constant."""
    model = VAE(nn.Linear(1, 2), nn.Linear(1, 1), 1, sigma=noise)
    with torch.no_grad():
        for part in (*model.encoder.parameters(), *model.G.parameters()):
            part.zero_()
        model.encoder.bias.copy_(torch.tensor([mean, math.log(variance)]))
        model.G.weight.fill_(slope)
    return model


def test_both_halves_of_the_bound_are_torchs():
    model, x = small(sigma=0.3), torch.randn(5, 3)
    torch.manual_seed(1)
    fit, kl = model.bound(x)
    mean, log_variance = model.encode(x)
    q = Independent(Normal(mean, (log_variance / 2).exp()), 1)
    torch.manual_seed(1)
    z = q.rsample()
    expected = Independent(Normal(model.G(z), 0.3), 1).log_prob(x)
    torch.testing.assert_close(fit, expected)
    prior = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
    torch.testing.assert_close(kl, kl_divergence(q, prior))
    torch.manual_seed(1)
    torch.testing.assert_close(model.loss(x), (kl - expected).mean())
    torch.manual_seed(1)
    (weight,) = model.log_weights(x, 1)
    torch.testing.assert_close(
        weight, expected + prior.log_prob(z) - q.log_prob(z), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("mean, variance", [(0.0, 1.0), (1.2, 0.8), (1.2, 0.2)])
def test_bounds_of_the_linear_model(mean, variance):
    model, x = linear(2.0, 1.0, mean, variance), torch.full((4000, 1), 3.0)
    torch.manual_seed(0)
    with torch.no_grad():
        weights = model.log_weights(x, 50)
    exact = LinearGaussian(2.0)
    assert float(weights.mean()) == pytest.approx(float(exact.elbo(3.0, mean, variance)), abs=0.03)
    truth = float(exact.log_evidence(3.0))
    assert truth - 0.05 < float(importance_bound(weights).mean()) < truth + 0.005


def test_training_finds_the_linear_models_likelihood():
    """Data of variance 5: the best slope and noise explain it, and the bound is then exact."""
    torch.manual_seed(0)
    data = torch.randn(4000, 2) @ torch.tensor([[2.0, 0.6], [0.0, 0.5]])
    model = VAE(nn.Linear(2, 2), nn.Linear(1, 2), 1)
    pick = lambda: ((data[torch.randint(4000, (400,))],) for _ in iter(int, 1))
    schedule = lambda step: 1 - step / 800
    train(model, pick(), 800, optimizer=adam(0.03, (0.9, 0.99)), schedule=schedule, seed=0)
    values = torch.linalg.eigvalsh(torch.cov(data.T, correction=0))
    assert model.sigma == pytest.approx(float(values[0].sqrt()), rel=0.1)
    best = -(math.log(2 * math.pi) + 1 + 0.5 * values.log().sum())  # one latent of two directions
    torch.manual_seed(1)
    with torch.no_grad():
        found = -model.loss(data)
    assert float(found) == pytest.approx(float(best), abs=0.05)


def test_faces_through_the_one_loop_and_back_from_a_checkpoint(tmp_path):
    def fresh():
        torch.manual_seed(0)
        return VAE(encoder(16, 3, 8, 4), dcgan.generator(16, 3, 8, 4), 8)

    data = images("faces").batches(16)
    whole = train(fresh(), data, 6, seed=1, ema=0.9)
    assert whole.history.loss.shape == (6,) and whole.sample(3).shape == (3, 3, 16, 16)
    half = train(fresh(), data, 3, seed=1, ema=0.9)
    half.save(tmp_path / "vae.pt")
    again = Training.load(tmp_path / "vae.pt", fresh(), data, seed=1, ema=0.9).advance(3)
    for a, b in zip(whole.gan.parameters(), again.gan.parameters(), strict=True):
        assert torch.equal(a, b)
    assert whole.gan.sigma != fresh().sigma  # the noise is learnt


def test_samples_come_from_the_seed_and_leave_the_mode_alone():
    model = small(sigma=0.5)
    model.train()
    state = torch.get_rng_state()
    a, b, noisy = model.sample(400, 3), model.sample(400, 3), model.sample(400, 3, noise=True)
    assert torch.equal(a, b) and model.training and torch.equal(state, torch.get_rng_state())
    assert (noisy - a).std() == pytest.approx(0.5, abs=0.03)
    assert not torch.equal(a, model.sample(400, 4))


def test_without_kl_it_is_an_autoencoder():
    model, x = small(sigma=1.0, weight=0.0), torch.randn(6, 3)
    mean, log_variance = model.encode(x)
    assert torch.equal(model.code(mean, log_variance), mean)
    assert torch.equal(model.loss(x), model.loss(x))


@pytest.mark.parametrize("size", [8, 16, 32])
def test_encoder_of_pictures(size):
    assert encoder(size, 3, 5, 4)(torch.zeros(2, 3, size, size)).shape == (2, 10)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: small(sigma=0.0), "sigma must be a positive number"),
        (lambda: small(weight=-1.0), "weight must be"),
        (lambda: VAE(mlp(3, 4), mlp(2, 3), 0), "latent_dim must be"),
        (lambda: VAE(mlp(3, 5), mlp(2, 3), 2).loss(torch.zeros(2, 3)), "5 numbers|must be 4"),
        (lambda: VAE(mlp(3, 4), mlp(2, 2), 2).loss(torch.zeros(2, 3)), "decoder makes samples"),
        (lambda: encoder(12, 3, 5), "size must be a power"),
        (lambda: encoder(16, 0, 5), "channels must be"),
        (lambda: small().sample(0), "n must be"),
        (lambda: small().log_weights(torch.zeros(2, 3), 0), "k must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(GanCourseError, match=message):
        call()
