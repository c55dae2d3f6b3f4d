// What teacher and student are worth and cost, side by side; the unit is said once where both share it.

const SI = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]];
/** [number, unit] of a quantity: 207,018 → ["207", "k"]. */
function scaledText(value, unit) {
  if (value == null) return ["–", ""];
  const [size, prefix] = SI.find(([s]) => value >= s * 0.9995) ?? [1, ""];
  const v = value / size;
  return [v >= 9.95 || (size === 1 && Number.isInteger(value)) ? v.toFixed(0) : v.toPrecision(2), prefix + unit];
}
const FACTS = [
  ["accuracy", "accuracy", (v) => (v == null ? ["–", ""] : [(+(100 * v).toFixed(3)).toFixed(1), "%"]) /* rounded as the curves do */],
  ["parameters", "parameters", (v) => scaledText(v, "")],
  ["bytes", "size", (v) => scaledText(v, "B")],
  ["macs", "MACs", (v) => scaledText(v, "")],
  ["microseconds", "answer", (v) => (v == null ? ["–", ""] : [v < 9.95 ? v.toFixed(1) : v.toFixed(0), "µs"])],
];
const HELP = { macs: "multiplications with an addition for one answer", microseconds: "time of one answer to one input, on one thread", bytes: "weights in memory" };

export default {
  render({ model, el }) {
    const cells = FACTS.map(([key, label, text]) => {
      const t = h("b", { class: "kd-teacher", "data-name": key, "data-who": "teacher" });
      const s = h("b", { class: "kd-student", "data-name": key, "data-who": "student" });
      return { key, text, t, s, el: h("div", { title: HELP[key] }, h("dt", {}, label), h("dd", {}, t, h("span", { class: "kd-muted", "aria-hidden": "true" }, " | "), s)) };
    });
    viewRoot(model, el, "kd-strip", h("strong", {}, h("span", { class: "kd-teacher" }, "teacher"), h("span", { class: "kd-muted" }, " | "), h("span", { class: "kd-student" }, "student")),
      h("dl", {}, cells.map((c) => c.el)), h("span", { class: "kd-muted kd-at-one" }, "T = 1"));
    function draw() {
      const [teacher, student] = [model.get("teacher"), model.get("student")];
      for (const c of cells) {
        const [a, ua] = c.text(teacher[c.key]);
        const [b, ub] = c.text(student[c.key]);
        const join = (v, u) => (u ? `${v} ${u}` : v);
        const once = ["%", "µs", "B", "kB", "MB"].includes(ua) && ua === ub; // a prefix alone is said twice: 207 k | 51 k
        say(c.t, once ? a : join(a, ua), teacher[c.key] ?? "");
        say(c.s, join(b, ub), student[c.key] ?? "");
      }
    }
    const off = onTraits(model, ["teacher", "student"], draw);
    draw();
    return off;
  },
};
