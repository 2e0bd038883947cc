// Train a classifier on points of the plane, in the page (chapter 03).
// numbers: data, network, loss, gradient, one step; pure, tested against torch.  mount: the figure.
gancourse.boundary = (() => {
  const { sqrt, log, cos, sin, PI, min, max, abs } = Math, { random, Canvas } = gancourse.page;
  const { sigmoid, softplus, forward, backward, toys, ...engine } = gancourse.engine;

  // ================================================================ numbers
  // One point [x1, x2] of the class y. `chance`: the labels have nothing to do with the points.
  const ARMS = toys.spiral(1.3, 0.05 / 1.4);
  const DATA = {
    moons: {
      name: "two moons",
      point(y, rng) {
        const turn = PI * rng.uniform();
        return toys.blurred(y ? [cos(turn) - 0.5, sin(turn) - 0.25] : [0.5 - cos(turn), 0.25 - sin(turn)], 0.3, rng);
      },
    },
    clouds: { name: "two clouds", point: (y, rng) => toys.blurred(y ? [0.6, 0.4] : [-0.6, -0.4], 0.5, rng) },
    xor: {
      name: "exclusive or",
      point(y, { uniform }) {
        const x1 = 2.8 * uniform() - 1.4, x2 = 1.4 * uniform();
        return [x1, (x1 > 0) == !!y ? -x2 : x2];
      },
    },
    rings: {
      name: "disc and ring",
      point(y, { uniform, normal }) {
        const r = y ? abs(0.35 * normal()) : 1.1 + 0.2 * normal(), turn = 2 * PI * uniform();
        return [r * cos(turn), r * sin(turn)];
      },
    },
    spirals: { name: "two spirals", point: (y, rng) => ARMS.point(rng, y).map((v) => 1.4 * v) },
    chance: { name: "pure chance", point: (y, { uniform }) => [2.8 * uniform() - 1.4, 2.8 * uniform() - 1.4] },
  };
  // n points, alternately of class 1 and 0: {x: [x1, x2, x1, …], y, n}.
  function draw(data, n, rng) {
    const x = new Float64Array(2 * n), y = Float64Array.from({ length: n }, (_, i) => 1 - i % 2);
    y.forEach((label, i) => x.set(DATA[data].point(label, rng), 2 * i));
    return { x, y, n };
  }

  // 2 → width → width → 1 with tanh between.
  const network = (width, rng) =>
    // for tanh: variance 1 / inputs
    engine.network([2, width, width, 1], engine.activations.tanh, ({ inputs }) => rng.normal() / sqrt(inputs));
  const lossOf = (scores, y) => scores.reduce((sum, s, i) => sum + softplus(s) - y[i] * s, 0) / y.length;

  // The mean log loss and its gradient, by the sensitivities δ of chapter 03.
  function slopes(net, { x, y, n }) {
    const h = forward(net, x, n), scores = h.at(-1), gradient = new Float64Array(net.theta.length);
    backward(net, h, scores.map((s, i) => (sigmoid(s) - y[i]) / n), n, gradient);
    return { loss: lossOf(scores, y), gradient };
  }
  function step(net, points, rate, momentum) { // returns the loss before it
    const { loss, gradient } = slopes(net, points);
    engine.optimizers.sgd(net, gradient, rate, momentum);
    return loss;
  }
  const heldOutLoss = (net, { x, y, n }) => lossOf(forward(net, x, n).at(-1), y);

  // ================================================================ view
  const TRAIN = 40, HELD_OUT = 100, SPAN = 1.8, GRID = 49, STEPS = 4;
  const STYLE = `
    figure[data-live=boundary] .controls { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .4rem .9rem; }
    figure[data-live=boundary] dl { grid-template-columns: repeat(2, minmax(0, 1fr)); }
    figure[data-live=boundary] svg { cursor: default; }
    figure[data-live=boundary] svg .curve { stroke-width: 1.8; }
    figure[data-live=boundary] svg .curve.third { stroke: var(--third); }
    figure[data-live=boundary] svg .dot { fill: var(--third); }`;

  // Losses so far; when 400 are kept, every other one is dropped.
  class Record {
    constructor() {
      Object.assign(this, { at: [], train: [], held: [], every: 1 });
    }
    add(step, train, held) {
      if (step % this.every) return;
      this.at.push(step);
      this.train.push(train);
      this.held.push(held);
      if (this.at.length < 400) return;
      for (const name of ["at", "train", "held"]) this[name] = this[name].filter((_, k) => k % 2 == 0);
      this.every *= 2;
    }
  }

  class Picture extends Canvas {
    line(scores) { // where the score is 0
      [this.pen.strokeStyle, this.pen.lineWidth] = [this.ink, 2];
      this.pen.beginPath();
      this.contour(scores);
      this.pen.stroke();
    }
    points({ x, y, n }, full) {
      const { pen } = this;
      for (let i = 0; i < n; i++) {
        pen.beginPath();
        pen.arc(this.X(x[2 * i]), this.Y(x[2 * i + 1]), full ? 4.5 : 3, 0, 2 * PI);
        [pen.fillStyle, pen.lineWidth, pen.globalAlpha] = [y[i] ? this.real : this.fake, 1.3, full ? 1 : 0.6];
        pen.strokeStyle = full ? this.wash : pen.fillStyle;
        if (full) pen.fill();
        pen.stroke();
      }
      pen.globalAlpha = 1;
    }
  }

  function mount(root, settings) {
    const { element, slider, menu, readout, sentence, format, Panel, playing, trainingButtons } = gancourse.page;
    element(root, "style", "", STYLE);
    const sides = element(root, "div", "sides"), left = element(sides, "div", "picture"), right = element(sides, "div");
    const picture = new Picture(left, { says: "Points of two classes on the network's verdict", x: [-SPAN, SPAN] });
    const grid = picture.centres(GRID), bar = element(left, "div", "buttons");
    const player = playing(picture.node, () => {
      for (let k = 0; k < STEPS && player.on; k++) advance();
      show();
    });
    trainingButtons(bar, player, {
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
      left,
      "div",
      "legend",
      '<span><i class="real">●</i><i class="fake">●</i> training</span>'
        + '<span><i class="real">○</i><i class="fake">○</i> held out</span><span>line: probability ½</span>',
    );
    const controls = element(right, "div", "row controls");
    const again = player.stopping(reset);
    const data = menu(controls, { label: "data", value: settings.data, options: DATA }, again);
    const rate = menu(controls, {
      label: "learning rate",
      value: "0.03",
      options: { "0.01": "0.01", "0.03": "0.03", "0.1": "0.1", "0.3": "0.3", "1": "1", "3": "3" },
    }, () => {});
    const width = menu(controls, {
      label: "width",
      value: settings.width,
      options: { 1: "1", 2: "2", 4: "4", 8: "8", 16: "16", 32: "32" },
    }, again);
    const momentum = slider(controls, { label: "momentum", min: 0, max: 0.95, step: 0.05, value: 0.9 }, () => {});
    const chart = new Panel(right, {
      title: 'log loss: training, <span class="third">held out</span>',
      says: "log loss of the training and of the held-out points over the steps",
      height: 150,
      x: [0, 1],
      right: 44,
    });
    const write = readout(right, {
      step: "step",
      train: "training loss",
      held: "held-out loss",
      best: "lowest held-out loss",
    });
    const say = sentence(root);

    let { seed } = settings, net, points, heldOut, record, steps, now, best;
    function reset() {
      const rng = random(seed);
      [points, heldOut] = [draw(data.get(), TRAIN, rng), draw(data.get(), HELD_OUT, rng)];
      if (data.get() == "chance") { // a coin for every label
        for (const { y } of [points, heldOut])
          y.forEach((_, i) => {
            y[i] = +(rng.uniform() < 0.5);
          });
      }
      net = network(+width.get(), rng);
      [record, steps, best] = [new Record(), 0, { loss: Infinity, step: 0 }];
      measure();
      show();
    }
    function measure() {
      now = { train: heldOutLoss(net, points), held: heldOutLoss(net, heldOut) };
      record.add(steps, now.train, now.held);
      if (now.held < best.loss) best = { loss: now.held, step: steps };
    }
    function advance() {
      step(net, points, +rate.get(), momentum.get());
      steps++;
      measure();
      if (!Number.isFinite(now.train)) player.set(false);
    }

    function verdict() {
      if (!Number.isFinite(now.train))
        return "The loss is no longer a finite number: a smaller learning rate, and New start.";
      if (!steps) return "Choose the data and press Play, or go one step at a time.";
      if (now.held > best.loss + 0.05 && now.train < now.held - 0.1)
        return "Overfitting: the training loss is lower than the held-out loss, which was lower before. Early stopping would take the weights at the dot.";
      return now.train > 0.6
        ? "Not much better than guessing so far (guessing: log 2 = 0.693)."
        : "It learns what both sets of points have in common.";
    }
    function show() {
      picture.begin();
      const scores = forward(net, grid, GRID * GRID).at(-1);
      picture.heat(scores.map(sigmoid), 0.59);
      picture.points(heldOut, false);
      picture.line(scores);
      picture.points(points, true);
      write({ step: String(steps), train: now.train, held: now.held, best: best.loss });
      say(verdict());
      plot();
    }
    function plot() {
      const losses = [...record.train, ...record.held].filter(Number.isFinite);
      chart.x = [0, max(100, steps)];
      chart.xTicks = chart.x;
      const high = min(3, max(1, ...losses)), clip = (all) => all.map((v) => (v < high ? v : high));
      chart.frame(0, high);
      chart.draw(
        chart.level(log(2), "dashed"),
        chart.label(log(2), "log 2", "right"),
        chart.label(0, "0"),
        chart.label(high, format(high, 1)),
        chart.curve(record.at, clip(record.train)),
        chart.curve(record.at, clip(record.held), "third"),
        chart.dot(best.step, min(best.loss, high)),
      );
    }

    reset();
    return show;
  }

  return { numbers: { draw, network, forward, slopes, step, heldOutLoss, DATA }, mount };
})();
