// Layer features: maps of teacher and student for one sample and one pair of layers, what the loss compares, and CKA.

const TILE_COLUMNS = 8;

/** Draw a group's tiles on one canvas, one pixel apart. */
function drawTiles(canvas, group, bytes) {
  const { rows, cols, tiles } = group;
  const across = Math.min(TILE_COLUMNS, tiles);
  const down = Math.ceil(tiles / across);
  canvas.width = across * (cols + 1) - 1;
  canvas.height = down * (rows + 1) - 1;
  const pen = canvas.getContext("2d");
  const sheet = pen.createImageData(canvas.width, canvas.height); // transparent: the gaps show the page
  const pixels = new Uint32Array(sheet.data.buffer);
  const colours = group.who === "difference" ? differenceTable() : cividisTable();
  for (let k = 0; k < tiles; k++)
    for (let r = 0; r < rows; r++) {
      const from = group.offset + (k * rows + r) * cols;
      const to = (Math.floor(k / across) * (rows + 1) + r) * canvas.width + (k % across) * (cols + 1);
      for (let c = 0; c < cols; c++) pixels[to + c] = colours[bytes[from + c]];
    }
  pen.putImageData(sheet, 0, 0);
}

/** A value of a group, from its byte; a difference is 0 at 128. */
const groupValue = (group, byte) =>
  group.who === "difference" ? ((byte - 128) / 127) * group.high : group.low + (byte / 255) * (group.high - group.low);

