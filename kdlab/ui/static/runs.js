// Runs: a table of what was trained; the shown ones' curves over each other.

export default {
  render({ model, el }) {
    const body = h("tbody", {});
    const head = ["show", "run", "method", "T", "α", "accuracy", "agreement", "steps", "seeds", "use again"];
    const numeric = new Set(["T", "α", "accuracy", "agreement", "steps", "seeds"]);
    const table = h("table", {}, h("caption", { class: "kd-hidden" }, "Runs"),
      h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col", class: numeric.has(name) ? "kd-number" : "" }, name)))), body);
    const scroll = h("div", { class: "kd-runs-table", tabindex: "0", role: "region", "aria-label": "Table of runs" }, table);
    const status = h("p", { class: "kd-note", role: "status" });
    const fallback = h("textarea", { class: "kd-copy", rows: "6", readonly: true, hidden: true, "aria-label": "Text to copy" });
    const said = h("p", { class: "kd-hidden", "aria-live": "polite" });
    const chart = lineChart({ large: true, onRead: (x) => {
      chart.read(x);
      clearTimeout(chart.timer);
      if (x != null) chart.timer = setTimeout(() => { said.textContent = readings(model.get("chart"), x); }, 400);
    } });
    const values = lazyDetails("Values", () => (model.get("chart").series ? [chartTable(model.get("chart"))] : []));
    const root = viewRoot(model, el, "kd-runs", scroll, status, fallback, chart.el, values.el, said);

    async function copy(row, what, text) {
      fallback.hidden = true;
      try {
        await navigator.clipboard.writeText(text);
        status.textContent = `${what} of ${row.name} copied.`;
      } catch { // no permission, or no secure page: let the reader copy it
        fallback.hidden = false;
        fallback.value = text;
        fallback.focus();
        fallback.select();
        status.textContent = `${what} of ${row.name}: press Ctrl + C to copy it.`;
      }
    }

    const cell = (name, value, text) => h("td", { class: "kd-number", "data-name": name, "data-value": value ?? "" }, value == null ? "–" : text(value));
    const share = (value, name) => cell(name, value, (v) => percent(v));
    const number = (value, name) => cell(name, value, (v) => (name === "steps" ? v.toLocaleString("en") : String(+v.toPrecision(3))));
    const button = (row, text, label, onclick) =>
      h("button", { type: "button", "data-key": `${row.id} ${text}`, "aria-label": `${label} ${row.name}`, title: label, onclick }, text);
    const line = (row) => h("tr", { "data-id": row.id, class: row.shown ? "kd-shown" : "" },
      h("td", {}, h("input", { type: "checkbox", checked: !!row.shown, "data-key": `${row.id} show`, "aria-label": `Show ${row.name}`,
        onchange: (e) => model.send({ command: "show", id: row.id, shown: e.target.checked }) })),
      h("th", { scope: "row" }, h("span", { class: "kd-cut", title: `${row.name}, ${row.when ?? ""}` }, row.name), h("small", {}, row.student)),
      h("td", {}, row.method, h("small", {}, `${row.type} · ${row.scheme}`)),
      number(row.temperature, "temperature"), number(row.alpha, "alpha"),
      share(row.accuracy, "accuracy"), share(row.agreement, "agreement"), number(row.steps, "steps"), number(row.seeds, "seeds"),
      h("td", { class: "kd-actions" }, h("span", {}, button(row, "Open", "Open", () => model.send({ command: "open", id: row.id })),
        button(row, "Teach", "Use as teacher: the student of", () => model.send({ command: "teach", id: row.id }))),
        h("span", {}, button(row, "TOML", "Copy TOML of", () => copy(row, "TOML", row.toml)), button(row, "Code", "Copy code of", () => copy(row, "Code", row.code)))));

    function drawRows() {
      const rows = model.get("rows");
      const key = document.activeElement?.dataset?.key; // the table is built anew: give the focus back
      body.replaceChildren(...rows.map(line));
      if (key) [...body.querySelectorAll("[data-key]")].find((node) => node.dataset.key === key)?.focus();
      scroll.hidden = rows.length === 0;
      if (!rows.length) status.textContent = "No runs yet: press Train, then Save; what is saved is listed here.";
      else status.textContent = model.get("note");
    }

    function drawChart() {
      const spec = model.get("chart");
      const any = !!spec?.series?.length;
      chart.el.hidden = values.el.hidden = !any;
      if (any) chart.draw(spec, Math.max(360, Math.floor(root.clientWidth) || 780), 200);
      values.draw();
    }

    const offs = [onTraits(model, ["rows", "note"], drawRows), onTraits(model, ["chart"], drawChart)];
    const watch = new ResizeObserver(drawChart);
    watch.observe(root);
    drawRows();
    drawChart();
    return () => { offs.forEach((off) => off()); watch.disconnect(); clearTimeout(chart.timer); };
  },
};
