// The left column. While a hand is on a slider only what is looked at moves; the training follows on release.

const LOCK = "M2.5 4.5V3a2.5 2.5 0 0 1 5 0v1.5M1.5 4.5h7v5h-7z";
const UNLOCK = "M2.5 4.5V3a2.5 2.5 0 0 1 4.8-1M1.5 4.5h7v5h-7z";

export default {
  render({ model, el }) {
    const get = (name) => model.get(name);
    /** A hand on a knob; one that moves by itself need not get a new value to be held. */
    const turn = (knob, value, more = {}) => (knob in get("now") ? tell(model, { command: "turn", knob, value }) : write(model, { [knob]: value, ...more }));
    const stands = (knob) => get("now")[knob] ?? get(knob);
    const shackle = svg("path", { fill: "none", stroke: "currentColor", "stroke-width": 1.2 });
    const lockText = h("span", {});
    const lock = h("button", { type: "button", class: "kd-lock", title: "Look at the temperature that is trained at, or at one of its own", onclick: () => {
      const locked = !get("locked");
      write(model, locked ? { locked, view_temperature: get("temperature") } : { locked });
    } }, svg("svg", { width: 10, height: 10, viewBox: "0 0 10 10", "aria-hidden": "true" }, shackle), lockText);
    const reason = h("span", { class: "kd-reason", "data-name": "temperature-reason" });
    const train = slider({ ...T_RANGE, name: "temperature", label: "Temperature", ends: h("div", { class: "kd-ends" }, h("span", {}, "0.5"), lock, reason, h("span", {}, "20")),
      oninput: (v) => { if (get("locked")) model.set("view_temperature", v); },
      oncommit: (v) => turn("temperature", v, get("locked") ? { view_temperature: v } : {}) });
    const look = slider({ ...T_RANGE, name: "view-temperature", label: "looked at", slim: true, line: true, oninput: (v) => model.set("view_temperature", v), oncommit: (v) => write(model, { view_temperature: v }) });
    const note = h("p", { class: "kd-small" });
    const alpha = slider({ name: "alpha", label: "Alpha", min: 0, max: 1, step: 0.01, text: (v) => v.toFixed(2), oncommit: (v) => turn("alpha", v),
      ends: h("div", { class: "kd-ends" }, h("span", { class: "kd-labels" }, "labels"), h("span", { class: "kd-teacher" }, "teacher")) });
    const type = segments({ label: "Type", onpick: (value) => write(model, { type: value }) });
    const scheme = segments({ label: "Scheme", onpick: (value) => write(model, { scheme: value }) });
    // one field at a time, and the kernel says what has become of all: two hands would overwrite each other's
    const fields = fieldList((name, value) => tell(model, name in get("now") ? { command: "turn", knob: name, value } : { command: "field", name, value }), (command) => tell(model, { command }));
    const more = h("details", { class: "kd-more" }, h("summary", {}, "More"), fields.el);
    more.addEventListener("toggle", () => {
      if (more.open === get("more")) return;
      write(model, { more: more.open });
      if (more.open) knobs.scrollTop = more.offsetTop - knobs.offsetTop; // what was opened is what is seen
    });
    const box = formulaBox({ onlit: lit, go: (control) => (control === "alpha" ? alpha : train).range.focus() });
    const head = (text) => h("div", { class: "kd-head", "aria-hidden": "true" }, text);
    const knobs = h("div", { class: "kd-knobs" }, h("div", {}, train.el, look.el), h("div", {}, alpha.el, note),
      h("div", {}, head("Type"), type.el), h("div", {}, head("Scheme"), scheme.el), more);
    viewRoot(model, el, "kd-controls", knobs, box.el);

    /** Show which control and which symbols belong together. */
    function lit(control) {
      for (const [name, knob] of [["temperature", train], ["alpha", alpha]]) knob.el.classList.toggle("kd-lit", name === control);
      box.lit(control);
    }
    for (const [name, knob] of [["temperature", train], ["alpha", alpha]]) {
      for (const on of ["pointerenter", "focusin"]) knob.el.addEventListener(on, () => box.lit(name));
      for (const off of ["pointerleave", "focusout"]) knob.el.addEventListener(off, () => box.lit(null));
    }

    function drawKnobs() {
      const locked = get("locked");
      const used = get("temperature_used");
      if (!train.busy()) train.set(stands("temperature"));
      train.goes(used ? get("ends").temperature : undefined);
      train.disable(!used);
      reason.hidden = used;
      say(reason, get("temperature_reason") || "not used here");
      reason.title = reason.textContent;
      look.el.hidden = locked && used;
      if (!look.busy()) look.set(get("view_temperature"));
      lock.setAttribute("aria-pressed", String(locked));
      shackle.setAttribute("d", locked ? LOCK : UNLOCK);
      lock.hidden = !used;
      say(lockText, locked ? "view T = train T" : "view T is its own");
      const fixed = get("alpha_fixed");
      if (!alpha.busy()) alpha.set(fixed ?? stands("alpha"));
      alpha.goes(fixed == null ? get("ends").alpha : undefined);
      alpha.disable(fixed != null);
      say(note, get("alpha_note"));
      note.hidden = !get("alpha_note");
    }
    function drawChoices() {
      for (const [name, row] of [["type", type], ["scheme", scheme]]) row.draw(Object.entries(get("choices")[name] ?? {}).map(([value, reason]) => ({ value, reason })), get(name));
    }
    function drawMore() {
      more.hidden = get("fields").length === 0;
      more.open = get("more");
      fields.draw(get("fields"), { ...get("values"), ...get("now") }, get("ends"));
    }
    const drawFormula = () => box.draw(get("formula"), get("notice"));

    const offs = [onTraits(model, ["temperature", "view_temperature", "locked", "temperature_used", "temperature_reason", "alpha", "alpha_note", "alpha_fixed", "now", "ends"], drawKnobs),
      onTraits(model, ["type", "scheme", "choices"], drawChoices), onTraits(model, ["fields", "values", "more", "now", "ends"], drawMore), onTraits(model, ["formula", "notice"], drawFormula)];
    drawKnobs();
    drawChoices();
    drawMore();
    drawFormula();
    return () => { offs.forEach((off) => off()); for (const knob of [train, look, alpha, fields]) knob.end(); };
  },
};
