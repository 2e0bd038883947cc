"""Shared by all tests: where the repository is, a small book, and a page for live figures."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import build_chapters
from gancourse.live import FOLDER

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="SKIPPED: node is not installed")
needs_browser = pytest.mark.skipif(not CHROMIUM, reason="SKIPPED: chromium is not installed")

CHAPTER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A small chapter

See the [formula](#a-formula) and {eq}`eq-sum`.

## A formula

$$
1 + 1 = 2
$$ (eq-sum)

```{code-cell} python
import matplotlib.pyplot as plt
import torch

torch.manual_seed(0)
values = torch.randn(50)
plt.plot(values)
plt.show()
```

```{code-cell} python
# NBVAL_CHECK_OUTPUT
print(1 + 1)
values.mean()
```
"""


def make_small_book(folder):
    """A book of one chapter with this repository's settings, theme and extensions."""
    for name in ("_ext", "_static"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "_config.yml", folder)
    for name in ("chapters", "appendix", "gancourse", "tests"):
        (folder / name).mkdir()
    (folder / "chapters" / "05_small.md").write_text(CHAPTER)
    (folder / "references.bib").write_text("")
    (folder / "intro.md").write_text("# Welcome\n\nOne page.\n")
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nparts:\n"
        "  - numbered: 1\n    chapters:\n      - file: chapters/05_small\n"
    )
    return folder


@pytest.fixture
def small_book(tmp_path):
    return make_small_book(tmp_path)


@pytest.fixture(scope="session")
def executed_once(tmp_path_factory):
    folder = make_small_book(tmp_path_factory.mktemp("book"))
    build_chapters.main([], root=folder)
    return folder


@pytest.fixture
def executed_book(executed_once, tmp_path):
    """The small book with its notebook, to be spoilt."""
    return shutil.copytree(executed_once, tmp_path, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def victim():
    """A process that trains, to be killed and asked again (tests/torture)."""
    from victim import Victim

    with Victim() as server:
        yield server


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


def experiment(name):
    """The script tools/experiments/`name`.py as a module."""
    folder = str(ROOT / "tools" / "experiments")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(folder)


def under_node(figure, body, **given):
    """What the `body` of a JavaScript function returns, without a page around it.

    In it `N` are the numbers of the `figure`, `g` what is given and `random` the generator of
    chance. Typed arrays come back as lists, infinity as "inf".
    """
    source = "".join((FOLDER / f"{name}.js").read_text() for name in ("live", figure))
    script = (
        f"{source}\nconst N = gancourse.{figure}.numbers, g = {json.dumps(given)};\n"
        "const random = gancourse.live.random;\n"
        "const plain = (_, value) => ArrayBuffer.isView(value) ? [...value]"
        " : value === Infinity ? 'inf' : value;\n"
        f"console.log(JSON.stringify((() => {{ {body} }})(), plain));"
    )
    done = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_self_contained(make, at_most=None):
    """The HTML of `make()` is the same each time, asks for nothing, and fits `at_most` letters."""
    html = make()._repr_html_()
    assert html == make()._repr_html_()
    assert not any(
        word in html.replace("http://www.w3.org/2000/svg", "")
        for word in ("http", "import(", "fetch(", "src=")
    )
    assert html.count("</script>") == 1  # none inside the script ends it early
    assert at_most is None or len(html) < at_most


def assert_speaks_without_scripts(open_page, figure, words="live figure"):
    """Where scripts do not run a sentence with these `words` stands in the figure's place."""
    page = open_page(figure, scripts=False)
    assert words in page.locator(".live-fallback").inner_text()


def number(page, name, figure=0):
    text = page.locator("figure.live-figure").nth(figure).locator(f"[data-number={name}]")
    return float(text.inner_text().replace("\N{MINUS SIGN}", "-"))
