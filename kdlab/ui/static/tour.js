// Tour: what there is to do, and what is done; the kernel notices it, nothing is ticked by hand.

/** Text in which **names** of controls stand out. */
const strong = (text) => text.split("**").map((part, i) => (i % 2 ? h("b", {}, part) : part));

/** Its first sentence, or what stands before a colon: enough for one line. */
const short = (text) => text.replaceAll("**", "").split(/[.:] /)[0];

/** Lead eye and keyboard to a control of the workbench. */
function point(el, where) {
  const found = (el.closest(".jp-Notebook") ?? document).querySelector(`.kd-workbench ${where}`);
  if (!found) return;
  const shown = found.closest(".kd-slider, .kd-segments") ?? found;
  for (const part of [found.closest(".kd-workbench"), shown]) part.scrollIntoView({ block: "nearest" });
  found.focus({ preventScroll: true });
  shown.classList.add("kd-pointed");
  setTimeout(() => shown.classList.remove("kd-pointed"), 2500);
}

export default {
  render({ model, el }) {
    const stops = model.get("stops");
    const count = h("b", { "data-name": "done" });
    const next = h("span", {});
    const pieces = stops.map(() => h("i", {}));
    const verdict = h("span", { class: "kd-tour-verdict", role: "status" });
    const answers = h("span", { class: "kd-tour-answers" });
    const rows = stops.map(({ name, text, where, asks }) => {
      const mark = h("span", { class: "kd-tour-mark", "aria-hidden": "true" });
      const said = h("span", { class: "kd-hidden" });
      const plain = text.replaceAll("**", "");
      const show = h("button", { type: "button", class: "kd-tour-where", "aria-label": `Show me where: ${plain}`, onclick: () => point(el, where) }, "show me");
      return { name, said, li: h("li", { "data-stop": name }, mark, h("span", {}, said, strong(text), " ", show, asks && [answers, verdict])) };
    });
    viewRoot(model, el, "kd-tour",
      h("div", { class: "kd-tour-head" }, h("span", { class: "kd-tour-pieces", "aria-hidden": "true" }, pieces), h("p", { role: "status" }, count, next)),
      h("ol", {}, rows.map((row) => row.li)));

    function draw() {
      const done = model.get("done");
      const following = rows.findIndex((row) => !done.includes(row.name));
      say(count, `${done.length} of ${rows.length} done`, done.length);
      say(next, following < 0 ? ". You know your way around now." : `. ${done.length ? "Next" : "Begin here"}: ${short(stops[following].text)}`);
      pieces.forEach((piece, i) => piece.classList.toggle("kd-ticked", i < done.length));
      rows.forEach(({ name, said, li }, i) => {
        const ticked = done.includes(name);
        li.classList.toggle("kd-ticked", ticked);
        li.classList.toggle("kd-next", i === following);
        say(said, ticked ? "Done: " : "To do: ");
      });
    }
    function drawAnswers() {
      const choices = model.get("choices");
      if (answers.dataset.drawn === JSON.stringify(choices)) return;
      answers.dataset.drawn = JSON.stringify(choices);
      answers.replaceChildren(...choices.map((answer) => h("button", { type: "button", onclick: () => model.send({ answer }) }, answer)));
    }
    const drawVerdict = () => say(verdict, model.get("verdict"));
    const offs = [onTraits(model, ["done"], draw), onTraits(model, ["choices"], drawAnswers), onTraits(model, ["verdict"], drawVerdict)];
    draw();
    drawAnswers();
    drawVerdict();
    return () => offs.forEach((off) => off());
  },
};
