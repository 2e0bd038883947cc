"""The clinic (chapter 7): the tally under node, and in a browser."""

from functools import partial

import pytest

from checkout import needs_browser, needs_node
from gancourse.errors import GanCourseError
from gancourse.experiments.measured import measured
from gancourse.live.clinic import PROBES, clinic
from live import harness
from live.harness import assert_self_contained, assert_speaks_without_scripts

under_node = partial(harness.under_node, "clinic")


def figure():
    return clinic(measured("clinic"))


@needs_node
def test_the_tally_counts_answers_only():
    patients = figure().settings["patients"]
    answers = [None] * len(patients)
    answers[0] = {"trouble": patients[0]["trouble"], "probe": "none of them"}
    answers[2] = {"trouble": "no such", "probe": PROBES[patients[2]["trouble"]][0]}
    found = under_node(
        "return N.tally(g.answers, g.patients, g.probes);",
        answers=answers,
        patients=[{"trouble": p["trouble"], "found": p["found"]} for p in patients],
        probes=PROBES,
    )
    package = sum(patients[i]["found"] == patients[i]["trouble"] for i in (0, 2))
    assert found == {"of": 2, "trouble": 1, "probe": 1, "package": package}


@needs_node
def test_every_probe_of_every_patient_can_be_told():
    for patient in figure().settings["patients"]:
        for probes in PROBES.values():
            told = under_node(
                "return g.probes.map((p) => N.shows(p, g.numbers));",
                probes=probes,
                numbers=patient["numbers"],
            )
            assert all("undefined" not in text and "NaN" not in text for text in told)


def test_all_troubles_are_there_three_times():
    patients = figure().settings["patients"]
    assert len(patients) >= 24
    for trouble in PROBES:
        assert sum(p["trouble"] == trouble for p in patients) >= 3


@needs_browser
def test_answer_and_go_on(open_page):
    page = open_page(figure())
    first = figure().settings["patients"][0]
    page.locator("select").nth(0).select_option(first["trouble"])
    page.locator("select").nth(1).select_option(PROBES[first["trouble"]][0])
    page.get_by_role("button", name="Answer").click()
    assert "Right" in page.inner_text(".says")
    assert page.inner_text("[data-number=you]") == "1 of 1"
    assert page.inner_text("[data-number=probe]") == "1 of 1"
    assert page.get_by_role("button", name="Answer").is_disabled()
    page.get_by_role("button", name="Next patient").click()
    assert (
        "Patient 2" in page.inner_text(".note")
        and page.get_by_role("button", name="Answer").is_enabled()
    )
    page.locator("input[type=range]").focus()
    page.keyboard.press("ArrowLeft")
    assert "7/8" in page.inner_text(".says")
    page.get_by_role("button", name="Back").click()
    assert "Right" in page.inner_text(".says")


@needs_browser
def test_the_narrow_page_by_touch(open_page):
    page = open_page(figure(), width=390, touch=True)
    page.get_by_role("button", name="Answer").tap()
    assert page.inner_text("[data-number=you]").endswith("of 1")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@needs_browser
def test_no_number_of_an_axis_is_cut(open_page):
    """A minus that is cut off would turn a loss round: every patient's labels, one by one."""
    page = open_page(figure())
    texts = set()
    for _ in figure().settings["patients"]:
        found = page.eval_on_selector_all(
            "svg text",
            """all => all.map((text) => {
                const own = text.getBoundingClientRect();
                const whole = text.closest("svg").getBoundingClientRect();
                return [text.textContent, own.left - whole.left];
            })""",
        )
        assert min(left for _, left in found) > -0.5, found
        texts |= {text for text, _ in found}
        page.get_by_role("button", name="Next patient").click()
    assert {"−192", "−1.5k", "2.8k"} <= texts


@needs_browser
def test_a_sentence_without_scripts(open_page):
    assert_speaks_without_scripts(open_page, figure())


def test_html_is_deterministic_and_asks_for_nothing():
    assert_self_contained(figure, at_most=240_000)


@pytest.mark.parametrize("bad", [{}, {"held-out": 3}, None])
def test_what_is_not_the_clinics_file(bad):
    with pytest.raises(GanCourseError, match="no recorded runs"):
        clinic(bad)
