"""Every number on the page of errata is recomputed here, from definitions and by its own route.

A test takes the fixture `witness` and hands it two values: what the printed statement gives and
what the corrected one gives. They are compared with the page to the last digit printed there, and
must differ. What else the test asserts shows by independent means that the correction is right.
"""

import ast
import itertools
import math
import re
from math import exp, inf, log, pi, sqrt

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from scipy.stats import chi2, multivariate_normal, norm, wasserstein_distance
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy as bce

from checkout import ROOT
from errata import FIELDS, KINDS, entries, numbers, sources
from gancourse.networks.dcgan import initialise
from gancourse.penalties import clip_weights, gradient_penalty

SOURCES = sources(ROOT)
ENTRIES = entries(ROOT)
BY_TEST = {entry["test"]: entry for entry in ENTRIES if "test" in entry}
TESTS = {
    node.name: node
    for node in ast.parse((ROOT / "tests/book/test_errata.py").read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
}


def as_printed(text, value):
    """Whether the number on the page is this value, rounded to the digits that are printed."""
    if text in ("nan", "∞", "-∞"):
        return math.isnan(value) if text == "nan" else value == float(text.replace("∞", "inf"))
    digits = len(text.partition(".")[2])
    return abs(value - float(text)) <= 0.5 * 10**-digits + 1e-9


@pytest.fixture
def witness(request):
    """Compares what a test computes with the page; complains if it never does."""
    entry = BY_TEST[request.node.originalname]
    compared = []

    def compare(printed, corrected):
        for side, values in (("printed", printed), ("corrected", corrected)):
            page, values = numbers(entry["witness"][side]), np.ravel(values).tolist()
            assert len(page) == len(values)
            for text, value in zip(page, values, strict=True):
                assert as_printed(text, value), f"{entry['id']}: page {text}, computed {value}"
        assert not np.allclose(printed, corrected, rtol=0, atol=1e-3)
        compared.append(entry)

    yield compare
    assert compared, "the test never compared its numbers with the page"


# ---- the file itself ---------------------------------------------------------------------------


def test_ids_are_unique_and_begin_with_their_source():
    assert len({entry["id"] for entry in ENTRIES}) == len(ENTRIES)
    for source in SOURCES:
        for entry in source["errata"]:
            assert re.fullmatch(source["key"] + r"\d+[a-e]?", entry["id"])


def test_ids_count_up_within_each_source():
    for source in SOURCES:
        order = [(int(re.sub(r"\D", "", e["id"])), e["id"]) for e in source["errata"]]
        assert order == sorted(order)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_entry_is_complete(entry):
    """All fields there, none unknown, lengths that a reader can take in, known kind and chapter."""
    assert set(FIELDS) <= set(entry) <= {*FIELDS, "witness", "test", "untested"}
    assert ("test" in entry) != ("untested" in entry)
    assert entry["kind"] in KINDS
    assert entry["chapter"] == "A" or entry["chapter"] in range(1, 19)
    for field, longest in FIELDS.items():
        assert 1 <= len(str(entry[field])) <= longest, field
        assert str(entry[field]).count("$") % 2 == 0, field
    assert len(entry.get("untested", "")) <= 90
    assert entry["printed"] != entry["corrected"]


@pytest.mark.parametrize("entry", [e for e in ENTRIES if "witness" in e], ids=lambda e: e["id"])
def test_witness_is_complete(entry):
    """A witness says what it measures, has as many numbers on both sides, and a test."""
    witness = entry["witness"]
    assert set(witness) == {"what", "printed", "corrected"}
    assert "test" in entry
    assert 10 <= len(witness["what"]) <= 220
    assert len(numbers(witness["printed"])) == len(numbers(witness["corrected"])) > 0


def test_only_names_notation_and_omissions_go_without_a_test():
    """Whatever can be computed has a test: a wrong sign, factor or condition always can."""
    excused = {"symbol", "name", "typo", "omission", "dated"}
    exceptions = {"R17b", "I8a", "W8a", "W11b", "S7c"}  # reasons on the page
    assert {e["id"] for e in ENTRIES if "untested" in e and e["kind"] not in excused} == exceptions


def test_every_named_test_exists_and_is_named_once():
    assert len(BY_TEST) == sum("test" in entry for entry in ENTRIES)
    assert set(BY_TEST) <= set(TESTS)


def test_every_witness_is_compared_and_every_test_can_fail():
    for name, entry in BY_TEST.items():
        uses = {node.id for node in ast.walk(TESTS[name]) if isinstance(node, ast.Name)}
        arguments = {argument.arg for argument in TESTS[name].args.args}
        assert ("witness" in arguments and "witness" in uses) == ("witness" in entry), name
        assert any(isinstance(node, ast.Assert) for node in ast.walk(TESTS[name])), name
        assert ast.get_docstring(TESTS[name]), name


@pytest.mark.parametrize(
    "text, value, agrees",
    [
        ("0.476", 0.47619, True),
        ("0.476", 0.4754, False),
        ("2", 2.4, True),
        ("2", 2.6, False),
        ("∞", inf, True),
        ("nan", math.nan, True),
        ("nan", 1.0, False),
        ("-0.5", 0.5, False),
    ],
)
def test_numbers_are_compared_to_the_digits_printed(text, value, agrees):
    assert as_printed(text, value) is agrees


def test_numbers_are_read_from_the_page():
    assert numbers("0.955, -1.5, 3") == ["0.955", "-1.5", "3"]
    assert numbers("∞, nan") == ["∞", "nan"]


# ---- tools of the tests ------------------------------------------------------------------------

X = np.linspace(-15, 15, 30001)
DX = X[1] - X[0]
P, PG = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])  # two halves that overlap in one point
UNIT = np.linspace(0.0001, 0.9999, 9999)  # probabilities


def sigmoid(a):
    return 1 / (1 + exp(-a))


def logit(p):
    return log(p / (1 - p))


def normal(x, mean=0.0, std=1.0):
    return np.exp(-(((x - mean) / std) ** 2) / 2) / (std * sqrt(2 * pi))


def plog(p, q):
    """p log q with 0 log 0 = 0."""
    p, q = np.asarray(p, float), np.asarray(q, float)
    with np.errstate(divide="ignore"):
        return np.where(p > 0, p * np.log(np.where(p > 0, q, 1)), 0.0)


def kl(p, q):
    return (plog(p, p) - plog(p, q)).sum()


def jsd(p, q):
    m = (np.asarray(p) + np.asarray(q)) / 2
    return kl(p, m) / 2 + kl(q, m) / 2


def value(D, p, pg):
    """V(D, G) for probabilities D on the points of two discrete distributions."""
    return (plog(p, D) + plog(pg, 1 - np.asarray(D))).sum()


def optimal_D(p, pg):
    return np.asarray(p) / (np.asarray(p) + np.asarray(pg))


def slope(f, at, h=1e-5):
    return (f(at + h) - f(at - h)) / (2 * h)


def derivative(f, at):
    """f'(at) by automatic differentiation, in double precision."""
    a = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    f(a).backward()
    return a.grad.item()


# ---- R: Rietsch, Notes -------------------------------------------------------------------------


