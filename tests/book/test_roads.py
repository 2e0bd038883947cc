"""Two roads: what is core, how long it takes, and what a page keeps of what its reader has read."""

import json
import re
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document
from playwright.sync_api import sync_playwright

import browser as chromium
import course_map
import road_marks
import roads
from checkout import FRONT_MATTER, ROOT, needs_browser

TEXTS = roads.texts(ROOT)
each_chapter = pytest.mark.parametrize("text", TEXTS.values(), ids=lambda text: text.stem)

HEAD = (
    FRONT_MATTER
    + """
# A title

## Goals

one two three

"""
)
BODY = f"""\
{{.core}}
## One

{"word " * 98}and $x + y$.

$$
1 + 1 = 2
$$ (eq-sum)

```{{code-cell}} python
a = 1

b = 2
```

```{{code-cell}} python
:tags: [hide-input]

c = 3
```

**Figure 5.1.** *Nothing.*

{{.optional}}
### Aside

```text
# no heading
```

### Along

{"word " * 100}

{{.optional}}
## Two

### Inside

## Exercises

:::{{exercise}} A
:label: ex-a
x
:::

:::{{solution}} ex-a
:class: dropdown
{"word " * 500}
:::

## Forgotten
"""


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "05_a.md"
    path.write_text(HEAD + BODY, "utf-8")
    return path


def test_sections_are_counted(text):
    found = {section.title: section for section in roads.sections(text)}
    assert list(found)[1:] == [
        *("Goals", "One", "Aside", "Along", "Two", "Inside", "Exercises", "Forgotten")
    ]
    one = found["One"]
    assert (one.words, one.formulas, one.code, one.figures) == (103, 1, 2, 1)
    assert one.minutes == pytest.approx(103 / 100 + 1 + 2 / 10 + 1)
    assert found["Aside"].words == found["Two"].words == 0
    assert found["Exercises"].minutes == roads.MINUTES_FOR_AN_EXERCISE  # and not its solution


def test_a_section_without_a_mark_goes_where_it_stands(text):
    marks = {s.title: (s.mark, s.said) for s in roads.sections(text)}
    assert marks["Aside"] == (roads.OPTIONAL, True)
    assert marks["Along"] == (roads.CORE, True)
    assert marks["Inside"] == (roads.OPTIONAL, True)
    assert marks["Exercises"] == (roads.PRACTICE, True)
    assert marks["Forgotten"] == (roads.CORE, False)


def test_stretches_have_the_minutes_of_their_road(text):
    said = {s.section.title: s.label for s in roads.stretches(text)}
    assert said == {
        **{"Goals": "Core, 1 minute", "One": "Core, 4 minutes", "Aside": "Optional, 1 minute"},
        **{"Two": "Optional, 1 minute", "Forgotten": "Core, 1 minute"},
        "Exercises": "Practice, about 12\N{NO-BREAK SPACE}min",
    }
    assert roads.minutes(text, "One")[roads.CORE] < roads.minutes(text)[roads.CORE]
    with pytest.raises(ValueError, match="no section 'Three'"):
        roads.minutes(text, "Three")


@pytest.mark.parametrize(
    ("n", "said"), [(0.2, "1 min"), (59, "59 min"), (62, "1 h"), (63, "1 h 5 min"), (118, "2 h")]
)
def test_minutes_as_they_are_spoken(n, said):
    assert roads.spoken(n).replace("\N{NO-BREAK SPACE}", " ") == said


@each_chapter
def test_every_section_of_a_chapter_is_marked(text):
    """A section without a mark counts as core; whether it is, its author must say."""
    unmarked = [section.title for section in roads.sections(text) if not section.said]
    assert unmarked == [], "put {.core} or {.optional} above these headings (_ext/roads.py)"


@each_chapter
def test_marks_stand_above_headings(text):
    words = text.read_text("utf-8")
    assert len(re.findall(r"^\{\.", words, re.M)) == len(
        re.findall(r"^\{\.(?:core|optional)\}\n###? ", words, re.M)
    )


def test_core_road_to_the_first_gan_takes_about_four_hours():
    stops = course_map.core_road()
    assert [number for number, _ in stops] == [1, 2, 3, 5]
    assert stops[-1][1] and not any(goal for _, goal in stops[:-1])
    times = [roads.minutes(TEXTS[number], goal)[roads.CORE] for number, goal in stops]
    assert 3.5 * 60 <= sum(times) <= 4.75 * 60
    assert any(stretch.section.title == stops[-1][1] for stretch in roads.stretches(TEXTS[5]))


@each_chapter
def test_what_a_chapter_asks_for_is_what_the_map_says(text):
    """Each chapter with an arrow to this one is named in what it says that one needs."""
    needs = next(c.needs for c in course_map.chapters() if c.number == int(text.name[:2]))
    asked = re.search(r"^\*\*You need\*\*.*?\n\n", text.read_text("utf-8"), re.M | re.S)[0]
    named = {int(n) for n in re.findall(r"chapter (\d+)", asked)}
    assert named >= {n for n in needs if n in TEXTS}, asked


# ---- on the page --------------------------------------------------------------------------------


def page_of(text):
    """The sections of a chapter's page, as Sphinx has them, with a box that has its own."""
    document = new_document("page")
    top = nodes.section("", nodes.title("", "A title"), ids=["a-title"])
    document += top
    for section in roads.sections(text)[1:]:
        anchor = nodes.make_id(section.title)
        made = nodes.section("", nodes.title("", section.title), ids=[anchor])
        made += nodes.container("", nodes.section(ids=["exercise-content"]))
        (top if section.level == 2 else top.children[-1]).append(made)
    return document


