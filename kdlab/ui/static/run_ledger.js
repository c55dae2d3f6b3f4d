// The ledger of a run: value, weight, pull and direction of each term, and how the shares went while somebody looked.

const size3 = (v) => (v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : Math.abs(v) >= 0.0995 ? v.toFixed(2) : v.toFixed(3)).replace("-", "−");
const direction = (cosine) => (cosine > 0.8 ? "nearly in the labels' direction" : cosine > 0.3 ? "partly in the labels' direction" : cosine > -0.3 ? "at about a right angle to the labels" : "against the labels");

/** A term in the table; its cells are kept, so that nothing jumps while numbers change. */
function termRow(name) {
  const cell = (kind) => h("td", { "data-name": kind, "data-term": name });
  const cells = { value: cell("value"), weight: cell("weight"), counts: cell("counts"), norm: cell("norm") };
  const share = h("b", { "data-name": "share", "data-term": name });
  const bar = h("i", { class: "kd-ledger-bar" });
  const cosine = h("b", { "data-name": "cosine", "data-term": name });
  const needle = h("i", { class: "kd-needle" });
  const head = h("th", { scope: "row" }, name);
  const el = h("tr", {}, head, Object.values(cells), h("td", {}, h("div", { class: "kd-ledger-share" }, h("span", {}, bar), share)), h("td", {}, h("div", { class: "kd-ledger-cosine" }, h("span", {}, needle), cosine)));
  const tell = (node, text, value) => { say(node, text); if (value == null) delete node.dataset.value; else node.dataset.value = value; };
  return { el, draw(row) {
    head.className = `kd-${row.role}`;
    bar.className = `kd-ledger-bar kd-role-${row.role}`;
    tell(cells.value, size3(row.value), row.value);
    tell(cells.weight, size3(row.weight), row.weight);
    tell(cells.counts, size3(row.weight * row.value), row.weight * row.value);
    tell(cells.norm, size3(row.norm), row.norm);
    tell(share, percent(row.share, 0), row.share);
    bar.style.width = `${100 * row.share}%`;
    tell(cosine, row.cosine == null ? "–" : row.cosine.toFixed(2).replace("-", "−"), row.cosine);
    needle.hidden = row.cosine == null;
    needle.style.left = `${50 + 50 * Math.min(0, row.cosine)}%`;
    needle.style.width = `${50 * Math.abs(row.cosine)}%`;
  } };
}

/** The table in a sentence. */
function ledgerWords(rows, step) {
  if (!rows.length) return "";
  const order = [...rows].sort((a, b) => b.share - a.share);
  const taught = order.find((r) => r.name !== "labels" && r.cosine != null);
  const way = taught ? `; the pull of “${taught.name}” goes ${direction(taught.cosine)}` : "";
  return `After ${step.toLocaleString("en")} steps the strongest pull on the student is that of “${order[0].name}” (${percent(order[0].share, 0)})${way}.`;
}

export default {
  render({ model, el }) {
    const body = h("tbody", {});
    const heads = ["value", "× weight", "= counts", "pull", "share of the pull", "cosine with the labels'"];
    const table = h("table", { class: "kd-ledger-table kd-run-table" }, h("caption", { class: "kd-hidden" }, "Terms of the loss"),
      h("thead", {}, h("tr", {}, h("td"), heads.map((text) => h("th", { scope: "col" }, text)))), body);
    const words = h("p", { class: "kd-ledger-words", "data-name": "words" });
    const grid = h("div", { class: "kd-run-charts" });
    const note = h("p", { class: "kd-note" });
    const values = lazyDetails("Values", () => model.get("charts").map(chartTable));
    viewRoot(model, el, "kd-run-ledger", table, words, grid, h("div", { class: "kd-foot" }, note, values.el));
    const known = new Map();
    const charts = new Map();
    const read = (x) => { for (const chart of charts.values()) chart.read(x); };

    function draw() {
      const rows = model.get("rows");
      const names = rows.map((r) => r.name);
      for (const name of known.keys()) if (!names.includes(name)) { known.get(name).el.remove(); known.delete(name); }
      rows.forEach((row, k) => {
        if (!known.has(row.name)) known.set(row.name, termRow(row.name));
        const one = known.get(row.name);
        if (body.children[k] !== one.el) body.insertBefore(one.el, body.children[k] ?? null);
        one.draw(row);
      });
      table.hidden = !rows.length;
      say(words, ledgerWords(rows, model.get("step")));
      say(note, model.get("note"));
      const specs = model.get("charts");
      grid.hidden = values.el.hidden = !specs.length;
      const width = Math.max(260, Math.floor(((grid.clientWidth || 690) - 14) / 2));
      for (const spec of specs) {
        if (!charts.has(spec.name)) { charts.set(spec.name, lineChart({ onRead: read, named: () => spec.name !== "share" })); grid.append(charts.get(spec.name).el); }
        charts.get(spec.name).el.hidden = !spec.series.length;
        if (spec.series.length) charts.get(spec.name).draw(spec, width - 8, rows.length > 3 ? 168 : 190);
      }
      values.draw();
    }
    const off = onTraits(model, ["rows", "charts", "step", "note"], draw);
    const watch = new ResizeObserver(draw);
    watch.observe(grid);
    draw();
    return () => { off(); watch.disconnect(); };
  },
};