def test_maximum_on_the_boundary(witness):
    """Data from U(0, theta): the likelihood is largest at max(x), with slope -n/theta there."""
    x = np.array([0.5, 1.2, 2.0])

    def log_L(theta):
        return -3 * np.log(theta) if theta >= x.max() else -inf

    grid = np.arange(100, 501) / 100
    assert max(grid, key=log_L) == x.max()
    assert all(slope(log_L, theta) < -0.5 for theta in grid if theta > 2)  # never zero
    witness(0, (log_L(2 + 1e-6) - log_L(2)) / 1e-6)


def test_density_is_not_a_probability(witness):
    """A density of 3.989 and the probability of a small interval around the same point."""
    density, probability = norm.pdf(0, scale=0.1), np.diff(norm.cdf([-0.005, 0.005], scale=0.1))[0]
    assert density > 1 > probability
    assert probability == pytest.approx(density * 0.01, rel=1e-3)
    witness(density, probability)


def test_independent_is_not_identical(witness):
    """The joint density of two independent variables of different width."""
    joint = multivariate_normal([0, 0], [[1, 0], [0, 4]]).pdf([1, 1])
    assert joint == pytest.approx(normal(1) * normal(1, 0, 2))
    witness(normal(1) ** 2, joint)


def test_bce_needs_both_logarithms(witness):
    """The constant prediction that minimises either loss when 3 of 10 labels are 1."""
    q, y = 0.3, torch.tensor([1.0] * 3 + [0.0] * 7, dtype=torch.float64)
    printed = UNIT[np.argmin(-(q * np.log(UNIT) + (1 - q) * (1 - UNIT)))]
    corrected = UNIT[np.argmin(-(q * np.log(UNIT) + (1 - q) * np.log(1 - UNIT)))]
    assert derivative(lambda p: bce(p.expand(10), y), corrected) == pytest.approx(0, abs=1e-9)
    assert printed == pytest.approx(q / (1 - q), abs=1e-4)
    witness(printed, corrected)


def test_gibbs_inequality():
    """Cross-entropy minus entropy is never negative, and zero only for p = q."""
    rng = np.random.default_rng(0)
    for q, p in rng.dirichlet(np.ones(4), size=(500, 2)):
        assert -plog(q, p).sum() > -plog(q, q).sum()
        assert -plog(q, q).sum() == pytest.approx((q * -np.log(q)).sum())


def test_class_frequencies(witness):
    """Class shares of ten labels."""
    labels = [0] * 3 + [1] * 7
    counts = np.bincount(labels)
    shares = [np.mean(np.equal(labels, c)) for c in (0, 1)]
    assert np.allclose(counts / counts.sum(), shares)
    witness((1 / counts).sum(), (counts / counts.sum()).sum())


def test_kl_from_an_empirical_distribution(witness):
    """On ever finer bins the KL to a Gaussian grows without bound, the cross-entropy does not."""
    x = np.array([-1.0, 0.0, 1.0])

    def divergence_and_cross_entropy(width):
        mass = np.diff(norm.cdf([x - width / 2, x + width / 2]), axis=0)[0]
        return kl(np.full(3, 1 / 3), mass), -np.log(mass / width).mean()

    (kl_1, ce_1), (kl_2, ce_2), (kl_3, ce_3) = map(divergence_and_cross_entropy, (0.1, 0.01, 1e-3))
    assert kl_3 - kl_2 == pytest.approx(log(10), abs=1e-3)
    assert ce_3 == pytest.approx(-norm.logpdf(x).mean(), abs=1e-6)
    witness((kl_1, kl_3), (ce_1, ce_3))


def test_entropy_is_not_negative(witness):
    """The entropy of a fair coin."""
    q = np.array([0.5, 0.5])
    assert torch.distributions.Bernoulli(0.5).entropy().item() == pytest.approx(-plog(q, q).sum())
    witness(plog(q, q).sum(), -plog(q, q).sum())


def test_density_ratio_from_the_discriminator():
    """A logistic regression trained on N(1,1) against N(0,1) has exp(score) = p/q = D/(1-D)."""
    p, q = normal(X, 1), normal(X)
    inputs, weights = np.stack([X, np.ones_like(X)]), np.zeros(2)
    for _ in range(20):  # Newton's method on the cross-entropy of infinitely many samples
        D = 1 / (1 + np.exp(-weights @ inputs))
        gradient = inputs @ ((p + q) * D - p)
        weights -= np.linalg.solve((inputs * ((p + q) * D * (1 - D))) @ inputs.T, gradient)
    near = abs(X) < 4
    assert np.allclose(np.exp(weights @ inputs)[near], (p / q)[near], rtol=1e-6)
    assert np.allclose((D / (1 - D))[near], (p / q)[near], rtol=1e-6)


def test_value_and_costs(witness):
    """V = -2 J^(D): the cost is the mean cross-entropy over equally many real and fake samples."""

    def V(real, fake):
        return real.log().mean() + (1 - fake).log().mean()

    def J(real, fake):
        return bce(torch.cat([real, fake]), torch.cat([torch.ones(5), torch.zeros(5)]).double())

    torch.manual_seed(0)
    for _ in range(20):
        real, fake = torch.rand(2, 5, dtype=torch.float64)
        assert V(real, fake).item() == pytest.approx(-2 * J(real, fake).item())
    half = torch.full((5,), 0.5, dtype=torch.float64)
    witness(J(half, half).item(), V(half, half).item())


def test_simultaneous_is_not_alternating(witness):
    """Eigenvalues of both updates on min_x max_y xy, and 500 rounds of each."""
    h = 0.1
    simultaneous = np.array([[1, -h], [h, 1]])
    alternating = np.array([[1, 0], [h, 1]]) @ np.array([[1, -h], [0, 1]])
    far = np.linalg.matrix_power(simultaneous, 500) @ [1, 1]
    near = [np.linalg.norm(np.linalg.matrix_power(alternating, n) @ [1, 1]) for n in range(500)]
    assert np.linalg.norm(far) > 10 and 1.3 < min(near) and max(near) < 1.5
    witness(*(abs(np.linalg.eigvals(step)).max() for step in (simultaneous, alternating)))


def test_non_saturating_gradient_is_another_divergence(witness):
    """With D* held fixed: gradient of E log(1-D) is that of 2 JSD, of -E log D another one."""

    def both(mu):
        p, q = normal(X), normal(X, mu)
        return 2 * jsd(p, q) * DX, kl(q, p) * DX - 2 * jsd(p, q) * DX

    p, q = normal(X), normal(X, 2)
    dq, D = q * (X - 2), optimal_D(p, q)
    saturating, other = (dq * np.log(1 - D)).sum() * DX, -(dq * np.log(D)).sum() * DX
    assert slope(lambda mu: both(mu)[0], 2) == pytest.approx(saturating, abs=1e-6)
    assert slope(lambda mu: both(mu)[1], 2) == pytest.approx(other, abs=1e-6)
    witness(saturating, other)


def test_no_leaky_relu_before_the_sigmoid(witness):
    """The probability of a score of -3, with a LeakyReLU in between and without."""
    score = torch.tensor(-3.0, dtype=torch.float64)
    wrong = torch.sigmoid(torch.nn.LeakyReLU(0.2)(score)).item()
    assert wrong == pytest.approx(sigmoid(-0.6))
    witness(wrong, torch.sigmoid(score).item())


