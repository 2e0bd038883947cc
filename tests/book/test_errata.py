"""Every number on the page of errata is recomputed here, from definitions and by its own route.

A test takes the fixture `witness` and hands it two values: what the printed statement gives and
what the corrected one gives. They are compared with the page to the last digit printed there, and
must differ. Where a statement is a formula, the test does not copy it: the fixture `says` evaluates
it as it is printed. What else the test asserts shows by independent means that the correction is
right.

Every test carries the fingerprint of its entry, `@reads("1234abcd")`. Who edits an entry must come
here, see what the test computes, and write the new fingerprint, which the failure prints.
"""

import ast
import itertools
import math
import os
import re
from math import exp, inf, log, pi, sqrt
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from scipy.stats import chi2, multivariate_normal, norm, uniform, wasserstein_distance
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy as bce

import arithmetic
from checkout import ROOT
from errata import FIELDS, KINDS, LONGEST_EXCERPT, entries, fingerprint, numbers, read, sources
from gancourse.networks.dcgan import initialise
from gancourse.penalties import clip_weights, gradient_penalty

SOURCES = sources(ROOT)
ENTRIES = entries(ROOT)
WITHDRAWN = read(ROOT)["withdrawn"]
BY_TEST = {entry["test"]: entry for entry in ENTRIES if "test" in entry}
TESTS = {
    node.name: node
    for node in ast.parse((ROOT / "tests/book/test_errata.py").read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
}
#: Where the maintainers keep the texts of the five sources; they are not ours to publish.
TEXTS = Path(os.environ.get("GANCOURSE_SOURCES", ROOT.parent / "shared" / "sources"))


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


class Says:
    """What the two sides of an entry say, evaluated as they are printed."""

    def __init__(self, entry):
        self.entry = entry

    def __call__(self, side, names, formula=0, part=-1, after="", then=""):
        """The value of a formula of one side, counted from 0, for the values of its names.

        Of a chain of equations it is the last part unless another is asked for. `after` leaves
        out what stands before, `then` adds what the formula is to be applied to.
        """
        text = arithmetic.formulas(self.entry[side])[formula]
        text = arithmetic.sides(text)[part].strip()
        if after:
            before, found, text = text.partition(" ".join(arithmetic.TOKEN.findall(after)))
            assert found, f"{after} is not in {before}"
        return arithmetic.value(text + then, names)

    def numbers(self, side):
        """The numbers in a text, without those in indices and names."""
        return [float(n) for n in re.findall(r"(?<![\w^_.])\d+(?:\.\d+)?", self.entry[side])]

    def law(self, side):
        """The first distribution that a text names: N(mean, variance) or U[a, b]."""
        gaussian, low, high = re.search(
            r"(\\mathcal N\(|U\[)([^,]+),([^)\]]+)[)\]]", self.entry[side]
        ).groups()
        low, high = arithmetic.value(low, {}), arithmetic.value(high, {})
        return norm(low, sqrt(high)) if "N" in gaussian else uniform(low, high - low)


@pytest.fixture
def says(request):
    return Says(BY_TEST[request.node.originalname])


def reads(digits):
    """The fingerprint of the entry as its test's author read it."""

    def mark(test):
        test.reads = digits
        return test

    return mark


#: The same for the entries that have nothing to compute.
READ_BY_EYE = {
    "R3": "d4db2219",
    "R4a": "0ac1e41f",
    "R8a": "4c455dc6",
    "R9a": "d671b8a3",
    "R9b": "a32c9126",
    "R13": "894d1634",
    "R17a": "0e036637",
    "R17b": "e79d2d5e",
    "I1a": "a36143a1",
    "I8a": "a2b2912d",
    "I11b": "c45f3ae3",
    "W2": "f7a73ca0",
    "W4a": "d6deacfd",
    "W6a": "bd6b2334",
    "W6d": "fe453c90",
    "W7b": "7ce7a078",
    "W8a": "a210304e",
    "W9b": "7c0850d0",
    "W10a": "4c7a3fad",
    "W10d": "743c83be",
    "W11b": "b848b0f5",
    "W12a": "248253cb",
    "X1": "b4d3ee9e",
    "X4a": "ac3c674f",
    "X8": "ebf4c2ec",
    "X9": "5d52f1a3",
    "X10b": "c4656c84",
    "X11b": "6987518b",
    "X12": "a867e6c4",
    "S3": "7112316a",
    "S5": "d91b48e0",
    "S6a": "ecbc1960",
    "S10a": "f9948a96",
    "S10b": "0dd58281",
    "S10c": "888f9fde",
    "S13d": "80f8537c",
}


# ---- the file itself ---------------------------------------------------------------------------


def test_ids_are_unique_and_begin_with_their_source():
    assert len({entry["id"] for entry in ENTRIES + WITHDRAWN}) == len(ENTRIES + WITHDRAWN)
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
    required = set(FIELDS) - {"excerpt"}
    assert required <= set(entry) <= {*FIELDS, "cited", "unquoted", "witness", "test", "untested"}
    assert ("test" in entry) != ("untested" in entry)
    assert ("excerpt" in entry) != ("unquoted" in entry)
    assert entry["kind"] in KINDS
    assert entry["chapter"] == "A" or entry["chapter"] in range(1, 19)
    for field, longest in FIELDS.items():
        if field == "excerpt":
            continue
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


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_entry_is_the_one_that_was_tested(entry):
    """Nobody edits an entry without opening its test."""
    test = entry.get("test")
    known = globals()[test].reads if test else READ_BY_EYE.get(entry["id"])
    now = fingerprint(entry)
    where = f'{test}, and write @reads("{now}")' if test else f'READ_BY_EYE, and write "{now}"'
    assert known == now, f"{entry['id']} was edited: see that it is still what we test, in {where}"


def test_nothing_untested_is_forgotten():
    assert set(READ_BY_EYE) == {entry["id"] for entry in ENTRIES if "untested" in entry}


def test_withdrawn_entries_say_when_and_why():
    for entry in WITHDRAWN:
        assert set(entry) == {"id", "date", "was", "why"}
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", str(entry["date"]))
        assert min(len(entry["was"]), len(entry["why"])) > 40


# ---- the sources' own words --------------------------------------------------------------------

QUOTED = [entry for entry in ENTRIES if "excerpt" in entry]
#: Entries whose formula we print in other letters or another order than the source, and why.
REPHRASED = {
    "I2": "two displays in one line",
    "I5": "the conditions stand in the index there",
    "X7": "a column vector, set as a binomial",
    "R7": "a sum stands between the two sides there",
    "W8a": "argmin above its index there",
    "W10c": "the two sides stand three lines apart",
    "I11b": "the expectation above its index there",
}


def flat(text):
    return re.sub(r"\s+", " ", text).strip()


def symbols(tex):
    """The symbols of a formula, without its setting: fonts, braces, sizes, arrows over letters."""
    tex = re.sub(r"\\tag\{.*?\}|\\(?:left|right|[bB]igg?[lrm]?)(?![a-zA-Z])", " ", tex)
    tex = re.sub(r"\\(?:mathbf|mathrm|text|operatorname\*?|vec|rm|underset)(?![a-zA-Z])", " ", tex)
    tex = re.sub(r"\\([td])frac", r"\\frac", tex).replace(r"\mid", "|").replace(r"\|", "||")
    tex = re.sub(r"\\(log|min|max|le|sim)(?![a-zA-Z])", r" \1 ", tex)
    ignored = {"{", "}", r"\{", r"\}", "[", "]", r"\cdot", r"\dots", r"\,", r"\;", r"\ ", r"\quad"}
    return [token for token in arithmetic.TOKEN.findall(tex) if token not in ignored]


@pytest.mark.parametrize("entry", QUOTED, ids=lambda entry: entry["id"])
def test_excerpt_is_short(entry):
    """A quotation, not a copy."""
    assert 1 <= len(entry["excerpt"].split()) <= LONGEST_EXCERPT
    assert len(entry["excerpt"]) <= FIELDS["excerpt"]
    assert entry["excerpt"] == flat(entry["excerpt"])


def test_who_is_not_one_of_the_five_is_cited():
    """A tutorial is quoted from a file at a commit; the five sources have a file of their own."""
    for source in SOURCES:
        for entry in source["errata"]:
            assert ("cited" in entry) == ("file" not in source and "excerpt" in entry), entry["id"]


@pytest.mark.parametrize(
    "entry",
    [e for e in QUOTED if re.fullmatch(r"\$[^$]+\$", e["printed"])],
    ids=lambda entry: entry["id"],
)
def test_printed_formula_is_that_of_the_excerpt(entry):
    """Every symbol of the formula that we print stands in the source's, in the same order."""
    if entry["id"] in REPHRASED or re.search(
        r"\w\.\w+\(|\*\*|:math:|=self|log_p", entry["excerpt"]
    ):
        return
    theirs = iter(symbols(entry["excerpt"]))
    ours = symbols(entry["printed"][1:-1])
    missing = [token for token in ours if token not in theirs]
    assert not missing, f"{missing} not in {entry['excerpt']}"
    if "$" not in entry["excerpt"]:
        logarithms = "".join(symbols(entry["excerpt"])).count("log")
        assert "".join(ours).count("log") == logarithms


@pytest.mark.parametrize("source", [s for s in SOURCES if "file" in s], ids=lambda s: s["key"])
def test_excerpts_stand_in_their_source(source, capsys):
    """Letter by letter, up to white space; only where the maintainers' copies are."""
    if not TEXTS.is_dir():
        reason = (
            f"SKIPPED: no text of {source['name']} in {TEXTS}; its {len(source['errata'])} "
            "excerpts were compared with nothing but their fingerprints"
        )
        with capsys.disabled():
            print(f"\n*** {reason}")
        pytest.skip(reason)
    text = flat((TEXTS / source["file"]).read_text("utf-8"))
    assert [e["id"] for e in source["errata"] if flat(e["excerpt"]) not in text] == []


def test_only_names_notation_and_omissions_go_without_a_test():
    """Whatever can be computed has a test: a wrong sign, factor or condition always can."""
    excused = {"symbol", "name", "typo", "omission", "dated"}
    exceptions = {"R17b", "I8a", "W8a", "W11b"}  # reasons on the page
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


@reads("3a7ed00d")
def test_maximum_on_the_boundary(witness, says):
    """Data from U(0, theta): the likelihood is largest at max(x), with slope -n/theta there."""
    x = np.array([0.5, 1.2, 2.0])

    def log_L(theta):
        return -3 * np.log(theta) if theta >= x.max() else -inf

    grid = np.arange(100, 501) / 100
    assert max(grid, key=log_L) == x.max()
    assert all(slope(log_L, theta) < -0.5 for theta in grid if theta > 2)  # never zero
    witness(says("corrected", {}), (log_L(2 + 1e-6) - log_L(2)) / 1e-6)


@reads("9ffbc8e0")
def test_density_is_not_a_probability(witness):
    """A density of 3.989 and the probability of a small interval around the same point."""
    density, probability = norm.pdf(0, scale=0.1), np.diff(norm.cdf([-0.005, 0.005], scale=0.1))[0]
    assert density > 1 > probability
    assert probability == pytest.approx(density * 0.01, rel=1e-3)
    witness(density, probability)


@reads("862691fe")
def test_independent_is_not_identical(witness):
    """The joint density of two independent variables of different width."""
    joint = multivariate_normal([0, 0], [[1, 0], [0, 4]]).pdf([1, 1])
    assert joint == pytest.approx(normal(1) * normal(1, 0, 2))
    witness(normal(1) ** 2, joint)


@reads("e0bfc529")
def test_bce_needs_both_logarithms(witness, says):
    """The constant prediction that minimises either sum when 3 of 10 labels are 1."""
    q, y = 0.3, np.array([1.0] * 3 + [0.0] * 7)[:, None]
    names = {"y_i": y, "p(y_i)": UNIT, "p(x_i)": UNIT}
    # The printed sum lacks its brackets, too. We put them round all of it.
    printed = UNIT[says("printed", names, after=r"\sum_{i=1}^N").mean(0).argmax()]
    loss = says("corrected", names | {r"\sum_{i=1}^N": lambda t: t.sum(0), "N": 10})
    labels = torch.tensor(y[:, 0])
    for k in (10, 3000, 9000):
        theirs = bce(torch.tensor(UNIT[k]).expand(10), labels).item()
        assert loss[k] == pytest.approx(theirs)
    assert printed == pytest.approx(q / (1 - q), abs=1e-4)
    witness(printed, UNIT[loss.argmin()])


@reads("393a4610")
def test_gibbs_inequality():
    """Cross-entropy minus entropy is never negative, and zero only for p = q."""
    rng = np.random.default_rng(0)
    for q, p in rng.dirichlet(np.ones(4), size=(500, 2)):
        assert -plog(q, p).sum() > -plog(q, q).sum()
        assert -plog(q, q).sum() == pytest.approx((q * -np.log(q)).sum())


@reads("46ab2699")
def test_class_frequencies(witness, says):
    """Class shares of ten labels."""
    labels = [0] * 3 + [1] * 7
    names = {"N_c": np.bincount(labels), "N": 10}
    shares = [np.mean(np.equal(labels, c)) for c in (0, 1)]
    assert np.allclose(says("corrected", names), shares)
    witness(says("printed", names).sum(), says("corrected", names).sum())


@reads("8a3803cf")
def test_kl_from_an_empirical_distribution(witness, says):
    """On ever finer bins the KL to a Gaussian grows without bound, the cross-entropy does not."""
    x = np.array([-1.0, 0.0, 1.0])

    def divergence_and_cross_entropy(width):
        mass = np.diff(norm.cdf([x - width / 2, x + width / 2]), axis=0)[0]
        return kl(np.full(3, 1 / 3), mass), -np.log(mass / width).mean()

    (kl_1, ce_1), (kl_2, ce_2), (kl_3, ce_3) = map(divergence_and_cross_entropy, (0.1, 0.01, 1e-3))
    assert kl_3 - kl_2 == pytest.approx(log(10), abs=1e-3)
    limit = says("corrected", {r"\mathbb E_{\hat p}": np.mean, r"p_\theta": norm.pdf(x)})
    assert ce_3 == pytest.approx(limit, abs=1e-6)
    witness((kl_1, kl_3), (ce_1, ce_3))


@reads("15c07656")
def test_entropy_is_not_negative(witness, says):
    """The entropy of a fair coin, by both formulas and by torch."""
    q = np.array([0.5, 0.5])
    mean = lambda f: (q * f).sum()
    right = says("corrected", {r"\mathbb E_{y\sim q}": mean, "q(y)": q})
    assert torch.distributions.Bernoulli(0.5).entropy().item() == pytest.approx(right)
    witness(says("printed", {r"\mathbb E_{q\sim P}": mean, "P(q)": q}), right)


@reads("99717792")
def test_density_ratio_from_the_discriminator(says):
    """A logistic regression trained on N(1,1) against N(0,1) has exp(score) = p/q = D/(1-D)."""
    p, q = normal(X, 1), normal(X)
    inputs, weights = np.stack([X, np.ones_like(X)]), np.zeros(2)
    for _ in range(20):  # Newton's method on the cross-entropy of infinitely many samples
        D = 1 / (1 + np.exp(-weights @ inputs))
        gradient = inputs @ ((p + q) * D - p)
        weights -= np.linalg.solve((inputs * ((p + q) * D * (1 - D))) @ inputs.T, gradient)
    near = abs(X) < 4
    names = {r"p_{\text{data}}(x)": p, r"p_{\text{model}}(x)": q, "D^*(x)": D}
    names |= {"e": math.e, r"\text{score}(x)": weights @ inputs}
    ratio, odds, exponential = (says("corrected", names, part=k)[near] for k in range(3))
    assert np.allclose(ratio, odds, rtol=1e-6) and np.allclose(ratio, exponential, rtol=1e-6)


@reads("da59dcb3")
def test_value_and_costs(witness, says):
    """V = -2 J^(D): the cost is the mean cross-entropy over equally many real and fake samples."""

    def V(real, fake):
        return (real.log().mean() + (1 - fake).log().mean()).item()

    def J(real, fake):
        labels = torch.cat([torch.ones(5), torch.zeros(5)]).double()
        return bce(torch.cat([real, fake]), labels).item()

    torch.manual_seed(0)
    for _ in range(20):
        real, fake = torch.rand(2, 5, dtype=torch.float64)
        names = {"J^{(D)}": J(real, fake), "V(D,G)": V(real, fake)}
        for part, expected in ((1, V(real, fake)), (3, -J(real, fake)), (4, -J(real, fake))):
            assert says("corrected", names, part=part) == pytest.approx(expected)
    half = torch.full((5,), 0.5, dtype=torch.float64)
    witness(J(half, half), says("corrected", {"J^{(D)}": J(half, half)}, part=1))


@reads("a8dae249")
def test_simultaneous_is_not_alternating(witness):
    """Eigenvalues of both updates on min_x max_y xy, and 500 rounds of each."""
    h = 0.1
    simultaneous = np.array([[1, -h], [h, 1]])
    alternating = np.array([[1, 0], [h, 1]]) @ np.array([[1, -h], [0, 1]])
    far = np.linalg.matrix_power(simultaneous, 500) @ [1, 1]
    near = [np.linalg.norm(np.linalg.matrix_power(alternating, n) @ [1, 1]) for n in range(500)]
    assert np.linalg.norm(far) > 10 and 1.3 < min(near) and max(near) < 1.5
    witness(*(abs(np.linalg.eigvals(step)).max() for step in (simultaneous, alternating)))


@reads("7b09cf8b")
def test_non_saturating_gradient_is_another_divergence(witness, says):
    """With D* held fixed: gradient of E log(1-D) is that of 2 JSD, of -E log D another one."""

    h = 1e-5
    near = [(normal(X), normal(X, mu)) for mu in (2 - h, 2 + h)]
    names = {r"\nabla": lambda f: (f[1] - f[0]) / (2 * h)}
    names[r"\mathrm{JSD}"] = np.array([jsd(p, q) * DX for p, q in near])
    names[r"\mathrm{KL}(p_g\|p)"] = np.array([kl(q, p) * DX for p, q in near])

    p, q = normal(X), normal(X, 2)
    dq, D = q * (X - 2), optimal_D(p, q)
    saturating, other = (dq * np.log(1 - D)).sum() * DX, -(dq * np.log(D)).sum() * DX
    assert says("corrected", names, formula=2) == pytest.approx(saturating, abs=1e-6)
    assert says("corrected", names, formula=1) == pytest.approx(other, abs=1e-6)
    objective = {r"\max_G": lambda f: f, r"\mathbb E": lambda f: (dq * f).sum() * DX, "D(G(z))": D}
    assert -says("printed", objective) == pytest.approx(other)
    witness(saturating, other)


@reads("70bf8bcc")
def test_no_leaky_relu_before_the_sigmoid(witness):
    """The probability of a score of -3, with a LeakyReLU in between and without."""
    score = torch.tensor(-3.0, dtype=torch.float64)
    wrong = torch.sigmoid(torch.nn.LeakyReLU(0.2)(score)).item()
    assert wrong == pytest.approx(sigmoid(-0.6))
    witness(wrong, torch.sigmoid(score).item())


@reads("abc17e08")
def test_default_momentum_of_adam(witness, says):
    """Who leaves beta_1 alone has the default of the library."""
    optimiser = torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    default, reduced = says.numbers("corrected")
    assert optimiser.defaults["betas"] == (default, 0.999)
    assert says.numbers("printed") == [reduced]
    witness(reduced, optimiser.defaults["betas"][0])


@reads("f63aba30")
def test_batch_norm_scales_start_near_one(witness, says):
    """Root mean square of 5000 normalised channels, scaled by gamma from N(0, .02) or N(1, .02)."""

    def size(layer):
        return layer(torch.randn(64, 5000)).square().mean().sqrt().item()

    torch.manual_seed(0)
    wrong, ours = torch.nn.BatchNorm1d(5000), torch.nn.BatchNorm2d(5000)
    mean, std = says.law("printed").mean(), says.law("printed").std()
    torch.nn.init.normal_(wrong.weight, mean, std)
    initialise(ours)
    law = says.law("corrected")
    assert ours.weight.mean().item() == pytest.approx(law.mean(), abs=0.001)
    assert ours.weight.std().item() == pytest.approx(law.std(), rel=0.05)
    right = torch.nn.BatchNorm1d(5000)
    right.load_state_dict(ours.state_dict())
    witness(size(wrong), size(right))


@reads("82dcdd7f")
def test_convolution_size_needs_the_floor(witness, says):
    """The size that torch makes of 6 pixels with kernel 3 and stride 2, and of other sizes."""
    size = lambda W, F_, S, P: F.conv1d(
        torch.zeros(1, 1, W), torch.zeros(1, 1, F_), stride=S, padding=P
    ).shape[-1]
    for W, F_, S, P in itertools.product((6, 7, 12), (2, 3, 5), (1, 2, 3), (0, 1)):
        assert says("corrected", {"W": W, "F": F_, "S": S, "P": P}) == size(W, F_, S, P)
    names = {"W": 6, "F": 3, "S": 2, "P": 0}
    witness(says("printed", names), says("corrected", names))


@reads("d9e959ff")
def test_transposed_convolution_size(witness, says):
    """The short formula against torch with output padding, and with dilation."""

    def sizes(d, P, out):
        layer = torch.nn.ConvTranspose1d(1, 1, 3, 2, P, output_padding=out, dilation=d)
        names = {"S": 2, "W": 2, "F": 3, "P": P, "d": d, r"P_{\text{out}}": out}
        made = layer(torch.zeros(1, 1, 2)).shape[-1]
        assert says("corrected", names) == made
        return says("printed", names), made

    assert all(short == made for short, made in (sizes(1, 0, 0), sizes(1, 1, 0)))
    witness(*zip(sizes(1, 0, 1), sizes(2, 0, 0), strict=True))


@reads("216e080b")
def test_scaling_is_not_standardising(witness, says):
    """Mean and spread of all grey values after either operation."""
    grey = torch.arange(256, dtype=torch.float64)
    scaled = grey / 255
    standard = F.batch_norm(grey[:, None], None, None, training=True)
    assert [scaled.min(), scaled.max()] == says.numbers("printed") and standard.max() > 1
    assert says.numbers("corrected") == [scaled.min(), scaled.max(), 0, 1]
    mean_and_std = lambda x: (x.mean(), x.std(correction=0))
    witness(mean_and_std(scaled), mean_and_std(standard))


@reads("37f9a462")
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


@reads("793a5a1e")
def test_gamma_is_the_standard_deviation(witness, says):
    """Variance of the output of batch norm with gamma = 2, beta = 7."""
    torch.manual_seed(0)
    x = torch.randn(500, 1) * 3 + 5
    gamma, beta = torch.tensor([2.0]), torch.tensor([7.0])
    out = F.batch_norm(x, None, None, gamma, beta, training=True)
    variance = out.var(correction=0).item()
    assert out.mean().item() == pytest.approx(beta.item())
    assert says("corrected", {r"\gamma": gamma.item()}, formula=2) == pytest.approx(
        variance, rel=1e-5
    )
    witness(gamma.item(), variance)


@reads("f23a54a8")
def test_local_equilibrium_is_not_an_equilibrium(witness):
    """A player who cannot gain by a small step, but by a jump."""
    cost = lambda x: x**4 / 4 - x**2 / 2 + 0.1 * x
    best, _, local = sorted(np.roots([1, 0, -1, 0.1]).real)  # where the slope is zero
    assert cost(local) < min(cost(local - 0.1), cost(local + 0.1))
    assert cost(best) == pytest.approx(min(cost(np.linspace(-3, 3, 6001))), abs=1e-6)
    witness(cost(local), cost(best))


@reads("279ac3c4")
def test_noise_prior_is_not_the_generated_distribution(witness):
    """The generator changes the distribution: p_g is not what z is drawn from."""
    z = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    G = lambda z: 3 * z + 1
    assert G(z).mean() == pytest.approx(1)
    witness(G(z).std(), z.std())


# ---- I: EE698R, Lecture Notes ------------------------------------------------------------------


@reads("c29c8547")
def test_output_layer_takes_the_activations(witness):
    """Fed with h the network is affine: equal steps of x give equal steps of y."""
    h = lambda x: (2 * x, 1 - x)
    printed = lambda x: sum(h(x))
    corrected = lambda x: sum(map(sigmoid, h(x)))
    assert printed(2) - printed(1) == printed(1) - printed(0)
    assert abs((corrected(2) - corrected(1)) - (corrected(1) - corrected(0))) > 0.05
    witness(printed(1), corrected(1))


@reads("4055a17a")
def test_sum_is_not_mean(witness, says):
    """The squared error of three points, summed, and as torch averages it."""
    errors = np.array([1.0, 2.0, 3.0])
    names = {r"\ell": errors**2, "N": 3}
    names |= {r"\sum_{\text{data}}": np.sum, r"\mathbb E_{\text{data}}": np.mean}
    mean = F.mse_loss(torch.tensor(errors), torch.zeros(3).double()).item()
    assert says("corrected", names, part=1) == pytest.approx(mean)
    assert says("corrected", names, part=2) == pytest.approx(mean)
    witness((errors**2).sum(), mean)


@reads("c7c6416c")
def test_sigmoid_goes_around_the_output_layer(witness, says):
    """The smallest output over many activations v, and over many weights and biases, too."""
    v, w, b = np.meshgrid(np.linspace(0.001, 0.999, 99), (-20, 1), (-20, 0))
    names = {r"\sigma": lambda a: 1 / (1 + np.exp(-a)), "v_{i_3}": v}
    names |= {r"\sum_{i_1}": lambda x: x, "w_{i_3i_1}": w, "v_{i_1}": v, "b_{i_3}": b}
    output = says("corrected", names)
    linear = F.linear(torch.tensor(v[0, 0, :1]), torch.tensor(w[0, 0, :1]).double()[None], None)
    assert output[0, 0, 0] == pytest.approx(torch.sigmoid(linear + b[0, 0, 0]).item())
    assert 0 < output.min() < 1e-6
    witness(says("printed", names).min(), output.min())


@reads("8822f081")
def test_log_of_one_minus_y(witness, says):
    """The term of a sample with label 0, as torch has it."""
    y = torch.tensor(0.9, dtype=torch.float64)
    names = {r"\mathbb E_{y=0}": lambda x: x, "y_{i_3}": 0.9}
    right = says("corrected", names)
    assert right == pytest.approx(-bce(y, torch.zeros_like(y)).item())
    witness(says("printed", names), right)


@reads("72df1af7")
def test_split_expectation_needs_the_class_frequencies(witness, says):
    """Best constant prediction for labels of which 30 % are 1."""
    labels = torch.tensor([1.0] * 3 + [0.0] * 7, dtype=torch.float64)
    names = {"P(y=1)": 0.3, "P(y=0)": 0.7}
    for y, term in ((1, np.log(UNIT)), (0, np.log(1 - UNIT))):
        names[rf"\mathbb E[\,\cdot\mid y={y}]"] = term
    printed, best = (UNIT[says(side, names).argmax()] for side in ("printed", "corrected"))
    assert derivative(lambda y: bce(y.expand(10), labels), best) == pytest.approx(0, abs=1e-9)
    witness(printed, best)


@reads("7bd98619")
def test_discriminator_outputs_a_probability(witness, says):
    """Where real and fake are alike the best answer is one half, not 1."""
    best = UNIT[np.argmax(np.log(UNIT) + np.log(1 - UNIT))]
    assert best == pytest.approx(optimal_D(0.2, 0.2))
    witness(says.numbers("printed")[1], best)


@reads("dd7e570a")
def test_density_of_a_map_with_two_branches(witness):
    """z**2 has a density although z -> z**2 is not one-to-one: a chi-squared with one degree."""
    branch = norm.pdf(1) / abs(2 * 1)
    assert 2 * branch == pytest.approx(chi2(1).pdf(1))
    assert 2 * branch == pytest.approx(slope(lambda x: 2 * norm.cdf(sqrt(x)) - 1, 1), abs=1e-8)
    witness(branch, 2 * branch)


@reads("aa5a05ea")
def test_non_saturating_step_direction(witness, says):
    """One step of the score that starts at -1: only uphill makes the sample look more real."""
    h = 1e-6
    names = {
        "D(G(z^s))": np.array([sigmoid(-1 - h), sigmoid(-1 + h)]),
        r"\nabla": lambda f: (f[1] - f[0]) / (2 * h),
        **{r"\sum_s": lambda x: x, "m": 1, r"\theta_g": -1.0, r"\eta": 0.1},
    }
    printed = sigmoid(-1 + 0.1 * says("printed", names))
    corrected = sigmoid(says("corrected", names))
    assert printed < sigmoid(-1) < corrected
    witness(printed, corrected)


@reads("160050b3")
def test_gradient_is_a_mean_over_the_batch(witness, says):
    """The gradient of 64 equal samples, relative to that of one."""
    loss = lambda a: torch.log(1 - torch.sigmoid(a))
    one = derivative(loss, 0.3)
    names = {r"\nabla": lambda x: x, r"\sum_{s=1}^m": np.sum, "m": 64, "g": np.full(64, one)}
    added, averaged = says("printed", names, then="g"), says("corrected", names, then="g")
    assert averaged == pytest.approx(derivative(lambda a: loss(a.expand(64)).mean(), 0.3))
    witness(added / one, averaged / one)


@reads("9e7f946b")
def test_saturation_is_the_reason(witness, says):
    """Slopes of the two generator losses where D is sure of a fake."""

    def steepness(side, formula):
        loss = lambda a: says(side, {r"\log": torch.log, "D": torch.sigmoid(a)}, formula=formula)
        return abs(derivative(loss, logit(0.01)))

    steep, flat = steepness("printed", 0), steepness("printed", 1)
    assert flat == steepness("corrected", 0) == pytest.approx(0.01)
    assert steep / flat == pytest.approx(99)
    witness(flat, steep)


@reads("9d0a8b6d")
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


@reads("21cc777b")
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


@reads("cb2c9e11")
def test_jsd_is_half_the_sum(witness, says):
    """-log 4 + 2 JSD equals V at D*, but only with the halves."""
    m = (P + PG) / 2
    names = {r"\mathrm{KL}(p\|m)": kl(P, m), r"\mathrm{KL}(p_g\|m)": kl(PG, m)}
    right = -log(4) + 2 * says("corrected", names)
    assert right == pytest.approx(value(optimal_D(P, PG), P, PG)) == pytest.approx(-0.693, abs=5e-4)
    witness(-log(4) + 2 * says("printed", names), right)


@reads("8ead9f95")
def test_sign_of_the_loss_at_the_optimum(witness, says):
    """L is a sum of two cross-entropies, so it is positive, also at D = 1/2."""
    half = torch.full((4,), 0.5, dtype=torch.float64)
    L = (bce(half, torch.ones_like(half)) + bce(half, torch.zeros_like(half))).item()
    assert says("corrected", {r"\mathrm{JSD}": 0}) == pytest.approx(L)
    apart = says("corrected", {r"\mathrm{JSD}": jsd(P, PG)})
    assert apart == pytest.approx(-value(optimal_D(P, PG), P, PG))
    assert says("printed", {r"\mathrm{JSD}": jsd(P, PG)}) == pytest.approx(-apart)
    witness(says("printed", {r"\mathrm{JSD}": jsd(P, P)}), L)


@reads("a475b94c")
def test_pointwise_minimum_has_positive_curvature(says):
    """f(y) = -(a log y + b log(1-y)) is convex with its minimum at a/(a+b); flat if a = b = 0."""
    rng = np.random.default_rng(0)
    for a, b in rng.uniform(0.1, 2, size=(50, 2)):
        f = lambda y, a=a, b=b: says("printed", {"a": a, "b": b, "y": y})
        y = says("printed", {"a": a, "b": b}, formula=1)
        assert (np.diff(f(UNIT), 2) > 0).all()
        assert UNIT[f(UNIT).argmin()] == pytest.approx(y, abs=1e-4)
        curvature = says("corrected", {"a": a, "b": b, "y": y}, part=1)
        assert (f(y + 1e-4) - 2 * f(y) + f(y - 1e-4)) / 1e-8 == pytest.approx(curvature, rel=1e-3)
    assert np.ptp(says("printed", {"a": 0, "b": 0, "y": UNIT})) == 0


@reads("84af107d")
def test_collapse_is_lost_variety(witness):
    """Two generators of valid samples: a perfect one, and a collapsed one."""
    data, z = set(range(10)), np.random.default_rng(0).integers(0, 10, size=1000)
    perfect, collapsed = set(z.tolist()), set((0 * z).tolist())
    assert perfect <= data and collapsed <= data  # all samples valid
    witness(len(perfect), len(collapsed))


@reads("5ef67746")
def test_loss_of_a_collapsed_generator(witness, says):
    """N equally likely values, all fakes on the first: L for a frozen D, and for the best one."""

    def losses(N):
        p, pg = np.full(N, 1 / N), np.eye(N)[0]
        frozen, best = np.full(N, 0.5), optimal_D(p, pg)
        frozen[0] = says("printed", {}, formula=1)
        assert best[0] == pytest.approx(says("corrected", {"N": N}, formula=1))
        nearby = np.clip(best + np.random.default_rng(0).normal(0, 0.02, (50, N)), 1e-9, 1 - 1e-9)
        assert all(value(D, p, pg) < value(best, p, pg) for D in nearby)
        return -value(frozen, p, pg), -value(best, p, pg)

    printed, corrected = zip(*map(losses, (2, 10, 100)), strict=True)
    assert log(4) > corrected[0] > corrected[1] > corrected[2] > 0
    witness(printed, corrected)


# ---- W: Wang, Notes on Deep Learning -----------------------------------------------------------


@reads("89d58678")
def test_connected_is_not_manifold(witness):
    """How often a small circle around the origin meets a parabola, and the cross xy = 0."""
    angle = np.linspace(0, 2 * pi, 10_001) + 0.1
    x, y = 0.01 * np.cos(angle), 0.01 * np.sin(angle)
    branches = lambda f: np.count_nonzero(np.diff(np.sign(f(x, y))))
    assert branches(lambda x, y: x) == 2  # a straight line
    witness(branches(lambda x, y: y - x**2), branches(lambda x, y: x * y))


@reads("47b5db86")
def test_unbiased_is_not_consistent(witness, says):
    """The first of 100 values is unbiased and stays far off; their mean does not."""
    far = lambda std: 2 * norm.sf(0.5 / std)
    samples = np.random.default_rng(0).normal(size=(4000, 100))
    assert samples[:, 0].mean() == pytest.approx(0, abs=0.05)
    assert (abs(samples[:, 0]) > 0.5).mean() == pytest.approx(far(1), abs=0.03)
    assert (abs(samples.mean(1)) > 0.5).mean() == pytest.approx(far(0.1), abs=0.001)
    chance = r"P(|\hat\theta_m-\theta|>\varepsilon)"
    for m in (100, 10_000):  # the farther from theta, the smaller the chance, down to its limit
        now = says("corrected", {chance: far(1 / sqrt(m))}, formula=1, part=0)
        assert now == pytest.approx(says("corrected", {}, formula=1), abs=1e-6)
    witness(far(1), far(0.1))


@reads("4fda59f8")
def test_argmax_under_rescaling(witness):
    """A negative factor moves the maximum, a positive one does not."""
    theta = np.linspace(0, 3, 301)
    f = -((theta - 1) ** 2)
    assert theta[f.argmax()] == theta[(2 * f).argmax()]
    witness(theta[(-f).argmax()], theta[(2 * f).argmax()])


@reads("d11a3984")
def test_sign_of_the_log_likelihood(witness, says):
    """Where either rule puts the mean of a Gaussian when it is minimised."""
    data, mu = np.array([-1.0, 0.0, 1.0]), np.arange(-10, 101)
    names = {r"p_{\text{model}}(x)": norm.pdf(data, mu[:, None]).clip(1e-300)}
    printed = says("printed", names).mean(1)
    corrected = says("corrected", names | {r"\mathbb E_{x\sim\hat p}": lambda x: x.mean(1)})
    assert mu[corrected.argmin()] == data.mean() and printed.min() < -600
    skew = {r"p_{\text{model}}(x)": norm.pdf([-1, 0, 4], mu[:, None]).clip(1e-300)}
    skew[r"\mathbb E_{x\sim\hat p}"] = lambda x: x.mean(1)
    assert mu[says("corrected", skew).argmin()] == 1
    exact = norm.logpdf(data, mu[:, None]).mean(1)
    assert exact.min() < -4900 and exact.argmin() == len(mu) - 1
    witness(mu[np.flatnonzero(printed == printed.min())[-1]], mu[corrected.argmin()])


@reads("9b40e098")
def test_a_bad_prior_hurts(witness):
    """Exact mean squared errors over all outcomes of five tosses."""
    heads = np.arange(6)
    chance = np.array([math.comb(5, k) * 0.2**k * 0.8 ** (5 - k) for k in heads])
    error = lambda estimate: (chance * (estimate - 0.2) ** 2).sum()
    assert error(heads / 5) == pytest.approx(0.2 * 0.8 / 5)
    assert error((2 + heads) / (10 + 5)) < error(heads / 5)  # a good prior, Beta(2, 8), helps
    witness(error((18 + heads) / (20 + 5)), error(heads / 5))


@reads("716a932c")
def test_predictive_needs_conditional_independence(witness, says):
    """A coin that repeats its last side with probability 0.9."""
    step = np.array([[0.9, 0.1], [0.1, 0.9]])
    marginal = np.linalg.matrix_power(step, 200)[0]
    joint = marginal[:, None] * step
    assert joint.sum(0) == pytest.approx(marginal)
    after_a_1 = joint[1, 1] / joint[1].sum()
    seen = r"x^{(1)},\dots,x^{(m)}"  # theta is known: all the posterior lies on one point
    names = {r"\int": lambda x: x, rf"p(\theta\mid {seen})": 1, r"d\theta": 1}
    names |= {r"p(x^{(m+1)}\mid\theta)": marginal[1]}
    names |= {rf"p(x^{{(m+1)}}\mid\theta,{seen})": after_a_1}
    witness(says("printed", names), says("corrected", names))


@reads("3bdff693")
def test_filter_is_not_a_neuron(witness):
    """Parameters and outputs of 16 filters of 2 x 2 on one 28 x 28 channel."""
    layer = torch.nn.Conv2d(1, 16, 2)
    assert sum(p.numel() for p in layer.parameters()) == 16 * (2 * 2 * 1 + 1) == 80
    witness(layer.out_channels, layer(torch.zeros(1, 1, 28, 28)).numel())


@reads("b1075530")
def test_likelihood_is_not_accuracy(witness):
    """Two classifiers that accuracy and log-likelihood rank in opposite order."""
    A, B = np.array([0.9, 0.9, 0.49]), np.array([0.51, 0.51, 0.51])
    accuracy = (A > 0.5).mean() - (B > 0.5).mean()
    likelihood = np.log(A).mean() - np.log(B).mean()
    assert accuracy < 0 < likelihood
    witness(accuracy, likelihood)


@reads("2fc435bb")
def test_equilibrium_needs_rich_families(witness, says):
    """All D and all p_g on two points: (1/2, p) is a saddle. Only two generators: there is none."""
    p, d = np.array([0.5, 0.5]), UNIT[::33]
    everyone = np.stack(np.meshgrid(d, d, indexing="ij"), -1).reshape(-1, 2)  # all D
    V = lambda D, pg: (p * np.log(D) + pg * np.log(1 - D)).sum(-1)
    half = np.full(2, says("corrected", {}, formula=3))
    assert all(V(half, np.array([t, 1 - t])) == pytest.approx(V(half, p)) for t in (0, 0.3, 1))
    assert (V(everyone, p) <= V(half, p) + 1e-12).all()
    collapsed = np.eye(2)
    values = np.stack([V(everyone, pg) for pg in collapsed])
    best = [value(optimal_D(p, pg), p, pg) for pg in collapsed]
    assert values.max(1) == pytest.approx(best, abs=0.01)
    assert values.min(0).max() == pytest.approx(V(half, p), abs=1e-3)
    witness(V(half, p), min(best))


@reads("63c4715d")
def test_optimal_discriminator_at_a_sample(says):
    """No other D has a higher value, point by point."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.3, 0.6])
    best = says("corrected", {"p_r(x)": p, "p_g(x)": q})
    values = p[:, None] * np.log(UNIT) + q[:, None] * np.log(1 - UNIT)
    assert UNIT[values.argmax(1)] == pytest.approx(best, abs=1e-4)


@reads("7ed08418")
def test_the_probability_is_bounded_not_the_sample(witness, says):
    """Share of samples inside [0, 1], and of the values of D*."""
    x = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    D = optimal_D(normal(x), normal(x, 1))
    low, high = says.numbers("printed")
    assert says.numbers("corrected") == [low, high] == [0, 1]
    inside = lambda values: ((values >= low) & (values <= high)).mean()
    assert inside(x) == pytest.approx(np.diff(norm.cdf([0, 1]))[0], abs=1e-4)
    witness(inside(x), inside(D))


@reads("a951cb65")
def test_optimal_discriminator_in_both_terms(witness, says):
    """V with D* in the first term only, and in both."""
    best = optimal_D(P, PG).clip(1e-16, 1 - 1e-16)  # for 0 log 0 = 0
    names = {"p_r": P, "p_g": PG, "D^*(x)": best, "D(x)": np.full(3, 0.5)}
    total = lambda side: says(side, names).sum()
    assert total("corrected") == pytest.approx(2 * jsd(P, PG) - log(4))
    witness(total("printed"), total("corrected"))


@reads("31b55e1f")
def test_value_at_the_optimal_discriminator(witness, says):
    """V(D*, G) depends on G: with -2 log 2 for every G the JSD would always be 0."""
    right = says("corrected", {r"\mathrm{JSD}(p_r\|p_g)": jsd(P, PG)})
    assert right == pytest.approx(value(optimal_D(P, PG), P, PG))
    from_value = lambda L: (log(4) + L) / 2  # the notes' own equation 14
    assert from_value(right) == pytest.approx(jsd(P, PG)) and jsd(P, PG) > 0.3
    assert from_value(says("printed", {})) == pytest.approx(0)
    assert says("corrected", {}, formula=1) == pytest.approx(value([0.5] * 2, [0.5] * 2, [0.5] * 2))
    witness(says("printed", {}), right)


@reads("45f4c75e")
def test_jsd_only_at_the_optimal_discriminator(witness):
    """Every other discriminator stays below 2 JSD - log 4."""
    bound = 2 * jsd(P, PG) - log(4)
    others = np.random.default_rng(0).uniform(0.01, 0.99, size=(500, 3))
    assert all(value(D, P, PG) < bound for D in others)
    witness(bound, value([0.5] * 3, P, PG))


@reads("b7a897fb")
def test_marginal_averages_over_the_latent(witness, says):
    """p(x) of a Gaussian model in closed form: N(0, 1.25)."""
    p_x = norm(0, sqrt(1.25)).pdf
    conditional = r"p_\theta(x\mid z)"
    over_x = says(  # at z = 0
        "printed",
        {r"\mathbb E_{p(x)}": lambda f: (p_x(X) * f).sum() * DX, conditional: normal(X, 0, 0.5)},
    )
    over_z = says(  # at x = 1
        "corrected",
        {r"\mathbb E_{p(z)}": lambda f: (normal(X) * f).sum() * DX, conditional: normal(1, X, 0.5)},
    )
    assert over_z == pytest.approx(p_x(1))
    witness(over_x, over_z)


@reads("9bb4cd51")
def test_importance_sampling(witness):
    """Both estimators of p(1) have the right mean; the standard errors differ."""

    def mean_and_error(q):
        weight = normal(1, X, 0.5) * normal(X) / q
        mean = (q * weight).sum() * DX
        return mean, sqrt(((q * weight**2).sum() * DX - mean**2) / 2000)

    (mean, error), (same, smaller) = mean_and_error(normal(X)), mean_and_error(normal(X, 0.8, 0.5))
    assert mean == pytest.approx(same) == pytest.approx(norm(0, sqrt(1.25)).pdf(1))
    witness(error, smaller)


@reads("a53eefbd")
def test_latent_and_observed_are_dependent(witness):
    """Correlation of z and x = z + 0.5 e, by its formula and by drawing."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=100_000)
    drawn = np.corrcoef(z, z + 0.5 * rng.normal(size=100_000))[0, 1]
    assert drawn == pytest.approx(1 / sqrt(1.25), abs=0.005)
    u, v = np.meshgrid(norm.ppf((np.arange(99) + 0.5) / 99), norm.ppf((np.arange(99) + 0.5) / 99))
    independent = np.corrcoef(u.ravel(), v.ravel())[0, 1]
    witness(independent, 1 / sqrt(1.25))


def elbo(mean, variance):
    """ELBO of q = N(mean, variance) in the model z ~ N(0,1), x | z ~ N(z,1) at x = 1."""
    q = normal(X, mean, sqrt(variance))
    return (plog(q, normal(X) * normal(1, X)) - plog(q, q)).sum() * DX


LOG_P = norm(0, sqrt(2)).logpdf(1)  # of the same model: x ~ N(0, 2)


@reads("dd06f2b6")
def test_elbo_rises_while_the_likelihood_stands_still(witness, says):
    """Three encoders, each better than the one before, for one and the same model."""
    steps = [elbo(0, 1), elbo(0.5, 1), elbo(0.5, 0.5)]
    assert steps[0] < steps[1] < steps[2] == pytest.approx(LOG_P)
    assert LOG_P == pytest.approx(log((normal(X) * normal(1, X)).sum() * DX))
    for side, formula in (("printed", 0), ("corrected", 2)):
        assert says(side, {r"p_\theta(x)": exp(LOG_P)}, formula=formula) == pytest.approx(LOG_P)
    witness(steps, [LOG_P] * 3)


@reads("3045b51e")
def test_monte_carlo_averages_the_outputs(witness):
    """E[x^2] for x = -1 or 1 is 1."""
    x = np.array([-1.0, 1.0])
    assert (x**2).mean() == x.var()
    witness(x.mean(), (x**2).mean())


@reads("75561572")
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


@reads("6bdc4eb7")
def test_cost_is_a_sum_over_examples(witness, says):
    """The mean of three costs."""
    costs = np.array([1, 2, 6])
    right = says("corrected", {"N": 3, r"\sum_{n=1}^N": np.sum, r"\mathcal C_n": costs})
    assert right == np.mean(costs)
    witness(says("printed", {"N": 3, r"\mathcal C_n": costs[-1]}), right)


@reads("2e2f94ad")
def test_chain_rule_example(witness, says):
    """Derivative at w = 2 of the composition with either g_1."""

    def composed(side):
        return derivative(lambda w: says(side, {"g_2": torch.sin(w**2 + 1)}), 2.0)

    assert composed("corrected") == pytest.approx(8 * math.sin(5) * math.cos(5))
    witness(composed("printed"), composed("corrected"))


@reads("acde471c")
def test_backpropagation_needs_the_target(witness, says):
    """The gradient of the first weight by the formula, with the output or the target inside."""
    alpha, beta, x, target = 0.5, 2.0, 1.0, 1.0
    y = sigmoid(alpha * x)
    z = sigmoid(beta * y)
    names = {r"\sigma_z(\beta_k^\top y_i)": z, "z_{i,k}": z, "z'_{i,k}": target}
    formula = lambda side: says(side, names) * z * (1 - z) * beta * y * (1 - y) * x
    cost = lambda a: (torch.sigmoid(beta * torch.sigmoid(a * x)) - target) ** 2
    assert derivative(cost, alpha) == pytest.approx(formula("corrected"))
    witness(formula("printed"), formula("corrected"))


@reads("88e40dcf")
def test_convolution_flips_the_kernel(witness, says):
    """numpy's convolution flips, torch's does not; with a flipped kernel they agree."""
    image, kernel = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0])
    layer = lambda k: F.conv1d(torch.tensor(image)[None, None], torch.tensor(k.copy())[None, None])[
        0, 0
    ].numpy()
    assert layer(kernel[::-1]) == pytest.approx(np.convolve(image, kernel, "valid"))
    flipped = [  # for both positions at which the kernel fits
        says(
            "printed",
            {r"\sum_{i,j}": np.sum, "I(m-i,n-j)": image[[n, n - 1]], "K(i,j)": kernel},
        )
        for n in (1, 2)
    ]
    straight = [
        says(
            "corrected",
            {r"\sum_{i,j}": np.sum, "I(m+i,n+j)": image[[n, n + 1]], "K(i,j)": kernel},
        )
        for n in (0, 1)
    ]
    assert flipped == np.convolve(image, kernel, "valid").tolist()
    witness(flipped, layer(kernel))
    assert straight == layer(kernel).tolist()


