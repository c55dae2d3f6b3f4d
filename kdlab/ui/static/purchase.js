// What to buy from a teacher that sells answers: the bill at once, and the accuracy as it was measured beforehand.

const LOW = 55; // % at the left end of the accuracy's axis
const HIGH = 85;
const STAGE = { left: 112, right: 14, row: 34, top: 8 };
const COUNT_STEP = 5;

/** Accuracy over draws of a purchase, as in the package: a parabola over shares, straight lines over log(inputs). */
function accuracies(grid, { levels, draws, mixes }, strategy, counts) {
  const inputs = counts.reduce((a, b) => a + b, 0);
  if (inputs < levels[0] || inputs > levels.at(-1)) return null;
  const share = counts.map((count) => count / inputs);
  const weights = mixes.map(([a, b]) => (b === undefined ? share[a] * (2 * share[a] - 1) : 4 * share[a] * share[b]));
  const after = Math.max(1, levels.findIndex((level) => level >= inputs));
  const way = Math.log(inputs / levels[after - 1]) / Math.log(levels[after] / levels[after - 1]);
  const at = (mix, level, draw) => grid[((strategy * mixes.length + mix) * levels.length + level) * draws + draw];
  return Array.from({ length: draws }, (_, d) =>
    weights.reduce((sum, w, mix) => sum + w * ((1 - way) * at(mix, after - 1, d) + way * at(mix, after, d)), 0));
}

const bandOf = (values) => values && { mean: values.reduce((a, b) => a + b, 0) / values.length, low: Math.min(...values), high: Math.max(...values) };
const bandText = (band) => `${percent(band.mean)} (${percent(band.low)} to ${percent(band.high)})`;

