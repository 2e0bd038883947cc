"""The sliding Gaussians of chapter 12: their numbers against torch and theory, the page by hand."""

import math
from functools import partial

import pytest
import torch

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.games import Wasserstein
from gancourse.live.critic import CLIPS, critic
from gancourse.networks.lipschitz import clipped_bound
from gancourse.penalties import clip_weights
from gancourse.theory import information as info
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts, number

QUANTILES = critic().settings["quantiles"]
START = {"p": 3.0, "pg": -3.0, "c": 0.1, "steps": 300}


under_node = partial(harness.under_node, "critic")


def at(seed=0, **settings):
    found = under_node(
        "const r = N.at(g.s, random(g.seed)); r.net = [...r.net.theta]; return r;",
        s={**START, **settings, "quantiles": QUANTILES},
        seed=seed,
    )
    return found


class Twin(torch.nn.Module):
    """The same critic in torch, from the flat parameters w, b, v, a."""

    def __init__(self, theta):
        super().__init__()
        self.w, self.b, self.v, self.a = map(
            torch.nn.Parameter, torch.tensor(theta, dtype=torch.float64).split([32, 32, 32, 1])
        )

    def forward(self, x):
        return torch.relu(x[:, None] * self.w + self.b) @ self.v + self.a

    def flat(self):
        return torch.cat([p.detach() for p in self.parameters()]).tolist()


@needs_node
@pytest.mark.parametrize("c", [0.01, 0.3])
def test_forty_steps_are_rmsprop_and_clipping_of_torch(c):
    shown = under_node(
        """
        const net = N.network(g.c, random(3)), before = [...net.theta];
        const real = g.q.map((z) => 3 + z), fake = g.q.map((z) => z - 1);
        const slopes = [...N.gradient(net, real, fake)], estimate = N.estimate(net, real, fake);
        for (let k = 0; k < 40; k++) N.step(net, real, fake);
        return { before, slopes, estimate, after: [...net.theta], f: [-2, 0.3, 5].map((x) =>
          [N.value(net, x), N.slope(net, x)]) };""",
        c=c,
        q=QUANTILES,
    )
    z, twin = torch.tensor(QUANTILES, dtype=torch.float64), Twin(shown["before"])
    loss_of = lambda: Wasserstein().d_loss(twin(3 + z), twin(z - 1))
    loss = loss_of()
    assert shown["estimate"] == pytest.approx(-loss.item(), abs=1e-12)
    # the constant a cancels from the loss
    slopes = torch.cat(torch.autograd.grad(loss, list(twin.parameters())))
    assert shown["slopes"] == pytest.approx(slopes.tolist(), abs=1e-12)
    rms = torch.optim.RMSprop(twin.parameters(), lr=c / 20)
    for _ in range(40):
        rms.zero_grad()
        loss_of().backward()
        rms.step()
        clip_weights(c)(twin)
    assert shown["after"] == pytest.approx(twin.flat(), abs=1e-9)
    x = torch.tensor([-2, 0.3, 5], dtype=torch.float64, requires_grad=True)
    f = twin(x)
    (slope,) = torch.autograd.grad(f.sum(), x)
    assert [v for v, _ in shown["f"]] == pytest.approx(f.tolist(), abs=1e-9)
    assert [v for _, v in shown["f"]] == pytest.approx(slope.tolist(), abs=1e-9)


@needs_node
@pytest.mark.parametrize("p, pg", [(3, -3), (1, -1), (-2, 0.5), (0, 0)])
def test_divergences_and_pulls_agree_with_the_theory(p, pg):
    shown = at(p=p, pg=pg)
    x = torch.linspace(-16, 16, 16_001, dtype=torch.float64)
    real, fake = info.gaussian(x, p), info.gaussian(x, pg)
    assert shown["jsd"] == pytest.approx(float(info.jsd(real, fake, 0.002)), abs=1e-6)
    assert shown["w1"] == pytest.approx(float(info.wasserstein_1d(real, fake, x, 0.002)), abs=1e-6)
    s = float(
        info.optimal_score(
            info.gaussian(torch.tensor(pg * 1.0), p), info.gaussian(torch.tensor(pg * 1.0), pg)
        )
    )
    D = 1 / (1 + math.exp(-s))
    assert shown["minimax"] == pytest.approx(D * (p - pg), rel=1e-3, abs=1e-8)
    assert shown["nonSaturating"] == pytest.approx((1 - D) * (p - pg), rel=1e-3, abs=1e-8)
    assert shown["K"] == pytest.approx(clipped_bound([1, 32, 1], 0.1))


