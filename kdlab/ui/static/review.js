// Label review: pictures with the label they came with, what a teacher says, and a verdict of the learner for each.

const REVIEW = { width: 330, height: 214, left: 40, right: 12, top: 12, bottom: 38 };

export default {
  render({ model, el }) {
    const [classes, given, [high, wide], names] = ["classes", "given", "size", "names"].map((name) => model.get(name));
    const C = classes.length;
    const images = bytesOf(model.get("images"));
    const said = floats(model.get("said"));
    const truth = bytesOf(model.get("truth"));
    const wrong = (k) => truth[k] !== given[k];
    const orderOf = (how) => model.get("orders")[names.indexOf(how)];
    const decisions = () => model.get("decisions");
    const current = () => orderOf(model.get("how"))[model.get("place")];
    const N = orderOf(names[0]).length;

    const move = (by) => write(model, { place: Math.min(N - 1, Math.max(0, model.get("place") + by)) });
    function decide(verdict, label = given[current()]) {
      const verdicts = { ...decisions(), [current()]: { verdict: verdict === "relabel" && label === given[current()] ? "keep" : verdict, label } };
      write(model, { decisions: verdicts, place: Math.min(N - 1, model.get("place") + 1) });
    }
    function answerKey() {
      const verdicts = { ...decisions() };
      for (const k of orderOf(model.get("how"))) verdicts[k] ??= { verdict: wrong(k) ? "relabel" : "keep", label: truth[k] };
      write(model, { decisions: verdicts, place: N - 1 });
    }
    /** Wrong labels found after 0, 1, 2, … pictures of an order, as far as it has been looked at without a gap. */
    function found(order, by) {
      const line = [0];
      for (const k of order) {
        const one = by(k);
        if (!one) break;
        line.push(line.at(-1) + (one.verdict === "relabel" && wrong(k) ? 1 : 0));
      }
      return line;
    }
    const perfect = (k) => ({ verdict: wrong(k) ? "relabel" : "keep" });

    const how = segments({ label: "In which order", onpick: (value) => write(model, { how: value, place: 0 }) });
    const large = h("canvas", { role: "img" });
    const label = h("b", { class: "kd-labels", "data-name": "given" });
    const place = h("span", { class: "kd-muted", "data-name": "place" });
    const button = (text, key, name, onclick, attrs = {}) => h("button", { type: "button", onclick, "aria-keyshortcuts": key, "data-act": name, ...attrs }, text);
    const verdict = h("p", { class: "kd-small", "data-name": "verdict" });
    const rows = classes.map((name, c) => {
      const [bar, number] = [h("i", {}), h("span", {})];
      return { bar, number, row: h("button", { type: "button", class: "kd-review-class", onclick: () => decide("relabel", c) }, h("kbd", {}, c), h("b", {}, name), h("span", { class: "kd-review-bar" }, bar), number) };
    });
    const stage = h("div", { class: "kd-review-stage" });
    const words = h("p", { class: "kd-review-words", "aria-live": "polite" });
    const notice = h("p", { class: "kd-guess-notice", role: "alert" });
    const values = lazyDetails("Values", () => [dataTable("Wrong labels found, by the number of labels looked at", ["looked at", ...names.flatMap((n) => [`${n}, answer key`, `${n}, you`])],
      Array.from({ length: N + 1 }, (_, i) => [String(i), ...names.flatMap((n) => [found(orderOf(n), perfect)[i], found(orderOf(n), (k) => decisions()[k])[i] ?? "–"])]))]);
    const root = viewRoot(model, el, "kd-review",
      h("div", { class: "kd-review-top" }, h("span", { class: "kd-muted" }, "order: "), how.el, place),
      h("div", { class: "kd-review-main" },
        h("div", { class: "kd-review-one" }, large, h("p", {}, "labelled ", label), verdict,
          h("div", { class: "kd-review-acts" }, button("Keep (K)", "K", "keep", () => decide("keep"), { class: "kd-main" }), button("Unsure (U)", "U", "unsure", () => decide("unsure")), button("←", "ArrowLeft", "back", () => move(-1), { "aria-label": "Back" }), button("→", "ArrowRight", "next", () => move(1), { "aria-label": "Next" }))),
        h("div", { class: "kd-review-says" }, h("p", { class: "kd-title" }, "What the teacher says, in per cent"), h("p", { class: "kd-small" }, "relabel: press a class, or its digit"), rows.map((r) => r.row)),
        h("figure", {}, h("figcaption", { class: "kd-title" }, "Wrong labels found"), stage, h("p", { class: "kd-small" }, "grey: the answer key · orange: you"))),
      words, notice,
      h("div", { class: "kd-foot" }, h("p", {}, button("Let the answer key do the rest", null, "key", answerKey), " ", button("Clear", null, "clear", () => write(model, { decisions: {}, place: 0 }))), values.el));
    root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.type === "radio") return;
      const key = event.key.toLowerCase();
      if (key === "k") decide("keep");
      else if (key === "u") decide("unsure");
      else if (key === "arrowleft") move(-1);
      else if (key === "arrowright") move(1);
      else if (/^\d$/.test(key) && Number(key) < C) decide("relabel", Number(key));
      else return;
      event.preventDefault();
      event.stopPropagation();
    });

    function chart() {
      const { width, height, left, right, top, bottom } = REVIEW;
      const lines = names.map((n) => ({ n, key: found(orderOf(n), perfect), you: found(orderOf(n), (k) => decisions()[k]) }));
      const most = Math.max(4, ...lines.map((l) => l.key.at(-1)));
      const sx = (i) => left + (i / N) * (width - left - right);
      const sy = (v) => height - bottom - (v / most) * (height - top - bottom);
      const path = (line) => `M${line.map((v, i) => `${tenths(sx(i))} ${tenths(sy(v))}`).join("L")}`;
      const parts = [];
      for (let v = 0; v <= most; v += most > 24 ? 10 : 5) parts.push(svg("line", { class: "kd-grid", x1: left, x2: width - right, y1: sy(v), y2: sy(v) }), svg("text", { x: left - 5, y: sy(v) + 4, "text-anchor": "end" }, v));
      for (let i = 0; i <= N; i += N > 40 ? 20 : 10) parts.push(svg("text", { x: sx(i), y: height - bottom + 15, "text-anchor": "middle" }, i));
      parts.push(svg("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, "labels looked at"),
        svg("text", { x: 11, y: (top + height - bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 11 ${(top + height - bottom) / 2})` }, "wrong labels found"));
      lines.forEach(({ n, key, you }, j) => {
        parts.push(svg("path", { class: "kd-review-key", d: path(key), "stroke-dasharray": j ? "1.5 3.5" : "7 4" }),
          svg("text", { class: "kd-review-name", x: width - right, y: sy(key.at(-1)) + (j ? -7 : 30), "text-anchor": "end" }, n));
        if (you.length > 1) parts.push(svg("path", { class: "kd-review-you", d: path(you), "data-order": n, "data-value": you.at(-1) }),
          svg("path", { class: "kd-review-dot", d: j ? `M${sx(you.length - 1) - 4} ${sy(you.at(-1)) - 4}h8v8h-8Z` : `M${sx(you.length - 1) - 4} ${sy(you.at(-1))}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z` }));
      });
      const text = lines.map(({ n, key, you }) => `${n}: the answer key finds ${key.at(-1)} in ${N}, you ${you.at(-1)} in ${you.length - 1}`).join("; ");
      stage.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Wrong labels found. ${text}` }, parts));
    }

    function draw() {
      const [way, at, all] = [model.get("how"), model.get("place"), decisions()];
      const k = current();
      how.draw(names.map((value) => ({ value })), way);
      say(place, `${at + 1} of ${N}`, at + 1);
      drawGrey(large, images, k * high * wide, high, wide);
      large.setAttribute("aria-label", `Picture ${at + 1}, labelled ${classes[given[k]]}`);
      say(label, classes[given[k]], given[k]);
      const one = all[k];
      say(verdict, !one ? "not looked at yet" : one.verdict === "relabel" ? `you said: ${classes[one.label]}` : one.verdict === "keep" ? "you kept it" : "you were unsure");
      rows.forEach(({ bar, number, row }, c) => {
        const p = said[k * C + c];
        bar.style.width = `${100 * p}%`;
        say(number, percent(p, 0).replace(" %", ""), p);
        row.classList.toggle("kd-review-given", c === given[k]);
        row.setAttribute("aria-label", `Relabel as ${classes[c]}; the teacher gives it ${percent(p, 0)}`);
      });
      chart();
      const looked = orderOf(way).filter((j) => all[j]);
      const count = (test) => looked.filter(test).length;
      const hits = count((j) => all[j].verdict === "relabel" && wrong(j));
      const text = looked.length
        ? `In this order ${looked.length} looked at: ${hits} wrong labels found, ${count((j) => all[j].verdict !== "relabel" && wrong(j))} passed over, ${count((j) => all[j].verdict === "relabel" && !wrong(j))} right ones changed.`
        : `Nothing looked at yet. Is this a ${classes[given[k]]}?`;
      say(words, text, hits);
      say(notice, model.get("notice") || "");
      values.draw();
    }
    const off = onTraits(model, ["how", "place", "decisions", "notice"], draw);
    draw();
    return off;
  },
};

const tenths = (v) => Math.round(10 * v) / 10;