def test_default_momentum_of_adam(witness):
    """Who leaves beta_1 alone has the default of the library."""
    optimiser = torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    assert optimiser.defaults["betas"][1] == 0.999
    witness(0.5, optimiser.defaults["betas"][0])


def test_batch_norm_scales_start_near_one(witness):
    """Root mean square of 5000 normalised channels, scaled by gamma from N(0, .02) or N(1, .02)."""

    def size(layer):
        return layer(torch.randn(64, 5000)).square().mean().sqrt().item()

    torch.manual_seed(0)
    wrong, right = torch.nn.BatchNorm1d(5000), torch.nn.BatchNorm2d(5000)
    torch.nn.init.normal_(wrong.weight, 0.0, 0.02)
    initialise(right)
    assert right.weight.std().item() == pytest.approx(0.02, rel=0.05)
    flat = torch.nn.BatchNorm1d(5000)
    flat.load_state_dict(right.state_dict())
    witness(size(wrong), size(flat))


def test_convolution_size_needs_the_floor(witness):
    """The size that torch makes of 6 pixels with kernel 3 and stride 2."""
    size = F.conv1d(torch.zeros(1, 1, 6), torch.zeros(1, 1, 3), stride=2).shape[-1]
    assert size == (6 - 3) // 2 + 1
    witness((6 - 3) / 2 + 1, size)


def test_transposed_convolution_size(witness):
    """The short formula against torch with output padding, and with dilation."""

    def size(**options):
        layer = torch.nn.ConvTranspose1d(1, 1, 3, stride=2, **options)
        return layer(torch.zeros(1, 1, 2)).shape[-1]

    short = 2 * (2 - 1) + 3
    assert size() == short
    assert [size(output_padding=1), size(dilation=2)] == [short + 1, 2 * (2 - 1) + 2 * (3 - 1) + 1]
    witness((short, short), (size(output_padding=1), size(dilation=2)))


def test_scaling_is_not_standardising(witness):
    """Mean and spread of all grey values after either operation."""
    grey = torch.arange(256, dtype=torch.float64)
    scaled = grey / 255
    standard = F.batch_norm(grey[:, None], None, None, training=True)
    assert 0 <= scaled.min() and scaled.max() <= 1 < standard.max()
    mean_and_std = lambda x: (x.mean(), x.std(correction=0))
    witness(mean_and_std(scaled), mean_and_std(standard))


def test_batch_norm_at_evaluation(witness):
    """One sample alone: normalised by itself it is 0, by the running averages it is 1."""
    norm_layer = torch.nn.BatchNorm1d(1, affine=False).double()
    norm_layer.running_mean.fill_(1.0)
    norm_layer.running_var.fill_(4.0)
    x = torch.tensor([[3.0]], dtype=torch.float64)
    with pytest.raises(ValueError, match="more than 1 value"):
        norm_layer.train()(x)
    by_itself = (x - x.mean()) / (x.var(correction=0) + 1e-5).sqrt()
    assert norm_layer.eval()(x + 4).item() == pytest.approx((7 - 1) / 2, abs=1e-4)
    witness(by_itself.item(), norm_layer.eval()(x).item())


def test_gamma_is_the_standard_deviation(witness):
    """Variance of the output of batch norm with gamma = 2, beta = 7."""
    torch.manual_seed(0)
    x = torch.randn(500, 1) * 3 + 5
    out = F.batch_norm(x, None, None, torch.tensor([2.0]), torch.tensor([7.0]), training=True)
    assert out.mean().item() == pytest.approx(7)
    witness(2, out.var(correction=0).item())


def test_local_equilibrium_is_not_an_equilibrium(witness):
    """A player who cannot gain by a small step, but by a jump."""
    cost = lambda x: x**4 / 4 - x**2 / 2 + 0.1 * x
    best, _, local = sorted(np.roots([1, 0, -1, 0.1]).real)  # where the slope is zero
    assert cost(local) < min(cost(local - 0.1), cost(local + 0.1))
    assert cost(best) == pytest.approx(min(cost(np.linspace(-3, 3, 6001))), abs=1e-6)
    witness(cost(local), cost(best))


def test_noise_prior_is_not_the_generated_distribution(witness):
    """The generator changes the distribution: p_g is not what z is drawn from."""
    z = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    G = lambda z: 3 * z + 1
    assert G(z).mean() == pytest.approx(1)
    witness(G(z).std(), z.std())


# ---- I: EE698R, Lecture Notes ------------------------------------------------------------------


def test_output_layer_takes_the_activations(witness):
    """Fed with h the network is affine: equal steps of x give equal steps of y."""
    h = lambda x: (2 * x, 1 - x)
    printed = lambda x: sum(h(x))
    corrected = lambda x: sum(map(sigmoid, h(x)))
    assert printed(2) - printed(1) == printed(1) - printed(0)
    assert abs((corrected(2) - corrected(1)) - (corrected(1) - corrected(0))) > 0.05
    witness(printed(1), corrected(1))


def test_sum_is_not_mean(witness):
    """The squared error of three points, summed, and as torch averages it."""
    errors = np.array([1.0, 2.0, 3.0])
    mean = F.mse_loss(torch.tensor(errors), torch.zeros(3).double()).item()
    assert (errors**2).sum() == pytest.approx(3 * mean)
    witness((errors**2).sum(), mean)


def test_sigmoid_goes_around_the_output_layer(witness):
    """The smallest output over many activations v, and over many weights and biases, too."""
    v = np.linspace(0.001, 0.999, 999)
    printed = min(map(sigmoid, v))
    corrected = min(sigmoid(w * x + b) for x in v[::100] for w in (-20, 1) for b in (-20, 0))
    assert 0 < corrected < 1e-6
    witness(printed, corrected)


def test_log_of_one_minus_y(witness):
    """The term of a sample with label 0, as torch has it."""
    y = torch.tensor(0.9, dtype=torch.float64)
    right = -bce(y, torch.zeros_like(y)).item()
    assert right == pytest.approx(log(1 - 0.9))
    witness(1 - log(0.9), right)


def test_split_expectation_needs_the_class_frequencies(witness):
    """Best constant prediction for labels of which 30 % are 1."""
    labels = torch.tensor([1.0] * 3 + [0.0] * 7, dtype=torch.float64)
    split = lambda a, b: UNIT[np.argmin(-(a * np.log(UNIT) + b * np.log(1 - UNIT)))]
    best = split(0.3, 0.7)
    assert derivative(lambda y: bce(y.expand(10), labels), best) == pytest.approx(0, abs=1e-9)
    witness(split(1, 1), best)


def test_discriminator_outputs_a_probability(witness):
    """Where real and fake are alike the best answer is one half, not 1."""
    best = UNIT[np.argmax(np.log(UNIT) + np.log(1 - UNIT))]
    assert best == pytest.approx(optimal_D(0.2, 0.2))
    witness(1, best)


def test_density_of_a_map_with_two_branches(witness):
    """z**2 has a density although z -> z**2 is not one-to-one: a chi-squared with one degree."""
    branch = norm.pdf(1) / abs(2 * 1)
    assert 2 * branch == pytest.approx(chi2(1).pdf(1))
    assert 2 * branch == pytest.approx(slope(lambda x: 2 * norm.cdf(sqrt(x)) - 1, 1), abs=1e-8)
    witness(branch, 2 * branch)


