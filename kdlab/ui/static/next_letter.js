// Which letter comes next, by a teacher and a student, and words that all networks write. The networks run here.

const LETTERS = "·abcdefghijklmnopqrstuvwxyz";
const MOST = 15; // letters of a word
const WRITTEN = 10; // words of each network
const TOPS = [0.1, 0.25, 0.5, 1];

/** The networks from their bytes: 8-bit rows, each with its scale. */
function spellers(forms, bytes, numbers) {
  let [at, place] = [0, 0];
  const matrix = (rows, columns) => {
    const w = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) w[r * columns + c] = bytes[at + r * columns + c] * numbers[place + r];
    at += rows * columns;
    place += rows;
    return w;
  };
  return forms.map(({ context, embedding, widths }) => {
    const embed = matrix(LETTERS.length, embedding);
    const sizes = [context * embedding, ...widths, LETTERS.length];
    const layers = sizes.slice(1).map((out, k) => {
      const w = matrix(out, sizes[k]);
      place += out;
      return { w, b: numbers.slice(place - out, place) };
    });
    return { context, embedding, embed, layers };
  });
}

/** Probabilities of the next token at T, after these tokens: embeddings side by side, then the layers. */
function nextToken(net, tokens, T) {
  let x = new Float32Array(net.context * net.embedding);
  for (let k = 0; k < net.context; k++) {
    const token = tokens[tokens.length - net.context + k] ?? 0;
    x.set(net.embed.subarray(token * net.embedding, (token + 1) * net.embedding), k * net.embedding);
  }
  net.layers.forEach(({ w, b }, k) => {
    const y = new Float32Array(b.length);
    for (let r = 0; r < y.length; r++) {
      let sum = b[r];
      for (let c = 0; c < x.length; c++) sum += w[r * x.length + c] * x[c];
      y[r] = k < net.layers.length - 1 ? Math.max(0, sum) : sum;
    }
    x = y;
  });
  const top = Math.max(...x);
  const e = Array.from(x, (z) => Math.exp((z - top) / T));
  const sum = e.reduce((a, v) => a + v, 0);
  return e.map((v) => v / sum);
}