@reads("7a2fa512")
def test_filters_span_all_channels(witness):
    """Parameters of three filters that see one channel each, and of three ordinary ones."""
    count = lambda layer: sum(p.numel() for p in layer.parameters())
    ordinary = torch.nn.Conv2d(3, 3, 3)
    assert ordinary(torch.zeros(1, 3, 6, 6)).shape == (1, 3, 4, 4)
    witness(count(torch.nn.Conv2d(3, 3, 3, groups=3)), count(ordinary))


@reads("0bf98d13")
def test_rnn_reads_the_current_input(witness, says):
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

    def state(side, inputs, column):
        h = np.zeros(2)
        for now in inputs[..., 0].numpy():  # all weights are 1, so W adds the two entries
            h = says(side, {r"\sigma": np.tanh, "W": 1, column: h + now, "b": 0})
        return h[1] - h[0]

    assert state("printed", late, r"\binom{h^{(t-1)}}{x^{(t-1)}}") == change(late) == 0
    by_formula = state("corrected", x, r"\binom{h^{(t-1)}}{x^{(t)}}")
    assert by_formula == pytest.approx(change(x)) == pytest.approx(math.tanh(1))
    witness(change(late), change(x))


@reads("1d2f8b4f")
def test_logistic_regression_needs_a_bias(witness, says):
    """Without a bias the answer at 0 is one half for every weight."""
    names = {r"\operatorname{sigmoid}": sigmoid, "b": -3}
    model = lambda side, x, w: says(side, names | {r"w^\top x_i": w * x})
    assert {model("printed", 0, w) for w in (-5, -1, 0.3, 1, 7)} == {0.5}
    assert model("corrected", 3, 1) == 0.5  # the boundary may lie anywhere
    witness(model("printed", 0, 1), model("corrected", 0, 1))


