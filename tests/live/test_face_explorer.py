"""The generator in the page: its arithmetic against torch under node, its controls in a browser."""

import json
import math
from functools import partial

import pytest
import torch
from torch import nn

from checkout import needs_browser, needs_node
from gancourse.data.images import images
from gancourse.errors import GanCourseError
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.live.face_explorer import face_explorer
from gancourse.networks import dcgan, latent
from gancourse.networks.latent import slerp
from gancourse.training import adam, train
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts
from lively import lively, noise


@pytest.fixture(scope="module")
def faces():
    return images("faces")


@pytest.fixture(scope="module")
def G(faces):
    """A generator trained for a moment: its batch norm has statistics of its own."""
    torch.manual_seed(0)
    gan = GAN(
        NonSaturating(),
        generator=dcgan.generator(16, 3, 24, 12),
        discriminator=dcgan.discriminator(16, 3, 12),
        latent_dim=24,
    )
    return train(gan, faces.batches(32), 50, optimizer=adam(1e-3)).gan.G.eval()


@pytest.fixture(scope="module")
def figure(G, faces):
    return face_explorer(G, faces)


def shown(net, z):
    """What torch draws: float64 pixels on the scale of 0 to 255."""
    with torch.no_grad():
        return (net(z.float()).double().flatten(1) + 1) * 127.5


# ---------------------------------------------------------------- the mathematics, in Python


# ---------------------------------------------------------------- the arithmetic, under node

under_node = partial(harness.under_node, "face_explorer")


@needs_node
@pytest.mark.parametrize("size, channels", [(16, 3), (16, 1), (32, 3)])
def test_generator_in_javascript_is_torch_s(size, channels):
    net, z = lively(size, channels), noise(4, 8)
    layers = [
        {
            "inputs": layer.weight.shape[0],
            "outputs": layer.weight.shape[1],
            "stride": layer.stride,
            "padding": layer.padding,
            "weight": layer.weight.flatten().tolist(),
            "bias": layer.bias.tolist(),
        }
        for layer in latent.fold_batch_norm(net)
    ]
    drawn = under_node(
        "return g.z.map((z) => [...N.generate(g.layers, z)])", layers=layers, z=z.tolist()
    )
    with torch.no_grad():
        expected = net.eval()(z).flatten(1)
    assert torch.allclose(torch.tensor(drawn), expected, atol=1e-5)


@needs_node
def test_ten_bits_are_enough(figure, G):
    z = torch.randn(2000, 24, generator=torch.Generator().manual_seed(0))[:200]
    drawn = under_node(
        "const layers = g.layers.map((layer) => N.unpack(layer, 10));"
        "return g.z.map((z) => [...N.generate(layers, z)])",
        layers=figure.settings["layers"],
        z=z.tolist(),
    )
    off = ((torch.tensor(drawn).double() + 1) * 127.5 - shown(G, z)).abs()
    assert off.max() <= 3 and off.mean() <= 0.5
    assert off.max().item() == pytest.approx(figure.settings["error"], abs=0.02)


@needs_node
def test_both_paths_between_two_draws():
    a, b = noise(2)
    times = [0, 0.1, 0.5, 0.9, 1]
    code = "return g.t.map((t) => [...N.PATH(g.a, g.b, t)])"
    line = [(1 - t) * a + t * b for t in times]
    for name, expected in {"spherical": [slerp(a, b, t) for t in times], "straight": line}.items():
        got = under_node(code.replace("PATH", name), a=a.tolist(), b=b.tolist(), t=times)
        assert torch.allclose(torch.tensor(got), torch.stack(expected), atol=1e-5)


ENDS = {  # every pair of ends that a formula may stumble over
    "of other lengths": ([3.0, 0.0, 0.0], [0.0, 0.5, 0.0]),
    "nearly opposite": ([1.0, 0.0, 0.0], [-2.0, 1e-4, 0.0]),
    "opposite": ([1.0, -2.0, 0.5], [-2.0, 4.0, -1.0]),
    "the same": ([1.0, -2.0, 0.5], [1.0, -2.0, 0.5]),
    "on one ray": ([1.0, -2.0, 0.5], [3.0, -6.0, 1.5]),
    "from zero": ([0.0, 0.0, 0.0], [1.0, -2.0, 0.5]),
    "to zero": ([1.0, -2.0, 0.5], [0.0, 0.0, 0.0]),
    "one number": ([2.0], [-2.0]),
}