def test_saturating_step_direction(witness):
    """One step of the generator on its score: with the sign as printed it looks more fake."""
    gradient = derivative(lambda a: torch.log(1 - torch.sigmoid(a)), -1.0)
    printed, corrected = sigmoid(-1 + 0.1 * gradient), sigmoid(-1 - 0.1 * gradient)
    assert printed < sigmoid(-1) == pytest.approx(0.2689, abs=5e-5)
    assert corrected > sigmoid(-1)
    witness(printed, corrected)


def test_non_saturating_step_direction(witness):
    """One step on log D(G(z)): only uphill makes the sample look more real."""
    gradient = derivative(lambda a: torch.log(torch.sigmoid(a)), -1.0)
    printed, corrected = sigmoid(-1 - 0.1 * gradient), sigmoid(-1 + 0.1 * gradient)
    assert printed < sigmoid(-1) < corrected
    witness(printed, corrected)


def test_gradient_is_a_mean_over_the_batch(witness):
    """The gradient of 64 equal samples, relative to that of one."""
    loss = lambda a: torch.log(1 - torch.sigmoid(a))
    one = derivative(loss, 0.3)
    added = derivative(lambda a: loss(a.expand(64)).sum(), 0.3)
    averaged = derivative(lambda a: loss(a.expand(64)).mean(), 0.3)
    assert averaged == pytest.approx(one)
    witness(added / one, averaged / one)


def test_saturation_is_the_reason(witness):
    """Slopes of the two generator losses where D is sure of a fake."""
    flat = abs(derivative(lambda a: torch.log(1 - torch.sigmoid(a)), logit(0.01)))
    steep = abs(derivative(lambda a: torch.log(torch.sigmoid(a)), logit(0.01)))
    assert steep / flat == pytest.approx(99)
    witness(flat, steep)


