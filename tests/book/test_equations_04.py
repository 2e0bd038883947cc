"""Chapter 4, equation by equation: quadrature, enumeration, torch; the printed formula."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate
from scipy.stats import multivariate_normal, norm
from sklearn.metrics import roc_auc_score
from torch.distributions import Normal, kl_divergence

from formula import Operator

#: Slope, noise of the decoder, and what was seen.
MODELS = [(2.0, 1.0, 3.0), (1.2, 1.0, 3.0), (-0.7, 0.4, 1.1)]
each_model = pytest.mark.parametrize("a, sigma, x", MODELS)
Z = np.linspace(-12, 12, 96001)
P = np.array([0.35, 0.25, 0.20, 0.12, 0.08])
Q = np.array([0.02, 0.05, 0.13, 0.30, 0.50])
FIVE = range(1, 6)


def normal(x, mean, variance):
    return norm.pdf(x, mean, np.sqrt(variance))


def over(law):
    """The expectation over a density on the grid; of a number, the number."""
    return Operator(lambda value: integrate.trapezoid(value * law, Z))


def parts(a, sigma, x):
    """Joint density on the grid, and its integral, by quadrature."""
    joint = norm.pdf(Z) * norm.pdf(x, a * Z, sigma)
    return joint, integrate.trapezoid(joint, Z)


def gap(q, p):
    """KL on the grid."""
    return integrate.trapezoid(np.where(q > 0, q * np.log(np.maximum(q, 1e-300) / p), 0), Z)


def bell(mean, variance):
    return np.maximum(normal(Z, mean, variance), 1e-300)


@pytest.mark.equation("eq-latent-marginal", tex="d5a8db8f")
@each_model
def test_the_density_is_an_average_over_codes(a, sigma, x, printed):
    """The sum of two normal variables is normal."""
    names = {r"p_\theta(x\mid z)": norm.pdf(x, a * Z, sigma), "p(z)": norm.pdf(Z), "z": Z}
    names[r"p_\theta(x)"] = multivariate_normal.pdf(x, 0, a**2 + sigma**2)
    assert printed("eq-latent-marginal").holds(names, rel=1e-7)
    assert not printed("eq-latent-marginal").holds({**names, "p(z)": norm.pdf(Z, 0, 1.1)}, rel=1e-4)


@pytest.mark.equation("eq-linear-gaussian", tex="cfcd77c9")
@each_model
def test_everything_is_known_of_the_linear_model(a, sigma, x, printed):
    """Evidence and posterior by quadrature, at many codes."""
    joint, evidence = parts(a, sigma, x)
    formula = printed("eq-linear-gaussian")
    for k in range(30000, 66000, 3000):
        names = {"a": a, r"\sigma": sigma, "x": x, "z": Z[k], r"\mathcal N": normal}
        names |= {"p(x)": evidence, r"p(z\mid x)": joint[k] / evidence}
        assert formula.holds(names, rel=1e-6)


@pytest.mark.equation("eq-monte-carlo", tex="492818b7")
def test_an_estimate_is_the_mean_of_the_outputs(printed):
    """NumPy's mean of the values, not the value of the mean."""
    z = np.random.default_rng(0).normal(size=7)
    names = {"n": 7, "z": z, "f": lambda v: v**2, r"\hat I_n": np.mean(z**2)}
    assert printed("eq-monte-carlo").holds(names)
    assert not printed("eq-monte-carlo").holds({**names, r"\hat I_n": np.mean(z) ** 2})


@pytest.mark.equation("eq-monte-carlo-error", tex="09643402")
@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_error_of_an_estimate(n, printed):
    """A law on three values, all n-tuples of draws enumerated."""
    values, law = np.array([0.0, 1.0, 5.0]), np.array([0.5, 0.3, 0.2])
    means, weights = np.zeros(1), np.ones(1)
    for _ in range(n):
        means = np.add.outer(means, values).ravel()
        weights = np.multiply.outer(weights, law).ravel()
    spread = lambda v, w: w @ (v - w @ v) ** 2
    names = {r"\mathrm{Var}(\hat I_n)": spread(means / n, weights), "n": n}
    names[r"\mathrm{Var}(f)"] = spread(values, law)
    assert printed("eq-monte-carlo-error").holds(names)


