// The loss ledger: value, weight, pull and direction of both terms, over T and alpha. All numbers come with the view;
// between two temperatures of the grid they are interpolated, lengths and values on a log scale.

const TERMS = [
  { name: "labels", role: "labels", text: "labels: CE" },
  { name: "soft targets", role: "teacher", text: "teacher: KL" },
];

function interpolate(xs, ys, x) {
  if (x <= xs[0]) return ys[0];
  for (let i = 1; i < xs.length; i++) if (x <= xs[i]) return ys[i - 1] + ((x - xs[i - 1]) / (xs[i] - xs[i - 1])) * (ys[i] - ys[i - 1]);
  return ys.at(-1);
}

/** Both terms at T: value and norm with the factor T² (or without), weight, share of the pull, and the angle between them. */
function ledgerAt(grid, now, t, alpha, squared) {
  const logs = grid.map(Math.log);
  const between = (ys) => Math.exp(interpolate(logs, ys.map((y) => Math.log(Math.max(y, 1e-12))), Math.log(t)));
  const factor = squared ? t * t : 1;
  const labels = { value: now.value, norm: now.norm, weight: 1 - alpha };
  const soft = { value: factor * between(now.values), norm: factor * between(now.norms), weight: alpha };
  for (const term of [labels, soft]) term.pull = term.weight * term.norm;
  for (const term of [labels, soft]) term.share = term.pull / (labels.pull + soft.pull || 1);
  return { labels, "soft targets": soft, cosine: interpolate(logs, now.cosines, Math.log(t)) };
}

const three = (v) => (v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v >= 0.0995 ? v.toFixed(2) : v.toFixed(3));

/** The two pulls as arrows from one point, and their sum, which is where the student goes. */
function arrows(now, size) {
  const angle = Math.acos(Math.max(-1, Math.min(1, now.cosine)));
  const [a, b] = [now.labels.pull, now["soft targets"].pull];
  const tips = { labels: [a, 0], teacher: [b * Math.cos(angle), b * Math.sin(angle)] };
  tips.student = [tips.labels[0] + tips.teacher[0], tips.teacher[1]];
  const xs = [0, ...Object.values(tips).map((p) => p[0])];
  const ys = [0, ...Object.values(tips).map((p) => p[1])];
  const scale = (size - 44) / Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys), 1e-9);
  const place = ([x, y]) => [22 + (x - Math.min(...xs)) * scale, size - 22 - y * scale];
  const [ox, oy] = place([0, 0]);
  const one = (role, words, dash) => {
    const [x, y] = place(tips[role]);
    const length = Math.hypot(x - ox, y - oy);
    if (length < 1) return [];
    const [ux, uy] = [(x - ox) / length, (y - oy) / length];
    const head = Math.min(9, length);
    const [bx, by] = [x - head * ux, y - head * uy];
    return [svg("line", { class: `kd-arrow kd-role-${role}`, x1: ox, y1: oy, x2: bx, y2: by, "stroke-dasharray": dash }),
      svg("path", { class: `kd-arrow-head kd-role-${role}`, d: `M${x} ${y}L${bx - 4.5 * uy} ${by + 4.5 * ux}L${bx + 4.5 * uy} ${by - 4.5 * ux}Z` })];
  };
  const degrees = (180 / Math.PI) * angle;
  return svg("svg", { width: size, height: size, viewBox: `0 0 ${size} ${size}`, role: "img", "data-angle": degrees,
    "aria-label": `The pulls of labels and teacher as arrows, ${degrees.toFixed(0)} degrees apart, and their sum` },
    one("student", "sum", "2 3"), one("labels", "labels", "6 3"), one("teacher", "teacher"), svg("circle", { class: "kd-origin", cx: ox, cy: oy, r: 3 }));
}

