// A network while it learns: cross-entropy over epochs with one epoch marked, and its reliability there at T.

const T_OF_CERTAINTY = { min: 0.5, max: 5, log: true, text: temperatureText };

/** Of all pictures at one epoch and one T: confidence, whether right, and the cross-entropy. */
function judged(z, start, N, C, labels, T) {
  const found = { sure: new Float64Array(N), right: new Uint8Array(N), loss: 0 };
  for (let i = 0; i < N; i++) {
    const at = start + i * C;
    let top = 0;
    for (let c = 1; c < C; c++) if (z[at + c] > z[at + top]) top = c;
    let sum = 0;
    for (let c = 0; c < C; c++) sum += Math.exp((z[at + c] - z[at + top]) / T);
    found.sure[i] = 1 / sum;
    found.right[i] = top === labels[i];
    found.loss += (Math.log(sum) - (z[at + labels[i]] - z[at + top]) / T) / N;
  }
  return found;
}

/** Equally wide bins: count, mean confidence, accuracy; and the mean gap weighted by count. */
function binned({ sure, right }, bins) {
  const rows = Array.from({ length: bins }, () => ({ n: 0, sure: 0, hit: 0 }));
  sure.forEach((p, i) => { const r = rows[Math.min(bins - 1, Math.floor(p * bins))]; r.n++; r.sure += p; r.hit += right[i]; });
  for (const r of rows) if (r.n) { r.sure /= r.n; r.hit /= r.n; }
  return { rows, ece: rows.reduce((s, r) => s + (r.n / sure.length) * Math.abs(r.sure - r.hit), 0) };
}

