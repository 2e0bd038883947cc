// Drag the bars of two histograms p and q; see entropy, KL both ways, JSD, TV and W1 (chapter 02).
// numbers: the arithmetic, pure; tests compare it with gancourse.theory.  mount: the figure.
gancourse.histograms = (() => {
  const LOG2 = Math.log(2), NAMES = "ABCDEFGHIJ";
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const logTerm = (a, b) => a == 0 ? 0 : a * Math.log(b); // a log b with 0 log 0 = 0
  const mix = (p, q) => p.map((a, i) => (a + q[i]) / 2);

  // What each bar adds to a divergence: their sum is the divergence.
  const TERMS = {
    "KL(p‖q)": (p, q) => p.map((a, i) => logTerm(a, a) - logTerm(a, q[i])),
    "KL(q‖p)": (p, q) => TERMS["KL(p‖q)"](q, p),
    JSD: (p, q) => {
      const m = mix(p, q), [there, back] = [p, q].map((each) => TERMS["KL(p‖q)"](each, m));
      return there.map((a, i) => (a + back[i]) / 2);
    },
    TV: (p, q) => p.map((a, i) => Math.abs(a - q[i]) / 2),
  };

  // Everything the figure shows; bars stand at 1, 2, 3, … for W1.
  function at({ p, q }) {
    const [klForward, klReverse, jsd, tv] = Object.values(TERMS).map((terms) => Math.max(0, sum(terms(p, q))));
    const entropy = (r) => Math.abs(sum(r.map((a) => -logTerm(a, a))));
    let gap = 0, w1 = 0;
    p.forEach((a, i) => {
      w1 += Math.abs(gap);
      gap += a - q[i];
    });
    return {
      entropyP: entropy(p),
      entropyQ: entropy(q),
      crossEntropy: sum(p.map((a, i) => a == 0 ? 0 : -logTerm(a, q[i]))),
      klForward,
      klReverse,
      jsd,
      root: Math.sqrt(jsd),
      tv,
      w1,
    };
  }

  const even = (n) => Array(n).fill(1 / n), normal = (values) => values.map((v) => v / sum(values));
  const lump = (n, from, to) => normal(Array.from({ length: n }, (_, i) => +(i >= from && i < to)));
  const PRESETS = {
    equal: (n) => [even(n), even(n)],
    disjoint: (n) => [lump(n, 0, n >> 1), lump(n, n >> 1, n)],
    "one bin empty": (n) => [even(n), lump(n, 0, n - 1)],
    "almost empty": (n) => [even(n), normal([...Array(n - 1).fill(1), 1e-3])],
    "next door": (n) => [lump(n, 0, 1), lump(n, 1, 2)],
    "far away": (n) => [lump(n, 0, 1), lump(n, n - 1, n)],
  };

  function comment({ p, q }, { klForward, klReverse, jsd, tv }) {
    const bars = (test) => p.map((_, i) => i).filter(test).map((i) => NAMES[i]).join(", ");
    const onlyP = bars((i) => p[i] > 0 && q[i] == 0), onlyQ = bars((i) => q[i] > 0 && p[i] == 0);
    if (jsd < 1e-4)
      return "The two agree: every divergence is zero, and the cross-entropy is as small as it can be, the entropy of p.";
    if (tv > 0.9999)
      return "Nothing in common: both KLs are infinite, JSD and TV stand at their ceilings. Only W₁ still knows how far apart they are.";
    if (onlyP && onlyQ)
      return `p has mass at ${onlyP} where q has none, and q at ${onlyQ} where p has none: both KLs are infinite.`;
    if (onlyP)
      return `q calls ${onlyP} impossible, and p makes it happen: KL(p‖q) and the cross-entropy are infinite. KL(q‖p) does not mind.`;
    if (onlyQ)
      return `q has mass at ${onlyQ} where p has none: KL(q‖p) is infinite. KL(p‖q) does not mind, except that q has less left for the rest.`;
    const most = TERMS["KL(p‖q)"](p, q), worst = NAMES[most.indexOf(Math.max(...most))];
    if (klForward > 1.5 * klReverse)
      return `KL(p‖q) is the larger one: q gives too little to what p often does, most of all at ${worst}.`;
    if (klReverse > 1.5 * klForward) return "KL(q‖p) is the larger one: q often does what p finds improbable.";
    return "Both KLs are finite, and here they are of similar size. They agree to second order when p and q are close.";
  }

  const STYLE = `
    .live-figure .buttons.presets { margin-top: 0; } @media (max-width: 799px) { .live-figure .presets button { flex-basis: 150px; } }
    .live-figure svg.bars { cursor: default; overflow: visible; }
    .live-figure .bar.real { fill: var(--real); fill-opacity: .3; } .live-figure .bar.fake { fill: var(--fake); fill-opacity: .3; }
    .live-figure .bar.third { fill: var(--third); fill-opacity: .65; stroke: none; }
    .live-figure .top { cursor: ns-resize; touch-action: none; stroke: var(--wash); stroke-width: 2; }
    .live-figure .top.real { fill: var(--real); } .live-figure .top.fake { fill: var(--fake); }
    .live-figure .top:focus { outline: none; } .live-figure .top:focus-visible { stroke: var(--third); stroke-width: 4; }
    .live-figure .reach { fill: transparent; cursor: ns-resize; touch-action: none; }
    .live-figure .percent { text-anchor: middle; }
    .live-figure .panel b:empty, .live-figure .bill > .axis:first-child { display: none; }
    .live-figure svg.bill { cursor: default; }`;

  // Bars with handles on their tops: draggable up and down, and sliders for the arrow keys.
  function barChart(panel, kind, name, n, moved) {
    const make = (tag, settings) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [key, value] of Object.entries(settings)) node.setAttribute(key, value);
      panel.svg.append(node);
      return node;
    };
    panel.svg.classList.add("bars");
    panel.svg.setAttribute("role", "group");
    const axis = make("line", { class: "axis" });
    const bars = Array.from({ length: n }, (_, i) => {
      const bar = make("rect", { class: `bar ${kind}` }),
        letter = make("text", { class: "percent" }),
        share = make("text", { class: "percent" });
      const top = make("circle", {
        class: `top ${kind}`,
        r: 8,
        tabindex: 0,
        role: "slider",
        "aria-label": `${name}(${NAMES[i]})`,
        "aria-valuemin": 0,
        "aria-valuemax": 1,
        "aria-orientation": "vertical",
      });
      const reach = make("circle", { class: "reach", r: 20 });
      letter.textContent = NAMES[i];
      const drag = (event) => {
        const down = event.clientY - panel.svg.getBoundingClientRect().top - panel.top;
        moved(i, 1 - down / (panel.height - panel.top - panel.bottom));
      };
      reach.addEventListener("pointerdown", (event) => {
        reach.setPointerCapture(event.pointerId);
        event.preventDefault();
        top.focus({ preventScroll: true });
      });
      // touch-action on a shape inside an SVG does not stop the page from scrolling; this does
      reach.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
      reach.addEventListener("pointermove", (event) => {
        if (reach.hasPointerCapture(event.pointerId)) drag(event);
      });
      top.addEventListener("keydown", (event) => {
        const now = +top.getAttribute("aria-valuenow");
        const next = {
          ArrowUp: now + 0.02,
          ArrowRight: now + 0.02,
          ArrowDown: now - 0.02,
          ArrowLeft: now - 0.02,
          PageUp: now + 0.1,
          PageDown: now - 0.1,
          Home: 0,
          End: 1,
        }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        moved(i, Math.abs(next) < 1e-3 ? 0 : next);
      });
      return { bar, letter, share, top, reach };
    });
    panel.svg.addEventListener("click", (event) => { // a tap in a column sets its bar
      if (event.target.classList.contains("reach")) return;
      const box = panel.svg.getBoundingClientRect(), width = (panel.width - panel.left - panel.right) / n;
      const i = Math.floor((event.clientX - box.left - panel.left) / width);
      if (i >= 0 && i < n)
        moved(i, 1 - (event.clientY - box.top - panel.top) / (panel.height - panel.top - panel.bottom));
    });
    return (values) => {
      panel.frame(0, 1);
      const set = (node, settings) => {
        for (const [key, value] of Object.entries(settings)) node.setAttribute(key, value);
      };
      set(axis, { x1: panel.X(0), x2: panel.X(n), y1: panel.Y(0), y2: panel.Y(0) });
      bars.forEach(({ bar, letter, share, top, reach }, i) => {
        const x = panel.X(i + 0.5), y = panel.Y(values[i]), half = (panel.X(1) - panel.X(0)) * 0.36;
        set(bar, { x: x - half, width: 2 * half, y, height: panel.Y(0) - y });
        set(letter, { x, y: panel.height - 4 });
        set(share, { x, y: y - 13 });
        share.textContent = percent(values[i]);
        for (const circle of [top, reach]) set(circle, { cx: x, cy: y });
        set(top, { "aria-valuenow": values[i].toFixed(4), "aria-valuetext": `${percent(values[i])} percent` });
      });
    };
  }
  const percent = (v) => String(+(100 * v).toFixed(v < 0.01 ? 2 : v < 0.1 ? 1 : 0));

  function mount(root, settings) {
    const { element, button, menu, readout, sentence, setBar, Panel } = gancourse.page;
    element(root, "style").textContent = STYLE;
    let now = { p: [...settings.p], q: [...settings.q] };
    const n = now.p.length, p = '<i class="real">p</i>', q = '<i class="fake">q</i>';

    const bar = element(root, "div", "buttons presets"),
      set = (p, q) => {
        now = { p, q };
        draw();
      };
    for (const name in PRESETS) button(bar, name, () => set(...PRESETS[name](n)));
    button(bar, "swap p and q", () => set(now.q, now.p));
    button(bar, "start again", () => set([...settings.p], [...settings.q]));

    const columns = element(root, "div", "row");
    const panel = (title, says, height) => {
      const made = new Panel(element(columns, "div", "column"), { title, says, height, x: [0, n] });
      return Object.assign(made, { left: 8, right: 8, top: 26, bottom: 28 });
    };
    const chart = (key, kind, title) =>
      barChart(panel(title, `bars of ${key}`, 172), kind, key, n, (i, height) => {
        now = { ...now, [key]: setBar(now[key], i, height) };
        draw();
      });
    const showP = chart("p", "real", `the data ${p}, in percent (drag the dots)`);
    const showQ = chart("q", "fake", `the model ${q}, in percent (drag the dots)`);

    const controls = element(root, "div", "row controls");
    const shown = menu(controls, {
      label: '<span class="third">what each bar pays for</span>',
      value: "KL(p‖q)",
      options: Object.fromEntries(Object.keys(TERMS).map((name) => [name, name])),
    }, draw);
    const unit = menu(controls, {
      label: "unit of information",
      value: "nats",
      options: { nats: "nats", bits: "bits" },
    }, draw);
    const bill = Object.assign(panel("", "the contribution of each bar", 118), { top: 22, bottom: 38 });
    bill.svg.classList.add("bill");
    controls.after(bill.svg.closest(".column"));

    const write = readout(root, {
      entropyP: `entropy <i>H</i>(${p})`,
      entropyQ: `entropy <i>H</i>(${q})`,
      crossEntropy: `cross-entropy <i>H</i>(${p}, ${q})`,
      klForward: `KL(${p}‖${q})`,
      klReverse: `KL(${q}‖${p})`,
      jsd: `JSD(${p}‖${q})`,
      root: "√JSD",
      tv: `TV(${p}, ${q})`,
      w1: `<i>W</i>₁(${p}, ${q})`,
    });
    const say = sentence(root);

    function draw() {
      const numbers = at(now), scale = unit.get() == "bits" ? 1 / LOG2 : 1;
      showP(now.p);
      showQ(now.q);
      for (const key of ["entropyP", "entropyQ", "crossEntropy", "klForward", "klReverse", "jsd"])
        numbers[key] *= scale;
      numbers.root *= Math.sqrt(scale);
      write(numbers);
      say(comment(now, at(now)));
      drawBill(TERMS[shown.get()](now.p, now.q).map((v) => shown.get() == "TV" ? v : v * scale));
    }
    function drawBill(terms) {
      const finite = terms.filter(Number.isFinite), high = Math.max(0.3, ...finite), low = Math.min(0, ...finite);
      bill.frame(low, high);
      bill.draw(
        bill.level(0, "axis"),
        ...terms.map((v, i) => {
          const x = bill.X(i + 0.5),
            half = (bill.X(1) - bill.X(0)) * 0.36,
            end = bill.Y(v == Infinity ? high : v),
            zero = bill.Y(0);
          const text = v == Infinity ? "∞" : v == 0 ? "0" : gancourse.page.format(v, 2);
          return `<rect class="bar third" x="${x - half}" width="${2 * half}" y="${Math.min(end, zero)}" height="${
            Math.abs(end - zero)
          }"/>`
            + `<text class="percent" x="${x}" y="${v < 0 ? end + 13 : end - 5}">${text}</text>`
            + `<text class="percent" x="${x}" y="${bill.height - 4}">${NAMES[i]}</text>`;
        }),
      );
    }
    draw();
    return draw;
  }

  return { numbers: { at, setBar: gancourse.page.setBar, terms: TERMS, presets: PRESETS, comment }, mount };
})();
