"""A neuron, a network, and one pass forward and back through a small one, with all its numbers."""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from gancourse.drawings.drawing import Drawing, number

#: What the bank's neuron of chapter 3 is drawn with: inputs, weights, bias.
INPUTS, WEIGHTS, BIAS = (3.0, 2.0, 2.0), (1.0, 0.5, -1.0), -1.0
#: The small network: two inputs, two hidden ReLU units, one output; one example and its target.
EXAMPLE, TARGET = (1.0, 2.0), 2.5
HIDDEN, OUTPUT, OUTPUT_BIAS = ((1.0, 0.5), (-1.0, 1.0)), (1.0, -1.0), 0.5

NEURON = (
    "A neuron: three inputs, 3, 2 and 2, each on an edge with a weight, 1, 0.5 and −1, run into a "
    "sum with the bias −1, the score s = 1; the activation σ turns it into the output y = 0.73."
)
LAYERS = (
    "A network of layers 2, 4, 4 and 1. Every unit of a layer is joined to every unit of the next "
    "one by an edge, which is a weight. With the biases there are 12, 20 and 5 of them."
)


def neuron() -> Drawing:
    """One neuron: inputs, weights on the edges, the sum with its bias, the activation."""
    score = sum(w * x for w, x in zip(WEIGHTS, INPUTS, strict=True)) + BIAS
    output = torch.sigmoid(torch.tensor(score)).item()
    sheet = Drawing(176, NEURON)
    for k, (x, w) in enumerate(zip(INPUTS, WEIGHTS, strict=True)):
        y = 40 + 48 * k
        sheet.line([(64, y), (170, 88 + 10 * (k - 1))], "third", arrow=True)
        sheet.circle(44, y, 20, number(x), "real", "bold")
        sheet.words(12, y, f"*x*{'₁₂₃'[k]}", "real")
        middle = y + 0.42 * (88 + 10 * (k - 1) - y)
        sheet.words(110, middle, f"*w*{'₁₂₃'[k]} = {number(w)}", "third", kind="small over")
    sheet.line([(206, 136), (206, 118)], "third", arrow=True)
    sheet.words(206, 147, f"*b* = {number(BIAS)}", "third", kind="small")
    sheet.box(170, 60, 72, 56, "", "ink")
    sheet.words(206, 78, "sum *s*", "ink", kind="small")
    sheet.words(206, 98, number(score), "ink", kind="bold")
    sheet.line([(242, 88), (270, 88)], arrow=True)
    sheet.circle(292, 88, 22, "*σ*", "ink", "bold")
    sheet.line([(314, 88), (338, 88)], arrow=True)
    sheet.box(338, 68, 50, 40, number(output), "fake", filled=True)
    sheet.words(363, 122, "*y* = *σ*(*s*)", "fake", kind="small")
    return sheet


def layers(sizes: tuple[int, ...] = (2, 4, 4, 1)) -> Drawing:
    """A network of dense layers, an edge for each weight; under it how many there are."""
    sheet = Drawing(236, LAYERS)
    places = [
        [(48 + 101 * k, 104 + 38 * (i - (size - 1) / 2)) for i in range(size)]
        for k, size in enumerate(sizes)
    ]
    for before, after in pairwise(places):
        for x, y in before:
            for u, v in after:
                sheet.line([(x, y), (u, v)], width=1)
    names = ["inputs", *["hidden"] * (len(sizes) - 2), "score"]
    for k, (layer, name) in enumerate(zip(places, names, strict=True)):
        colour = "real" if k == 0 else "fake" if k == len(sizes) - 1 else "ink"
        for place in layer:
            sheet.circle(*place, 13, "", colour)
        sheet.words(layer[0][0], 20, name, colour, kind="small")
        if k:
            entering, leaving = sizes[k - 1], sizes[k]
            total = leaving * (entering + 1)
            middle = (places[k - 1][0][0] + layer[0][0]) / 2
            sheet.words(middle, 202, f"{leaving}·({entering} + 1)", "third", kind="small")
            sheet.words(middle, 220, f"= {total}", "third", kind="bold")
    return sheet


