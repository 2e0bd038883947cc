"""The laboratory: its arithmetic against torch under node, its controls in a browser."""

import math
import time
from functools import partial

import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse import games, penalties
from gancourse.data import toys
from gancourse.errors import GanCourseError
from gancourse.live.laboratory import DATA, laboratory
from gancourse.live.laboratory import GAMES as OFFERED
from gancourse.metrics import mode_coverage
from gancourse.networks.mlp import mlp
from live import harness
from live.harness import assert_self_contained, number

GAMMA, CLIP, BLUR, N = 0.02, 0.1, 0.05, 24
GAMES = {
    "minimax": games.Minimax(),
    "non-saturating": games.NonSaturating(),
    "least-squares": games.LeastSquares(),
    "hinge": games.Hinge(),
    "wasserstein": games.Wasserstein(projection=penalties.clip_weights(CLIP)),
    "non-saturating-r1": games.NonSaturating(penalties.r1(GAMMA)),
    "relativistic-r1": games.Relativistic(penalties.r1(GAMMA)),
    "relativistic-r1-r2": games.Relativistic(penalties.r1_r2(GAMMA)),
}
each_game = pytest.mark.parametrize("name", GAMES)


under_node = partial(harness.under_node, "laboratory")


# The figure's networks with given parameters. In the figure a weight matrix is (inputs, outputs).
NETWORKS = """
    const load = (sizes, theta) => {
      const net = N.network(sizes, random(0));
      net.theta.set(theta);
      return net;
    };
    const G = load([2, 32, 32, 2], g.G), D = load([2, 32, 32, 1], g.D), game = N.GAMES[g.game];
    const [x, z, fake] = [g.x, g.z, g.fake].map((a) => Float64Array.from(a));
"""


def network(outputs, seed):
    torch.manual_seed(seed)
    net = mlp(2, outputs, width=32, depth=2, activation=lambda: torch.nn.LeakyReLU(0.2)).double()
    for parameter in net.parameters():
        parameter.data *= 2  # scores on both sides of every kink
    return net


def flat(parameters):
    """Tensors shaped like a network's parameters, in the order of the figure."""
    return torch.cat([p.t().flatten() for p in parameters]).tolist()


class Table:
    """Two networks and a batch, here and as settings for node."""

    def __init__(self):
        self.G, self.D = network(2, 0), network(1, 1)
        self.x, self.z = torch.randn(2, N, 2, dtype=torch.float64)
        self.fake = self.G(self.z).detach()

    def given(self, **more):
        return {
            "G": flat(self.G.parameters()),
            "D": flat(self.D.parameters()),
            **more,
            **{k: getattr(self, k).flatten().tolist() for k in ("x", "z", "fake")},
        }

    def scores(self, points):
        return self.D(points).squeeze(-1)


@pytest.fixture(scope="module")
def table():
    return Table()


def close(shown, expected, within=1e-9):
    shown, expected = (torch.as_tensor(v, dtype=torch.float64) for v in (shown, expected))
    torch.testing.assert_close(shown, expected, rtol=within, atol=within)


# ---------------------------------------------------------------- the arithmetic, under node


@needs_node
def test_forward_and_the_slope_at_a_point_are_those_of_torch(table):
    shown = under_node(
        NETWORKS
        + """
        const h = E.forward(D, x, g.n);
        return { made: E.forward(G, z, g.n).at(-1), scores: h.at(-1),
                 slopes: E.backward(D, h, new Float64Array(g.n).fill(1), g.n) };""",
        **table.given(n=N),
    )
    close(shown["made"], table.fake.flatten())
    close(shown["scores"], table.scores(table.x).detach())
    close(shown["slopes"], penalties.slope(*penalties.judged(table.D, table.x)).detach().flatten())


@needs_node
@each_game
def test_the_discriminators_turn(table, name):
    """Its loss, penalty and gradient; torch differentiates the penalty's gradient once more."""
    game = GAMES[name]
    shown = under_node(
        NETWORKS + "return E.dTurn(D, game, x, fake, g.n);", **table.given(game=name, n=N)
    )
    loss = game.d_loss(table.scores(table.x), table.scores(table.fake))
    extra = game.penalty(table.D, table.x, table.fake) if game.penalty else torch.zeros(())
    gradients = torch.autograd.grad(loss + extra, table.D.parameters(), materialize_grads=True)
    close(shown["loss"], loss.item())
    close(shown["penalty"], extra.item())
    close(shown["gradient"], flat(gradients))