export default {
  render({ model, el }) {
    const [forms, mixes, levels, draws, strategies, prices, most] = ["forms", "mixes", "levels", "draws", "strategies", "prices", "most"].map((name) => model.get(name));
    const grid = floats(model.get("grid"));
    const measured = { levels, draws, mixes };
    const best = new Map(); // price list and budget -> the best purchase so far
    const lists = segments({ label: "Price list", onpick: (v) => write(model, { price_list: v }) });
    const ways = segments({ label: "Which pictures", onpick: (v) => write(model, { strategy: v }) });
    const budget = slider({ name: "budget", label: "Budget (credits)", min: levels[0], max: most, step: 10, slim: true, oninput: (v) => write(model, { budget: v }) });
    const rows = forms.map((form, k) => {
      const count = slider({ name: form, label: form, min: 0, max: levels.at(-1), step: COUNT_STEP, slim: true, line: true,
        oninput: (v) => write(model, { counts: model.get("counts").map((n, j) => (j === k ? Math.round(v) : n)) }) });
      const cost = h("span", { class: "kd-muted" });
      return { count, cost, el: h("div", { class: "kd-buy-row" }, h("i", { class: `kd-buy-key kd-buy-${k}`, "aria-hidden": "true" }), count.el, cost) };
    });
    const parts = forms.map((_, k) => h("i", { class: `kd-buy-${k}` }));
    const line = h("b", { class: "kd-buy-limit" });
    const bill = h("div", { class: "kd-buy-bill", role: "img" }, parts, line);
    const sum = h("p", { class: "kd-buy-sum" });
    const words = h("p", { class: "kd-buy-words", "aria-live": "polite" });
    const stage = h("div", { class: "kd-buy-stage" });
    const values = lazyDetails("Values", () => {
      const strategy = strategies.indexOf(model.get("strategy"));
      return [dataTable(`Mean test accuracy, pictures chosen ${model.get("strategy")}`, ["what is bought", ...levels.map((n) => `${n} pictures`)], mixes.map((mix, m) => [
        mix.map((f) => forms[f]).join(" and ") + (mix.length > 1 ? ", half each" : ""),
        ...levels.map((_, l) => percent(Array.from({ length: draws }, (_, d) => grid[((strategy * mixes.length + m) * levels.length + l) * draws + d]).reduce((a, b) => a + b, 0) / draws))]))];
    });
    viewRoot(model, el, "kd-buy",
      h("div", { class: "kd-buy-top" }, h("div", {}, h("span", { class: "kd-muted" }, "prices: "), lists.el), h("div", {}, h("span", { class: "kd-muted" }, "which pictures: "), ways.el)),
      h("div", { class: "kd-buy-main" }, h("div", {}, budget.el, rows.map((r) => r.el)), h("figure", {}, h("figcaption", { class: "kd-title" }, "The bill (credits)"), bill, sum)),
      h("figure", {}, h("figcaption", { class: "kd-title" }, "A student of what was bought"), stage), words,
      h("div", { class: "kd-foot" }, h("p", { class: "kd-note" }, model.get("note")), values.el));

    function paint(band, record, text) {
      const width = Math.max(420, stage.clientWidth || 820);
      const [a, b, bottom] = [STAGE.left, width - STAGE.right, STAGE.top + 2 * STAGE.row];
      const sx = (share) => a + ((Math.min(HIGH, Math.max(LOW, 100 * share)) - LOW) / (HIGH - LOW)) * (b - a);
      const drawn = niceTicks(LOW, HIGH, 6).flatMap((t) => [svg("line", { class: "kd-grid", x1: sx(t / 100), x2: sx(t / 100), y1: STAGE.top, y2: bottom }),
        svg("text", { x: sx(t / 100), y: bottom + 14, "text-anchor": "middle" }, `${t} %`)]);
      [["this purchase", band, "now"], ["best so far", record?.band, "best"]].forEach(([name, of, key], k) => {
        const y = STAGE.top + (k + 0.5) * STAGE.row;
        drawn.push(svg("text", { class: "kd-buy-name", x: a - 10, y: y + 4, "text-anchor": "end" }, name));
        if (!of) return drawn.push(svg("text", { x: a + 6, y: y + 4 }, "–"));
        drawn.push(svg("rect", { class: `kd-buy-band kd-buy-${key}`, x: sx(of.low), width: Math.max(2, sx(of.high) - sx(of.low)), y: y - 8, height: 16, rx: 3 }),
          svg(key === "now" ? "circle" : "path", { class: `kd-buy-dot kd-buy-${key}`, cx: sx(of.mean), cy: y, r: 5.5, d: `M${sx(of.mean)} ${y - 6.5}l6.5 6.5l-6.5 6.5l-6.5 -6.5Z` }),
          svg("text", { class: "kd-buy-number", x: sx(of.high) + 8, y: y + 4, "data-name": key, "data-value": of.mean }, percent(of.mean)));
      });
      drawn.push(svg("text", { x: (a + b) / 2, y: bottom + 30, "text-anchor": "middle" }, `test accuracy: mean and range over ${draws} draws`));
      stage.replaceChildren(svg("svg", { width, height: bottom + 36, viewBox: `0 0 ${width} ${bottom + 36}`, role: "img", "aria-label": text }, drawn));
    }

    function draw() {
      const [list, limit, counts, strategy] = ["price_list", "budget", "counts", "strategy"].map((name) => model.get(name));
      const price = prices[list];
      lists.draw(Object.keys(prices).map((value) => ({ value })), list);
      ways.draw(strategies.map((value) => ({ value })), strategy);
      budget.set(limit);
      const costs = forms.map((form, k) => counts[k] * price[form]);
      const spent = costs.reduce((x, y) => x + y, 0);
      const over = spent > limit + 1e-9;
      const room = Math.max(limit, spent) * 1.04;
      rows.forEach(({ count, cost }, k) => {
        count.set(counts[k]);
        say(cost, `× ${price[forms[k]]} = ${costs[k]}`);
        parts[k].style.width = `${(100 * costs[k]) / room}%`;
      });
      line.style.left = `${(100 * limit) / room}%`;
      bill.classList.toggle("kd-buy-over", over);
      bill.setAttribute("aria-label", `${spent} of ${limit} credits: ${forms.map((form, k) => `${form} ${costs[k]}`).join(", ")}`);
      const inputs = counts.reduce((x, y) => x + y, 0);
      say(sum, `${spent} of ${limit} credits, ${inputs} pictures`, spent);
      const band = over ? null : bandOf(accuracies(grid, measured, strategies.indexOf(strategy), counts));
      const key = `${list}, ${limit}`;
      const before = best.get(key);
      if (band && !(before && before.band.mean >= band.mean)) best.set(key, { band, counts, strategy });
      const record = best.get(key);
      const named = (of) => `${forms.map((form, k) => (of.counts[k] ? `${of.counts[k]} × ${form}` : "")).filter(Boolean).join(" + ")}, ${of.strategy}`;
      const text = (over ? `The service would refuse: ${spent} credits are asked, ${limit} are there.`
        : !band ? `Nothing was measured with fewer than ${levels[0]} pictures: buy more.`
        : `This purchase: ${bandText(band)}.`) + (record ? ` Best so far with these prices and this budget: ${named(record)}: ${percent(record.band.mean)}.` : "");
      say(words, text.replaceAll(" %", "\u00a0%"));
      paint(band, record, text);
      values.draw();
    }
    const off = onTraits(model, ["price_list", "budget", "counts", "strategy"], draw);
    const watch = new ResizeObserver(draw);
    watch.observe(stage);
    draw();
    return () => { off(); watch.disconnect(); budget.end(); for (const r of rows) r.count.end(); };
  },
};