class Pass(NamedTuple):
    """What one pass forward and back leaves behind; a slope is one of the cost *C*."""

    sums: Tensor  # r, (2,)
    hidden: Tensor  # y, (2,)
    output: Tensor  # s
    cost: Tensor  # (s - t)²
    hidden_slopes: Tensor  # by r, (2,)
    output_slope: Tensor  # by s
    weight_slopes: Tensor  # by the hidden layer's weights, (2, 2): to, from
    output_weight_slopes: Tensor  # by the output's, (2,)


def small_pass() -> Pass:
    """The small network's numbers, forward and back; the slopes are autograd's."""
    x, t = torch.tensor(EXAMPLE, dtype=torch.float64), TARGET
    alpha = torch.tensor(HIDDEN, dtype=torch.float64, requires_grad=True)
    beta = torch.tensor(OUTPUT, dtype=torch.float64, requires_grad=True)
    r = alpha @ x
    y = torch.relu(r)
    s = beta @ y + OUTPUT_BIAS
    cost = (s - t) ** 2
    slopes = torch.autograd.grad(cost, (r, s, alpha, beta))
    return Pass(r.detach(), y.detach(), s.detach(), cost.detach(), *slopes)


def backward_pass() -> Drawing:
    """The small network with all its numbers: weights and signals, and under them their slopes."""
    p = small_pass()
    sheet = Drawing(284, _said(p))
    xs, ys, out = [(34, 56), (34, 184)], [(182, 56), (182, 184)], (316, 120)
    for i, start in enumerate(xs):
        for m, end in enumerate(ys):
            _edge(sheet, start, end, HIDDEN[m][i], p.weight_slopes[m, i], 0.5 if i == m else 0.27)
    for m, start in enumerate(ys):
        _edge(sheet, start, out, OUTPUT[m], p.output_weight_slopes[m], 0.52)
    for i, place in enumerate(xs):
        sheet.circle(*place, 20, number(EXAMPLE[i]), "real", "bold")
        sheet.words(place[0], place[1] - 31, f"*x*{'₁₂'[i]}", "real")
    for m, (x, y) in enumerate(ys):
        _unit(sheet, x, y, p.sums[m], p.hidden[m], p.hidden_slopes[m], "₁₂"[m])
    sheet.circle(*out, 24, number(p.output), "fake", "bold")
    sheet.words(out[0], out[1] - 36, f"*s* = *z*, bias {number(OUTPUT_BIAS)}", "fake", kind="small")
    sheet.words(out[0] + 4, out[1] + 37, f"*δ* = {number(p.output_slope)}", "third", kind="bold")
    sheet.words(
        out[0] + 4, out[1] + 57, f"*t* = {number(TARGET)}, *C* = {number(p.cost)}", kind="small"
    )
    sheet.line([(16, 252), (46, 252)], arrow=True)
    sheet.words(52, 252, "forward: signals and weights", "ink", "start", "small")
    sheet.line([(46, 269), (16, 269)], "third", dashed=True, arrow=True)
    sheet.words(
        52, 269, "back: the slope of *C* by what stands above it", "third", "start", "small"
    )
    return sheet


def _edge(sheet, start, end, weight, slope, at) -> None:
    (x, y), (u, v) = start, end
    sheet.line([(x, y), (u, v)])
    x, y = x + at * (u - x), y + at * (v - y)
    sheet.words(x, y - 9, number(weight), "ink", kind="small over")
    sheet.words(x, y + 8, number(slope), "third", kind="small bold over")


def _unit(sheet, x, y, total, output, slope, index) -> None:
    sheet.box(x - 34, y - 22, 68, 44)
    sheet.words(x, y - 9, f"*r*{index} = {number(total)}", kind="small")
    sheet.words(x, y + 10, f"*y*{index} = {number(output)}", kind="small")
    sheet.words(x, y + 34, f"*δ̂*{index} = {number(slope)}", "third", kind="bold")


def _said(p: Pass) -> str:
    def many(values):
        return " and ".join(number(v) for v in values.flatten().tolist())

    return (
        "A network of two inputs, two hidden ReLU units and one output. Forward: the inputs "
        f"{many(torch.tensor(EXAMPLE))} give the sums {many(p.sums)}, the output "
        f"{number(p.output)} and, for the target {number(TARGET)}, the cost {number(p.cost)}. "
        f"Back: its slope by the output is {number(p.output_slope)}, by the sums "
        f"{many(p.hidden_slopes)}, by the weights of the output {many(p.output_weight_slopes)}, "
        f"and by those of the hidden layer {many(p.weight_slopes)}."
    )
