// Forks: a run and what becomes of it from a step on; the step and the branches are chosen here, without a kernel.

export default {
  render({ model, el }) {
    const forks = model.get("forks");
    const names = [...new Set(forks.flatMap((f) => f.chart.series.map((s) => s.name)))];
    const step = segments({ label: "The runs part after step", onpick: (v) => write(model, { place: +v }) });
    const boxes = names.map((name) => {
      const box = h("input", { type: "checkbox", onchange: () => {
        const others = model.get("hidden").filter((n) => n !== name);
        write(model, { hidden: box.checked ? others : [...others, name] });
      } });
      return { name, box, el: h("label", { class: "kd-forks-branch" }, box, h("span", {}, name)) };
    });
    const words = h("p", { class: "kd-forks-words", "aria-live": "polite" });
    const said = h("p", { class: "kd-hidden", "aria-live": "polite" });
    const chart = lineChart({ large: true, onRead: (x) => {
      chart.read(x);
      clearTimeout(chart.timer);
      if (x != null) chart.timer = setTimeout(() => { said.textContent = readings(now(), x); }, 400);
    } });
    const values = lazyDetails("Values", () => [chartTable(now())]);
    const root = viewRoot(model, el, "kd-forks",
      h("div", { class: "kd-forks-controls" }, h("div", {}, h("span", { class: "kd-muted" }, "the runs part after step "), step.el),
        h("div", { class: "kd-forks-branches", role: "group", "aria-label": "Runs that are drawn" }, boxes.map((b) => b.el))),
      chart.el, words, values.el, said);

    const fork = () => forks[model.get("place")];
    function now() {
      const hidden = new Set(model.get("hidden"));
      return { ...fork().chart, series: fork().chart.series.filter((s) => !hidden.has(s.name)) };
    }
    function draw() {
      const spec = now();
      step.draw(forks.map((f, i) => ({ value: String(i), label: String(f.step) })), model.get("place"));
      for (const { name, box } of boxes) {
        box.checked = !model.get("hidden").includes(name);
        box.disabled = !fork().chart.series.some((s) => s.name === name);
      }
      chart.draw(spec, Math.max(360, Math.floor(root.clientWidth - 30) || 780), 230);
      const trunk = fork().chart.series[0];
      const gains = spec.series.filter((s) => s.name !== trunk.name).map((s) => {
        const gap = s.y.at(-1) - trunk.y.at(-1);
        return h("span", {}, `${s.name} `, h("b", { "data-name": `${s.name} gap`, "data-value": gap }, `${gap < 0 ? "−" : "+"}${Math.abs(gap).toFixed(1)}`));
      });
      words.replaceChildren(`At the last step, against ${trunk.name}, in percentage points: `,
        ...(gains.length ? gains.flatMap((g, i) => (i ? [", ", g] : [g])) : ["no other run is drawn"]), ".");
      values.draw();
    }
    const off = onTraits(model, ["place", "hidden"], draw);
    const watch = new ResizeObserver(draw);
    watch.observe(root);
    draw();
    return () => { off(); watch.disconnect(); clearTimeout(chart.timer); };
  },
};
