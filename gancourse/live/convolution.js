// Step a filter over a line of numbers, forwards and backwards, beside its matrix (chapter 8).
// numbers: the arithmetic, pure; tests compare it with torch.  mount: the figure.
gancourse.convolution = (() => {
  const span = (F, d) => d * (F - 1) + 1;
  const convSize = ({ W, F, S, P, d }) => Math.max(Math.floor((W + 2 * P - span(F, d)) / S) + 1, 0);
  const transposedSize = ({ W, F, S, P, d, Q }) => Math.max(S * (W - 1) + span(F, d) - 2 * P + Q, 0);
  // Which tap of the filter joins place j of the long side with place o of the short one; -1: none.
  const tap = (o, j, { F, S, P, d }) => {
    const u = (j + P - S * o) / d;
    return Number.isInteger(u) && u >= 0 && u < F ? u : -1;
  };
  // The matrix, [row][column], of tap numbers: a convolution's rows are its outputs.
  function matrix(mode, shape) {
    const rows = mode == "forward" ? convSize(shape) : transposedSize(shape);
    return Array.from(
      { length: rows },
      (_, r) => Array.from({ length: shape.W }, (_, c) => mode == "forward" ? tap(r, c, shape) : tap(c, r, shape)),
    );
  }
  const apply = (C, w, x) => C.map((row) => row.reduce((sum, u, j) => sum + (u < 0 ? 0 : w[u] * x[j]), 0));

  const STYLE = `
    .live-figure svg.steps { cursor: pointer; touch-action: manipulation; }
    .live-figure .steps text { pointer-events: none; text-anchor: middle; fill: var(--ink); font-variant-numeric: tabular-nums; }
    .live-figure .steps text.soft { fill: var(--soft); } .live-figure .steps text.left { text-anchor: start; }
    .live-figure .steps rect { pointer-events: all; fill: none; stroke: var(--line); } .live-figure .steps rect.pad { stroke-dasharray: 3 3; }
    .live-figure .steps rect.lit { stroke: var(--fake); stroke-width: 2.5; }
    .live-figure .steps rect.from { fill: var(--real); fill-opacity: .22; }
    .live-figure .steps rect.to { fill: var(--fake); fill-opacity: .22; }
    .live-figure .steps line { stroke: var(--fake); stroke-opacity: .7; stroke-width: 1.5; }
    .live-figure .steps .tap { stroke: var(--line); fill: var(--third); }
    .live-figure .roll { overflow-x: auto; }`;

  function mount(root, settings) {
    const { element, button, slider, readout, sentence } = gancourse.page;
    element(root, "style").textContent = STYLE;
    const { line, weights } = settings;
    let mode = "forward", at = 0;
    const tabs = element(root, "div", "buttons");
    const tab = {
      forward: button(tabs, "convolution", () => turn("forward")),
      backward: button(tabs, "transposed", () => turn("backward")),
    };
    const controls = element(root, "div", "row controls");
    const sliders = {};
    for (
      const [key, label, min, max, value] of [
        ["W", "inputs <i>W</i>", 2, 9, settings.W],
        ["F", "filter <i>F</i>", 1, 5, settings.F],
        ["S", "stride <i>S</i>", 1, 4, settings.S],
        ["P", "padding <i>P</i>", 0, 4, settings.P],
        ["d", "dilation <i>d</i>", 1, 3, 1],
        ["Q", "output padding <i>Q</i>", 0, 3, 0],
      ]
    )
      sliders[key] = slider(controls, { label, min, max, step: 1, value }, () => draw());
    const steps = element(root, "div", "buttons");
    button(steps, "◀ step back", () => move(-1));
    button(steps, "step ▶", () => move(1), "play");
    const sides = element(root, "div", "sides");
    const picture = (title, says) => {
      const holder = element(sides, "div", "panel", `<b>${title}</b>`);
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("class", "steps");
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", says);
      const roll = element(holder, "div", "roll"); // a long line scrolls here, not with the page
      roll.append(svg);
      return { svg, roll, title: holder.querySelector("b") };
    };
    const lines = picture("", "the line, the filter and the outputs"), grid = picture("", "the matrix");
    const write = readout(root, { inputs: "numbers in", outputs: "numbers out", back: "and back again to" });
    const says = sentence(root);

    const shapeNow = () => {
      const shape = Object.fromEntries(Object.keys(sliders).map((key) => [key, sliders[key].get()]));
      shape.Q = mode == "forward" ? 0 : Math.min(shape.Q, Math.max(shape.S, shape.d) - 1);
      return shape;
    };
    function turn(to) {
      mode = to;
      at = 0;
      draw();
    }
    function move(by) {
      const stops = mode == "forward" ? convSize(shapeNow()) : shapeNow().W;
      at = stops ? (at + by + stops) % stops : 0;
      draw();
    }
    // A row of cells: [text, class] each; `start` is where the first one lies, in cells.
    const cells = (row, start, y, side) =>
      row.map(([text, kind], k) => {
        const x = (start + k) * side + 1;
        return `<rect class="${kind}" x="${x}" y="${y}" width="${side - 2}" height="${side - 2}" rx="3"/>`
          + `<text x="${x + side / 2 - 1}" y="${y + side / 2 + 4}">${text}</text>`;
      }).join("");
    const minus = (v) => String(v).replace("-", "\u2212");

    // Both modes join a long side, with P cells beyond each end, and a short side, S long cells apart.
    function drawLines(shape, x, y) {
      const { W, F, S, P, d } = shape, forward = mode == "forward";
      const long = forward ? W : y.length, short = forward ? y.length : W;
      const width = lines.roll.clientWidth || 320, cellsInAll = Math.max(long + 2 * P, 1);
      const side = Math.max(20, Math.min(34, Math.floor(width / cellsInAll))); // 20: room for −14
      const centre = (o) => (S * o + (span(F, d) - 1) / 2 + 0.5) * side;
      const touched = (j) => short ? tap(at, j, shape) : -1;
      const [up, middle, down] = [18, 18 + 2.1 * side, 18 + 4.2 * side];
      const longRow = Array.from({ length: long + 2 * P }, (_, k) => {
        const j = k - P, pad = j < 0 || j >= long, lit = touched(j) >= 0;
        return [
          pad ? (forward ? "0" : "") : minus(forward ? x[j] : y[j]),
          `${pad ? "pad" : forward ? "from" : "to"} ${lit ? "lit" : ""}`,
        ];
      });
      const shortCells = Array.from({ length: short }, (_, o) => {
        const x0 = centre(o) - side / 2;
        return `<rect class="${forward ? "to" : "from"} ${o == at ? "lit" : ""}" x="${x0 + 1}" y="${
          forward ? down : up
        }" width="${side - 2}" height="${side - 2}" rx="3"/><text x="${x0 + side / 2}" y="${
          (forward ? down : up) + side / 2 + 4
        }">${minus(forward ? y[o] : x[o])}</text>`;
      }).join("");
      const [longY, shortEdge] = forward ? [up, down] : [down, up + side];
      const filter = short
        ? Array.from({ length: F }, (_, u) => {
          const left = (S * at + d * u) * side + 1, from = left + side / 2 - 1;
          const product = weights[u] * (forward ? 1 : x[at]);
          return `<line x1="${from}" y1="${forward ? up + side : down}" x2="${from}" y2="${
            forward ? middle : middle + side
          }"/><line x1="${from}" y1="${forward ? middle + side : middle}" x2="${centre(at)}" y2="${shortEdge}"/>`
            + `<rect class="tap" fill-opacity="${0.12 + 0.5 * u / 4}" x="${left}" y="${middle}" width="${
              side - 2
            }" height="${side - 2}" rx="3"/><text x="${from}" y="${middle + side / 2 + 4}">${minus(product)}</text>`;
        }).join("")
        : "";
      lines.svg.setAttribute("height", down + side + 4);
      lines.svg.style.width = `${Math.max(width, cellsInAll * side)}px`;
      lines.roll.scrollLeft = centre(at) - width / 2;
      lines.svg.innerHTML = `<text class="soft left" x="1" y="12">${
        forward
          ? "input, padding dashed · filter · output"
          : `input · its patch · sums${P ? ", cut off dashed" : ""}`
      }</text>` + filter + cells(longRow, 0, longY, side) + shortCells;
      lines.title.textContent = forward ? "the filter reads" : "each input paints";
    }
    function drawMatrix(C, shape) {
      const rows = C.length, width = grid.roll.clientWidth || 300;
      const side = Math.max(13, Math.min(28, Math.floor(width / shape.W), Math.floor(300 / Math.max(rows, 1))));
      grid.svg.setAttribute("height", Math.max(rows, 1) * side + 4);
      const forward = mode == "forward";
      const cell = (u, r, c) => {
        const lit = (forward ? r : c) == at;
        return `<rect data-row="${r}" data-column="${c}" class="${u < 0 ? "" : "tap"} ${
          lit ? "lit" : ""
        }" fill-opacity="${u < 0 ? 0 : 0.12 + 0.5 * u / 4}" x="${c * side + 1}" y="${r * side + 1}" width="${
          side - 2
        }" height="${side - 2}"/>`
          + `<text ${u < 0 ? 'class="soft"' : ""} x="${(c + 0.5) * side}" y="${(r + 0.5) * side + 4}">${
            u < 0 ? (side > 17 ? "0" : "") : minus(weights[u])
          }</text>`;
      };
      grid.svg.innerHTML = rows
        ? C.map((row, r) => row.map((u, c) => cell(u, r, c)).join("")).join("")
        : `<text class="soft left" x="1" y="14">no output</text>`;
      grid.title.innerHTML = `<i>C</i>${forward ? "" : "<sup>⊤</sup>"}, ${rows} × ${shape.W}`
        + (rows ? `: ${forward ? "row" : "column"} ${at + 1} is lit` : "");
    }
    grid.svg.addEventListener("click", (event) => {
      const cell = event.target;
      if (cell.dataset.row === undefined) return;
      at = +cell.dataset[mode == "forward" ? "row" : "column"];
      draw();
    });
    function draw() {
      const shape = shapeNow(), C = matrix(mode, shape), x = line.slice(0, shape.W), y = apply(C, weights, x);
      const stops = mode == "forward" ? y.length : shape.W;
      at = Math.min(at, Math.max(stops - 1, 0));
      for (const [key, node] of Object.entries(tab)) node.setAttribute("aria-pressed", key == mode);
      controls.lastChild.style.display = mode == "forward" ? "none" : ""; // a convolution has no Q
      drawLines(shape, x, y);
      drawMatrix(C, shape);
      const opposite = mode == "forward"
        ? transposedSize({ ...shape, W: y.length, Q: 0 })
        : convSize({ ...shape, W: y.length });
      write({ inputs: String(shape.W), outputs: String(y.length), back: y.length ? String(opposite) : "–" });
      says(comment(shape, y, opposite));
    }
    function comment({ W, F, S, P, d, Q }, y, opposite) {
      if (mode == "backward")
        return y.length
          ? `${S}·(${W} − 1) + ${d}·(${F} − 1) + 1 − 2·${P} + ${Q} = <b>${y.length}</b>. The lit number paints ${F} cell${
            F > 1 ? "s" : ""
          }, ${S} further on for each next one; where they meet, they add up.`
          : "The padding cuts everything off.";
      if (!y.length) return "The filter does not fit: make it smaller, or add padding.";
      const lost = W + 2 * P - span(F, d) - S * (y.length - 1);
      return `⌊(${W} + 2·${P} − ${d}·(${F} − 1) − 1) / ${S}⌋ + 1 = <b>${y.length}</b>. ${
        lost
          ? `The last ${lost} of the padded line ${
            lost > 1 ? "are" : "is"
          } never seen, so the transpose leads back to ${opposite}; output padding ${lost} gives ${W} again.`
          : `Nothing is left over: the transpose leads back to ${opposite}.`
      }`;
    }
    draw();
    return draw;
  }
  return { numbers: { convSize, transposedSize, matrix, apply }, mount };
})();
