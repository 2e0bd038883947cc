// The plane of codes of small VAEs: decode any point of it in the page (chapter 4).
// numbers: the decoder, pure; tests compare it with torch.  mount: the figure.
gancourse.latent_plane = (() => {
  function unpack({ inputs, outputs, scale, codes }) {
    const bytes = Uint8Array.from(atob(codes), (c) => c.charCodeAt(0));
    const all = Float64Array.from(new Int16Array(bytes.buffer), (v) => v * scale);
    return { inputs, outputs, weight: all.subarray(0, inputs * outputs), bias: all.subarray(inputs * outputs) };
  }
  // Dense layers with ReLU between them and a tanh at the end; weights lie row by row.
  function decode(layers, z) {
    return layers.reduce((x, { inputs, outputs, weight, bias }, k) =>
      Float64Array.from({ length: outputs }, (_, o) => {
        let sum = bias[o];
        for (let i = 0; i < inputs; i++) sum += weight[o * inputs + i] * x[i];
        return k < layers.length - 1 ? Math.max(0, sum) : Math.tanh(sum);
      }), z);
  }

  const REACH = 3.2, TILES = 15;
  function mount(root, settings) {
    const { element, menu, readout, sentence, format, Canvas } = gancourse.page;
    element(root, "style").textContent = `
      figure[data-live=latent_plane] canvas { cursor: crosshair; touch-action: pan-y; }
      figure[data-live=latent_plane] .small canvas { cursor: default; max-width: 190px; margin-top: .6rem; }`;
    const models = settings.models.map((m) => ({ ...m, layers: m.layers.map(unpack) }));
    const { side, labels } = settings;
    let z = [0, 0];
    const sides = element(root, "div", "sides");
    const plane = element(sides, "div", "picture"), beside = element(sides, "div", "small");
    const canvas = new Canvas(plane, { says: "the plane of codes; arrow keys move the point", x: [-REACH, REACH] });
    canvas.node.tabIndex = 0;
    const menus = element(beside, "div", "row");
    const which = menu(
      menus,
      {
        label: "noise of the decoder",
        options: Object.fromEntries(models.map((m, k) => [k, `σ = ${format(m.sigma, 2)}`])),
        value: "0",
      },
      () => draw(),
    );
    const shown = menu(
      menus,
      {
        label: "on the plane",
        options: { codes: "codes of real digits", pictures: "decoded pictures" },
        value: "codes",
      },
      () => draw(),
    );
    const picture = new Canvas(beside, { says: "the decoded picture" });
    const write = readout(beside, {
      z1: "<i>z</i>₁",
      z2: "<i>z</i>₂",
      kl: "KL, nats",
      units: "units in use",
      error: "mean squared error",
    });
    const says = sentence(root);

    // Grey pixels of a picture, as an image of `side` by `side`.
    function image(x) {
      const map = document.createElement("canvas");
      map.width = map.height = side;
      const pen = map.getContext("2d"), data = pen.createImageData(side, side);
      x.forEach((v, k) => data.data.set([...Array(3).fill(127.5 * (1 + v)), 255], 4 * k));
      pen.putImageData(data, 0, 0);
      return map;
    }
    function draw() {
      const model = models[+which.get()], { pen } = canvas;
      canvas.begin();
      if (shown.get() == "pictures") {
        const size = canvas.width / TILES;
        pen.imageSmoothingEnabled = false;
        for (let r = 0; r < TILES; r++)
          for (let c = 0; c < TILES; c++) {
            const at = (k) => -REACH + (k + 0.5) * 2 * REACH / TILES;
            pen.drawImage(
              image(decode(model.layers, [at(c), -at(r)])),
              (c + 0.04) * size,
              (r + 0.04) * size,
              0.92 * size,
              0.92 * size,
            );
          }
      } else drawCodes(model);
      pen.strokeStyle = canvas.fake;
      pen.lineWidth = 3;
      pen.beginPath();
      pen.arc(canvas.X(z[0]), canvas.Y(z[1]), 8, 0, 2 * Math.PI);
      pen.stroke();
      picture.begin();
      picture.pen.imageSmoothingEnabled = false;
      picture.pen.drawImage(image(decode(model.layers, z)), 0, 0, picture.width, picture.height);
      const units = model.kl.filter((v) => v > 0.05).length;
      write({
        z1: format(z[0], 2),
        z2: format(z[1], 2),
        kl: format(model.kl.reduce((a, b) => a + b, 0), 2),
        units: `${units} of 2`,
        error: format(model.error, 3),
      });
      says(comment(units, model));
    }
    function drawCodes({ codes }) {
      const { pen } = canvas, scale = canvas.width / (2 * REACH);
      pen.strokeStyle = canvas.soft;
      pen.setLineDash([4, 4]);
      pen.lineWidth = 1;
      for (const r of [1, 2]) {
        pen.beginPath();
        pen.arc(canvas.X(0), canvas.Y(0), r * scale, 0, 2 * Math.PI);
        pen.stroke();
      }
      pen.setLineDash([]);
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.font = `600 ${Math.round(Math.max(11, canvas.width / 34))}px system-ui, sans-serif`;
      codes.forEach(([x, y, sx, sy], k) => {
        pen.globalAlpha = 0.25;
        pen.strokeStyle = canvas.real;
        pen.beginPath();
        pen.ellipse(canvas.X(x), canvas.Y(y), sx * scale, sy * scale, 0, 0, 2 * Math.PI);
        pen.stroke();
        pen.globalAlpha = 1;
        pen.fillStyle = [canvas.ink, canvas.real, canvas.third][labels[k] % 3];
        pen.fillText(labels[k], canvas.X(x), canvas.Y(y));
      });
    }
    function comment(units, { sigma }) {
      if (!units)
        return `With σ = ${
          format(sigma, 2)
        } the decoder may be so wrong that no code is worth its price: every digit gets the prior as its code, and every code the mean digit. This is a collapsed posterior.`;
      return shown.get() == "codes"
        ? "Each ellipse is what the encoder says of one real digit; the dashed circles are one and two deviations of the prior. Where no ellipse lies, nobody has taught the decoder what to draw."
        : "Between the kinds of digits lie pictures that are neither: blends, and what the network makes up where no code lay.";
    }
    function move(to) {
      z = to.map((v) => Math.max(-REACH, Math.min(REACH, v)));
      draw();
    }
    let down = false;
    canvas.node.addEventListener("pointerdown", (event) => {
      down = true;
      canvas.node.setPointerCapture(event.pointerId);
      move(canvas.place(event));
    });
    canvas.node.addEventListener("pointermove", (event) => {
      if (down) move(canvas.place(event));
    });
    for (const end of ["pointerup", "pointercancel"])
      canvas.node.addEventListener(end, () => {
        down = false;
      });
    canvas.node.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!by) return;
      event.preventDefault();
      move(z.map((v, k) => v + 0.2 * by[k]));
    });
    draw();
    return draw;
  }
  return { numbers: { unpack, decode }, mount };
})();
