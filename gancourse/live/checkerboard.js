// The chessboard that a transposed convolution leaves before any training (chapter 8).
// numbers: the arithmetic, pure; tests compare it with torch and gancourse.theory.  mount: the figure.
gancourse.checkerboard = (() => {
  const SIDE = 14, MAPS = 12, KERNELS = 400;
  // Pictures are flat, row by row. Each input paints its F × F patch; what sticks out is cut off.
  function paint(x, n, w, F, S) {
    const size = S * n, cut = Math.floor((F - S) / 2), y = new Float64Array(size * size);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        for (let u = 0; u < F; u++)
          for (let v = 0; v < F; v++) {
            const r = S * i + u - cut, c = S * j + v - cut;
            if (r >= 0 && c >= 0 && r < size && c < size) y[r * size + c] += w[u * F + v] * x[i * n + j];
          }
    return y;
  }
  // Repeat every input S × S times, then an ordinary convolution.
  function repaint(x, n, w, F, S) {
    const size = S * n, before = Math.floor((F - 1) / 2), y = new Float64Array(size * size);
    for (let r = 0; r < size; r++)
      for (let c = 0; c < size; c++)
        for (let u = 0; u < F; u++)
          for (let v = 0; v < F; v++) {
            const i = r + u - before, j = c + v - before;
            if (i >= 0 && j >= 0 && i < size && j < size)
              y[r * size + c] += w[u * F + v] * x[Math.floor(i / S) * n + Math.floor(j / S)];
          }
    return y;
  }
  // Sums of f(tap) over the taps that paint each of the S × S places of a period.
  function byPlace(w, F, S, f) {
    const sums = new Float64Array(S * S);
    for (let u = 0; u < F; u++) for (let v = 0; v < F; v++) sums[(u % S) * S + v % S] += f(w[u * F + v]);
    return sums;
  }
  const filter = (F, random) => Float64Array.from({ length: F * F }, () => random.normal());
  // The largest over the smallest variance of a place, on noise, from the mean of many filters.
  function measuredRatio(F, S, random, kernels = KERNELS) {
    const sums = new Float64Array(S * S);
    for (let k = 0; k < kernels; k++) byPlace(filter(F, random), F, S, (t) => t * t).forEach((v, p) => sums[p] += v);
    return Math.max(...sums) / Math.min(...sums);
  }
  const predictedRatio = (F, S) => (Math.ceil(F / S) / Math.floor(F / S)) ** 2;
  // Of a painted flat field: the share of its power that is pattern.
  function patternShare(w, F, S) {
    const sums = byPlace(w, F, S, (t) => t), mean = sums.reduce((a, b) => a + b, 0) / sums.length;
    const power = sums.reduce((a, b) => a + b * b, 0);
    return power ? sums.reduce((a, b) => a + (b - mean) ** 2, 0) / power : 0;
  }

  function mount(root, settings) {
    const { element, button, slider, menu, readout, sentence, format, random, Canvas } = gancourse.page;
    let seed = settings.seed;
    const sides = element(root, "div", "sides");
    const picture = element(sides, "div", "picture"), beside = element(sides, "div");
    const canvas = new Canvas(picture, { says: "the enlarged field" });
    const controls = element(beside, "div", "row controls");
    const F = slider(controls, { label: "filter <i>F</i>", min: 1, max: 8, step: 1, value: settings.F }, () => draw());
    const S = slider(controls, { label: "stride <i>S</i>", min: 1, max: 4, step: 1, value: settings.S }, () => draw());
    const menus = element(beside, "div", "row"); // their words are long
    const field = menu(
      menus,
      { label: "field", options: { noise: "white noise", flat: "flat" }, value: settings.field },
      () => draw(),
    );
    const way = menu(
      menus,
      {
        label: "enlarged by",
        options: { paint: "transposed convolution", repaint: "repeating, then convolution" },
        value: "paint",
      },
      () => draw(),
    );
    const bar = element(beside, "div", "buttons");
    button(bar, "other filters", () => {
      seed++;
      draw();
    }, "play");
    button(bar, "filters of ones", () => {
      seed = -1;
      draw();
    });
    const write = readout(beside, {
      ratio: "noise: ratio of variances, predicted",
      measured: `measured, ${KERNELS} filters`,
      share: "flat field: power that is pattern",
    });
    const says = sentence(beside);

    function draw() {
      const [f, s] = [F.get(), S.get()], chance = random(seed + 1), size = s * SIDE;
      const painted = way.get() == "paint", enlarge = painted ? paint : repaint, weights = random(1000 + seed);
      const y = new Float64Array(size * size), w = new Float64Array(f * f); // w: the sum of all filters
      for (let map = 0; map < MAPS; map++) {
        const own = seed < 0 ? new Float64Array(f * f).fill(1) : filter(f, weights);
        const x = Float64Array.from({ length: SIDE * SIDE }, () => field.get() == "flat" ? 1 : chance.normal());
        enlarge(x, SIDE, own, f, s).forEach((v, k) => y[k] += v);
        own.forEach((v, k) => w[k] += v);
      }
      canvas.begin();
      const most = 2.2 * Math.hypot(...y) / size || 1, map = document.createElement("canvas");
      map.width = map.height = size;
      const pen = map.getContext("2d"), image = pen.createImageData(size, size);
      y.forEach((v, k) => image.data.set([...Array(3).fill(127.5 * (1 + v / most)), 255], 4 * k));
      pen.putImageData(image, 0, 0);
      canvas.pen.imageSmoothingEnabled = false;
      canvas.pen.drawImage(map, 0, 0, canvas.width, canvas.height);
      const predicted = painted ? predictedRatio(f, s) : 1, share = painted ? patternShare(w, f, s) : 0;
      write({
        ratio: predicted,
        measured: painted ? measuredRatio(f, s, random(7)) : "–",
        share: `${format(100 * share, 0)} %`,
      });
      says(comment(f, s, painted, predicted, share));
    }
    function comment(f, s, painted, predicted, share) {
      if (!painted)
        return "Every output is made by all taps of the filter in one arrangement or another: a flat field stays flat, whatever the filter (but for the edge, where zeros come in).";
      if (s == 1) return "Stride 1: one place, no chessboard.";
      if (f < s) return "The filter is smaller than the stride: between its patches nothing is painted at all.";
      const even = predicted == 1;
      return field.get() == "noise"
        ? even
          ? "The stride divides the filter: every place is painted equally often, and on average over filters no place varies more than another."
          : `Some places are painted ${Math.ceil(f / s)}² times, others ${
            Math.floor(f / s)
          }²: the extremes lie on a lattice, before anything is learnt.`
        : `A flat field shows the <i>sums</i> of the taps of each place. ${
          share < 1e-9
            ? "Here they are equal: no pattern."
            : even
            ? `Equally many taps, but other ones: ${format(100 * share, 0)} % of the power is pattern.`
            : `${format(100 * share, 0)} % of the power is pattern.`
        }`;
    }
    draw();
    return draw;
  }
  return { numbers: { paint, repaint, byPlace, measuredRatio, predictedRatio, patternShare }, mount };
})();
