r"""Checks of the reader's answers, with a hint that names the mistake.

A chapter's exercise ends in a cell that runs as it stands ("not answered yet") and is then filled
in by the reader; its hidden solution contains the same call in a ```python block, which the tests
run and which must come out right:

    from gancourse.exercises import check
    check("next-flip", (0.9, 0.8, 0.7))          # numbers, a list, an array or a tensor
    check("waiting-time-mle", theta_hat)         # or a function: its name, without brackets

How to add an exercise
----------------------
Append a call of `exercise` at the end of this file, under the comment of your chapter:

* `answer`: a function that *computes* the right answer. Without `inputs` it takes no argument and
  the reader hands in numbers; with `inputs`, a list of argument tuples, the reader hands in a
  function that is compared with `answer` on every one. Lists among the inputs arrive as float64
  tensors.
* `praise`: one sentence that tells what has been learnt, shown after "Right."
* `mistakes`: {hint: wrong function like `answer`}. Each must be recognisable: on some input it
  differs from the right answer and from the other mistakes by more than the tolerance.
* `tolerance`: absolute and relative, 1e-4 unless told; give 1e-9 for large exact counts.

`tests/test_exercises.py` then tries the right answer, every mistake and nonsense by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from math import cos, exp, log, prod, sin

import numpy as np
import torch
from torch import Tensor

from gancourse.errors import GanCourseError
from gancourse.theory import backpropagation as backprop
from gancourse.theory import dynamics
from gancourse.theory import information as info
from gancourse.theory import likelihood as mle

EXERCISES: dict[str, "Exercise"] = {}
#: What is said of a multiple of the right answer, when no declared mistake fits.
COMMON_FACTORS = {-1: "This is minus the right answer.", 2: "This is twice the right answer.",
                  0.5: "This is half the right answer.",
                  1 / log(2): "This is in bits; use natural logarithms (nats)."}


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and one or two sentences about it."""

    right: bool
    message: str

    def __repr__(self):
        return self.message

    def _repr_markdown_(self):
        opening, _, rest = self.message.partition(". ")
        return f"**{opening}.** {rest}"


@dataclass(frozen=True)
class Exercise:
    """A question that can be checked; the fields are those of `exercise`."""

    answer: Callable
    praise: str
    mistakes: dict[str, Callable]
    inputs: list[tuple]
    tolerance: float

    def values(self, given) -> list[Tensor | None]:
        """What was given, as one tensor per input; None stands for "not answered"."""
        if not self.inputs:
            if callable(given):
                raise TypeError("This exercise asks for numbers: call your function first.")
            return [_numbers(given)]
        if not callable(given):
            raise TypeError("This exercise asks for a function: pass its name, without brackets.")
        return [_numbers(_call(given, arguments)) for arguments in self.inputs]

    def computed(self, function) -> list[Tensor]:
        """The values of `answer`, or of one of the mistakes."""
        return self.values(function if self.inputs else function())

    def same(self, these, those) -> bool:
        return all(a.shape == b.shape and torch.allclose(a, b, self.tolerance, self.tolerance)
                   for a, b in zip(these, those, strict=True))

    def hint(self, given, right) -> str:
        """The most telling thing that is true of a wrong answer."""
        for hint, wrong in self.mistakes.items():
            if self.same(given, self.computed(wrong)):
                return hint
        for i, (a, b) in enumerate(zip(given, right, strict=True)):
            where = f"For {self.inputs[i]} your function's result" if self.inputs else "Your answer"
            if a.shape != b.shape:
                return f"{where} has the shape {tuple(a.shape)}; {tuple(b.shape)} is asked for."
        for factor, hint in COMMON_FACTORS.items():
            if self.same(given, [factor * b for b in right]):
                return hint
        if not self.inputs:
            return "It is not one of the usual slips. Try a case that you can do by hand."
        i = next(i for i in range(len(right)) if not self.same([given[i]], [right[i]]))
        return (f"For {self.inputs[i]} your function gives {_text(given[i])}, "
                f"the right value is {_text(right[i])}.")


def exercise(name: str, *, answer: Callable, praise: str, mistakes: dict[str, Callable],
             inputs: list[tuple] = (), tolerance: float = 1e-4) -> None:
    """Declare an exercise; see the top of this file."""
    EXERCISES[name] = Exercise(answer, praise, mistakes, list(inputs), tolerance)


