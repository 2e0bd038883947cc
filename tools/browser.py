"""Opens every page of a built book in Chromium, from file://, as a reader on a phone would."""

import json
import os
import shutil
from pathlib import Path

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
LOCAL = ("file:", "data:", "blob:", "about:")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]  # nothing leaves, but everything is seen

# What a reader would notice, found in the page itself.
PAGE = r"""async () => {
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  await document.fonts.ready;
  const article = document.querySelector("article") || document.body, found = [];
  if (!document.querySelector("meta[http-equiv='Content-Security-Policy']"))
    found.push("no content policy");
  const program = node => ["href", "xlink:href"].some(name =>
    /^\s*javascript:/i.test(node.getAttribute(name) || ""));
  if ([...document.querySelectorAll("a, use")].some(program)) found.push("a program as a link");
  const shown = node => (node.dataset.mjxError || node.textContent).trim().slice(0, 60);
  for (const node of article.querySelectorAll("span.math, div.math"))
    if (!node.querySelector("mjx-container")) found.push("formula not set: " + shown(node));
  for (const node of article.querySelectorAll("mjx-merror, merror, mtext[mathcolor='red']"))
    found.push("formula with an error: " + shown(node));
  const prose = article.cloneNode(true);
  const others = "pre, code, script, style, mjx-container";
  for (const node of prose.querySelectorAll(others)) node.remove();
  const tex = /\$\$|\\\(|\\\[|\\begin\{|\\frac|\\mathbb/;
  const role = /\{(cite|eq|numref|ref|doc)[:\w]*\}`/;
  for (const markup of [tex, role, /\(eq-[\w-]+\)/]) {
    const raw = prose.textContent.match(markup);
    if (raw) found.push("markup shows through: " + raw[0]);
  }
  return found;
}"""
SIDEWAYS = r"""() => {
  const page = document.documentElement, found = [];
  if (page.scrollWidth > innerWidth + 1)
    found.push(`page is ${page.scrollWidth} px wide at ${innerWidth} px`);
  const scrolls = node => getComputedStyle(node).overflowX != "visible";
  const kinds = "p, img, svg, table, pre, canvas, input, h1, h2";
  for (const node of document.querySelectorAll(`article :is(${kinds})`)) {
    const box = node.getBoundingClientRect();
    if (!box.width || box.right <= innerWidth + 1) continue;
    let up = node;
    while (up.tagName != "ARTICLE" && !scrolls(up)) up = up.parentElement;
    if (up.tagName == "ARTICLE")
      found.push(`cut off at ${innerWidth} px: <${node.tagName}> ${node.textContent.slice(0, 40)}`);
  }
  return found.slice(0, 5);
}"""
DARK = r"""() => {
  const button = document.querySelector(".theme-switch-button");
  if (!button) return ["no switch for dark mode"];
  for (let i = 0; i < 3 && document.documentElement.dataset.theme != "dark"; i++) button.click();
  const colour = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
  return document.documentElement.dataset.theme == "dark" && Math.max(...colour.slice(0, 3)) < 80
    ? [] : ["dark mode does not darken the page: " + colour];
}"""
# How many formulas were set at one go, before the page could move again: counted by task, so that a
# busy machine does not matter.
COUNT_BATCHES = r"""(() => {
  window.largestBatch = 0;
  new MutationObserver((changes) => {
    let set = 0;
    for (const { addedNodes } of changes)
      for (const node of addedNodes) set += node.nodeName == "MJX-CONTAINER";
    window.largestBatch = Math.max(window.largestBatch, set);
  }).observe(document, { childList: true, subtree: true });
})();"""
MOST_FORMULAS = 24
ALT_TEXTS = r"""() => [...document.querySelectorAll("article img")]
  .filter((node) => !node.hasAttribute("alt") || /\w{20,}|\.(png|svg|gif|webp)$/.test(node.alt))
  .map((node) => "picture without words: " + node.src.slice(-60))"""
LAST_ANCHOR = r"""() => [...document.querySelectorAll("article section[id]")].at(-1)?.id ?? "" """
AT = r"""(id) => Math.round(document.getElementById(id).getBoundingClientRect().top)"""
PLACE = 150  # pixels from the top in which a linked section is looked for
AXE = Path(__file__).parent / "javascript" / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = r"""async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"], preload: false });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `axe ${id}: ` + node.target.join(" ")));
}"""
SET_DARK = "localStorage.setItem('mode', 'dark'); localStorage.setItem('theme', 'dark')"
LONGEST_TASK = 0.6  # seconds of one processor; all formulas at once take 1.4 to 2.4
LONGEST_WORD = r"""() => (document.querySelector("article h1") || document.body).textContent
    .match(/[A-Za-z]{4,}/g).sort((a, b) => b.length - a.length)[0]"""


def chromium():
    """Path of a Chromium or Chrome of this machine, or None. CHROMIUM names another one."""
    named = os.environ.get("CHROMIUM")
    if named is not None:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), MAC if os.path.exists(MAC) else None)