@pytest.mark.equation("eq-importance", tex="d7c555e4")
@pytest.mark.parametrize("mean, variance", [(0.0, 1.0), (0.7, 2.0), (-0.4, 0.6)])
def test_weights_correct_for_another_law(mean, variance, printed):
    """Moments of a normal law, drawn from another one; the left side is known."""
    p, q = bell(0.5, 0.4), bell(mean, variance)
    for f, known in ((Z, 0.5), (Z**2, 0.65), (np.exp(Z), math.exp(0.7))):
        names = {"f(z)": f, "p(z)": p, "q(z)": q, r"\mathbb E_{q}": over(q)}
        names[r"\mathbb E_{p}[f(z)]"] = known
        assert printed("eq-importance").holds(names, rel=1e-6)


@pytest.mark.equation("eq-effective-number", tex="f926942a")
def test_effective_number(printed):
    """Equal weights count all, a single one counts 1; else the variance of weighted means."""
    for w, known in (([2.0] * 6, 6), ([1.0, 0, 0], 1), ([1.0, 2, 5], 64 / 30)):
        names = {"w": np.array(w), "i": range(1, len(w) + 1), r"n_{\text{eff}}": known}
        assert printed("eq-effective-number").holds(names)
    w = np.array([0.2, 0.5, 1.3])
    share = np.var(w / w.sum() * 3) + 1  # by the relative variance of the weights
    names = {"w": w, "i": range(1, 4), r"n_{\text{eff}}": 3 / share}
    assert printed("eq-effective-number").holds(names)


def proposals(seed=0):
    g = np.random.default_rng(seed).uniform(0.1, 1, (5, 5))
    return g / g.sum(1, keepdims=True)


def at(table):
    """A table as a function of states from 1; the second argument of two is the condition."""
    return lambda *places: table[tuple(int(place) - 1 for place in places)]


def chain(p, g):
    """The rule with the flow written out: accept what the smaller traffic allows."""
    flow = np.minimum(p[:, None] * g, (p[:, None] * g).T)
    T = flow / p[:, None]
    np.fill_diagonal(T, 0)
    return T + np.diag(1 - T.sum(1))


@pytest.mark.equation("eq-stationary", tex="0780b090")
def test_a_stationary_law_reproduces_itself(printed):
    """The eigenvector of a random chain, which is not reversible; another law is not kept."""
    T = proposals(3)
    values, vectors = np.linalg.eig(T.T)
    p = np.real(vectors[:, np.argmax(values.real)])
    p = p / p.sum()
    formula = printed("eq-stationary")
    for y in FIVE:
        assert formula.holds({"p": at(p), "T": at(T), "x": FIVE, "y": y})
    assert not all(formula.holds({"p": at(P), "T": at(T), "x": FIVE, "y": y}) for y in FIVE)


@pytest.mark.equation("eq-detailed-balance", tex="01ebd51c")
def test_traffic_in_both_directions(printed):
    """Of a chain built from its flows; the random chain above fails, though it has a law."""
    T, formula = chain(P, proposals()), printed("eq-detailed-balance")
    for x in FIVE:
        for y in FIVE:
            assert formula.holds({"p": at(P), "T": at(T), "x": x, "y": y})
    assert P @ T == pytest.approx(P)
    assert not formula.holds({"p": at(P), "T": at(proposals(3)), "x": 1, "y": 2})