def check(name: str, answer) -> Verdict:
    """Compare an answer (numbers, or a function) with the right one; say what is wrong with it."""
    if name not in EXERCISES:
        near = get_close_matches(str(name), EXERCISES, 1)
        fix = f"did you mean {near[0]!r}?" if near else "copy the name from the chapter"
        raise GanCourseError(f"there is no exercise {name!r}", where="check", fix=fix)
    question = EXERCISES[name]
    try:
        given = [None] if answer is None or answer is ... else question.values(answer)
    except (TypeError, ValueError) as fault:
        return Verdict(False, f"Not yet. {fault}")
    if any(value is None for value in given):
        return Verdict(False, "Not answered yet. Replace the dots and run the cell again.")
    right = question.computed(question.answer)
    if question.same(given, right):
        return Verdict(True, f"Right. {question.praise}")
    return Verdict(False, f"Not yet. {question.hint(given, right)}")


def _call(function, arguments):
    arguments = [torch.tensor(a, dtype=torch.float64) if isinstance(a, list) else a
                 for a in arguments]
    try:
        return function(*arguments)
    except Exception as fault:
        raise ValueError(f"Your function stopped with {type(fault).__name__}: {fault}") from None


def _numbers(given) -> Tensor | None:
    """A float64 tensor without NaN, of numbers in any usual wrapping; None if nothing was given."""
    if given is None or given is ...:
        return None
    if isinstance(given, list | tuple):
        parts = [_numbers(part) for part in given]
        if not parts or any(part is None for part in parts):
            return None
        if len({part.shape for part in parts}) > 1:
            raise ValueError("The entries of your answer have different shapes.")
        return torch.stack(parts)
    try:
        given = given.detach().cpu() if isinstance(given, Tensor) else torch.tensor(np.array(given))
    except TypeError:
        raise TypeError(f"A number is asked for, not {type(given).__name__}.") from None
    if given.is_complex() or bool(given.isnan().any()):
        raise ValueError("Your answer contains something that is no real number, such as NaN.")
    return given.to(torch.float64)


def _text(tensor) -> str:
    return str([float(f"{v:.5g}") for v in tensor.flatten()]) if tensor.ndim else f"{tensor:.5g}"


# ---- 01 Maximum likelihood --------------------------------------------------------------------

exercise(
    "coin-log-likelihood",
    answer=lambda x, theta: mle.log_bernoulli(x, theta).sum(),
    inputs=[([1, 1, 0, 1], 0.7), ([0, 0, 1], 0.2), ([1, 1], 0.5)],
    praise="Two logarithms, one for the ones and one for the zeros, and a sum over all flips.",
    mistakes={
        "This is the likelihood itself, a product: the logarithm is missing.":
            lambda x, theta: mle.log_bernoulli(x, theta).sum().exp(),
        "This is the mean over the flips: the same argmax, but the log-likelihood is the sum.":
            lambda x, theta: mle.log_bernoulli(x, theta).mean(),
        "The term of the zeros lacks its logarithm: it must be (1 - x) * log(1 - theta).":
            lambda x, theta: (x * log(theta) + (1 - x) * (1 - theta)).sum(),
        "This is the log-likelihood of the ones only: a zero has probability 1 - theta.":
            lambda x, theta: (x * log(theta)).sum(),
        "This is the negative log-likelihood: right as a loss, but here we ask for its negative.":
            lambda x, theta: -mle.log_bernoulli(x, theta).sum(),
    },
)

exercise(
    "waiting-time-mle",
    answer=lambda k: 1 / k.mean(),
    inputs=[([1, 3, 2, 6],), ([4, 4, 10],), ([2, 1],)],
    praise="One success per mean waiting time.",
    mistakes={
        "This is the mean waiting time; theta is a probability. Solve for theta once more.":
            lambda k: k.mean(),
        "This is right if k counts only the failures. Here the successful try is counted, too.":
            lambda k: 1 / (1 + k.mean()),
        "One success in all tries together: but every one of the n observations ends in a success.":
            lambda k: 1 / k.sum(),
        "The mean of 1/k is not 1 divided by the mean of k.": lambda k: (1 / k).mean(),
    },
)

