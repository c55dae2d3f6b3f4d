// Soft targets of teacher and student at the T that is looked at: one sample, each class on average, all samples.

const PICKS = ["most disagreeing", "most confused pair", "teacher unsure", "in order"];
const RANK_AFTER = 200; // ms of rest before the thumbnails follow T
const RANK_AGAIN = 1000; // ms between two orders of the thumbnails while training

export default {
  render({ model, el }) {
    const get = (name) => model.get(name);
    const number = (name, who) => h("b", { "data-name": name, class: who && `kd-${who}` });
    const n = { label: number("label", "labels"), kl: number("kl"), teacherEntropy: number("teacher-entropy", "teacher"), studentEntropy: number("student-entropy", "student"),
      agreement: number("agreement"), soft: number("soft-agreement"), untrained: number("untrained-agreement"), teacherEce: number("teacher-ece", "teacher"), studentEce: number("student-ece", "student") };
    const two = (a, b) => [a, h("span", { class: "kd-both" }, " · "), b];
    const fact = (term, value, className = null) => h("div", { class: className }, h("dt", {}, term), h("dd", {}, value));

    const bars = softBars();
    const plot = reliabilityPlot();
    const matrices = { teacher: softMatrix("teacher"), student: softMatrix("student"), difference: softMatrix("difference") };
    const thumbs = thumbnails((i) => write(model, { sample: i }));
    const knob = slider({ ...T_RANGE, name: "view-temperature", label: "Temperature", oninput: (v) => model.set("temperature", v), oncommit: (v) => write(model, { temperature: v }),
      ends: h("div", { class: "kd-ends" }, h("span", {}, "0.5 sharp"), h("span", {}, "20 soft")) });
    const title = h("span", {}); // T, or what there is not yet
    const step = h("span", { class: "kd-muted" });
    const all = h("span", {});
    const pair = h("span", { class: "kd-muted kd-pair-names" });
    const picker = uid("pick");
    const pick = h("select", { id: picker, onchange: () => { write(model, { pick: pick.value }); rank(pick.value !== "in order"); } }, PICKS.map((p) => h("option", { value: p }, p)));
    const image = h("canvas", { class: "kd-soft-picture", role: "img" });
    const line = h("p", { class: "kd-soft-line", "data-name": "line" });
    const names = h("div", { class: "kd-soft-names", "aria-hidden": "true" });
    const help = uid("matrix");
    const stage = h("div", { class: "kd-soft-matrices", role: "group", tabindex: "0", "aria-label": "Mean soft target of each class: arrow keys read a cell", "aria-describedby": help },
      names, Object.values(matrices).map((m) => m.el));
    const diagonal = h("p", { class: "kd-small", id: help, "aria-live": "polite" });
    const values = lazyDetails("Values", valueTables);
    const key = (who) => h("span", { class: `kd-of-${who}` }, h("i", { class: `kd-key-${who}` }), h("span", { class: `kd-${who}` }, who));
    const legend = h("span", { class: "kd-legend" }, key("teacher"), key("student"));
    const root = viewRoot(model, el, "kd-soft", h("div", { class: "kd-soft-slider" }, knob.el),
      h("div", { class: "kd-soft-left" }, h("div", { class: "kd-title kd-soft-head" }, h("span", {}, "Soft targets ", title), legend), bars.el,
        h("div", { class: "kd-title kd-soft-mean" }, "Mean soft target per class ", h("span", { class: "kd-muted" }, "row: label")), stage, diagonal),
      h("div", { class: "kd-soft-right" },
        h("div", { class: "kd-title kd-soft-pick" }, h("label", { for: picker }, "Pick"), pick, pair), thumbs.el,
        line, h("div", { class: "kd-soft-one" }, image, h("dl", {}, fact("label", n.label), fact(h("span", { title: "KL(teacher ‖ student) at T" }, "KL(t ‖ s)"), [n.kl, " nats"], "kd-both"), fact("entropy", [two(n.teacherEntropy, n.studentEntropy), " nats"]))),
        h("div", { class: "kd-soft-all" }, h("div", { class: "kd-title" }, all, step),
          h("dl", {}, fact("agreement", n.agreement, "kd-both"), fact("soft agreement", n.soft, "kd-both"), fact("of an untrained student", n.untrained, "kd-both kd-untrained"),
            fact(h("span", {}, "calibration error ", h("small", {}, "T = 1")), two(n.teacherEce, n.studentEce))),
          h("div", { class: "kd-calibration" }, h("p", { class: "kd-small" }, "On the dashed line a network is right as often as it is sure."), plot.el)), values.el));

    let reading = null;
    let labels = new Uint8Array(0);
    let images = new Uint8Array(0);
    let cell = null; // [row, column] that is read
    let built = "";
    let ranked = 0;
    let timer = 0;
    const C = () => get("classes").length;
    const chosen = () => Math.min(Math.max(0, get("sample")), reading.n - 1);
    const className = (c) => get("classes")[c] ?? String(c);

    function load() {
      labels = bytesOf(get("labels"));
      images = bytesOf(get("images"));
      reading = softReading({ teacher: floats(get("teacher")), student: floats(get("student")), baseline: floats(get("baseline")) }, labels, C());
      root.classList.toggle("kd-alone", !reading.both);
      for (const who of ["teacher", "student"]) root.classList.toggle(`kd-no-${who}`, !reading[who].there);
      root.classList.toggle("kd-nothing", !reading.lead.there);
      root.classList.toggle("kd-no-untrained", !reading.baseline.there);
      root.classList.toggle("kd-words", get("lines").length > 0);
      built = "";
      if (!reading.lead.there) return say(title, "– none yet");
      plot.paint(reading.reliability);
      names.replaceChildren(...(C() <= SHOWN_CLASSES ? get("classes").map((name) => h("span", {}, name)) : []));
      paint();
      if (!ranked || get("sample") < 0) rank(get("sample") < 0);
      else rankSoon(Math.max(RANK_AFTER, ranked + RANK_AGAIN - performance.now()));
    }

    /** Everything that hangs on T or on the sample. */
    function paint() {
      if (!reading?.lead.there) return;
      const T = get("temperature");
      knob.set(T);
      reading.at(T);
      const i = chosen();
      const places = shownClasses(reading, i, labels[i]);
      const want = `${places} ${labels[i]} ${reading.whos} ${get("classes")}`;
      if (want !== built) bars.build(get("classes"), places, labels[i], reading.whos);
      built = want;
      bars.paint(reading, i);
      say(title, `at T = ${temperatureText(T)}`, T);
      say(n.label, className(labels[i]), labels[i]);
      for (const who of ["teacher", "student"]) {
        const there = reading[who].there;
        say(n[`${who}Entropy`], there ? reading[who].entropy[i].toFixed(2) : "", there ? reading[who].entropy[i] : "");
        say(n[`${who}Ece`], there ? percent(reading.reliability[who].ece) : "", there ? reading.reliability[who].ece : "");
      }
      if (reading.both) {
        say(n.kl, reading.kl[i].toFixed(3), reading.kl[i]);
        say(n.agreement, percent(reading.agreement), reading.agreement);
        say(n.soft, percent(reading.softAgreement), reading.softAgreement);
        if (reading.baseline.there) say(n.untrained, percent(reading.untrainedAgreement), reading.untrainedAgreement);
      }
      paintMatrices();
      rest();
    }

    const difference = () => reading.teacher.mean.map((t, k) => t - reading.student.mean[k]);
    function paintMatrices() {
      const size = C();
      const off = (array) => { let most = 0; for (let k = 0; k < array.length; k++) if (k % (size + 1)) most = Math.max(most, Math.abs(array[k]) || 0); return most || 1e-12; };
      const reach = Math.max(...reading.whos.map((who) => off(reading[who].mean)));
      for (const who of reading.whos) matrices[who].paint(reading[who].mean, size, reach);
      if (reading.both) {
        const d = difference();
        matrices.difference.paint(d, size, off(d));
      }
      readCell();
    }

    /** The line beneath the matrices: the cell that is read, else the diagonal that is left out. */
    function readCell() {
      const size = C();
      if (cell && (cell[0] >= size || cell[1] >= size)) cell = null;
      for (const m of Object.values(matrices)) m.cell(cell?.[0], cell?.[1], size);
      const k = cell ? cell[0] * size + cell[1] : -1;
      const range = (mean) => { const d = Array.from({ length: size }, (_, c) => 100 * mean[c * (size + 1)]).filter((v) => v === v); return d.length ? `${Math.min(...d).toFixed(0)} – ${Math.max(...d).toFixed(0)} %` : "–"; };
      const of = (who) => { const v = k < 0 ? range(reading[who].mean) : percent(reading[who].mean[k]); return h("span", { class: `kd-${who}`, "data-name": k < 0 ? "diagonal" : "cell", "data-who": who, "data-value": k < 0 ? null : reading[who].mean[k] }, `${who} ${v}`); };
      diagonal.replaceChildren(cell ? `${className(cell[0])}, said to be ${className(cell[1])}: ` : "Diagonal left out: ", ...reading.whos.flatMap((who, place) => [place ? ", " : "", of(who)]));
    }

    /** What may wait until the hand rests: descriptions, tables, the order of the thumbnails. The first time nothing waits. */
    function rest() {
      clearTimeout(rest.timer);
      if (rest.timer === undefined) describe();
      rest.timer = setTimeout(describe, 120);
    }

    function describe() {
      const i = chosen();
      const size = C();
      const said = shownClasses(reading, i, labels[i]).map((c) => `${className(c)} ${reading.whos.map((who) => Math.round(100 * reading[who].p[i * size + c])).join(" and ")}`);
      bars.el.setAttribute("aria-label", `Soft targets in percent of ${reading.both ? "teacher and student" : `the ${reading.whos[0]}`} at T = ${temperatureText(get("temperature"))}: ${said.join(", ")}`);
      for (const [who, m] of Object.entries(matrices)) m.canvas.setAttribute("aria-label", `Mean soft target of each class, ${who}; the numbers are in the table of values`);
      values.draw();
    }

    function rankSoon(after) { clearTimeout(timer); timer = setTimeout(rank, after, false); }
    /** Order the samples anew; a pick by hand goes to its first one, T and training leave the sample as it is. */
    function rank(go) {
      clearTimeout(timer);
      if (!reading?.lead.there) return;
      ranked = performance.now();
      const order = reading.order(get("pick"));
      if (go) write(model, { sample: order[0] });
      const at = order.indexOf(chosen());
      thumbs.order(order, get("pick") === "in order" ? at - (at % 8) : 0);
      const [a, b] = get("pick") === "most confused pair" ? reading.confused().map(className) : [];
      say(pair, a ? `${a} / ${b}` : "");
      paintSample();
    }

    function paintSample() {
      if (!reading?.lead.there) return;
      const i = chosen();
      const [height, width] = [get("height"), get("width")];
      const size = height * width;
      pick.value = get("pick");
      image.hidden = !size || images.length < (i + 1) * size;
      if (!image.hidden) drawGrey(image, images, i * size, height, width);
      image.setAttribute("aria-label", `Sample ${i}: ${className(labels[i])}`);
      image.dataset.sample = i;
      say(line, get("lines")[i] ?? "");
      thumbs.draw(i, { images, height, width, name: (k) => className(labels[k]), line: (k) => get("lines")[k] ?? "" });
    }

    function valueTables() {
      const size = C();
      const show = (net) => (c) => (100 * net[c]).toFixed(2);
      const i = chosen();
      const one = dataTable(`Sample ${i}, ${className(labels[i])}: soft targets, %`, ["", ...reading.whos],
        get("classes").map((name, c) => [name, ...reading.whos.map((who) => show(reading[who].p)(i * size + c))]));
      return [one, ...reading.whos.map((who) => dataTable(`${who}: mean soft target per class, % (row: label)`, ["", ...get("classes")],
        get("classes").map((name, r) => [name, ...get("classes").map((_, c) => show(reading[who].mean)(r * size + c))])))];
    }

    for (const m of Object.values(matrices)) m.box.addEventListener("pointermove", (e) => {
      const r = m.box.getBoundingClientRect();
      cell = [Math.floor(((e.clientY - r.top) / r.height) * C()), Math.floor(((e.clientX - r.left) / r.width) * C())].map((v) => Math.min(C() - 1, Math.max(0, v)));
      readCell();
    });
    stage.addEventListener("pointerleave", () => { if (!stage.matches(":focus")) { cell = null; readCell(); } });
    stage.addEventListener("blur", () => { cell = null; readCell(); });
    stage.addEventListener("keydown", (e) => {
      const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key];
      if (!by || !reading) return;
      e.preventDefault();
      cell = cell ? cell.map((v, k) => Math.min(C() - 1, Math.max(0, v + by[k]))) : [0, 1];
      readCell();
    });

    const frame = () => { root.classList.toggle("kd-with-slider", get("slider")); say(step, get("step") ? ` · step ${get("step").toLocaleString("en")}` : "", get("step")); say(all, `All ${labels.length.toLocaleString("en")} samples`); };
    const offs = [
      onTraits(model, ["classes", "teacher", "student", "baseline", "labels", "images", "lines", "height", "width"], () => { load(); frame(); }),
      onTraits(model, ["temperature"], () => { paint(); rankSoon(RANK_AFTER); }),
      onTraits(model, ["sample"], () => { paint(); paintSample(); }), onTraits(model, ["pick"], () => rank(false)), onTraits(model, ["slider", "step"], frame)];
    load();
    frame();
    return () => { offs.forEach((off) => off()); clearTimeout(timer); clearTimeout(rest.timer); knob.end(); };
  },
};