@reads("78ee07ba")
def test_value_is_twice_the_mean_log_likelihood(witness, says):
    """The mean over real and fake together, and the sum of the two means."""
    half = np.full(3, 0.5)
    names = {r"\max_\theta": lambda x: x, r"\mathbb E_x": np.mean, r"\mathbb E_{\tilde x}": np.mean}
    for D in ("D", r"D_\theta"):
        names |= {rf"{D}(x)": half, rf"{D}(\tilde x)": half}
    labels = torch.tensor([1.0] * 3 + [0.0] * 3, dtype=torch.float64)
    mean = says("corrected", names)
    assert mean == pytest.approx(-bce(torch.full((6,), 0.5).double(), labels).item())
    examples = {"N": 6, r"\sum_i": np.sum, r"\dots": np.log(np.full(6, 0.5))}
    assert says("corrected", examples, part=0) == says("printed", examples) == pytest.approx(mean)
    witness(says("printed", names, formula=1), mean)


@reads("c2be9738")
def test_optimal_potentials_need_not_be_opposite(witness, says):
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
    witness(gamma + says("printed", {r"\gamma": gamma}, formula=1), gamma + lam)


@reads("a8e36e9f")
def test_cycle_term_is_weighted(witness, says):
    """|F(G(x)) - x| and |G(F(y)) - y| of two affine maps, on many points."""
    G, back = lambda x: 2 * x, lambda y: y / 2 + 0.25
    points = np.random.default_rng(0).normal(size=100)
    forth = {r"\mathbb E_x": np.mean, r"\|F(G(x))-x\|_1": abs(back(G(points)) - points)}
    and_back = {r"\mathbb E_y": np.mean, r"\|G(F(y))-y\|_1": abs(G(back(points)) - points)}
    total = lambda weight: says(
        "corrected", {r"\dots": 0, r"\lambda": weight, **forth, **and_back}, part=0
    )
    games = {r"\mathcal L(G,D_Y)": 1, r"\mathcal L(F,D_X)": 2, r"\mathcal L_{\text{cyc}}(F,G)": 4}
    assert says("printed", games) == 7  # the cycle counts as much as a game
    exact_inverse = lambda y: y / 2
    assert abs(exact_inverse(G(points)) - points).max() == 0
    witness(total(1), total(says("corrected", {})))