exercise(
    "gaussian-variance-mle",
    answer=lambda x: mle.fit_gaussian(x)[1] ** 2,
    inputs=[([1, 2, 4],), ([0, 0, 3, 5, -2],)],
    praise="Divided by n: that is the maximum of the likelihood, and it is biased.",
    mistakes={
        "You divided by n - 1 (the default of torch's var): unbiased, but not the maximum of the "
        "likelihood.": lambda x: x.var(),
        "This is the standard deviation; the variance is its square.":
            lambda x: x.var(unbiased=False).sqrt(),
        "You did not subtract the mean: this is the mean of the squares.":
            lambda x: (x ** 2).mean(),
        "This is the sum of the squared deviations; divide it by n.":
            lambda x: ((x - x.mean()) ** 2).sum(),
    },
)

exercise(
    "unbiased-maximum",
    answer=lambda n: (n + 1) / n,
    inputs=[(1,), (4,), (10,)],
    praise="Now the estimate is right on average, although it is no longer the most likely one.",
    mistakes={
        "This is E[max]/theta; the factor that undoes it is its inverse.": lambda n: n / (n + 1),
        "With the factor 1 the estimate is max(x), which is never above theta and mostly below it.":
            lambda n: 1.0,
        "The expectation of the largest of n is n/(n + 1) theta, not (n - 1)/n theta.":
            lambda n: n / (n - 1) if n > 1 else float("inf"),
    },
)


def _mixture_means(x, means, hard=False, divide_by_n=False, exponent=-0.5):
    """New means of a mixture with equal weights and unit stds; the flags are common mistakes."""
    r = (exponent * (x[:, None] - means) ** 2).softmax(-1)
    r = torch.nn.functional.one_hot(r.argmax(-1), len(means)).to(x) if hard else r
    return (r * x[:, None]).sum(0) / (len(x) if divide_by_n else r.sum(0))


exercise(
    "em-means",
    answer=lambda x, means: mle.em_step(x, torch.full_like(means, 1 / len(means)), means,
                                        torch.ones_like(means))[1],
    inputs=[([0, 1, 3, 4], [1, 2.5]), ([-1, 0, 2, 2.5, 5], [0, 1, 4])],
    praise="Every point pulls at every mean, by its responsibility.",
    mistakes={
        "Each point belongs to its nearest mean only: that is the step of k-means, the hard limit.":
            lambda x, means: _mixture_means(x, means, hard=True),
        "Divide by the sum of the responsibilities of that component, not by the number of points.":
            lambda x, means: _mixture_means(x, means, divide_by_n=True),
        "The exponent of the Gaussian is -(x - mean)**2 / 2: the 1/2 is missing.":
            lambda x, means: _mixture_means(x, means, exponent=-1),
        "The responsibilities of a point must sum to 1 over the components (dim=1), not over the "
        "points.": lambda x, means: (
            (-0.5 * (x[:, None] - means) ** 2).softmax(0) * x[:, None]).sum(0),
    },
)

exercise(
    "next-flip",
    answer=lambda: [1.0, mle.beta_map(*mle.beta_posterior([1, 1, 1], 2, 2)),
                    mle.beta_predictive(*mle.beta_posterior([1, 1, 1], 2, 2))],
    praise="Three heads, three answers: the less data, the more the prior speaks.",
    mistakes={
        "The last two are swapped: MAP is the mode of the posterior, the prediction is its mean.":
            lambda: [1.0, 5 / 7, 4 / 5],
        "Your prediction puts the MAP estimate into the model; average over the posterior instead.":
            lambda: [1.0, 4 / 5, 4 / 5],
        "These are the numbers for a flat prior, Beta(1, 1); the prior here is Beta(2, 2).":
            lambda: [1.0, 1.0, 4 / 5],
        "The mode of Beta(a, b) is (a - 1)/(a + b - 2); you divided without the -1 and -2.":
            lambda: [1.0, 5 / 7, 5 / 7],
    },
)


# ---- 06 The optimal discriminator -------------------------------------------------------------

exercise(
    "discriminator-with-prior",
    answer=lambda p, pg, share: info.optimal_discriminator(share * p, (1 - share) * pg),
    inputs=[([0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], 0.25), ([0.5, 0.5], [0.9, 0.1], 0.6)],
    praise="Bayes' rule: each density counts as often as its samples are shown.",
    mistakes={
        "This is p/(p + pg), right for as many reals as fakes; the share has to weigh them.":
            lambda p, pg, share: p / (p + pg),
        "The weights are swapped: share belongs to the real samples.":
            lambda p, pg, share: (1 - share) * p / ((1 - share) * p + share * pg),
        "This is the probability of a fake; D is the probability of a real sample.":
            lambda p, pg, share: (1 - share) * pg / (share * p + (1 - share) * pg),
        "Only the numerator is weighted; the denominator must contain the same product.":
            lambda p, pg, share: share * p / (p + pg),
    },
)


