// Curves: small multiples. The chart about accuracy is large, the others stand in rows of three below it.

export default {
  render({ model, el }) {
    const grid = h("div", { class: "kd-curves-grid" });
    const note = h("p", { class: "kd-note" });
    const said = h("p", { class: "kd-hidden", "aria-live": "polite" });
    const table = lazyDetails("Values", () => model.get("charts").map(chartTable));
    viewRoot(model, el, "kd-curves", grid, h("div", { class: "kd-foot" }, note, table.el), said);
    const known = new Map(); // name of a chart: its line chart; kept, so that focus survives a redraw

    const read = (x) => {
      for (const chart of known.values()) chart.read(x);
      clearTimeout(read.timer); // say it once the hand rests
      if (x != null) read.timer = setTimeout(() => { const chart = leading(model.get("charts")); if (chart) said.textContent = readings(chart, x); }, 400);
    };

    function draw() {
      const charts = model.get("charts");
      const large = leading(charts);
      const width = Math.max(360, Math.floor(grid.clientWidth) || 780);
      const rest = charts.filter((c) => c !== large);
      const rows = Math.ceil(rest.length / 3);
      const across = rest.length > 3 ? 3 : Math.max(1, rest.length);
      const order = large ? [large, ...rest] : [];
      const names = order.map((c) => `${c.name}${c === large ? " large" : ""}`);
      for (const name of known.keys()) if (!names.includes(name)) { known.get(name).el.remove(); known.delete(name); }
      order.forEach((chart, i) => {
        const named = (name) => chart !== large && !!leading(model.get("charts"))?.series.some((s) => s.name === name);
        if (!known.has(names[i])) known.set(names[i], lineChart({ onRead: read, large: chart === large, named }));
        const one = known.get(names[i]);
        if (grid.children[i] !== one.el) grid.insertBefore(one.el, grid.children[i] ?? null);
        if (chart === large) one.draw(chart, width, rows === 0 ? 360 : rows === 1 ? 230 : 178);
        else one.draw(chart, Math.floor((width - 12 * (across - 1)) / across), rows === 1 ? 150 : 92);
      });
      grid.style.gridTemplateColumns = `repeat(${across}, minmax(0, 1fr))`;
      note.textContent = model.get("note") || (order.length ? "" : "No curves yet: press Train.");
      table.draw();
    }

    const off = onTraits(model, ["charts", "note"], draw);
    const watch = new ResizeObserver(draw);
    watch.observe(grid);
    draw();
    return () => { off(); watch.disconnect(); clearTimeout(read.timer); };
  },
};
