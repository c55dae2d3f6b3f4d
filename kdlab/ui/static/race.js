// A race of students, played from what was measured: lanes at one step, and the curves up to it.

const PLAY_EVERY = 450; // ms from one measured step to the next
const STROKES = ["none", "7 4", "1.5 3.5", "9 3 2 3"];

/** Names and values at a place, the most accurate first. */
const standing = (runners, place) => [...runners].sort((a, b) => b.accuracy[place] - a.accuracy[place]);

/** Curves up to a place; the x axis is log(step + 5), so that the start has room. */
function raceChart(steps, runners, place, width, height) {
  const [left, right, top, bottom] = [44, width - 14, 10, height - 34];
  const all = runners.flatMap((r) => r.accuracy);
  const [low, high] = [Math.floor(10 * Math.min(...all)) / 10, Math.min(1, Math.ceil(10 * Math.max(...all)) / 10)];
  const log = (step) => Math.log(step + 5);
  const sx = (step) => left + ((log(step) - log(steps[0])) / (log(steps.at(-1)) - log(steps[0]))) * (right - left);
  const sy = (v) => bottom - ((v - low) / (high - low)) * (bottom - top);
  const parts = [];
  for (let v = low; v <= high + 1e-9; v += 0.2) parts.push(svg("line", { class: "kd-grid", x1: left, x2: right, y1: sy(v), y2: sy(v) }), svg("text", { x: left - 5, y: sy(v) + 4, "text-anchor": "end" }, percent(v, 0)));
  for (const t of [0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000].filter((t) => t >= steps[0] && t <= steps.at(-1))) parts.push(svg("text", { x: sx(t), y: bottom + 15, "text-anchor": "middle" }, t));
  parts.push(svg("text", { x: (left + right) / 2, y: height - 3, "text-anchor": "middle" }, "optimiser steps (log scale)"));
  runners.forEach((r, k) => {
    const points = r.accuracy.slice(0, place + 1).map((v, i) => `${sx(steps[i]).toFixed(1)} ${sy(v).toFixed(1)}`);
    parts.push(svg("path", { class: `kd-race-line kd-role-${r.look} kd-${r.look}`, d: `M${points.join("L")}`, "stroke-dasharray": STROKES[k] }),
      svg("circle", { class: `kd-race-dot kd-role-${r.look} kd-${r.look}`, cx: sx(steps[place]), cy: sy(r.accuracy[place]), r: 4 }));
  });
  parts.push(svg("line", { class: "kd-race-at", x1: sx(steps[place]), x2: sx(steps[place]), y1: top, y2: bottom }));
  const said = standing(runners, place).map((r) => `${r.name} ${percent(r.accuracy[place], 0)}`).join(", ");
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Accuracy over steps, up to step ${steps[place]}: ${said}` }, parts);
}

export default {
  render({ model, el }) {
    const steps = model.get("steps");
    const runners = model.get("runners");
    const last = steps.length - 1;
    let timer = 0;
    const go = (place) => write(model, { place: Math.min(last, Math.max(0, place)) });
    const range = h("input", { type: "range", min: 0, max: last, step: 1, "aria-label": "Step", oninput: () => { stop(); go(+range.value); } });
    const step = h("b", { "data-name": "step" });
    const play = h("button", { type: "button", class: "kd-main", onclick: () => (timer ? stop() : start()) }, "Play");
    const back = h("button", { type: "button", onclick: () => { stop(); go(0); } }, "To the start");
    const lanes = runners.map((r, k) => {
      const bar = h("i", { class: `kd-race-bar kd-role-${r.look} kd-${r.look}` });
      const value = h("b", { "data-name": r.name });
      const rank = h("span", { class: "kd-race-rank" });
      const dash = svg("svg", { width: 30, height: 8, "aria-hidden": "true" }, svg("line", { class: `kd-race-line kd-role-${r.look} kd-${r.look}`, x1: 0, x2: 30, y1: 4, y2: 4, "stroke-dasharray": STROKES[k] }));
      return { r, bar, value, rank, row: h("li", {}, rank, h("span", { class: "kd-race-name" }, r.name), dash, h("span", { class: "kd-race-track" }, bar), value) };
    });
    const chart = h("div", { class: "kd-race-chart" });
    const words = h("p", { class: "kd-race-words", "aria-live": "polite" });
    const values = lazyDetails("Values", () => [dataTable("Accuracy at each measured step", ["step", ...runners.map((r) => r.name)], steps.map((s, i) => [String(s), ...runners.map((r) => percent(r.accuracy[i]))]))]);
    viewRoot(model, el, "kd-race", h("div", { class: "kd-race-head" }, play, back, range, h("span", {}, "step ", step)),
      h("ul", { class: "kd-race-lanes" }, lanes.map((lane) => lane.row)), words, chart,
      h("div", { class: "kd-foot" }, h("p", { class: "kd-note" }, model.get("measured")), values.el));

    function start() {
      if (model.get("place") >= last) go(0);
      timer = setInterval(() => { if (model.get("place") >= last) stop(); else go(model.get("place") + 1); }, PLAY_EVERY);
      play.textContent = "Pause";
    }
    function stop() {
      clearInterval(timer);
      timer = 0;
      play.textContent = "Play";
    }
    function draw() {
      const place = model.get("place");
      range.value = place;
      range.setAttribute("aria-valuetext", `step ${steps[place]}`);
      range.style.setProperty("--share", place / last);
      say(step, String(steps[place]), steps[place]);
      const order = standing(runners, place);
      for (const { r, bar, value, rank } of lanes) {
        bar.style.width = `${100 * r.accuracy[place]}%`;
        say(value, percent(r.accuracy[place], 0), r.accuracy[place]);
        say(rank, `${order.indexOf(r) + 1}.`);
      }
      const [first, second] = order;
      const gap = second ? 100 * (first.accuracy[place] - second.accuracy[place]) : 0;
      const text = gap + 1e-6 < 1 ? `At step ${steps[place]} nobody leads by a whole point.` : `At step ${steps[place]} ${first.name} leads, ${Math.floor(gap + 1e-6)} ${gap + 1e-6 < 2 ? "point" : "points"} before ${second.name}.`;
      if (words.textContent !== text) words.textContent = text;
      chart.replaceChildren(raceChart(steps, runners, place, Math.max(360, chart.clientWidth || 760), 220));
    }
    const off = onTraits(model, ["place"], draw);
    const watch = new ResizeObserver(draw);
    watch.observe(chart);
    draw();
    return () => { off(); watch.disconnect(); stop(); };
  },
};