# ---- S: ECE 544NA, Lecture 21 ------------------------------------------------------------------


@reads("5e47530e")
def test_temperature_stands_inside_both_exponentials(witness, says):
    """Sums of the 'probabilities' of three scores at temperature 0.5."""
    score, epsilon = np.array([1.0, 2.0, 3.0]), 0.5
    names = {"e": math.e, r"\epsilon": epsilon, r"\sum_{\hat y}": np.sum}
    names |= {"F(y,x,w)": score, r"F(\hat y,x,w)": score}
    corrected = says("corrected", names)
    assert torch.softmax(torch.tensor(score / epsilon), 0).numpy() == pytest.approx(corrected)
    witness(says("printed", names).sum(), corrected.sum())


@reads("88f32859")
def test_argmax_is_not_the_maximum(witness, says):
    """The largest log-likelihood of the data 1, 2, 3, and the mean that attains it."""
    theta = np.linspace(0, 4, 401)
    names = {r"p(x^i;\theta)": norm.pdf([1, 2, 3], theta[:, None])}
    names |= {r"\sum_i": lambda x: x.sum(1), r"\operatorname{argmax}_\theta": lambda x: x.argmax()}
    best = theta[says("corrected", names)]
    assert best == pytest.approx(np.mean([1, 2, 3]))
    skew = {r"p(x^i;\theta)": norm.pdf([0, 0, 6], theta[:, None])}
    assert theta[says("corrected", names | skew)] == pytest.approx(np.mean([0, 0, 6]))
    witness(says("printed", names).max(), best)