@needs_node
@pytest.mark.parametrize("ends", ENDS)
def test_the_great_circle_is_the_one_of_the_package(ends):
    a, b = (torch.tensor(end, dtype=torch.float64) for end in ENDS[ends])
    times = [i / 10 for i in range(11)]
    code = "return g.t.map((t) => [...N.spherical(g.a, g.b, t)])"
    got = torch.tensor(under_node(code, a=a.tolist(), b=b.tolist(), t=times)).double()
    assert torch.allclose(got, torch.stack([slerp(a, b, t) for t in times]), atol=1e-9)
    if ends != "one number":  # there the way leads through zero
        length = torch.lerp(a.norm(), b.norm(), torch.tensor(times).double())
        assert torch.allclose(got.norm(dim=1), length)


def draws(seed, n):
    """mulberry32 and Box-Muller once more, in Python."""
    seed = (seed + 1) * 0x9E3779B1

    def uniform():
        nonlocal seed
        seed = (seed + 0x6D2B79F5) % 2**32
        t = (seed ^ seed >> 15) * (seed | 1) % 2**32
        t ^= (t + (t ^ t >> 7) * (t | 61)) % 2**32
        return (t ^ t >> 14) / 2**32

    return [
        math.sqrt(-2 * math.log(1 - uniform())) * math.cos(2 * math.pi * uniform())
        for _ in range(n)
    ]


@needs_node
def test_sliders_shift_z_along_directions():
    z, d, steps = noise(1, 6)[0], noise(3, 6), [0.5, -2.0, 0.0]
    got = under_node("return N.shifted(g.z, g.d, g.steps)", z=z.tolist(), d=d.tolist(), steps=steps)
    assert torch.allclose(torch.tensor(got), z + torch.tensor(steps) @ d, atol=1e-6)


# ---------------------------------------------------------------- the figure, in a browser

SIZE = 24


def first_noise(seed=0):
    """The z of the twelve faces in the strip."""
    return torch.tensor(draws(seed, 12 * SIZE)).reshape(12, SIZE)


def screen(page, canvas=0, figure=0):
    """Red, green and blue of a canvas, like `shown`."""
    found = page.locator("figure.live-figure").nth(figure).locator("canvas").nth(canvas)
    data = found.evaluate("c => [...c.getContext('2d').getImageData(0, 0, 16, 16).data]")
    return torch.tensor(data).reshape(256, 4)[:, :3].T.flatten().double()


def assert_draws(page, net, z, canvas=0):
    assert (screen(page, canvas) - shown(net, z[None])[0]).abs().max() < 4  # 3, and rounding


def directions(figure, which=0):
    return torch.tensor(figure.settings["directions"][which]["directions"])


def drag(page, slider, share):
    """Take the knob of a slider at its middle and let go at a share of its width."""
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + share * box["width"], y, steps=4)
    page.mouse.up()
    return float(slider.input_value())


@needs_browser
def test_faces_are_those_of_torch(open_page, figure, G):
    page, z = open_page(figure), first_noise()
    assert_draws(page, G, z[0])
    for i in range(12):
        assert_draws(page, G, z[i], canvas=1 + i)
    assert screen(page).std() > 20
    assert page.locator("canvas").first.evaluate("c => getComputedStyle(c).imageRendering") == (
        "pixelated"
    )
    assert page.locator("[id]").count() == 0


@needs_browser
def test_mouse_drags_a_slider_and_every_face_of_this_figure_follows(open_page, figure, G):
    page, z, d = open_page(figure, figure), first_noise(), directions(figure)
    still = screen(page, figure=1)
    step = drag(page, page.locator(".sliders input").first, 0.9)
    assert step > 2
    assert_draws(page, G, z[0] + step * d[0])
    assert_draws(page, G, z[5] + step * d[0], canvas=6)
    second = drag(page, page.locator(".sliders input").nth(1), 0.2)
    assert_draws(page, G, z[0] + step * d[0] + second * d[1])
    assert torch.equal(screen(page, figure=1), still)
    page.get_by_role("button", name="Sliders to 0").first.click()
    assert_draws(page, G, z[0])