def _collapsed(N):
    """Data uniform on N points, and a generator that knows only the first."""
    p, pg = torch.full((N,), 1 / N, dtype=torch.float64), torch.zeros(N, dtype=torch.float64)
    pg[0] = 1
    V = info.value(info.optimal_score(p, pg), p, pg)
    return info.optimal_discriminator(p, pg)[0], -V, info.jsd(p, pg)


exercise(
    "collapsed-generator",
    answer=_collapsed,
    inputs=[(2,), (10,), (100,)],
    praise="The loss shrinks as N grows: collapse makes the discriminator's life easy.",
    mistakes={
        "Your second number is V; the loss is L = -V, which is positive here.":
            lambda N: (_collapsed(N)[0], -_collapsed(N)[1], _collapsed(N)[2]),
        "Your third number is the sum of the two KLs; JSD is half of it.":
            lambda N: (_collapsed(N)[0], _collapsed(N)[1], 2 * _collapsed(N)[2]),
        "At x1 the generator puts mass 1, the data 1/N: D = (1/N)/(1/N + 1), which is not 1/N.":
            lambda N: (1 / N, *_collapsed(N)[1:]),
        "Your loss forgets the factor 1/N in front of the first logarithm.":
            lambda N: (_collapsed(N)[0], log(N + 1) + log((N + 1) / N), _collapsed(N)[2]),
    },
)

exercise(
    "stable-value",
    answer=lambda p, pg: info.value(info.optimal_score(p, pg), p, pg),
    inputs=[([0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]), ([1, 1e-20], [1e-20, 1]),
            ([0.5, 0.5, 0], [0, 0.5, 0.5])],
    praise="Finite everywhere, as the theorem promises: work with scores, or with logarithms.",
    mistakes={
        "1 - D has rounded to zero in the second case. Write log(1 - D) as log(pg) - log(p + pg).":
            lambda p, pg: (torch.special.xlogy(p, p / (p + pg))
                           + torch.special.xlogy(pg, 1 - p / (p + pg))).sum(),
        "This is the Jensen-Shannon divergence; V is -log 4 plus twice that.": info.jsd,
        "This is the loss L = -V.": lambda p, pg: -info.value(info.optimal_score(p, pg), p, pg),
    },
)


# ---- 05 Two players ---------------------------------------------------------------------------

exercise(
    "push-forward-density",
    answer=lambda x: torch.exp(-x),
    inputs=[([0.1, 0.5, 1, 3],)],
    praise="The exponential distribution; -log(1 - z) is how one draws from it.",
    mistakes={
        "This is the distribution function 1 - exp(-x); the density is its derivative.":
            lambda x: 1 - torch.exp(-x),
        "This is the density of the noise alone; the factor |dz/dx| of the inverse is missing.":
            torch.ones_like,
        "You took the derivative of G; the rule asks for that of its inverse, z = 1 - exp(-x).":
            lambda x: torch.exp(x),
        "A density is never negative: the rule takes the absolute value of the derivative.":
            lambda x: -torch.exp(-x),
    },
)

exercise(
    "more-steps-for-d",
    answer=lambda h, k: dynamics.alternating(dynamics.bilinear(), h, k),
    inputs=[(0.1, 1), (0.5, 5), (0.5, 17)],
    praise="Its determinant is 1 for every k: area is kept, so the players circle or fly apart.",
    mistakes={
        "This is simultaneous: G must see the y that D has just changed.":
            lambda h, k: [[1, -h], [k * h, 1]],
        "Here G moves first and D sees the new x; in the exercise D moves first.":
            lambda h, k: [[1, -h], [k * h, 1 - k * h**2]],
        "The k belongs to D's steps; G takes one.":
            lambda h, k: [[1 - k * h**2, -k * h], [h, 1]],
        "This is right for k = 1 only.": lambda h, k: [[1 - h**2, -h], [h, 1]],
        "Check the signs: G lowers xy, so its step is -h y; D raises it.":
            lambda h, k: [[1 - k * h**2, h], [-k * h, 1]],
    },
)