@reads("4f12bb14")
def test_elbo_is_maximised(witness, says):
    """Which of three encoders is picked by minimising, and by maximising the ELBO."""
    means = np.array([-1.0, 0.0, 0.5])
    q = normal(X, means[:, None], sqrt(0.5))
    names = {r"D_{\mathrm{KL}}(q_\phi,p)": np.array([kl(row, normal(X)) * DX for row in q])}
    names[r"\frac1N\sum_i"] = lambda f: (q * f).sum(1) * DX  # of infinitely many samples
    bounds = says("printed", names | {r"p_\theta(x\mid z^i)": normal(1, X)})
    assert bounds == pytest.approx([elbo(mean, 0.5) for mean in means])
    assert bounds.max() == pytest.approx(LOG_P)  # N(1/2, 1/2) is the exact posterior
    witness(means[bounds.argmin()], means[bounds.argmax()])


@reads("0e54f0de")
def test_elbo_is_only_a_bound(witness, says):
    """log p(x) exceeds the ELBO by KL(q || p(z|x))."""
    gap = kl(normal(X), normal(X, 0.5, sqrt(0.5))) * DX
    bounded = says("corrected", {"p(x)": exp(LOG_P)}, part=0)
    assert bounded - elbo(0, 1) == pytest.approx(gap)
    witness(elbo(0, 1), bounded)


