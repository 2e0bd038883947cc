// Train a GAN on points of the plane, in the page (chapter 05).
// numbers: its data, games and steps; pure, and tested against torch.  Laboratory: the figure.
gancourse.laboratory = (() => {
  const { sqrt, log, min, max, abs, floor, hypot } = Math;
  const { element, button, slider, menu, readout, sentence, format, random, playing, still, Canvas, Panel } =
    gancourse.page;
  const { sigmoid, mean, forward, lengths, games, dTurn, gSlopes, gTurn, toys, ...engine } = gancourse.engine;

  // ================================================================ numbers
  // ---- Data. Mixtures know the centres of their modes.
  const BLUR = 0.05; // standard deviation of every mode
  const DATA = {
    ring: { name: "ring of 8", ...toys.ring(8, BLUR) },
    grid9: { name: "grid of 9", ...toys.grid(3, BLUR) },
    grid25: { name: "grid of 25", ...toys.grid(5, BLUR) },
    spiral: { name: "two spirals", ...toys.spiral() },
    gaussian: { name: "one Gaussian", point: (rng) => toys.blurred([1, 0.9], 0.1, rng) },
    own: { name: "draw your own" }, // around the points that the reader has drawn
  };
  const draw = (data, n, rng, drawn) => toys.sample(data == "own" ? toys.mixture(drawn, 0.02) : DATA[data], n, rng);
  const noise = (n, rng) => Float64Array.from({ length: 2 * n }, () => 2 * rng.uniform() - 1);

  // He's scale keeps the signal's size; at the end less: G starts central, D undecided.
  function network(sizes, rng) {
    const scale = ({ inputs, outputs }) => sqrt(2 / inputs) * (outputs > 2 ? 1 : 0.3);
    return engine.network(sizes, engine.activations.leakyReLU, (layer) => scale(layer) * rng.normal());
  }

  // A choice in the menu: a game, the weights of R1 and R2, the clip of D's weights, and the losses
  // [D, G] where D cannot tell the two apart. `view`: how scores become the map's colours.
  const GAMMA = 0.02, CLIP = 0.1, L2 = log(2), L4 = log(4);
  const GAMES = {
    minimax: { name: "minimax", ...games.minimax, levels: [["log 4", L4], ["−log 2", -L2]], view: "sigmoid" },
    "non-saturating": {
      name: "non-saturating",
      ...games.nonSaturating,
      levels: [["log 4", L4], ["log 2", L2]],
      view: "sigmoid",
    },
    "least-squares": {
      name: "least squares",
      ...games.leastSquares,
      levels: [["¼", 1 / 4], ["⅛", 1 / 8]],
      view: "target",
    },
    hinge: { name: "hinge", ...games.hinge, levels: [["2", 2], ["0", 0]], view: "margin" },
    wasserstein: {
      name: "Wasserstein, clipped weights",
      ...games.wasserstein,
      clip: CLIP,
      levels: [["0", 0]],
      view: "critic",
    },
    "non-saturating-r1": {
      name: "non-saturating + R1",
      ...games.nonSaturating,
      r1: GAMMA,
      levels: [["log 4", L4], ["log 2", L2]],
      view: "sigmoid",
    },
    "relativistic-r1": {
      name: "relativistic + R1",
      ...games.relativistic,
      r1: GAMMA,
      levels: [["log 2", L2]],
      view: "relative",
    },
    "relativistic-r1-r2": {
      name: "relativistic + R1 + R2",
      ...games.relativistic,
      r1: GAMMA,
      r2: GAMMA,
      levels: [["log 2", L2]],
      view: "relative",
    },
  };

  // Adam, then the clip where the game asks for one.
  const BETAS = [0.5, 0.99];
  function adam(net, gradient, rate, clip = Infinity) {
    engine.optimizers.adam(net, gradient, rate, BETAS);
    engine.optimizers.clip(net, clip);
  }

  // ---- A training, and one step of it: k turns of D, one of G (algorithm 1 of Goodfellow et al.).
  const BATCH = 128, WIDTH = 32;
  function training({ data, game, seed, drawn = [] }) {
    const rng = random(seed);
    const G = network([2, WIDTH, WIDTH, 2], rng), D = network([2, WIDTH, WIDTH, 1], rng);
    return { data, game: GAMES[game], drawn, rng, G, D, step: 0 };
  }
  function step(run, { rateD, rateG, dSteps }) {
    const { G, D, game, rng } = run;
    let x, d;
    for (let k = 0; k < dSteps; k++) {
      x = draw(run.data, BATCH, rng, run.drawn);
      d = dTurn(D, game, x, forward(G, noise(BATCH, rng), BATCH).at(-1), BATCH);
      adam(D, d.gradient, rateD, game.clip);
    }
    const g = gTurn(G, D, game, x, noise(BATCH, rng), BATCH);
    adam(G, g.gradient, rateG);
    run.step++;
    return { d: d.loss, g: g.loss };
  }

  // Modes reached and the share of points of high quality, as gancourse.metrics.mode_coverage:
  // high quality is within 3 standard deviations of a mode. Here a mode counts as reached when it
  // holds at least a quarter of its fair share, so that a few strays do not count.
  function coverage(points, modes) {
    const counts = modes.map(() => 0), n = points.length / 2;
    for (let r = 0; r < n; r++) {
      const hit = modes.findIndex(([x, y]) => Math.hypot(points[2 * r] - x, points[2 * r + 1] - y) < 3 * BLUR);
      if (hit >= 0) counts[hit]++;
    }
    return {
      of: modes.length,
      modes: counts.filter((c) => c >= n / modes.length / 4).length,
      highQuality: counts.reduce((a, b) => a + b) / n,
    };
  }

  // ================================================================ view
  const EXPERIMENTS = {
    works: {
      name: "It works",
      data: "ring",
      game: "relativistic-r1-r2",
      rateD: 3,
      rateG: 3,
      dSteps: 1,
      says:
        "The orange points find all eight modes and, but for a wobble, stay. Both losses come to rest near log 2, the map turns pale and the arrows short: <i>D</i> can hardly tell.",
    },
    collapse: {
      name: "Mode collapse",
      data: "ring",
      game: "non-saturating",
      rateD: 0.2,
      rateG: 4,
      dSteps: 1,
      says:
        "<i>G</i> is twenty times as fast as <i>D</i>. Its points crowd where <i>D</i> is fooled just now, <i>D</i> follows, and the crowd runs on: never more than a few of the eight modes at once. Then raise the rate of <i>D</i> to 4.",
    },
    strong: {
      name: "<i>D</i> too strong",
      data: "gaussian",
      game: "minimax",
      rateD: 10,
      rateG: 0.5,
      dSteps: 10,
      says:
        "Ten fast steps of <i>D</i> for each slow one of <i>G</i>. From most starts <i>D</i> is soon certain: both losses are 0, the arrows vanish and <i>G</i> stands still, often for good. Then choose the game non-saturating.",
    },
    clipped: {
      name: "Clipped critic",
      data: "ring",
      game: "wasserstein",
      rateD: 2,
      rateG: 2,
      dSteps: 5,
      says:
        "Weights held within ±0.1 leave <i>D</i> a few broad slopes. The cloud finds the place and the size of the ring and sways about it, but none of its modes.",
    },
  };
  const SHOWN = 500, MAP = 40, CELLS = 21; // points of each kind; pixels of the map; corners of the grid
  const SPAN = 1.6; // the picture shows [-SPAN, SPAN] each way
  const corners = Float64Array.from(
    { length: 2 * CELLS * CELLS },
    (_, k) => 2 * (k % 2 ? floor((k >> 1) / CELLS) : (k >> 1) % CELLS) / (CELLS - 1) - 1,
  );
  const steepness = (slopes) => mean(lengths(slopes, 2)); // mean length of n slopes

  // Scores to verdicts in (0, 1); ½ is "cannot tell". σ where the game means a probability; else a σ
  // around the game's own middle: its target ½, 0, or halfway between the two mean scores.
  function verdict(view, scores, real, fake) {
    const middle = (mean(real) + mean(fake)) / 2, widest = scores.reduce((w, s) => max(w, abs(s - middle)), 1e-9);
    const [centre, scale] = {
      sigmoid: [0, 1],
      target: [1 / 2, 4],
      margin: [0, 2],
      relative: [middle, 1],
      critic: [middle, 3 / widest],
    }[view];
    return scores.map((s) => sigmoid(scale * (s - centre)));
  }
  // At most 300 means of neighbours, so that a long run stays a short curve.
  function thin(values) {
    const every = max(1, Math.ceil(values.length / 300)), thinned = [];
    for (let k = 0; k + every <= values.length; k += every) thinned.push(mean(values.slice(k, k + every)));
    return [thinned.map((_, k) => (k + 1) * every), thinned];
  }

  class Picture extends Canvas {
    rings(centres) {
      [this.pen.strokeStyle, this.pen.lineWidth] = [this.soft, 1];
      this.circles(centres, 3 * BLUR / SPAN / 2 * this.width);
      this.pen.stroke();
    }
    brush([x, y]) {
      [this.pen.strokeStyle, this.pen.lineWidth] = [this.third, 2];
      this.pen.strokeRect(this.X(x) - 6, this.Y(y) - 6, 12, 12);
    }
    // The way down G's loss from every fifth point. A slope s is drawn 0.3 s/(s + 1) long.
    arrows(points, slopes) {
      const { pen } = this;
      [pen.strokeStyle, pen.lineWidth] = [this.third, 1.2];
      pen.beginPath();
      for (let k = 0; k < points.length; k += 10) {
        const length = 0.15 * this.width / SPAN / (Math.hypot(slopes[k], slopes[k + 1]) + 1);
        const dx = -length * slopes[k], dy = length * slopes[k + 1]; // the canvas counts y downwards
        const x = this.X(points[k]) + dx, y = this.Y(points[k + 1]) + dy;
        pen.moveTo(x - dx, y - dy);
        pen.lineTo(x, y);
        for (const turn of [-0.22, 0.22]) {
          pen.moveTo(x, y);
          pen.lineTo(x - 0.3 * dx - turn * dy, y - 0.3 * dy + turn * dx);
        }
      }
      pen.stroke();
    }
    // The noise square after G. Every cell holds the same share of the noise, so it gets the same
    // amount of colour, however far G has stretched it.
    grid(points) {
      const { pen } = this, at = (k) => [this.X(points[2 * k]), this.Y(points[2 * k + 1])];
      [pen.fillStyle, pen.strokeStyle, pen.lineWidth] = [this.fake, this.fake, 0.6];
      for (let k = 0; k + CELLS < CELLS * CELLS; k++) {
        if (k % CELLS == CELLS - 1) continue;
        const [a, b, c, d] = [k, k + 1, k + CELLS + 1, k + CELLS].map(at);
        const area = abs((c[0] - a[0]) * (d[1] - b[1]) - (d[0] - b[0]) * (c[1] - a[1])) / 2;
        pen.beginPath();
        for (const corner of [a, b, c, d]) pen.lineTo(...corner);
        pen.closePath();
        pen.globalAlpha = min(0.6, 2e-4 * this.width ** 2 / (area + 1e-9));
        pen.fill();
        pen.globalAlpha = 0.45;
        pen.stroke();
      }
      pen.globalAlpha = 1;
    }
  }

  // ---- The figure. `&` stands for the figure itself.
  const STYLE = `
    & .says { margin: .3rem 0 .4rem; }
    & .legend > * { display: flex; align-items: center; gap: .35rem; }
    & .legend input { accent-color: var(--third); width: 16px; height: 16px; margin: 0; }
    & .controls { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .4rem .9rem; }
    & svg { cursor: default; } & svg .curve { stroke-width: 1.6; } & svg .curve.fake { stroke: var(--fake); }
    & svg .level { stroke-dasharray: 2 4; stroke-width: 1.5; }
    @media (min-width: 800px) and (pointer: fine) { & .sides > .picture { flex: 0 1 326px; } }`.replaceAll(
    "&",
    ".live-figure[data-live=laboratory]",
  );

  // Both losses over the steps, without penalties, and the levels where D cannot tell the two apart.
  class LossChart extends Panel {
    constructor(parent) {
      super(parent, {
        title: 'losses of <i class="third">D</i> and <i class="fake">G</i>, without penalties',
        says: "both losses over the steps",
        height: 118,
        x: [0, 1],
        right: 46,
      });
    }
    show(record, step, levels) {
      const [steps, d] = thin(record.d), [, g] = thin(record.g);
      const all = [...d, ...g, ...levels.map(([, y]) => y)], low = min(...all), high = max(...all);
      const air = 0.08 * (high - low) + 0.05;
      this.x = [0, max(100, step)];
      this.xTicks = this.x;
      this.frame(low - air, high + air);
      this.draw(
        ...levels.flatMap(([text, y]) => [this.level(y, "dashed level"), this.label(y, text, "right")]),
        this.label(low, format(low, 1)),
        this.label(high, format(high, 1)),
        this.curve(steps, d, "third"),
        this.curve(steps, g, "fake"),
      );
    }
  }

  // Draws data on a picture: with a pointer, or with arrow keys and the space bar. It leaves points in
  // `drawn`. on(): may it?  moved(): it stands elsewhere, at `at`.  left(): there are new points.
  class Brush {
    constructor(picture, drawn, { on, moved, left }) {
      Object.assign(this, { drawn, left, at: null, from: null });
      const { node } = picture;
      node.addEventListener("pointerdown", (event) => {
        if (!on()) return;
        node.setPointerCapture(event.pointerId);
        this.at = null;
        this.stroke(picture.place(event));
      });
      node.addEventListener("pointermove", (event) => {
        if (this.from) this.stroke(picture.place(event));
      });
      for (const end of ["pointerup", "pointercancel"])
        node.addEventListener(end, () => {
          this.from = null;
        });
      node.addEventListener("keydown", (event) => {
        const way = WAYS[event.key];
        if (!on() || !way) return;
        event.preventDefault();
        this.at = [0, 1].map((i) => max(-SPAN, min(SPAN, (this.at ?? [0, 0])[i] + 0.08 * way[i])));
        if (event.key == " ") this.stroke(this.at);
        else moved();
        this.from = null;
      });
    }
    stroke(to) { // points lie evenly along it
      const from = this.from ?? to, n = max(1, Math.round(hypot(to[0] - from[0], to[1] - from[1]) / 0.02));
      for (let k = 1; k <= n && this.drawn.length < 5000; k++)
        this.drawn.push([0, 1].map((i) => from[i] + (to[i] - from[i]) * k / n));
      this.from = to;
      this.left();
    }
  }
  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], " ": [0, 0] };

  const X = '<i class="real">x</i>', MADE = '<i class="fake">G</i>(<i>z</i>)';
  const START = "Press Play, or choose an experiment, or data and game of your own.";
  const DRAW = "Draw the data: with the mouse, a finger, or the arrow keys and the space bar. Then press Play.";
  const BY_HAND = "Your own experiment. Data and game start new networks; learning rates and <i>D</i>-steps may change "
    + "on the way.";
  const DIVERGED = "The losses are no longer finite numbers. Lower a learning rate and press Reset.";
  const NOTE =
    "slope: mean length of the slope of <i>G</i>’s loss, which the arrows follow downhill. good: share of the "
    + "generated points inside a small circle, within 3 standard deviations of a mode. A mode counts when its circle "
    + "holds at least a quarter of its fair share.";

  // The figure: what the reader may set, one training, and what is shown of it.
  class Laboratory {
    constructor(root, settings) {
      Object.assign(this, { root, settings, seed: settings.seed, drawn: [] });
      this.z = noise(SHOWN, random(1e6)); // the same noise is shown all the time
      element(root, "style", "", STYLE);
      this.addExperiments();
      const sides = element(root, "div", "sides"), left = element(sides, "div", "picture");
      this.addPicture(left);
      this.addButtons(element(left, "div", "buttons"));
      this.addLayers(element(left, "div", "legend"));
      this.addRight(element(sides, "div"));
      this.reset();
    }

    // ---- What it is made of, from top to bottom
    addExperiments() {
      const shelf = element(this.root, "div", "buttons", "<b>Experiments</b>");
      this.experiments = Object.entries(EXPERIMENTS).map(([key, { name }]) => {
        const node = button(shelf, name, () => this.perform(key));
        node.dataset.experiment = key;
        return node;
      });
      this.say = sentence(this.root, START);
    }
    addPicture(left) {
      this.picture = new Picture(left, { says: "", x: [-SPAN, SPAN] });
      this.centres = this.picture.centres(MAP);
      this.brush = new Brush(this.picture, this.drawn, {
        on: () => this.run.data == "own",
        moved: () => this.show(),
        left: () => this.refresh(),
      });
    }
    addButtons(bar) {
      this.player = playing(this.picture.node, () => { // steps fill 12 ms of a frame
        const end = performance.now() + 12;
        do this.advance(); while (this.player.on && !this.slow.checked && performance.now() < end);
        this.show();
      });
      this.player.button(bar).addEventListener("click", () => this.play(this.player.on));
      button(bar, "One step", () => {
        this.play(false);
        this.advance();
        this.show();
      });
      button(bar, "Reset", () => {
        this.seed++;
        this.reset();
      }).title = "New networks, from the next seed";
      this.clear = button(bar, "Clear drawing", () => {
        this.drawn.length = 0;
        this.reset();
        this.play(false);
      });
    }
    addLayers(legend) {
      legend.innerHTML = '<span><i class="real">●</i> data</span><span><i class="fake">●</i> generated</span>';
      const toggle = (text, checked) => {
        const label = element(legend, "label"), box = element(label, "input");
        Object.assign(box, { type: "checkbox", checked });
        label.append(text);
        box.addEventListener("change", () => this.show());
        return box;
      };
      this.heat = toggle("D’s verdict", true);
      this.arrows = toggle("arrows down G’s loss", true);
      this.grid = toggle("warped noise grid", false);
      this.slow = toggle("one step a picture", false);
    }
    addRight(right) {
      const controls = element(right, "div", "row controls"), { settings } = this;
      const choice = (label, options, value, changed) => menu(controls, { label, options, value }, changed);
      const rate = (label) => slider(controls, { label, min: 0.1, max: 10, step: 0.1, value: 2 }, () => {});
      this.data = choice("data", DATA, settings.data, () => this.byHand());
      this.dSteps = choice("<i>D</i>-steps per <i>G</i>-step", { 1: 1, 2: 2, 5: 5, 10: 10 }, 1, () => {});
      this.game = choice("game", GAMES, settings.loss, () => this.byHand());
      controls.lastElementChild.style.gridColumn = "1 / -1"; // its names are long
      this.rateG = rate("rate of <i>G</i>, 10⁻³");
      this.rateD = rate("rate of <i>D</i>, 10⁻³");
      this.losses = new LossChart(right);
      this.write = readout(right, {
        step: "step",
        d: "loss of <i>D</i>",
        g: "loss of <i>G</i>",
        seed: "seed",
        real: "",
        fake: "",
        slope: "slope at " + MADE,
        modes: "modes",
        good: "good",
      });
      element(this.root, "p", "note", NOTE); // across: it is long
    }

    // ---- What happens
    play(on) {
      this.player.set(on && this.points.length > 0);
    }
    reset() {
      this.run = training({ data: this.data.get(), game: this.game.get(), seed: this.seed, drawn: this.drawn });
      this.record = { d: [], g: [] };
      this.dress(this.run.data == "own", this.run.game.view == "sigmoid");
      this.refresh();
    }
    dress(own, probability) { // as a picture or an area to draw on; scores as numbers or probabilities
      const { node } = this.picture;
      this.clear.hidden = !own;
      node.style.touchAction = own ? "none" : "pan-y"; // a finger draws, or scrolls the page
      node.tabIndex = own ? 0 : -1;
      node.setAttribute("role", own ? "application" : "img");
      node.setAttribute(
        "aria-label",
        own
          ? "Drawing area: arrow keys move the brush, space leaves points"
          : "Real and generated points on the discriminator's verdict",
      );
      for (const [key, point] of [["real", X], ["fake", MADE]])
        this.root.querySelector(`[data-number=${key}]`).previousElementSibling.innerHTML = probability
          ? `mean σ(<i>D</i>(${point}))`
          : `mean <i>D</i>(${point})`;
    }
    refresh() { // real points to show; there may be none yet
      const { run: { data }, drawn } = this;
      this.points = data == "own" && !drawn.length ? new Float64Array(0) : draw(data, SHOWN, random(2e6), drawn);
      this.show();
    }
    byHand() {
      this.tell(null, this.data.get() == "own" ? DRAW : BY_HAND);
      this.reset();
      this.play(this.player.on);
    }
    tell(key, text) {
      for (const node of this.experiments) node.setAttribute("aria-pressed", node.dataset.experiment == key);
      this.say(text);
    }
    perform(key) {
      const { says, ...wanted } = EXPERIMENTS[key];
      for (const name of ["data", "game", "rateD", "rateG", "dSteps"]) this[name].set(wanted[name]);
      this.tell(key, says);
      this.seed = this.settings.seed;
      this.reset();
      this.play(!still());
    }
    advance() {
      if (!this.points.length) return;
      const [rateD, rateG, dSteps] = [this.rateD.get() / 1000, this.rateG.get() / 1000, +this.dSteps.get()];
      const { d, g } = step(this.run, { rateD, rateG, dSteps });
      if (Number.isFinite(d + g)) {
        this.record.d.push(d);
        this.record.g.push(g);
      } else {
        this.play(false);
        this.tell(null, DIVERGED);
      }
    }

    // ---- Pictures and numbers
    show() {
      const { run: { G, D, game, data, step }, points, picture, brush } = this, { modes } = DATA[data];
      const fake = forward(G, this.z, SHOWN).at(-1);
      const real = forward(D, points.length ? points : fake, SHOWN).at(-1);
      const { scores, slopes } = gSlopes(D, game, real, fake, SHOWN, 1);
      picture.begin();
      if (this.heat.checked)
        picture.heat(verdict(game.view, forward(D, this.centres, MAP * MAP).at(-1), real, scores));
      if (modes) picture.rings(modes.flat());
      picture.dots(points, picture.real);
      if (this.grid.checked) picture.grid(forward(G, corners, CELLS * CELLS).at(-1));
      if (this.arrows.checked) picture.arrows(fake, slopes);
      picture.dots(fake, picture.fake);
      if (brush.at && data == "own") picture.brush(brush.at);
      this.tally(real, scores, slopes, modes && coverage(fake, modes));
      this.losses.show(this.record, step, game.levels);
    }
    tally(real, fake, slopes, reached) {
      const { run, record } = this, last = (values) => values.length ? format(values.at(-1), 3) : "–";
      const average = (scores) => format(mean(run.game.view == "sigmoid" ? scores.map(sigmoid) : scores), 3);
      this.write({
        step: String(run.step),
        seed: String(this.seed),
        d: last(record.d),
        g: last(record.g),
        fake: average(fake),
        real: this.points.length ? average(real) : "–",
        slope: format(steepness(slopes), 3),
        modes: reached ? `${reached.modes}/${reached.of}` : "–",
        good: reached ? `${Math.round(100 * reached.highQuality)} %` : "–",
      });
    }
  }

  function mount(root, settings) {
    const laboratory = new Laboratory(root, settings);
    return () => laboratory.show();
  }

  return {
    numbers: {
      draw,
      noise,
      network,
      adam,
      training,
      step,
      coverage,
      steepness,
      verdict,
      DATA,
      GAMES,
      EXPERIMENTS,
      BLUR,
    },
    mount,
  };
})();
