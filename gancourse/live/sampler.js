// A Metropolis–Hastings chain: its histogram, its way, and two mistakes (chapter 4).
// numbers: the arithmetic, pure; tests compare it with gancourse.theory.sampling.  mount: the figure.
gancourse.sampler = (() => {
  const { exp, abs, sqrt, min, max, PI } = Math, WALL = 6;
  const bell = (x, mean, sd) => exp(-(((x - mean) / sd) ** 2) / 2) / (sd * sqrt(2 * PI));
  const TARGETS = {
    normal: { name: "one hill, N(0, 1)", density: (x) => bell(x, 0, 1), variance: 1 },
    hills: { name: "two hills", density: (x) => (bell(x, -2, 0.6) + bell(x, 2, 0.6)) / 2, variance: 4.36 },
    exponential: { name: "exponential", density: (x) => x < 0 ? 0 : exp(-x), variance: 1 },
  };
  const GENERATOR_SD = 1.25;
  const generator = (shift) => (x) => bell(x, shift, GENERATOR_SD);

  // A chain that has begun where the target has mass.
  const begin = (target) => ({ x: target == "hills" ? 2 : 0.5, states: [], tried: 0, taken: 0 });
  // How likely a move from x to y is accepted.
  function alpha(x, y, { target, proposals, shift, ratio }) {
    const p = TARGETS[target].density, q = generator(shift);
    if (abs(y) > WALL) return 0;
    const r = proposals == "walk" ? p(y) / p(x) : p(y) * q(x) / (p(x) * q(y));
    return min(1, ratio == "upside" ? 1 / r : r);
  }
  function advance(chain, settings, steps, rng) {
    for (let k = 0; k < steps; k++) {
      const walk = settings.proposals == "walk";
      const y = walk ? chain.x + settings.step * rng.normal() : settings.shift + GENERATOR_SD * rng.normal();
      const yes = rng.uniform() < alpha(chain.x, y, settings);
      chain.tried++;
      if (yes) {
        chain.x = y;
        chain.taken++;
      }
      if (yes || settings.record == "all") chain.states.push(chain.x);
    }
    return chain;
  }
  // The share that is accepted in equilibrium, by sums over a grid; none is known with the ratio inverted.
  function predicted({ target, proposals, step, shift, ratio }) {
    if (ratio == "upside") return NaN;
    const n = 480, h = 2 * 8 / n, xs = Array.from({ length: n }, (_, k) => -8 + (k + 0.5) * h);
    const p = xs.map(TARGETS[target].density), q = xs.map(generator(shift));
    let sum = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        sum += proposals == "walk"
          ? min(p[i], p[j]) * bell(xs[j], xs[i], step)
          : min(p[i] * q[j], p[j] * q[i]);
    return sum * h * h;
  }
  function moments(xs) {
    const mean = xs.reduce((a, b) => a + b, 0) / xs.length;
    return { mean, variance: xs.reduce((a, b) => a + (b - mean) ** 2, 0) / xs.length };
  }
  // 1 + 2 Σ ρ_k, up to five times itself.
  function autocorrelationTime(xs) {
    const { mean, variance } = moments(xs), n = xs.length;
    if (!(variance > 0)) return Infinity;
    let time = 1;
    for (let k = 1; k < n && k < 5 * time; k++) {
      let sum = 0;
      for (let i = k; i < n; i++) sum += (xs[i] - mean) * (xs[i - k] - mean);
      time += 2 * sum / (n * variance);
    }
    return time;
  }
  const BINS = 60;
  function histogram(xs) { // a density over [-WALL, WALL]
    const bars = new Float64Array(BINS), width = 2 * WALL / BINS;
    for (const x of xs) bars[min(BINS - 1, max(0, Math.floor((x + WALL) / width)))] += 1 / (xs.length * width);
    return bars;
  }

  const MOST = 60000, RECENT = 4000, SHOWN = 150;
  function mount(root, settings) {
    const { element, button, slider, menu, readout, sentence, format, random, Panel, playing } = gancourse.page;
    element(root, "style").textContent = `
      figure[data-live=sampler] svg { cursor: default; }
      figure[data-live=sampler] svg .curve.way { stroke: var(--ink); stroke-width: 1.3; }
      figure[data-live=sampler] svg .curve.generator { stroke: var(--third); stroke-dasharray: 5 4; }`;
    let chain, rng, seed = settings.seed, promise = 0;
    const menus = element(root, "div", "row controls");
    const again = () => {
      seed++;
      start();
    };
    const target = menu(
      menus,
      { label: "target", options: TARGETS, value: settings.target },
      () => start(),
    );
    const proposals = menu(
      menus,
      {
        label: "proposals from",
        options: { walk: "a step around here", generator: "a generator, judged" },
        value: settings.proposals,
      },
      () => start(),
    );
    const record = menu(
      menus,
      { label: "recorded", options: { all: "every state", accepted: "accepted ones only" }, value: "all" },
      () => start(),
    );
    const ratio = menu(
      menus,
      { label: "the ratio", options: { right: "p(y) over p(x)", upside: "upside down" }, value: "right" },
      () => start(),
    );
    const sliders = element(root, "div", "row");
    const step = slider(
      sliders,
      { label: "width of a step <i>s</i>", min: 0.2, max: 8, step: 0.1, value: settings.step },
      () => start(),
    );
    const shift = slider(
      sliders,
      { label: "generator shifted by", min: 0, max: 3, step: 0.1, value: settings.shift },
      () => start(),
    );
    const sides = element(root, "div", "sides");
    const left = element(sides, "div"), right = element(sides, "div");
    const law = new Panel(left, {
      title: "what was recorded, and the <span class='real'>target</span>",
      says: "a histogram of the recorded states beside the target density",
      height: 190,
      x: [-WALL, WALL],
      xTicks: [-6, -4, -2, 0, 2, 4, 6],
    });
    const way = new Panel(right, {
      title: `the last ${SHOWN} recorded states`,
      says: "the way of the chain",
      height: 190,
      x: [0, SHOWN],
    });
    const player = playing(root, () => {
      if (chain.tried < MOST) go(25);
      else player.set(false);
    });
    const bar = element(root, "div", "buttons");
    player.button(bar);
    button(bar, "One step", player.stopping(() => go(1)));
    button(bar, "2,000 steps", player.stopping(() => go(min(2000, MOST - chain.tried))));
    button(bar, "New start", player.stopping(again));
    const write = readout(root, {
      steps: "proposals",
      accepted: "accepted",
      predicted: "promised",
      time: "steps for one draw, τ",
      variance: "variance",
      truth: "the target's",
    });
    const says = sentence(root);

    const now = () => ({
      target: target.get(),
      proposals: proposals.get(),
      record: record.get(),
      ratio: ratio.get(),
      step: step.get(),
      shift: shift.get(),
    });
    function start() {
      rng = random(seed);
      chain = begin(target.get());
      promise = predicted(now());
      go(2000);
    }
    function go(steps) {
      advance(chain, now(), steps, rng);
      draw();
    }
    function draw() {
      const s = now(), judged = s.proposals == "generator", { states } = chain;
      sliders.children[0].style.display = judged ? "none" : "";
      sliders.children[1].style.display = judged ? "" : "none";
      const bars = histogram(states), xs = Array.from({ length: 241 }, (_, k) => -WALL + k * WALL / 120);
      const density = TARGETS[s.target].density;
      law.frame(0, max(...bars, density(0), 0.42) * 1.05);
      const steps = [...bars].flatMap((v) => [v, v]);
      const ends = [...bars].flatMap((_, k) => [k, k + 1].map((j) => -WALL + j * 2 * WALL / BINS));
      law.draw(
        states.length ? law.area(ends, steps, "fake") : "",
        law.curve(xs, xs.map(density), "real"),
        judged ? law.curve(xs, xs.map(generator(s.shift)), "generator") : "",
      );
      const last = states.slice(-SHOWN);
      way.frame(-WALL, WALL);
      way.draw(
        way.label(-4, "\u22124"),
        way.label(0, "0"),
        way.label(4, "4"),
        way.level(0, "dashed"),
        last.length > 1 ? way.curve(last.map((_, k) => k), last, "way") : "",
      );
      const recent = states.slice(-RECENT), share = chain.taken / max(1, chain.tried);
      const { variance } = moments(recent.length ? states : [0]);
      write({
        steps: format(chain.tried, 0),
        accepted: `${format(100 * share, 1)} %`,
        predicted: Number.isNaN(promise) ? "–" : `${format(100 * promise, 1)} %`,
        time: recent.length > 50 ? format(autocorrelationTime(recent), 1) : "–",
        variance: states.length ? format(variance, 2) : "–",
        truth: format(TARGETS[s.target].variance, 2),
      });
      says(comment(s, judged));
    }
    function comment(s, judged) {
      if (s.ratio == "upside")
        return judged
          ? "Upside down the judge prefers what looks <i>fake</i>: the law becomes q²/p, and the histogram runs away from the target."
          : "Upside down the chain climbs <i>out</i> of the hills; only the wall at ±6 stops it.";
      if (s.record == "accepted")
        return "Where proposals are often rejected the chain stands still, and standing still is how it gives a place its due. Without those records the histogram is the target times the rate of acceptance.";
      if (judged)
        return `The generator draws blindly; the judge's ratio decides. The promise is 2(1 − AUC) = ${
          format(promise, 3)
        }: the worse the generator, the fewer proposals pass.`;
      if (s.target == "hills" && s.step < 1.2)
        return "Small steps do not cross the valley: each hill looks well sampled, and the shares of the two are wrong for a long time.";
      return s.step < 0.7
        ? "Nearly every step is accepted, and hardly gets anywhere: neighbours in the way are alike."
        : s.step > 4
        ? "Most proposals land where there is nothing: the way has long flat pieces."
        : "Neither too timid nor too bold: more than half of the proposals may well be rejected.";
    }
    start();
    return draw;
  }
  const densities = Object.fromEntries(Object.entries(TARGETS).map(([key, { density }]) => [key, density]));
  return { numbers: { densities, alpha, begin, advance, predicted, moments, autocorrelationTime, histogram }, mount };
})();