@reads("a3dbb7e7")
def test_minimum_is_not_the_minimiser(witness):
    """The least value of -V over all D, and the D that attains it at the middle point."""
    costs = -(P[:, None] * np.log(UNIT) + PG[:, None] * np.log(1 - UNIT))
    assert -value(optimal_D(P, PG), P, PG) == pytest.approx(costs.min(1).sum(), abs=1e-3)
    assert UNIT[costs[1].argmin()] == pytest.approx(optimal_D(P, PG)[1])
    witness(-value(optimal_D(P, PG), P, PG), UNIT[costs[1].argmin()])


@reads("b8d7925a")
def test_pointwise_minimum_is_the_minimum_of_the_integral():
    """No other function, rough or smooth, has a smaller integral than the pointwise minimiser."""
    x = np.linspace(-4, 4, 201)
    p, q = normal(x), normal(x, 1)
    cost = lambda D: -(p * np.log(D) + q * np.log(1 - D)).sum()
    best, rng = optimal_D(p, q), np.random.default_rng(0)
    rough = [np.clip(best + 0.1 * rng.normal(size=201), 0.01, 0.99) for _ in range(100)]
    smooth = [np.clip(best + 0.05 * np.cos(k * x), 0.01, 0.99) for k in range(10)]
    assert all(cost(D) > cost(best) for D in rough + smooth)


@reads("10009a0e")
def test_sign_of_the_functional(witness, says):
    """Minimising S with the extra minus picks the worse of two constant discriminators."""
    candidates = np.array([0.01, 0.5])
    L = says("corrected", {"p": 1, "p_G": 1, "D": candidates})  # for p_G = p
    assert L[1] == pytest.approx(log(4))
    names = {r"\int_x": lambda x: x, r"L(x,D,\dot D)": L, "dx": 1}
    right = says("corrected", names, part=1)
    witness(candidates[says("printed", names).argmin()], candidates[right.argmin()])


@reads("e73b5041")
def test_second_derivative_of_the_pointwise_cost(says):
    """The curvature of -p log D - p_G log(1-D), by differences, at D* and elsewhere."""
    p, q = 0.7, 0.2
    cost = lambda D: -(p * log(D) + q * log(1 - D))
    for D in (optimal_D(p, q), 0.2, 0.9):
        curvature = says("corrected", {"p": p, "p_G": q, "D": D})
        differences = (cost(D + 1e-4) - 2 * cost(D) + cost(D - 1e-4)) / 1e-8
        assert curvature > 0 and curvature == pytest.approx(differences, rel=1e-4)


@reads("ea128f20")
def test_weight_belongs_under_the_integral(witness, says):
    """The KL of two coins, with the weight outside and inside."""
    p, q = np.array([0.8, 0.2]), np.array([0.5, 0.5])
    names = {"p(x)": p, "q(x)": q, r"\int": np.sum, "dx": 1}
    printed, corrected = says("printed", names), says("corrected", names)
    assert printed[0] != printed[1]  # it even depends on x
    right = F.kl_div(torch.tensor(q).log(), torch.tensor(p), reduction="sum").item()
    assert corrected == pytest.approx(right)
    witness(printed[0], corrected)


@reads("7230b3cb")
def test_half_on_both_integrals(witness, says):
    """The sixth line of the chain for the JSD, as printed and with its half."""
    p, q = np.array([0.8, 0.2]), np.array([0.2, 0.8])
    names = {"p": p, "p_G": q, r"\int": np.sum, "dx": 1}
    assert says("corrected", names) == pytest.approx(jsd(p, q))
    witness(says("printed", names), says("corrected", names))


@reads("8ab0c3ea")
def test_the_distance_is_not_its_minimum(witness, says):
    """W from 0 to three candidates: the least of them is not the distance to the present one."""
    W = [wasserstein_distance([0.0], [at]) for at in (0.0, 1.0, 2.0)]
    steep = [3 * at for at in (0.0, 1.0, 2.0)]  # critics of slope 3
    assert max(np.array(steep) - 3 * np.array(W)) <= 0
    slopes = np.linspace(-1, 1, 21)  # of f, which may not be steeper; the candidates lie at 0, 1, 2
    best = lambda at: says(
        "corrected",
        {r"\max_{\|f\|_L\le1}": np.max, r"\dots": slopes * (0 - at)},
        part=1,
    )
    assert [best(at) for at in (0, 1, 2)] == W
    witness(min(W), W[2])


@reads("a43f3c25")
def test_number_of_critic_steps(witness, says):
    """t = 0, ..., 5 are six steps."""
    n_critic = 5
    steps = lambda side: len(range(int(says(side, {}, part=1)), n_critic + 1))
    assert steps("corrected") == n_critic
    witness(steps("printed"), steps("corrected"))


@reads("58a18259")
def test_critic_has_no_sigmoid(witness):
    """The steeper a critic with a sigmoid, the nearer its gap comes to 1, and never beyond."""
    gap = lambda steepness: sigmoid(steepness * (10 - 5)) - sigmoid(steepness * (0 - 5))
    gaps = [gap(steepness) for steepness in (0.1, 1, 10)]
    assert gaps == sorted(gaps) and gaps[-1] <= 1
    witness(gaps[-1], wasserstein_distance([0.0], [10.0]))


@reads("5775fc65")
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


@reads("9a6327cf")
def test_gradient_penalty_of_a_linear_critic(says):
    """D(x) = w.x has the slope w everywhere: the penalty is 10 (|w| - 1)^2."""
    w = torch.tensor([3.0, 4.0])
    names = {r"\lambda": 10, r"\mathbb E_{\hat x}": np.mean}
    formula = says("corrected", names | {r"\|\nabla_{\hat x}D(\hat x)\|_2": np.full(8, 5)}, part=0)
    penalty = gradient_penalty(10)(lambda x: x @ w, torch.randn(8, 2), torch.randn(8, 2))
    assert penalty.item() == pytest.approx(formula) == pytest.approx(160)
    assert gradient_penalty(10)(lambda x: x @ (w / 5), torch.zeros(8, 2), torch.ones(8, 2)) < 1e-9


@reads("213e3e4c")
def test_blur_pleases_squared_error_only(witness):
    """A pixel that is 0 or 1: squared error prefers grey, the JSD prefers honest draws."""
    pixels, data = np.array([0.0, 0.5, 1.0]), np.array([0.5, 0.0, 0.5])
    grey = np.array([0.0, 1.0, 0.0])
    error = lambda q: (data[:, None] * q * (pixels[:, None] - pixels) ** 2).sum()
    assert error(grey) == 0.25 < error(data) == 0.5
    assert jsd(data, grey) == pytest.approx(log(2))
    witness(jsd(data, grey), jsd(data, data))


