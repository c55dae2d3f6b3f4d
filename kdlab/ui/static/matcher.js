// The layer matcher: teacher's layers left, student's right, and links that are drawn and dropped by pointer or keys.

const LINK_TEXT = { compared: "the loss compares them", next: "from the next step on", last: "until the next step" };

/** `onlink(teacher, student)` and `ondrop(teacher, student)` are called with layers' names. */
function matcher({ onlink, ondrop }) {
  const sides = { teacher: h("ul", { "aria-label": "teacher's layers" }), student: h("ul", { "aria-label": "student's layers" }) };
  const heads = { teacher: h("b", { class: "kd-teacher" }, "teacher"), student: h("b", { class: "kd-student" }, "student") };
  const wires = svg("svg", { class: "kd-wires", role: "group", "aria-label": "links" });
  const says = h("p", { class: "kd-small kd-matcher-says", role: "status" });
  const stage = h("div", { class: "kd-matcher-stage" }, h("div", {}, heads.teacher, sides.teacher), wires, h("div", {}, heads.student, sides.student));
  const el = h("div", { class: "kd-matcher", role: "group", "aria-label": "Layer matcher" }, h("div", { class: "kd-title" }, "Which layers the loss compares"), stage, says);
  let state = { layers: { teacher: [], student: [] }, links: [], refusal: "", refused: "" };
  let drawn = { layers: "", links: "" };
  let picked = null; // {side, name}: waits for one of the other side
  let drag = null; // {side, name, x, y, moved}
  let said = ""; // why the last link was refused, here in the browser

  const other = (side) => (side === "teacher" ? "student" : "teacher");
  const layer = (side, name) => state.layers[side].find((l) => l.name === name);
  const button = (side, name) => [...sides[side].querySelectorAll("button")].find((b) => b.dataset.layer === name);

  function join(from, to) {
    const ends = { [from.side]: from.name, [to.side]: to.name };
    picked = null;
    said = state.refusal || layer("teacher", ends.teacher)?.reason || layer("student", ends.student)?.reason || "";
    if (!said && state.links.some((l) => l.state !== "last" && l.teacher === ends.teacher && l.student === ends.student)) said = "these two are joined already";
    if (!said) onlink(ends.teacher, ends.student);
    drawWords();
  }

  function pick(side, name) {
    said = "";
    if (picked && picked.side !== side) return join(picked, { side, name });
    picked = picked?.side === side && picked.name === name ? null : { side, name };
    drawWords();
  }

  const hint = () => (picked ? `${picked.name} is picked: now a layer of the ${other(picked.side)}; Escape lets go` : state.refusal ? "" : "Drag from layer to layer, or pick two; click a link, or press Delete on it, to drop it.");
  function drawWords() {
    const reason = said || state.refused || (state.refusal && `No links: ${state.refusal}.`);
    if (says.textContent !== (reason || hint())) says.textContent = reason || hint();
    says.classList.toggle("kd-wrong", !!(said || state.refused));
    for (const side of ["teacher", "student"])
      for (const b of sides[side].querySelectorAll("button")) b.setAttribute("aria-pressed", String(picked?.side === side && picked.name === b.dataset.layer));
  }

  function drawLayers() {
    const now = JSON.stringify(state.layers);
    if (now === drawn.layers) return;
    const focused = el.contains(document.activeElement) ? document.activeElement.dataset : null;
    drawn.layers = now;
    for (const side of ["teacher", "student"])
      sides[side].replaceChildren(...state.layers[side].map(({ name, shape, reason }) => h("li", {}, h("button", {
        type: "button", "data-layer": name, "data-side": side, title: reason || null, "aria-description": reason || null, class: reason ? "kd-cannot" : "",
        onclick: () => { if (!drag?.moved) pick(side, name); drag = null; },
        onkeydown: (e) => key(e, side, name),
        onpointerdown: (e) => grab(e, side, name) }, h("span", {}, name), h("small", {}, shape)))));
    if (focused?.layer) button(focused.side, focused.layer)?.focus();
  }

  function key(event, side, name) {
    if (event.key === "Escape" && picked) picked = null;
    else if (event.key === "Delete" || event.key === "Backspace") for (const l of state.links.filter((l) => l[side] === name && l.state !== "last")) ondrop(l.teacher, l.student);
    else return;
    event.preventDefault();
    event.stopPropagation();
    drawWords();
  }

  /** Where a layer's button ends towards the links, in the wires' own pixels. */
  function port(side, name) {
    const b = button(side, name)?.getBoundingClientRect();
    const box = wires.getBoundingClientRect();
    return b && [side === "teacher" ? 0 : box.width, b.top + b.height / 2 - box.top];
  }
  const curve = ([x, y], [u, v]) => `M${x.toFixed(1)} ${y.toFixed(1)}C${((x + u) / 2).toFixed(1)} ${y.toFixed(1)} ${((x + u) / 2).toFixed(1)} ${v.toFixed(1)} ${u.toFixed(1)} ${v.toFixed(1)}`;

  function drawLinks() {
    const box = wires.getBoundingClientRect();
    const placed = state.links.map((l) => ({ ...l, from: port("teacher", l.teacher), to: port("student", l.student) })).filter((l) => l.from && l.to);
    const now = JSON.stringify([placed, box.width, box.height]);
    if (now === drawn.links || !box.width) return;
    const focused = wires.contains(document.activeElement) ? document.activeElement.dataset.link : null;
    drawn.links = now;
    wires.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    wires.replaceChildren(...placed.map((l) => {
      const drop = () => { said = ""; ondrop(l.teacher, l.student); };
      const d = curve(l.from, l.to);
      const words = `${l.teacher} with ${l.student}: ${LINK_TEXT[l.state]}`;
      return svg("g", { class: `kd-link kd-link-${l.state}`, "data-link": `${l.teacher} ${l.student}`, role: "button", tabindex: 0, "aria-label": `Link ${words}; Delete drops it`,
        onclick: drop, onkeydown: (e) => { if (!["Delete", "Backspace", "Enter", " "].includes(e.key)) return; e.preventDefault(); e.stopPropagation(); drop(); } },
        svg("title", {}, `${words}; click to drop it`), svg("path", { class: "kd-link-hit", d }), svg("path", { class: "kd-link-line", d }),
        [l.from, l.to].map(([x, y]) => svg("circle", { cx: Math.min(box.width - 3, Math.max(3, x)), cy: y, r: 3 })));
    }));
    if (focused) [...wires.children].find((g) => g.dataset.link === focused)?.focus();
  }

  function grab(event, side, name) {
    if (event.button !== 0) return;
    const box = wires.getBoundingClientRect();
    const thread = svg("path", { class: "kd-thread" });
    drag = { side, name, x: event.clientX, y: event.clientY, moved: false };
    const own = event.currentTarget;
    const at = (e) => own.getRootNode().elementFromPoint(e.clientX, e.clientY)?.closest?.("[data-layer]");
    const move = (e) => {
      if (!drag.moved && Math.hypot(e.clientX - drag.x, e.clientY - drag.y) < 5) return;
      if (!drag.moved) wires.append(thread);
      drag.moved = true;
      thread.setAttribute("d", curve(port(side, name), [e.clientX - box.left, e.clientY - box.top]));
      for (const b of stage.querySelectorAll(".kd-over")) b.classList.remove("kd-over");
      const over = at(e);
      if (over && over.dataset.side !== side && stage.contains(over)) over.classList.add("kd-over");
    };
    const end = (e) => {
      for (const [type, f] of [["pointermove", move], ["pointerup", end], ["pointercancel", end]]) own.removeEventListener(type, f);
      for (const b of stage.querySelectorAll(".kd-over")) b.classList.remove("kd-over");
      thread.remove();
      const over = e.type === "pointerup" && drag?.moved ? at(e) : null;
      if (over && over.dataset.side !== side && stage.contains(over)) join({ side, name }, { side: over.dataset.side, name: over.dataset.layer });
      setTimeout(() => { drag = null; }); // the click that follows is none
    };
    own.setPointerCapture(event.pointerId);
    for (const [type, f] of [["pointermove", move], ["pointerup", end], ["pointercancel", end]]) own.addEventListener(type, f);
  }

  function draw(now) {
    if (JSON.stringify(now.links) !== JSON.stringify(state.links)) said = ""; // what was refused is past
    state = now;
    el.hidden = !state.layers.teacher.length;
    heads.teacher.textContent = now.source;
    el.classList.toggle("kd-refused", !!state.refusal);
    drawLayers();
    drawWords();
    drawLinks();
  }
  const watch = new ResizeObserver(drawLinks);
  watch.observe(stage);
  return { el, draw, end: () => watch.disconnect() };
}
