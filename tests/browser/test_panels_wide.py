"""Layer matcher, relations, scheme and ledger in the workbench, in a real JupyterLab, while it trains."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from harness import value
from lab import console_errors, new_notebook, open_notebook, run_all
from playwright.sync_api import expect
from test_wide_views import drag_between, layer
from test_workbench import BENCH, run_code, tab


@pytest.fixture(scope="module")
def page(chromium, jupyter_lab):
    """One page with one workbench; at its end no error may stand on the console."""
    page = chromium.new_page(viewport={"width": 1366, "height": 768})
    errors = console_errors(page)
    open_notebook(page, jupyter_lab, new_notebook(jupyter_lab, [BENCH, "", ""], "wide.ipynb"))
    run_all(page)
    page.locator("[data-who=teacher]").first.wait_for(timeout=60_000)
    page.locator(".kd-workbench").scroll_into_view_if_needed()
    yield page
    page.close()
    jupyter_lab.end_kernels()
    assert errors == []


def begin(page, **knobs) -> None:
    """A new run with these knobs, standing still; long enough to be paused by a slow hand."""
    knobs = {"epochs": 300} | knobs
    lines = ["s = bench.state", "bench.lab.reset()", *(f"s.{name} = {value!r}" for name, value in knobs.items())]
    assert run_code(page, "\n".join([*lines, "bench.lab.runner.settled()", "print(repr(s.error))"])).strip() == "''"


def press(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_seven_tabs_fit(page):
    boxes = [tab.bounding_box() for tab in page.get_by_role("tablist", name="Panels").get_by_role("tab").all()]
    area = page.locator(".kd-area-main").bounding_box()
    assert len(boxes) == 7
    assert len({box["y"] for box in boxes}) == 1
    assert boxes[-1]["x"] + boxes[-1]["width"] <= area["x"] + area["width"]


def test_a_link_drawn_while_it_trains_is_compared_from_then_on(page):
    begin(page, type="feature", student="conv-4", method="attention-transfer", pace="10")
    tab(page, "Layer features")
    press(page, "Train")
    expect(page.locator(".kd-link-compared")).to_have_count(1)
    drag_between(page, layer(page, "teacher", "stage1"), layer(page, "student", "stage1"))
    expect(page.locator(".kd-link-compared")).to_have_count(2)
    press(page, "Pause")
    told = run_code(
        page,
        "from kdlab.events import Phase\n"
        "print(bench.state.taps, [p.pairs for p in bench.lab.runner.lanes.main.events if isinstance(p, Phase)])",
    )
    first, second = [["stage2", "stage2"]], [["stage2", "stage2"], ["stage1", "stage1"]]
    pairs = [{"student<-teacher": first}, {"student<-teacher": second}]
    assert told.strip() == f"{dict(second)} {pairs}"
    drag_between(page, layer(page, "teacher", "embedding"), layer(page, "student", "stage1"))
    expect(page.locator(".kd-matcher-says")).to_contain_text("compares feature maps")
    page.locator(".kd-link").first.press("Delete")
    expect(page.locator(".kd-link-last")).to_have_count(1)


def test_switching_the_type_mid_run_changes_what_can_be_joined(page):
    begin(page, type="feature", method="hint", student="mlp-64", pace="10")
    tab(page, "Layer features")
    press(page, "Train")
    expect(page.locator(".kd-link-compared")).to_have_count(1)
    page.locator(".kd-controls").get_by_role("radio", name="response").check(force=True)
    expect(page.locator(".kd-matcher-says")).to_contain_text("soft-targets compares answers")
    expect(page.locator(".kd-link")).to_have_count(0)
    page.locator(".kd-controls").get_by_role("radio", name="relation").check(force=True)
    expect(page.locator(".kd-link-compared")).to_have_count(1)
    press(page, "Pause")
    told = run_code(
        page,
        "from kdlab.events import Phase\n"
        "print([p.method for p in bench.lab.runner.lanes.main.events if isinstance(p, Phase)])",
    )
    assert told.strip() == "['hint', 'soft-targets', 'rkd']"


def test_an_angle_is_read_while_it_trains(page):
    begin(page, type="relation", student="mlp-64", pace="10")
    tab(page, "Relations")
    page.get_by_role("radio", name="angle").check(force=True)
    press(page, "Train")
    expect(page.locator(".kd-vertex figcaption")).to_contain_text("seen from 1 ")
    box = page.locator(".kd-matrix-box[data-who=teacher]").bounding_box()
    n = int(run_code(page, "print(bench.views['relations'].n)"))
    assert n >= 128
    box = page.locator(".kd-matrix-box[data-who=teacher]").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 40.5 / n, box["y"] + box["height"] * 70.5 / n)
    expect(page.locator(".kd-vertex figcaption")).to_contain_text("seen from 71 ")
    press(page, "Pause")
    page.locator(".kd-matrix-box[data-who=student]").hover(position={"x": 3, "y": 60})
    shown = page.locator(".kd-pair figcaption").evaluate_all("all => all.map(n => +n.dataset.value)")
    told = run_code(
        page,
        "import numpy as np\nfrom kdlab.players import tell\n"
        "lab, out = bench.lab, []\nlab.runner.settled()\n"
        "scene, made = lab.painter.scene, lab.runner.lanes.main.training\n"
        f"i, j, v = {shown}\n"
        "for net in (scene.teacher, made.students['student']):\n"
        "    x = tell(net, scene.x[scene.related], ['embedding']).features['embedding'].numpy().astype(float)\n"
        "    a, b = x[i] - x[v], x[j] - x[v]\n"
        "    out.append(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))\n"
        "print(*out)",
    )
    seen = [value(page, f".kd-relations [data-name=relation][data-who={who}]") for who in ("teacher", "student")]
    assert shown[2] == 70
    assert seen == pytest.approx([float(word) for word in told.split()], abs=0.02)


@pytest.mark.parametrize(
    ("scheme", "variant", "lines"),
    [
        ("self", "exits", ["student teaches student's exit at stage1 by soft-targets", "student (conv-8) learns."]),
        ("online", "mutual", ["peer teaches student by soft-targets", "student teaches peer", "peer (conv-8) learns."]),
        ("online", "ensemble", ["ensemble teaches peer", "has no weights of its own"]),
    ],
)
def test_the_scheme_says_who_teaches_whom(page, scheme, variant, lines):
    begin(page, type="response", student="conv-8", scheme=scheme, scheme_variant=variant, pace="10")
    tab(page, "Scheme")
    expect(page.locator(".kd-scheme-note")).to_have_text("once the run begins")
    press(page, "Train")
    expect(page.locator(".kd-scheme .kd-live")).to_have_count(1)
    said = page.locator(".kd-scheme-lines").inner_text()
    for line in lines:
        assert line in said
    press(page, "Pause")
    expect(page.locator(".kd-scheme .kd-live")).to_have_count(0)


def test_the_variant_is_picked_among_the_other_fields(page):
    begin(page, scheme="online", student="mlp-64")
    page.locator(".kd-more > summary").click()
    page.get_by_label("Variant").select_option("co-trained")
    page.wait_for_timeout(500)
    assert run_code(page, "print(bench.state.scheme_variant)").strip() == "co-trained"
    page.locator(".kd-more > summary").click()
    tab(page, "Scheme")
    expect(page.locator(".kd-scheme-lines")).to_contain_text("co-teacher (fashion-mnist-cnn) learns.")


def test_the_ledger_has_the_numbers_of_kdlab_ledger(page):
    begin(page, scheme="offline", type="response", method="mix", student="mlp-64", pace="10")
    tab(page, "Ledger")
    press(page, "Train")
    expect(page.locator(".kd-run-table tbody tr")).to_have_count(5)
    page.wait_for_timeout(1200)
    press(page, "Pause")
    told = run_code(
        page,
        "from kdlab.ledger import ledger\nbench.lab.runner.settled()\n"
        "print({n: tuple(e) for n, e in ledger(bench.lab.runner.lanes.main.training).items()})",
    )
    for name, numbers in eval(told).items():
        for field, wanted in zip(("value", "weight", "norm", "share", "cosine"), numbers, strict=True):
            seen = value(page, f".kd-run-table [data-name={field}][data-term='{name}']")
            assert seen == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    steps = eval(run_code(page, "print(list(bench.views['ledger'].charts[0]['series'][0]['x']))"))
    assert len(steps) >= 2
    assert steps == sorted(set(steps))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_new_panels_shut_nobody_out(page, theme):
    page.evaluate(f"document.body.dataset.jpThemeLight = {str(theme == 'light').lower()!r}")
    for name in ("Layer features", "Relations", "Scheme", "Ledger"):
        tab(page, name)
        page.wait_for_timeout(500)
        found = Axe().run(page, context=".kd-workbench").response["violations"]
        assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []
    page.evaluate("document.body.dataset.jpThemeLight = 'true'")
