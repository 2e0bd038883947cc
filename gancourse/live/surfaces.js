// Three critics against one fixed generator, trained in the page (chapter 13).
// numbers: network, slopes, penalties with their second derivatives, Adam; pure, tested against torch.
gancourse.surfaces = (() => {
  const { sqrt, log1p, exp, cos, sin, PI, min, max, abs, hypot } = Math;

  // ================================================================ numbers
  const WIDTH = 32, LEAK = 0.2, BATCH = 64, POINTS = 256, SCALE = sqrt(2), RATE = 0.004, BETAS = [0.5, 0.9];
  const SIZE = 2 * WIDTH + WIDTH + WIDTH * WIDTH + WIDTH + WIDTH + 1;

  const DATA = {
    ring: {
      name: "8 Gaussians",
      point({ normal, whole }) {
        const turn = PI / 4 * whole(8);
        return [cos(turn) + 0.01 * normal(), sin(turn) + 0.01 * normal()];
      },
    },
    grid: {
      name: "25 Gaussians",
      point: ({ normal, whole }) => [whole(5) / 2 - 1 + 0.0125 * normal(), whole(5) / 2 - 1 + 0.0125 * normal()],
    },
    "swiss roll": {
      name: "swiss roll",
      point({ uniform, normal }) {
        const turn = 1.5 * PI * (1 + 2 * uniform()), r = turn / (4.5 * PI);
        return [r * cos(turn) + 0.02 * normal(), r * sin(turn) + 0.02 * normal()];
      },
    },
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

  // 2 → WIDTH → WIDTH → 1 with LeakyReLU, all parameters in one array; W[o * inputs + i].
  function views(theta) {
    let at = 0;
    const view = (length) => theta.subarray(at, at += length);
    return {
      W1: view(2 * WIDTH),
      b1: view(WIDTH),
      W2: view(WIDTH * WIDTH),
      b2: view(WIDTH),
      w3: view(WIDTH),
      b3: view(1),
    };
  }
  function critic(rng) {
    const theta = new Float64Array(SIZE), { W1, W2, w3 } = views(theta);
    for (const [W, inputs] of [[W1, 2], [W2, WIDTH], [w3, WIDTH]])
      for (let k = 0; k < W.length; k++) W[k] = rng.normal() / sqrt(inputs);
    return { theta, m: new Float64Array(SIZE), v: new Float64Array(SIZE), t: 0 };
  }
  const phi = (a) => (a > 0 ? a : LEAK * a), slant = (a) => (a > 0 ? 1 : LEAK);
  // One point through the net: the score, what enters the activations, and the gradient by the point.
  function at(net, x1, x2) {
    const { W1, b1, W2, b2, w3, b3 } = net, a1 = new Float64Array(WIDTH), a2 = new Float64Array(WIDTH);
    const h1 = new Float64Array(WIDTH), d2 = new Float64Array(WIDTH), d1 = new Float64Array(WIDTH);
    for (let j = 0; j < WIDTH; j++) h1[j] = phi(a1[j] = W1[2 * j] * x1 + W1[2 * j + 1] * x2 + b1[j]);
    let score = b3[0];
    for (let o = 0; o < WIDTH; o++) {
      let s = b2[o];
      for (let i = 0; i < WIDTH; i++) s += W2[o * WIDTH + i] * h1[i];
      a2[o] = s;
      score += w3[o] * phi(s);
      d2[o] = slant(s) * w3[o];
      for (let i = 0; i < WIDTH; i++) d1[i] += W2[o * WIDTH + i] * d2[o];
    }
    let g1 = 0, g2 = 0;
    for (let j = 0; j < WIDTH; j++) {
      d1[j] *= slant(a1[j]);
      g1 += d1[j] * W1[2 * j];
      g2 += d1[j] * W1[2 * j + 1];
    }
    return { score, a1, a2, h1, d1, d2, g1, g2 };
  }
  // Add the gradient by the weights of  r · score.
  function addScore(into, at, x1, x2, r) {
    const { W1, b1, W2, b2, w3, b3 } = into, { a2, h1, d1, d2 } = at;
    b3[0] += r;
    for (let o = 0; o < WIDTH; o++) {
      w3[o] += r * phi(a2[o]);
      b2[o] += r * d2[o];
      for (let i = 0; i < WIDTH; i++) W2[o * WIDTH + i] += r * d2[o] * h1[i];
      b1[o] += r * d1[o];
      W1[2 * o] += r * d1[o] * x1;
      W1[2 * o + 1] += r * d1[o] * x2;
    }
  }
  // Add the gradient by the weights of  q · ∇ₓscore  with q fixed: the double backpropagation. The
  // slants are constant in pieces, so it is the net without biases run on q, its slants held.
  function addSlope(into, at, { W1, W2 }, q1, q2) {
    const { a1, a2, d1, d2 } = at, t1 = new Float64Array(WIDTH);
    for (let j = 0; j < WIDTH; j++) {
      t1[j] = slant(a1[j]) * (W1[2 * j] * q1 + W1[2 * j + 1] * q2);
      into.W1[2 * j] += d1[j] * q1;
      into.W1[2 * j + 1] += d1[j] * q2;
    }
    for (let o = 0; o < WIDTH; o++) {
      let t2 = 0;
      for (let i = 0; i < WIDTH; i++) {
        t2 += W2[o * WIDTH + i] * t1[i];
        into.W2[o * WIDTH + i] += d2[o] * t1[i];
      }
      into.w3[o] += slant(a2[o]) * t2;
    }
  }

  const sigmoid = (s) => 1 / (1 + exp(-s)), softplus = (s) => max(s, 0) + log1p(exp(-abs(s)));
  const wasserstein = { loss: (s, sign) => -sign * s, slope: (s, sign) => -sign };
  const logistic = { loss: (s, sign) => softplus(-sign * s), slope: (s, sign) => -sign * sigmoid(-sign * s) };
  // A critic's loss, and the penalty of a slope of length g with its derivative by g over g.
  const CRITICS = {
    clip: { ...wasserstein },
    gp: {
      ...wasserstein,
      where: "between",
      penalty: (g, w) => w * (g - 1) ** 2,
      pull: (g, w) => (g > 0 ? 2 * w * (g - 1) / g : 0),
    },
    r1: { ...logistic, where: "real", penalty: (g, w) => w / 2 * g * g, pull: (g, w) => w },
  };

  // Loss, mean length of the slope between real and fake, and the gradient by all weights.
  function slopes(kind, { theta }, points, strength) {
    const { loss, slope, where, penalty, pull } = CRITICS[kind], net = views(theta);
    const gradient = new Float64Array(SIZE), into = views(gradient), n = BATCH;
    let total = 0, steep = 0;
    for (const [set, sign] of [["real", 1], ["fake", -1], ["between", 0]])
      for (let k = 0; k < n; k++) {
        const x1 = points[set][2 * k], x2 = points[set][2 * k + 1], here = at(net, x1, x2), g = hypot(here.g1, here.g2);
        if (sign) {
          total += loss(here.score, sign) / n;
          addScore(into, here, x1, x2, slope(here.score, sign) / n);
        } else steep += g / n;
        if (set == where) {
          const r = pull(g, strength) / n;
          total += penalty(g, strength) / n;
          addSlope(into, here, net, r * here.g1, r * here.g2);
        }
      }
    return { loss: total, steep, gradient };
  }
  // One step of Adam; for clipping, `strength` is c. Returns the loss and the slope before it.
  function step(kind, net, points, strength) {
    const { loss, steep, gradient } = slopes(kind, net, points, strength), { theta, m, v } = net;
    const [keep, remember] = BETAS, t = ++net.t;
    for (let k = 0; k < SIZE; k++) {
      m[k] += (1 - keep) * (gradient[k] - m[k]);
      v[k] += (1 - remember) * (gradient[k] ** 2 - v[k]);
      theta[k] -= RATE * m[k] / (1 - keep ** t) / (sqrt(v[k] / (1 - remember ** t)) + 1e-8);
      if (kind == "clip") theta[k] = min(strength, max(-strength, theta[k]));
    }
    return { loss, steep };
  }
  function scores(net, xs) {
    const weights = views(net.theta);
    return Float64Array.from({ length: xs.length / 2 }, (_, k) => at(weights, xs[2 * k], xs[2 * k + 1]).score);
  }

  // ================================================================ view
  const REACH = 2.4, GRID = 33, LEVELS = 9;
  const STYLE =
    `.live-figure .three { display: grid; gap: .6rem 1rem; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
    .live-figure .three b { display: block; font-weight: 600; margin: .35rem 0 .2rem; }
    .live-figure .three dl { grid-template-columns: repeat(auto-fit, minmax(84px, 1fr)); margin-top: .4rem; }
    .live-figure .four { grid-template-columns: repeat(auto-fit, minmax(min(100%, 130px), 1fr)); }`;
  const NAMES = { clip: "clipping", gp: "gradient penalty", r1: "R1" };

  // Level lines: a short line through every cell of the grid whose corners lie on both sides.
  function contours({ pen, width, soft }, heights) {
    const cell = width / GRID, low = min(...heights), span = max(...heights) - low;
    [pen.strokeStyle, pen.lineWidth] = [soft, 1];
    pen.beginPath();
    for (let l = 1; l < LEVELS; l++)
      for (let i = 0; i + 1 < GRID; i++)
        for (let j = 0; j + 1 < GRID; j++) {
          const level = low + span * l / LEVELS, corners = [[i, j], [i, j + 1], [i + 1, j + 1], [i + 1, j]], cuts = [];
          corners.forEach(([r, c], k) => {
            const [r2, c2] = corners[(k + 1) % 4],
              a = heights[r * GRID + c] - level,
              b = heights[r2 * GRID + c2] - level;
            if (a > 0 != b > 0) cuts.push([c + (c2 - c) * a / (a - b) + 0.5, r + (r2 - r) * a / (a - b) + 0.5]);
          });
          for (let k = 0; k + 1 < cuts.length; k += 2) {
            pen.moveTo(cuts[k][0] * cell, cuts[k][1] * cell);
            pen.lineTo(cuts[k + 1][0] * cell, cuts[k + 1][1] * cell);
          }
        }
    pen.stroke();
  }

  function mount(root, settings) {
    const { element, button, menu, readout, sentence, Canvas, playing, random } = gancourse.page;
    element(root, "style", "", STYLE);
    const controls = element(root, "div", "row controls four"),
      again = () => {
        player.set(false);
        reset();
      };
    const choice = (values) => Object.fromEntries(values.map((v) => [v, v]));
    const data = menu(controls, {
      label: "data",
      value: settings.data,
      options: Object.fromEntries(Object.entries(DATA).map(([key, { name }]) => [key, name])),
    }, again);
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
    const bar = element(root, "div", "buttons"),
      player = playing(three, () => {
        advance();
        advance();
        show();
      });
    player.button(bar);
    button(bar, "One step", () => {
      player.set(false);
      advance();
      show();
    });
    button(bar, "New start", () => {
      player.set(false);
      seed++;
      reset();
    }).title = "Other points and other weights";
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
      for (const kind in CRITICS)
        nets[kind] = { theta: first.theta.slice(), m: first.m.slice(), v: first.v.slice(), t: 0 };
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
