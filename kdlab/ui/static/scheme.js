// The scheme: nodes and arrows come with their places; what flows in the phase on show lights up while it runs.

const MODE = { learns: "learns", frozen: "frozen · eval mode", follows: "eval mode · no gradient", voice: "no weights of its own", "": "" };

/** Point and direction at a share t of an arrow's bent path. */
function along([x, y, a, b, u, v], t) {
  const at = (p, q, r) => (1 - t) ** 2 * p + 2 * t * (1 - t) * q + t * t * r;
  const way = [2 * (1 - t) * (a - x) + 2 * t * (u - a), 2 * (1 - t) * (b - y) + 2 * t * (v - b)];
  const length = Math.hypot(...way) || 1;
  return { x: at(x, a, u), y: at(y, b, v), dx: way[0] / length, dy: way[1] / length };
}
const f = (v) => v.toFixed(1);

function drawArrow(arrow) {
  const [x, y, a, b, u, v] = arrow.path;
  const { dx, dy } = along(arrow.path, 1);
  const wing = (side) => `L${f(u - 9 * dx + side * 4.5 * dy)} ${f(v - 9 * dy - side * 4.5 * dx)}`;
  const bar = (t) => { const p = along(arrow.path, t); return `M${f(p.x + 7 * p.dy)} ${f(p.y - 7 * p.dx)}L${f(p.x - 7 * p.dy)} ${f(p.y + 7 * p.dx)}`; };
  const length = Math.hypot(u - x, v - y) || 1;
  const middle = along(arrow.path, 0.5); // the weight stands beside it
  return svg("g", { class: `kd-flow kd-flow-${arrow.kind}`, "data-from": arrow.source, "data-to": arrow.target, "data-kind": arrow.kind, "data-value": arrow.weight },
    svg("path", { class: "kd-flow-line", d: `M${f(x)} ${f(y)}Q${f(a)} ${f(b)} ${f(u - 6 * dx)} ${f(v - 6 * dy)}` }),
    svg("path", { class: "kd-flow-head", d: `M${f(u)} ${f(v)}${wing(1)}${wing(-1)}Z` }),
    arrow.kind === "knowledge" ? svg("path", { class: "kd-stop", d: bar(10 / length) + bar(14.5 / length) }) : null,
    arrow.weight == null ? null : svg("text", { x: f(middle.x + 25 * arrow.side * middle.dy), y: f(middle.y - 12 * arrow.side * middle.dx + 4), class: "kd-flow-weight" }, `× ${arrow.weight.toFixed(2)}`));
}

function drawNode(node) {
  const left = node.x - node.w / 2;
  const top = node.y - node.h / 2;
  const words = [node.note, MODE[node.mode]].filter(Boolean);
  const lines = node.cells.length ? [words.join(" · ")] : words;
  const at = node.cells.length ? left + 10 : node.x; // arcs leap over the cells: words stand aside
  return svg("g", { class: `kd-node${node.cells.length ? " kd-node-wide" : ""} kd-node-${node.role} kd-node-${node.mode || "given"}`, "data-node": node.name },
    svg("rect", { x: f(left), y: f(top), width: node.w, height: node.h, rx: 7 }),
    svg("text", { x: f(at), y: f(top + 17), class: "kd-node-name" }, node.name),
    lines.map((text, k) => svg("text", { x: f(at), y: f(top + 31 + 14 * k), class: "kd-node-note" }, text)),
    node.cells.map((cell) => [svg("rect", { class: "kd-cell-box", x: f(cell.x - cell.w / 2), y: f(cell.y - cell.h / 2), width: cell.w, height: cell.h, rx: 5 }),
      svg("text", { x: f(cell.x), y: f(cell.y + 4), class: "kd-node-cell" }, cell.text)]));
}

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