@needs_node
def test_the_estimate_never_exceeds_the_distance_and_needs_training():
    for seed in range(3):
        for p, pg in ((3, -3), (6, 0), (6, 2), (1, -1), (-3, 3), (0, 0)):
            for c in CLIPS:
                shown = at(seed, p=p, pg=pg, c=c)
                assert shown["estimate"] <= shown["w1"] + 1e-9
                assert max(map(abs, shown["net"])) <= c * (1 + 1e-12)
                if p != pg:
                    assert 0.3 * shown["w1"] < shown["estimate"]
        assert at(seed, steps=0)["estimate"] < 0.5 * at(seed, steps=100)["estimate"]


@needs_node
def test_what_the_chapter_asks_the_reader_to_see():
    near, far = at(p=1, pg=-1), at(p=6, pg=-6)
    assert far["minimax"] < 1e-20 and far["critic"] > 0.2 and near["minimax"] > 0.2
    assert far["jsd"] == pytest.approx(math.log(2), abs=1e-4)
    assert abs(at(p=3, pg=-3)["estimate"] - at(p=6, pg=0)["estimate"]) > 0.1
    small, large = at(c=0.01), at(c=0.1)
    assert 50 < large["raw"] / small["raw"] < 200
    assert small["critic"] == pytest.approx(large["critic"], abs=0.15)


@needs_node
@pytest.mark.parametrize(
    "settings, said",
    [
        ({"p": 0, "pg": 0}, "agree"),
        ({"p": 3, "pg": -3}, "still pulls them"),
        ({"p": 1, "pg": -0.5}, "fraction"),
        ({"steps": 0}, "hardly been trained"),
    ],
)
def test_comment_fits_the_numbers(settings, said):
    texts = [
        under_node(
            "return N.comment(N.at(g.s, random(g.seed)), g.s);",
            seed=seed,
            s={**START, **settings, "quantiles": QUANTILES},
        )
        for seed in range(4)
    ]
    assert any(said in text for text in texts), texts


# ---------------------------------------------------------------- the figure, in a browser


def assert_shows(page, figure=0, **settings):
    expected = at(**settings)
    for name in ("w1", "estimate", "jsd", "minimax", "nonSaturating", "critic"):
        assert number(page, name, figure) == pytest.approx(expected[name], abs=6e-4), name


@needs_browser
def test_mouse_keyboard_and_menu(open_page):
    page = open_page(critic(), critic(p=1.0, pg=-1.0, c=0.01, steps=50))
    assert_shows(page)
    assert_shows(page, 1, p=1.0, pg=-1.0, c=0.01, steps=50)
    assert page.locator("figure [id]").count() == 0
    first = page.locator("figure.live-figure").first
    box = first.locator("svg").first.bounding_box()
    page.mouse.click(box["x"] + 38 + (box["width"] - 50) * 0.5, box["y"] + 60)
    pg = float(first.locator("input").nth(1).input_value())
    assert abs(pg) <= 0.2
    assert_shows(page, pg=pg)
    slider = first.locator("input").nth(0)
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert_shows(page, p=2.9, pg=pg)
    first.locator("select").select_option("0.3")
    assert_shows(page, p=2.9, pg=pg, c=0.3)
    steps = first.locator("input").nth(2)
    steps.focus()
    page.keyboard.press("Home")
    assert_shows(page, p=2.9, pg=pg, c=0.3, steps=0)
    assert_shows(page, 1, p=1.0, pg=-1.0, c=0.01, steps=50)


@needs_browser
def test_touch_narrow_and_dark(open_page):
    page = open_page(critic(), width=390, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    box = page.locator("svg").first.bounding_box()
    page.touchscreen.tap(box["x"] + 38 + (box["width"] - 50) * 0.5, box["y"] + 60)
    assert abs(float(page.locator("input").nth(1).input_value())) <= 0.2
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(  # the figure is drawn again, with other curves
        """() => getComputedStyle(document.querySelector('svg .curve.third')).stroke
        == 'rgb(196, 181, 253)'"""
    )


@needs_browser
def test_without_scripts_a_sentence_stands_there(open_page):
    assert_speaks_without_scripts(open_page, critic(), "two bell curves")


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(critic)


@pytest.mark.parametrize(
    "bad, name",
    [({"p": 9}, "p"), ({"pg": math.nan}, "pg"), ({"c": 0.5}, "c"), ({"steps": 1000}, "steps")],
)
def test_bad_settings_are_named(bad, name):
    with pytest.raises(GanCourseError, match=f": {name} is"):
        critic(**bad)
