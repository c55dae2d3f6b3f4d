// A slider with its number, which can be typed too. `oninput` follows the hand, `oncommit` comes when it rests.

const SLIDER_STEPS = 1000;
const COMMIT_AFTER = 250; // ms without a further key

/** Rounded to `digits` significant digits: what a hand can mean. */
const rounded = (value, digits) => +value.toPrecision(digits);

/**
 * @param label name, shown and spoken; `data-name` of the number is `name`.
 * @param slim a thinner slider; `line`: label, slider and number in one line.
 * @param log whether the scale is logarithmic (two significant digits), else `step` apart.
 */
function slider({ name, label, min, max, step = 0.01, log = false, text = String, ends = null, slim = false, line = false, oninput = () => {}, oncommit = () => {} }) {
  const id = uid(name);
  const range = h("input", { type: "range", min: 0, max: SLIDER_STEPS, step: 1, "aria-label": label });
  const box = h("input", { type: "text", inputmode: "decimal", id, class: "kd-number-box", "data-name": name, autocomplete: "off" });
  const aside = h("span", { class: "kd-aside", hidden: true });
  const el = h("div", { class: `kd-slider${slim ? " kd-slim" : ""}${line ? " kd-line" : ""}`, "data-control": name },
    h("div", { class: "kd-slider-head" }, h("label", { for: id }, label), aside, box), range, ends);
  let value = min;
  let timer = 0;

  const share = (v) => (log ? Math.log(v / min) / Math.log(max / min) : (v - min) / (max - min));
  const snap = (v) => Math.min(max, Math.max(min, log ? rounded(v, 2) : rounded(Math.round(v / step) * step, 10)));
  const at = (p) => snap(log ? min * (max / min) ** (p / SLIDER_STEPS) : min + (p / SLIDER_STEPS) * (max - min));
  /** The neighbouring value: a key moves the last digit that is shown. */
  function beside(v, by) {
    if (!log) return snap(v + by * step * Math.max(1, Math.round((max - min) / step / 100)));
    const unit = 10 ** (Math.floor(Math.log10(by < 0 ? v * 0.9999 : v * 1.0001)) - 1);
    return snap(v + by * unit);
  }

  function paint() {
    range.value = Math.round(SLIDER_STEPS * Math.min(1, Math.max(0, share(value))));
    range.style.setProperty("--share", Math.min(1, Math.max(0, share(value))));
    range.setAttribute("aria-valuetext", text(value));
    if (document.activeElement !== box) box.value = text(value);
    box.removeAttribute("aria-invalid");
    box.dataset.value = range.dataset.value = value;
  }
  function move(v) {
    if (v === value) return;
    value = v;
    paint();
    oninput(value);
  }
  const commit = () => { clearTimeout(timer); timer = 0; oncommit(value); };

  range.addEventListener("input", () => {
    const v = at(+range.value);
    const place = range.value;
    move(v);
    range.value = place; // the thumb stays under the pointer between two values
  });
  range.addEventListener("change", commit);
  range.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (by === undefined && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    let v = event.key === "Home" ? min : event.key === "End" ? max : value;
    for (let k = 0; k < Math.abs(by ?? 0); k++) v = beside(v, Math.sign(by));
    move(v);
    clearTimeout(timer);
    timer = setTimeout(commit, COMMIT_AFTER);
  });
  onTyped(box, () => {
    const typed = Number(box.value.replace(",", ".").replace("−", "-"));
    if (box.value.trim() === "" || !(typed >= min && typed <= max)) return box.setAttribute("aria-invalid", "true");
    value = typed;
    paint();
    oninput(value);
    commit();
  });
  box.addEventListener("blur", () => { box.value = text(value); box.removeAttribute("aria-invalid"); });
  box.addEventListener("keydown", (event) => { if (event.key === "Escape") { box.value = text(value); box.blur(); } });

  return {
    el, range,
    /** Whether a hand or a key is still at it: what comes from elsewhere waits. */
    busy: () => timer !== 0 || range.matches(":active"),
    set(v) { if (v !== value || !box.dataset.value) { value = v; paint(); } },
    value: () => value,
    /** Where the knob goes by itself: a value, or undefined where it stays. */
    goes(to) {
      aside.hidden = to === undefined;
      say(aside, to === undefined ? "" : `→ ${text(to)}`);
      aside.title = "moves by itself; turning it by hand ends that";
    },
    disable(off) {
      range.disabled = box.disabled = off;
      el.classList.toggle("kd-off", off);
    },
    end: () => clearTimeout(timer),
  };
}

const T_RANGE = { min: 0.5, max: 20, log: true, text: temperatureText };
