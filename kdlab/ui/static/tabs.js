// Tabs: one tab stop, arrows walk and open.

export default {
  render({ model, el }) {
    const list = h("div", { class: "kd-tablist", role: "tablist", "aria-label": model.get("name") });
    viewRoot(model, el, "kd-tabs", list);
    const open = (k) => { write(model, { selected: k }); list.children[k]?.focus(); };

    function draw() {
      const names = model.get("names");
      if (list.dataset.names !== JSON.stringify(names)) {
        list.dataset.names = JSON.stringify(names);
        list.replaceChildren(...names.map((name, k) => h("button", { type: "button", role: "tab", onclick: () => open(k) }, h("span", { "data-text": name }, name))));
      }
      [...list.children].forEach((tab, k) => {
        const here = k === model.get("selected");
        tab.setAttribute("aria-selected", String(here));
        tab.tabIndex = here ? 0 : -1;
      });
    }
    list.addEventListener("keydown", (event) => {
      const last = list.children.length - 1;
      const at = model.get("selected");
      const to = { ArrowLeft: at === 0 ? last : at - 1, ArrowRight: at === last ? 0 : at + 1, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      open(to);
    });
    const off = onTraits(model, ["names", "selected"], draw);
    draw();
    return off;
  },
};
