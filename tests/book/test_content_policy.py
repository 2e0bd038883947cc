"""No program but the book's own reaches a page; if one did, the browser would not run it."""

import re
import shutil

import pytest
from playwright.sync_api import sync_playwright

import browser as chromium
import content_policy
from book.channels import CHANNELS, COUSINS, RUN, plant
from book.harness import check
from checkout import needs_browser
from offline import Programs, programs, script_rule

ALL = CHANNELS | COUSINS
#: Channels in which Sphinx itself makes text or a picture of what was planted.
HARMLESS = {"svg", "printed", "image_in_text", "link", "link_by_name"}


@pytest.fixture(scope="module")
def planted(executed_once, tmp_path_factory):
    """The small book with a page for each channel, built; what the build said."""
    book = tmp_path_factory.mktemp("planted")
    shutil.copytree(executed_once, book, dirs_exist_ok=True)
    plant(book, ALL)
    return book, *check(book, "book", "offline")


@pytest.fixture(scope="module")
def unguarded(planted, tmp_path_factory):
    """The same book, built without the look through what its pages bring along."""
    book = tmp_path_factory.mktemp("unguarded")
    shutil.copytree(planted[0], book, dirs_exist_ok=True)
    settings = book / "_config.yml"
    settings.write_text(settings.read_text().replace("    safe_content: _ext\n", ""))
    return book, *check(book, "book", "offline")


def pages_that_run(book):
    """Where something planted has run, when the page was opened or when its links were clicked."""
    (book / "_build/html/planted/planted.js").write_text(RUN)
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.chromium(), args=chromium.ARGUMENTS
        )
        for name in ALL:
            page = browser.new_page()
            page.add_init_script("window.addEventListener('message', () => window.planted = 2)")
            page.goto((book / "_build/html/planted" / f"{name}.html").as_uri(), wait_until="load")
            page.evaluate("async () => { await window.MathJax?.startup?.promise }")
            page.evaluate(
                """() => document.querySelectorAll("article a").forEach(link => {
                  const address = link.getAttribute("href") || link.getAttribute("xlink:href");
                  if (/script:/i.test(address || ""))
                    link.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
                })"""
            )
            page.wait_for_timeout(50)
            if page.evaluate("() => window.planted !== undefined"):
                found.append(name)
            page.close()
        browser.close()
    return found


@pytest.mark.parametrize("name", ALL)
def test_channel_fails_the_build_or_carries_nothing(planted, name):
    book, status, said = planted
    assert status == 1 and "FAILED: book" in said
    assert (f"planted/{name}: left out, because it holds" in said) == (name not in HARMLESS)
    page = (book / "_build/html/planted" / f"{name}.html").read_text()
    assert Programs(page).found == []
    article = page.partition("<article")[2].partition("</article>")[0]
    assert not re.search("<script|<iframe|<meta|<base|<svg|onerror=|onload=", article)
    assert not re.search(r'href="[^"]*script:|\\href', article)


@needs_browser
def test_nothing_planted_runs(planted):
    assert pages_that_run(planted[0]) == []


@needs_browser
def test_nothing_planted_runs_even_where_nobody_has_looked(unguarded):
    """The second lock alone: what is on the page stays dead."""
    book, status, said = unguarded
    assert "left out" not in said
    assert pages_that_run(book) == ["script_file"]  # it lies in the book: `file` is the reader's


@pytest.mark.parametrize("name", sorted(ALL.keys() - HARMLESS - {"script_file"}))
def test_scan_of_the_built_book_finds_what_the_build_let_through(unguarded, name):
    _, status, said = unguarded
    assert status == 1 and f"planted/{name}.html: " in said


def test_live_figures_run_and_hashes_are_those_of_the_page(executed_book):
    """The scripts of the theme and of a figure are named; a changed letter is not."""
    page = "<html><head>\n<meta charset='utf-8'>\n</head><script>a()</script><p></p></html>"
    stated = content_policy.with_policy(page)
    assert stated.index("Content-Security-Policy") < stated.index("<script>")
    assert stated.index("charset") < stated.index("Content-Security-Policy")
    assert Programs(stated).found == []
    [found] = Programs(stated.replace("a()", "b()")).found
    assert found == "a script that the policy does not name: b()"
    assert Programs(content_policy.with_policy(page, {"a()"})).found[0].endswith("name: a()")


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ("", []),
        ('<a href="#" onclick="window.print()">', []),
        ('<a href="#" onclick="window.print() ">', ["a handler onclick that the policy"]),
        ('<a href="java&#10;script:x()">', ["a program as an address"]),
    ],
)
def test_scan_finds_handlers_and_addresses(planted, expected):
    page = content_policy.with_policy(f'<button onclick="window.print()"></button>{planted}')
    found = Programs(page).found
    assert len(found) == len(expected) and all(map(str.startswith, found, expected))


def test_page_without_a_policy_or_with_an_open_one_fails(tmp_path):
    (tmp_path / "page.html").write_text("<p>text</p>")
    assert programs(tmp_path) == ["page.html: no content policy"]
    assert script_rule("script-src 'self'; img-src *") == "'self'"
    for word in ("'unsafe-inline'", "'unsafe-eval'", "*", "data:", "https:"):
        assert script_rule(f"default-src 'none'; script-src 'self' {word}") == ""
    assert script_rule("img-src 'self'") == ""
