// An SVG line chart, shared by Curves and Runs (put after common.js, panels.js and scales.js).
//
// A chart is a plain object, the same that kdlab.plots.curves draws as a still:
//   {name, title, unit, log?, series: [{name, role, dash, x, y, low?, high?}], lines?: [{name, role, y}], marks?: [{x, text}]}
// Roles carry the colour; dashes and end markers differ too, so that no line is told by its colour alone.

const DASHES = { "": null, dash: "7 4", dot: "1.5 3.5" };
const MARKERS = {
  student: (x, y) => `M${x - 3.5} ${y}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0Z`,
  teacher: (x, y) => `M${x - 3} ${y - 3}h6v6h-6Z`,
  labels: (x, y) => `M${x} ${y - 4}l4 7h-8Z`,
  hard: (x, y) => `M${x} ${y - 4.2}l4.2 4.2l-4.2 4.2l-4.2 -4.2Z`,
};
const OTHER_MARKERS = Object.values(MARKERS);
const OTHER_COLOURS = 6; // .kd-other-0 … in panels.css
const LABEL_GAP = 14;
const MARK_GAP = 13;

/** The chart that is drawn large: the first about accuracy, else the first. */
const leading = (charts) => charts.find((c) => /accuracy/i.test(c.title)) ?? charts[0];

/** What a chart shows as of step x, in words. */
function readings(chart, x) {
  const values = [...chart.series.map((s) => [s.name, valueAt(s, x)]), ...(chart.lines ?? []).map((l) => [l.name, l.y])];
  return `Step ${x}: ${values.map(([name, y]) => `${name} ${reading(y, chart.unit)}${chart.unit === "%" ? " %" : ""}`).join(", ")}`;
}

/** All numbers of a chart: a row for each step that a series has a value at, and one for each mark. */
function chartTable(chart) {
  const maps = chart.series.map((s) => new Map(s.x.map((x, i) => [x, s.y[i]])));
  const marks = new Map((chart.marks ?? []).map((m) => [m.x, m.text]));
  const xs = [...new Set([...maps.flatMap((m) => [...m.keys()]), ...marks.keys()])].sort((a, b) => a - b);
  const head = ["step", ...chart.series.map((s) => s.name), ...(chart.lines ?? []).map((l) => l.name), ...(marks.size ? ["mark"] : [])];
  const row = (x) => [
    String(x),
    ...maps.map((m) => (m.has(x) ? reading(m.get(x), chart.unit) : "")),
    ...(chart.lines ?? []).map((l) => reading(l.y, chart.unit)),
    ...(marks.size ? [marks.get(x) ?? ""] : []),
  ];
  return dataTable(`${chart.title}${chart.unit ? `, ${chart.unit}` : ""}`, head, xs.map(row));
}

/**
 * A chart that is drawn again and again: the element stays, so focus and the reading position do too.
 * `onRead(x | null)` is told when pointer or arrow keys move; the view hands x on to all its charts by `read`.
 * `named(name)`: whether another chart names this line already; then its end shows marker and value alone.
 */
