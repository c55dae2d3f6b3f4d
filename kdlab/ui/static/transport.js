// The top bar. Commands go to the kernel as messages; what they did comes back as traits.

const PACE = [["1", "1", "one step a second"], ["10", "10", "10 steps a second"], ["100", "100", "100 steps a second"], ["full", "full", "as fast as it goes"]];

function timeLeft(seconds) {
  if (seconds == null) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s left`;
  if (seconds < 90) return `${Math.round(seconds)} s left`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min left` : `${(seconds / 3600).toFixed(1)} h left`;
}

export default {
  render({ model, el }) {
    const get = (name) => model.get(name);
    const send = (command) => model.send({ command });
    const button = (command, text, title) => h("button", { type: "button", "data-command": command, title, onclick: () => send(command) }, text);
    const icon = svg("svg", { width: 11, height: 11, viewBox: "0 0 11 11", "aria-hidden": "true" }, svg("path", { fill: "currentColor" }));
    const word = h("span", {});
    const main = h("button", { type: "button", class: "kd-main", onclick: () => send(get("running") ? "pause" : "train") }, icon, word);
    const [step, reset, save, open] = [button("step", "Step", "One optimiser step"), button("reset", "Reset", "Begin again with new weights"), button("save", "Save", "Keep this run"), button("open", "Open", "Show a saved run")];
    const pace = segments({ label: "Steps a second", onpick: (value) => write(model, { pace: value }) });
    const fill = h("div", {});
    const bar = h("div", { class: "kd-progress", role: "progressbar", "aria-label": "Steps done", "aria-valuemin": 0 }, fill);
    const done = h("span", { "data-name": "step" });
    const status = h("span", { class: "kd-muted kd-status" });
    const error = h("span", { class: "kd-error", role: "alert" });
    const title = h("span", { class: "kd-muted kd-names" });
    const steps = h("div", { class: "kd-steps" }, bar, h("span", { class: "kd-muted kd-done" }, done, status));
    viewRoot(model, el, "kd-transport", h("div", { class: "kd-name" }, h("strong", {}, "kdlab"), title), main, step, reset, pace.el, h("span", { class: "kd-muted kd-a-second", "aria-hidden": "true" }, "/ s"), steps, error, save, open);

    function draw() {
      const running = get("running");
      const [at, total, busy] = [get("step"), get("total"), get("busy")];
      say(title, get("title"));
      title.title = get("title");
      icon.firstChild.setAttribute("d", running ? "M1 0.5h3v10h-3zM7 0.5h3v10h-3z" : "M1 0.5L10.5 5.5L1 10.5z");
      say(word, running ? "Pause" : "Train");
      main.dataset.command = running ? "pause" : "train";
      for (const b of [main, step, reset, save, open]) b.disabled = !!busy;
      pace.draw(PACE.map(([value, label, help]) => ({ value, label, help })), get("pace"));
      fill.style.width = `${total ? (100 * Math.min(at, total)) / total : 0}%`;
      bar.setAttribute("aria-valuemax", total || 1);
      bar.setAttribute("aria-valuenow", at);
      bar.classList.toggle("kd-waiting", !!busy);
      say(done, busy ? busy : total ? `step ${at.toLocaleString("en")} of ${total.toLocaleString("en")}` : "", at);
      const more = busy ? "" : [running ? timeLeft(get("seconds_left")) : "", get("status")].filter(Boolean).join(" · ");
      say(status, more && total ? ` · ${more}` : more);
      steps.title = more;
      say(error, get("error"));
      error.title = get("error");
      error.hidden = !get("error");
      steps.hidden = !!get("error");
    }
    const off = onTraits(model, ["title", "running", "step", "total", "seconds_left", "pace", "status", "error", "busy"], draw);
    draw();
    return off;
  },
};
