// For the reader's hand: pictures enlarge, wide code can be reached by keyboard, the hero can be
// stopped, and who prints says whether the solutions come along.
(() => {
  const article = document.querySelector("article");
  if (!article) return;
  const make = (tag, settings, ...children) => {
    const node = Object.assign(document.createElement(tag), settings);
    node.append(...children);
    return node;
  };

  // A click on a picture shows it as large as it is; Escape or another click closes it.
  function enlarge() {
    const pictures = article.querySelectorAll(".cell_output img, figure:not(.hero) img");
    if (!pictures.length) return;
    const shown = make("img", { alt: "" }), close = make("button", { type: "button", textContent: "Close" });
    const box = document.body.appendChild(make("dialog", { className: "enlarged" }, close, shown));
    box.setAttribute("aria-label", "The picture, enlarged");
    box.addEventListener("click", () => box.close());
    for (const picture of pictures) {
      const button = make("button", { type: "button", className: "enlarge", title: "Enlarge" });
      picture.replaceWith(button);
      button.append(picture);
      button.addEventListener("click", () => {
        shown.src = picture.src;
        shown.alt = picture.alt;
        box.showModal();
      });
    }
  }

  // What scrolls sideways must be within reach of the arrow keys.
  function reachable() {
    const look = new ResizeObserver((entries) => {
      for (const { target } of entries)
        if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
        else target.removeAttribute("tabindex");
    });
    const wide = ".highlight pre, .cell_output pre, .pst-scrollable-table-container, .cell_output";
    for (const node of article.querySelectorAll(wide)) look.observe(node);
  }

  // The hero moves once, if motion is welcome, and stops when told.
  function hero() {
    const picture = article.querySelector("img[data-moving]");
    if (!picture) return;
    const still = picture.src, moving = new URL(picture.dataset.moving, location.href).href;
    const button = make("button", { type: "button", className: "hero-button" });
    let end = 0;
    const show = (on) => {
      clearTimeout(end);
      picture.src = on ? `${moving}#${Date.now()}` : still; // another address: from the start again
      button.textContent = on ? "Stop" : "Play";
      if (on) end = setTimeout(show, +picture.dataset.milliseconds, false);
    };
    button.addEventListener("click", () => show(button.textContent == "Play"));
    picture.after(button);
    show(!matchMedia("(prefers-reduced-motion: reduce)").matches);
  }

  // Solutions are printed if they are open, or if the box is ticked; `?solutions` in the address ticks it.
  function printing() {
    const place = article.querySelector("#exercises > :is(h2, h3)");
    if (!place || !article.querySelector("div.solution")) return;
    const box = make("input", { type: "checkbox", checked: new URLSearchParams(location.search).has("solutions") });
    const set = () => document.documentElement.classList.toggle("print-solutions", box.checked);
    box.addEventListener("change", set);
    place.after(make("label", { className: "print-choice" }, box, " print the solutions, too"));
    set();
  }

  enlarge();
  reachable();
  hero();
  printing();
})();
