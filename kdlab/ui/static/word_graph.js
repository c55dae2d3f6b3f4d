// A neighbourhood of words: nodes, edges, and answers that are passed along the edges, all of it here.

// light fills, so that dark letters can be read on all of them; the two letters say the class to whoever sees no colour
const FILLS = ["#ffd166", "#a5d78f", "#ffb38a", "#f4a6c0", "#9fc9ee", "#c9b6e8", "#8fdccb", "#e0e0a0", "#d6b898", "#d5d9dd"];

export default {
  render({ model, el }) {
    const [classes, lines, labels, edges, at, [wide, high]] = ["classes", "lines", "labels", "edges", "places", "size"].map((name) => model.get(name));
    const [n, C] = [lines.length, classes.length];
    const words = lines.map((line) => line.split(": ")[0]);
    const near = words.map((_, k) => [k, ...edges.flatMap(([a, b]) => (a === k ? [b] : b === k ? [a] : []))]);
    const rowsOf = (name) => { const all = floats(model.get(name)); return words.map((_, k) => Array.from(all.subarray(k * C, k * C + C))); };
    const [plain, teacher, student] = ["plain", "teacher", "student"].map(rowsOf);
    const top = (p) => p.indexOf(Math.max(...p));
    const right = (all) => all.filter((p, k) => top(p) === labels[k]).length;
    const pass = (all) => near.map((around) => all[0].map((_, c) => around.reduce((sum, j) => sum + all[j][c], 0) / around.length));
    /** What every word says after so many steps. */
    const after = (steps) => { let all = plain; for (let k = 0; k < steps; k++) all = pass(all); return all; };

    const line = edges.map(([a, b]) => svg("line", { x1: at[a][0], y1: at[a][1], x2: at[b][0], y2: at[b][1] }));
    const nodes = words.map((word, k) => {
      const [circle, letters] = [svg("circle", { r: 13 }), svg("text", { class: "kd-node-class", y: 4, "text-anchor": "middle" })];
      const node = svg("g", { class: "kd-node", role: "button", tabindex: -1, transform: `translate(${at[k][0]} ${at[k][1]})`, "data-word": word, onclick: () => pick(k) },
        circle, letters, svg("text", { class: "kd-node-word", y: 25, "text-anchor": "middle" }, word.length > 15 ? `${word.slice(0, 14)}…` : word));
      return { node, circle, letters };
    });
    const drawing = svg("svg", { width: wide, height: high + 12, viewBox: `0 0 ${wide} ${high + 12}`, role: "group", "aria-label": "Words and their edges; arrow keys go from word to word", onkeydown: keys }, svg("g", { class: "kd-edges" }, line), nodes.map((x) => x.node));
    const steps = h("b", { "data-name": "step" });
    const score = h("b", { "data-name": "right" });
    const forward = h("button", { type: "button", class: "kd-main", onclick: () => write(model, { step: model.get("step") + 1 }) }, "Pass messages");
    const back = h("button", { type: "button", onclick: () => write(model, { step: 0 }) }, "Back to the start");
    const title = h("p", { class: "kd-graph-word" });
    const gloss = h("p", { class: "kd-small" });
    const bars = classes.map((name, c) => {
      const bar = (who) => h("i", { class: `kd-graph-${who}`, "data-who": who, "data-class": name });
      const own = { now: bar("now"), teacher: bar("teacher"), student: bar("student") };
      const head = h("span", { class: "kd-council-class" }, h("i", { class: "kd-graph-key", style: `background:${FILLS[c % FILLS.length]}` }, name.slice(0, 2)), name);
      return { own, head, box: h("div", { class: "kd-graph-bars" }, Object.values(own)) };
    });
    const verdict = h("p", { class: "kd-small", "aria-live": "polite" });
    const values = lazyDetails("Values", () => {
      const k = model.get("picked");
      const now = after(model.get("step"))[k];
      return [dataTable(words[k], ["class", "now", "teacher", "student"], classes.map((name, c) => [name, percent(now[c]), percent(teacher[k][c]), percent(student[k][c])]))];
    });
    viewRoot(model, el, "kd-graph",
      h("div", { class: "kd-graph-top" }, forward, back, h("span", {}, steps, " steps; now ", score, ` of ${n} words say their own class (teacher ${right(teacher)}, student ${right(student)})`)),
      h("div", { class: "kd-graph-main" }, drawing,
        h("div", { class: "kd-graph-side" }, title, gloss,
          h("p", { class: "kd-legend" }, h("i", { class: "kd-graph-now" }), "now", h("i", { class: "kd-key-teacher" }), "teacher", h("i", { class: "kd-key-student" }), "student"),
          h("div", { class: "kd-council-all", role: "img", "aria-label": "Bars of what is said of the word; the numbers are in the table of values" }, bars.flatMap((b) => [b.head, b.box])), verdict)),
      h("div", { class: "kd-foot" }, h("p", { class: "kd-note" }, "colour and letters: what a word says now; dashed: not its own class"), values.el));

    function pick(k, focus = false) {
      write(model, { picked: k });
      if (focus) { draw(); nodes[k].node.focus(); }
    }
    /** The nearest word in the direction of an arrow key. */
    function keys(event) {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!way) return;
      event.preventDefault();
      const from = at[model.get("picked")];
      let [best, cost] = [-1, Infinity];
      at.forEach(([x, y], k) => {
        const [dx, dy] = [x - from[0], y - from[1]];
        const along = dx * way[0] + dy * way[1];
        const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
        if (along > 1 && along + 2 * aside < cost) [best, cost] = [k, along + 2 * aside];
      });
      if (best >= 0) pick(best, true);
    }
    function draw() {
      const [k, step] = [model.get("picked"), model.get("step")];
      const now = after(step);
      nodes.forEach(({ node, circle, letters }, j) => {
        const c = top(now[j]);
        circle.setAttribute("fill", FILLS[c % FILLS.length]);
        say(letters, classes[c].slice(0, 2));
        node.classList.toggle("kd-wrong-node", c !== labels[j]);
        node.setAttribute("aria-pressed", String(j === k));
        node.setAttribute("tabindex", j === k ? 0 : -1);
        node.setAttribute("aria-label", `${words[j]}: says ${classes[c]}, ${c === labels[j] ? "its own class" : `its class is ${classes[labels[j]]}`}`);
      });
      line.forEach((one, e) => one.classList.toggle("kd-lit-edge", edges[e].includes(k)));
      say(steps, String(step), step);
      say(score, String(right(now)), right(now));
      back.disabled = step === 0;
      title.replaceChildren(h("b", {}, words[k]), " is of class ", h("b", { class: "kd-labels" }, classes[labels[k]]));
      say(gloss, lines[k].slice(words[k].length + 2));
      bars.forEach(({ own, head }, c) => {
        for (const [who, all] of [["now", now], ["teacher", teacher], ["student", student]]) {
          own[who].style.width = `${100 * all[k][c]}%`;
          own[who].dataset.value = all[k][c];
        }
        head.classList.toggle("kd-council-label", c === labels[k]);
      });
      say(verdict, `It says ${classes[top(now[k])]}, the teacher ${classes[top(teacher[k])]}, the student ${classes[top(student[k])]}.`);
      values.draw();
    }
    const off = onTraits(model, ["picked", "step"], draw);
    draw();
    return off;
  },
};