/** The teacher's share of the pull over T, with T² and without. */
function shareChart(grid, now, t, alpha, squared, width, height) {
  const [left, right, top, bottom] = [42, width - 10, 8, height - 34];
  const sx = (x) => left + (Math.log(x / grid[0]) / Math.log(grid.at(-1) / grid[0])) * (right - left);
  const sy = (y) => bottom - y * (bottom - top);
  const share = (x, sq) => ledgerAt(grid, now, x, alpha, sq)["soft targets"].share;
  const line = (sq) => grid.map((x, i) => `${i ? "L" : "M"}${sx(x).toFixed(1)} ${sy(share(x, sq)).toFixed(1)}`).join("");
  const here = share(t, squared);
  const word = (sq, text) => svg("text", { class: sq === squared ? "kd-strong" : "", x: right - 2, "text-anchor": "end",
    y: Math.min(bottom - 4, sy(share(grid.at(-3), sq)) + (sq ? 15 : -8)) }, text);
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `The teacher's share of the pull over temperature: with T² ${percent(share(grid[0], true), 0)} at T = ${grid[0]} and ${percent(share(grid.at(-1), true), 0)} at T = ${grid.at(-1)}; without ${percent(share(grid[0], false), 0)} and ${percent(share(grid.at(-1), false), 0)}` },
    [0, 0.5, 1].map((y) => [svg("line", { class: "kd-grid", x1: left, x2: right, y1: sy(y), y2: sy(y) }), svg("text", { x: left - 5, y: sy(y) + 4, "text-anchor": "end" }, `${100 * y} %`)]).flat(),
    [0.5, 1, 2, 4, 10, 20].map((x) => svg("text", { x: sx(x), y: bottom + 15, "text-anchor": "middle" }, x)),
    svg("text", { x: (left + right) / 2, y: height - 4, "text-anchor": "middle" }, "temperature T (log scale)"),
    svg("path", { class: `kd-share${squared ? " kd-now" : ""}`, d: line(true) }), svg("path", { class: `kd-share kd-without${squared ? "" : " kd-now"}`, d: line(false) }),
    svg("line", { class: "kd-here", x1: sx(t), x2: sx(t), y1: top, y2: bottom }), svg("circle", { class: "kd-share-dot", cx: sx(t), cy: sy(here), r: 5 }),
    word(true, "with T²"), word(false, "without"));
}

