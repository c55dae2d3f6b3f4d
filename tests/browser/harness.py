"""A view in a page of its own: its module and styles as the kernel would send them, and a model without a kernel."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from kdlab.ui.view import View

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{name}</title>
<style>body {{ margin: 0; background: {ground}; }}</style><style>{css}</style></head>
<body data-jp-theme-light="{light}"><main style="width: {width}px; {style}"><h1 class="kd-hidden">{name}</h1>
<div id="view" style="height: 100%"></div></main>
<script type="module">
const traits = {traits};
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
for (const [name, value] of Object.entries(traits)) if (value?.base64 !== undefined) traits[name] = bytes(value.base64);
const listeners = {{}};
window.saved = []; // what a kernel would have been told, in order
window.sent = [];
let changed = {{}};
window.model = {{
  get: (name) => traits[name],
  set(name, value) {{
    if (traits[name] === value) return;
    traits[name] = changed[name] = value;
    for (const f of listeners[`change:${{name}}`] ?? []) f();
  }},
  on: (event, f) => (listeners[event] ??= []).push(f),
  off: (event, f) => {{ listeners[event] = (listeners[event] ?? []).filter((g) => g !== f); }},
  save_changes() {{ window.saved.push(changed); changed = {{}}; }},
  send: (message) => window.sent.push(message),
}};
window.setBytes = (name, text) => window.model.set(name, bytes(text));
const module = await import(URL.createObjectURL(new Blob([{esm}], {{ type: "text/javascript" }})));
window.cleanup = module.default.render({{ model: window.model, el: document.getElementById("view") }});
window.rendered = true;
</script></body></html>"""


def traits(view: View) -> dict:
    """The synchronised traits of a view, bytes in base64."""
    own = [k for k in view.keys if not k.startswith("_") and k not in ("layout", "tabbable", "tooltip", "comm")]
    packed = {k: getattr(view, k) for k in own}
    return {k: {"base64": base64.b64encode(v).decode()} if isinstance(v, bytes) else v for k, v in packed.items()}


def html(view: View, *, dark: bool = False, width: int = 800, style: str = "") -> str:
    """The page of a view, ``width`` pixels wide."""
    script = {
        key: json.dumps(value).replace("</", "<\\/") for key, value in (("traits", traits(view)), ("esm", view._esm))
    }
    return PAGE.format(
        name=view.name,
        css=view._css,
        width=width,
        style=style,
        light=str(not dark).lower(),
        ground="#14181d" if dark else "#fff",
        **script,
    )


class ViewPage:
    """Opens views in pages; at the end no page may have reported an error."""

    def __init__(self, browser: Browser, folder: Path):
        self.browser, self.folder = browser, folder
        self.pages: list[Page] = []
        self.errors: list[str] = []

    def __call__(self, view: View, *, dark: bool = False, width: int = 800, style: str = "") -> Page:
        """A page with this view in it, drawn."""
        page = self.browser.new_page(viewport={"width": 1100, "height": 760})
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        file = self.folder / f"{type(view).__name__}-{len(self.pages)}.html"
        file.write_text(html(view, dark=dark, width=width, style=style), encoding="utf-8")
        page.goto(file.as_uri())
        page.wait_for_function("window.rendered")
        settle(page)
        self.pages.append(page)
        return page

    def close(self) -> None:
        """Close all pages and fail if one reported an error."""
        for page in self.pages:
            page.close()
        assert self.errors == []


def settle(page: Page) -> None:
    """Wait for two frames: whatever was asked for is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def slow_timers(page: Page) -> None:
    """Let timers that begin from now on take ten times as long: slow keys count as pressed in a row too."""
    page.evaluate("() => { const set = window.setTimeout; window.setTimeout = (f, ms) => set(f, 10 * ms); }")


def value(page: Page, selector: str) -> float:
    """The number that an element shows, in full precision."""
    return float(page.locator(selector).first.get_attribute("data-value"))


def drag(page: Page, label: str, share: float, *, release: bool = True) -> None:
    """Drag the slider with this label to a share of its length, with a real pointer."""
    box = page.get_by_role("slider", name=label, exact=True).bounding_box()
    at = float(page.get_by_role("slider", name=label, exact=True).input_value()) / 1000
    inner, thumb = box["width"] - 15, 7.5  # the thumb's middle goes from half its width to half its width
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + thumb + inner * at, y)
    page.mouse.down()
    page.mouse.move(box["x"] + thumb + inner * share, y, steps=12)
    if release:
        page.mouse.up()
    settle(page)


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong, as "rule: element" lines."""
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {node['html'][:200]} {node.get('any', [{}])[:1]}" for v in found for node in v["nodes"]]
