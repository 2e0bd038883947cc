// A cell of one unit, unrolled: its states, and the slope of the last one by each input (appendix A).
// numbers: the arithmetic, pure; tests compare it with torch.  mount: the figure.
gancourse.unrolled = (() => {
  const sigma = (b) => 1 / (1 + Math.exp(-b));
  // What each cell has on sliders: the bias of a gate, its name, where it starts.
  const GATES = {
    rnn: {},
    lstm: { f: ["forget gate: bias <i>b<sub>f</sub></i>", 0], i: ["input gate: bias", 2], o: ["output gate: bias", 2] },
    gru: { z: ["update gate: bias <i>b<sub>z</sub></i>", 0], r: ["reset gate: bias", 2] },
  };

  // {h, c, slopes}: states after each step, and the slope of the last one by each input. `biases` are of
  // the gates, which listen to nothing else; the input's weight is 1, the state's is `weight`.
  function run(cell, weight, biases, xs) {
    const gate = Object.fromEntries(Object.entries(biases).map(([name, b]) => [name, sigma(b)]));
    const h = [], c = [], inner = [];
    let state = 0, content = 0;
    for (const x of xs) {
      const n = Math.tanh(x + (cell == "gru" ? gate.r : 1) * weight * state);
      if (cell == "lstm") content = gate.f * content + gate.i * n;
      state = cell == "rnn" ? n : cell == "gru" ? (1 - gate.z) * n + gate.z * state : gate.o * Math.tanh(content);
      h.push(state);
      c.push(content);
      inner.push(n);
    }
    return { h, c, slopes: back(cell, weight, gate, inner, c) };
  }
  function back(cell, weight, gate, inner, c) {
    const slopes = new Array(inner.length).fill(0);
    let byState = 1, byContent = 0; // of the last state
    for (let t = inner.length - 1; t >= 0; t--) {
      const bend = 1 - inner[t] ** 2;
      if (cell == "rnn") {
        slopes[t] = byState * bend;
        byState *= bend * weight;
      } else if (cell == "gru") {
        slopes[t] = byState * (1 - gate.z) * bend;
        byState = byState * gate.z + slopes[t] * gate.r * weight;
      } else {
        byContent += byState * gate.o * (1 - Math.tanh(c[t]) ** 2);
        slopes[t] = byContent * gate.i * bend;
        byState = slopes[t] * weight;
        byContent *= gate.f;
      }
    }
    return slopes;
  }

  function mount(root, settings) {
    const { element, button, slider, menu, readout, sentence, format, Panel } = gancourse.page;
    const LOWEST = -12; // powers of ten that are drawn
    let xs = [], chosen = 0, gates = {};
    const top = element(root, "div", "row controls");
    const cell = menu(top, {
      label: "cell",
      options: { rnn: "RNN", lstm: "LSTM", gru: "GRU" },
      value: settings.cell,
    }, () => build());
    const steps = slider(
      top,
      { label: "steps <i>T</i>", min: 4, max: 40, step: 1, value: settings.steps },
      () => resize(),
    );
    const weight = slider(top, {
      label: "weight <i>u</i> of the state",
      min: -2,
      max: 2,
      step: 0.05,
      value: settings.weight,
    }, () => draw());
    const own = element(root, "div", "row controls");
    const sides = element(root, "div", "sides");
    const first = element(sides, "div", "picture"), second = element(sides, "div", "picture");
    const states = new Panel(first, {
      title: "state <i>h<sub>t</sub></i> (bars); content <i>c<sub>t</sub></i> (line)",
      says: "the state after each step",
      height: 190,
      x: [0, 1],
    });
    const slopes = new Panel(second, {
      title: "|∂<i>h<sub>T</sub></i>/∂<i>x<sub>t</sub></i>|, in powers of ten",
      says: "the slope of the last state by each input",
      height: 190,
      x: [0, 1],
    });
    const bar = element(root, "div", "buttons");
    const move = (by) => () => {
      chosen = (chosen + by + xs.length) % xs.length;
      draw();
    };
    button(bar, "‹ step", move(-1));
    button(bar, "step ›", move(1));
    button(bar, "its input: 0, 1, −1", () => {
      xs[chosen] = { 0: 1, 1: -1, [-1]: 0 }[xs[chosen]];
      draw();
    }, "play");
    button(bar, "only the first input", () => {
      xs = xs.map((_, t) => +(t == 0));
      draw();
    });
    const write = readout(root, {
      x: "input of the chosen step",
      slope: "slope of <i>h<sub>T</sub></i> by it",
      factor: "from one input to the next it grows by",
    });
    const says = sentence(root);
    for (const panel of [states, slopes])
      panel.svg.addEventListener("click", (event) => {
        const inside = event.clientX - panel.svg.getBoundingClientRect().left - panel.left;
        const t = Math.floor(inside / (panel.width - panel.left - panel.right) * xs.length);
        chosen = Math.min(xs.length - 1, Math.max(0, t));
        draw();
      });

    function build() { // the sliders of this cell's gates
      own.replaceChildren();
      gates = {};
      for (const [name, [label, value]] of Object.entries(GATES[cell.get()]))
        gates[name] = slider(own, { label, min: -4, max: 6, step: 0.25, value }, () => draw());
      // at first only the direct way back: the others, through the state, open with its weight
      weight.set(cell.get() == "rnn" ? settings.weight : 0);
    }
    function resize() {
      const T = steps.get();
      xs = Array.from({ length: T }, (_, t) => xs[t] ?? +(t == 0));
      chosen = Math.min(chosen, T - 1);
      draw();
    }
    const biases = () => Object.fromEntries(Object.entries(gates).map(([name, one]) => [name, one.get()]));
    const power = (v) => Math.max(LOWEST, Math.log10(Math.abs(v) || 1e-99));

    function draw() {
      if (!xs.length) return;
      const T = xs.length, found = run(cell.get(), weight.get(), biases(), xs);
      for (const panel of [states, slopes]) {
        panel.x = [0.5, T + 0.5];
        panel.xTicks = [1, ...(T > 12 ? [Math.round(T / 2)] : []), T];
      }
      const reach = Math.max(1.05, ...found.c.map(Math.abs)) * 1.05;
      states.frame(-reach, reach);
      const line = cell.get() == "lstm" ? states.curve(xs.map((_, t) => t + 1), found.c, "real") : "";
      states.draw(
        states.level(0, "dashed") + states.label(0, 0) + states.label(1, 1) + states.label(-1, "−1"),
        lit(states, -reach, reach),
        ...found.h.map((v, t) => column(states, t, 0, v, xs[t] ? "given" : "idle")),
        line,
      );
      slopes.frame(LOWEST, 1);
      slopes.draw(
        slopes.level(0, "dashed"),
        ...[0, -4, -8, -12].map((v) => slopes.label(v, v ? `10<tspan dy="-4" font-size="9">−${-v}</tspan>` : 1)),
        lit(slopes, LOWEST, 1),
        ...found.slopes.map((v, t) => column(slopes, t, LOWEST, power(v), "slope")),
      );
      const slope = found.slopes[chosen];
      const rate = (Math.abs(found.slopes[T - 1]) / Math.abs(found.slopes[0])) ** (1 / (T - 1));
      write({
        x: String(xs[chosen]).replace("-", "−"),
        slope: scientific(slope),
        factor: Number.isFinite(rate) && rate ? `×\u00a0${format(rate, 2)}` : "–",
      });
      says(comment(T, slope, found.slopes));
    }
    const column = (panel, t, from, to, kind) => {
      const [x1, x2] = [t + 0.7, t + 1.3].map((v) => panel.X(v)), [y1, y2] = [from, to].map((v) => panel.Y(v));
      const colour = { given: "var(--fake)", idle: "var(--soft)", slope: "var(--third)" }[kind];
      return `<rect x="${x1}" width="${Math.max(1, x2 - x1)}" y="${Math.min(y1, y2)}" height="${
        Math.max(1, Math.abs(y2 - y1))
      }" style="fill: ${colour}"/>`;
    };
    const lit = (panel, low, high) => {
      const [a, b] = [chosen + 0.5, chosen + 1.5].map((v) => panel.X(v));
      return `<rect x="${a}" width="${b - a}" y="${panel.Y(high)}" height="${
        panel.Y(low) - panel.Y(high)
      }" style="fill: var(--ink); opacity: .1"/>`;
    };
    const scientific = (v) => {
      if (!v) return "0";
      if (Math.abs(v) >= 0.01 && Math.abs(v) < 1000) return format(v, 3);
      const [digits, exponent] = v.toExponential(1).split("e");
      const raised = [...exponent.replace("+", "")].map((a) => a == "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[a]).join("");
      return `${digits.replace("-", "−")} · 10${raised}`;
    };
    function comment(T, slope, all) {
      const far = Math.abs(all[0]), near = Math.abs(all[T - 1]);
      const fate = far < near / 1000
        ? "The beginning is as good as forgotten: its slope is less than a thousandth of the last input's."
        : far > near * 1000
        ? "The beginning outshouts the end: the slope grows backwards, and training would explode."
        : "The beginning is still heard.";
      return `Step <b>${chosen + 1}</b> of ${T}. ${fate}`;
    }
    build();
    resize();
    return draw;
  }
  return { numbers: { run }, mount };
})();
