// Sets the formulas of a page a few at a time, those nearest to the reader first. All at once, as
// MathJax does it by itself, they keep a page of 600 formulas from moving for seconds.
(() => {
  const SHARE = 25, MOST = 24; // of one batch: milliseconds, formulas; then the page may move
  const MOVES = ["wheel", "touchstart", "pointerdown", "keydown"];
  const page = document.documentElement, fonts = new Map();
  let pending = [], moved = false, doc = null;

  const rest = () => new Promise((go) => setTimeout(go));
  const aim = () => moved ? null : document.getElementById(decodeURIComponent(location.hash.slice(1)));

  // Formulas in the order of their distance from what the reader looks at; hidden ones last.
  function sorted(items) {
    const eye = aim()?.getBoundingClientRect().top ?? innerHeight / 3;
    const far = new Map(items.map((item) => {
      const box = item.start.node.parentNode.getBoundingClientRect();
      return [item, box.width ? Math.abs(box.top - eye) : Infinity];
    }));
    return items.sort((a, b) => far.get(a) - far.get(b));
  }

  // How large a formula is beside text is measured once for each font. MathJax would measure it for
  // each formula, and for that have the whole page laid out with each batch.
  function set(item) {
    const parent = item.start.node.parentNode, style = getComputedStyle(parent);
    const font = [style.fontFamily, style.fontSize, style.fontWeight, style.fontStyle, item.display].join();
    if (!fonts.has(font)) fonts.set(font, doc.outputJax.getMetricsFor(parent, item.display));
    const { em, ex, containerWidth, lineWidth, scale } = fonts.get(font);
    item.setMetrics(em, ex, containerWidth, lineWidth, scale);
    item.render(doc);
  }

  // Something that stays where it is on the screen while formulas above it grow.
  function mark() {
    if (aim()) return aim();
    const nodes = scrollY ? document.elementsFromPoint(innerWidth / 2, innerHeight / 3) : [];
    return nodes.find((node) => node.closest("article") && !/ARTICLE|SECTION/.test(node.tagName));
  }
  function keeping(change) {
    const node = mark(), before = node?.getBoundingClientRect().top;
    change();
    const gone = node?.isConnected ? node.getBoundingClientRect().top - before : 0;
    if (Math.abs(gone) > 0.5) scrollBy({ top: gone, behavior: "instant" });
  }
  function batch() {
    const end = performance.now() + SHARE;
    for (let n = 0; pending.length && n < MOST && performance.now() < end; n++) set(pending.shift());
  }

  // What is wider than the page scrolls, and must be within reach of the arrow keys.
  function reachable() {
    for (const node of document.querySelectorAll('mjx-container[display="true"]'))
      if (node.scrollWidth > node.clientWidth + 1) node.tabIndex = 0;
      else node.removeAttribute("tabindex");
  }

  async function all() {
    await rest(); // MathJax has just been read, which is work enough for one go
    doc = MathJax.startup.document;
    doc.options.elements = [...document.querySelectorAll("span.math, div.math")];
    doc.findMath();
    doc.addPageElements();
    doc.addStyleSheet();
    pending = [...doc.math];
    page.style.overflowAnchor = "none"; // what `keeping` does is not to be done twice
    while (pending.length) {
      await rest();
      sorted(pending);
      keeping(batch);
    }
    page.style.overflowAnchor = "";
    aim()?.scrollIntoView({ behavior: "instant" });
    reachable();
    new ResizeObserver(reachable).observe(document.querySelector("article") ?? document.body);
  }

  for (const name of MOVES) addEventListener(name, () => moved = true, { once: true, passive: true });
  addEventListener("beforeprint", () => pending.splice(0).forEach(set)); // paper shows all of them
  window.MathJax = { ...window.MathJax, startup: { typeset: false, pageReady: all } };
})();
