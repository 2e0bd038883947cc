// Drag data and a Gaussian; see the hill of its log-likelihood over mu and sigma (chapter 01).
// numbers: the arithmetic, pure; tests compare it with gancourse.theory.  mount: the figure.
gancourse.likelihood = (() => {
  const LOG_2PI = Math.log(2 * Math.PI), REACH = 5, WIDEST = 4, NARROWEST = 0.1;
  const DROPS = [2, 1, 0.5, 0.2, 0.05];
  // Other data to start from: point i of n.
  const DATA = {
    outlier: (i, n) => i < n - 1 ? -2.2 + 2 * i / n : 4.2,
    equal: (i, n) => 1 + 0.04 * (i - (n - 1) / 2),
    clumps: (i, n) => (i < n / 2 ? -3.6 : 0.2) + 2.8 * i / n,
  };

  const logGaussian = (x, mean, std) => -LOG_2PI / 2 - Math.log(std) - ((x - mean) / std) ** 2 / 2;
  const average = (values) => values.reduce((a, b) => a + b, 0) / values.length;

  // The summit: mean and standard deviation (divided by n) of the points.
  function summit(points) {
    const mean = average(points);
    return { mean, std: Math.sqrt(average(points.map((x) => (x - mean) ** 2))) };
  }

  // Average log-likelihood of N(mean, std²), and its slopes in mean and in log std.
  function at({ points, mean, std }) {
    const top = summit(points), spread = average(points.map((x) => (x - mean) ** 2));
    return {
      mean: top.mean,
      std: top.std,
      here: average(points.map((x) => logGaussian(x, mean, std))),
      best: -LOG_2PI / 2 - Math.log(top.std) - 0.5,
      slopeMean: (top.mean - mean) / std ** 2,
      slopeLogStd: spread / std ** 2 - 1,
    };
  }

  // The level line `drop` below the summit, in units of the points' own mean and std:
  // v = (mu - mean)/s, u = sigma/s with v² = u²(1 + 2 drop - 2 log u) - 1. The same for all data.
  function level(drop, n = 80) {
    const square = (u) => u * u * (1 + 2 * drop - 2 * Math.log(u)) - 1;
    const root = (inside, outside) => {
      for (let i = 0; i < 60; i++) {
        const middle = (inside + outside) / 2;
        if (square(middle) > 0) inside = middle;
        else outside = middle;
      }
      return (inside + outside) / 2;
    };
    const low = root(1, 1e-9), high = root(1, Math.exp(0.5 + drop));
    const half = Array.from({ length: n }, (_, i) => {
      const u = (low + high) / 2 - (high - low) / 2 * Math.cos(Math.PI * i / (n - 1));
      return [Math.sqrt(Math.max(0, square(u))), u];
    });
    return [...half, ...half.slice(1, -1).reverse().map(([v, u]) => [-v, u])];
  }

  // Gradient ascent in (mean, log std), until it is flat.
  function climb({ points, mean, std }, rate = 0.05, most = 4000) {
    const path = [{ mean, std }];
    while (path.length < most) {
      const { slopeMean, slopeLogStd } = at({ points, mean, std });
      if (Math.hypot(slopeMean, slopeLogStd) < 1e-3) break;
      const limit = Math.min(1, 4 / Math.hypot(slopeMean, slopeLogStd)); // no leap from a cliff
      mean += rate * limit * slopeMean;
      std *= Math.exp(rate * limit * slopeLogStd);
      path.push({ mean, std });
    }
    return path;
  }

  const superscript = (n) => String(n).replace(/./g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
  function tiny(log) { // exp(log) as "3.2 · 10⁻⁷"
    const power = Math.floor(log / Math.LN10), lead = Math.exp(log - power * Math.LN10);
    return log > -4 && log < 7 ? Math.exp(log).toPrecision(2) : `${lead.toFixed(1)} · 10${superscript(power)}`;
  }
  function comment({ here, best, std }, n) {
    const share = 100 * Math.exp(n * (here - best)), product = `The ${n} heights multiply to ${tiny(n * here)}`;
    if (std < 0.35) return `${product}. The points almost coincide: the summit rises without bound as they meet.`;
    if (share > 98.5) return `${product}: the most that any Gaussian reaches. This is the summit, μ = x̄ and σ = s.`;
    return `${product}, ${
      share < 0.1 ? "less than 0.1" : share.toPrecision(2)
    } % of the most that a Gaussian can reach.`;
  }

  const STYLE = `
    .live-figure .handles { position: absolute; left: 0; bottom: 0; pointer-events: none; overflow: visible; }
    .live-figure .handles circle { pointer-events: all; cursor: grab; touch-action: none; fill: var(--real); stroke: var(--wash); stroke-width: 2; }
    .live-figure .handles circle.reach { fill: transparent; stroke: none; }
    .live-figure .handles circle:focus { outline: none; } .live-figure .handles circle:focus-visible { stroke: var(--third); stroke-width: 4; }
    .live-figure svg .stem { stroke: var(--real); stroke-width: 1.5; }
    .live-figure svg .band { fill: var(--third); fill-opacity: .13; stroke: var(--third); stroke-opacity: .4; }
    .live-figure svg .path { fill: none; stroke: var(--fake); stroke-width: 1.8; stroke-dasharray: 1 4; stroke-linecap: round; }
    .live-figure svg .name { font-size: 11px; fill: var(--ink); paint-order: stroke; stroke: var(--wash); stroke-width: 3px; }
    .live-figure svg .cross { stroke: var(--ink); stroke-width: 2.4; }`;

  // Persistent circles over a panel: draggable by pointer, movable by arrow keys when focused.
  function handles(panel, count, moved) {
    const name = "http://www.w3.org/2000/svg", holder = panel.svg.parentElement;
    holder.style.position = "relative";
    const layer = document.createElementNS(name, "svg");
    layer.setAttribute("class", "handles");
    layer.setAttribute("height", panel.height);
    holder.append(layer);
    return Array.from({ length: count }, (_, i) => {
      const [reach, dot] = [18, 8].map((r) => {
        const circle = document.createElementNS(name, "circle");
        circle.setAttribute("r", r);
        layer.append(circle);
        return circle;
      });
      reach.setAttribute("class", "reach");
      for (
        const [key, value] of Object.entries({
          tabindex: 0,
          role: "slider",
          "aria-label": `data point ${i + 1}`,
          "aria-valuemin": -REACH,
          "aria-valuemax": REACH,
        })
      ) dot.setAttribute(key, value);
      const to = (x) => moved(i, Math.min(REACH, Math.max(-REACH, x)));
      for (const circle of [reach, dot]) {
        circle.addEventListener("pointerdown", (event) => {
          circle.setPointerCapture(event.pointerId);
          event.preventDefault();
          dot.focus({ preventScroll: true });
        });
        circle.addEventListener("pointermove", (event) => {
          if (!circle.hasPointerCapture(event.pointerId)) return;
          const inside = event.clientX - layer.getBoundingClientRect().left - panel.left;
          to(-REACH + inside / (panel.width - panel.left - panel.right) * 2 * REACH);
        });
      }
      dot.addEventListener("keydown", (event) => {
        const step =
          { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -1, PageUp: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        to(+dot.getAttribute("aria-valuenow") + step);
      });
      return (x) => {
        for (const circle of [reach, dot]) {
          circle.setAttribute("cx", panel.X(x));
          circle.setAttribute("cy", panel.Y(0));
        }
        dot.setAttribute("aria-valuenow", x.toFixed(2));
      };
    });
  }

  // Press or drag anywhere in a panel: tell where, in both coordinates.
  function onPlace(panel, placed) {
    const place = (event) => {
      const box = panel.svg.getBoundingClientRect();
      const across = (event.clientX - box.left - panel.left) / (panel.width - panel.left - panel.right);
      const up = (box.bottom - panel.bottom - event.clientY) / (panel.height - panel.top - panel.bottom);
      placed(-REACH + 2 * REACH * across, panel.low + (panel.high - panel.low) * up);
    };
    Object.assign(panel.svg.style, { touchAction: "none", cursor: "crosshair" });
    panel.svg.addEventListener("pointerdown", (event) => {
      panel.svg.setPointerCapture(event.pointerId);
      place(event);
    });
    panel.svg.addEventListener("pointermove", (event) => {
      if (panel.svg.hasPointerCapture(event.pointerId)) place(event);
    });
  }

  function mount(root, settings) {
    const { element, button, slider, menu, readout, sentence, Panel, playing, still } = gancourse.page;
    element(root, "style").textContent = STYLE;
    let points = [...settings.points], path = [], way = [], done = 0;
    const xs = Array.from({ length: 401 }, (_, i) => -REACH + i * REACH / 200), ticks = [-4, -2, 0, 2, 4];
    const mu = '<i class="fake">μ</i>', sigma = '<i class="fake">σ</i>';

    const controls = element(root, "div", "row controls");
    let climbing = false; // by the walk itself, not by hand
    const changed = () => {
      if (!climbing) {
        stop();
        draw();
      }
    };
    const mean = slider(
      controls,
      { label: `centre ${mu}`, min: -REACH, max: REACH, step: 0.01, value: settings.mean },
      changed,
    );
    const std = slider(controls, {
      label: `width ${sigma}`,
      min: NARROWEST,
      max: WIDEST,
      step: 0.01,
      value: settings.std,
    }, changed);
    const data = menu(controls, {
      label: '<span class="real">the data</span>',
      value: "start",
      options: { start: "as given", outlier: "one outlier", clumps: "two clumps", equal: "nearly equal" },
    }, () => {
      stop();
      points = settings.points.map((x, i, all) => DATA[data.get()]?.(i, all.length) ?? x);
      draw();
    });

    const columns = element(root, "div", "row");
    const curve = new Panel(element(columns, "div", "column"), {
      title: `<span class="real">data</span> and <span class="fake">model</span> (drag points or curve)`,
      says: "the data points under the curve of the model",
      height: 260,
      x: [-REACH, REACH],
      xTicks: ticks,
    });
    const hill = new Panel(element(columns, "div", "column"), {
      title: `average log-likelihood (drag the dot)`,
      says: "level lines of the log-likelihood, with the model as a dot and the summit as a cross",
      height: 260,
      x: [-REACH, REACH],
      xTicks: ticks,
    });
    curve.bottom = 34; // room for the points below the axis
    const show = handles(curve, points.length, (i, x) => {
      stop();
      points[i] = x;
      draw();
    });
    curve.onMove((x) => mean.set(x));
    onPlace(hill, (m, s) => {
      std.set(s);
      mean.set(m);
    });

    const bar = element(root, "div", "buttons");
    button(bar, "▶ Climb by gradient", walk);
    button(bar, "Jump by the formula", () => {
      const top = summit(points);
      std.set(top.std);
      mean.set(top.mean);
    });
    const write = readout(root, {
      here: "average log-likelihood here",
      best: "at the summit",
      gap: "still to climb",
      mean: "summit: mean <i>x̄</i>",
      std: "summit: std <i>s</i>",
      sum: "log-likelihood, the sum",
    });
    const say = sentence(root);

    const player = playing(root, () => {
      done = still() ? way.length : Math.min(way.length, done + Math.ceil(way.length / 150));
      path = way.slice(0, done);
      climbing = true;
      std.set(path.at(-1).std);
      mean.set(path.at(-1).mean);
      climbing = false;
      if (done == way.length) player.set(false);
      draw();
    });
    function stop() {
      player.set(false);
      path = [];
    }
    function walk() {
      stop();
      [way, done] = [climb({ points, mean: mean.get(), std: std.get() }), 0];
      player.set(true);
    }

    function draw() {
      const now = { points, mean: mean.get(), std: std.get() }, numbers = at(now), n = points.length;
      write({ ...numbers, gap: numbers.best - numbers.here, sum: n * numbers.here });
      if (!player.on) say(comment(numbers, n));

      const height = (x) => Math.exp(logGaussian(x, now.mean, now.std)), peak = height(now.mean);
      curve.frame(0, Math.max(0.5, 1.08 * peak));
      curve.draw(
        curve.label(0, 0),
        peak > 0.35 ? curve.label(peak, peak.toFixed(2)) : "",
        curve.area(xs, xs.map(height), "fake"),
        ...points.map((x) => curve.line(x, 0, x, height(x), "stem")),
      );
      points.forEach((x, i) => show[i](x));

      hill.frame(0, WIDEST);
      const inside = (v, [a, b]) => Math.min(b, Math.max(a, v)), { mean: m, std: s } = numbers;
      const bands = DROPS.map((drop) => {
        const line = level(drop);
        return `<polygon class="band" points="${
          hill.points(
            line.map(([v]) => inside(m + s * v, [-REACH, REACH])),
            line.map(([, u]) => inside(s * u, [0, WIDEST])),
          )
        }"/>`;
      });
      const names = DROPS.map((drop) => {
        // at the line's top, or, if that is out of sight, where it is widest
        const top = s * Math.max(...level(drop).map(([, u]) => u)), right = m + s * Math.sqrt(Math.exp(2 * drop) - 1);
        const [x, y] = top < WIDEST - 0.1 ? [m, top] : [right, s * Math.exp(drop)];
        return s < 0.5 || Math.abs(x) > REACH - 0.4 || y > WIDEST - 0.2
          ? ""
          : `<text x="${hill.X(x)}" y="${hill.Y(y) + 4}" text-anchor="middle" class="name">−${drop}</text>`;
      });
      const cross = hill.line(m - 0.22, s, m + 0.22, s, "cross")
        + `<line class="cross" x1="${hill.X(m)}" x2="${hill.X(m)}" y1="${hill.Y(s) - 6}" y2="${hill.Y(s) + 6}"/>`;
      const trace = path.length > 1
        ? `<polyline class="path" points="${hill.points(path.map((p) => p.mean), path.map((p) => p.std))}"/>`
        : "";
      const axes = `<text x="4" y="${hill.Y(3.5) + 4}" font-style="italic">σ</text><text x="${hill.X(3)}" y="${
        hill.height - 4
      }" text-anchor="middle" font-style="italic">μ</text>`;
      hill.draw(
        ...bands,
        ...names,
        axes,
        ...[0, 1, 2, 3, 4].map((y) => hill.label(y, y)),
        cross,
        trace,
        hill.dot(now.mean, now.std),
      );
    }
    draw();
    return draw;
  }

  return { numbers: { summit, at, level, climb, tiny }, mount };
})();
