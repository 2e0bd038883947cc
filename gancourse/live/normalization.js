// Drag the numbers of a small batch; batch, layer, instance and group norm side by side (chapter 10).
// numbers: the arithmetic, pure; tests compare it with gancourse.theory.  mount: the figure.
gancourse.normalization = (() => {
  const EPS = 1e-5, MOST = 5, NAMES = "ABCDEFGH";
  const KINDS = ["batch", "layer", "instance", "group"];
  // Which numbers share a mean: two of them do if their keys are equal. x is [sample][channel][position].
  const key = (kind, n, c, groupSize) =>
    kind == "batch" ? c : kind == "layer" ? n : kind == "instance" ? `${n},${c}` : `${n},${Math.floor(c / groupSize)}`;

  function moments(values) {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return { n: values.length, mean, variance: values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length };
  }

  // {y, sets: {key: moments}, keys: [n][c]} of one kind, groups lots of neighbouring channels.
  function normalize(x, kind, { groups = 2, gamma = 1, beta = 0 } = {}) {
    const size = x[0].length / groups, lots = {};
    const keys = x.map((sample, n) =>
      sample.map((cell, c) => {
        const k = key(kind, n, c, size);
        (lots[k] ??= []).push(...cell);
        return k;
      })
    );
    const sets = Object.fromEntries(Object.entries(lots).map(([k, values]) => [k, moments(values)]));
    const y = x.map((sample, n) =>
      sample.map((cell, c) => {
        const { mean, variance } = sets[keys[n][c]];
        return cell.map((v) => gamma * (v - mean) / Math.sqrt(variance + EPS) + beta);
      })
    );
    return { y, sets, keys };
  }

  // The largest change of the output of any sample whose own numbers have not changed; null if none is left.
  function spill(before, now, kind, settings) {
    const same = now.flatMap((sample, n) => JSON.stringify(sample) == JSON.stringify(before[n]) ? [n] : []);
    if (!same.length) return null;
    const [a, b] = [before, now].map((x) => normalize(x, kind, settings).y);
    return Math.max(...same.flatMap((n) => b[n].flatMap((cell, c) => cell.map((v, l) => Math.abs(v - a[n][c][l])))));
  }

  const change = (x, f) =>
    x.map((sample, n) => sample.map((cell, c) => cell.map((v, l) => Math.min(MOST, Math.max(-MOST, f(v, n, c, l))))));

  const STYLE = `
    .live-figure svg.batch { cursor: default; overflow: visible; touch-action: pan-y; }
    .live-figure .norms { display: grid; gap: .5rem 1rem; margin: .3rem 0 0; grid-template-columns: repeat(4, minmax(0, 1fr)); }
    @container (max-width: 640px) { .live-figure .norms { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
    .live-figure .holds { container-type: inline-size; }
    .live-figure .tint { fill: hsl(var(--hue) 75% 50% / .17); stroke: hsl(var(--hue) 60% 45% / .55); }
    .live-figure .tint.lit { stroke: var(--ink); stroke-width: 2; fill: hsl(var(--hue) 75% 50% / .38); }
    .live-figure .cell { fill: none; stroke: var(--line); }
    .live-figure .stick { stroke: var(--ink); stroke-width: 2.5; } .live-figure .zero { stroke: var(--soft); stroke-width: 1; }
    .live-figure .norms circle { fill: var(--ink); } .live-figure .norms circle.chosen { fill: var(--fake); }
    .live-figure .handle { fill: var(--ink); stroke: var(--wash); stroke-width: 2; cursor: ns-resize; }
    .live-figure .handle.chosen { fill: var(--fake); } .live-figure .handle:focus { outline: none; }
    .live-figure .handle:focus-visible { stroke: var(--third); stroke-width: 4; }
    .live-figure .reach { fill: transparent; cursor: ns-resize; touch-action: none; }
    .live-figure .norms b { font-weight: 600; } .live-figure .batch text { text-anchor: middle; }
    .live-figure table.sets { width: 100%; border-collapse: collapse; margin: .4rem 0 0; font-variant-numeric: tabular-nums; display: table; }
    .live-figure table.sets :is(th, td) { padding: .12rem .2rem; text-align: right; border-bottom: 1px solid var(--line); font-size: 13px; background: none; color: var(--ink); }
    .live-figure table.sets :is(th, td):first-child { text-align: left; }
    .live-figure table.sets th { font-weight: 400; color: var(--soft); vertical-align: bottom; line-height: 1.25; }`;

  const tag = (parent, name, settings) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    set(node, settings);
    parent.append(node);
    return node;
  };
  const set = (node, settings) => {
    for (const [name, value] of Object.entries(settings)) node.setAttribute(name, value);
  };

  // A grid of cells, samples down and channels across, with a place for each position.
  class Grid {
    constructor(svg, [N, C, L], rowHeight, names) {
      Object.assign(this, { svg, N, C, L, rowHeight, left: names ? 24 : 1, top: names ? 20 : 1, reach: 5.4 });
      svg.setAttribute("height", this.top + N * rowHeight + 2);
      svg.classList.add("batch");
    }
    measure() {
      this.width = (this.svg.clientWidth || 300) - this.left - 2;
      this.wide = this.width / this.C;
    }
    box(n, c) {
      return {
        x: this.left + c * this.wide,
        y: this.top + n * this.rowHeight,
        width: this.wide,
        height: this.rowHeight,
      };
    }
    inner(n, c) {
      const b = this.box(n, c);
      return { x: b.x + 2, y: b.y + 2, width: b.width - 4, height: b.height - 4, rx: 3 };
    }
    X(c, l) {
      return this.left + (c + (l + 0.75) / (this.L + 0.5)) * this.wide;
    }
    Y(n, v) {
      return this.top + (n + 0.5 - Math.max(-1, Math.min(1, v / this.reach)) / 2) * this.rowHeight;
    }
    value(n, y) {
      return -((y - this.top) / this.rowHeight - n - 0.5) * 2 * this.reach;
    }
  }

  function mount(root, settings) {
    const { element, button, slider, sentence, format, random } = gancourse.page;
    element(root, "style").textContent = STYLE;
    const start = settings.batch,
      N = start.length,
      C = start[0].length,
      L = start[0][0].length,
      groups = settings.groups;
    let x = structuredClone(start), chosen = [0, 0, 0], draws = 0, kept = start;
    const bar = element(root, "div", "buttons");
    const act = (f) => () => {
      kept = structuredClone(x);
      x = change(x, f);
      draw();
    };
    button(bar, "sample B: + 2", act((v, n) => n == 1 ? v + 2 : v));
    button(bar, "sample B: × ½", act((v, n) => n == 1 ? v / 2 : v));
    button(bar, "channel 2: + 2", act((v, n, c) => c == 1 ? v + 2 : v));
    button(bar, "another batch", () => {
      const { normal } = random(++draws);
      x = change(x, () => 1.6 * normal());
      kept = x;
      draw();
    });
    button(bar, "start again", () => {
      x = structuredClone(start);
      kept = start;
      chosen = [0, 0, 0];
      draw();
    });

    // what one drags on the left, its answers on the right
    const sides = element(root, "div", "sides"), left = element(sides, "div", "picture");
    const holder = element(
      left,
      "div",
      "panel",
      "<b>the batch <i>x</i>: samples down, channels across (drag the dots)</b>",
    );
    const svg = tag(holder, "svg", { role: "group", "aria-label": "the batch" }),
      grid = new Grid(svg, [N, C, L], 58, true);
    const frames = [], marks = [], heads = [];
    const each = (f) => {
      for (let n = 0; n < N; n++) for (let c = 0; c < C; c++) f(n, c);
    };
    each((n, c) => frames.push([n, c, tag(svg, "rect", { class: "cell" }), tag(svg, "line", { class: "zero" })]));
    for (let c = 0; c < C; c++)
      heads.push([tag(svg, "text", {}), () => ({ x: grid.left + (c + 0.5) * grid.wide, y: 14 }), `channel ${c + 1}`]);
    for (let n = 0; n < N; n++) heads.push([tag(svg, "text", {}), () => ({ x: 11, y: grid.Y(n, 0) + 4 }), NAMES[n]]);
    for (const [node, , text] of heads) node.textContent = text;
    each((n, c) => {
      for (let l = 0; l < L; l++) marks.push(mark(n, c, l));
    });

    function choose(n, c, l) {
      if (chosen.join() != [n, c, l].join()) kept = structuredClone(x);
      chosen = [n, c, l];
      draw();
    }
    function put([n, c, l], v) {
      x[n][c][l] = Math.min(MOST, Math.max(-MOST, v));
      draw();
    }
    function step([n, c, l], by) { // the next number to the left or right
      const i = ((n * C + c) * L + l + by + N * C * L) % (N * C * L);
      choose(Math.floor(i / L / C), Math.floor(i / L) % C, i % L);
      marks[i].dot.focus({ preventScroll: true });
    }
    function mark(n, c, l) {
      const at = [n, c, l];
      const stick = tag(svg, "line", { class: "stick" });
      const dot = tag(svg, "circle", {
        r: 6,
        role: "slider",
        "aria-orientation": "vertical",
        "aria-valuemin": -MOST,
        "aria-valuemax": MOST,
        "aria-label": `sample ${NAMES[n]}, channel ${c + 1}, position ${l + 1}`,
      });
      const reach = tag(svg, "rect", { class: "reach" });
      reach.addEventListener("pointerdown", (event) => {
        reach.setPointerCapture(event.pointerId);
        event.preventDefault();
        choose(...at);
        kept = structuredClone(x);
        dot.focus({ preventScroll: true });
      });
      reach.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
      reach.addEventListener("pointermove", (event) => {
        if (reach.hasPointerCapture(event.pointerId))
          put(at, grid.value(n, event.clientY - svg.getBoundingClientRect().top));
      });
      dot.addEventListener("keydown", (event) => {
        const now = x[n][c][l],
          next = {
            ArrowUp: now + 0.2,
            ArrowDown: now - 0.2,
            PageUp: now + 1,
            PageDown: now - 1,
            Home: -MOST,
            End: MOST,
          }[event.key];
        const aside = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (next === undefined && aside === undefined) return;
        event.preventDefault();
        if (aside) step(at, aside);
        else put(at, Math.abs(next) < 1e-9 ? 0 : next);
      });
      return { at, stick, dot, reach };
    }

    const controls = element(left, "div", "row controls");
    const gamma = slider(
      controls,
      { label: "<i>γ</i>, of all channels", min: 0, max: 3, step: 0.05, value: 1 },
      () => draw(),
    );
    const beta = slider(
      controls,
      { label: "<i>β</i>, of all channels", min: -2, max: 2, step: 0.05, value: 0 },
      () => draw(),
    );
    const norms = element(element(sides, "div", "holds"), "div", "norms"), small = {};
    for (const kind of KINDS) {
      const panel = element(norms, "div", "panel", `<b>${kind} norm</b>`);
      small[kind] = new Grid(
        tag(panel, "svg", { role: "img", "aria-label": `output of ${kind} norm` }),
        [N, C, L],
        38,
        false,
      );
    }
    const table = element(
      root,
      "table",
      "sets",
      `<thead><tr><th>for the orange number</th><th>numbers that share its mean</th><th>their mean</th>
      <th>their std</th><th>the output <i>y</i></th><th>samples not touched move by</th></tr></thead>`,
    );
    const body = element(table, "tbody"), rows = {};
    for (const kind of KINDS) {
      const row = element(body, "tr", "", `<td>${kind} norm</td>`);
      rows[kind] = ["n", "mean", "std", "y", "spill"].map((name) => {
        const cell = element(row, "td");
        cell.dataset.number = `${kind}-${name}`;
        return cell;
      });
    }
    const says = sentence(root);

    function draw() {
      const options = { groups, gamma: gamma.get(), beta: beta.get() }, [cn, cc, cl] = chosen;
      drawBatch();
      const spills = {}, done = Object.fromEntries(KINDS.map((kind) => [kind, normalize(x, kind, options)]));
      const largest = Math.max(...KINDS.flatMap((kind) => done[kind].y.flat(2).map(Math.abs)));
      for (const kind of KINDS) {
        small[kind].reach = Math.max(3.2, 1.1 * largest); // one scale for all four
        const { y, sets, keys } = done[kind], { n, mean, variance } = sets[keys[cn][cc]];
        spills[kind] = spill(kept, x, kind, options);
        const texts = [
          String(n),
          format(mean, 3),
          format(Math.sqrt(variance), 3),
          format(y[cn][cc][cl], 3),
          spills[kind] === null ? "–" : format(spills[kind], 3),
        ];
        rows[kind].forEach((cell, i) => {
          cell.textContent = texts[i];
        });
        drawNorm(small[kind], y, keys);
      }
      says(comment(spills, options));
    }
    function comment(spills, { gamma, beta }) {
      const stats = `Each set has mean <i>β</i> = ${format(beta, 2)} and standard deviation <i>γ</i> = ${
        format(gamma, 2)
      } afterwards (an all but constant set less).`;
      if (spills.batch === null) return stats;
      if (spills.batch < 5e-4) return `${stats} Now change something: how do the samples that you do not touch move?`;
      return `${stats} Your last change moved the <i>other</i> samples by up to ${
        format(spills.batch, 2)
      } under batch norm, and by exactly 0 under the other three.`;
    }
    function drawBatch() {
      grid.measure();
      for (const [n, c, frame, zero] of frames) {
        set(frame, grid.inner(n, c));
        const { x, width } = grid.inner(n, c);
        set(zero, { x1: x, x2: x + width, y1: grid.Y(n, 0), y2: grid.Y(n, 0) });
      }
      for (const [node, place] of heads) set(node, place());
      for (const { at: [n, c, l], stick, dot, reach } of marks) {
        const v = x[n][c][l],
          cx = grid.X(c, l),
          cy = grid.Y(n, v),
          own = [n, c, l].join() == chosen.join(),
          wide = grid.wide / (L + 0.5);
        set(stick, { x1: cx, x2: cx, y1: grid.Y(n, 0), y2: cy });
        set(dot, {
          cx,
          cy,
          class: own ? "handle chosen" : "handle",
          tabindex: own ? 0 : -1,
          "aria-valuenow": v.toFixed(4),
          "aria-valuetext": v.toFixed(2),
        });
        set(reach, {
          x: cx - wide / 2,
          width: wide,
          y: Math.max(cy - 20, grid.box(n, c).y),
          height: Math.min(cy + 20, grid.box(n, c).y + grid.rowHeight) - Math.max(cy - 20, grid.box(n, c).y),
        });
      }
    }
    function drawNorm(g, y, keys) {
      g.measure();
      const own = keys[chosen[0]][chosen[1]], all = [...new Set(keys.flat().map(String))], shapes = [];
      each((n, c) => {
        const { x, y: up, width, height } = g.inner(n, c), k = all.indexOf(String(keys[n][c]));
        const lit = keys[n][c] === own ? " lit" : "";
        shapes.push(
          `<rect class="tint${lit}" data-set="${k}" style="--hue:${
            (k * 137.5 + 210) % 360
          }" x="${x}" y="${up}" width="${width}" height="${height}" rx="3"/>`,
          `<line class="zero" x1="${x}" x2="${x + width}" y1="${g.Y(n, 0)}" y2="${g.Y(n, 0)}"/>`,
        );
        y[n][c].forEach((v, l) =>
          shapes.push(
            `<line class="stick" x1="${g.X(c, l)}" x2="${g.X(c, l)}" y1="${g.Y(n, 0)}" y2="${g.Y(n, v)}"/>`,
            `<circle r="${[n, c, l].join() == chosen.join() ? 4 : 2}" class="${
              [n, c, l].join() == chosen.join() ? "chosen" : ""
            }" cx="${g.X(c, l)}" cy="${g.Y(n, v)}"/>`,
          )
        );
      });
      g.svg.innerHTML = shapes.join("");
    }
    draw();
    return draw;
  }

  return { numbers: { normalize, spill, change }, mount };
})();