exercise(
    "uncleared-gradients",
    answer=lambda: [2 / 3, -log(2 / 3) - log(1 / 3), -log(2 / 3)],
    praise="A d_loss that stays above log 4 gives such a bug away.",
    mistakes={
        "These are the values of a correct loop; the student's D also gets the generator's slope.":
            lambda: [1 / 2, log(4), log(2)],
        "You added G's slope with the wrong sign: it is -(1 - c), like that of a real sample.":
            lambda: [1 / 3, -log(1 / 3) - log(2 / 3), -log(1 / 3)],
        "Your c is right; d_loss is -log(c) for the real samples plus -log(1 - c) for the fakes.":
            lambda: [2 / 3, -2 * log(2 / 3), -log(2 / 3)],
        "Your c is right; the loss here is non-saturating, -log(c), not log(1 - c).":
            lambda: [2 / 3, -log(2 / 3) - log(1 / 3), log(1 / 3)],
    },
)


# ---- 09 DCGAN ---------------------------------------------------------------------------------

exercise(
    "transposed-size",
    answer=lambda W, F, S, P: S * (W - 1) + F - 2 * P,
    inputs=[(4, 4, 2, 1), (1, 4, 1, 0), (5, 3, 2, 0), (7, 5, 3, 2)],
    praise="W patches of F pixels, S apart, cut by P at both ends.",
    mistakes={
        "This is the convolution's formula; a transposed convolution grows.":
            lambda W, F, S, P: (W + 2 * P - F) // S + 1,
        "W patches have only W - 1 gaps between them.": lambda W, F, S, P: S * W + F - 2 * P,
        "Padding cuts pixels off here: its sign is minus.":
            lambda W, F, S, P: S * (W - 1) + F + 2 * P,
        "The padding is cut off at both ends.": lambda W, F, S, P: S * (W - 1) + F - P,
    },
)


def _discriminator_weights(size, channels, width, bias_before_norm=0, norm=2, last_bias=1):
    """Weights of a DCGAN discriminator; the flags are common mistakes."""
    maps = [width * 2**i for i in range(size.bit_length() - 3)]
    total = 16 * channels * width + width
    for narrow, wide in zip(maps, maps[1:], strict=False):
        total += 16 * narrow * wide + (norm + bias_before_norm) * wide
    return total + 16 * maps[-1] + last_bias


exercise(
    "discriminator-parameters",
    answer=_discriminator_weights,
    inputs=[(16, 3, 32), (64, 3, 64), (128, 1, 16)],
    praise="Nearly all of them sit in the deepest layers.",
    tolerance=1e-9,
    mistakes={
        "Batch norm subtracts the mean, so the convolutions before it have no bias.":
            lambda *sizes: _discriminator_weights(*sizes, bias_before_norm=1),
        "The two numbers of batch norm for each map, scale and shift, are missing.":
            lambda *sizes: _discriminator_weights(*sizes, norm=0),
        "Batch norm has two learnt numbers for each map, not one.":
            lambda *sizes: _discriminator_weights(*sizes, norm=1),
        "The running mean and variance are not weights: nothing learns them by gradients.":
            lambda *sizes: _discriminator_weights(*sizes, norm=4),
        "The last layer has no batch norm behind it, so it has a bias.":
            lambda *sizes: _discriminator_weights(*sizes, last_bias=0),
    },
)

exercise(
    "lerp-length",
    answer=lambda t: ((1 - t)**2 + t**2)**0.5,
    inputs=[(0.5,), (0.25,), (0.9,)],
    praise="In the middle it is shorter by the factor 0.71: outside the shell of the noise.",
    mistakes={
        "This is the squared length; take the root.": lambda t: (1 - t)**2 + t**2,
        "That would be so if the two vectors pointed the same way.": lambda t: 1.0,
        "That would be so if the two vectors were opposite.": lambda t: abs(1 - 2 * t),
    },
)

exercise(
    "loss-as-probability",
    answer=lambda d_loss: exp(-d_loss / 2),
    inputs=[(2 * log(2),), (0.3,), (1.0,)],
    praise="At log 4 it is one half: guessing.",
    mistakes={
        "The loss is the sum of two terms, one for real and one for fake: halve it first.":
            lambda d_loss: exp(-d_loss),
        "Undo the logarithm by the exponential function.": lambda d_loss: 1 - d_loss / 2,
        "This is the typical probability of the wrong answer.":
            lambda d_loss: 1 - exp(-d_loss / 2),
    },
)


