// Train a GAN on points of the plane, in the page (chapter 05).
// numbers: networks, games, one training step; pure, and tested against torch.  mount: the figure.
gancourse.laboratory = (() => {
  const { sqrt, log, exp, cos, sin, PI, min, max, abs, floor } = Math, { random, Canvas } = gancourse.page;

  // ================================================================ numbers
  // ---- Data: one point [x, y] at a time. Mixtures know the centres of their modes.
  const BLUR = 0.05; // standard deviation of every mode
  const lattice = (side) =>
    Array.from(
      { length: side * side },
      (_, k) => [2 * (k % side) / (side - 1) - 1, 2 * floor(k / side) / (side - 1) - 1],
    );
  const circle = Array.from({ length: 8 }, (_, k) => [cos(k * PI / 4), sin(k * PI / 4)]);
  const blurred = ([x, y], { normal }, std = BLUR) => [x + std * normal(), y + std * normal()];
  const mixture = (name, modes) => ({ name, modes, point: (rng) => blurred(modes[rng.whole(modes.length)], rng) });
  const DATA = {
    ring: mixture("ring of 8", circle),
    grid9: mixture("grid of 9", lattice(3)),
    grid25: mixture("grid of 25", lattice(5)),
    spiral: {
      name: "two spirals",
      point(rng) {
        const r = sqrt(rng.uniform()), angle = 3 * PI * r + PI * rng.whole(2);
        return blurred([r * cos(angle), r * sin(angle)], rng, 0.02);
      },
    },
    gaussian: { name: "one Gaussian", point: (rng) => blurred([1, 0.9], rng, 0.1) },
    own: { name: "draw your own", point: (rng, drawn) => blurred(drawn[rng.whole(drawn.length)], rng, 0.02) },
  };
  function draw(data, n, rng, drawn = []) {
    const x = new Float64Array(2 * n);
    for (let r = 0; r < n; r++) [x[2 * r], x[2 * r + 1]] = DATA[data].point(rng, drawn);
    return x;
  }
  const noise = (n, rng) => Float64Array.from({ length: 2 * n }, () => 2 * rng.uniform() - 1);

  // ---- Networks: linear layers with LeakyReLU between them, all parameters in one flat array.
  // A layer maps a row of `inputs` numbers to `outputs`; W[i * outputs + o] and b[o] are views.
  const LEAK = 0.2;
  function layersOf(sizes, theta) {
    let at = 0;
    const view = (length) => theta.subarray(at, at += length);
    return sizes.slice(1).map((outputs, l) => ({
      inputs: sizes[l],
      outputs,
      W: view(sizes[l] * outputs),
      b: view(outputs),
    }));
  }
  function network(sizes, rng) {
    const size = sizes.slice(1).reduce((sum, outputs, l) => sum + (sizes[l] + 1) * outputs, 0);
    const theta = new Float64Array(size), layers = layersOf(sizes, theta);
    for (const { inputs, outputs, W } of layers) { // He's scale keeps the signal's size;
      const scale = sqrt(2 / inputs) * (outputs > 2 ? 1 : 0.3); // at the end less: G starts central, D undecided
      for (let k = 0; k < W.length; k++) W[k] = scale * rng.normal();
    }
    return { sizes, theta, layers, m: new Float64Array(size), v: new Float64Array(size), t: 0 };
  }

  // C += A B, where A's elements are `ar` apart down a column and `ak` along a row, B's `bk` and `bc`:
  // swapping the two transposes. Four sums at once, because a processor overlaps them.
  function multiply(C, A, ar, ak, B, bk, bc, rows, inner, columns) {
    for (let r = 0; r < rows; r++) {
      let c = 0;
      for (; c + 3 < columns; c += 4) {
        let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (let k = 0, a = r * ar, b = c * bc; k < inner; k++, a += ak, b += bk) {
          s0 += A[a] * B[b];
          s1 += A[a] * B[b + bc];
          s2 += A[a] * B[b + 2 * bc];
          s3 += A[a] * B[b + 3 * bc];
        }
        const at = r * columns + c;
        C[at] += s0;
        C[at + 1] += s1;
        C[at + 2] += s2;
        C[at + 3] += s3;
      }
      for (; c < columns; c++) {
        let s = 0;
        for (let k = 0; k < inner; k++) s += A[r * ar + k * ak] * B[k * bk + c * bc];
        C[r * columns + c] += s;
      }
    }
  }
  // A layer applied to n rows: x W, plus the biases if wanted.
  function linear({ inputs, outputs, W, b }, x, n, bias) {
    const y = new Float64Array(n * outputs);
    if (bias) { for (let k = 0; k < y.length; k++) y[k] = b[k % outputs]; }
    multiply(y, x, inputs, 1, W, outputs, 1, n, inputs, outputs);
    return y;
  }
  // LeakyReLU keeps the sign, so its output also tells its slope: 1 or LEAK.
  function leak(values, activation) {
    for (let k = 0; k < values.length; k++) values[k] *= activation[k] < 0 ? LEAK : 1;
    return values;
  }

  // What enters each layer, and last what the network returns.
  function forward({ layers }, x, n) {
    const h = [x];
    layers.forEach((layer, l) => {
      const y = linear(layer, h[l], n, true);
      h.push(l + 1 < layers.length ? leak(y, y) : y);
    });
    return h;
  }
  // From u = ∂loss/∂output back to ∂loss/∂input; adds the parameters' gradient to `gradient`.
  function backward({ sizes, layers }, h, u, n, gradient, entering = h) {
    const gradients = gradient && layersOf(sizes, gradient);
    for (let l = layers.length - 1; l >= 0; l--) {
      const { inputs, outputs, W } = layers[l];
      if (l + 1 < layers.length) leak(u, h[l + 1]);
      if (gradient) {
        multiply(gradients[l].W, entering[l], 1, inputs, u, outputs, 1, inputs, n, outputs);
        if (entering === h) { for (let k = 0; k < u.length; k++) gradients[l].b[k % outputs] += u[k]; }
      }
      const down = new Float64Array(n * inputs);
      multiply(down, u, outputs, 1, W, 1, outputs, n, outputs, inputs);
      u = down;
    }
    return u;
  }

  // ---- The slope penalty and its gradient: backpropagation through backpropagation, in closed form.
  // With slopes s = ∇ₓD(x), P = Σ weight/2 ‖s‖² has dP = Σ d(c·s), where c = weight·s is held fixed,
  // and c·s is the derivative of D along c. D is piecewise linear: while no unit crosses its kink,
  // that derivative is D itself without biases and with its kinks frozen, applied to c. So send c
  // forward through the frozen layers and backpropagate as usual, with it in the place of x.
  // Biases drop out. Exact wherever the gradient exists.
  function penalty(D, h, n, weights, gradient) {
    const slopes = backward(D, h, new Float64Array(n).fill(1), n);
    let P = 0;
    const c = slopes.map((s, k) => {
      P += weights[k >> 1] / 2 * s * s;
      return weights[k >> 1] * s;
    });
    if (!gradient) return P;
    const along = [c];
    D.layers.slice(0, -1).forEach((layer, l) => along.push(leak(linear(layer, along[l], n, false), h[l + 1])));
    backward(D, h, new Float64Array(n).fill(1), n, gradient, along);
    return P;
  }

  // ---- Games: for one pair of scores, a = D(x) and b = D(G(z)),
  // d: D's loss and its derivatives in a and b;  g: G's loss and its derivative in b.
  const sigmoid = (s) => 1 / (1 + exp(-s));
  const softplus = (s) => max(s, 0) + Math.log1p(exp(-abs(s)));
  const cross = (a, b) => [softplus(-a) + softplus(b), -sigmoid(-a), sigmoid(b)];
  const minimax = { d: cross, g: (a, b) => [-softplus(b), -sigmoid(b)] };
  const nonSaturating = { d: cross, g: (a, b) => [softplus(-b), -sigmoid(-b)] };
  const leastSquares = { d: (a, b) => [((a - 1) ** 2 + b * b) / 2, a - 1, b], g: (a, b) => [(b - 1) ** 2 / 2, b - 1] };
  const hinge = { d: (a, b) => [max(0, 1 - a) + max(0, 1 + b), a < 1 ? -1 : 0, b > -1 ? 1 : 0], g: (a, b) => [-b, -1] };
  const wasserstein = { d: (a, b) => [b - a, -1, 1], g: (a, b) => [-b, -1] };
  const relativistic = {
    d: (a, b) => [softplus(b - a), -sigmoid(b - a), sigmoid(b - a)],
    g: (a, b) => [softplus(a - b), -sigmoid(a - b)],
  };

  // A choice in the menu: a game, the weights of R1 and R2, the clip of D's weights, and the losses
  // [D, G] where D cannot tell the two apart. `view`: how scores become the map's colours.
  const GAMMA = 0.02, CLIP = 0.1, L2 = log(2), L4 = log(4);
  const GAMES = {
    minimax: { name: "minimax", ...minimax, levels: [["log 4", L4], ["−log 2", -L2]], view: "sigmoid" },
    "non-saturating": {
      name: "non-saturating",
      ...nonSaturating,
      levels: [["log 4", L4], ["log 2", L2]],
      view: "sigmoid",
    },
    "least-squares": { name: "least squares", ...leastSquares, levels: [["¼", 1 / 4], ["⅛", 1 / 8]], view: "target" },
    hinge: { name: "hinge", ...hinge, levels: [["2", 2], ["0", 0]], view: "margin" },
    wasserstein: {
      name: "Wasserstein, clipped weights",
      ...wasserstein,
      clip: CLIP,
      levels: [["0", 0]],
      view: "critic",
    },
    "non-saturating-r1": {
      name: "non-saturating + R1",
      ...nonSaturating,
      r1: GAMMA,
      levels: [["log 4", L4], ["log 2", L2]],
      view: "sigmoid",
    },
    "relativistic-r1": {
      name: "relativistic + R1",
      ...relativistic,
      r1: GAMMA,
      levels: [["log 2", L2]],
      view: "relative",
    },
    "relativistic-r1-r2": {
      name: "relativistic + R1 + R2",
      ...relativistic,
      r1: GAMMA,
      r2: GAMMA,
      levels: [["log 2", L2]],
      view: "relative",
    },
  };

  // D's turn on n real and n generated points: the game's loss, the penalty, D's gradient.
  function dTurn(D, game, x, fake, n) {
    const both = new Float64Array(4 * n), gradient = new Float64Array(D.theta.length);
    both.set(x);
    both.set(fake, 2 * n);
    const h = forward(D, both, 2 * n), scores = h.at(-1), u = new Float64Array(2 * n);
    let loss = 0;
    for (let r = 0; r < n; r++) {
      const [l, da, db] = game.d(scores[r], scores[n + r]);
      loss += l / n;
      u[r] = da / n;
      u[n + r] = db / n;
    }
    backward(D, h, u, 2 * n, gradient);
    const { r1 = 0, r2 = 0 } = game, weights = u.map((_, r) => (r < n ? r1 : r2) / n);
    const P = r1 || r2 ? penalty(D, h, 2 * n, weights, gradient) : 0;
    return { loss, penalty: P, gradient, scores };
  }
  // The slope of G's loss at each generated point, for one pair (D(x), D(G(z))): shape (n, 2).
  function gSlopes(D, game, real, fake, n, share) {
    const h = forward(D, fake, n), u = new Float64Array(n);
    let loss = 0;
    h.at(-1).forEach((b, r) => {
      const [l, db] = game.g(real[r], b);
      loss += l / n;
      u[r] = share * db;
    });
    return { loss, scores: h.at(-1), slopes: backward(D, h, u, n) };
  }
  // G's turn: the loss, and G's gradient through D.
  function gTurn(G, D, game, x, z, n) {
    const h = forward(G, z, n), gradient = new Float64Array(G.theta.length);
    const { loss, slopes } = gSlopes(D, game, forward(D, x, n).at(-1), h.at(-1), n, 1 / n);
    backward(G, h, slopes, n, gradient);
    return { loss, gradient };
  }

  // ---- Adam (Kingma and Ba 2015), then the clip where the game asks for one.
  const BETA1 = 0.5, BETA2 = 0.99;
  function adam(net, gradient, rate, clip = Infinity) {
    const { theta, m, v } = net, t = ++net.t;
    const size = rate / (1 - BETA1 ** t), correction = 1 / sqrt(1 - BETA2 ** t);
    for (let k = 0; k < theta.length; k++) {
      m[k] = BETA1 * m[k] + (1 - BETA1) * gradient[k];
      v[k] = BETA2 * v[k] + (1 - BETA2) * gradient[k] * gradient[k];
      theta[k] = max(-clip, min(clip, theta[k] - size * m[k] / (sqrt(v[k]) * correction + 1e-8)));
    }
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
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

  const steepness = (slopes) => { // mean length of n slopes
    let sum = 0;
    for (let k = 0; k < slopes.length; k += 2) sum += 2 * Math.hypot(slopes[k], slopes[k + 1]) / slopes.length;
    return sum;
  };

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
    & .says { margin: .5rem 0 .6rem; }
    & .legend > * { display: flex; align-items: center; gap: .35rem; min-height: 28px; }
    & .legend input { accent-color: var(--third); width: 16px; height: 16px; margin: 0; }
    & .controls { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .4rem .9rem; }
    & svg { cursor: default; } & svg .curve { stroke-width: 1.6; } & svg .curve.fake { stroke: var(--fake); }
    & svg .level { stroke-dasharray: 2 4; stroke-width: 1.5; }`.replaceAll("&", ".live-figure[data-live=laboratory]");

  function mount(root, settings) {
    const { element, button, slider, menu, readout, sentence, format, Panel, playing, still } = gancourse.page;
    const x = '<i class="real">x</i>', made = '<i class="fake">G</i>(<i>z</i>)';

    element(root, "style", "", STYLE);
    const shelf = element(root, "div", "buttons", "<b>Experiments</b>");
    const experiments = Object.entries(EXPERIMENTS).map(([key, { name }]) => {
      const node = button(shelf, name, () => perform(key));
      node.dataset.experiment = key;
      return node;
    });
    const say = sentence(root, "Press Play, or choose an experiment, or data and game of your own.");
    const sides = element(root, "div", "sides"), left = element(sides, "div", "picture"), right = element(sides, "div");
    const picture = new Picture(left, { says: "", x: [-SPAN, SPAN] }),
      canvas = picture.node,
      centres = picture.centres(MAP);
    const bar = element(left, "div", "buttons"),
      player = playing(canvas, () => { // steps fill 12 ms of a frame
        const end = performance.now() + 12;
        do advance(); while (player.on && !slow.checked && performance.now() < end);
        show();
      });
    const play = (on) => player.set(on && points.length > 0);
    player.button(bar).addEventListener("click", () => play(player.on));
    button(bar, "One step", () => {
      play(false);
      advance();
      show();
    });
    button(bar, "Reset", () => {
      seed++;
      reset();
    }).title = "New networks, from the next seed";
    const clear = button(bar, "Clear drawing", () => {
      drawn.length = 0;
      reset();
      play(false);
    });
    const legend = element(
      left,
      "div",
      "legend",
      '<span><i class="real">●</i> data</span><span><i class="fake">●</i> generated</span>',
    );
    const toggle = (text, checked) => {
      const label = element(legend, "label"), box = element(label, "input");
      Object.assign(box, { type: "checkbox", checked });
      label.append(text);
      box.addEventListener("change", () => show());
      return box;
    };
    const heat = toggle("D’s verdict", true),
      arrows = toggle("arrows down G’s loss", true),
      grid = toggle("warped noise grid", false),
      slow = toggle("one step a picture", false);

    const controls = element(right, "div", "row controls");
    const choice = (label, options, value, changed) => menu(controls, { label, options, value }, changed);
    const names = (table) => Object.fromEntries(Object.entries(table).map(([key, { name }]) => [key, name]));
    const rate = (label) => slider(controls, { label, min: 0.1, max: 10, step: 0.1, value: 2 }, () => {});
    const data = choice("data", names(DATA), settings.data, byHand);
    const dSteps = choice("<i>D</i>-steps per <i>G</i>-step", { 1: 1, 2: 2, 5: 5, 10: 10 }, 1, () => {});
    const game = choice("game", names(GAMES), settings.loss, byHand);
    controls.lastElementChild.style.gridColumn = "1 / -1"; // its names are long
    const rateG = rate("rate of <i>G</i>, 10⁻³"), rateD = rate("rate of <i>D</i>, 10⁻³");
    const losses = new Panel(right, {
      title: 'losses of <i class="third">D</i> and <i class="fake">G</i>, without penalties',
      says: "both losses over the steps",
      height: 150,
      x: [0, 1],
      right: 46,
    });
    const write = readout(right, {
      step: "step",
      d: "loss of <i>D</i>",
      g: "loss of <i>G</i>",
      seed: "seed",
      real: "",
      fake: "",
      slope: "slope at " + made,
      modes: "modes",
      good: "good",
    });
    const cell = (key) => root.querySelector(`[data-number=${key}]`);
    element(
      right,
      "p",
      "note",
      "slope: mean length of the slope of <i>G</i>’s loss, which the arrows follow downhill. good: share of the generated points "
        + "inside a small circle, within 3 standard deviations of a mode. A mode counts when its circle holds at least a quarter of its fair share.",
    );

    // ---- State
    let { seed } = settings, run, record, points;
    const drawn = [], z = noise(SHOWN, random(1e6)); // the same noise is shown all the time

    function reset() {
      run = training({ data: data.get(), game: game.get(), seed, drawn });
      record = { d: [], g: [] };
      const own = run.data == "own", probability = run.game.view == "sigmoid";
      clear.hidden = !own;
      canvas.style.touchAction = own ? "none" : "pan-y"; // a finger draws, or scrolls the page
      canvas.tabIndex = own ? 0 : -1;
      canvas.setAttribute("role", own ? "application" : "img");
      canvas.setAttribute(
        "aria-label",
        own
          ? "Drawing area: arrow keys move the brush, space leaves points"
          : "Real and generated points on the discriminator's verdict",
      );
      for (const [key, point] of [["real", x], ["fake", made]])
        cell(key).previousElementSibling.innerHTML = probability
          ? `mean σ(<i>D</i>(${point}))`
          : `mean <i>D</i>(${point})`;
      refresh();
    }
    function refresh() { // real points to show; there may be none yet
      points = run.data == "own" && !drawn.length ? new Float64Array(0) : draw(run.data, SHOWN, random(2e6), drawn);
      show();
    }
    function byHand() {
      tell(
        null,
        data.get() == "own"
          ? "Draw the data: with the mouse, a finger, or the arrow keys and the space bar. Then press Play."
          : "Your own experiment. Data and game start new networks; learning rates and <i>D</i>-steps may change on the way.",
      );
      reset();
      play(player.on);
    }
    function tell(key, text) {
      for (const node of experiments) node.setAttribute("aria-pressed", node.dataset.experiment == key);
      say(text);
    }
    function perform(key) {
      const e = EXPERIMENTS[key];
      for (
        const [control, value] of [[data, e.data], [game, e.game], [rateD, e.rateD], [rateG, e.rateG], [
          dSteps,
          e.dSteps,
        ]]
      )
        control.set(value);
      tell(key, e.says);
      seed = settings.seed;
      reset();
      play(!still());
    }

    function advance() {
      if (!points.length) return;
      const { d, g } = step(run, { rateD: rateD.get() / 1000, rateG: rateG.get() / 1000, dSteps: +dSteps.get() });
      if (Number.isFinite(d + g)) {
        record.d.push(d);
        record.g.push(g);
      } else {
        play(false);
        tell(null, "The losses are no longer finite numbers. Lower a learning rate and press Reset.");
      }
    }

    // ---- Pictures and numbers
    function show() {
      const { G, D } = run, fake = forward(G, z, SHOWN).at(-1), { modes } = DATA[run.data];
      const scoresReal = forward(D, points.length ? points : fake, SHOWN).at(-1);
      const { scores: scoresFake, slopes } = gSlopes(D, run.game, scoresReal, fake, SHOWN, 1);
      picture.begin();
      if (heat.checked)
        picture.heat(verdict(run.game.view, forward(D, centres, MAP * MAP).at(-1), scoresReal, scoresFake));
      if (modes) picture.rings(modes.flat());
      picture.dots(points, picture.real);
      if (grid.checked) picture.grid(forward(G, corners, CELLS * CELLS).at(-1));
      if (arrows.checked) picture.arrows(fake, slopes);
      picture.dots(fake, picture.fake);
      if (brush && run.data == "own") picture.brush(brush);
      tally(scoresReal, scoresFake, slopes, modes && coverage(fake, modes));
      drawLosses();
    }
    function tally(scoresReal, scoresFake, slopes, reached) {
      const average = (scores) => format(mean(run.game.view == "sigmoid" ? scores.map(sigmoid) : scores), 3);
      const last = (values) => values.length ? format(values.at(-1), 3) : "–";
      write({
        step: String(run.step),
        seed: String(seed),
        d: last(record.d),
        g: last(record.g),
        fake: average(scoresFake),
        real: points.length ? average(scoresReal) : "–",
        slope: format(steepness(slopes), 3),
        modes: reached ? `${reached.modes}/${reached.of}` : "–",
        good: reached ? `${Math.round(100 * reached.highQuality)} %` : "–",
      });
    }
    function drawLosses() {
      const [steps, d] = thin(record.d), [, g] = thin(record.g), { levels } = run.game;
      const all = [...d, ...g, ...levels.map(([, y]) => y)],
        low = min(...all),
        high = max(...all),
        air = 0.08 * (high - low) + 0.05;
      losses.x = [0, max(100, run.step)];
      losses.xTicks = losses.x;
      losses.frame(low - air, high + air);
      losses.draw(
        ...levels.flatMap(([text, y]) => [losses.level(y, "dashed level"), losses.label(y, text, "right")]),
        losses.label(low, format(low, 1)),
        losses.label(high, format(high, 1)),
        losses.curve(steps, d, "third"),
        losses.curve(steps, g, "fake"),
      );
    }

    // ---- Draw your own data: with a pointer, or with arrow keys and the space bar.
    let brush = null, from = null;
    function stroke(to) { // points lie evenly along the stroke
      from ??= to;
      const n = max(1, Math.round(Math.hypot(to[0] - from[0], to[1] - from[1]) / 0.02));
      for (let k = 1; k <= n && drawn.length < 5000; k++)
        drawn.push([0, 1].map((i) => from[i] + (to[i] - from[i]) * k / n));
      from = to;
      refresh();
    }
    canvas.addEventListener("pointerdown", (event) => {
      if (run.data != "own") return;
      canvas.setPointerCapture(event.pointerId);
      brush = null;
      stroke(picture.place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (from) stroke(picture.place(event));
    });
    for (const end of ["pointerup", "pointercancel"])
      canvas.addEventListener(end, () => {
        from = null;
      });
    canvas.addEventListener("keydown", (event) => {
      const move =
        { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], " ": [0, 0] }[event.key];
      if (run.data != "own" || !move) return;
      event.preventDefault();
      brush = [0, 1].map((i) => max(-SPAN, min(SPAN, (brush ?? [0, 0])[i] + 0.08 * move[i])));
      if (event.key == " ") stroke(brush);
      else show();
      from = null;
    });

    reset();
    return show;
  }

  const numbers = {
    random,
    draw,
    noise,
    forward,
    backward,
    network,
    penalty,
    dTurn,
    gSlopes,
    gTurn,
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
  };
  return { numbers, mount };
})();