def test_loss_is_no_measure_of_samples(witness):
    """A blind discriminator gives a perfect and a useless generator the same loss."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000)
    samples = [x, x + 3]
    blind = [
        -(np.log(np.full(1000, 0.5)).mean() + np.log(1 - np.full(1000, 0.5)).mean())
        for _ in samples
    ]
    distances = [wasserstein_distance(x, fake) for fake in samples]
    assert blind[0] == blind[1]
    witness(blind, distances)


def test_alternating_gan_need_not_converge(witness):
    """Dirac-GAN: data at 0, generator at theta, D(x) = sigmoid(psi x), K steps of D, one of G."""

    def distances(K, h=0.2):
        theta = psi = 1.0
        for _ in range(500):
            for _ in range(K):  # uphill on log(1 - sigmoid(psi theta))
                psi -= h * theta * sigmoid(psi * theta)
            theta += h * psi * sigmoid(psi * theta)  # downhill on the same
            yield math.hypot(theta, psi)

    one, five = list(distances(1)), list(distances(5))
    assert min(one) > 1 and min(five) > 0.5
    witness((0, 0), (one[-1], five[-1]))


def test_jsd_is_half_the_sum(witness):
    """-log 4 + 2 JSD equals V at D*, but only with the halves."""
    m = (P + PG) / 2
    total = kl(P, m) + kl(PG, m)
    right = -log(4) + 2 * total / 2
    assert right == pytest.approx(value(optimal_D(P, PG), P, PG)) == pytest.approx(-0.693, abs=5e-4)
    witness(-log(4) + 2 * total, right)


def test_sign_of_the_loss_at_the_optimum(witness):
    """L is a sum of two cross-entropies, so it is positive, also at D = 1/2."""
    half = torch.full((4,), 0.5, dtype=torch.float64)
    L = (bce(half, torch.ones_like(half)) + bce(half, torch.zeros_like(half))).item()
    assert L == pytest.approx(-value([0.5, 0.5], [0.5, 0.5], [0.5, 0.5]))
    witness(-2 * log(2) + 2 * jsd(P, P), L)


def test_pointwise_minimum_has_positive_curvature():
    """f(y) = -(a log y + b log(1-y)) is convex with its minimum at a/(a+b); flat if a = b = 0."""
    rng = np.random.default_rng(0)
    for a, b in rng.uniform(0.1, 2, size=(50, 2)):
        f = -(a * np.log(UNIT) + b * np.log(1 - UNIT))
        assert (np.diff(f, 2) > 0).all()
        assert UNIT[f.argmin()] == pytest.approx(a / (a + b), abs=1e-4)
        y = a / (a + b)
        g = lambda y, a=a, b=b: -a / y + b / (1 - y)
        assert slope(g, y) == pytest.approx(a / y**2 + b / (1 - y) ** 2, rel=1e-6)
    assert np.ptp(-(0 * np.log(UNIT) + 0 * np.log(1 - UNIT))) == 0


def test_collapse_is_lost_variety(witness):
    """Two generators of valid samples: a perfect one, and a collapsed one."""
    data, z = set(range(10)), np.random.default_rng(0).integers(0, 10, size=1000)
    perfect, collapsed = set(z.tolist()), set((0 * z).tolist())
    assert perfect <= data and collapsed <= data  # all samples valid
    witness(len(perfect), len(collapsed))


def test_loss_of_a_collapsed_generator(witness):
    """N equally likely values, all fakes on the first: L for a frozen D, and for the best one."""

    def losses(N):
        p, pg = np.full(N, 1 / N), np.eye(N)[0]
        frozen, best = np.r_[1.0, np.full(N - 1, 0.5)], optimal_D(p, pg)
        assert best[0] == pytest.approx(1 / (N + 1))
        nearby = np.clip(best + np.random.default_rng(0).normal(0, 0.02, (50, N)), 1e-9, 1 - 1e-9)
        assert all(value(D, p, pg) < value(best, p, pg) for D in nearby)
        return -value(frozen, p, pg), -value(best, p, pg)

    printed, corrected = zip(*map(losses, (2, 10, 100)), strict=True)
    assert log(4) > corrected[0] > corrected[1] > corrected[2] > 0
    witness(printed, corrected)


# ---- W: Wang, Notes on Deep Learning -----------------------------------------------------------


def test_connected_is_not_manifold(witness):
    """How often a small circle around the origin meets a parabola, and the cross xy = 0."""
    angle = np.linspace(0, 2 * pi, 10_001) + 0.1
    x, y = 0.01 * np.cos(angle), 0.01 * np.sin(angle)
    branches = lambda f: np.count_nonzero(np.diff(np.sign(f(x, y))))
    assert branches(lambda x, y: x) == 2  # a straight line
    witness(branches(lambda x, y: y - x**2), branches(lambda x, y: x * y))


def test_unbiased_is_not_consistent(witness):
    """The first of 100 values is unbiased and stays far off; their mean does not."""
    far = lambda std: 2 * norm.sf(0.5 / std)
    samples = np.random.default_rng(0).normal(size=(4000, 100))
    assert samples[:, 0].mean() == pytest.approx(0, abs=0.05)
    assert (abs(samples[:, 0]) > 0.5).mean() == pytest.approx(far(1), abs=0.03)
    assert (abs(samples.mean(1)) > 0.5).mean() == pytest.approx(far(0.1), abs=0.001)
    witness(far(1), far(0.1))


def test_argmax_under_rescaling(witness):
    """A negative factor moves the maximum, a positive one does not."""
    theta = np.linspace(0, 3, 301)
    f = -((theta - 1) ** 2)
    assert theta[f.argmax()] == theta[(2 * f).argmax()]
    witness(theta[(-f).argmax()], theta[(2 * f).argmax()])


def test_sign_of_the_log_likelihood(witness):
    """Where either rule puts the mean of a Gaussian."""
    data, mu = np.array([-1.0, 0.0, 1.0]), np.arange(-10, 101)
    log_p = norm.logpdf(data, mu[:, None]).mean(1)
    assert mu[(-log_p).argmin()] == data.mean()
    assert log_p.min() < -4900
    witness(mu[log_p.argmin()], mu[(-log_p).argmin()])


def test_a_bad_prior_hurts(witness):
    """Exact mean squared errors over all outcomes of five tosses."""
    heads = np.arange(6)
    chance = np.array([math.comb(5, k) * 0.2**k * 0.8 ** (5 - k) for k in heads])
    error = lambda estimate: (chance * (estimate - 0.2) ** 2).sum()
    assert error(heads / 5) == pytest.approx(0.2 * 0.8 / 5)
    assert error((2 + heads) / (10 + 5)) < error(heads / 5)  # a good prior, Beta(2, 8), helps
    witness(error((18 + heads) / (20 + 5)), error(heads / 5))


def test_predictive_needs_conditional_independence(witness):
    """A coin that repeats its last side with probability 0.9."""
    step = np.array([[0.9, 0.1], [0.1, 0.9]])
    marginal = np.linalg.matrix_power(step, 200)[0]
    joint = marginal[:, None] * step
    assert joint.sum(0) == pytest.approx(marginal)
    witness(marginal[1], joint[1, 1] / joint[1].sum())


def test_filter_is_not_a_neuron(witness):
    """Parameters and outputs of 16 filters of 2 x 2 on one 28 x 28 channel."""
    layer = torch.nn.Conv2d(1, 16, 2)
    assert sum(p.numel() for p in layer.parameters()) == 16 * (2 * 2 * 1 + 1) == 80
    witness(layer.out_channels, layer(torch.zeros(1, 1, 28, 28)).numel())


def test_likelihood_is_not_accuracy(witness):
    """Two classifiers that accuracy and log-likelihood rank in opposite order."""
    A, B = np.array([0.9, 0.9, 0.49]), np.array([0.51, 0.51, 0.51])
    accuracy = (A > 0.5).mean() - (B > 0.5).mean()
    likelihood = np.log(A).mean() - np.log(B).mean()
    assert accuracy < 0 < likelihood
    witness(accuracy, likelihood)


def test_minimax_is_not_maximin(witness):
    """(g - d)^2 on [-1, 1]: the order of the moves matters."""
    g, d = np.meshgrid(np.linspace(-1, 1, 201), np.linspace(-1, 1, 201), indexing="ij")
    V = (g - d) ** 2
    saddles = (V == V.min(0, keepdims=True)) & (V == V.max(1, keepdims=True))
    assert not saddles.any()  # no equilibrium in pure strategies
    witness(V.min(0).max(), V.max(1).min())


def test_the_probability_is_bounded_not_the_sample(witness):
    """Share of samples inside [0, 1], and of the values of D*."""
    x = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    D = optimal_D(normal(x), normal(x, 1))
    inside = lambda values: ((values >= 0) & (values <= 1)).mean()
    assert inside(x) == pytest.approx(np.diff(norm.cdf([0, 1]))[0], abs=1e-4)
    witness(inside(x), inside(D))


def test_optimal_discriminator_in_both_terms(witness):
    """V with D* in the first term only, and in both."""
    D = optimal_D(P, PG)
    right = (plog(P, D) + plog(PG, 1 - D)).sum()
    assert right == pytest.approx(2 * jsd(P, PG) - log(4))
    witness((plog(P, D) + plog(PG, np.full(3, 0.5))).sum(), right)


def test_value_at_the_optimal_discriminator(witness):
    """V(D*, G) depends on G: with -2 log 2 for every G the JSD would always be 0."""
    right = value(optimal_D(P, PG), P, PG)
    from_value = lambda L: (log(4) + L) / 2  # the notes' own equation 14
    assert from_value(right) == pytest.approx(jsd(P, PG)) and jsd(P, PG) > 0.3
    assert from_value(-2 * log(2)) == pytest.approx(0)
    witness(-2 * log(2), right)


def test_jsd_only_at_the_optimal_discriminator(witness):
    """Every other discriminator stays below 2 JSD - log 4."""
    bound = 2 * jsd(P, PG) - log(4)
    others = np.random.default_rng(0).uniform(0.01, 0.99, size=(500, 3))
    assert all(value(D, P, PG) < bound for D in others)
    witness(bound, value([0.5] * 3, P, PG))


def test_marginal_averages_over_the_latent(witness):
    """p(x) of a Gaussian model in closed form: N(0, 1.25)."""
    p_x = norm(0, sqrt(1.25)).pdf
    over_x = (p_x(X) * normal(X, 0, 0.5)).sum() * DX  # E_p(x) p(x | z=0)
    over_z = (normal(X) * normal(1, X, 0.5)).sum() * DX  # E_p(z) p(x=1 | z)
    assert over_z == pytest.approx(p_x(1))
    witness(over_x, over_z)


def test_importance_sampling(witness):
    """Both estimators of p(1) have the right mean; the standard errors differ."""

    def mean_and_error(q):
        weight = normal(1, X, 0.5) * normal(X) / q
        mean = (q * weight).sum() * DX
        return mean, sqrt(((q * weight**2).sum() * DX - mean**2) / 2000)

    (mean, error), (same, smaller) = mean_and_error(normal(X)), mean_and_error(normal(X, 0.8, 0.5))
    assert mean == pytest.approx(same) == pytest.approx(norm(0, sqrt(1.25)).pdf(1))
    witness(error, smaller)


def test_latent_and_observed_are_dependent(witness):
    """Correlation of z and x = z + 0.5 e, by its formula and by drawing."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=100_000)
    drawn = np.corrcoef(z, z + 0.5 * rng.normal(size=100_000))[0, 1]
    assert drawn == pytest.approx(1 / sqrt(1.25), abs=0.005)
    witness(0, 1 / sqrt(1.25))


def elbo(mean, variance):
    """ELBO of q = N(mean, variance) in the model z ~ N(0,1), x | z ~ N(z,1) at x = 1."""
    q = normal(X, mean, sqrt(variance))
    return (plog(q, normal(X) * normal(1, X)) - plog(q, q)).sum() * DX


LOG_P = norm(0, sqrt(2)).logpdf(1)  # of the same model: x ~ N(0, 2)


def test_elbo_rises_while_the_likelihood_stands_still(witness):
    """Three encoders, each better than the one before, for one and the same model."""
    steps = [elbo(0, 1), elbo(0.5, 1), elbo(0.5, 0.5)]
    assert steps[0] < steps[1] < steps[2] == pytest.approx(LOG_P)
    assert LOG_P == pytest.approx(log((normal(X) * normal(1, X)).sum() * DX))
    witness(steps, [LOG_P] * 3)


def test_monte_carlo_averages_the_outputs(witness):
    """E[x^2] for x = -1 or 1 is 1."""
    x = np.array([-1.0, 1.0])
    assert (x**2).mean() == x.var()
    witness(x.mean(), (x**2).mean())


