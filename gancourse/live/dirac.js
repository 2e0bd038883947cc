// The Dirac-GAN. A game is {loss, remedy, strength, ratio, lazy, nodes, weights}; a round is played with
// step h and `turns` of D before G moves (0: both together). As gancourse.theory.dirac, which tests it.
gancourse.dirac = (() => {
  const ROUNDS = 500, FAR = 2.4, TURNS = { together: 0, "in turn": 1, "five turns of D": 5 };
  const sigmoid = (s) => 1 / (1 + Math.exp(-s));
  const logistic = { force: 0.5, real: (s) => sigmoid(-s), fake: (s) => -sigmoid(s) };
  const losses = {
    "non-saturating": { ...logistic, generator: (s) => sigmoid(-s) },
    minimax: { ...logistic, generator: sigmoid },
    Wasserstein: { force: 1, real: () => 1, fake: () => -1, generator: () => 1 },
  };
  const weight = (game, remedy) => game.remedy == remedy ? game.strength : 0;

  // What both players gain by, before consensus and with R1 of the weight gamma.
  function own(game, theta, phi, gamma) {
    const { real, fake, generator } = losses[game.loss], sigma = weight(game, "noise");
    let v = [phi * generator(phi * theta), theta * fake(phi * theta)];
    if (sigma) {
      v = [0, 0];
      game.nodes.forEach((node, i) => {
        const shift = sigma * node, at = theta + shift, w = game.weights[i];
        v[0] += w * phi * generator(phi * at);
        v[1] += w * (real(phi * shift) * shift + fake(phi * at) * at);
      });
    }
    v[1] -= gamma * phi + 2 * weight(game, "GP") * (phi - Math.sign(phi));
    return v;
  }
  function pull(game, theta, phi, gamma = weight(game, "R1")) {
    const v = own(game, theta, phi, gamma), c = weight(game, "consensus");
    if (!c) return v;
    const energy = (t, p) => own(game, t, p, gamma).reduce((sum, part) => sum + part * part, 0) / 2, d = 1e-5;
    return [
      v[0] - c * (energy(theta + d, phi) - energy(theta - d, phi)) / (2 * d),
      v[1] - c * (energy(theta, phi + d) - energy(theta, phi - d)) / (2 * d),
    ];
  }
  // The path of [theta, phi]; whoever leaves for good stays where it was.
  function play(game, h, turns, start, rounds = ROUNDS) {
    let [theta, phi] = start, turn = 0;
    const path = [start], clip = weight(game, "clip"), gamma = weight(game, "R1"), lazy = game.lazy;
    for (let round = 0; round < rounds; round++) {
      const old = phi;
      for (let k = 0; k < Math.max(turns, 1); k++) {
        phi += game.ratio * h * pull(game, theta, phi, turn++ % lazy ? 0 : lazy * gamma)[1];
        if (clip) phi = Math.min(clip, Math.max(-clip, phi));
      }
      theta += h * pull(game, theta, turns ? phi : old)[0];
      path.push(isFinite(theta) && isFinite(phi) ? [theta, phi] : path.at(-1));
    }
    return path;
  }

  // Matrices are [a, b, c, d], row by row.
  const times = ([a, b, c, d], [e, f, g, k]) => [a * e + b * g, a * f + b * k, c * e + d * g, c * f + d * k];
  // The slopes of the pull at the equilibrium; none where the penalty has a kink.
  function matrix(game, gamma = weight(game, "R1")) {
    if (weight(game, "GP")) return null;
    const f = losses[game.loss].force, c = weight(game, "consensus");
    const damp = gamma + (game.loss == "Wasserstein" ? 0 : weight(game, "noise") ** 2 / 2);
    const M = [0, f, -f, -damp], [, b, cc, d] = M; // minus c times MᵀM
    return [M[0] - c * cc * cc, b - c * cc * d, cc - c * cc * d, d - c * (b * b + d * d)];
  }
  function update(game, h, turns) {
    const round = (gamma) => {
      const M = matrix(game, gamma);
      if (!M) return null;
      const r = game.ratio * h, [a, b, c, d] = [h * M[0], h * M[1], r * M[2], r * M[3]];
      if (!turns) return [1 + a, b, c, 1 + d];
      let U = [1 + a, b, 0, 1];
      for (let k = 0; k < turns; k++) U = times(U, [1, 0, c, 1 + d]);
      return U;
    };
    const gamma = weight(game, "R1");
    let U = round(game.lazy * gamma);
    for (let k = 1; U && k < game.lazy; k++) U = times(round(0), U);
    return U;
  }
  // Both eigenvalues as [real, imaginary].
  function eigenvalues([a, b, c, d]) {
    const half = (a + d) / 2, inside = half * half - (a * d - b * c), root = Math.sqrt(Math.abs(inside));
    return inside < 0 ? [[half, root], [half, -root]] : [[half + root, 0], [half - root, 0]];
  }
  const modulus = (U) => Math.max(...eigenvalues(U).map(([x, y]) => Math.hypot(x, y)));

  function mount(root, settings) {
    const { element, button, slider, menu, readout, sentence, format, playing, Canvas, Panel } = gancourse.page;
    let start = [1, 1], shown = ROUNDS, beside = false;
    const sides = element(root, "div", "sides");
    const picture = element(sides, "div", "picture"), right = element(sides, "div");
    const plane = new Canvas(picture, {
      says: "the plane of both players, with what pulls at them and their orbit",
      x: [-FAR, FAR],
      aspect: 1.15,
      y: [-FAR, FAR],
    });
    plane.node.tabIndex = 0;
    const names = element(picture, "p", "note");
    const below = element(picture, "div");
    Object.assign(below.style, {
      display: "grid",
      gridTemplateColumns: "minmax(0, 1fr) minmax(0, 1.25fr)",
      gap: ".8rem",
    });
    const circle = new Canvas(element(below, "div"), {
      says: "the eigenvalues of one round in the complex plane, with the unit circle",
      x: [-1.5, 1.5],
      y: [-1.25, 1.25],
      aspect: 1.2,
    });
    const far = new Panel(element(below, "div"), {
      title: "log of the distance",
      says: "the distance from the equilibrium over the rounds, on a logarithmic scale",
      height: 120,
      x: [0, ROUNDS],
      xTicks: [0, 500],
      right: 18,
    });
    const controls = element(right, "div", "row controls");
    const choice = (list, words = {}) => Object.fromEntries(list.map((name) => [name, words[name] ?? name]));
    const redo = () => draw();
    const loss = menu(controls, { label: "loss", options: choice(Object.keys(losses)), value: settings.loss }, redo);
    const remedy = menu(controls, {
      label: "remedy",
      options: {
        none: "none",
        R1: "R1: γ",
        noise: "instance noise: s",
        consensus: "consensus: c",
        GP: "WGAN-GP: λ",
        clip: "clipping: c",
      },
      value: settings.remedy,
    }, redo);
    const strength = slider(
      controls,
      { label: "its strength", min: 0, max: 2, step: 0.05, value: settings.strength },
      redo,
    );
    const order = menu(
      controls,
      {
        label: "who moves",
        options: choice(Object.keys(TURNS), { together: "both together", "in turn": "<i>D</i>, then <i>G</i>" }),
        value: settings.order,
      },
      redo,
    );
    const h = slider(controls, { label: "step <i>h</i>", min: 0.05, max: 0.5, step: 0.05, value: settings.h }, redo);
    const ratio = slider(
      controls,
      { label: "<i>D</i>'s rate over <i>G</i>'s", min: 1, max: 10, step: 1, value: 1 },
      redo,
    );
    const lazy = slider(controls, { label: "R1 every … steps", min: 1, max: 20, step: 1, value: 1 }, redo);
    const bar = element(right, "div", "buttons");
    const player = playing(root, (gone) => {
      shown = Math.min(ROUNDS, shown + gone / 20);
      if (shown >= ROUNDS) player.set(false);
      paint();
    });
    button(bar, "Play from the start", () => {
      shown = 0;
      player.set(true);
    }, "play");
    const twin = button(bar, "lay R1 with γ = s²/2 beside", () => {
      beside = !beside;
      draw();
    });
    const write = readout(right, { modulus: "|λ|, a round", values: "eigenvalues", end: "after 500 rounds" });
    const says = sentence(root);
    let orbits = [];

    const spelt = ([[x, y], [other]]) =>
      y ? `${format(x, 3)} ± ${format(y, 3)}i` : `${format(x, 3)}, ${format(other, 3)}`;
    const game = (other = {}) => ({
      ...{ loss: loss.get(), remedy: remedy.get(), strength: strength.get(), ratio: ratio.get() },
      ...{ lazy: remedy.get() == "R1" && order.get() != "five turns of D" ? lazy.get() : 1 },
      ...{ nodes: settings.nodes, weights: settings.weights, ...other },
    });
    function draw() {
      const noisy = remedy.get() == "noise" && loss.get() != "Wasserstein";
      twin.disabled = !noisy;
      twin.setAttribute("aria-pressed", beside && noisy);
      const games = [game()];
      if (beside && noisy) games.push(game({ remedy: "R1", strength: strength.get() ** 2 / 2, lazy: 1 }));
      const turns = TURNS[order.get()];
      orbits = games.map((one) => ({
        path: play(one, h.get(), turns, start),
        U: update(one, h.get(), turns),
        game: one,
      }));
      const [{ path, U, game: main }] = orbits, end = Math.hypot(...path.at(-1));
      const rate = U && modulus(U) ** (1 / main.lazy);
      write({
        modulus: U ? format(rate, 4) : "–",
        values: U ? spelt(eigenvalues(U)) : "none: a kink",
        end: end < 0.001 ? end.toExponential(1).replace("-", "−") : format(end, 3),
      });
      says(comment(main, rate, path));
      paint();
    }
    function comment(main, rate, path) {
      const began = Math.hypot(...path[0]), end = Math.hypot(...path.at(-1));
      const fate = end < 1e-3
        ? "it arrives"
        : end > 20
        ? "it runs away"
        : end < began / 2
        ? "it creeps inwards, and is not there after 500 rounds"
        : "it does not arrive";
      if (rate === null)
        return `The penalty has a kink at φ = 0, so no matrix says what happens there. From this start ${fate}.`;
      const near = rate < 1 - 1e-9
        ? `Near the goal each round shrinks the distance to ${format(rate, 3)} of itself, in the end`
        : rate > 1 + 1e-9
        ? `Near the goal each round stretches the distance by ${format(rate, 4)}`
        : "Near the goal the players circle: |λ| is 1";
      const surprise = (rate < 1 - 1e-9) != end < 1e-3 && Math.abs(rate - 1) > 1e-9
        ? " Far from the goal the matrix has no say: this is the whole game, not its linear part."
        : "";
      const bound = main.lazy > 1
        ? ` Here <i>h</i>γ<i>k</i> = ${format(h.get() * main.strength * main.lazy, 2)}, which must stay below 2.`
        : "";
      return `${near}. From this start ${fate}.${bound}${surprise}`;
    }
    function line(canvas, points, colour, dash = []) {
      const { pen } = canvas;
      pen.strokeStyle = colour;
      pen.setLineDash(dash);
      pen.beginPath();
      points.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](canvas.X(x), canvas.Y(y)));
      pen.stroke();
      pen.setLineDash([]);
    }
    function paint() {
      const main = orbits[0].game, upTo = Math.floor(shown) + 1;
      plane.begin();
      plane.pen.lineWidth = 1;
      line(plane, [[-FAR, 0], [FAR, 0]], plane.soft, [2, 4]);
      line(plane, [[0, -FAR], [0, FAR]], plane.soft, [2, 4]);
      for (let i = -5; i <= 5; i++)
        for (let j = -5; j <= 5; j++) {
          const x = 0.42 * i, y = 0.42 * j, v = pull(main, x, y), size = Math.hypot(...v) || 1;
          const reach = 0.3 * size / (0.4 + size), [dx, dy] = [v[0] / size * reach, v[1] / size * reach];
          line(plane, [[x, y], [x + dx, y + dy]], plane.soft);
          plane.dots([x + dx, y + dy], plane.soft, 1.6);
        }
      plane.pen.lineWidth = 1.6;
      orbits.forEach(({ path }, k) => line(plane, path.slice(0, upTo), k ? plane.real : plane.third, k ? [5, 4] : []));
      plane.dots(orbits[0].path.slice(0, upTo).flat(), plane.third, 1.8);
      plane.dots([0, 0], plane.ink, 4);
      plane.dots(start, plane.fake, 6);
      plane.dots(orbits[0].path[upTo - 1] ?? start, plane.third, 4.5);
      names.innerHTML =
        "across: θ, the generator; up: φ, the slope of <i>D</i>. Click, or move the start with the arrow keys."
        + (orbits[1] ? ` <b class="third">noise</b>, <b class="real">R1 (dashed)</b>.` : "");
      circle.begin();
      circle.pen.lineWidth = 1;
      line(circle, [[-2, 0], [2, 0]], circle.soft, [2, 4]);
      line(circle, [[0, -2], [0, 2]], circle.soft, [2, 4]);
      circle.pen.lineWidth = 1.8;
      line(
        circle,
        Array.from({ length: 121 }, (_, k) => [Math.cos(k * Math.PI / 60), Math.sin(k * Math.PI / 60)]),
        circle.ink,
      );
      [...orbits].reverse().forEach(({ U }, k) => {
        if (U)
          circle.dots(
            eigenvalues(U).flat(),
            k == orbits.length - 1 ? circle.fake : circle.real,
            k == orbits.length - 1 ? 5 : 8,
          );
      });
      const logs = orbits.map(({ path }) =>
        path.map((point) => Math.max(-12, Math.min(6, Math.log10(Math.hypot(...point) || 1e-12))))
      );
      const low = Math.floor(Math.min(-1, ...logs.flat())), high = Math.ceil(Math.max(1, ...logs.flat()));
      far.frame(low, high);
      const rounds = Array.from({ length: upTo }, (_, k) => k);
      far.draw(
        far.level(0, "dashed"),
        ...[low, 0, high].map((v) => far.label(v, format(v, 0))),
        ...logs.map((log, k) => far.curve(rounds, log.slice(0, upTo), k ? "real" : "third")),
      );
    }
    const moveTo = (point) => {
      start = point.map((v) => Math.max(-2.2, Math.min(2.2, v)));
      shown = ROUNDS;
      draw();
    };
    plane.node.addEventListener("pointerdown", (event) => moveTo(plane.place(event)));
    plane.node.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
      if (!step) return;
      event.preventDefault();
      moveTo([start[0] + step[0], start[1] + step[1]]);
    });
    draw();
    return paint;
  }
  return { numbers: { pull, play, matrix, update, eigenvalues, modulus }, mount };
})();
