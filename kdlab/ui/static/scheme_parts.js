// Parts of a scheme's diagram: nodes and arrows come with their places.

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
