// The adversarial game on a line; all steps are taken here, as the package takes them.

const RATES = { student: 0.2, discriminator: 1 };
const softplus = (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
const sigmoid = (v) => Math.exp(-softplus(-v));
const meanOf = (all) => all.reduce((a, b) => a + b, 0) / all.length;
const BOX = { width: 620, height: 266, left: 46, right: 12, low: -4, high: 5 };

/** How the game stands: the crowds' numbers, and loss, accuracy and gradients. */
function standing({ teacher, noise, mean, slope, bias }) {
  const student = noise.map((u) => mean + u);
  const score = (x) => slope * x + bias;
  const fooled = student.map((x) => sigmoid(score(x)));
  const missed = teacher.map((x) => sigmoid(-score(x)));
  const right = (v) => (v > 0 ? 1 : v < 0 ? 0 : 0.5);
  return { student, score,
    gradients: { mean: 0.5 * meanOf(fooled) * slope,
      slope: 0.5 * (meanOf(fooled.map((f, i) => f * student[i])) - meanOf(missed.map((m, i) => m * teacher[i]))),
      bias: 0.5 * (meanOf(fooled) - meanOf(missed)) },
    loss: 0.5 * (meanOf(student.map((x) => softplus(score(x)))) + meanOf(teacher.map((x) => softplus(-score(x))))),
    accuracy: (meanOf(student.map((x) => right(-score(x)))) + meanOf(teacher.map((x) => right(score(x))))) / 2 };
}

export default {
  render({ model, el }) {
    const state = () => Object.fromEntries(["teacher", "noise", "mean", "slope", "bias", "step"].map((name) => [name, model.get(name)]));
    let many = 1;
    function play(who) {
      const now = state();
      for (let k = 0; k < many; k++) {
        const { gradients } = standing(now);
        if (who !== "discriminator") now.mean += RATES.student * gradients.mean; // reversed: up where the other goes down
        if (who !== "student") {
          now.slope -= RATES.discriminator * gradients.slope;
          now.bias -= RATES.discriminator * gradients.bias;
        }
        now.step += 1;
      }
      write(model, { mean: now.mean, slope: now.slope, bias: now.bias, step: now.step });
    }
    const button = (text, onclick, main) => h("button", { type: "button", class: main ? "kd-main" : null, onclick }, text);
    const count = segments({ label: "Steps at a press", onpick: (v) => { many = +v; draw(); } });
    const buttons = h("div", { class: "kd-duel-buttons" }, button("Both learn", () => play("both"), true), button("Student only", () => play("student")), button("Discriminator only", () => play("discriminator")),
      h("span", {}, h("span", { class: "kd-muted" }, "steps "), count.el),
      button("New discriminator", () => write(model, { slope: 0, bias: 0 })), button("Reset", () => { const [mean, slope, bias] = model.get("start"); write(model, { mean, slope, bias, step: 0 }); }));
    const drawing = h("div", { class: "kd-duel-drawing" });
    const [accuracy, loss, pull, step] = ["accuracy", "loss", "pull", "step"].map((name) => h("b", { "data-name": name }));
    const words = h("p", { class: "kd-council-words", "aria-live": "polite" });
    viewRoot(model, el, "kd-duel", buttons, drawing,
      h("dl", { class: "kd-duel-numbers" }, [["step", step], ["discriminator is right", accuracy], ["its loss (nats)", loss], ["gradient at the student", pull]].map(([text, node]) => h("div", {}, h("dt", {}, text), h("dd", {}, node)))), words);

    function draw() {
      const now = state();
      const { student, score, gradients, loss: value, accuracy: share } = standing(now);
      const sx = (x) => BOX.left + ((Math.max(BOX.low, Math.min(BOX.high, x)) - BOX.low) / (BOX.high - BOX.low)) * (BOX.width - BOX.left - BOX.right);
      const sy = (p) => 14 + (1 - p) * 150;
      const xs = Array.from({ length: 91 }, (_, k) => BOX.low + (k / 90) * (BOX.high - BOX.low));
      const dots = (all, y, who) => all.map((x, k) => svg("circle", { class: `kd-dot-${who}`, cx: sx(x).toFixed(1), cy: y + (k % 5) * 4, r: 2.6, opacity: 0.75 }));
      const reach = Math.max(-120, Math.min(120, gradients.mean * 1200));
      const [x, y] = [sx(now.mean), 222];
      const arrow = Math.abs(reach) < 1.5 ? [] : [svg("line", { class: "kd-arrow kd-role-student", x1: x, x2: x + reach, y1: y, y2: y }),
        svg("path", { class: "kd-arrow-head kd-role-student", d: `M${x + reach + Math.sign(reach) * 8} ${y}l${-Math.sign(reach) * 9} -4.5v9Z` })];
      drawing.replaceChildren(svg("svg", { width: BOX.width, height: BOX.height, viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: "img",
        "aria-label": `The student's numbers about ${now.mean.toFixed(1)}, the teacher's about 2, and the discriminator's probability of “teacher” between them` },
        [0, 0.5, 1].map((p) => [svg("line", { class: "kd-grid", x1: BOX.left, x2: BOX.width - BOX.right, y1: sy(p), y2: sy(p) }), svg("text", { class: "kd-tick", x: BOX.left - 5, y: sy(p) + 4, "text-anchor": "end" }, `${100 * p} %`)]).flat(),
        svg("path", { class: "kd-duel-curve", d: xs.map((v, k) => `${k ? "L" : "M"}${sx(v).toFixed(1)} ${sy(sigmoid(score(v))).toFixed(1)}`).join("") }),
        dots(now.teacher, 172, "teacher"), dots(student, 196, "student"), arrow,
        [-4, -2, 0, 2, 4].map((v) => svg("text", { class: "kd-tick", x: sx(v), y: 246, "text-anchor": "middle" }, String(v).replace("-", "−"))),
        svg("text", { class: "kd-tick", x: BOX.left + 4, y: 11 }, "discriminator: probability that the teacher said x"),
        svg("text", { class: "kd-tick", x: sx(0), y: 262, "text-anchor": "middle" }, "x, the number that is said"),
        svg("text", { class: "kd-tick", x: BOX.left - 5, y: 184, "text-anchor": "end" }, "teacher"), svg("text", { class: "kd-tick", x: BOX.left - 5, y: 208, "text-anchor": "end" }, "student")));
      count.draw(["1", "10", "100", "1000"].map((v) => ({ value: v, label: v })), String(many));
      say(step, String(now.step), now.step);
      say(accuracy, percent(share, 0), share);
      say(loss, value.toFixed(3), value);
      say(pull, gradients.mean.toFixed(4), gradients.mean);
      const frozen = Math.abs(gradients.mean) < 0.005;
      const text = share > 0.97 && frozen ? "The discriminator is too sure: next to no gradient reaches the student." : frozen ? "No gradient reaches the student: the discriminator has nothing to say here." : share < 0.6 ? "The discriminator can hardly tell the two apart." : "The discriminator tells them apart, and its slope shows the student where to go.";
      if (words.textContent !== text) words.textContent = text;
    }
    const off = onTraits(model, ["mean", "slope", "bias", "step"], draw);
    draw();
    return off;
  },
};
