"""What live figures are made of (page/page.js): chance under node, the rest in a page."""

import json
import math
import subprocess

import numpy as np
import pytest

from checkout import needs_browser, needs_node
from gancourse.page import figure
from gancourse.page.figure import HERE, LiveFigure
from live import harness

SOURCE = (HERE / "page.js").read_text()


# ---------------------------------------------------------------- chance, under node


def draw(seed, n, kind):
    script = (
        f"{SOURCE}\nconst rng = gancourse.page.random({seed});"
        f"console.log(JSON.stringify(Array.from({{length: {n}}}, () => rng.{kind})))"
    )
    done = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def mulberry32(seed, n):
    """The generator once more, in Python."""
    state, out = (seed + 1) * 0x9E3779B1, []
    for _ in range(n):
        state = (state + 0x6D2B79F5) % 2**32
        t = (state ^ state >> 15) * (state | 1) % 2**32
        t ^= (t + (t ^ t >> 7) * (t | 61)) % 2**32
        out.append((t ^ t >> 14) / 2**32)
    return out


@needs_node
@pytest.mark.parametrize("seed", [0, 1, 12345, 2**31])
def test_numbers_are_a_function_of_the_seed(seed):
    u = mulberry32(seed, 40)
    assert draw(seed, 40, "uniform()") == u
    assert draw(seed, 40, "whole(7)") == [math.floor(7 * v) for v in u]
    assert draw(seed, 20, "normal()") == pytest.approx(
        [
            math.sqrt(-2 * math.log(1 - a)) * math.cos(2 * math.pi * b)
            for a, b in zip(u[::2], u[1::2], strict=True)
        ],
        abs=1e-12,
    )


@needs_node
def test_normal_numbers_are_normal_and_neighbouring_seeds_have_nothing_in_common():
    z, other = np.array(draw(3, 40_000, "normal()")), np.array(draw(4, 40_000, "normal()"))
    assert abs(z.mean()) < 0.02 and z.std() == pytest.approx(1, abs=0.02)
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.05, abs=0.005)
    assert abs(np.corrcoef(z[:-1], z[1:])[0, 1]) < 0.02
    assert abs(np.corrcoef(z, other)[0, 1]) < 0.02


# ---------------------------------------------------------------- what reaches the page


def test_comments_do_not_reach_the_page_and_strings_are_left_whole(tmp_path):
    script = tmp_path / "small.js"
    script.write_text(
        "// all of it\n  const a = 1; // one\n\n  const b = 'x // y', c = `http://z`; // its\n"
        '  say("one // two");\n    // more\n'
    )
    assert figure._source(script).splitlines() == [
        "const a = 1;",
        "const b = 'x // y', c = `http://z`;",
        'say("one // two");',
    ]


@needs_node
@pytest.mark.parametrize(
    "path", [*HERE.glob("*.js"), *harness.LIVE.glob("*.js")], ids=lambda path: path.stem
)
def test_every_script_is_still_one_without_its_comments(path, tmp_path):
    script = tmp_path / "small.js"
    script.write_text(figure._source(path))
    subprocess.run(["node", "--check", script], check=True)


# ---------------------------------------------------------------- the pieces, in a browser

SMALL = """
gancourse.small = { mount(root) {
  const page = gancourse.page, settings = { says: "a map", x: [-2, 2], y: [0, 1], aspect: 2 };
  const picture = new page.Canvas(root, settings), bar = page.element(root, "div", "buttons");
  const write = page.readout(root, { ticks: "ticks", far: "far" });
  let ticks = 0;
  root.player = page.playing(root, () => { ticks++; root.dataset.ticks = ticks; });
  root.player.button(bar);
  page.button(bar, "Stop", () => root.player.set(false));
  root.picture = picture;
  root.still = page.still;
  write({ ticks: "none", far: Infinity });
  const show = () => { root.dataset.drawn = 1 + +(root.dataset.drawn ?? 0); picture.begin();
    picture.heat(picture.centres(2).filter((_, k) => k % 2 == 0).map((x) => +(x > 0))); };
  show();
  return show;
} };
"""


@pytest.fixture
def page(open_page, monkeypatch):
    source = figure._source
    monkeypatch.setattr(
        figure, "_source", lambda path: SMALL if path.name == "small.js" else source(path)
    )
    return lambda **options: open_page(LiveFigure("small.py", {}, "small", "nothing"), **options)


FIGURE = "document.querySelector('figure')"


@needs_browser
def test_buttons_are_large_named_and_show_focus(page):
    page = page(width=390, touch=True)
    for button in page.locator(".buttons button").all():
        assert button.bounding_box()["height"] >= 44 and button.get_attribute("type") == "button"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("[data-number=far]").inner_text() == "∞"
    assert page.locator("[data-number=ticks]").inner_text() == "none"


@needs_browser
def test_a_canvas_knows_its_coordinates_and_paints_verdicts_in_the_pages_colours(page):
    page = page()
    seen = page.evaluate(
        FIGURE
        + """.picture && (() => {
        const p = document.querySelector('figure').picture, box = p.node.getBoundingClientRect();
        const { width, height } = p.node;
        const at = (x, y) => [...p.pen.getImageData(x * width, y * height, 1, 1).data];
        return { centre: [p.X(0), p.Y(0.5)], size: [p.width, p.height], cells: [...p.centres(2)],
                 place: p.place({ clientX: box.left + box.width / 4, clientY: box.top }),
                 left: at(0.1, 0.5), right: at(0.9, 0.5) }; })()"""
    )
    width, height = seen["size"]
    assert width == pytest.approx(2 * height) and width > 500
    assert seen["centre"] == pytest.approx([width / 2, height / 2])
    assert seen["cells"] == [-1, 0.75, 1, 0.75, -1, 0.25, 1, 0.25]
    assert seen["place"] == pytest.approx([-1, 1])
    assert seen["left"][:3] == pytest.approx([0xC2, 0x41, 0x0C], abs=3)  # --fake
    assert seen["right"][:3] == pytest.approx([0x0F, 0x76, 0x6E], abs=3)  # --real


@needs_browser
def test_a_loop_runs_only_when_on_and_in_sight(page):
    page = page()
    ticks = lambda: page.evaluate(f"+({FIGURE}.dataset.ticks ?? 0)")
    page.wait_for_timeout(200)
    assert ticks() == 0  # nothing moves unasked
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"{FIGURE}.dataset.ticks > 3")
    page.evaluate("document.body.style.paddingTop = '5000px'")
    page.wait_for_timeout(200)
    away = ticks()
    page.wait_for_timeout(200)
    assert ticks() == away and page.get_by_role("button", name="Pause").count() == 1
    page.evaluate("document.body.style.paddingTop = ''")
    page.wait_for_function(f"{FIGURE}.dataset.ticks > {away + 2}")
    page.get_by_role("button", name="Stop").click()
    assert page.get_by_role("button", name="Play").count() == 1
    stopped = ticks()
    page.wait_for_timeout(150)
    assert ticks() == stopped


@needs_browser
def test_a_figure_is_redrawn_when_its_width_or_its_colours_change_and_only_then(page):
    page = page()
    drawn = lambda: int(page.evaluate(f"{FIGURE}.dataset.drawn"))
    page.wait_for_timeout(100)
    assert drawn() == 1
    page.evaluate("document.body.dataset.scrolled = 1")  # as themes do
    page.wait_for_timeout(100)
    assert drawn() == 1
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(100)
    assert drawn() == 2
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_timeout(100)
    assert drawn() == 3
    assert not page.evaluate(f"{FIGURE}.still()")
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(f"{FIGURE}.still()")
