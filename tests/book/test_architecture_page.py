"""The page "Architecture": every room of the plan, every arrow, on floors that can be read."""

import itertools
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

import architecture
from api_reference import DOOR, modules, rooms
from checkout import ROOT
from gancourse import training
from gancourse.loop.player import Player
from plan import ARROWS, GROUND

PAGE = (ROOT / "appendix" / "architecture.md").read_text("utf-8")
ARROWS_DRAWN, FLOORS, ON_THE_GROUND = architecture.plan(ROOT)


@pytest.fixture(scope="module")
def svg():
    text = architecture.drawn(ARROWS_DRAWN, FLOORS, ON_THE_GROUND, lambda room: f"{room}.html")
    return ElementTree.fromstring(text)


def numbers(text):
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]


def test_every_room_has_a_paragraph_and_every_paragraph_a_room():
    told = re.findall(r"^```\{room\} (\w+)$", PAGE, re.MULTILINE)
    assert sorted(told) == sorted(set(ARROWS) - {"__init__"})


def test_every_room_is_drawn_inside_and_no_two_meet(svg):
    _, _, width, height = numbers(svg.get("viewBox"))
    boxes = [numbers(f"{r.get('x')} {r.get('y')}") for r in svg.iter("rect")]
    said = [text.text for text in svg.iter("text")]
    assert sorted(said[:-1]) == sorted(ARROWS_DRAWN)
    assert said[-1] == " · ".join(sorted(GROUND)) and len(boxes) == len(ARROWS_DRAWN) + 1
    for i, (x, y) in enumerate(boxes[:-1]):
        assert 0 <= x <= width - architecture.ROOM and 0 <= y <= height - architecture.HEIGHT
        for u, v in boxes[:i]:
            assert abs(x - u) >= architecture.ROOM or abs(y - v) >= architecture.HEIGHT


def test_letters_are_large_enough_on_a_telephone(svg):
    """At 390 px the page leaves 358: a letter of 12.5 in 400 is 11 px high there."""
    size = float(re.search(r"\.house text \{ font-size: ([\d.]+)px", CSS)[1])
    assert size * 358 / float(svg.get("viewBox").split()[2]) >= 11
    assert max(map(len, ARROWS_DRAWN)) * size * 0.6 < architecture.ROOM + 4


CSS = (ROOT / "_static" / "architecture.css").read_text("utf-8")


def test_every_arrow_points_down_and_all_that_is_left_out_follows(svg):
    lines = architecture.without_shortcuts(ARROWS_DRAWN)
    for room in ARROWS_DRAWN:
        assert lines[room] <= ARROWS_DRAWN[room]
        assert architecture.below(lines, room) == architecture.below(ARROWS_DRAWN, room)
    drawn = [path for path in svg.iter("path") if "house-arrow" in (path.get("class") or "")]
    assert len(drawn) == sum(map(len, lines.values()))
    for path in drawn:
        _, y, *_, v = numbers(path.get("d"))
        assert y < v


def test_it_says_in_words_what_it_shows(svg):
    words = svg.find("desc").text
    assert svg.get("role") == "group" and svg.get("aria-labelledby") == "house-title house-words"
    for room, targets in ARROWS_DRAWN.items():
        assert f"{room} imports {', '.join(sorted(targets)) or 'nothing but the ground'}." in words


def test_the_first_words_of_a_room_are_its_own():
    for room in set(ARROWS) - {"__init__"}:
        said = architecture.plain(architecture.says(ROOT, room))
        there = list((ROOT / "gancourse").glob(f"{room}*"))
        assert said.endswith(".") == bool(there) and ":`" not in said and "``" not in said


def test_every_module_stands_on_a_page_of_the_reference_that_the_contents_list():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    (api,) = (e for p in toc["parts"] for e in p["chapters"] if e["file"] == "appendix/api")
    listed = [Path(entry["file"]).name for entry in api["sections"]]
    assert listed == list(rooms(ROOT)) and listed[0] == DOOR
    for room in listed:
        page = (ROOT / "appendix" / "api" / f"{room}.md").read_text("utf-8")
        assert f"```{{api-reference}} {room}\n```" in page
    assert sorted(itertools.chain(*rooms(ROOT).values())) == sorted(modules(ROOT))


def test_the_life_of_a_step_calls_what_there_is():
    story = PAGE.partition("## The life of one step")[2].partition("## The rooms")[0]
    said = re.findall(r"^\d\. .*?`([\w.]+)`", story, re.MULTILINE)
    assert said == ["train", "Training.advance", "Training.take_step", "algorithm_1", "Player.move"]
    for name in said:
        thing = vars(training) | {"Player": Player}
        first, *rest = name.split(".")
        thing = thing[first]
        for part in rest:
            thing = getattr(thing, part)
        assert callable(thing)
