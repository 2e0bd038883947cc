// Stack layers; on a picture, what one number of the last map has seen (chapter 8).
// numbers: the arithmetic, pure; tests compare it with gancourse.theory.  mount: the figure.
gancourse.receptive_field = (() => {
  const MOST = 8;
  // [r, j] of each layer, from the picture up: what it sees, and how far apart neighbours look.
  function fields(layers) {
    let r = 1, j = 1;
    return layers.map(([F, S]) => {
      r += (F - 1) * j;
      j *= S;
      return [r, j];
    });
  }

  const STYLE = `
    .live-figure table.stack { width: 100%; border-collapse: collapse; margin: .4rem 0 0; font-variant-numeric: tabular-nums; display: table; }
    .live-figure table.stack :is(th, td) { padding: .2rem .3rem; text-align: right; border-bottom: 1px solid var(--line); font-size: 13px; background: none; color: var(--ink); }
    .live-figure table.stack th { font-weight: 400; color: var(--soft); } .live-figure table.stack :is(th, td):first-child { text-align: left; }`;

  function mount(root, settings) {
    const { element, button, slider, menu, readout, sentence, Canvas } = gancourse.page;
    element(root, "style").textContent = STYLE;
    let layers = settings.layers.map((layer) => [...layer]), place = [0.5, 0.5];
    const APART = 9; // dots nearer than this would hide the picture, so would squares nearer than a third
    const side = settings.side, picture = new Image();
    picture.addEventListener("load", () => draw());
    picture.src = `data:image/png;base64,${settings.png}`;
    const sides = element(root, "div", "sides");
    const canvas = new Canvas(element(sides, "div", "picture"), {
      says: "64 faces, and on them what one number of the last map has seen",
      x: [0, 1],
    });
    const beside = element(sides, "div");
    menu(element(beside, "div", "row controls"), {
      label: "a network",
      options: { "": "your own", ...names() },
      value: known(),
    }, () => {
      const chosen = settings.networks[beside.querySelector("select").value];
      if (chosen) layers = chosen.map((layer) => [...layer]);
      draw();
    });
    const controls = element(beside, "div", "row controls");
    const F = slider(controls, { label: "next filter <i>F</i>", min: 1, max: 7, step: 1, value: 4 }, () => {});
    const S = slider(controls, { label: "its stride <i>S</i>", min: 1, max: 4, step: 1, value: 2 }, () => {});
    const bar = element(beside, "div", "buttons");
    button(bar, "add layer", () => {
      if (layers.length < MOST) layers.push([F.get(), S.get()]);
      own();
    }, "play");
    button(bar, "take one off", () => {
      if (layers.length > 1) layers.pop();
      own();
    });
    const write = readout(beside, {
      r: "it sees, pixels a side",
      j: "neighbours look … pixels on",
      out: "of the picture",
    });
    const table = element(
      beside,
      "table",
      "stack",
      "<thead><tr><th>layer</th><th>filter</th><th>stride</th><th>sees</th><th>step</th></tr></thead>",
    );
    const body = element(table, "tbody"), says = sentence(root);

    function names() {
      return Object.fromEntries(Object.keys(settings.networks).map((name) => [name, name]));
    }
    function known() { // the name of these layers, if they have one
      const same = ([, net]) => JSON.stringify(net) == JSON.stringify(layers);
      return Object.entries(settings.networks).find(same)?.[0] ?? "";
    }
    function own() {
      beside.querySelector("select").value = known();
      draw();
    }
    canvas.node.tabIndex = 0;
    canvas.node.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!by) return;
      event.preventDefault();
      const step = fields(layers).at(-1)[1] / side;
      place = place.map((v, k) => Math.min(1, Math.max(0, v + by[k] * step)));
      draw();
    });
    canvas.node.addEventListener("click", (event) => {
      const [x, y] = canvas.place(event);
      place = [x, 1 - y];
      draw();
    });
    function draw() {
      const found = fields(layers), [r, j] = found.at(-1);
      canvas.begin();
      const { pen, width } = canvas, unit = width / side;
      pen.imageSmoothingEnabled = false;
      if (picture.complete) pen.drawImage(picture, 0, 0, width, width);
      const [x, y] = place.map((v) => v * width);
      pen.fillStyle = canvas.wash;
      pen.globalAlpha = 0.72; // all that is not seen fades
      pen.beginPath();
      pen.rect(0, 0, width, width);
      pen.rect(x - r * unit / 2, y - r * unit / 2, r * unit, r * unit);
      pen.fill("evenodd");
      pen.globalAlpha = 1;
      pen.strokeStyle = canvas.fake;
      let last = Infinity;
      for (const [seen] of [...found].reverse()) {
        if ((last - seen) * unit / 2 < APART / 3) continue;
        pen.lineWidth = last == Infinity ? 2.5 : 1;
        pen.strokeRect(x - seen * unit / 2, y - seen * unit / 2, seen * unit, seen * unit);
        last = seen;
      }
      drawDots(x, y, j * unit, width, pen);
      const inside = place.map((v) => Math.min(1, v + r / side / 2) - Math.max(0, v - r / side / 2));
      write({ r: String(r), j: String(j), out: percent(inside[0] * inside[1]) });
      body.innerHTML = layers.map(([f, s], k) =>
        `<tr><td>${k + 1}</td><td>${f}</td><td>${s}</td><td>${found[k][0]}</td><td>${found[k][1]}</td></tr>`
      ).join("");
      says(comment(r, j, j * unit < APART, Math.min(...inside) * side < r - 0.5));
    }
    // Where the neighbours of the chosen number look.
    function drawDots(x, y, step, width, pen) {
      if (step < APART) return;
      pen.fillStyle = canvas.third;
      for (let a = x % step; a < width; a += step)
        for (let b = y % step; b < width; b += step) {
          pen.beginPath();
          pen.arc(a, b, 2.2, 0, 2 * Math.PI);
          pen.fill();
        }
    }
    const percent = (share) => share > 0 && share < 0.005 ? "< 1 %" : `${Math.round(100 * share)} %`;
    function comment(r, j, near, over) {
      const overlap = Math.max(0, r - j);
      return `One number of the last map has seen <b>${r} × ${r}</b> pixels; its neighbour looks ${j} further on${
        near ? " (too near for dots)" : ""
      }, so that they share ${Math.round(100 * overlap / r)} % of a side.${
        r > side
          ? " That is more than the picture: the rest is padding."
          : over
          ? " Part of it lies beyond the rim: padding."
          : ""
      }`;
    }
    draw();
    return draw;
  }
  return { numbers: { fields }, mount };
})();
