// A sweep while it runs: a table of its recipes, coloured by validation accuracy, that fills as trials end.

/** 75 → "1 min 15 s"; under ten seconds "a few seconds". */
function duration(seconds) {
  const s = Math.round(seconds);
  return s < 10 ? "a few seconds" : s < 90 ? `${s} s` : s < 5400 ? `${Math.round(s / 60)} min` : `${(s / 3600).toFixed(1)} h`;
}

export default {
  render({ model, el }) {
    const go = h("button", { type: "button", class: "kd-main", onclick: () => tell(model, { command: model.get("running") ? "stop" : "go" }) });
    const bar = h("progress", { "aria-label": "Trials finished" });
    const count = h("span", { class: "kd-sweep-count", "data-name": "count" });
    const best = h("p", { class: "kd-sweep-best-words", "aria-live": "polite" });
    const head = h("tr", {});
    const body = h("tbody");
    const caption = h("caption");
    const map = h("div", { class: "kd-sweep-map", tabindex: "0", role: "region", "aria-label": "Map of the sweep" }, h("table", {}, caption, h("thead", {}, head), body));
    const ends = [h("span"), h("span")];
    const ramp = h("i", { style: `background: linear-gradient(90deg, ${CIVIDIS.map((c) => `rgb(${c})`).join(", ")})`, "aria-hidden": "true" });
    const dots = h("span", {}, "· one seed; where there is no dot, all are in");
    const legend = h("p", { class: "kd-small kd-sweep-legend" }, ends[0], ramp, ends[1], dots);
    const values = lazyDetails("Values", () => {
      const [columns, rows, [x, y]] = [model.get("columns"), model.get("rows"), model.get("knobs")];
      const lines = model.get("cells").flatMap((c, k) => (c === null ? [] : [[
        [x && `${x} ${columns[k % columns.length]}`, y && `${y} ${rows[Math.floor(k / columns.length)]}`].filter(Boolean).join(", "),
        c.validation === null ? "–" : percent(c.validation), c.validation_sd === null ? "–" : percent(c.validation_sd),
        c.test === null ? "–" : percent(c.test), `${c.seeds} of ${model.get("seeds")}`, String(c.failed)]]));
      return [dataTable("Recipes that are finished", ["recipe", "validation", "standard deviation", "test", "seeds", "failed"], lines)];
    });
    viewRoot(model, el, "kd-sweep", h("div", { class: "kd-sweep-head" }, go, bar, count), best, map, h("div", { class: "kd-foot" }, legend, values.el));

    function draw() {
      const [columns, rows, cells, knobs] = ["columns", "rows", "cells", "knobs"].map((name) => model.get(name));
      const [done, total, left, running] = ["done", "total", "left", "running"].map((name) => model.get(name));
      say(go, running ? "Stop" : done >= total ? "Finished" : done ? "Go on" : "Start");
      go.disabled = running ? model.get("stopping") : done >= total;
      bar.max = total;
      bar.value = done;
      const rest = model.get("stopping") ? ", stopping after those in hand" : running && left !== null ? `, ${duration(left)} left` : "";
      say(count, `${done} of ${total} trials${rest}`);
      say(best, model.get("said"));
      const known = cells.filter((c) => c && c.validation !== null);
      const [low, high] = [Math.min(...known.map((c) => c.validation)), Math.max(...known.map((c) => c.validation))];
      const whole = known.filter((c) => c.seeds === model.get("seeds") && !c.failed);
      const top = Math.max(...(whole.length ? whole : known).map((c) => c.validation));
      const [across, up] = knobs;
      const listed = columns.length === 1 && !columns[0]; // draws, one below the other
      say(caption, `Mean validation accuracy, %${listed ? "" : up ? `; columns: ${across}, rows: ${up}` : `; columns: ${across}`}`);
      head.replaceChildren(h("th", { scope: "col" }, listed ? up : up ? `${up} \\ ${across}` : across), ...columns.map((text) => h("th", { scope: "col" }, text || across)));
      body.replaceChildren(...rows.map((name, r) => h("tr", {}, h("th", { scope: "row" }, name || "validation"), columns.map((column, c) => {
        const cell = cells[r * columns.length + c];
        if (!cell) return h("td", { class: "kd-sweep-empty" }, h("span", { class: "kd-hidden" }, "not finished"));
        if (cell.validation === null) return h("td", { class: "kd-sweep-empty", title: "diverged or failed" }, "✗");
        const colour = cividis(high > low ? (cell.validation - low) / (high - low) : 1);
        const isBest = cell.validation === top && (!whole.length || whole.includes(cell));
        const spread = cell.validation_sd === null ? "" : ` ± ${(100 * cell.validation_sd).toFixed(1)}`;
        return h("td", { class: isBest ? "kd-sweep-top" : "", style: `background: rgb(${colour}); color: ${ink(...colour)}`,
          title: `${across} ${column}${up ? `, ${up} ${name}` : ""}: ${percent(cell.validation)}${spread}, ${cell.seeds} of ${model.get("seeds")} seeds` },
          isBest ? h("span", { class: "kd-hidden" }, "best: ") : null, (100 * cell.validation).toFixed(1),
          cell.seeds < model.get("seeds") ? h("small", { "aria-label": `, ${cell.seeds} of ${model.get("seeds")} seeds` }, "·".repeat(Math.min(cell.seeds, 5))) : null);
      }))));
      legend.hidden = !known.length;
      dots.hidden = !cells.some((c) => c && c.seeds < model.get("seeds"));
      say(ends[0], known.length ? percent(low) : "");
      say(ends[1], known.length ? percent(high) : "");
      values.draw();
    }
    const off = onTraits(model, ["cells", "done", "left", "running", "stopping", "said"], draw);
    draw();
    return off;
  },
};
