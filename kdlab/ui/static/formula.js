// The loss with the live value of each term; symbols are buttons that show which control they belong to.

/** `text` with its T and α as buttons and its two networks in their colours. */
function symbols(text, symbol) {
  return text.split(/(teacher|student|α|\bT(?=²|\b))/).filter(Boolean).map((part) =>
    part === "T" ? symbol("temperature", "T") : part === "α" ? symbol("alpha", "α") : part === "teacher" || part === "student" ? h("span", { class: `kd-${part}` }, part) : part);
}

const three = (v) => (v == null || !Number.isFinite(v) ? "–" : Math.abs(v) >= 100 ? v.toFixed(0) : Math.abs(v) >= 0.1 ? v.toFixed(2) : v.toFixed(3));
const number = (name, v, text = three(v), attrs = {}) => h("span", { "data-name": name, "data-value": v, ...attrs }, text);

/** The box: `onlit(control | null)` is called when a symbol is pointed at, `go(control)` when it is pressed. */
function formulaBox({ onlit, go }) {
  const notice = h("p", { class: "kd-notice", role: "status" });
  const loss = h("p", { class: "kd-loss-symbols", "data-name": "formula" });
  const values = h("p", { class: "kd-small", "data-name": "loss" });
  const pull = h("p", { class: "kd-small", "data-name": "pull" });
  const el = h("div", { class: "kd-formula", role: "group", "aria-label": "Loss" }, notice, loss, values, pull);
  let drawn = "";

  function symbol(control, text) {
    const b = h("button", { type: "button", class: "kd-symbol", "data-symbol": control, title: `the ${control} above`, "aria-label": `${text}: go to ${control}`, onclick: () => go(control) }, text);
    for (const on of ["pointerenter", "focus"]) b.addEventListener(on, () => onlit(control));
    for (const off of ["pointerleave", "blur"]) b.addEventListener(off, () => onlit(null));
    return b;
  }

  function draw(formula, said) {
    notice.hidden = !said;
    say(notice, said);
    const { labels, terms = [], total, pull: pulls } = formula;
    const there = total != null;
    const what = JSON.stringify([there, !!labels, terms.map((t) => t.symbol)]);
    if (what !== drawn) { // only when the formula is another one: a focused symbol stays
      drawn = what;
      const ce = labels ? [h("span", { class: "kd-labels" }, terms.length ? ["(1 − ", symbol("alpha", "α"), ") CE"] : "CE")] : [];
      const each = terms.flatMap((t, k) => [k ? " + " : "", h("span", { class: "kd-term" }, symbols(t.symbol, symbol))]);
      const many = terms.length > 1;
      const scale = labels && terms.length ? [symbol("alpha", "α"), many ? " (" : " "] : [];
      loss.replaceChildren(...(there ? [...ce, labels && terms.length ? " + " : "", ...(many ? [h("span", { class: "kd-term" }, scale, each[0]), ...each.slice(1), ")"] : [h("span", { class: "kd-term" }, scale, each)])]
        : [h("span", { class: "kd-muted" }, "The loss, term by term, once a step is done.")]));
    }
    const parts = there ? [...(labels ? [[labels.weight, labels.value, "labels"]] : []), ...terms.map((t) => [t.weight, t.value, t.name])] : [];
    values.replaceChildren(...parts.flatMap(([w, v, name], k) => [k ? " + " : "", h("span", { class: "kd-product" }, number("weight", w, w.toFixed(2), { "data-term": name }), " · ", number("term", v, three(v), { "data-term": name, title: name }))]),
      ...(there ? [" ", h("span", {}, "= ", h("b", {}, number("total", total)))] : []));
    pull.hidden = !pulls;
    if (pulls) {
      const share = (who) => h("span", { class: `kd-${who}` }, `${who} `, number(`pull-${who}`, pulls[who], `${Math.round(100 * pulls[who])} %`));
      const way = pulls.cosine > 0.3 ? "same direction" : pulls.cosine < -0.3 ? "opposed" : "at right angles";
      pull.replaceChildren("pull on the student: ", share("labels"), ", ", share("teacher"), `, ${way} `, h("span", {}, "(cosine ", number("cosine", pulls.cosine, pulls.cosine.toFixed(2).replace("-", "−")), ")"));
    }
  }
  return { el, draw, lit: (control) => { for (const b of el.querySelectorAll(".kd-symbol")) b.classList.toggle("kd-lit", b.dataset.symbol === control); } };
}
