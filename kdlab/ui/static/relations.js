// Relations of a probe batch, sorted by class: teacher, student, and their difference, which is computed here.

const niceReach = (value) => {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return power * [1, 2, 5, 10].find((m) => m * power >= value * 0.999);
};
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
    const note = h("span", { class: "kd-muted" });
    const pictures = [0, 1].map(() => ({ canvas: h("canvas", { class: "kd-sample", role: "img" }), text: h("figcaption", {}) }));
    const value = (who) => h("b", { class: `kd-${who}`, "data-who": who, "data-name": "relation" });
    const values = { teacher: value("teacher"), student: value("student"), difference: value("difference") };
    const reading = h("div", { class: "kd-pair", "data-name": "pair" },
      ...pictures.map((p) => h("figure", {}, p.canvas, p.text)),
      h("dl", {}, ...Object.entries(values).flatMap(([who, b]) => [h("dt", {}, who === "difference" ? "difference" : who), h("dd", {}, b)])),
      h("p", { id: help, class: "kd-muted" }, "Point at a cell, or focus the matrices and use the arrow keys, to read a pair."));
    const said = h("p", { class: "kd-hidden", "aria-live": "polite" });
    const table = lazyDetails("Values", classMeans);
    viewRoot(model, el, "kd-relations",
      h("div", { class: "kd-row" }, kinds.el,
        h("span", {}, "teacher and student still differ by ", remaining, h("span", { class: "kd-muted" }, " on average")), note),
      stage, reading, table.el, said);

    let n = 0;
    let bytes = { teacher: new Uint8Array(0), student: new Uint8Array(0) };
    let reach = 1;
    let pair = null; // places in the probe batch
    const at = (who, i, j) => get("low") + (bytes[who][i * n + j] / 255) * (get("high") - get("low"));

    function drawMatrices() {
      bytes = { teacher: bytesOf(get("teacher")), student: bytesOf(get("student")) };
      n = bytes.teacher.length === get("n") ** 2 && bytes.student.length === bytes.teacher.length ? get("n") : 0;
      stage.hidden = reading.hidden = n === 0;
      if (!n) return drawText();
      if (all[0].canvas.width !== n) {
        for (const m of all) { m.canvas.width = m.canvas.height = n; m.image = new ImageData(n, n); m.pixels = new Uint32Array(m.image.data.buffer); }
        pair = pair?.every((k) => k < n) ? pair : [Math.floor(n / 8), Math.floor(n / 2)];
      }
      let most = 1;
      for (let k = 0; k < n * n; k++) most = Math.max(most, Math.abs(bytes.teacher[k] - bytes.student[k]));
      const span = get("high") - get("low");
      reach = niceReach((most / 255) * span);
      const [colours, differences] = [cividisTable(), differenceTable()];
      const scale = ((span / 255) * 127) / reach;
      for (let k = 0; k < n * n; k++) {
        const [t, s] = [bytes.teacher[k], bytes.student[k]];
        all[0].pixels[k] = colours[t];
        all[1].pixels[k] = colours[s];
        all[2].pixels[k] = differences[128 + Math.round((t - s) * scale)];
      }
      for (const m of all) {
        m.canvas.getContext("2d").putImageData(m.image, 0, 0);
        const [low, high] = m.who === "difference" ? [-reach, reach] : [get("low"), get("high")];
        m.low.textContent = m.who === "difference" ? `${signed(low, 1)} student` : plain(low);
        m.high.textContent = m.who === "difference" ? `teacher ${signed(high, 1)}` : plain(high);
        m.low.dataset.value = low;
        m.high.dataset.value = high;
        m.canvas.setAttribute("aria-label", `${m.who}: ${get("kind")} of ${n} × ${n} pairs, from ${plain(low)} to ${plain(high)}`);
      }
      drawText();
      drawPair();
      table.draw();
    }

    function drawText() {
      remaining.textContent = n ? get("remaining").toFixed(3) : "–";
      remaining.dataset.value = get("remaining");
      note.textContent = get("note") || (n ? "" : "No relations yet.");
      kinds.draw(get("kinds").map((value) => ({ value })), get("kind"));
    }

    function drawFrame() {
      const blocks = blocksOf(get("labels"));
      const total = get("labels").length || 1;
      names.replaceChildren(...blocks.map((b) => h("span", { style: `top:${(50 * (b.from + b.to)) / total}%` }, get("classes")[b.label] ?? String(b.label))));
      for (const m of all) {
        m.over.setAttribute("viewBox", `0 0 ${total} ${total}`);
        m.lines = blocks.slice(1).map((b) => svg("path", { class: "kd-boundary", d: `M0 ${b.from}H${total}M${b.from} 0V${total}` }));
        m.cross = [svg("path", { class: "kd-cross-edge" }), svg("path", { class: "kd-cross" })]; // seen on light and on dark
        m.over.replaceChildren(...m.lines, ...m.cross);
      }
    }

    function drawPair() {
      const [i, j] = pair;
      const [x, y] = [j + 0.5, i + 0.5];
      const cross = `M0 ${y}H${x - 1.5}M${x + 1.5} ${y}H${n}M${x} 0V${y - 1.5}M${x} ${y + 1.5}V${n}`; // leaves the cell itself open
      for (const m of all) for (const path of m.cross) path.setAttribute("d", cross);
      const [t, s] = [at("teacher", i, j), at("student", i, j)];
      for (const [who, v] of Object.entries({ teacher: t, student: s, difference: t - s })) {
        values[who].dataset.value = v;
        values[who].textContent = who === "difference" ? signed(v) : v.toFixed(2).replace("-", "−");
      }
      const [height, width] = [get("height"), get("width")];
      const pixels = bytesOf(get("images"));
      pair.forEach((k, side) => {
        const name = get("classes")[get("labels")[k]] ?? "";
        pictures[side].text.textContent = `${k + 1} · ${name}`;
        pictures[side].text.dataset.value = k;
        pictures[side].canvas.setAttribute("aria-label", `Sample ${k + 1}: ${name}`);
        pictures[side].canvas.hidden = pixels.length < n * height * width || !pixels.length;
        if (!pictures[side].canvas.hidden) drawGrey(pictures[side].canvas, pixels, k * height * width, height, width);
      });
      clearTimeout(drawPair.timer);
      drawPair.timer = stage.matches(":focus") ? setTimeout(() => {
        said.textContent = `${pictures[0].text.textContent} and ${pictures[1].text.textContent}: teacher ${t.toFixed(2)}, student ${s.toFixed(2)}`;
      }, 300) : null;
    }

    function go(i, j) {
      pair = [Math.min(n - 1, Math.max(0, i)), Math.min(n - 1, Math.max(0, j))];
      drawPair();
    }
    for (const m of all) m.box.addEventListener("pointermove", (e) => {
      const r = m.box.getBoundingClientRect();
      if (n) go(Math.floor(((e.clientY - r.top) / r.height) * n), Math.floor(((e.clientX - r.left) / r.width) * n));
    });
    stage.addEventListener("keydown", (e) => {
      const by = e.shiftKey ? 10 : 1;
      const [i, j] = pair;
      const to = {
        ArrowUp: [i - by, j], ArrowDown: [i + by, j], ArrowLeft: [i, j - by], ArrowRight: [i, j + by],
        PageUp: [0, j], PageDown: [n - 1, j], Home: [i, 0], End: [i, n - 1],
      }[e.key];
      if (!to || !n) return;
      go(...to);
      e.preventDefault();
      e.stopPropagation();
    });

    /** Mean relation of each pair of classes: what a table can say of n × n numbers. */
    function classMeans() {
      const blocks = blocksOf(get("labels"));
      const name = (b) => get("classes")[b.label] ?? String(b.label);
      const mean = (who, a, b) => {
        let sum = 0;
        for (let i = a.from; i < a.to; i++) for (let j = b.from; j < b.to; j++) sum += at(who, i, j);
        return sum / ((a.to - a.from) * (b.to - b.from));
      };
      return !n ? [] : ["teacher", "student"].map((who) => dataTable(`${who}: mean ${get("kind")} of two classes`, ["", ...blocks.map(name)],
        blocks.map((a) => [name(a), ...blocks.map((b) => mean(who, a, b).toFixed(2))])));
    }

    const offs = [onTraits(model, ["labels", "classes"], () => { drawFrame(); if (n) drawPair(); }),
      onTraits(model, ["teacher", "student", "kinds", "n", "low", "high", "kind", "remaining", "note", "images"], drawMatrices)];
    drawFrame();
    drawMatrices();
    return () => { offs.forEach((off) => off()); clearTimeout(drawPair.timer); };
  },
};
