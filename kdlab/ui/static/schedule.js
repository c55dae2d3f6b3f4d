// The schedule editor: points of alpha and T over the run, dragged by pointer or moved by keys, and the recipe they make.

const KNOBS = {
  alpha: { text: "alpha", low: 0, high: 1, least: 0, unit: 0.01, key: 0.05, ticks: [0, 0.5, 1], shown: (v) => v.toFixed(2) },
  temperature: { text: "temperature T", low: 0, high: 10, least: 0.5, unit: 0.1, key: 0.5, ticks: [0, 2, 4, 6, 8, 10], shown: (v) => v.toFixed(1) },
};
const CHART = { height: 200, left: 44, right: 18, top: 12, bottom: 44 };
const GAP = 0.01; // of the run, between two points

/** The value at a share of the run: level before the first point and after the last, straight in between. */
function scheduled(points, share) {
  const after = points.findIndex(([s]) => s > share);
  if (after === 0) return points[0][1];
  if (after < 0) return points.at(-1)[1];
  const [[x0, y0], [x1, y1]] = [points[after - 1], points[after]];
  return y0 + ((y1 - y0) * (share - x0)) / (x1 - x0);
}

const inside = (v, low, high) => Math.min(high, Math.max(low, v));
const whole = (v) => (Number.isInteger(v) ? v.toFixed(1) : String(v)); // as Python writes it
const python = (points) => `[${points.map(([s, v]) => `[${whole(s)}, ${whole(v)}]`).join(", ")}]`;