# ---- 02 Entropy, cross-entropy, KL ------------------------------------------------------------

_LOADED, _FAIR = [0.5, *[0.1] * 5], [1 / 6] * 6

exercise(
    "loaded-die",
    answer=lambda: [info.entropy(_LOADED), info.bits(info.entropy(_LOADED)),
                    info.kl(_LOADED, _FAIR)],
    praise="Entropy and price add up to log 6, what the believer in a fair die pays in all.",
    mistakes={
        "The first two are swapped: a bit is the smaller unit, so the number of bits is larger.":
            lambda: [info.bits(info.entropy(_LOADED)), info.entropy(_LOADED),
                     info.kl(_LOADED, _FAIR)],
        "Your third number is KL(fair || loaded). The throws come from the loaded die: it stands "
        "first.": lambda: [info.entropy(_LOADED), info.bits(info.entropy(_LOADED)),
                           info.kl(_FAIR, _LOADED)],
        "Your third number is the cross-entropy; the price is what exceeds the entropy.":
            lambda: [info.entropy(_LOADED), info.bits(info.entropy(_LOADED)), log(6)],
        "Your third number is in bits; (c) asks for nats.":
            lambda: [info.entropy(_LOADED), info.bits(info.entropy(_LOADED)),
                     info.bits(info.kl(_LOADED, _FAIR))],
    },
)

exercise(
    "missing-logarithm",
    answer=lambda: [0.2 / (1 - 0.2), 0.2],
    praise="Only the loss with both logarithms is smallest at the true share.",
    mistakes={
        "The two are swapped: the printed loss comes first.": lambda: [0.2, 0.25],
        "The printed loss is not smallest at the share: set -alpha/p + (1 - alpha) to zero.":
            lambda: [0.2, 0.2],
        "You took the share of the zeros for alpha.": lambda: [1.0, 0.8],
        "Solve alpha/p = 1 - alpha for p: it is alpha/(1 - alpha), not its inverse.":
            lambda: [4.0, 0.2],
    },
)

exercise(
    "kl-with-zeros",
    answer=info.kl,
    inputs=[([0.5, 0.3, 0.2], [0.2, 0.2, 0.6]), ([0.5, 0.5, 0], [0.4, 0.4, 0.2]),
            ([0.5, 0.5, 0], [0.25, 0.75, 0]), ([0.2, 0.8], [0, 1])],
    praise="Right at the zeros as well, and infinite only where it has to be.",
    mistakes={
        "This is KL(q || p): events come from the first, beliefs from the second.":
            lambda p, q: info.kl(q, p),
        "This is the cross-entropy; subtract the entropy of p.": info.cross_entropy,
        "This is the mean over the bins; the weights p are the average already, so take the sum.":
            lambda p, q: info.kl(p, q) / len(p),
        "This is minus the KL: the fraction in the logarithm is p/q.":
            lambda p, q: -info.kl(p, q),
        "The factor p is missing: each logarithm counts as often as its event occurs.":
            lambda p, q: torch.where(p > 0, (p / q).log(), torch.zeros_like(p)).sum(),
    },
)


def _bce(s, y):
    return torch.nn.functional.binary_cross_entropy_with_logits(s, y, reduction="none")


exercise(
    "bce-from-scores",
    answer=lambda s, y: _bce(s, y).mean(),
    inputs=[([0.5, -1, 2], [1, 0, 1]), ([3, -2], [0, 1]), ([800, -800, 1], [0, 1, 1])],
    praise="Finite for every score: no probability was formed on the way.",
    mistakes={
        "For a score of 800 the probability has rounded to 1. Use softplus or logsigmoid.":
            lambda s, y: -torch.where(y == 1, s.sigmoid().log(), (1 - s.sigmoid()).log()).mean(),
        "Capped at 100: a library function on probabilities hides what they have lost.":
            lambda s, y: torch.nn.functional.binary_cross_entropy(s.sigmoid(), y),
        "This is the sum; the mean is asked for.": lambda s, y: _bce(s, y).sum(),
        "This is minus the loss: the mean log-likelihood.": lambda s, y: -_bce(s, y).mean(),
        "The labels are the wrong way round: -log sigmoid(s) belongs to y = 1.":
            lambda s, y: _bce(s, 1 - y).mean(),
        "The term of the zeros is missing: -log(1 - sigmoid(s)) = softplus(s).":
            lambda s, y: (y * _bce(s, y)).mean(),
    },
)

