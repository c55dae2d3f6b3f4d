// A soft target, what is handed over of it, and how many bits that is; all is computed here, from the teacher's logits.

const DECIMALS = { exact: null, percents: 2, tenths: 1 };
const FLOAT_BITS = 32;
const CURVE = { width: 356, height: 236, left: 40, right: 14, top: 12, bottom: 42 };

/** What is told of probabilities that stand in falling order: the first `keep`, rounded; as in the package. */
function toldOf(sorted, keep, decimals, rest) {
  const C = sorted.length;
  const kept = sorted.slice(0, keep).reduce((a, b) => a + b, 0);
  const even = keep < C ? Math.max(0, 1 - kept) / (C - keep) : 0;
  const told = Array.from(sorted, (v, c) => (c < keep ? (rest === "even" ? v : v / kept) : rest === "even" ? even : 0));
  if (decimals === null) return told;
  const whole = told.map((v) => Math.round(v * 10 ** decimals));
  if (!whole.some((v) => v > 0)) whole[told.indexOf(Math.max(...told))] = 1;
  const sum = whole.reduce((a, b) => a + b, 0);
  return whole.map((v) => v / sum);
}

const bitsOf = (p) => p.reduce((s, v) => (v > 0 ? s - v * Math.log2(v) : s), 0);

/** Bits to write one target down: names of classes, and numbers. */
function roomFor(C, keep, decimals, rest) {
  const number = decimals === null ? FLOAT_BITS : Math.log2(10 ** decimals + 1);
  return keep === C ? (C - 1) * number : keep * Math.log2(C) + (keep - (rest === "dropped" ? 1 : 0)) * number;
}

