"""The test of the test: whatever is planted in a small book, the steps of `make test` find it."""

import re

import pytest

import browser
import content_policy
import set_repository
from book.harness import check
from offline import outside_requests

OUTSIDE = "https://" + "cdn.example.org/x"  # nothing in the tests gets as far as asking for it


def add(path, text):
    path.write_text(path.read_text() + text)


def raw(html):
    return f"\n```{{raw}} html\n{html}\n```\n"


def test_clean_book_passes_every_step(executed_book):
    status, said = check(executed_book, "notebooks", "book", "offline", "browser")
    assert status == 0, said
    assert "All 4 steps passed;" in said
    html = (executed_book / "_build" / "html" / "chapters" / "05_small.html").read_text()
    assert "5. </span>A small chapter" in html
    assert 'alt="Figure 5.1. Fifty draws of p_g."' in html
    assert "download-source-button" in html  # and no button that would lead nowhere:
    assert "colab.research" not in html and "source-repository-button" not in html


def test_planted_failures_in_notebooks(executed_book):
    """A failing cell, a wrong stored output, a warning in a kernel: each in its own notebook."""
    good = (executed_book / "chapters" / "05_small.ipynb").read_text()
    assert good.count('"print(1 + 1)\\n"') == 1 and good.count('"2\\n"') == 1
    planted = {
        "06_error": ('"print(1 + 1)\\n"', "\"assert 1 == 2, 'planted error'\\n\""),
        "07_output": ('"2\\n"', '"3\\n"'),
        "08_warning": (
            '"print(1 + 1)\\n"',
            "\"import warnings; warnings.warn('planted warning', RuntimeWarning)\\n\"",
        ),
    }
    for name, (old, new) in planted.items():
        (executed_book / "chapters" / f"{name}.ipynb").write_text(good.replace(old, new))
    status, said = check(executed_book, "notebooks")
    assert status == 1 and "FAILED: notebooks" in said
    assert "planted error" in said and "planted warning" in said
    for name in planted:
        assert f"FAILED chapters/{name}.ipynb::Cell 2" in said
    assert "FAILED chapters/05_small.ipynb" not in said


WARNINGS = {
    "\nSee {eq}`eq-missing`.\n": "eq-missing",
    "\nSee [nothing](#no-such-place).\n": "no-such-place",
    "\n{cite}`nobody1900`\n": "nobody1900",
}
SEEN_BY_SCAN = {f'<img src="{OUTSIDE}.png" alt="">': f"intro.html: {OUTSIDE}.png"}
WIDE = {
    '<p style="width: 900px">wide</p>': "px wide at 390 px",
    '<img src="_static/favicon.svg">': "picture without words",
}
#: On a page without a policy, and on one whose policy names them.
SCRIPTS = {
    f'<script>new Image().src = "https:" + "//{OUTSIDE[8:]}.gif"</script>': "external request: "
    + OUTSIDE
    + ".gif",
    "<script>console.error('planted message')</script>": "console: planted message",
    "<script>planted()</script>": "script error: planted is not defined",
    "<script>for (let i = 0; i < 30; i++) document.body"
    '.append(document.createElement("mjx-container"))</script>': "30 formulas were set",
}
FORMULAS = {
    "\n$$\n\\frac{1}{2}}\n$$\n": "formula with an error: Extra close brace",
    "\n$$\n\\planted\n$$\n": "formula with an error: \\planted",
    "\nRaw `code $$` and \\$\\$ raw dollars.\n": "markup shows through: $$",
}


def test_planted_trouble_in_the_text(executed_book):
    """Warnings of the build, external requests, broken formulas, sideways scroll."""
    html = "".join(map(raw, {**SEEN_BY_SCAN, **WIDE}))
    add(executed_book / "intro.md", "".join({**WARNINGS, **FORMULAS}) + html)
    steps = ["book", "offline", "browser"] if browser.chromium() else ["book", "offline"]
    status, said = check(executed_book, *steps)
    assert status == 1
    expected = {**WARNINGS, **SEEN_BY_SCAN}
    if browser.chromium():
        expected |= {**WIDE, **FORMULAS}
        assert "FAILED: book, offline, browser" in said
        assert "Content Security Policy" in said  # the picture was not even asked for
    for planted, message in expected.items():
        assert message in said, planted