@pytest.mark.equation("eq-metropolis-hastings", tex="ed927511")
def test_the_share_that_is_let_through(printed):
    """Read off the chain that is built from its flows."""
    g = proposals()
    T, conditional = chain(P, g), lambda y, x: g[int(x) - 1, int(y) - 1]
    for x in FIVE:
        for y in FIVE:
            if x != y:
                names = {"p": at(P), "g": conditional, "x": x, "y": y}
                names[r"\alpha(x,y)"] = T[x - 1, y - 1] / g[x - 1, y - 1]
                assert printed("eq-metropolis-hastings").holds(names)


@pytest.mark.equation("eq-metropolis-balance", tex="763c17e6")
def test_the_traffic_is_the_smaller_of_two(printed):
    """With the acceptance by simulation of the definition: a uniform draw below the ratio."""
    g = proposals()
    conditional = lambda y, x: g[int(x) - 1, int(y) - 1]
    draws = (np.arange(100000) + 0.5) / 100000
    for x, y in ((1, 2), (2, 1), (5, 3), (3, 5), (4, 1)):
        ratio = P[y - 1] * g[y - 1, x - 1] / (P[x - 1] * g[x - 1, y - 1])
        names = {"p": at(P), "g": conditional, "x": x, "y": y}
        names[r"\alpha(x,y)"] = np.mean(draws < ratio)
        assert printed("eq-metropolis-balance").holds(names, abs=1e-5)


def leaving(x, s):
    """The probability that a walk that stands at x is let go, by quadrature."""
    y = np.linspace(-14, 14, 14001)
    accept = np.minimum(1, np.exp((x**2 - y**2) / 2))
    return integrate.trapezoid(norm.pdf(y, x, s) * accept, y)


@pytest.mark.equation("eq-walk-acceptance", tex="ae456e93")
@pytest.mark.parametrize("s", [0.5, 1.0, 2.38, 5.0])
def test_share_of_accepted_steps(s, printed):
    """Quadrature over the state and the proposal."""
    xs = np.linspace(-8, 8, 641)
    share = integrate.trapezoid([norm.pdf(x) * leaving(x, s) for x in xs], xs)
    names = {"A(s)": share, "s": s, r"\arctan": Operator(np.arctan)}
    assert printed("eq-walk-acceptance").holds(names, rel=1e-4)


@pytest.mark.equation("eq-autocorrelation", tex="f8039fca")
@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.6, 0.9])
def test_autocorrelation_time_is_a_variance(rho, printed):
    """The variance of the mean of n correlated states, by the whole matrix of correlations."""
    n = 4000
    lags = np.arange(n)
    variance = (n + 2 * ((n - lags[1:]) * rho ** lags[1:]).sum()) / n**2
    names = {r"\tau": n * variance, "k": range(1, 400), "c": rho ** np.arange(1, 400.0)}
    assert printed("eq-autocorrelation").holds(names, rel=5e-3)


@pytest.mark.equation("eq-accepted-only", tex="13bd7481")
def test_what_is_recorded_without_the_rejected(printed):
    """The chain of accepted states alone, as a matrix, and its stationary law."""
    T = chain(P, proposals())
    a = np.array([sum(T[i, j] for j in range(5) if j != i) for i in range(5)])
    jumps = np.where(np.eye(5) == 1, 0, T) / a[:, None]
    values, vectors = np.linalg.eig(jumps.T)
    law = np.real(vectors[:, np.argmax(values.real)])
    for x in FIVE:
        names = {"p": at(P), "a": at(a), "A": P @ a, "x": x}
        names[r"\tilde p(x)"] = law[x - 1] / law.sum()
        assert printed("eq-accepted-only").holds(names)
    assert not np.allclose(law / law.sum(), P, atol=0.01)


def bound_names(a, sigma, x, mean, variance):
    joint, evidence = parts(a, sigma, x)
    q = bell(mean, variance)
    names = {r"p_\theta(x,z)": np.maximum(joint, 1e-300), "q(z)": q, r"\mathbb E_{q}": over(q)}
    return names | {r"p_\theta(x)": evidence}, joint / evidence, q