@pytest.fixture
def app(text):
    env = SimpleNamespace(
        docname="chapters/05_a", metadata={"chapters/05_a": {}}, doc2path=lambda _: text
    )
    builder = SimpleNamespace(format="html")
    return SimpleNamespace(env=env, builder=builder, outdir=text.parent)


def test_lines_stand_under_the_headings(app, text):
    document = page_of(text)
    road_marks.mark(app, document)
    lines = [n for n in document.findall(nodes.paragraph) if "road" in n["classes"]]
    assert [n.astext() for n in lines] == [s.label for s in roads.stretches(text)]
    assert all(isinstance(n.parent[0], nodes.title) and n.parent.index(n) == 1 for n in lines)
    assert lines[2].parent["ids"] == ["aside"]


def test_another_number_of_sections_is_said(app, text, monkeypatch):
    warned = []
    monkeypatch.setattr(road_marks.logger, "warning", lambda *words, **_: warned.append(words))
    document = page_of(text)
    document.children[0].pop()
    road_marks.mark(app, document)
    assert warned and "roads" not in app.env.metadata["chapters/05_a"]


def built(app, text):
    """A home page and two chapters with the scripts of the book."""
    folder = text.parent
    road_marks.mark(app, page_of(text))
    app.env.metadata["chapters/06_b"] = {"roads": json.dumps([["here", "core", 5, "Here"]])}
    (folder / "_static").mkdir()
    road_marks.write(app, None)
    script = (ROOT / "_ext" / "progress.js").read_text("utf-8")
    (folder / "_static" / "progress.js").write_text(script, "utf-8")
    load = (
        "<script src='_static/roads_data.js'></script><script src='_static/progress.js'></script>"
    )
    lines = "".join(
        f"<section id='{nodes.make_id(s.section.title)}'><h2>x</h2><p class='road'>{s.label}</p>"
        "</section>"
        for s in roads.stretches(text)
    )
    (folder / "05_a.html").write_text(f"<meta charset='utf-8'><article>{lines}</article>{load}")
    rows = "<ol class='course-chapters'><li><a href='05_a.html'>A title</a></li></ol>"
    home = f"<meta charset='utf-8'>{rows}<div class='road-progress'></div>{load}"
    (folder / "intro.html").write_text(home)
    return folder


REFUSED = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('refused') }})"
FULL = "Storage.prototype.setItem = () => { throw new Error('full') }"


@pytest.fixture
def reader(app, text):
    """``reader("05_a", script)`` opens a page after a script, in one browser; errors fail."""
    folder, errors = built(app, text), []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.chromium(), args=chromium.ARGUMENTS
        )
        context = browser.new_context()

        def opened(name, before=""):
            page = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            if before:
                page.add_init_script(before)
            page.goto((folder / f"{name}.html").as_uri(), wait_until="load")
            return page

        yield opened
        browser.close()
    assert errors == []


@needs_browser
def test_what_is_read_is_kept_and_summed(reader):
    page = reader("05_a")
    assert page.get_by_role("checkbox").count() == 6
    box = page.get_by_role("checkbox", name="read: One")
    box.focus()
    page.keyboard.press("Space")
    assert box.is_checked()
    home = reader("intro")
    home.wait_for_function("document.querySelector('.road-said').textContent.startsWith('You')")
    assert home.locator(".road-said").first.inner_text() == (
        "You have read 4 of the 6 minutes of the core road."
    )
    row = home.get_by_role("progressbar", name="Read of A title")
    assert 0 < row.evaluate("bar => bar.value") < 1
    page.reload()
    assert box.is_checked()


@needs_browser
def test_progress_as_text_goes_out_comes_in_and_is_forgotten(reader):
    home = reader("intro")
    home.locator("summary").click()
    area, said = home.get_by_role("textbox", name="Sections that you have read"), home.get_by_role
    area.fill("gancourse progress 1\n05_a: one two <b>x</b>\n99_z: one\n__proto__: one\nprose")
    said("button", name="Add what stands here").click()
    assert said("status").inner_text() == "Added: 2. Not sections of this book: 3."
    home.reload()
    home.locator("summary").click()
    assert area.input_value() == "gancourse progress 1\n05_a: one two"
    said("button", name="Forget all").click()
    assert home.evaluate("localStorage.getItem('gancourse-progress')")  # asked once more
    said("button", name="Really forget all?").click()
    assert home.evaluate("localStorage.getItem('gancourse-progress')") is None
    assert area.input_value() == "gancourse progress 1"


@needs_browser
@pytest.mark.parametrize("refusal", [REFUSED, FULL])
def test_refused_storage_breaks_nothing_and_is_said(reader, refusal):
    page = reader("05_a", refusal)
    page.get_by_role("checkbox", name="read: One").check()
    assert page.get_by_role("checkbox", name="read: One").is_checked()
    assert "keep nothing" in page.get_by_role("status").inner_text()
    home = reader("intro", refusal)
    home.locator("summary").click()
    home.get_by_role("textbox").fill("05_a: one")
    home.get_by_role("button", name="Add what stands here").click()
    assert home.locator(".road-said").first.inner_text().startswith("You have read 4 of the 6")
    assert "copy the text" in home.get_by_role("status").inner_text()


@needs_browser
def test_nonsense_in_the_storage_is_passed_over(reader):
    nonsense = "localStorage.setItem('gancourse-progress', '05_a: nowhere\\n: :\\0')"
    page = reader("05_a", nonsense)
    assert page.locator(":checked").count() == 0
