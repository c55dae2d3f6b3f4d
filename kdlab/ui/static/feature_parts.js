// Parts of the view of layer features: tiles, bars, units of each class, the CKA grid, the table of values.

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

/** Units of a vector: the sample's own in a row, beneath it each class's mean; units stand by the class they answer most. */
function drawUnits(group, bytes, classes) {
  const { rows, cols, offset } = group;
  const colours = cividisTable();
  const part = (from, count, label) => {
    const canvas = h("canvas", { role: "img", "aria-label": label });
    [canvas.width, canvas.height] = [cols, count];
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(cols, count);
    const pixels = new Uint32Array(image.data.buffer);
    for (let k = 0; k < count * cols; k++) pixels[k] = colours[bytes[offset + from * cols + k]];
    pen.putImageData(image, 0, 0);
    return canvas;
  };
  const of = `${group.title}, ${cols} units`;
  return h("div", { class: "kd-units", style: `--rows:${rows - 1}` },
    h("div", { class: "kd-units-names", "aria-hidden": "true" }, h("span", {}, "this sample"), h("span"), classes.map((name) => h("span", {}, name))),
    h("div", { class: cols > 300 ? "kd-many" : "" }, part(0, 1, `${of}: this sample`), part(1, rows - 1, `${of}: mean for each class`)));
}

/** For each class, how many units answer it the most, and the strongest of their means. */
function unitsTable(group, bytes, classes) {
  const value = (r, c) => groupValue(group, bytes[group.offset + r * group.cols + c]);
  const best = Array.from({ length: group.cols }, (_, c) => {
    let top = 1;
    for (let r = 2; r < group.rows; r++) if (value(r, c) > value(top, c)) top = r;
    return { top: top - 1, value: value(top, c) };
  });
  const rows = classes.map((name, k) => {
    const mine = best.filter((b) => b.top === k && b.value > group.low + 1e-9);
    return [name, String(mine.length), mine.length ? digits(Math.max(...mine.map((b) => b.value))) : "–"];
  });
  return dataTable(`${group.title}: units by the class they answer the most`, ["", "units", "strongest mean"], rows);
}

const digits = (v) => (Math.abs(v) >= 100 ? v.toFixed(0) : String(+v.toPrecision(2))).replace("-", "−");

const describe = (g) => {
  const what = { bars: `${g.cols} units`, units: `${g.cols} units`, matrix: "one map", tiles: `${g.tiles} of ${g.total} channels` }[g.kind];
  return `${g.title}: ${what}, from ${digits(g.low)} to ${digits(g.high)}`;
};

/** CKA of each pair of layers as a table: the student's value, the untrained student's small beneath it. */
function ckaTable(cka, pair) {
  if (!cka?.values?.length) return h("p", { class: "kd-muted" }, pair?.[0] === "" ? "CKA needs a teacher to compare with." : "CKA: not computed yet.");
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
function valuesOf(groups, bytes, classes) {
  return groups.map((g) => {
    if (g.kind === "units") return unitsTable(g, bytes, classes);
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