LAWS = [(0.0, 1.0), (1.2, 0.8), (1.2, 0.2), (0.3, 0.5)]
each_law = pytest.mark.parametrize("mean, variance", LAWS)


@pytest.mark.equation("eq-elbo-jensen", tex="c69c061b")
@each_law
def test_the_bound_by_jensen(mean, variance, printed):
    """The evidence by quadrature; equality for the posterior, a wide gap for the prior."""
    names, _, _ = bound_names(2.0, 1.0, 3.0, mean, variance)
    assert printed("eq-elbo-jensen").holds(names, rel=1e-6)
    low = printed("eq-elbo-jensen").side(names)
    assert (math.log(names[r"p_\theta(x)"]) - low < 1e-6) == ((mean, variance) == (1.2, 0.2))


@pytest.mark.equation("eq-elbo-gap", tex="12cde83f")
@each_law
def test_the_gap_is_a_divergence(mean, variance, printed):
    """The KL of two normal laws by torch."""
    names, _, _ = bound_names(2.0, 1.0, 3.0, mean, variance)
    laws = [Normal(torch.tensor(m).double(), v**0.5) for m, v in ((mean, variance), (1.2, 0.2))]
    names[r"\mathrm{KL}(q(z)\Vert p_\theta(z\mid x))"] = float(kl_divergence(*laws))
    assert printed("eq-elbo-gap").holds(names, rel=1e-6)


@pytest.mark.equation("eq-elbo-terms", tex="237ae30f")
@each_law
def test_the_two_terms_of_the_bound(mean, variance, printed):
    """The bound by quadrature of its definition; the KL to the prior by torch."""
    names, _, q = bound_names(2.0, 1.0, 3.0, mean, variance)
    value = integrate.trapezoid(q * np.log(names[r"p_\theta(x,z)"] / q), Z)
    laws = [Normal(torch.tensor(m).double(), v**0.5) for m, v in ((mean, variance), (0.0, 1.0))]
    told = {r"\mathrm{ELBO}": value, r"p_\theta(x\mid z)": bell(0, 1) * 0 + norm.pdf(3, 2 * Z, 1)}
    told[r"p_\theta(x\mid z)"] = np.maximum(told[r"p_\theta(x\mid z)"], 1e-300)
    told |= {r"\mathbb E_{q}": over(q)}
    told[r"\mathrm{KL}(q(z)\Vert p(z))"] = float(kl_divergence(*laws))
    assert printed("eq-elbo-terms").holds(told, rel=1e-6)


@pytest.mark.equation("eq-gaussian-kl", tex="9f805571")
def test_kl_to_the_standard_normal_law(printed):
    """torch's, summed over the coordinates."""
    rng = np.random.default_rng(0)
    mu, rho = rng.normal(size=4), rng.uniform(0.2, 2, 4)
    known = kl_divergence(
        Normal(torch.tensor(mu), torch.tensor(rho)),
        Normal(torch.zeros(4).double(), torch.ones(4).double()),
    ).sum()
    names = {r"\mu": mu, r"\rho": rho, "j": range(1, 5), r"\mathrm{KL}": float(known)}
    assert printed("eq-gaussian-kl").holds(names)


def weights(k, draws=20000, mean=1.2, variance=0.8, seed=0):
    """k weights for each of many draws, as a list of arrays."""
    z = np.random.default_rng(seed).normal(mean, math.sqrt(variance), (k, draws))
    joint = norm.pdf(z) * norm.pdf(3.0, 2 * z, 1.0)
    return z, joint, normal(z, mean, variance)


