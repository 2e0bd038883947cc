// A cloud that slides along a plan, paired at the least cost or by chance (chapter 11).
// numbers: pure; points lie flat, [x, y, x, y, …].  mount: the figure.
gancourse.interpolation = (() => {
  const arranged = (points, order) => order.flatMap((j) => [points[2 * j], points[2 * j + 1]]);
  const between = (start, end, t) => start.map((v, k) => v + t * (end[k] - v));
  const cost = (start, end) => {
    let sum = 0;
    for (let k = 0; k < start.length; k += 2) sum += Math.hypot(end[k] - start[k], end[k + 1] - start[k + 1]);
    return 2 * sum / start.length;
  };
  // How many pairs of straight ways cross: the ends of each lie on two sides of the other.
  function crossings(start, end) {
    const side = (a, b, i, c, j) =>
      // of point j of c, seen on the way from a to b of pair i
      Math.sign(
        (b[i] - a[i]) * (c[j + 1] - a[i + 1]) - (b[i + 1] - a[i + 1]) * (c[j] - a[i]),
      );
    const parted = (i, j) => side(start, end, i, start, j) * side(start, end, i, end, j) < 0;
    let found = 0;
    for (let i = 0; i < start.length; i += 2)
      for (let j = 0; j < i; j += 2) found += parted(i, j) && parted(j, i);
    return found;
  }

  function mount(root, { start, target, pairs }) {
    const { button, element, menu, playing, readout, sentence, slider, Canvas } = gancourse.page;
    const ends = { best: arranged(target, pairs.best), chance: arranged(target, pairs.chance) };
    const controls = element(root, "div", "row controls");
    const chosen = menu(controls, {
      label: "which point goes where?",
      options: { best: "at the least cost", chance: "by chance" },
      value: "best",
    }, draw);
    const time = slider(controls, { label: "how far along <i>t</i>", min: 0, max: 1, step: 0.01, value: 0.35 }, draw);
    const bar = element(root, "div", "buttons"), holder = element(root, "div");
    holder.style.maxWidth = "460px";
    holder.style.margin = "0 auto";
    const canvas = new Canvas(holder, {
      says: "a cloud of points on its way to a ring of eight, with the straight way of each point",
      x: [-1.25, 1.25],
    });
    const write = readout(root, { cost: "mean way", crossed: "ways that cross" });
    const says = sentence(root);
    const player = playing(root, (gone) => {
      time.set(Math.min(1, time.get() + gone / 3000));
      if (time.get() == 1) player.set(false);
    });
    player.button(bar);
    button(bar, "Back to the start", player.stopping(() => time.set(0)));
    function draw() {
      const end = ends[chosen.get()], t = time.get(), now = between(start, end, t), { pen } = canvas;
      canvas.begin();
      pen.strokeStyle = canvas.soft;
      pen.globalAlpha = 0.45;
      pen.beginPath();
      for (let k = 0; k < start.length; k += 2) {
        pen.moveTo(canvas.X(start[k]), canvas.Y(start[k + 1]));
        pen.lineTo(canvas.X(end[k]), canvas.Y(end[k + 1]));
      }
      pen.stroke();
      pen.globalAlpha = 1;
      canvas.dots(target, canvas.real, 2.4);
      canvas.dots(now, canvas.fake, 3.2);
      write({ cost: cost(start, end), crossed: String(crossings(start, end)) });
      says(
        chosen.get() == "best"
          ? "The cheapest pairing: no way crosses another, and each spot is filled from its own side."
          : "A plan as well, and a dear one: every point arrives, but half-way the cloud is a blur.",
      );
    }
    draw();
    return draw;
  }
  return { numbers: { arranged, between, cost, crossings }, mount };
})();