@needs_browser
def test_keyboard_reaches_sliders_menu_and_faces(open_page, figure, G):
    page, z = open_page(figure), first_noise()
    page.locator("select").first.focus()
    page.keyboard.press("ArrowDown")  # the directions of SeFa
    assert page.locator(".sliders:visible").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert_draws(page, G, z[0] + 0.2 * directions(figure, 1)[0])
    page.keyboard.press("End")
    assert_draws(page, G, z[0] + 3 * directions(figure, 1)[0])
    for _ in range(5):  # all six to the right: far from home
        page.keyboard.press("Tab")
        page.keyboard.press("End")
    assert_draws(page, G, z[0] + 3 * directions(figure, 1).sum(0))
    assert "this long" in page.locator("[aria-live=polite]").inner_text()
    page.locator("select").first.focus()
    page.keyboard.press("ArrowUp")  # the other set stands at 0
    assert_draws(page, G, z[0])
    page.locator(".strip button").nth(4).focus()
    page.keyboard.press("Enter")
    assert_draws(page, G, z[4])
    assert page.locator(".strip button[data-end=B]").get_attribute("aria-label") == "face 5, now B"


@needs_browser
def test_two_faces_and_the_ways_between_them(open_page, figure, G):
    page, z = open_page(figure), first_noise()
    page.locator(".strip button").nth(7).click()  # A is the B of before
    ends = page.locator(".strip button").evaluate_all("all => all.map(b => b.dataset.end ?? '')")
    assert ends.index("A") == 1 and ends.index("B") == 7 and len("".join(ends)) == 2
    page.locator(".path input").focus()
    page.keyboard.press("Home")
    assert_draws(page, G, z[1])
    t = drag_to_middle(page)
    a, b = z[1], z[7]
    angle = math.acos(a @ b / (a.norm() * b.norm()))
    arc = slerp(a, b, t)
    assert_draws(page, G, arc)
    assert length(page) == pytest.approx(arc.norm().item(), abs=1e-3)
    page.locator(".path select").select_option("straight")
    assert_draws(page, G, (1 - t) * a + t * b)
    assert length(page) == pytest.approx(((1 - t) * a + t * b).norm().item(), abs=1e-3)
    assert length(page) < arc.norm()
    degrees = float(page.locator("[data-number=angle]").inner_text())
    assert degrees == pytest.approx(math.degrees(angle), abs=1e-3)


def drag_to_middle(page):
    box = page.locator(".path input").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    return float(page.locator(".path input").input_value())


def length(page):
    return float(page.locator("[data-number=length]").inner_text())


@needs_browser
def test_finger_on_a_phone(open_page, figure, G):
    page, z = open_page(figure, width=390, touch=True), first_noise()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(".strip button").nth(2).tap()
    assert_draws(page, G, z[2])
    slider = page.locator(".sliders input").nth(2)
    box = slider.bounding_box()
    slider.tap(position={"x": 0.2 * box["width"], "y": box["height"] / 2})
    step = float(slider.input_value())
    assert step < -1
    assert_draws(page, G, z[2] + step * directions(figure)[2])
    small = page.locator("button").evaluate_all(
        "all => all.filter(b => Math.min(b.offsetWidth, b.offsetHeight) < 40).length"
    )
    assert small == 0  # large enough for a fingertip


@needs_browser
def test_new_faces_are_the_same_each_time(open_page, figure, G):
    page = open_page(figure)
    z = torch.tensor(draws(0, 14 * SIZE)).reshape(14, SIZE)
    for k in (12, 13):
        page.get_by_role("button", name="New face").click()
        assert_draws(page, G, z[k])
    assert page.locator(".strip button[data-end]").count() == 2