@pytest.mark.equation("eq-iwae", tex="c6556084")
@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_bound_of_several_draws(k, printed):
    """A discrete code: all k-tuples of draws enumerated; then the weight itself."""
    joint, q = np.array([0.02, 0.10, 0.03]), np.array([0.5, 0.3, 0.2])
    w = joint / q
    tuples = np.array(np.meshgrid(*[range(3)] * k)).reshape(k, -1)
    chances = q[tuples].prod(0)
    known = sum(
        c * math.log(sum(w[i] for i in t) / k) for t, c in zip(tuples.T, chances, strict=True)
    )
    mean = Operator(lambda value: float((value * chances).sum()))
    names = {"k": k, "w": list(w[tuples]), r"\mathbb E": mean, "L_k": known}
    assert printed("eq-iwae").holds(names, only=[0])
    told = {"w_i": w[1], r"p_\theta(x,z_i)": joint[1], "q(z_i)": q[1]}
    assert printed("eq-iwae").holds(told, only=[1])


@pytest.mark.equation("eq-ladder", tex="08295428")
def test_the_ladder_rises(printed):
    """Exact, by enumeration; all rungs are one for the posterior, and apart for another law."""
    joint = np.array([0.02, 0.10, 0.03])
    for q, alike in ((np.array([0.5, 0.3, 0.2]), False), (joint / joint.sum(), True)):
        rung = {}
        for k in (1, 2, 3, 4):
            tuples = np.array(np.meshgrid(*[range(3)] * k)).reshape(k, -1)
            values = np.log((joint / q)[tuples].mean(0))
            rung[k] = float(q[tuples].prod(0) @ values)
        truth = float(joint.sum())
        for k in (1, 2, 3):
            names = {"L_1": rung[1], "L_k": rung[k], "L_{k+1}": rung[k + 1]}
            assert printed("eq-ladder").holds({**names, r"p_\theta(x)": truth})
        assert (rung[4] - rung[1] < 1e-9) == alike and (math.log(truth) - rung[4] < 1e-9) == alike


@pytest.mark.equation("eq-reparameterise", tex="773cce43")
def test_a_draw_with_a_derivative(printed):
    """torch's rsample, from the same noise."""
    mu, rho = torch.tensor([0.3, -2.0]).double(), torch.tensor([0.5, 1.5]).double()
    torch.manual_seed(0)
    z = Normal(mu, rho).rsample()
    torch.manual_seed(0)
    eps = torch.normal(torch.zeros(2).double(), torch.ones(2).double())
    names = {"z": z.numpy(), r"\mu_\varphi(x)": mu.numpy(), r"\rho_\varphi(x)": rho.numpy()}
    assert printed("eq-reparameterise").holds({**names, r"\varepsilon": eps.numpy()}, only=[0])


@pytest.mark.equation("eq-vae-fit", tex="fb12ce0b")
@pytest.mark.parametrize("d, sigma", [(1, 0.5), (3, 1.0), (12, 2.3)])
def test_the_decoders_law(d, sigma, printed):
    """scipy's multivariate normal density."""
    x, mean = np.random.default_rng(d).normal(size=(2, d))
    known = multivariate_normal.pdf(x, mean, sigma**2 * np.eye(d))
    names = {r"p_\theta(x\mid z)": known, "x": x, "G(z)": mean, r"\sigma": sigma, "d": d}
    assert printed("eq-vae-fit").holds(names)


@pytest.mark.equation("eq-weight-sigma", tex="f094e2ea")
@pytest.mark.parametrize("d, weight, sigma", [(784, 1.0, 19.799), (12288, 0.00025, 1.2394)])
def test_the_noise_that_a_weight_means(d, weight, sigma, printed):
    """Found by search: the noise for which both losses have parallel gradients."""
    from scipy.optimize import brentq

    error, kl = 7.0, 3.0  # derivatives of error and KL by some parameter
    angle = lambda s: (error / d) * kl - weight * kl * error / (2 * s**2)
    found = brentq(angle, 1e-3, 1e3)
    assert found == pytest.approx(sigma, abs=1e-3)
    names = {r"\sigma": found, "d": d, r"\lambda": weight}
    assert printed("eq-weight-sigma").holds(names, rel=1e-6)


