// Which sections a reader has read: a box beside each heading's minutes, sums on the home page. It is
// kept in this browser only, and where that is refused, in the page until it is left.
(() => {
  const { chapters, road } = window.ROADS ?? {};
  if (!chapters) return;
  const KEY = "gancourse-progress", FIRST_LINE = "gancourse progress 1";
  const make = (tag, settings, ...children) => {
    const node = Object.assign(document.createElement(tag), settings);
    node.append(...children);
    return node;
  };
  const known = (name, id) => Object.hasOwn(chapters, name) && chapters[name].some(([own]) => own == id);

  // ---- what is kept: lines of a chapter's name, a colon, and its sections' ids --------------------

  let read = new Set(), kept = true; // "chapter#section"
  const written = () =>
    [FIRST_LINE].concat(
      Object.keys(chapters).map((name) => {
        const ids = chapters[name].map(([id]) => id).filter((id) => read.has(`${name}#${id}`));
        return ids.length ? `${name}: ${ids.join(" ")}` : "";
      }).filter(Boolean),
    ).join("\n");
  // What a text says that this book knows, and how much it does not know.
  function parse(text) {
    const found = new Set();
    let strange = 0;
    for (const line of text.split(/\r?\n/)) {
      const [, name, ids] = line.match(/^\s*([\w-]+):\s*(.*)$/) ?? [];
      for (const id of ids?.split(/\s+/).filter(Boolean) ?? [])
        if (known(name, id)) found.add(`${name}#${id}`);
        else strange += 1;
    }
    return { found, strange };
  }
  function load() {
    try {
      read = parse(localStorage.getItem(KEY) ?? "").found;
    } catch {
      kept = false; // even to ask may be refused
    }
  }
  function save() {
    try {
      if (read.size) localStorage.setItem(KEY, written());
      else localStorage.removeItem(KEY);
    } catch {
      kept = false;
    }
  }

  // ---- a chapter: a box in the line under each heading ------------------------------------------

  function ofChapter(name) {
    const boxes = new Map(), note = make("p", { className: "road-note" });
    note.setAttribute("role", "status");
    for (const [id, , , title] of chapters[name]) {
      const line = document.getElementById(id)?.querySelector(":scope > p.road");
      if (!line) continue;
      const box = make("input", { type: "checkbox", className: "road-box" }), key = `${name}#${id}`;
      line.append(make("label", {}, box, "read", make("span", { className: "road-hidden" }, `: ${title}`)));
      boxes.set(key, [box, document.querySelector(`.bd-sidebar-secondary a[href="#${CSS.escape(id)}"]`)]);
      box.addEventListener("change", () => {
        load(); // what another tab has added
        read[box.checked ? "add" : "delete"](key);
        save();
        show();
        if (kept) return;
        note.textContent = "This browser lets the page keep nothing: the marks last until you leave it.";
        line.after(note);
      });
    }
    function show() {
      for (const [key, [box, link]] of boxes) {
        box.checked = read.has(key);
        link?.classList.toggle("is-read", box.checked);
      }
    }
    return show;
  }

  // ---- the home page: how far each chapter and the road are read, and all of it as text -------------

  function ofHome(place) {
    const sum = (some) => some.reduce((all, [, minutes]) => all + minutes, 0);
    const done = (some) => sum(some.filter(([key]) => read.has(key)));
    const bars = [];
    for (const link of document.querySelectorAll(".course-chapters a[href]")) {
      const name = link.pathname.split("/").at(-1).replace(/\.html$/, "");
      if (!Object.hasOwn(chapters, name)) continue;
      const parts = chapters[name].map(([id, , minutes]) => [`${name}#${id}`, minutes]);
      const bar = make("progress", { max: 1, hidden: true }), row = link.closest("li");
      bar.setAttribute("aria-label", `Read of ${link.textContent}`);
      row.append(bar);
      bars.push([bar, parts, row]);
    }

    const said = make("p", { className: "road-said" }), answer = make("p", { className: "road-said" });
    const whole = make("progress", { max: sum(road) || 1 });
    whole.setAttribute("aria-label", "Read of the core road");
    answer.setAttribute("role", "status");
    const text = make("textarea", { rows: 5, spellcheck: false });
    const take = make("button", { type: "button" }, "Add what stands here");
    const forget = make("button", { type: "button" }, "Forget all");
    place.replaceChildren(
      said,
      whole,
      make(
        "details",
        {},
        make("summary", {}, "Your progress as text"),
        make("p", {}, "Copy it to keep it or to take it to another device; there paste it and add it."),
        make("label", {}, "Sections that you have read", text),
        make("p", { className: "road-buttons" }, take, forget),
        answer,
      ),
    );
    const sure = (on) => forget.textContent = on ? "Really forget all?" : "Forget all";
    take.addEventListener("click", () => {
      const { found, strange } = parse(text.value);
      load();
      const before = read.size;
      read = new Set([...read, ...found]);
      save();
      show();
      answer.textContent = `Added: ${read.size - before}.`
        + (strange ? ` Not sections of this book: ${strange}.` : "") + unkept();
    });
    forget.addEventListener("click", () => {
      if (forget.textContent == "Forget all") return sure(true);
      read = new Set();
      save();
      show();
      sure(false);
      answer.textContent = "All is forgotten." + unkept();
    });
    forget.addEventListener("blur", () => sure(false));
    const unkept = () => kept ? "" : " This browser lets the page keep nothing: copy the text.";
    function show() {
      for (const [bar, parts, row] of bars) {
        bar.value = done(parts) / sum(parts);
        bar.hidden = !bar.value;
        row.classList.toggle("is-read", bar.value == 1);
      }
      whole.value = done(road);
      said.textContent = (read.size
        ? `You have read ${done(road)} of the ${sum(road)} minutes of the core road.`
        : "In each chapter you can tick the sections that you have read; this browser remembers them.")
        + unkept();
      if (document.activeElement != text) text.value = written();
    }
    return show;
  }

  load();
  const page = location.pathname.split("/").at(-1).replace(/\.html$/, "");
  const place = document.querySelector(".road-progress");
  const show = place ? ofHome(place) : Object.hasOwn(chapters, page) ? ofChapter(page) : undefined;
  if (!show) return;
  const again = () => {
    if (kept) load();
    show();
  };
  again();
  addEventListener("storage", again); // another tab
  addEventListener("pageshow", ({ persisted }) => persisted && again());
})();
