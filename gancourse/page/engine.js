// What the figures that train stand on: networks and their slopes, penalties, games, optimizers, toys.
// Pure, and tested against torch. Numbers lie flat, a point or a row after the other, n of them;
// chance comes in as `rng`, which is gancourse.page.random(seed).
gancourse.engine = (() => {
  const { sqrt, exp, log1p, cos, sin, PI, min, max, abs, floor } = Math;

  const sigmoid = (s) => 1 / (1 + exp(-s));
  const softplus = (s) => max(s, 0) + log1p(exp(-abs(s)));
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

  // ================================================================ networks
  // An activation: what it makes of a number, and its slope there, told from what it made.
  const leaky = (leak) => ({ of: (s) => s > 0 ? s : leak * s, slope: (h) => h > 0 ? 1 : leak });
  const activations = {
    leakyReLU: leaky(0.2),
    relu: leaky(0),
    tanh: { of: Math.tanh, slope: (h) => 1 - h * h, curved: true },
  };

  // Linear layers with the activation between them. A network is plain data: `theta` holds all
  // parameters, and m, v, t are an optimizer's memory. `weight(layer)` draws each first weight.
  function network(sizes, activation, weight = () => 0) {
    const size = sizes.slice(1).reduce((sum, outputs, l) => sum + (sizes[l] + 1) * outputs, 0);
    const [theta, m, v] = [0, 1, 2].map(() => new Float64Array(size)), net = { sizes, activation, theta, m, v, t: 0 };
    for (const layer of layersOf(net)) for (let k = 0; k < layer.W.length; k++) layer.W[k] = weight(layer);
    return net;
  }
  const copy = (net) => ({ ...net, theta: net.theta.slice(), m: net.m.slice(), v: net.v.slice() });
  // Views of the parameters, or of a gradient by them: W[i * outputs + o] leads from input i to output o.
  function layersOf({ sizes, theta }, values = theta) {
    let at = 0;
    const view = (length) => values.subarray(at, at += length);
    return sizes.slice(1).map((outputs, l) => ({
      inputs: sizes[l],
      outputs,
      W: view(sizes[l] * outputs),
      b: view(outputs),
    }));
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
    if (bias) { for (let r = 0; r < n; r++) y.set(b, r * outputs); }
    multiply(y, x, inputs, 1, W, outputs, 1, n, inputs, outputs);
    return y;
  }
  function addRows(sums, rows, n) {
    for (let r = 0, k = 0; r < n; r++) for (let o = 0; o < sums.length; o++) sums[o] += rows[k++];
  }
  function timesSlope({ activation: { slope } }, values, h) {
    for (let k = 0; k < values.length; k++) values[k] *= slope(h[k]);
    return values;
  }

  // What enters each layer, and last what the network returns.
  function forward(net, x, n) {
    const h = [x], { of } = net.activation, last = net.sizes.length - 2;
    layersOf(net).forEach((layer, l) => {
      const y = linear(layer, h[l], n, true);
      if (l < last) { for (let k = 0; k < y.length; k++) y[k] = of(y[k]); }
      h.push(y);
    });
    return h;
  }
  // From u = ∂loss/∂output of n rows back: adds the gradient by the parameters to `gradient`, or, if there
  // is none, returns ∂loss/∂input. `along`, if given, enters the layers in the place of h, without biases.
  function backward(net, h, u, n, gradient, along) {
    const layers = layersOf(net), into = gradient && layersOf(net, gradient);
    for (let l = layers.length - 1; l >= 0; l--) {
      const { inputs, outputs, W } = layers[l];
      if (l + 1 < layers.length) timesSlope(net, u, h[l + 1]);
      if (gradient) {
        multiply(into[l].W, (along ?? h)[l], 1, inputs, u, outputs, 1, inputs, n, outputs);
        if (!along) addRows(into[l].b, u, n);
        if (!l) return undefined;
      }
      const down = new Float64Array(n * inputs);
      multiply(down, u, outputs, 1, W, 1, outputs, n, outputs, inputs);
      u = down;
    }
    return u;
  }
  // ∇ₓ of the score at each of the first n points that have passed forward, and the lengths of slopes.
  const slopes = (net, h, n) => backward(net, h, new Float64Array(n).fill(1), n);
  const lengths = (all, inputs) =>
    Float64Array.from(
      { length: all.length / inputs },
      (_, r) => Math.hypot(...all.subarray(r * inputs, (r + 1) * inputs)),
    );

  // ================================================================ penalties
  // A toll on a slope of length g: what it costs, and the derivative of that by g, over g.
  const squaredSlope = (g, weight) => [weight / 2 * g * g, weight]; // R1 and R2
  const unitSlope = (g, weight) => [weight * (g - 1) ** 2, g > 0 ? 2 * weight * (g - 1) / g : 0]; // WGAN-GP

  // P = Σ toll(‖s‖) over the slopes s = ∇ₓD(x) of the first n points, and its gradient: backpropagation
  // through backpropagation, in closed form. dP = Σ d(c·s), where c = toll'(‖s‖) s/‖s‖ is held fixed,
  // and c·s is the derivative of D along c. D is linear in pieces: while no unit crosses its kink,
  // that derivative is D itself without biases and with its kinks frozen, applied to c. So send c
  // forward through the frozen layers and backpropagate as usual, with it in the place of x.
  // Biases drop out. Exact wherever the gradient exists.
  function penalty(D, h, n, toll, gradient) {
    if (D.activation.curved) throw new Error("a penalty needs an activation that is linear in pieces");
    const c = slopes(D, h, n), inputs = D.sizes[0];
    let P = 0;
    lengths(c, inputs).forEach((g, r) => {
      const [cost, pull] = toll(g, r);
      P += cost;
      for (let k = r * inputs; k < (r + 1) * inputs; k++) c[k] *= pull;
    });
    const along = [c];
    layersOf(D).slice(0, -1).forEach((layer, l) =>
      along.push(timesSlope(D, linear(layer, along[l], n, false), h[l + 1]))
    );
    backward(D, h, new Float64Array(n).fill(1), n, gradient, along);
    return P;
  }

  // ================================================================ games, as in gancourse.games
  // For one pair of scores, a = D(x) and b = D(G(z)), d: D's loss and its derivatives in a and b;
  // g: G's loss and its derivative in b.
  const cross = (a, b) => [softplus(-a) + softplus(b), -sigmoid(-a), sigmoid(b)];
  const games = {
    minimax: { d: cross, g: (a, b) => [-softplus(b), -sigmoid(b)] },
    nonSaturating: { d: cross, g: (a, b) => [softplus(-b), -sigmoid(-b)] },
    leastSquares: { d: (a, b) => [((a - 1) ** 2 + b * b) / 2, a - 1, b], g: (a, b) => [(b - 1) ** 2 / 2, b - 1] },
    hinge: {
      d: (a, b) => [max(0, 1 - a) + max(0, 1 + b), a < 1 ? -1 : 0, b > -1 ? 1 : 0],
      g: (a, b) => [-b, -1],
    },
    wasserstein: { d: (a, b) => [b - a, -1, 1], g: (a, b) => [-b, -1] },
    relativistic: {
      d: (a, b) => [softplus(b - a), -sigmoid(b - a), sigmoid(b - a)],
      g: (a, b) => [softplus(a - b), -sigmoid(a - b)],
    },
  };

  // D's turn on n real and n generated points: the game's loss, R1 and R2 if the game has weights
  // r1 and r2 for them, and D's gradient by both. `h` is what went through D, the real points first.
  function dTurn(D, game, x, fake, n) {
    const both = new Float64Array(2 * x.length), gradient = new Float64Array(D.theta.length);
    both.set(x);
    both.set(fake, x.length);
    const h = forward(D, both, 2 * n), scores = h.at(-1), u = new Float64Array(2 * n);
    let loss = 0;
    for (let r = 0; r < n; r++) {
      const [l, da, db] = game.d(scores[r], scores[n + r]);
      loss += l / n;
      u[r] = da / n;
      u[n + r] = db / n;
    }
    backward(D, h, u, 2 * n, gradient);
    const { r1 = 0, r2 = 0 } = game, toll = (g, r) => squaredSlope(g, (r < n ? r1 : r2) / n);
    return { loss, gradient, h, penalty: r1 || r2 ? penalty(D, h, r2 ? 2 * n : n, toll, gradient) : 0 };
  }
  // The slope of G's loss at each generated point, whose loss counts `share`, beside the scores D(x).
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

  // ================================================================ optimizers, as in torch.optim
  // v ← γ v + η ∇, θ ← θ − v.
  function sgd({ theta, m }, gradient, rate, momentum = 0) {
    for (let k = 0; k < theta.length; k++) {
      m[k] = momentum * m[k] + rate * gradient[k];
      theta[k] -= m[k];
    }
  }
  function adam(net, gradient, rate, [beta1, beta2] = [0.9, 0.999]) { // Kingma and Ba 2015
    const { theta, m, v } = net, t = ++net.t;
    const size = rate / (1 - beta1 ** t), correction = 1 / sqrt(1 - beta2 ** t);
    for (let k = 0; k < theta.length; k++) {
      m[k] = beta1 * m[k] + (1 - beta1) * gradient[k];
      v[k] = beta2 * v[k] + (1 - beta2) * gradient[k] * gradient[k];
      theta[k] -= size * m[k] / (sqrt(v[k]) * correction + 1e-8);
    }
  }
  function rmsprop({ theta, v }, gradient, rate, alpha = 0.99) { // Tieleman and Hinton 2012
    for (let k = 0; k < theta.length; k++) {
      v[k] = alpha * v[k] + (1 - alpha) * gradient[k] * gradient[k];
      theta[k] -= rate * gradient[k] / (sqrt(v[k]) + 1e-8);
    }
  }
  function clip({ theta }, c) { // a projection, for after the step
    for (let k = 0; k < theta.length; k++) theta[k] = max(-c, min(c, theta[k]));
  }

  // ================================================================ toys, as in gancourse.data.toys
  const blurred = ([x, y], std, rng) => [x + std * rng.normal(), y + std * rng.normal()];
  const mixture = (modes, std) => ({ modes, point: (rng) => blurred(modes[rng.whole(modes.length)], std, rng) });
  const ring = (n = 8, std = 0.01) =>
    mixture(Array.from({ length: n }, (_, k) => [cos(2 * PI * k / n), sin(2 * PI * k / n)]), std);
  const grid = (side = 5, std = 0.0125) =>
    mixture(
      Array.from({ length: side * side }, (_, k) => [k % side, floor(k / side)].map((at) => 2 * at / (side - 1) - 1)),
      std,
    );
  const spiral = (turns = 1.5, std = 0.02) => ({
    point(rng, arm) { // of two, by chance if none is asked for
      const r = sqrt(rng.uniform()), angle = 2 * PI * turns * r + PI * (arm ?? rng.whole(2));
      return blurred([r * cos(angle), r * sin(angle)], std, rng);
    },
  });
  const swissRoll = (std = 0.02) => ({
    point(rng) {
      const angle = 1.5 * PI * (1 + 2 * rng.uniform()), r = angle / (4.5 * PI);
      return blurred([r * cos(angle), r * sin(angle)], std, rng);
    },
  });
  function sample(toy, n, rng) {
    const x = new Float64Array(2 * n);
    for (let r = 0; r < n; r++) x.set(toy.point(rng), 2 * r);
    return x;
  }

  const optimizers = { sgd, adam, rmsprop, clip }, toys = { blurred, mixture, ring, grid, spiral, swissRoll, sample };
  return {
    sigmoid,
    softplus,
    mean,
    activations,
    network,
    copy,
    layersOf,
    forward,
    backward,
    slopes,
    lengths,
    squaredSlope,
    unitSlope,
    penalty,
    games,
    dTurn,
    gSlopes,
    gTurn,
    optimizers,
    toys,
  };
})();
