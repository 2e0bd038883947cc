// Two heaps on a line: the optimal plan, its prices, W1 beside JSD (chapter 11).
// numbers: the arithmetic, pure; tests compare it with gancourse.theory.  mount: the figure.
gancourse.transport = (() => {
  const { min, max, abs, round } = Math, LOG2 = Math.log(2);
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const sums = (values) => {
    let s = 0;
    return values.map((v) => s += v);
  };
  const surprise = (a, b) => a == 0 ? 0 : a * Math.log(a / b); // a log(a/b) with 0 log 0 = 0

  // The plan that keeps the order: the overlap of (P[i-1], P[i]] with (Q[j-1], Q[j]].
  function plan(p, q) {
    const P = sums(p), Q = sums(q);
    return p.map((a, i) => q.map((b, j) => max(0, min(P[i], Q[j]) - max(P[i] - a, Q[j] - b))));
  }
  // A best price: it falls by 1 a step where mass moves right, rises where mass moves left; 0 in the middle.
  function potential(p, q) {
    const slopes = sums(p.map((a, i) => a - q[i])).map((gap) => abs(gap) < 1e-12 ? 0 : gap > 0 ? -1 : 1);
    const f = [0, ...sums(slopes.slice(0, -1))], middle = (max(...f) + min(...f)) / 2;
    return f.map((v) => v - middle);
  }
  // Everything the figure shows; the points are 0, 1, 2, …
  function at({ p, q }) {
    const moves = plan(p, q), f = potential(p, q), m = p.map((a, i) => (a + q[i]) / 2);
    return {
      plan: moves,
      f,
      w1: sum(moves.map((row, i) => sum(row.map((v, j) => v * abs(i - j))))),
      dual: sum(f.map((v, i) => v * (p[i] - q[i]))),
      tv: sum(p.map((a, i) => abs(a - q[i]))) / 2,
      jsd: max(0, sum(p.map((a, i) => surprise(a, m[i]) + surprise(q[i], m[i]))) / 2),
    };
  }
  // All bars one place to the right (+1) or left (-1); null if one would fall off the end.
  function shift(q, by) {
    const end = by > 0 ? q.length - 1 : 0;
    return q[end] > 1e-9 ? null : q.map((_, i) => q[i - by] ?? 0);
  }
  const even = (n, ...places) => Array.from({ length: n }, (_, i) => places.includes(i) ? 1 / places.length : 0);
  const PRESETS = {
    identical: (n) => {
      const p = even(n, 1, 2, 3);
      return [p, [...p]];
    },
    overlapping: (n) => [even(n, 0, 1, 2), even(n, 1, 2, 3)],
    "just apart": (n) => [even(n, 0, 1), even(n, 2, 3)],
    "far apart": (n) => [even(n, 0, 1), even(n, n - 2, n - 1)],
    split: (n) => [even(n, n >> 1), even(n, 0, n - 1)],
  };

  function comment(now, { w1, tv, f }) {
    const right = f.some((v, i) => i && v < f[i - 1]), left = f.some((v, i) => i && v > f[i - 1]);
    if (w1 < 1e-9) return "The holes fit the heaps: nothing moves, and both distances are zero.";
    const way = right && left
      ? "Mass moves both ways; where the flow turns, the price turns, too."
      : `All mass moves to the ${right ? "right" : "left"}, and the price ${
        right ? "falls" : "rises"
      } by 1 with each step on the way.`;
    return (tv > 1 - 1e-9
      ? "No place in common: JSD stands at its ceiling log 2, however far apart they are. W₁ still counts the steps. "
      : "") + way;
  }

  const STYLE = `
    figure[data-live=transport] svg { cursor: default; }
    figure[data-live=transport] svg.heaps { overflow: visible; }
    figure[data-live=transport] .bar { fill-opacity: .35; }
    figure[data-live=transport] .bar.real, figure[data-live=transport] .top.real { fill: var(--real); }
    figure[data-live=transport] .bar.fake, figure[data-live=transport] .top.fake { fill: var(--fake); }
    figure[data-live=transport] .band { fill: var(--third); fill-opacity: .45; stroke: none; }
    figure[data-live=transport] .band.stays { fill: var(--soft); fill-opacity: .35; }
    figure[data-live=transport] .cell { fill: var(--third); stroke: none; }
    figure[data-live=transport] .grid { fill: none; stroke: var(--line); }
    figure[data-live=transport] .top { stroke: var(--wash); stroke-width: 2; cursor: ns-resize; touch-action: none; }
    figure[data-live=transport] .top:focus { outline: none; }
    figure[data-live=transport] .top:focus-visible { stroke: var(--third); stroke-width: 4; }
    figure[data-live=transport] .reach { fill: transparent; cursor: ns-resize; touch-action: none; }
    figure[data-live=transport] .middle { text-anchor: middle; }
    figure[data-live=transport] .meter { display: grid; grid-template-columns: 2.6em 1fr 7.5em; gap: .5rem; align-items: center; margin: .3rem 0; }
    figure[data-live=transport] .meter > span { height: 12px; border-radius: 6px; background: var(--line); overflow: hidden; }
    figure[data-live=transport] .meter span i { display: block; height: 100%; background: var(--third); }
    figure[data-live=transport] .meter.jsd span i { background: var(--soft); }
    figure[data-live=transport] .meter output { text-align: right; white-space: nowrap; }
    figure[data-live=transport] dl { grid-template-columns: repeat(auto-fit, minmax(min(45%, 150px), 1fr)); }`;
  const TALL = 84, FLOW = 72, EDGE = 22, GAP = 24; // heaps, the way between them, percents, places
  const percent = (v) => String(+(100 * v).toFixed(v < 0.1 ? 1 : 0));

  function mount(root, settings) {
    const { element, button, readout, sentence, setBar, format, Panel } = gancourse.page;
    element(root, "style").textContent = STYLE;
    const start = { p: settings.p, q: settings.q }, n = start.p.length;
    let now = start;
    const set = (next) => {
      now = next;
      draw();
    };
    const buttons = element(root, "div", "buttons");
    for (const name in PRESETS)
      button(buttons, name, () => {
        const [p, q] = PRESETS[name](n);
        set({ p, q });
      });
    const shifts = [-1, 1].map((by) =>
      button(buttons, by < 0 ? "← shift the holes" : "shift the holes →", () => {
        const q = shift(now.q, by);
        if (q) set({ ...now, q });
      })
    );
    button(buttons, "start again", () => set(start));

    // what one drags on the left; on the right what it costs, by the plan and by the prices
    const halves = element(root, "div", "sides");
    const left = element(halves, "div", "picture"), right = element(halves, "div");
    const heaps = new Panel(left, {
      title: 'earth <i class="real">p</i> above, holes <i class="fake">q</i> below (drag the dots), in percent',
      says: "two histograms and the optimal plan between them",
      height: 2 * TALL + FLOW + 2 * EDGE + 2 * GAP,
      x: [0, n],
    });
    Object.assign(heaps, { left: 4, right: 4 });
    heaps.svg.classList.add("heaps");
    heaps.svg.setAttribute("role", "group");
    const node = (tag, kind) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      made.setAttribute("class", kind);
      return heaps.svg.appendChild(made);
    };
    const place = (shape, values) => {
      for (const key in values) shape.setAttribute(key, values[key]);
    };
    const flow = node("g", "flow"), top = EDGE + TALL + GAP, bottom = top + FLOW, letters = node("g", "letters");
    // heights: earth grows up from `top`, holes grow down from `bottom`
    const sides = {
      p: { kind: "real", name: "earth", zero: top - GAP, up: 1 },
      q: { kind: "fake", name: "hole", zero: bottom + GAP, up: -1 },
    };
    const bars = Object.entries(sides).flatMap(([key, { kind, name, zero, up }]) =>
      Array.from({ length: n }, (_, i) => {
        const bar = node("rect", `bar ${kind}`), share = node("text", "middle");
        const handle = node("circle", `top ${kind}`), reach = node("circle", "reach");
        const moved = (height) => set({ ...now, [key]: setBar(now[key], i, height) });
        place(handle, {
          r: 7,
          tabindex: 0,
          role: "slider",
          "aria-label": `${name} at ${i}`,
          "aria-valuemin": 0,
          "aria-valuemax": 1,
          "aria-orientation": "vertical",
        });
        place(reach, { r: 18 });
        reach.addEventListener("pointerdown", (event) => {
          reach.setPointerCapture(event.pointerId);
          event.preventDefault();
          handle.focus({ preventScroll: true });
        });
        reach.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
        reach.addEventListener("pointermove", (event) => {
          if (!reach.hasPointerCapture(event.pointerId)) return;
          const height = up * (zero - (event.clientY - heaps.svg.getBoundingClientRect().top)) / TALL;
          moved(height < 0.015 ? 0 : height);
        });
        handle.addEventListener("keydown", (event) => {
          const v = now[key][i];
          const next = { // up means more, also where the bar hangs down
            ArrowUp: v + 0.02,
            ArrowRight: v + 0.02,
            ArrowDown: v - 0.02,
            ArrowLeft: v - 0.02,
            PageUp: v + 0.1,
            PageDown: v - 0.1,
            Home: 0,
            End: 1,
          }[event.key];
          if (next === undefined) return;
          event.preventDefault();
          moved(next < 1e-3 ? 0 : next);
        });
        return () => {
          const v = now[key][i],
            x = heaps.X(i + 0.5),
            half = (heaps.X(1) - heaps.X(0)) * 0.36,
            y = zero - up * v * TALL;
          place(bar, { x: x - half, width: 2 * half, y: min(y, zero), height: abs(y - zero) });
          place(share, { x, y: up > 0 ? y - 11 : y + 20 });
          share.textContent = v > 0 ? percent(v) : "";
          for (const circle of [handle, reach]) place(circle, { cx: x, cy: y });
          place(handle, { "aria-valuenow": v.toFixed(4), "aria-valuetext": `${percent(v)} percent` });
        };
      })
    );

    const meters = element(right, "div");
    const column = (title, says) =>
      Object.assign(new Panel(right, { title, says, height: 136, x: [0, n] }), {
        left: 30,
        right: 8,
        bottom: 20,
      });
    const prices = column(
      'price <i class="real">f</i> of earth, and <i class="fake">g = −f</i> of a hole',
      "the two potentials over the places",
    );
    const matrix = column("the plan: rows from, columns to", "the transport plan as a matrix");
    const meter = (name, kind, ceiling) => {
      const line = element(meters, "div", `meter ${kind}`, `<b>${name}</b><span><i></i></span><output></output>`);
      return (v) => {
        line.querySelector("span i").style.width = `${min(100, 100 * v / ceiling)}%`;
        line.querySelector("output").textContent = `${round(100 * v / ceiling)} % of ${
          format(ceiling, ceiling > 1 ? 0 : 3)
        }`;
      };
    };
    const showW1 = meter("<i>W</i>₁", "w1", n - 1), showJsd = meter("JSD", "jsd", LOG2);
    const write = readout(root, {
      w1: "<i>W</i>₁: cost of the plan",
      dual: "income from the prices",
      jsd: "JSD",
      tv: "TV",
    });
    const say = sentence(root);

    // Ribbons as wide as their mass, side by side under each heap and over each hole.
    function ribbons(moves) {
      const wide = (heaps.X(1) - heaps.X(0)) * 0.72, half = (top + bottom) / 2;
      const starts = now.p.map((a, i) => heaps.X(i + 0.5) - a * wide / 2),
        ends = now.q.map((b, j) => heaps.X(j + 0.5) - b * wide / 2);
      return moves.map((row, i) =>
        row.map((v, j) => {
          if (v < 1e-9) return "";
          const [a, b, w] = [starts[i], ends[j], v * wide];
          starts[i] += w;
          ends[j] += w;
          return `<path class="band${i == j ? " stays" : ""}" d="M${a} ${top}C${a} ${half} ${b} ${half} ${b} ${bottom}`
            + `h${w}C${b + w} ${half} ${a + w} ${half} ${a + w} ${top}Z"/>`;
        }).join("")
      ).join("");
    }
    function drawPrices(f) {
      const most = max(1, ...f.map(abs)), xs = f.map((_, i) => i + 0.5), centre = round(most) || 1;
      prices.frame(-most * 1.15, most * 1.15);
      prices.draw(
        prices.level(0, "dashed"),
        ...[-centre, 0, centre].map((v) => prices.label(v, format(v, 0))),
        prices.curve(xs, f, "real"),
        prices.curve(xs, f.map((v) => -v), "fake"),
        ...xs.map((x, i) => `<text class="middle" x="${prices.X(x)}" y="${prices.height - 4}">${i}</text>`),
      );
    }
    function drawMatrix(moves) {
      matrix.frame(0, n);
      const side = min((matrix.width - 60) / n, (matrix.height - 26) / n), x0 = (matrix.width - side * n) / 2, y0 = 18;
      matrix.svg.innerHTML = moves.map((row, i) =>
        row.map((v, j) => {
          const s = side * Math.sqrt(v), [x, y] = [x0 + (j + 0.5) * side, y0 + (i + 0.5) * side];
          return `<rect class="grid" x="${x0 + j * side}" y="${y0 + i * side}" width="${side}" height="${side}"/>`
            + (v > 1e-9 ? `<rect class="cell" x="${x - s / 2}" y="${y - s / 2}" width="${s}" height="${s}"/>` : "");
        }).join("")
      ).join("") + now.p.map((_, i) =>
        `<text class="middle" x="${x0 + (i + 0.5) * side}" y="13">${i}</text>`
        + `<text class="middle" x="${x0 - 10}" y="${y0 + (i + 0.5) * side + 4}">${i}</text>`
      ).join("");
    }
    function draw() {
      const numbers = at(now);
      heaps.frame(0, 1);
      for (const show of bars) show();
      flow.innerHTML = ribbons(numbers.plan);
      letters.innerHTML = now.p.map((_, i) =>
        [top - 4, bottom + 13].map((y) => `<text class="middle" x="${heaps.X(i + 0.5)}" y="${y}">${i}</text>`).join("")
      ).join("");
      drawPrices(numbers.f);
      drawMatrix(numbers.plan);
      showW1(numbers.w1);
      showJsd(numbers.jsd);
      write(numbers);
      shifts.forEach((made, k) => {
        made.disabled = !shift(now.q, k ? 1 : -1);
      });
      say(comment(now, numbers));
    }
    draw();
    return draw;
  }

  return { numbers: { at, plan, potential, setBar: gancourse.page.setBar, shift, presets: PRESETS, comment }, mount };
})();
