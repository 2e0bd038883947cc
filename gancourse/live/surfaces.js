// Three critics against one fixed generator, trained in the page (chapter 13).
// numbers: network, slopes, penalties with their second derivatives, Adam; pure, tested against torch.
gancourse.surfaces = (() => {
  const { sqrt, min, max, floor } = Math;
  const { dTurn, forward, games, lengths, mean, toys, ...engine } = gancourse.engine;

  // ================================================================ numbers
  const WIDTH = 32, BATCH = 64, POINTS = 256, SCALE = sqrt(2), RATE = 0.004, BETAS = [0.5, 0.9];
  const DATA = {
    ring: { name: "8 Gaussians", ...toys.ring() },
    grid: { name: "25 Gaussians", ...toys.grid() },
    "swiss roll": { name: "swiss roll", ...toys.swissRoll() },
  };
  // The fixed sets, flat [x1, x2, …]: real points, and fakes, which are real points plus N(0, I).
  function points(data, rng) {
    const real = [], fake = [], draw = () => DATA[data].point(rng).map((v) => SCALE * v);
    for (let k = 0; k < POINTS; k++) real.push(...draw());
    for (let k = 0; k < POINTS; k++) fake.push(...draw().map((v) => v + rng.normal()));
    return { real, fake };
  }
  // BATCH of each, drawn with replacement, and a point between every real and its fake.
  function batch(sets, rng) {
    const pick = (all) =>
      Float64Array.from({ length: BATCH }, () => rng.whole(POINTS)).reduce((some, at, k) => {
        some.set([all[2 * at], all[2 * at + 1]], 2 * k);
        return some;
      }, new Float64Array(2 * BATCH));
    const real = pick(sets.real), fake = pick(sets.fake), between = new Float64Array(2 * BATCH);
    for (let k = 0; k < BATCH; k++) {
      const epsilon = rng.uniform(); // once per sample, not per coordinate
      for (const i of [2 * k, 2 * k + 1]) between[i] = epsilon * real[i] + (1 - epsilon) * fake[i];
    }
    return { real, fake, between };
  }

  // 2 → WIDTH → WIDTH → 1 with LeakyReLU; the weights are drawn unit by unit.
  function critic(rng) {
    const net = engine.network([2, WIDTH, WIDTH, 1], engine.activations.leakyReLU);
    for (const { inputs, outputs, W } of engine.layersOf(net))
      for (let k = 0; k < W.length; k++) W[k % inputs * outputs + floor(k / inputs)] = rng.normal() / sqrt(inputs);
    return net;
  }

  // What each critic pays, by the strength chosen for it. A toll is taken between real and fake points.
  const CRITICS = {
    clip: { game: () => games.wasserstein, clip: true },
    gp: { game: () => games.wasserstein, toll: engine.unitSlope },
    r1: { game: (gamma) => ({ ...games.nonSaturating, r1: gamma }) },
  };

  // Loss, mean length of the slope between real and fake, and the gradient by all weights.
  function slopes(kind, net, { real, fake, between }, strength) {
    const { game, toll } = CRITICS[kind], n = BATCH;
    const { loss, penalty, gradient } = dTurn(net, game(strength), real, fake, n);
    const h = forward(net, between, n), steep = mean(lengths(engine.slopes(net, h, n), 2));
    const extra = toll ? engine.penalty(net, h, n, (g) => toll(g, strength / n), gradient) : 0;
    return { loss: loss + penalty + extra, steep, gradient };
  }
  // One step of Adam; for clipping, `strength` is c. Returns the loss and the slope before it.
  function step(kind, net, points, strength) {
    const { loss, steep, gradient } = slopes(kind, net, points, strength);
    engine.optimizers.adam(net, gradient, RATE, BETAS);
    if (CRITICS[kind].clip) engine.optimizers.clip(net, strength);
    return { loss, steep };
  }
  const scores = (net, xs) => forward(net, xs, xs.length / 2).at(-1);

  // ================================================================ view
  const REACH = 2.4, GRID = 33, LEVELS = 9;
  const STYLE =
    `.live-figure .three { display: grid; gap: .6rem 1rem; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
    .live-figure .three b { display: block; font-weight: 600; margin: .35rem 0 .2rem; }
    .live-figure .three dl { grid-template-columns: repeat(auto-fit, minmax(84px, 1fr)); margin-top: .4rem; }
    .live-figure .four { grid-template-columns: repeat(auto-fit, minmax(min(100%, 130px), 1fr)); }`;
  const NAMES = { clip: "clipping", gp: "gradient penalty", r1: "R1" };

  function contours(canvas, heights) {
    const { pen } = canvas, low = min(...heights), span = max(...heights) - low;
    [pen.strokeStyle, pen.lineWidth] = [canvas.soft, 1];
    pen.beginPath();
    for (let l = 1; l < LEVELS; l++) canvas.contour(heights, low + span * l / LEVELS);
    pen.stroke();
  }

  function mount(root, settings) {
    const { element, menu, readout, sentence, Canvas, playing, random, trainingButtons } = gancourse.page;
    element(root, "style", "", STYLE);
    const controls = element(root, "div", "row controls four"),
      again = () => {
        player.set(false);
        reset();
      };
    const choice = (values) => Object.fromEntries(values.map((v) => [v, v]));
    const data = menu(controls, { label: "data", value: settings.data, options: DATA }, again);
    const strength = {
      clip: menu(controls, { label: "clipping: c", value: "0.1", options: choice(["0.03", "0.1", "0.3"]) }, () => {}),
      gp: menu(controls, { label: "penalty: λ", value: "1", options: choice(["0.1", "1", "10"]) }, () => {}),
      r1: menu(controls, { label: "R1: γ", value: "0.1", options: choice(["0", "0.1", "1", "10"]) }, () => {}),
    };
    const three = element(root, "div", "three"), pictures = {};
    for (const kind in CRITICS) {
      const holder = element(three, "div", "", `<b>${NAMES[kind]}</b>`);
      const canvas = new Canvas(holder, {
        says: `The critic's surface under ${NAMES[kind]}, with real and fake points`,
        x: [-REACH, REACH],
      });
      pictures[kind] = {
        canvas,
        write: readout(holder, { [kind + "-slope"]: "mean slope", [kind + "-loss"]: "critic loss" }),
      };
    }
    const player = playing(three, () => {
      advance();
      advance();
      show();
    });
    trainingButtons(element(root, "div", "buttons"), player, {
      step() {
        advance();
        show();
      },
      start() {
        seed++;
        reset();
      },
    });
    element(
      root,
      "div",
      "legend",
      '<span class="real">● real</span><span class="fake">● fakes, held fixed</span><span>lines: equal score</span>',
    );
    const writeStep = readout(root, { step: "step" }), say = sentence(root), grid = pictures.clip.canvas.centres(GRID);

    let { seed } = settings, rng, sets, nets, steps, now;
    function reset() {
      rng = random(seed);
      [sets, steps, now, nets] = [points(data.get(), rng), 0, {}, {}];
      const first = critic(rng); // all three start from the same weights
      for (const kind in CRITICS) nets[kind] = engine.copy(first);
      const drawn = batch(sets, random(seed));
      for (const kind in CRITICS) now[kind] = slopes(kind, nets[kind], drawn, +strength[kind].get());
      show();
    }
    function advance() {
      const drawn = batch(sets, rng); // the same points for all three
      for (const kind in CRITICS) now[kind] = step(kind, nets[kind], drawn, +strength[kind].get());
      steps++;
    }
    function verdict() {
      if (player.on && steps < 100) return "All three see the same points.";
      if (!steps)
        return "Three critics with the same first weights. Press Play, and watch where each one becomes steep.";
      const { clip, gp, r1 } = now, words = ({ steep }) => steep.toFixed(2);
      return `Mean slope between real and fake: ${words(clip)} under clipping, ${
        words(gp)
      } under the gradient penalty (which asks for about 1), ${words(r1)} under R1 (which asks for 0 on the data).`;
    }
    function show() {
      for (const kind in CRITICS) {
        const { canvas, write } = pictures[kind], heights = scores(nets[kind], grid);
        const low = min(...heights), span = max(...heights) - low || 1;
        canvas.begin();
        canvas.heat(heights.map((s) => (s - low) / span), 0.55);
        contours(canvas, heights);
        canvas.dots(sets.fake, canvas.fake, 1.1);
        canvas.dots(sets.real, canvas.real, 1.9);
        write({ [kind + "-slope"]: now[kind].steep, [kind + "-loss"]: now[kind].loss });
      }
      writeStep({ step: String(steps) });
      if (steps < 100 || !player.on || steps % 100 < 2) say(verdict());
    }
    reset();
    return show;
  }

  return { numbers: { DATA, CRITICS, points, batch, critic, slopes, step, scores }, mount };
})();