@reads("6a500af8")
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


@reads("cc7a2c05")
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


@reads("4146af0a")
def test_loss_is_small_where_the_generator_is_bad(witness, says):
    """-log(1-D) and its slope in the score, for a good and for a bad fake."""
    loss = lambda a: -torch.log(1 - torch.sigmoid(a))
    good, bad = logit(0.99), logit(0.01)
    assert loss(torch.tensor(bad)).item() == pytest.approx(0.010, abs=5e-4)
    assert derivative(loss, bad) == pytest.approx(0.01)
    assert derivative(loss, good) == pytest.approx(0.99)
    at = lambda D: says("printed", {"D(x')": D}, formula=1)
    assert at(says("printed", {})) == inf and at(says("corrected", {})) == 0
    assert at(0.99) == pytest.approx(loss(torch.tensor(good).double()).item())
    witness(0, at(0.99))


@reads("8c461756")
def test_lipschitz_bound_is_attained(witness, says):
    """The dual programme on two bins, with the slope bounded by less than 1 and by 1."""
    p, q = np.array([1.0, 0.0]), np.array([0.0, 1.0])

    def dual(bound):
        steps = [[1, -1], [-1, 1]]
        return -linprog(q - p, A_ub=steps, b_ub=[bound] * 2, bounds=[(-9, 9)] * 2).fun

    for side in ("printed", "corrected"):
        assert says(side, {"f_{i+1}": 2.5, "f_i": 3.0}, part=0) == 0.5
        rise_over_run = {r"\partial f": -0.5, r"\partial x": 1.0}
        assert says(side, rise_over_run, formula=1, part=0) == 0.5
        assert says(side, {}, part=1) == says(side, {}, formula=1, part=1) == 1
    assert dual(1) == pytest.approx(wasserstein_distance([0.0], [1.0]))
    witness([dual(bound) for bound in (0.9, 0.99, 0.999)], [1, 1, dual(1)])


@reads("f2d96885")
def test_wasserstein_2_of_two_gaussians(witness, says):
    """The mean squared distance of the quantiles of two pairs of Gaussians."""
    u = (np.arange(200_000) + 0.5) / 200_000

    def both(mu_1, mu_2, sigma_1, sigma_2):
        names = {r"\mu_1": mu_1, r"\mu_2": mu_2, r"\sigma_1": sigma_1, r"\sigma_2": sigma_2}
        quantiles = ((norm.ppf(u, mu_1, sigma_1) - norm.ppf(u, mu_2, sigma_2)) ** 2).mean()
        assert says("corrected", names) == pytest.approx(quantiles, abs=2e-3)
        assert says("corrected", {"W_2": sqrt(quantiles)}, part=0) == pytest.approx(quantiles)
        # What is printed is right if sigma stands for the variance.
        variances = names | {r"\sigma_1": sigma_1**2, r"\sigma_2": sigma_2**2}
        assert says("printed", variances) == pytest.approx(quantiles, abs=2e-3)
        return says("printed", names), says("corrected", names)

    both(3, 1, 1, 2)
    witness(*both(0, 0, 1, 4))


@reads("c77cc98c")
def test_discriminator_loss_as_reported(witness, says):
    """The sum of two cross-entropies, as the tutorial's code computes it."""
    real, fake = torch.tensor(0.9).double(), torch.tensor(0.1).double()
    loss = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    names = {"D(x)": 0.9, "D(G(z))": 0.1}
    assert loss.item() == pytest.approx(says("corrected", names))
    witness(says("printed", names), loss.item())


@reads("0759735c")
def test_initial_standard_deviation(witness, says):
    """10,000 weights of a convolution, initialised with 0.02."""
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(25, 25, 4)
    initialise(layer)
    assert layer.weight.numel() == 10_000
    assert layer.weight.mean().abs() < 0.001
    assert layer.weight.std().item() == pytest.approx(says("corrected", {}), rel=0.02)
    witness(says("printed", {}), layer.weight.std().item())


@reads("44cdd58e")
def test_hinge_is_not_wasserstein(witness, says):
    """Two critic losses on the same scores; the hinge is flat beyond its margin."""
    real, fake = torch.tensor([3.0, 0.5], requires_grad=True), torch.tensor([-2.0, 0.0])
    hinge = torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()
    wasserstein = fake.mean() - real.mean()
    assert torch.autograd.grad(hinge, real)[0].tolist() == [0.0, -0.5]
    assert torch.autograd.grad(wasserstein, real)[0].tolist() == [-0.5, -0.5]
    names = {r"\mathbb E": np.mean, "f(x)": real.detach().numpy(), "f(G(z))": fake.numpy()}
    assert says("printed", names) == hinge.item()
    assert says("corrected", names) == wasserstein.item()
    witness(says("printed", names), says("corrected", names))


@reads("6ba0f05a")
def test_penalty_between_real_and_fake(witness, says):
    """D(x) = x^2/2 has slope x: exactly 1 at the real point 1, far more on the way to 5."""
    D = lambda x: x.square().sum(-1) / 2
    real, fake = torch.full((20_000, 1), 1.0), torch.full((20_000, 1), 5.0)
    torch.manual_seed(0)
    drawn = gradient_penalty(1)(D, real, fake).item()

    def penalty(epsilon):
        return np.mean((epsilon * 1 + (1 - epsilon) * 5 - 1) ** 2)

    exact = penalty(says.law("corrected").ppf(np.linspace(0, 1, 100_001)))
    assert drawn == pytest.approx(exact, rel=0.03)
    witness(penalty(says("printed", {})), exact)


@reads("6ec853af")
def test_bce_with_logits_has_a_sigmoid(witness):
    """A single score through a softmax is always 1; the loss of torch is that of the sigmoid."""
    score, label = torch.tensor([2.0]).double(), torch.tensor([1.0]).double()
    loss = F.binary_cross_entropy_with_logits(score, label).item()
    assert loss == pytest.approx(-log(sigmoid(2)))
    witness(-torch.log_softmax(score, 0).item(), loss)


@reads("79a55c74")
def test_interpolation_stays_between(witness, says):
    """Share of interpolated points outside the segment, for both ways to draw alpha."""
    outside = lambda alpha: ((alpha < 0) | (alpha > 1)).mean()
    share = lambda law: 1 - (law.cdf(1) - law.cdf(0))
    code = re.findall(r"\d\.\d", says.entry["excerpt"])
    assert [str(says.law("printed").mean()), str(says.law("printed").std())] == code
    drawn = says.law("printed").rvs(100_000, random_state=0)
    assert outside(drawn) == pytest.approx(share(says.law("printed")), abs=0.005)
    witness(share(says.law("printed")), share(says.law("corrected")))


@reads("3849d923")
def test_norm_at_zero(witness, says):
    """The derivative of the norms at the zero vector."""

    def first(norm):
        g = torch.zeros(3, requires_grad=True)
        norm(g).backward()
        return g.grad[0].item()

    names = {r"\sqrt": torch.sqrt, r"\sum_i": lambda x: x.sum(), r"\varepsilon": 1e-12}
    for side, formula in (("printed", 0), ("corrected", 1)):
        long = says(side, names | {"g_i": torch.tensor([3.0, 0.0, 4.0])}, formula=formula)
        assert long.item() == pytest.approx(5)
    assert says("corrected", {}) == 0
    safe = first(lambda g: torch.linalg.vector_norm(g))
    assert first(lambda g: says("corrected", names | {"g_i": g}, formula=1)) == safe
    witness(first(lambda g: says("printed", names | {"g_i": g})), safe)


@reads("95e44c17")
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


@reads("e8103a14")
def test_batch_norm_scales_are_positive(witness, says):
    """Share of negative scales when they are drawn around 0, and around 1."""
    torch.manual_seed(0)
    layer = torch.nn.BatchNorm2d(10_000)
    initialise(layer)
    law, theirs = says.law("corrected"), says.law("printed")
    code = re.findall(r"\d\.\d+", says.entry["excerpt"])
    assert [theirs.mean(), theirs.std()] == pytest.approx([float(n) for n in code])
    assert law.cdf(0) < 1e-12
    assert layer.weight.mean().item() == pytest.approx(law.mean(), abs=0.001)
    assert layer.weight.std().item() == pytest.approx(law.std(), rel=0.03)
    witness(says.law("printed").cdf(0), (layer.weight < 0).float().mean().item())


@reads("6022784d")
def test_discriminators_maximise(witness, says):
    """The worse of two constant discriminators wins when V is minimised over D."""
    candidates = np.array([0.01, 0.5])
    V = np.log(candidates) + np.log(1 - candidates)

    def chosen(side):
        players = re.search(r"\\(min|max)_\{[^}]*D_X", says.entry[side])[1]
        return candidates[V.argmin() if players == "min" else V.argmax()]

    assert V.max() == pytest.approx(-log(4))
    witness(chosen("printed"), chosen("corrected"))


@reads("0e9292c9")
def test_clip_after_the_step(witness, says):
    """One weight of a linear critic, at its bound, after a step of 0.05."""
    critic = torch.nn.Linear(1, 1, bias=False)

    def step():
        critic.weight.data += 0.05

    def clip():
        clip_weights(0.01)(critic)

    def seen(side):
        torch.nn.init.constant_(critic.weight, 0.01)
        said = says.entry[side].lower().index
        for action in sorted((step, clip), key=lambda action: said(action.__name__)):
            action()
        return critic.weight.item()

    assert seen("corrected") == pytest.approx(0.01)
    witness(seen("printed"), seen("corrected"))


@reads("00e8bcea")
def test_weight_of_the_kl_is_the_noise_of_the_decoder(witness, says):
    """MSE + w KL is the negative bound times 2 sigma^2/d, up to a constant, for sigma^2 = dw/2."""
    d = 64 * 64 * 3
    sigma = lambda w: says("corrected", {"d": d, "w": w})
    rng = np.random.default_rng(0)
    x, mu = rng.uniform(-1, 1, size=(2, d))

    def losses(w, x_hat, kl):
        bound = norm.logpdf(x, x_hat, sigma(w)).sum() - kl
        return ((x - x_hat) ** 2).mean() + w * kl, -bound

    for w in (0.00025, 1):
        (ours, bound), (worse, lower) = losses(w, x, 3.0), losses(w, mu, 5.0)
        assert worse - ours == pytest.approx(2 * sigma(w) ** 2 / d * (lower - bound))
    witness(sigma(1), sigma(0.00025))


