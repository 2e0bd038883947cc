// A trained DCGAN generator draws in the page (chapter 09).
// numbers: the generator and the two paths, pure.  mount: the figure.
gancourse.face_explorer = (() => {
  // ---- the generator: transposed convolutions, a ReLU after each but the last, there a tanh

  // Weights come as codes of `bits` bits, one after the other; one scale per output map.
  function unpack({ inputs, outputs, stride, padding, weights, scale, bias }, bits) {
    const bytes = Uint8Array.from(atob(weights), (c) => c.charCodeAt(0)), mask = 2 ** bits - 1;
    const weight = new Float32Array(inputs * outputs * 16);
    for (let i = 0; i < weight.length; i++) {
      const at = i * bits >> 3, three = bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16;
      weight[i] = ((three >> (i * bits & 7) & mask) - (mask >> 1)) * scale[(i >> 4) % outputs];
    }
    return { inputs, outputs, stride, padding, weight, bias };
  }

  // Every input pixel adds its 4 x 4 stamp to every output map; then `padding` is cut off.
  function convolveTransposed(x, side, { inputs, outputs, stride, padding, weight, bias }) {
    const whole = (side - 1) * stride + 4, size = whole - 2 * padding;
    const y = new Float32Array(outputs * size * size), map = new Float32Array(whole * whole);
    for (let o = 0; o < outputs; o++) {
      map.fill(bias[o]);
      for (let c = 0, p = 0; c < inputs; c++) {
        const w = (c * outputs + o) * 16;
        for (let i = 0; i < side; i++)
          for (let j = 0; j < side; j++) {
            const v = x[p++];
            if (v === 0) continue; // ReLU leaves many zeros
            for (let a = 0, at = i * stride * whole + j * stride; a < 16; a += 4, at += whole) {
              map[at] += v * weight[w + a];
              map[at + 1] += v * weight[w + a + 1];
              map[at + 2] += v * weight[w + a + 2];
              map[at + 3] += v * weight[w + a + 3];
            }
          }
      }
      for (let i = 0; i < size; i++) {
        const row = (i + padding) * whole + padding;
        y.set(map.subarray(row, row + size), (o * size + i) * size);
      }
    }
    return [y, size];
  }

  // G(z): numbers in [-1, 1], channel by channel, row by row.
  function generate(layers, z) {
    let x = z, side = 1;
    layers.forEach((layer, k) => {
      [x, side] = convolveTransposed(x, side, layer);
      for (let i = 0; i < x.length; i++) x[i] = k < layers.length - 1 ? Math.max(0, x[i]) : Math.tanh(x[i]);
    });
    return x;
  }

  // ---- two paths from a to b
  const dot = (a, b) => a.reduce((sum, ai, i) => sum + ai * b[i], 0);
  const norm = (z) => Math.hypot(...z);
  const mix = (a, b, u, v) => Float64Array.from(a, (ai, i) => u * ai + v * b[i]);
  const unit = (z) => mix(z, z, 1 / (norm(z) || 1), 0);
  const straight = (a, b, t) => mix(a, b, 1 - t, t);
  // At a right angle to `here`; where both ends lie on one line, all ways round are equally short.
  function sideways(here) {
    const sizes = here.map(Math.abs), axis = sizes.indexOf(Math.min(...sizes));
    return mix(here.map((_, i) => +(i == axis)), here, 1, -here[axis]);
  }
  // The directions of the start and, at a right angle to it, of the way; and the angle to the end.
  function turn(a, b) {
    const here = unit(norm(a) ? a : b), there = unit(b), cosine = dot(here, there);
    const off = mix(there, here, 1, -cosine), sine = norm(off), way = sine > 1e-6 ? off : sideways(here);
    return { here, across: unit(mix(way, here, 1, -dot(way, here))), angle: Math.atan2(sine, cosine) };
  }
  // On a great circle, as networks.latent.slerp: direction and length change at constant speed.
  function spherical(a, b, t) {
    const { here, across, angle } = turn(a, b), length = (1 - t) * norm(a) + t * norm(b);
    return mix(here, across, length * Math.cos(t * angle), length * Math.sin(t * angle));
  }
  const paths = { spherical, straight };

  // z shifted along the directions, by so many standard deviations each.
  const shifted = (z, directions, steps) =>
    z.map((zi, i) => directions.reduce((sum, d, k) => sum + steps[k] * d[i], zi));

  const STYLE = `
    .live-figure .row.stage { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .6rem 1.6rem; align-items: start; }
    .live-figure .stage > :first-child { display: grid; grid-template-columns: minmax(0, 1fr) 7.5rem; gap: .9rem; align-items: center; max-width: 345px; }
    .live-figure .stage > :first-child .buttons { flex-direction: column; align-items: stretch; gap: .7rem; margin: 0; }
    .live-figure .stage > :first-child button { flex: 0 0 auto; }
    .live-figure[data-live=face_explorer] canvas { aspect-ratio: 1; border: 0; image-rendering: pixelated; }
    .live-figure .row.sliders { margin-top: .6rem; }
    .live-figure .sliders[hidden] { display: none; }
    .live-figure input[type=range] { display: block; }
    .live-figure .strip { display: grid; gap: .5rem; grid-template-columns: repeat(12, minmax(0, 1fr)); margin: .35rem 0 0; }
    .live-figure .strip button { position: relative; padding: 0; border: 0; background: none; border-radius: .4rem; cursor: pointer; }
    .live-figure .strip button[data-end] { box-shadow: 0 0 0 3px var(--fake); }
    .live-figure .strip button[data-end]::after { content: attr(data-end); position: absolute; left: 0; top: 0; min-width: 1.45em;
      font: 700 13px/1.45 system-ui, sans-serif; color: var(--wash); background: var(--fake); border-radius: .35rem 0; }
    .live-figure .panel.faces, .live-figure .row.path { margin-top: .6rem; }
    @media (max-width: 700px) {
      .live-figure .row.stage { grid-template-columns: minmax(0, 1fr); }
      .live-figure .strip { grid-template-columns: repeat(6, minmax(0, 1fr)); }
    }`;

  function mount(root, settings) {
    const { element, button, slider, menu, readout, sentence, Panel, random, playing, still } = gancourse.page;
    const layers = settings.layers.map((layer) => unpack(layer, settings.bits));
    const weights = layers.reduce((sum, { weight }) => sum + weight.length, 0).toLocaleString("en");
    const size = layers[0].inputs, { normal } = random(settings.seed);
    const fresh = () => Float32Array.from({ length: size }, normal);
    const noise = Array.from({ length: 12 }, fresh); // the z of each face in the strip
    let A = 0, B = 1, waited = 0, quickest = Infinity;

    element(root, "style", "", STYLE);
    const stage = element(root, "div", "row stage"),
      left = element(stage, "div", "column"),
      right = element(stage, "div", "column");
    const screen = element(element(left, "div"), "canvas");
    screen.setAttribute("role", "img");
    screen.setAttribute("aria-label", "a face, drawn by the generator in this page");
    const bar = element(left, "div", "buttons");
    button(bar, "New face", () => {
      stop();
      next();
      t.set(1);
    });
    // The walk: from A to B in two seconds, then on to a new face. It starts only when asked to;
    // for readers who want little motion it goes in five still steps.
    const player = playing(root, (gone) => {
      waited += gone;
      if (waited < (still() ? 1000 : 15)) return;
      const time = t.get() + (still() ? 0.2 : waited / 2000);
      waited = 0;
      if (time >= 1) next();
      t.set(time < 1 ? time : 0);
    });
    const stop = () => player.set(false);
    player.button(bar, "Walk");
    button(bar, "Sliders to 0", () => steps[chosen.get()].sliders.forEach((each) => each.set(0)));

    const sets = settings.directions;
    const chosen = menu(right, { label: "directions", value: 0, options: sets.map((set) => set.name) }, choose);
    const steps = sets.map(({ labels }) => {
      const box = element(right, "div", "row controls sliders");
      return {
        box,
        sliders: labels.map((label) => slider(box, { label, min: -3, max: 3, step: 0.1, value: 0 }, drawAll)),
      };
    });
    const faces = element(root, "div", "panel faces", "<b>Tap a face: it becomes B, and the B of before becomes A</b>");
    const strip = element(faces, "div", "strip");
    const thumbs = noise.map((_, i) =>
      button(strip, "<canvas></canvas>", () => {
        stop();
        pick(i);
        t.set(1);
      })
    );

    const path = element(root, "div", "row path"), way = element(path, "div", "column");
    const t = slider(way, { label: "from A to B: <i>t</i>", min: 0, max: 1, step: 0.01, value: 0 }, draw);
    way.addEventListener("input", () => stop()); // by hand, not by the walk
    const kind = menu(way, {
      label: "path",
      value: "spherical",
      options: { spherical: "on the sphere", straight: "in a straight line" },
    }, draw);
    const lengths = new Panel(element(path, "div", "column"), {
      title: `length ‖<i>z</i>‖: sphere, <span class="third">straight</span>`,
      says: "length of z from A to B, on the sphere and in a straight line",
      height: 88,
      x: [0, 1],
      xTicks: [0, 1],
    });
    lengths.onMove((x) => {
      stop();
      t.set(x);
    });
    const write = readout(root, {
      length: "length ‖<i>z</i>‖",
      typical: `typical: √${size}`,
      angle: "degrees from A to B",
    });
    const say = sentence(root);
    const note = element(root, "p", "note");

    const shift = (z) =>
      shifted(z, sets[chosen.get()].directions, steps[chosen.get()].sliders.map((each) => each.get()));
    const at = (time, way = kind.get()) => shift(paths[way](noise[A], noise[B], time));

    function paint(canvas, z) {
      const x = generate(layers, z), plane = x.length / layers.at(-1).outputs, side = Math.sqrt(plane);
      const green = x.length > plane ? plane : 0; // grey: one map for all three colours
      if (canvas.width != side) canvas.width = canvas.height = side;
      const image = new ImageData(side, side);
      for (let i = 0; i < plane; i++)
        for (let c = 0; c < 4; c++) image.data[4 * i + c] = c < 3 ? (x[i + c * green] + 1) * 127.5 : 255;
      canvas.getContext("2d").putImageData(image, 0, 0);
    }

    function draw() {
      const now = at(t.get()), length = norm(now), typical = Math.sqrt(size);
      paint(screen, now);
      write({ length, typical, angle: turn(noise[A], noise[B]).angle * 180 / Math.PI });
      say(comment(length - typical));
      const times = Array.from({ length: 41 }, (_, i) => i / 40);
      const curves = ["straight", "spherical"].map((way) => times.map((time) => norm(at(time, way))));
      lengths.frame(0, 1.15 * Math.max(typical, ...curves.flat()));
      lengths.draw(
        lengths.label(typical, `√${size}`),
        lengths.label(0, 0),
        lengths.level(typical, "dashed"),
        ...curves.map((curve, k) => lengths.curve(times, curve, k ? "" : "third")),
        lengths.dot(t.get(), length),
      );
    }

    function drawAll() {
      const start = performance.now();
      noise.forEach((z, i) => paint(thumbs[i].firstChild, shift(z)));
      quickest = Math.min(quickest, (performance.now() - start) / noise.length);
      note.textContent =
        `${weights} weights, rounded to ${settings.bits} bits: in 200 draws no pixel was off by more than `
        + `${settings.error} of 255. Drawing a face takes ${quickest.toFixed(1)} ms in this browser.`;
      draw();
    }

    function pick(i) { // the face i becomes B, B becomes A
      if (i != B) [A, B] = [B, i];
      thumbs.forEach((thumb, k) => {
        const end = k == A ? "A" : k == B ? "B" : "";
        thumb.setAttribute("aria-label", `face ${k + 1}${end && ", now " + end}`);
        if (end) thumb.dataset.end = end;
        else delete thumb.dataset.end;
      });
    }

    function next() { // a new face, in the place after B
      const place = (B + 1) % noise.length;
      noise[place] = fresh();
      paint(thumbs[place].firstChild, shift(noise[place]));
      pick(place);
    }

    function choose() {
      steps.forEach(({ box }, k) => {
        box.hidden = k != chosen.get();
      });
      drawAll();
    }
    const comment = (excess) =>
      Math.abs(excess) < 1.4 // two standard deviations of the length
        ? "This z is as long as a draw from N(0, I): the generator has been trained on such noise."
        : excess < 0
        ? "Hardly any draw from N(0, I) is this short. Straight lines lead near the middle, where the generator was not trained."
        : "Hardly any draw from N(0, I) is this long. The generator was not trained so far out.";
    pick(B);
    choose();
    return draw;
  }

  return { numbers: { unpack, generate, straight, spherical, shifted }, mount };
})();
