"""The engine of the figures that train (page/engine.js), under node against torch."""

import importlib
import math
from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import nn

from checkout import needs_node
from gancourse import games, penalties
from gancourse.data import toys
from gancourse.page.engine import ENGINE
from gancourse.page.figure import HERE
from live import harness

under_node = partial(harness.under_node, None)
pytestmark = needs_node

ACTIVATIONS = {"leakyReLU": lambda: nn.LeakyReLU(0.2), "relu": nn.ReLU, "tanh": nn.Tanh}
GAMES = {
    "minimax": games.Minimax,
    "nonSaturating": games.NonSaturating,
    "leastSquares": games.LeastSquares,
    "hinge": games.Hinge,
    "wasserstein": games.Wasserstein,
    "relativistic": games.Relativistic,
}
N = 12

# The networks g.net (and g.G) of the test, with the parameters that torch has, and points x.
LOAD = """
    const load = ({ sizes, activation, theta }) => {
      const net = E.network(sizes, E.activations[activation]);
      net.theta.set(theta);
      return net;
    };
    const net = load(g.net), empty = () => new Float64Array(net.theta.length);
    const x = Float64Array.from(g.x ?? []), fake = Float64Array.from(g.fake ?? []);
"""


class Twin(nn.Module):
    """A network of torch, in double precision, and as settings for node."""

    def __init__(self, *sizes, activation="leakyReLU", seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.sizes, self.activation = sizes, activation
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes)).double()
        for parameter in self.parameters():
            parameter.data *= 2  # scores on both sides of every kink

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = ACTIVATIONS[self.activation]()(layer(x))
        return self.layers[-1](x)

    def scores(self, x):
        return self(x)[:, 0]

    def given(self):
        theta = flat(self.parameters())
        return {"sizes": self.sizes, "activation": self.activation, "theta": theta}

    def slopes_of(self, loss):
        return flat(torch.autograd.grad(loss, list(self.parameters()), materialize_grads=True))


def flat(parameters):
    """Tensors shaped like parameters, in the engine's order: its matrices are (inputs, outputs)."""
    return torch.cat([p.detach().t().flatten() for p in parameters]).tolist()


def points(n, size=2, seed=5):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, size, generator=generator, dtype=torch.float64)


def close(shown, expected, within=1e-12):
    shown, expected = (torch.as_tensor(v, dtype=torch.float64).detach() for v in (shown, expected))
    torch.testing.assert_close(shown, expected, rtol=within, atol=within)


def test_sigmoid_and_softplus_hold_for_huge_scores():
    s = torch.tensor([-800.0, -30.0, -1.5, 0.0, 0.3, 40.0, 800.0], dtype=torch.float64)
    shown = under_node("return [g.s.map(E.sigmoid), g.s.map(E.softplus)];", s=s.tolist())
    close(shown[0], torch.sigmoid(s))
    close(shown[1], torch.nn.functional.softplus(s))


# ---------------------------------------------------------------- networks


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(2, 32, 32, 1), (1, 9, 1), (3, 5, 4, 6), (2, 1)])
def test_forward_backward_and_the_slope_at_the_input(activation, sizes):
    twin, x = Twin(*sizes, activation=activation), points(N, sizes[0]).requires_grad_()
    u = points(N, sizes[-1], seed=6)
    shown = under_node(
        LOAD
        + """
        const h = E.forward(net, x, g.n), u = Float64Array.from(g.u), gradient = empty();
        E.backward(net, h, u, g.n, gradient);
        return { out: h.at(-1), gradient, slopes: E.backward(net, h, u, g.n), u };""",
        net=twin.given(),
        x=x.detach().flatten().tolist(),
        u=u.flatten().tolist(),
        n=N,
    )
    loss = (u * twin(x)).sum()
    close(shown["out"], twin(x).flatten())
    close(shown["gradient"], twin.slopes_of(loss))
    close(shown["slopes"], torch.autograd.grad((u * twin(x)).sum(), x)[0].flatten())
    close(shown["u"], u.flatten())  # what was passed in is left as it was