export default {
  render({ model, el }) {
    const [classes, places, [high, wide]] = ["classes", "places", "size"].map((name) => model.get(name));
    const C = classes.length;
    const flat = floats(model.get("logits"));
    const N = flat.length / C;
    const labels = bytesOf(model.get("labels"));
    const images = bytesOf(model.get("images"));
    // the order of the classes is the same at every T
    const order = Array.from({ length: N }, (_, i) => Array.from({ length: C }, (_, c) => c).sort((a, b) => flat[i * C + b] - flat[i * C + a]));
    function soft(i, T) {
      const e = order[i].map((c) => Math.exp((flat[i * C + c] - flat[i * C + order[i][0]]) / T));
      const sum = e.reduce((a, b) => a + b, 0);
      return e.map((v) => v / sum);
    }
    const backTo = (i, sorted) => { const p = new Array(C); order[i].forEach((c, k) => { p[c] = sorted[k]; }); return p; };

    const thumbs = places.map((_, k) => {
      const canvas = h("canvas", {});
      drawGrey(canvas, images, k * high * wide, high, wide);
      return h("button", { type: "button", class: "kd-thumb", "aria-label": `Picture ${k + 1}, ${classes[labels[k]]}`, onclick: () => write(model, { sample: k }) }, canvas);
    });
    const heat = slider({ name: "temperature", label: "Temperature T", ...T_RANGE, oninput: (v) => write(model, { temperature: v }) });
    const keep = slider({ name: "keep", label: "Classes told", min: 1, max: C, step: 1, text: String, oninput: (v) => write(model, { keep: Math.round(v) }) });
    const rest = segments({ label: "The other classes", onpick: (v) => write(model, { rest: v }) });
    const digits = segments({ label: "Numbers", onpick: (v) => write(model, { digits: v }) });
    const bars = classes.map((name) => {
      const [lost, bar, frame, number] = [h("s", {}), h("i", {}), h("u", {}), h("span", {})];
      return { lost, bar, frame, number, head: h("span", { class: "kd-council-class" }, name), box: h("span", { class: "kd-handover-bar" }, h("span", { class: "kd-handover-track" }, lost, bar, frame), number) };
    });
    const large = h("canvas", { role: "img", "aria-label": "The picture" });
    const truth = h("b", { class: "kd-labels" });
    const curve = h("div", {});
    const [told, full, moved, room] = ["told", "full", "misplaced", "room"].map((name) => h("b", { "data-name": name }));
    const words = h("p", { class: "kd-council-words", "aria-live": "polite" });
    const values = lazyDetails("Values", () => {
      const [i, T] = [places[model.get("sample")], model.get("temperature")];
      const p = soft(i, T);
      const [all, some] = [backTo(i, p), backTo(i, toldOf(p, model.get("keep"), DECIMALS[model.get("digits")], model.get("rest")))];
      return [dataTable("Probabilities of this picture", ["class", "full", "told"], classes.map((name, c) => [name, percent(all[c]), percent(some[c])]))];
    });
    const item = (text, ...nodes) => h("div", {}, h("dt", {}, text), h("dd", {}, nodes));
    viewRoot(model, el, "kd-handover",
      h("div", { class: "kd-thumbs", role: "group", "aria-label": "Pictures of which the teacher is unsure" }, thumbs),
      h("div", { class: "kd-handover-controls" }, heat.el, keep.el, h("div", {}, h("span", { class: "kd-muted" }, "the others"), rest.el), h("div", {}, h("span", { class: "kd-muted" }, "numbers"), digits.el)),
      h("div", { class: "kd-handover-main" },
        h("figure", {}, h("figcaption", { class: "kd-title" }, "One soft target", h("span", { class: "kd-muted" }, " framed: full; filled: told; striped: lost")),
          h("div", { class: "kd-handover-one" }, h("div", { class: "kd-handover-picture" }, large, truth),
            h("div", { class: "kd-council-all", role: "img", "aria-label": "Bars of the full target and of what is told; the numbers are in the table of values" }, bars.flatMap((b) => [b.head, b.box])))),
        h("figure", {}, h("figcaption", { class: "kd-title" }, "Doubt that is told", h("span", { class: "kd-muted" }, ` mean of ${N} pictures`)), curve)),
      h("dl", { class: "kd-duel-numbers" }, item("doubt told (bits)", told), item("doubt of the full target (bits)", full), item("probability in the wrong place", moved), item("to write it down, at most (bits)", room)),
      words, h("div", { class: "kd-foot" }, values.el));

    function drawCurve(line, at, goal) {
      const { width, height, left, right, top, bottom } = CURVE;
      const most = Math.log2(C);
      const sx = (k) => left + ((k - 1) / Math.max(1, C - 1)) * (width - left - right);
      const sy = (v) => height - bottom - (Math.min(v, most) / most) * (height - top - bottom);
      const ticks = Array.from({ length: Math.floor(most) + 1 }, (_, k) => k);
      curve.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Mean bits of doubt against classes that are told: ${line.map((v, k) => `${k + 1}: ${v.toFixed(2)}`).join(", ")}; full ${goal.toFixed(2)}` },
        ticks.flatMap((t) => [svg("line", { class: "kd-grid", x1: left, x2: width - right, y1: sy(t), y2: sy(t) }), svg("text", { class: "kd-tick", x: left - 5, y: sy(t) + 4, "text-anchor": "end" }, t)]),
        line.map((_, k) => svg("text", { class: "kd-tick", x: sx(k + 1), y: height - bottom + 15, "text-anchor": "middle" }, k + 1)),
        svg("text", { class: "kd-tick", x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, "classes that are told"),
        svg("text", { class: "kd-tick", transform: `translate(11 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, "bits per target"),
        svg("line", { class: "kd-handover-full", x1: left, x2: width - right, y1: sy(goal), y2: sy(goal) }),
        svg("text", { class: "kd-tick", x: width - right, y: sy(goal) - 6, "text-anchor": "end" }, `full ${goal.toFixed(2)}`),
        svg("path", { class: "kd-handover-line", d: line.map((v, k) => `${k ? "L" : "M"}${sx(k + 1).toFixed(1)} ${sy(v).toFixed(1)}`).join("") }),
        line.map((v, k) => svg("circle", { class: "kd-dot-teacher", cx: sx(k + 1), cy: sy(v), r: k + 1 === at ? 6.5 : 2.8 }))));
    }
    function draw() {
      const [sample, T, k, way, rounding] = ["sample", "temperature", "keep", "rest", "digits"].map((name) => model.get(name));
      const decimals = DECIMALS[rounding];
      const all = order.map((_, i) => soft(i, T));
      const mean = (f) => all.reduce((s, p) => s + f(p), 0) / N;
      const line = Array.from({ length: C }, (_, j) => mean((p) => bitsOf(toldOf(p, j + 1, decimals, way))));
      const goal = mean(bitsOf);
      const wrong = mean((p) => toldOf(p, k, decimals, way).reduce((s, v, c) => s + Math.abs(v - p[c]), 0) / 2);
      const i = places[sample];
      const [whole, some] = [backTo(i, all[i]), backTo(i, toldOf(all[i], k, decimals, way))];
      thumbs.forEach((button, j) => button.setAttribute("aria-pressed", String(j === sample)));
      drawGrey(large, images, sample * high * wide, high, wide);
      say(truth, classes[labels[sample]]);
      heat.set(T);
      keep.set(k);
      rest.draw([{ value: "dropped", label: "dropped" }, { value: "even", label: "spread evenly" }], way);
      digits.draw(Object.keys(DECIMALS).map((value) => ({ value, label: value })), rounding);
      bars.forEach(({ lost, bar, frame, number, head }, c) => {
        bar.style.width = `${100 * some[c]}%`;
        frame.style.width = lost.style.width = `${100 * whole[c]}%`;
        say(number, percent(some[c], 0), some[c]);
        head.classList.toggle("kd-council-label", c === labels[sample]);
      });
      drawCurve(line, k, goal);
      say(told, line[k - 1].toFixed(2), line[k - 1]);
      say(full, goal.toFixed(2), goal);
      say(moved, percent(wrong), wrong);
      const space = roomFor(C, k, decimals, way);
      say(room, space.toFixed(1), space);
      const gap = line[k - 1] - goal;
      const text = line[k - 1] < 1e-9 ? "A hard label: no doubt is told at all." : wrong < 0.02 ? "Nearly all of the teacher's doubt is told." : gap < 0 ? `${percent(-gap / goal, 0)} of the teacher's doubt is not told.` : "More doubt than the teacher has: part of what is told is invented.";
      if (words.textContent !== text) words.textContent = text;
      values.draw();
    }
    const off = onTraits(model, ["sample", "temperature", "keep", "rest", "digits"], draw);
    draw();
    return () => { off(); heat.end(); keep.end(); };
  },
};