@needs_browser
def test_walk_plays_only_when_asked_and_pauses(open_page, figure):
    page = open_page(figure)
    t, play = page.locator(".path input"), page.get_by_role("button", name="Walk")
    first = screen(page)
    page.wait_for_timeout(300)
    assert torch.equal(screen(page), first)  # nothing moves by itself
    play.click()
    page.wait_for_function("document.querySelector('.path input').value > 0.2", timeout=20_000)
    assert not torch.equal(screen(page), first)
    page.wait_for_function(  # past B, on to a new face
        "document.querySelectorAll('.strip button')[2].dataset.end == 'B'", timeout=30_000
    )
    page.get_by_role("button", name="Pause").click()
    stopped, at = screen(page), t.input_value()
    page.wait_for_timeout(300)
    assert torch.equal(screen(page), stopped) and t.input_value() == at
    play.click()
    t.focus()
    page.keyboard.press("Home")  # a hand on the slider stops the walk
    assert t.input_value() == "0" and play.is_visible()
    page.wait_for_timeout(300)
    assert t.input_value() == "0"


@needs_browser
def test_walk_stands_still_between_steps_for_those_who_want_little_motion(open_page, figure):
    page = open_page(figure)
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Walk").click()
    t = page.locator(".path input")
    page.wait_for_timeout(500)
    assert t.input_value() == "0"
    page.wait_for_function("document.querySelector('.path input').value > 0", timeout=20_000)
    assert t.input_value() == "0.2"


@needs_browser
def test_dark_mode_and_no_scripts(open_page, figure):
    page = open_page(figure)
    colour = "getComputedStyle(document.querySelector('.buttons button')).color"
    light = page.evaluate(colour)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate(colour) != light
    assert_speaks_without_scripts(open_page, figure)


@needs_browser
def test_grey_pictures_are_grey_and_need_no_labels(open_page):
    net = lively(channels=1, latent_dim=SIZE)
    page = open_page(face_explorer(net))
    with torch.no_grad():
        grey = (net.eval()(first_noise()[:1]).double().flatten() + 1) * 127.5
    assert (screen(page) - grey.repeat(3)).abs().max() < 4
    assert page.locator(".sliders label").count() == 6


# ---------------------------------------------------------------- the HTML, and bad input


def test_html_is_small_deterministic_and_asks_for_nothing(figure, G, faces):
    weights = sum(layer.weight.numel() for layer in latent.fold_batch_norm(G))
    assert_self_contained(lambda: face_explorer(G, faces), weights * 10 / 6 + 33_000)
    assert figure._repr_html_() == face_explorer(G, faces)._repr_html_()


def test_a_course_sized_generator_adds_at_most_150_kilobytes():
    html = face_explorer(dcgan.generator(16, 3, 32, 32))._repr_html_()  # 67,072 weights
    assert len(json.dumps(html)) <= 150_000


def test_attributes_name_the_sliders(figure):
    by_label, alone = figure.settings["directions"]
    kinds = {
        "skin: dark → light",
        "background: dark → light",
        "hair: dark → light",
        "clothing: dark → light",
        "glasses: no → yes",
        "hat: no → yes",
        "beard: no → yes",
        "hair length: long → short",
        "mood: happy → sad",
    }
    assert len(set(by_label["labels"])) == 6 and set(by_label["labels"]) <= kinds
    assert alone["labels"][0].startswith("direction 1")
    assert torch.allclose(directions(figure).norm(dim=1), torch.ones(6), atol=1e-3)


WRONG = nn.Sequential(nn.Unflatten(-1, (8, 1, 1)), nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Tanh())


@pytest.mark.parametrize(
    "bad, message",
    [
        (lambda: face_explorer(nn.Linear(3, 3)), "layers of a dcgan.generator"),
        (lambda: face_explorer(dcgan.discriminator(16, 3)), "layers of a dcgan.generator"),
        (lambda: face_explorer("G.pt"), "layers of a dcgan.generator"),
        (lambda: face_explorer(WRONG), "kernel 4, stride 1"),
        (lambda: face_explorer(lively(), bits=32), "bits is 32"),
        (lambda: face_explorer(lively(), images("digits")), r"\(1, 16, 16\)"),
        (lambda: face_explorer(lively(32), images("faces")), r"\(3, 32, 32\)"),
        (lambda: face_explorer(dcgan.generator(64, 3, 64, 32)), "train a narrower generator"),
    ],
    ids=range(8),
)
def test_bad_input_is_named(bad, message):
    with pytest.raises(GanCourseError, match=message):
        bad()
