// Several teachers, a weight each, and what they say together; all is computed here, from the teachers' logits.

const LEAST = 1e-4; // probability of a class that nobody votes for, as in the package
const MINI = { width: 176, height: 30 };

const COMBINED = { probabilities: "mean of probabilities", logits: "mean of logits", confidence: "by confidence", votes: "votes" };

function softmax(z, at, C) {
  let top = -Infinity;
  for (let c = 0; c < C; c++) top = Math.max(top, z[at + c]);
  const e = Array.from({ length: C }, (_, c) => Math.exp(z[at + c] - top));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

const topOf = (p) => p.indexOf(Math.max(...p));

/** What all say together of one picture: probabilities. `p[k]` are those of teacher k, `z[k]` its logits. */
function combined(p, z, weights, how) {
  const C = p[0].length;
  let share = weights.slice();
  if (how === "confidence") {
    share = share.map((w, k) => w * Math.max(1e-6, 1 + p[k].reduce((s, v) => s + (v > 0 ? v * Math.log(v) : 0), 0) / Math.log(C)));
  }
  const sum = share.reduce((a, b) => a + b, 0);
  if (!(sum > 0)) return new Array(C).fill(1 / C);
  const said = (k, c) => (how === "logits" ? z[k][c] : how === "votes" ? (topOf(p[k]) === c ? 1 : 0) + LEAST : p[k][c]);
  const mean = Array.from({ length: C }, (_, c) => share.reduce((s, w, k) => s + (w / sum) * said(k, c), 0));
  if (how === "logits") return softmax(mean, 0, C);
  const whole = mean.reduce((a, b) => a + b, 0);
  return mean.map((v) => v / whole);
}

/** Ten thin columns: what one teacher says. */
function miniBars(C) {
  const step = MINI.width / C;
  const bars = Array.from({ length: C }, (_, c) => svg("rect", { class: "kd-bar-teacher", x: c * step + 1.5, width: step - 3, rx: 1 }));
  const dot = svg("circle", { class: "kd-bar-dot", r: 3, cy: MINI.height + 5 });
  const el = svg("svg", { class: "kd-council-mini", width: MINI.width, height: MINI.height + 9, role: "img" },
    svg("line", { class: "kd-grid", x1: 0, x2: MINI.width, y1: MINI.height + 0.5, y2: MINI.height + 0.5 }), bars, dot);
  return { el, paint(p, label, text) {
    p.forEach((v, c) => { bars[c].setAttribute("height", (v * MINI.height).toFixed(2)); bars[c].setAttribute("y", (MINI.height - v * MINI.height).toFixed(2)); bars[c].dataset.value = v; });
    dot.setAttribute("cx", (label + 0.5) * step);
    el.setAttribute("aria-label", text);
  } };
}

export default {
  render({ model, el }) {
    const [classes, names, places, [high, wide]] = ["classes", "names", "places", "size"].map((name) => model.get(name));
    const [C, K] = [classes.length, names.length];
    const labels = bytesOf(model.get("labels"));
    const N = labels.length;
    const flat = floats(model.get("logits"));
    const z = (k, i) => Array.from(flat.subarray((k * N + i) * C, (k * N + i + 1) * C));
    const p = names.map((_, k) => Array.from({ length: N }, (_, i) => softmax(flat, (k * N + i) * C, C)));
    const images = bytesOf(model.get("images"));
    const share = (answers) => answers.filter((c, i) => c === labels[i]).length / N;
    const alone = p.map((of) => share(of.map(topOf)));

    const thumbs = places.map((place, k) => {
      const canvas = h("canvas", {});
      drawGrey(canvas, images, k * high * wide, high, wide);
      return h("button", { type: "button", class: "kd-thumb", "aria-label": `Picture ${k + 1}, ${classes[labels[place]]}`, onclick: () => write(model, { sample: k }) }, canvas);
    });
    const how = segments({ label: "What is averaged", onpick: (v) => write(model, { how: v }) });
    const rows = names.map((name, k) => {
      const weight = slider({ name: `weight ${k}`, label: `Weight of ${name}`, min: 0, max: 2, step: 0.1, slim: true, line: true, text: (v) => v.toFixed(1),
        oninput: (v) => write(model, { weights: model.get("weights").map((w, j) => (j === k ? v : w)) }) });
      const [mini, says] = [miniBars(C), h("span", { class: "kd-council-says" })];
      const row = h("div", { class: "kd-council-row", "data-teacher": name }, h("b", { class: "kd-teacher" }, name), weight.el, mini.el, says,
        h("span", { class: "kd-muted", title: `alone, on all ${N} pictures` }, percent(alone[k], 0)));
      weight.el.querySelector("label").classList.add("kd-hidden");
      return { weight, mini, says, row };
    });
    const bars = classes.map((name) => {
      const [bar, number] = [h("i", {}), h("span", {})];
      return { bar, number, head: h("span", { class: "kd-council-class" }, name), box: h("span", { class: "kd-council-bar" }, bar, number) };
    });
    const large = h("canvas", { role: "img", "aria-label": "The picture" });
    const truth = h("b", { class: "kd-labels" });
    const words = h("p", { class: "kd-council-words", "aria-live": "polite" });
    const score = h("b", { "data-name": "right" });
    const values = lazyDetails("Values", () => {
      const i = places[model.get("sample")];
      const all = combined(p.map((of) => of[i]), names.map((_, k) => z(k, i)), model.get("weights"), model.get("how"));
      return [dataTable("Probabilities", ["class", ...names, "together"], classes.map((name, c) => [name, ...p.map((of) => percent(of[i][c])), percent(all[c])]))];
    });
    viewRoot(model, el, "kd-council",
      h("div", { class: "kd-council-top" }, h("div", { class: "kd-thumbs", role: "group", "aria-label": "Pictures on which the teachers disagree" }, thumbs), h("div", {}, h("span", { class: "kd-muted" }, "together: "), how.el)),
      h("div", { class: "kd-council-main" },
        h("div", {}, h("div", { class: "kd-council-row kd-small" }, h("span", {}, "teacher"), h("span", {}, "its weight"), h("span", {}, "what it says, class by class"), h("span", {}), h("span", { title: `on all ${N} pictures` }, "alone")), rows.map((r) => r.row)),
        h("figure", {}, h("figcaption", { class: "kd-title" }, "All together"), h("div", { class: "kd-council-all", role: "img", "aria-label": "Bars of what all say together; the numbers are in the table of values" }, bars.flatMap((b) => [b.head, b.box])),
          h("div", { class: "kd-council-picture" }, large, h("span", {}, "label ", h("br", {}), truth)))),
      words, h("div", { class: "kd-foot" }, h("p", { class: "kd-note" }, "right on ", score, ` of ${N} pictures; `, h("span", { class: "kd-labels" }, "●"), " the label"), values.el));

    function draw() {
      const [sample, weights, way] = [model.get("sample"), model.get("weights"), model.get("how")];
      const i = places[sample];
      const label = labels[i];
      thumbs.forEach((button, k) => button.setAttribute("aria-pressed", String(k === sample)));
      drawGrey(large, images, sample * high * wide, high, wide);
      say(truth, classes[label]);
      how.draw(Object.entries(COMBINED).map(([value, text]) => ({ value, label: text })), way);
      rows.forEach(({ weight, mini, says, row }, k) => {
        const top = topOf(p[k][i]);
        const text = `${classes[top]} ${percent(p[k][i][top], 0)}`;
        weight.set(weights[k]);
        mini.paint(p[k][i], label, `${names[k]} says ${text}`);
        say(says, text, p[k][i][top]);
        says.classList.toggle("kd-labels", top === label);
        row.classList.toggle("kd-council-mute", !(weights[k] > 0));
      });
      const together = (j) => combined(p.map((of) => of[j]), names.map((_, k) => z(k, j)), weights, way);
      const now = together(i);
      bars.forEach(({ bar, number, head }, c) => {
        bar.style.width = `${100 * now[c]}%`;
        say(number, percent(now[c], 0), now[c]);
        head.classList.toggle("kd-council-label", c === label);
      });
      const right = share(Array.from({ length: N }, (_, j) => topOf(together(j))));
      say(score, percent(right, 0), right);
      const heard = weights.map((w, k) => [w, k]).filter(([w]) => w > 0).map(([, k]) => k);
      const agree = heard.filter((k) => topOf(p[k][i]) === label).length;
      const best = topOf(now);
      const text = heard.length ? `${agree} of the ${heard.length} teachers that count say ${classes[label]}, which is the label. Together they say ${classes[best]}${best === label ? "" : ", which is wrong"}.` : "Nobody counts: nothing is known.";
      if (words.textContent !== text) words.textContent = text;
      values.draw();
    }
    const off = onTraits(model, ["sample", "weights", "how"], draw);
    draw();
    return () => { off(); rows.forEach((r) => r.weight.end()); };
  },
};