def test_metropolis_has_the_target_as_stationary_distribution():
    """The Metropolis chain on five states forgets where it started and keeps the target."""
    target = np.array([0.1, 0.3, 0.2, 0.15, 0.25])
    step = np.zeros((5, 5))
    for i, j in itertools.permutations(range(5), 2):
        step[i, j] = min(1, target[j] / target[i]) / 4
    step += np.diag(1 - step.sum(1))
    assert target @ step == pytest.approx(target)
    assert np.linalg.matrix_power(step, 200) == pytest.approx(np.tile(target, (5, 1)))


# ---- X: IFI 9000 -------------------------------------------------------------------------------


def test_cost_is_a_sum_over_examples(witness):
    """The mean of three costs."""
    costs = [1, 2, 6]
    assert np.mean(costs) == sum(costs) / 3
    witness(costs[-1] / 3, sum(costs) / 3)


def test_chain_rule_example(witness):
    """Derivative at w = 2 of the composition with either g_1."""
    inner = lambda w: torch.sin(w**2 + 1)
    square = derivative(lambda w: inner(w) ** 2, 2.0)
    assert square == pytest.approx(8 * math.sin(5) * math.cos(5))
    witness(derivative(inner, 2.0), square)


def test_backpropagation_needs_the_target(witness):
    """The gradient of the first weight by the formula, with the output or the target inside."""
    alpha, beta, x, target = 0.5, 2.0, 1.0, 1.0
    y = sigmoid(alpha * x)
    z = sigmoid(beta * y)
    formula = lambda t: 2 * (z - t) * z * (1 - z) * beta * y * (1 - y) * x
    cost = lambda a: (torch.sigmoid(beta * torch.sigmoid(a * x)) - target) ** 2
    assert derivative(cost, alpha) == pytest.approx(formula(target))
    witness(formula(z), formula(target))


def test_convolution_flips_the_kernel(witness):
    """numpy's convolution flips, torch's does not; with a flipped kernel they agree."""
    image, kernel = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0])
    layer = lambda k: F.conv1d(torch.tensor(image)[None, None], torch.tensor(k.copy())[None, None])[
        0, 0
    ].numpy()
    assert layer(kernel[::-1]) == pytest.approx(np.convolve(image, kernel, "valid"))
    witness(np.convolve(image, kernel, "valid"), layer(kernel))


def test_filters_span_all_channels(witness):
    """Parameters of three filters that see one channel each, and of three ordinary ones."""
    count = lambda layer: sum(p.numel() for p in layer.parameters())
    ordinary = torch.nn.Conv2d(3, 3, 3)
    assert ordinary(torch.zeros(1, 3, 6, 6)).shape == (1, 3, 4, 4)
    witness(count(torch.nn.Conv2d(3, 3, 3, groups=3)), count(ordinary))


def test_rnn_reads_the_current_input(witness):
    """Last state of a sequence that ends in 0 or in 1; as printed, each input comes a step late."""
    rnn = torch.nn.RNN(1, 1, bias=False)
    for parameter in rnn.parameters():
        torch.nn.init.ones_(parameter)
    x = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]).T[..., None]  # (time, sequence, 1)
    late = x.roll(1, dims=0)
    late[0] = 0

    def change(inputs):
        last = rnn(inputs)[0][-1, :, 0]
        return (last[1] - last[0]).item()

    assert change(x) == pytest.approx(math.tanh(1))
    witness(change(late), change(x))


def test_logistic_regression_needs_a_bias(witness):
    """Without a bias the answer at 0 is one half for every weight."""
    model = lambda x, w, b=0.0: sigmoid(w * x + b)
    assert {model(0, w) for w in (-5, -1, 0.3, 1, 7)} == {0.5}
    witness(model(0, 1), model(0, 1, -3))


def test_value_is_twice_the_mean_log_likelihood(witness):
    """The mean over real and fake together, and the sum of the two means."""
    half = torch.full((6,), 0.5, dtype=torch.float64)
    labels = torch.tensor([1.0] * 3 + [0.0] * 3, dtype=torch.float64)
    mean = -bce(half, labels).item()
    two_means = half[:3].log().mean() + (1 - half[3:]).log().mean()
    assert two_means.item() == pytest.approx(2 * mean)
    witness(two_means.item(), mean)


def test_optimal_potentials_need_not_be_opposite(witness):
    """A feasible pair with the value of the linear programme, and lambda not -gamma."""
    points, p, q = np.array([0.0, 1.0]), np.array([1.0, 0.0]), np.array([0.0, 1.0])
    cost = abs(points[:, None] - points)
    rows = np.concatenate([np.kron(np.eye(2), np.ones(2)), np.kron(np.ones(2), np.eye(2))])
    W = linprog(cost.ravel(), A_eq=rows, b_eq=np.r_[p, q]).fun
    gamma, lam = np.array([0.5, -5.0]), np.array([-0.5, 0.5])
    assert (gamma[:, None] + lam <= cost + 1e-12).all()
    assert p @ gamma + q @ lam == pytest.approx(W) == pytest.approx(1)
    f = np.array([0.5, -0.5])  # an opposite pair exists, too
    assert (f[:, None] - f <= cost).all() and p @ f - q @ f == pytest.approx(W)
    witness((0, 0), gamma + lam)


def test_unconstrained_critic_is_unbounded(witness):
    """f(x) = ax separates two points by a, the best 1-Lipschitz function by their distance."""
    gap = lambda a: a * 1.0 - a * 0.0
    assert gap(1000) > gap(100) > 50
    best = wasserstein_distance([1.0], [0.0])
    assert gap(1) == best
    witness(gap(100), best)


def test_cycle_term_is_weighted(witness):
    """|F(G(x)) - x| and |G(F(y)) - y| of two affine maps, on many points."""
    G, back = lambda x: 2 * x, lambda y: y / 2 + 0.25
    points = np.random.default_rng(0).normal(size=100)
    cycle = abs(back(G(points)) - points).mean() + abs(G(back(points)) - points).mean()
    exact_inverse = lambda y: y / 2
    assert abs(exact_inverse(G(points)) - points).max() == 0
    witness(cycle, 10 * cycle)


# ---- S: ECE 544NA, Lecture 21 ------------------------------------------------------------------


def test_temperature_stands_inside_both_exponentials(witness):
    """Sums of the 'probabilities' of three scores at temperature 0.5."""
    score, epsilon = np.array([1.0, 2.0, 3.0]), 0.5
    printed = np.exp(score) / epsilon / np.exp(score).sum()
    corrected = np.exp(score / epsilon) / np.exp(score / epsilon).sum()
    assert torch.softmax(torch.tensor(score / epsilon), 0).numpy() == pytest.approx(corrected)
    witness(printed.sum(), corrected.sum())


def test_argmax_is_not_the_maximum(witness):
    """The largest log-likelihood of the data 1, 2, 3, and the mean that attains it."""
    theta = np.linspace(0, 4, 401)
    log_L = norm.logpdf([1, 2, 3], theta[:, None]).sum(1)
    assert theta[log_L.argmax()] == pytest.approx(np.mean([1, 2, 3]))
    witness(log_L.max(), theta[log_L.argmax()])


