// What every live figure is made of: elements, sliders, readouts and panels. No ids, no library.
globalThis.gancourse ??= {};
gancourse.live = (() => {
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
    const show = () => { holder.querySelector("output").textContent = format(+input.value, 2); };
    input.addEventListener("input", () => { show(); changed(); });
    show();
    return { get: () => +input.value, set(number) { input.value = number; show(); changed(); } };
  }

  // A labelled menu of {value: text}; returns {get}.
  function menu(parent, { label, options, value }, changed) {
    const holder = element(parent, "label", "", `<span><span>${label}</span></span>`);
    const select = element(holder, "select");
    for (const [key, text] of Object.entries(options)) element(select, "option", "", text).value = key;
    select.value = value;
    select.addEventListener("change", changed);
    return { get: () => select.value };
  }

  // A list of named numbers; returns a function that writes {key: number}.
  function readout(parent, names) {
    const list = element(parent, "dl"), cells = {};
    for (const [key, name] of Object.entries(names)) {
      const cell = element(list, "div", "", `<dt>${name}</dt>`);
      cells[key] = element(cell, "dd");
      cells[key].dataset.number = key;
    }
    return (numbers) => {
      for (const key in cells) cells[key].textContent = format(numbers[key], 3);
    };
  }

  function format(number, digits) {
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
    frame(low, high) {                       // call before drawing: sets the vertical range
      [this.low, this.high] = [low, high];
      this.width = this.svg.clientWidth || 300;
    }
    X(v) { const [a, b] = this.x; return this.left + (v - a) / (b - a) * (this.width - this.left - this.right); }
    Y(v) { return this.top + (this.high - v) / (this.high - this.low) * (this.height - this.top - this.bottom); }
    points(xs, ys) { return xs.map((v, i) => `${this.X(v).toFixed(1)},${this.Y(ys[i]).toFixed(1)}`).join(" "); }
    curve(xs, ys, kind = "") { return `<polyline class="curve ${kind}" points="${this.points(xs, ys)}"/>`; }
    area(xs, ys, kind) {                     // the fill goes down to the axis, the line does not
      const ends = [xs[xs.length - 1], xs[0]].map((v) => `${this.X(v).toFixed(1)},${this.Y(this.low).toFixed(1)}`);
      return `<polygon class="area ${kind}" points="${this.points(xs, ys)} ${ends.join(" ")}"/>` + this.curve(xs, ys, kind);
    }
    line(x1, y1, x2, y2, kind) {
      return `<line class="${kind}" x1="${this.X(x1)}" y1="${this.Y(y1)}" x2="${this.X(x2)}" y2="${this.Y(y2)}"/>`;
    }
    level(y, kind) { return this.line(this.x[0], y, this.x[1], y, kind); }
    dot(x, y) { return `<circle class="dot" r="6" cx="${this.X(x)}" cy="${this.Y(y)}"/>`; }
    label(y, text, side = "left") {
      const [at, anchor] = side == "left" ? [this.left - 5, "end"] : [this.width - this.right + 5, "start"];
      return `<text x="${at}" y="${this.Y(y) + 4}" text-anchor="${anchor}">${text}</text>`;
    }
    draw(...shapes) {
      const ticks = this.xTicks.map((v) =>
        `<text x="${this.X(v)}" y="${this.height - 4}" text-anchor="middle">${format(v, 0)}</text>`);
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
        if (start !== null && Math.abs(event.clientX - start) > 3) { place(event); start = Infinity; }
      });
      for (const end of ["pointerup", "pointercancel"])
        this.svg.addEventListener(end, () => { start = null; });
      this.svg.addEventListener("click", place);
    }
  }

  // Mount every figure of this name that is still empty; redraw when its width changes.
  function mountAll(name) {
    for (const root of document.querySelectorAll(`figure[data-live="${name}"]:not([data-ready])`)) {
      root.dataset.ready = "";
      root.replaceChildren();
      const redraw = gancourse[name].mount(root, JSON.parse(root.dataset.settings));
      let width = root.clientWidth;
      new ResizeObserver(() => {
        if (root.clientWidth != width) { width = root.clientWidth; redraw(); }
      }).observe(root);
    }
  }

  return { element, slider, menu, readout, format, Panel, mountAll };
})();
