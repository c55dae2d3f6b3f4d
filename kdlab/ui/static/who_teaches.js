// Who teaches whom: one training step in four arrangements, taken apart; the gradient can be stopped or let through.

const PARTS = ["at rest", "1 forward", "2 losses", "3 backward", "4 update"];

/** Where a gradient leaks to that nobody stopped: below the networks, from a student to whoever taught it. */
function drawLeak(leak, nodes, place) {
  const [from, to] = [leak.source, leak.target].map((name) => nodes.find((n) => n.name === name));
  const side = Math.sign(to.x - from.x) || 1;
  const [x, u] = [from.x + side * 12, to.x - side * 30];
  const [y, v] = [from.y + from.h / 2, to.y + to.h / 2];
  const bend = 34 + 26 * place;
  const [dx, dy] = [u - (x + u) / 2, v - (y + bend)];
  const length = Math.hypot(dx, dy) || 1;
  const wing = (s) => `L${f(u - (9 * dx) / length + (s * 4.5 * dy) / length)} ${f(v - (9 * dy) / length - (s * 4.5 * dx) / length)}`;
  return svg("g", { class: "kd-leak", "data-from": leak.source, "data-to": leak.target },
    svg("path", { class: "kd-leak-line", d: `M${f(x)} ${f(y)}Q${f((x + u) / 2)} ${f(y + bend)} ${f(u)} ${f(v)}` }),
    svg("path", { class: "kd-leak-head", d: `M${f(u)} ${f(v)}${wing(1)}${wing(-1)}Z` }));
}

export default {
  render({ model, el }) {
    const cases = model.get("cases");
    const pick = segments({ label: "Who teaches whom", onpick: (v) => write(model, { case: +v }) });
    const parts = segments({ label: "Part of a training step", onpick: (v) => write(model, { step: +v }) });
    const next = h("button", { type: "button", "data-command": "next", onclick: () => write(model, { step: (model.get("step") % (PARTS.length - 1)) + 1 }) }, "Next part ▸");
    const stopped = h("input", { type: "checkbox", onchange: () => write(model, { stopped: stopped.checked }) });
    const picture = svg("svg", { class: "kd-diagram kd-who-picture", role: "img" });
    const words = h("p", { class: "kd-who-words", "aria-live": "polite" });
    const meaning = h("span", { class: "kd-muted" });
    const key = h("p", { class: "kd-small kd-scheme-key" }, h("span", {}, h("b", {}, "‖ "), "no gradient flows back"), h("span", {}, "× weight in the loss"),
      h("span", { class: "kd-who-key-leak" }, h("i", {}), "gradient that nobody stopped"));
    viewRoot(model, el, "kd-who", h("div", { class: "kd-row" }, pick.el, meaning),
      h("div", { class: "kd-row" }, parts.el, next, h("label", { class: "kd-ledger-switch" }, stopped, h("span", {}, "detach the teacher's answers"))), words, picture, key);
    let drawn = -1;

    function draw() {
      const [place, step] = [model.get("case"), model.get("step")];
      const now = cases[place];
      const leaking = !model.get("stopped");
      pick.draw(cases.map((c, i) => ({ value: i, label: c.name })), place);
      parts.draw(PARTS.map((p, i) => ({ value: i, label: p })), step);
      stopped.checked = !leaking;
      meaning.textContent = `${now.kind}: ${now.meaning}`;
      if (drawn !== place) {
        drawn = place;
        picture.setAttribute("viewBox", `0 0 680 ${now.height}`);
        picture.style.aspectRatio = `680 / ${now.height}`;
        picture.replaceChildren(...now.nodes.map(drawNode), ...now.arrows.map(drawArrow), ...now.leaks.map((leak, k) => drawLeak(leak, now.nodes, k)));
      }
      const told = (leaking ? now.leaking : now.told)[step];
      say(words, told[0].toUpperCase() + told.slice(1));
      picture.dataset.step = step;
      picture.classList.toggle("kd-live", step === 2);
      picture.classList.toggle("kd-leaking", leaking);
      picture.setAttribute("aria-label", `${now.name}, ${PARTS[step]}: ${told}`);
      key.lastChild.hidden = !(leaking && now.leaks.length);
    }
    const off = onTraits(model, ["case", "step", "stopped"], draw);
    draw();
    return off;
  },
};
