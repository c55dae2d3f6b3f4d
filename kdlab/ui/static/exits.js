// A network with exits: moments of a training, and leaving early once an exit is sure enough; all worked out here.

/** Of one moment: accuracy of each exit, and for a threshold the shares that leave, the accuracy and the mean cost. */
function exitReading(codes, inputs, exits, moment) {
  const at = (exit, i) => codes[(moment * exits + exit) * inputs + i];
  const accuracies = Array.from({ length: exits }, (_, e) => { let n = 0; for (let i = 0; i < inputs; i++) n += at(e, i) >= 128; return n / inputs; });
  function leave(threshold, macs) {
    const shares = Array(exits).fill(0);
    let right = 0;
    for (let i = 0; i < inputs; i++) {
      let e = 0;
      while (e < exits - 1 && (at(e, i) % 128) / 127 < threshold) e++;
      shares[e] += 1 / inputs;
      right += at(e, i) >= 128;
    }
    return { shares, accuracy: right / inputs, macs: shares.reduce((sum, share, e) => sum + share * macs[e], 0) };
  }
  return { accuracies, leave };
}

const GRID = Array.from({ length: 41 }, (_, k) => k / 40);
const thousands = (v) => `${Math.round(v / 1000)}`;

function exitChart(names, macs, reading, now, width, height) {
  const [left, right, top, bottom] = [48, width - 16, 14, height - 36];
  const way = GRID.map((t) => reading.leave(t, macs));
  const all = [...reading.accuracies, ...way.map((w) => w.accuracy)];
  const low = Math.floor(10 * Math.min(...all) - 0.2) / 10;
  const high = Math.min(1, Math.ceil(10 * Math.max(...all) + 0.1) / 10);
  const sx = (v) => left + (v / (1.12 * macs.at(-1))) * (right - left);
  const sy = (v) => bottom - ((v - low) / (high - low)) * (bottom - top);
  const ticks = Array.from({ length: Math.round((high - low) * 10) + 1 }, (_, k) => low + k / 10);
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `Accuracy against cost: ${names.map((n, e) => `${n} ${percent(reading.accuracies[e], 0)} at ${thousands(macs[e])} thousand`).join(", ")}; leaving when sure ${percent(now.accuracy, 0)} at ${thousands(now.macs)} thousand` },
    ticks.map((t) => [svg("line", { class: "kd-grid", x1: left, x2: right, y1: sy(t), y2: sy(t) }), svg("text", { x: left - 5, y: sy(t) + 4, "text-anchor": "end" }, `${Math.round(100 * t)} %`)]),
    [0, 0.25, 0.5, 0.75, 1].map((t) => svg("text", { x: sx(t * macs.at(-1)), y: bottom + 15, "text-anchor": "middle" }, thousands(t * macs.at(-1)))),
    svg("text", { x: (left + right) / 2, y: height - 4, "text-anchor": "middle" }, "multiply–adds (thousands)"),
    svg("path", { class: "kd-exit-way", d: way.map((w, k) => `${k ? "L" : "M"}${sx(w.macs).toFixed(1)} ${sy(w.accuracy).toFixed(1)}`).join("") }),
    names.map((n, e) => [svg("circle", { class: "kd-exit-dot", cx: sx(macs[e]), cy: sy(reading.accuracies[e]), r: 6 }),
      svg("text", { x: sx(macs[e]) + (e === names.length - 1 ? -9 : 9), y: sy(reading.accuracies[e]) + 15, "text-anchor": e === names.length - 1 ? "end" : "start" }, n)]),
    svg("path", { class: "kd-exit-now", d: `M${sx(now.macs)} ${sy(now.accuracy) - 7}l7 7l-7 7l-7 -7Z` }));
}

export default {
  render({ model, el }) {
    const [names, macs, moments, inputs] = ["names", "macs", "moments", "inputs"].map((t) => model.get(t));
    const raw = model.get("codes");
    const codes = new Uint8Array(raw.buffer ?? raw, raw.byteOffset ?? 0, raw.byteLength);
    const pick = segments({ label: "Moment of the training", onpick: (v) => write(model, { moment: +v }) });
    const threshold = slider({ name: "threshold", label: "Leave when the top class has", min: 0, max: 1, step: 0.01, text: (v) => v.toFixed(2), oninput: (v) => write(model, { threshold: v }) });
    const cells = names.map((n) => ({ right: h("td", { "data-name": `${n} right` }), leave: h("td", { "data-name": `${n} leave` }), bar: h("i", {}) }));
    const table = h("table", { class: "kd-exit-table" }, h("caption", { class: "kd-hidden" }, "Exits"),
      h("thead", {}, h("tr", {}, h("td"), ["cost (thousands)", "right, asked for all", "inputs that leave here"].map((t) => h("th", { scope: "col" }, t)), h("td"))),
      h("tbody", {}, names.map((n, e) => h("tr", {}, h("th", { scope: "row" }, n), h("td", {}, thousands(macs[e])), cells[e].right, cells[e].leave, h("td", { class: "kd-exit-bar" }, cells[e].bar)))));
    const words = h("p", { class: "kd-exit-words", "aria-live": "polite" });
    const chart = h("div", { class: "kd-exit-chart" });
    viewRoot(model, el, "kd-exits", h("div", { class: "kd-row" }, h("span", { class: "kd-muted" }, "after"), pick.el), threshold.el, words, h("div", { class: "kd-exit-both" }, chart, table));

    function draw() {
      const [moment, limit] = [model.get("moment"), model.get("threshold")];
      const reading = exitReading(codes, inputs, names.length, moment);
      const now = reading.leave(limit, macs);
      pick.draw(moments.map((m, i) => ({ value: i, label: m })), moment);
      threshold.set(limit);
      cells.forEach((cell, e) => {
        say(cell.right, percent(reading.accuracies[e]), reading.accuracies[e]);
        say(cell.leave, percent(now.shares[e], 0), now.shares[e]);
        cell.bar.style.width = `${100 * now.shares[e]}%`;
      });
      say(words, `${percent(now.accuracy)} right at ${percent(now.macs / macs.at(-1), 0)} of the whole cost; the last exit alone: ${percent(reading.accuracies.at(-1))}.`);
      chart.replaceChildren(exitChart(names, macs, reading, now, 400, 250));
    }
    const off = onTraits(model, ["moment", "threshold"], draw);
    draw();
    return () => { off(); threshold.end(); };
  },
};