def test_planted_scripts_in_a_built_page(executed_book):
    """External requests and script errors, with a policy that names the scripts and without."""
    assert check(executed_book, "book")[0] == 0
    page = executed_book / "_build" / "html" / "intro.html"
    head, policy, rest = re.split("(<meta http-equiv=.Content-Security[^>]*>)", page.read_text())
    bare = head + rest.replace("</body>", "".join(SCRIPTS) + "</body>")
    page.write_text(bare)
    steps = ["offline", "browser"] if browser.chromium() else ["offline"]
    status, said = check(executed_book, *steps)
    assert status == 1 and "intro.html: no content policy" in said
    if browser.chromium():
        for planted, message in SCRIPTS.items():
            assert message in said, planted
        assert said.count("intro.html: no content policy") == 2
    page.write_text(head + policy + rest.replace("</body>", "".join(SCRIPTS) + "</body>"))
    status, said = check(executed_book, *steps)
    assert said.count("a script that the policy does not name") == len(SCRIPTS)
    if browser.chromium():
        assert "FAILED: offline, browser" in said and "external request" not in said
    page.write_text(content_policy.with_policy(bare))  # which names them all
    status, said = check(executed_book, *steps)
    if browser.chromium():
        assert "FAILED: browser" in said
        for planted, message in SCRIPTS.items():
            assert message in said, planted


def test_warning_does_not_hide_in_an_unchanged_page(executed_book):
    """`make book` builds only what changed; a page with a warning counts as changed."""
    add(executed_book / "intro.md", "\nSee {eq}`eq-missing`.\n")
    for _ in range(2):
        status, said = check(executed_book, "build")
        assert status == 1 and "eq-missing" in said


@pytest.mark.parametrize(
    "planted",
    [
        f'<img src="{OUTSIDE}.png" alt="x">',
        f'<img srcset="local.png 1x, {OUTSIDE}.png 2x" alt="x">',
        f'<script src="//{OUTSIDE[8:]}.js"></script>',
        f'<link rel="stylesheet" href="{OUTSIDE}.css">',
        f"<style>@import '{OUTSIDE}.css';</style>",
        f'<p style="background: url({OUTSIDE}.png)"></p>',
        f'<script>fetch("{OUTSIDE}.json")</script>',
        f'<script type="module">import x from "{OUTSIDE}.js"</script>',
        f"<iframe srcdoc='&lt;img src=\"{OUTSIDE}.png\"&gt;'></iframe>",
    ],
)
def test_scan_finds(tmp_path, planted):
    (tmp_path / "page.html").write_text(f"<html><body><a href='{OUTSIDE}'>fine</a></body></html>")
    assert outside_requests(tmp_path) == []
    add(tmp_path / "page.html", planted)
    (found,) = outside_requests(tmp_path)
    assert found.startswith("page.html: ") and OUTSIDE[8:] in found


def test_scan_reads_stylesheets_and_scripts(tmp_path):
    (tmp_path / "a.css").write_text(f"a {{color: url(b.png)}} b {{color: url('{OUTSIDE}')}}")
    (tmp_path / "a.js").write_text(f"// see {OUTSIDE}\nfetch('{OUTSIDE}')")
    assert outside_requests(tmp_path) == [f"a.css: {OUTSIDE}", f"a.js: {OUTSIDE}"]


def test_only_an_unchanged_book_is_not_checked_again(tmp_path):
    """A step that passed is left out on request, until any file changes; a failed one never is."""
    page = tmp_path / "_build" / "html" / "page.html"
    page.parent.mkdir(parents=True)
    page.write_text(content_policy.with_policy("<p>fine</p>"))
    (tmp_path / "text.md").write_text("one")
    again = ("--unless-passed", "offline")
    assert "done in" in check(tmp_path, *again)[1]
    assert "passed before with exactly these files" in check(tmp_path, *again)[1]
    assert "done in" in check(tmp_path, "offline")[1]
    (tmp_path / "text.md").write_text("two")
    add(page, f'<img src="{OUTSIDE}.png">')
    for _ in range(2):
        assert check(tmp_path, *again)[0] == 1


def test_missing_chromium_is_said_loudly(tmp_path, monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    for _ in range(2):
        status, said = check(tmp_path, "--unless-passed", "browser")
        assert status == 0 and "*** NOT CHECKED: no Chromium" in said


def test_every_button_once_the_address_is_set(executed_book):
    set_repository.main("https://github.com/owner/name", root=executed_book)
    status, said = check(executed_book, "book", "offline")
    assert status == 0, said
    html = (executed_book / "_build" / "html" / "chapters" / "05_small.html").read_text()
    blob = "https://colab.research.google.com/github/owner/name/blob/main/chapters/05_small.ipynb"
    assert html.count(blob) == 2  # the button and the badge
    assert "source-repository-button" in html and "download-source-button" in html
    assert "https://github.com/owner/name/edit/main/chapters/05_small.ipynb" in html