/** The units of a vector as bars from zero. */
function drawBars(group, bytes, width, height) {
  const low = Math.min(0, group.low);
  const high = Math.max(0, group.high);
  const y = (v) => height - ((v - low) / (high - low || 1)) * height;
  const step = width / group.cols;
  let up = "";
  let down = "";
  for (let k = 0; k < group.cols; k++) {
    const value = groupValue(group, bytes[group.offset + k]);
    const bar = `M${((k + 0.5) * step).toFixed(1)} ${y(0).toFixed(1)}V${y(value).toFixed(1)}`;
    if (value >= 0) up += bar;
    else down += bar;
  }
  const who = (side) => (group.who === "difference" ? (side > 0 ? "teacher" : "student") : group.who === "regressor" ? "student" : group.who);
  return svg("svg", { class: "kd-bars", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": describe(group) },
    svg("path", { class: `kd-role-${who(1)}`, d: up, "stroke-width": Math.max(0.8, step * 0.75) }),
    svg("path", { class: `kd-role-${who(-1)}`, d: down, "stroke-width": Math.max(0.8, step * 0.75) }),
    svg("line", { class: "kd-axis", x1: 0, x2: width, y1: y(0), y2: y(0) }));
}

const digits = (v) => (Math.abs(v) >= 100 ? v.toFixed(0) : String(+v.toPrecision(2))).replace("-", "−");

const describe = (g) => {
  const what = { bars: `${g.cols} units`, matrix: "one map", tiles: `${g.tiles} of ${g.total} channels` }[g.kind];
  return `${g.title}: ${what}, from ${digits(g.low)} to ${digits(g.high)}`;
};

export default {
  render({ model, el }) {
    const id = uid("features");
    const image = h("canvas", { class: "kd-sample", role: "img" });
    const sample = h("b", { "data-name": "sample" });
    const label = h("span", { class: "kd-labels kd-bold" });
    const status = h("span", { class: "kd-muted", role: "status" });
    const ask = (changes) => { write(model, changes); status.textContent = "asking the kernel …"; };
    const shown = () => Math.min(Math.max(0, model.get("sample")), Math.max(1, model.get("samples")) - 1); // -1: none chosen yet
    const step = (by) => {
      const count = Math.max(1, model.get("samples"));
      ask({ sample: (shown() + by + count) % count });
    };
    const taps = h("select", { id, onchange: () => ask({ tap: +taps.value }) });
    const maps = h("div", { class: "kd-maps" });
    const loss = h("div", { class: "kd-maps kd-loss" });
    const cka = h("div", { class: "kd-cka" });
    const note = h("p", { class: "kd-note" });
    const title = h("div", { class: "kd-title" }, "What the loss compares");
    const table = lazyDetails("Values", () => valuesOf(model.get("groups"), bytesOf(model.get("data"))));
    viewRoot(model, el, "kd-features",
      h("div", { class: "kd-features-main" },
        h("div", { class: "kd-picker" }, image,
          h("div", {},
            h("div", { class: "kd-row" }, h("button", { type: "button", "aria-label": "Previous sample", onclick: () => step(-1) }, "‹"),
              h("button", { type: "button", "aria-label": "Next sample", onclick: () => step(1) }, "›"), h("span", {}, sample, " ", label)),
            h("div", { class: "kd-row" }, h("label", { for: id }, "Layers"), taps, status))),
        maps),
      h("div", {}, cka, note),
      h("div", { class: "kd-features-loss" }, title, loss, table.el));
    const figures = new Map();

    /** One group: title, canvas or bars, and its scale; canvases are kept and drawn over. */
    function figure(group, bytes) {
      const key = `${group.name} ${group.kind}`;
      if (!figures.has(key)) {
        const parts = { title: h("figcaption", {}), scale: h("span", { class: "kd-scale" }), body: h("div", {}), canvas: h("canvas", { role: "img" }) };
        parts.el = h("figure", { "data-group": group.name, class: `kd-map kd-map-${group.kind}` }, parts.title, parts.body, parts.scale);
        figures.set(key, parts);
      }
      const f = figures.get(key);
      f.title.className = group.who === "teacher" ? "kd-teacher" : group.who === "difference" ? "" : "kd-student";
      f.title.textContent = group.title;
      if (group.kind === "bars") f.body.replaceChildren(drawBars(group, bytes, group.part === "loss" ? 244 : 480, 52));
      else {
        drawTiles(f.canvas, group, bytes);
        f.canvas.setAttribute("aria-label", describe(group));
        if (f.canvas.parentNode !== f.body) f.body.replaceChildren(f.canvas);
      }
      const count = group.kind === "tiles" ? `${group.tiles} of ${group.total} channels` : group.kind === "bars" ? `${group.total} units` : "";
      const bars = group.kind === "bars";
      f.scale.replaceChildren(bars ? "from" : "", h("span", { "data-name": "low", "data-value": group.low }, digits(group.low)),
        bars ? "to" : h("i", { class: group.who === "difference" ? "kd-bar-difference" : "kd-bar-cividis" }),
        h("span", { "data-name": "high", "data-value": group.high }, digits(group.high)), h("span", { class: "kd-muted" }, count));
      return f.el;
    }

    function drawMaps() {
      status.textContent = "";
      const bytes = bytesOf(model.get("data"));
      const groups = model.get("groups").filter((g) => g.offset + g.tiles * g.rows * g.cols <= bytes.length);
      const names = groups.map((g) => `${g.name} ${g.kind}`);
      for (const key of figures.keys()) if (!names.includes(key)) figures.delete(key);
      const lossGroups = groups.filter((g) => g.part === "loss");
      maps.replaceChildren(...groups.filter((g) => g.part !== "loss").map((g) => figure(g, bytes)));
      loss.replaceChildren(...lossGroups.map((g) => figure(g, bytes)));
      title.hidden = lossGroups.length === 0;
      if (!groups.length) maps.replaceChildren(h("p", { class: "kd-muted" }, "No layer features yet."));
      table.draw();
    }

    function drawSample() {
      const [height, width] = [model.get("height"), model.get("width")];
      const count = model.get("samples");
      say(sample, `Sample ${shown() + 1}${count > 1 ? ` of ${count.toLocaleString("en")}` : ""}`, shown());
      label.textContent = model.get("label");
      image.setAttribute("aria-label", `Sample ${shown() + 1}: ${model.get("label") || "picture"}`);
      image.hidden = !(height && width);
      if (!image.hidden) drawGrey(image, bytesOf(model.get("image")), 0, height, width);
      taps.replaceChildren(...model.get("taps").map(([t, s], i) => h("option", { value: i, selected: i === model.get("tap") }, `${t} → ${s}`)));
      note.textContent = model.get("note");
    }

    const drawCka = () => cka.replaceChildren(ckaTable(model.get("cka"), model.get("taps")[model.get("tap")]));
    const offs = [
      onTraits(model, ["groups", "data"], drawMaps),
      onTraits(model, ["sample", "samples", "label", "image", "taps", "tap", "note"], drawSample),
      onTraits(model, ["cka", "taps", "tap"], drawCka),
    ];
    drawMaps();
    drawSample();
    drawCka();
    return () => offs.forEach((off) => off());
  },
};

/** CKA of each pair of layers as a table: the student's value, the untrained student's small beneath it. */
function ckaTable(cka, pair) {
  if (!cka?.values?.length) return h("p", { class: "kd-muted" }, "CKA: not computed yet.");
  const cell = (i, j) => {
    const value = cka.values[i][j];
    const [r, g, b] = cividis(Math.min(1, Math.max(0, value)));
    const chosen = pair && pair[0] === cka.rows[i] && pair[1] === cka.columns[j];
    return h("td", { class: chosen ? "kd-chosen" : "", "aria-current": chosen ? "true" : null, style: `background:rgb(${r} ${g} ${b});color:${ink(r, g, b)}` },
      h("b", { "data-name": "cka", "data-row": cka.rows[i], "data-column": cka.columns[j], "data-value": value }, value.toFixed(2)),
      cka.reference?.length ? h("small", { "data-name": "reference", "data-value": cka.reference[i][j] }, cka.reference[i][j].toFixed(2)) : null);
  };
  return h("table", {}, h("caption", {}, h("b", {}, "CKA of layers"), h("span", { class: "kd-muted" }, " small: untrained student")),
    h("thead", {}, h("tr", {}, h("td", {}), h("th", { colspan: cka.columns.length, class: "kd-student", scope: "colgroup" }, "student")),
      h("tr", {}, h("th", { scope: "col", class: "kd-teacher" }, "teacher"), ...cka.columns.map((name) => h("th", { scope: "col", title: name }, name)))),
    h("tbody", {}, ...cka.rows.map((name, i) => h("tr", {}, h("th", { scope: "row", title: name }, name), ...cka.columns.map((_, j) => cell(i, j))))));
}

/** Mean and largest value of each tile, for readers of numbers. */
function valuesOf(groups, bytes) {
  return groups.map((g) => {
    const size = g.rows * g.cols;
    const rows = g.kind === "bars"
      ? Array.from({ length: g.cols }, (_, k) => [`unit ${k + 1}`, digits(groupValue(g, bytes[g.offset + k]))])
      : Array.from({ length: g.tiles }, (_, k) => {
          const values = Array.from(bytes.subarray(g.offset + k * size, g.offset + (k + 1) * size), (b) => groupValue(g, b));
          return [g.kind === "matrix" ? "map" : `channel ${k + 1}`, digits(values.reduce((a, b) => a + b, 0) / size), digits(Math.max(...values))];
        });
    const title = `${g.part === "loss" ? "compared: " : ""}${g.title.includes(g.who) ? "" : `${g.who} `}${g.title}`;
    return dataTable(title, g.kind === "bars" ? ["", "value"] : ["", "mean", "largest"], rows);
  });
}
