// Relations of a probe batch, sorted by class: teacher, student, and their difference, which is computed here.

const niceReach = (value) => {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return power * [1, 2, 5, 10].find((m) => m * power >= value * 0.999);
};
const POINT = "Point at a cell, or focus the matrices and use the arrow keys, to read a pair.";
const signed = (value, places = 2) => `${value < 0 ? "−" : value > 0 ? "+" : ""}${Math.abs(value).toFixed(places)}`;
const plain = (value) => (value < 0 ? "−" : "") + String(+Math.abs(value).toPrecision(3));

/** Runs of equal labels: [{label, from, to}]. */
function blocksOf(labels) {
  const blocks = [];
  labels.forEach((label, i) => {
    if (blocks.at(-1)?.label === label) blocks.at(-1).to = i + 1;
    else blocks.push({ label, from: i, to: i + 1 });
  });
  return blocks;
}

export default {
  render({ model, el }) {
    const get = (name) => model.get(name);
    const matrix = (who, title) => {
      const canvas = h("canvas", { role: "img" });
      const over = svg("svg", { "aria-hidden": "true", preserveAspectRatio: "none" });
      const [low, high] = [h("span", { "data-name": "low" }), h("span", { "data-name": "high" })];
      const bar = h("div", { class: "kd-scale" }, low, h("i", { class: who === "difference" ? "kd-bar-difference" : "kd-bar-cividis" }), high);
      const box = h("div", { class: "kd-matrix-box", "data-who": who }, canvas, over);
      return { who, canvas, over, low, high, box, el: h("figure", { class: "kd-matrix" }, h("figcaption", { class: `kd-${who}` }, title), box, bar) };
    };
    const all = [matrix("teacher", "teacher"), matrix("student", "student"), matrix("difference", "teacher − student")];
    const names = h("div", { class: "kd-class-names", "aria-hidden": "true" });
    const help = uid("relations");
    const stage = h("div", { class: "kd-matrices", role: "application", tabindex: "0", "aria-label": "Relation matrices", "aria-describedby": help },
      ...all.map((m) => m.el));
    all[0].box.append(names);
    const kinds = segments({ label: "Relation", onpick: (kind) => write(model, { kind }) });
    const remaining = h("b", { "data-name": "remaining" });
    const apart = h("span", {}, "teacher and student still differ by ", remaining, h("span", { class: "kd-muted" }, " on average"));
    const note = h("span", { class: "kd-muted" });
    const pictures = [0, 1, 2].map(() => ({ canvas: h("canvas", { class: "kd-sample", role: "img" }), text: h("figcaption", {}) }));
    const helps = h("p", { id: help, class: "kd-muted" });
    const value = (who) => h("b", { class: `kd-${who}`, "data-who": who, "data-name": "relation" });
    const values = { teacher: value("teacher"), student: value("student"), difference: value("difference") };
    const reading = h("div", { class: "kd-pair", "data-name": "pair" },
      ...pictures.map((p, k) => (p.el = h("figure", { class: k === 2 ? "kd-vertex" : "" }, p.canvas, p.text))),
      h("dl", {}, ...Object.entries(values).flatMap(([who, b]) => [h("dt", {}, who === "difference" ? "difference" : who), h("dd", {}, b)])),
      helps);
    const said = h("p", { class: "kd-hidden", "aria-live": "polite" });
    const table = lazyDetails("Values", classMeans);
    viewRoot(model, el, "kd-relations",
      h("div", { class: "kd-row" }, kinds.el,
        apart, note),
      stage, reading, table.el, said);

    let n = 0;
    let shown = { teacher: new Uint8Array(0), student: new Uint8Array(0) }; // bytes, or angles in degrees
    let [low, high, reach] = [0, 1, 1];
    let pair = null; // places in the probe batch
    const seen = () => get("drawn") === "angle";
    const vertex = () => Math.min(Math.max(0, get("vertex")), n - 1);
    const at = (who, i, j) => (seen() ? shown[who][i * n + j] : low + (shown[who][i * n + j] / 255) * (high - low));

    function read() {
      const packed = { teacher: get("teacher"), student: get("student") };
      const data = Object.fromEntries(Object.entries(packed).map(([who, bytes]) => [who, seen() ? floats(bytes) : bytesOf(bytes)]));
      n = data.teacher.length === get("n") ** 2 && data.student.length === data.teacher.length ? get("n") : 0;
      if (!n) return;
      [low, high] = [get("low"), get("high")];
      shown = data;
      if (!seen()) return;
      shown = Object.fromEntries(Object.entries(data).map(([who, d]) => [who, anglesFrom(d, n, vertex(), new Float32Array(n * n))]));
      [low, high] = tens(shown.teacher, shown.student);
    }

    function drawMatrices() {
      read();
      stage.hidden = reading.hidden = n === 0;
      if (!n) return drawText();
      if (all[0].canvas.width !== n) {
        for (const m of all) { m.canvas.width = m.canvas.height = n; m.image = new ImageData(n, n); m.pixels = new Uint32Array(m.image.data.buffer); }
        pair = pair?.every((k) => k < n) ? pair : [Math.floor(n / 8), Math.floor(n / 2)];
      }
      const span = high - low;
      const code = seen() ? 255 / span : 1; // from a shown number to the byte of its colour
      const from = seen() ? low : 0;
      let most = 0;
      for (let k = 0; k < n * n; k++) { const gap = Math.abs(shown.teacher[k] - shown.student[k]) * code; if (gap > most) most = gap; }
      if (seen()) most = mostOf(shown.teacher, shown.student, code); // a few angles differ by far more than all others
      reach = niceReach((Math.max(1, most) / 255) * span);
      const [colours, differences] = [cividisTable(), differenceTable()];
      const scale = ((span / 255) * 127 * code) / reach;
      for (let k = 0; k < n * n; k++) {
        const [t, s] = [shown.teacher[k], shown.student[k]];
        const there = t === t; // no angle: blank
        all[0].pixels[k] = there ? colours[Math.round((t - from) * code)] : 0;
        all[1].pixels[k] = there ? colours[Math.round((s - from) * code)] : 0;
        all[2].pixels[k] = there ? differences[Math.min(255, Math.max(1, 128 + Math.round((t - s) * scale)))] : 0;
      }
      const unit = seen() ? "°" : "";
      for (const m of all) {
        m.canvas.getContext("2d").putImageData(m.image, 0, 0);
        const [least, top] = m.who === "difference" ? [-reach, reach] : [low, high];
        const places = seen() ? 0 : reach < 0.1 ? 2 : 1;
        m.low.textContent = m.who === "difference" ? `${signed(least, places)}${unit} student` : plain(least) + unit;
        m.high.textContent = m.who === "difference" ? `${seen() ? "" : "teacher "}${signed(top, places)}${seen() ? "° and more" : ""}` : plain(top) + unit;
        m.low.dataset.value = least;
        m.high.dataset.value = top;
        m.canvas.setAttribute("aria-label", `${m.who}: ${get("drawn")}${seen() ? ` seen from sample ${vertex() + 1}` : ""} of ${n} × ${n} pairs, from ${plain(least)} to ${plain(top)}`);
      }
      drawText();
      drawPair();
      table.draw();
    }

    function drawText() {
      const left = n && seen() ? meanApart(shown.teacher, shown.student, n) : get("remaining"); // follows the hand, not the kernel
      remaining.textContent = !n ? "–" : seen() ? `${left.toFixed(1)}°` : left.toFixed(3);
      remaining.dataset.value = left;
      apart.hidden = !n;
      if (!seen()) helps.textContent = POINT;
      note.textContent = get("note") || (n ? "" : "No relations yet.");
      kinds.draw(get("kinds").map((value) => ({ value, help: value === "angle" ? "as seen from a chosen sample" : undefined })), get("kind"));
    }

    function drawFrame() {
      const blocks = blocksOf(get("labels"));
      const total = get("labels").length || 1;
      names.replaceChildren(...blocks.map((b) => h("span", { style: `top:${(50 * (b.from + b.to)) / total}%` }, get("classes")[b.label] ?? String(b.label))));
      for (const m of all) {
        m.over.setAttribute("viewBox", `0 0 ${total} ${total}`);
        m.lines = blocks.slice(1).map((b) => svg("path", { class: "kd-boundary", d: `M0 ${b.from}H${total}M${b.from} 0V${total}` }));
        m.cross = [svg("path", { class: "kd-cross-edge" }), svg("path", { class: "kd-cross" })]; // seen on light and on dark
        m.seen = svg("path", { class: "kd-seen" });
        m.over.replaceChildren(...m.lines, m.seen, ...m.cross);
      }
    }

    function drawPair() {
      const [i, j] = pair;
      const [x, y] = [j + 0.5, i + 0.5];
      const cross = `M0 ${y}H${x - 1.5}M${x + 1.5} ${y}H${n}M${x} 0V${y - 1.5}M${x} ${y + 1.5}V${n}`; // leaves the cell itself open
      for (const m of all) for (const path of m.cross) path.setAttribute("d", cross);
      const v = vertex();
      for (const m of all) m.seen.setAttribute("d", seen() ? `M0 ${v + 0.5}H${n}M${v + 0.5} 0V${n}` : "");
      const [t, s] = [at("teacher", i, j), at("student", i, j)];
      const words = (value, plus) => (value !== value ? "–" : seen() ? `${plus ? signed(value, 1) : value.toFixed(1)}°` : plus ? signed(value) : value.toFixed(2).replace("-", "−"));
      for (const [who, v] of Object.entries({ teacher: t, student: s, difference: t - s })) {
        values[who].dataset.value = v;
        values[who].textContent = words(v, who === "difference");
      }
      const [height, width] = [get("height"), get("width")];
      const pixels = bytesOf(get("images"));
      pictures[2].el.hidden = !seen();
      [...pair, v].forEach((k, side) => {
        const name = get("classes")[get("labels")[k]] ?? "";
        const read = (get("lines")[k] ?? "").split(":")[0];
        pictures[side].text.textContent = `${side === 2 ? "seen from " : ""}${read ? `“${read}”` : k + 1} · ${name}`;
        pictures[side].text.title = get("lines")[k] ?? "";
        pictures[side].text.dataset.value = k;
        pictures[side].canvas.setAttribute("aria-label", `Sample ${k + 1}: ${name}`);
        pictures[side].canvas.hidden = pixels.length < n * height * width || !pixels.length;
        if (!pictures[side].canvas.hidden) drawGrey(pictures[side].canvas, pixels, k * height * width, height, width);
      });
      if (seen()) helps.textContent = t === t ? `${POINT} A click, or Enter, looks from the row's sample.` : "Seen from itself a sample makes no angle: move to another row and column.";
      clearTimeout(drawPair.timer);
      drawPair.timer = stage.matches(":focus") ? setTimeout(() => {
        said.textContent = `${pictures[0].text.textContent} and ${pictures[1].text.textContent}${seen() ? `, ${pictures[2].text.textContent}` : ""}: teacher ${words(t)}, student ${words(s)}`;
      }, 300) : null;
    }

    function go(i, j) {
      pair = [Math.min(n - 1, Math.max(0, i)), Math.min(n - 1, Math.max(0, j))];
      drawPair();
    }
    /** Look from the sample of the pair's row. */
    const look = () => { if (n && seen()) write(model, { vertex: pair[0] }); };
    for (const m of all) {
      m.box.addEventListener("pointermove", (e) => {
        const r = m.box.getBoundingClientRect();
        if (n) go(Math.floor(((e.clientY - r.top) / r.height) * n), Math.floor(((e.clientX - r.left) / r.width) * n));
      });
      m.box.addEventListener("click", look);
    }
    stage.addEventListener("keydown", (e) => {
      if (!n) return;
      if (seen() && (e.key === "Enter" || e.key === " ")) {
        look();
        e.preventDefault();
        return e.stopPropagation();
      }
      const by = e.shiftKey ? 10 : 1;
      const [i, j] = pair;
      const to = {
        ArrowUp: [i - by, j], ArrowDown: [i + by, j], ArrowLeft: [i, j - by], ArrowRight: [i, j + by],
        PageUp: [0, j], PageDown: [n - 1, j], Home: [i, 0], End: [i, n - 1],
      }[e.key];
      if (!to) return;
      go(...to);
      e.preventDefault();
      e.stopPropagation();
    });

    /** Mean relation of each pair of classes: what a table can say of n × n numbers. */
    function classMeans() {
      const blocks = blocksOf(get("labels"));
      const name = (b) => get("classes")[b.label] ?? String(b.label);
      const mean = (who, a, b) => {
        let [sum, count] = [0, 0];
        for (let i = a.from; i < a.to; i++) for (let j = b.from; j < b.to; j++) { const v = at(who, i, j); if (v === v) { sum += v; count++; } }
        return sum / count;
      };
      return !n ? [] : ["teacher", "student"].map((who) => dataTable(`${who}: mean ${get("drawn")} of two classes`, ["", ...blocks.map(name)],
        blocks.map((a) => [name(a), ...blocks.map((b) => mean(who, a, b).toFixed(seen() ? 1 : 2))])));
    }

    const offs = [onTraits(model, ["labels", "classes"], () => { drawFrame(); if (n) drawPair(); }),
      onTraits(model, ["teacher", "student", "kinds", "n", "low", "high", "kind", "drawn", "vertex", "remaining", "note", "images"], drawMatrices)];
    drawFrame();
    drawMatrices();
    return () => { offs.forEach((off) => off()); clearTimeout(drawPair.timer); };
  },
};