/** Random numbers in [0, 1) from a seed (mulberry32). */
function randoms(seed) {
  let a = (seed + 1) * 0x9e3779b9;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A word that begins like this, letter by letter. */
function spell(net, prefix, T, random) {
  const tokens = Array.from(prefix, (letter) => LETTERS.indexOf(letter));
  while (tokens.length < MOST) {
    let left = random();
    const next = nextToken(net, tokens, T).findIndex((p) => (left -= p) < 0);
    if (next <= 0) break;
    tokens.push(next);
  }
  return tokens.map((token) => LETTERS[token]).join("");
}

/** FNV-1a, 32 bits: the number by which a real word is known. */
function numberOf(word) {
  let found = 0x811c9dc5;
  for (const letter of word) found = Math.imul(found ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return found;
}

const divergence = (p, q) => p.reduce((sum, v, k) => sum + (v > 0 ? v * Math.log(v / q[k]) : 0), 0);
const bitsOf = (p) => p.reduce((sum, v) => sum - (v > 0 ? v * Math.log2(v) : 0), 0);

export default {
  render({ model, el }) {
    const forms = model.get("nets");
    const nets = spellers(forms, new Int8Array(bytesOf(model.get("weights"))), floats(model.get("numbers")));
    const raw = bytesOf(model.get("words")).slice();
    const real = new Set(new Uint32Array(raw.buffer, 0, raw.byteLength >> 2));

    const begin = (text) => write(model, { prefix: text.toLowerCase().replace(/[^a-z]/g, "").slice(0, MOST) });
    const box = h("input", { type: "text", class: "kd-letter-box", "aria-label": "How the word begins", maxlength: MOST, autocomplete: "off", autocapitalize: "off", spellcheck: "false", oninput: () => begin(box.value) });
    const back = h("button", { type: "button", "aria-label": "Take the last letter away", onclick: () => begin(model.get("prefix").slice(0, -1)) }, "⌫");
    const clear = h("button", { type: "button", onclick: () => begin("") }, "Clear");
    const heat = slider({ name: "temperature", label: "Temperature T", min: 0.3, max: 4, log: true, text: temperatureText, line: true, oninput: (v) => write(model, { temperature: v }) });
    const who = segments({ label: "Student beside the teacher", onpick: (v) => write(model, { shown: Number(v) }) });
    const order = [...LETTERS.slice(1), LETTERS[0]].map((letter) => LETTERS.indexOf(letter));
    const columns = order.map((token) => {
      const [t, s] = [h("i", { class: "kd-letter-teacher" }), h("i", { class: "kd-letter-student" })];
      const el = h("button", { type: "button", class: "kd-letter", "data-letter": LETTERS[token], onclick: () => token && begin(model.get("prefix") + LETTERS[token]) }, h("span", { class: "kd-letter-bars" }, t, s), h("b", {}, token ? LETTERS[token] : "end"));
      return { token, t, s, el };
    });
    const ticks = h("div", { class: "kd-letter-ticks", "aria-hidden": "true" });
    const words = h("p", { class: "kd-letter-words", "aria-live": "polite" });
    const lists = forms.map(({ name }, k) => {
      const [list, score] = [h("ul", { "aria-label": `Words by ${name}` }), h("span", { class: "kd-muted", "data-name": `real ${name}` })];
      return { list, score, el: h("div", { "data-net": name }, h("p", { class: `kd-letter-net ${k ? "kd-student" : "kd-teacher"}` }, name), list, score) };
    });
    const values = lazyDetails("Values", () => {
      const all = nets.map((net) => nextToken(net, tokensNow(), model.get("temperature")));
      return [dataTable("Probability of the next letter", ["letter", ...forms.map((f) => f.name)], order.map((token) => [token ? LETTERS[token] : "end", ...all.map((p) => percent(p[token]))]))];
    });
    viewRoot(model, el, "kd-letters",
      h("div", { class: "kd-letter-top" }, h("span", {}, "A word begins with ", box, back, clear), heat.el),
      h("div", { class: "kd-letter-who" }, h("span", { class: "kd-legend" }, h("i", { class: "kd-key-teacher" }), "teacher", h("i", { class: "kd-key-student" }), "student: "), who.el),
      h("figure", {}, h("figcaption", { class: "kd-title" }, "Which letter comes next? ", h("span", { class: "kd-muted" }, "probability (%); click a letter to take it")),
        h("div", { class: "kd-letter-chart" }, ticks, h("div", { class: "kd-letter-row", role: "group", "aria-label": "Next letters" }, columns.map((c) => c.el)))),
      words,
      h("div", { class: "kd-letter-head" }, h("span", { class: "kd-title" }, "Words they write"), h("span", { class: "kd-muted" }, "green: a real word"), h("button", { type: "button", onclick: () => write(model, { seed: model.get("seed") + 1 }) }, "Write again")),
      h("div", { class: "kd-letter-lists" }, lists.map((l) => l.el)),
      h("div", { class: "kd-foot" }, values.el));

    const tokensNow = () => Array.from(model.get("prefix"), (letter) => LETTERS.indexOf(letter));
    const likely = (p) => { const best = p.indexOf(Math.max(...p)); return `${best ? LETTERS[best] : "the end"} (${percent(p[best], 0)})`; };

    function drawBars(prefix, shown, T) {
      const [t, s] = [0, shown].map((k) => nextToken(nets[k], tokensNow(), T));
      const top = TOPS.find((v) => v >= Math.max(...t, ...s)) ?? 1;
      ticks.replaceChildren(...[0, 0.5, 1].map((v) => h("span", { style: `bottom: ${100 * v}%` }, String(+(100 * top * v).toFixed(1)))));
      for (const column of columns) {
        const [a, b] = [t[column.token], s[column.token]];
        column.t.style.height = `${100 * a / top}%`;
        column.s.style.height = `${100 * b / top}%`;
        column.t.dataset.value = a;
        column.s.dataset.value = b;
        column.el.setAttribute("aria-label", `${column.token ? LETTERS[column.token] : "end of the word"}: teacher ${percent(a)}, student ${percent(b)}`);
        column.el.setAttribute("aria-disabled", String(!column.token || prefix.length >= MOST));
      }
      const begun = prefix ? `After “${prefix}”` : "At the beginning of a word";
      const text = `${begun} the teacher finds ${likely(t)} most likely, the student ${likely(s)}. Entropy: ${bitsOf(t).toFixed(2)} and ${bitsOf(s).toFixed(2)} bits. KL(teacher ‖ student) ${divergence(t, s).toFixed(3)} nats, KL(student ‖ teacher) ${divergence(s, t).toFixed(3)}.`;
      if (words.textContent !== text) words.textContent = text;
    }
    function drawWords(prefix, T, seed) {
      nets.forEach((net, k) => {
        const random = randoms(1000 * k + seed);
        const made = Array.from({ length: WRITTEN }, () => spell(net, prefix, T, random));
        const good = made.map((word) => real.has(numberOf(word)));
        lists[k].list.replaceChildren(...made.map((word, j) => h("li", { class: good[j] ? "kd-labels" : "kd-muted" }, word || "(nothing)", good[j] ? h("span", { class: "kd-hidden" }, " (a real word)") : null)));
        const count = good.filter(Boolean).length;
        say(lists[k].score, `${count} of ${WRITTEN} are real`, count);
      });
    }
    function draw() {
      const [prefix, shown, T, seed] = ["prefix", "shown", "temperature", "seed"].map((name) => model.get(name));
      if (box.value !== prefix) box.value = prefix;
      back.disabled = clear.disabled = !prefix;
      heat.set(T);
      who.draw(forms.slice(1).map(({ name }, k) => ({ value: String(k + 1), label: name })), String(shown));
      drawBars(prefix, shown, T);
      drawWords(prefix, T, seed);
      values.draw();
    }
    const off = onTraits(model, ["prefix", "shown", "temperature", "seed"], draw);
    draw();
    return () => { off(); heat.end(); };
  },
};