@pytest.mark.equation("eq-weighted-loss", tex="08de39e4")
@pytest.mark.parametrize("d, weight", [(5, 1.0), (64, 0.002)])
def test_a_weighted_loss_is_the_bound_in_disguise(d, weight, printed):
    """The right side from torch's density, whose constant is taken away."""
    sigma = math.sqrt(d * weight / 2)
    x, mean = torch.randn(2, d, generator=torch.Generator().manual_seed(d), dtype=torch.float64)
    fit = -(Normal(mean, sigma).log_prob(x) - Normal(x, sigma).log_prob(x)).sum()
    short = float(((x - mean) ** 2).mean() + weight * 2.5)
    assert short == pytest.approx(float(weight * (fit + 2.5)))
    names = {"x": x.numpy(), "G(z)": mean.numpy(), "d": d, r"\lambda": weight, r"\sigma": sigma}
    names |= {r"\mathrm{KL}": 2.5}
    assert printed("eq-weighted-loss").holds(names)
    assert printed("eq-weighted-loss").side(names) == pytest.approx(short)


@pytest.mark.equation("eq-vae-collapse", tex="a4325502")
def test_when_nothing_pays(printed):
    """Two points at -1 and 1: likelihoods of mixtures, searched, on both sides of the threshold."""
    x = np.array([[-1.0], [1.0]])
    for sigma, pays in ((0.9, True), (1.1, False)):
        u = np.linspace(-2, 2, 81)
        log = lambda law, at, s=sigma: np.log(
            sum(w * normal(x[:, 0], m, s**2) for m, w in zip(at, law, strict=True))
        )
        constant = log([1.0], [0.0]).mean()
        best = max(
            log([w / 2, w / 2, 1 - w], [-m, m, 0.0]).mean()
            for m in u
            for w in (0.01, 0.1, 0.5, 1.0)
        )
        assert (best > constant + 1e-9) == pays
        names = {"n": 2, "x": x, r"\bar x": np.zeros(1), r"\sigma": sigma}
        holds = [bool(printed("eq-vae-collapse").holds({**names, "u": np.array([v])})) for v in u]
        assert all(holds) == (not pays)
        for v in u[::20]:  # the sum is the mean ratio of likelihoods
            ratio = (normal(x[:, 0], v, sigma**2) / normal(x[:, 0], 0, sigma**2)).mean()
            side = printed("eq-vae-collapse").side({**names, "u": np.array([v])}, side=0)
            assert side == pytest.approx(ratio)


@pytest.mark.equation("eq-linear-kl", tex="598ff95c")
def test_what_the_codes_of_the_best_linear_decoder_cost(printed):
    """Probabilistic PCA by its own posterior, averaged over the data."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3)) * [2.0, 1.1, 0.5]
    x -= x.mean(0)
    v, axes = np.linalg.eigh(x.T @ x / 400)
    sigma = 0.8
    W = axes * np.sqrt(np.maximum(v - sigma**2, 0))
    M = W.T @ W + sigma**2 * np.eye(3)
    means, cov = x @ W @ np.linalg.inv(M), sigma**2 * np.linalg.inv(M)
    costs = 0.5 * (np.trace(cov) + (means**2).sum(1) - 3 - np.linalg.slogdet(cov)[1])
    names = {r"\mathbb E[\mathrm{KL}]": costs.mean(), "v": v, r"\sigma": sigma, "j": range(1, 4)}
    assert printed("eq-linear-kl").holds(names, rel=1e-6)


@pytest.mark.equation("eq-conditional-mean", tex="2fd9f802")
def test_the_best_decoder_is_a_mean(printed):
    """The minimum of the squared error over the data, found by search."""
    from scipy.optimize import minimize_scalar

    x, q = np.array([-1.0, 1.0, 0.4]), np.array([0.3, 0.2, 0.9])
    found = minimize_scalar(lambda g: q @ (x - g) ** 2).x
    names = {"x": x, "G^*(z)": found, "i": range(1, 4), r"q_\varphi": lambda z, v: q[x == v].item()}
    assert printed("eq-conditional-mean").holds({**names, "z": 0.0}, rel=1e-6)


@pytest.mark.equation("eq-surgery", tex="06ad1f48")
def test_what_the_kl_pays_for(printed):
    """Three encoders' laws: each divergence on a grid; bound met when they do not overlap."""
    for means, met in (([-0.8, 0.3, 0.5], False), ([-8.0, 0.0, 8.0], True)):
        variance = 0.3
        laws = [bell(m, variance) for m in means]
        pooled, prior = sum(laws) / 3, bell(0.0, 1.0)
        known = [
            float(
                kl_divergence(
                    Normal(torch.tensor(m).double(), variance**0.5),
                    Normal(torch.zeros(1).double(), 1.0),
                )
            )
            for m in means
        ]
        information = np.mean([gap(q, pooled) for q in laws])
        names = {"n": 3, "x": [0, 1, 2], "I": information, "z": 0.0}
        names[r"\mathrm{KL}"] = lambda one, other, known=known, pooled=pooled, prior=prior: (
            gap(pooled, prior) if np.ndim(one) else known[int(one)]  # a law, or its number
        )
        names |= {"q": lambda z, x: x, r"\bar q(z)": pooled, "p(z)": prior}
        assert printed("eq-surgery").holds(names, rel=1e-5)
        assert (information > math.log(3) - 1e-6) == met