export default {
  render({ model, el }) {
    const [epochs, training, bins] = ["epochs", "training", "bins"].map((name) => model.get(name));
    const labels = bytesOf(model.get("labels"));
    const z = floats(model.get("logits"));
    const N = labels.length;
    const C = z.length / N / epochs.length;
    const judge = (place, T) => judged(z, place * N * C, N, C, labels, T);
    const validation = epochs.map((_, place) => judge(place, 1).loss);
    const nearest = (epoch) => epochs.reduce((best, e, k) => (Math.abs(e - epoch) < Math.abs(epochs[best] - epoch) ? k : best), 0);

    const epoch = slider({ name: "epoch", label: "Epochs of training", min: epochs[0], max: epochs[epochs.length - 1], step: 1, text: String, oninput: (v) => write(model, { place: nearest(v) }) });
    const heat = slider({ name: "temperature", label: "Temperature T", ...T_OF_CERTAINTY, oninput: (v) => write(model, { temperature: v }) });
    const fit = h("button", { type: "button", title: "the T with the lowest cross-entropy on these pictures", onclick: () => {
      let [a, b] = [Math.log(T_OF_CERTAINTY.min), Math.log(T_OF_CERTAINTY.max)];
      for (let k = 0; k < 40; k++) {
        const [c, d] = [a + 0.382 * (b - a), b - 0.382 * (b - a)];
        const loss = (t) => judge(model.get("place"), Math.exp(t)).loss;
        if (loss(c) < loss(d)) b = d; else a = c;
      }
      write(model, { temperature: rounded(Math.exp((a + b) / 2), 2) });
    } }, "Fit T");
    const [curves, diagram] = [h("div", { class: "kd-certainty-stage" }), h("div", { class: "kd-certainty-stage" })];
    const words = h("p", { class: "kd-certainty-words", "aria-live": "polite" });
    const numbers = ["right", "sure", "error", "loss"].map((name) => h("b", { "data-name": name }));
    const values = lazyDetails("Values", () => {
      const { rows } = binned(judge(model.get("place"), model.get("temperature")), bins);
      return [dataTable("Bins of confidence", ["confidence", "pictures", "how sure", "how often right"],
        rows.map((r, k) => [`${percent(k / bins, 0)} to ${percent((k + 1) / bins, 0)}`, r.n, r.n ? percent(r.sure) : "–", r.n ? percent(r.hit) : "–"]))];
    });
    viewRoot(model, el, "kd-certainty", h("div", { class: "kd-certainty-head" }, epoch.el, heat.el, fit),
      h("div", { class: "kd-certainty-main" },
        h("figure", {}, h("figcaption", { class: "kd-title" }, "Learning: cross-entropy at T = 1 (nats)"), curves),
        h("figure", {}, h("figcaption", { class: "kd-title" }, "How often right (%) against how sure (%)"), diagram)),
      words, h("div", { class: "kd-foot" }, h("p", { class: "kd-note" }, "right ", numbers[0], " · sure ", numbers[1], " · expected calibration error ", numbers[2], " · cross-entropy ", numbers[3]), values.el));

    const picture = (stage, width, height, text, parts) => stage.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": text }, parts));
    function drawCurves(place) {
      const [width, height] = [Math.max(280, curves.clientWidth || 380), 250];
      const [left, right, top, bottom] = [36, width - 10, 12, height - 34];
      const high = Math.max(...training, ...validation) * 1.05;
      const sx = (e) => left + ((e - epochs[0]) / Math.max(1, epochs[epochs.length - 1] - epochs[0])) * (right - left);
      const sy = (v) => bottom - (v / high) * (bottom - top);
      const path = (ys) => ys.map((v, k) => `${k ? "L" : "M"}${tenth(sx(epochs[k]))} ${tenth(sy(v))}`).join("");
      const parts = niceTicks(0, high, 5).flatMap((t) => [svg("line", { class: "kd-grid", x1: left, x2: right, y1: sy(t), y2: sy(t) }), svg("text", { x: left - 5, y: sy(t) + 4, "text-anchor": "end" }, +t.toFixed(2))]);
      for (const e of niceTicks(epochs[0], epochs[epochs.length - 1], 6)) parts.push(svg("text", { x: sx(e), y: bottom + 15, "text-anchor": "middle" }, e));
      parts.push(svg("text", { x: (left + right) / 2, y: height - 4, "text-anchor": "middle" }, "epochs"),
        svg("path", { class: "kd-certainty-line kd-role-labels", "stroke-dasharray": "6 3", d: path(training) }), svg("path", { class: "kd-certainty-line kd-role-teacher", d: path(validation) }),
        svg("line", { class: "kd-certainty-at", x1: sx(epochs[place]), x2: sx(epochs[place]), y1: top, y2: bottom }),
        svg("circle", { class: "kd-role-teacher kd-certainty-dot", cx: sx(epochs[place]), cy: sy(validation[place]), r: 4.5 }));
      const last = epochs.length - 1;
      parts.push(svg("text", { class: "kd-certainty-name kd-role-teacher", x: right, y: sy(validation[last]) - 8, "text-anchor": "end" }, "validation pictures"),
        svg("text", { class: "kd-certainty-name kd-role-labels", x: right, y: Math.min(bottom - 4, sy(training[last]) + 16), "text-anchor": "end" }, "training pictures"));
      picture(curves, width, height, `Cross-entropy over epochs; at epoch ${epochs[place]} ${training[place].toFixed(2)} on training and ${validation[place].toFixed(2)} on validation pictures`, parts);
    }
    function drawDiagram({ rows, ece }) {
      const [width, height] = [Math.max(260, diagram.clientWidth || 340), 250];
      const [left, right, top, bottom] = [34, width - 10, 12, height - 46];
      const sx = (v) => left + v * (right - left);
      const sy = (v) => bottom - v * (bottom - top);
      const most = Math.max(...rows.map((r) => r.n));
      const parts = [0, 0.25, 0.5, 0.75, 1].flatMap((t) => [svg("line", { class: "kd-grid", x1: left, x2: right, y1: sy(t), y2: sy(t) }), svg("text", { x: left - 5, y: sy(t) + 4, "text-anchor": "end" }, 100 * t), svg("text", { x: sx(t), y: bottom + 27, "text-anchor": "middle" }, 100 * t)]);
      rows.forEach((r, k) => {
        if (!r.n) return;
        const [x, w] = [sx(k / bins) + 1, (right - left) / bins - 2];
        parts.push(svg("rect", { class: "kd-certainty-hit", x, width: w, y: sy(r.hit), height: bottom - sy(r.hit) }),
          svg("rect", { class: "kd-certainty-gap", x, width: w, y: sy(Math.max(r.hit, r.sure)), height: Math.max(1, Math.abs(sy(r.hit) - sy(r.sure))) }),
          svg("rect", { class: "kd-certainty-many", x, width: w, y: bottom + 3, height: Math.max(1, 12 * (r.n / most)) }));
      });
      parts.push(svg("line", { class: "kd-certainty-at", x1: sx(0), y1: sy(0), x2: sx(1), y2: sy(1) }), svg("text", { x: (left + right) / 2, y: height - 4, "text-anchor": "middle" }, "how sure (%); grey: how many pictures"));
      picture(diagram, width, height, `Reliability diagram, expected calibration error ${percent(ece)}; the numbers are in the table of values`, parts);
    }
    function draw() {
      const [place, T] = [model.get("place"), model.get("temperature")];
      const now = judge(place, T);
      const all = binned(now, bins);
      const mean = (a) => a.reduce((s, v) => s + v, 0) / N;
      const [right, sure] = [mean(now.right), mean(now.sure)];
      if (!epoch.busy() || nearest(epoch.value()) !== place) epoch.set(epochs[place]);
      heat.set(T);
      drawCurves(place);
      drawDiagram(all);
      [[percent(right), right], [percent(sure), sure], [percent(all.ece), all.ece], [now.loss.toFixed(3), now.loss]].forEach(([text, v], k) => say(numbers[k], text, v));
      const gap = sure - right;
      say(words, `At epoch ${epochs[place]}, at T = ${temperatureText(T)}, the network ${Math.abs(gap) < 0.015 ? "is about as sure as it is right" : gap > 0 ? "is too sure: it overrates itself" : "is not sure enough: it underrates itself"}.`);
      values.draw();
    }
    const off = onTraits(model, ["place", "temperature"], draw);
    const watch = new ResizeObserver(draw);
    watch.observe(curves);
    draw();
    return () => { off(); watch.disconnect(); epoch.end(); heat.end(); };
  },
};
