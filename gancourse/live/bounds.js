// Move an encoder; see the bounds on log p(x) (chapter 4).
// numbers: the arithmetic, pure; tests compare it with gancourse.theory.bounds.  mount: the figure.
gancourse.bounds = (() => {
  const { exp, log, sqrt, max, PI } = Math;
  const logNormal = (x, mean, variance) => -0.5 * (log(2 * PI) + log(variance) + (x - mean) ** 2 / variance);
  const evidence = ({ slope, x }) => logNormal(x, 0, slope ** 2 + 1);
  const posterior = ({ slope, x }) => ({ mean: slope * x / (slope ** 2 + 1), variance: 1 / (slope ** 2 + 1) });
  const kl = (m, v) => 0.5 * (m * m + v - 1 - log(v));
  function elbo({ slope, x, mean, deviation }) {
    const error = (x - slope * mean) ** 2 + (slope * deviation) ** 2;
    return -0.5 * (log(2 * PI) + error) - kl(mean, deviation ** 2);
  }
  // The mean, over groups of k draws, of the logarithm of their mean weight.
  function ladder({ slope, x, mean, deviation }, eps, k) {
    const groups = Math.floor(eps.length / k);
    let total = 0;
    for (let g = 0; g < groups; g++) {
      const w = Array.from({ length: k }, (_, i) => {
        const e = eps[g * k + i], z = mean + deviation * e;
        return logNormal(z, 0, 1) + logNormal(x, slope * z, 1) - logNormal(e, 0, 1) + log(deviation);
      });
      const top = max(...w);
      total += top + log(w.reduce((sum, v) => sum + exp(v - top), 0) / k);
    }
    return total / groups;
  }

  function mount(root, settings) {
    const { element, button, slider, readout, sentence, format, random, Panel } = gancourse.page;
    element(root, "style").textContent = `
      figure[data-live=bounds] svg.rungs { cursor: default; }
      figure[data-live=bounds] svg .rung { stroke: var(--fake); stroke-width: 7; stroke-linecap: round; }
      figure[data-live=bounds] svg .rung.top { stroke: var(--real); }
      figure[data-live=bounds] svg .truth { stroke: var(--real); stroke-dasharray: 4 4; }`;
    const rng = random(settings.seed), eps = Float64Array.from({ length: 20000 }, () => rng.normal());
    const controls = element(root, "div", "row controls");
    const mean = slider(
      controls,
      { label: "encoder's mean", min: -2, max: 3, step: 0.05, value: settings.mean },
      () => draw(),
    );
    const deviation = slider(
      controls,
      { label: "its deviation", min: 0.1, max: 2, step: 0.05, value: settings.deviation },
      () => draw(),
    );
    const slope = slider(
      controls,
      { label: "model's slope <i>a</i>", min: 0.2, max: 3, step: 0.05, value: settings.slope },
      () => draw(),
    );
    const sides = element(root, "div", "sides");
    const laws = new Panel(element(sides, "div"), {
      title: "<span class='real'>posterior</span> and <span class='fake'>encoder</span>, over <i>z</i>",
      says: "the posterior and the encoder's law",
      height: 180,
      x: [-3, 4],
      xTicks: [-3, -2, -1, 0, 1, 2, 3, 4],
    });
    const rungs = new Panel(element(sides, "div"), {
      title: "bounds, in nats",
      says: "the bounds as bars that end at their values",
      height: 180,
      x: [-8, -1.5],
      xTicks: [-8, -6, -4, -2],
    });
    rungs.left = 52;
    rungs.svg.setAttribute("class", "rungs");
    laws.onMove((z) => mean.set(Math.round(20 * z) / 20));
    const bar = element(root, "div", "buttons");
    const put = (m, d, w) => {
      if (w) slope.set(w);
      mean.set(m);
      deviation.set(d);
    };
    button(bar, "encoder = posterior", () => {
      const { mean: m, variance } = posterior({ slope: slope.get(), x: settings.x });
      mean.set(m);
      deviation.set(sqrt(variance));
    }, "play");
    button(bar, "good model, loose bound", () => put(1.2, 0.9, 2));
    button(bar, "worse model, tight bound", () => put(1.5, 0.65, 1.2));
    const write = readout(root, {
      elbo: "ELBO = <i>L</i>₁",
      five: "<i>L</i>₅",
      fifty: "<i>L</i>₅₀",
      truth: "log <i>p</i>(<i>x</i>)",
      gap: "gap = KL",
    });
    const says = sentence(root);

    function draw() {
      const s = { slope: slope.get(), x: settings.x, mean: mean.get(), deviation: deviation.get() };
      const values = [elbo(s), ladder(s, eps, 5), ladder(s, eps, 50), evidence(s)],
        { mean: m, variance: v } = posterior(s);
      const zs = Array.from({ length: 281 }, (_, k) => -3 + k / 40);
      const of = (a, b) => zs.map((z) => exp(logNormal(z, a, b)));
      const [p, q] = [of(m, v), of(s.mean, s.deviation ** 2)];
      laws.frame(0, max(1.05 * max(...p), 0.45));
      laws.draw(laws.area(zs, p, "real"), laws.area(zs, q.map((y) => Math.min(y, laws.high)), "fake"));
      rungs.frame(-0.6, 3.6);
      const inside = (y) => max(-8, Math.min(-1.5, y));
      const names = [
        "ELBO",
        "<tspan font-style='italic'>L</tspan>₅",
        "<tspan font-style='italic'>L</tspan>₅₀",
        "log p",
      ];
      rungs.draw(
        ...names.map((name, k) => rungs.label(k, name)),
        ...values.map((y, k) => rungs.line(-8, k, inside(y), k, k == 3 ? "rung top" : "rung")),
        rungs.line(inside(values[3]), -0.6, inside(values[3]), 3.6, "truth"),
      );
      const gap = values[3] - values[0];
      write({ elbo: values[0], five: values[1], fifty: values[2], truth: values[3], gap });
      says(comment(gap, values));
    }
    function comment(gap, values) {
      if (gap < 0.003)
        return "The encoder is the posterior: every weight is p(x), whatever the draw, and all bounds meet. Only the model is left to improve.";
      const slope = values[2] - values[0];
      return `The ELBO lies ${
        format(gap, 2)
      } nats too low, which is the KL from the encoder to the posterior. Fifty draws make up for ${
        format(slope, 2)
      } of them.`;
    }
    draw();
    return draw;
  }
  return { numbers: { logNormal, evidence, posterior, elbo, ladder }, mount };
})();