function lineChart({ onRead = () => {}, large = false, named = () => false } = {}) {
  const heading = h("figcaption", { class: "kd-title" });
  const stage = h("div", { class: "kd-chart-stage" });
  const cursor = h("div", { class: "kd-chart-cursor", role: "slider", tabindex: "0", "aria-orientation": "horizontal" });
  const el = h("figure", { class: large ? "kd-chart kd-chart-large" : "kd-chart" }, heading, h("div", { class: "kd-chart-box" }, stage, cursor));
  let chart = { series: [] };
  let size = [300, 160];
  let xs = [];
  let at = null;
  let plot = { left: 0, right: 1, sx: (x) => x, inverse: (x) => x };
  const keyed = () => document.activeElement === cursor || el.getRootNode().activeElement === cursor;

  function draw(next, width, height) {
    chart = next;
    size = [width, height];
    xs = [...new Set(chart.series.flatMap((s) => s.x))].sort((a, b) => a - b);
    el.dataset.name = chart.name ?? "";
    heading.replaceChildren(chart.title ?? "", h("span", { class: "kd-muted" }, chart.unit ? ` ${chart.unit}` : "", chart.log ? " · log scale" : ""));
    paint();
  }

  function paint() {
    const [width, height] = size;
    const font = `600 11px ${FONT}`;
    let others = 0;
    const entries = chart.series.map((s) => {
      const other = !MARKERS[s.role];
      const k = other ? others++ : 0;
      const dash = s.dash || (other ? ["", "dash", "dot"][(k + Math.floor(k / OTHER_COLOURS)) % 3] : ""); // also when hues repeat
      const value = at == null ? s.y.findLast(isNumber) : valueAt(s, at);
      return { series: s, role: other ? `kd-other-${k % OTHER_COLOURS}` : `kd-role-${s.role}`, dash,
        marker: MARKERS[s.role] ?? OTHER_MARKERS[k % OTHER_MARKERS.length], name: s.name, value };
    });
    for (const line of chart.lines ?? [])
      entries.push({ line, role: MARKERS[line.role] ? `kd-role-${line.role}` : "kd-role-hard", marker: MARKERS[line.role], name: line.name, value: line.y });
    const [low, high] = yRange(chart, xs);
    const ticks = chart.log ? logTicks(low, high) : niceTicks(low, high, Math.max(2, Math.floor(height / 36)));
    const left = 8 + Math.max(14, ...ticks.map((t) => textWidth(String(t), `11px ${FONT}`)));
    const room = Math.max(60, width * 0.55);
    const labels = entries.map((e) => (named(e.name) ? "" : `${cut(e.name, room - 44, font)} `));
    const values = entries.map((e) => reading(e.value, chart.unit));
    const labelWidth = Math.max(0, ...entries.map((_, i) => textWidth(labels[i] + "00.0", font), ...values.map((v, i) => textWidth(labels[i] + v, font))));
    const right = Math.max(left + 40, width - labelWidth - 22);
    const top = 8;
    const bottom = height - 20;
    const x0 = xs.length ? xs[0] : 0;
    const x1 = xs.length > 1 ? xs.at(-1) : x0 + 1;
    const sx = (x) => left + ((x - x0) / (x1 - x0)) * (right - left);
    const scale = chart.log ? Math.log : (v) => v;
    const [a, b] = [scale(low), scale(high)];
    const sy = (y) => bottom - ((scale(y) - a) / (b - a)) * (bottom - top);
    plot = { left, right, sx, inverse: (px) => x0 + ((px - left) / (right - left)) * (x1 - x0) };
    const drawable = (y) => isNumber(y) && (!chart.log || y > 0);
    const places = (X) => X.map((x) => `${tenth(sx(x))} `); // once a series: turning numbers to text is what costs time
    const path = (places, Y) => { // a gap where there is no value
      let d = "";
      let pen = "M";
      for (let i = 0; i < places.length; i++) {
        if (drawable(Y[i])) d += pen + places[i] + tenth(sy(Y[i]));
        pen = drawable(Y[i]) ? "L" : "M";
      }
      return d;
    };
    for (const e of entries) if (e.series) e.places = places(e.series.x);
    const clip = `kd-clip-${lineChart.count = (lineChart.count ?? 0) + 1}`;
    const parts = [];
    const inside = [];
    for (const t of ticks) parts.push(svg("line", { class: "kd-grid", x1: left, x2: right, y1: sy(t), y2: sy(t) }),
      svg("text", { class: "kd-tick", x: left - 5, y: sy(t) + 3.5, "text-anchor": "end" }, String(t)));
    for (const t of niceTicks(x0, x1, Math.max(2, Math.floor((right - left) / 70))))
      if (at == null || Math.abs(sx(t) - sx(at)) > 46) // the step that is read stands in their place
        parts.push(svg("text", { class: "kd-tick", x: sx(t), y: bottom + 14, "text-anchor": "middle" }, String(t)));
    parts.push(svg("text", { class: "kd-tick", x: right + 15, y: bottom + 14 }, "steps"));
    const bands = entries.filter((e) => e.series?.low && e.series.high).length;
    for (const e of entries) if (e.series?.low && e.series.high) {
      const there = e.places.map((_, i) => i).filter((i) => drawable(e.series.low[i]) && drawable(e.series.high[i]));
      const up = there.map((i) => e.places[i] + tenth(sy(e.series.high[i])));
      const down = there.reverse().map((i) => e.places[i] + tenth(sy(e.series.low[i])));
      if (up.length) inside.push(svg("path", { class: `kd-band ${e.role}`, opacity: bands > 3 ? 0.06 : 0.15, // many bands: fainter
         d: `M${up.concat(down).join("L")}Z` }));
    }
    for (const m of placeMarks(chart.marks ?? [], sx, right, large ? Math.floor((bottom - top) / MARK_GAP / 2) : 0)) {
      parts.push(svg("line", { class: "kd-mark", x1: m.at, x2: m.at, y1: top, y2: bottom }));
      if (m.row >= 0) inside.push(svg("text", { class: "kd-mark-text", x: m.at + (m.left ? -4 : 4), y: bottom - 5 - m.row * MARK_GAP,
        "text-anchor": m.left ? "end" : "start" }, m.text));
    }
    const ends = entries.map((e) => {
      if (e.line) return [right, sy(e.value)];
      const i = e.series.y.findLastIndex(drawable);
      return i < 0 ? [left, bottom] : [sx(e.series.x[i]), Math.min(bottom, Math.max(top, sy(e.series.y[i])))];
    });
    const ys = spread(ends.map((p) => p[1]), LABEL_GAP, top + 2, bottom - 4);
    const markers = [];
    entries.forEach((e, i) => {
      const d = e.line ? `M${left} ${sy(e.value)}H${right}` : path(e.places, e.series.y);
      inside.push(svg("path", { class: `kd-line ${e.role}`, d, "stroke-dasharray": DASHES[e.dash ?? ""], "data-series": e.name }));
      const here = at == null ? ends[i] : e.line || !drawable(e.value) ? null : [sx(Math.min(at, e.series.x.at(-1))), sy(e.value)];
      if (here && e.series?.y.length && here[1] >= top - 1 && here[1] <= bottom + 1)
        markers.push(svg("path", { class: `kd-dot ${e.role}`, d: e.marker(...here) }));
      parts.push(svg("path", { class: "kd-leader", d: `M${Math.max(ends[i][0], right) + 4} ${ends[i][1]}L${right + 12} ${ys[i]}` }),
        svg("text", { class: `kd-label ${e.role}`, x: right + 15, y: ys[i] + 4 }, labels[i],
          svg("tspan", { "data-name": e.name, "data-value": isNumber(e.value) ? e.value : "" }, values[i]), svg("title", {}, e.name)));
    });
    const shown = at == null ? [] : [svg("line", { class: "kd-at", x1: sx(at), x2: sx(at), y1: top, y2: bottom }),
      svg("text", { class: "kd-at-text", x: Math.min(Math.max(sx(at), left + 20), right - 20), y: bottom + 14,
        "text-anchor": "middle", "data-name": "step", "data-value": at }, `step ${at}`)];
    const said = entries.map((e, i) => `${e.name} ${values[i]}${chart.unit === "%" ? " %" : ""}`).join(", ");
    const name = `${chart.title}: ${said || "nothing yet"}`;
    stage.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name },
      svg("defs", {}, svg("clipPath", { id: clip }, svg("rect", { x: left, y: top - 1, width: right - left + 1, height: bottom - top + 2 }))),
      ...parts, svg("g", { "clip-path": `url(#${clip})` }, ...inside), ...markers, ...shown));
    Object.assign(cursor.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
    cursor.setAttribute("aria-label", `Read ${chart.title} at a step`);
    const text = at == null ? said || "nothing yet" : `step ${at}: ${said}`;
    for (const [key, value] of Object.entries({ min: x0, max: x1, now: at ?? x1, text })) cursor.setAttribute(`aria-value${key}`, value);
  }

  const nearest = (x) => {
    const i = lastBefore(xs, x);
    return i < 0 ? xs[0] : i + 1 < xs.length && xs[i + 1] - x < x - xs[i] ? xs[i + 1] : xs[i];
  };
  cursor.addEventListener("pointermove", (e) => { if (xs.length) onRead(nearest(plot.inverse(plot.left + e.clientX - cursor.getBoundingClientRect().left))); });
  cursor.addEventListener("pointerleave", () => { if (!keyed()) onRead(null); });
  cursor.addEventListener("blur", () => onRead(null));
  cursor.addEventListener("keydown", (e) => {
    const i = at == null ? xs.length - 1 : Math.max(0, lastBefore(xs, at));
    const to = { ArrowLeft: i - 1, ArrowDown: i - 1, ArrowRight: i + 1, ArrowUp: i + 1, PageDown: i - 10, PageUp: i + 10, Home: 0, End: xs.length - 1 }[e.key];
    if (e.key === "Escape") onRead(null);
    else if (to !== undefined && xs.length) onRead(xs[Math.min(xs.length - 1, Math.max(0, to))]);
    else return;
    e.preventDefault();
    e.stopPropagation();
  });
  return { el, draw, read: (x) => { if (x !== at) { at = x; paint(); } } };
}
