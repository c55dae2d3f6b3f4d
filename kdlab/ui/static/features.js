// Layer features: maps of teacher and student for one sample and one pair of layers, what the loss compares, and CKA.

export default {
  render({ model, el }) {
    const id = uid("features");
    const image = h("canvas", { class: "kd-sample", role: "img" });
    const sample = h("b", { "data-name": "sample" });
    const label = h("span", { class: "kd-labels kd-bold" });
    const status = h("span", { class: "kd-muted", role: "status" });
    const ask = (changes) => { write(model, changes); status.textContent = "asking the kernel …"; };
    const shown = () => Math.min(Math.max(0, model.get("sample")), Math.max(1, model.get("samples")) - 1); // -1: none chosen yet
    const step = (by) => {
      const count = Math.max(1, model.get("samples"));
      ask({ sample: (shown() + by + count) % count });
    };
    const line = h("p", { class: "kd-features-line", "data-name": "line" });
    const taps = h("select", { id, onchange: () => ask({ tap: +taps.value }) });
    const maps = h("div", { class: "kd-maps" });
    const loss = h("div", { class: "kd-maps kd-loss" });
    const cka = h("div", { class: "kd-cka" });
    const note = h("p", { class: "kd-note" });
    const title = h("div", { class: "kd-title" }, "What the loss compares");
    const table = lazyDetails("Values", () => valuesOf(model.get("groups"), bytesOf(model.get("data")), model.get("classes")));
    const match = matcher({ onlink: (teacher, student) => model.send({ command: "link", teacher, student }), ondrop: (teacher, student) => model.send({ command: "drop", teacher, student }) });
    viewRoot(model, el, "kd-features",
      h("div", { class: "kd-features-main" },
        h("div", { class: "kd-picker" }, image,
          h("div", {},
            h("div", { class: "kd-row" }, h("button", { type: "button", "aria-label": "Previous sample", onclick: () => step(-1) }, "‹"),
              h("button", { type: "button", "aria-label": "Next sample", onclick: () => step(1) }, "›"), h("span", {}, sample, " ", label)),
            h("div", { class: "kd-row" }, h("label", { for: id }, "Layers"), taps, status))),
        line,
        maps),
      h("div", { class: "kd-features-side" }, match.el, cka),
      h("div", { class: "kd-features-loss" }, h("div", { class: "kd-foot" }, title, note, table.el), loss));
    const figures = new Map();

    /** One group: title, canvas or bars, and its scale; canvases are kept and drawn over. */
    function figure(group, bytes) {
      const key = `${group.name} ${group.kind}`;
      if (!figures.has(key)) {
        const parts = { title: h("figcaption", {}), scale: h("span", { class: "kd-scale" }), body: h("div", {}), canvas: h("canvas", { role: "img" }) };
        parts.el = h("figure", { "data-group": group.name, class: `kd-map kd-map-${group.kind}` }, parts.title, parts.body, parts.scale);
        figures.set(key, parts);
      }
      const f = figures.get(key);
      f.title.className = group.who === "teacher" ? "kd-teacher" : group.who === "difference" ? "" : "kd-student";
      f.title.textContent = group.title;
      if (group.kind === "units") f.body.replaceChildren(drawUnits(group, bytes, model.get("classes")));
      else if (group.kind === "bars") f.body.replaceChildren(drawBars(group, bytes, group.part === "loss" ? 244 : 480, 52));
      else {
        drawTiles(f.canvas, group, bytes);
        f.canvas.setAttribute("aria-label", describe(group));
        if (f.canvas.parentNode !== f.body) f.body.replaceChildren(f.canvas);
      }
      const count = group.kind === "tiles" ? `${group.tiles} of ${group.total} channels` : group.kind === "matrix" ? "" : `${group.total} units`;
      const bars = group.kind === "bars";
      f.scale.replaceChildren(bars ? "from" : "", h("span", { "data-name": "low", "data-value": group.low }, digits(group.low)),
        bars ? "to" : h("i", { class: group.who === "difference" ? "kd-bar-difference" : "kd-bar-cividis" }),
        h("span", { "data-name": "high", "data-value": group.high }, digits(group.high)), h("span", { class: "kd-muted" }, count));
      return f.el;
    }

    function drawMaps() {
      status.textContent = "";
      const bytes = bytesOf(model.get("data"));
      const groups = model.get("groups").filter((g) => g.offset + g.tiles * g.rows * g.cols <= bytes.length);
      const names = groups.map((g) => `${g.name} ${g.kind}`);
      for (const key of figures.keys()) if (!names.includes(key)) figures.delete(key);
      const lossGroups = groups.filter((g) => g.part === "loss");
      maps.replaceChildren(...groups.filter((g) => g.part !== "loss").map((g) => figure(g, bytes)));
      loss.replaceChildren(...lossGroups.map((g) => figure(g, bytes)));
      title.hidden = lossGroups.length === 0;
      if (!groups.length) maps.replaceChildren(h("p", { class: "kd-muted" }, "No layer features yet."));
      table.draw();
    }

    function drawSample() {
      const [height, width] = [model.get("height"), model.get("width")];
      const count = model.get("samples");
      say(sample, `Sample ${shown() + 1}${count > 1 ? ` of ${count.toLocaleString("en")}` : ""}`, shown());
      label.textContent = model.get("label");
      image.setAttribute("aria-label", `Sample ${shown() + 1}: ${model.get("label") || "picture"}`);
      image.hidden = !(height && width);
      if (!image.hidden) drawGrey(image, bytesOf(model.get("image")), 0, height, width);
      taps.replaceChildren(...model.get("taps").map(([t, s], i) => h("option", { value: i, selected: i === model.get("tap") }, t ? `${t} → ${s}` : s)));
      say(line, model.get("line"));
      line.hidden = !model.get("line");
      note.textContent = model.get("note");
    }

    const drawMatch = () => match.draw({ layers: { teacher: model.get("teacher_layers"), student: model.get("student_layers") }, links: model.get("links"),
      refusal: model.get("refusal"), refused: model.get("refused"), source: model.get("source") });
    const drawCka = () => cka.replaceChildren(ckaTable(model.get("cka"), model.get("taps")[model.get("tap")]));
    const offs = [
      onTraits(model, ["groups", "data"], drawMaps),
      onTraits(model, ["sample", "samples", "label", "image", "line", "taps", "tap", "note"], drawSample),
      onTraits(model, ["cka", "taps", "tap"], drawCka),
      onTraits(model, ["teacher_layers", "student_layers", "links", "refusal", "refused", "source"], drawMatch),
    ];
    drawMaps();
    drawSample();
    drawCka();
    drawMatch();
    return () => { offs.forEach((off) => off()); match.end(); };
  },
};
