// Train a GAN on points of the plane, in the page (chapter 05).
// numbers: networks, games, one training step; pure, and tested against torch.  mount: the figure.
gancourse.laboratory = (() => {
  const { sqrt, log, exp, cos, sin, PI, min, max, abs, floor } = Math;

  // ================================================================ numbers
  // ---- Chance: mulberry32 for uniform numbers, Box–Muller for normal ones.
  function random(seed) {
    let state = Math.imul(seed + 1, 0x9e3779b1);             // neighbouring seeds start far apart
    const uniform = () => {
      let t = state = (state + 0x6d2b79f5) | 0;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    const normal = () => sqrt(-2 * log(1 - uniform())) * cos(2 * PI * uniform());
    return { uniform, normal, whole: (n) => floor(n * uniform()) };
  }

  // ---- Data: one point [x, y] at a time. Mixtures know the centres of their modes.
  const BLUR = 0.05;                                         // standard deviation of every mode
  const lattice = (side) => Array.from({ length: side * side }, (_, k) =>
    [2 * (k % side) / (side - 1) - 1, 2 * floor(k / side) / (side - 1) - 1]);
  const circle = Array.from({ length: 8 }, (_, k) => [cos(k * PI / 4), sin(k * PI / 4)]);
  const blurred = ([x, y], { normal }, std = BLUR) => [x + std * normal(), y + std * normal()];
  const mixture = (name, modes) =>
    ({ name, modes, point: (rng) => blurred(modes[rng.whole(modes.length)], rng) });
  const DATA = {
    ring: mixture("ring of 8", circle),
    grid9: mixture("grid of 9", lattice(3)),
    grid25: mixture("grid of 25", lattice(5)),
    spiral: { name: "two spirals", point(rng) {
      const r = sqrt(rng.uniform()), angle = 3 * PI * r + PI * rng.whole(2);
      return blurred([r * cos(angle), r * sin(angle)], rng, 0.02);
    } },
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
    return sizes.slice(1).map((outputs, l) =>
      ({ inputs: sizes[l], outputs, W: view(sizes[l] * outputs), b: view(outputs) }));
  }
  function network(sizes, rng) {
    const size = sizes.slice(1).reduce((sum, outputs, l) => sum + (sizes[l] + 1) * outputs, 0);
    const theta = new Float64Array(size), layers = layersOf(sizes, theta);
    for (const { inputs, outputs, W } of layers) {           // He's scale keeps the signal's size; a small
      const scale = sqrt(2 / inputs) * (outputs <= 2 ? 0.3 : 1);   // last layer: G starts central, D undecided
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
        C[at] += s0; C[at + 1] += s1; C[at + 2] += s2; C[at + 3] += s3;
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
    if (bias) for (let k = 0; k < y.length; k++) y[k] = b[k % outputs];
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
        if (entering === h) for (let k = 0; k < u.length; k++) gradients[l].b[k % outputs] += u[k];
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
    D.layers.slice(0, -1).forEach((layer, l) =>
      along.push(leak(linear(layer, along[l], n, false), h[l + 1])));
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
  const relativistic = { d: (a, b) => [softplus(b - a), -sigmoid(b - a), sigmoid(b - a)], g: (a, b) => [softplus(a - b), -sigmoid(a - b)] };

  // A choice in the menu: a game, the weights of R1 and R2, the clip of D's weights, and the losses
  // [D, G] where D cannot tell the two apart. `view`: how scores become the map's colours.
  const GAMMA = 0.02, CLIP = 0.1, L2 = log(2), L4 = log(4);
  const GAMES = {
    minimax: { name: "minimax", ...minimax, levels: [["log 4", L4], ["−log 2", -L2]], view: "sigmoid" },
    "non-saturating": { name: "non-saturating", ...nonSaturating, levels: [["log 4", L4], ["log 2", L2]], view: "sigmoid" },
    "least-squares": { name: "least squares", ...leastSquares, levels: [["¼", 1 / 4], ["⅛", 1 / 8]], view: "target" },
    hinge: { name: "hinge", ...hinge, levels: [["2", 2], ["0", 0]], view: "margin" },
    wasserstein: { name: "Wasserstein, clipped weights", ...wasserstein, clip: CLIP, levels: [["0", 0]], view: "critic" },
    "non-saturating-r1": { name: "non-saturating + R1", ...nonSaturating, r1: GAMMA, levels: [["log 4", L4], ["log 2", L2]], view: "sigmoid" },
    "relativistic-r1": { name: "relativistic + R1", ...relativistic, r1: GAMMA, levels: [["log 2", L2]], view: "relative" },
    "relativistic-r1-r2": { name: "relativistic + R1 + R2", ...relativistic, r1: GAMMA, r2: GAMMA, levels: [["log 2", L2]], view: "relative" },
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
    return { loss, slopes: backward(D, h, u, n) };
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
    return { of: modes.length, modes: counts.filter((c) => c >= n / modes.length / 4).length, highQuality: counts.reduce((a, b) => a + b) / n };
  }

  // ================================================================ view
  const SHOWN = 500, SPAN = 1.6;                             // points drawn of each kind; half the side of the picture
  const STYLE = `
    [data-live=laboratory] button { font: inherit; font-weight: 600; color: var(--ink); background: var(--wash); cursor: pointer;
      border: 1px solid var(--soft); border-radius: .35rem; padding: .3rem .7rem; min-height: 36px; }
    [data-live=laboratory] button:hover { border-color: var(--third); }
    [data-live=laboratory] button.play { color: var(--wash); background: var(--fake); border-color: var(--fake); min-width: 6.5em; }
    [data-live=laboratory] button[aria-pressed=true] { border-color: var(--fake); box-shadow: inset 0 0 0 1px var(--fake); }
    [data-live=laboratory] :is(button, canvas):focus-visible { outline: 3px solid var(--third); outline-offset: 2px; }
    [data-live=laboratory] .bar { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin: .5rem 0; }
    [data-live=laboratory] .says { margin: .5rem 0; }
    [data-live=laboratory] .sides { display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; }
    [data-live=laboratory] .sides > div { flex: 1 1 270px; min-width: 0; }
    [data-live=laboratory] .sides > .picture { flex: 1.35 1 300px; }
    [data-live=laboratory] canvas { display: block; width: 100%; aspect-ratio: 1; border: 1px solid var(--line); border-radius: .4rem; }
    [data-live=laboratory] .legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: .4rem 0; }
    [data-live=laboratory] .legend label, [data-live=laboratory] .legend span { display: flex; align-items: center; gap: .35rem; min-height: 28px; }
    [data-live=laboratory] .legend input { accent-color: var(--third); width: 16px; height: 16px; margin: 0; }
    [data-live=laboratory] .controls { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .4rem .9rem; }
    [data-live=laboratory] svg { cursor: default; }
    [data-live=laboratory] svg .curve { stroke-width: 1.6; }
    [data-live=laboratory] svg .real { stroke: var(--real); } [data-live=laboratory] svg .fake { stroke: var(--fake); }
    [data-live=laboratory] svg .level { stroke-dasharray: 2 4; stroke-width: 1.5; }`;

  const EXPERIMENTS = {
    works: { name: "It works", data: "ring", game: "relativistic-r1-r2", rateD: 3, rateG: 3, dSteps: 1,
      says: "The orange points spread to all eight modes and settle; both losses come to rest near log 2, the map turns pale and the arrows short." },
    collapse: { name: "Mode collapse", data: "ring", game: "non-saturating", rateD: 1, rateG: 10, dSteps: 1,
      says: "G learns ten times faster than D: its points gather on one or two modes, D catches on, and the crowd hops to the next." },
    strong: { name: "<i>D</i> too strong", data: "gaussian", game: "minimax", rateD: 10, rateG: 1, dSteps: 10,
      says: "D takes ten fast steps for each of G and is soon sure of itself: G's loss goes to 0, the arrows vanish, and G stands still short of the data." },
    clipped: { name: "Clipped critic", data: "ring", game: "wasserstein", rateD: 2, rateG: 2, dSteps: 5,
      says: "Weights clipped to ±0.1 leave D only a nearly straight slope: the cloud finds the place and the size of the data, not the eight modes." },
  };

  // Scores to verdicts in (0, 1): ½ is "cannot tell". σ where the game means a probability. Otherwise
  // a σ around the game's own middle: its target ½, 0, or halfway between the two mean scores.
  function verdict(view, scores, real, fake) {
    const middle = (mean(real) + mean(fake)) / 2, widest = scores.reduce((w, s) => max(w, abs(s - middle)), 1e-9);
    const [centre, scale] = { sigmoid: [0, 1], target: [1 / 2, 4], margin: [0, 2], relative: [middle, 1], critic: [middle, 3 / widest] }[view];
    return scores.map((s) => sigmoid(scale * (s - centre)));
  }
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

  // ---- The losses so far, thinned: when the record is full, neighbours are averaged and each
  // later entry stands for twice as many steps.
  class Record {
    constructor() { Object.assign(this, { d: [], g: [], every: 1, sum: [0, 0], count: 0 }); }
    add({ d, g }) {
      this.sum = [this.sum[0] + d, this.sum[1] + g];
      if (++this.count < this.every) return;
      this.d.push(this.sum[0] / this.count);
      this.g.push(this.sum[1] / this.count);
      [this.sum, this.count] = [[0, 0], 0];
      if (this.d.length < 300) return;
      for (const name of ["d", "g"])
        this[name] = Array.from({ length: 150 }, (_, k) => (this[name][2 * k] + this[name][2 * k + 1]) / 2);
      this.every *= 2;
    }
  }

  // ---- The picture: a square canvas in data coordinates, [-SPAN, SPAN] each way.
  class Picture {
    constructor(canvas) {
      this.canvas = canvas;
      this.ink = canvas.getContext("2d");
      this.map = document.createElement("canvas");
      this.map.width = this.map.height = 48;
      this.centres = Float64Array.from({ length: 2 * 48 * 48 }, (_, k) =>
        k % 2 ? SPAN * (1 - (2 * floor(k / 96) + 1) / 48) : SPAN * ((2 * ((k >> 1) % 48) + 1) / 48 - 1));
    }
    begin() {                                                // fit to the screen, fetch the colours
      const { canvas, ink } = this, style = getComputedStyle(canvas);
      this.side = canvas.clientWidth || 300;
      this.sharp = min(2, devicePixelRatio || 1);
      canvas.width = canvas.height = Math.round(this.side * this.sharp);
      ink.setTransform(this.sharp, 0, 0, this.sharp, 0, 0);
      for (const name of ["real", "fake", "third", "soft"]) this[name] = style.getPropertyValue("--" + name).trim();
    }
    X(x) { return (x / SPAN + 1) / 2 * this.side; }
    Y(y) { return (1 - y / SPAN) / 2 * this.side; }
    rgb(colour) {
      this.ink.fillStyle = colour;                           // a canvas answers in the form #rrggbb
      return [1, 3, 5].map((k) => parseInt(this.ink.fillStyle.slice(k, k + 2), 16));
    }
    heat(verdicts) {
      const ink = this.map.getContext("2d"), image = ink.createImageData(48, 48);
      const [real, fake] = [this.rgb(this.real), this.rgb(this.fake)];
      verdicts.forEach((v, k) => image.data.set([...(v > 0.5 ? real : fake), 150 * abs(2 * v - 1)], 4 * k));
      ink.putImageData(image, 0, 0);
      this.ink.drawImage(this.map, 0, 0, this.side, this.side);
    }
    dots(points, colour, radius = 1.8) {
      this.ink.fillStyle = colour;
      for (let k = 0; k < points.length; k += 2) {
        this.ink.beginPath();
        this.ink.arc(this.X(points[k]), this.Y(points[k + 1]), radius, 0, 2 * PI);
        this.ink.fill();
      }
    }
    rings(modes) {
      this.ink.strokeStyle = this.soft;
      this.ink.lineWidth = 1;
      for (const [x, y] of modes) {
        this.ink.beginPath();
        this.ink.arc(this.X(x), this.Y(y), 3 * BLUR / SPAN / 2 * this.side, 0, 2 * PI);
        this.ink.stroke();
      }
    }
    brush([x, y]) {
      this.ink.strokeStyle = this.third;
      this.ink.lineWidth = 2;
      this.ink.strokeRect(this.X(x) - 6, this.Y(y) - 6, 12, 12);
    }
    // The way down G's loss at some of its points. A slope s is drawn 0.3 s/(s + 1) long.
    arrows(points, slopes) {
      const { ink } = this;
      [ink.strokeStyle, ink.lineWidth] = [this.third, 1.2];
      for (let k = 0; k < points.length; k += 10) {
        const s = Math.hypot(slopes[k], slopes[k + 1]) + 1e-12, length = -0.3 / (s + 1);
        const [x, y] = [this.X(points[k]), this.Y(points[k + 1])];
        const dx = length * slopes[k] / SPAN / 2 * this.side, dy = -length * slopes[k + 1] / SPAN / 2 * this.side;
        ink.beginPath();
        ink.moveTo(x, y);
        ink.lineTo(x + dx, y + dy);
        for (const turn of [-1, 1]) {
          ink.moveTo(x + dx, y + dy);
          ink.lineTo(x + 0.7 * dx - turn * 0.22 * dy, y + 0.7 * dy + turn * 0.22 * dx);
        }
        ink.stroke();
      }
    }
    // The noise square after G. Every cell holds the same share of the noise, so it gets the same
    // amount of colour, however large G has stretched it.
    cells(corners, side) {
      const { ink } = this, at = (k) => [this.X(corners[2 * k]), this.Y(corners[2 * k + 1])];
      [ink.fillStyle, ink.strokeStyle, ink.lineWidth] = [this.fake, this.fake, 0.6];
      for (let i = 0; i + 1 < side; i++) for (let j = 0; j + 1 < side; j++) {
        const k = i * side + j, around = [at(k), at(k + 1), at(k + side + 1), at(k + side)];
        const [[ax, ay], [bx, by], [cx, cy], [dx, dy]] = around;
        const area = abs((cx - ax) * (dy - by) - (dx - bx) * (cy - ay)) / 2;
        ink.beginPath();
        around.forEach(([x, y]) => ink.lineTo(x, y));
        ink.closePath();
        ink.globalAlpha = min(0.6, 2e-4 * this.side ** 2 / (area + 1e-9));
        ink.fill();
        ink.globalAlpha = 0.45;
        ink.stroke();
      }
      ink.globalAlpha = 1;
    }
  }

  const CELLS = 21;                                          // corners along a side of the noise square
  const corners = Float64Array.from({ length: 2 * CELLS * CELLS }, (_, k) =>
    2 * (k % 2 ? (k >> 1) % CELLS : floor((k >> 1) / CELLS)) / (CELLS - 1) - 1);

  function mount(root, settings) {
    const { element, slider, menu, readout, format, Panel } = gancourse.live;
    const button = (parent, text, act, kind = "") => {
      const node = element(parent, "button", kind, text);
      node.type = "button";
      node.addEventListener("click", act);
      return node;
    };
    const choice = (label, options, value, changed) => {     // a menu that can also be set
      const { get } = menu(controls, { label, options, value }, changed);
      const select = controls.lastElementChild.querySelector("select");
      return { get, set(key) { select.value = key; } };
    };
    const names = (table) => Object.fromEntries(Object.entries(table).map(([key, { name }]) => [key, name]));
    const real = '<i class="real">x</i>', fake = '<i class="fake">G</i>(<i>z</i>)';

    // ---- Elements
    element(root, "style", "", STYLE);
    const shelf = element(root, "div", "bar", "<b>Experiments</b>");
    shelf.setAttribute("role", "group");
    shelf.setAttribute("aria-label", "Experiments");
    const experiments = Object.entries(EXPERIMENTS).map(([key, { name }]) => {
      const node = button(shelf, name, () => perform(key));
      node.dataset.experiment = key;
      return node;
    });
    const says = element(root, "p", "says");
    says.setAttribute("aria-live", "polite");
    const sides = element(root, "div", "sides");
    const left = element(sides, "div", "picture"), right = element(sides, "div");
    const canvas = element(left, "canvas"), picture = new Picture(canvas);
    const bar = element(left, "div", "bar");
    const play = button(bar, "Play", () => setPlaying(!playing), "play");
    button(bar, "One step", () => { setPlaying(false); advance(); show(); });
    button(bar, "Reset", () => { seed++; reset(); }).title = "New networks from the next seed";
    const clear = button(bar, "Clear drawing", () => { drawn.length = 0; reset(); });
    const legend = element(left, "div", "legend",
      '<span><i class="real">●</i> data</span><span><i class="fake">●</i> generated</span>');
    const toggle = (text, checked) => {
      const box = element(element(legend, "label", "", ""), "input");
      Object.assign(box, { type: "checkbox", checked });
      box.after(text);
      box.addEventListener("change", show);
      return box;
    };
    const heat = toggle("D’s verdict", true), arrows = toggle("arrows down G’s loss", true), grid = toggle("warped noise grid", false);

    const controls = element(right, "div", "row controls");
    const rate = (label) => slider(controls, { label, min: 0.1, max: 10, step: 0.1, value: 2 }, () => {});
    const data = choice("data", names(DATA), settings.data, byHand);
    const game = choice("game", names(GAMES), settings.loss, byHand);
    const rateG = rate("rate of <i>G</i>, 10⁻³"), rateD = rate("rate of <i>D</i>, 10⁻³");
    const dSteps = choice("<i>D</i>-steps per <i>G</i>-step", { 1: 1, 2: 2, 5: 5, 10: 10 }, 1, () => {});
    const pace = choice("pace", { fast: "as fast as it goes", slow: "one step a picture" }, "fast", () => {});
    const losses = new Panel(right, { title: 'losses of <span class="third"><i>D</i></span> and <span class="fake"><i>G</i></span>',
      says: "both losses over the steps", height: 150, x: [0, 1], right: 46 });
    readout(right, { step: "step", d: 'loss of <i>D</i>', g: 'loss of <i>G</i>', real: "", fake: "", modes: "modes · good" });
    const cell = (key) => root.querySelector(`[data-number=${key}]`);

    // ---- State
    let { seed } = settings, playing = false, visible = false, frame = 0, run, record, last;
    const drawn = [], z = noise(SHOWN, random(1e6));
    let points;                                              // the real points that are shown

    function reset() {
      run = training({ data: data.get(), game: game.get(), seed, drawn });
      [record, last] = [new Record(), null];
      refreshData();
      const own = run.data == "own", critic = run.game.view != "sigmoid";
      clear.hidden = !own;
      canvas.style.touchAction = own ? "none" : "pan-y";
      canvas.tabIndex = own ? 0 : -1;
      canvas.setAttribute("role", own ? "application" : "img");
      canvas.setAttribute("aria-label", own ? "Drawing area: arrow keys move the brush, space leaves points"
        : "Real and generated points on the discriminator's verdict");
      for (const [key, x] of [["real", real], ["fake", fake]])
        cell(key).previousElementSibling.innerHTML = critic ? `mean <i>D</i>(${x})` : `mean σ(<i>D</i>(${x}))`;
      show();
    }
    function refreshData() {
      points = run.data == "own" && !drawn.length ? new Float64Array(0) : draw(run.data, SHOWN, random(2e6), drawn);
    }
    function byHand() {
      mark(null);
      says.textContent = data.get() == "own" ? "Draw the data: with the mouse, a finger, or the arrow keys and the space bar. Then press Play."
        : "Your own experiment. Data and game start new networks; learning rates and D-steps may change on the way.";
      reset();
    }
    function mark(key) {
      for (const node of experiments) node.setAttribute("aria-pressed", node.dataset.experiment == key);
    }
    function perform(key) {
      const e = EXPERIMENTS[key];
      data.set(e.data); game.set(e.game); rateD.set(e.rateD); rateG.set(e.rateG); dSteps.set(e.dSteps);
      mark(key);
      says.textContent = e.says;
      seed = settings.seed;
      reset();
      setPlaying(!matchMedia("(prefers-reduced-motion: reduce)").matches);
    }

    // ---- Time: steps fill about 12 ms of a frame; nothing runs out of sight.
    function advance() {
      if (!points.length) return setPlaying(false);
      last = step(run, { rateD: rateD.get() / 1000, rateG: rateG.get() / 1000, dSteps: +dSteps.get() });
      record.add(last);
      if (Number.isFinite(last.d + last.g)) return;
      setPlaying(false);
      says.textContent = "The losses are no longer finite numbers. Lower a learning rate and press Reset.";
    }
    function setPlaying(on) {
      playing = on && points.length > 0;
      play.textContent = playing ? "Pause" : "Play";
      schedule();
    }
    function schedule() {
      if (!frame && playing && visible && !document.hidden) frame = requestAnimationFrame(tick);
    }
    function tick() {
      frame = 0;
      if (!playing || !visible) return;
      const end = performance.now() + 12;
      do advance(); while (playing && pace.get() == "fast" && performance.now() < end);
      show();
      schedule();
    }

    // ---- Pictures and numbers
    function show() {
      const { G, D } = run, made = forward(G, z, SHOWN).at(-1), n = points.length / 2;
      const scoresFake = forward(D, made, SHOWN).at(-1), scoresReal = n ? forward(D, points, n).at(-1) : new Float64Array(SHOWN);
      picture.begin();
      if (heat.checked) {
        const scores = forward(D, picture.centres, 48 * 48).at(-1);
        picture.heat(verdict(run.game.view, scores, scoresReal, scoresFake));
      }
      const { modes } = DATA[run.data];
      if (modes) picture.rings(modes);
      picture.dots(points, picture.real);
      if (grid.checked) picture.cells(forward(G, corners, CELLS * CELLS).at(-1), CELLS);
      if (arrows.checked) picture.arrows(made, gSlopes(D, run.game, scoresReal, made, SHOWN, 1).slopes);
      picture.dots(made, picture.fake);
      if (brush) picture.brush(brush);
      write(scoresReal, scoresFake, modes && coverage(made, modes));
      drawLosses();
    }
    function write(scoresReal, scoresFake, reached) {
      const average = (scores) => format(mean(run.game.view == "sigmoid" ? scores.map(sigmoid) : scores), 3);
      const texts = { step: run.step, d: last ? format(last.d, 3) : "–", g: last ? format(last.g, 3) : "–",
        real: points.length ? average(scoresReal) : "–", fake: average(scoresFake),
        modes: reached ? `${reached.modes}/${reached.of} · ${Math.round(100 * reached.highQuality)} %` : "–" };
      for (const key in texts) cell(key).textContent = texts[key];
    }
    function drawLosses() {
      const { d, g, every } = record, { levels } = run.game, all = [...d, ...g, ...levels.map(([, y]) => y)];
      const [low, high] = [min(...all), max(...all)], air = 0.08 * (high - low) + 0.05;
      const steps = d.map((_, k) => (k + 1) * every);
      losses.x = [0, max(100, run.step)];
      losses.xTicks = [0, losses.x[1]];
      losses.frame(low - air, high + air);
      losses.draw(...levels.flatMap(([text, y]) => [losses.level(y, "dashed level"), losses.label(y, text, "right")]),
        losses.label(low, format(low, 1)), losses.label(high, format(high, 1)),
        losses.curve(steps, d, "third"), losses.curve(steps, g, "fake"));
    }

    // ---- Draw your own data: by pointer, or with arrow keys and the space bar.
    let brush = null, from = null;
    const leave = (x, y) => { if (drawn.length < 5000) drawn.push([x, y]); };
    const placeOf = (event) => {
      const box = canvas.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width * 2 - 1) * SPAN, (1 - (event.clientY - box.top) / box.height * 2) * SPAN];
    };
    function stroke([x, y]) {                                // points lie evenly along the stroke
      const [x0, y0] = from ?? [x, y], n = max(1, Math.round(Math.hypot(x - x0, y - y0) / 0.02));
      for (let k = 1; k <= n; k++) leave(x0 + (x - x0) * k / n, y0 + (y - y0) * k / n);
      from = [x, y];
      refreshData();
      show();
    }
    canvas.addEventListener("pointerdown", (event) => {
      if (run.data != "own") return;
      canvas.setPointerCapture(event.pointerId);
      [from, brush] = [null, null];
      stroke(placeOf(event));
    });
    canvas.addEventListener("pointermove", (event) => { if (from) stroke(placeOf(event)); });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { from = null; });
    canvas.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], " ": [0, 0] }[event.key];
      if (run.data != "own" || !move) return;
      event.preventDefault();
      brush = [0, 1].map((k) => max(-SPAN, min(SPAN, (brush ?? [0, 0])[k] + 0.08 * move[k])));
      if (event.key == " ") stroke(brush);
      from = null;
      show();
    });

    // ---- Start paused; rest out of sight; follow the page's colours.
    new IntersectionObserver((entries) => { visible = entries.at(-1).isIntersecting; schedule(); }).observe(canvas);
    document.addEventListener("visibilitychange", schedule);
    const recolour = new MutationObserver(() => show());
    for (const node of [document.documentElement, document.body]) recolour.observe(node, { attributes: true });
    says.textContent = "Choose an experiment, or data and game of your own, and press Play.";
    reset();
    return show;
  }

  const numbers = { random, draw, noise, network, forward, backward, penalty, dTurn, gSlopes, gTurn, adam, training, step, coverage,
    verdict, DATA, GAMES, EXPERIMENTS, BLUR };
  return { numbers, mount };
})();