def test_a_unit_exactly_at_its_kink_has_the_slope_that_torch_gives_it():
    for activation in ("leakyReLU", "relu"):
        shown = under_node(
            "return E.activations[g.a].slope(E.activations[g.a].of(0));", a=activation
        )
        at = torch.zeros(1, requires_grad=True)
        close(shown, torch.autograd.grad(ACTIVATIONS[activation]()(at).sum(), at)[0].item(), 1e-7)


def test_first_weights_are_drawn_layer_by_layer_and_a_copy_is_its_own():
    shown = under_node("""
        let k = 0;
        const net = E.network([2, 3, 1], E.activations.relu, ({ inputs }) => 10 * inputs + k++);
        const other = E.copy(net);
        E.optimizers.adam(other, other.theta.map(() => 1), 0.5);
        return [net.theta, net.m, net.t, other.theta.map((v, i) => v - net.theta[i]), other.t];""")
    assert shown[0] == [20, 21, 22, 23, 24, 25, 0, 0, 0, 36, 37, 38, 0]
    assert not any(shown[1]) and (shown[2], shown[4]) == (0, 1)
    close(shown[3], [-0.5] * 13, 1e-7)


# ---------------------------------------------------------------- penalties

TOLLS = {
    "r1": (penalties.r1(0.7), "squaredSlope", 0.7),
    "r2": (penalties.r2(0.7), "squaredSlope", 0.7),
    "gp": (penalties.gradient_penalty(3.0), "unitSlope", 3.0),
}


@pytest.mark.parametrize("activation", ["leakyReLU", "relu"])
@pytest.mark.parametrize("name", TOLLS)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_penalties_and_their_gradients_are_double_backpropagation(activation, name, size):
    """R1, R2 and WGAN-GP. Between a point and itself lies only that point: no chance is left."""
    penalty, toll, weight = TOLLS[name]
    twin, x = Twin(size, 16, 16, 1, activation=activation), points(N, size)
    shown = under_node(
        LOAD
        + """
        const h = E.forward(net, x, g.n), gradient = empty();
        const P = E.penalty(net, h, g.n, (s) => E[g.toll](s, g.weight / g.n), gradient);
        return { P, gradient, lengths: E.lengths(E.slopes(net, h, g.n), net.sizes[0]) };""",
        net=twin.given(),
        x=x.flatten().tolist(),
        n=N,
        toll=toll,
        weight=weight,
    )
    P = penalty(twin.scores, x, x)
    close(shown["P"], P)
    close(shown["gradient"], twin.slopes_of(P))
    close(shown["lengths"], penalties.slope(*penalties.judged(twin.scores, x)).norm(dim=1))
    assert P > 0.01 and torch.tensor(shown["gradient"]).norm() > 0.01


def test_only_the_first_points_pay_when_a_penalty_says_how_many():
    twin, x = Twin(2, 8, 1), points(N)
    P = under_node(
        LOAD
        + """
        const h = E.forward(net, x, g.n);
        return E.penalty(net, h, 5, (s) => E.squaredSlope(s, 1 / 5), empty());""",
        net=twin.given(),
        x=x.flatten().tolist(),
        n=N,
    )
    close(P, penalties.r1(1.0)(twin.scores, x[:5], x[5:]))


def test_a_flat_network_pays_for_its_slope_without_nan():
    shown = under_node("""
        const net = E.network([2, 4, 1], E.activations.leakyReLU), gradient = new Float64Array(17);
        const h = E.forward(net, new Float64Array(6), 3);
        return [E.penalty(net, h, 3, (s) => E.unitSlope(s, 2 / 3), gradient), gradient];""")
    assert shown[0] == pytest.approx(2) and not any(shown[1])


def test_a_curved_activation_is_refused():
    said = under_node("""
        const net = E.network([2, 4, 1], E.activations.tanh), h = E.forward(net, [1, 2], 1);
        try { return E.penalty(net, h, 1, (s) => [s, 1], net.m); }
        catch (problem) { return problem.message; }""")
    assert "linear in pieces" in said


# ---------------------------------------------------------------- games


