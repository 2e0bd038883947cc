// Slide two Gaussians apart; see a discriminator saturate and a clipped critic stay a slope (chapter 12).
// numbers: the critic, its training, the optimal discriminator; pure, tested against torch.  mount: the figure.
gancourse.critic = (() => {
  const UNITS = 32, { sqrt, abs, exp, log, max, min, PI } = Math;
  const { sigmoid, softplus, mean, forward, slopes, ...engine } = gancourse.engine;
  const span = (low, high, n) => Array.from({ length: n }, (_, i) => low + i * (high - low) / (n - 1));

  // ================================================================ numbers
  // The critic 1 → 32 → 1 with ReLU, and all its parameters in [−c, c].
  function network(c, rng) {
    const net = { ...engine.network([1, UNITS, 1], engine.activations.relu), c };
    net.theta.forEach((_, k) => {
      net.theta[k] = (2 * rng.uniform() - 1) * (k < 2 * UNITS ? 1 : 1 / sqrt(UNITS));
    });
    engine.optimizers.clip(net, c);
    return net;
  }
  const bound = (c) => c * c * UNITS; // K: no critic with weights in [−c, c] is steeper
  const values = (net, xs) => forward(net, xs, xs.length).at(-1);
  const steepness = (net, xs) => slopes(net, forward(net, xs, xs.length), xs.length);
  const value = (net, x) => values(net, [x])[0], slope = (net, x) => steepness(net, [x])[0];
  const estimate = (net, real, fake) => mean(values(net, real)) - mean(values(net, fake));
  // Of E f(fake) − E f(real), which is minimised. By hand, because a drag of the mouse trains the critic
  // anew with each frame: the engine's way for any network takes four times as long.
  function gradient({ theta }, real, fake) {
    const sums = new Float64Array(theta.length);
    for (let j = 0; j < UNITS; j++) {
      const w = theta[j], b = theta[UNITS + j], v = theta[2 * UNITS + j];
      let dw = 0, db = 0, dv = 0;
      for (const [points, share] of [[real, -1 / real.length], [fake, 1 / fake.length]])
        for (let r = 0; r < points.length; r++) { // in the engine's order, so that the sums are the same
          const h = points[r] * w + b;
          if (h <= 0) continue;
          dv += h * share;
          dw += points[r] * (share * v);
          db += share * v;
        }
      sums[j] = dw;
      sums[UNITS + j] = db;
      sums[2 * UNITS + j] = dv;
    }
    return sums;
  }
  // One turn of Algorithm 1: RMSProp, and only then the clipping.
  function step(net, real, fake, rate = net.c / 20) {
    engine.optimizers.rmsprop(net, gradient(net, real, fake), rate);
    engine.optimizers.clip(net, net.c);
  }
  function trained({ p, pg, c, steps, quantiles }, rng) {
    const net = network(c, rng), real = quantiles.map((z) => p + z), fake = quantiles.map((z) => pg + z);
    for (let k = 0; k < steps; k++) step(net, real, fake);
    return net;
  }
  const atTheEdge = ({ theta, c }) =>
    theta.subarray(0, 3 * UNITS).filter((w) => abs(w) > 0.99 * c).length / (3 * UNITS);

  // The optimal discriminator of N(p, 1) against N(pg, 1): its score is a straight line.
  const score = (x, { p, pg }) => (p - pg) * (x - (p + pg) / 2);
  // What moves a fake at x: minus the derivative of G's loss there.
  const pulls = (x, where) => {
    const s = score(x, where), rise = where.p - where.pg;
    return { minimax: sigmoid(s) * rise, nonSaturating: sigmoid(-s) * rise };
  };
  function jsd({ p, pg }) { // log 2 − ½ E_p[softplus(−s)] − ½ E_pg[softplus(s)]
    let sum = 0;
    for (let z = -9; z <= 9.0001; z += 0.01) {
      const mass = 0.01 * exp(-z * z / 2) / sqrt(2 * PI);
      sum += mass * (softplus(-score(p + z, { p, pg })) + softplus(score(pg + z, { p, pg }))) / 2;
    }
    return log(2) - sum;
  }
  function at(settings, rng) {
    const net = trained(settings, rng), { p, pg, c, quantiles } = settings, K = bound(c);
    return {
      net,
      w1: abs(p - pg),
      jsd: jsd(settings),
      K,
      edge: atTheEdge(net),
      raw: slope(net, pg),
      estimate: estimate(net, quantiles.map((z) => p + z), quantiles.map((z) => pg + z)) / K,
      ...pulls(pg, settings),
      critic: slope(net, pg) / K,
    };
  }
  function comment({ w1, estimate, minimax, critic }, { p, pg, steps }) {
    const towards = Math.sign(p - pg);
    if (w1 < 0.05)
      return "The two agree. There is nothing to find, and whatever the critic shows is what its limited steps left over.";
    if (critic * towards < 0.05)
      return steps < 60
        ? "The critic has hardly been trained: its slope says nothing yet. Give it more steps."
        : "This critic is flat, or worse, where the fakes are. Clipped critics are not all functions of slope K.";
    if (abs(minimax) < 0.02)
      return "The discriminator is sure, and its minimax pull on the fakes is gone. The critic still pulls them.";
    if (estimate > 0.8 * w1) return "The critic's estimate comes close to the distance, and never exceeds it.";
    return "Both pull. The critic's estimate is a fraction of the distance, and never more.";
  }

  // ================================================================ view
  function mount(root, settings) {
    const { element, slider, menu, readout, sentence, random, format, Panel } = gancourse.page;
    const xs = span(-8, 8, 321), [LOW, HIGH] = [-6, 6];
    const real = '<i class="real">p</i>', fake = '<i class="fake">p<sub>g</sub></i>';
    const critic = '<i class="third">f</i>', D = "<i>D</i>*";

    const controls = element(root, "div", "row controls");
    const place = (label, value) => slider(controls, { label, min: LOW, max: HIGH, step: 0.1, value }, draw);
    const p = place(`centre of the data ${real}`, settings.p), pg = place(`centre of the fakes ${fake}`, settings.pg);
    const c = menu(controls, {
      label: "clip value <i>c</i>",
      value: settings.c,
      options: { 0.01: "0.01 (the paper's)", 0.03: "0.03", 0.1: "0.1", 0.3: "0.3" },
    }, draw);
    const steps = slider(controls, { label: "critic's steps", min: 0, max: 400, step: 5, value: settings.steps }, draw);

    const columns = element(root, "div", "row");
    const left = element(columns, "div", "column"), right = element(columns, "div", "column");
    const panel = (parent, height, title, says) =>
      new Panel(parent, { title, says, height, x: [-8, 8], xTicks: [-8, -4, 0, 4, 8] });
    const densities = panel(left, 140, `data ${real} and fakes ${fake} (drag the fakes)`, "the two densities");
    const detective = panel(left, 140, `best discriminator ${D}`, "the optimal discriminator");
    const height = panel(
      right,
      140,
      `trained critic ${critic}/<i>K</i>, dashed: the ideal one`,
      "the critic and the best 1-Lipschitz function",
    );
    const force = panel(
      right,
      140,
      `pull on a fake: <span>minimax</span>, <span class="third">critic/<i>K</i></span>`,
      "the pull on a fake, by its place",
    );
    for (const each of [densities, detective, height, force])
      each.onMove((x) => pg.set(min(HIGH, max(LOW, x))));

    const write = readout(root, {
      w1: "<i>W</i>₁, exact",
      estimate: `estimate of ${critic} / <i>K</i>`,
      jsd: "JSD, exact",
      minimax: `minimax pull at the centre of ${fake}`,
      nonSaturating: "non-saturating pull there",
      critic: "critic's pull / <i>K</i> there",
      K: "<i>K</i>",
      raw: "critic's pull as it is",
      edge: "weights at ±<i>c</i>",
    });
    const says = sentence(root);

    function draw() {
      const now = { p: p.get(), pg: pg.get(), c: +c.get(), steps: steps.get(), quantiles: settings.quantiles };
      const numbers = at(now, random(settings.seed)), { net, K } = numbers, towards = Math.sign(now.p - now.pg);
      write({ ...numbers, K: format(K, 4), raw: format(numbers.raw, 5), edge: format(100 * numbers.edge, 0) + " %" });
      says(comment(numbers, now));

      const bell = (centre) => xs.map((x) => exp(-((x - centre) ** 2) / 2) / sqrt(2 * PI));
      densities.frame(0, 0.44);
      densities.draw(densities.area(xs, bell(now.p), "real"), densities.area(xs, bell(now.pg), "fake"));
      detective.draw(
        detective.probability(),
        detective.curve(xs, xs.map((x) => sigmoid(score(x, now)))),
        detective.dot(now.pg, sigmoid(score(now.pg, now))),
      );

      const middle = (now.p + now.pg) / 2, zero = value(net, middle);
      const [from, to] = [max(-8, middle - 6.5), min(8, middle + 6.5)]; // where the ideal critic is inside the frame
      height.frame(-6.5, 6.5);
      height.draw(
        height.label(-5, "−5"),
        height.label(0, 0),
        height.label(5, 5),
        `<g stroke-dasharray="4 4">${
          height.line(from, towards * (from - middle), to, towards * (to - middle), "dashed")
        }</g>`,
        height.curve(xs, values(net, xs).map((f) => (f - zero) / K), "third"),
        height.dot(now.pg, (value(net, now.pg) - zero) / K),
      );
      force.frame(-1.3, 1.3);
      force.draw(
        force.label(-1, "−1"),
        force.label(0, 0),
        force.label(1, 1),
        force.level(0, "axis"),
        force.curve(xs, xs.map((x) => pulls(x, now).minimax)),
        force.curve(xs, steepness(net, xs).map((s) => s / K), "third"),
        force.dot(now.pg, numbers.critic),
      );
    }
    draw();
    return draw;
  }

  return {
    numbers: {
      UNITS,
      network,
      bound,
      value,
      slope,
      estimate,
      gradient,
      step,
      trained,
      atTheEdge,
      score,
      pulls,
      jsd,
      at,
      comment,
    },
    mount,
  };
})();