@needs_node
@pytest.mark.parametrize("real, fake", [(1.0, 0.0), (0.0, 1.0), (0.3, 0.7)])
def test_the_penaltys_gradient_alone_is_double_backpropagation(table, real, fake):
    shown = under_node(
        NETWORKS
        + """
        const n = 2 * g.n, h = E.forward(D, Float64Array.from([...x, ...fake]), n);
        const toll = (s, r) => E.squaredSlope(s, (r < g.n ? g.real : g.made) / g.n);
        const gradient = new Float64Array(D.theta.length);
        const P = E.penalty(D, h, n, toll, gradient);
        return [P, gradient];""",
        **table.given(n=N, real=real, made=fake),
    )
    P = penalties.r1(real)(table.D, table.x, table.fake) + penalties.r2(fake)(
        table.D, table.x, table.fake
    )
    gradients = torch.autograd.grad(P, table.D.parameters(), materialize_grads=True)
    close(shown[0], P.item())
    close(shown[1], flat(gradients))
    assert torch.tensor(shown[1]).norm() > 0.1 and P > 0.01


@needs_node
@each_game
def test_the_generators_turn_and_the_arrows(table, name):
    game = GAMES[name]
    shown = under_node(
        NETWORKS
        + """
        const scores = E.forward(D, x, g.n).at(-1);
        return [E.gTurn(G, D, game, x, z, g.n),
                E.gSlopes(D, game, scores, fake, g.n, 1).slopes];""",
        **table.given(game=name, n=N),
    )
    real = table.scores(table.x)
    loss = game.g_loss(real, table.scores(table.G(table.z)))
    close(shown[0]["loss"], loss.item())
    close(shown[0]["gradient"], flat(torch.autograd.grad(loss, table.G.parameters())))
    fake = table.fake.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(N * game.g_loss(real, table.scores(fake)), fake)
    close(shown[1], slopes.flatten())


@needs_node
@pytest.mark.parametrize("clip", [None, CLIP])
def test_adam_and_the_clip_are_those_of_torch(table, clip):
    torch.manual_seed(2)
    net = network(1, 3)
    before = flat(net.parameters())
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, betas=(0.5, 0.99))
    steps = []
    for _ in range(4):
        for parameter in net.parameters():
            parameter.grad = torch.randn_like(parameter)
        steps.append(flat(p.grad for p in net.parameters()))
        optimizer.step()
        if clip:
            penalties.clip_weights(clip)(net)
    shown = under_node(
        """
        const net = N.network([2, 32, 32, 1], random(0));
        net.theta.set(g.before);
        for (const gradient of g.steps) N.adam(net, gradient, 0.01, g.clip ?? Infinity);
        return net.theta;""",
        before=before,
        steps=steps,
        clip=clip,
    )
    close(shown, flat(net.parameters()))


@needs_node
@each_game
def test_one_whole_step_is_the_same_step_in_torch(name):
    """Two turns of D, one of G, with the figure's own noise and data replayed in torch."""
    shown = under_node(
        """
        const [run, copy] = [1, 2].map(() => N.training({ data: "ring", game: g.game, seed: 3 }));
        const { rng } = copy, batches = [];              // the same draws, in the same order
        for (let k = 0; k < 2; k++) batches.push(N.draw("ring", 128, rng), N.noise(128, rng));
        batches.push(N.noise(128, rng));
        const losses = N.step(run, { rateD: 0.002, rateG: 0.003, dSteps: 2 });
        const parameters = ({ G, D }) => [G.theta, D.theta];
        return { before: parameters(copy), after: parameters(run), batches, losses };""",
        game=name,
    )
    G, D, game = network(2, 0), network(1, 1), GAMES[name]
    for net, theta in zip((G, D), shown["before"], strict=True):
        fill(net, theta)
    x0, z0, x1, z1, z2 = (
        torch.tensor(b, dtype=torch.float64).view(-1, 2) for b in shown["batches"]
    )
    d_adam = torch.optim.Adam(D.parameters(), 0.002, (0.5, 0.99))
    g_adam = torch.optim.Adam(G.parameters(), 0.003, (0.5, 0.99))

    def score(points):
        return D(points).squeeze(-1)

    for x, z in ((x0, z0), (x1, z1)):
        fake = G(z).detach()
        d_loss = game.d_loss(score(x), score(fake))
        extra = game.penalty(D, x, fake) if game.penalty else 0
        d_adam.zero_grad()
        (d_loss + extra).backward()
        d_adam.step()
        if game.projection:
            game.projection(D)
    g_loss = game.g_loss(score(x1), score(G(z2)))
    g_adam.zero_grad()
    g_loss.backward()
    g_adam.step()
    close([shown["losses"]["d"], shown["losses"]["g"]], [d_loss.item(), g_loss.item()])
    for net, theta in zip((G, D), shown["after"], strict=True):
        close(theta, flat(net.parameters()), within=1e-6)  # Adam divides by tiny gradients


