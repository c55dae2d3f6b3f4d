// Parts of the soft-target view. Each is built once and then only its attributes change.

const SHOWN_CLASSES = 12; // more classes than this: the label's and the likeliest are drawn
const NAMES = 76;
const WIDE = 240;
const ROW = 23;
const TICKS = [0, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

/** Two bars for each class. The scale is linear at any moment, and widens smoothly as the peak falls with T. */
function softBars() {
  const hatch = uid("hatch");
  const body = svg("g", {});
  const grid = TICKS.map(() => [svg("line", { class: "kd-grid" }), svg("text", { class: "kd-tick", "text-anchor": "middle" })]);
  const el = svg("svg", { class: "kd-soft-bars", role: "img" },
    svg("defs", {}, svg("pattern", { id: hatch, width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { class: "kd-hatch-ground", width: 4, height: 4 }), svg("line", { class: "kd-hatch-line", x1: 0, x2: 0, y1: 0, y2: 4 }))),
    svg("g", {}, grid.flat()), body);
  let rows = [];

  /** Rows for these classes (places) of `classes`, the label's one marked, with a bar for each of `whos`. */
  function build(classes, places, label, whos) {
    const height = places.length * ROW;
    rows = places.map((c, i) => {
      const y = i * ROW + 2;
      const name = classes[c];
      const bar = (who, dy) => svg("rect", { class: `kd-bar-${who}`, x: NAMES + 10, y: y + dy, height: 8, rx: 1.5, "data-who": who, "data-class": name, fill: who === "student" ? `url(#${hatch})` : null });
      const row = { c, bars: whos.map((who, k) => [who, bar(who, whos.length > 1 ? 0.5 + 9 * k : 5)]), text: svg("text", { class: "kd-bar-text", y: y + 13 }) };
      row.parts = [svg("text", { class: c === label ? "kd-bar-name kd-bar-label" : "kd-bar-name", x: NAMES, y: y + 13, "text-anchor": "end" }, svg("title", {}, name), name.length > 10 ? `${name.slice(0, 8)}…` : name),
        c === label ? svg("circle", { class: "kd-bar-dot", cx: NAMES + 5, cy: y + 9, r: 3, "data-class": name }) : null, ...row.bars.map(([, b]) => b), row.text];
      return row;
    });
    body.replaceChildren(...rows.flatMap((r) => r.parts.filter(Boolean)));
    for (const [line, text] of grid) { line.setAttribute("y1", 0); line.setAttribute("y2", height); text.setAttribute("y", height + 11); }
    el.setAttribute("viewBox", `0 0 388 ${height + 14}`);
    el.setAttribute("width", 388);
    el.setAttribute("height", height + 14);
  }

  function paint(reading, i) {
    const { whos, C } = reading;
    let peak = 0;
    for (const who of whos) for (let c = 0; c < C; c++) peak = Math.max(peak, reading[who].p[i * C + c]);
    const scale = WIDE / peak ** 0.6; // the highest bar is 240 px at 1, 120 px at .3, 60 px at .03
    const set = (bar, p) => { bar.setAttribute("width", Math.max(0.5, p * scale).toFixed(1)); bar.dataset.value = p; };
    for (const row of rows) {
      const shares = row.bars.map(([who]) => reading[who].p[i * C + row.c]);
      row.bars.forEach(([, b], k) => set(b, shares[k]));
      row.text.setAttribute("x", (NAMES + 17 + Math.max(...shares) * scale).toFixed(1));
      say(row.text, shares.map((p) => Math.round(100 * p)).join(" · "));
    }
    let last = -Infinity;
    TICKS.forEach((p, k) => {
      const [line, text] = grid[k];
      const x = p * scale;
      const fits = x <= WIDE + 0.5 && x - last >= 36;
      line.style.display = text.style.display = fits ? "" : "none";
      if (!fits) return;
      last = x;
      for (const [key, node] of [["x1", line], ["x2", line], ["x", text]]) node.setAttribute(key, (NAMES + 10 + x).toFixed(1));
      say(text, p ? `${Math.round(100 * p)} %` : "0");
    });
  }
  return { el, build, paint };
}

/** The classes to draw: all, or the label's and those that either network finds likeliest (the same at every T). */
function shownClasses(reading, i, label) {
  const { C, whos } = reading;
  const all = Array.from({ length: C }, (_, c) => c);
  if (C <= SHOWN_CLASSES) return all;
  const key = (c) => (c === label ? 2 : Math.max(...whos.map((who) => reading[who].p[i * C + c])));
  return all.sort((a, b) => key(b) - key(a)).slice(0, SHOWN_CLASSES).sort((a, b) => a - b);
}

/** One class × class table as colours, its diagonal left out; `cell` marks the one that is read. */
function softMatrix(who) {
  const canvas = h("canvas", { role: "img" });
  const mark = h("i", { class: "kd-cell", hidden: true });
  const [low, high] = [h("span", { "data-name": "low" }), h("span", { "data-name": "high" })];
  const box = h("div", { class: "kd-soft-box" }, canvas, mark);
  const el = h("figure", { "data-who": who }, h("figcaption", { class: `kd-${who}` }, who), box,
    h("div", { class: "kd-scale" }, low, h("i", { class: who === "difference" ? "kd-bar-difference" : "kd-bar-cividis" }), high));
  let picture = null;
  let pixels = null;
  let size = 0;
  return {
    el, box, canvas,
    /** values: C × C, absent classes NaN; colours 0 … reach, or −reach … reach for the difference. */
    paint(values, C, reach) {
      const pitch = Math.max(1, Math.floor(220 / C));
      const gap = pitch >= 8 ? Math.max(1, Math.round(pitch / 11)) : 0;
      if (size !== C) {
        size = C;
        canvas.width = canvas.height = C * pitch - gap;
        picture = new ImageData(canvas.width, canvas.height);
        pixels = new Uint32Array(picture.data.buffer);
      }
      const difference = who === "difference";
      const table = difference ? differenceTable() : cividisTable();
      for (let r = 0; r < C; r++)
        for (let c = 0; c < C; c++) {
          const v = values[r * C + c] / reach;
          const place = difference ? 128 + Math.round(127 * v) : Math.round(255 * v);
          const colour = r === c || Number.isNaN(v) ? 0 : table[Math.min(255, Math.max(0, place))];
          for (let y = r * pitch; y < (r + 1) * pitch - gap; y++) pixels.fill(colour, y * canvas.width + c * pitch, y * canvas.width + (c + 1) * pitch - gap);
        }
      canvas.getContext("2d").putImageData(picture, 0, 0);
      say(low, difference ? `−${(100 * reach).toFixed(1)}` : "0", difference ? -reach : 0);
      say(high, difference ? `+${(100 * reach).toFixed(1)}` : percent(reach, reach < 0.1 ? 1 : 0), reach);
    },
    cell(r, c, C) {
      mark.hidden = r == null;
      if (r != null) Object.assign(mark.style, { left: `${(100 * c) / C}%`, top: `${(100 * r) / C}%`, width: `${100 / C}%`, height: `${100 / C}%` });
    },
  };
}

/** Accuracy against confidence in ten bins, both networks; the diagonal is calibrated. */
function reliabilityPlot() {
  const [left, size] = [14, 74];
  const x = (v) => left + v * size;
  const y = (v) => 2 + (1 - v) * size;
  const lines = svg("g", {});
  const el = svg("svg", { class: "kd-reliability", width: left + size + 4, height: size + 16, role: "img" },
    svg("rect", { class: "kd-frame", x: left, y: 2, width: size, height: size }), svg("line", { class: "kd-diagonal", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
    svg("text", { class: "kd-tick", x: x(0.5), y: size + 13, "text-anchor": "middle" }, "confidence"),
    svg("text", { class: "kd-tick", transform: `translate(9 ${y(0.5)}) rotate(-90)`, "text-anchor": "middle" }, "accuracy"), lines);
  return {
    el,
    paint(reliability) {
      lines.replaceChildren(...Object.entries(reliability).filter(([, r]) => r).flatMap(([who, r]) => [
        svg("path", { class: `kd-line-${who}`, d: r.bins.map((b, i) => `${i ? "L" : "M"}${x(b.confidence).toFixed(1)} ${y(b.accuracy).toFixed(1)}`).join("") }),
        ...r.bins.map((b) => {
          const [cx, cy] = [x(b.confidence), y(b.accuracy)];
          const data = { class: `kd-dot-${who}`, "data-who": who, "data-confidence": b.confidence, "data-accuracy": b.accuracy };
          return who === "teacher" ? svg("rect", { x: cx - 2, y: cy - 2, width: 4, height: 4, ...data }) : svg("circle", { cx, cy, r: 2.2, ...data });
        })]));
      el.setAttribute("aria-label", `Reliability at T = 1: ${Object.entries(reliability).filter(([, r]) => r).map(([who, r]) => `${who}, expected calibration error ${percent(r.ece)}`).join("; ")}`);
    },
  };
}

/** A row of thumbnails to pick a sample from; arrows walk along it and over its ends. */
function thumbnails(onpick) {
  const COUNT = 8;
  const row = h("div", { class: "kd-thumbs", role: "group", "aria-label": "Samples to pick from" });
  const page = (by) => { start = Math.max(0, Math.min(order.length - 1, start + by * COUNT)); draw(); };
  const back = h("button", { type: "button", class: "kd-page", "aria-label": "Earlier samples", onclick: () => page(-1) }, "‹");
  const on = h("button", { type: "button", class: "kd-page", "aria-label": "Further samples", onclick: () => page(1) }, "›");
  const el = h("div", { class: "kd-thumbs-row" }, back, row, on);
  let order = [];
  let start = 0;
  let chosen = -1;
  let source = null; // {images, height, width, name(i), line(i)}
  function draw(focus = false) {
    const buttons = order.slice(start, start + COUNT).map((i) => {
      const there = source.images.length >= (i + 1) * source.height * source.width && source.images.length;
      const inside = there ? h("canvas", { "aria-hidden": "true" }) : source.line(i).split(":")[0] || String(i);
      if (there) drawGrey(inside, source.images, i * source.height * source.width, source.height, source.width);
      return h("button", { type: "button", class: "kd-thumb", "data-sample": i, "aria-pressed": String(i === chosen), "aria-label": `Sample ${i}: ${source.name(i)}`, title: [source.name(i), source.line(i)].filter(Boolean).join(" · "), onclick: () => onpick(i) }, inside);
    });
    const had = focus || row.contains(document.activeElement);
    row.replaceChildren(...buttons);
    const current = buttons.find((b) => b.getAttribute("aria-pressed") === "true");
    for (const b of buttons) b.tabIndex = b === (current ?? buttons[0]) ? 0 : -1;
    if (had) (current ?? buttons[0])?.focus();
    back.disabled = start === 0;
    on.disabled = start + COUNT >= order.length;
  }
  row.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    const at = order.indexOf(Number(event.target.dataset?.sample)) + by;
    if (!by || !(at >= 0 && at < order.length)) return;
    event.preventDefault();
    if (at < start || at >= start + COUNT) start = Math.max(0, at - (at % COUNT));
    chosen = order[at];
    draw(true);
    onpick(chosen);
  });
  return {
    el,
    order(next, first) { order = next; start = first ?? 0; },
    draw(sample, from) { chosen = sample; source = from; draw(); },
  };
}