@pytest.mark.parametrize("r1, r2", [(0, 0), (0.3, 0), (0, 0.3), (0.3, 0.2)])
@pytest.mark.parametrize("name", GAMES)
def test_turns_are_those_of_the_game(name, r1, r2):
    game, D, G = GAMES[name](), Twin(2, 16, 16, 1), Twin(3, 8, 2, activation="tanh", seed=1)
    x, z = points(N), points(N, 3, seed=7)
    fake = G(z).detach()
    shown = under_node(
        LOAD
        + """
        const game = { ...E.games[g.game], r1: g.r1, r2: g.r2 }, G = load(g.G);
        const { loss, penalty, gradient, h } = E.dTurn(net, game, x, fake, g.n);
        const real = h.at(-1).slice(0, g.n), z = Float64Array.from(g.z);
        return { loss, penalty, gradient, real, arrows: E.gSlopes(net, game, real, fake, g.n, 1),
                 g: E.gTurn(G, net, game, x, z, g.n) };""",
        net=D.given(),
        G=G.given(),
        x=x.flatten().tolist(),
        z=z.flatten().tolist(),
        fake=fake.flatten().tolist(),
        n=N,
        game=name,
        r1=r1,
        r2=r2,
    )
    loss = game.d_loss(D.scores(x), D.scores(fake))
    P = penalties.r1(r1)(D.scores, x, fake) + penalties.r2(r2)(D.scores, x, fake)
    close([shown["loss"], shown["penalty"]], [loss.item(), P.item()])
    close(shown["gradient"], D.slopes_of(loss + P))
    close(shown["real"], D.scores(x))
    loss = game.g_loss(D.scores(x), D.scores(G(z)))
    close(shown["g"]["loss"], loss)
    close(shown["g"]["gradient"], G.slopes_of(loss))
    moved = fake.clone().requires_grad_()
    each = N * game.g_loss(D.scores(x).detach(), D.scores(moved))
    close(shown["arrows"]["slopes"], torch.autograd.grad(each, moved)[0].flatten())
    close(shown["arrows"]["scores"], D.scores(fake))


@pytest.mark.parametrize("name", GAMES)
def test_a_games_losses_for_single_scores(name):
    """Also where a score is huge, and on both sides of the hinge."""
    scores = [-700.0, -1.1, -0.9, 0.0, 0.9, 1.1, 700.0]
    shown = under_node(
        """
        const { d, g: generator } = E.games[g.game];
        return g.s.flatMap((a) => g.s.map((b) => [...d(a, b), ...generator(a, b)]));""",
        game=name,
        s=scores,
    )
    game, s = GAMES[name](), torch.tensor(scores, dtype=torch.float64)
    a, b = (v.flatten()[:, None].requires_grad_() for v in torch.meshgrid(s, s, indexing="ij"))
    d, g = game.d_loss(a, b), game.g_loss(a, b)
    slope = partial(torch.autograd.grad, retain_graph=True, materialize_grads=True)
    da, db = slope(d.sum(), (a, b))
    (dg,) = slope(g.sum(), b)
    expected = [v.detach().flatten() for v in (d, da, db, g, dg)]
    if name == "hinge":  # at the kink itself every slope between the two is right
        assert -1 not in scores and 1 not in scores
    close(shown, torch.stack(expected, 1))


# ---------------------------------------------------------------- optimizers

OPTIMIZERS = {
    "sgd": ("sgd, 0.03", partial(torch.optim.SGD, lr=0.03)),
    "momentum": ("sgd, 0.03, 0.9", partial(torch.optim.SGD, lr=0.03, momentum=0.9)),
    "adam": ("adam, 0.03", partial(torch.optim.Adam, lr=0.03)),
    "adam, other betas": (
        "adam, 0.03, [0.5, 0.99]",
        partial(torch.optim.Adam, lr=0.03, betas=(0.5, 0.99)),
    ),
    "rmsprop": ("rmsprop, 0.03", partial(torch.optim.RMSprop, lr=0.03)),
    "rmsprop, other alpha": (
        "rmsprop, 0.03, 0.9",
        partial(torch.optim.RMSprop, lr=0.03, alpha=0.9),
    ),
}