def fill(net, theta):
    theta, at = torch.tensor(theta, dtype=torch.float64), 0
    for p in net.parameters():
        p.data = theta[at : at + p.numel()].view(tuple(reversed(p.shape))).t().clone()
        at += p.numel()


@needs_node
@each_game
def test_reference_levels_are_the_losses_where_D_cannot_tell(name):
    levels = under_node("return N.GAMES[g.game].levels.map(([, y]) => y);", game=name)
    tie = torch.full((5,), 0.5 if name == "least-squares" else 0.0)
    expected = [float(GAMES[name].d_loss(tie, tie)), float(GAMES[name].g_loss(tie, tie))]
    close(levels, sorted(set(expected), key=expected.index), within=1e-6)


@needs_node
def test_python_and_the_menu_name_the_same_games_and_data():
    shown = under_node("return [Object.keys(N.GAMES), Object.keys(N.DATA), N.BLUR];")
    assert shown == [list(OFFERED), list(DATA), BLUR]
    assert list(GAMES) == shown[0]


@needs_node
@pytest.mark.parametrize(
    "name, toy",
    [("ring", toys.ring(8, BLUR)), ("grid9", toys.grid(3, BLUR)), ("grid25", toys.grid(5, BLUR))],
)
def test_mixtures_are_those_of_the_package(name, toy):
    means, points = under_node(
        "return [N.DATA[g.name].modes.flat(), N.draw(g.name, 4000, random(1))];", name=name
    )
    means = torch.tensor(means, dtype=torch.float64).view(-1, 2)
    far = torch.cdist(means, toy.means.double())
    assert far.min(0).values.max() < 1e-6 and far.min(1).values.max() < 1e-6
    x = torch.tensor(points, dtype=torch.float64).view(-1, 2)
    mode, good = toy.assign(x.float())
    shares = torch.bincount(mode, minlength=toy.modes) / 4000
    assert (shares - 1 / toy.modes).abs().max() < 4 * (toy.modes * 4000) ** -0.5
    assert good.double().mean() == pytest.approx(1 - math.exp(-4.5), abs=0.006)
    assert (x - toy.means[mode]).std() == pytest.approx(BLUR, rel=0.05)


@needs_node
def test_the_other_data_and_the_noise():
    shown = under_node("""
        const rng = random(5);
        return [N.draw("spiral", 4000, rng), N.draw("gaussian", 4000, rng),
                N.draw("own", 4000, rng, [[1, 1], [-1, 0]]), N.noise(4000, rng)];""")
    spiral, gaussian, own, noise = torch.tensor(shown, dtype=torch.float64).view(4, -1, 2)
    r = spiral.norm(dim=1)
    turn = (torch.atan2(spiral[:, 1], spiral[:, 0]) - 3 * math.pi * r) / math.pi
    off = (turn - turn.round()).abs()[r > 0.3]  # two arms: the angle fits up to half turns
    assert off.mean() < 0.1
    close(gaussian.mean(0), [1.0, 0.9], within=0.01)
    close(gaussian.std(0), [0.1, 0.1], within=0.02)
    assert (own[:, 0] > 0).double().mean() == pytest.approx(0.5, abs=0.04)
    assert noise.abs().max() <= 1 and noise.std() == pytest.approx(3**-0.5, rel=0.02)


@needs_node
def test_coverage_is_that_of_the_package():
    target = toys.ring(8, BLUR)
    samples = target.sample(400, seed=0)
    samples[:100] = torch.tensor([1.0, 0.0])  # one mode crowded,
    samples[100:300] *= 0.9  # some points off,
    keep = target.assign(samples)[0] != 3  # one mode missing
    samples = samples[keep]
    shown = under_node(
        "return N.coverage(Float64Array.from(g.points), N.DATA.ring.modes);",
        points=samples.flatten().tolist(),
    )
    expected = mode_coverage(samples, target, least=math.ceil(len(samples) / 8 / 4))
    assert shown["highQuality"] == pytest.approx(float(expected.high_quality))
    assert (shown["modes"], shown["of"]) == (int(expected.modes), 8)
    assert 0.3 < shown["highQuality"] < 0.95 and shown["modes"] < 8


