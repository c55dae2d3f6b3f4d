// The folded part of the controls, built from descriptions of fields.

/** `onset(name, value)` is called once a value is chosen, `onact(name)` when an action is pressed. */
function fieldList(onset, onact = () => {}) {
  const el = h("div", { class: "kd-fields" });
  const opened = new Map(); // what somebody has opened or closed stays so
  let drawn = "";
  let known = new Map();

  function control(f) {
    const id = uid("field");
    const hint = { title: f.help, "data-field": f.name };
    const line = (input) => h("div", { class: "kd-field", ...hint }, h("label", { for: id }, f.label), input);
    if (f.kind === "choice") {
      // options keep their type: their place is the value of the HTML option
      const input = h("select", { id, onchange: () => onset(f.name, f.options[+input.value][0]) }, f.options.map(([, label, reason], k) => h("option", { value: k, disabled: !!reason, title: reason }, reason ? `${label}: ${reason}` : label)));
      return { el: line(input), set: (v) => { input.value = String(f.options.findIndex(([o]) => o === v)); input.dataset.value = v; input.title = input.selectedOptions[0]?.text ?? ""; } };
    }
    if (f.kind === "action") {
      const press = h("button", { type: "button", disabled: !!f.reason, onclick: () => onact(f.name) }, f.label);
      return { el: h("div", { class: "kd-field-action", title: f.reason || f.help, "data-field": f.name }, press), set: () => {} };
    }
    if (f.kind === "toggle") {
      const input = h("input", { id, type: "checkbox", onchange: () => onset(f.name, input.checked) });
      return { el: line(input), set: (v) => { input.checked = !!v; } };
    }
    if (f.kind === "int") {
      const input = h("input", { id, type: "number", min: f.min, max: f.max, step: f.step ?? 1 });
      const typing = onTyped(input, () => {
        const v = Number(input.value);
        const fits = input.value !== "" && Number.isInteger(v) && !(v < f.min) && !(v > f.max);
        input.toggleAttribute("aria-invalid", !fits);
        if (fits) onset(f.name, v);
      });
      return { el: line(input), set: (v) => { input.dataset.value = v; if (!typing()) { input.value = v; input.removeAttribute("aria-invalid"); } } };
    }
    const log = f.kind === "log";
    const knob = slider({ name: f.name, label: f.label, min: f.min, max: f.max, step: f.step ?? (f.max - f.min) / 100, log, slim: true, text: (v) => String(+v.toPrecision(log ? 2 : 3)), oncommit: (v) => onset(f.name, v) });
    knob.el.title = f.help ?? "";
    knob.el.dataset.field = f.name;
    return { el: knob.el, set: (v) => { if (!knob.busy()) knob.set(v); }, end: knob.end, goes: knob.goes };
  }

  function group(name, fields) {
    const open = opened.get(name) ?? !fields.every((f) => f.folded);
    const title = h("summary", { class: "kd-title", onclick: () => opened.set(name, !box.open) }, name || "More");
    const box = h("details", { class: "kd-group", open }, title, fields.map((f) => known.get(f.name).el));
    return box;
  }

  function draw(fields, values, ends = {}) {
    const now = JSON.stringify(fields);
    if (now !== drawn) {
      const focused = el.contains(document.activeElement) ? document.activeElement.closest("[data-field]")?.dataset.field : null;
      const scroll = el.scrollTop;
      for (const c of known.values()) c.end?.();
      known = new Map(fields.map((f) => [f.name, control(f)]));
      const groups = [...new Set(fields.map((f) => f.group ?? ""))];
      el.replaceChildren(...groups.map((g) => group(g, fields.filter((f) => (f.group ?? "") === g))));
      drawn = now;
      if (focused) el.querySelector(`[data-field="${CSS.escape(focused)}"] :is(select, input, button, summary)`)?.focus();
      el.scrollTop = scroll;
    }
    for (const [name, c] of known) {
      if (name in values) c.set(values[name]);
      c.goes?.(ends[name]);
    }
  }
  return { el, draw, end: () => { for (const c of known.values()) c.end?.(); } };
}