export default {
  render({ model, el }) {
    const steps = model.get("steps");
    const presets = model.get("presets");
    const points = (knob) => model.get("schedule")[knob];
    const put = (knob, now) => write(model, { schedule: { ...model.get("schedule"), [knob]: now } });
    /** Move a point, as far as its neighbours and the chart let it. */
    function move(knob, i, share, value) {
      const { least, high, unit } = KNOBS[knob];
      const now = points(knob);
      const s = +inside(share, i ? now[i - 1][0] + GAP : 0, i + 1 < now.length ? now[i + 1][0] - GAP : 1).toFixed(2);
      put(knob, now.map((p, k) => (k === i ? [s, +inside(Math.round(value / unit) * unit, least, high).toFixed(2)] : p)));
    }
    /** A point in the middle of the widest gap, on the line. */
    function add(knob) {
      const all = points(knob);
      const ends = [[0], ...all, [1]].map(([s]) => s);
      const widest = ends.slice(1).map((s, k) => s - ends[k]).reduce((best, gap, k, gaps) => (gap > gaps[best] ? k : best), 0);
      const share = +((ends[widest] + ends[widest + 1]) / 2).toFixed(2);
      if (ends[widest + 1] - ends[widest] > 2 * GAP) put(knob, [...all, [share, +scheduled(all, share).toFixed(2)]].sort((a, b) => a[0] - b[0]));
    }
    const remove = (knob, i) => { if (points(knob).length > 1) put(knob, points(knob).filter((_, k) => k !== i)); };

    function chart(knob) {
      const { text, low, high, key, ticks, shown } = KNOBS[knob];
      const stage = h("div", { class: "kd-schedule-stage", "data-knob": knob });
      const [path, level, dot] = [svg("path", { class: "kd-share kd-now" }), svg("line", { class: "kd-schedule-here" }), svg("circle", { class: "kd-schedule-now", r: 4.5 })];
      const grips = svg("g", {});
      const drawing = svg("svg", { height: CHART.height, role: "group", "aria-label": `Points of ${text} over the run` });
      stage.append(drawing);
      let [sx, sy, back] = [];
      const few = h("button", { type: "button", "aria-label": `Remove the last point of ${text}`, onclick: () => remove(knob, points(knob).length - 1) }, "− point");
      const figure = h("figure", {}, h("figcaption", { class: "kd-schedule-head" }, h("b", {}, text),
        h("span", {}, h("button", { type: "button", "aria-label": `Add a point to ${text}`, onclick: () => add(knob) }, "+ point"), " ", few)), stage);

      function grab(event, i) {
        event.preventDefault();
        const grip = grips.children[i];
        grip.focus();
        grip.setPointerCapture?.(event.pointerId);
        const follow = (e) => move(knob, i, ...back(e));
        const end = () => { grip.removeEventListener("pointermove", follow); for (const t of ["pointerup", "pointercancel"]) grip.removeEventListener(t, end); };
        grip.addEventListener("pointermove", follow);
        for (const t of ["pointerup", "pointercancel"]) grip.addEventListener(t, end);
      }
      function keys(event, i) {
        const [s, v] = points(knob)[i];
        const by = { ArrowLeft: [-0.05, 0], ArrowRight: [0.05, 0], ArrowUp: [0, key], ArrowDown: [0, -key] }[event.key];
        if (!by && event.key !== "Delete" && event.key !== "Backspace") return;
        event.preventDefault();
        if (by) move(knob, i, s + by[0], v + by[1]);
        else remove(knob, i);
      }
      function frame(width) {
        const [left, right, top, bottom] = [CHART.left, width - CHART.right, CHART.top, CHART.height - CHART.bottom];
        sx = (s) => left + s * (right - left);
        sy = (v) => bottom - ((v - low) / (high - low)) * (bottom - top);
        back = (e) => { const box = drawing.getBoundingClientRect(); return [(e.clientX - box.left - left) / (right - left), low + ((bottom - (e.clientY - box.top)) / (bottom - top)) * (high - low)]; };
        drawing.setAttribute("width", width);
        for (const [name, at] of [["y1", top], ["y2", bottom]]) level.setAttribute(name, at);
        drawing.replaceChildren(
          ...ticks.flatMap((y) => [svg("line", { class: "kd-grid", x1: left, x2: right, y1: sy(y), y2: sy(y) }), svg("text", { x: left - 12, y: sy(y) + 4, "text-anchor": "end" }, y)]),
          ...[0, 0.25, 0.5, 0.75, 1].map((s) => svg("text", { x: sx(s), y: bottom + 22, "text-anchor": "middle" }, `${100 * s} %`)),
          svg("text", { x: (left + right) / 2, y: CHART.height - 4, "text-anchor": "middle" }, "share of the run"), level, path, dot, grips);
      }
      function draw(share) {
        const now = points(knob);
        const width = Math.max(240, stage.clientWidth || 380);
        if (+drawing.getAttribute("width") !== width) frame(width);
        while (grips.children.length > now.length) grips.lastChild.remove();
        while (grips.children.length < now.length) {
          const i = grips.children.length;
          grips.append(svg("circle", { class: "kd-schedule-grip", r: 7, tabindex: 0, role: "slider", "aria-orientation": "vertical", onpointerdown: (e) => grab(e, i), onkeydown: (e) => keys(e, i) }));
        }
        now.forEach(([s, v], i) => {
          const told = { cx: sx(s), cy: sy(Math.min(v, high)), "aria-label": `${text}, point ${i + 1} of ${now.length}`, "aria-valuemin": low, "aria-valuemax": high, "aria-valuenow": v, "aria-valuetext": `${shown(v)} at ${Math.round(100 * s)} % of the run`, "data-share": s };
          for (const [name, to] of Object.entries(told)) grips.children[i].setAttribute(name, to);
        });
        const line = [[0, now[0][1]], ...now, [1, now.at(-1)[1]]];
        path.setAttribute("d", line.map(([s, v], k) => `${k ? "L" : "M"}${sx(s).toFixed(1)} ${sy(v).toFixed(1)}`).join(""));
        for (const name of ["x1", "x2"]) level.setAttribute(name, sx(share));
        dot.setAttribute("cx", sx(share));
        dot.setAttribute("cy", sy(scheduled(now, share)));
        few.disabled = now.length < 2;
      }
      return { figure, stage, draw };
    }

    const charts = Object.fromEntries(Object.keys(KNOBS).map((knob) => [knob, chart(knob)]));
    const preset = segments({ label: "Examples", onpick: (name) => write(model, { schedule: presets[name] }) });
    const step = slider({ name: "step", label: "Step", min: 1, max: steps, step: 1, line: true, oninput: (v) => write(model, { step: v }) });
    const words = h("p", { class: "kd-schedule-words", "aria-live": "polite" });
    const code = h("pre", { class: "kd-schedule-code", tabindex: "0", role: "region", "aria-label": "The schedule as code" });
    const share = (k) => (k - 1) / (steps - 1);
    const now = (k) => Object.keys(KNOBS).map((knob) => scheduled(points(knob), share(k)));
    const values = lazyDetails("Values", () => [dataTable("Over the run", ["step", "alpha", "T"], Array.from({ length: 11 }, (_, i) => Math.round(1 + (i / 10) * (steps - 1)))
      .map((k) => [k, ...now(k).map((v, i) => (i ? v.toFixed(1) : v.toFixed(2)))]))]);
    viewRoot(model, el, "kd-schedule", h("div", { class: "kd-schedule-top" }, h("span", { class: "kd-muted" }, "examples: "), preset.el),
      h("div", { class: "kd-schedule-charts" }, Object.values(charts).map((c) => c.figure)), step.el, words, code,
      h("div", { class: "kd-foot" }, h("p", { class: "kd-note" }, "Drag the points. Or: Tab to one, arrows move it, Delete removes it."), values.el));

    function draw() {
      const k = inside(model.get("step"), 1, steps);
      const same = (a, b) => JSON.stringify(Object.keys(KNOBS).map((n) => a[n])) === JSON.stringify(Object.keys(KNOBS).map((n) => b[n]));
      preset.draw(Object.keys(presets).map((value) => ({ value })), Object.keys(presets).find((name) => same(presets[name], model.get("schedule"))) ?? "");
      for (const one of Object.values(charts)) one.draw(share(k));
      step.set(k);
      const [alpha, t] = now(k);
      words.dataset.alpha = alpha;
      words.dataset.temperature = t;
      say(words, `Step ${k} of ${steps} minimises ${(1 - alpha).toFixed(2)} · CE(labels) + ${alpha.toFixed(2)} · T² KL(teacher), at T = ${t.toFixed(1)}.`);
      say(code, `Recipe(schedule={\n    "alpha": ${python(points("alpha"))},\n    "temperature": ${python(points("temperature"))},\n})`);
      values.draw();
    }
    const off = onTraits(model, ["schedule", "step"], draw);
    const watch = new ResizeObserver(draw);
    watch.observe(charts.alpha.stage);
    draw();
    return () => { off(); watch.disconnect(); step.end(); };
  },
};