@needs_node
@each_game
def test_the_same_seed_gives_the_same_run_and_another_seed_another(name):
    same, again, other = under_node(
        """
        return [4, 4, 5].map((seed) => {
          const run = N.training({ data: "grid9", game: g.game, seed });
          let losses;
          for (let k = 0; k < 3; k++)
            losses = N.step(run, { rateD: 0.002, rateG: 0.002, dSteps: 2 });
          return [losses, run.G.theta];
        });""",
        game=name,
    )
    assert same == again and same != other


@needs_node
@each_game
def test_verdicts_lie_between_0_and_1_rise_with_the_score_and_halve_at_a_tie(name):
    low, tie, high = under_node(
        """
        const { view } = N.GAMES[g.game], tie = view == "target" ? 0.5 : 0;
        const scores = Float64Array.of(tie - 0.3, tie, tie + 0.3);
        return N.verdict(view, scores, [tie + 1], [tie - 1]);""",
        game=name,
    )
    assert 0 < low < tie < high < 1 and tie == pytest.approx(0.5)


# ---------------------------------------------------------------- the experiments do what they say


def perform(key, steps, every, seed=0, game=None, later=()):
    """[modes, good, D's loss, G's loss, slope, spread, distance to the data], every few steps.

    `later` is (a step, D's rate from there on).
    """
    return under_node(
        """
        const { data, game, rateD, rateG, dSteps } = N.EXPERIMENTS[g.key], { modes } = N.DATA[data];
        const rates = { rateD: rateD / 1000, rateG: rateG / 1000, dSteps };
        const run = N.training({ data, game: g.game ?? game, seed: g.seed });
        const z = N.noise(500, random(9)), x = N.draw(data, 500, random(8)), path = [];
        const sum = (a) => a.reduce((s, v) => s + v);
        const centre = (a) => [0, 1].map((i) => sum(a.filter((_, k) => k % 2 == i)) / 500);
        for (let k = 1; k <= g.steps; k++) {
          if (k == g.later[0]) rates.rateD = g.later[1];
          const losses = N.step(run, rates);
          if (k % g.every) continue;
          const made = E.forward(run.G, z, 500).at(-1), real = E.forward(run.D, x, 500).at(-1);
          const { slopes } = E.gSlopes(run.D, run.game, real, made, 500, 1);
          const reached = modes ? N.coverage(made, modes) : { modes: 0, highQuality: 0 };
          const [c, to] = [centre(made), centre(x)], off = made.map((v, i) => v - c[i % 2]);
          path.push([reached.modes, reached.highQuality, losses.d, losses.g, N.steepness(slopes),
            N.steepness(off), Math.hypot(c[0] - to[0], c[1] - to[1])]);
        }
        return path;""",
        key=key,
        steps=steps,
        every=every,
        seed=seed,
        game=game,
        later=later,
    )


@needs_node
@pytest.mark.parametrize("seed", range(3))
def test_it_works(seed):
    """Nearly all modes within 1,600 steps; each takes a few milliseconds."""
    modes, good, d, g, slope, *_ = perform("works", 1600, 1600, seed)[-1]
    assert modes >= 7 and good > 0.6
    assert abs(d - math.log(2)) < 0.1 and abs(g - math.log(2)) < 0.1 and slope < 1


@needs_node
@pytest.mark.parametrize("seed", range(3))
def test_mode_collapse(seed):
    """Few modes at any time, not always the same place, and a spread that comes and goes."""
    path = torch.tensor(perform("collapse", 1000, 20, seed), dtype=torch.float64)
    assert path[:, 0].max() <= 3 and path[:, 0].mean() < 1
    assert path[:, 6].std() > 0.2 and path[:, 5].min() < 0.3
    modes, good, *_ = perform("collapse", 2800, 2800, seed, later=(800, 0.004))[-1]
    assert modes >= 6 and good > 0.5  # a faster D ends it


@needs_node
@pytest.mark.parametrize("seed", range(3))
def test_d_too_strong_stops_minimax_and_not_the_non_saturating_game(seed):
    early, late = perform("strong", 100, 50, seed)
    assert max(early[2], -early[3], early[4]) < 1e-3  # both losses and the slope are gone,
    assert early[6] == pytest.approx(late[6], abs=0.01) and late[6] > 1  # and G does not move
    assert perform("strong", 100, 100, seed, game="non-saturating")[-1][6] < 0.5