@reads("157f2a25")
def test_importance_weights_favour_the_better_sample(witness, says):
    """Two samples: the loss by both formulas, and the gradient's weights by torch."""
    errors = np.array([1.0, 3.0])
    names = {"e": math.e, "L_i": errors, r"\sum_i": np.sum, "k": 2}
    wrong = says("printed", names, formula=1) / says("printed", names, formula=1).sum()
    loss = says("corrected", names)
    L = torch.tensor(errors, requires_grad=True)
    bound = -torch.logsumexp(-L, 0) + log(2)
    (weights,) = torch.autograd.grad(bound, L)
    assert loss == pytest.approx(bound.item())
    right = says("corrected", names, formula=2) / says("corrected", names, formula=2).sum()
    assert right == pytest.approx(weights.numpy())
    witness((says("printed", names | {"w_i": wrong}), wrong[1]), (loss, right[1]))


@reads("2b91f9fc")
def test_formula_of_the_curve(witness, says):
    """x_2 at z = 0 by the formula, and by the line of code beneath it."""
    code = lambda z: np.cos(2 + z * 2.85)
    names = {r"\sin": np.sin, r"\cos": np.cos}
    for z in (-1.0, 0.0, 0.7):
        assert says("corrected", names | {"z": z}) == pytest.approx(code(z))
    witness(says("printed", names | {"z": 0.0}), says("corrected", names | {"z": 0.0}))


@reads("d75da162")
def test_latent_comes_from_the_encoder(witness, says):
    """z = mu + sigma eps follows the picture only if mu and sigma are computed from it."""
    encoder = lambda x: (0.8 * x, torch.ones(()))  # mu and sigma
    decoder = lambda z: (0.5 * z, torch.ones(()))
    eps = torch.tensor(0.3, dtype=torch.float64)

    def z(x, mu, sigma):
        return says("corrected", {r"\mu": mu, r"\sigma": sigma, r"\epsilon": eps}) + 0 * x

    assert z(1.0, *encoder(1.0)).item() == pytest.approx(0.8 + 0.3)
    from_decoder = derivative(lambda x: z(x, *decoder(eps)), 1.0)
    witness(from_decoder, derivative(lambda x: z(x, *encoder(x)), 1.0))
    assert "*decoder*" in says.entry["printed"] and "*encoder*" in says.entry["corrected"]


@reads("8051ee5a")
def test_log_density_sums_over_coordinates_once(witness, says):
    """Two coordinates of variance 4, at their mean and beside it."""

    def both(x):
        names = {"D": 2, "x_d": x, r"\mu_d": np.zeros(2), r"\sigma_d^2": np.full(2, 4.0)}
        names |= {r"\pi": pi, r"\sum_d": np.sum}
        right = multivariate_normal(np.zeros(2), 4 * np.eye(2)).logpdf(x)
        assert says("corrected", names) == pytest.approx(right)
        code = {"torch": torch, "PI": torch.tensor(pi), "D": 2, "x": torch.tensor(x), "mu": 0}
        exec(says.entry["excerpt"], code | {"log_var": torch.full((2,), log(4))}, made := {})
        assert says("printed", names) == pytest.approx(made["log_p"].sum().item())
        return says("printed", names), right

    both(np.array([1.0, -3.0]))
    witness(*both(np.zeros(2)))


@reads("43b930a9")
def test_gradient_of_the_consensus_term(witness, says):
    """The slope of (psi^2 + theta^2) f'(psi theta)^2 / 2 by theta, by automatic differentiation."""
    f1 = lambda t: torch.sigmoid(-t)

    def both(theta, psi):
        term = lambda a: (psi**2 + a**2) * f1(psi * a) ** 2 / 2
        names = {"f'": sigmoid(-psi * theta), "f''": -sigmoid(-psi * theta) * sigmoid(psi * theta)}
        names |= {r"\theta": theta, r"\psi": psi}
        assert says("corrected", names) == pytest.approx(derivative(term, theta))
        code = {"theta": theta, "psi": psi, "fp": lambda t: sigmoid(-t)}
        code["fp2"] = lambda t: -sigmoid(-t) * sigmoid(t)
        coded = theta * sigmoid(-psi * theta) ** 2 + eval(says.entry["excerpt"], code)
        assert says("printed", names) == pytest.approx(coded)
        return says("printed", names), says("corrected", names)

    both(0.3, -2.0)
    witness(*both(1.0, 1.0))


@reads("744cb113")
def test_transposed_convolution_does_not_undo_the_floor(witness, says):
    """Kernel 5, padding 2, stride 3: sizes there and back, without and with output padding."""
    layer = lambda W: F.conv1d(torch.zeros(1, 1, W), torch.zeros(1, 1, 5), stride=3, padding=2)
    back = lambda x, out: F.conv_transpose1d(
        x, torch.zeros(1, 1, 5), stride=3, padding=2, output_padding=out
    ).shape[-1]
    sizes = range(14, 20)
    kept = [back(layer(W), 0) for W in sizes]
    rest = [int(says("corrected", {"W": W, "P": 2, "F": 5}, formula=1)) % 3 for W in sizes]
    assert [back(layer(W), r) for W, r in zip(sizes, rest, strict=True)] == list(sizes)
    assert [W for W, r in zip(sizes, rest, strict=True) if r == 0] == [16, 19]
    witness(list(sizes), kept)


@reads("f93568e3")
def test_mean_pooling_twice(witness, says):
    """The notebook's own patch of 4 x 4, pooled as the two lines of code say."""
    data = np.array([[1, 3, 5, 3], [6, 2, 0, 8], [4, 6, 1, 4], [2, 8, 0, 3]])
    blocks = lambda x: x.reshape(len(x) // 2, 2, len(x) // 2, 2)
    meanpool = lambda x: blocks(x).mean((1, 3))
    names = {"meanpool": meanpool, "data_maxpool": blocks(data).max((1, 3))}
    names["data_meanpool"] = meanpool(data)
    pooled = lambda side: eval(re.search(r"`(.+)`", says.entry[side])[1], names)
    assert pooled("corrected").item() == data.mean()
    witness(pooled("printed"), pooled("corrected"))


@reads("35de0b2f")
def test_a_shuffle_draws_without_replacement(witness, says):
    """How many of 1000 pictures come, by counting and by the exact expectation."""
    rng, N = np.random.default_rng(0), 1000

    def different(side):
        again = "without" not in says.entry[side].replace("*", "")
        drawn = [len(set(rng.choice(N, N, replace=again).tolist())) for _ in range(50)]
        exact = N * (1 - (1 - 1 / N) ** N) if again else N
        assert np.mean(drawn) == pytest.approx(exact, rel=0.01)
        return exact

    shuffled = rng.permutation(N)[:N]  # what the code does
    assert len(set(shuffled.tolist())) == different("corrected")
    witness(different("printed"), different("corrected"))


@reads("13e5bd8f")
def test_adam_does_not_see_the_scale_of_the_loss(witness):
    """200 steps with random slopes: the way of a weight for the whole loss and for half of it."""
    slopes = np.random.default_rng(0).normal(0.3, 1, size=200)

    def way(optimiser, scale, **options):
        weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        steps, travelled = optimiser([weight], lr=2e-4, **options), 0.0
        for slope in slopes:
            before = weight.item()
            weight.grad = torch.tensor([scale * slope])
            steps.step()
            travelled += abs(weight.item() - before)
        return travelled

    adam = {"betas": (0.5, 0.999)}
    plain = way(torch.optim.SGD, 0.5) / way(torch.optim.SGD, 1)
    halved = way(torch.optim.Adam, 0.5, **adam) / way(torch.optim.Adam, 1, **adam)
    assert halved == pytest.approx(1, abs=1e-6)
    witness(plain, halved)


@reads("b450a32c")
def test_batch_norm_of_a_single_value(witness, says):
    """One picture, one pixel: what is left of 1000 different values after the norm."""
    values = torch.tensor(norm.ppf((np.arange(1000) + 0.5) / 1000))
    assert says("printed", {}) == 1
    with pytest.raises(ValueError, match="more than 1 value"):
        torch.nn.BatchNorm2d(1).double()(values[:1].reshape(1, 1, 1, 1))
    alone = lambda x: (x - x.mean()) / (x.var(correction=0) + 1e-5).sqrt()
    two = torch.tensor([[3.0], [5.0]], dtype=torch.float64)
    assert torch.allclose(alone(two), F.batch_norm(two, None, None, training=True))
    normed = torch.stack([alone(value.reshape(1)) for value in values])
    witness(normed.std().item(), values.std().item())


@reads("79e5274d")
def test_second_argument_of_batch_norm(witness, says):
    """Channels of variance 1, 0.1 and 0.01 through either layer."""
    channels = 128
    x = torch.linspace(-1, 1, 1001, dtype=torch.float64)
    x = (x / x.std(correction=0))[:, None] * torch.tensor([1, 0.1, 0.01]).double().sqrt()
    spread = lambda layer: layer.double()(x).std(0, correction=0).tolist()
    (size, wrong), right = says.numbers("printed"), says.numbers("corrected")
    assert [size] == right[:1] == [channels]
    assert eval(says.entry["excerpt"], {"nn": torch.nn}).eps == wrong
    assert torch.nn.BatchNorm1d(3).eps == right[-1]
    witness(spread(torch.nn.BatchNorm1d(3, wrong)), spread(torch.nn.BatchNorm1d(3)))


@reads("7d19d267")
def test_softmax_before_cross_entropy(witness):
    """The surest answer of ten classes, and the gradient of the first one."""
    label = torch.tensor([0])
    sure = 100 * torch.eye(10, dtype=torch.float64)[:1]
    loss = lambda scores: F.cross_entropy(scores, label).item()
    twice = lambda scores: F.cross_entropy(scores.softmax(1), label)
    worst = -sure
    worst[0, 1] = 100
    assert twice(worst).item() == pytest.approx(2.461, abs=5e-4)
    scores = torch.zeros(1, 10, dtype=torch.float64, requires_grad=True)
    (once,) = torch.autograd.grad(F.cross_entropy(scores, label), scores)
    (second,) = torch.autograd.grad(twice(scores), scores)
    assert torch.allclose(second, once / 10)
    witness(twice(sure).item(), loss(sure))
