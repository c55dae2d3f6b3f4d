// Guess: a question answered before the experiment (stage "guess"), answered at once (stage "recall"),
// or, beside what was guessed, after the experiment (stage "answer").

const SURE = ["a hunch", "fairly sure", "certain"];
const LETTERS = "abcdefghij";

export default {
  render({ model, el }) {
    const stage = model.get("stage");
    const question = model.get("question");
    const choices = model.get("choices");
    const right = () => (model.get("right") >= 0 ? choices[model.get("right")] : null);
    const given = () => model.get("given") ?? {};
    const lettered = (choice) => `(${LETTERS[choices.indexOf(choice)]}) ${choice}`;
    const says = h("p", { class: "kd-guess-says", role: "status" });
    const notice = h("p", { class: "kd-guess-notice", role: "alert" });
    const result = h("div", { class: "kd-guess-result" });
    let peeked = false; // the answer was asked for without a guess

    // --- the form: stages "guess" and "recall" ---
    const group = uid("guess");
    let sureness = given().sure || SURE[0];
    const why = h("input", { type: "text", id: uid("why"), maxlength: 300, autocomplete: "off" });
    const sure = segments({ label: "How sure are you?", onpick: (value) => { sureness = value; } });
    const radios = choices.map((choice) => h("input", { type: "radio", name: group, value: choice }));
    const keep = h("button", { type: "button", class: "kd-main", onclick: () => {
      const chosen = radios.find((radio) => radio.checked);
      if (!chosen) { says.textContent = "Choose an answer first."; return; }
      write(model, { given: { ...given(), choice: chosen.value, sure: sureness, why: why.value.trim() } });
      draw();
    } }, stage === "recall" ? "Answer" : "Keep my guess");
    why.addEventListener("keydown", (event) => { if (event.key === "Enter") keep.click(); });
    const form = h("div", { class: "kd-guess-form" },
      h("fieldset", {}, h("legend", {}, question),
        choices.map((choice, i) => h("label", { class: "kd-guess-choice" }, radios[i], h("span", {}, h("b", {}, `${LETTERS[i]} `), choice)))),
      h("div", { class: "kd-guess-more" },
        h("span", { class: "kd-muted" }, "How sure?"), sure.el,
        stage === "guess" && [h("label", { for: why.id, class: "kd-muted" }, "Why, in one line:"), why], keep));

    // --- what changed: stage "answer" ---
    const changed = h("textarea", { id: uid("changed"), rows: 2, maxlength: 1000 });
    changed.addEventListener("change", () => write(model, { given: { ...given(), changed: changed.value.trim() } }));
    const after = h("div", { class: "kd-guess-after" }, h("label", { for: changed.id }, "What do you see differently now?"), changed);
    const peek = h("button", { type: "button", onclick: () => { peeked = true; draw(); } }, "Show the answer all the same");

    const row = (term, ...value) => [h("dt", {}, term), h("dd", {}, ...value)];
    function mine() {
      const { choice, sure: how, why: because } = given();
      const hit = right() === null ? "" : choice === right() ? " ✓ right" : " ✗ not so";
      return row("You guessed", lettered(choice), h("span", { class: "kd-muted" }, how ? `, ${how}` : "", because ? `: “${because}”` : ""),
        h("b", { "data-name": "hit", "data-value": right() === null ? "" : String(choice === right()) }, hit));
    }
    const told = () => row("Answer", right() !== null && h("b", { "data-name": "right", "data-value": model.get("right") }, `${lettered(right())}. `), model.get("answer"));

    function draw() {
      const guess = given();
      const known = choices.includes(guess.choice);
      notice.textContent = model.get("notice");
      if (stage === "answer") {
        result.replaceChildren(...(known || peeked
          ? [h("dl", {}, known ? mine() : row("You guessed", "nothing yet"), told()), after]
          : [h("p", {}, "Your guess comes first: it is asked further up. "), peek]));
        if (document.activeElement !== changed) changed.value = guess.changed ?? "";
        return;
      }
      for (const radio of radios) if (known && !form.contains(document.activeElement)) radio.checked = radio.value === guess.choice;
      if (!form.contains(document.activeElement)) why.value = guess.why ?? "";
      sure.draw(SURE.map((value) => ({ value })), sureness);
      if (!known) return;
      says.textContent = stage === "guess" ? `Kept: ${lettered(guess.choice)}, ${guess.sure}. You may change it until you have seen the answer.` : "";
      if (stage === "recall") result.replaceChildren(h("dl", {}, mine(), told()));
    }

    if (stage === "answer") viewRoot(model, el, "kd-guess", h("p", { class: "kd-guess-question" }, question), result, notice);
    else viewRoot(model, el, "kd-guess", form, says, result, notice);
    if (stage === "recall") result.setAttribute("role", "status");
    const off = onTraits(model, ["given", "answer", "right", "notice"], draw);
    draw();
    return off;
  },
};