@needs_node
@pytest.mark.parametrize("seed", range(3))
def test_the_clipped_critic(seed):
    path = torch.tensor(perform("clipped", 400, 20, seed), dtype=torch.float64)[5:]
    assert path[:, 0].mean() < 2 and path[:, 1].mean() < 0.2
    assert 0.5 < path[:, 5].mean() < 1.5  # the ring's size is 1,
    assert path[:, 6].mean() < 0.6  # and its place found


# ---------------------------------------------------------------- the figure, in a browser


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def steps(page, figure=0):
    return int(number(page, "step", figure))


def wait_for_steps(page, more=5):
    goal = steps(page) + more
    page.wait_for_function(
        "goal => +document.querySelector('[data-number=step]').textContent >= goal", arg=goal
    )


def pixels(page):
    return page.evaluate("document.querySelector('canvas').toDataURL()")


def curve(page):
    return page.locator("svg .curve").first.get_attribute("points").split()


@needs_browser
def test_it_starts_paused_and_plays_and_pauses(open_page):
    page = open_page(laboratory(), laboratory(loss="hinge", data="grid9"))
    time.sleep(0.3)
    assert steps(page) == 0 and page.locator("[id]").count() == 0
    assert page.locator("canvas").first.bounding_box()["height"] == pytest.approx(
        page.locator("canvas").first.bounding_box()["width"]
    )
    first = pixels(page)
    button(page, "Play").first.click()
    wait_for_steps(page)
    button(page, "Pause").click()
    stopped, picture = steps(page), pixels(page)
    assert picture != first and len(curve(page)) > 4 and 0.2 < number(page, "d") < 4
    assert page.locator("figure").first.locator("[data-number=modes]").inner_text().endswith("/8")
    time.sleep(0.3)
    assert steps(page) == stopped and pixels(page) == picture
    assert steps(page, figure=1) == 0  # the other one on the page slept
    button(page, "One step").first.click()
    assert steps(page) == stopped + 1
    page.get_by_label("one step a picture").first.check()
    button(page, "Play").first.click()
    wait_for_steps(page, more=2)


@needs_browser
def test_the_page_and_node_take_the_same_steps(open_page):
    page = open_page(laboratory(data="spiral", loss="least-squares", seed=7))
    for _ in range(3):
        button(page, "One step").click()
    expected = under_node("""
        const run = N.training({ data: "spiral", game: "least-squares", seed: 7 });
        let losses;
        for (let k = 0; k < 3; k++) losses = N.step(run, { rateD: 0.002, rateG: 0.002, dSteps: 1 });
        return losses;""")
    assert number(page, "d") == pytest.approx(expected["d"], abs=6e-4)
    assert number(page, "g") == pytest.approx(expected["g"], abs=6e-4)


@needs_browser
def test_reset_takes_the_next_seed_and_a_new_game_starts_anew(open_page):
    page = open_page(laboratory(seed=4))
    button(page, "One step").click()
    first = number(page, "d")
    button(page, "Reset").click()
    assert (steps(page), number(page, "seed")) == (0, 5)
    button(page, "One step").click()
    assert number(page, "d") != first
    page.get_by_label("game").select_option("wasserstein")
    assert steps(page) == 0 and number(page, "seed") == 5
    assert "σ" not in page.locator("dt").all_inner_texts()[4]  # a critic's score is no probability
    page.get_by_label("data").select_option("grid25")
    assert page.locator("[data-number=modes]").inner_text().endswith("/25")


@needs_browser
@pytest.mark.parametrize("label", ["D’s verdict", "arrows down G’s loss", "warped noise grid"])
def test_each_layer_can_be_shown_and_hidden(open_page, label):
    page = open_page(laboratory())
    before = pixels(page)
    page.get_by_label(label).click()
    assert pixels(page) != before
    page.get_by_label(label).click()
    assert pixels(page) == before


@needs_browser
def test_an_experiment_sets_the_controls_and_plays(open_page):
    page = open_page(laboratory())
    page.locator("[data-experiment=strong]").click()
    assert page.get_by_label("game").input_value() == "minimax"
    assert page.get_by_label("D-steps").input_value() == "10"
    assert page.locator("label", has_text="rate of D").locator("input").input_value() == "10"
    assert "certain" in page.locator("[aria-live=polite]").inner_text()
    wait_for_steps(page)
    assert button(page, "Pause").count() == 1


