// Models under a budget: accuracy over a cost (log scale), a line that is dragged on the chart or moved by the slider.

/** The most accurate model within the budget, of equals the cheaper; undefined where none is. */
function bestWithin(models, axis, budget) {
  let best;
  for (const m of models)
    if (m[axis] <= budget && (!best || m.accuracy > best.accuracy || (m.accuracy === best.accuracy && m[axis] < best[axis]))) best = m;
  return best;
}

const MARKS = {
  teacher: (x, y) => `M${x - 5} ${y - 5}h10v10h-10Z`,
  student: (x, y) => `M${x - 5.5} ${y}a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0Z`,
  labels: (x, y) => `M${x} ${y - 6}l6 10.5h-12Z`,
};
const WORDS = { teacher: "the teacher", student: "taught by it", labels: "labels only" };
const SHORT = { bytes: "kB", macs: "thousand", microseconds: "µs" };
const shown = (axis, v) => { const w = axis === "microseconds" ? v : v / 1000; return w >= 100 ? w.toFixed(0) : w >= 10 ? w.toFixed(1) : w.toFixed(2); };
const amount = (axis, v) => `${shown(axis, v)} ${SHORT[axis]}`;

export default {
  render({ model, el }) {
    const models = model.get("models");
    const names = model.get("axes");
    const range = (axis) => [Math.min(...models.map((m) => m[axis])) * 0.6, Math.max(...models.map((m) => m[axis])) * 1.5];
    const within = (axis, v) => { const [a, b] = range(axis); return Math.min(b, Math.max(a, v)); };
    const move = (v) => write(model, { budgets: { ...model.get("budgets"), [model.get("axis")]: within(model.get("axis"), v) } });
    const axes = segments({ label: "What an answer costs", onpick: (v) => write(model, { axis: v }) });
    const sliders = Object.fromEntries(Object.keys(names).map((axis) => {
      const [min, max] = range(axis);
      return [axis, slider({ name: `budget ${axis}`, label: `Budget: ${names[axis]}`, min, max, log: true, text: (v) => shown(axis, v) + (axis === "microseconds" ? "" : "k"), oninput: move })];
    }));
    const stage = h("div", { class: "kd-budget-stage" });
    const words = h("p", { class: "kd-budget-words", "aria-live": "polite" });
    const values = lazyDetails("Values", () => {
      const keys = Object.keys(names);
      const rows = [...models].sort((a, b) => b.accuracy - a.accuracy).map((m) => [`${m.name}, ${m.taught}`, percent(m.accuracy), ...keys.map((k) => amount(k, m[k]))]);
      return [dataTable("All models", ["model", "accuracy", ...keys.map((k) => names[k])], rows)];
    });
    const legend = h("p", { class: "kd-small kd-budget-legend" }, Object.keys(MARKS).map((role) => h("span", {},
      svg("svg", { width: 14, height: 13, viewBox: "-7 -7 14 13", "aria-hidden": "true" }, svg("path", { class: `kd-budget-mark kd-role-${role}`, d: MARKS[role](0, 0) })), ` ${WORDS[role]}`)));
    viewRoot(model, el, "kd-budget", h("div", { class: "kd-budget-head" }, axes.el, legend), Object.values(sliders).map((s) => s.el), words, stage,
      h("div", { class: "kd-foot" }, h("p", { class: "kd-note" }, "The line can be dragged in the picture, too."), values.el));

    let inverse = (x) => x;
    let held = false;
    const follow = (event) => move(+inverse(event.clientX - stage.getBoundingClientRect().left).toPrecision(3));
    stage.addEventListener("pointerdown", (event) => { held = true; stage.setPointerCapture?.(event.pointerId); follow(event); event.preventDefault(); });
    stage.addEventListener("pointermove", (event) => { if (held) follow(event); });
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => { held = false; });

    function draw() {
      const axis = model.get("axis");
      const budget = model.get("budgets")[axis];
      const best = bestWithin(models, axis, budget);
      axes.draw(Object.keys(names).map((value) => ({ value, label: { bytes: "bytes", macs: "MACs", microseconds: "time" }[value] })), axis);
      for (const [name, one] of Object.entries(sliders)) one.el.hidden = name !== axis;
      sliders[axis].set(budget);
      const many = models.filter((m) => m[axis] <= budget).length;
      const text = best ? `${many} of ${models.length} within ${amount(axis, budget)}. The best: ${best.name}, ${best.taught}, right for ${percent(best.accuracy)}, at ${amount(axis, best[axis])}.`
        : `None of ${models.length} within ${amount(axis, budget)}.`;
      say(words, text);
      words.dataset.best = best ? `${best.name}, ${best.taught}` : "";
      const width = Math.max(420, stage.clientWidth || 760);
      const height = 300;
      const [left, right, top, bottom] = [46, width - 14, 14, height - 38];
      const [a, b] = range(axis);
      const ys = models.map((m) => 100 * m.accuracy);
      const [low, high] = [Math.floor(Math.min(...ys) - 1), Math.ceil(Math.max(...ys) + 1)];
      const sx = (v) => left + (Math.log(v / a) / Math.log(b / a)) * (right - left);
      const sy = (share) => bottom - ((100 * share - low) / (high - low)) * (bottom - top);
      inverse = (px) => a * (b / a) ** ((Math.min(right, Math.max(left, px)) - left) / (right - left));
      const parts = [svg("rect", { class: "kd-budget-over", x: sx(budget), y: top, width: Math.max(0, right - sx(budget)), height: bottom - top })];
      for (const t of niceTicks(low, high, 6)) parts.push(svg("line", { class: "kd-grid", x1: left, x2: right, y1: sy(t / 100), y2: sy(t / 100) }), svg("text", { x: left - 6, y: sy(t / 100) + 4, "text-anchor": "end" }, `${t} %`));
      for (const t of logTicks(a, b)) parts.push(svg("line", { class: "kd-tick-line", x1: sx(t), x2: sx(t), y1: bottom, y2: bottom + 4 }), svg("text", { x: sx(t), y: bottom + 17, "text-anchor": "middle" }, axis === "microseconds" ? t : `${t / 1000}k`));
      parts.push(svg("text", { x: (left + right) / 2, y: height - 4, "text-anchor": "middle" }, `${names[axis]} (log scale)`));
      let d = "";
      let before;
      for (const m of [...models].sort((p, q) => p[axis] - q[axis])) if (bestWithin(models, axis, m[axis]) !== before) {
        const now = bestWithin(models, axis, m[axis]);
        d += before ? `H${sx(now[axis])}V${sy(now.accuracy)}` : `M${sx(now[axis])} ${sy(now.accuracy)}`;
        before = now;
      }
      parts.push(svg("path", { class: "kd-budget-front", d: `${d}H${right}` }));
      const tops = new Map();
      for (const m of models) {
        const rival = models.find((o) => o !== m && o.name === m.name);
        if (rival && m.role === "student") parts.push(svg("line", { class: "kd-budget-pair", x1: sx(m[axis]), x2: sx(rival[axis]), y1: sy(m.accuracy), y2: sy(rival.accuracy) }));
        if (!tops.has(m.name) || tops.get(m.name).accuracy > m.accuracy) tops.set(m.name, m);
      }
      for (const m of models) parts.push(svg("path", { class: `kd-budget-mark kd-role-${m.role}${m[axis] > budget ? " kd-budget-out" : ""}`, d: MARKS[m.role](sx(m[axis]), sy(m.accuracy)) }, svg("title", {}, `${m.name}, ${m.taught}: ${percent(m.accuracy)}`)));
      for (const m of tops.values()) parts.push(svg("text", { class: "kd-budget-name", x: sx(m[axis]), y: sy(m.accuracy) + 20, "text-anchor": sx(m[axis]) > right - 40 ? "end" : "middle" }, m.name));
      if (best) parts.push(svg("circle", { class: "kd-budget-best", cx: sx(best[axis]), cy: sy(best.accuracy), r: 11 }));
      parts.push(svg("line", { class: "kd-budget-line", x1: sx(budget), x2: sx(budget), y1: top - 6, y2: bottom }), svg("circle", { class: "kd-budget-grip", cx: sx(budget), cy: top, r: 6 }));
      stage.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Accuracy of ${models.length} models over ${names[axis]}. ${text}` }, parts));
      values.draw();
    }
    const off = onTraits(model, ["axis", "budgets"], draw);
    const watch = new ResizeObserver(draw);
    watch.observe(stage);
    draw();
    return () => { off(); watch.disconnect(); for (const one of Object.values(sliders)) one.end(); };
  },
};
