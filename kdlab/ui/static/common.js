// What every view shares. Put before a view's own file, in one module: no imports, no build.

let uidCount = 0;
/** An id of its own for each instance of a view. */
const uid = (name) => `kd-${name}-${++uidCount}-${Math.random().toString(36).slice(2, 7)}`;

const FOCUSABLE = /^(button|input|select|summary|textarea)$/;

function fill(node, attrs, children) {
  // keys pressed here are meant for this control, not for JupyterLab's shortcuts (B inserts a cell, ↓ leaves the output)
  if (FOCUSABLE.test(node.localName) || attrs?.tabindex !== undefined) node.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const [key, value] of Object.entries(attrs ?? {})) {
    if (value == null || value === false) continue;
    if (key.startsWith("on") && typeof value === "function") node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}
/** An HTML element: h("button", { type: "button", onclick: f }, "Train"). */
const h = (tag, attrs, ...children) => fill(document.createElement(tag), attrs, children);
/** An SVG element. */
const svg = (tag, attrs, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attrs, children);

/** Set text, and the full number for whoever reads it by machine, only where it changed. */
function say(node, text, value) {
  if (node.textContent !== text) node.textContent = text;
  if (value !== undefined && node.dataset.value !== String(value)) node.dataset.value = value;
}

/** The root of a view. */
function viewRoot(model, el, className, ...children) {
  const root = h("section", { class: `kd ${className}`, "aria-label": model.get("name") }, ...children);
  el.append(root);
  return root;
}

/** Call fn once in the next frame, however many of these traits change until then; returns what ends it. */
function onTraits(model, names, fn) {
  let frame = 0;
  const later = () => { frame ||= requestAnimationFrame(() => { frame = 0; fn(); }); };
  for (const name of names) model.on(`change:${name}`, later);
  return () => {
    cancelAnimationFrame(frame);
    for (const name of names) model.off(`change:${name}`, later);
  };
}

/**
 * Call fn once a typed value is meant: on Enter, which in a notebook brings no change event, or on leaving.
 * Returns whether somebody is typing. A value that comes from elsewhere is nobody's typing: the browser reports it as
 * a change when the box loses its focus, and to say it back would undo what was said meanwhile.
 */
function onTyped(input, fn) {
  let typing = false;
  const mean = () => { if (typing) { typing = false; fn(); } };
  input.addEventListener("input", () => { typing = true; });
  input.addEventListener("change", mean);
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") mean(); });
  return () => typing;
}

/** Set traits, and tell the kernel where there is one: a saved page has none and goes on without. */
function write(model, changes) {
  for (const [name, value] of Object.entries(changes)) model.set(name, value);
  try {
    model.save_changes();
  } catch (error) {
    if (!/comm/i.test(String(error))) throw error;
  }
}

/** Tell the kernel something, where there is one. */
function tell(model, message) {
  try {
    model.send(message);
  } catch (error) {
    if (!/comm/i.test(String(error))) throw error;
  }
}

/** Numbers of a bytes trait of float32, whatever its place in the message. */
function floats(data) {
  if (!data?.byteLength) return new Float32Array(0);
  const buffer = data.buffer ?? data;
  const start = data.byteOffset ?? 0;
  return new Float32Array(start % 4 ? buffer.slice(start, start + data.byteLength) : buffer, start % 4 ? 0 : start, data.byteLength >> 2);
}

const CIVIDIS = [[0, 34, 78], [18, 53, 112], [59, 73, 108], [87, 93, 109], [112, 113, 115], [138, 134, 120], [165, 156, 116], [195, 179, 105], [225, 204, 85], [254, 232, 56]];
/** Colour of a magnitude in [0, 1]: [red, green, blue]. */
function cividis(t) {
  const x = Math.min(1, Math.max(0, t)) * (CIVIDIS.length - 1);
  const i = Math.min(CIVIDIS.length - 2, Math.floor(x));
  return CIVIDIS[i].map((v, k) => Math.round(v + (CIVIDIS[i + 1][k] - v) * (x - i)));
}
/** Colour of a difference in [-1, 1]: blue where the teacher is higher (above 0), orange where the student is. */
function diverging(t) {
  const end = t > 0 ? [0, 114, 178] : [213, 94, 0];
  const share = Math.min(1, Math.abs(t));
  return end.map((v) => Math.round(247 + (v - 247) * share));
}

const percent = (share, places = 1) => `${(100 * share).toFixed(places)} %`;
/** A temperature: two digits, as the slider moves. */
const temperatureText = (t) => (t >= 10 ? t.toFixed(Number.isInteger(t) ? 0 : 1) : t.toFixed(t < 1 || Math.abs(t * 10 - Math.round(t * 10)) > 1e-6 ? 2 : 1));

/** One of several, as a row of native radios: arrows move, the focus ring shows. */
function segments({ label, onpick, describedby }) {
  const group = uid("choice");
  const el = h("div", { class: "kd-segments", role: "radiogroup", "aria-label": label, "aria-describedby": describedby });
  let drawn = "";
  function draw(options, value) {
    const now = JSON.stringify(options);
    if (now !== drawn) {
      const focused = el.contains(document.activeElement) ? document.activeElement.value : null;
      el.replaceChildren(...options.map((o) => h("label", { title: o.reason || o.help },
        h("input", { type: "radio", name: group, value: o.value, disabled: !!o.reason, "aria-description": o.reason || null, onchange: () => onpick(o.value) }),
        h("span", {}, o.label ?? o.value))));
      drawn = now;
      if (focused !== null) el.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
    }
    for (const radio of el.querySelectorAll("input")) radio.checked = radio.value === String(value);
  }
  return { el, draw };
}