@needs_browser
def test_keyboard_alone(open_page):
    page = open_page(laboratory())
    button(page, "Play").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Play"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Space")
    wait_for_steps(page)
    page.keyboard.press("Enter")
    assert button(page, "Play").count() == 1
    page.get_by_label("data").focus()
    page.keyboard.press("End")
    assert page.get_by_label("data").input_value() == "own"
    button(page, "Play").click()  # nothing to learn from yet
    assert button(page, "Play").count() == 1 and steps(page) == 0
    page.locator("canvas").focus()
    for key in ("ArrowRight", "ArrowUp", "Space"):
        page.keyboard.press(key)
    assert number(page, "real") == pytest.approx(0.5, abs=0.2)
    button(page, "Play").press("Enter")
    wait_for_steps(page)


@needs_browser
def test_mouse_draws_the_data(open_page):
    page = open_page(laboratory(data="own"))
    assert page.locator("[data-number=real]").inner_text() == "–"
    box = page.locator("canvas").bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    before = pixels(page)
    page.mouse.move(x + side / 4, y + side / 4)
    page.mouse.down()
    page.mouse.move(x + side * 3 / 4, y + side / 4, steps=6)
    page.mouse.up()
    page.mouse.move(x + side / 2, y + side * 3 / 4)  # the button is up: nothing more is drawn
    drawn = pixels(page)
    assert drawn != before
    button(page, "One step").click()
    assert steps(page) == 1 and number(page, "d") > 0
    button(page, "Clear drawing").click()
    assert page.locator("[data-number=real]").inner_text() == "–" and pixels(page) == before


@needs_browser
def test_touch_on_a_phone_without_sideways_scroll(open_page):
    page = open_page(laboratory(), width=390, touch=True)
    assert page.locator("canvas").evaluate("c => c.style.touchAction") == "pan-y"
    page.locator("[data-experiment=works]").tap()
    wait_for_steps(page)
    button(page, "Pause").tap()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_label("data").select_option("own")
    assert page.locator("canvas").evaluate("c => c.style.touchAction") == "none"
    box = page.locator("canvas").bounding_box()
    page.touchscreen.tap(box["x"] + 100, box["y"] + 100)
    button(page, "One step").tap()
    assert steps(page) == 1


@needs_browser
def test_it_rests_out_of_sight(open_page):
    page = open_page(laboratory())
    page.evaluate("document.body.style.paddingBottom = '4000px'")
    button(page, "Play").click()
    wait_for_steps(page)
    page.evaluate("scrollTo(0, 3000)")
    time.sleep(0.3)
    away = steps(page)
    time.sleep(0.4)
    assert steps(page) == away and button(page, "Pause").count() == 1
    page.evaluate("scrollTo(0, 0)")
    wait_for_steps(page)


@needs_browser
def test_who_asks_for_less_motion_presses_play(open_page):
    page = open_page(laboratory())
    page.emulate_media(reduced_motion="reduce")
    page.locator("[data-experiment=works]").click()
    time.sleep(0.3)
    assert steps(page) == 0
    button(page, "Play").click()
    wait_for_steps(page)


@needs_browser
def test_dark_mode_repaints_the_picture_at_once(open_page):
    page = open_page(laboratory())
    before = pixels(page)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(100)
    assert pixels(page) != before
    assert page.evaluate("getComputedStyle(document.querySelector('svg .curve.fake')).stroke") == (
        "rgb(253, 186, 116)"
    )


@needs_browser
def test_too_high_a_rate_is_said_and_stopped(open_page):
    page = open_page(laboratory(loss="wasserstein"))
    page.evaluate("""() => {                             // no setting diverges in a moment
        gancourse.laboratory.numbers.GAMES.wasserstein.d = () => [NaN, NaN, NaN];
    }""")
    button(page, "Play").click()
    page.wait_for_function(
        "document.querySelector('[aria-live=polite]').textContent.includes('no longer finite')"
    )
    assert button(page, "Play").count() == 1


# ---------------------------------------------------------------- the HTML itself


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(laboratory, 50_000)


@pytest.mark.parametrize(
    "bad", [{"data": "moons"}, {"loss": "vanilla"}, {"seed": -1}, {"seed": 0.5}, {"data": ["ring"]}]
)
def test_settings_that_do_not_exist_are_named(bad):
    with pytest.raises(
        GanCourseError, match=f"{next(iter(bad))} (is .*\n.*choose|must be a whole number)"
    ):
        laboratory(**bad)