def test_elbo_is_maximised(witness):
    """Which of three encoders is picked by minimising, and by maximising the ELBO."""
    means = np.array([-1.0, 0.0, 0.5])
    bounds = np.array([elbo(mean, 0.5) for mean in means])
    assert bounds.max() == pytest.approx(LOG_P)  # N(1/2, 1/2) is the exact posterior
    witness(means[bounds.argmin()], means[bounds.argmax()])


def test_elbo_is_only_a_bound(witness):
    """log p(x) exceeds the ELBO by KL(q || p(z|x))."""
    gap = kl(normal(X), normal(X, 0.5, sqrt(0.5))) * DX
    assert LOG_P - elbo(0, 1) == pytest.approx(gap)
    witness(elbo(0, 1), LOG_P)


def test_minimum_is_not_the_minimiser(witness):
    """The least value of -V over all D, and the D that attains it at the middle point."""
    costs = -(P[:, None] * np.log(UNIT) + PG[:, None] * np.log(1 - UNIT))
    assert -value(optimal_D(P, PG), P, PG) == pytest.approx(costs.min(1).sum(), abs=1e-3)
    assert UNIT[costs[1].argmin()] == pytest.approx(optimal_D(P, PG)[1])
    witness(-value(optimal_D(P, PG), P, PG), UNIT[costs[1].argmin()])


def test_pointwise_minimum_is_the_minimum_of_the_integral():
    """No other function, rough or smooth, has a smaller integral than the pointwise minimiser."""
    x = np.linspace(-4, 4, 201)
    p, q = normal(x), normal(x, 1)
    cost = lambda D: -(p * np.log(D) + q * np.log(1 - D)).sum()
    best, rng = optimal_D(p, q), np.random.default_rng(0)
    rough = [np.clip(best + 0.1 * rng.normal(size=201), 0.01, 0.99) for _ in range(100)]
    smooth = [np.clip(best + 0.05 * np.cos(k * x), 0.01, 0.99) for k in range(10)]
    assert all(cost(D) > cost(best) for D in rough + smooth)


def test_sign_of_the_functional(witness):
    """Minimising S with the extra minus picks the worse of two constant discriminators."""
    candidates = np.array([0.01, 0.5])
    integral = -(np.log(candidates) + np.log(1 - candidates))  # of L, for p_G = p
    assert integral[1] == pytest.approx(log(4))
    witness(candidates[(-integral).argmin()], candidates[integral.argmin()])


def test_weight_belongs_under_the_integral(witness):
    """The KL of two coins, with the weight outside and inside."""
    p, q = np.array([0.8, 0.2]), np.array([0.5, 0.5])
    printed = p * np.log(p / q).sum()
    right = F.kl_div(torch.tensor(q).log(), torch.tensor(p), reduction="sum").item()
    assert printed[0] != printed[1]  # it even depends on x
    assert right == pytest.approx(kl(p, q))
    witness(printed[0], right)


def test_half_on_both_integrals(witness):
    """The sixth line of the chain for the JSD, as printed and with its half."""
    p, q = np.array([0.8, 0.2]), np.array([0.2, 0.8])
    second = (p * np.log(p / (p + q)) + q * np.log(q / (p + q))).sum()
    first = log(2) / 2 * (p + q).sum()
    assert first + second / 2 == pytest.approx(jsd(p, q))
    witness(first + second, first + second / 2)


def test_the_distance_is_not_its_minimum(witness):
    """W from 0 to three candidates: the least of them is not the distance to the present one."""
    W = [wasserstein_distance([0.0], [at]) for at in (0.0, 1.0, 2.0)]
    steep = [3 * at for at in (0.0, 1.0, 2.0)]  # critics of slope 3
    assert max(np.array(steep) - 3 * np.array(W)) <= 0
    witness(min(W), W[2])


def test_number_of_critic_steps(witness):
    """t = 0, ..., 5 are six steps."""
    n_critic = 5
    printed, corrected = range(0, n_critic + 1), range(1, n_critic + 1)
    assert len(corrected) == n_critic
    witness(len(printed), len(corrected))


def test_critic_has_no_sigmoid(witness):
    """The steeper a critic with a sigmoid, the nearer its gap comes to 1, and never beyond."""
    gap = lambda steepness: sigmoid(steepness * (10 - 5)) - sigmoid(steepness * (0 - 5))
    gaps = [gap(steepness) for steepness in (0.1, 1, 10)]
    assert gaps == sorted(gaps) and gaps[-1] <= 1
    witness(gaps[-1], wasserstein_distance([0.0], [10.0]))


def test_batch_norm_depends_on_the_batch(witness):
    """Change the neighbour: layer norm of the first sample stays, batch norm moves."""
    batches = [
        torch.tensor([[1.0, 2.0], other], dtype=torch.float64)
        for other in ([3.0, 8.0], [5.0, -1.0])
    ]
    moved = lambda norm: (norm(batches[0])[0] - norm(batches[1])[0]).abs().max().item()
    layer = lambda x: F.layer_norm(x, (2,))
    batch = lambda x: F.batch_norm(x, None, None, training=True)
    assert layer(batches[0])[0].mean().item() == pytest.approx(0)
    witness(moved(layer), moved(batch))


def test_gradient_penalty_of_a_linear_critic():
    """D(x) = w.x has the slope w everywhere: the penalty is 10 (|w| - 1)^2."""
    w = torch.tensor([3.0, 4.0])
    penalty = gradient_penalty(10)(lambda x: x @ w, torch.randn(8, 2), torch.randn(8, 2))
    assert penalty.item() == pytest.approx(10 * (5 - 1) ** 2)
    assert gradient_penalty(10)(lambda x: x @ (w / 5), torch.zeros(8, 2), torch.ones(8, 2)) < 1e-9


def test_blur_pleases_squared_error_only(witness):
    """A pixel that is 0 or 1: squared error prefers grey, the JSD prefers honest draws."""
    pixels, data = np.array([0.0, 0.5, 1.0]), np.array([0.5, 0.0, 0.5])
    grey = np.array([0.0, 1.0, 0.0])
    error = lambda q: (data[:, None] * q * (pixels[:, None] - pixels) ** 2).sum()
    assert error(grey) == 0.25 < error(data) == 0.5
    assert jsd(data, grey) == pytest.approx(log(2))
    witness(jsd(data, grey), jsd(data, data))


def test_k_means_is_blind_to_the_width():
    """Narrow and wide clusters get the same centres."""

    def k_means(x, centres=(-2.0, 2.0)):
        for _ in range(10):
            nearest = abs(x[:, None] - np.array(centres)).argmin(1)
            centres = [x[nearest == k].mean() for k in (0, 1)]
        return centres

    shape = np.linspace(-1, 1, 21)
    narrow, wide = (np.r_[-1 + width * shape, 1 + width * shape] for width in (0.1, 0.8))
    assert k_means(narrow) == pytest.approx([-1, 1])
    assert k_means(wide) == pytest.approx([-1, 1])
    assert narrow[:21].std() < wide[:21].std() / 5


