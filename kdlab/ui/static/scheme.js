// The scheme: nodes and arrows come with their places; what flows in the phase on show lights up while it runs.

export default {
  render({ model, el }) {
    const title = h("b", {});
    const meaning = h("span", { class: "kd-muted" });
    const note = h("span", { class: "kd-scheme-note" });
    const phases = h("ol", { class: "kd-phases", "aria-label": "Phases" });
    const picture = svg("svg", { class: "kd-diagram", role: "img" });
    const lines = h("ul", { class: "kd-scheme-lines", "aria-label": "The diagram in words" });
    const key = h("p", { class: "kd-small kd-scheme-key" }, h("span", {}, h("b", {}, "‖ "), "no gradient flows back"), h("span", {}, "× weight in the loss"),
      h("span", {}, h("i", { class: "kd-key-follows" }), "weights or answers are taken over, not learned"));
    viewRoot(model, el, "kd-scheme", h("div", { class: "kd-row" }, title, meaning, note), phases, picture, key, lines);
    let drawn = "";

    function draw() {
      const [nodes, arrows] = [model.get("nodes"), model.get("arrows")];
      const live = model.get("running") && !model.get("note");
      title.textContent = model.get("title") || "No scheme yet.";
      meaning.textContent = model.get("meaning");
      note.textContent = model.get("note");
      note.hidden = !model.get("note");
      picture.classList.toggle("kd-live", live);
      picture.setAttribute("aria-label", `${model.get("title")}: ${model.get("lines").join(" ")}`);
      const now = JSON.stringify([nodes, arrows]);
      if (now !== drawn) { // an arrow that goes on flowing is not begun anew
        drawn = now;
        picture.setAttribute("viewBox", `0 0 ${model.get("width")} ${model.get("height")}`);
        picture.style.aspectRatio = `${model.get("width")} / ${model.get("height")}`;
        picture.replaceChildren(...nodes.map(drawNode), ...arrows.map(drawArrow));
      }
      key.hidden = !nodes.length;
      key.lastChild.hidden = !arrows.some((a) => a.kind === "follows");
      lines.replaceChildren(...model.get("lines").map((text) => h("li", {}, text)));
      const all = model.get("phases");
      phases.hidden = all.length < 2;
      phases.replaceChildren(...all.map((p) => h("li", { class: `kd-phase-${p.state}`, "aria-current": p.state === "now" ? "step" : null }, p.text)));
    }
    const off = onTraits(model, ["nodes", "arrows", "lines", "phases", "title", "meaning", "note", "running", "height"], draw);
    draw();
    return off;
  },
};