@pytest.mark.equation("eq-mhgan", tex="695eb95f")
def test_a_discriminator_is_enough(printed):
    """The best discriminator of two laws, and the rule with proposals from q."""
    D, T = P / (P + Q), chain(P, np.tile(Q, (5, 1)))
    for x in FIVE:
        for y in FIVE:
            if x != y:
                names = {"D": at(D), "r": at(P / Q), "x": x, "y": y}
                names[r"\alpha(x,y)"] = T[x - 1, y - 1] / Q[y - 1]
                assert printed("eq-mhgan").holds(names)


@pytest.mark.equation("eq-mhgan-acceptance", tex="206b2167")
@pytest.mark.parametrize("p, q", [(P, Q), (Q, P), (P, P), (P, np.roll(P, 1))])
def test_acceptance_in_balance(p, q, printed):
    """From the chain's matrix; TV of the pair laws; AUC by scikit-learn with weights."""
    T = chain(p, np.tile(q, (5, 1)))
    leaves = sum(p[i] * T[i, j] for i in range(5) for j in range(5) if i != j)
    standing = sum(p[i] * q[i] for i in range(5))  # a proposal of where one is, accepted
    pairs = np.outer(p, q)
    labels = np.r_[np.ones(5), np.zeros(5)]
    scores = np.r_[p / q, p / q]
    area = roc_auc_score(labels, scores, sample_weight=np.r_[p, q])
    names = {"p": at(p), "q": at(q), "x": FIVE, "y": FIVE, "A": leaves + standing}
    names[r"\mathrm{TV}(p\otimes q,q\otimes p)"] = 0.5 * np.abs(pairs - pairs.T).sum()
    assert printed("eq-mhgan-acceptance").holds({**names, r"\mathrm{AUC}": area})


@pytest.mark.equation("eq-mhgan-rate", tex="0b42b581")
def test_how_fast_the_start_is_forgotten(printed):
    """All starts, by powers of the matrix; the rate is that of the second eigenvalue."""
    T, M = chain(P, np.tile(Q, (5, 1))), float(max(P / Q))
    for k in (1, 5, 20, 100):
        laws = np.linalg.matrix_power(T, k)
        worst = 0.5 * np.abs(laws - P).sum(1).max()
        names = {r"\mathrm{TV}_k": worst, "M": M, "k": k}
        assert printed("eq-mhgan-rate").holds(names)
        assert worst > 0.5 * (1 - 1 / M) ** k
    values = np.sort(np.linalg.eigvals(T).real)
    assert values[-2] == pytest.approx(1 - 1 / M)
