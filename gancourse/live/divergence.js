// Slide the generator's density p_g past the data p; see D*, V, JSD and W1 (chapter 06).
// numbers: the arithmetic, pure; tests compare it with gancourse.theory.  mount: the figure.
gancourse.divergence = (() => {
  const LOG2 = Math.log(2);
  const span = (low, high, n) => Array.from({ length: n }, (_, i) => low + i * (high - low) / (n - 1));
  const GRID = span(-26, 26, 2601), DX = GRID[1] - GRID[0];

  const logGaussian = (x, mean, std) => -0.5 * ((x - mean) / std) ** 2 - Math.log(std * Math.sqrt(2 * Math.PI));
  const logSumExp = (a, b) => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));

  // log p: N(0, 1), or half N(-3, 0.8²) and half N(3, 0.8²).
  const logData = (x, bumps) =>
    bumps == 1
      ? logGaussian(x, 0, 1)
      : logSumExp(logGaussian(x, -3, 0.8), logGaussian(x, 3, 0.8)) - LOG2;

  // log D* = log p/(p+p_g) and log(1-D*), from log-densities: no 0/0, no rounding to 1.
  const logOptimal = (logP, logPg) => {
    const both = logSumExp(logP, logPg);
    return [logP - both, logPg - both];
  };
  const optimalDiscriminator = (x, { mean, std, bumps }) =>
    Math.exp(logOptimal(logData(x, bumps), logGaussian(x, mean, std))[0]);

  // Everything the figure shows, by a sum over the grid; slopes are derivatives in p_g's mean.
  function at({ mean, std, bumps }) {
    let V = 0, klForward = 0, klReverse = 0, w1 = 0, gap = 0;
    let slopeSaturating = 0, slopeNonSaturating = 0, slopeW1 = 0;
    for (const x of GRID) {
      const logP = logData(x, bumps), logPg = logGaussian(x, mean, std);
      const p = Math.exp(logP) * DX, pg = Math.exp(logPg) * DX;
      const [logD, logNotD] = logOptimal(logP, logPg);
      V += p * logD + pg * logNotD;
      klForward += p * (logP - logPg);
      klReverse += pg * (logPg - logP);
      const before = gap;
      gap += p - pg; // F - F_g, the difference of the CDFs
      w1 += Math.abs(gap) * DX;
      const dpg = pg * (x - mean) / std ** 2; // derivative of p_g in its mean
      slopeSaturating += dpg * logNotD; // of E_pg[log(1-D)], D* held fixed
      slopeNonSaturating -= dpg * logD; // of -E_pg[log D], D* held fixed
      const meanSign = gap == before ? Math.sign(gap) : (Math.abs(gap) - Math.abs(before)) / (gap - before);
      slopeW1 += meanSign * pg;
    }
    return {
      D: optimalDiscriminator(mean, { mean, std, bumps }),
      V,
      jsd: (V + 2 * LOG2) / 2,
      w1,
      klForward,
      klReverse,
      slopeSaturating,
      slopeNonSaturating,
      slopeW1,
    };
  }

  function comment({ jsd }, bumps) {
    if (jsd < 0.002) return "The two curves agree. Even the best detective can only guess: D* is ½ everywhere.";
    if (jsd > 0.98 * LOG2)
      return "Hardly any overlap. JSD stands at its ceiling log 2 and its slope has vanished; W₁ still says how far there is to go.";
    if (bumps == 2 && jsd < 0.32)
      return "The generator sits on part of the data. Where both curves are high the detective must stay unsure.";
    if (jsd < 0.5 * LOG2) return "A good deal of overlap. Where both curves are high the detective must stay unsure.";
    return "Little overlap. The detective is right almost everywhere, and JSD comes near its ceiling.";
  }

  function mount(root, settings) {
    const { element, slider, menu, readout, sentence, Panel } = gancourse.page;
    const xs = span(-8, 8, 321), means = span(-8, 8, 129);
    const real = '<i class="real">p</i>', fake = '<i class="fake">p<sub>g</sub></i>', D = "<i>D</i>*";

    const controls = element(root, "div", "row controls");
    const mean = slider(
      controls,
      { label: `position of ${fake}`, min: -8, max: 8, step: 0.05, value: settings.mean },
      draw,
    );
    const std = slider(
      controls,
      { label: `width of ${fake}`, min: 0.3, max: 3, step: 0.05, value: settings.std },
      draw,
    );
    const data = menu(controls, {
      label: `the data ${real}`,
      value: settings.bumps,
      options: { 1: "one bump", 2: "two bumps" },
    }, draw);

    const columns = element(root, "div", "row");
    const left = element(columns, "div", "column"), right = element(columns, "div", "column");
    const panel = (parent, height, title, says) =>
      new Panel(parent, {
        title,
        says,
        height,
        x: [-8, 8],
        xTicks: [-8, -4, 0, 4, 8],
        right: parent == right ? 46 : 12,
      });
    const densities = panel(left, 178, `data ${real} and generator ${fake} (drag it)`, "the two densities");
    const detective = panel(left, 118, `best ${D} = ${real} / (${real} + ${fake})`, "the optimal discriminator");
    const divergence = panel(
      right,
      148,
      `JSD(${real}‖${fake}) and <i>V</i>, by position`,
      "JSD by position of the generator",
    );
    const distance = panel(
      right,
      148,
      `<span class="third"><i>W</i>₁</span>, by position`,
      "W1 by position of the generator",
    );
    for (const each of [densities, detective, divergence, distance])
      each.onMove((x) => mean.set(x));

    const write = readout(root, {
      D: `${D} at the centre of ${fake}`,
      V: `<i>V</i>(${D}, <i>G</i>)`,
      jsd: "JSD (nats)",
      w1: "<i>W</i>₁",
      klForward: `KL(${real}‖${fake})`,
      klReverse: `KL(${fake}‖${real})`,
      slopeSaturating: "slope, saturating",
      slopeNonSaturating: "slope, non-saturating",
      slopeW1: "slope of <i>W</i>₁",
    });
    const say = sentence(root);

    let sweep = { key: "", jsd: [], w1: [] }; // the curves by position, kept while they hold
    function draw() {
      const now = { mean: mean.get(), std: std.get(), bumps: +data.get() }, numbers = at(now);
      const key = now.std + " " + now.bumps;
      if (sweep.key != key) {
        const all = means.map((m) => at({ ...now, mean: m }));
        sweep = { key, jsd: all.map((a) => a.jsd), w1: all.map((a) => a.w1) };
      }
      write(numbers);
      say(comment(numbers, now.bumps));

      const p = xs.map((x) => Math.exp(logData(x, now.bumps)));
      const pg = xs.map((x) => Math.exp(logGaussian(x, now.mean, now.std)));
      densities.frame(0, 1.08 * Math.max(0.45, ...p, ...pg));
      densities.draw(densities.area(xs, p, "real"), densities.area(xs, pg, "fake"));
      detective.draw(
        detective.probability(),
        detective.curve(xs, xs.map((x) => optimalDiscriminator(x, now))),
        detective.dot(now.mean, numbers.D),
      );

      divergence.frame(0, 0.75);
      divergence.draw(
        divergence.label(LOG2, "log 2"),
        divergence.label(0, 0),
        divergence.label(LOG2, "<tspan font-style='italic'>V</tspan> = 0", "right"),
        divergence.label(0, "−log 4", "right"),
        divergence.level(LOG2, "dashed"),
        divergence.curve(means, sweep.jsd),
        tangent(divergence, now.mean, numbers.jsd, numbers.slopeSaturating / 2),
        divergence.dot(now.mean, numbers.jsd),
      );
      distance.frame(0, 9);
      distance.draw(
        distance.label(0, 0),
        distance.label(4, 4),
        distance.label(8, 8),
        distance.curve(means, sweep.w1, "third"),
        tangent(distance, now.mean, numbers.w1, numbers.slopeW1),
        distance.dot(now.mean, numbers.w1),
      );
    }
    const tangent = (panel, x, y, slope) => {
      const [a, b] = [Math.max(-8, x - 1.5), Math.min(8, x + 1.5)];
      return panel.line(a, y + (a - x) * slope, b, y + (b - x) * slope, "tangent");
    };
    draw();
    return draw;
  }

  return { numbers: { at, optimalDiscriminator }, mount };
})();
