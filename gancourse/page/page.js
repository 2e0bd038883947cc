// What every live figure is made of: controls, panels, a canvas, chance and time. No ids, no library.
globalThis.gancourse ??= {};
gancourse.page = (() => {
  function element(parent, tag, className = "", content = "") {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.innerHTML = content;
    parent.append(node);
    return node;
  }

  // A labelled slider; returns {get, set}. Keyboard and touch come with the native control.
  function slider(parent, { label, min, max, step, value }, changed) {
    const holder = element(parent, "label", "", `<span><span>${label}</span><output></output></span>`);
    const input = element(holder, "input");
    Object.assign(input, { type: "range", min, max, step, value });
    const show = () => {
      holder.querySelector("output").textContent = format(+input.value, step % 1 ? 2 : 0);
    };
    input.addEventListener("input", () => {
      show();
      changed();
    });
    show();
    return {
      get: () => +input.value,
      set(number) {
        input.value = number;
        show();
        changed();
      },
    };
  }

  // A button; those of an element of class "buttons" share a row. kind "play": the first to press.
  function button(parent, text, act, kind = "") {
    const node = element(parent, "button", kind, text);
    node.type = "button";
    node.addEventListener("click", act);
    return node;
  }

  // A labelled menu of {value: text}, or of a table {value: {name: text}}; returns {get, set}.
  function menu(parent, { label, options, value }, changed) {
    const holder = element(parent, "label", "", `<span><span>${label}</span></span>`);
    const select = element(holder, "select");
    for (const [key, text] of Object.entries(options)) element(select, "option", "", text.name ?? text).value = key;
    select.value = value;
    select.addEventListener("change", changed);
    return {
      get: () => select.value,
      set(key) {
        select.value = key;
        changed();
      },
    };
  }

  // A list of named numbers; returns a function that writes {key: number, or a text}.
  function readout(parent, names) {
    const list = element(parent, "dl"), cells = {};
    for (const [key, name] of Object.entries(names)) {
      const cell = element(list, "div", "", `<dt>${name}</dt>`);
      cells[key] = element(cell, "dd");
      cells[key].dataset.number = key;
    }
    return (numbers) => {
      for (const [key, number] of Object.entries(numbers))
        if (cells[key]) cells[key].textContent = typeof number == "number" ? format(number, 3) : number;
    };
  }

  // A sentence that a screen reader speaks when it changes; returns a function that writes it.
  function sentence(parent, html = "") {
    const node = element(parent, "p", "says", html);
    node.setAttribute("aria-live", "polite");
    return (text) => {
      if (text != html) node.innerHTML = html = text;
    };
  }

  // Of a histogram: one bar is set to `height`, the others share what is left as they did before.
  function setBar(bars, i, height) {
    const here = Math.min(1, Math.max(0, height)), rest = 1 - bars[i];
    return bars.map((a, j) => j == i ? here : (1 - here) * (rest > 1e-9 ? a / rest : 1 / (bars.length - 1)));
  }

  function format(number, digits) {
    if (number == Infinity) return "∞";
    const text = Math.abs(number) < 1000 ? number.toFixed(digits) : number.toPrecision(4);
    return (/^-0\.?0*$/.test(text) ? text.slice(1) : text).replace("-", "\u2212");
  }

  // A drawing area in data coordinates. Shapes are strings of SVG; draw() replaces the picture.
  class Panel {
    constructor(parent, { title, says, height, x, xTicks = [], right = 12 }) {
      const holder = element(parent, "div", "panel", `<b>${title}</b>`);
      this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      this.svg.setAttribute("role", "img");
      this.svg.setAttribute("aria-label", says);
      this.svg.setAttribute("height", height);
      holder.append(this.svg);
      Object.assign(this, { height, x, xTicks, left: 38, right, top: 8, bottom: 20 });
    }
    frame(low, high) { // call before drawing: sets the vertical range
      [this.low, this.high] = [low, high];
      this.width = this.svg.clientWidth || 300;
    }
    X(v) {
      const [a, b] = this.x;
      return this.left + (v - a) / (b - a) * (this.width - this.left - this.right);
    }
    Y(v) {
      return this.top + (this.high - v) / (this.high - this.low) * (this.height - this.top - this.bottom);
    }
    points(xs, ys) {
      return xs.map((v, i) => `${this.X(v).toFixed(1)},${this.Y(ys[i]).toFixed(1)}`).join(" ");
    }
    curve(xs, ys, kind = "") {
      return `<polyline class="curve ${kind}" points="${this.points(xs, ys)}"/>`;
    }
    area(xs, ys, kind) { // the fill goes down to the axis, the line does not
      const ends = [xs[xs.length - 1], xs[0]].map((v) => `${this.X(v).toFixed(1)},${this.Y(this.low).toFixed(1)}`);
      return `<polygon class="area ${kind}" points="${this.points(xs, ys)} ${ends.join(" ")}"/>`
        + this.curve(xs, ys, kind);
    }
    line(x1, y1, x2, y2, kind) {
      return `<line class="${kind}" x1="${this.X(x1)}" y1="${this.Y(y1)}" x2="${this.X(x2)}" y2="${this.Y(y2)}"/>`;
    }
    level(y, kind) {
      return this.line(this.x[0], y, this.x[1], y, kind);
    }
    dot(x, y) {
      return `<circle class="dot" r="6" cx="${this.X(x)}" cy="${this.Y(y)}"/>`;
    }
    label(y, text, side = "left") {
      const [at, anchor] = side == "left" ? [this.left - 5, "end"] : [this.width - this.right + 5, "start"];
      return `<text x="${at}" y="${this.Y(y) + 4}" text-anchor="${anchor}">${text}</text>`;
    }
    probability() { // the axis of one, from 0 to 1, with a line at ½; sets the range as well
      this.frame(0, 1.06);
      return this.label(0, 0) + this.label(0.5, "½") + this.label(1, 1) + this.level(0.5, "dashed");
    }
    draw(...shapes) {
      const ticks = this.xTicks.map((v) =>
        `<text x="${this.X(v)}" y="${this.height - 4}" text-anchor="middle">${format(v, 0)}</text>`
      );
      this.svg.innerHTML = this.level(this.low, "axis") + ticks.join("") + shapes.join("");
    }
    // Tap, click or drag sideways: tell where, in data coordinates. Vertical swipes still scroll.
    onMove(moved) {
      const place = (event) => {
        const [a, b] = this.x, inside = event.clientX - this.svg.getBoundingClientRect().left - this.left;
        moved(Math.min(b, Math.max(a, a + inside / (this.width - this.left - this.right) * (b - a))));
      };
      let start = null;
      this.svg.addEventListener("pointerdown", (event) => {
        start = event.clientX;
        this.svg.setPointerCapture(event.pointerId);
      });
      this.svg.addEventListener("pointermove", (event) => {
        if (start !== null && Math.abs(event.clientX - start) > 3) {
          place(event);
          start = Infinity;
        }
      });
      for (const end of ["pointerup", "pointercancel"])
        this.svg.addEventListener(end, () => {
          start = null;
        });
      this.svg.addEventListener("click", place);
    }
  }

  // A picture in data coordinates, as wide as its parent and sharp on every screen; `aspect` is its
  // width over its height. Call begin() before drawing: it clears, and reads the page's colours.
  class Canvas {
    constructor(parent, { says, x = [-1, 1], y = x, aspect = 1 }) {
      this.node = element(parent, "canvas");
      this.node.style.aspectRatio = aspect;
      this.node.setAttribute("role", "img");
      this.node.setAttribute("aria-label", says);
      Object.assign(this, { x, y, aspect, pen: this.node.getContext("2d") });
    }
    begin() {
      const { node, pen } = this, sharp = Math.min(2, devicePixelRatio || 1), style = getComputedStyle(node);
      this.width = node.clientWidth || 300;
      this.height = this.width / this.aspect;
      [node.width, node.height] = [this.width, this.height].map((side) => Math.round(side * sharp));
      pen.setTransform(sharp, 0, 0, sharp, 0, 0);
      for (const name of ["real", "fake", "third", "ink", "soft", "wash"])
        this[name] = style.getPropertyValue("--" + name).trim();
    }
    X(v) {
      const [a, b] = this.x;
      return (v - a) / (b - a) * this.width;
    }
    Y(v) {
      const [a, b] = this.y;
      return (b - v) / (b - a) * this.height;
    }
    place(event) { // where a pointer is, in data coordinates
      const box = this.node.getBoundingClientRect(), [a, b] = this.x, [c, d] = this.y;
      return [
        a + (b - a) * (event.clientX - box.left) / box.width,
        d - (d - c) * (event.clientY - box.top) / box.height,
      ];
    }
    circles(points, radius) { // a path; points lie flat: [x, y, x, y, …]
      this.pen.beginPath();
      for (let k = 0; k < points.length; k += 2) {
        const x = this.X(points[k]), y = this.Y(points[k + 1]);
        this.pen.moveTo(x + radius, y);
        this.pen.arc(x, y, radius, 0, 2 * Math.PI);
      }
    }
    dots(points, colour, radius = 1.9) {
      this.pen.fillStyle = colour;
      this.circles(points, radius);
      this.pen.fill("nonzero");
    }
    centres(n) { // of n × n cells, row by row from the top
      const at = (k, [a, b]) => a + (b - a) * (k + 0.5) / n;
      return Float64Array.from(
        { length: 2 * n * n },
        (_, k) => k % 2 ? at(n - 1 - Math.floor((k >> 1) / n), this.y) : at((k >> 1) % n, this.x),
      );
    }
    // A path through those cells where their heights pass `level`: a short line through every square
    // of four neighbours that lie on both sides.
    contour(heights, level = 0) {
      const n = Math.sqrt(heights.length), { pen, width, height } = this;
      for (let i = 0; i + 1 < n; i++)
        for (let j = 0; j + 1 < n; j++) {
          const corners = [[i, j], [i, j + 1], [i + 1, j + 1], [i + 1, j]], cuts = [];
          corners.forEach(([r, c], k) => {
            const [r2, c2] = corners[(k + 1) % 4], a = heights[r * n + c] - level, b = heights[r2 * n + c2] - level;
            if (a > 0 != b > 0) cuts.push([c + (c2 - c) * a / (a - b) + 0.5, r + (r2 - r) * a / (a - b) + 0.5]);
          });
          cuts.forEach(([c, r], k) => pen[k % 2 ? "lineTo" : "moveTo"](c * width / n, r * height / n));
        }
    }
    // A verdict in (0, 1) for each of those cells: orange below ½, teal above, deeper the surer.
    heat(verdicts, strength = 0.5) {
      const n = Math.sqrt(verdicts.length), map = document.createElement("canvas"), to = map.getContext("2d");
      map.width = map.height = n;
      const image = to.createImageData(n, n),
        colours = [this.fake, this.real].map((colour) => {
          this.pen.fillStyle = colour; // a canvas answers in the form #rrggbb
          return [1, 3, 5].map((k) => parseInt(this.pen.fillStyle.slice(k, k + 2), 16));
        });
      verdicts.forEach((v, k) => image.data.set([...colours[+(v > 0.5)], 255 * strength * Math.abs(2 * v - 1)], 4 * k));
      to.putImageData(image, 0, 0);
      this.pen.drawImage(map, 0, 0, this.width, this.height);
    }
  }

  // Chance from a seed: mulberry32 for uniform numbers in [0, 1), Box–Muller for normal ones.
  function random(seed) {
    let state = Math.imul(seed + 1, 0x9e3779b1); // neighbouring seeds start far apart
    const uniform = () => {
      let t = state = (state + 0x6d2b79f5) | 0;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return { uniform, normal, whole: (n) => Math.floor(n * uniform()) };
  }

  // Time: calls tick(milliseconds since the last call, at most 100) once a frame while it is on, `node`
  // is in sight and the page is not hidden. Starts only by set(true); button() makes a Play button.
  function playing(node, tick) {
    let on = false, seen = false, frame = 0, before = 0, show = () => {};
    const run = (now) => {
      frame = 0;
      if (!on || !seen) return;
      const gone = Math.min(100, now - before);
      before = now;
      tick(gone);
      schedule();
    };
    const schedule = () => {
      if (!frame && on && seen && !document.hidden) frame = requestAnimationFrame(run);
    };
    const player = {
      get on() {
        return on;
      },
      set(value) {
        on = value;
        show();
        schedule();
      },
      button(parent, label = "Play") {
        const made = button(parent, label, () => player.set(!on), "play");
        show = () => {
          made.textContent = on ? "Pause" : label;
        };
        return made;
      },
      stopping(act) { // the same act, after which nothing plays
        return () => {
          player.set(false);
          act();
        };
      },
    };
    new IntersectionObserver((entries) => {
      seen = entries.at(-1).isIntersecting;
      schedule();
    }).observe(node);
    document.addEventListener("visibilitychange", schedule);
    return player;
  }
  // The buttons of a figure that trains: Play, one step by hand, a new start by other chance.
  function trainingButtons(bar, player, { step, start }) {
    player.button(bar);
    button(bar, "One step", player.stopping(step));
    button(bar, "New start", player.stopping(start)).title = "Other points and other weights";
  }
  // Does the reader want little motion? Then start nothing unasked, and show ends instead of ways.
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  // Mount every figure of this name that is still empty; redraw when its width or colours change.
  function mountAll(name) {
    for (const root of document.querySelectorAll(`figure[data-live="${name}"]:not([data-ready])`)) {
      root.dataset.ready = "";
      root.replaceChildren();
      const redraw = gancourse[name].mount(root, JSON.parse(root.dataset.settings));
      const look = () => root.clientWidth + getComputedStyle(root).getPropertyValue("--ink");
      let last = look();
      const check = () => {
        if (look() != last) {
          last = look();
          redraw();
        }
      };
      new ResizeObserver(check).observe(root);
      // with the next frame: to look has the whole page laid out, which need not be done twice
      const colours = new MutationObserver(() => requestAnimationFrame(check));
      for (const node of [document.documentElement, document.body]) colours.observe(node, { attributes: true });
    }
  }

  return {
    element,
    button,
    slider,
    menu,
    readout,
    sentence,
    setBar,
    format,
    Panel,
    Canvas,
    random,
    playing,
    trainingButtons,
    still,
    mountAll,
  };
})();