def test_viterbi_is_not_the_likelihood(witness):
    """All eight paths of a hidden Markov model: the best one, their sum, the forward recursion."""
    stay, emits_1, seen = 0.9, (0.2, 0.7), (1, 0, 1)
    emission = lambda state, o: emits_1[state] if o else 1 - emits_1[state]

    def joint(path):
        moves = math.prod(stay if a == b else 1 - stay for a, b in itertools.pairwise(path))
        return 0.5 * moves * math.prod(map(emission, path, seen))

    paths = [joint(path) for path in itertools.product((0, 1), repeat=3)]
    alpha = np.array([0.5 * emission(s, seen[0]) for s in (0, 1)])
    for o in seen[1:]:
        alpha = alpha @ [[0.9, 0.1], [0.1, 0.9]] * [emission(s, o) for s in (0, 1)]
    assert alpha.sum() == pytest.approx(sum(paths))
    witness(max(paths), sum(paths))


# ---- T: tutorials and reference code -----------------------------------------------------------


def test_loss_is_small_where_the_generator_is_bad(witness):
    """-log(1-D) and its slope in the score, for a good and for a bad fake."""
    loss = lambda a: -torch.log(1 - torch.sigmoid(a))
    good, bad = logit(0.99), logit(0.01)
    assert loss(torch.tensor(bad)).item() == pytest.approx(0.010, abs=5e-4)
    assert derivative(loss, bad) == pytest.approx(0.01)
    assert derivative(loss, good) == pytest.approx(0.99)
    witness(0, loss(torch.tensor(good, dtype=torch.float64)).item())


def test_lipschitz_bound_is_attained(witness):
    """The dual programme on two bins, with the slope bounded by less than 1 and by 1."""
    p, q = np.array([1.0, 0.0]), np.array([0.0, 1.0])

    def dual(bound):
        steps = [[1, -1], [-1, 1]]
        return -linprog(q - p, A_ub=steps, b_ub=[bound] * 2, bounds=[(-9, 9)] * 2).fun

    assert dual(1) == pytest.approx(wasserstein_distance([0.0], [1.0]))
    witness([dual(bound) for bound in (0.9, 0.99, 0.999)], [1, 1, dual(1)])


def test_wasserstein_2_of_two_gaussians(witness):
    """The mean squared distance of quantiles of N(0, 1) and N(0, 16)."""
    u = (np.arange(200_000) + 0.5) / 200_000
    quantiles = ((norm.ppf(u, scale=1) - norm.ppf(u, scale=4)) ** 2).mean()
    assert quantiles == pytest.approx((1 - 4) ** 2, abs=2e-3)
    witness(1 + 4 - 2 * sqrt(1 * 4), quantiles)


def test_discriminator_loss_as_reported(witness):
    """The sum of two cross-entropies, as the tutorial's code computes it."""
    real, fake = torch.tensor(0.9).double(), torch.tensor(0.1).double()
    loss = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    assert loss.item() == pytest.approx(-(log(0.9) + log(1 - 0.1)))
    witness(log(0.9) + log(0.1), loss.item())


def test_initial_standard_deviation(witness):
    """10,000 weights of a convolution, initialised with 0.02."""
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(25, 25, 4)
    initialise(layer)
    assert layer.weight.numel() == 10_000
    assert layer.weight.mean().abs() < 0.001
    witness(0.2, layer.weight.std().item())


def test_hinge_is_not_wasserstein(witness):
    """Two critic losses on the same scores; the hinge is flat beyond its margin."""
    real, fake = torch.tensor([3.0, 0.5], requires_grad=True), torch.tensor([-2.0, 0.0])
    hinge = torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()
    wasserstein = fake.mean() - real.mean()
    assert torch.autograd.grad(hinge, real)[0].tolist() == [0.0, -0.5]
    assert torch.autograd.grad(wasserstein, real)[0].tolist() == [-0.5, -0.5]
    witness(hinge.item(), wasserstein.item())


def test_penalty_between_real_and_fake(witness):
    """D(x) = x^2/2 has slope x: exactly 1 at the real point 1, far more on the way to 5."""
    D = lambda x: x.square().sum(-1) / 2
    real, fake = torch.full((20_000, 1), 1.0), torch.full((20_000, 1), 5.0)
    torch.manual_seed(0)
    drawn = gradient_penalty(1)(D, real, fake).item()
    exact = np.mean((np.linspace(1, 5, 100_001) - 1) ** 2)
    assert drawn == pytest.approx(exact, rel=0.03)
    witness(gradient_penalty(1)(D, real, real).item(), exact)


def test_bce_with_logits_has_a_sigmoid(witness):
    """A single score through a softmax is always 1; the loss of torch is that of the sigmoid."""
    score, label = torch.tensor([2.0]).double(), torch.tensor([1.0]).double()
    loss = F.binary_cross_entropy_with_logits(score, label).item()
    assert loss == pytest.approx(-log(sigmoid(2)))
    witness(-torch.log_softmax(score, 0).item(), loss)


def test_interpolation_stays_between(witness):
    """Share of interpolated points outside the segment, for both ways to draw alpha."""
    rng = np.random.default_rng(0)
    outside = lambda alpha: ((alpha < 0) | (alpha > 1)).mean()
    exact = 1 - np.diff(norm.cdf([0, 1]))[0]
    assert outside(rng.normal(size=100_000)) == pytest.approx(exact, abs=0.005)
    witness(exact, outside(rng.uniform(size=100_000)))


def test_norm_at_zero(witness):
    """The derivative of two norms at the zero vector."""

    def first(norm):
        g = torch.zeros(3, requires_grad=True)
        norm(g).backward()
        return g.grad[0].item()

    safe = first(lambda g: torch.linalg.vector_norm(g))
    assert first(lambda g: (g.square().sum() + 1e-12).sqrt()) == safe
    witness(first(lambda g: g.square().sum().sqrt()), safe)


def test_batch_norm_couples_the_samples(witness):
    """Slope of the first sample's score by the second sample."""

    def coupling(norm):
        x = torch.tensor([[0.0], [1.0], [3.0]], dtype=torch.float64, requires_grad=True)
        (gradient,) = torch.autograd.grad(norm(x).square()[0, 0], x)
        return gradient[1, 0].item(), gradient[0, 0].item()

    batch, _ = coupling(lambda x: F.batch_norm(x, None, None, training=True))
    alone, own = coupling(lambda x: x - 2)
    assert own == -4
    witness(batch, alone)


def test_batch_norm_scales_are_positive(witness):
    """Share of negative scales when they are drawn around 0, and around 1."""
    torch.manual_seed(0)
    layer = torch.nn.BatchNorm2d(10_000)
    initialise(layer)
    wrong = norm.cdf(0, loc=0, scale=0.02)
    assert norm.cdf(0, loc=1, scale=0.02) < 1e-12
    witness(wrong, (layer.weight < 0).float().mean().item())


def test_discriminators_maximise(witness):
    """The worse of two constant discriminators wins when V is minimised over D."""
    candidates = np.array([0.01, 0.5])
    V = np.log(candidates) + np.log(1 - candidates)
    assert V.max() == pytest.approx(-log(4))
    witness(candidates[V.argmin()], candidates[V.argmax()])


def test_clip_after_the_step(witness):
    """One weight of a linear critic, at its bound, after a step of 0.05."""
    critic = torch.nn.Linear(1, 1, bias=False)

    def seen(*order):
        torch.nn.init.constant_(critic.weight, 0.01)
        for action in order:
            action()
        return critic.weight.item()

    def step():
        critic.weight.data += 0.05

    def clip():
        clip_weights(0.01)(critic)

    assert seen(clip) == pytest.approx(0.01)
    witness(seen(clip, step), seen(step, clip))