exercise(
    "temperature",
    answer=info.softmax,
    inputs=[([2, 1, 0], 0.5), ([0.5, -1, 3], 4.0)],
    praise="Cold sharpens and hot flattens, and the sum stays one.",
    mistakes={
        "This is the printed formula: it sums to 1/T.": lambda s, T: s.softmax(-1) / T,
        "The temperature is missing from the denominator.":
            lambda s, T: (s / T).exp() / s.exp().sum(),
        "The temperature is missing from the numerator.":
            lambda s, T: s.exp() / (s / T).exp().sum(),
        "Divide by T; you multiplied, so hot and cold are swapped.":
            lambda s, T: (s * T).softmax(-1),
        "The temperature is not used.": lambda s, T: s.softmax(-1),
    },
)

_MINT, _FORGER = [0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]


def _guesser(tv=1.0, right=None, jsd=1.0):
    """Total variation, the best guesser's chance, JSD; the arguments distort one of them."""
    true = float(info.tv(_MINT, _FORGER))
    return [tv * true, right or (1 + true) / 2, jsd * info.jsd(_MINT, _FORGER)]


exercise(
    "best-guesser",
    answer=_guesser,
    praise="Guessing asks for TV, honest probabilities for JSD.",
    mistakes={
        "Your total variation lacks the factor 1/2.": lambda: _guesser(tv=2),
        "Your JSD is the sum of the two KLs; each has a factor 1/2.": lambda: _guesser(jsd=2),
        "Your JSD is in bits; nats are asked for.": lambda: _guesser(jsd=1 / log(2)),
        "The guesser is right half of the time without looking: 1/2 + TV/2.":
            lambda: _guesser(right=0.4),
        "The advantage over 1/2 is half of TV, not all of it.": lambda: _guesser(right=0.9),
    },
)


def _modes(K, j):
    """Reverse KL, total variation and JSD of j even points against K even points."""
    p = torch.full((K,), 1 / K, dtype=torch.float64)
    pg = torch.zeros(K, dtype=torch.float64)
    pg[:j] = 1 / j
    return torch.stack([info.kl(pg, p), info.tv(p, pg), info.jsd(p, pg)])


exercise(
    "some-modes",
    answer=_modes,
    inputs=[(10, 9), (10, 1), (1000, 600)],
    praise="All three are finite; only the forward KL, and with it the likelihood, is not.",
    mistakes={
        "Your first number is the forward KL, which is infinite: the generator misses points.":
            lambda K, j: _modes(K, j) + torch.tensor([float("inf"), 0, 0]),
        "Your first number has the wrong sign: the ratio in the logarithm is p_g/p = K/j.":
            lambda K, j: _modes(K, j) * torch.tensor([-1, 1, 1]),
        "Your JSD is the sum of the two KLs; each has a factor 1/2.":
            lambda K, j: _modes(K, j) * torch.tensor([1, 1, 2]),
        "Your total variation lacks the factor 1/2.":
            lambda K, j: _modes(K, j) * torch.tensor([1, 2, 1]),
    },
)


# ---- 03 A classifier is half a GAN ------------------------------------------------------------


def _mlp_weights(sizes, biases=1):
    return sum(out * (into + biases) for into, out in zip(sizes, sizes[1:], strict=False))


exercise(
    "mlp-weights",
    answer=_mlp_weights,
    inputs=[((2, 32, 32, 1),), ((784, 100, 10),), ((3, 1),)],
    praise="Every output has one weight for each input, and one bias.",
    mistakes={
        "The biases are missing: one for each output of each layer.":
            lambda sizes: _mlp_weights(sizes, biases=0),
        "Each layer has one bias for each of its outputs, not for each of its inputs.":
            lambda sizes: sum((out + 1) * into
                              for into, out in zip(sizes, sizes[1:], strict=False)),
        "A layer has one bias for each output, not a single one.": lambda sizes: _mlp_weights(
            sizes, biases=0) + len(sizes) - 1,
    },
)


