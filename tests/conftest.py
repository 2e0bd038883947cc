"""Shared by the rooms: checked shapes, and a browser page for the tests that ask for one."""

from pathlib import Path

import pytest

from checkout import CHROMIUM, FLAGS

SHAPES_CHECKED = ("test_games", "test_penalties", "test_gans")


@pytest.fixture(autouse=True)
def shapes(request, monkeypatch):
    """In these modules every call is held to the shapes that its signature states."""
    if request.module.__name__.rpartition(".")[2] in SHAPES_CHECKED:
        from gancourse import games, gans, penalties
        from shapes_checked import hold

        for module in (games, penalties, gans):
            hold(module, monkeypatch.setattr)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture
def open_page(browser, tmp_path):
    """Open figures in a page that allows no request and remembers every error."""
    opened = []

    def open_(*figures, width=900, touch=False, scripts=True):
        page_file = Path(tmp_path, "page.html")
        page_file.write_text(
            '<!doctype html><html><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"></head><body>'
            + "".join(figure._repr_html_() for figure in figures)
            + "</body></html>",
            "utf-8",
        )
        context = browser.new_context(
            viewport={"width": width, "height": 1400}, has_touch=touch, java_script_enabled=scripts
        )
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
        page.on(
            "request",
            lambda request: (
                page.problems.append(request.url) if request.url != page_file.as_uri() else None
            ),
        )
        page.goto(page_file.as_uri())
        opened.append((context, page))
        return page

    yield open_
    for context, page in opened:
        assert page.problems == []
        context.close()