class Reader:
    """One browser page that remembers what went wrong while it was open."""

    def __init__(self, browser, folder):
        self.folder, self.problems, self.where = Path(folder).resolve(), [], ""
        self.page = browser.new_page(viewport=PHONE)
        self.page.add_init_script(COUNT_BATCHES)
        self.page.on("request", self.on_request)
        self.page.on("requestfailed", self.on_failure)
        self.page.on("pageerror", lambda error: self.note(f"script error: {error}"))
        self.page.on("console", self.on_console)

    def note(self, problem):
        self.problems.append(f"{self.where}: {problem}")

    def on_failure(self, request):
        """A page that is left may leave its picture for the tab behind; nobody misses it."""
        if not request.url.endswith("favicon.svg"):
            self.note(f"not loaded: {request.url[-80:]}")

    def on_request(self, request):
        if not request.url.startswith(LOCAL):
            self.note(f"external request: {request.url[:100]}")

    def on_console(self, message):
        if message.type == "error":
            self.note(f"console: {message.text[:160]}")

    def open(self, name, query=""):
        self.where = name
        if name == "about:blank":
            self.page.goto(name)
            return
        self.page.goto((self.folder / name).as_uri() + query, wait_until="load")

    def ask(self, script):
        for problem in self.page.evaluate(script):
            self.note(problem)

    def read(self, name):
        """Every check of one page, first on a phone, then on a desk."""
        self.open(name)
        self.ask(PAGE)
        if (batch := self.page.evaluate("largestBatch")) > MOST_FORMULAS:
            self.note(f"{batch} formulas were set at one go, and the page stood still")
        self.ask(ALT_TEXTS)
        self.ask(SIDEWAYS)
        self.page.set_viewport_size(DESK)
        self.ask(SIDEWAYS)
        self.page.set_viewport_size(PHONE)

    def follow_a_link(self, name):
        """To the last section of a page: it must be in sight when all formulas are set."""
        self.open(name)
        if anchor := self.page.evaluate(LAST_ANCHOR):
            self.page.set_viewport_size(DESK)
            self.open("about:blank")
            self.open(name, f"#{anchor}")
            self.ask(PAGE)
            self.page.wait_for_timeout(300)
            if abs(top := self.page.evaluate(AT, anchor)) > PLACE and not self.at_the_end():
                self.note(f"#{anchor} stands {top} px from the top")

    def at_the_end(self):
        return self.page.evaluate("scrollY + innerHeight >= document.body.scrollHeight - 2")

    def try_search_and_dark_mode(self, home):
        self.open(home)
        word = self.page.evaluate(LONGEST_WORD)
        self.page.set_viewport_size(DESK)
        self.ask(DARK)
        self.open("search.html", f"?q={word}")
        try:
            self.page.wait_for_selector("#search-results li a", timeout=5000)
            self.page.wait_for_selector("#search-results li p.context a", timeout=5000)
        except Exception:
            self.note(f"search finds nothing for {word!r}, or shows no section")
        self.open(home)  # where what was looked for is marked, also in the map's drawing
        self.page.wait_for_timeout(200)


def pages(folder):
    """Every page of the book, as paths inside it; index.html only leads on to the home page."""
    names = (p.relative_to(folder).as_posix() for p in sorted(Path(folder).rglob("*.html")))
    return [n for n in names if n != "index.html" and not n.startswith(("_static", "_downloads"))]


def longest_task(browser, folder, name):
    """Seconds of one processor, of the page's longest task; another process beside it adds none."""
    page = browser.new_page(viewport=DESK)
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
    page.goto((Path(folder).resolve() / name).as_uri(), wait_until="load")
    page.evaluate("async () => { await window.MathJax?.startup?.promise; }")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    page.close()
    return max((e.get("tdur", 0) for e in events if e["name"].endswith("RunTask")), default=0) / 1e6


def most_formulas(folder):
    """The page with the largest number of formulas."""
    return max(
        pages(folder), key=lambda n: (Path(folder) / n).read_text("utf-8").count('class="math ')
    )


def one_of_each_form(names):
    """All pages, but of those that are made by one form (listings, the reference) only three."""
    spared = set()
    for form in ("_modules/", "appendix/api/"):
        spared |= set([name for name in names if name.startswith(form)][3:])
    return [name for name in names if name not in spared]


def accessible(browser, folder):
    """What axe-core finds in every form of page: light on a desk and a phone, dark on both."""
    for dark in (False, True):
        reader = Reader(browser, folder)
        if dark:
            reader.page.add_init_script(SET_DARK)
        for name in one_of_each_form(pages(folder)):
            reader.open(name)
            reader.page.evaluate("async () => { await window.MathJax?.startup?.promise; }")
            reader.page.evaluate(AXE.read_text("utf-8"))
            for size in (PHONE, DESK):
                reader.page.set_viewport_size(size)
                reader.page.wait_for_timeout(400)  # the theme then gives what scrolls a stop
                reader.ask(RUN_AXE)
        reader.page.close()
        yield from reader.problems


def problems(folder, home="intro.html"):
    """Everything that a reader would stumble over, as ``page: problem``."""
    from playwright.sync_api import sync_playwright  # where only the book is built, there is none

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        reader = Reader(browser, folder)
        for name in pages(folder):
            reader.read(name)
        reader.try_search_and_dark_mode(home)
        longest = most_formulas(folder)
        reader.follow_a_link(longest)
        if (seconds := longest_task(browser, folder, longest)) > LONGEST_TASK:
            reader.note(f"one task takes {seconds:.2f} s of a processor")
        if AXE.exists():
            reader.problems += accessible(browser, folder)
        browser.close()
    return list(dict.fromkeys(reader.problems))