def _logistic_gradient(X, y, w, b, sign=1.0, threshold=False):
    p = torch.sigmoid(X @ w + b)
    return sign * ((p > 0.5).double() - y if threshold else p - y) @ X / len(y)


_POINTS = [[1.0, 2.0], [0.0, -1.0], [3.0, 0.5], [-2.0, 1.0]]
exercise(
    "logistic-gradient",
    answer=_logistic_gradient,
    inputs=[(_POINTS, [1, 0, 0, 1], [0.3, -0.2], 0.1), (_POINTS, [1, 0, 1, 0], [-1, 0.5], -0.4)],
    praise="Prediction minus truth, times input, averaged over the data.",
    mistakes={
        "The sign is turned: this is truth minus prediction, the way downhill.":
            lambda *given: _logistic_gradient(*given, sign=-1),
        "This is the sum over the data; the loss is their mean.":
            lambda X, y, w, b: _logistic_gradient(X, y, w, b, sign=len(y)),
        "The bias is missing in the score.": lambda X, y, w, b: _logistic_gradient(X, y, w, 0),
        "You took the raw score for the prediction: put it through the sigmoid.":
            lambda X, y, w, b: (X @ w + b - y) @ X / len(y),
        "This is the gradient of the squared error: the factor p (1 - p) does not belong here.":
            lambda X, y, w, b: (2 * (torch.sigmoid(X @ w + b) - y) * torch.sigmoid(X @ w + b)
                                * torch.sigmoid(-X @ w - b)) @ X / len(y),
        "The prediction is the probability itself, not the class that it decides for.":
            lambda *given: _logistic_gradient(*given, threshold=True),
    },
)

exercise(
    "chain-slope",
    answer=lambda w: prod(slope for _, _, slope in backprop.sine_squared(w)),
    inputs=[(2.0,), (0.5,), (-1.0,)],
    praise="Three local slopes, multiplied from the back to the front.",
    mistakes={
        "The square is lost: with g1 = g2 the factor 2 sin(w**2 + 1) is missing.":
            lambda w: 2 * w * cos(w**2 + 1),
        "The innermost step is missing: w**2 + 1 has the slope 2w.":
            lambda w: 2 * sin(w**2 + 1) * cos(w**2 + 1),
        "The middle step is missing: the slope of the sine is the cosine.":
            lambda w: 4 * w * sin(w**2 + 1),
        "The square has the slope 2 g2, not g2: a factor 2 is missing.":
            lambda w: 2 * w * sin(w**2 + 1) * cos(w**2 + 1),
        "This is the function itself, not its slope.": lambda w: sin(w**2 + 1) ** 2,
    },
)

exercise(
    "hidden-sensitivity",
    answer=lambda r, beta, delta: (delta @ beta) * (r > 0),
    inputs=[([1.5, -0.3, 0.2], [[1, 2, -1], [0.5, -3, 2]], [0.4, -0.1]),
            ([-1, 2], [[3, 1]], [2.0])],
    praise="Back through the same weights, then times the local slope.",
    mistakes={
        "The local slope is missing: a unit with r <= 0 passes nothing on.":
            lambda r, beta, delta: delta @ beta,
        "You multiplied by ReLU itself; its slope is 1 where r > 0 and 0 elsewhere.":
            lambda r, beta, delta: (delta @ beta) * r.relu(),
        "The slope of the sigmoid does not belong here: the units are ReLUs.":
            lambda r, beta, delta: (delta @ beta) * torch.sigmoid(r) * torch.sigmoid(-r),
        "Only the first output is counted; a hidden unit acts through all of them.":
            lambda r, beta, delta: delta[0] * beta[0] * (r > 0),
    },
)

exercise(
    "ratio-from-classifier",
    answer=lambda D, share: D / (1 - D) * (1 - share) / share,
    inputs=[(0.8, 0.5), (0.8, 0.75), (0.3, 0.1)],
    praise="The odds that it states, divided by the odds that the shares alone give.",
    mistakes={
        "This is right for equal shares; divide by the odds share/(1 - share).":
            lambda D, share: D / (1 - D),
        "You multiplied by the odds of the shares: the score already contains them, so divide.":
            lambda D, share: D / (1 - D) * share / (1 - share),
        "This is q/p; the question is p/q.": lambda D, share: (1 - D) / D * share / (1 - share),
        "D is p/(p + q), not p/q, already for equal shares.": lambda D, share: D,
    },
)