export default {
  render({ model, el }) {
    const grid = model.get("temperatures");
    const moments = model.get("moments");
    const temperature = slider({ ...T_RANGE, name: "temperature", label: "Temperature T", oninput: (v) => write(model, { temperature: v }) });
    const alpha = slider({ name: "alpha", label: "Alpha", min: 0, max: 1, step: 0.01, text: (v) => v.toFixed(2), oninput: (v) => write(model, { alpha: v }),
      ends: h("div", { class: "kd-ends" }, h("span", { class: "kd-labels" }, "labels"), h("span", { class: "kd-teacher" }, "teacher")) });
    const factor = h("input", { type: "checkbox", onchange: () => write(model, { squared: factor.checked }) });
    const moment = segments({ label: "The student", onpick: (v) => write(model, { moment: +v }) });
    const cells = {};
    const cell = (name) => (cells[name] = h("td", { "data-name": name }));
    const bar = (term) => (cells[`${term.name} bar`] = h("i", { class: `kd-ledger-bar kd-role-${term.role}` }));
    const table = h("table", { class: "kd-ledger-table" },
      h("caption", { class: "kd-hidden" }, "Both terms of the loss"),
      h("thead", {}, h("tr", {}, h("td"), ["value", "× weight", "= counts", "pull", "share of the pull"].map((t) => h("th", { scope: "col" }, t)))),
      h("tbody", {}, TERMS.map((term) => h("tr", {}, (cells[`${term.name} head`] = h("th", { scope: "row", class: `kd-${term.role}` }, term.text)),
        ["value", "weight", "counts", "pull"].map((k) => cell(`${term.name} ${k}`)),
        h("td", {}, h("div", { class: "kd-ledger-share" }, h("span", {}, bar(term)), (cells[`${term.name} share`] = h("b", { "data-name": `${term.name} share`, class: `kd-${term.role}` }))))))));
    const drawing = h("div", { class: "kd-ledger-arrows" });
    const chart = h("div", { class: "kd-ledger-chart" });
    const words = h("p", { class: "kd-ledger-words", "aria-live": "polite" });
    const cosine = h("b", { "data-name": "cosine" });
    const values = lazyDetails("Values", () => [dataTable("The teacher's share of the pull", ["T", "with T²", "without", "cosine with the labels"],
      grid.map((t) => { const at = (sq) => ledgerAt(grid, moments[model.get("moment")], t, model.get("alpha"), sq);
        return [temperatureText(t), percent(at(true)["soft targets"].share), percent(at(false)["soft targets"].share), at(true).cosine.toFixed(2)]; }))]);
    viewRoot(model, el, "kd-ledger",
      h("div", { class: "kd-ledger-controls" }, temperature.el, alpha.el,
        h("div", {}, h("label", { class: "kd-ledger-switch" }, factor, h("span", {}, "multiply KL by T²")), moments.length > 1 && h("div", { class: "kd-ledger-moment" }, h("span", { class: "kd-muted" }, "student "), moment.el))),
      table, words,
      h("div", { class: "kd-ledger-pictures" },
        h("figure", {}, h("figcaption", {}, h("b", {}, "Directions"), h("span", { class: "kd-muted" }, " cosine "), cosine), drawing,
          h("p", { class: "kd-small" }, h("span", { class: "kd-labels" }, "– – labels"), "  ", h("span", { class: "kd-teacher" }, "— teacher"), "  ", h("span", { class: "kd-student" }, "· · their sum"))),
        h("figure", {}, h("figcaption", {}, h("b", {}, "The teacher's share of the pull")), chart)),
      h("div", { class: "kd-foot" }, h("p", { class: "kd-note" }, `gradients in the student's weights, on one batch of ${model.get("images")} images`), values.el));

    function draw() {
      const [t, a, squared] = [model.get("temperature"), model.get("alpha"), model.get("squared")];
      const now = ledgerAt(grid, moments[model.get("moment")], t, a, squared);
      temperature.set(t);
      alpha.set(a);
      factor.checked = squared;
      moment.draw(moments.map((m, i) => ({ value: String(i), label: m.name })), model.get("moment"));
      say(cells["soft targets head"], squared ? "teacher: T² KL" : "teacher: KL");
      for (const { name } of TERMS) {
        const term = now[name];
        say(cells[`${name} value`], three(term.value), term.value);
        say(cells[`${name} weight`], term.weight.toFixed(2), term.weight);
        say(cells[`${name} counts`], three(term.weight * term.value), term.weight * term.value);
        say(cells[`${name} pull`], three(term.pull), term.pull);
        say(cells[`${name} share`], percent(term.share, 0), term.share);
        cells[`${name} bar`].style.width = `${100 * term.share}%`;
      }
      say(cosine, now.cosine.toFixed(2), now.cosine);
      drawing.replaceChildren(arrows(now, 168));
      chart.replaceChildren(shareChart(grid, moments[model.get("moment")], t, a, squared, Math.max(280, chart.clientWidth || 420), 184));
      const whose = now["soft targets"].share > 0.5 ? "the teacher" : "the labels";
      const way = now.cosine > 0.8 ? "in nearly the same direction" : now.cosine > 0.3 ? "in partly the same direction" : now.cosine > -0.3 ? "at about a right angle to each other" : "against each other";
      const text = `Most of the pull is ${whose}${whose.endsWith("s") ? "'" : "'s"}; the two pull ${way}.`;
      if (words.textContent !== text) words.textContent = text;
      values.draw();
    }
    const off = onTraits(model, ["temperature", "alpha", "squared", "moment"], draw);
    const watch = new ResizeObserver(draw);
    watch.observe(chart);
    draw();
    return () => { off(); watch.disconnect(); temperature.end(); alpha.end(); };
  },
};
