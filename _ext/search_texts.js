// Under each page that the search has found: the sections that have the words, and where they stand.
(() => {
  const MOST = 3, AROUND = 90; // sections of a page; letters on each side of a word
  const stems = (new URLSearchParams(location.search).get("q") ?? "").toLowerCase()
    .match(/[\p{Letter}\p{Number}]+/gu)?.map((word) => word.length > 4 ? word.replace(/(es|s|ing|ed)$/, "") : word)
    ?? [];
  const phrase = stems.join(" ");

  // How well a section fits: all words, and the words in a row, count most. 0: not at all.
  function fit([, title, text]) {
    const low = `${title} ${text}`.toLowerCase(), found = stems.filter((stem) => low.includes(stem));
    return found.length + (found.length == stems.length) * 2 + low.includes(phrase) * 4
      + stems.some((stem) => title.toLowerCase().includes(stem));
  }
  function excerpt(text) {
    const low = text.toLowerCase(), whole = low.indexOf(phrase);
    const at = whole >= 0
      ? whole
      : Math.max(0, ...stems.map((stem) => low.indexOf(stem)).filter((i) => i >= 0).slice(0, 1));
    const from = Math.max(0, low.lastIndexOf(" ", at - AROUND) + 1), to = text.indexOf(" ", at + AROUND);
    return (from ? "… " : "") + text.slice(from, to < 0 ? text.length : to) + (to < 0 ? "" : " …");
  }
  // The words themselves, marked.
  function marked(node, text) {
    const words = new RegExp(
      `(${stems.map((stem) => stem.replace(/[^\p{Letter}\p{Number}]/gu, "")).join("|")})`,
      "giu",
    );
    text.split(words).forEach((part, i) => {
      if (i % 2) node.appendChild(document.createElement("mark")).textContent = part;
      else node.append(part);
    });
  }
  function extend(item) {
    const link = item.querySelector("a[href]");
    if (!link || item.dataset.sections || !stems.length) return;
    item.dataset.sections = "shown";
    const [page] = link.getAttribute("href").split(/[?#]/), name = page.replace(/\.html$/, "");
    const best = (SECTIONS[name] ?? []).map((section) => ({ section, fit: fit(section) }))
      .filter((each) => each.fit).sort((a, b) => b.fit - a.fit).slice(0, MOST);
    for (const { section: [anchor, title, text] } of best) {
      const line = item.appendChild(document.createElement("p")), to = line.appendChild(document.createElement("a"));
      line.className = "context";
      to.href = `${page}#${anchor}`;
      to.textContent = title;
      line.append(" – ");
      marked(line, excerpt(text));
    }
  }
  addEventListener("DOMContentLoaded", () => {
    const results = document.querySelector("#search-results");
    if (!results) return;
    const all = () => results.querySelectorAll("ul.search > li").forEach(extend);
    new MutationObserver(all).observe(results, { childList: true, subtree: true });
    all();
  });
})();