@pytest.mark.parametrize("c", [None, 0.2])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_are_those_of_torch_and_the_clip_that_of_the_package(name, c):
    call, make = OPTIMIZERS[name]
    function, *settings = call.split(", ", 1)[0], call.split(", ", 1)[1]
    twin = Twin(2, 6, 1)
    given, optimizer, gradients = twin.given(), make(twin.parameters()), []
    torch.manual_seed(3)
    for _ in range(6):
        for parameter in twin.parameters():
            parameter.grad = torch.randn_like(parameter)
        gradients.append(flat(p.grad for p in twin.parameters()))
        optimizer.step()
        if c:
            penalties.clip_weights(c)(twin)
    shown = under_node(
        LOAD
        + f"""
        for (const gradient of g.gradients) {{
          E.optimizers.{function}(net, gradient, {settings[0]});
          if (g.c) E.optimizers.clip(net, g.c);
        }}
        return net.theta;""",
        net=given,
        gradients=gradients,
        c=c,
    )
    close(shown, flat(twin.parameters()))
    assert c is None or max(map(abs, shown)) == c


# ---------------------------------------------------------------- toys

TOYS = {
    "ring()": toys.ring(),
    "ring(5, 0.1)": toys.ring(5, 0.1),
    "grid()": toys.grid(),
    "grid(3, 0.05)": toys.grid(3, 0.05),
    "spiral()": toys.spiral(),
    "spiral(1, 0.05)": toys.spiral(1, 0.05),
    "swissRoll()": toys.swiss_roll(),
}


@pytest.mark.parametrize("call", TOYS)
def test_toys_are_those_of_the_package(call):
    """The same modes where there are any; else, and for the noise, the same moments."""
    modes, sample = under_node(
        f"const toy = E.toys.{call}; return [toy.modes, E.toys.sample(toy, 20000, random(2))];"
    )
    toy, x = TOYS[call], torch.tensor(sample).view(-1, 2)
    theirs = toy.sample(20_000, seed=1)
    if modes:
        far = torch.cdist(torch.tensor(modes, dtype=torch.float), toy.means)
        assert far.min(0).values.max() < 1e-6 and far.min(1).values.max() < 1e-6
        near, _ = toy.assign(x)
        shares = torch.bincount(near, minlength=toy.modes) / len(x)
        assert (shares - 1 / toy.modes).abs().max() < 5 * (toy.modes * len(x)) ** -0.5
        assert (x - toy.means[near]).std() == pytest.approx(toy.std, rel=0.03)
    within = (
        5 * 2**0.5 / len(x) ** 0.5
    )  # five standard errors of a difference; coordinates are <= 1
    for moment in (x.T @ x / len(x) - theirs.T @ theirs / len(x), x.mean(0) - theirs.mean(0)):
        assert moment.abs().max() < within
    apart = torch.cdist(x[:2000], theirs).min(1).values
    assert apart.mean() < 2.5 * torch.cdist(toy.sample(2000, seed=2), theirs).min(1).values.mean()


def test_an_arm_of_the_spiral_can_be_asked_for():
    first, second = (
        torch.tensor(s).view(-1, 2)
        for s in under_node("""
        const toy = E.toys.spiral(1.5, 0), arm = (k) => ({ point: (rng) => toy.point(rng, k) });
        return [0, 1].map((k) => E.toys.sample(arm(k), 50, random(4)));""")
    )
    r = first.norm(dim=1)
    close(first, torch.stack([r * (3 * math.pi * r).cos(), r * (3 * math.pi * r).sin()], 1), 1e-5)
    close(second, -first, 1e-6)


# ---------------------------------------------------------------- who carries it


@pytest.mark.parametrize(
    "name",
    sorted(path.stem for path in harness.LIVE.glob("*.js") if path.stem != "face_explorer"),
)
def test_a_figure_carries_the_engine_only_if_its_script_uses_it(name):
    """The face explorer needs a trained generator; its script is looked at below."""
    figure = getattr(importlib.import_module(f"gancourse.live.{name}"), name)
    html = figure(*harness.needed(name))._repr_html_()
    uses = "gancourse.engine" in (harness.LIVE / f"{name}.js").read_text()
    assert ("gancourse.engine = (" in html) == uses


def test_the_engine_stands_on_nothing_and_four_figures_stand_on_it():
    assert ENGINE == HERE / "engine.js"
    source = ENGINE.read_text()
    assert "gancourse.page." not in source.replace("gancourse.page.random(seed)", "")
    assert not any(word in source for word in ("document", "window", "Math.random", "performance"))
    users = [p.stem for p in harness.LIVE.glob("*.js") if "gancourse.engine" in p.read_text()]
    assert sorted(users) == ["boundary", "critic", "laboratory", "surfaces"]
